//! Contact: instruments, obstacles and bodies against each other, against theory.

use std::sync::Arc;

use solver_wasm::{
    contact::{
        Partner,
        instrument::{Instrument, Pose},
    },
    control::Control,
    lattice::Lattice,
    model::Model,
    newton::Effort,
    real::{Lanes, Real, is_finite, length_squared, to_f32},
    scene::{Obstacle, Scene},
    state::State,
    step::{Solver, StepReport},
};

use crate::scenes::{Noise, free, hold, model};

/// Signed distance of a box from `low` to `high`.
pub fn box_distance(p: [f32; 3], low: [f32; 3], high: [f32; 3]) -> f32 {
    let out = [0, 1, 2].map(|a| (low[a] - p[a]).max(p[a] - high[a]));
    let outside = out.iter().map(|d| d.max(0.0).powi(2)).sum::<f32>().sqrt();
    outside + out[0].max(out[1]).max(out[2]).min(0.0)
}

/// Boxes of tissue, a body each, in one lattice of `spacing`; none of their faces need lie on cells'.
pub fn blocks(boxes: &[[[f32; 3]; 2]], spacing: f32, young: f32) -> Scene {
    let mut lattice = Lattice::default();
    for [low, high] in boxes {
        let part = Lattice::sampled([-200.0; 3], spacing, [400 / spacing as u16; 3], |p| {
            (0..3).all(|a| (low[a]..high[a]).contains(&p[a]))
        });
        lattice = if lattice.cells.is_empty() { part } else { lattice.with_body(&part) };
    }
    let mut scene = free(lattice, young, 0.45);
    scene.materials[0].damping = 0.01;
    scene.distances = scene.lattice.distances(|body, p| {
        let [low, high] = boxes[usize::from(body)];
        box_distance(p, low, high)
    });
    scene
}

/// A floor below z = `top`.
pub fn floor(top: f32) -> Obstacle {
    Obstacle::sampled([-160.0, -160.0, top - 40.0], 8.0, [41, 41, 12], |p| p[2] - top)
}

struct Bench {
    model: Arc<Model>,
    solver: Solver,
    state: State,
    control: Control,
    report: StepReport,
    contained: u32,
}

impl Bench {
    fn new(scene: &Scene) -> Self {
        let model = model(scene);
        let solver = Solver::new(Arc::clone(&model));
        let state = State::at_rest(&model);
        let (control, report) = (Control::default(), StepReport::default());
        Self { model, solver, state, control, report, contained: 0 }
    }

    fn wield(&mut self, instrument: Instrument, position: [f32; 3]) {
        let position = position.map(Real::from).into();
        let pose = Pose { position, ..Pose::default() };
        self.model.wield(&mut self.state, 0, instrument, pose).expect("a sound instrument");
    }

    fn run(&mut self, steps: u32) {
        for _ in 0..steps {
            self.report = self.solver.step(&mut self.state, &self.control);
            self.contained += self.report.contained();
            assert!(is_finite(&self.state.displacements), "{:?}", self.report);
        }
    }

    /// Force of the instrument on the tissue [mN].
    fn force(&self) -> [f32; 3] {
        to_f32(self.state.tools[0].force())
    }

    fn place(&self, body: u16, at: [f32; 3]) -> [f32; 3] {
        let point = self.model.index().embed(body, at).expect("tissue");
        to_f32(self.model.position(&self.state.displacements, &point))
    }

    fn fastest(&self) -> Real {
        self.state.velocities.iter().map(|v| length_squared(*v).sqrt()).fold(0.0, Real::max)
    }
}

/// Sum of the supports' forces on the tissue [mN].
fn support_force(scene: &Scene, model: &Model, state: &State) -> [f64; 3] {
    let mut sum = [0.0; 3];
    for s in &scene.supports {
        let u = model.displacement(&state.displacements, &s.point).to_array();
        for a in 0..3 {
            sum[a] -= f64::from(s.stiffness[a]) * f64::from(u[a]);
        }
    }
    sum
}

/// A block of tissue from z = −60 to 0, held at its bottom.
fn pad(spacing: f32, half: f32) -> Scene {
    let mut scene = blocks(&[[[-half, -half, -60.0], [half, half, 0.0]]], spacing, 5.0);
    hold(&mut scene, |p| (p[2] < -60.0 + 0.6 * spacing).then_some([2000.0; 3]));
    scene
}

