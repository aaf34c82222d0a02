//! A step of time, and the static equilibrium: the pipeline. All of it is scratch; what matters is in [`State`].

use std::sync::Arc;

use crate::{
    contact::{
        MAX_TIES, MAX_TOUCHES, Partner, Touch,
        approach::Approaches,
        instrument::{Pose, unit_quaternion},
        touch::{TouchLaw, dot3},
    },
    control::{Control, TOOL_COUNT},
    material::Strain,
    message::Stages,
    model::{Model, Spring},
    newton::{Clock, Effort, Inventory, Newton, Outcome, Phase, limit_length, weighted_square},
    real::{Lanes, Real, from_f32, is_finite, is_within, real},
    state::State,
    tangle,
    viscosity::{self, BRANCHES},
};

#[cfg(feature = "gpu")]
mod door;
mod hands;

/// A touch is asked to give up at most this many cells of depth in a step.
const MAX_CORRECTION: Real = 0.5;
/// Rounds of multipliers in which a static solution with touches comes to rest.
const STATIC_ROUNDS: u32 = 12;
/// Rounds at most, with those in which tissue is still on its way to what it will touch.
const STATIC_TURNS: u32 = 60;
/// How far it goes in one, in cells: on its way it must not pass through what it will touch.
const STATIC_SIGHT: Real = 0.5;
/// Depth at which it has [mm].
const STATIC_DEPTH: f32 = 0.05;
/// Into how many parts a step is cut when it cannot be taken in one.
const PARTS: [u8; 3] = [1, 2, 4];
/// Length of the pseudo-step that keeps the static Hessian regular [s].
const STATIC_DT: Real = 1.0;
/// Longest Newton step of a node in play, in cells.
const REACH: Real = 2.0;
/// Longest static Newton step of a node, in cells: there is no inertia to hold it, but a line search.
const STATIC_REACH: Real = 4.0;
/// What has come farther from rest, in cells, is lost: its energy would soon leave the range of f32.
const FARTHEST: Real = 1e5;
/// Nothing moves faster than this many cells in a step.
const MAX_SPEED: Real = 4.0;

/// What happened in a step; nothing that had to be contained is hidden.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct StepReport {
    /// Newton iterations.
    pub newton_iterations: u32,
    /// Conjugate-gradient iterations.
    pub cg_iterations: u32,
    /// Unbalanced force over what acts, after the last Newton iteration.
    pub residual: f64,
    /// Newton steps shortened because a node would have moved by more than two cells.
    pub step_caps: u32,
    /// Newton steps halved because the energy did not fall.
    pub backtracks: u32,
    /// Times the step was cut in half.
    pub bisections: u32,
    /// Parts of a step that were so violent that they were taken without the tissue's momentum.
    pub stops: u32,
    /// Times the last finite state had to be restored.
    pub roll_backs: u32,
    /// Times all velocities were scaled down because a node would have crossed four cells in a step.
    pub speed_caps: u32,
    /// Steps in which knotted tissue was led back towards its rest shape.
    pub led_back: u32,
    /// Steps that went badly on the GPU and were taken again on the CPU.
    pub redone: u32,
    /// Instruments that moved slower than asked.
    pub slowed_tools: u32,
    /// Instruments out of whose jaws tissue slipped.
    pub slips: u32,
    /// Touches that pressed.
    pub touches: u32,
    /// Deepest point of the skin in what it met at the beginning, beyond the depth at rest [mm].
    pub penetration: f32,
    /// Steps in which more than [`MAX_TOUCHES`] points were near something: those beyond were left out.
    pub lost_touches: u32,
    /// Static solution only: were the forces balanced?
    pub converged: bool,
}

impl StepReport {
    /// Events that had to be contained: step and speed caps, bisections, stops, roll-backs, knots, steps taken again and touches left
    /// out.
    pub fn contained(&self) -> u32 {
        self.step_caps
            + self.speed_caps
            + self.bisections
            + self.stops
            + self.roll_backs
            + self.led_back
            + self.redone
            + self.lost_touches
    }

