//! Growing: one end after the other, each joined to the branch where the whole tree then holds the least blood.
//!
//! Ends are tried at random places that are far enough from the tree; the distance asked for falls as the tree fills the organ, so that large
//! vessels come first (staged growth). For each of the nearest branches the fork is put where Σ Q^(2/γ) · length of the three arms is
//! least [Kamiya and Togawa 1972], then the trees are compared as wholes.

use super::{
    super::{chance::Chance, tube::to_line},
    Vessels,
    tree::{Branch, Load, Tree, shares},
};
use crate::volume::Voxels;

/// Nearest branches that are tried for each end.
const TRIED: usize = 12;
/// Places tried before the distance that is asked for falls.
const PATIENCE: usize = 30;
/// By how much it falls.
const YIELD: f64 = 0.9;
/// Where along a branch whose place is given a fork may be.
const ALONG: [f64; 7] = [0.15, 0.3, 0.4, 0.5, 0.6, 0.7, 0.85];
/// Least length of an arm of a fork, over its estimated radius.
const STOUT: f64 = 1.5;

/// A tree that grows.
pub(super) struct Growth<'w> {
    recipe: &'w Vessels,
    labels: &'w Voxels<u16>,
    depths: &'w [f32],
    places: &'w [u32],
    branches: Vec<Branch>,
    loads: Vec<Load>,
}

/// A fork on branch `on` at `at`, and what the whole tree would cost with it.
struct Fork {
    on: usize,
    at: [f64; 3],
    cost: f64,
}

fn between(a: [f64; 3], b: [f64; 3]) -> f64 {
    (0..3).map(|i| (a[i] - b[i]).powi(2)).sum::<f64>().sqrt()
}

impl<'w> Growth<'w> {
    /// The trunks alone.
    pub(super) fn new(
        recipe: &'w Vessels,
        labels: &'w Voxels<u16>,
        depths: &'w [f32],
        places: &'w [u32],
    ) -> Self {
        let mut branches: Vec<Branch> = Vec::new();
        let mut ends: Vec<usize> = Vec::new();
        for (t, trunk) in recipe.trunks.iter().enumerate() {
            let from = trunk.from.as_ref().and_then(|id| {
                recipe.trunks[..t].iter().position(|other| other.id == *id).map(|i| ends[i])
            });
            let mut parent = from;
            let begin = from.map(|b| branches[b].to);
            let points: Vec<[f64; 3]> =
                begin.into_iter().chain(trunk.path.iter().copied()).collect();
            for ends in points.windows(2) {
                let own = branches.len();
                branches.push(Branch {
                    from: ends[0],
                    to: ends[1],
                    radius: 0.0,
                    flow: 0,
                    parent,
                    children: Vec::new(),
                    trunk: t,
                    given: true,
                });
                if let Some(parent) = parent {
                    branches[parent].children.push(own);
                }
                parent = Some(own);
            }
            ends.push(parent.unwrap_or(0));
        }
        let loads = vec![Load::end(1.0); branches.len()];
        let mut growth = Self { recipe, labels, depths, places, branches, loads };
        // Children of a trunk stand after it.
        for b in (0..growth.branches.len()).rev() {
            growth.loads[b] = growth.load(b);
        }
        growth
    }

    /// Grow all ends, then give every branch its radius.
    ///
    /// # Errors
    /// There is no room for that many ends.
    pub(super) fn run(mut self) -> Result<Tree, String> {
        let mut chance = Chance::new(self.recipe.seed);
        let grid = self.labels.grid;
        let volume = self.places.len() as f64 * grid.voxel_volume();
        let wanted = self.recipe.ends as usize;
        let mut ends = self.branches.iter().filter(|b| b.children.is_empty()).count();
        let mut apart = (volume / ends as f64).cbrt();
        let mut failures = 0;
        let least = 0.5 * grid.voxel_volume().cbrt();
        while ends < wanted {
            let place = self.places[chance.below(self.places.len())] as usize;
            let [nx, ny, _] = grid.dims;
            let voxel = [place % nx, place / nx % ny, place / (nx * ny)];
            let end: [f64; 3] = std::array::from_fn(|a| {
                grid.origin[a] + grid.spacing[a] * (voxel[a] as f64 + 0.9 * (chance.unit() - 0.5))
            });
            if self.join(end, self.labels.values[place], apart) {
                ends += 1;
                failures = 0;
                apart = apart.min((volume / ends as f64).cbrt());
            } else {
                failures += 1;
                if failures > PATIENCE {
                    failures = 0;
                    apart *= YIELD;
                }
                if apart < least {
                    return Err(format!(
                        "only {ends} of {wanted} ends of vessels found room; ask for fewer"
                    ));
                }
            }
        }
        Ok(self.finish())
    }

