//! The state of a running view and what a frame does.

mod haemostasis;
mod incising;
mod left;

use std::rc::Rc;

use cases::twin::pack::Pack;
use solver_wasm::message::Command;
use three_d::prelude::*;

use self::{haemostasis::Stanching, incising::Ended};
use super::{
    CameraMove, Tool, ViewerError, ViewerEvent, ViewerOptions, Visibility, Vitals,
    blade::Blade,
    camera::Camera,
    embedding::displacement,
    hand::{FIRST_PUSH, Hand, Hold, RIGHT},
    instrument::{BALL, Kind},
    picking::{CutAway, Hit, Picker},
    plan::Plan,
    pulse::{Pulse, Watch},
    renderer::{Renderer, Ring, Scene},
    section::Plane,
    tissue::Tissue,
};
use crate::simulation::{Message, Simulation};

/// Shortest time between two looks under the resting pointer [ms].
const HOVER_PERIOD: f64 = 45.0;
/// Slight look from above: a straight front view is flat.
const FRONT_ELEVATION: f32 = 0.09;

/// A running view.
pub struct Engine {
    /// The twin.
    pub pack: Rc<Pack>,
    /// Options of the start.
    pub options: ViewerOptions,
    /// None while the graphics context is lost.
    pub renderer: Option<Renderer>,
    /// The camera.
    pub camera: Camera,
    /// The simulation, until it is lost.
    pub simulation: Option<Simulation>,
    /// The hand.
    pub hand: Hand,
    left: Hand,
    /// The left hand follows the pointer.
    left_follows: bool,
    /// What the primary pointer does.
    pub tool: Tool,
    /// What is drawn.
    pub scene: Scene,
    /// Facts to tell.
    pub events: Vec<ViewerEvent>,
    /// The screen is out of date.
    pub dirty: bool,
    tissue: Tissue,
    blade: Blade,
    last_cutting: f64,
    gape: f32,
    plan: Option<Plan>,
    stanching: Stanching,
    /// Where the marking pen is that keys move [CSS px].
    pen: Option<Vec2>,
    /// Area cut through each structure before the stroke under way [mm²].
    areas_before: Vec<(usize, f32)>,
    ended: Option<Ended>,
    /// What the blade would go through under the pointer, and how far [mm].
    layers: Vec<(usize, f32)>,
    picker: Picker,
    hover_at: Option<Vec2>,
    hover_due: bool,
    last_hover: f64,
    last_frame: Option<f64>,
    touched: bool,
    warm: bool,
    told_first: bool,
    device_size: [u32; 2],
    scale: f32,
    section: Option<(u8, f32)>,
    pulse: Pulse,
    /// Who looks at the steps.
    pub watch: Watch,
}

impl Engine {
    /// Make a view ready; nothing is drawn yet.
    ///
    /// # Errors
    /// The driver refuses a shader.
    pub fn new(
        context: &three_d::core::Context,
        pack: Rc<Pack>,
        options: ViewerOptions,
    ) -> Result<Self, ViewerError> {
        let tissue = Tissue::new(&pack.scene);
        let renderer = Renderer::new(context, pack.clone(), &tissue, options.low_quality)?;
        let picker = Picker::new(&pack, tissue.now().index());
        let mut camera = Camera::new(options.reduced_motion);
        let (low, high) = renderer.bounds();
        camera.set_bounds(low, high);
        Ok(Self {
            scene: Scene {
                visibility: vec![Visibility::Shown; pack.manifest.structures.len()],
                light: options.light,
                ..Scene::default()
            },
            renderer: Some(renderer),
            camera,
            simulation: None,
            hand: Hand::default(),
            left: Hand::left(),
            left_follows: false,
            tool: Tool::Orbit,
            events: Vec::new(),
            dirty: true,
            tissue,
            blade: Blade::default(),
            last_cutting: 0.0,
            gape: 0.0,
            plan: None,
            stanching: Stanching::default(),
            pen: None,
            areas_before: Vec::new(),
            ended: None,
            layers: Vec::new(),
            picker,
            hover_at: None,
            hover_due: false,
            last_hover: 0.0,
            last_frame: None,
            touched: false,
            warm: false,
            told_first: false,
            device_size: [1, 1],
            scale: 1.0,
            section: None,
            pulse: Pulse::default(),
            watch: Watch::default(),
            options,
            pack,
        })
    }

