//! Where a point of a surface sits in the lattice.

use std::collections::HashMap;

use solver_wasm::lattice::{Embedding, Lattice};

/// Finds the cell of points.
#[derive(Clone, Debug)]
pub struct Embedder<'a> {
    lattice: &'a Lattice,
    /// First cell of each (coordinate, body), and the next cell at the same place for each cell.
    first: HashMap<([u16; 3], u16), u32>,
    next: Vec<u32>,
}

impl<'a> Embedder<'a> {
    /// Index the cells of a lattice.
    pub fn new(lattice: &'a Lattice) -> Self {
        let mut first = HashMap::with_capacity(lattice.cells.len());
        let mut next = vec![u32::MAX; lattice.cells.len()];
        for (i, cell) in lattice.cells.iter().enumerate().rev() {
            if let Some(after) = first.insert((cell.coord, cell.body), i as u32) {
                next[i] = after;
            }
        }
        Self { lattice, first, next }
    }

    /// The cell of `body` that holds rest position `point` [mm]; of several copies at one place, the one with a sample nearest
    /// the point. None outside the body's cells.
    pub fn embed(&self, point: [f32; 3], body: u16) -> Option<Embedding> {
        let place: [f32; 3] =
            std::array::from_fn(|a| (point[a] - self.lattice.origin[a]) / self.lattice.spacing);
        if !place.iter().all(|c| (-0.01..65535.0).contains(c)) {
            return None;
        }
        let coord = place.map(|c| c.max(0.0) as u16);
        let local: [f32; 3] = std::array::from_fn(|a| place[a] - f32::from(coord[a]));
        let mut best = *self.first.get(&(coord, body))?;
        let mut other = self.next[best as usize];
        if other != u32::MAX {
            let mut distance = self.distance(best, local);
            while other != u32::MAX {
                let d = self.distance(other, local);
                if d < distance {
                    (best, distance) = (other, d);
                }
                other = self.next[other as usize];
            }
        }
        Some(Embedding { cell: best, local })
    }

    /// Squared distance to the nearest sample of a cell, in cells.
    fn distance(&self, cell: u32, local: [f32; 3]) -> f32 {
        let samples = self.lattice.cells[cell as usize].samples;
        (0..64)
            .filter(|bit| samples >> bit & 1 == 1)
            .map(|bit| {
                (0..3)
                    .map(|a| ((bit >> (2 * a) & 3) as f32 + 0.5) / 4.0 - local[a])
                    .map(|d| d * d)
                    .sum::<f32>()
            })
            .fold(f32::INFINITY, f32::min)
    }
}
