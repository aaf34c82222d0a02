//! The 3-D view: the only place that knows three-d.
//!
//! [`Viewer`] ties a canvas, its events and a frame loop to an `engine::Engine`, which holds all state. Per-frame data stays
//! inside; only [`ViewerEvent`]s leave. Frames are drawn when something changed, else the loop rests.

mod blade;
mod camera;
mod embedding;
mod engine;
mod hand;
mod input;
mod instrument;
mod noise;
mod palette;
mod picking;
mod plan;
mod programs;
mod pulse;
mod renderer;
mod section;
mod stage;
mod surface;
mod tissue;
mod wound;

use std::rc::Rc;

use cases::twin::pack::Pack;
use web_sys::HtmlCanvasElement;

pub use blade::{DEPTH, DEPTHS};
pub use pulse::Computed;
pub use solver_wasm::message::Bleeding;
use stage::Stage;

/// How a structure is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Visibility {
    /// Opaque.
    #[default]
    Shown,
    /// As glass.
    Faded,
    /// Not at all.
    Hidden,
}

/// What the primary pointer does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tool {
    /// Turn, shift and zoom the view; click selects.
    #[default]
    Orbit,
    /// Close on the tissue under the pointer and pull; beside tissue it turns the view.
    Forceps,
    /// Push into the tissue under the pointer with a ball; beside tissue it turns the view.
    Probe,
    /// Cut the tissue along the pointer's way; beside tissue it turns the view.
    Scalpel,
    /// Cut it in straight snips.
    Scissors,
    /// Ink the line that is to be cut along.
    Marker,
    /// Seal vessels by heat where the pointer is held down.
    Cautery,
    /// Set clamps on vessels, and take them off.
    Clamp,
}

/// A camera movement asked for by a key or a button.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum CameraMove {
    /// Turn by these angles [rad] around the vertical and the horizontal axis of the view.
    Orbit(f32, f32),
    /// Shift by these fractions of the view's height.
    Pan(f32, f32),
    /// Multiply the distance.
    Zoom(f32),
    /// Look from the front, at everything.
    Reset,
}

/// Slow facts from the view and the simulation; never per-frame data.
#[derive(Clone, Debug, PartialEq)]
pub enum ViewerEvent {
    /// The first frame with the organ is on the screen.
    FirstFrame,
    /// The solver is ready.
    SimulationReady {
        /// Number of cells.
        cells: u32,
        /// Number of nodes.
        nodes: u32,
        /// Time to settle [ms].
        settle_ms: f32,
    },
    /// The pointer is over this structure (index into the manifest), or none; at (x, y) CSS pixels of the canvas.
    Hovered(Option<(usize, f32, f32)>),
    /// A structure was clicked.
    Picked(Option<usize>),
    /// The forceps closed on this structure at this rest position [mm].
    Grasped {
        /// Index into the manifest.
        structure: usize,
        /// Material point [mm].
        rest: [f32; 3],
    },
    /// The probe touched this structure at this rest position [mm].
    Touched {
        /// Index into the manifest.
        structure: usize,
        /// Material point [mm].
        rest: [f32; 3],
    },
    /// Force of the instrument [N] and how far the point where it began is from rest [mm]; at most ten times a second.
    Pull {
        /// Force [N].
        force: f32,
        /// Displacement of that tissue from its settled place [mm].
        displacement: f32,
    },
    /// The forceps opened, or the probe was put away.
    Released {
        /// Largest force of the grasp [N].
        peak_force: f32,
        /// Largest displacement of the grasp [mm].
        peak_displacement: f32,
    },
    /// The blade cuts: the stroke so far, and its force on the tissue now [N]; at most ten times a second.
    Cutting(Measures, f32),
    /// A stroke ended.
    Incised {
        /// Index into the manifest of the structure where it began.
        structure: usize,
        /// What is known of it.
        measures: Measures,
        /// Structures that it went through, indices into the manifest, with the area of the cut in each [mm²].
        areas: Vec<(usize, f32)>,
    },
    /// The left hand holds tissue and pulls so hard [N], or it holds nothing; at most ten times a second.
    Held(Option<f32>),
    /// The planned line is so long [mm], or there is none.
    Planned(Option<f32>),
    /// What the blade would go through under the pointer, from outside in: indices into the manifest, with how far each goes [mm]. Empty
    /// beside tissue and without a blade in hand.
    Layers(Vec<(usize, f32)>),
    /// Strokes that can be undone, and done again.
    Strokes([usize; 2]),
    /// The widest wound gapes so wide [mm]; only when that has changed by a tenth.
    Gape(f32),
    /// The blade is set to another depth [mm].
    Depth(f32),
    /// Blood is lost, or was; at most ten times a second.
    Bleeding(Option<Bled>),
    /// An opening of a vessel was closed: index into the manifest, its calibre [mm], and how.
    Stanched(usize, f32, Bleeding),
    /// Once a second: frames a second, solver milliseconds a step, draw calls and bytes uploaded a frame, largest displacement from
    /// the settled state [mm], contained events.
    Vitals(Vitals),
    /// How the last step went; at most four times a second, and only after `Viewer::watch_steps`.
    Computed(Box<Computed>),
    /// The simulation stopped; the view goes on. `Viewer::restart_simulation` starts it anew.
    SimulationLost(String),
}

/// Blood as it is told.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bled {
    /// Lost since the tissue was whole [mL].
    pub lost: f32,
    /// And by time [mL/min].
    pub rate: f32,
    /// Openings that bleed, and the calibre of the widest [mm].
    pub open: usize,
    /// Calibre of the widest [mm]; 0 without one.
    pub widest: f32,
    /// Clamps on the tissue.
    pub clamps: usize,
}

