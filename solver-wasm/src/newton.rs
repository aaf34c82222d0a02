//! Newton's method on the energy of a step, each linear system by a few conjugate-gradient iterations.
//!
//! A step of implicit Euler minimises [Martin et al. 2011; Gast et al. 2015]
//!
//! Φ(u) = |u − û|²_M / 2dt² + Σ ψ V − Σ m g · u + springs + loads,  û = uₙ + dt vₙ;
//!
//! the static problem is the same without the first term. The Hessian is the exact one. Its geometric part (pressure times the
//! second derivative of J̄) is indefinite in a cell and nearly cancels between neighbours, so clamping it cell by cell would slow
//! Newton down (8 iterations become 68 for a ball of ν .48 under its weight); it is clamped (see [`crate::material`]) in the
//! preconditioner, and everywhere when a direction of negative curvature turns up. Then the Newton direction descends; a step
//! cap and backtracking on Φ contain the rest.

mod energy;
mod linear;

pub(crate) use energy::Energy;
pub use energy::Inventory;

use crate::{
    contact::{MAX_TOUCHES, touch::TouchLaw},
    message::Stages,
    model::{Model, Spring},
    multigrid::{Multigrid, subtract_inertia, subtract_product},
    pressure::Pressures,
    real::{Lanes, Real, dot, length_squared},
    strain::StrainState,
    viscosity::Viscosity,
};

/// How hard a solution is worked on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Effort {
    /// Most Newton iterations.
    pub newton: u32,
    /// Most conjugate-gradient iterations for each.
    pub cg: u32,
    /// Conjugate gradients stop when the error in the energy norm is about this part of their solution, seen from what the last
    /// iteration gained,
    pub cg_tolerance: f64,
    /// or about this part of the step that inertia alone would make: that of steady motion is most of the step, and what they
    /// solve for is how it changes.
    pub motion_tolerance: f64,
    /// Newton stops when the forces are balanced to this fraction of what acts,
    pub tolerance: f64,
    /// or after a whole step that gained what the quadratic model promised to within this part, and left no larger imbalance.
    pub agreement: f64,
}

impl Effort {
    /// For play. With the exact Hessian one Newton iteration is enough but in violent moments, and its error is that of the linear
    /// solution: `cargo xtask bench` measures it against the exact step.
    pub const PLAY: Self = Self {
        newton: 2,
        cg: 8,
        cg_tolerance: 5e-2,
        motion_tolerance: 2e-2,
        tolerance: 1e-4,
        agreement: 0.1,
    };
    /// For equilibrium and validation.
    pub const ACCURATE: Self = Self {
        newton: 120,
        cg: 60,
        cg_tolerance: 1e-2,
        motion_tolerance: 0.0,
        tolerance: 2e-5,
        agreement: 0.0,
    };

    /// Twice the energy [mN mm] that a conjugate-gradient iteration must gain for another to be worth while.
    pub(crate) fn least_gain(&self, phase: Phase) -> f64 {
        self.motion_tolerance * self.motion_tolerance * phase.motion
    }
}

/// Which problem is solved.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Phase {
    /// 1/dt² of the inertia [1/s²].
    pub inertia: Real,
    /// 1/dt² in the Hessian [1/s²]: the inertia's, or a weak one that keeps a static Hessian regular.
    pub shift: Real,
    /// Longest Newton step of a node, in cells.
    pub reach: Real,
    /// Σ m v² of what inertia alone would do [mN mm].
    pub motion: f64,
}

/// What came of a minimisation.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Outcome {
    pub newton_iterations: u32,
    pub cg_iterations: u32,
    pub residual: f64,
    pub step_caps: u32,
    pub backtracks: u32,
    pub finite: bool,
    /// No descent was possible although forces are unbalanced.
    pub stalled: bool,
    pub converged: bool,
}

/// What a line search starts from.
#[derive(Clone, Copy, Debug)]
struct Line {
    energy: Energy,
    /// Derivative along the step [mN mm].
    slope: f64,
    /// Rounding error of the slope [mN mm].
    doubt: f64,
    /// Are no tangents wanted at its end?
    is_brief: bool,
}

