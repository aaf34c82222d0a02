//! From severed links to cells and nodes of their own: a copy of a cell for each part of its samples, a copy of a node for each
//! group of cells around it that hang together [Molino et al. 2004; Dick et al. 2011].

use super::links::{STRIDE, Severed, above, face, flood, parts, place};
use crate::{
    hierarchy::Incidence,
    lattice::{Cell, Lattice},
};

/// What holds two samples together without a link between neighbours: a scene may tie a crumb to its cell, or let two cells share
/// nodes that do not touch. A blade that passes between the two severs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Bond {
    /// The cells.
    pub cells: [u32; 2],
    /// A sample of each.
    pub samples: [u8; 2],
}

/// What a cut added to a lattice: copies of cells and nodes, at the end of the lists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Division {
    /// The cell that each new cell is a part of.
    pub cells: Vec<u32>,
    /// The node that each new node is a copy of.
    pub nodes: Vec<u32>,
}

impl Division {
    /// Was nothing divided?
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty() && self.nodes.is_empty()
    }

    /// Take in what the next stroke added to a lattice that had so many cells before this one.
    pub(crate) fn extend(&mut self, next: &Self, before: usize) {
        for cell in &next.cells {
            // A part of a part is one of what there was before.
            let new = (*cell as usize).checked_sub(before);
            self.cells.push(new.map_or(*cell, |new| self.cells[new]));
        }
        self.nodes.extend(&next.nodes);
    }

    /// The parts of a cell: itself and the new ones, given the number of cells before.
    pub(super) fn parts_of(&self, cell: u32, before: usize) -> impl Iterator<Item = u32> {
        let of = self.cells.iter().enumerate().filter(move |(_, origin)| **origin == cell);
        std::iter::once(cell).chain(of.map(move |(i, _)| (before + i) as u32))
    }
}

/// The bonds of a lattice that nothing has cut: with them, the cells around each node hang together, and so do the samples of
/// each cell.
pub(super) fn bonds(lattice: &Lattice) -> Vec<Bond> {
    let whole = [0; 3];
    let cells = &lattice.cells;
    let mut bonds = Vec::new();
    for (c, cell) in cells.iter().enumerate() {
        let mut parts = parts(cell.samples, &whole);
        let mut joined = parts.next().unwrap_or(0);
        for part in parts {
            let pairs = bits(joined).flat_map(|s| bits(part).map(move |t| (s, t)));
            if let Some((s, t)) =
                pairs.min_by_key(|(s, t)| (distance(place(*s), place(*t)), *s, *t))
            {
                bonds.push(Bond { cells: [c as u32; 2], samples: [s as u8, t as u8] });
            }
            joined |= part;
        }
    }
    let corners: Vec<_> = cells.iter().map(|c| c.nodes).collect();
    let around = Incidence::new(lattice.nodes.len(), &corners);
    let severed = vec![whole; cells.len()];
    for node in 0..lattice.nodes.len() {
        let star = around.of(node);
        let groups = groups(cells, &severed, &[], star);
        for (other, group) in star.iter().zip(&groups) {
            // The first of each further group.
            let first = groups.iter().position(|g| g == group).map(|i| star[i]);
            if *group != 0 && first == Some(*other) {
                let ends = [star[0], *other];
                let samples = ends.map(|c| nearest_to_node(&cells[c as usize], node as u32));
                bonds.push(Bond { cells: ends, samples });
            }
        }
    }
    bonds.sort_unstable();
    bonds.dedup();
    bonds
}

fn bits(mut set: u64) -> impl Iterator<Item = u32> + Clone {
    std::iter::from_fn(move || {
        let bit = set.trailing_zeros();
        set &= set.wrapping_sub(1);
        (bit < 64).then_some(bit)
    })
}

fn distance(a: [u32; 3], b: [u32; 3]) -> u32 {
    (0..3).map(|k| a[k].abs_diff(b[k]).pow(2)).sum()
}

