//! The energy of a step, with its gradient and tangents, and what the tissue holds.

use super::{Newton, Phase, ROUNDING};
use crate::{
    material::{Strain, respond},
    model::Model,
    multigrid::Level,
    real::{LANES, Lanes, Real, dot, from_f32, length_squared},
};

/// Energy [mN mm], and the sum of the magnitudes that it was summed from: its rounding error is relative to that.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Energy {
    pub value: f64,
    pub magnitude: f64,
}

impl Energy {
    /// Did a step from `before`, along which the energy fell by `slope` at first, gain the half of it, to within a part?
    pub fn agrees(&self, before: &Self, slope: f64, part: f64) -> bool {
        let promised = 0.5 * slope;
        let slack = ROUNDING * (self.magnitude + before.magnitude);
        part > 0.0 && (self.value - before.value - promised).abs() <= part * promised.abs() + slack
    }
}

/// What the tissue holds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Inventory {
    /// Elastic energy [µJ].
    pub energy: f64,
    /// Volume over that at rest, less one.
    pub volume_error: f64,
    /// Mean dilatation of the most squeezed and the most swollen cell.
    pub dilatation: [f64; 2],
}

impl Newton {
    /// Energy at `u`; leaves the gradient and the finest level's tangents behind.
    pub fn evaluate(&mut self, model: &Model, u: &[Lanes], phase: Phase) -> Energy {
        self.evaluate_with::<true>(model, u, phase)
    }

    /// The same; tangents, half of what it writes, only where they are wanted.
    pub(super) fn evaluate_with<const TANGENTS: bool>(
        &mut self,
        model: &Model,
        u: &[Lanes],
        phase: Phase,
    ) -> Energy {
        let start = (self.clock)();
        let grid = &model.grids[0];
        let gravity = from_f32(model.gravity);
        let (mut inertial, mut weight) = (0.0_f64, 0.0_f64);
        let mut weight_magnitude = 0.0_f64;
        for (((g, u), target), mass) in
            self.gradient.iter_mut().zip(u).zip(&self.inertial).zip(&grid.masses)
        {
            let (k, m) = (Lanes::splat(*mass * phase.inertia), Lanes::splat(*mass));
            let away = *u - *target;
            *g = away * k - gravity * m;
            inertial += f64::from(*mass * phase.inertia * length_squared(away));
            let w = (gravity * *u).to_array();
            let w = f64::from((w[0] + w[1] + w[2]) * *mass);
            weight += w;
            weight_magnitude += w.abs();
        }
        let mut value = 0.5 * inertial - weight;
        let mut magnitude = 0.5 * inertial + weight_magnitude;

        let scale = mode_scale(grid.spacing);
        let square = scale * scale;
        let Level { tangents, surrogates, .. } = &mut self.multigrid.levels[0];
        let tangents = tangents.iter_mut().zip(surrogates.iter_mut());
        let viscous = self.viscosity.targets.iter().zip(&self.viscosity.ratios);
        for ((shape, tissue), ((tangent, surrogate), (relaxed, viscosity))) in
            grid.shapes.iter().zip(&model.tissue).zip(tangents.zip(viscous))
        {
            let modes = shape.modes(u).map(|m| m * scale);
            let response = respond(tissue, &shape.moments, &modes, relaxed, *viscosity);
            let energy = (response.energy * tissue.volume).to_array();
            let sum = energy.map(f64::from);
            let sum = (sum[0] + sum[1]) + (sum[2] + sum[3]);
            value += sum;
            magnitude += sum.abs();
            let weight = tissue.volume * scale;
            let forces = shape.corner_forces(response.force.map(|f| f * weight));
            shape.scatter(&forces, &mut self.gradient);
            if TANGENTS {
                *tangent = response.tangent.scaled(tissue.volume * square);
                *surrogate = response.surrogate.scaled(tissue.volume * square);
            }
        }
        if !model.strain_points.is_empty() {
            let (energy, sum) = self.strain.evaluate(
                &model.strain_points,
                grid,
                u,
                self.activation,
                &mut self.gradient,
                surrogates,
            );
            value += energy;
            magnitude += sum;
        }
        for spring in self.multigrid.levels[0].springs.iter().chain(&self.loads) {
            let away = spring.read(u) - spring.goal;
            let force = away * spring.stiffness;
            let sum = (away * (force * Lanes::splat(0.5) + spring.multiplier)).to_array();
            let sum = f64::from(sum[0] + sum[1] + sum[2]);
            value += sum;
            magnitude += sum.abs();
            spring.spread(force + spring.multiplier, &mut self.gradient);
        }
        for (touch, link) in self.touches.iter().zip(&mut self.multigrid.levels[0].links) {
            let response = touch.respond(link.normal, link.read(u));
            link.stiffness = response.stiffness;
            value += f64::from(response.energy);
            magnitude += f64::from(response.energy);
            if response.energy > 0.0 {
                link.spread(response.gradient, &mut self.gradient);
            }
        }
        let forces = self.pressures.forces();
        if !forces.is_empty() {
            let work = dot(forces, u);
            value -= work;
            magnitude += work.abs();
            for (g, f) in self.gradient.iter_mut().zip(forces) {
                *g -= *f;
            }
        }
        self.stages.forces += ((self.clock)() - start) as f32;
        Energy { value, magnitude }
    }

