//! Incision: the sheet that a blade sweeps severs links between samples of tissue; cells and nodes are divided accordingly.
//!
//! Everything happens in rest space, so that a cut stays where it was made in the tissue, however that moves. Links are only ever
//! severed, so a cell or a node that was divided stays so, the numbers of what was there before do not change, and the same
//! strokes give the same lattice. [`Incisions`] is what has been cut, plain data beside the [`Scene`]; [`Division`] says
//! what one stroke added, and carries a [`State`] over.
//!
//! A sample is a quarter of a cell's edge: two cuts that run nearer to each other than that are one. A cell opens once the blade
//! has passed through all of it that hangs together.

mod exact;
pub mod facets;
mod links;
mod split;

pub use self::split::Division;
use self::{
    exact::{Crossing, Place, blade, centre, crosses},
    facets::Finder,
    links::{Crossings, Severed, place},
    split::Bond,
};
use std::collections::BTreeMap;

use crate::{
    control::Load,
    hierarchy::{Incidence, UnionFind},
    lattice::{Cell, Embedding, Lattice},
    model::Model,
    scene::Scene,
    state::State,
    viscosity::BRANCHES,
};

/// A blade's edge at one moment, from end to end, rest space [mm].
pub type Edge = [[f32; 3]; 2];

/// What has been cut.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Incisions {
    /// Severed links of each cell.
    severed: Vec<Severed>,
    /// What else holds samples together.
    bonds: Vec<Bond>,
    /// Where the severed links were crossed.
    crossings: Crossings,
}

impl Incisions {
    /// Nothing is cut. The lattice must be sound.
    pub fn new(lattice: &Lattice) -> Self {
        Self {
            severed: vec![[0; 3]; lattice.cells.len()],
            bonds: split::bonds(lattice),
            crossings: Crossings::new(),
        }
    }

    /// Sever what the blade passes through while its edge moves from one place to the next, and divide the scene: the edge's ends
    /// move along straight lines, and the sheet between is two triangles. Bonds of what is embedded are brought to the side
    /// that holds them; triangles of membranes that the blade crosses are taken out.
    pub fn cut(&mut self, scene: &mut Scene, from: Edge, to: Edge) -> Division {
        let lattice = &scene.lattice;
        let sheet = Sheet::new(lattice, from, to);
        let corners: Vec<_> = lattice.cells.iter().map(|c| c.nodes).collect();
        let around = Incidence::new(lattice.nodes.len(), &corners);
        let mut touched = Vec::new();
        for triangle in sheet.triangles {
            let candidates = sheet.near(&lattice.cells);
            let cells = &lattice.cells;
            let severed = (&mut self.severed[..], &mut self.crossings);
            links::sever(cells, severed, &around, candidates, triangle, &mut touched);
            self.bonds.retain(|bond| {
                let ends =
                    [0, 1].map(|i| sample_centre(&cells[bond.cells[i] as usize], bond.samples[i]));
                let cut = crosses(ends[0], ends[1], triangle);
                if cut {
                    touched.extend(bond.cells);
                }
                !cut
            });
        }
        if touched.is_empty() {
            return Division::default();
        }
        let before = lattice.cells.len();
        let division =
            split::split(&mut scene.lattice, &mut self.severed, &mut self.bonds, &mut touched);
        division.carry_scene(scene, before, &sheet);
        division
    }

    /// Number of pieces that the tissue has been cut into, counted over the samples and their links.
    pub fn pieces(&self, lattice: &Lattice) -> usize {
        split::flood_count(&lattice.cells, &self.severed, &self.bonds, lattice.nodes.len())
    }

    /// The dead loads by which the tension of the tissue at rest opens the cuts. Across a severed link each side pulled at the other
    /// with the tension times the link's share of area; of an oblique cut the links along all axes make up the whole.
    pub fn tension(&self, scene: &Scene) -> Vec<Load> {
        let lattice = &scene.lattice;
        let tension = |cell: u32| {
            let material = lattice.cells[cell as usize].material;
            scene.materials.get(usize::from(material)).map_or(0.0, |m| m.tension)
        };
        if scene.materials.iter().all(|m| m.tension == 0.0) {
            return Vec::new();
        }
        let area = (0.25 * lattice.spacing).powi(2);
        // By cell, axis and side.
        let mut sums: BTreeMap<(u32, usize, bool), Relieved> = BTreeMap::new();
        self.parted(lattice, |low, axis, [lower, upper]| {
            let force = 0.5 * (tension(lower) + tension(upper)) * area;
            if force == 0.0 {
                return;
            }
            for (cell, is_upper) in [(lower, false), (upper, true)] {
                let sum = sums.entry((cell, axis, is_upper)).or_default();
                sum.links += 1.0;
                sum.force += if is_upper { force } else { -force };
                let place = middle(lattice, cell, low, axis).local;
                sum.places.iter_mut().zip(place).for_each(|(sum, x)| *sum += x);
            }
        });
        let load = |((cell, axis, _), sum): (_, Relieved)| {
            let mut force = [0.0; 3];
            force[axis] = sum.force;
            Load { point: Embedding { cell, local: sum.places.map(|p| p / sum.links) }, force }
        };
        sums.into_iter().map(load).collect()
    }

