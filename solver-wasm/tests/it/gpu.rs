//! The GPU against its twin on the CPU. Where there is no GPU the tests say so and pass.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use solver_wasm::{
    contact::{
        Partner,
        instrument::{Instrument, Pose},
    },
    control::Control,
    gpu::{Gpu, GpuError, GpuSolver, Play, supports},
    lattice::{Cell, Lattice},
    message::{Backend, Command, Mechanics, Preference, Report},
    model::Model,
    newton::Effort,
    real::{Real, length_squared},
    scene::{Membrane, Relaxation, Scene, Surface},
    simulation::Simulation,
    state::State,
    step::Solver,
};

use crate::{
    contact::{blocks, floor},
    scenes::{free, hold, hung_ball, laws, model, surface},
};

/// Largest distance of a node between the two, over the largest displacement, after all frames.
const TOLERANCE: f32 = 1e-3;
/// Frames of a scene, and of one with contact.
const FRAMES: u32 = 30;
// A browser's GPU in software takes ten times as long as the machine's.
const CONTACT_FRAMES: u32 = if cfg!(target_arch = "wasm32") { 30 } else { 60 };

/// A GPU, or a loud word that there is none.
async fn gpu(test: &str) -> Option<Gpu> {
    match Gpu::open().await {
        Ok(gpu) => Some(gpu),
        Err(error) => {
            say(&format!("skipping {test}: {error}"));
            None
        }
    }
}

fn say(what: &str) {
    #[cfg(target_arch = "wasm32")]
    web_sys::console::log_1(&what.into());
    #[cfg(not(target_arch = "wasm32"))]
    eprintln!("{what}");
}

/// Both take the same fixed number of iterations.
fn solver(model: &Arc<Model>) -> Solver {
    let mut solver = Solver::new(Arc::clone(model));
    solver.effort =
        Effort { newton: 2, cg: 3, cg_tolerance: 0.0, tolerance: 0.0, ..Effort::ACCURATE };
    solver
}

/// Largest distance between two states [mm].
fn distance(a: &State, b: &State) -> f32 {
    let squared =
        a.displacements.iter().zip(&b.displacements).map(|(a, b)| length_squared(*a - *b));
    #[allow(clippy::unnecessary_cast)]
    (squared.fold(0.0, |a, b| if b > a { b } else { a }).sqrt() as f32)
}

/// What both came to.
struct Outcome {
    /// The CPU's state.
    state: State,
    /// Frames in which something pressed.
    touching: u32,
    /// Halvings of Newton steps on the GPU.
    backtracks: u32,
}

/// Step both from rest; `script` says what acts before each frame. Nothing without a GPU.
async fn compare(
    name: &str,
    frames: u32,
    scene: Scene,
    script: impl Fn(u32, &Model, &mut State, &mut Control),
) -> Option<Outcome> {
    let gpu = gpu(name).await?;
    let model = model(&scene);
    supports(&model).expect("a scene for the GPU");
    let (mut cpu, mut fallback) = (solver(&model), solver(&model));
    let mut on_gpu = GpuSolver::new(&gpu, &fallback).expect("a GPU that stays");
    let mut states = [State::at_rest(&model), State::at_rest(&model)];
    let mut controls = [Control::default(), Control::default()];
    let (mut reports, mut violent) = (Vec::new(), 0);
    for frame in 0..frames {
        let ([a, b], [control_a, control_b]) = (&mut states, &mut controls);
        script(frame, &model, a, control_a);
        script(frame, &model, b, control_b);
        violent += u32::from(cpu.step(a, control_a).bisections > 0);
        reports.push(on_gpu.step(&mut fallback, b, control_b).await.expect("a GPU that stays"));
    }
    let redone: u32 = reports.iter().map(|r| r.redone).sum();
    let backtracks = reports.iter().map(|r| r.backtracks).sum();
    let touching = reports.iter().filter(|r| r.touches > 0).count() as u32;
    let largest = states[0].max_displacement();
    let relative = distance(&states[0], &states[1]) / largest;
    say(&format!(
        "{name} on {}: {} cells, largest displacement {largest:.2} mm, difference {relative:.1e}, {backtracks} halvings, {redone} redone, touching in {touching} of {frames}",
        gpu.name(),
        model.cell_count(),
    ));
    // What the GPU gives back are the moments that the CPU cuts in parts.
    assert_eq!(redone, violent, "{name}: {:?}", reports.last());
    assert_eq!(on_gpu.taken() + u64::from(redone), u64::from(frames), "{name}");
    assert!(10 * redone < frames, "{name}: {redone}");
    assert!(largest > 0.5, "{name}: {largest} mm");
    assert!(relative <= TOLERANCE, "{name}: {relative}");
    let [state, _] = states;
    Some(Outcome { state, touching, backtracks })
}