#[test]
fn what_a_ball_presses_the_supports_bear() {
    let scene = pad(8.0, 45.0);
    let mut bench = Bench::new(&scene);
    bench.wield(Instrument::Ball { radius: 12.0 }, [3.0, -2.0, 14.0]);
    bench.control.tool_goals[0] = Some([3.0, -2.0, 4.0]);
    bench.run(90);
    let (push, held) = (bench.force(), support_force(&scene, &bench.model, &bench.state));
    eprintln!(
        "ball pressed 8 mm: {push:.1?} mN, supports {held:.1?} mN, {} touches, penetration {:.3} mm, contained {}",
        bench.report.touches, bench.report.penetration, bench.contained
    );
    assert!(push[2] < -100.0, "{push:?}");
    let error = (0..3).map(|a| (f64::from(push[a]) + held[a]).powi(2)).sum::<f64>().sqrt();
    assert!(error < 0.01 * f64::from(-push[2]), "unbalanced by {error} mN");
    assert!(bench.report.penetration < 0.05, "{:?}", bench.report);
    assert_eq!(bench.contained, 0);
    // Withdrawn: no force, and the surface comes back.
    bench.control.tool_goals[0] = Some([3.0, -2.0, 40.0]);
    bench.run(90);
    assert_eq!(bench.force(), [0.0; 3]);
    assert!(bench.state.max_displacement() < 0.05, "{} mm", bench.state.max_displacement());
}

/// F = 4/3 E/(1 − ν²) √R d^{3/2} on a half space [Hertz 1881], times a series in χ = √(R d)/h on a layer of thickness h
/// that is bonded below [Dimitriadis et al. 2002].
#[test]
fn a_ball_feels_the_force_of_hertz() {
    let scene = pad(5.0, 60.0);
    let mut bench = Bench::new(&scene);
    let (radius, depth, nu, pi) = (40.0_f32, 3.0_f32, 0.45_f32, std::f32::consts::PI);
    bench.wield(Instrument::Ball { radius }, [0.0, 0.0, radius + 1.0]);
    bench.control.tool_goals[0] = Some([0.0, 0.0, radius - depth]);
    bench.run(120);
    let force = -bench.force()[2];
    let hertz = 4.0 / 3.0 * 5.0 / (1.0 - nu * nu) * radius.sqrt() * depth.powf(1.5);
    let a = -(1.2876 - 1.4678 * nu + 1.3442 * nu * nu) / (1.0 - nu);
    let b = (0.6387 - 1.0277 * nu + 1.5164 * nu * nu) / (1.0 - nu);
    let chi = (radius * depth).sqrt() / 60.0;
    let layer = 1.0 - 2.0 * a / pi * chi + 4.0 * (a / pi * chi).powi(2)
        - 8.0 / pi.powi(3) * (a.powi(3) + 4.0 * pi * pi / 15.0 * b) * chi.powi(3)
        + 16.0 * a / pi.powi(4) * (a.powi(3) + 3.0 * pi * pi / 5.0 * b) * chi.powi(4);
    let expected = hertz * layer;
    eprintln!(
        "Hertz, R {radius} mm, d {depth} mm, layer × {layer:.3}: {force:.1} mN against {expected:.1} mN ({:+.1} %), {} touches",
        100.0 * (force / expected - 1.0),
        bench.report.touches
    );
    assert!((force / expected - 1.0).abs() < 0.05, "{force} against {expected}");
}

#[test]
fn a_block_dropped_on_a_floor_comes_to_rest_on_it() {
    let mut scene = blocks(&[[[-30.0, -30.0, 5.0], [30.0, 30.0, 45.0]]], 8.0, 5.0);
    scene.gravity = [0.0, 0.0, -9810.0];
    scene.obstacles = vec![floor(-4.0)];
    scene.friction = 0.3;
    let mut bench = Bench::new(&scene);
    bench.run(240);
    let weight = bench.model.masses().iter().sum::<Real>() * 9810.0;
    let borne: Real = bench.state.touches.iter().map(|t| t.force.to_array()[2]).sum();
    eprintln!(
        "dropped 9 mm: bottom at {:.2?}, speed {:.2} mm/s, weight {weight:.0} mN, floor {borne:.0} mN, penetration {:.3} mm, contained {}",
        bench.place(0, [0.0, 0.0, 5.0]),
        bench.fastest(),
        bench.report.penetration,
        bench.contained
    );
    assert!(bench.fastest() < 1.0, "{} mm/s", bench.fastest());
    assert!(bench.report.penetration < 1.0, "{:?}", bench.report);
    assert!((borne / weight - 1.0).abs() < 0.01, "{borne} of {weight} mN");
}

