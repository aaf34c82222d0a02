//! The touches of a step in the kernels' form; `touches.wgsl` says where what lies.

use bytemuck::{Pod, Zeroable, cast_slice};

use super::layout::{NONE, Packed, single, vector};
use crate::{
    contact::{
        MAX_TOUCHES,
        approach::Approach,
        touch::{Link, TouchLaw},
    },
    lattice::Embedding,
    model::Model,
    multigrid::Multigrid,
};

/// Bytes of what the kernels address at a time.
pub(crate) const UNIT: usize = 16;
/// Units of a law and of a stiffness, of which there is room for [`MAX_TOUCHES`]; then links follow.
pub(crate) const LAW_UNITS: usize = 4;
const STIFFNESS_UNITS: usize = 2;
const LINKS: usize = (LAW_UNITS + STIFFNESS_UNITS) * MAX_TOUCHES;

/// A touch's law.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
struct PackedLaw {
    normal: [f32; 4],
    /// w: gap.
    origin: [f32; 4],
    /// w: pressure.
    friction: [f32; 4],
    penalty: f32,
    bound: f32,
    limit: f32,
    unused: f32,
}

/// Where a touch acts on one level.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
struct PackedLink {
    /// Cell of each end, counted through all levels.
    cells: [u32; 2],
    /// Σ |weight| of each.
    sums: [f32; 2],
    weights: [[f32; 8]; 2],
}

const LINK_UNITS: usize = size_of::<PackedLink>() / UNIT;
const _: () = assert!(size_of::<PackedLaw>() == LAW_UNITS * UNIT && LINK_UNITS * UNIT == 80);

/// The touches of a step; nothing is allocated once it is warm.
#[derive(Clone, Debug, Default)]
pub(crate) struct PackedTouches {
    laws: Vec<PackedLaw>,
    /// Level by level.
    links: Vec<PackedLink>,
    /// 2 · link + end, by cell, and within a cell in the touches' order: so sums have one order.
    order: Vec<u32>,
    /// Where the ends of each cell of any level begin in `order`, and where the last's end.
    starts: Vec<u32>,
}

/// Where the parts that depend on the model begin in the buffer [units].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Places {
    pub pulls: usize,
    pub order: usize,
    pub starts: usize,
    pub active_ends: usize,
    /// Where what is not theirs begins.
    pub end: usize,
}

impl Places {
    /// Room for the most touches of a model; none where nothing can touch.
    pub fn new(model: &Model, packed: &Packed) -> Self {
        let most = if model.skin.patches.is_empty() { 0 } else { MAX_TOUCHES };
        let links = packed.levels.len() * most;
        let pulls = LINKS + LINK_UNITS * links;
        let order = pulls + links;
        let starts = order + (2 * links).div_ceil(4);
        let active_ends = starts + (packed.cells.len() + 1).div_ceil(4);
        Self { pulls, order, starts, active_ends, end: active_ends + 2 * links }
    }
}

impl PackedTouches {
    /// Take a step's touches: laws, where each was found and where it acts.
    pub fn take(
        &mut self,
        model: &Model,
        packed: &Packed,
        laws: &[TouchLaw],
        found: &[Approach],
        multigrid: &Multigrid,
    ) {
        self.laws.clear();
        self.links.clear();
        if laws.is_empty() {
            return;
        }
        let finest = &multigrid.levels[0].links;
        self.laws.extend(laws.iter().zip(finest).map(|(law, link)| PackedLaw::new(law, link)));
        for (g, (here, level)) in packed.levels.iter().zip(&multigrid.levels).enumerate() {
            for (link, approach) in level.links.iter().zip(found) {
                let point = &model.skin.points[approach.point as usize];
                let cell = |point: &Embedding| here.first_cell + ancestor(model, point, g);
                let cells = [cell(point), approach.other.as_ref().map_or(NONE, cell)];
                self.links.push(PackedLink::new(link, cells));
            }
        }
        self.sort(packed.cells.len());
    }

    /// Sort the ends by cell: counted, then placed.
    fn sort(&mut self, cells: usize) {
        let ends = || {
            let both = self.links.iter().enumerate().flat_map(|(i, link)| {
                link.cells.into_iter().enumerate().map(move |(end, cell)| (2 * i + end, cell))
            });
            both.filter(|(_, cell)| *cell != NONE)
        };
        self.starts.clear();
        self.starts.resize(cells + 1, 0);
        let mut count = 0;
        for (_, cell) in ends() {
            self.starts[cell as usize] += 1;
            count += 1;
        }
        let mut sum = 0;
        for start in &mut self.starts {
            sum += std::mem::replace(start, sum);
        }
        self.order.clear();
        self.order.resize(count, 0);
        // Placing moves each start to its end, which is the next one's start.
        for (end, cell) in ends() {
            let at = &mut self.starts[cell as usize];
            self.order[*at as usize] = end as u32;
            *at += 1;
        }
        self.starts.rotate_right(1);
        self.starts[0] = 0;
    }

    /// Number of touches.
    pub fn count(&self) -> usize {
        self.laws.len()
    }

    /// What goes where [bytes] in the buffer.
    pub fn parts(&self, places: &Places) -> [(usize, &[u8]); 4] {
        [
            (0, cast_slice(&self.laws)),
            (LINKS * UNIT, cast_slice(&self.links)),
            (places.order * UNIT, cast_slice(&self.order)),
            (places.starts * UNIT, cast_slice(&self.starts)),
        ]
    }
}

impl PackedLaw {
    fn new(law: &TouchLaw, link: &Link) -> Self {
        let with = |[x, y, z, _]: [f32; 4], w| [x, y, z, single(w)];
        Self {
            normal: vector(link.normal),
            origin: with(vector(law.origin), law.gap),
            friction: with(vector(law.friction), law.pressure),
            penalty: single(law.penalty),
            bound: single(law.bound),
            limit: single(law.limit),
            unused: 0.0,
        }
    }
}

impl PackedLink {
    fn new(link: &Link, cells: [u32; 2]) -> Self {
        let weights = link.weights.map(|end| end.map(single));
        Self { cells, sums: weights.map(|end| end.iter().map(|w| w.abs()).sum()), weights }
    }
}

/// The cell of level `g` that holds a material point.
fn ancestor(model: &Model, point: &Embedding, g: usize) -> u32 {
    model.grids[..g]
        .iter()
        .fold(model.carriers.carry(point).cell, |cell, grid| grid.parents[cell as usize].0)
}