/// The sample of a cell nearest to one of its nodes.
fn nearest_to_node(cell: &Cell, node: u32) -> u8 {
    let corner = cell.nodes.iter().position(|n| *n == node).unwrap_or(0);
    let at = [corner & 1, corner >> 1 & 1, corner >> 2].map(|high| 3 * high as u32);
    bits(cell.samples).min_by_key(|s| (distance(place(*s), at), *s)).unwrap_or(0) as u8
}

/// Group of each cell around a node, by the first that it hangs together with: `groups[i] <= i`.
fn groups(cells: &[Cell], severed: &[Severed], bonded: &[[u32; 2]], star: &[u32]) -> Vec<usize> {
    let mut groups: Vec<usize> = (0..star.len()).collect();
    for (i, a) in star.iter().enumerate() {
        for (j, b) in star.iter().enumerate().skip(i + 1) {
            if groups[i] == groups[j] || !hang_together(cells, severed, bonded, *a, *b) {
                continue;
            }
            let (keep, gone) = (groups[i].min(groups[j]), groups[i].max(groups[j]));
            groups.iter_mut().filter(|g| **g == gone).for_each(|g| *g = keep);
        }
    }
    groups
}

fn hang_together(cells: &[Cell], severed: &[Severed], bonded: &[[u32; 2]], a: u32, b: u32) -> bool {
    let linked = |lower: u32, upper: u32| {
        let (below, over) = (&cells[lower as usize], &cells[upper as usize]);
        above(below, over)
            .is_some_and(|axis| face(below, &severed[lower as usize], over, axis) != 0)
    };
    linked(a, b) || linked(b, a) || bonded.binary_search(&[a.min(b), a.max(b)]).is_ok()
}

/// Does a node join cells that do not hang together?
pub(super) fn joins_strangers(
    lattice: &Lattice,
    severed: &[Severed],
    bonds: &[Bond],
) -> Option<usize> {
    let bonded = pairs(bonds);
    let corners: Vec<_> = lattice.cells.iter().map(|c| c.nodes).collect();
    let around = Incidence::new(lattice.nodes.len(), &corners);
    (0..lattice.nodes.len()).find(|node| {
        let groups = groups(&lattice.cells, severed, &bonded, around.of(*node));
        groups.iter().any(|g| *g != 0)
    })
}

/// The bonded cells, sorted.
fn pairs(bonds: &[Bond]) -> Vec<[u32; 2]> {
    let sorted = |[a, b]: [u32; 2]| [a.min(b), a.max(b)];
    let mut pairs: Vec<[u32; 2]> = bonds.iter().map(|b| sorted(b.cells)).collect();
    pairs.sort_unstable();
    pairs
}

