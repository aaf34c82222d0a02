//! Motion: the first bending frequency of a bar, momentum and energy of a free body.

use std::f64::consts::{PI, TAU};

use solver_wasm::{
    message::STEP_DT,
    newton::Effort,
    real::{Lanes, Real, length_squared},
    scene::Law,
};

use crate::{
    bars::Bar,
    patch::norm,
    row::{Case, Row},
    specimen::{DENSITY, Experiment, Frame, Point, Specimen},
};

const YOUNG: f64 = 100.0;
const POISSON: f64 = 0.3;

/// First bending frequency of a cantilever, let go from a small static deflection; 200 steps a period.
pub fn frequency(case: Case) -> Vec<Row> {
    let (length, height) = (80.0, 4.0);
    let theory = timoshenko(length, height);
    let law = Law::NeoHookean { young: YOUNG as f32, poisson: POISSON as f32 };
    let mut bar = Bar::new(case, case.pick(1.0, 2.0 / 3.0), law, length, height);
    let root = bar.root.clone();
    bar.specimen.clamp(&root, YOUNG);
    // w/L = 0.01: the frequency of a linear bar to one part in ten thousand.
    let force = 0.01 * 3.0 * YOUNG * height.powi(4) / 12.0 / length.powi(2);
    let traction = force / (height * height);
    let pull = bar.specimen.loads(&bar.tip, |_, _| [0.0, 0.0, traction]);
    let mut experiment = Experiment::new(case, bar.specimen.clone());
    experiment.control.loads = pull;
    experiment.settle();
    let released = experiment.state.clone();
    experiment.control.loads.clear();
    experiment.solver.effort =
        Effort { newton: 2, cg: 20, cg_tolerance: 1e-3, tolerance: 1e-4, ..Effort::ACCURATE };
    let tip = bar.specimen.point(bar.axis(length));
    let mut swing = |dt: f64, periods: f64| -> Vec<f64> {
        experiment.state.copy_from(&released);
        experiment.control.dt = dt as f32;
        (0..(periods / (theory * dt)).ceil() as usize)
            .map(|_| {
                experiment.solver.step(&mut experiment.state, &experiment.control);
                experiment.displacement(&tip)[2]
            })
            .collect()
    };
    let dt = f64::from((1.0 / (200.0 * theory)) as f32);
    let heights = swing(dt, 2.5);
    // The first crossings still carry the higher modes of the release.
    let crossings = crossings(&heights);
    let value = match crossings.as_slice() {
        [_, first, .., last] => 0.5 * (crossings.len() - 2) as f64 / ((last - first) * dt),
        _ => f64::NAN,
    };
    let play = f64::from(STEP_DT);
    let heights = swing(play, 3.0);
    let peaks: Vec<f64> = heights
        .windows(3)
        .filter(|w| w[1].abs() > w[0].abs() && w[1].abs() >= w[2].abs())
        .map(|w| w[1].abs())
        .collect();
    let decrement = match peaks.as_slice() {
        [first, .., last] => (first / last).ln() / (PI * (peaks.len() - 1) as f64),
        _ => f64::NAN,
    };
    let expected =
        (1.0 + (TAU * theory * play).powi(2)).ln() / (2.0 * (TAU * theory * play).atan());
    let row = Row::new(
        case,
        "bending-frequency",
        "First bending frequency of a cantilever, 80 × 4 × 4 mm, 100 kPa",
        value,
        theory,
        "Hz",
        "Timoshenko 1921",
    );
    vec![
        row.within(case.pick(2.0, 1.0))
            .note(format!("{:.2} ms a step, 200 a period", 1e3 * dt))
            .note(format!(
                "at play's step of 1/60 s implicit Euler damps it by {:.1} % of critical, in theory {:.1} %",
                100.0 * decrement,
                100.0 * expected
            ))
            .of(&experiment),
    ]
}

/// Where a series changes its sign, in steps since before its first value.
fn crossings(heights: &[f64]) -> Vec<f64> {
    heights
        .windows(2)
        .enumerate()
        .filter(|(_, w)| w[0] * w[1] < 0.0)
        .map(|(i, w)| i as f64 + 1.0 + w[0] / (w[0] - w[1]))
        .collect()
}

/// First frequency of a cantilever with shear and rotary inertia [Timoshenko 1921], by shooting [Hz].
fn timoshenko(length: f64, height: f64) -> f64 {
    let area = height * height;
    let inertia = height.powi(4) / 12.0;
    // Shear coefficient of a rectangle [Cowper 1966].
    let shear =
        10.0 * (1.0 + POISSON) / (12.0 + 11.0 * POISSON) * YOUNG / (2.0 * (1.0 + POISSON)) * area;
    let euler =
        1.875_104_f64.powi(2) / length.powi(2) * (YOUNG * inertia / (DENSITY * area)).sqrt();
    // y = (w, φ, M, Q); the free end asks for M = Q = 0.
    let free_end = |omega: f64| {
        let slope = |y: [f64; 4]| {
            [
                y[1] + y[3] / shear,
                y[2] / (YOUNG * inertia),
                -y[3] - DENSITY * inertia * omega * omega * y[1],
                -DENSITY * area * omega * omega * y[0],
            ]
        };
        let shoot = |start: [f64; 4]| {
            let steps = 400;
            let h = length / f64::from(steps);
            let mut y = start;
            for _ in 0..steps {
                let along = |k: [f64; 4], t: f64| std::array::from_fn(|i| y[i] + t * k[i]);
                let k1 = slope(y);
                let k2 = slope(along(k1, 0.5 * h));
                let k3 = slope(along(k2, 0.5 * h));
                let k4 = slope(along(k3, h));
                y = std::array::from_fn(|i| {
                    y[i] + h / 6.0 * (k1[i] + 2.0 * k2[i] + 2.0 * k3[i] + k4[i])
                });
            }
            y
        };
        let (a, b) = (shoot([0.0, 0.0, 1.0, 0.0]), shoot([0.0, 0.0, 0.0, 1.0]));
        a[2] * b[3] - a[3] * b[2]
    };
    let (mut low, mut high) = (0.8 * euler, 1.05 * euler);
    let sign = free_end(low).signum();
    for _ in 0..50 {
        let middle = 0.5 * (low + high);
        if free_end(middle).signum() == sign {
            low = middle;
        } else {
            high = middle;
        }
    }
    low / TAU
}

