//! What lies ahead of a blade's edge: uncut tissue, its labels and its toughness.

use std::collections::BTreeMap;

use nalgebra::Vector3;

use super::{GIVING, Line};
use crate::{
    control::Load,
    incision::{Incisions, facets::Finder},
    lattice::{Embedding, Lattice},
    scene::Scene,
    state::State,
};

/// How far ahead of the edge is looked, in samples: a link whose middle the edge has just passed is severed, and the tissue beyond it is
/// not.
const SIGHT: f64 = 1.0;
/// Points along an edge in the length of a sample: its width is so exact.
const POINTS: f64 = 8.0;
/// And at most.
const MAX_POINTS: f64 = 4096.0;

/// The tissue that a blade is in.
pub(crate) struct Ground<'a> {
    scene: &'a Scene,
    incisions: &'a Incisions,
    finder: Finder<'a>,
}

/// What an edge meets on its way, for each millimetre of it.
#[derive(Default)]
pub(crate) struct Front<'a> {
    lattice: Option<&'a Lattice>,
    /// Σ Γ w, of a sharp blade [mN].
    pub resistance: f64,
    /// Length of the edge in uncut tissue, across its motion, by label [mm].
    pub widths: Vec<(u8, f64)>,
    /// Unit normal of the sheet that it sweeps.
    pub normal: Vector3<f64>,
    /// Unit vector of its motion, rest space.
    way: Vector3<f64>,
    /// What the tissue bears before it is pushed far [mN]: 4 μ w δ, the order of a line load w long on an elastic body that moves it by δ.
    pub bearing: f64,
    /// Where it acts: points of cells, and what of the resistance is theirs [mN].
    contacts: Vec<(Embedding, f64)>,
}

impl<'a> Ground<'a> {
    pub fn new(scene: &'a Scene, incisions: &'a Incisions) -> Self {
        Self { scene, incisions, finder: Finder::new(&scene.lattice) }
    }

    /// Edge of a cell [mm].
    pub fn spacing(&self) -> f64 {
        f64::from(self.scene.lattice.spacing)
    }

    /// Edge of a sample [mm].
    pub fn sample(&self) -> f64 {
        0.25 * self.spacing()
    }

    /// What is ahead of an edge on its way to another place.
    pub fn front(&self, at: &Line, to: &Line) -> Front<'a> {
        let lattice = &self.scene.lattice;
        let giving = GIVING * self.spacing();
        let mut front = Front { lattice: Some(lattice), ..Front::default() };
        let way = super::length(at, to);
        let along = at[1] - at[0];
        let extent = along.norm();
        if way == 0.0 || extent == 0.0 {
            return front;
        }
        let ends = [0, 1].map(|end| to[end] - at[end]);
        let count = (POINTS * extent / self.sample()).ceil().min(MAX_POINTS);
        // By cell: what of the resistance is its own, and the same times the local coordinates.
        let mut cells: BTreeMap<u32, (f64, Vector3<f64>)> = BTreeMap::new();
        for i in 0..count as usize {
            let share = (i as f64 + 0.5) / count;
            let motion = ends[0] + share * (ends[1] - ends[0]);
            let across = along.cross(&motion) / extent;
            let (length, rate) = (motion.norm(), across.norm());
            if rate == 0.0 {
                continue;
            }
            front.normal += across;
            front.way += motion;
            let ahead = at[0] + share * along + motion * (SIGHT * self.sample() / length);
            let Some((cell, sample, place)) = self.uncut(ahead, across) else { continue };
            let width = rate / way * extent / count;
            let label =
                self.scene.labels.get(64 * cell as usize + sample as usize).copied().unwrap_or(0);
            match front.widths.iter_mut().find(|(of, _)| *of == label) {
                Some((_, sum)) => *sum += width,
                None => front.widths.push((label, width)),
            }
            let material = usize::from(lattice.cells[cell as usize].material);
            let Some(material) = self.scene.materials.get(material) else { continue };
            let force = f64::from(material.toughness) * width;
            if force > 0.0 {
                front.resistance += force;
                front.bearing += 4.0 * material.law.moduli().0 * width * giving;
                let sum = cells.entry(cell).or_default();
                sum.0 += force;
                sum.1 += force * place;
            }
        }
        for v in [&mut front.normal, &mut front.way] {
            *v = v.try_normalize(0.0).unwrap_or_default();
        }
        front.contacts = cells
            .into_iter()
            .map(|(cell, (force, sum))| {
                let local = [0, 1, 2].map(|a| (sum[a] / force) as f32);
                (Embedding { cell, local }, force)
            })
            .collect();
        front
    }

    /// The cell and sample at a place [mm], and its local coordinates there, if a link that holds tissue together there crosses the
    /// sheet with this normal.
    fn uncut(&self, at: Vector3<f64>, normal: Vector3<f64>) -> Option<(u32, u32, Vector3<f64>)> {
        let lattice = &self.scene.lattice;
        let x = Vector3::from(
            [0, 1, 2].map(|a| (at[a] - f64::from(lattice.origin[a])) / self.sample()),
        );
        if x.iter().any(|x| !(0.0..1e6).contains(x)) {
            return None;
        }
        let axis = normal.iamax();
        let mut low = [0, 1, 2].map(|a| x[a].floor() as i32);
        let is_upper = x[axis] - f64::from(low[axis]) < 0.5;
        low[axis] -= i32::from(is_upper);
        let mut high = low;
        high[axis] += 1;
        let ends = [self.finder.any_sample(low)?, self.finder.any_sample(high)?];
        let body = |end: (u32, u32)| lattice.cells[end.0 as usize].body;
        if body(ends[0]) != body(ends[1]) || self.incisions.is_severed(low, axis) {
            return None;
        }
        let (cell, sample) = ends[usize::from(is_upper)];
        let coord = lattice.cells[cell as usize].coord;
        Some((cell, sample, Vector3::from([0, 1, 2].map(|a| 0.25 * x[a] - f64::from(coord[a])))))
    }
}

impl Front<'_> {
    /// Length of the edge in uncut tissue, across its motion [mm].
    pub fn width(&self) -> f64 {
        self.widths.iter().fold(0.0, |sum, (_, width)| sum + width)
    }

    /// The motion's direction in the world, as the tissue there is turned.
    pub fn ahead(&self, state: &State) -> Vector3<f64> {
        let Some(lattice) = self.lattice else { return self.way };
        let turned = self.contacts.iter().fold(Vector3::zeros(), |sum, (point, force)| {
            let f = lattice.deformation_gradient(&state.displacements, point);
            #[allow(clippy::unnecessary_cast)]
            let f = f.map(|x| x as f64);
            sum + *force * (f * self.way)
        });
        turned.try_normalize(0.0).unwrap_or(self.way)
    }

    /// A force on the tissue [mN], shared as the resistance is.
    pub fn load(&self, force: Vector3<f64>, loads: &mut Vec<Load>) {
        if force == Vector3::zeros() {
            return;
        }
        loads.extend(self.contacts.iter().map(|(point, own)| {
            let share = own / self.resistance;
            Load { point: *point, force: [0, 1, 2].map(|a| (share * force[a]) as f32) }
        }));
    }
}
