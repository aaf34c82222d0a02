//! Viscosity: damping and stress that relaxes, as energies of a step.
//!
//! Both are multiples of |C − T|², C the mean right Cauchy–Green tensor of a cell: objective, dissipative, blind to rigid motion.
//! - Kelvin–Voigt damping: S = μ τ Ċ, over a step (μ τ/4 dt) |C − Cₙ|²; at small strain 2 μ τ times the strain rate.
//! - A Maxwell branch of modulus gμ and time τ: S = g μ Q, dQ/dt = dC/dt − Q/τ [Simo and Hughes 1998, ch. 10]. For a strain that
//!   changes steadily over the step, Q = e^{−h} Qₙ + γ (C − Cₙ) with h = dt/τ, γ = (1 − e^{−h})/h: the energy gμγ/4 |C − T|² with
//!   T = Cₙ − e^{−h}/γ Qₙ.
//!
//! The sum of such terms is one term about the weighted mean of their targets, so a Prony series costs a step nothing more.

use crate::{
    functions::exp_m1,
    hierarchy::Grid,
    material::{Strain, strain},
    model::Model,
    real::{LANES, Lanes, Real},
    scene::Scene,
};

/// Most Maxwell branches of a material.
pub const BRANCHES: usize = 2;

/// A Maxwell branch of four cells.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Branch {
    /// Modulus over the shear modulus at small strain.
    modulus: Lanes,
    /// 1/τ [1/s].
    rate: Lanes,
}

/// The branches of each group of cells; empty if no material has any.
pub(crate) fn branches(scene: &Scene, grid: &Grid) -> Vec<[Branch; BRANCHES]> {
    if !scene.materials.iter().any(|m| m.relaxation.iter().any(|r| r.modulus > 0.0)) {
        return Vec::new();
    }
    let of_group = |group: usize| {
        std::array::from_fn(|k| {
            let of_cell = |lane: usize| {
                let cell = &scene.lattice.cells[grid.cell(group, lane)?];
                Some(scene.materials[usize::from(cell.material)].relaxation[k])
            };
            let lanes: [_; LANES] = std::array::from_fn(|lane| of_cell(lane).unwrap_or_default());
            #[allow(clippy::unnecessary_cast)]
            Branch {
                modulus: Lanes::new(lanes.map(|r| r.modulus as Real)),
                rate: Lanes::new(
                    lanes.map(|r| if r.time > 0.0 { 1.0 / r.time as Real } else { 0.0 }),
                ),
            }
        })
    };
    (0..grid.shapes.len()).map(of_group).collect()
}

/// The viscous terms of a step: scratch.
#[derive(Clone, Debug)]
pub(crate) struct Viscosity {
    /// T − I of each group.
    pub targets: Vec<Strain>,
    /// Modulus over the shear modulus of each group.
    pub ratios: Vec<Lanes>,
}

impl Viscosity {
    /// None, for a model.
    pub fn new(model: &Model) -> Self {
        let groups = model.grids[0].shapes.len();
        Self { targets: vec![Strain::default(); groups], ratios: vec![Lanes::default(); groups] }
    }

    /// Take up a step of 1/`rate` [s] from the displacements and the branches' memory at its start.
    pub fn start(&mut self, model: &Model, displacements: &[Lanes], memory: &[Strain], rate: Real) {
        let rate = Lanes::splat(rate);
        for (i, (target, ratio)) in self.targets.iter_mut().zip(&mut self.ratios).enumerate() {
            let damping = model.tissue[i].damping * rate;
            *target = strain_of(model, i, displacements);
            *ratio = damping;
            let Some(branches) = model.branches.get(i) else { continue };
            let mut sum = target.map(|t| t * damping);
            for (branch, q) in branches.iter().zip(&memory[BRANCHES * i..]) {
                let (decay, gain) = branch.over(rate);
                *ratio += branch.modulus * gain;
                for ((sum, q), now) in sum.iter_mut().zip(q).zip(*target) {
                    *sum += (now * gain - *q * decay) * branch.modulus;
                }
            }
            // Where there is no viscosity at all, its target does not matter.
            let none = ratio.simd_le(Lanes::default());
            let safe = none.bitselect(Lanes::splat(1.0), *ratio);
            *target = sum.map(|s| s / safe);
        }
    }

    /// No viscosity: what lasts for ever has relaxed.
    pub fn stop(&mut self) {
        self.ratios.fill(Lanes::default());
    }
}

impl Branch {
    /// e^{−h} and γ over a step of 1/`rate`.
    fn over(&self, rate: Lanes) -> (Lanes, Lanes) {
        let h = (self.rate / rate).to_array();
        let lost = h.map(|h| -exp_m1(-h));
        let gain = [0, 1, 2, 3].map(|i| if h[i] > 1e-6 { lost[i] / h[i] } else { 1.0 });
        (Lanes::splat(1.0) - Lanes::new(lost), Lanes::new(gain))
    }
}

/// Carry the branches' Q over a step of 1/`rate` from the displacements `before` to those `after` it.
pub(crate) fn relax(
    model: &Model,
    before: &[Lanes],
    after: &[Lanes],
    memory: &mut [Strain],
    rate: Real,
) {
    for (i, (branches, memory)) in
        model.branches.iter().zip(memory.chunks_exact_mut(BRANCHES)).enumerate()
    {
        let (before, after) = (strain_of(model, i, before), strain_of(model, i, after));
        for (branch, q) in branches.iter().zip(memory) {
            let (decay, gain) = branch.over(Lanes::splat(rate));
            for (k, q) in q.iter_mut().enumerate() {
                *q = *q * decay + (after[k] - before[k]) * gain;
            }
        }
    }
}

/// C − I of a group of cells.
fn strain_of(model: &Model, group: usize, displacements: &[Lanes]) -> Strain {
    let grid = &model.grids[0];
    let scale = Lanes::splat((1.0 / (4.0 * grid.spacing)) as Real);
    strain(&grid.shapes[group].modes(displacements).map(|m| m * scale))
}