    /// The graphics context came back empty: build everything on it anew.
    ///
    /// # Errors
    /// The driver refuses a shader.
    pub fn rebuild(&mut self, context: &three_d::core::Context) -> Result<(), ViewerError> {
        let mut renderer =
            Renderer::new(context, self.pack.clone(), &self.tissue, self.options.low_quality)?;
        renderer.recut(&self.tissue);
        if let Some(simulation) = &self.simulation {
            simulation.with_nodal(|n| renderer.deform(n));
        }
        self.renderer = Some(renderer);
        self.warm = false;
        self.dirty = true;
        Ok(())
    }

    /// Size of the canvas: CSS pixels and device pixels.
    pub fn resize(&mut self, css: [f32; 2], device: [u32; 2]) {
        self.camera.set_size(css[0], css[1]);
        self.device_size = device;
        self.scale = device[1] as f32 / css[1].max(1.0);
        if !self.touched {
            self.look_from_front(true);
        }
        self.dirty = true;
    }

    /// Parts of the canvas under panels [CSS px].
    pub fn set_insets(&mut self, insets: [f32; 4]) {
        self.camera.set_insets(insets);
        if !self.touched {
            self.look_from_front(!self.told_first);
        }
        self.dirty = true;
    }

    fn state(&self, structure: usize) -> Visibility {
        self.scene.visibility.get(structure).copied().unwrap_or_default()
    }

    /// Box of what is visible, or of everything when nothing is.
    fn visible_bounds(&self) -> Option<(Vec3, Vec3)> {
        let whole = self.renderer.as_ref()?.bounds();
        let seen = (0..self.pack.manifest.structures.len())
            .filter(|i| self.state(*i) != Visibility::Hidden)
            .filter_map(|i| self.picker.bounds(i))
            .reduce(|(l, h), (a, b)| {
                let pick = |f: fn(f32, f32) -> f32, p: Vec3, q: Vec3| {
                    vec3(f(p.x, q.x), f(p.y, q.y), f(p.z, q.z))
                };
                (pick(f32::min, l, a), pick(f32::max, h, b))
            });
        Some(seen.unwrap_or(whole))
    }

    fn look_from_front(&mut self, at_once: bool) {
        if let Some((low, high)) = self.visible_bounds() {
            let [x, y, _] = self.pack.manifest.front;
            let azimuth = if x == 0.0 && y == 0.0 { 0.0 } else { (-x).atan2(y) };
            self.camera.frame(low, high, azimuth, FRONT_ELEVATION, at_once);
        }
        self.dirty = true;
    }

    /// A movement asked for by keys or buttons.
    pub fn move_camera(&mut self, movement: CameraMove) {
        self.touched = true;
        match movement {
            CameraMove::Orbit(vertical, horizontal) => self.camera.orbit(vertical, horizontal),
            CameraMove::Pan(right, up) => self.camera.pan(right, up),
            CameraMove::Zoom(factor) => self.camera.zoom(factor, None),
            CameraMove::Reset => {
                self.touched = false;
                self.look_from_front(self.options.reduced_motion);
            }
        }
        self.dirty = true;
    }

    /// What the primary pointer does from now on; what is held is let go.
    pub fn set_tool(&mut self, tool: Tool) {
        self.tool = tool;
        self.release();
        self.hand.kind = Kind::of(tool);
        self.hand.hover = None;
        self.hover_due = self.hover_at.is_some();
        self.dirty = true;
    }

    /// Height of the canvas [CSS px].
    pub fn camera_height(&self) -> f32 {
        self.device_size[1] as f32 / self.scale.max(1e-3)
    }

    /// The person moved the camera with a pointer.
    pub fn touch(&mut self) {
        self.touched = true;
        self.dirty = true;
    }

    /// Visibility of each structure.
    pub fn set_visibility(&mut self, visibility: &[Visibility]) {
        self.scene.visibility = visibility.to_vec();
        self.hover_due = self.hover_at.is_some();
        self.dirty = true;
    }

    /// Section plane: axis and share of the twin's box.
    pub fn set_section(&mut self, section: Option<(u8, f32)>) {
        self.section = section;
        let bounds = self.renderer.as_ref().map(Renderer::bounds);
        self.scene.section =
            section.zip(bounds).map(|((axis, at), (low, high))| Plane::new(axis, at, low, high));
        self.dirty = true;
    }