    fn add(&mut self, outcome: &Outcome) {
        self.newton_iterations += outcome.newton_iterations;
        self.cg_iterations += outcome.cg_iterations;
        self.residual = outcome.residual;
        self.step_caps += outcome.step_caps;
        self.backtracks += outcome.backtracks;
        self.converged = outcome.converged;
    }
}

/// Scratch and settings; holds nothing that the next step depends on.
#[derive(Debug)]
pub struct Solver {
    model: Arc<Model>,
    /// How hard each step is worked on.
    pub effort: Effort,
    newton: Newton,
    approaches: Approaches,
    /// The state before the step.
    before: State,
    /// Displacements in the making.
    displacements: Vec<Lanes>,
}

/// Scratch of its own, with all the room that it needs: copies of vectors have none to spare.
impl Clone for Solver {
    fn clone(&self) -> Self {
        let mut solver = Self::new(Arc::clone(&self.model));
        solver.effort = self.effort;
        solver.set_clock(self.newton.clock);
        solver
    }
}

impl Solver {
    /// Scratch for a model, for play.
    pub fn new(model: Arc<Model>) -> Self {
        let mut before = State::at_rest(&model);
        for tool in &mut before.tools {
            tool.ties.reserve(MAX_TIES);
        }
        Self {
            effort: Effort::PLAY,
            newton: Newton::new(&model, TOOL_COUNT * MAX_TIES),
            approaches: Approaches::new(&model),
            displacements: before.displacements.clone(),
            before,
            model,
        }
    }

    /// A solver of another model, with the same effort and clock.
    pub(crate) fn of(&self, model: Arc<Model>) -> Self {
        let mut solver = Self::new(model);
        solver.effort = self.effort;
        solver.newton.clock = self.newton.clock;
        solver
    }

    /// Let stages be timed by this clock.
    pub fn set_clock(&mut self, clock: Clock) {
        self.newton.clock = clock;
    }

    /// Time of each stage of the last step [ms].
    pub fn stages(&self) -> Stages {
        self.newton.stages
    }

    /// Elastic energy and volume of a state.
    ///
    /// # Panics
    /// If the state does not fit the model.
    pub fn inventory(&mut self, state: &State) -> Inventory {
        self.newton.inventory(&self.model, &state.displacements)
    }

    /// The model.
    pub fn model(&self) -> &Arc<Model> {
        &self.model
    }

    /// Advance `state` by `control.dt`. Never panics and, once warm, never allocates.
    pub fn step(&mut self, state: &mut State, control: &Control) -> StepReport {
        let mut report = StepReport::default();
        if !self.is_sound(state) {
            // Not made by this solver: nothing finite to go back to but rest.
            state.reset(&self.model);
            report.roll_backs = 1;
        }
        self.newton.stages = Stages::default();
        if tangle::lead_back(&self.model, state) {
            state.touches.clear();
            state.step += 1;
            report.led_back = 1;
            return report;
        }
        self.make_room(state);
        self.before.copy_from(state);
        for parts in PARTS {
            if parts > 1 {
                report.bisections += 1;
                state.copy_from(&self.before);
                report.slowed_tools = 0;
            }
            let dt = control.dt as Real / Real::from(parts);
            let last_resort = parts == PARTS[PARTS.len() - 1];
            if (0..parts).all(|_| self.advance(state, control, dt, last_resort, &mut report)) {
                state.step += 1;
                return report;
            }
        }
        state.copy_from(&self.before);
        state.velocities.fill(Lanes::default());
        state.touches.clear();
        // No step leads on from here: what it remembers may be why.
        state.memory.fill(Strain::default());
        for tool in &mut state.tools {
            tool.push = Lanes::default();
            for tie in &mut tool.ties {
                tie.multiplier = Lanes::default();
            }
        }
        state.step += 1;
        report.roll_backs += 1;
        report
    }

    /// Let touches come without an allocation.
    fn make_room(&self, state: &mut State) {
        if !self.model.skin.patches.is_empty() && state.touches.capacity() < MAX_TOUCHES {
            state.touches.reserve_exact(MAX_TOUCHES - state.touches.len());
        }
    }

