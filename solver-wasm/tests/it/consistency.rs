//! The discretisation against itself: patch test, finite differences, frame indifference.

use solver_wasm::{
    lattice::Lattice,
    real::{Lanes, Real, dot, length_squared, node_vector},
    scene::{Membrane, Scene},
    step::Solver,
};

use crate::scenes::{Noise, free, laws, model, rest_positions, surface};

/// Displacements of an affine map x = F X.
fn affine(rest: &[Lanes], f: [[Real; 3]; 3]) -> Vec<Lanes> {
    rest.iter()
        .map(|x| {
            let x = x.to_array();
            node_vector([0, 1, 2].map(|i| f[i][0] * x[0] + f[i][1] * x[1] + f[i][2] * x[2] - x[i]))
        })
        .collect()
}

fn largest(vectors: impl Iterator<Item = Lanes>) -> f64 {
    vectors.map(|v| f64::from(length_squared(v))).fold(0.0, f64::max).sqrt()
}

#[test]
fn affine_field_is_in_equilibrium_inside() {
    let scene = free(Lattice::bar([5, 4, 6], 2.0), 5.0, 0.45);
    let model = model(&scene);
    let mut solver = Solver::new(model);
    let rest = rest_positions(&scene.lattice);
    // Multiples of 1/64 of even coordinates: the displacements are exact, only the kernel rounds.
    let f = [[66.0, 5.0, -3.0], [-1.0, 62.0, 4.0], [3.0, -4.0, 65.0]]
        .map(|r| r.map(|x: Real| x / 64.0));
    let u = affine(&rest, f);
    let mut force = u.clone();
    solver.potential(&u, &mut force);
    let inside = |n: &[u16; 3]| (0..3).all(|i| n[i] > 0 && n[i] < [5, 4, 6][i]);
    let nodes = &scene.lattice.nodes;
    let inner = largest(force.iter().zip(nodes).filter(|(_, n)| inside(n)).map(|(f, _)| *f));
    let outer = largest(force.iter().zip(nodes).filter(|(_, n)| !inside(n)).map(|(f, _)| *f));
    eprintln!("patch test: inner forces {inner:.2e} mN, outer {outer:.2e} mN");
    let tolerance = if size_of::<Real>() == 4 { 1e-5 } else { 1e-10 };
    assert!(inner <= tolerance * outer, "{inner} against {outer}");
}

/// Force and tangent against central differences, at 3 % dilatation (so that the clamp of the geometric term is not
/// active) with noise of `hourglass` mm; relative errors.
fn differences(scene: &Scene, hourglass: Real) -> (f64, f64) {
    let model = model(scene);
    let mut solver = Solver::new(model);
    let rest = rest_positions(&scene.lattice);
    let mut noise = Noise(7);
    let mut u = affine(&rest, [[1.03, 0.0, 0.0], [0.0, 1.03, 0.0], [0.0, 0.0, 1.03]]);
    for u in &mut u {
        *u += noise.vector(hourglass);
    }
    let direction: Vec<_> = u.iter().map(|_| noise.vector(1.0)).collect();
    let step: Real = if size_of::<Real>() == 4 { 4e-3 } else { 1e-5 };
    let moved = |sign: Real| -> Vec<Lanes> {
        u.iter().zip(&direction).map(|(u, d)| *u + *d * Lanes::splat(sign * step)).collect()
    };
    let zero = vec![Lanes::default(); u.len()];
    let (mut force, mut product) = (zero.clone(), zero.clone());
    let (mut ahead, mut behind) = (zero.clone(), zero);
    let above = solver.potential(&moved(1.0), &mut ahead);
    let below = solver.potential(&moved(-1.0), &mut behind);
    solver.potential(&u, &mut force);
    solver.tangent_product(&direction, &mut product);

    let slope = (above - below) / (2.0 * f64::from(step));
    let expected = dot(&force, &direction);
    let error = (slope - expected).abs() / expected.abs();
    let difference: Vec<_> = ahead
        .iter()
        .zip(&behind)
        .zip(&product)
        .map(|((a, b), p)| (*a - *b) * Lanes::splat(0.5 / step) - *p)
        .collect();
    let stiffness_error = (dot(&difference, &difference) / dot(&product, &product)).sqrt();
    eprintln!("differences: force {error:.2e}, stiffness {stiffness_error:.2e}");
    (error, stiffness_error)
}

