//! What acts on the tissue from outside during a step.

use crate::{lattice::Embedding, message::STEP_DT};

/// Instruments a simulation can have.
pub const TOOL_COUNT: usize = 4;

/// Inputs of a step.
#[derive(Clone, Debug, PartialEq)]
pub struct Control {
    /// Length of the step [s].
    pub dt: f32,
    /// Where each instrument's tip is wanted [mm], world space; none: it stays.
    pub tool_goals: [Option<[f32; 3]>; TOOL_COUNT],
    /// How each rigid instrument is wanted to be turned: unit quaternion x, y, z, w; none: it stays.
    pub tool_turns: [Option<[f32; 4]>; TOOL_COUNT],
    /// Dead loads on the tissue.
    pub loads: Vec<Load>,
    /// Those with which a hand pushes the tissue ahead of its blade; see [`crate::blade`].
    pub blade: Vec<Load>,
    /// Pressure on each of the scene's surfaces [kPa], against the outward normal wherever it turns; missing ones are zero.
    pub pressures: Vec<f32>,
    /// Activation of the muscle, 0 to 1: the active stress is this fraction of [`crate::scene::Material::active`].
    pub activation: f32,
}

/// A dead force on a material point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Load {
    /// The material point.
    pub point: Embedding,
    /// Force [mN], world space.
    pub force: [f32; 3],
}

/// Where the instruments are wanted, and how turned.
pub(crate) type Goals = ([Option<[f32; 3]>; TOOL_COUNT], [Option<[f32; 4]>; TOOL_COUNT]);

impl Control {
    /// Where the instruments are wanted, and how turned.
    pub(crate) fn goals(&self) -> Goals {
        (self.tool_goals, self.tool_turns)
    }
}

impl Default for Control {
    fn default() -> Self {
        Self {
            dt: STEP_DT,
            tool_goals: [None; TOOL_COUNT],
            tool_turns: [None; TOOL_COUNT],
            loads: Vec::new(),
            blade: Vec::new(),
            pressures: Vec::new(),
            activation: 0.0,
        }
    }
}