/// What is measured of a stroke of the blade.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Measures {
    /// Length along the surface at rest [mm].
    pub length: f32,
    /// Mean depth over the length [mm].
    pub depth: f32,
    /// Greatest depth [mm].
    pub deepest: f32,
    /// From setting the blade down to lifting it [s].
    pub duration: f32,
    /// Of that, how long the blade stood still beyond half a second at a time [s].
    pub hesitation: f32,
    /// Greatest force of the blade [N].
    pub peak_force: f32,
    /// Area that was torn, not cut [mm²].
    pub torn: f32,
    /// Mean and greatest distance from the planned line [mm], where one is drawn on what is cut.
    pub deviation: Option<[f32; 2]>,
}

/// The state of the machine.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Vitals {
    /// Frames a second.
    pub frame_rate: f32,
    /// Solver time a step [ms].
    pub solve_ms: f32,
    /// Draw calls a frame.
    pub draw_calls: u32,
    /// Triangles a frame.
    pub triangles: u32,
    /// Bytes uploaded to the GPU a frame.
    pub upload_bytes: u32,
    /// Largest displacement from the settled state [mm].
    pub displacement: f32,
    /// Contained events since the start.
    pub contained: u32,
}

/// Why a view cannot start.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ViewerError {
    /// The browser gives no WebGL2.
    #[error("this browser offers no WebGL2")]
    NoWebGl2,
    /// A shader did not compile or a buffer was refused.
    #[error("the graphics driver refused: {0}")]
    Driver(String),
}

/// Options that are fixed for the life of a view.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ViewerOptions {
    /// Is the page in the light theme?
    pub light: bool,
    /// Draw with less effort (coarse surfaces, no shadow map, half resolution): old laptops and software rendering.
    pub low_quality: bool,
    /// Does the person ask for reduced motion?
    pub reduced_motion: bool,
    /// Force at which the contact ring's arc is full [N].
    pub full_force: f32,
}

/// A running view with its simulation. Dropping it stops both.
pub struct Viewer {
    stage: Rc<Stage>,
}

impl Viewer {
    /// Start drawing `pack` on `canvas` and start its simulation. `on_event` gets the slow facts.
    ///
    /// # Errors
    /// No WebGL2, or a driver that refuses.
    pub fn start(
        canvas: HtmlCanvasElement,
        pack: Rc<Pack>,
        options: ViewerOptions,
        on_event: impl Fn(ViewerEvent) + 'static,
    ) -> Result<Self, ViewerError> {
        let stage = Stage::start(canvas, pack, options, Box::new(on_event))?;
        stage.start_simulation();
        Ok(Self { stage })
    }

    /// Visibility of each structure, in the manifest's order.
    pub fn set_visibility(&self, visibility: &[Visibility]) {
        self.stage.change(|e| e.set_visibility(visibility));
    }

    /// Mark one structure as selected.
    pub fn select(&self, structure: Option<usize>) {
        self.stage.change(|e| {
            e.scene.selected = structure;
            e.dirty = true;
        });
    }

    /// What the primary pointer does from now on.
    pub fn set_tool(&self, tool: Tool) {
        self.stage.change(|e| e.set_tool(tool));
    }

    /// Follow the page's theme.
    pub fn set_light(&self, light: bool) {
        self.stage.change(|e| {
            e.scene.light = light;
            e.dirty = true;
        });
    }

    /// Move the camera as keys and buttons ask.
    pub fn move_camera(&self, movement: CameraMove) {
        self.stage.change(|e| e.move_camera(movement));
    }

    /// Section plane across the patient: axis 0, 1, 2 (x, y, z) and position from 0 (low end) to 1; none for whole organs.
    pub fn set_section(&self, section: Option<(u8, f32)>) {
        self.stage.change(|e| e.set_section(section));
    }

    /// Free part of the canvas in CSS pixels (left, top, right, bottom insets that panels cover): the camera centres there.
    pub fn set_insets(&self, insets: [f32; 4]) {
        self.stage.change(|e| e.set_insets(insets));
    }

    /// Pull at the middle of the visible surface without a pointer (keyboard): displacement in the view's plane [mm], added to
    /// the one so far; with the probe, "up" pushes into the tissue. `nudge(0.0, 0.0)` opens the forceps or puts the probe away.
    pub fn nudge(&self, right: f32, up: f32) {
        self.stage.change(|e| e.nudge(right, up));
    }

    /// Tell how the steps go from now on, or no longer.
    pub fn watch_steps(&self, watch: bool) {
        self.stage.change(|e| e.watch.set(watch));
    }

    /// Cut so deep from now on [mm].
    pub fn set_depth(&self, depth: f32) {
        self.stage.change(|e| e.set_depth(depth));
    }

    /// Close the left forceps under the pointer and let them follow it, or open them.
    pub fn take_left(&self) {
        self.stage.change(|e| e.take_left(None));
    }

    /// Let the left forceps stay where they are.
    pub fn leave_left(&self) {
        self.stage.change(engine::Engine::leave_left);
    }

    /// Wipe the planned line off.
    pub fn wipe_plan(&self) {
        self.stage.change(engine::Engine::wipe);
    }

    /// Back to before the last stroke, or that taken back.
    pub fn undo(&self, redo: bool) {
        self.stage.change(|e| e.undo(redo));
    }

    /// Seal with bipolar jaws from now on, or with a monopolar tip.
    pub fn set_bipolar(&self, is_bipolar: bool) {
        self.stage.change(|e| e.set_bipolar(is_bipolar));
    }

    /// Put the tissue back to rest.
    pub fn reset_tissue(&self) {
        self.stage.change(engine::Engine::reset_tissue);
    }

    /// After `SimulationLost`: start a new worker, keep the view.
    pub fn restart_simulation(&self) {
        self.stage.start_simulation();
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        self.stage.stop();
    }
}
