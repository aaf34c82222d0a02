//! How fast the linear solver converges.

use std::sync::Arc;

use solver_wasm::{
    control::Control,
    lattice::{Cell, Embedding, Lattice},
    newton::Effort,
    real::from_f32,
    scene::{Scene, Support},
    state::State,
    step::Solver,
};

use crate::scenes::{Noise, free, hung_ball, model};

/// Conjugate-gradient iterations of the first Newton iteration of a violently started step.
fn iterations(scene: &Scene, tolerance: f64) -> u32 {
    let model = model(scene);
    let mut solver = Solver::new(Arc::clone(&model));
    let mut state = State::at_rest(&model);
    let mut noise = Noise(5);
    for v in &mut state.velocities {
        *v = noise.vector(100.0);
    }
    solver.effort =
        Effort { newton: 1, cg: 200, cg_tolerance: tolerance, tolerance: 0.0, ..Effort::ACCURATE };
    solver.step(&mut state, &Control::default()).cg_iterations
}

/// Cut the cells at z above and below `plane` apart, for x up to `depth`: nodes of the slit are doubled.
fn slit(mut lattice: Lattice, plane: u16, depth: u16) -> Lattice {
    let first_copy = lattice.nodes.len() as u32;
    let mut copies = std::collections::BTreeMap::new();
    for Cell { coord, nodes, .. } in &mut lattice.cells {
        if coord[2] < plane {
            continue;
        }
        for node in nodes {
            let at = lattice.nodes[*node as usize];
            if at[2] == plane && at[0] < depth {
                *node = *copies.entry(*node).or_insert_with(|| {
                    lattice.nodes.push(at);
                    lattice.nodes.len() as u32 - 1
                });
            }
        }
    }
    assert!(lattice.nodes.len() as u32 > first_copy, "the slit cuts nothing");
    lattice
}

#[test]
fn iterations_stay_few() {
    for (name, scene, loose, tight) in [
        ("ball, ν .45", hung_ball(80.0, 0.45), 6, 20),
        ("ball, ν .48", hung_ball(80.0, 0.48), 16, 42),
        ("bar, ν .45", free(Lattice::bar([64, 8, 8], 4.0), 5.0, 0.45), 9, 26),
        ("slit bar, ν .45", free(slit(Lattice::bar([64, 8, 8], 4.0), 3, 33), 5.0, 0.45), 10, 30),
    ] {
        let (percent, millionth) = (iterations(&scene, 1e-2), iterations(&scene, 1e-6));
        eprintln!(
            "{name}, {} cells: {percent} to 1e-2, {millionth} to 1e-6",
            scene.lattice.cells.len()
        );
        assert!(percent <= loose && millionth <= tight, "{name}: {percent}, {millionth}");
    }
}

/// A block hangs on ridges that fill an eighth of their cells, so that the cells below carry them, and what holds the ridges has
/// negative weights at the lower nodes there.
#[test]
fn a_block_held_outside_of_its_elements_comes_to_rest() {
    let spacing = 4.0;
    let lattice = Lattice::sampled([0.0; 3], spacing, [8, 8, 9], |[x, _, z]| {
        z < 8.0 * spacing || (z < 8.25 * spacing && (x / spacing).fract() < 0.5)
    });
    let mut scene = free(lattice, 5.0, 0.45);
    scene.gravity = [0.0, 0.0, -9810.0];
    let ridges: Vec<_> = (0..scene.lattice.cells.len() as u32)
        .filter(|cell| scene.lattice.cells[*cell as usize].coord[2] == 8)
        .map(|cell| Embedding { cell, local: [0.25, 0.5, 1.0] })
        .collect();
    assert_eq!(ridges.len(), 64);
    for stiffness in [10.0, 50.0, 120.0, 1e3] {
        let support = |point: &Embedding| Support { point: *point, stiffness: [stiffness; 3] };
        scene.supports = ridges.iter().map(support).collect();
        let model = model(&scene);
        let (mut solver, mut state) = (Solver::new(Arc::clone(&model)), State::at_rest(&model));
        let report = solver.settle(&mut state, &Control::default(), &Effort::ACCURATE);
        eprintln!("held by {stiffness} mN/mm: {report:?}");
        assert!(report.converged && report.newton_iterations < 8, "{stiffness}: {report:?}");
    }
}

#[test]
fn both_sides_of_a_slit_move_apart() {
    let whole = Lattice::bar([16, 4, 4], 4.0);
    let first_copy = whole.nodes.len();
    let scene = free(slit(whole, 2, 9), 5.0, 0.45);
    let model = model(&scene);
    let mut solver = Solver::new(Arc::clone(&model));
    let mut state = State::at_rest(&model);
    let nodes = &scene.lattice.nodes;
    for (i, (v, node)) in state.velocities.iter_mut().zip(nodes).enumerate() {
        let upper = node[2] > 2 || i >= first_copy;
        let speed = if upper { 60.0 } else { -60.0 } * f32::from(node[0] < 8);
        *v = from_f32([0.0, 0.0, speed]);
    }
    for _ in 0..3 {
        solver.step(&mut state, &Control::default());
    }
    let lower = nodes.iter().position(|n| *n == [0, 0, 2]).expect("the lower lip");
    let upper = nodes.iter().rposition(|n| *n == [0, 0, 2]).expect("the upper lip");
    let height = |n: usize| state.displacements[n].to_array()[2];
    let gap = height(upper) - height(lower);
    assert!(upper >= first_copy && gap > 1.0, "the lips are {gap} mm apart");
}
