//! Material points: which cell holds them, and what the displacement is there.

use nalgebra::Matrix3;

use crate::{
    lattice::{Embedding, Lattice},
    real::{Lanes, Real, from_f32},
};

/// How far outside the lattice a point may lie and still be bound, in cells.
const REACH: i32 = 2;

/// Weights of a cell's eight corners at a local coordinate in [0, 1]³.
#[inline(always)]
pub fn weights(local: [f32; 3]) -> [Real; 8] {
    #[allow(clippy::unnecessary_cast)]
    let [x, y, z] = local.map(|v| v as Real);
    std::array::from_fn(|c| {
        (if c & 1 == 1 { x } else { 1.0 - x })
            * (if c >> 1 & 1 == 1 { y } else { 1.0 - y })
            * (if c >> 2 & 1 == 1 { z } else { 1.0 - z })
    })
}

impl Lattice {
    /// Rest position of a material point [mm].
    pub fn rest_position(&self, point: &Embedding) -> [f32; 3] {
        let cell = &self.cells[point.cell as usize];
        std::array::from_fn(|axis| {
            self.origin[axis] + self.spacing * (f32::from(cell.coord[axis]) + point.local[axis])
        })
    }

    /// Displacement of a material point [mm] from nodal displacements [node_count].
    pub fn displacement(&self, displacements: &[Lanes], point: &Embedding) -> Lanes {
        let cell = &self.cells[point.cell as usize];
        let mut sum = Lanes::default();
        for (node, weight) in cell.nodes.iter().zip(weights(point.local)) {
            sum += displacements[*node as usize] * Lanes::splat(weight);
        }
        sum
    }

    /// World position of a material point [mm].
    pub fn position(&self, displacements: &[Lanes], point: &Embedding) -> Lanes {
        from_f32(self.rest_position(point)) + self.displacement(displacements, point)
    }

    /// Deformation gradient F = I + ∂u/∂X at a material point.
    pub fn deformation_gradient(
        &self,
        displacements: &[Lanes],
        point: &Embedding,
    ) -> Matrix3<Real> {
        let cell = &self.cells[point.cell as usize];
        #[allow(clippy::unnecessary_cast)]
        let local = point.local.map(|v| v as Real);
        let mut f = Matrix3::identity();
        for (c, node) in cell.nodes.iter().enumerate() {
            let u = displacements[*node as usize].to_array();
            let high = [c & 1 == 1, c >> 1 & 1 == 1, c >> 2 & 1 == 1];
            for axis in 0..3 {
                #[allow(clippy::unnecessary_cast)]
                let mut slope = 1.0 / self.spacing as Real;
                for other in 0..3 {
                    slope *= match (other == axis, high[other]) {
                        (true, true) => 1.0,
                        (true, false) => -1.0,
                        (false, true) => local[other],
                        (false, false) => 1.0 - local[other],
                    };
                }
                for row in 0..3 {
                    f[(row, axis)] += u[row] * slope;
                }
            }
        }
        f
    }
}

/// Finds the cell of a rest position. Built once for a lattice; holds (body, coordinate) → cell, sorted.
#[derive(Clone, Debug)]
pub struct LatticeIndex {
    origin: [f32; 3],
    spacing: f32,
    entries: Vec<(u16, [u16; 3], u32, u64)>,
}

impl LatticeIndex {
    /// Index the cells of a lattice.
    pub fn new(lattice: &Lattice) -> Self {
        let mut entries: Vec<_> = lattice
            .cells
            .iter()
            .enumerate()
            .map(|(i, c)| (c.body, c.coord, i as u32, c.samples))
            .collect();
        entries.sort_unstable();
        Self { origin: lattice.origin, spacing: lattice.spacing, entries }
    }

    /// Bind a rest position [mm] to the tissue of `body`.
    ///
    /// A point outside the lattice is bound to the nearest cell of the body within two cells, with a local coordinate
    /// outside [0, 1]³ that extrapolates. `None`: no cell that near, or a position that is not finite.
    pub fn embed(&self, body: u16, point: [f32; 3]) -> Option<Embedding> {
        let x = [0, 1, 2].map(|axis| (point[axis] - self.origin[axis]) / self.spacing);
        if x.iter().any(|x| !x.is_finite() || x.abs() > 1e5) {
            return None;
        }
        let home = x.map(|x| x.floor() as i32);
        let mut best: Option<(f32, u32, [u16; 3])> = None;
        for ring in 0..=REACH {
            for dz in -ring..=ring {
                for dy in -ring..=ring {
                    for dx in -ring..=ring {
                        if dx.abs().max(dy.abs()).max(dz.abs()) != ring {
                            continue;
                        }
                        let at = [home[0] + dx, home[1] + dy, home[2] + dz];
                        let Ok(coord) = to_coord(at) else { continue };
                        let Some(cell) = self.cell(body, coord, x) else { continue };
                        let distance = distance_squared(x, coord);
                        if best.is_none_or(|(d, ..)| distance < d) {
                            best = Some((distance, cell, coord));
                        }
                    }
                }
            }
            // A cell of the next ring is at least `ring` away.
            if best.is_some_and(|(d, ..)| d <= (ring * ring) as f32) {
                break;
            }
        }
        let (_, cell, coord) = best?;
        Some(Embedding { cell, local: [0, 1, 2].map(|axis| x[axis] - f32::from(coord[axis])) })
    }

    /// Cells of `body` whose coordinate lies in the box from `low` to `high`, both inclusive.
    pub fn cells_within(
        &self,
        body: u16,
        low: [u16; 3],
        high: [u16; 3],
    ) -> impl Iterator<Item = u32> {
        let from = self.entries.partition_point(|e| (e.0, e.1) < (body, [low[0], 0, 0]));
        self.entries[from..]
            .iter()
            .take_while(move |e| (e.0, e.1[0]) <= (body, high[0]))
            .filter(move |e| (1..3).all(|axis| (low[axis]..=high[axis]).contains(&e.1[axis])))
            .map(|e| e.2)
    }

    /// Cell at a coordinate; of several (two sides of a cut) the one whose samples hold `x`.
    fn cell(&self, body: u16, coord: [u16; 3], x: [f32; 3]) -> Option<u32> {
        let from = self.entries.partition_point(|e| (e.0, e.1) < (body, coord));
        let mut found = self.entries[from..].iter().take_while(|e| (e.0, e.1) == (body, coord));
        let first = found.clone().next()?.2;
        let [i, j, k] =
            [0, 1, 2].map(|axis| ((x[axis] - f32::from(coord[axis])) * 4.0).clamp(0.0, 3.0) as u32);
        Some(found.find(|e| e.3 >> (i + 4 * j + 16 * k) & 1 == 1).map_or(first, |e| e.2))
    }
}

fn to_coord(at: [i32; 3]) -> Result<[u16; 3], std::num::TryFromIntError> {
    Ok([at[0].try_into()?, at[1].try_into()?, at[2].try_into()?])
}

/// Squared distance from `x` to the cell at `coord`, in cells.
fn distance_squared(x: [f32; 3], coord: [u16; 3]) -> f32 {
    let mut sum = 0.0;
    for axis in 0..3 {
        let t = x[axis] - f32::from(coord[axis]);
        let outside = (-t).max(t - 1.0).max(0.0);
        sum += outside * outside;
    }
    sum
}