    /// Elastic energy and volume at `u`; leaves nothing behind that a step would miss.
    pub fn inventory(&mut self, model: &Model, u: &[Lanes]) -> Inventory {
        let grid = &model.grids[0];
        let scale = mode_scale(grid.spacing);
        let (mut energy, mut volume, mut rest) = (0.0_f64, 0.0_f64, 0.0_f64);
        let mut range = [f64::INFINITY, f64::NEG_INFINITY];
        let none = Strain::default();
        for (shape, tissue) in grid.shapes.iter().zip(&model.tissue) {
            let modes = shape.modes(u).map(|m| m * scale);
            let response = respond(tissue, &shape.moments, &modes, &none, Lanes::default());
            // V′ = λ′ (J̄ − 1) − rest.
            let slope = response.tangent.geometric + tissue.rest;
            let (slope, lambda) = (slope.to_array(), tissue.lambda.to_array());
            let (density, cell) = (response.energy.to_array(), tissue.volume.to_array());
            for lane in (0..LANES).filter(|lane| cell[*lane] > 0.0) {
                let j = 1.0 + f64::from(slope[lane]) / f64::from(lambda[lane]);
                energy += f64::from(density[lane]) * f64::from(cell[lane]);
                volume += j * f64::from(cell[lane]);
                rest += f64::from(cell[lane]);
                range = [range[0].min(j), range[1].max(j)];
            }
        }
        if !model.strain_points.is_empty() {
            self.product.fill(Lanes::default());
            let surrogates = &mut self.multigrid.levels[0].surrogates;
            let (gradient, activation) = (&mut self.product, self.activation);
            let points = &model.strain_points;
            energy += self.strain.evaluate(points, grid, u, activation, gradient, surrogates).0;
        }
        Inventory { energy, volume_error: volume / rest - 1.0, dilatation: range }
    }

    /// Size of what acts from outside [mN]: weight, multipliers, loads and pressures.
    pub fn force_scale(&self, model: &Model) -> f64 {
        let g = f64::from(length_squared(from_f32(model.gravity)));
        let mut sum: f64 =
            model.grids[0].masses.iter().map(|m| f64::from(*m) * f64::from(*m) * g).sum();
        for spring in self.multigrid.levels[0].springs.iter().chain(&self.loads) {
            sum += f64::from(length_squared(spring.multiplier));
        }
        let pressures = self.pressures.forces();
        (sum + dot(pressures, pressures)).sqrt()
    }
}

/// From sums over corners to gradient units.
fn mode_scale(spacing: f64) -> Lanes {
    Lanes::splat((1.0 / (4.0 * spacing)) as Real)
}
