//! The multigrid hierarchy of a lattice: coarse cells, coarse nodes and how values travel between them.
//!
//! A coarse cell is a connected component (over shared faces) of the cells in a block of 2³, so that a cut narrower than a
//! coarse cell still separates its two sides [Dick et al. 2011]. Coarse nodes are the corners of coarse cells, merged by
//! union-find wherever a shared fine node needs the same coarse value from both.

use crate::{
    carrier::Carriers,
    lattice::Lattice,
    model::filled_samples,
    modes::Shape,
    real::{LANES, Lanes, Real, Vector},
};

/// Coarsening ends at this many cells, where a direct solution is cheap.
const COARSEST_CELLS: usize = 8;

/// A lane without a cell.
const NO_CELL: u32 = u32::MAX;

/// One level: static geometry, shared by all states.
#[derive(Clone, Debug)]
pub struct Grid {
    /// Edge length of a cell [mm].
    pub spacing: f64,
    /// Number of cells.
    pub cell_count: usize,
    /// Four cells each, those of four whole cells first. Neighbours sit in different groups, so that lanes rarely share nodes.
    pub shapes: Vec<Shape>,
    /// Cell of each lane of each group; [`NO_CELL`] if there is none.
    cells: Vec<[u32; LANES]>,
    /// Group and lane of each cell.
    slots: Vec<(u32, u32)>,
    /// Material volume of each cell [mm³].
    pub volumes: Vec<f64>,
    /// Lumped mass of each node [kg].
    pub masses: Vec<Real>,
    /// Coarse cell of each cell and the cell's place in its block (0 or 1 along each axis); empty on the coarsest level.
    pub parents: Vec<(u32, [u8; 3])>,
    /// Coarse nodes that node `n` interpolates with equal weights: `prolongation[starts[n]..starts[n + 1]]`; none if it has no
    /// cell.
    pub starts: Vec<u32>,
    /// See `starts`.
    pub prolongation: Vec<u32>,
}

/// Bare connectivity of one level.
struct Topology {
    coords: Vec<[u16; 3]>,
    corners: Vec<[u32; 8]>,
    node_coords: Vec<[u16; 3]>,
}

/// Volume, centroid and second moments of the material in a cell, local coordinates in [−1, 1].
#[derive(Clone, Copy, Debug)]
struct EquivalentBox {
    volume: f64,
    centroid: [f64; 3],
    moments: [f64; 3],
}

impl Grid {
    /// Number of nodes.
    pub fn node_count(&self) -> usize {
        self.masses.len()
    }

    /// Group and lane of a cell.
    pub fn slot(&self, cell: usize) -> (usize, usize) {
        let (group, lane) = self.slots[cell];
        (group as usize, lane as usize)
    }

    /// Cell in a lane of a group, if there is one.
    pub fn cell(&self, group: usize, lane: usize) -> Option<usize> {
        Some(self.cells[group][lane]).filter(|c| *c != NO_CELL).map(|c| c as usize)
    }

    /// Coarse nodes that node `n` interpolates.
    #[inline(always)]
    pub fn sources(&self, n: usize) -> &[u32] {
        &self.prolongation[self.starts[n] as usize..self.starts[n + 1] as usize]
    }
}

/// All levels, finest first. The lattice must have been validated; `masses` is the finest level's.
pub(crate) fn build(lattice: &Lattice, carriers: &Carriers, masses: Vec<Real>) -> Vec<Grid> {
    let elements = || carriers.elements.iter().map(|c| &lattice.cells[*c as usize]);
    let mut topology = Topology {
        coords: elements().map(|c| c.coord).collect(),
        corners: elements().map(|c| c.nodes).collect(),
        node_coords: lattice.nodes.clone(),
    };
    let spacing = f64::from(lattice.spacing);
    let mut boxes = EquivalentBox::of_elements(lattice, carriers);
    let mut grids = vec![grid(&topology, &boxes, masses, spacing)];
    while boxes.len() > COARSEST_CELLS {
        let coarsening = Coarsening::of(&topology);
        if coarsening.coords.len() * 10 > topology.coords.len() * 9 {
            break;
        }
        let fine = grids.last_mut().expect("there is always a finest level");
        boxes = EquivalentBox::merge(&boxes, &coarsening);
        let mut masses = vec![0.0; coarsening.node_coords.len()];
        fine.parents = coarsening.parents;
        fine.starts = coarsening.starts;
        fine.prolongation = coarsening.prolongation;
        for n in 0..fine.node_count() {
            let sources = fine.sources(n);
            let share = fine.masses[n] / sources.len().max(1) as Real;
            for s in sources {
                masses[*s as usize] += share;
            }
        }
        let spacing = fine.spacing * 2.0;
        topology = Topology {
            coords: coarsening.coords,
            corners: coarsening.corners,
            node_coords: coarsening.node_coords,
        };
        grids.push(grid(&topology, &boxes, masses, spacing));
    }
    grids
}