/// A scene whose bodies stay away from everything.
async fn compare_calm(
    name: &str,
    scene: Scene,
    script: impl Fn(u32, &Model, &mut State, &mut Control),
) {
    if let Some(outcome) = compare(name, FRAMES, scene, script).await {
        assert_eq!(outcome.touching, 0, "{name}");
    }
}

/// One in which most frames touch.
async fn compare_touching(
    name: &str,
    scene: Scene,
    script: impl Fn(u32, &Model, &mut State, &mut Control),
) -> Option<Outcome> {
    let outcome = compare(name, CONTACT_FRAMES, scene, script).await?;
    assert!(outcome.touching > CONTACT_FRAMES / 2, "{name}: {}", outcome.touching);
    Some(outcome)
}

/// A bar clamped at one end with a slit from above through two thirds of it: nodes doubled along a sheet between two cells.
fn slit_bar() -> Scene {
    let mut lattice = Lattice::bar([16, 6, 6], 4.0);
    let mut copies = std::collections::BTreeMap::new();
    for i in 0..lattice.cells.len() {
        let cell = lattice.cells[i];
        for c in 0..8 {
            let [x, _, z] = lattice.nodes[cell.nodes[c] as usize];
            if x == 8 && z > 2 && cell.coord[0] >= 8 {
                let node = cell.nodes[c];
                let copy = *copies.entry(node).or_insert_with(|| {
                    lattice.nodes.push(lattice.nodes[node as usize]);
                    lattice.nodes.len() as u32 - 1
                });
                lattice.cells[i].nodes[c] = copy;
            }
        }
    }
    let mut scene = free(lattice, 40.0, 0.45);
    hold(&mut scene, |p| (p[0] < 0.1).then_some([200.0; 3]));
    scene.gravity = [0.0, 0.0, -9810.0];
    scene
}

async fn ball_of_poisson_ratio_045() {
    compare_calm("ball, ν .45", hung_ball(64.0, 0.45), |_, _, _, _| ()).await;
}

async fn ball_of_poisson_ratio_048() {
    compare_calm("ball, ν .48", hung_ball(64.0, 0.48), |_, _, _, _| ()).await;
}

async fn bar_with_a_slit() {
    compare_calm("slit bar", slit_bar(), |_, _, _, _| ()).await;
}

async fn grasp_and_pull() {
    let script = |frame: u32, model: &Model, state: &mut State, control: &mut Control| {
        if frame == 0 {
            let point = model.index().embed(0, [3.0, -60.0, 4.0]).expect("the front of the ball");
            model.grasp(state, 0, point, 12.0).expect("tissue");
        }
        let t = frame as f32 / FRAMES as f32;
        control.tool_goals[0] = Some([3.0 + 10.0 * t, -60.0 - 15.0 * t, 4.0 + 5.0 * t]);
    };
    compare_calm("grasp and pull", hung_ball(64.0, 0.45), script).await;
}

/// A bar clamped at one end is pressed on from below, then sucked at from above too, then let go: the loads turn as it bends.
async fn surfaces_under_pressure() {
    let mut scene = free(Lattice::bar([16, 6, 6], 4.0), 40.0, 0.45);
    hold(&mut scene, |p| (p[0] < 0.1).then_some([200.0; 3]));
    let skin = surface(&scene.lattice);
    let height = |t: &[u32; 3]| -> f32 {
        t.iter().map(|v| scene.lattice.rest_position(&skin.points[*v as usize])[2]).sum()
    };
    let middle = 0.5 * scene.lattice.spacing * 6.0 + scene.lattice.origin[2];
    let (upper, lower) = skin.triangles.iter().partition(|t| height(t) > 3.0 * middle);
    let part = |triangles| Surface { points: skin.points.clone(), triangles };
    scene.surfaces = vec![part(upper), part(lower)];
    let script = |frame: u32, _: &Model, _: &mut State, control: &mut Control| {
        let t = (frame as f32 / 20.0).min(1.0);
        control.pressures = match frame {
            0..10 => vec![0.0, 0.4 * t],
            10..25 => vec![-0.2 * t, 0.4 * t],
            _ => vec![],
        };
    };
    compare_calm("bar under pressure", scene, script).await;
}

