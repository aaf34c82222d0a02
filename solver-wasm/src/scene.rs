//! What a simulation starts from: plain data, the same natively and in the browser.

use serde::{Deserialize, Serialize};

mod check;
mod shapes;

pub(crate) use check::embedding_is_sound;
pub use check::{MAX_CELLS, MAX_SUPPORTS, SceneError};

use crate::{
    beat::Beat,
    lattice::{Embedding, Lattice},
};

/// Everything the solver needs to start.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Scene {
    /// The tissue.
    pub lattice: Lattice,
    /// Material of each index that a cell names.
    pub materials: Vec<Material>,
    /// Fibre and sheet direction of each cell, rest space, shape [cell_count] or empty if no material has fibres. They need
    /// not have unit length, nor be quite at right angles; the sheet direction is made so.
    pub fibres: Vec<[[f32; 3]; 2]>,
    /// What each sample of each cell belongs to, shape [cell_count, 64] or empty: a number that the scene's maker gives (a twin's structure, from 1
    /// on), 0 for a sample that is not there or stands for nothing seen.
    pub labels: Vec<u8>,
    /// What blood there is in the tissue of a label, once for each; a label that is not named does not bleed.
    pub perfusion: Vec<Perfusion>,
    /// Surfaces embedded in the tissue, for what acts or lies on them.
    pub surfaces: Vec<Surface>,
    /// Capsules, pleurae and skin.
    pub membranes: Vec<Membrane>,
    /// Elastic supports: ligaments, bare area, vessels.
    pub supports: Vec<Support>,
    /// Signed distance of each node from the surface of its body at rest, negative inside, in parts of a cell's edge
    /// ([`DISTANCE_UNIT`]), shape [node_count]; empty: nothing touches. What is thinner than a cell may hold no node and so
    /// has no surface.
    pub distances: Vec<i16>,
    /// Rigid bodies that the tissue lies against.
    pub obstacles: Vec<Obstacle>,
    /// Coefficient of friction of every touch.
    pub friction: f32,
    /// Acceleration of gravity [mm/s²], world space.
    pub gravity: [f32; 3],
    /// The gravity under which the rest shape is in equilibrium [mm/s²], world space: that of the scan for tissue from
    /// imaging, zero for a shape without stress. The stress that balanced it is kept as a dead load, which is exact to first
    /// order in the displacement, so tissue starts where the scan shows it and only a change of gravity moves it.
    pub rest_gravity: [f32; 3],
    /// What the tissue does by itself, over and over; see [`crate::message::Command::Beat`].
    pub beat: Option<Beat>,
}

/// Blood in what a label stands for.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Perfusion {
    /// The label, one of [`Scene::labels`].
    pub label: u8,
    /// How it is supplied.
    pub supply: Supply,
}

/// How blood comes to where tissue is cut; see [`crate::bleeding`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Supply {
    /// Not at all.
    #[default]
    None,
    /// The inside of a vessel.
    Vessel {
        /// Mean pressure over that of the air [mmHg].
        pressure: f32,
        /// The most that all openings get together [mL/min].
        supply: f32,
        /// Share of the pressure beyond a cut.
        backflow: f32,
    },
    /// Tissue full of vessels too small to be seen.
    Tissue {
        /// From a fresh face [mL/min/cm²].
        oozing: f32,
    },
}

/// Part of a cell's edge in which [`Scene::distances`] count.
pub const DISTANCE_UNIT: f32 = 1.0 / 256.0;

/// A rigid body that does not move: signed distances on a grid.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Obstacle {
    /// World position of grid point (0, 0, 0) [mm].
    pub origin: [f32; 3],
    /// Between grid points [mm].
    pub spacing: f32,
    /// Grid points along x, y, z.
    pub dims: [u16; 3],
    /// Signed distance at each grid point, negative inside, in 1/16 of the spacing ([`Obstacle::UNIT`]), x fastest; 127: that
    /// far or further.
    pub distances: Vec<i8>,
}

