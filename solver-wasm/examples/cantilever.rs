//! A soft bar that hangs from one end, and is dragged by the other: our rows beside those of other solvers.
//!
//! `cargo run --release -p solver-wasm --example cantilever [-- CELLS_ACROSS ...]`
//!
//! `xtask/peers/README.md` describes the task and how others are set up for it; nothing here knows the right answer, which
//! `cargo xtask bench` holds against all of them. Natively this prints one line of JSON a lattice. Built for WebAssembly it
//! exports the same task frame by frame (`start`, `frame`, `observe`, then the figures) for a page, which has the clock.

use std::sync::Arc;

use solver_wasm::{
    control::Control,
    lattice::{Embedding, Lattice},
    message::STEP_DT,
    model::Model,
    real::{Lanes, Real, from_f32, to_f32},
    scene::{Material, Scene, SceneError, Support},
    state::{State, Tie},
    step::Solver,
};

/// Edge of the bar's square section [mm]; it is five times as long.
const SECTION: f32 = 20.0;
/// Young's modulus [kPa].
const YOUNG: f32 = 10.0;
/// Decay of the velocities between frames while the bar is released [1/s]: it comes to rest sooner, at the same place.
const SETTLING: f64 = 12.0;
/// Most frames of the release.
const RELEASE_FRAMES: usize = 150;
/// Frames of the drag: half a second of motion, half a second held.
const DRAG_FRAMES: usize = 60;
/// How far the tip is dragged sideways [mm].
const DRAG: f64 = 30.0;
/// Stiffness of the clamp over that of a cell, E h: the clamped face moves by micrometres.
const CLAMP: f32 = 1000.0;

/// What is done to the bar.
#[derive(Clone, Copy, PartialEq)]
enum Act {
    /// Released straight; the tip falls to rest.
    Release,
    /// The nodes of the tip's face are held by the ties of the forceps (all of them, which no jaws could) and moved sideways.
    Drag,
}

/// One bar in one act.
struct Bar {
    act: Act,
    solver: Solver,
    state: State,
    control: Control,
    /// Centres of the end faces of the last cells: their mean is that of the whole face.
    tip: Vec<Embedding>,
    /// Mean of the tip's face after each frame [mm].
    path: Vec<[f64; 3]>,
    /// Smallest det F so far, over the corners and the centre of every cell.
    min_volume_ratio: f64,
    /// Events that the solver had to contain so far.
    contained: u32,
    settled: bool,
}

impl Bar {
    /// A straight bar at rest of 5 `across` × `across` × `across` cells.
    fn new(across: u16, poisson: f32, act: Act) -> Result<Self, SceneError> {
        let spacing = SECTION / f32::from(across);
        let origin = [0.0, -SECTION / 2.0, -SECTION / 2.0];
        let lattice = Lattice::sampled(origin, spacing, [5 * across, across, across], |_| true);
        let stiffness = CLAMP * YOUNG * spacing;
        let root = face(&lattice, 0);
        let end = face(&lattice, 5 * across);
        let tip = lattice
            .cells
            .iter()
            .zip(0_u32..)
            .filter(|(cell, _)| cell.coord[0] == 5 * across - 1)
            .map(|(_, cell)| Embedding { cell, local: [1.0, 0.5, 0.5] })
            .collect();
        let scene = Scene {
            materials: vec![Material::neo_hookean(YOUNG, poisson, 1e-6)],
            supports: root.map(|point| Support { point, stiffness: [stiffness; 3] }).collect(),
            gravity: [0.0, -9810.0, 0.0],
            lattice: lattice.clone(),
            ..Scene::default()
        };
        let model = Arc::new(Model::new(&scene)?);
        let mut state = State::at_rest(&model);
        if act == Act::Drag {
            let jaws = &mut state.tools[0];
            jaws.max_grip = Real::MAX;
            jaws.ties = end
                .map(|point| Tie {
                    point,
                    offset: from_f32(lattice.rest_position(&point)),
                    rest: from_f32(lattice.rest_position(&point)),
                    stiffness: from_f32([stiffness; 3]),
                    multiplier: Lanes::default(),
                })
                .collect();
        }
        Ok(Self {
            act,
            solver: Solver::new(model),
            state,
            control: Control::default(),
            tip,
            path: Vec::new(),
            min_volume_ratio: 1.0,
            contained: 0,
            settled: false,
        })
    }

    /// One frame of play: what is timed.
    fn frame(&mut self) {
        if self.act == Act::Drag {
            let time = (self.path.len() + 1) as f64 * f64::from(STEP_DT);
            let s = (time / 0.5).min(1.0);
            let way = DRAG * s * s * (3.0 - 2.0 * s);
            // Set rather than wished for: the others' tips follow exactly, whatever the speed.
            self.state.tools[0].position = from_f32([0.0, 0.0, way as f32]);
        }
        let report = self.solver.step(&mut self.state, &self.control);
        self.contained += report.contained();
    }

    /// Look at the bar after a frame, and let it settle; true: that was the last frame.
    fn observe(&mut self) -> bool {
        let lattice = self.solver.model().lattice();
        let displacements = &self.state.displacements;
        let mut mean = [0.0; 3];
        for point in &self.tip {
            let at = to_f32(lattice.position(displacements, point));
            for (mean, at) in mean.iter_mut().zip(at) {
                *mean += f64::from(at) / self.tip.len() as f64;
            }
        }
        self.path.push(mean);
        for cell in 0..lattice.cells.len() as u32 {
            let corners = (0..8).map(|c| [c & 1, c >> 1 & 1, c >> 2].map(|bit: u8| bit.into()));
            for local in corners.chain([[0.5; 3]]) {
                let f = lattice.deformation_gradient(displacements, &Embedding { cell, local });
                let ratio = f64::from(f.determinant());
                if ratio.is_nan() || ratio < self.min_volume_ratio {
                    self.min_volume_ratio = ratio;
                }
            }
        }
        if self.act == Act::Drag {
            return self.path.len() == DRAG_FRAMES;
        }
        let decay = Lanes::splat((-SETTLING * f64::from(STEP_DT)).exp() as Real);
        self.state.velocities.iter_mut().for_each(|v| *v *= decay);
        self.settled = self.path.len() > 45
            && self.path[self.path.len() - 20..]
                .iter()
                .all(|at| at.iter().zip(mean).all(|(a, b)| (a - b).abs() < 0.05));
        self.settled || self.path.len() == RELEASE_FRAMES
    }