#[test]
fn a_body_rests_on_another_on_the_floor() {
    let mut scene = blocks(
        &[[[-45.0, -45.0, 3.0], [45.0, 45.0, 43.0]], [[-20.0, -20.0, 46.0], [20.0, 20.0, 86.0]]],
        8.0,
        5.0,
    );
    scene.gravity = [0.0, 0.0, -9810.0];
    scene.obstacles = vec![floor(1.0)];
    scene.friction = 0.3;
    let mut bench = Bench::new(&scene);
    bench.run(300);
    let sum = |partner: fn(&Partner) -> bool| -> Real {
        let pressing = bench.state.touches.iter().filter(|t| partner(&t.partner));
        pressing.map(|t| t.force.to_array()[2]).sum()
    };
    let floor = sum(|p| matches!(p, Partner::Obstacle(_)));
    // Points of the upper one on the lower, and of the lower on the upper.
    let up = sum(|p| matches!(p, Partner::Body(0))) - sum(|p| matches!(p, Partner::Body(1)));
    let weight = bench.model.masses().iter().sum::<Real>() * 9810.0;
    let upper = 1.06e-6 * 40.0 * 40.0 * 40.0 * 9810.0;
    eprintln!(
        "stacked: floor bears {floor:.0} of {weight:.0} mN, upper block {up:.0} of {upper:.0} mN, penetration {:.3} mm, speed {:.2} mm/s",
        bench.report.penetration,
        bench.fastest()
    );
    assert!(bench.report.penetration < 1.0, "{:?}", bench.report);
    assert!((floor / weight - 1.0).abs() < 0.02, "{floor} of {weight}");
    assert!((up / upper - 1.0).abs() < 0.02, "{up} of {upper}");
    assert!(bench.fastest() < 2.0);
}

#[test]
fn bodies_that_touch_in_the_scan_exert_no_force() {
    // They share a face, and overlap by 2 mm over another.
    let mut scene = blocks(
        &[
            [[-30.0, -30.0, 0.0], [30.0, 30.0, 40.0]],
            [[-30.0, -30.0, 40.0], [30.0, 30.0, 80.0]],
            [[-30.0, 28.0, 0.0], [30.0, 60.0, 40.0]],
        ],
        8.0,
        5.0,
    );
    scene.obstacles = vec![floor(1.0)];
    let mut bench = Bench::new(&scene);
    bench.run(30);
    assert_eq!(bench.state.touches.len(), 0, "{:?}", bench.report);
    assert_eq!(bench.state.max_displacement(), 0.0);
    // Yet they do meet: pushed down, the upper one presses.
    for v in &mut bench.state.velocities {
        *v = Lanes::new([0.0, 0.0, -50.0, 0.0]);
    }
    bench.run(5);
    assert!(bench.state.touches.iter().any(|t| t.partner == Partner::Obstacle(0)));
}

/// How far a block slides in a second on a slope of `degrees` with μ = 0.3 (friction angle 16.7°), and how far a rigid one would.
fn slide(degrees: f32) -> (f32, f32) {
    let mut scene = blocks(&[[[-30.0, -30.0, 1.0], [30.0, 30.0, 31.0]]], 8.0, 20.0);
    scene.obstacles = vec![floor(1.0)];
    scene.friction = 0.3;
    let (sin, cos) = (degrees.to_radians().sin(), degrees.to_radians().cos());
    scene.gravity = [0.0, 0.0, -9810.0 * cos];
    let mut bench = Bench::new(&scene);
    bench.run(120);
    // Tilt: the settled state goes on under the turned gravity.
    scene.gravity = [9810.0 * sin, 0.0, -9810.0 * cos];
    let model = model(&scene);
    bench.solver = Solver::new(Arc::clone(&model));
    bench.model = model;
    let before = bench.place(0, [0.0, 0.0, 16.0])[0];
    bench.run(15);
    let creep = bench.place(0, [0.0, 0.0, 16.0])[0] - before;
    bench.run(15);
    let way = bench.place(0, [0.0, 0.0, 16.0])[0] - before;
    eprintln!("slope {degrees}°: {creep:.2} mm after ¼ s, {way:.2} mm after ½ s");
    (way, 0.5 * 9810.0 * (sin - 0.3 * cos) * 0.25)
}

#[test]
fn a_block_sticks_below_the_friction_angle_and_slides_above() {
    let (way, _) = slide(14.0);
    assert!(way < 5.0, "slides {way} mm");
    let (way, rigid) = slide(22.0);
    eprintln!("rigid: {rigid:.1} mm");
    assert!((way / rigid - 1.0).abs() < 0.2, "{way} mm, a rigid block {rigid} mm");
}