/// A ball under its weight for each law; one of them has a capsule around it.
async fn balls_of_every_law() {
    for (name, law) in laws() {
        let mut scene = hung_ball(40.0, 0.45);
        scene.materials[0].law = law;
        scene.fibres = vec![[[1.0, 0.5, 0.2], [0.0, 1.0, 0.3]]; scene.lattice.cells.len()];
        if name == "capsule" {
            scene.surfaces = vec![surface(&scene.lattice)];
            let (thickness, young) = (0.1, 200.0);
            scene.membranes =
                vec![Membrane { surface: 0, thickness, young, poisson: 0.4, stiffening: 3.0 }];
        }
        compare_calm(name, scene, |_, _, _, _| ()).await;
    }
}

/// A bar of muscle with turning fibres, in a capsule, whose stress relaxes: it contracts, is pulled at its end, and goes slack.
async fn muscle_in_a_capsule() {
    let mut scene = free(Lattice::bar([16, 6, 6], 4.0), 40.0, 0.45);
    hold(&mut scene, |p| (p[0] < 0.1).then_some([200.0; 3]));
    scene.gravity = [0.0, 0.0, -1000.0];
    let tissue = &mut scene.materials[0];
    (tissue.law, tissue.active, tissue.damping) = (laws()[2].1, 5.0, 0.02);
    tissue.relaxation[0] = Relaxation { modulus: 0.5, time: 0.2 };
    let turning = |cell: &Cell| {
        let (sin, cos) = (0.2 * f32::from(cell.coord[2])).sin_cos();
        [[cos, sin, 0.0], [-sin, cos, 0.0]]
    };
    scene.fibres = scene.lattice.cells.iter().map(turning).collect();
    scene.surfaces = vec![surface(&scene.lattice)];
    let (thickness, young) = (0.1, 200.0);
    scene.membranes =
        vec![Membrane { surface: 0, thickness, young, poisson: 0.4, stiffening: 3.0 }];
    let script = |frame: u32, model: &Model, state: &mut State, control: &mut Control| {
        if frame == 5 {
            let point = model.index().embed(0, [62.0, 12.0, 12.0]).expect("the end of the bar");
            model.grasp(state, 0, point, 6.0).expect("tissue");
        }
        let t = frame as f32 / FRAMES as f32;
        control.activation = t.min(1.6 - 1.4 * t);
        control.tool_goals[0] = Some([62.0 + 2.0 * t, 12.0, 12.0 - 5.0 * t]);
    };
    compare_calm("muscle in a capsule", scene, script).await;
}

/// A soft block above a larger one that is held below, at an angle.
fn stacked_blocks(gap: f32) -> Scene {
    let low = 35.0 + gap;
    let mut scene = blocks(
        &[
            [[-32.0, -32.0, 3.0], [32.0, 32.0, 35.0]],
            [[-16.0, -12.0, low], [16.0, 20.0, low + 32.0]],
        ],
        8.0,
        5.0,
    );
    scene.gravity = [1500.0, 0.0, -9810.0];
    scene.friction = 0.3;
    hold(&mut scene, |p| (p[2] < 8.0).then_some([200.0; 3]));
    scene
}

async fn one_organ_on_another() {
    let scene = stacked_blocks(3.0);
    let Some(outcome) = compare_touching("organ on organ", scene, |_, _, _, _| ()).await else {
        return;
    };
    assert!(outcome.backtracks > 0, "an impact halves steps");
    let is_on = |body| outcome.state.touches.iter().any(|t| t.partner == Partner::Body(body));
    assert!(is_on(0) && is_on(1), "points of each press on the other");
}

