//! Forceps: tissue tied to moving jaws by an augmented Lagrangian.
//!
//! Closing ties the tissue within the jaws' radius of the grasped material point (rest space, same body) to the tool's
//! frame, at the offsets it has at that moment, so that closing exerts no force. Each tie adds λ · c + κ/2 |c|² to the step's
//! energy, c = x − (tip + offset), and after the step λ ← λ + κ c: λ is the force the jaws feel, exactly the force that
//! acted in that step. The penalty is a multiple of the stiffness of a rigid sphere in an incompressible medium,
//! k = 6 π μ r (Stokes' law read as elasticity) plus the inertia of the held tissue, so that c falls several-fold each step
//! while the linear system stays as well conditioned as the tissue.

use super::{
    approach::lanes,
    instrument::{Instrument, Pose},
};
use crate::{
    control::TOOL_COUNT,
    lattice::Embedding,
    message::STEP_DT,
    model::{Model, filled_samples},
    real::{Lanes, Real, from_f32, node_vector},
    state::{State, Tie, Tool},
};

/// Most ties of one instrument.
pub const MAX_TIES: usize = 128;

/// Largest jaws, in cells.
const MAX_RADIUS: f32 = 4.0;

/// Penalty over the stiffness of the tissue around the jaws.
const PENALTY: f64 = 4.0;

/// Greatest traction of the jaws on their area, over the shear modulus of the tissue: then it slips. A model: for liver this is
/// 47 kPa, within the tensile strength of 40 to 60 kPa [Kemper et al. 2010] at which it would tear out of the jaws.
const MAX_TRACTION: f64 = 25.0;

/// Least radius or half thickness of a rigid instrument, in cells: the points of the skin lie a third of a cell apart, and an
/// instrument much thinner slips between them.
const THINNEST: f32 = 0.2;

/// Why an instrument cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum GraspError {
    /// No such instrument.
    #[error("tool {0}: there are {TOOL_COUNT} instruments, counted from 0")]
    Tool(u8),
    /// The point is in no cell.
    #[error(
        "grasp: cell {0} does not exist or the local coordinate is far outside it; pick the tissue again"
    )]
    Point(u32),
    /// An instrument of impossible sizes.
    #[error(
        "wield: sizes of the instrument of tool {tool}; use radii and half extents of {thinnest} to 1000 mm, a rounding within them"
    )]
    Instrument {
        /// Which instrument.
        tool: u8,
        /// Least radius or half extent [mm].
        thinnest: f32,
    },
    /// Jaws of no or too large size.
    #[error("grasp: jaws of radius {radius} mm; use more than 0 and at most {limit} mm")]
    Radius {
        /// Asked for [mm].
        radius: f32,
        /// Largest possible [mm].
        limit: f32,
    },
}

impl Model {
    /// Close the forceps `tool` on the tissue within `radius` [mm, rest space] of a material point.
    ///
    /// # Errors
    /// An unknown tool, a point outside the tissue, an impossible radius; the state is unchanged then.
    pub fn grasp(
        &self,
        state: &mut State,
        tool: u8,
        point: Embedding,
        radius: f32,
    ) -> Result<(), GraspError> {
        if usize::from(tool) >= TOOL_COUNT {
            return Err(GraspError::Tool(tool));
        }
        if !self.holds(&point) {
            return Err(GraspError::Point(point.cell));
        }
        let limit = MAX_RADIUS * self.lattice.spacing;
        if !(radius > 0.0 && radius <= limit) {
            return Err(GraspError::Radius { radius, limit });
        }
        let held = self.tissue_between_jaws(&point, radius);
        let total: f32 = held.iter().map(|(_, weight)| weight).sum();
        let cell = &self.lattice.cells[point.cell as usize];
        let mu = f64::from(self.shear_moduli[usize::from(cell.material)]);
        let stokes = 6.0 * std::f64::consts::PI * mu * f64::from(radius);
        let sample = (f64::from(self.lattice.spacing) / 4.0).powi(3);
        let mass = f64::from(total) * sample * self.densities[usize::from(cell.material)];
        let penalty = PENALTY * (stokes + mass / f64::from(STEP_DT * STEP_DT));
        let position = self.position(&state.displacements, &point);
        let ties = held.iter().map(|(p, weight)| Tie {
            point: *p,
            offset: self.position(&state.displacements, p) - position,
            rest: from_f32(self.lattice.rest_position(p)),
            stiffness: node_vector([(penalty * f64::from(weight / total)) as Real; 3]),
            multiplier: Lanes::default(),
        });
        let Tool { ties: old, position: tip, grasped, max_grip, instrument, push, .. } =
            &mut state.tools[usize::from(tool)];
        (*instrument, *push) = (None, Lanes::default());
        old.clear();
        old.extend(ties);
        *tip = position;
        *grasped = Some(point);
        let jaws = std::f64::consts::PI * f64::from(radius * radius);
        *max_grip = (MAX_TRACTION * mu * jaws) as Real;
        Ok(())
    }