    /// Find the equilibrium under gravity, supports, closed tools and loads: the same minimisation without inertia.
    /// Velocities become zero.
    pub fn settle(&mut self, state: &mut State, control: &Control, effort: &Effort) -> StepReport {
        let mut report = StepReport::default();
        if !self.is_sound(state) {
            state.reset(&self.model);
            report.roll_backs = 1;
        }
        let model = Arc::clone(&self.model);
        let phase = Phase {
            inertia: 0.0,
            shift: 1.0 / (STATIC_DT * STATIC_DT),
            reach: STATIC_REACH,
            motion: 0.0,
        };
        state.velocities.fill(Lanes::default());
        self.newton.viscosity.stop();
        let (mut round, mut is_underway) = (0, false);
        for turn in 0..STATIC_TURNS {
            self.set_springs(state, control);
            self.set_touches(state, &poses(state), 0.0, &mut report);
            if round == STATIC_ROUNDS
                || (round > 0 && !is_underway && report.penetration < STATIC_DEPTH)
            {
                break;
            }
            self.displacements.copy_from_slice(&state.displacements);
            // On the way nothing is gained by balance.
            let newton = if is_underway { effort.newton.min(8) } else { effort.newton };
            let effort = Effort { newton, ..*effort };
            let outcome = self.newton.minimise(&model, &mut self.displacements, phase, &effort);
            report.add(&outcome);
            if !outcome.finite || !is_finite(&self.displacements) {
                report.roll_backs += 1;
                break;
            }
            model.carriers.lead(&mut self.displacements);
            is_underway = self.keep_in_sight(state);
            round += u32::from(!is_underway);
            self.update_touches(state, &mut report);
            // Forceps take one round: their multipliers are for play.
            if turn == 0 {
                self.update_multipliers(state);
            }
        }
        state.velocities.fill(Lanes::default());
        // What lasts for ever has relaxed.
        state.memory.fill(Strain::default());
        report
    }

    /// Take the displacements in the making into the state; of those that lead farther than what might touch was looked for, a part.
    /// Was that so?
    fn keep_in_sight(&mut self, state: &mut State) -> bool {
        for (new, u) in self.displacements.iter_mut().zip(&state.displacements) {
            *new -= *u;
        }
        let sight = STATIC_SIGHT * real(self.model.lattice.spacing);
        let is_limited =
            !self.model.skin.patches.is_empty() && limit_length(&mut self.displacements, sight);
        for (u, change) in state.displacements.iter_mut().zip(&self.displacements) {
            *u += *change;
        }
        is_limited
    }

    /// Potential energy [mN mm] of tissue, supports and weight at the given nodal displacements [mm]; `gradient`
    /// [node_count] becomes its derivative [mN]. Leaves the tangent there for [`Solver::tangent_product`].
    ///
    /// # Panics
    /// If a slice is not as long as there are nodes.
    pub fn potential(&mut self, displacements: &[Lanes], gradient: &mut [Lanes]) -> f64 {
        let model = Arc::clone(&self.model);
        self.set_springs(&State::default(), &Control::default());
        self.newton.touches.clear();
        self.newton.multigrid.clear_links();
        self.newton.potential(&model, displacements, gradient)
    }

    /// `out` = (tangent stiffness [mN/mm] at the last [`Solver::potential`], clamped) · `v`, both [node_count].
    ///
    /// # Panics
    /// If a slice is not as long as there are nodes.
    pub fn tangent_product(&self, v: &[Lanes], out: &mut [Lanes]) {
        self.newton.tangent_product(&self.model, v, out);
    }

