//! Everything that changes: plain data. The same state, control and model give the same next state.

use crate::{
    contact::{
        MAX_TOUCHES, Partner, Touch,
        approach::vector,
        instrument::{Instrument, Pose},
    },
    control::TOOL_COUNT,
    lattice::Embedding,
    material::Strain,
    model::Model,
    real::{Lanes, Real, length_squared},
    tangle::Knot,
    viscosity::BRANCHES,
};

/// Displacements, velocities and instruments at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// Nodal displacements from rest [mm], shape [node_count]; the fourth lane is zero.
    pub displacements: Vec<Lanes>,
    /// Nodal velocities [mm/s], shape [node_count].
    pub velocities: Vec<Lanes>,
    /// Strain of each Maxwell branch of each group of cells that has not yet relaxed; empty if no tissue relaxes.
    pub memory: Vec<Strain>,
    /// The instruments.
    pub tools: [Tool; TOOL_COUNT],
    /// Where the skin touched something in the last step, by point and partner.
    pub touches: Vec<Touch>,
    /// Steps taken.
    pub step: u64,
    /// Whether the tissue has knotted itself.
    pub knot: Knot,
}

/// One pair of forceps, or a rigid instrument.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tool {
    /// Tip [mm], world space; where the solver has let it come, which may lag behind where it is wanted.
    pub position: Lanes,
    /// The rigid instrument in this hand; forceps have none.
    pub instrument: Option<Instrument>,
    /// Unit quaternion x, y, z, w of the instrument.
    pub orientation: [Real; 4],
    /// Force of the rigid instrument on the tissue in the last step [mN].
    pub push: Lanes,
    /// The material point that it closed on, while closed.
    pub grasped: Option<Embedding>,
    /// Greatest force of the grip, summed over the ties [mN]; beyond it the tissue slips.
    pub max_grip: Real,
    /// The tissue between the jaws; empty while open.
    pub ties: Vec<Tie>,
}

/// A tissue point held by the jaws.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tie {
    /// The material point.
    pub point: Embedding,
    /// Where it is held, from the tip [mm].
    pub offset: Lanes,
    /// Rest position [mm].
    pub rest: Lanes,
    /// Penalty stiffness [mN/mm].
    pub stiffness: Lanes,
    /// Multiplier: the force that the tissue exerts on the jaws here [mN].
    pub multiplier: Lanes,
}

impl State {
    /// At rest: nothing moved, no tool closed.
    pub fn at_rest(model: &Model) -> Self {
        let touches =
            Vec::with_capacity(if model.skin.patches.is_empty() { 0 } else { MAX_TOUCHES });
        let mut state = Self { touches, ..Self::default() };
        state.reset(model);
        state
    }

    /// Become what [`State::at_rest`] is, without allocating if there is room.
    pub(crate) fn reset(&mut self, model: &Model) {
        for vectors in [&mut self.displacements, &mut self.velocities] {
            vectors.clear();
            vectors.resize(model.node_count(), Lanes::default());
        }
        self.memory.clear();
        self.memory.resize(BRANCHES * model.branches.len(), Strain::default());
        self.open_tools();
        self.touches.clear();
        (self.step, self.knot) = (0, Knot::default());
    }

    /// Open the forceps and put rigid instruments away.
    pub(crate) fn open_tools(&mut self) {
        for tool in &mut self.tools {
            let mut ties = std::mem::take(&mut tool.ties);
            ties.clear();
            *tool = Tool { ties, ..Tool::default() };
        }
    }

    /// Become equal to `other` without allocating once the capacities suffice.
    pub fn copy_from(&mut self, other: &Self) {
        self.displacements.clone_from(&other.displacements);
        self.velocities.clone_from(&other.velocities);
        self.memory.clone_from(&other.memory);
        for (tool, other) in self.tools.iter_mut().zip(&other.tools) {
            tool.position = other.position;
            tool.instrument = other.instrument;
            tool.orientation = other.orientation;
            tool.push = other.push;
            tool.grasped = other.grasped;
            tool.max_grip = other.max_grip;
            tool.ties.clone_from(&other.ties);
        }
        self.touches.clone_from(&other.touches);
        self.step = other.step;
        self.knot = other.knot;
    }

    /// The touch of a skin point with something, if it touched in the last step.
    pub fn touch(&self, point: u32, partner: Partner) -> Option<&Touch> {
        let key = |t: &Touch| (t.point, t.partner);
        self.touches.binary_search_by_key(&(point, partner), key).ok().map(|i| &self.touches[i])
    }

    /// Largest nodal displacement [mm].
    pub fn max_displacement(&self) -> f32 {
        let largest = self
            .displacements
            .iter()
            .map(|u| length_squared(*u))
            .fold(0.0, |a, b| if b > a { b } else { a });
        #[allow(clippy::unnecessary_cast)]
        {
            largest.sqrt() as f32
        }
    }
}

impl Tool {
    /// Force on the tissue [mN]: of closed jaws minus the sum of the multipliers, of a rigid instrument its push.
    pub fn force(&self) -> Lanes {
        self.ties.iter().fold(self.push, |sum, tie| sum - tie.multiplier)
    }

    /// Does it hold or press tissue?
    pub(crate) fn acts(&self) -> bool {
        !self.ties.is_empty() || length_squared(self.push) > 0.0
    }

    /// Where the instrument is.
    pub fn pose(&self) -> Pose {
        Pose { position: vector(self.position), orientation: self.orientation }
    }
}