    /// Take a rigid instrument into the hand `tool`, at a pose. If that hand holds the same one already, nothing changes: it
    /// is moved by the control.
    ///
    /// # Errors
    /// An unknown tool; an instrument that is thinner than the skin's points lie apart, or no instrument at all.
    pub fn wield(
        &self,
        state: &mut State,
        tool: u8,
        instrument: Instrument,
        pose: Pose,
    ) -> Result<(), GraspError> {
        let thinnest = THINNEST * self.lattice.spacing;
        let hand = state.tools.get_mut(usize::from(tool)).ok_or(GraspError::Tool(tool))?;
        if !instrument.is_sound(thinnest) {
            return Err(GraspError::Instrument { tool, thinnest });
        }
        if hand.instrument != Some(instrument) {
            hand.ties.clear();
            hand.grasped = None;
            hand.instrument = Some(instrument);
            hand.position = lanes(pose.position);
            hand.orientation = pose.orientation;
            hand.push = Lanes::default();
        }
        Ok(())
    }

    /// Open the forceps `tool`, or put the instrument away.
    ///
    /// # Errors
    /// An unknown tool.
    pub fn release(&self, state: &mut State, tool: u8) -> Result<(), GraspError> {
        let tool = state.tools.get_mut(usize::from(tool)).ok_or(GraspError::Tool(tool))?;
        tool.ties.clear();
        tool.grasped = None;
        tool.instrument = None;
        tool.push = Lanes::default();
        Ok(())
    }

    /// Centroid and number of the samples within `radius` of a material point: by octants of cells, or by cells where that
    /// would be too many. A point between samples holds itself.
    fn tissue_between_jaws(&self, point: &Embedding, radius: f32) -> Vec<(Embedding, f32)> {
        let lattice = &self.lattice;
        let centre = lattice.rest_position(point);
        let body = lattice.cells[point.cell as usize].body;
        let bound = |axis: usize, by: f32| {
            let x = (centre[axis] + by - lattice.origin[axis]) / lattice.spacing;
            // Saturates outside the lattice.
            x.floor() as u16
        };
        let low = [0, 1, 2].map(|axis| bound(axis, -radius));
        let high = [0, 1, 2].map(|axis| bound(axis, radius));
        for by_octant in [true, false] {
            let mut held = Vec::new();
            for cell in self.index.cells_within(body, low, high) {
                let mut sums = [([0.0_f32; 3], 0.0_f32); 8];
                for (s, local) in filled_samples(&lattice.cells[cell as usize]) {
                    let at = lattice.rest_position(&Embedding { cell, local });
                    let [x, y, z] = [0, 1, 2].map(|axis| at[axis] - centre[axis]);
                    let squared = x * x + y * y + z * z;
                    if squared > radius * radius {
                        continue;
                    }
                    let octant = (s >> 1 & 1) | (s >> 3 & 1) << 1 | (s >> 5 & 1) << 2;
                    let (sum, count) = &mut sums[if by_octant { octant as usize } else { 0 }];
                    *count += 1.0;
                    for axis in 0..3 {
                        sum[axis] += local[axis];
                    }
                }
                for (sum, count) in sums {
                    if count > 0.0 {
                        let point = Embedding { cell, local: sum.map(|x| x / count) };
                        held.push((self.carriers.resolve(&point), count));
                    }
                }
            }
            if held.is_empty() {
                return vec![(self.carriers.resolve(point), 1.0)];
            }
            if held.len() <= MAX_TIES {
                return held;
            }
            if !by_octant {
                held.truncate(MAX_TIES);
                return held;
            }
        }
        vec![(self.carriers.resolve(point), 1.0)]
    }
}