    /// What lies under a point of the canvas [CSS px]: solid structures first, then faded ones.
    pub fn pick(&mut self, x: f32, y: f32) -> Option<Hit> {
        let ray = self.camera.ray(x, y);
        let cut: Option<CutAway> = self.scene.section.as_ref().map(|p| p.cut);
        let lattice = self.tissue.now().lattice();
        let visibility = &self.scene.visibility;
        let picker = &mut self.picker;
        let mut look = |nodal: &[[f32; 4]]| {
            let mut with = |wanted: Visibility| {
                picker.pick(&ray, lattice, nodal, cut, |i| {
                    visibility.get(i).copied().unwrap_or_default() == wanted
                })
            };
            with(Visibility::Shown).or_else(|| with(Visibility::Faded))
        };
        match &self.simulation {
            Some(simulation) => simulation.with_nodal(look),
            None => look(&[]),
        }
    }

    /// The pointer rests at or moved to a point of the canvas [CSS px], or left it.
    pub fn hover(&mut self, at: Option<Vec2>) {
        self.hover_at = at;
        self.hover_due = true;
        if let Some(at) = at {
            self.pull_left(at);
        }
    }

    fn look_under_pointer(&mut self) {
        let hit = self.hover_at.and_then(|at| self.pick(at.x, at.y));
        let over = hit.map(|h| h.structure);
        if self.scene.hovered != over {
            self.scene.hovered = over;
            self.dirty = true;
        }
        let told = hit.zip(self.hover_at).map(|(h, at)| (h.structure, at.x, at.y));
        self.events.push(ViewerEvent::Hovered(told));
        self.tell_layers(hit);
        let soft = hit.filter(|h| self.pack.manifest.structures[h.structure].body.is_some());
        let place = soft.filter(|_| self.hand.kind.is_some()).map(|h| h.world);
        if self.hand.hover != place {
            self.hand.hover = place;
            self.dirty = true;
        }
    }

    /// Close the forceps on the tissue under a point of the canvas, or push the probe in there; false when there is none or no
    /// simulation.
    pub fn grasp(&mut self, x: f32, y: f32, by_keys: bool) -> bool {
        if !self.simulation.as_ref().is_some_and(Simulation::is_ready) {
            return false;
        }
        self.release();
        self.tell_ended(true);
        let Some(kind) = self.hand.kind.filter(|kind| kind.holds()) else {
            return false;
        };
        let Some(hit) = self.pick(x, y) else { return false };
        let body = self.pack.manifest.structures[hit.structure].body;
        let Some(point) = body.and_then(|b| self.tissue.now().index().embed(b, hit.rest.into()))
        else {
            return false;
        };
        let tip = match kind {
            Kind::Probe => hit.world + (self.camera.pose().eye() - hit.world).normalize() * BALL,
            _ => hit.world,
        };
        let hold = Hold::new(kind, hit.structure, point, [hit.rest, tip], by_keys);
        if let Some(simulation) = &mut self.simulation {
            hold.begin(RIGHT).into_iter().for_each(|command| simulation.command(command));
        }
        self.events.push(hold.event());
        self.hand.hold = Some(hold);
        self.hand.hover = Some(hit.world);
        if kind == Kind::Probe {
            self.pull_to(x, y, -FIRST_PUSH);
        }
        self.dirty = true;
        true
    }

    /// The hand moves to a point of the canvas [CSS px], `lift` [mm] more towards the viewer.
    pub fn pull_to(&mut self, x: f32, y: f32, lift: f32) {
        let Some(hold) = &mut self.hand.hold else { return };
        hold.raise(lift);
        let back = self.camera.pose().axes()[2];
        let plane = hold.start + back * hold.lift;
        hold.target = self.camera.on_view_plane(x, y, plane);
        let position = hold.target.into();
        if let Some(simulation) = &mut self.simulation {
            simulation.command(Command::Move { tool: RIGHT, position });
        }
    }

