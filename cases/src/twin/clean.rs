//! Labels of the source become structures, without specks.

use std::collections::VecDeque;

use crate::volume::{Grid, Voxels};

/// Six face neighbours of a voxel inside the grid.
pub(super) fn neighbours(grid: &Grid, index: usize) -> impl Iterator<Item = usize> + use<> {
    let [nx, ny, nz] = grid.dims;
    let (x, y, z) = (index % nx, index / nx % ny, index / (nx * ny));
    [
        (x > 0).then(|| index - 1),
        (x + 1 < nx).then_some(index + 1),
        (y > 0).then(|| index - nx),
        (y + 1 < ny).then_some(index + nx),
        (z > 0).then(|| index - nx * ny),
        (z + 1 < nz).then_some(index + nx * ny),
    ]
    .into_iter()
    .flatten()
}

/// A connected piece of one label, as it was before cleaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    /// Structure number, 0 for what is none.
    pub(super) label: u8,
    /// Its voxels.
    pub(super) voxels: usize,
    /// For a hole: the structure that most of its faces touch.
    pub(super) inside: Option<u8>,
}

/// Give every connected piece (over faces) of fewer than `smallest` voxels, background too, to the label that most of its
/// faces touch. Values are structure numbers, 0 for none. Returns the pieces that were found.
pub(super) fn remove_specks(volume: &mut Voxels<u8>, smallest: usize) -> Vec<Piece> {
    let grid = volume.grid;
    let mut seen = vec![false; grid.len()];
    // A piece is walked from its rim outwards and only its first voxels are kept: the background of a scan is most of it.
    let mut rim = VecDeque::new();
    let mut kept: Vec<usize> = Vec::new();
    let mut pieces = Vec::new();
    for start in 0..grid.len() {
        if seen[start] {
            continue;
        }
        let label = volume.values[start];
        let (mut voxels, mut at_border) = (0, false);
        let mut faces = [0_u32; 256];
        kept.clear();
        rim.push_back(start);
        seen[start] = true;
        while let Some(voxel) = rim.pop_front() {
            voxels += 1;
            if kept.len() < smallest {
                kept.push(voxel);
            }
            let mut neighbour_count = 0;
            for next in neighbours(&grid, voxel) {
                neighbour_count += 1;
                let other = volume.values[next];
                if other != label {
                    faces[usize::from(other)] += 1;
                } else if !seen[next] {
                    seen[next] = true;
                    rim.push_back(next);
                }
            }
            at_border |= neighbour_count < 6;
        }
        // Ties go to the lower number; a piece that is the whole volume keeps its label.
        let most = (0..256).max_by_key(|&l| (faces[l], std::cmp::Reverse(l))).unwrap_or(0);
        let hole = label == 0 && !at_border && faces[most] > 0;
        pieces.push(Piece { label, voxels, inside: hole.then_some(most as u8) });
        if voxels < smallest && faces[most] > 0 {
            for &voxel in &kept {
                volume.values[voxel] = most as u8;
            }
        }
    }
    pieces
}
