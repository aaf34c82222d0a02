//! From structures to cells of tissue.
//!
//! A cell is split into one copy for each connected part of its samples, and copies share nodes only where their samples touch
//! over the face between them [Molino et al. 2004]: two lobes that lie close in one cell move apart freely.

use std::collections::BTreeMap;

use solver_wasm::lattice::{Cell, Lattice};

use super::extract::UnionFind;
use crate::volume::Voxels;

/// Tissue of one structure.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tissue {
    /// Soft body.
    pub(super) body: u16,
    /// Index into the scene's materials.
    pub(super) material: u16,
    /// What one sample counts when the tissues of a cell compete for its mechanics.
    pub(super) weight: u32,
}

/// What a sample of a sheet counts: a sheet thinner than a cell decides a cell from a fifth of it on.
pub(super) const SHEET: u32 = 4;

/// Parts of a cell smaller than this (samples of 64) go with the largest part.
const SMALLEST_PART: u32 = 3;

/// Samples of one body in a cell.
#[derive(Clone)]
struct Filling {
    samples: u64,
    /// Structure number of each sample, 0 for one that only stands for a vertex.
    labels: [u8; 64],
    /// Weight of the samples of each material.
    materials: BTreeMap<u16, u32>,
}

impl Default for Filling {
    fn default() -> Self {
        Self { samples: 0, labels: [0; 64], materials: BTreeMap::new() }
    }
}

/// A lattice with its tissue.
#[derive(Default)]
pub(super) struct Filled {
    pub(super) lattice: Lattice,
    /// Structure number of each sample of each cell, as in the scene.
    pub(super) labels: Vec<u8>,
    /// Grid point of the owners that the lattice's first sample lies on.
    first: [i32; 3],
}

impl Filled {
    /// Dual cells as the surface nets of the owners name them, from the lattice's first sample on.
    pub(super) fn count_from_lattice(&self, dual_cells: &mut [[u16; 3]]) {
        for cell in dual_cells {
            *cell = std::array::from_fn(|a| (i32::from(cell[a]) - 1 - self.first[a]) as u16);
        }
    }
}

/// Cells of four grid points to an edge for every soft structure: `tissues[s]` is that of structure number s + 1, none if rigid. The
/// points are the cells' samples. Every one of `vertices` (structure number, position) lies in a cell of its body.
pub(super) fn lattice(
    owners: &Voxels<u8>,
    tissues: &[Option<Tissue>],
    vertices: impl Iterator<Item = (u8, [f32; 3])> + Clone,
) -> Filled {
    let grid = &owners.grid;
    let spacing = 4.0 * grid.spacing[0];
    let tissue = |structure: u8| -> Option<Tissue> {
        tissues.get(usize::from(structure).checked_sub(1)?).copied().flatten()
    };
    let soft = vertices.filter_map(|(s, p)| Some((tissue(s)?, p)));
    let (mut low, mut high) = ([f64::INFINITY; 3], [f64::NEG_INFINITY; 3]);
    for (_, p) in soft.clone() {
        for a in 0..3 {
            low[a] = low[a].min(f64::from(p[a]));
            high[a] = high[a].max(f64::from(p[a]));
        }
    }
    if low[0] > high[0] {
        let lattice = Lattice { spacing: spacing as f32, ..Lattice::default() };
        return Filled { lattice, ..Filled::default() };
    }
    // Samples that a vertex or a soft structure lies in, and one more at the low end: dual cells are named by their lowest sample.
    let sample_of = |p: f64, a: usize| ((p - grid.low()[a]) / grid.spacing[a]).floor() as i32;
    let mut first: [i32; 3] = std::array::from_fn(|a| sample_of(low[a], a));
    let mut last: [i32; 3] = std::array::from_fn(|a| sample_of(high[a], a));
    let [nx, ny, _] = grid.dims;
    for (row, values) in owners.values.chunks_exact(nx).enumerate() {
        let is_soft = |owner: &u8| tissue(*owner).is_some();
        let ends = values.iter().position(is_soft).zip(values.iter().rposition(is_soft));
        let Some((from, to)) = ends else { continue };
        for (a, ends) in [[from, to], [row % ny; 2], [row / ny; 2]].into_iter().enumerate() {
            first[a] = first[a].min(ends[0] as i32);
            last[a] = last[a].max(ends[1] as i32);
        }
    }
    first = first.map(|c| c - 1);
    // Rounded to f32 once: from here on the lattice's own f32 origin counts.
    let origin: [f32; 3] =
        std::array::from_fn(|a| (grid.low()[a] + grid.spacing[a] * f64::from(first[a])) as f32);
    let dims: [u16; 3] = std::array::from_fn(|a| ((last[a] - first[a] + 4) / 4) as u16);
    let mut bodies: BTreeMap<u16, BTreeMap<[u16; 3], Filling>> = BTreeMap::new();
    for z in 0..4 * dims[2] {
        for y in 0..4 * dims[1] {
            for x in 0..4 * dims[0] {
                let s = [x, y, z];
                let point: [usize; 3] =
                    std::array::from_fn(|a| (i32::from(s[a]) + first[a]) as usize);
                if (0..3).any(|a| point[a] >= grid.dims[a]) {
                    continue;
                }
                let owner = owners.values[grid.index(point)];
                let Some(tissue) = tissue(owner) else { continue };
                fill(&mut bodies, tissue, owner, s.map(|c| c / 4), s.map(|c| c % 4));
            }
        }
    }
    for (tissue, p) in soft {
        let local: [f64; 3] =
            std::array::from_fn(|a| ((f64::from(p[a]) - f64::from(origin[a])) / spacing).max(0.0));
        let coord = local.map(|c| c as u16);
        let there = bodies.get(&tissue.body).is_some_and(|cells| cells.contains_key(&coord));
        if !there {
            // Grazed by the surface between samples: the sample nearest the vertex stands for it.
            let sample =
                std::array::from_fn(|a| ((4.0 * (local[a] - f64::from(coord[a]))) as u16).min(3));
            fill(&mut bodies, tissue, 0, coord, sample);
        }
    }
    let lattice = Lattice { origin, spacing: spacing as f32, ..Lattice::default() };
    let mut filled = Filled { lattice, labels: Vec::new(), first };
    for (&body, cells) in &bodies {
        append(&mut filled, body, cells);
    }
    filled
}