    /// The lips of all cuts: pairs of material points that were one, on either side of each link whose samples hang together no
    /// longer in its own cells, the lower first, and the axis of the link.
    pub fn lips(&self, lattice: &Lattice) -> Vec<(usize, [Embedding; 2])> {
        let mut lips = Vec::new();
        self.parted(lattice, |low, axis, cells| {
            lips.push((axis, cells.map(|cell| middle(lattice, cell, low, axis))));
        });
        lips
    }

    /// The severed links, by lower sample and axis, with the area of sheet that each stands for [mm²].
    pub(crate) fn faces(&self, spacing: f32) -> impl Iterator<Item = ([i32; 3], usize, f64)> {
        let whole = (0.25 * f64::from(spacing)).powi(2);
        self.crossings.iter().map(move |(name, crossing)| {
            let (low, axis) = links::named(*name);
            (low, axis, whole * f64::from(crossing.normal[axis].abs()))
        })
    }

    /// Area that has been cut through tissue of each label [mm²], one side of it. A link along an axis stands for as much of its sheet
    /// as the sheet leans that way, so the sum over the axes is the area however the blade was held.
    pub fn areas(&self, scene: &Scene) -> BTreeMap<u8, f32> {
        let lattice = &scene.lattice;
        let mut areas = BTreeMap::new();
        if self.crossings.is_empty() || scene.labels.is_empty() {
            return areas;
        }
        let finder = Finder::new(lattice);
        let whole = (0.25 * lattice.spacing).powi(2);
        for (name, crossing) in &self.crossings {
            let (low, axis) = links::named(*name);
            let mut high = low;
            high[axis] += 1;
            let area = whole * crossing.normal[axis].abs();
            // What the blade's side of the crossing belongs to is told by the nearer sample.
            let near = if crossing.at < 0.5 { low } else { high };
            if let Some((cell, sample)) = finder.any_sample(near) {
                let label = scene.labels[(64 * cell + sample) as usize];
                *areas.entry(label).or_insert(0.0) += area;
            }
        }
        areas
    }

    /// Visit the severed links between two cells: lower sample, axis, and the cells of the lower and the upper sample. Within a part
    /// of a cell that still hangs together the two sides hold each other.
    fn parted(&self, lattice: &Lattice, mut visit: impl FnMut([i32; 3], usize, [u32; 2])) {
        if self.crossings.is_empty() {
            return;
        }
        let finder = Finder::new(lattice);
        for (low, axis) in self.crossed() {
            let mut high = low;
            high[axis] += 1;
            let ends = [low, high].map(|sample| finder.any_cell(sample));
            let [Some(lower), Some(upper)] = ends else { continue };
            if lower != upper {
                visit(low, axis, [lower, upper]);
            }
        }
    }

    /// Is nothing severed?
    pub(crate) fn is_whole(&self) -> bool {
        self.crossings.is_empty()
    }

    /// Is a link severed? By its lower sample and its axis.
    pub(crate) fn is_severed(&self, low: [i32; 3], axis: usize) -> bool {
        self.crossing(low, axis).is_some()
    }

    /// Where a link was crossed, if it is severed.
    fn crossing(&self, low: [i32; 3], axis: usize) -> Option<&Crossing> {
        self.crossings.get(&links::name(low, axis)?)
    }

    /// Lower sample and axis of each severed link.
    fn crossed(&self) -> impl Iterator<Item = ([i32; 3], usize)> {
        self.crossings.keys().map(|name| links::named(*name))
    }
}

