//! Static solutions against theory.

use std::sync::Arc;

use solver_wasm::{
    control::{Control, Load},
    lattice::{Embedding, Lattice},
    newton::Effort,
    state::State,
    step::Solver,
};

use crate::scenes::{free, hold, model, node_points};

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
    let model = model(&scene);
    let tip: Vec<_> = node_points(&scene.lattice)
        .into_iter()
        .filter(|p| scene.lattice.rest_position(p)[0] == length)
        .collect();
    let share = -tip_load / tip.len() as f32;
    let loads = tip.iter().map(|p| Load { point: *p, force: [0.0, 0.0, share] }).collect();
    let control = Control { loads, ..Control::default() };
    let mut solver = Solver::new(Arc::clone(&model));
    let mut state = State::at_rest(&model);
    let report = solver.settle(&mut state, &control, &Effort::ACCURATE);
    assert!(report.converged, "not converged: {report:?}");
    let centre = Embedding { cell: counts[0] as u32 - 1, local: [1.0, 0.0, 0.0] };
    let middle = model
        .index()
        .embed(0, [length, f32::from(counts[1]) / 2.0, f32::from(counts[2]) / 2.0])
        .unwrap_or(centre);
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