/// A tissue.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Material {
    /// Elasticity.
    pub law: Law,
    /// Mass density [kg/mm³].
    pub density: f32,
    /// Stiffness-proportional damping time [s]; leaves rigid motion alone.
    pub damping: f32,
    /// Stress that relaxes: up to two terms of a Prony series; a modulus of zero is none.
    pub relaxation: [Relaxation; 2],
    /// Greatest active stress along the fibre [kPa], second Piola–Kirchhoff; see [`crate::control::Control::activation`].
    pub active: f32,
    /// Tension of the tissue at rest, in all directions [kPa]. It is in balance there, so it is felt only where a cut relieves
    /// the faces that it lays open: the lips draw apart.
    pub tension: f32,
    /// What it takes to make a unit of area of a cut by a sharp blade [J/m² = mN/mm]; 0: nothing, a blade goes where the hand does. See
    /// [`crate::blade`].
    pub toughness: f32,
}

/// Energy of a unit of rest volume. Every law carries one pressure a cell (mean dilatation); `bulk` is the modulus of that
/// pressure, `poisson` says the same relative to the shear modulus.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Law {
    /// Stable neo-Hookean [Smith et al. 2018].
    NeoHookean {
        /// Young's modulus at small strain [kPa].
        young: f32,
        /// Poisson ratio, below 0.5.
        poisson: f32,
    },
    /// ψ = c₁ (I₁ − 3) + c₂ (I₂ − 3) [Mooney 1940; Rivlin 1948].
    MooneyRivlin {
        /// c₁ [kPa].
        c1: f32,
        /// c₂ [kPa].
        c2: f32,
        /// Bulk modulus [kPa].
        bulk: f32,
    },
    /// ψ = Σ 2 μ/α² (λ₁^α + λ₂^α + λ₃^α − 3) [Ogden 1972]; Σ μ is the shear modulus at small strain.
    Ogden {
        /// (μ [kPa], α) of each term; μ = 0: none.
        terms: [(f32, f32); 2],
        /// Bulk modulus [kPa].
        bulk: f32,
    },
    /// ψ = C/2 (e^Q − 1), Q = b_f E_ff² + b_t (E_ss² + E_nn² + 2 E_sn²) + 2 b_fs (E_fs² + E_fn²) [Guccione et al. 1995].
    Guccione {
        /// C [kPa].
        c: f32,
        /// b_f: along the fibre.
        fibre: f32,
        /// b_t: across it.
        transverse: f32,
        /// b_fs: shear along the fibre.
        shear: f32,
        /// Bulk modulus [kPa].
        bulk: f32,
    },
    /// ψ = a/2b (e^{b (I₁ − 3)} − 1) + Σ_{f,s} aᵢ/2bᵢ (e^{bᵢ ⟨I₄ᵢ − 1⟩²} − 1) + a_fs/2b_fs (e^{b_fs I₈²} − 1)
    /// [Holzapfel and Ogden 2009]; fibre and sheet resist stretch only.
    HolzapfelOgden {
        /// Isotropic matrix: a [kPa], b.
        matrix: (f32, f32),
        /// Along the fibre: a_f [kPa], b_f.
        fibre: (f32, f32),
        /// Along the sheet: a_s [kPa], b_s.
        sheet: (f32, f32),
        /// Shear between them: a_fs [kPa], b_fs.
        shear: (f32, f32),
        /// Bulk modulus [kPa].
        bulk: f32,
    },
}

/// A Maxwell branch: its stress decays with time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Relaxation {
    /// Shear modulus of the branch over the law's at small strain.
    pub modulus: f32,
    /// Time in which its stress falls to 1/e [s].
    pub time: f32,
}