async fn a_block_on_the_floor() {
    let mut scene = blocks(&[[[-30.0, -30.0, 5.0], [30.0, 30.0, 45.0]]], 8.0, 5.0);
    scene.gravity = [3000.0, 0.0, -9810.0];
    scene.obstacles = vec![floor(4.0)];
    scene.friction = 0.4;
    compare_touching("block on a floor", scene, |_, _, _, _| ()).await;
}

/// A ball goes 8 mm into a pad, then drags over it: at first the touches stick, then they slide.
async fn an_instrument_that_rubs() {
    let mut scene = blocks(&[[[-32.0, -32.0, -40.0], [32.0, 32.0, 0.0]]], 8.0, 5.0);
    hold(&mut scene, |p| (p[2] < -36.0).then_some([2000.0; 3]));
    scene.friction = 0.3;
    let script = |frame: u32, model: &Model, state: &mut State, control: &mut Control| {
        if frame == 0 {
            let position = [-12.0, -2.0, 14.0].map(Real::from).into();
            let pose = Pose { position, ..Pose::default() };
            model.wield(state, 0, Instrument::Ball { radius: 12.0 }, pose).expect("a ball");
        }
        let (down, along) = (frame.min(20) as f32, frame.max(20) as f32 - 20.0);
        control.tool_goals[0] = Some([-12.0 + 0.6 * along, -2.0, 14.0 - 0.5 * down]);
    };
    let Some(outcome) = compare_touching("ball that rubs", scene, script).await else { return };
    // Friction is at its bound of μ times the pressure, which lags a step behind.
    let slides = |t: &&solver_wasm::contact::Touch| {
        let size = length_squared(t.friction).sqrt();
        size > 0.8 * 0.3 * t.pressure && t.pressure > 1.0
    };
    let touches = &outcome.state.touches;
    assert!(touches.iter().filter(slides).count() > 3, "{touches:?}");
}

async fn a_lost_gpu_changes_nothing() {
    let Some(gpu) = gpu("lost GPU").await else { return };
    let model = model(&hung_ball(40.0, 0.45));
    let mut cpu = solver(&model);
    let mut on_gpu = GpuSolver::new(&gpu, &cpu).expect("a GPU that stays");
    let (mut state, control) = (State::at_rest(&model), Control::default());
    for _ in 0..3 {
        on_gpu.step(&mut cpu, &mut state, &control).await.expect("a GPU that stays");
    }
    let before = state.clone();
    gpu.destroy();
    let lost = on_gpu.step(&mut cpu, &mut state, &control).await;
    assert!(matches!(lost, Err(GpuError::Lost(_))), "{lost:?}");
    assert_eq!(state, before);
    let report = cpu.step(&mut state, &control);
    assert_eq!(report.contained(), 0);
    assert_eq!(state.step, before.step + 1);
}

/// A clock that only says that time passes.
fn ticks() -> f64 {
    static TIME: AtomicU32 = AtomicU32::new(0);
    f64::from(TIME.fetch_add(1, Ordering::Relaxed))
}

async fn play_goes_on_without_the_gpu() {
    if gpu("fallback").await.is_none() {
        return;
    }
    let scene = hung_ball(40.0, 0.45);
    let point = solver_wasm::embed::LatticeIndex::new(&scene.lattice).embed(0, [3.0, -37.0, 4.0]);
    let grasp = Command::Grasp { tool: 0, point: point.expect("the front"), radius: 9.0 };
    let mut play = Play::with_clock(ticks);
    let load = vec![
        Command::Prefer(Preference::Gpu),
        Command::Load(Box::new(scene.clone())),
        grasp.clone(),
    ];
    let loaded = play.apply(load).await;
    let Report::Ready { race, .. } = loaded else { panic!("{loaded:?}") };
    assert_eq!(race.winner, Backend::Gpu, "{race:?}");
    let mut reference = Simulation::default();
    reference.apply(vec![Command::Load(Box::new(scene)), grasp]);
    for frame in 0..20_u8 {
        if frame == 10 {
            play.lose_gpu();
        }
        let t = f32::from(frame) / 20.0;
        let position = [3.0, -37.0 - 12.0 * t, 4.0 + 5.0 * t];
        let batch = vec![Command::Move { tool: 0, position }, Command::Step(1)];
        reference.apply(batch.clone());
        let report = play.apply(batch).await;
        let Report::Stepped(stepped) = report else { panic!("{report:?}") };
        assert_eq!(stepped.step, u64::from(frame) + 1);
        let backend = if frame < 10 { Backend::Gpu } else { Backend::Cpu };
        assert_eq!(stepped.mechanics.backend, backend, "frame {frame}");
    }
    let (a, b) = (reference.state().expect("loaded"), play.simulation().state().expect("loaded"));
    let difference = distance(a, b) / a.max_displacement();
    say(&format!("device lost half way: difference {difference:.1e}"));
    assert!(difference <= TOLERANCE, "{difference}");
}