/// Unbalanced force, as a fraction of what acts, below which a lack of progress is rounding.
const NEAR_BALANCE: f64 = 0.05;
/// Rounding error of an energy, relative to its magnitude.
pub(crate) const ROUNDING: f64 = 8.0 * Real::EPSILON as f64;
/// Unbalanced force that counts as none, over the force that rounding of the displacements alone makes.
pub(crate) const ROUNDING_FORCE: f64 = 2.0;
/// Step over displacement, by mass, of a body that has come to rest.
const STILL: f64 = 1e-4;
/// What a step may gain of the kinetic energy that it starts with: it is not solved exactly.
const GAIN: f64 = 0.1;
/// What moves no node farther than this may be rounding, in cells.
const TINY: Real = 1e-4;
/// Halvings of a Newton step before it is given up.
pub(crate) const MAX_BACKTRACKS: u32 = 8;

/// Milliseconds from anywhere; the solver has no clock of its own.
pub type Clock = fn() -> f64;

/// Scratch of the minimisation.
#[derive(Clone, Debug)]
pub(crate) struct Newton {
    pub multigrid: Multigrid,
    /// û [mm].
    pub inertial: Vec<Lanes>,
    /// Viscous terms of the step.
    pub viscosity: Viscosity,
    /// For the stages' times.
    pub clock: Clock,
    /// Time of each stage since it was last cleared [ms].
    pub stages: Stages,
    /// Activation of the muscle in the step.
    pub activation: Real,
    strain: StrainState,
    /// Dead loads of the step, as springs without stiffness.
    pub loads: Vec<Spring>,
    /// Pressures of the step.
    pub pressures: Pressures,
    /// Touches of the step; where each acts is in the levels' links.
    pub touches: Vec<TouchLaw>,
    /// Of the last evaluation.
    pub gradient: Vec<Lanes>,
    trial: Vec<Lanes>,
    change: Vec<Lanes>,
    residual: Vec<Lanes>,
    search: Vec<Lanes>,
    product: Vec<Lanes>,
}

impl Newton {
    pub fn new(model: &Model, spare_springs: usize) -> Self {
        let nodes = vec![Lanes::default(); model.node_count()];
        Self {
            multigrid: Multigrid::new(model, spare_springs),
            inertial: nodes.clone(),
            viscosity: Viscosity::new(model),
            clock: || 0.0,
            stages: Stages::default(),
            activation: 0.0,
            strain: StrainState::new(&model.strain_points),
            loads: Vec::with_capacity(256),
            pressures: Pressures::new(model),
            touches: Vec::with_capacity(MAX_TOUCHES),
            gradient: nodes.clone(),
            trial: nodes.clone(),
            change: nodes.clone(),
            residual: nodes.clone(),
            search: nodes.clone(),
            product: nodes,
        }
    }