    /// One implicit Euler step of length `dt`; was it good?
    fn advance(
        &mut self,
        state: &mut State,
        control: &Control,
        dt: Real,
        last_resort: bool,
        report: &mut StepReport,
    ) -> bool {
        let model = Arc::clone(&self.model);
        let phase = self.prepare(state, control, dt, report);
        self.newton.viscosity.start(&model, &state.displacements, &state.memory, 1.0 / dt);
        self.displacements.copy_from_slice(&self.newton.inertial);
        let outcome = self.newton.minimise(&model, &mut self.displacements, phase, &self.effort);
        report.add(&outcome);
        if !outcome.finite || !is_finite(&self.displacements) {
            return false;
        }
        // A solution that is not exact may have gained energy on its way; where the first Newton step was good, it has not.
        let rough = outcome.stalled || outcome.step_caps + outcome.backtracks > 0;
        let violent = outcome.stalled
            || (outcome.newton_iterations > 0 && outcome.step_caps == outcome.newton_iterations)
            || (rough
                && self.newton.gains_energy(
                    &model,
                    &state.displacements,
                    &self.displacements,
                    phase,
                ));
        if violent {
            if !last_resort {
                return false;
            }
            // Without its momentum, then: from where the tissue is each Newton step lowers the energy, so that it gains none.
            report.stops += 1;
            self.newton.inertial.copy_from_slice(&state.displacements);
            self.displacements.copy_from_slice(&state.displacements);
            let outcome =
                self.newton.minimise(&model, &mut self.displacements, phase, &self.effort);
            report.add(&outcome);
            if !outcome.finite || !is_finite(&self.displacements) {
                return false;
            }
        }
        self.accept(state, control, dt, report);
        true
    }

    /// What comes before the minimisation of an implicit Euler step of length `dt`: what acts, and where inertia leads.
    fn prepare(
        &mut self,
        state: &mut State,
        control: &Control,
        dt: Real,
        report: &mut StepReport,
    ) -> Phase {
        let before = poses(state);
        report.slowed_tools += self.move_tools(state, control, dt);
        self.set_springs(state, control);
        let start = (self.newton.clock)();
        self.set_touches(state, &before, dt, report);
        self.newton.stages.contact += ((self.newton.clock)() - start) as f32;
        let step = Lanes::splat(dt);
        for ((target, u), v) in
            self.newton.inertial.iter_mut().zip(&state.displacements).zip(&state.velocities)
        {
            *target = *u + *v * step;
        }
        let rate = 1.0 / dt;
        let motion = weighted_square(&self.model.grids[0].masses, &state.velocities);
        Phase { inertia: rate * rate, shift: rate * rate, reach: REACH, motion }
    }

    /// What comes after it: the new displacements become the state.
    fn accept(&mut self, state: &mut State, control: &Control, dt: Real, report: &mut StepReport) {
        self.model.carriers.lead(&mut self.displacements);
        let (before, after) = (&state.displacements, &self.displacements);
        viscosity::relax(&self.model, before, after, &mut state.memory, 1.0 / dt);
        let rate = Lanes::splat(1.0 / dt);
        for ((v, u), new) in
            state.velocities.iter_mut().zip(&mut state.displacements).zip(&self.displacements)
        {
            *v = (*new - *u) * rate;
            *u = *new;
        }
        let fastest = MAX_SPEED * self.model.grids[0].spacing as Real / control.dt as Real;
        report.speed_caps += u32::from(limit_length(&mut state.velocities, fastest));
        report.slips += self.update_multipliers(state);
        self.update_touches(state, report);
    }

    /// Find what touches, and make it part of the energy with the multipliers of the step before.
    fn set_touches(
        &mut self,
        state: &State,
        before: &[Pose; TOOL_COUNT],
        dt: Real,
        report: &mut StepReport,
    ) {
        let model = &self.model;
        self.newton.touches.clear();
        self.newton.multigrid.clear_links();
        self.approaches.find(model, state, before, dt);
        report.lost_touches += u32::from(self.approaches.overflow);
        #[allow(clippy::unnecessary_cast)]
        {
            report.penetration = self.approaches.penetration() as f32;
        }
        let deepest = -MAX_CORRECTION * real(model.lattice.spacing);
        let mut known = state.touches.iter().peekable();
        for a in &self.approaches.found {
            let key = (a.point, a.partner);
            while known.next_if(|t| (t.point, t.partner) < key).is_some() {}
            let last = known.next_if(|t| (t.point, t.partner) == key);
            let point = &model.skin.points[a.point as usize];
            let mut origin = model.lattice.displacement(&state.displacements, point);
            if let Some(other) = &a.other {
                origin -= model.lattice.displacement(&state.displacements, other);
            }
            let across = |v: Lanes| v - a.normal * Lanes::splat(dot3(v, a.normal));
            let pressure = last.map_or(0.0, |t| t.pressure).min(a.limit);
            self.newton.touches.push(TouchLaw {
                point: a.point,
                partner: a.partner,
                origin: origin + across(a.slide),
                gap: a.gap.max(deepest),
                penalty: a.penalty,
                pressure,
                friction: last.map_or(Lanes::default(), |t| across(t.friction)),
                bound: model.friction * pressure,
                limit: a.limit,
            });
            self.newton.multigrid.push_link(model, point, a.other.as_ref(), a.normal);
        }
    }

