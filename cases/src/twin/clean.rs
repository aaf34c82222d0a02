//! Labels of the source become structures, without specks.

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

/// Give every connected piece (over faces) of fewer than `smallest` voxels, background too, to the label that most of its
/// faces touch. Values are structure numbers, 0 for none.
pub(super) fn remove_specks(volume: &mut Voxels<u8>, smallest: usize) {
    let grid = volume.grid;
    let mut seen = vec![false; grid.len()];
    let mut piece = Vec::new();
    for start in 0..grid.len() {
        if seen[start] {
            continue;
        }
        let label = volume.values[start];
        piece.clear();
        piece.push(start);
        seen[start] = true;
        let mut head = 0;
        while let Some(&voxel) = piece.get(head) {
            head += 1;
            for next in neighbours(&grid, voxel) {
                if !seen[next] && volume.values[next] == label {
                    seen[next] = true;
                    piece.push(next);
                }
            }
        }
        if piece.len() >= smallest {
            continue;
        }
        let mut faces = [0_u32; 256];
        for &voxel in &piece {
            for next in neighbours(&grid, voxel) {
                if volume.values[next] != label {
                    faces[usize::from(volume.values[next])] += 1;
                }
            }
        }
        // Ties go to the lower number; a piece that is the whole volume keeps its label.
        let most = (0..256).max_by_key(|&l| (faces[l], std::cmp::Reverse(l))).unwrap_or(0);
        if faces[most] > 0 {
            for &voxel in &piece {
                volume.values[voxel] = most as u8;
            }
        }
    }
}