/// Divide the cells and nodes that `touched` cells have; new ones go to the end.
pub(super) fn split(
    lattice: &mut Lattice,
    severed: &mut Vec<Severed>,
    bonds: &mut [Bond],
    touched: &mut Vec<u32>,
) -> Division {
    touched.sort_unstable();
    touched.dedup();
    let mut division = Division::default();
    let before = lattice.cells.len();
    for t in 0..touched.len() {
        let c = touched[t] as usize;
        let mut parts: Vec<u64> = parts(lattice.cells[c].samples, &severed[c]).collect();
        join_bonded(&mut parts, bonds, touched[t]);
        for part in parts.drain(1..) {
            let copy = Cell { samples: part, ..lattice.cells[c] };
            lattice.cells[c].samples &= !part;
            touched.push(lattice.cells.len() as u32);
            division.cells.push(c as u32);
            lattice.cells.push(copy);
            severed.push(severed[c]);
        }
    }
    if !division.cells.is_empty() {
        for bond in bonds.iter_mut() {
            for (cell, sample) in bond.cells.iter_mut().zip(bond.samples) {
                let holds = |c: &u32| lattice.cells[*c as usize].samples >> sample & 1 == 1;
                if !holds(cell) {
                    *cell = division.parts_of(*cell, before).find(holds).unwrap_or(*cell);
                }
            }
        }
    }

    let bonded = pairs(bonds);
    let corners: Vec<_> = lattice.cells.iter().map(|c| c.nodes).collect();
    let around = Incidence::new(lattice.nodes.len(), &corners);
    let mut nodes: Vec<u32> =
        touched.iter().flat_map(|c| lattice.cells[*c as usize].nodes).collect();
    nodes.sort_unstable();
    nodes.dedup();
    for node in nodes {
        let star = around.of(node as usize);
        let groups = groups(&lattice.cells, severed, &bonded, star);
        // Of each group but the first, the copy that its cells get.
        let mut copies: Vec<(usize, u32)> = Vec::new();
        for (cell, group) in star.iter().zip(groups) {
            if group == 0 {
                continue;
            }
            let copy = match copies.iter().find(|(g, _)| *g == group) {
                Some((_, copy)) => *copy,
                None => {
                    let copy = lattice.nodes.len() as u32;
                    lattice.nodes.push(lattice.nodes[node as usize]);
                    division.nodes.push(node);
                    copies.push((group, copy));
                    copy
                }
            };
            let corners = &mut lattice.cells[*cell as usize].nodes;
            corners.iter_mut().filter(|n| **n == node).for_each(|n| *n = copy);
        }
    }
    division
}

/// Join the parts of a cell that bonds hold together.
fn join_bonded(parts: &mut Vec<u64>, bonds: &[Bond], cell: u32) {
    if parts.len() < 2 {
        return;
    }
    for bond in bonds.iter().filter(|b| b.cells == [cell; 2]) {
        let of = |sample: u8| parts.iter().position(|p| p >> sample & 1 == 1);
        if let [Some(a), Some(b)] = bond.samples.map(of)
            && a != b
        {
            let gone = parts.remove(a.max(b));
            parts[a.min(b)] |= gone;
        }
    }
}

/// Number of pieces by the samples alone: those that hang together over links and bonds, whatever cells and nodes say.
pub(super) fn flood_count(
    cells: &[Cell],
    severed: &[Severed],
    bonds: &[Bond],
    nodes: usize,
) -> usize {
    let corners: Vec<_> = cells.iter().map(|c| c.nodes).collect();
    let around = Incidence::new(nodes, &corners);
    let mut left: Vec<u64> = cells.iter().map(|c| c.samples).collect();
    let mut pieces = 0;
    for start in 0..cells.len() {
        while left[start] != 0 {
            pieces += 1;
            let mut open = vec![(start, left[start] & left[start].wrapping_neg())];
            while let Some((c, seed)) = open.pop() {
                let part = flood(left[c], &severed[c], seed);
                if part == 0 {
                    continue;
                }
                left[c] &= !part;
                let beside = cells[c].nodes.iter().flat_map(|n| around.of(*n as usize));
                for &other in beside {
                    let o = other as usize;
                    let (mine, theirs) = (&cells[c], &cells[o]);
                    if let Some(axis) = above(mine, theirs) {
                        let own = Cell { samples: part, ..*mine };
                        let lower = face(&own, &severed[c], theirs, axis);
                        open.push((o, lower >> (3 * STRIDE[axis])));
                    } else if let Some(axis) = above(theirs, mine) {
                        let own = Cell { samples: part, ..*mine };
                        open.push((o, face(theirs, &severed[o], &own, axis)));
                    }
                }
                for bond in bonds {
                    for (from, to) in [(0, 1), (1, 0)] {
                        if bond.cells[from] as usize == c && part >> bond.samples[from] & 1 == 1 {
                            open.push((bond.cells[to] as usize, 1 << bond.samples[to]));
                        }
                    }
                }
            }
        }
    }
    pieces
}
