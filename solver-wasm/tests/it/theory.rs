//! Static solutions against theory.

use std::sync::Arc;

use solver_wasm::{
    control::{Control, Load},
    embed::LatticeIndex,
    lattice::{Embedding, Lattice},
    newton::Effort,
    scene::{Scene, Surface},
    state::State,
    step::Solver,
};

use crate::scenes::{free, hold, model, node_points};

/// The equilibrium of a scene under dead loads.
fn equilibrium(scene: &Scene, loads: Vec<Load>) -> State {
    let model = model(scene);
    let mut solver = Solver::new(Arc::clone(&model));
    let mut state = State::at_rest(&model);
    let control = Control { loads, ..Control::default() };
    let report = solver.settle(&mut state, &control, &Effort::ACCURATE);
    assert!(report.converged, "not converged: {report:?}");
    state
}

/// Clamp stiffness: hard against the tissue, soft enough for f32.
const HARD: f32 = 1e4;

/// Deflection over length of a bar (L × h × h, clamped at x = 0) under `load`, in −z.
fn deflection(
    counts: [u16; 3],
    young: f32,
    poisson: f32,
    tip_load: f32,
    distributed: f32,
) -> (f64, f64) {
    let spacing = 1.0;
    let mut scene = free(Lattice::bar(counts, spacing), young, poisson);
    hold(&mut scene, |p| (p[0] == 0.0).then_some([HARD; 3]));
    let length = f32::from(counts[0]);
    let area = f32::from(counts[1]) * f32::from(counts[2]);
    // Distributed load as gravity: ρ A g L = load.
    scene.gravity = [0.0, 0.0, -distributed / (scene.materials[0].density * area * length)];
    let tip: Vec<_> = node_points(&scene.lattice)
        .into_iter()
        .filter(|p| scene.lattice.rest_position(p)[0] == length)
        .collect();
    let share = -tip_load / tip.len() as f32;
    let loads = tip.iter().map(|p| Load { point: *p, force: [0.0, 0.0, share] }).collect();
    let state = equilibrium(&scene, loads);
    let middle = LatticeIndex::new(&scene.lattice)
        .embed(0, [length, f32::from(counts[1]) / 2.0, f32::from(counts[2]) / 2.0])
        .expect("the bar's end");
    let u = scene.lattice.displacement(&state.displacements, &middle).to_array();
    (f64::from(-u[2]) / f64::from(length), f64::from(u[0]) / f64::from(length))
}

#[test]
fn small_deflection_is_timoshenkos() {
    let (length, height, young, poisson) = (40.0_f64, 4.0_f64, 100.0_f64, 0.3_f64);
    let load = 0.2;
    let (w, _) = deflection([40, 4, 4], young as f32, poisson as f32, load, 0.0);
    let inertia = height.powi(4) / 12.0;
    let bending = f64::from(load) * length.powi(3) / (3.0 * young * inertia);
    let shear = f64::from(load) * length * 1.2 * 2.0 * (1.0 + poisson) / (young * height * height);
    let theory = (bending + shear) / length;
    let error = w / theory - 1.0;
    eprintln!("cantilever: w/L {w:.6}, Timoshenko {theory:.6}, error {:.2} %", 100.0 * error);
    assert!(error.abs() < 0.02, "error {error}");
}

/// Bar of 80 × 4 × 4 mm: shear adds 0.15 %, the extension less, to the elastica's inextensible line.
#[test]
fn elastica_under_a_tip_load() {
    let (young, length, inertia) = (100.0_f32, 80.0_f32, 256.0_f32 / 12.0);
    for (load, expected) in [(1.0, 0.30172), (2.0, 0.49346), (5.0, 0.71379)] {
        let (w, _) =
            deflection([80, 4, 4], young, 0.0, load * young * inertia / length.powi(2), 0.0);
        let error = w / expected - 1.0;
        eprintln!("elastica, tip load {load}: w/L {w:.5}, error {:.2} %", 100.0 * error);
        assert!(error.abs() < 0.03, "error {error} at load {load}");
    }
}

/// Bar of 160 × 4 × 4 mm: the forces that bend it are smaller than those of the displacements' rounding in f32.
#[test]
fn a_slender_bar_is_not_left_half_bent() {
    let (young, length, inertia) = (100.0_f32, 160.0_f32, 256.0_f32 / 12.0);
    let (w, _) = deflection([160, 4, 4], young, 0.0, young * inertia / length.powi(2), 0.0);
    let error = w / 0.30172 - 1.0;
    eprintln!("slender elastica: w/L {w:.5}, error {:.2} %", 100.0 * error);
    assert!(error.abs() < 0.01, "error {error}");
}

#[test]
fn elastica_under_its_own_weight() {
    let (young, length, inertia) = (100.0_f32, 80.0_f32, 256.0_f32 / 12.0);
    for (load, expected) in [(1.0, 0.12347), (5.0, 0.49591), (10.0, 0.70020)] {
        let weight = load * young * inertia / length.powi(2);
        let (w, _) = deflection([80, 4, 4], young, 0.0, 0.0, weight);
        let error = w / expected - 1.0;
        eprintln!("elastica, own weight {load}: w/L {w:.5}, error {:.2} %", 100.0 * error);
        assert!(error.abs() < 0.03, "error {error} at load {load}");
    }
}