impl Incisions {
    /// What a cut lattice must be, held against the one that nothing had cut: the first thing that is not so. For tests and
    /// fuzzers.
    ///
    /// Every sample belongs to one cell, the same as before in body and material; the samples of a cell hang together; cells share
    /// a node if and only if they hang together around it; the pieces of the lattice are those of the samples.
    pub fn fault(&self, whole: &Lattice, cut: &Lattice) -> Option<String> {
        let mut samples = BTreeMap::new();
        for cell in &whole.cells {
            *samples.entry((cell.coord, cell.body, cell.material)).or_insert(0) ^= cell.samples;
        }
        for (c, cell) in cut.cells.iter().enumerate() {
            let left = samples.entry((cell.coord, cell.body, cell.material)).or_insert(0);
            if cell.samples == 0 || *left & cell.samples != cell.samples {
                return Some(format!("cell {c} has samples that it should not"));
            }
            *left &= !cell.samples;
            let corners = (0..8).map(|k| [k & 1, k >> 1 & 1, k >> 2 & 1]);
            for (node, at) in cell.nodes.iter().zip(corners) {
                let coord = cut.nodes.get(*node as usize).copied();
                if coord != Some(std::array::from_fn(|a| cell.coord[a] + at[a])) {
                    return Some(format!("cell {c} has a corner elsewhere"));
                }
            }
        }
        if let Some(((coord, ..), _)) = samples.iter().find(|(_, left)| **left != 0) {
            return Some(format!("samples of cell {coord:?} are lost"));
        }
        if let Some(node) = split::joins_strangers(cut, &self.severed, &self.bonds) {
            return Some(format!("node {node} joins cells that do not hang together"));
        }
        let (lattice, flood) = (pieces_over_nodes(cut), self.pieces(cut));
        (lattice != flood).then(|| format!("{lattice} pieces of cells, {flood} of samples"))
    }
}

/// Number of pieces of a lattice whose cells hang together over shared nodes.
fn pieces_over_nodes(lattice: &Lattice) -> usize {
    let mut nodes = UnionFind::new(lattice.nodes.len());
    for cell in &lattice.cells {
        cell.nodes.iter().for_each(|n| nodes.union(cell.nodes[0] as usize, *n as usize));
    }
    (0..lattice.nodes.len()).filter(|n| nodes.find(*n) == *n).count()
}

/// The middle of a link by its lower sample, as a point of a cell at one of its ends.
fn middle(lattice: &Lattice, cell: u32, low: [i32; 3], axis: usize) -> Embedding {
    let coord = lattice.cells[cell as usize].coord;
    let local = std::array::from_fn(|a| {
        let middle = if a == axis { 1.0 } else { 0.5 };
        (low[a] as f32 + middle) / 4.0 - f32::from(coord[a])
    });
    Embedding { cell, local }
}

/// What severed links relieve of tension in one cell.
#[derive(Default)]
struct Relieved {
    links: f32,
    /// Sum of the links' local coordinates.
    places: [f32; 3],
    /// Along their axis [mN].
    force: f32,
}

/// What a blade's edge sweeps, on the lattice of whole numbers.
struct Sheet {
    triangles: [[Place; 3]; 2],
    /// Lattice coordinates of the cells that it may concern, low and high.
    box_: [[i64; 3]; 2],
    origin: [f32; 3],
    spacing: f32,
}

impl Sheet {
    fn new(lattice: &Lattice, from: Edge, to: Edge) -> Self {
        let (origin, spacing) = (lattice.origin, lattice.spacing);
        let mut sheet = Self { triangles: [[[0; 3]; 3]; 2], box_: [[0; 3]; 2], origin, spacing };
        let [a, b, c, d] = [from[0], from[1], to[0], to[1]].map(|at| sheet.place(at));
        sheet.triangles = [[a, b, d], [a, d, c]];
        let of_axis = |axis: usize, end: fn(i64, i64) -> i64| {
            [a, b, c, d].map(|p| exact::sample(p[axis])).into_iter().reduce(end).unwrap_or(0)
        };
        sheet.box_ = [
            std::array::from_fn(|axis| (of_axis(axis, i64::min) - 1).div_euclid(4)),
            std::array::from_fn(|axis| (of_axis(axis, i64::max) + 1).div_euclid(4)),
        ];
        sheet
    }

    /// A rest position [mm] as a place of the blade; what is no number is the origin.
    fn place(&self, at: [f32; 3]) -> Place {
        blade(std::array::from_fn(|a| {
            let x = 4.0 * (f64::from(at[a]) - f64::from(self.origin[a])) / f64::from(self.spacing);
            if x.is_nan() { 0.0 } else { x }
        }))
    }

    /// Cells that the sheet may concern.
    fn near(&self, cells: &[Cell]) -> impl Iterator<Item = u32> {
        let [low, high] = self.box_;
        let inside = move |cell: &Cell| {
            (0..3).all(|a| (low[a]..=high[a]).contains(&i64::from(cell.coord[a])))
        };
        cells.iter().enumerate().filter(move |(_, cell)| inside(cell)).map(|(c, _)| c as u32)
    }

    /// Does the way between two rest positions [mm] cross it?
    fn crosses(&self, a: [f32; 3], b: [f32; 3]) -> bool {
        let (a, b) = (self.place(a), self.place(b));
        self.triangles.iter().any(|triangle| crosses(a, b, *triangle))
    }
}

fn sample_centre(cell: &Cell, sample: u8) -> Place {
    let inner = place(u32::from(sample));
    centre(std::array::from_fn(|a| 4 * i64::from(cell.coord[a]) + i64::from(inner[a])))
}