    /// May a branch of this trunk supply tissue of this label?
    fn supplies(&self, trunk: usize, label: u16) -> bool {
        let named = self.recipe.trunks.iter().any(|t| !t.supplies.is_empty());
        !named || self.recipe.trunks[trunk].supplies.contains(&label)
    }

    /// Join an end to the tree, if it is far enough from it and there is a way.
    fn join(&mut self, end: [f64; 3], label: u16, apart: f64) -> bool {
        let mut near: Vec<(f64, usize)> = Vec::with_capacity(self.branches.len());
        for (b, branch) in self.branches.iter().enumerate() {
            let distance = to_line(end, [branch.from, branch.to]);
            if distance < apart {
                return false;
            }
            if self.supplies(branch.trunk, label) {
                near.push((distance, b));
            }
        }
        near.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        near.truncate(TRIED);
        let mut best: Option<Fork> = None;
        for (_, on) in near {
            let Some(fork) = self.fork(on, end) else { continue };
            if best.as_ref().is_none_or(|b| fork.cost < b.cost) {
                best = Some(fork);
            }
        }
        let Some(fork) = best else { return false };
        self.attach(&fork, end);
        true
    }

    /// The best fork on a branch for an end; none if there is no way to it.
    fn fork(&self, on: usize, end: [f64; 3]) -> Option<Fork> {
        let branch = &self.branches[on];
        let places = if branch.given {
            ALONG
                .iter()
                .map(|t| {
                    std::array::from_fn(|a| branch.from[a] + t * (branch.to[a] - branch.from[a]))
                })
                .collect()
        } else {
            vec![self.balance(on, end)]
        };
        let mut best: Option<Fork> = None;
        for at in places {
            let cost = self.cost_with(on, at, end);
            if best.as_ref().is_some_and(|b| b.cost <= cost) || !self.fits(on, at, end) {
                continue;
            }
            best = Some(Fork { on, at, cost });
        }
        best
    }

    /// Where the three arms of a fork, weighted by the squares of their radii, are shortest together (Weiszfeld's iteration).
    fn balance(&self, on: usize, end: [f64; 3]) -> [f64; 3] {
        let branch = &self.branches[on];
        let flow = self.loads[on].flow;
        let weigh = |flow: f64| flow.powf(2.0 / self.recipe.exponent);
        let arms = [(branch.from, weigh(flow + 1.0)), (branch.to, weigh(flow)), (end, 1.0)];
        let mut at: [f64; 3] =
            std::array::from_fn(|a| arms.iter().map(|(p, _)| p[a]).sum::<f64>() / 3.0);
        for _ in 0..24 {
            let pulls = arms.map(|(p, weight)| weight / between(p, at).max(1e-3));
            let sum: f64 = pulls.iter().sum();
            at =
                std::array::from_fn(|a| (0..3).map(|i| pulls[i] * arms[i].0[a]).sum::<f64>() / sum);
        }
        at
    }

    /// Cost of the whole tree with a fork: only the way to the root changes.
    fn cost_with(&self, on: usize, at: [f64; 3], end: [f64; 3]) -> f64 {
        let exponent = self.recipe.exponent;
        let branch = &self.branches[on];
        let below = self.shortened(on, between(at, branch.to));
        let new = Load::end(between(at, end));
        let mut load = Load::leading(between(branch.from, at), &[below, new], exponent);
        let (mut child, mut up) = (on, branch.parent);
        while let Some(parent) = up {
            let of = &self.branches[parent];
            let children: Vec<Load> = of
                .children
                .iter()
                .map(|&c| if c == child { load } else { self.loads[c] })
                .collect();
            load = Load::leading(between(of.from, of.to), &children, exponent);
            (child, up) = (parent, of.parent);
        }
        load.cost()
    }

    /// The load of a branch if it had another length.
    fn shortened(&self, b: usize, length: f64) -> Load {
        let own = self.loads[b];
        let change = length - between(self.branches[b].from, self.branches[b].to);
        Load { resistance: own.resistance + change, volume: own.volume + change, ..own }
    }

    /// Radius that a branch of this flow has, about [mm].
    fn about(&self, flow: f64) -> f64 {
        let share = flow / self.loads[0].flow.max(f64::from(self.recipe.ends));
        self.recipe.radius * share.powf(1.0 / self.recipe.exponent)
    }

