//! Where vessels are open: severed links between samples of one vessel, put together to openings.

use std::collections::{BTreeMap, BTreeSet};

use nalgebra::Vector3;

use super::Ground;
use crate::{
    hierarchy::UnionFind,
    incision::{Incisions, facets::Finder},
    lattice::{Embedding, Lattice},
    scene::{Scene, Supply},
};

const NONE: u32 = u32::MAX;
/// An opening smaller than this is the rounding of samples [samples' faces].
const LEAST: f64 = 0.2;

/// Samples of vessels and how they hang together while nothing is cut.
#[derive(Clone, Debug, Default)]
pub(crate) struct Vessels {
    /// What each label has.
    pub supplies: Vec<Supply>,
    /// Names of the samples, ascending.
    names: Vec<u64>,
    labels: Vec<u8>,
    /// The sample above each along x, y, z, if it is of the same vessel.
    above: Vec<[u32; 3]>,
    /// Number of the tree that each belongs to.
    trees: Vec<u32>,
}

/// A place where a vessel is open.
#[derive(Clone, Debug)]
pub(super) struct Opening {
    pub id: u32,
    pub label: u8,
    /// The samples at its rim and in it, by name.
    pub samples: Vec<u64>,
    /// All of it, and what no clamp holds [mm²].
    pub area: f64,
    pub open: f64,
    /// A point of the tissue in its middle.
    pub place: Embedding,
    /// Away from the vessel's inside, rest space; zero where both lips are of one vessel.
    pub outward: Vector3<f64>,
    /// Does blood come to it the usual way?
    pub is_fed: bool,
    /// What there is to lose, of a vessel that is cut off [mL].
    pub held: Option<f64>,
}

/// All of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Openings {
    pub list: Vec<Opening>,
    /// Which opening each sample was of.
    of: BTreeMap<u64, u32>,
    /// The next that appears gets this number.
    next: u32,
}

/// Name of a sample; names ascend with x, then y, then z.
pub(super) fn name(at: [i32; 3]) -> u64 {
    let [x, y, z] = at.map(|c| u64::from(c as u32 & 0xf_ffff));
    z << 40 | y << 20 | x
}

/// The sample of a name.
pub(super) fn unnamed(name: u64) -> [i32; 3] {
    [0, 20, 40].map(|shift| (name >> shift & 0xf_ffff) as i32)
}

/// The sample that a material point lies in, or the nearest one of its cell.
pub(super) fn sample_of(lattice: &Lattice, point: &Embedding) -> [i32; 3] {
    let cell = &lattice.cells[point.cell as usize];
    let away = |s: u32| -> f32 {
        let inner = [s & 3, s >> 2 & 3, s >> 4];
        (0..3).map(|a| (inner[a] as f32 + 0.5 - 4.0 * point.local[a]).powi(2)).sum()
    };
    let own = (0..64).filter(|s| cell.samples >> s & 1 == 1);
    let s = own.min_by(|a, b| away(*a).total_cmp(&away(*b))).unwrap_or(0);
    let inner = [s & 3, s >> 2 & 3, s >> 4];
    [0, 1, 2].map(|a| 4 * i32::from(cell.coord[a]) + inner[a] as i32)
}

/// The middle of a sample as a material point.
pub(super) fn point_of(lattice: &Lattice, finder: &Finder, at: [i32; 3]) -> Option<Embedding> {
    let (cell, _) = finder.any_sample(at)?;
    let coord = lattice.cells[cell as usize].coord;
    let local = [0, 1, 2].map(|a| (at[a] as f32 + 0.5) / 4.0 - f32::from(coord[a]));
    Some(Embedding { cell, local })
}

fn raised(at: [i32; 3], axis: usize, by: i32) -> [i32; 3] {
    let mut to = at;
    to[axis] += by;
    to
}

