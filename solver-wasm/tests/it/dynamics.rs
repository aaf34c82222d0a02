//! Motion: momentum, energy, grasp and return.

use std::sync::Arc;

use solver_wasm::{
    control::{Control, Load},
    lattice::Lattice,
    model::Model,
    newton::Effort,
    real::{Lanes, Real, length_squared},
    scene::Relaxation,
    state::State,
    step::Solver,
};

use crate::scenes::{Noise, free, hold, hung_ball, model, node_points, rest_positions};

/// Linear [kg mm/s] and angular [kg mm²/s] momentum.
fn momentum(model: &Model, rest: &[Lanes], state: &State) -> ([f64; 3], [f64; 3]) {
    let (mut linear, mut angular) = ([0.0; 3], [0.0; 3]);
    for (((m, x), u), v) in
        model.masses().iter().zip(rest).zip(&state.displacements).zip(&state.velocities)
    {
        let (x, v) = ((*x + *u).to_array().map(f64::from), v.to_array().map(f64::from));
        for i in 0..3 {
            let (j, k) = ((i + 1) % 3, (i + 2) % 3);
            linear[i] += f64::from(*m) * v[i];
            angular[i] += f64::from(*m) * (x[j] * v[k] - x[k] * v[j]);
        }
    }
    (linear, angular)
}

fn norm(v: [f64; 3]) -> f64 {
    v.iter().map(|x| x * x).sum::<f64>().sqrt()
}

#[test]
fn free_body_keeps_its_momentum_and_loses_energy() {
    let mut scene = free(Lattice::ball(20.0, 5.0), 5.0, 0.45);
    scene.materials[0].damping = 0.01;
    let model = model(&scene);
    let rest = rest_positions(&scene.lattice);
    let mut solver = Solver::new(Arc::clone(&model));
    let mut state = State::at_rest(&model);
    // Drift, a slow turn about z (1 rad/s), and a wave.
    for (v, x) in state.velocities.iter_mut().zip(&rest) {
        let [x, y, z, _] = x.to_array();
        *v = Lanes::new([100.0 - y, x, 40.0 * (z / 20.0), 0.0]);
    }
    let (linear, angular) = momentum(&model, &rest, &state);
    let mut gradient = vec![Lanes::default(); rest.len()];
    let mut energy = f64::INFINITY;
    for step in 0..60 {
        let report = solver.step(&mut state, &Control::default());
        assert_eq!(report.contained(), 0, "step {step}: {report:?}");
        let kinetic: f64 = model
            .masses()
            .iter()
            .zip(&state.velocities)
            .map(|(m, v)| 0.5 * f64::from(m * length_squared(*v)))
            .sum();
        let now = kinetic + solver.potential(&state.displacements, &mut gradient);
        assert!(now <= energy * (1.0 + 1e-4), "step {step}: energy rose from {energy} to {now}");
        energy = now;
    }
    let (after, turned) = momentum(&model, &rest, &state);
    let drift = norm([0, 1, 2].map(|i| after[i] - linear[i])) / norm(linear);
    // About the moving centre of mass: the origin moves with it, momentum is constant.
    let spin = (turned[2] / angular[2] - 1.0).abs();
    eprintln!(
        "free body, 1 s: linear drift {drift:.1e}, spin about z {spin:.1e}, energy {energy:.3e}"
    );
    assert!(drift < 2e-3, "linear momentum drifted by {drift}");
    assert!(spin < 0.05, "angular momentum drifted by {spin}");
}

#[test]
fn grasped_tissue_follows_then_wobbles_back() {
    let scene = hung_ball(48.0, 0.45);
    let model = model(&scene);
    let mut solver = Solver::new(Arc::clone(&model));
    let mut state = State::at_rest(&model);
    let mut control = Control::default();
    let report = solver.settle(&mut state, &control, &Effort::ACCURATE);
    assert!(report.converged, "{report:?}");
    let point = model.index().embed(0, [0.0, -46.0, 0.0]).expect("the front of the ball");
    let place = |state: &State| scene.lattice.position(&state.displacements, &point);
    let settled = place(&state);
    let distance = |state: &State| length_squared(place(state) - settled).sqrt();

    // Settled means settled: nothing moves.
    for _ in 0..10 {
        solver.step(&mut state, &control);
    }
    assert!(distance(&state) < 0.05, "drifts by {} mm", distance(&state));

    model.grasp(&mut state, 0, point, 10.0).expect("tissue");
    let tip = state.tools[0].position.to_array();
    let mut force: Real = 0.0;
    let mut jump: Real = 0.0;
    for step in 0..90_u8 {
        let pull = f32::from(step.min(59)) / 59.0 * 15.0;
        #[allow(clippy::unnecessary_cast)]
        let goal = [tip[0] as f32, tip[1] as f32 - pull, tip[2] as f32];
        control.tool_goals[0] = Some(goal);
        let report = solver.step(&mut state, &control);
        assert_eq!(report.contained(), 0, "step {step}: {report:?}");
        let now = -state.tools[0].force().to_array()[1] * -1.0;
        jump = if (now - force).abs() > jump { (now - force).abs() } else { jump };
        force = now;
    }
    let held = distance(&state);
    eprintln!(
        "pulled 15 mm: tissue {held:.2} mm, force {force:.0} mN, largest change a step {jump:.0} mN"
    );
    assert!((held - 15.0).abs() < 0.5, "tissue moved {held} mm with a tool that moved 15 mm");
    assert!(force < -100.0, "pulling forward takes force, not {force} mN");
    assert!(jump < -0.15 * force, "force jumps by {jump} of {force} mN");

    model.release(&mut state, 0).expect("tool 0");
    control.tool_goals = Default::default();
    let mut overshoot: Real = 0.0;
    for _ in 0..240 {
        solver.step(&mut state, &control);
        let beyond = (place(&state) - settled).to_array()[1];
        overshoot = if beyond > overshoot { beyond } else { overshoot };
    }
    let left = distance(&state);
    eprintln!("released: overshoot {overshoot:.2} mm, after 4 s {left:.3} mm from where it was");
    assert!(overshoot > 0.3, "no visible wobble: {overshoot} mm");
    assert!(left < 0.1, "does not come back: {left} mm");
}