    /// Pull by keys: grasp in the middle of the view when nothing is held, then shift the hand in the view's plane [mm]; with
    /// the probe, "up" goes into the tissue.
    pub fn nudge(&mut self, right: f32, up: f32) {
        if right == 0.0 && up == 0.0 {
            self.release();
            return;
        }
        if self.nudge_left(right, up) {
            return;
        }
        if self.hand.kind.is_some_and(Kind::cuts) {
            self.nudge_blade(right, up);
            return;
        }
        if self.hand.kind == Some(Kind::Marker) {
            self.nudge_pen(right, up);
            return;
        }
        if matches!(self.hand.kind, Some(Kind::Cautery | Kind::Clamp)) {
            self.stanch_worst();
            return;
        }
        if self.hand.hold.is_none() {
            let centre = self.camera.free_centre();
            // the middle, else the nearest tissue on widening rings around it
            let found = (0..40).any(|i| {
                let radius = (i as f32).sqrt() * 26.0;
                let angle = i as f32 * 2.4;
                self.grasp(centre.x + radius * angle.cos(), centre.y + radius * angle.sin(), true)
            });
            if !found {
                return;
            }
        }
        let [r, u, back] = self.camera.pose().axes();
        if let Some(hold) = &mut self.hand.hold {
            let ahead = match hold.kind {
                Kind::Probe => back * hold.raise(-up),
                _ => u * up,
            };
            hold.target += r * right + ahead;
            let position = hold.target.into();
            if let Some(simulation) = &mut self.simulation {
                simulation.command(Command::Move { tool: RIGHT, position });
            }
        }
    }

    /// Open the forceps, put the probe away, or lift the blade.
    pub fn release(&mut self) {
        self.pen = None;
        self.lift_sealer();
        if let Some(stroke) = self.blade.stroke.take() {
            self.end_stroke(&stroke);
        }
        if let Some(event) = self.hand.release() {
            self.events.push(event);
            if let Some(simulation) = &mut self.simulation {
                simulation.command(Command::Release { tool: RIGHT });
            }
            self.dirty = true;
        }
    }

    /// Put the tissue back to its settled state.
    pub fn reset_tissue(&mut self) {
        self.release();
        self.open_left();
        if let Some(simulation) = &mut self.simulation {
            simulation.command(Command::Reset);
        }
    }

    /// Where the held tissue, or the pushing tip, is [mm].
    fn held_at(&self) -> Option<Vec3> {
        let hold = self.hand.hold.as_ref()?;
        if hold.kind == Kind::Probe {
            let tool = self.simulation.as_ref()?.last().tools.iter().find(|t| t.tool == RIGHT);
            return Some(tool.map_or(hold.start, |t| t.position.into()));
        }
        let lattice = self.tissue.now().lattice();
        let moved = |n: &[[f32; 4]]| hold.rest + displacement(lattice, &hold.point, n);
        Some(self.simulation.as_ref().map_or(hold.start, |s| s.with_nodal(moved)))
    }

    fn simulate(&mut self, dt: f32, now: f64) {
        self.pass_stroke(dt, now);
        let Some(simulation) = &mut self.simulation else { return };
        let messages = simulation.advance(dt);
        for message in messages {
            match message {
                Message::Ready { cells, nodes, settle_ms } => {
                    self.events.push(ViewerEvent::SimulationReady { cells, nodes, settle_ms });
                }
                Message::Changed(changes) => self.recut(&changes),
                Message::Moved => {
                    self.follow(now);
                    self.tell_ended(false);
                }
                Message::Lost(reason) => {
                    self.simulation = None;
                    self.release();
                    self.open_left();
                    self.tell_ended(true);
                    self.events.push(ViewerEvent::SimulationLost(reason));
                    return;
                }
            }
        }
    }

    /// The tissue moved: take the new state to the screen and to the picker, and measure the pull.
    fn follow(&mut self, now: f64) {
        let Some(simulation) = &self.simulation else { return };
        if let Some(renderer) = &mut self.renderer {
            self.pulse.upload_bytes = simulation.with_nodal(|n| renderer.deform(n));
        }
        self.picker.invalidate();
        self.dirty = true;
        if let Some(hold) = &self.hand.hold {
            let lattice = self.tissue.now().lattice();
            let moved = simulation.with_nodal(|n| displacement(lattice, &hold.point, n))
                - displacement(lattice, &hold.point, simulation.settled());
            let force = simulation.last().tools.iter().find(|t| t.tool == RIGHT);
            let force = force.map_or(0.0, |t| Vec3::from(t.force).magnitude() * 1e-3);
            self.events.extend(self.hand.measure(force, moved.magnitude(), now));
        }
        let gape = simulation.last().gape;
        self.tell_gape(gape);
        self.feel_left(now);
        self.feel_blade();
        self.follow_blood(now);
    }