impl Vessels {
    /// Those of a scene that nothing has cut.
    pub fn new(scene: &Scene) -> Self {
        let mut this = Self { supplies: vec![Supply::None; 256], ..Self::default() };
        for perfusion in &scene.perfusion {
            this.supplies[usize::from(perfusion.label)] = perfusion.supply;
        }
        if scene.perfusion.is_empty() || scene.labels.is_empty() {
            return this;
        }
        let mut samples = Vec::new();
        for (cell, labels) in scene.lattice.cells.iter().zip(scene.labels.chunks_exact(64)) {
            for (s, label) in labels.iter().enumerate() {
                let is_vessel = matches!(this.supplies[usize::from(*label)], Supply::Vessel { .. });
                if is_vessel && cell.samples >> s & 1 == 1 {
                    let inner = [s & 3, s >> 2 & 3, s >> 4];
                    let at = [0, 1, 2].map(|a| 4 * i32::from(cell.coord[a]) + inner[a] as i32);
                    samples.push((name(at), *label, cell.body));
                }
            }
        }
        samples.sort_unstable();
        let find = |at: [i32; 3]| samples.binary_search_by_key(&name(at), |s| s.0).ok();
        let mut trees = UnionFind::new(samples.len());
        for (i, (own, label, body)) in samples.iter().enumerate() {
            let up = |axis| {
                let above = find(raised(unnamed(*own), axis, 1))?;
                (samples[above].1 == *label && samples[above].2 == *body).then_some(above as u32)
            };
            let above = [0, 1, 2].map(|axis| up(axis).unwrap_or(NONE));
            above.iter().filter(|j| **j != NONE).for_each(|j| trees.union(i, *j as usize));
            this.above.push(above);
        }
        this.trees = (0..samples.len()).map(|i| trees.find(i) as u32).collect();
        this.names = samples.iter().map(|s| s.0).collect();
        this.labels = samples.iter().map(|s| s.1).collect();
        this
    }

    fn find(&self, at: [i32; 3]) -> Option<usize> {
        self.names.binary_search(&name(at)).ok()
    }

    /// Which samples hang together by links that are not severed and samples that are not clamped.
    fn parts(&self, severed: &[u8], clamped: Option<&BTreeSet<u64>>) -> UnionFind {
        let is_shut = |i: usize| clamped.is_some_and(|c| c.contains(&self.names[i]));
        let mut parts = UnionFind::new(self.names.len());
        for (i, above) in self.above.iter().enumerate() {
            for (axis, j) in above.iter().enumerate() {
                if *j != NONE && severed[i] >> axis & 1 == 0 && !is_shut(i) && !is_shut(*j as usize)
                {
                    parts.union(i, *j as usize);
                }
            }
        }
        parts
    }
}

/// The tissue at the moment of a look.
pub(super) struct Site<'a> {
    vessels: &'a Vessels,
    scene: &'a Scene,
    incisions: &'a Incisions,
    finder: Finder<'a>,
}

/// A part of a tree.
#[derive(Clone, Copy, Default)]
struct Branch {
    samples: u32,
    is_adrift: bool,
}

impl<'a> Site<'a> {
    pub fn new(ground: &Ground<'a>) -> Self {
        let finder = Finder::new(&ground.scene.lattice);
        Self { vessels: ground.vessels, scene: ground.scene, incisions: ground.incisions, finder }
    }

    fn sample(&self) -> f64 {
        0.25 * f64::from(self.scene.lattice.spacing)
    }

    /// Names of the samples within a distance [mm] of one, of its body, that no cut lies before: jaws on one lip do not hold the other.
    pub fn within(&self, seed: [i32; 3], radius: f64) -> BTreeSet<u64> {
        let body = |at| {
            let (cell, _) = self.finder.any_sample(at)?;
            Some(self.scene.lattice.cells[cell as usize].body)
        };
        let Some(own) = body(seed) else { return BTreeSet::new() };
        let far = radius / self.sample();
        let reach = far as i32;
        let mut found = BTreeSet::new();
        for z in -reach..=reach {
            for y in -reach..=reach {
                for x in -reach..=reach {
                    let by = [x, y, z];
                    let at = [0, 1, 2].map(|a| seed[a] + by[a]);
                    let is_near = f64::from(by.map(|d| d * d).iter().sum::<i32>()) <= far * far;
                    if is_near && body(at) == Some(own) && self.is_clear(seed, by) {
                        found.insert(name(at));
                    }
                }
            }
        }
        found
    }

    /// Does no severed link lie on the straight way from a sample to another?
    fn is_clear(&self, seed: [i32; 3], by: [i32; 3]) -> bool {
        let mut at = seed;
        let mut gone = [0; 3];
        loop {
            // The axis that lags most behind.
            let share = |a: usize| (f64::from(gone[a]) + 0.5) / f64::from(by[a].abs());
            let left = (0..3).filter(|a| gone[*a] < by[*a].abs());
            let Some(axis) = left.min_by(|a, b| share(*a).total_cmp(&share(*b))) else {
                return true;
            };
            let to = raised(at, axis, by[axis].signum());
            let low = if by[axis] > 0 { at } else { to };
            if self.incisions.is_severed(low, axis) {
                return false;
            }
            at = to;
            gone[axis] += 1;
        }
    }

