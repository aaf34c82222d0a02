//! What the engine does with blades and the marking pen.

use solver_wasm::message::{Change, Command};
use three_d::prelude::*;

use super::Engine;
use crate::{
    simulation::{Simulation, now},
    viewer::{
        Measures, Tool, ViewerEvent,
        blade::{DEPTHS, Stroke},
        hand::RIGHT,
        instrument::Kind,
        picking::Hit,
        plan::Plan,
    },
};

/// Shortest time between two `Cutting` events [ms].
const CUTTING_PERIOD: f64 = 100.0;
/// A wound that gapes so much more or less is told [mm].
const GAPE_CHANGE: f32 = 0.1;
/// Less of a structure than this was not cut, but touched by the rounding of samples [mm²].
const LEAST_AREA: f32 = 0.5;
/// Reports until everything that was asked for before is answered: one is under way, the next one takes what waits.
const REPORTS: u8 = 2;

/// A stroke that ended and waits for its last cuts.
pub struct Ended {
    structure: usize,
    measures: Measures,
    /// Area cut through each structure before it [mm²].
    before: Vec<(usize, f32)>,
    reports: u8,
}

impl Engine {
    /// Soft tissue under a point of the canvas, with its body.
    pub(super) fn pick_soft(&mut self, x: f32, y: f32) -> Option<(Hit, u16)> {
        let hit = self.pick(x, y)?;
        Some((hit, self.pack.manifest.structures[hit.structure].body?))
    }

    /// Set the blade down on the tissue under a point of the canvas; false when there is none, or no simulation.
    pub fn incise(&mut self, at: Vec2, (pressure, time): (f32, f64), by_keys: bool) -> bool {
        let is_ready = self.simulation.as_ref().is_some_and(Simulation::is_ready);
        let Some(kind) = self.hand.kind.filter(|kind| is_ready && kind.cuts()) else {
            return false;
        };
        self.release();
        let Some((hit, body)) = self.pick_soft(at.x, at.y) else { return false };
        self.areas_before = self.areas();
        let by_keys = by_keys.then_some(at);
        let command = self.blade.set_down(kind, (&hit, body), (pressure, time), by_keys);
        if let Some(simulation) = &mut self.simulation {
            simulation.command(command);
        }
        self.hand.hover = Some(hit.world);
        self.dirty = true;
        true
    }

    /// Draw the blade on to a point of the canvas.
    pub fn incise_to(&mut self, at: Vec2, (pressure, time): (f32, f64)) {
        if self.blade.stroke.is_none() {
            return;
        }
        let Some((hit, body)) = self.pick_soft(at.x, at.y) else { return };
        let cut = self.blade.draw((&hit, body), (pressure, time), self.plan.as_ref());
        if let Some((simulation, commands)) = self.simulation.as_mut().zip(cut) {
            commands.into_iter().for_each(|command| simulation.command(command));
        }
        self.hand.hover = Some(hit.world);
        self.dirty = true;
    }

    /// The blade by keys: the first press sets it down, each further one draws it so far in the view's plane [mm].
    pub(super) fn nudge_blade(&mut self, right: f32, up: f32) {
        let Some(stroke) = self.blade.stroke else {
            let centre = self.camera.free_centre();
            self.incise(centre, (1.0, now()), true);
            return;
        };
        let Some(at) = stroke.by_keys else { return };
        let at = at + self.on_canvas(right, up);
        if let Some(stroke) = &mut self.blade.stroke {
            stroke.by_keys = Some(at);
        }
        self.incise_to(at, (1.0, now()));
    }

    /// The marking pen by keys, in the same way.
    pub(super) fn nudge_pen(&mut self, right: f32, up: f32) {
        let Some(at) = self.pen else {
            let centre = self.camera.free_centre();
            self.pen = self.mark(centre).then_some(centre);
            return;
        };
        let at = at + self.on_canvas(right, up);
        self.pen = Some(at);
        self.mark_to(at);
    }

    /// A way in the view's plane at its target [mm] as one on the canvas [CSS px].
    fn on_canvas(&self, right: f32, up: f32) -> Vec2 {
        vec2(right, -up) / self.camera.pixel_size(self.camera.pose().distance)
    }

    /// Cut so deep from now on [mm].
    pub fn set_depth(&mut self, depth: f32) {
        self.blade.depth = depth.clamp(DEPTHS[0], DEPTHS[1]);
    }

    /// Cut deeper, or less deep, by so much [mm].
    pub fn deepen(&mut self, by: f32) {
        self.blade.deepen(by);
        self.events.push(ViewerEvent::Depth(self.blade.depth));
    }

    /// Back to before the last stroke, or that taken back.
    pub fn undo(&mut self, redo: bool) {
        self.release();
        self.open_left();
        if let Some(simulation) = &mut self.simulation {
            simulation.command(if redo { Command::Redo } else { Command::Undo });
        }
    }

    /// The tissue hangs together in another way.
    pub(super) fn recut(&mut self, changes: &[Change]) {
        let before = self.tissue.strokes();
        if self.tissue.repeat(changes) {
            let fabric = self.tissue.now().clone();
            if let Some(renderer) = &mut self.renderer {
                renderer.recut(&self.tissue);
            }
            if let Some(simulation) = &mut self.simulation {
                simulation.renumber(|settled| fabric.spread(settled));
            }
            self.picker.rebind(&self.pack, fabric.index());
            self.dirty = true;
        }
        if before != self.tissue.strokes() {
            self.events.push(ViewerEvent::Strokes(self.tissue.strokes()));
        }
    }