    /// The multipliers become the forces that acted in this step; those that pressed are kept.
    fn update_touches(&self, state: &mut State, report: &mut StepReport) {
        state.touches.clear();
        for tool in &mut state.tools {
            tool.push = Lanes::default();
        }
        let links = &self.newton.multigrid.levels[0].links;
        for (law, link) in self.newton.touches.iter().zip(links) {
            let response = law.respond(link.normal, link.read(&state.displacements));
            if response.pressure <= 0.0 && law.bound <= 0.0 {
                continue;
            }
            let force = -response.gradient;
            if let Partner::Tool(t) = law.partner {
                state.tools[usize::from(t)].push += force;
            }
            state.touches.push(Touch {
                point: law.point,
                partner: law.partner,
                normal: link.normal,
                pressure: response.pressure,
                friction: response.friction,
                force,
            });
        }
        report.touches = state.touches.len() as u32;
    }

    fn set_springs(&mut self, state: &State, control: &Control) {
        let ties = state.tools.iter().flat_map(|t| t.ties.iter().map(|tie| (*tie, t.position)));
        self.newton.multigrid.set_ties(&self.model, ties);
        #[allow(clippy::unnecessary_cast)]
        let activation = control.activation as Real;
        self.newton.activation =
            if activation.is_finite() { activation.clamp(0.0, 1.0) } else { 0.0 };
        self.newton.pressures.set(&self.model, &control.pressures);
        self.newton.loads.clear();
        let loads = control.loads.iter().chain(&control.blade);
        for load in loads.filter(|l| self.model.holds(&l.point)) {
            let loads = &mut self.newton.loads;
            self.model.for_each_grid(&load.point, |grid, nodes, weights| {
                if grid == 0 {
                    let (stiffness, goal) = (Lanes::default(), Lanes::default());
                    let multiplier = -from_f32(load.force);
                    loads.push(Spring { nodes, weights, stiffness, goal, multiplier });
                }
            });
        }
    }

    /// Does the state fit the model, with numbers only that tissue can have?
    fn is_sound(&self, state: &State) -> bool {
        let far = FARTHEST * real(self.model.lattice.spacing);
        state.displacements.len() == self.model.node_count()
            && state.velocities.len() == self.model.node_count()
            && is_within(&state.displacements, far)
            && is_finite(&state.velocities)
            && state.memory.len() == BRANCHES * self.model.branches.len()
            && state.memory.iter().all(|strain| is_within(strain, FARTHEST * FARTHEST))
            && state.touches.len() <= MAX_TOUCHES
            && state.touches.iter().all(|t| t.pressure.is_finite() && is_finite(&[t.friction]))
            && state.tools.iter().all(|tool| {
                tool.position.to_array().iter().all(|x| x.is_finite())
                    && tool.ties.len() <= MAX_TIES
                    && tool.instrument.is_none_or(|i| i.is_sound(0.0))
                    && (tool.instrument.is_none() || unit_quaternion(tool.orientation).is_some())
                    && tool.ties.iter().all(|tie| self.model.holds(&tie.point))
            })
    }
}

/// Where the instruments are.
fn poses(state: &State) -> [Pose; TOOL_COUNT] {
    std::array::from_fn(|t| state.tools[t].pose())
}
