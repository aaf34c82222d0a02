//! Pressure on deformed surfaces: the load follows the tissue.
//!
//! A triangle with corners x, y, z under pressure P takes −P (y − x) × (z − x) / 2, outward normal, a third at each corner; the
//! surface's vertices pass it to the nodes of their cells. Such a load has no energy unless the surface is closed, so it is kept
//! constant within a Newton iteration and brought up to date between them: at the solution it balances.

use crate::{
    model::Model,
    real::{Lanes, Real, cross},
};

/// Pressures of a step and what they do to the nodes: scratch.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pressures {
    /// Surface and pressure [kPa] where it is not zero.
    acting: Vec<(u32, Real)>,
    /// Force on each node [mN]; empty if nothing acts.
    forces: Vec<Lanes>,
    positions: Vec<Lanes>,
    point_forces: Vec<Lanes>,
}

impl Pressures {
    /// With room for every surface of the model.
    pub fn new(model: &Model) -> Self {
        if model.surfaces.is_empty() {
            return Self::default();
        }
        let most = model.surfaces.iter().map(|s| s.points.len()).max().unwrap_or(0);
        Self {
            acting: Vec::with_capacity(model.surfaces.len()),
            forces: Vec::with_capacity(model.node_count()),
            positions: Vec::with_capacity(most),
            point_forces: Vec::with_capacity(most),
        }
    }

    /// Take a step's pressures [kPa], one for each surface; those that are zero, not finite or of no surface do not act.
    pub fn set(&mut self, model: &Model, pressures: &[f32]) {
        self.acting.clear();
        for (i, pressure) in pressures.iter().enumerate().take(model.surfaces.len()) {
            if *pressure != 0.0 && pressure.is_finite() {
                #[allow(clippy::unnecessary_cast)]
                self.acting.push((i as u32, *pressure as Real));
            }
        }
        self.forces.clear();
        if !self.acting.is_empty() {
            self.forces.resize(model.node_count(), Lanes::default());
        }
    }

    /// Force on each node [mN]; empty if nothing acts.
    pub fn forces(&self) -> &[Lanes] {
        &self.forces
    }

    /// Bring the forces in line with the displacements.
    pub fn follow(&mut self, model: &Model, displacements: &[Lanes]) {
        self.forces.fill(Lanes::default());
        for (surface, pressure) in &self.acting {
            let surface = &model.surfaces[*surface as usize];
            self.positions.clear();
            self.positions.extend(surface.points.iter().map(|point| {
                let mut x = point.rest;
                for (node, weight) in point.nodes.iter().zip(point.weights) {
                    x += displacements[*node as usize] * Lanes::splat(weight);
                }
                x
            }));
            self.point_forces.clear();
            self.point_forces.resize(surface.points.len(), Lanes::default());
            let scale = Lanes::splat(-*pressure / 6.0);
            for [i, j, k] in surface.triangles.iter().map(|t| t.map(|v| v as usize)) {
                let x = self.positions[i];
                let force = cross(self.positions[j] - x, self.positions[k] - x) * scale;
                for corner in [i, j, k] {
                    self.point_forces[corner] += force;
                }
            }
            for (point, force) in surface.points.iter().zip(&self.point_forces) {
                for (node, weight) in point.nodes.iter().zip(point.weights) {
                    self.forces[*node as usize] += *force * Lanes::splat(weight);
                }
            }
        }
    }
}