fn grid(topology: &Topology, boxes: &[EquivalentBox], masses: Vec<Real>, spacing: f64) -> Grid {
    let cells = groups_of(boxes);
    let mut slots = vec![(0, 0); boxes.len()];
    let mut shapes = Vec::with_capacity(cells.len());
    for (group, lanes) in cells.iter().enumerate() {
        let mut corners = [[0_u32; LANES]; 8];
        let mut columns = [[1.0 / 3.0 as Real; LANES]; 6];
        for (lane, cell) in lanes.iter().enumerate().filter(|(_, cell)| **cell != NO_CELL) {
            slots[*cell as usize] = (group as u32, lane as u32);
            let b = &boxes[*cell as usize];
            for (corner, node) in corners.iter_mut().zip(topology.corners[*cell as usize]) {
                corner[lane] = node;
            }
            for axis in 0..3 {
                columns[axis][lane] = b.centroid[axis] as Real;
                columns[axis + 3][lane] = b.moments[axis] as Real;
            }
        }
        let [x, y, z, p, q, r] = columns.map(Lanes::new);
        let whole = |cell: &u32| boxes.get(*cell as usize).is_some_and(EquivalentBox::is_whole);
        shapes.push(Shape {
            corners,
            centroid: Vector::new(x, y, z),
            moments: Vector::new(p, q, r),
            is_whole: lanes.iter().all(whole),
        });
    }
    Grid {
        spacing,
        cell_count: boxes.len(),
        shapes,
        cells,
        slots,
        volumes: boxes.iter().map(|b| b.volume).collect(),
        masses,
        parents: Vec::new(),
        starts: Vec::new(),
        prolongation: Vec::new(),
    }
}

/// Cells in groups of [`LANES`]: as many groups of whole cells as there can be, then the others.
fn groups_of(boxes: &[EquivalentBox]) -> Vec<[u32; LANES]> {
    let (mut whole, mut partial): (Vec<u32>, Vec<u32>) =
        (0..boxes.len() as u32).partition(|cell| boxes[*cell as usize].is_whole());
    let left_over = whole.split_off(whole.len() / LANES * LANES);
    partial.extend(left_over);
    partial.sort_unstable();
    let mut cells = Vec::with_capacity(boxes.len().div_ceil(LANES) + 1);
    for list in [whole, partial] {
        let groups = list.len().div_ceil(LANES);
        cells.extend((0..groups).map(|group| {
            std::array::from_fn(|lane| list.get(group + lane * groups).copied().unwrap_or(NO_CELL))
        }));
    }
    cells
}

impl EquivalentBox {
    /// Is it the whole cell?
    fn is_whole(&self) -> bool {
        self.centroid.iter().all(|c| c.abs() < 1e-9)
            && self.moments.iter().all(|m| (m - 1.0 / 3.0).abs() < 1e-9)
    }

    /// Nothing yet; `centroid` and `moments` are sums while a box is being filled.
    const EMPTY: Self = Self { volume: 0.0, centroid: [0.0; 3], moments: [0.0; 3] };

