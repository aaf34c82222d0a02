//! The door through which the GPU takes the part of a step that it computes.

use super::{Solver, StepReport};
use crate::{
    contact::{approach::Approach, touch::TouchLaw},
    control::Control,
    message::Stages,
    model::Spring,
    multigrid::Multigrid,
    newton::Phase,
    pressure::Pressures,
    real::{Lanes, Real},
    state::State,
    tangle,
    viscosity::Viscosity,
};

/// What another way to the same minimum needs: the GPU's.
#[cfg(feature = "gpu")]
impl Solver {
    /// Begin a step; none if tissue must be led back: then nothing has changed.
    pub(crate) fn open(
        &mut self,
        state: &mut State,
        control: &Control,
        report: &mut StepReport,
    ) -> Option<Phase> {
        if !self.is_sound(state) {
            return None;
        }
        self.make_room(state);
        self.before.copy_from(state);
        self.newton.stages = Stages::default();
        if !tangle::lead_back(&self.model, state) {
            let dt = control.dt as Real;
            let phase = self.prepare(state, control, dt, report);
            // Without branches the GPU finds the strain for itself.
            if !self.model.branches.is_empty() {
                let (u, memory) = (&state.displacements, &state.memory);
                self.newton.viscosity.start(&self.model, u, memory, 1.0 / dt);
            }
            // Their size is part of what acts from outside.
            self.newton.pressures.follow(&self.model, &self.newton.inertial);
            return Some(phase);
        }
        self.abandon(state);
        None
    }

    /// For comparisons, kernel by kernel.
    #[cfg(test)]
    pub(crate) fn newton_mut(&mut self) -> &mut crate::newton::Newton {
        &mut self.newton
    }

    /// Would [`Solver::displacements`] gain energy? To be asked of a step that was capped or halved, as [`Solver::step`] does.
    pub(crate) fn gains_energy(&mut self, state: &State, control: &Control, phase: Phase) -> bool {
        let (u, memory) = (&state.displacements, &state.memory);
        self.newton.viscosity.start(&self.model, u, memory, 1.0 / control.dt as Real);
        self.newton.pressures.follow(&self.model, &self.displacements);
        self.newton.gains_energy(&self.model, u, &self.displacements, phase)
    }

    /// Undo what [`Solver::open`] did.
    pub(crate) fn abandon(&mut self, state: &mut State) {
        state.copy_from(&self.before);
    }

    /// End the step with [`Solver::displacements`].
    pub(crate) fn close(&mut self, state: &mut State, control: &Control, report: &mut StepReport) {
        self.accept(state, control, control.dt as Real, report);
        state.step += 1;
    }

    /// Displacements in the making [mm].
    pub(crate) fn displacements(&self) -> &[Lanes] {
        &self.displacements
    }

    /// To write them.
    pub(crate) fn displacements_mut(&mut self) -> &mut [Lanes] {
        &mut self.displacements
    }

    /// Where inertia leads [mm].
    pub(crate) fn inertial(&self) -> &[Lanes] {
        &self.newton.inertial
    }

    /// Dead loads of the step.
    pub(crate) fn loads(&self) -> &[Spring] {
        &self.newton.loads
    }

    /// Touches of the step, and where each was found.
    pub(crate) fn touches(&self) -> (&[TouchLaw], &[Approach]) {
        (&self.newton.touches, &self.approaches.found)
    }

    /// Pressures of the step.
    pub(crate) fn pressures(&self) -> &Pressures {
        &self.newton.pressures
    }

    /// Activation of the muscle in the step.
    pub(crate) fn activation(&self) -> Real {
        self.newton.activation
    }

    /// Viscous terms of the step, if the model has Maxwell branches.
    pub(crate) fn viscosity(&self) -> &Viscosity {
        &self.newton.viscosity
    }

    /// Levels with the springs of the step.
    pub(crate) fn multigrid(&self) -> &Multigrid {
        &self.newton.multigrid
    }

    /// Size of what acts from outside [mN].
    pub(crate) fn force_scale(&self) -> f64 {
        self.newton.force_scale(&self.model)
    }
}
