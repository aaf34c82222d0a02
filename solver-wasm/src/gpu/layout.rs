//! The buffers' contents: structures that `bindings.wgsl` has too, and a model packed into them.

use bytemuck::{Pod, Zeroable};

use crate::{
    hierarchy::Grid,
    model::{Model, Spring},
    multigrid::Multigrid,
    real::{LANES, Lanes, Real, to_f32},
};

/// Threads of a workgroup.
pub(crate) const WORKGROUP: usize = 64;
/// Most levels.
pub(crate) const MAX_LEVELS: usize = 16;
/// Most unknowns of the coarsest level: more would take one workgroup too long.
pub(crate) const MAX_UNKNOWNS: usize = 384;
/// A level of at most this many cells is handled by one workgroup, with all below it.
const TAIL_CELLS: usize = 512;
/// No coupling.
pub(crate) const NONE: u32 = u32::MAX;

/// A cell of any level; see `bindings.wgsl`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub(crate) struct Cell {
    pub corners: [u32; 8],
    pub centroid: [f32; 4],
    pub moments: [f32; 4],
    pub held: [u32; 4],
    pub children: [u32; 4],
}

/// A node of any level.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub(crate) struct Node {
    pub support: [f32; 4],
    pub cells: [u32; 2],
    pub coarse: [u32; 2],
    pub fine: [u32; 2],
    pub share: f32,
    pub unused: u32,
}

/// The tissue of a cell.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
pub(crate) struct Tissue {
    pub mu: f32,
    pub lambda: f32,
    pub rest: f32,
    pub shear: f32,
    pub gradient: f32,
    pub damping: f32,
    pub volume: f32,
    pub unused: f32,
}

/// A spring of the finest level.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub(crate) struct PackedSpring {
    pub weights: [f32; 8],
    pub stiffness: [f32; 4],
    pub goal: [f32; 4],
    pub multiplier: [f32; 4],
}

/// A point with an energy of its own; what comes after the constants is the kernels'.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub(crate) struct StrainPoint {
    pub local: [f32; 3],
    pub weight: f32,
    pub fibre: [f32; 3],
    pub muscle: f32,
    pub sheet: [f32; 3],
    pub law: u32,
    pub constants: [f32; 8],
    pub first: [f32; 4],
    pub second: [f32; 4],
    pub diagonal: [f32; 8],
    pub ranks: [[f32; 8]; 2],
}

/// One level's ranges and smoother.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
pub(crate) struct Level {
    pub first_node: u32,
    pub node_count: u32,
    pub first_cell: u32,
    pub cell_count: u32,
    pub chebyshev: [f32; 4],
}

/// What is the same for all kernels of a frame.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub(crate) struct Frame {
    pub gravity: [f32; 4],
    pub rate: f32,
    pub inertia: f32,
    pub shift: f32,
    pub mode_scale: f32,
    pub reach: f32,
    pub tolerance: f32,
    pub cg_tolerance: f32,
    pub force_scale: f32,
    pub node_total: u32,
    pub coarsest: u32,
    pub tail: u32,
    pub couplings: u32,
    pub touch_count: u32,
    pub pulls: u32,
    pub order: u32,
    pub starts: u32,
    pub vertex_count: u32,
    pub vertices: u32,
    pub fans: u32,
    pub loads: u32,
    pub load_order: u32,
    pub load_starts: u32,
    pub pressures: u32,
    pub active_ends: u32,
    pub least_gain: f32,
    pub activation: f32,
    pub strained_count: u32,
    pub unused: u32,
    pub levels: [Level; MAX_LEVELS],
}

/// What the kernels leave about a frame; zero at its beginning.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
pub(crate) struct Journal {
    pub energies: [[f32; 4]; 3],
    pub steps: [[f32; 4]; 2],
    pub roundings: [[f32; 4]; 2],
    pub evaluations: u32,
    pub newton_iterations: u32,
    pub cg_iterations: u32,
    pub negative: u32,
    pub product: f32,
    pub gained: f32,
    pub alpha: f32,
    pub beta: f32,
    pub finished: u32,
    pub iteration: u32,
    pub balanced: u32,
    pub unused: u32,
}

