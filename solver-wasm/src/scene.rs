//! What a simulation starts from: plain data, the same natively and in the browser.

use serde::{Deserialize, Serialize};

mod shapes;

use crate::lattice::{Embedding, Lattice};

/// Everything the solver needs to start.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Scene {
    /// The tissue.
    pub lattice: Lattice,
    /// Material of each index that a cell names.
    pub materials: Vec<Material>,
    /// Elastic supports: ligaments, bare area, vessels.
    pub supports: Vec<Support>,
    /// Acceleration of gravity [mm/s²], world space.
    pub gravity: [f32; 3],
    /// The gravity under which the rest shape is in equilibrium [mm/s²], world space: that of the scan for tissue from
    /// imaging, zero for a shape without stress. The stress that balanced it is kept as a dead load, which is exact to first
    /// order in the displacement, so tissue starts where the scan shows it and only a change of gravity moves it.
    pub rest_gravity: [f32; 3],
}

/// An isotropic tissue.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Material {
    /// Young's modulus at small strain [kPa].
    pub young: f32,
    /// Poisson ratio, below 0.5.
    pub poisson: f32,
    /// Mass density [kg/mm³].
    pub density: f32,
    /// Stiffness-proportional damping time [s]; leaves rigid motion alone.
    pub damping: f32,
}

/// A spring that ties a material point to its rest position.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Support {
    /// The material point.
    pub point: Embedding,
    /// Stiffness along world x, y, z [mN/mm].
    pub stiffness: [f32; 3],
}
