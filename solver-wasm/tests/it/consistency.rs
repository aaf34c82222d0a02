//! The discretisation against itself: patch test.

use std::sync::Arc;

use solver_wasm::{
    control::Control,
    lattice::Lattice,
    newton::Effort,
    real::{Real, node_vector},
    state::State,
    step::Solver,
};

use crate::scenes::{free, model};

#[test]
fn free_body_at_rest_stays_at_rest() {
    let scene = free(Lattice::ball(20.0, 5.0), 5.0, 0.45);
    let model = model(&scene);
    let mut state = State::at_rest(&model);
    let mut solver = Solver::new(Arc::clone(&model));
    solver.effort = Effort::ACCURATE;
    for v in &mut state.velocities {
        *v = node_vector([10.0 as Real, 0.0, 0.0]);
    }
    for _ in 0..10 {
        let report = solver.step(&mut state, &Control::default());
        assert_eq!(report.contained(), 0, "{report:?}");
    }
    eprintln!("{:?}", state.displacements[0]);
}