/// Bytes of a `Tangent`, a `StrainField` and a vector in the kernels, which alone use them.
pub(crate) const TANGENT_BYTES: usize = 192;
pub(crate) const STRAIN_FIELD_BYTES: usize = 80;
pub(crate) const VECTOR_BYTES: usize = 16;
/// Fields of all levels, and of the finest alone.
pub(crate) const LEVEL_FIELDS: usize = 5;
pub(crate) const FINEST_FIELDS: usize = 8;
/// Places of fields among those of the finest level.
pub(crate) const INERTIAL: usize = 5;
pub(crate) const DISPLACEMENT: usize = 6;

/// A model in the kernels' form.
#[derive(Clone, Debug)]
pub(crate) struct Packed {
    pub cells: Vec<Cell>,
    pub nodes: Vec<Node>,
    pub lists: Vec<u32>,
    pub tissues: Vec<Tissue>,
    /// Cell by cell.
    pub points: Vec<StrainPoint>,
    pub levels: Vec<Level>,
    /// First level that one workgroup handles.
    pub tail: usize,
    /// Corners and number of each cell, level by level, sorted: whose corners are a spring's nodes?
    by_corners: Vec<Vec<([u32; 8], u32)>>,
}

/// A number of the solver as the kernels have it.
pub(crate) fn single(x: Real) -> f32 {
    #[allow(clippy::unnecessary_cast)]
    {
        x as f32
    }
}

/// A nodal vector as the kernels have it.
pub(crate) fn vector(v: Lanes) -> [f32; 4] {
    let [x, y, z] = to_f32(v);
    [x, y, z, 0.0]
}

impl Packed {
    /// Pack the hierarchy; smoothers and lumped supports come from `multigrid`.
    pub fn new(model: &Model, multigrid: &Multigrid) -> Self {
        let mut packed = Self {
            cells: Vec::new(),
            nodes: Vec::new(),
            lists: Vec::new(),
            tissues: vec![Tissue::default(); model.grids[0].cell_count],
            points: Vec::new(),
            levels: Vec::new(),
            tail: 0,
            by_corners: Vec::new(),
        };
        for (grid, level) in model.grids.iter().zip(&multigrid.levels) {
            let [c0, c1, c2] = level.chebyshev.map(single);
            packed.levels.push(Level {
                first_node: packed.nodes.len() as u32,
                node_count: grid.node_count() as u32,
                first_cell: packed.cells.len() as u32,
                cell_count: grid.cell_count as u32,
                chebyshev: [c0, c1, c2, 0.0],
            });
            packed.add_level(grid, &level.lumped_supports);
        }
        for (grid, pair) in model.grids.iter().zip(0..packed.levels.len() - 1) {
            packed.connect(grid, pair);
        }
        for (i, tissue) in packed.tissues.iter_mut().enumerate() {
            let (group, lane) = model.grids[0].slot(i);
            let t = &model.tissue[group];
            let at = |column: Lanes| single(column.to_array()[lane]);
            *tissue = Tissue {
                mu: at(t.mu),
                lambda: at(t.lambda),
                rest: at(t.rest),
                shear: at(t.shear),
                gradient: at(t.gradient),
                damping: at(t.damping),
                volume: at(t.volume),
                unused: 0.0,
            };
        }
        packed.add_points(model);
        let last = packed.levels.len() - 1;
        let small = packed.levels.iter().position(|l| l.cell_count as usize <= TAIL_CELLS);
        packed.tail = small.unwrap_or(last).clamp(1, last);
        packed
    }

    /// Cells and nodes of the next level, and the cells around each node.
    fn add_level(&mut self, grid: &Grid, lumped_supports: &[Lanes]) {
        let first_node = self.nodes.len() as u32;
        let first_cell = self.cells.len() as u32;
        let mut around = vec![Vec::new(); grid.node_count()];
        let mut by_corners = Vec::with_capacity(grid.cell_count);
        for cell in 0..grid.cell_count {
            let (group, lane) = grid.slot(cell);
            let shape = &grid.shapes[group];
            let corners = shape.corners.map(|c| c[lane]);
            by_corners.push((corners, cell as u32));
            for (c, node) in corners.iter().enumerate() {
                around[*node as usize].push(8 * (first_cell + cell as u32) + c as u32);
            }
            let [x, y, z] = [shape.centroid.x, shape.centroid.y, shape.centroid.z]
                .map(|v| single(v.to_array()[lane]));
            let [p, q, r] = [shape.moments.x, shape.moments.y, shape.moments.z]
                .map(|v| single(v.to_array()[lane]));
            self.cells.push(Cell {
                corners: corners.map(|n| n + first_node),
                centroid: [x, y, z, 0.0],
                moments: [p, q, r, 0.0],
                held: [0, 0, NONE, 0],
                children: [0; 4],
            });
        }
        by_corners.sort_unstable();
        self.by_corners.push(by_corners);
        for ((mass, support), cells) in grid.masses.iter().zip(lumped_supports).zip(around) {
            let [x, y, z] = to_f32(*support);
            self.nodes.push(Node {
                support: [x, y, z, single(*mass)],
                cells: list(&mut self.lists, &cells),
                coarse: [0; 2],
                fine: [0; 2],
                share: 0.0,
                unused: 0,
            });
        }
    }