    /// Do the arms of a fork stay in the organ, are they no stumps, and clear of other branches?
    fn fits(&self, on: usize, at: [f64; 3], end: [f64; 3]) -> bool {
        let branch = &self.branches[on];
        let flow = self.loads[on].flow;
        let stump = |length: f64, flow: f64| length < STOUT * self.about(flow);
        if stump(between(branch.from, at), flow + 1.0)
            || stump(between(at, branch.to), flow)
            || stump(between(at, end), 1.0)
        {
            return false;
        }
        let moved = !branch.given;
        if !self.inside(at, end, 1.0)
            || moved && !(self.inside(branch.from, at, flow) && self.inside(at, branch.to, flow))
        {
            return false;
        }
        self.branches.iter().enumerate().all(|(b, other)| {
            let kin = b == on
                || branch.parent == Some(b)
                || other.parent == Some(on)
                || other.parent == branch.parent;
            kin || line_to_line([at, end], [other.from, other.to])
                > self.about(1.0) + self.about(self.loads[b].flow)
        })
    }

    /// Does a vessel of this flow run through tissue alone, covered by at least its radius?
    fn inside(&self, from: [f64; 3], to: [f64; 3], flow: f64) -> bool {
        let grid = &self.labels.grid;
        let step = 0.7 * grid.spacing.iter().copied().fold(f64::INFINITY, f64::min);
        let count = (between(from, to) / step).ceil().max(1.0) as usize;
        let cover = self.about(flow).min(self.recipe.margin);
        // A branch may begin in its trunk, outside of the organ or at its surface; from there on it must be inside.
        let skipped = if self.recipe.over.is_empty() { 0 } else { count / 5 };
        (skipped..=count).all(|i| {
            let t = i as f64 / count as f64;
            let p = std::array::from_fn(|a| from[a] + t * (to[a] - from[a]));
            grid.voxel_at(p).is_some_and(|v| f64::from(self.depths[v]) >= cover)
        })
    }

    fn attach(&mut self, fork: &Fork, end: [f64; 3]) {
        let below = self.branches.len();
        let new = below + 1;
        let upper = &mut self.branches[fork.on];
        let lower = Branch { from: fork.at, parent: Some(fork.on), ..upper.clone() };
        upper.to = fork.at;
        upper.children = vec![below, new];
        let twig = Branch {
            from: fork.at,
            to: end,
            radius: 0.0,
            flow: 1,
            parent: Some(fork.on),
            children: Vec::new(),
            trunk: lower.trunk,
            given: false,
        };
        for &child in &lower.children {
            self.branches[child].parent = Some(below);
        }
        self.branches.extend([lower, twig]);
        self.loads.extend([Load::end(1.0); 2]);
        for b in [below, new] {
            self.loads[b] = self.load(b);
        }
        let mut up = Some(fork.on);
        while let Some(b) = up {
            self.loads[b] = self.load(b);
            up = self.branches[b].parent;
        }
    }

    /// The load of a branch from those of its children.
    fn load(&self, b: usize) -> Load {
        let branch = &self.branches[b];
        let length = between(branch.from, branch.to);
        if branch.children.is_empty() {
            return Load::end(length);
        }
        let children: Vec<Load> = branch.children.iter().map(|&c| self.loads[c]).collect();
        Load::leading(length, &children, self.recipe.exponent)
    }

    /// Radii from the root down.
    fn finish(mut self) -> Tree {
        let mut waiting = vec![(0, self.recipe.radius)];
        while let Some((b, radius)) = waiting.pop() {
            self.branches[b].radius = radius;
            self.branches[b].flow = self.loads[b].flow as u32;
            let children = &self.branches[b].children;
            let loads: Vec<Load> = children.iter().map(|&c| self.loads[c]).collect();
            let betas = shares(&loads, self.recipe.exponent);
            waiting.extend(children.iter().zip(betas).map(|(&c, beta)| (c, radius * beta)));
        }
        Tree { branches: self.branches, exponent: self.recipe.exponent }
    }
}