#[test]
fn colliding_bodies_keep_their_momentum() {
    let mut scene =
        blocks(&[[[-20.0; 3], [20.0; 3]], [[23.0, -14.0, -16.0], [55.0, 18.0, 16.0]]], 8.0, 10.0);
    scene.friction = 0.1;
    let mut bench = Bench::new(&scene);
    let mut body = vec![0; scene.lattice.nodes.len()];
    for cell in &scene.lattice.cells {
        for n in cell.nodes {
            body[n as usize] = cell.body;
        }
    }
    for (v, b) in bench.state.velocities.iter_mut().zip(&body) {
        *v = Lanes::new([if *b == 0 { 300.0 } else { -100.0 }, 0.0, 0.0, 0.0]);
    }
    let masses = bench.model.masses().to_vec();
    let momentum = |state: &State, which: Option<u16>| {
        let mut sum = [0.0_f64; 3];
        for ((m, v), b) in masses.iter().zip(&state.velocities).zip(&body) {
            if which.is_none_or(|w| w == *b) {
                for (sum, v) in sum.iter_mut().zip(v.to_array()) {
                    *sum += f64::from(*m) * f64::from(v);
                }
            }
        }
        sum
    };
    let (before, first) = (momentum(&bench.state, None), momentum(&bench.state, Some(0)));
    bench.run(40);
    let (after, given) = (momentum(&bench.state, None), momentum(&bench.state, Some(0)));
    let drift = (0..3).map(|a| (after[a] - before[a]).powi(2)).sum::<f64>().sqrt();
    let exchanged = first[0] - given[0];
    eprintln!(
        "collision: {exchanged:.1} of {:.1} kg mm/s given over, total drifts by {drift:.2e}, contained {}",
        first[0], bench.contained
    );
    assert!(exchanged > 0.4 * first[0], "hardly met: {exchanged}");
    assert!(drift < 0.01 * exchanged, "{before:?} became {after:?}");
    assert!(bench.state.touches.is_empty(), "still touching");
}

#[test]
fn tissue_returns_when_a_retractor_is_withdrawn() {
    let scene = pad(8.0, 45.0);
    let mut bench = Bench::new(&scene);
    bench.wield(Instrument::Blade { half: [20.0, 4.0, 25.0], rounding: 3.0 }, [0.0, 50.0, -15.0]);
    let mut deepest: f32 = 0.0;
    for step in 0..80_u8 {
        let way = f32::from(step.min(60)) / 60.0 * 23.0;
        bench.control.tool_goals[0] = Some([0.0, 52.0 - way, -15.0]);
        bench.run(1);
        deepest = deepest.max(bench.report.penetration);
    }
    let (force, side) = (bench.force(), bench.place(0, [0.0, 45.0, -10.0]));
    eprintln!(
        "retractor 20 mm in: {force:.0?} mN, edge at {side:.1?}, {} touches, deepest on the way {deepest:.2} mm, at rest {:.3} mm, contained {}",
        bench.report.touches, bench.report.penetration, bench.contained
    );
    assert!(force[1] < -500.0, "{force:?}");
    assert!(side[1] < 28.0, "the tissue is at {side:?}");
    assert!(bench.report.penetration < 1.0, "{:?}", bench.report);
    for step in 0..60_u8 {
        let way = f32::from(step) / 60.0 * 30.0;
        bench.control.tool_goals[0] = Some([0.0, 29.0 + way, -15.0]);
        bench.run(1);
    }
    bench.run(120);
    assert_eq!(bench.force(), [0.0; 3]);
    let left = bench.state.max_displacement();
    eprintln!("withdrawn: {left:.3} mm from where it was");
    assert!(left < 0.1, "{left} mm");
    assert_eq!(bench.contained, 0);
}

