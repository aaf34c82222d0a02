//! Once warm, a step allocates nothing.

use std::sync::Arc;

use solver_wasm::{
    contact::instrument::{Instrument, Pose},
    control::Control,
    newton::Effort,
    real::{Real, node_vector},
    state::State,
    step::Solver,
};

use crate::{
    contact::{blocks, floor},
    scenes::{hung_ball, model, surface},
};

#[path = "../../examples/abuse/allocations.rs"]
mod allocations;

pub use allocations::allocations;

#[test]
fn a_warm_step_allocates_nothing() {
    let scene = hung_ball(32.0, 0.45);
    let model = model(&scene);
    let mut solver = Solver::new(Arc::clone(&model));
    let mut state = State::at_rest(&model);
    let mut control = Control::default();
    solver.settle(&mut state, &control, &Effort::ACCURATE);
    let point = model.index().embed(0, [0.0, -29.0, 0.0]).expect("tissue");
    model.grasp(&mut state, 0, point, 12.0).expect("tissue");
    control.tool_goals[0] = Some([0.0, -60.0, 10.0]);
    solver.step(&mut state, &control);
    let before = allocations();
    for _ in 0..30 {
        solver.step(&mut state, &control);
    }
    model.release(&mut state, 0).expect("tool 0");
    for _ in 0..30 {
        solver.step(&mut state, &control);
    }
    assert_eq!(allocations() - before, 0);
}

#[test]
fn pressure_comes_and_goes_without_allocation() {
    let mut scene = hung_ball(24.0, 0.45);
    scene.surfaces = vec![surface(&scene.lattice)];
    let model = model(&scene);
    let mut solver = Solver::new(Arc::clone(&model));
    let mut state = State::at_rest(&model);
    let mut control = Control::default();
    solver.step(&mut state, &control);
    control.pressures = vec![0.5];
    let before = allocations();
    for _ in 0..5 {
        solver.step(&mut state, &control);
    }
    control.pressures[0] = 0.0;
    solver.step(&mut state, &control);
    // Back to rest from a state that no step leads to.
    state.displacements[3] = node_vector([Real::NAN; 3]);
    assert_eq!(solver.step(&mut state, &control).roll_backs, 1);
    assert_eq!(allocations() - before, 0);
}

#[test]
fn a_warm_step_with_contact_allocates_nothing() {
    let mut scene = blocks(
        &[[[-30.0, -30.0, 3.0], [30.0, 30.0, 43.0]], [[-20.0, -20.0, 46.0], [20.0, 20.0, 86.0]]],
        8.0,
        5.0,
    );
    scene.gravity = [0.0, 0.0, -9810.0];
    scene.friction = 0.2;
    scene.obstacles = vec![floor(1.0)];
    let model = model(&scene);
    let mut solver = Solver::new(Arc::clone(&model));
    let mut state = State::at_rest(&model);
    let mut control = Control::default();
    let pose = Pose { position: [0.0, 0.0, 110.0].into(), ..Pose::default() };
    model.wield(&mut state, 0, Instrument::Ball { radius: 12.0 }, pose).expect("a sound ball");
    control.tool_goals[0] = Some([0.0, 0.0, 80.0]);
    solver.step(&mut state, &control);
    let before = allocations();
    for _ in 0..60 {
        solver.step(&mut state, &control);
    }
    assert_eq!(allocations() - before, 0);
    assert!(state.touches.len() > 50, "{} touches", state.touches.len());
}