    /// What fresh tissue could lose by where it is [mL/min].
    pub fn oozing(&self) -> BTreeMap<[u16; 3], f64> {
        let mut sums = BTreeMap::new();
        for (low, axis, area) in self.incisions.faces(self.scene.lattice.spacing) {
            for at in [low, raised(low, axis, 1)] {
                let Some((cell, sample)) = self.finder.any_sample(at) else { continue };
                let label = self.scene.labels.get((64 * cell + sample) as usize).copied();
                let supply = self.vessels.supplies.get(usize::from(label.unwrap_or(0)));
                if let Some(Supply::Tissue { oozing }) = supply {
                    let place = self.scene.lattice.cells[cell as usize].coord;
                    *sums.entry(place).or_insert(0.0) += 0.01 * area * f64::from(*oozing);
                }
            }
        }
        sums
    }

    /// Everything that is open, as `before` numbers it where it was there then.
    pub fn openings(&self, clamped: &BTreeSet<u64>, before: &Openings) -> Openings {
        let vessels = self.vessels;
        let mut severed = vec![0_u8; vessels.names.len()];
        let mut faces = Vec::new();
        for (low, axis, area) in self.incisions.faces(self.scene.lattice.spacing) {
            let Some(i) = vessels.find(low) else { continue };
            let j = vessels.above[i][axis];
            if j != NONE {
                severed[i] |= 1 << axis;
                faces.push(([i, j as usize], axis, area));
            }
        }
        let mut result = Openings { next: before.next, ..Openings::default() };
        if faces.is_empty() {
            return result;
        }
        let mut parts = vessels.parts(&severed, None);
        let groups = self.groups(&faces, &mut parts);
        let adrift = self.adrift();
        let mut flowing = vessels.parts(&severed, Some(clamped));
        let branches = self.branches(&mut flowing, &adrift);
        let mut fed: BTreeMap<u32, (usize, u32)> = BTreeMap::new();
        for (root, branch) in &branches {
            let best = fed.entry(vessels.trees[*root]).or_insert((*root, 0));
            if !branch.is_adrift && branch.samples > best.1 {
                *best = (*root, branch.samples);
            }
        }
        // By group: what its faces sum up to.
        let mut sums: BTreeMap<usize, Sum> = BTreeMap::new();
        for (ends, axis, area) in &faces {
            let of = ends.map(|e| groups[&e]);
            for (side, group) in of.into_iter().enumerate() {
                let end = ends[side];
                let sum = sums.entry(group).or_default();
                let at = unnamed(vessels.names[end]).map(|c| f64::from(c) + 0.5);
                sum.members.insert(end);
                sum.outward[*axis] += if side == 0 { *area } else { -*area };
                let share = if of[0] == of[1] { 0.5 * area } else { *area };
                sum.area += share;
                sum.middle += share * Vector3::from(at);
                if !clamped.contains(&vessels.names[end]) {
                    sum.open += share;
                }
            }
        }
        let face = self.sample().powi(2);
        sums.retain(|_, sum| sum.area >= LEAST * face);
        let mut taken = BTreeSet::new();
        let mut areas: BTreeMap<usize, f64> = BTreeMap::new();
        for sum in sums.values() {
            *areas.entry(parts.find(sum.first())).or_insert(0.0) += sum.area;
        }
        for sum in sums.values() {
            let names: Vec<u64> = sum.members.iter().map(|m| vessels.names[*m]).collect();
            let known = names.iter().filter_map(|n| before.of.get(n)).min().copied();
            let id = known.filter(|id| taken.insert(*id)).unwrap_or_else(|| {
                result.next += 1;
                result.next
            });
            let middle = sum.middle / sum.area;
            let away = |m: &usize| {
                let at = unnamed(vessels.names[*m]).map(|c| f64::from(c) + 0.5);
                (Vector3::from(at) - middle).norm_squared()
            };
            let nearest = sum.members.iter().min_by(|a, b| away(a).total_cmp(&away(b)));
            let at = unnamed(vessels.names[*nearest.unwrap_or(&sum.first())]);
            let Some(place) = point_of(&self.scene.lattice, &self.finder, at) else { continue };
            let root = parts.find(sum.first());
            let is_open = |m: &&usize| !clamped.contains(&vessels.names[**m]);
            let roots = sum.members.iter().filter(is_open);
            let roots: BTreeSet<usize> = roots.map(|m| flowing.find(*m)).collect();
            let tree = vessels.trees[sum.first()];
            let is_adrift = adrift.contains(&place.cell);
            names.iter().for_each(|n| {
                result.of.insert(*n, id);
            });
            let held = is_adrift.then(|| {
                let count = (0..vessels.names.len()).filter(|i| parts.find(*i) == root).count();
                let all = 1e-3 * count as f64 * self.sample().powi(3);
                all * sum.area / areas.get(&root).copied().unwrap_or(sum.area)
            });
            result.list.push(Opening {
                id,
                label: vessels.labels[sum.first()],
                samples: names,
                area: sum.area,
                open: sum.open,
                place,
                outward: sum.outward,
                is_fed: !is_adrift && fed.get(&tree).is_some_and(|(root, _)| roots.contains(root)),
                held,
            });
        }
        result.list.sort_unstable_by_key(|o| o.id);
        result
    }