#[test]
fn forces_and_stiffness_are_derivatives_of_the_energy() {
    let tolerance = if size_of::<Real>() == 4 { 2e-3 } else { 1e-7 };
    let scene = free(Lattice::ball(9.0, 3.0), 5.0, 0.45);
    let (force, stiffness) = differences(&scene, 0.0);
    assert!(force < tolerance && stiffness < tolerance, "affine: {force}, {stiffness}");
    // With hourglass modes the stiffness is that of Gauss and Newton.
    let (force, stiffness) = differences(&scene, 0.3);
    assert!(force < tolerance && stiffness < 0.1, "rough: {force}, {stiffness}");
}

/// A ball of each law, with fibres at an angle, and one with a capsule.
#[test]
fn every_law_is_consistent() {
    let tolerance = if size_of::<Real>() == 4 { 5e-3 } else { 2e-6 };
    for (name, law) in laws() {
        let mut scene = free(Lattice::ball(9.0, 3.0), 5.0, 0.45);
        scene.materials[0].law = law;
        scene.fibres = vec![[[1.0, 0.5, 0.2], [0.0, 1.0, 0.3]]; scene.lattice.cells.len()];
        if name == "capsule" {
            scene.surfaces = vec![surface(&scene.lattice)];
            let young = 500.0;
            let thickness = 0.1;
            scene.membranes =
                vec![Membrane { surface: 0, thickness, young, poisson: 0.4, stiffening: 3.0 }];
        }
        let (force, stiffness) = differences(&scene, 0.0);
        assert!(force < tolerance && stiffness < tolerance, "{name}: {force}, {stiffness}");
        let (force, stiffness) = differences(&scene, 0.3);
        assert!(force < tolerance && stiffness < 0.1, "{name}, rough: {force}, {stiffness}");
    }
}

#[test]
fn stiffness_is_symmetric() {
    let scene = free(Lattice::ball(9.0, 3.0), 5.0, 0.48);
    let model = model(&scene);
    let mut solver = Solver::new(model);
    let mut noise = Noise(3);
    let n = scene.lattice.nodes.len();
    let mut field = |size| -> Vec<Lanes> { (0..n).map(|_| noise.vector(size)).collect() };
    let (u, a, b) = (field(1.0), field(1.0), field(1.0));
    let (mut ka, mut kb) = (a.clone(), b.clone());
    solver.potential(&u, &mut ka);
    solver.tangent_product(&a, &mut ka);
    solver.tangent_product(&b, &mut kb);
    let (left, right) = (dot(&a, &kb), dot(&b, &ka));
    let scale = (dot(&a, &ka) * dot(&b, &kb)).sqrt();
    assert!((left - right).abs() < 1e-5 * scale, "{left} {right}");
}

#[test]
fn rotation_costs_nothing_and_turns_forces() {
    let scene = free(Lattice::ball(9.0, 3.0), 5.0, 0.45);
    let model = model(&scene);
    let mut solver = Solver::new(model);
    let rest = rest_positions(&scene.lattice);
    // A rotation by exact numbers: 1/3 [[2, -1, 2], [2, 2, -1], [-1, 2, 2]].
    let third = 1.0 / 3.0;
    let rotation =
        [[2.0, -1.0, 2.0], [2.0, 2.0, -1.0], [-1.0, 2.0, 2.0]].map(|r| r.map(|x: Real| x * third));
    let turn = |v: Lanes| {
        let v = v.to_array();
        node_vector(rotation.map(|r| r[0] * v[0] + r[1] * v[1] + r[2] * v[2]))
    };
    let zero = vec![Lanes::default(); rest.len()];
    let (mut force, mut turned_force) = (zero.clone(), zero);
    let rigid = affine(&rest, rotation);
    let rigid_energy = solver.potential(&rigid, &mut turned_force);
    let rigid_force = largest(turned_force.iter().copied());

    let mut noise = Noise(11);
    let deformed: Vec<_> = rest.iter().map(|_| noise.vector(0.6)).collect();
    let energy = solver.potential(&deformed, &mut force);
    let turned: Vec<_> = rest.iter().zip(&deformed).map(|(x, u)| turn(*x + *u) - *x).collect();
    let turned_energy = solver.potential(&turned, &mut turned_force);
    let scale = largest(force.iter().copied());
    let error = largest(force.iter().zip(&turned_force).map(|(f, t)| turn(*f) - *t)) / scale;
    eprintln!(
        "rotation: energy {rigid_energy:.1e}/{energy:.1e}, force {rigid_force:.1e}, turned {error:.1e}"
    );
    assert!(rigid_energy.abs() < 1e-6 * energy && rigid_force < 1e-4 * scale);
    assert!((turned_energy / energy - 1.0).abs() < 1e-5 && error < 1e-4);
}