    /// Ink the planned line at a point of the canvas: a new one, or on from the end of the last. False beside soft tissue.
    pub fn mark(&mut self, at: Vec2) -> bool {
        if self.tool != Tool::Marker {
            return false;
        }
        let Some((hit, body)) = self.pick_soft(at.x, at.y) else { return false };
        if !self.plan.as_ref().is_some_and(|plan| plan.goes_on(body, hit.rest)) {
            self.plan = Some(Plan::new(body, hit.rest));
        }
        self.mark_to(at);
        self.show_plan();
        true
    }

    /// Draw the planned line on to a point of the canvas.
    pub fn mark_to(&mut self, at: Vec2) {
        let Some((hit, body)) = self.pick_soft(at.x, at.y) else { return };
        self.hand.hover = Some(hit.world);
        self.dirty = true;
        if self.plan.as_mut().is_some_and(|plan| plan.draw(body, hit.rest)) {
            self.show_plan();
        }
    }

    /// Wipe the planned line off.
    pub fn wipe(&mut self) {
        self.plan = None;
        self.show_plan();
    }

    fn show_plan(&mut self) {
        let (points, length) = match &self.plan {
            Some(plan) => (plan.points().to_vec(), Some(plan.length())),
            None => (Vec::new(), None),
        };
        self.scene.plan = points;
        self.events.push(ViewerEvent::Planned(length));
        self.dirty = true;
    }

    /// Area cut through each structure [mm²].
    fn areas(&self) -> Vec<(usize, f32)> {
        let areas = self.tissue.now().areas();
        let structures = self.pack.manifest.structures.iter().enumerate();
        let of = |(i, entry): (usize, &cases::twin::pack::Structure)| {
            areas.get(&entry.label).map(|area| (i, *area))
        };
        structures.filter_map(of).collect()
    }

    /// The blade was lifted: the stroke is told once its last cuts are made.
    pub(super) fn end_stroke(&mut self, stroke: &Stroke) {
        if let Some(simulation) = &mut self.simulation {
            simulation.command(Command::Release { tool: RIGHT });
        }
        let before = std::mem::take(&mut self.areas_before);
        let (structure, measures) = (stroke.structure, stroke.measures());
        self.tell_ended(true);
        self.ended = Some(Ended { structure, measures, before, reports: 0 });
        self.dirty = true;
    }

    /// A report came: tell the stroke that ended, if its cuts are made or nothing more is to come.
    pub(super) fn tell_ended(&mut self, at_once: bool) {
        let is_over = |ended: &mut Ended| {
            ended.reports += 1;
            at_once || ended.reports > REPORTS
        };
        if !self.ended.as_mut().is_some_and(is_over) {
            return;
        }
        let Some(Ended { structure, mut measures, before, .. }) = self.ended.take() else { return };
        measures.torn = self.torn();
        let was = |i: usize| before.iter().find(|(j, _)| *j == i).map_or(0.0, |(_, area)| *area);
        let more = self.areas().into_iter().map(|(i, area)| (i, area - was(i)));
        let areas = more.filter(|(_, area)| *area > LEAST_AREA).collect();
        self.events.push(ViewerEvent::Incised { structure, measures, areas });
    }

    /// Time passes for the stroke under way [s, ms].
    pub(super) fn pass_stroke(&mut self, dt: f32, now: f64) {
        let Some(stroke) = &mut self.blade.stroke else { return };
        stroke.pass(dt);
        if now - self.last_cutting > CUTTING_PERIOD {
            self.last_cutting = now;
            let (mut measures, force) = (stroke.measures(), stroke.force());
            measures.torn = self.torn();
            self.events.push(ViewerEvent::Cutting(measures, force));
        }
    }

    /// Area that the stroke tore by now [mm²].
    fn torn(&self) -> f32 {
        let blade = self.simulation.as_ref().and_then(|s| s.last().blade.as_ref());
        blade.map_or(0.0, |blade| blade.torn)
    }

    /// Measure how hard the blade pushes.
    pub(super) fn feel_blade(&mut self) {
        let blade = self.simulation.as_ref().and_then(|s| s.last().blade.as_ref());
        if let Some((stroke, blade)) = self.blade.stroke.as_mut().zip(blade) {
            stroke.feel(Vec3::from(blade.force).magnitude() * 1e-3);
        }
    }

    /// Tell how wide the wound gapes, if that changed.
    pub(super) fn tell_gape(&mut self, gape: f32) {
        if (gape - self.gape).abs() >= GAPE_CHANGE || (gape == 0.0) != (self.gape == 0.0) {
            self.gape = gape;
            self.events.push(ViewerEvent::Gape(gape));
        }
    }

    /// Tell what the blade would go through under the pointer, from outside in.
    pub(super) fn tell_layers(&mut self, hit: Option<Hit>) {
        let cuts = self.hand.kind.is_some_and(Kind::cuts);
        let layers = hit.filter(|_| cuts).and_then(|hit| {
            let body = self.pack.manifest.structures[hit.structure].body?;
            let labels = self.tissue.whole().layers(body, hit.rest, -hit.normal, self.blade.depth);
            let structures = &self.pack.manifest.structures;
            let of = |(label, depth): (u8, f32)| {
                structures.iter().position(|s| s.label == label).map(|i| (i, depth))
            };
            Some(labels.into_iter().filter_map(of).collect::<Vec<_>>())
        });
        let layers = layers.unwrap_or_default();
        if layers != self.layers {
            self.layers.clone_from(&layers);
            self.events.push(ViewerEvent::Layers(layers));
        }
    }
}
