//! Abuse: random scenes in random hands (the same that `examples/abuse` plays by the hundred thousand steps), and what it found.

use std::sync::Arc;

use solver_wasm::{
    control::Control,
    model::Model,
    real::{Real, node_vector},
    scene::{Law, Material, Relaxation},
    state::State,
    step::Solver,
};

use crate::{
    scenes::{DENSITY, Noise, free, hung_ball, laws, model},
    warm::allocations,
};

#[path = "../../examples/abuse/bytes.rs"]
mod bytes;
#[path = "../../examples/abuse/scene.rs"]
mod scene;
#[path = "../../examples/abuse/script.rs"]
mod script;

/// Seeds, and the bytes that each stands for.
const SEEDS: std::ops::Range<u64> = 0..16;
const BYTES: usize = 2400;

#[test]
fn whatever_is_done_to_it_tissue_stays_finite_and_most_comes_to_rest() {
    let mut tally = script::Tally::default();
    for seed in SEEDS {
        let bytes = bytes::from_seed(seed, BYTES);
        if let Err(problem) = script::play(&bytes, u64::MAX, allocations, &mut tally) {
            panic!("seed {seed}: {problem}");
        }
    }
    eprintln!("{tally}");
    // Else it was no abuse.
    assert!(tally.touches > 100 && tally.slips > 100 && tally.twins > 10, "{tally}");
    assert!(tally.bisections > 100 && tally.roll_backs > 5 && tally.led_back > 100, "{tally}");
    let [alone, quiet, _] = tally.left_alone;
    assert!(alone > 8 && 2 * quiet > alone, "{quiet} of {alone} came to rest");
}

#[test]
fn tissue_that_remembers_its_knot_is_led_back_all_the_same() {
    let mut scene = hung_ball(24.0, 0.45);
    scene.gravity = [0.0; 3];
    scene.materials[0].relaxation[0] = Relaxation { modulus: 100.0, time: 1e4 };
    let model = model(&scene);
    let mut solver = Solver::new(Arc::clone(&model));
    let mut state = State::at_rest(&model);
    let mut noise = Noise(3);
    for u in &mut state.displacements {
        *u = noise.vector(400.0);
    }
    let mut led_back = 0;
    for _ in 0..300 {
        led_back += solver.step(&mut state, &Control::default()).led_back;
    }
    eprintln!("led back in {led_back} steps, {} mm from rest", state.max_displacement());
    assert!(led_back > 0 && state.max_displacement() < 4.0, "{} mm", state.max_displacement());
}

#[test]
fn at_rest_nothing_has_to_be_contained() {
    for (name, law) in laws() {
        let mut scene = hung_ball(24.0, 0.45);
        scene.gravity = [0.0; 3];
        scene.materials[0].law = law;
        scene.fibres = vec![[[1.0, 0.5, 0.2], [0.0, 1.0, 0.3]]; scene.lattice.cells.len()];
        let model = model(&scene);
        let mut solver = Solver::new(Arc::clone(&model));
        let mut state = State::at_rest(&model);
        for _ in 0..5 {
            let report = solver.step(&mut state, &Control::default());
            assert_eq!(report.contained(), 0, "{name}: {report:?}");
        }
    }
}

#[test]
fn tissue_thrown_beyond_reach_starts_afresh() {
    let scene = hung_ball(24.0, 0.45);
    let model = model(&scene);
    let mut solver = Solver::new(Arc::clone(&model));
    for far in [1e30, 1e10] {
        let mut state = State::at_rest(&model);
        state.displacements[5] = node_vector([far as Real, 0.0, 0.0]);
        assert_eq!(solver.step(&mut state, &Control::default()).roll_backs, 1);
        let report = solver.step(&mut state, &Control::default());
        assert_eq!(report.contained(), 0, "{report:?}");
    }
}

#[test]
fn a_copied_solver_holds_the_tissue_as_firmly() {
    let scene = hung_ball(32.0, 0.45);
    let model = model(&scene);
    let mut solver = Solver::new(Arc::clone(&model));
    let mut copy = solver.clone();
    let mut state = State::at_rest(&model);
    let point = model.index().embed(0, [0.0, -29.0, 0.0]).expect("tissue");
    model.grasp(&mut state, 0, point, 12.0).expect("tissue");
    let mut control = Control::default();
    control.tool_goals[0] = Some([0.0, -60.0, 10.0]);
    let mut other = state.clone();
    for _ in 0..5 {
        assert_eq!(copy.step(&mut other, &control), solver.step(&mut state, &control));
    }
    assert_eq!(state, other);
}

#[test]
fn a_law_that_would_let_cells_swell_for_ever_is_refused() {
    let mut scene = free(solver_wasm::lattice::Lattice::bar([2, 1, 1], 8.0), 5.0, 0.45);
    let law = |bulk| Law::MooneyRivlin { c1: 115.0, c2: 650.0, bulk };
    scene.materials[0] = Material::of(law(224.0), DENSITY);
    let refused = Model::new(&scene).expect_err("unbounded energy").to_string();
    assert!(refused.contains("materials.law.bulk"), "{refused}");
    scene.materials[0] = Material::of(law(3000.0), DENSITY);
    assert!(Model::new(&scene).is_ok());
}