#[test]
fn settling_a_liver_sized_ball_is_quick_and_sound() {
    for poisson in [0.45, 0.48] {
        let scene = hung_ball(80.0, poisson);
        let model = model(&scene);
        let mut solver = Solver::new(Arc::clone(&model));
        let mut state = State::at_rest(&model);
        let report = solver.settle(&mut state, &Control::default(), &Effort::ACCURATE);
        eprintln!(
            "{} cells, ν {poisson}: {} Newton, {} CG, residual {:.1e}, sag {:.1} mm",
            model.cell_count(),
            report.newton_iterations,
            report.cg_iterations,
            report.residual,
            state.max_displacement()
        );
        assert!(report.converged && report.roll_backs == 0, "{report:?}");
        assert!(report.cg_iterations < 400, "{report:?}");
        let mut noise = Noise(1);
        for v in &mut state.velocities {
            *v = noise.vector(20.0);
        }
        for _ in 0..30 {
            let report = solver.step(&mut state, &Control::default());
            assert_eq!(report.roll_backs, 0, "{report:?}");
        }
    }
}

/// A block under a constant pull creeps as its Prony series says.
#[test]
fn tissue_creeps() {
    let (g, time, length) = (1.5_f32, 0.4_f32, 8.0);
    // Nearly incompressible: the branch relaxes shear, so Young's modulus is three times the shear modulus throughout.
    let mut scene = free(Lattice::bar([4, 2, 2], 2.0), 5.0, 0.49);
    scene.materials[0].relaxation[0] = Relaxation { modulus: g, time };
    hold(&mut scene, |p| (p[0] == 0.0).then_some([2e4, 1.0, 1.0]));
    let far: Vec<_> = node_points(&scene.lattice)
        .into_iter()
        .filter(|p| scene.lattice.rest_position(p)[0] == length)
        .collect();
    let force = [0.02 * 16.0 / far.len() as f32, 0.0, 0.0];
    let loads: Vec<_> = far.iter().map(|p| Load { point: *p, force }).collect();
    let control = Control { loads, ..Control::default() };
    let model = model(&scene);
    let mut solver = Solver::new(Arc::clone(&model));
    let end = |state: &State| -> f64 {
        let moved = far.iter().map(|p| scene.lattice.displacement(&state.displacements, p));
        moved.map(|u| f64::from(u.to_array()[0])).sum::<f64>() / far.len() as f64
    };
    let mut relaxed = State::at_rest(&model);
    solver.settle(&mut relaxed, &control, &Effort::ACCURATE);
    let full = end(&relaxed);
    solver.effort = Effort { newton: 12, ..Effort::ACCURATE };
    let mut state = State::at_rest(&model);
    let path: Vec<f64> = (0..240)
        .map(|_| {
            solver.step(&mut state, &control);
            end(&state) / full
        })
        .collect();
    // A standard solid under constant load: what is still to come falls as e^{−t/τ′}, τ′ = τ (1 + g). How far it is on its way
    // also depends on the jolt of the first frames.
    let time = f64::from(time) * (1.0 + f64::from(g));
    let mut worst: f64 = 0.0;
    for (from, to) in [(30_u16, 60_u16), (60, 120)] {
        let left = |frame: u16| 1.0 - path[usize::from(frame)];
        let expected = (-f64::from(to - from) / 60.0 / time).exp();
        worst = worst.max((left(to) / left(from) / expected - 1.0).abs());
    }
    let start = 1.0 - (1.0 - path[30]) * (31.0 / 60.0 / time).exp();
    eprintln!("creep: starts at {start:.3} of the whole, decay off by {worst:.4}");
    assert!(worst < 0.01 && (start * (1.0 + f64::from(g)) - 1.0).abs() < 0.1, "{worst}, {start}");
}