fn fill(
    bodies: &mut BTreeMap<u16, BTreeMap<[u16; 3], Filling>>,
    tissue: Tissue,
    owner: u8,
    coord: [u16; 3],
    sample: [u16; 3],
) {
    let filling = bodies.entry(tissue.body).or_default().entry(coord).or_default();
    let sample = sample[0] + 4 * sample[1] + 16 * sample[2];
    filling.samples |= 1 << sample;
    filling.labels[usize::from(sample)] = owner;
    *filling.materials.entry(tissue.material).or_default() += tissue.weight;
}

/// Masks of the samples at the low end of each axis.
const LOW_FACE: [u64; 3] = [0x1111_1111_1111_1111, 0x000f_000f_000f_000f, 0x0000_0000_0000_ffff];

/// Grow a set of samples by one over faces.
fn grow(set: u64) -> u64 {
    let mut grown = set;
    for (axis, low) in LOW_FACE.into_iter().enumerate() {
        let shift = 1 << (2 * axis);
        let high = low << (3 * shift);
        grown |= (set & !high) << shift | (set & !low) >> shift;
    }
    grown
}

/// Connected parts of a set of samples, largest first; small ones go with the largest.
fn parts(mut samples: u64) -> Vec<u64> {
    let mut parts = Vec::new();
    while samples != 0 {
        let mut part = samples & samples.wrapping_neg();
        loop {
            let next = grow(part) & samples;
            if next == part {
                break;
            }
            part = next;
        }
        samples &= !part;
        parts.push(part);
    }
    parts.sort_by_key(|p| (std::cmp::Reverse(p.count_ones()), *p));
    while parts.len() > 1 && parts[parts.len() - 1].count_ones() < SMALLEST_PART {
        let small = parts.pop().unwrap_or(0);
        parts[0] |= small;
    }
    parts
}