/// Lamé's thick sphere, 10/20 mm, E = 10 kPa, from sample masks: one octant, pressure in the cavity, small strain.
#[test]
fn thick_sphere_under_pressure() {
    let pressure = 0.02_f32;
    for (poisson, expected) in [(0.45, 0.84286), (0.49, 0.85429)] {
        let lattice = Lattice::sampled([0.0; 3], 1.0, [20; 3], |p| {
            let squared: f32 = p.iter().map(|x| x * x).sum();
            (100.0..=400.0).contains(&squared)
        });
        let mut scene = free(lattice, 10.0, poisson);
        hold(&mut scene, |p| {
            let held = p.map(|x| if x == 0.0 { HARD } else { 0.0 });
            held.iter().any(|k| *k > 0.0).then_some(held)
        });
        let index = LatticeIndex::new(&scene.lattice);
        // Mid-point rule over the octant of the inner sphere.
        let (inner, n) = (10.0_f32, 48_u16);
        let step = std::f32::consts::FRAC_PI_2 / f32::from(n);
        let mut loads = Vec::new();
        let mut normals = Vec::new();
        for i in 0..n {
            for j in 0..n {
                let (theta, phi) = ((f32::from(i) + 0.5) * step, (f32::from(j) + 0.5) * step);
                let normal = [theta.sin() * phi.cos(), theta.sin() * phi.sin(), theta.cos()];
                let area = inner * inner * theta.sin() * step * step;
                let point = index.embed(0, normal.map(|x| x * inner)).expect("the inner surface");
                loads.push(Load { point, force: normal.map(|x| x * area * pressure) });
                normals.push((normal, theta.sin()));
            }
        }
        let points: Vec<_> = loads.iter().map(|l| l.point).collect();
        let state = equilibrium(&scene, loads);
        let (mut sum, mut weights) = (0.0_f64, 0.0_f64);
        for (point, (normal, weight)) in points.iter().zip(&normals) {
            let u = scene.lattice.displacement(&state.displacements, point).to_array();
            for (u, n) in u.iter().zip(normal) {
                sum += f64::from(*u) * f64::from(n * weight);
            }
            weights += f64::from(*weight);
        }
        let u = sum / weights / f64::from(pressure);
        let error = u / expected - 1.0;
        eprintln!(
            "Lamé sphere, ν {poisson}, {} cells: u(a) {u:.5} mm/kPa, error {:.2} %",
            scene.lattice.cells.len(),
            100.0 * error
        );
        assert!(error.abs() < 0.03, "error {error} at ν {poisson}");
    }
}

/// A block that stands on a smooth table under a pressure that follows its top: P/E of shortening, and the whole load below.
#[test]
fn a_block_under_pressure() {
    let (young, pressure) = (10.0_f32, 0.05_f32);
    let mut scene = free(Lattice::bar([3, 3, 6], 2.0), young, 0.4);
    hold(&mut scene, |p| {
        let held = [p[0] == 0.0, p[1] == 0.0, p[2] == 0.0].map(|h| if h { HARD } else { 0.0 });
        held.iter().any(|k| *k > 0.0).then_some(held)
    });
    let mut top = Surface::default();
    for (i, cell) in scene.lattice.cells.iter().enumerate().filter(|(_, c)| c.coord[2] == 5) {
        let first = top.points.len() as u32;
        for local in [[0.0, 0.0, 1.0], [1.0, 0.0, 1.0], [0.0, 1.0, 1.0], [1.0, 1.0, 1.0]] {
            top.points.push(Embedding { cell: i as u32, local });
        }
        top.triangles.extend([[0, 1, 3], [0, 3, 2]].map(|t| t.map(|v| v + first)));
        assert!(cell.samples == u64::MAX);
    }
    scene.surfaces = vec![top];
    let model = model(&scene);
    let mut solver = Solver::new(Arc::clone(&model));
    let mut state = State::at_rest(&model);
    let control = Control { pressures: vec![pressure], ..Control::default() };
    let report = solver.settle(&mut state, &control, &Effort::ACCURATE);
    assert!(report.converged, "{report:?}");
    // The mean over the end faces: two triangles load the corners of a square unevenly.
    let mean = |axis: usize, at: u16| -> f64 {
        let face = scene.lattice.nodes.iter().zip(&state.displacements);
        let moved: Vec<f64> = face
            .filter(|(x, _)| x[axis] == at)
            .map(|(_, u)| f64::from(u.to_array()[axis]))
            .collect();
        moved.iter().sum::<f64>() / moved.len() as f64
    };
    let (shortening, widening) = (-mean(2, 6) / 12.0, mean(0, 3) / 6.0);
    eprintln!("block under pressure: {shortening:.5} shorter, {widening:.5} wider");
    // Finite strain: the stretch of a compressed neo-Hookean bar differs from P/E by a few per cent of itself.
    assert!((shortening / 0.005 - 1.0).abs() < 0.02, "{shortening}");
    assert!((widening / 0.002 - 1.0).abs() < 0.02, "{widening}");
}