/// Distance between two lines of finite length [Ericson 2005].
fn line_to_line([p, q]: [[f64; 3]; 2], [r, s]: [[f64; 3]; 2]) -> f64 {
    let dot = |a: [f64; 3], b: [f64; 3]| (0..3).map(|i| a[i] * b[i]).sum::<f64>();
    let minus = |a: [f64; 3], b: [f64; 3]| -> [f64; 3] { std::array::from_fn(|i| a[i] - b[i]) };
    let (d, e, w) = (minus(q, p), minus(s, r), minus(p, r));
    let (a, b, c) = (dot(d, d).max(1e-12), dot(d, e), dot(e, e).max(1e-12));
    let (f, g) = (dot(d, w), dot(e, w));
    let det = a * c - b * b;
    let mut t = if det > 1e-9 * a * c { ((b * g - c * f) / det).clamp(0.0, 1.0) } else { 0.0 };
    let mut u = (b * t + g) / c;
    if !(0.0..=1.0).contains(&u) {
        u = u.clamp(0.0, 1.0);
        t = ((b * u - f) / a).clamp(0.0, 1.0);
    }
    let gap: [f64; 3] = std::array::from_fn(|i| w[i] + t * d[i] - u * e[i]);
    dot(gap, gap).sqrt()
}

#[cfg(test)]
mod tests {
    use super::{super::Trunk, *};
    use crate::{
        twin::derivation::{Workpiece, depth::depth},
        volume::Grid,
    };

    /// A bean of tissue: an ellipsoid with a bite taken out of it, so that straight ways may leave it.
    fn organ() -> Workpiece {
        let grid = Grid { dims: [50, 40, 30], origin: [0.0; 3], spacing: [2.0; 3] };
        let values = (0..grid.len())
            .map(|i| {
                let p = [i % 50, i / 50 % 40, i / 2000].map(|c| c as f64 * 2.0);
                let ball = |c: [f64; 3], r: [f64; 3]| {
                    (0..3).map(|a| ((p[a] - c[a]) / r[a]).powi(2)).sum::<f64>() < 1.0
                };
                let bean = ball([50.0, 40.0, 30.0], [45.0, 35.0, 26.0]);
                if bean && !ball([50.0, 5.0, 30.0], [14.0, 25.0, 40.0]) {
                    if p[0] < 50.0 { 5 } else { 6 }
                } else {
                    0
                }
            })
            .collect();
        Workpiece { labels: Voxels { grid, values }, scan: None }
    }

    fn recipe() -> Vessels {
        let trunk = |id: &str, from: Option<&str>, path: &[[f64; 3]], supplies: &[u16]| Trunk {
            id: id.into(),
            from: from.map(str::to_owned),
            path: path.to_vec(),
            supplies: supplies.to_vec(),
        };
        Vessels {
            label: 9,
            trunks: vec![
                trunk("stem", None, &[[50.0, 20.0, 30.0], [50.0, 40.0, 30.0]], &[]),
                trunk("right", Some("stem"), &[[35.0, 42.0, 30.0], [25.0, 42.0, 32.0]], &[5]),
                trunk("left", Some("stem"), &[[68.0, 42.0, 30.0]], &[6]),
            ],
            within: vec![5, 6],
            over: vec![0],
            ends: 150,
            radius: 5.0,
            exponent: 3.0,
            thinnest: 1.0,
            margin: 2.0,
            seed: 11,
        }
    }

    #[test]
    fn murrays_law_holds_at_every_fork_and_flow_is_kept() {
        let tree = recipe().grow(&organ()).unwrap();
        assert_eq!(tree.ends().count(), 150);
        assert_eq!(tree.branches[0].flow, 150);
        for branch in tree.branches.iter().filter(|b| !b.children.is_empty()) {
            let children = branch.children.iter().map(|&c| &tree.branches[c]);
            let sum: f64 = children.clone().map(|c| c.radius.powi(3)).sum();
            assert!((sum / branch.radius.powi(3) - 1.0).abs() < 1e-9, "{branch:?}");
            assert_eq!(children.clone().map(|c| c.flow).sum::<u32>(), branch.flow);
            assert!(children.clone().all(|c| c.from == branch.to));
        }
    }

    #[test]
    fn every_end_has_the_same_pressure() {
        let tree = recipe().grow(&organ()).unwrap();
        let drop = |end: usize| {
            let (mut sum, mut up) = (0.0, Some(end));
            while let Some(b) = up {
                let branch = &tree.branches[b];
                sum += between(branch.from, branch.to) * f64::from(branch.flow)
                    / branch.radius.powi(4);
                up = branch.parent;
            }
            sum
        };
        let drops: Vec<f64> = tree.ends().map(drop).collect();
        let (low, high) =
            drops.iter().fold((f64::INFINITY, 0.0_f64), |(l, h), d| (l.min(*d), h.max(*d)));
        assert!(high / low < 1.0 + 1e-9, "{low} to {high}");
    }