/// Add the cells and nodes of one body.
fn append(
    Filled { lattice, labels, .. }: &mut Filled,
    body: u16,
    cells: &BTreeMap<[u16; 3], Filling>,
) {
    // Copies in the order of z, y, x: the order in which the pack numbers nodes.
    let mut order: Vec<(&[u16; 3], &Filling)> = cells.iter().collect();
    order.sort_by_key(|(c, _)| (c[2], c[1], c[0]));
    let mut copies: Vec<Cell> = Vec::new();
    let mut at: BTreeMap<[u16; 3], std::ops::Range<usize>> = BTreeMap::new();
    for (&coord, filling) in order {
        // Ties between materials go to the lower number.
        let material = filling.materials.iter().max_by_key(|(m, n)| (**n, std::cmp::Reverse(**m)));
        let first = copies.len();
        for samples in parts(filling.samples) {
            let material = material.map_or(0, |(m, _)| *m);
            copies.push(Cell { coord, nodes: [0; 8], body, material, samples });
            let own = |s: usize| if samples >> s & 1 == 1 { filling.labels[s] } else { 0 };
            labels.extend((0..64).map(own));
        }
        at.insert(coord, first..copies.len());
    }
    let mut corners = UnionFind::new(8 * copies.len());
    for i in 0..copies.len() {
        for axis in 0..3 {
            let mut coord = copies[i].coord;
            coord[axis] += 1;
            for j in at.get(&coord).cloned().into_iter().flatten() {
                let shift = 3 << (2 * axis);
                if (copies[i].samples >> shift) & copies[j].samples & LOW_FACE[axis] != 0 {
                    share(&mut corners, &copies, i, j);
                }
            }
        }
    }
    join_islands(&mut corners, &copies, &at);

    let mut number = vec![u32::MAX; 8 * copies.len()];
    for (i, copy) in copies.iter_mut().enumerate() {
        for corner in 0..8 {
            let root = corners.find((8 * i + corner) as u32) as usize;
            if number[root] == u32::MAX {
                number[root] = lattice.nodes.len() as u32;
                lattice.nodes.push(corner_coord(copy.coord, corner));
            }
            copy.nodes[corner] = number[root];
        }
    }
    lattice.cells.extend(copies);
}

fn corner_coord(coord: [u16; 3], corner: usize) -> [u16; 3] {
    std::array::from_fn(|a| coord[a] + (corner >> a & 1) as u16)
}

/// Join the corners that two cells have at the same place.
fn share(corners: &mut UnionFind, copies: &[Cell], i: usize, j: usize) {
    for a in 0..8 {
        let place = corner_coord(copies[i].coord, a);
        for b in 0..8 {
            if corner_coord(copies[j].coord, b) == place {
                corners.union((8 * i + a) as u32, (8 * j + b) as u32);
            }
        }
    }
}

/// Pieces that hang on nothing but a grazed corner are joined to whatever of their body lies beside them, so that no crumb
/// falls out of an organ.
fn join_islands(
    corners: &mut UnionFind,
    copies: &[Cell],
    at: &BTreeMap<[u16; 3], std::ops::Range<usize>>,
) {
    let piece_of = islands(corners, copies.len());
    let mut size = BTreeMap::<u32, usize>::new();
    for &piece in &piece_of {
        *size.entry(piece).or_default() += 1;
    }
    for i in 0..copies.len() {
        if size[&piece_of[i]] * 20 > copies.len() {
            continue;
        }
        for dz in -1..=1_i32 {
            for dy in -1..=1_i32 {
                for dx in -1..=1_i32 {
                    let d = [dx, dy, dz];
                    let coord: [u16; 3] = std::array::from_fn(|a| {
                        copies[i].coord[a].wrapping_add_signed(d[a] as i16)
                    });
                    let Some(range) = at.get(&coord) else { continue };
                    for j in range.clone() {
                        if piece_of[j] != piece_of[i] {
                            share(corners, copies, i, j);
                        }
                    }
                }
            }
        }
    }
}

/// For each cell, the number of the connected piece (over shared nodes) that it belongs to.
fn islands(corners: &mut UnionFind, copies: usize) -> Vec<u32> {
    let mut cells = UnionFind::new(copies);
    let mut first = vec![u32::MAX; 8 * copies];
    for i in 0..copies {
        for corner in 0..8 {
            let root = corners.find((8 * i + corner) as u32) as usize;
            if first[root] == u32::MAX {
                first[root] = i as u32;
            } else {
                cells.union(first[root], i as u32);
            }
        }
    }
    (0..copies as u32).map(|i| cells.find(i)).collect()
}

/// Number of connected pieces (over shared nodes) of a lattice.
pub(super) fn piece_count(lattice: &Lattice) -> usize {
    let mut nodes = UnionFind::new(lattice.nodes.len());
    for cell in &lattice.cells {
        for n in &cell.nodes[1..] {
            nodes.union(cell.nodes[0], *n);
        }
    }
    (0..lattice.nodes.len() as u32).filter(|&i| nodes.find(i) == i).count()
}