#[test]
fn teleporting_instruments_stay_outside_or_at_least_finite() {
    let mut scene = pad(8.0, 45.0);
    scene.friction = 0.1;
    let mut bench = Bench::new(&scene);
    bench.wield(Instrument::Rod { radius: 3.0, length: 200.0 }, [0.0, 0.0, 30.0]);
    let mut noise = Noise(7);
    let mut slowed = 0;
    for _ in 0..120 {
        let goal = to_f32(noise.vector(160.0));
        let turn = to_f32(noise.vector(2.0));
        bench.control.tool_goals[0] = Some(goal);
        bench.control.tool_turns[0] = Some([turn[0], turn[1], turn[2], 0.3]);
        bench.run(1);
        slowed += bench.report.slowed_tools;
    }
    eprintln!(
        "teleports: slowed {slowed}, contained {}, displaced {:.1} mm, penetration {:.2} mm",
        bench.contained,
        bench.state.max_displacement(),
        bench.report.penetration
    );
    assert!(slowed > 60, "slowed {slowed}");
    // Put down inside the tissue, at once.
    bench.model.release(&mut bench.state, 0).expect("tool 0");
    bench.control = Control::default();
    bench.wield(Instrument::Ball { radius: 15.0 }, [0.0, 0.0, -30.0]);
    bench.run(60);
    bench.model.release(&mut bench.state, 0).expect("tool 0");
    bench.run(240);
    assert!(bench.state.max_displacement() < 0.5, "{} mm", bench.state.max_displacement());
}

#[test]
fn a_static_solution_bears_its_weight() {
    let mut scene = blocks(&[[[-30.0, -30.0, 1.0], [30.0, 30.0, 41.0]]], 8.0, 5.0);
    scene.gravity = [0.0, 0.0, -9810.0];
    scene.obstacles = vec![floor(0.0)];
    let mut bench = Bench::new(&scene);
    bench.report = bench.solver.settle(&mut bench.state, &bench.control, &Effort::ACCURATE);
    let weight = bench.model.masses().iter().sum::<Real>() * 9810.0;
    let borne: Real = bench.state.touches.iter().map(|t| t.force.to_array()[2]).sum();
    eprintln!(
        "settled on a floor: {borne:.0} of {weight:.0} mN, penetration {:.3} mm, {:?}",
        bench.report.penetration, bench.report
    );
    assert!((borne / weight - 1.0).abs() < 0.02, "{borne} of {weight}");
    assert!(bench.report.penetration < 0.1);
}

#[test]
fn a_solver_that_remembers_where_bodies_were_finds_the_touches_of_one_that_does_not() {
    let mut scene = blocks(
        &[[[-30.0, -30.0, 3.0], [30.0, 30.0, 35.0]], [[-20.0, -18.0, 37.0], [20.0, 22.0, 67.0]]],
        8.0,
        5.0,
    );
    scene.gravity = [0.0, 0.0, -9810.0];
    scene.friction = 0.2;
    scene.obstacles = vec![floor(1.0)];
    let mut bench = Bench::new(&scene);
    bench.wield(Instrument::Rod { radius: 5.0, length: 80.0 }, [0.0, 60.0, 50.0]);
    let mut noise = Noise(11);
    let mut touches = 0;
    for step in 0..90 {
        // At rest for a while, then beaten.
        if step > 30 {
            bench.control.tool_goals[0] = Some(to_f32(noise.vector(120.0)));
        }
        let mut state = bench.state.clone();
        let report = Solver::new(Arc::clone(&bench.model)).step(&mut state, &bench.control);
        bench.run(1);
        assert_eq!(bench.report, report);
        assert_eq!(bench.state, state, "step {step}");
        touches += state.touches.len();
    }
    assert!(touches > 1000, "{touches} touches");
}

#[test]
fn stacked_organs_do_not_sink_into_each_other_under_their_weight() {
    let mut scene = blocks(
        &[[[-30.0, -30.0, 1.0], [30.0, 30.0, 41.0]], [[-22.0, -20.0, 43.0], [22.0, 24.0, 83.0]]],
        8.0,
        5.0,
    );
    scene.gravity = [0.0, 0.0, -9810.0];
    scene.friction = 0.2;
    scene.obstacles = vec![floor(0.0)];
    // Held as loosely as organs are by their ligaments.
    hold(&mut scene, |_| Some([1e-4; 3]));
    let mut bench = Bench::new(&scene);
    bench.report = bench.solver.settle(&mut bench.state, &bench.control, &Effort::ACCURATE);
    let meets = |body: bool| {
        let of = |t: &&solver_wasm::contact::Touch| matches!(t.partner, Partner::Body(_)) == body;
        bench.state.touches.iter().filter(of).count()
    };
    eprintln!("stacked: {} on organs, {} on bone, {:?}", meets(true), meets(false), bench.report);
    assert!(meets(true) > 3 && meets(false) > 10 && bench.report.penetration < 1.0);
    bench.run(60);
    assert!(bench.report.penetration < 1.0, "{:?}", bench.report);
    assert_eq!(bench.contained, 0);
}
