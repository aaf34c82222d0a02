//! Labels of the source become structures, without specks.

use crate::volume::{Grid, Voxels};

/// Pieces of fewer voxels are specks, where no recipe says otherwise.
pub(super) const SPECK: usize = 12;

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
    let mut flood = Flood {
        seen: vec![false; volume.grid.len()],
        seeds: Vec::new(),
        kept: Vec::new(),
        faces: [0; 256],
        at_border: false,
    };
    let mut pieces = Vec::new();
    for start in 0..volume.grid.len() {
        if flood.seen[start] {
            continue;
        }
        let label = volume.values[start];
        let voxels = flood.fill(volume, start, smallest);
        let faces = &flood.faces;
        // Ties go to the lower number; a piece that is the whole volume keeps its label.
        let most = (0..256).max_by_key(|&l| (faces[l], std::cmp::Reverse(l))).unwrap_or(0);
        let hole = label == 0 && !flood.at_border && faces[most] > 0;
        pieces.push(Piece { label, voxels, inside: hole.then_some(most as u8) });
        if voxels < smallest && faces[most] > 0 {
            for &voxel in &flood.kept {
                volume.values[voxel] = most as u8;
            }
        }
    }
    pieces
}

/// Walks a piece row by row; what it finds of the last one stays until the next.
struct Flood {
    seen: Vec<bool>,
    seeds: Vec<usize>,
    /// The piece's first voxels: all of a speck, and little of the background, which is most of a scan.
    kept: Vec<usize>,
    /// Faces to other labels.
    faces: [u32; 256],
    at_border: bool,
}

impl Flood {
    /// Walk the piece of `start`; returns its voxels.
    fn fill(&mut self, volume: &Voxels<u8>, start: usize, keep: usize) -> usize {
        let values = &volume.values;
        let [nx, ny, nz] = volume.grid.dims;
        let label = values[start];
        let mut voxels = 0;
        self.kept.clear();
        self.faces = [0; 256];
        self.at_border = false;
        self.seeds.push(start);
        while let Some(seed) = self.seeds.pop() {
            if self.seen[seed] {
                continue;
            }
            let row = seed / nx * nx;
            let (y, z) = (row / nx % ny, row / (nx * ny));
            // A row's part is always walked whole, so an unseen voxel borders on no seen one of its part.
            let inside = |x: usize| values[row + x] == label;
            let low = (row..seed).rev().take_while(|&v| inside(v - row)).last().unwrap_or(seed);
            let high = (seed + 1..row + nx).take_while(|&v| inside(v - row)).last().unwrap_or(seed);
            self.seen[low..=high].fill(true);
            voxels += high - low + 1;
            self.kept.extend((low..=high).take(keep.saturating_sub(self.kept.len())));
            for (beside, at_end) in
                [(low.wrapping_sub(1), low == row), (high + 1, high + 1 == row + nx)]
            {
                if at_end {
                    self.at_border = true;
                } else {
                    self.faces[usize::from(values[beside])] += 1;
                }
            }
            for (there, shift) in [
                (y > 0, -(nx as isize)),
                (y + 1 < ny, nx as isize),
                (z > 0, -((nx * ny) as isize)),
                (z + 1 < nz, (nx * ny) as isize),
            ] {
                if !there {
                    self.at_border = true;
                    continue;
                }
                self.neighbouring_row(
                    values,
                    label,
                    low.wrapping_add_signed(shift),
                    high - low + 1,
                );
            }
        }
        voxels
    }

    /// Seeds and faces in the row beside a part of one.
    fn neighbouring_row(&mut self, values: &[u8], label: u8, from: usize, length: usize) {
        let mut open = false;
        for voxel in from..from + length {
            let other = values[voxel];
            if other != label {
                self.faces[usize::from(other)] += 1;
                open = false;
            } else if !open {
                // One seed for each stretch is enough.
                open = true;
                if !self.seen[voxel] {
                    self.seeds.push(voxel);
                }
            }
        }
    }
}
