//! Pressure on deformed surfaces: the load follows the tissue.
//!
//! A triangle with corners x, y, z under pressure P takes −P (y − x) × (z − x) / 2, outward normal, a third at each corner; the
//! surface's vertices pass it to the nodes of their cells. Such a load has no energy unless the surface is closed or its edge is
//! held, so within a Newton iteration it is kept constant but for its work on the way, taken by the trapezoidal rule, and its
//! stiffness; between iterations it is brought up to date: at the solution it balances.

use crate::{
    model::{EmbeddedPoint, Model},
    real::{Lanes, Real, cross},
};

/// Pressures of a step and what they do to the nodes: scratch.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pressures {
    /// Surface and pressure [kPa] where it is not zero.
    acting: Vec<(u32, Real)>,
    /// Force on each node [mN]; empty if nothing acts.
    forces: Vec<Lanes>,
    /// The forces before the last [`Pressures::follow`].
    before: Vec<Lanes>,
    /// Deformed vertices of the acting surfaces, one after the other [mm].
    positions: Vec<Lanes>,
}

impl Pressures {
    /// With room for every surface of the model.
    pub fn new(model: &Model) -> Self {
        if model.surfaces.is_empty() {
            return Self::default();
        }
        // A clone of an empty vector has no room.
        let nodes = || Vec::with_capacity(model.node_count());
        let points = model.surfaces.iter().map(|s| s.points.len()).sum();
        Self {
            acting: Vec::with_capacity(model.surfaces.len()),
            forces: nodes(),
            before: nodes(),
            positions: Vec::with_capacity(points),
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
        let nodes = if self.acting.is_empty() { 0 } else { model.node_count() };
        self.forces.resize(nodes, Lanes::default());
        self.before.resize(nodes, Lanes::default());
    }

    /// Surface and pressure [kPa] where it is not zero.
    #[cfg(feature = "gpu")]
    pub fn acting(&self) -> &[(u32, Real)] {
        &self.acting
    }

    /// Force on each node [mN]; empty if nothing acts.
    pub fn forces(&self) -> &[Lanes] {
        &self.forces
    }

    /// The forces before they last followed [mN].
    pub fn forces_before(&self) -> &[Lanes] {
        &self.before
    }

    /// Bring the forces in line with the displacements.
    pub fn follow(&mut self, model: &Model, displacements: &[Lanes]) {
        std::mem::swap(&mut self.forces, &mut self.before);
        self.forces.fill(Lanes::default());
        self.positions.clear();
        for (surface, pressure) in &self.acting {
            let surface = &model.surfaces[*surface as usize];
            let first = self.positions.len();
            let deformed = surface.points.iter().map(|p| p.rest + p.read(displacements));
            self.positions.extend(deformed);
            let x = &self.positions[first..];
            let scale = Lanes::splat(-*pressure / 6.0);
            for [i, j, k] in surface.triangles.iter().map(|t| t.map(|v| v as usize)) {
                let force = cross(x[j] - x[i], x[k] - x[i]) * scale;
                for corner in [i, j, k] {
                    surface.points[corner].spread(force, &mut self.forces);
                }
            }
        }
    }

    /// out −= (stiffness of the loads where they last followed to) · v: minus the change of the forces.
    pub fn subtract_product(&self, model: &Model, v: &[Lanes], out: &mut [Lanes]) {
        let mut first = 0;
        for (surface, pressure) in &self.acting {
            let surface = &model.surfaces[*surface as usize];
            let x = &self.positions[first..first + surface.points.len()];
            first += surface.points.len();
            let scale = Lanes::splat(-*pressure / 6.0);
            for corners in &surface.triangles {
                let [i, j, k] = corners.map(|c| c as usize);
                let [a, b, c] = [i, j, k].map(|c| surface.points[c].read(v));
                let change = cross(b - a, x[k] - x[i]) + cross(x[j] - x[i], c - a);
                for corner in [i, j, k] {
                    surface.points[corner].spread(change * scale, out);
                }
            }
        }
    }
}

impl EmbeddedPoint {
    /// Interpolate a nodal field.
    pub(crate) fn read(&self, v: &[Lanes]) -> Lanes {
        let mut sum = Lanes::default();
        for (node, weight) in self.nodes.iter().zip(self.weights) {
            sum += v[*node as usize] * Lanes::splat(weight);
        }
        sum
    }

    /// Transpose of [`EmbeddedPoint::read`].
    fn spread(&self, force: Lanes, out: &mut [Lanes]) {
        for (node, weight) in self.nodes.iter().zip(self.weights) {
            out[*node as usize] += force * Lanes::splat(weight);
        }
    }
}
