//! Instruments during a step: how far they move, and what closed jaws hold.

use super::Solver;
use crate::{
    contact::{
        approach::{is_near, lanes},
        instrument::unit_quaternion,
    },
    control::{Control, TOOL_COUNT},
    real::{Lanes, Real, from_f32, length_squared, real},
    state::{State, Tool},
};

/// An instrument moves at most this many cells in a step; a faster hand is followed at this speed.
const TOOL_REACH: f32 = 0.5;
/// A rigid instrument near tissue moves at most this part of its half thickness in a step, so that it passes through nothing.
const INSTRUMENT_REACH: Real = 0.8;

impl Solver {
    /// Bring the tips closer to where they are wanted, at limited speed; how many lag behind?
    pub(super) fn move_tools(&self, state: &mut State, control: &Control, dt: Real) -> u32 {
        let whole_step = control.dt as Real;
        let reach = (TOOL_REACH * self.model.lattice.spacing) as Real * dt / whole_step;
        let mut slowed = 0;
        for t in 0..TOOL_COUNT {
            if state.tools[t].instrument.is_some() {
                slowed += u32::from(self.move_instrument(state, control, t, dt / whole_step));
                continue;
            }
            let (tool, Some(goal)) = (&mut state.tools[t], control.tool_goals[t]) else { continue };
            if !goal.iter().all(|x| x.is_finite()) {
                continue;
            }
            let way = from_f32(goal) - tool.position;
            let length = length_squared(way).sqrt();
            if tool.ties.is_empty() || length <= reach {
                tool.position = from_f32(goal);
            } else {
                tool.position += way * Lanes::splat(reach / length);
                slowed += 1;
            }
        }
        slowed
    }

    /// Bring a rigid instrument closer to the pose that is wanted: at limited speed near tissue, at once through air; does it
    /// lag behind?
    fn move_instrument(&self, state: &mut State, control: &Control, t: usize, part: Real) -> bool {
        let Some(instrument) = state.tools[t].instrument else { return false };
        let from = state.tools[t].pose();
        let mut goal = from;
        if let Some(position) = control.tool_goals[t].filter(|p| p.iter().all(|x| x.is_finite())) {
            goal.position = position.map(real).into();
        }
        let turn = control.tool_turns[t].and_then(|q| unit_quaternion(q.map(real)));
        goal.orientation = turn.unwrap_or(from.orientation);
        let ends = [from.position, goal.position];
        let near = |patch| is_near(&self.model, state, patch, ends, instrument.reach());
        let is_free = goal == from || !self.model.skin.patches.iter().any(near);
        let spacing = real(self.model.lattice.spacing);
        let limit =
            (real(TOOL_REACH) * spacing).min(INSTRUMENT_REACH * instrument.half_thickness());
        let (pose, lags) = if is_free {
            (goal, false)
        } else {
            from.towards(&goal, instrument.reach(), limit * part)
        };
        let Tool { position, orientation, .. } = &mut state.tools[t];
        (*position, *orientation) = (lanes(pose.position), pose.orientation);
        lags
    }

    /// λ ← λ + κ c: the force that the ties exerted in this step. Jaws hold no more than they can: beyond that the tissue
    /// slips to where it is, at the greatest force. Returns how many tools slipped.
    pub(super) fn update_multipliers(&self, state: &mut State) -> u32 {
        let lattice = &self.model.lattice;
        let mut slips = 0;
        for tool in &mut state.tools {
            let mut grip = 0.0;
            for tie in &mut tool.ties {
                let at = tie.rest + lattice.displacement(&state.displacements, &tie.point);
                tie.multiplier += tie.stiffness * (at - tool.position - tie.offset);
                grip += length_squared(tie.multiplier).sqrt();
            }
            if grip > tool.max_grip {
                slips += 1;
                let scale = Lanes::splat(tool.max_grip / grip);
                for tie in &mut tool.ties {
                    let at = tie.rest + lattice.displacement(&state.displacements, &tie.point);
                    tie.multiplier *= scale;
                    tie.offset = at - tool.position;
                }
            }
        }
        slips
    }
}
