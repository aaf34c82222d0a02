//! How the tissue hangs together, as the worker has it: its cuts are repeated here, on a lattice of the view's own.

use std::{collections::BTreeMap, rc::Rc};

use solver_wasm::{
    embed::LatticeIndex,
    incision::{Incisions, facets::Surfaces},
    lattice::Lattice,
    message::Change,
    scene::Scene,
};
use three_d::prelude::*;

/// The tissue at one moment.
#[derive(Clone)]
pub struct Fabric {
    /// Lattice and labels; nothing else of the scene.
    scene: Scene,
    incisions: Incisions,
    index: LatticeIndex,
    /// The node before any cut that each node is, or is a copy of.
    origins: Vec<u32>,
}

impl Fabric {
    fn whole(scene: &Scene) -> Self {
        Self {
            scene: Scene {
                lattice: scene.lattice.clone(),
                labels: scene.labels.clone(),
                ..Scene::default()
            },
            incisions: Incisions::new(&scene.lattice),
            index: LatticeIndex::new(&scene.lattice),
            origins: (0..scene.lattice.nodes.len() as u32).collect(),
        }
    }

    /// The lattice as it is cut.
    pub fn lattice(&self) -> &Lattice {
        &self.scene.lattice
    }

    /// Finds cells of the lattice.
    pub fn index(&self) -> &LatticeIndex {
        &self.index
    }

    /// Are parts of a body cut off from each other here, compared with the whole?
    pub fn is_cut(&self, body: u16, whole: &Self) -> bool {
        let more = self.lattice().cells.iter().skip(whole.lattice().cells.len());
        more.into_iter().any(|cell| cell.body == body)
            || (self.lattice().nodes.len() > whole.lattice().nodes.len()
                && self
                    .lattice()
                    .cells
                    .iter()
                    .zip(&whole.lattice().cells)
                    .any(|(now, was)| now.body == body && now.nodes != was.nodes))
    }

    /// Values of nodes before any cut [..] as those of the nodes by now.
    pub fn spread<T: Copy + Default>(&self, of_nodes: &[T]) -> Vec<T> {
        let of = |node: &u32| of_nodes.get(*node as usize).copied().unwrap_or_default();
        self.origins.iter().map(of).collect()
    }

    /// Area that has been cut through tissue of each label [mm²].
    pub fn areas(&self) -> BTreeMap<u8, f32> {
        self.incisions.areas(&self.scene)
    }

    /// What lies along a way into a body, from a place at rest and so deep [mm]: labels, each with how far it goes [mm]; what stands for nothing seen is left out.
    pub fn layers(&self, body: u16, from: Vec3, inward: Vec3, depth: f32) -> Vec<(u8, f32)> {
        let step = 0.125 * self.lattice().spacing;
        let count = (depth / step).ceil().max(0.0) as u32;
        let mut layers: Vec<(u8, f32)> = Vec::new();
        for i in 0..count {
            let at = from + inward * ((i as f32 + 0.5) * step).min(depth);
            let Some(label) = self.label(body, at) else { continue };
            let more = step.min(depth - i as f32 * step);
            match layers.last_mut() {
                Some((last, depth)) if *last == label => *depth += more,
                _ => layers.push((label, more)),
            }
        }
        layers
    }

    /// What a place at rest belongs to.
    fn label(&self, body: u16, at: Vec3) -> Option<u8> {
        let point = self.index.embed(body, at.into())?;
        if point.local.iter().any(|x| !(0.0..=1.0).contains(x)) {
            return None;
        }
        let [x, y, z] = point.local.map(|x| (4.0 * x).min(3.0) as usize);
        let label = self.scene.labels.get(64 * point.cell as usize + x + 4 * y + 16 * z)?;
        (*label != 0).then_some(*label)
    }

    /// For the surfaces of cut tissue.
    pub fn surfaces(&self) -> Surfaces<'_> {
        Surfaces::new(&self.scene.lattice, &self.scene.labels, &self.incisions)
    }
}

/// The tissue with its history.
pub struct Tissue {
    whole: Rc<Fabric>,
    now: Rc<Fabric>,
    past: Vec<Rc<Fabric>>,
    future: Vec<Rc<Fabric>>,
}

impl Tissue {
    /// Nothing is cut.
    pub fn new(scene: &Scene) -> Self {
        let whole = Rc::new(Fabric::whole(scene));
        Self { now: whole.clone(), whole, past: Vec::new(), future: Vec::new() }
    }

    /// Before any cut.
    pub fn whole(&self) -> &Rc<Fabric> {
        &self.whole
    }

    /// As it is now.
    pub fn now(&self) -> &Rc<Fabric> {
        &self.now
    }

    /// Number of strokes that can be undone, and done again.
    pub fn strokes(&self) -> [usize; 2] {
        [self.past.len(), self.future.len()]
    }

    /// Repeat what the worker did. Did anything change?
    pub fn repeat(&mut self, changes: &[Change]) -> bool {
        let before = self.now.clone();
        let mut cut = false;
        for change in changes {
            match change {
                Change::Stroke => {
                    self.past.push(self.now.clone());
                    self.future.clear();
                }
                Change::Cut { from, to } => {
                    let fabric = Rc::make_mut(&mut self.now);
                    let division = fabric.incisions.cut(&mut fabric.scene, *from, *to);
                    for node in &division.nodes {
                        fabric.origins.push(fabric.origins[*node as usize]);
                    }
                    cut |= !division.is_empty();
                }
                Change::Undo => Self::swap(&mut self.past, &mut self.future, &mut self.now),
                Change::Redo => Self::swap(&mut self.future, &mut self.past, &mut self.now),
                Change::Whole => {
                    self.now = self.whole.clone();
                    self.past.clear();
                    self.future.clear();
                }
            }
        }
        if cut {
            let fabric = Rc::make_mut(&mut self.now);
            fabric.index = LatticeIndex::new(&fabric.scene.lattice);
        }
        !Rc::ptr_eq(&before, &self.now)
    }

    fn swap(from: &mut Vec<Rc<Fabric>>, to: &mut Vec<Rc<Fabric>>, now: &mut Rc<Fabric>) {
        if let Some(moment) = from.pop() {
            to.push(std::mem::replace(now, moment));
        }
    }
}
