//! Pointers, wheel and fingers become camera movements, clicks and pulls.

use three_d::prelude::*;

use super::{Tool, ViewerEvent, engine::Engine};

/// A press that moves less than this is a click [CSS px].
const CLICK_RADIUS: f32 = 5.0;
/// A press longer than this is no click [ms].
const CLICK_TIME: f64 = 500.0;
/// Millimetres towards the viewer for a wheel movement of one pixel while tissue is held or pushed.
const LIFT_PER_PIXEL: f32 = 0.05;

/// Millimetres of depth for a wheel movement of one pixel while the blade cuts.
const DEPTH_PER_PIXEL: f32 = 0.02;

/// A pointer event in the canvas' frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Press {
    /// Which pointer.
    pub id: i32,
    /// Position [CSS px of the canvas].
    pub at: Vec2,
    /// Is it a second button, or shift held?
    pub shifts: bool,
    /// Is it a finger?
    pub finger: bool,
    /// How hard a pen is pressed: 1 for half its range, and for what feels no pressure.
    pub pressure: f32,
    /// When [ms].
    pub time: f64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Gesture {
    #[default]
    None,
    Orbit,
    Pan,
    Pinch,
    Pull,
    Cut,
    Mark,
    Stanch,
}

struct Down {
    id: i32,
    at: Vec2,
}

/// The gesture under way.
#[derive(Default)]
pub struct Input {
    down: Vec<Down>,
    gesture: Gesture,
    start: Option<Press>,
    /// The pointer that is the left hand.
    left: Option<i32>,
    last_time: f64,
    strayed: bool,
}

impl Input {
    /// Is a gesture under way?
    pub fn is_active(&self) -> bool {
        self.gesture != Gesture::None
    }

    /// A pointer goes down.
    pub fn press(&mut self, engine: &mut Engine, press: Press) {
        self.down.retain(|d| d.id != press.id);
        self.down.push(Down { id: press.id, at: press.at });
        if self.down.len() == 2
            && !matches!(
                self.gesture,
                Gesture::Pull | Gesture::Cut | Gesture::Mark | Gesture::Stanch
            )
        {
            self.gesture = Gesture::Pinch;
            self.strayed = true;
            return;
        }
        if self.down.len() > 1 {
            // A second pointer while the first one works is the left hand.
            if self.left.is_none() && engine.take_left(Some(press.at)) {
                self.left = Some(press.id);
            }
            return;
        }
        (self.start, self.last_time) = (Some(press), press.time);
        self.strayed = false;
        let pulls = engine.tool != Tool::Orbit
            && !press.shifts
            && engine.grasp(press.at.x, press.at.y, false);
        let cuts =
            !pulls && !press.shifts && engine.incise(press.at, (press.pressure, press.time), false);
        let marks = !press.shifts && engine.mark(press.at);
        let stanches = !press.shifts && engine.stanch(press.at);
        self.gesture = match (pulls, press.shifts) {
            (true, _) => Gesture::Pull,
            _ if marks => Gesture::Mark,
            _ if stanches => Gesture::Stanch,
            _ if cuts => Gesture::Cut,
            (_, true) => Gesture::Pan,
            _ => Gesture::Orbit,
        };
    }

    /// A pointer moves, down or not.
    pub fn shift(&mut self, engine: &mut Engine, press: Press) {
        let Some(index) = self.down.iter().position(|d| d.id == press.id) else {
            if !press.finger && self.gesture == Gesture::None {
                engine.hover(Some(press.at));
            }
            return;
        };
        if self.left == Some(press.id) {
            engine.pull_left(press.at);
            return;
        }
        let from = self.down[index].at;
        let delta = press.at - from;
        let before = self.spread();
        self.down[index].at = press.at;
        if self.start.is_some_and(|s| (press.at - s.at).magnitude() > CLICK_RADIUS) {
            self.strayed = true;
        }
        let dt = ((press.time - self.last_time) * 1e-3) as f32;
        self.last_time = press.time;
        let height = engine.camera_height();
        match self.gesture {
            Gesture::Orbit if self.strayed => {
                engine.touch();
                engine.camera.drag_orbit(delta.x, delta.y, dt);
            }
            Gesture::Pan => {
                engine.touch();
                engine.camera.pan(-delta.x / height, delta.y / height);
            }
            Gesture::Pull => engine.pull_to(press.at.x, press.at.y, 0.0),
            Gesture::Cut => engine.incise_to(press.at, (press.pressure, press.time)),
            Gesture::Mark => engine.mark_to(press.at),
            Gesture::Stanch => engine.stanch_at(press.at),
            Gesture::Pinch if index < 2 => {
                engine.touch();
                let (centre, distance) = self.spread();
                if distance > 1.0 && before.1 > 1.0 {
                    let target = engine.camera.goal().target;
                    let about = engine.camera.on_view_plane(centre.x, centre.y, target);
                    engine.camera.zoom(before.1 / distance, Some(about));
                }
                let moved = centre - before.0;
                engine.camera.pan(-moved.x / height, moved.y / height);
            }
            _ => {}
        }
    }

    /// Middle and distance of the first two pointers.
    fn spread(&self) -> (Vec2, f32) {
        match self.down.as_slice() {
            [a, b, ..] => ((a.at + b.at) * 0.5, (a.at - b.at).magnitude()),
            [a] => (a.at, 0.0),
            [] => (vec2(0.0, 0.0), 0.0),
        }
    }

    /// A pointer goes up, or is taken away (`cancelled`).
    pub fn lift(&mut self, engine: &mut Engine, press: Press, cancelled: bool) {
        let known = self.down.len();
        self.down.retain(|d| d.id != press.id);
        if self.left == Some(press.id) {
            self.left = None;
            engine.open_left();
            return;
        }
        let others = self.down.iter().any(|d| Some(d.id) != self.left);
        if self.down.len() == known || others {
            return;
        }
        let brief = self.start.take().is_some_and(|s| press.time - s.time < CLICK_TIME);
        let click = brief && !self.strayed && !cancelled;
        match std::mem::take(&mut self.gesture) {
            Gesture::Pull | Gesture::Cut | Gesture::Stanch => engine.release(),
            Gesture::Orbit if click => {
                let hit = engine.pick(press.at.x, press.at.y);
                engine.events.push(ViewerEvent::Picked(hit.map(|h| h.structure)));
            }
            Gesture::Orbit => {
                engine.camera.release(((press.time - self.last_time) * 1e-3) as f32);
            }
            _ => {}
        }
        engine.hover((!press.finger && !cancelled).then_some(press.at));
    }

    /// The wheel turns by so many pixels at a point: zoom there, bring the hand towards the viewer while it holds or pushes, or
    /// let the blade in deeper while it cuts.
    pub fn wheel(&mut self, engine: &mut Engine, at: Vec2, pixels: f32) {
        if self.gesture == Gesture::Pull {
            engine.pull_to(at.x, at.y, pixels * LIFT_PER_PIXEL);
            return;
        }
        if self.gesture == Gesture::Cut {
            engine.deepen(-pixels * DEPTH_PER_PIXEL);
            return;
        }
        engine.touch();
        let anchor = engine.pick(at.x, at.y).map(|h| h.world);
        let target = engine.camera.goal().target;
        let about = anchor.unwrap_or_else(|| engine.camera.on_view_plane(at.x, at.y, target));
        engine.camera.zoom((pixels.clamp(-240.0, 240.0) * 0.0014).exp(), Some(about));
    }
}