    /// Where the tip is, over the last five frames [mm].
    fn tip(&self) -> [f64; 3] {
        let last = &self.path[self.path.len().saturating_sub(5)..];
        [0, 1, 2].map(|axis| last.iter().map(|at| at[axis]).sum::<f64>() / last.len() as f64)
    }
}

/// The nodes of the lattice's plane `x`, as material points.
fn face(lattice: &Lattice, x: u16) -> impl Iterator<Item = Embedding> {
    (0..lattice.nodes.len()).filter(move |node| lattice.nodes[*node][0] == x).filter_map(
        move |node| {
            (0..).zip(&lattice.cells).find_map(|(cell, c)| {
                let corner = c.nodes.iter().position(|n| *n as usize == node)?;
                let bit = |axis: usize| (corner >> axis & 1) as f32;
                Some(Embedding { cell, local: [bit(0), bit(1), bit(2)] })
            })
        },
    )
}

#[cfg(not(target_arch = "wasm32"))]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut lattices =
        std::env::args().skip(1).map(|word| word.parse()).collect::<Result<Vec<u16>, _>>()?;
    if lattices.is_empty() {
        lattices = vec![1, 2, 3, 4, 8];
    }
    for across in lattices {
        for poisson in [0.45, 0.49] {
            println!("{}", native::row(across, poisson)?);
        }
    }
    Ok(())
}

#[cfg(not(target_arch = "wasm32"))]
mod native {
    use std::time::Instant;

    use super::{Act, Bar, SceneError};

    /// Both acts, timed.
    pub fn row(across: u16, poisson: f32) -> Result<serde_json::Value, SceneError> {
        let (release, ms) = play(Bar::new(across, poisson, Act::Release)?);
        let (drag, drag_ms) = play(Bar::new(across, poisson, Act::Drag)?);
        let [x, y, _] = release.tip();
        Ok(serde_json::json!({
            "name": "Sectio (native)",
            "settings": format!("{}x{across}x{across} cells, as in play", 5 * across),
            "elements": release.solver.model().cell_count(),
            "nu": (f64::from(poisson) * 100.0).round() / 100.0,
            "tip_x_mm": x,
            "tip_down_mm": -y,
            "frames": release.path.len(),
            "settled": release.settled,
            "ms_per_frame": ms,
            "release_min_volume_ratio": release.min_volume_ratio,
            "drag_ms_per_frame": drag_ms,
            "drag_min_volume_ratio": drag.min_volume_ratio,
            "drag_tip_z_mm": drag.tip()[2],
            "contained": release.contained + drag.contained,
        }))
    }

    /// Play to the end; the median time of a frame after ten of warm-up [ms].
    fn play(mut bar: Bar) -> (Bar, f64) {
        let mut times = Vec::new();
        loop {
            let start = Instant::now();
            bar.frame();
            times.push(start.elapsed().as_secs_f64() * 1e3);
            if bar.observe() {
                break;
            }
        }
        times.drain(..10);
        times.sort_by(f64::total_cmp);
        (bar, times[times.len() / 2])
    }
}

/// What a page calls. Everything is a number, so that it needs nothing but `WebAssembly.instantiate`.
#[cfg(target_arch = "wasm32")]
mod exported {
    use std::cell::RefCell;

    use super::{Act, Bar};

    thread_local! {
        static BAR: RefCell<Option<Bar>> = const { RefCell::new(None) };
    }

    fn of_bar<T: Default>(look: impl FnOnce(&mut Bar) -> T) -> T {
        BAR.with_borrow_mut(|bar| bar.as_mut().map(look).unwrap_or_default())
    }

    /// A fresh bar; how many cells it has, 0 if it cannot be made.
    #[unsafe(no_mangle)]
    extern "C" fn start(across: u32, poisson: f32, drag: bool) -> u32 {
        let act = if drag { Act::Drag } else { Act::Release };
        let bar = Bar::new(across as u16, poisson, act).ok();
        let cells = bar.as_ref().map_or(0, |bar| bar.solver.model().cell_count() as u32);
        BAR.set(bar);
        cells
    }

    #[unsafe(no_mangle)]
    extern "C" fn frame() {
        of_bar(Bar::frame);
    }

    #[unsafe(no_mangle)]
    extern "C" fn observe() -> bool {
        of_bar(Bar::observe)
    }

    #[unsafe(no_mangle)]
    extern "C" fn tip(axis: u32) -> f64 {
        of_bar(|bar| bar.tip()[axis as usize])
    }

    #[unsafe(no_mangle)]
    extern "C" fn min_volume_ratio() -> f64 {
        of_bar(|bar| bar.min_volume_ratio)
    }

    #[unsafe(no_mangle)]
    extern "C" fn settled() -> bool {
        of_bar(|bar| bar.settled)
    }

    #[unsafe(no_mangle)]
    extern "C" fn contained() -> u32 {
        of_bar(|bar| bar.contained)
    }
}

#[cfg(target_arch = "wasm32")]
fn main() {}