    /// To which group each end of a face belongs: those of one part that lie beside each other.
    fn groups(
        &self,
        faces: &[([usize; 2], usize, f64)],
        parts: &mut UnionFind,
    ) -> BTreeMap<usize, usize> {
        let vessels = self.vessels;
        let ends: BTreeSet<usize> = faces.iter().flat_map(|(ends, ..)| *ends).collect();
        let order: BTreeMap<usize, usize> = ends.iter().enumerate().map(|(k, e)| (*e, k)).collect();
        let mut groups = UnionFind::new(ends.len());
        let around = (0..27).map(|k| [k % 3 - 1, k / 3 % 3 - 1, k / 9 - 1]);
        let around: Vec<[i32; 3]> = around.collect();
        for (end, k) in &order {
            let at = unnamed(vessels.names[*end]);
            for by in &around {
                let Some(other) = vessels.find([0, 1, 2].map(|a| at[a] + by[a])) else { continue };
                let Some(other_k) = order.get(&other) else { continue };
                if parts.find(*end) == parts.find(other) {
                    groups.union(*k, *other_k);
                }
            }
        }
        order.iter().map(|(end, k)| (*end, groups.find(*k))).collect()
    }

    /// Cells that hang on no more than a lesser piece of their body.
    fn adrift(&self) -> BTreeSet<u32> {
        let lattice = &self.scene.lattice;
        let mut nodes = UnionFind::new(lattice.nodes.len());
        for cell in &lattice.cells {
            cell.nodes.iter().for_each(|n| nodes.union(cell.nodes[0] as usize, *n as usize));
        }
        let roots: Vec<usize> =
            lattice.cells.iter().map(|c| nodes.find(c.nodes[0] as usize)).collect();
        let mut sizes: BTreeMap<(u16, usize), u32> = BTreeMap::new();
        for (cell, root) in lattice.cells.iter().zip(&roots) {
            *sizes.entry((cell.body, *root)).or_insert(0) += cell.samples.count_ones();
        }
        // Bodies may be of several pieces from the start; whatever holds on to something is not adrift.
        let mut held: BTreeSet<usize> = BTreeSet::new();
        for support in &self.scene.supports {
            held.insert(roots[support.point.cell as usize]);
        }
        let mut largest: BTreeMap<u16, (u32, usize)> = BTreeMap::new();
        for ((body, root), size) in &sizes {
            let best = largest.entry(*body).or_insert((0, *root));
            if *size > best.0 {
                *best = (*size, *root);
            }
        }
        held.extend(largest.values().map(|(_, root)| *root));
        (0..lattice.cells.len() as u32).filter(|c| !held.contains(&roots[*c as usize])).collect()
    }

    /// Every part of every tree.
    fn branches(&self, parts: &mut UnionFind, adrift: &BTreeSet<u32>) -> BTreeMap<usize, Branch> {
        let mut branches: BTreeMap<usize, Branch> = BTreeMap::new();
        for i in 0..self.vessels.names.len() {
            let root = parts.find(i);
            let branch = branches.entry(root).or_default();
            if branch.samples == 0 && !adrift.is_empty() {
                let cell = self.finder.any_sample(unnamed(self.vessels.names[root]));
                branch.is_adrift = cell.is_some_and(|(cell, _)| adrift.contains(&cell));
            }
            branch.samples += 1;
        }
        branches
    }
}

/// What the faces of a group sum up to.
#[derive(Default)]
struct Sum {
    members: BTreeSet<usize>,
    area: f64,
    open: f64,
    middle: Vector3<f64>,
    outward: Vector3<f64>,
}

impl Sum {
    fn first(&self) -> usize {
        self.members.first().copied().unwrap_or(0)
    }
}