    /// How level `fine` and the next one hang together; `grid` is the finer one.
    fn connect(&mut self, grid: &Grid, fine: usize) {
        let (here, next) = (self.levels[fine], self.levels[fine + 1]);
        let mut children = vec![Vec::new(); next.cell_count as usize];
        let mut volumes = vec![0.0; next.cell_count as usize];
        for (cell, (parent, _)) in grid.parents.iter().enumerate() {
            children[*parent as usize].push(here.first_cell + cell as u32);
            volumes[*parent as usize] += grid.volumes[cell];
        }
        for (cell, (parent, _)) in grid.parents.iter().enumerate() {
            let share = grid.volumes[cell] / volumes[*parent as usize];
            self.cells[here.first_cell as usize + cell].centroid[3] = share as f32;
        }
        for (parent, children) in children.iter().enumerate() {
            let [from, to] = list(&mut self.lists, children);
            self.cells[next.first_cell as usize + parent].children = [from, to, 0, 0];
        }
        let mut finer = vec![Vec::new(); next.node_count as usize];
        for n in 0..grid.node_count() {
            let sources = grid.sources(n);
            let index = here.first_node + n as u32;
            for s in sources {
                finer[*s as usize].push(index);
            }
            let sources: Vec<u32> = sources.iter().map(|s| s + next.first_node).collect();
            let node = &mut self.nodes[index as usize];
            node.coarse = list(&mut self.lists, &sources);
            // A node that holds nothing has none.
            node.share = 1.0 / sources.len().max(1) as f32;
        }
        for (n, finer) in finer.iter().enumerate() {
            self.nodes[next.first_node as usize + n].fine = list(&mut self.lists, finer);
        }
    }

    /// The strain points of the finest level's cells.
    fn add_points(&mut self, model: &Model) {
        for point in model.strain_points.of_cells(&model.grids[0]) {
            let cell = &mut self.cells[point.cell];
            let [.., from, to] = &mut cell.children;
            if from == to {
                *from = self.points.len() as u32;
                cell.moments[3] = single(point.lateral);
            }
            *to = self.points.len() as u32 + 1;
            let (law, constants) = point.law;
            self.points.push(StrainPoint {
                local: point.local.map(single),
                weight: single(point.weight),
                fibre: point.axes[0].map(single),
                muscle: single(point.active),
                sheet: point.axes[1].map(single),
                law,
                constants: constants.map(single),
                ..StrainPoint::zeroed()
            });
        }
    }

    /// Cells to look through for strain points: all of the finest level, or none.
    pub fn strained_cells(&self) -> usize {
        if self.points.is_empty() { 0 } else { self.levels[0].cell_count as usize }
    }

    /// The cell of a level whose corners are these nodes.
    pub fn cell_of(&self, level: usize, corners: &[u32; 8]) -> Option<u32> {
        let cells = &self.by_corners[level];
        let at = cells.binary_search_by(|(c, _)| c.cmp(corners)).ok()?;
        Some(cells[at].1)
    }

    /// Forget who is held.
    pub fn clear_held(&mut self) {
        for cell in &mut self.cells {
            cell.held = [0, 0, NONE, 0];
        }
    }
}

impl PackedSpring {
    /// From the solver's.
    pub fn new(spring: &Spring) -> Self {
        Self {
            weights: spring.weights.map(single),
            stiffness: vector(spring.stiffness),
            goal: vector(spring.goal),
            multiplier: vector(spring.multiplier),
        }
    }
}

/// Put a list after the others; where it begins and ends.
fn list(lists: &mut Vec<u32>, entries: &[u32]) -> [u32; 2] {
    let from = lists.len() as u32;
    lists.extend_from_slice(entries);
    [from, lists.len() as u32]
}

const _: () = assert!(LANES == 4 && size_of::<Journal>() == 160);