    /// From the 4³ samples of each element and of what it carries.
    fn of_elements(lattice: &Lattice, carriers: &Carriers) -> Vec<Self> {
        let sample = (f64::from(lattice.spacing) / 4.0).powi(3);
        let mut boxes = vec![Self::EMPTY; carriers.elements.len()];
        for (cell, element, offset) in carriers.pieces(lattice) {
            if cell.samples == u64::MAX {
                let middle = [0, 1, 2].map(|axis| 2.0 * f64::from(offset[axis]));
                boxes[element].add(64.0 * sample, middle, [1.0 / 3.0; 3]);
                continue;
            }
            for (_, local) in filled_samples(cell) {
                let at = |axis: usize| 2.0 * (f64::from(local[axis]) + f64::from(offset[axis]));
                // A sample is a cube of edge 1/2: its own second moment is 1/48.
                boxes[element].add(sample, [0, 1, 2].map(|axis| at(axis) - 1.0), [1.0 / 48.0; 3]);
            }
        }
        boxes.iter_mut().for_each(Self::close);
        boxes
    }

    /// Add material with its centroid and second moments.
    fn add(&mut self, volume: f64, centroid: [f64; 3], moments: [f64; 3]) {
        self.volume += volume;
        for axis in 0..3 {
            self.centroid[axis] += volume * centroid[axis];
            self.moments[axis] += volume * (moments[axis] + centroid[axis] * centroid[axis]);
        }
    }

    /// All has been added: from sums to means.
    fn close(&mut self) {
        for axis in 0..3 {
            self.centroid[axis] /= self.volume;
            self.moments[axis] =
                self.moments[axis] / self.volume - self.centroid[axis] * self.centroid[axis];
        }
    }

    fn merge(fine: &[Self], coarsening: &Coarsening) -> Vec<Self> {
        let mut coarse = vec![Self::EMPTY; coarsening.coords.len()];
        for (b, (parent, place)) in fine.iter().zip(&coarsening.parents) {
            let at =
                [0, 1, 2].map(|axis| (b.centroid[axis] + 2.0 * f64::from(place[axis]) - 1.0) / 2.0);
            coarse[*parent as usize].add(b.volume, at, b.moments.map(|m| m / 4.0));
        }
        coarse.iter_mut().for_each(Self::close);
        coarse
    }
}

/// The next coarser topology and the way to it.
struct Coarsening {
    coords: Vec<[u16; 3]>,
    corners: Vec<[u32; 8]>,
    node_coords: Vec<[u16; 3]>,
    parents: Vec<(u32, [u8; 3])>,
    starts: Vec<u32>,
    prolongation: Vec<u32>,
}

impl Coarsening {
    fn of(fine: &Topology) -> Self {
        let (parents, coords) = components(fine);

        // Corner slots (8 a coarse cell), merged over the fine nodes that read them.
        let mut slots = UnionFind::new(coords.len() * 8);
        let incident = Incidence::new(fine.node_coords.len(), &fine.corners);
        let slot = |cell: u32, corner: [u16; 3]| -> usize {
            let (parent, _) = parents[cell as usize];
            let base = coords[parent as usize];
            let at = |axis: usize| usize::from(corner[axis] - base[axis]);
            parent as usize * 8 + at(0) + 2 * at(1) + 4 * at(2)
        };
        for (n, coord) in fine.node_coords.iter().enumerate() {
            let Some((first, others)) = incident.of(n).split_first() else { continue };
            for_each_source(*coord, |corner| {
                for cell in others {
                    slots.union(slot(*first, corner), slot(*cell, corner));
                }
            });
        }

        // Number the merged slots in the order in which cells meet them.
        let mut number = vec![u32::MAX; slots.len()];
        let mut node_coords = Vec::new();
        let mut corners = vec![[0_u32; 8]; coords.len()];
        for (c, corners) in corners.iter_mut().enumerate() {
            for (k, corner) in corners.iter_mut().enumerate() {
                let root = slots.find(c * 8 + k);
                if number[root] == u32::MAX {
                    number[root] = node_coords.len() as u32;
                    let offset = [k & 1, k >> 1 & 1, k >> 2].map(|o| o as u16);
                    node_coords.push([0, 1, 2].map(|axis| coords[c][axis] + offset[axis]));
                }
                *corner = number[root];
            }
        }

        let mut starts = vec![0];
        let mut prolongation = Vec::new();
        for (n, coord) in fine.node_coords.iter().enumerate() {
            if let Some(cell) = incident.of(n).first() {
                for_each_source(*coord, |corner| {
                    prolongation.push(number[slots.find(slot(*cell, corner))]);
                });
            }
            starts.push(prolongation.len() as u32);
        }
        Self { coords, corners, node_coords, parents, starts, prolongation }
    }
}