    /// Minimise the energy from `displacements`, in place.
    pub fn minimise(
        &mut self,
        model: &Model,
        displacements: &mut [Lanes],
        phase: Phase,
        effort: &Effort,
    ) -> Outcome {
        let mut outcome = Outcome::default();
        self.pressures.follow(model, displacements);
        let mut energy = self.evaluate(model, displacements, phase);
        let mut norm = dot(&self.gradient, &self.gradient).sqrt();
        outcome.finite = energy.value.is_finite() && norm.is_finite();
        if !outcome.finite {
            return outcome;
        }
        let reference = self.force_scale(model).max(if phase.inertia > 0.0 { norm } else { 0.0 });
        let reference = if reference > 0.0 { reference } else { norm };
        let cap = phase.reach * model.grids[0].spacing as Real;
        let mut best = norm;
        let mut since_best = 0;
        let mut floor = 0.0;
        // Rounding is rough: a smooth imbalance that would bend a slender body far may be smaller. At rest is what a step
        // no longer moves; in play inertia sees to that.
        let mut still = phase.inertia > 0.0;
        let first = norm;
        // Where one step is mostly the last, the tangents at its end are mostly not wanted.
        let is_brief = effort.agreement > 0.0;
        for iteration in 0..effort.newton {
            if norm <= effort.tolerance * reference {
                break;
            }
            if is_brief && iteration > 0 {
                self.evaluate(model, displacements, phase);
            }
            let start = (self.clock)();
            self.multigrid.refresh(model, phase.shift);
            let refreshed = (self.clock)();
            self.stages.refresh += (refreshed - start) as f32;
            floor = ROUNDING_FORCE * self.multigrid.levels[0].force_of_rounding(displacements);
            if norm <= floor && still {
                break;
            }
            outcome.newton_iterations += 1;
            outcome.cg_iterations += self.solve(model, phase, effort);
            self.stages.linear += ((self.clock)() - refreshed) as f32;
            let capped = limit_length(&mut self.change, cap);
            outcome.step_caps += u32::from(capped);
            let slope = dot(&self.gradient, &self.change);
            if slope.is_nan() || slope >= 0.0 {
                outcome.stalled = true;
                break;
            }
            // Rounding of the displacements makes the slope uncertain by this much.
            let doubt = floor * dot(&self.change, &self.change).sqrt();
            let line = Line { energy, slope, doubt, is_brief };
            let backtracks = outcome.backtracks;
            let Some(next) = self.search_line(model, displacements, phase, line, &mut outcome)
            else {
                // Near balance the energy's rounding hides the descent, and tissue at rest has no other force than rounding's:
                // that is as far as it goes, not a failure.
                let small = TINY * model.grids[0].spacing as Real;
                outcome.stalled =
                    norm > NEAR_BALANCE * reference && limit_length(&mut self.change, small);
                break;
            };
            // A capped or halved step is none that the quadratic model has promised.
            let whole = !capped && outcome.backtracks == backtracks;
            let agrees = whole && next.agrees(&energy, slope, effort.agreement);
            let size = |v: &[Lanes]| weighted_square(&model.grids[0].masses, v).sqrt();
            still = still || size(&self.change) <= STILL * size(displacements);
            energy = next;
            norm = dot(&self.gradient, &self.gradient).sqrt();
            if agrees && norm <= first {
                break;
            }
            if norm < 0.9 * best {
                best = norm;
                since_best = 0;
            } else if !capped && norm < NEAR_BALANCE * reference {
                since_best += 1;
                if since_best >= 6 {
                    break;
                }
            }
        }
        outcome.residual = if reference > 0.0 { norm / reference } else { 0.0 };
        outcome.converged |= norm <= effort.tolerance * reference || (norm <= floor && still);
        outcome
    }

    /// Does a step from `before` to `after` gain energy, potential and kinetic, beyond rounding?
    pub fn gains_energy(
        &mut self,
        model: &Model,
        before: &[Lanes],
        after: &[Lanes],
        phase: Phase,
    ) -> bool {
        let tiny = TINY * model.grids[0].spacing as Real;
        if before.iter().zip(after).all(|(a, b)| length_squared(*b - *a) <= tiny * tiny) {
            return false;
        }
        let start = self.evaluate_with::<false>(model, before, phase);
        let end = self.evaluate_with::<false>(model, after, phase);
        let kinetic = |a: &[Lanes], b: &[Lanes]| {
            let ends = model.grids[0].masses.iter().zip(a.iter().zip(b));
            let sum: f64 = ends.map(|(m, (a, b))| f64::from(*m * length_squared(*a - *b))).sum();
            0.5 * f64::from(phase.inertia) * sum
        };
        // The energy of the step counts what the motion lost; what it has left is wanted.
        let (lost, left) = (kinetic(after, &self.inertial), kinetic(after, before));
        let gain = end.value - lost + left - start.value;
        let slack = ROUNDING * (start.magnitude + end.magnitude + left);
        gain.is_nan() || gain > GAIN * kinetic(before, &self.inertial) + slack
    }

    /// Static potential and its gradient; leaves the tangents behind.
    pub fn potential(&mut self, model: &Model, u: &[Lanes], gradient: &mut [Lanes]) -> f64 {
        self.viscosity.stop();
        let phase = Phase { inertia: 0.0, shift: 0.0, reach: 1.0, motion: 0.0 };
        let energy = self.evaluate(model, u, phase);
        self.multigrid.refresh(model, phase.shift);
        gradient.copy_from_slice(&self.gradient);
        energy.value
    }