    #[test]
    fn branches_stay_inside_and_in_their_territory() {
        let work = organ();
        let tree = recipe().grow(&work).unwrap();
        let grid = work.labels.grid;
        let depths = depth(&grid, |i| work.labels.values[i] != 0);
        for branch in tree.branches.iter().filter(|b| !b.given) {
            for i in 3..=10 {
                let t = f64::from(i) / 10.0;
                let p =
                    std::array::from_fn(|a| branch.from[a] + t * (branch.to[a] - branch.from[a]));
                let voxel = grid.voxel_at(p).expect("inside the grid");
                assert!(depths[voxel] > 0.0, "{branch:?} leaves the organ at {p:?}");
            }
        }
        for end in tree.ends() {
            let branch = &tree.branches[end];
            let voxel = grid.voxel_at(branch.to).expect("inside the grid");
            let label = work.labels.values[voxel];
            assert_eq!(recipe().trunks[branch.trunk].supplies, [label]);
        }
    }

    #[test]
    fn every_part_of_the_organ_is_supplied_and_ends_share_it() {
        let work = organ();
        let tree = recipe().grow(&work).unwrap();
        let grid = work.labels.grid;
        let ends: Vec<[f64; 3]> = tree.ends().map(|e| tree.branches[e].to).collect();
        let mut share = vec![0_usize; ends.len()];
        let mut furthest: f64 = 0.0;
        let tissue: Vec<usize> = (0..grid.len()).filter(|&i| work.labels.values[i] != 0).collect();
        for &i in &tissue {
            let p = [i % 50, i / 50 % 40, i / 2000].map(|c| c as f64 * 2.0);
            let nearest = (0..ends.len())
                .min_by(|&a, &b| between(ends[a], p).total_cmp(&between(ends[b], p)))
                .unwrap();
            share[nearest] += 1;
            furthest = furthest.max(between(ends[nearest], p));
        }
        // The ball that one end would supply has a radius of 6.2 mm here.
        let volume = tissue.len() as f64 * grid.voxel_volume();
        let ball = (volume / 150.0 * 3.0 / (4.0 * std::f64::consts::PI)).cbrt();
        assert!(furthest < 3.5 * ball, "{furthest} mm for balls of {ball} mm");
        let mean = tissue.len() as f64 / 150.0;
        let variance = share.iter().map(|&s| (s as f64 - mean).powi(2)).sum::<f64>() / 150.0;
        assert!(variance.sqrt() < 0.6 * mean, "{} of {mean}", variance.sqrt());
        assert!(share.iter().all(|s| *s > 0));
    }

    #[test]
    fn the_same_seed_grows_the_same_tree() {
        let work = organ();
        let tree = recipe().grow(&work).unwrap();
        assert_eq!(tree, recipe().grow(&work).unwrap());
        assert_ne!(tree, Vessels { seed: 12, ..recipe() }.grow(&work).unwrap());
        let mut drawn = work.clone();
        recipe().apply(&mut drawn).unwrap();
        let count = drawn.labels.values.iter().filter(|&&l| l == 9).count();
        assert!(count > 100, "{count} voxels drawn");
    }

    #[test]
    fn a_fork_is_where_the_tree_holds_least_blood() {
        let work = organ();
        let recipe = recipe();
        let depths = depth(&work.labels.grid, |i| work.labels.values[i] != 0);
        let places: Vec<u32> = vec![0];
        let mut growth = Growth::new(&recipe, &work.labels, &depths, &places);
        assert!(growth.join([30.0, 60.0, 30.0], 5, 1.0));
        // The first twig is free to be moved: moving its fork along it must not pay.
        let on = growth.branches.iter().position(|b| !b.given).unwrap();
        let end = [20.0, 60.0, 40.0];
        let at = growth.balance(on, end);
        let best = growth.cost_with(on, at, end);
        for axis in 0..3 {
            for step in [-4.0, 4.0] {
                let mut moved = at;
                moved[axis] += step;
                assert!(growth.cost_with(on, moved, end) > 0.999 * best, "{axis} {step}");
            }
        }
    }

    #[test]
    fn recipes_that_cannot_be_are_refused() {
        assert!(recipe().faults().is_empty());
        let mut wrong = Vessels { ends: 0, exponent: 9.0, radius: 0.0, ..recipe() };
        wrong.trunks[1].from = Some("nowhere".into());
        assert_eq!(wrong.faults().len(), 4);
        let crowded = Vessels { ends: 20_000, margin: 12.0, ..recipe() }.grow(&organ());
        assert!(crowded.unwrap_err().contains("found room"));
        let none = Vessels { within: vec![77], ..recipe() }.grow(&organ());
        assert!(none.unwrap_err().contains("[77]"));
    }
}
