//! Simple bodies, for tests and measurements: what an analytic solution or a bench needs, built by sampling.

use std::collections::BTreeMap;

use super::{DISTANCE_UNIT, Obstacle};
use crate::lattice::{Cell, Lattice};

impl Lattice {
    /// The cells of a box of coordinates whose 4³ samples meet `inside` (rest position, mm), as one body of material 0.
    ///
    /// `origin` [mm] is the corner of coordinate (0, 0, 0), `spacing` [mm] the edge of a cell, `counts` how many cells to
    /// try along each axis (at most 65,534).
    pub fn sampled(
        origin: [f32; 3],
        spacing: f32,
        counts: [u16; 3],
        inside: impl Fn([f32; 3]) -> bool,
    ) -> Self {
        let mut lattice = Self { origin, spacing, ..Self::default() };
        let mut nodes = BTreeMap::new();
        for z in 0..counts[2] {
            for y in 0..counts[1] {
                for x in 0..counts[0] {
                    let coord = [x, y, z];
                    let mut samples = 0_u64;
                    for s in 0..64 {
                        let place = [s & 3, s >> 2 & 3, s >> 4];
                        let point = std::array::from_fn(|axis| {
                            let local = (place[axis] as f32 + 0.5) / 4.0;
                            origin[axis] + spacing * (f32::from(coord[axis]) + local)
                        });
                        samples |= u64::from(inside(point)) << s;
                    }
                    if samples == 0 {
                        continue;
                    }
                    let corners = std::array::from_fn(|c| {
                        let corner =
                            [x + (c & 1) as u16, y + (c >> 1 & 1) as u16, z + (c >> 2) as u16];
                        *nodes.entry(corner).or_insert_with(|| {
                            lattice.nodes.push(corner);
                            lattice.nodes.len() as u32 - 1
                        })
                    });
                    lattice.cells.push(Cell {
                        coord,
                        nodes: corners,
                        body: 0,
                        material: 0,
                        samples,
                    });
                }
            }
        }
        lattice
    }

    /// Add the cells of another lattice of the same origin and spacing as a further body.
    pub fn with_body(mut self, other: &Self) -> Self {
        let first = self.nodes.len() as u32;
        let body = self.cells.iter().map(|c| c.body + 1).max().unwrap_or(0);
        self.nodes.extend(&other.nodes);
        let moved = |c: &Cell| Cell { nodes: c.nodes.map(|n| n + first), body, ..*c };
        self.cells.extend(other.cells.iter().map(moved));
        self
    }

    /// [`crate::scene::Scene::distances`] from the signed distance [mm] of each body at a rest position [mm].
    pub fn distances(&self, of: impl Fn(u16, [f32; 3]) -> f32) -> Vec<i16> {
        let mut distances = vec![0; self.nodes.len()];
        for cell in &self.cells {
            for node in cell.nodes {
                let coord = self.nodes[node as usize];
                let at = [0, 1, 2].map(|a| self.origin[a] + self.spacing * f32::from(coord[a]));
                let units = of(cell.body, at) / (self.spacing * DISTANCE_UNIT);
                // Saturates; `+ ½` and floor round the same everywhere.
                distances[node as usize] = (units + 0.5).floor() as i16;
            }
        }
        distances
    }

    /// A bar of whole cells from the origin, `counts` cells of edge `spacing` [mm].
    pub fn bar(counts: [u16; 3], spacing: f32) -> Self {
        Self::sampled([0.0; 3], spacing, counts, |_| true)
    }

    /// A ball of `radius` [mm] about the origin of space.
    pub fn ball(radius: f32, spacing: f32) -> Self {
        Self::shell(0.0, radius, spacing)
    }

    /// A spherical shell between two radii [mm] about the origin of space.
    pub fn shell(inner: f32, outer: f32, spacing: f32) -> Self {
        let half = (outer / spacing).ceil() as u16;
        let origin = [-f32::from(half) * spacing; 3];
        Self::sampled(origin, spacing, [2 * half; 3], |p| {
            let squared: f32 = p.iter().map(|x| x * x).sum();
            inner * inner <= squared && squared <= outer * outer
        })
    }
}

impl Obstacle {
    /// The grid of `dims` points from `origin`, `spacing` [mm] apart, with the signed distance [mm] at a place [mm].
    pub fn sampled(
        origin: [f32; 3],
        spacing: f32,
        dims: [u16; 3],
        of: impl Fn([f32; 3]) -> f32,
    ) -> Self {
        let mut distances = Vec::with_capacity(dims.map(usize::from).iter().product());
        for z in 0..dims[2] {
            for y in 0..dims[1] {
                for x in 0..dims[0] {
                    let coord = [x, y, z];
                    let at = [0, 1, 2].map(|a| origin[a] + spacing * f32::from(coord[a]));
                    // Saturates.
                    distances.push((of(at) / (spacing * Self::UNIT) + 0.5).floor() as i8);
                }
            }
        }
        Self { origin, spacing, dims, distances }
    }
}