/// A free ball with drift, spin and a wave, for a second: momentum kept, energy never growing.
pub fn free_body(case: Case) -> Vec<Row> {
    let law = Law::NeoHookean { young: 5.0, poisson: 0.45 };
    let radius = 20.0;
    let spacing = case.pick(4.0, 2.5);
    let specimen = Specimen::new(Frame::of(case), spacing, law, [[-radius; 3], [radius; 3]], |p| {
        norm(p) <= radius
    });
    let rest: Vec<Point> = {
        let lattice = &specimen.scene.lattice;
        let place = |n: &[u16; 3], i: usize| {
            f64::from(lattice.origin[i]) + f64::from(lattice.spacing) * f64::from(n[i])
        };
        lattice.nodes.iter().map(|n| [0, 1, 2].map(|i| place(n, i))).collect()
    };
    let mut experiment = Experiment::new(case, specimen);
    for (v, p) in experiment.state.velocities.iter_mut().zip(&rest) {
        let [x, y, z] = p.map(|x| x as Real);
        *v = Lanes::new([100.0 - y, x, 40.0 * z / radius as Real, 0.0]);
    }
    let steps = case.pick(60_u16, 600);
    experiment.control.dt = 1.0 / f32::from(steps);
    experiment.solver.effort = case.pick(
        Effort::PLAY,
        Effort { newton: 20, cg: 100, cg_tolerance: 1e-3, tolerance: 1e-10, ..Effort::ACCURATE },
    );
    let (linear, spin, mut energy) = motion(&mut experiment, &rest);
    let mut rise: f64 = 0.0;
    for _ in 0..steps {
        experiment.solver.step(&mut experiment.state, &experiment.control);
        let now = motion(&mut experiment, &rest).2;
        rise = rise.max(now / energy - 1.0);
        energy = now;
    }
    let (linear_after, spin_after, _) = motion(&mut experiment, &rest);
    let drift = norm(std::array::from_fn(|i| linear_after[i] - linear[i])) / norm(linear);
    let lost = norm(std::array::from_fn(|i| spin_after[i] - spin[i])) / norm(spin);
    let how = case.pick("60 steps of play", "600 steps");
    let row =
        |id, title, value, source| Row::new(case, id, title, value, 0.0, "", source).note(how);
    vec![
        row(
            "linear-momentum",
            "Free ball, 1 s: change of linear momentum",
            drift,
            "Newton's second law",
        )
        .within(0.1),
        row(
            "angular-momentum",
            "Free ball, 1 s at 1 rad/s: change of angular momentum",
            lost,
            "balance of angular momentum",
        )
        .note("implicit Euler slows a turn by (ω dt)² a step"),
        row(
            "energy-decay",
            "Free ball, 1 s: greatest rise of energy in a step",
            rise,
            "second law of thermodynamics",
        )
        .within(100.0 * case.pick(1e-5, 1e-10)),
    ]
    .into_iter()
    .map(|row| row.of(&experiment))
    .collect()
}

/// Linear momentum [kg mm/s], angular momentum about the centre of mass [kg mm²/s], energy [mN mm].
fn motion(experiment: &mut Experiment, rest: &[Point]) -> (Point, Point, f64) {
    let model = experiment.solver.model().clone();
    let (mut mass, mut linear, mut first, mut spin) = (0.0, [0.0; 3], [0.0; 3], [0.0; 3]);
    let mut kinetic = 0.0;
    let state = &experiment.state;
    for (((m, p), u), v) in
        model.masses().iter().zip(rest).zip(&state.displacements).zip(&state.velocities)
    {
        let m = f64::from(*m);
        kinetic += 0.5 * m * f64::from(length_squared(*v));
        let (u, v) = (u.to_array().map(f64::from), v.to_array().map(f64::from));
        let x = [p[0] + u[0], p[1] + u[1], p[2] + u[2]];
        mass += m;
        for i in 0..3 {
            let (j, k) = ((i + 1) % 3, (i + 2) % 3);
            linear[i] += m * v[i];
            first[i] += m * x[i];
            spin[i] += m * (x[j] * v[k] - x[k] * v[j]);
        }
    }
    for (i, spin) in spin.iter_mut().enumerate() {
        let (j, k) = ((i + 1) % 3, (i + 2) % 3);
        *spin -= (first[j] * linear[k] - first[k] * linear[j]) / mass;
    }
    let displacements = state.displacements.clone();
    let mut gradient = displacements.clone();
    (linear, spin, kinetic + experiment.solver.potential(&displacements, &mut gradient))
}