/// A triangulated surface embedded in the tissue.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Surface {
    /// Its vertices.
    pub points: Vec<Embedding>,
    /// Vertices of each triangle, counter-clockwise from outside the tissue.
    pub triangles: Vec<[u32; 3]>,
}

/// A thin sheet on a surface: it resists stretch in its plane and no bending, and wrinkles rather than bear compression
/// beyond what its exponential law's small-strain stiffness gives.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Membrane {
    /// Index into `Scene::surfaces`.
    pub surface: u32,
    /// Thickness [mm].
    pub thickness: f32,
    /// Young's modulus at small strain [kPa].
    pub young: f32,
    /// Poisson ratio in the plane, at most 0.5.
    pub poisson: f32,
    /// Stiffening: ψ = E/(2 b (1 − ν²)) (e^{b Q} − 1), Q the plane-stress form of the in-plane Green strain; 0: none.
    pub stiffening: f32,
}

/// A spring that ties a material point to its rest position.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Support {
    /// The material point.
    pub point: Embedding,
    /// Stiffness along world x, y, z [mN/mm].
    pub stiffness: [f32; 3],
}

impl Material {
    /// Stable neo-Hookean tissue: Young's modulus [kPa], Poisson ratio, density [kg/mm³], without viscosity.
    pub const fn neo_hookean(young: f32, poisson: f32, density: f32) -> Self {
        Self::of(Law::NeoHookean { young, poisson }, density)
    }

    /// A law and a density [kg/mm³], without viscosity or activity.
    pub const fn of(law: Law, density: f32) -> Self {
        let none = Relaxation { modulus: 0.0, time: 1.0 };
        Self {
            law,
            density,
            damping: 0.0,
            relaxation: [none; 2],
            active: 0.0,
            tension: 0.0,
            toughness: 0.0,
        }
    }
}

impl Law {
    /// Shear and bulk modulus at small strain [kPa]; of a law with fibres the shear modulus across them.
    pub fn moduli(&self) -> (f64, f64) {
        match *self {
            Self::NeoHookean { young, poisson } => {
                let (e, nu) = (f64::from(young), f64::from(poisson));
                (e / (2.0 * (1.0 + nu)), e / (3.0 * (1.0 - 2.0 * nu)))
            }
            Self::MooneyRivlin { c1, c2, bulk } => {
                (2.0 * (f64::from(c1) + f64::from(c2)), f64::from(bulk))
            }
            Self::Ogden { terms, bulk } => {
                (terms.iter().map(|(mu, _)| f64::from(*mu)).sum(), f64::from(bulk))
            }
            Self::Guccione { c, transverse, bulk, .. } => {
                (0.5 * f64::from(c) * f64::from(transverse), f64::from(bulk))
            }
            Self::HolzapfelOgden { matrix, bulk, .. } => (f64::from(matrix.0), f64::from(bulk)),
        }
    }

    /// Pressure that balances the rest of the law at rest [kPa].
    pub(crate) fn rest_pressure(&self) -> f64 {
        match *self {
            Self::NeoHookean { .. } | Self::HolzapfelOgden { .. } => self.moduli().0,
            Self::MooneyRivlin { c1, c2, .. } => 2.0 * (f64::from(c1) - f64::from(c2)),
            Self::Ogden { terms, .. } => {
                terms.iter().map(|(mu, alpha)| 2.0 * f64::from(*mu) / f64::from(*alpha)).sum()
            }
            Self::Guccione { .. } => 0.0,
        }
    }

    /// λ′ [kPa]: how the pressure answers the mean dilatation. Were it negative, the energy of a swelling cell would fall for ever.
    pub(crate) fn pressure_modulus(&self) -> f64 {
        let (shear, bulk) = self.moduli();
        bulk - 2.0 / 3.0 * shear + self.rest_pressure()
    }

    /// Does the law need fibre directions?
    pub fn has_fibres(&self) -> bool {
        matches!(self, Self::Guccione { .. } | Self::HolzapfelOgden { .. })
    }
}