impl Division {
    /// The part of its cell that holds a material point, given the number of cells before.
    fn rebind(&self, cells: &[Cell], before: usize, point: &mut Embedding) {
        if self.cells.contains(&point.cell) {
            let away = |c: &u32| {
                let near = |s: u32| -> f32 {
                    let inner = place(s);
                    (0..3).map(|a| (inner[a] as f32 + 0.5 - 4.0 * point.local[a]).powi(2)).sum()
                };
                let samples = cells[*c as usize].samples;
                (0..64).filter(|s| samples >> s & 1 == 1).map(near).fold(f32::INFINITY, f32::min)
            };
            let parts = self.parts_of(point.cell, before);
            let nearest = parts.map(|c| (away(&c), c)).min_by(|a, b| a.0.total_cmp(&b.0));
            point.cell = nearest.map_or(point.cell, |(_, c)| c);
        }
    }

    fn carry_scene(&self, scene: &mut Scene, before: usize, sheet: &Sheet) {
        let cells = &scene.lattice.cells;
        if !scene.fibres.is_empty() {
            scene
                .fibres
                .extend(self.cells.iter().map(|c| scene.fibres[*c as usize]).collect::<Vec<_>>());
        }
        if !scene.labels.is_empty() {
            // Of what a cell and its copies share by now each keeps its own samples' labels.
            for new in &self.cells {
                let of = 64 * *new as usize;
                scene.labels.extend_from_within(of..of + 64);
            }
            let touched = self.cells.iter().copied().chain(before as u32..cells.len() as u32);
            for c in touched.map(|c| c as usize) {
                let own = cells[c].samples;
                let labels = scene.labels[64 * c..64 * c + 64].iter_mut().enumerate();
                labels.filter(|(s, _)| own >> s & 1 == 0).for_each(|(_, label)| *label = 0);
            }
        }
        if !scene.distances.is_empty() {
            let copies: Vec<i16> =
                self.nodes.iter().map(|n| scene.distances[*n as usize]).collect();
            scene.distances.extend(copies);
        }
        for support in &mut scene.supports {
            self.rebind(cells, before, &mut support.point);
        }
        for surface in &mut scene.surfaces {
            for point in &mut surface.points {
                self.rebind(cells, before, point);
            }
        }
        let lattice = &scene.lattice;
        for surface in &mut scene.surfaces {
            let points = &surface.points;
            surface.triangles.retain(|triangle| {
                let at = triangle.map(|v| lattice.rest_position(&points[v as usize]));
                !(0..3).any(|i| sheet.crosses(at[i], at[(i + 1) % 3]))
            });
        }
    }

    /// Carry a state from the model before the cut to the one after it: new nodes move as those that they are copies of, so nothing
    /// opens in the moment of the cut. What touched is found anew by the next step.
    pub fn carry_state(&self, before: &Model, after: &Model, state: &mut State) {
        for list in [&mut state.displacements, &mut state.velocities] {
            for node in &self.nodes {
                list.push(list[*node as usize]);
            }
        }
        let cells = &after.lattice().cells;
        let count = before.cell_count();
        for tool in &mut state.tools {
            let grasped = tool.grasped.iter_mut();
            for point in grasped.chain(tool.ties.iter_mut().map(|tie| &mut tie.point)) {
                self.rebind(cells, count, point);
            }
        }
        state.touches.clear();
        if !state.memory.is_empty() {
            state.memory = self.carry_memory(before, after, &state.memory);
        }
    }

    /// What each element remembers; a new one remembers what the cell did that it was part of.
    fn carry_memory(
        &self,
        before: &Model,
        after: &Model,
        memory: &[crate::material::Strain],
    ) -> Vec<crate::material::Strain> {
        let mut carried = vec![Default::default(); BRANCHES * after.branches.len()];
        for (element, cell) in after.carriers.elements.iter().enumerate() {
            let origin = (*cell as usize)
                .checked_sub(before.cell_count())
                .map_or(*cell, |new| self.cells[new]);
            let middle = Embedding { cell: origin, local: [0.5; 3] };
            let (group, lane) = before.grids[0].slot(before.carriers.carry(&middle).cell as usize);
            let (to_group, to_lane) = after.grids[0].slot(element);
            for branch in 0..BRANCHES {
                let from: &crate::material::Strain = &memory[BRANCHES * group + branch];
                let to: &mut crate::material::Strain = &mut carried[BRANCHES * to_group + branch];
                for (to, from) in to.iter_mut().zip(from) {
                    let mut lanes = to.to_array();
                    lanes[to_lane] = from.to_array()[lane];
                    *to = crate::real::Lanes::new(lanes);
                }
            }
        }
        carried
    }
}
