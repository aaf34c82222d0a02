//! Which cells and which points of other bodies' skin may have met since the last look, and which points may be near an
//! obstacle: lists that hold while no node has moved far [Verlet 1967].
//!
//! The list pairs each cell near a surface with the patches whose middles lay in its box, widened by twice what a node may
//! move. A point of a cell moves no farther than the cell's corners, so what is in a box now was in the widened box then: the list
//! misses nothing, and what it holds too much is tried in vain. Both with an old list and with a new one the pairs come in
//! the order of cells and patches, so the answer depends on the state alone. With obstacles it is the same, by the least distance
//! that the obstacle's grid holds within a node's way of a patch.

use super::{approach::vector, nearby::Nearby};
use crate::{
    lattice::Embedding,
    model::Model,
    real::{Lanes, Real, from_f32, length_squared, node_vector, real},
};

/// How far a node may move before the list is made anew, in cells.
const WAY: Real = 0.25;
/// How much wider than twice that the boxes are: a skin point may lie a little outside its cell.
const SLACK: Real = 1.05;
/// Room for pairs, for each patch. Where bodies lie in each other deeper than that, there is no list.
const ROOM: usize = 16;

/// Pairs of cells and patches: scratch.
#[derive(Clone, Debug)]
pub(crate) struct Candidates {
    /// Displacements for which the pairs were found; empty if there is no list.
    at: Vec<Lanes>,
    /// Each cell with any patch, and where its patches end in `patches`.
    cells: Vec<(u32, u32)>,
    patches: Vec<u32>,
    /// Each obstacle and patch that may come near it, and the least distance that it may have by then [mm].
    obstacles: Vec<(u16, u32, Real)>,
    /// Patches of one cell.
    found: Vec<u32>,
    /// Positions of the patches' middles.
    middles: Vec<Lanes>,
    nearby: Nearby,
    /// Box around each body's middles.
    bounds: Vec<[Lanes; 2]>,
}

impl Candidates {
    pub fn new(model: &Model) -> Self {
        let (patches, bodies) = (model.skin.patches.len(), model.skin.body_count);
        let has_bodies = bodies > 1;
        let is_used = has_bodies || !model.obstacles.is_empty();
        let count = if is_used { patches } else { 0 };
        let pairs = if has_bodies { ROOM * patches } else { 0 };
        Self {
            at: Vec::with_capacity(if is_used { model.node_count() } else { 0 }),
            cells: Vec::with_capacity(if has_bodies { model.skin.shell.len() } else { 0 }),
            patches: Vec::with_capacity(pairs),
            obstacles: Vec::with_capacity(if is_used { ROOM * patches } else { 0 }),
            found: Vec::with_capacity(count),
            middles: vec![Lanes::default(); count],
            nearby: Nearby::new(count, 2.0 * real(model.lattice.spacing)),
            bounds: vec![[Lanes::default(); 2]; bodies],
        }
    }

    /// Take up the displacements: where the patches' middles are, and lists that hold for them.
    pub fn update(&mut self, model: &Model, displacements: &[Lanes]) {
        for (middle, patch) in self.middles.iter_mut().zip(&model.skin.patches) {
            let point = &model.skin.points[patch.middle as usize];
            *middle = model.lattice.position(displacements, point);
        }
        if !self.holds(model, displacements) {
            self.look(model, displacements);
        }
    }

    /// Visit every obstacle with each patch, and its middle, that may be nearer to it than `margin` [mm], in their order.
    pub fn for_each_obstacle(
        &self,
        model: &Model,
        margin: Real,
        mut visit: impl FnMut(u16, u32, Lanes),
    ) {
        if self.at.is_empty() {
            for obstacle in 0..model.obstacles.len() as u16 {
                for (patch, middle) in self.middles.iter().enumerate() {
                    visit(obstacle, patch as u32, *middle);
                }
            }
        }
        for (obstacle, patch, least) in &self.obstacles {
            if *least <= margin {
                visit(*obstacle, *patch, self.middles[*patch as usize]);
            }
        }
    }

    /// Visit every cell near a surface with the patches of other bodies that may lie in it, in their order, and all patches'
    /// middles; it may be visited with more of them than lie in it.
    pub fn for_each(
        &mut self,
        model: &Model,
        displacements: &[Lanes],
        mut visit: impl FnMut(u32, &[u32], &[Lanes]),
    ) {
        if self.at.is_empty() {
            // More than there is room for.
            for &cell in &model.skin.shell {
                self.find(model, displacements, cell, 0.0);
                visit(cell, &self.found, &self.middles);
            }
            return;
        }
        let mut start = 0;
        for &(cell, end) in &self.cells {
            visit(cell, &self.patches[start..end as usize], &self.middles);
            start = end as usize;
        }
    }