    /// Tangent at the last evaluation times `v`.
    pub fn tangent_product(&self, model: &Model, v: &[Lanes], out: &mut [Lanes]) {
        out.fill(Lanes::default());
        subtract_inertia(&self.multigrid.levels[0], v, out);
        self.subtract_product(model, v, out);
        for out in out {
            *out = -*out;
        }
    }

    /// out −= (tangent at the last evaluation, inertia left out) · v.
    fn subtract_product(&self, model: &Model, v: &[Lanes], out: &mut [Lanes]) {
        let (grid, level) = (&model.grids[0], &self.multigrid.levels[0]);
        subtract_product(grid, level, v, out);
        if !model.strain_points.is_empty() {
            let tangents = &level.tangents;
            self.strain.subtract_product(&model.strain_points, grid, tangents, v, out);
        }
        if !self.pressures.forces().is_empty() {
            self.pressures.subtract_product(model, v, out);
        }
    }

    /// Backtracking: the first step length that lowers the energy enough becomes the new displacement.
    fn search_line(
        &mut self,
        model: &Model,
        displacements: &mut [Lanes],
        phase: Phase,
        line: Line,
        outcome: &mut Outcome,
    ) -> Option<Energy> {
        let Line { energy, slope, doubt, is_brief } = line;
        let mut length = 1.0;
        for _ in 0..=MAX_BACKTRACKS {
            let scale = Lanes::splat(length as Real);
            for ((t, u), d) in self.trial.iter_mut().zip(&*displacements).zip(&self.change) {
                *t = *u + *d * scale;
            }
            let trial = std::mem::take(&mut self.trial);
            let next = if is_brief {
                self.evaluate_with::<false>(model, &trial, phase)
            } else {
                self.evaluate(model, &trial, phase)
            };
            let following = !self.pressures.forces().is_empty();
            let mut rise = next.value - energy.value;
            if following {
                // The load's work on the way there by the trapezoidal rule.
                self.pressures.follow(model, &trial);
                let (before, after) = (self.pressures.forces_before(), self.pressures.forces());
                let way = |forces: &[Lanes]| dot(forces, &trial) - dot(forces, displacements);
                rise += 0.5 * (way(before) - way(after));
            }
            self.trial = trial;
            let slack = ROUNDING * (energy.magnitude + next.magnitude) + length * doubt;
            if rise.is_finite() && rise <= 1e-4 * length * slope + slack {
                displacements.copy_from_slice(&self.trial);
                return Some(if following {
                    self.take_followed(next, displacements)
                } else {
                    next
                });
            }
            if following {
                self.pressures.follow(model, displacements);
            }
            outcome.backtracks += 1;
            length *= 0.5;
        }
        None
    }

    /// Gradient and energy with the forces that the pressures followed to.
    fn take_followed(&mut self, energy: Energy, u: &[Lanes]) -> Energy {
        let (before, after) = (self.pressures.forces_before(), self.pressures.forces());
        for (g, (before, after)) in self.gradient.iter_mut().zip(before.iter().zip(after)) {
            *g += *before - *after;
        }
        Energy { value: energy.value + dot(before, u) - dot(after, u), ..energy }
    }
}

/// Σ m |v|²: a corner that hardly holds tissue hardly counts.
pub(crate) fn weighted_square(masses: &[Real], vectors: &[Lanes]) -> f64 {
    masses.iter().zip(vectors).map(|(m, v)| f64::from(*m * length_squared(*v))).sum()
}

/// Scale the vectors down so that none is longer than `limit`; was it necessary?
pub(crate) fn limit_length(vectors: &mut [Lanes], limit: Real) -> bool {
    let largest = vectors
        .iter()
        .map(|v| length_squared(*v))
        .fold(0.0, |a: Real, b| if b > a { b } else { a });
    if largest.is_nan() || largest <= limit * limit {
        return false;
    }
    let scale = Lanes::splat(limit / largest.sqrt());
    for v in vectors {
        *v *= scale;
    }
    true
}
