//! Connected pieces of a mask, and which of them to keep.

use schemars::JsonSchema;
use serde::Deserialize;

use super::Workpiece;
use crate::volume::Grid;

/// Keep the largest connected pieces (over faces) of a label; the others become another label.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pieces {
    /// The label.
    pub label: u16,
    /// How many of the largest pieces stay; all if it is not said.
    pub keep: Option<usize>,
    /// Pieces below this go in any case [mL].
    #[serde(default)]
    pub smallest: f64,
    /// What the others become: 0 for nothing.
    #[serde(default)]
    pub others: u16,
}

impl Pieces {
    pub(super) fn faults(&self) -> Vec<(&'static str, String, &'static str)> {
        let mut faults = Vec::new();
        if self.keep == Some(0) {
            faults.push(("keep", "is 0".to_owned(), "write how many pieces are to stay"));
        }
        if self.smallest < 0.0 {
            faults.push(("smallest", format!("is {}", self.smallest), "write a volume in mL"));
        }
        faults
    }

    pub(super) fn apply(&self, work: &mut Workpiece) -> Result<(), String> {
        let mask: Vec<bool> = work.labels.values.iter().map(|&l| l == self.label).collect();
        let mut kept = mask.clone();
        keep(&work.labels.grid, &mut kept, &[], self.keep, self.smallest);
        if !kept.contains(&true) {
            return Err(format!("no piece of label {} is large enough", self.label));
        }
        for ((label, was), stays) in work.labels.values.iter_mut().zip(mask).zip(kept) {
            if was && !stays {
                *label = self.others;
            }
        }
        Ok(())
    }
}

/// Keep of a mask the `count` largest pieces of at least `smallest` mL that touch no border of the grid across `closed` axes.
pub(super) fn keep(
    grid: &Grid,
    mask: &mut [bool],
    closed: &[usize],
    count: Option<usize>,
    smallest: f64,
) {
    let least = smallest * 1000.0 / grid.voxel_volume();
    let mut pieces = Vec::new();
    let mut left = mask.to_vec();
    for start in 0..left.len() {
        if left[start] {
            let piece = flood(grid, &mut left, start);
            let at_border = piece.iter().any(|&v| {
                let p = position(grid, v);
                closed.iter().any(|&a| p[a] == 0 || p[a] + 1 == grid.dims[a])
            });
            if piece.len() as f64 >= least && !at_border {
                pieces.push(piece);
            }
        }
    }
    // Stable: of equals the first stays.
    pieces.sort_by_key(|piece| std::cmp::Reverse(piece.len()));
    pieces.truncate(count.unwrap_or(usize::MAX));
    mask.fill(false);
    for voxel in pieces.into_iter().flatten() {
        mask[voxel] = true;
    }
}

/// Voxels of the piece of `start`, taken out of `left`.
pub(super) fn flood(grid: &Grid, left: &mut [bool], start: usize) -> Vec<usize> {
    left[start] = false;
    let mut piece = vec![start];
    let mut next = 0;
    while let Some(&voxel) = piece.get(next) {
        next += 1;
        for beside in crate::twin::clean::neighbours(grid, voxel) {
            if left[beside] {
                left[beside] = false;
                piece.push(beside);
            }
        }
    }
    piece
}

/// Which voxel along x, y, z.
pub(super) fn position(grid: &Grid, index: usize) -> [usize; 3] {
    let [nx, ny, _] = grid.dims;
    [index % nx, index / nx % ny, index / (nx * ny)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::volume::Voxels;

    fn row(values: &[u16]) -> Workpiece {
        let grid = Grid { dims: [values.len(), 1, 1], origin: [0.0; 3], spacing: [10.0; 3] };
        Workpiece { labels: Voxels { grid, values: values.to_vec() }, scan: None }
    }

    #[test]
    fn the_largest_pieces_stay_and_others_are_renamed() {
        let mut work = row(&[4, 4, 0, 4, 0, 4, 4, 4, 2]);
        Pieces { label: 4, keep: Some(2), smallest: 0.0, others: 9 }.apply(&mut work).unwrap();
        assert_eq!(work.labels.values, [4, 4, 0, 9, 0, 4, 4, 4, 2]);
        // A voxel has 1 mL.
        Pieces { label: 4, keep: None, smallest: 2.5, others: 0 }.apply(&mut work).unwrap();
        assert_eq!(work.labels.values, [0, 0, 0, 9, 0, 4, 4, 4, 2]);
        let error = Pieces { label: 4, keep: None, smallest: 9.0, others: 0 }.apply(&mut work);
        assert!(error.unwrap_err().contains("label 4"));
    }

    #[test]
    fn what_touches_a_closed_border_goes() {
        let grid = Grid { dims: [5, 1, 1], origin: [0.0; 3], spacing: [1.0; 3] };
        let mut mask = [true, false, true, true, false];
        keep(&grid, &mut mask, &[0], None, 0.0);
        assert_eq!(mask, [false, false, true, true, false]);
    }
}