    /// Has no node moved farther than the list allows?
    fn holds(&self, model: &Model, displacements: &[Lanes]) -> bool {
        let way = WAY * real(model.lattice.spacing);
        self.at.len() == displacements.len()
            && self.at.iter().zip(displacements).all(|(a, b)| length_squared(*b - *a) <= way * way)
    }

    /// Make the list anew.
    fn look(&mut self, model: &Model, displacements: &[Lanes]) {
        let (lattice, skin) = (&model.lattice, &model.skin);
        self.bounds.fill([Lanes::splat(Real::MAX), Lanes::splat(Real::MIN)]);
        for (middle, patch) in self.middles.iter().zip(&skin.patches) {
            let [low, high] = &mut self.bounds[usize::from(patch.body)];
            (*low, *high) = (low.min(*middle), high.max(*middle));
        }
        self.nearby.sort(&self.middles);
        self.at.clear();
        self.cells.clear();
        self.patches.clear();
        self.obstacles.clear();
        let farthest = self.middles.iter().map(|m| length_squared(*m)).fold(0.0, Real::max);
        // What rounding makes of a place.
        let far = farthest.sqrt();
        let wider = 2.0 * SLACK * WAY * real(lattice.spacing) + 16.0 * Real::EPSILON * far;
        for (i, obstacle) in model.obstacles.iter().enumerate() {
            for (p, middle) in self.middles.iter().enumerate() {
                let Some(least) = obstacle.least_distance(vector(*middle), wider) else { continue };
                if self.obstacles.len() == ROOM * skin.patches.len() {
                    self.obstacles.clear();
                    return;
                }
                self.obstacles.push((i as u16, p as u32, least));
            }
        }
        for &cell in if skin.body_count > 1 { &skin.shell[..] } else { &[] } {
            self.find(model, displacements, cell, wider);
            if self.patches.len() + self.found.len() > ROOM * skin.patches.len() {
                self.obstacles.clear();
                return;
            }
            if !self.found.is_empty() {
                self.patches.extend_from_slice(&self.found);
                self.cells.push((cell, self.patches.len() as u32));
            }
        }
        self.at.extend_from_slice(displacements);
    }

    /// The patches of other bodies whose middles lie in the box of a cell, made wider on all sides.
    fn find(&mut self, model: &Model, displacements: &[Lanes], cell: u32, wider: Real) {
        self.found.clear();
        let body = model.lattice.cells[cell as usize].body;
        let (low, high) = bounds(&corners(model, displacements, cell));
        let wider = node_vector([wider; 3]);
        let (low, high) = (low - wider, high + wider);
        let is_far = self.bounds.iter().enumerate().all(|(other, [from, to])| {
            other == usize::from(body) || !(is_below(low, *to) && is_below(*from, high))
        });
        if is_far {
            return;
        }
        let (patches, middles, found) = (&model.skin.patches, &self.middles, &mut self.found);
        self.nearby.for_each(low, high, |p| {
            let at = middles[p as usize];
            if patches[p as usize].body != body && is_below(low, at) && is_below(at, high) {
                found.push(p);
            }
        });
        found.sort_unstable();
    }
}

/// Is each component of `a` at most that of `b`?
pub(crate) fn is_below(a: Lanes, b: Lanes) -> bool {
    (b - a).to_array().iter().all(|x| *x >= 0.0)
}

/// Positions of a cell's corners [mm].
pub(crate) fn corners(model: &Model, displacements: &[Lanes], cell: u32) -> [Lanes; 8] {
    let lattice = &model.lattice;
    let low = lattice.rest_position(&Embedding { cell, local: [0.0; 3] });
    let nodes = &lattice.cells[cell as usize].nodes;
    std::array::from_fn(|c| {
        let rest = [0, 1, 2]
            .map(|axis| if c >> axis & 1 == 1 { low[axis] + lattice.spacing } else { low[axis] });
        from_f32(rest) + displacements[nodes[c] as usize]
    })
}

/// The box around points.
pub(crate) fn bounds(points: &[Lanes; 8]) -> (Lanes, Lanes) {
    points[1..].iter().fold((points[0], points[0]), |(low, high), x| (low.min(*x), high.max(*x)))
}