/// The race is one of steps with touches where the scene has them, and so is what follows.
async fn touching_bodies_are_raced_and_played() {
    if gpu("race").await.is_none() {
        return;
    }
    let mut scene = stacked_blocks(0.0);
    // Loading settles it: the upper block hangs on a thread too.
    hold(&mut scene, |p| (p[2] > 64.0).then_some([0.2; 3]));
    scene.gravity = [0.0, 0.0, -9810.0];
    let mut play = Play::with_clock(ticks);
    let load = vec![Command::Prefer(Preference::Gpu), Command::Load(Box::new(scene))];
    let loaded = play.apply(load).await;
    let Report::Ready { race, .. } = loaded else { panic!("{loaded:?}") };
    assert_eq!(race.winner, Backend::Gpu, "{race:?}");
    for _ in 0..5 {
        let report = play.apply(vec![Command::Step(1)]).await;
        let Report::Stepped(stepped) = report else { panic!("{report:?}") };
        let Mechanics { backend, touches, .. } = stepped.mechanics;
        assert!(backend == Backend::Gpu && touches > 0, "{:?}", stepped.mechanics);
    }
}

async fn the_cpu_can_be_asked_for() {
    let mut play = Play::with_clock(ticks);
    let load =
        vec![Command::Prefer(Preference::Cpu), Command::Load(Box::new(hung_ball(40.0, 0.45)))];
    let loaded = play.apply(load).await;
    let Report::Ready { race, .. } = loaded else { panic!("{loaded:?}") };
    assert_eq!((race.winner, race.gpu_ms), (Backend::Cpu, 0.0));
}

macro_rules! tests {
    ($($name:ident: $test:ident;)*) => {$(
        #[cfg(not(target_arch = "wasm32"))]
        #[test]
        fn $name() {
            pollster::block_on($test());
        }

        #[cfg(target_arch = "wasm32")]
        #[wasm_bindgen_test::wasm_bindgen_test]
        async fn $name() {
            $test().await;
        }
    )*};
}

tests! {
    a_ball_sags_the_same_on_the_gpu: ball_of_poisson_ratio_045;
    a_nearly_incompressible_ball_sags_the_same_on_the_gpu: ball_of_poisson_ratio_048;
    a_bar_with_a_slit_sags_the_same_on_the_gpu: bar_with_a_slit;
    grasped_tissue_follows_the_same_on_the_gpu: grasp_and_pull;
    a_body_lies_on_another_the_same_on_the_gpu: one_organ_on_another;
    a_block_slides_over_a_floor_the_same_on_the_gpu: a_block_on_the_floor;
    balls_of_every_law_sag_the_same_on_the_gpu: balls_of_every_law;
    muscle_contracts_the_same_on_the_gpu: muscle_in_a_capsule;
    pressed_tissue_follows_the_same_on_the_gpu: surfaces_under_pressure;
    an_instrument_rubs_the_same_on_the_gpu: an_instrument_that_rubs;
    play_goes_on_when_the_gpu_is_lost: play_goes_on_without_the_gpu;
    bodies_that_touch_are_raced_and_played_on_the_gpu: touching_bodies_are_raced_and_played;
    the_cpu_computes_when_it_is_asked_for: the_cpu_can_be_asked_for;
    a_lost_gpu_leaves_the_state_as_it_was: a_lost_gpu_changes_nothing;
}