    /// A frame at `now` [ms]; true when another one is wanted.
    pub fn frame(&mut self, now: f64) -> bool {
        let elapsed = self.last_frame.map_or(16.7, |last| now - last).clamp(0.0, 250.0);
        self.last_frame = Some(now);
        let dt = (elapsed * 1e-3) as f32;
        let moving = self.camera.advance(dt);
        self.dirty |= moving;
        if moving && self.hover_at.is_some() {
            self.hover_due = true;
        }
        self.simulate(dt, now);
        let dragging = self.hand.hold.is_some() || self.blade.stroke.is_some();
        if self.hover_due && !dragging && now - self.last_hover > HOVER_PERIOD {
            self.last_hover = now;
            self.hover_due = false;
            self.look_under_pointer();
        }
        let held = self.held_at();
        let (grip, hand_moves) = self.hand.advance(dt, held, &self.camera);
        self.dirty |= grip != self.scene.grip;
        let (left_grip, left_moves) = self.advance_left(dt);
        self.dirty |= left_grip != self.scene.left_grip;
        self.scene.ring = self.ring(held);
        (self.scene.grip, self.scene.left_grip) = (grip, left_grip);
        let drawn = self.dirty;
        self.dirty = false;
        if drawn {
            self.draw(elapsed);
        } else if self.told_first && !self.warm {
            self.warm = !self.renderer.as_ref().is_some_and(Renderer::warm_one);
        }
        self.tell_vitals(now);
        let untold = self.tell_step(now);
        let busy = self.simulation.as_ref().is_some_and(Simulation::is_busy);
        let due = self.hover_due && !dragging;
        if !busy {
            self.tell_ended(true);
            self.tell_blood(f64::INFINITY);
        }
        let cuts = self.blade.stroke.is_some();
        let more = moving
            || busy
            || cuts
            || hand_moves
            || left_moves
            || due
            || untold
            || self.dirty
            || !self.warm;
        if !more {
            self.last_frame = None;
        }
        more
    }

    fn ring(&self, held: Option<Vec3>) -> Option<Ring> {
        let at = held.or(self.hand.hover)?;
        let force = self.hand.hold.as_ref().map_or(0.0, |h| h.force / self.options.full_force);
        self.camera.on_canvas(at).map(|at| Ring { at, touching: held.is_some(), force })
    }

    fn draw(&mut self, elapsed: f64) {
        let Some(renderer) = &mut self.renderer else { return };
        let cost = renderer.draw(&self.camera, &self.scene, self.device_size, self.scale);
        self.pulse.draw_calls = cost.draw_calls;
        self.pulse.triangles = cost.triangles;
        self.pulse.frames += 1;
        self.pulse.frame_time += elapsed;
        if !self.told_first && cost.triangles > 0 {
            self.told_first = true;
            self.events.push(ViewerEvent::FirstFrame);
        }
    }

    /// Tell who looks how the last step went; true while that has to wait.
    fn tell_step(&mut self, now: f64) -> bool {
        let Some(simulation) = self.simulation.as_ref().filter(|s| s.is_ready()) else {
            return false;
        };
        let (last, resting) = (simulation.last(), !simulation.is_busy());
        let told = self.watch.look(last, simulation.step_ms(), resting, now);
        self.events.extend(told.map(|told| ViewerEvent::Computed(Box::new(told))));
        self.watch.is_stale(last.step, resting)
    }

    fn tell_vitals(&mut self, now: f64) {
        if now - self.pulse.since < 1000.0 || self.pulse.frames == 0 {
            return;
        }
        let simulation = self.simulation.as_ref();
        // measured on the surfaces: nodes of cells that hold next to no tissue swing further than any tissue
        let lattice = self.tissue.now().lattice();
        let displacement = simulation
            .filter(|s| s.is_ready())
            .map_or(0.0, |s| s.with_nodal(|n| self.picker.largest_move(lattice, n, s.settled())));
        let p = &self.pulse;
        self.events.push(ViewerEvent::Vitals(Vitals {
            frame_rate: (f64::from(p.frames) * 1000.0 / p.frame_time.max(1.0)) as f32,
            solve_ms: simulation.map_or(0.0, Simulation::step_ms),
            draw_calls: p.draw_calls,
            triangles: p.triangles,
            upload_bytes: p.upload_bytes,
            displacement,
            contained: simulation.map_or(0, |s| s.last().contained),
        }));
        self.pulse =
            Pulse { since: now, frames: 0, frame_time: 0.0, ..std::mem::take(&mut self.pulse) };
    }
}