/// Coarse corners whose trilinear function does not vanish at a fine node: 1, 2, 4 or 8 of them, equal weights.
fn for_each_source(node: [u16; 3], mut visit: impl FnMut([u16; 3])) {
    let odd = node.map(|x| x & 1);
    for z in 0..=odd[2] {
        for y in 0..=odd[1] {
            for x in 0..=odd[0] {
                visit([node[0] / 2 + x, node[1] / 2 + y, node[2] / 2 + z]);
            }
        }
    }
}

type Parents = Vec<(u32, [u8; 3])>;

/// Coarse cell and place of each fine cell, and the coarse cells' coordinates.
fn components(fine: &Topology) -> (Parents, Vec<[u16; 3]>) {
    let block = |cell: usize| fine.coords[cell].map(|x| x / 2);
    let mut order: Vec<usize> = (0..fine.coords.len()).collect();
    order.sort_by_key(|cell| (block(*cell), *cell));
    let mut joined = UnionFind::new(order.len());
    for members in order.chunk_by(|a, b| block(*a) == block(*b)) {
        for (i, a) in members.iter().enumerate() {
            for b in &members[i + 1..] {
                let (a_nodes, b_nodes) = (&fine.corners[*a], &fine.corners[*b]);
                if a_nodes.iter().filter(|n| b_nodes.contains(n)).count() >= 4 {
                    joined.union(*a, *b);
                }
            }
        }
    }
    let mut number = vec![u32::MAX; order.len()];
    let mut coords = Vec::new();
    let mut parents = Vec::with_capacity(order.len());
    for cell in 0..order.len() {
        let root = joined.find(cell);
        if number[root] == u32::MAX {
            number[root] = coords.len() as u32;
            coords.push(block(cell));
        }
        parents.push((number[root], fine.coords[cell].map(|x| (x & 1) as u8)));
    }
    (parents, coords)
}

/// Cells around each node.
pub(crate) struct Incidence {
    starts: Vec<u32>,
    cells: Vec<u32>,
}

impl Incidence {
    /// From the nodes of each cell.
    pub fn new(node_count: usize, corners: &[[u32; 8]]) -> Self {
        let mut starts = vec![0_u32; node_count + 1];
        for n in corners.iter().flatten() {
            starts[*n as usize + 1] += 1;
        }
        for n in 1..starts.len() {
            starts[n] += starts[n - 1];
        }
        let mut next = starts.clone();
        let mut cells = vec![0; corners.len() * 8];
        for (cell, corners) in corners.iter().enumerate() {
            for n in corners {
                let at = &mut next[*n as usize];
                cells[*at as usize] = cell as u32;
                *at += 1;
            }
        }
        Self { starts, cells }
    }

    /// Those around a node, in their order.
    pub fn of(&self, node: usize) -> &[u32] {
        &self.cells[self.starts[node] as usize..self.starts[node + 1] as usize]
    }
}

/// Disjoint sets; the smallest member is the root, so results do not depend on the order of unions.
pub(crate) struct UnionFind(Vec<u32>);

impl UnionFind {
    pub fn new(count: usize) -> Self {
        Self((0..count as u32).collect())
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    pub fn find(&mut self, mut i: usize) -> usize {
        while self.0[i] as usize != i {
            self.0[i] = self.0[self.0[i] as usize];
            i = self.0[i] as usize;
        }
        i
    }

    pub fn union(&mut self, a: usize, b: usize) {
        let (a, b) = (self.find(a), self.find(b));
        self.0[a.max(b)] = a.min(b) as u32;
    }
}
