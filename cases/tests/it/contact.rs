//! What contact is given by a build: distances from surfaces, and twins that start without force yet do touch.

use std::sync::Arc;

use cases::twin::pack::Pack;
use solver_wasm::{
    contact::Partner,
    control::Control,
    model::Model,
    real::Lanes,
    scene::{DISTANCE_UNIT, Scene},
    state::State,
    step::Solver,
};

use crate::phantom::{FINE, Phantom};

/// Rest position [mm] and signed distance [mm] of each node.
fn nodes(scene: &Scene) -> impl Iterator<Item = ([f32; 3], f32)> {
    let lattice = &scene.lattice;
    lattice.nodes.iter().zip(&scene.distances).map(|(n, d)| {
        let at = [0, 1, 2].map(|a| lattice.origin[a] + lattice.spacing * f32::from(n[a]));
        (at, f32::from(*d) * DISTANCE_UNIT * lattice.spacing)
    })
}

#[test]
fn nodes_know_their_distance_from_a_ball() {
    let centre = [27.0, 28.0, 29.0];
    let from = |p: [f32; 3]| (0..3).map(|a| (p[a] - centre[a]).powi(2)).sum::<f32>().sqrt();
    let pack = Phantom::new([56; 3], [1.0; 3], |p| u8::from(from(p) < 20.0)).build(1, FINE, false);
    assert_eq!(pack.scene.distances.len(), pack.scene.lattice.nodes.len());
    let band = 2.5 * pack.scene.lattice.spacing;
    let mut worst: f32 = 0.0;
    for (at, distance) in nodes(&pack.scene) {
        let expected = (from(at) - 20.0).clamp(-band, band);
        worst = worst.max((distance - expected).abs());
    }
    eprintln!("distances from a ball of 20 mm: off by at most {worst:.2} mm");
    assert!(worst < 0.4, "{worst} mm");
    assert!(pack.scene.obstacles.is_empty());
}

/// Two boxes that share the wall x = 24.
fn walled(one_body: bool) -> Pack {
    let boxes = Phantom::new([48, 40, 40], [1.0; 3], |[x, y, z]| {
        let within = (8.0..40.0).contains(&x) && (8.0..32.0).contains(&y);
        if within && (8.0..32.0).contains(&z) { 1 + u8::from(x > 24.0) } else { 0 }
    });
    boxes.build(2, FINE, one_body)
}

#[test]
fn a_wall_inside_a_body_is_no_surface() {
    let middle = |pack: &Pack| {
        nodes(&pack.scene)
            .filter(|([x, y, z], _)| {
                (x - 24.0).abs() < 3.0 && (y - 20.0).abs() < 5.0 && (z - 20.0).abs() < 5.0
            })
            .map(|(_, d)| d)
            .fold(f32::NEG_INFINITY, f32::max)
    };
    let (one, two) = (middle(&walled(true)), middle(&walled(false)));
    assert!(one < -5.0, "{one} mm");
    assert!(two > -3.0, "{two} mm");
}

#[test]
fn neighbours_in_the_scan_start_without_force_and_press_when_moved() {
    let pack = walled(false);
    let scene = Scene { gravity: [0.0; 3], rest_gravity: [0.0; 3], ..pack.scene };
    let model = Arc::new(Model::new(&scene).expect("a sound scene"));
    let mut solver = Solver::new(Arc::clone(&model));
    let mut state = State::at_rest(&model);
    for _ in 0..10 {
        solver.step(&mut state, &Control::default());
    }
    assert!(state.touches.is_empty() && state.max_displacement() == 0.0);
    // The left box moves to the right, and takes the other with it.
    let mut right = Vec::new();
    for cell in &scene.lattice.cells {
        for n in cell.nodes {
            if cell.body == 0 {
                state.velocities[n as usize] = Lanes::new([200.0, 0.0, 0.0, 0.0]);
            } else {
                right.push(n as usize);
            }
        }
    }
    let mut deepest: f32 = 0.0;
    let mut touched = false;
    for _ in 0..20 {
        let report = solver.step(&mut state, &Control::default());
        deepest = deepest.max(report.penetration);
        touched |= state.touches.iter().any(|t| matches!(t.partner, Partner::Body(_)));
    }
    let moved = right.iter().map(|n| state.displacements[*n].to_array()[0]).sum::<f32>()
        / right.len() as f32;
    eprintln!("pushed box moves {moved:.1} mm, deepest {deepest:.2} mm");
    assert!(touched && moved > 5.0, "{moved} mm");
    assert!(deepest < 1.0, "{deepest} mm");
}
