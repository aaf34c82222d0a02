//! The same commands give the same bytes, natively and in WASM.

use solver_wasm::{
    contact::instrument::Instrument,
    message::{Command, Report},
    scene::{Membrane, Relaxation},
    simulation::Simulation,
};

use crate::{
    contact::{blocks, floor},
    scenes::{hung_ball, laws, surface},
};

/// FNV-1a of the displacements after [`scripted_grasp`] in f32.
const DIGEST: u64 = 0xc100_6c8e_e7df_2ba5;

/// The same after [`scripted_contact`].
const CONTACT_DIGEST: u64 = 0x3468_5fce_a12d_0aa2;

fn fnv1a(values: &[f32]) -> u64 {
    values.iter().flat_map(|v| v.to_le_bytes()).fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// A ball of muscle-like tissue that relaxes, in a capsule: load, grasp, pull along a scripted way, let go, grasp elsewhere with
/// another hand, teleport it, let go; 600 steps in all. The displacements.
fn scripted_grasp() -> Vec<f32> {
    let mut scene = hung_ball(32.0, 0.45);
    scene.materials[0].law = laws()[3].1;
    scene.materials[0].relaxation[0] = Relaxation { modulus: 0.5, time: 0.2 };
    scene.fibres = vec![[[1.0, 0.5, 0.2], [0.0, 1.0, 0.3]]; scene.lattice.cells.len()];
    scene.surfaces = vec![surface(&scene.lattice)];
    let (thickness, young) = (0.1, 200.0);
    scene.membranes =
        vec![Membrane { surface: 0, thickness, young, poisson: 0.4, stiffening: 3.0 }];
    let index = solver_wasm::embed::LatticeIndex::new(&scene.lattice);
    let point = index.embed(0, [3.0, -29.0, 4.0]).expect("the front of the ball");
    let start = scene.lattice.rest_position(&point);
    let mut simulation = Simulation::default();
    let loaded = simulation.apply(vec![Command::Load(Box::new(scene))]);
    assert!(matches!(loaded, Report::Ready { .. }), "{loaded:?}");
    simulation.apply(vec![Command::Grasp { tool: 0, point, radius: 9.0 }]);
    for step in 0..80_u8 {
        let t = f32::from(step) / 80.0;
        let position =
            [start[0] + 12.0 * t, start[1] - 18.0 * t * (2.0 - t), start[2] + 5.0 * t * t];
        simulation.apply(vec![Command::Move { tool: 0, position }, Command::Step(1)]);
    }
    simulation.apply(vec![Command::Release { tool: 0 }, Command::Step(120)]);
    simulation.apply(vec![
        Command::Grasp { tool: 1, point, radius: 5.0 },
        Command::Move { tool: 1, position: [300.0, -200.0, 100.0] },
        Command::Step(30),
        Command::Release { tool: 1 },
    ]);
    let last = simulation.apply(vec![Command::Step(255), Command::Step(115)]);
    let Report::Stepped(last) = last else { panic!("{last:?}") };
    assert_eq!(last.step, 600, "{last:?}");
    let mut out = vec![0.0; simulation.node_count() * 4];
    simulation.write_displacements(&mut out);
    out
}

#[cfg_attr(not(target_arch = "wasm32"), test)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
fn a_scripted_grasp_has_one_digest() {
    let digest = fnv1a(&scripted_grasp());
    assert_eq!(digest, fnv1a(&scripted_grasp()), "two runs differ");
    if cfg!(not(feature = "f64")) {
        assert_eq!(
            digest, DIGEST,
            "digest is {digest:#018x}; if the mechanics changed on purpose, change the constant"
        );
    }
}

/// Two blocks fall on a floor and on one another, and a retractor pushes the upper one, turning; the displacements.
fn scripted_contact() -> Vec<f32> {
    let mut scene = blocks(
        &[[[-30.0, -30.0, 3.0], [30.0, 30.0, 35.0]], [[-20.0, -18.0, 37.0], [20.0, 22.0, 67.0]]],
        8.0,
        5.0,
    );
    scene.friction = 0.2;
    scene.obstacles = vec![floor(1.0)];
    let mut simulation = Simulation::default();
    let loaded = simulation.apply(vec![Command::Load(Box::new(scene))]);
    assert!(matches!(loaded, Report::Ready { .. }), "{loaded:?}");
    let instrument = Instrument::Blade { half: [15.0, 3.0, 20.0], rounding: 2.0 };
    for step in 0..60_u8 {
        let t = f32::from(step) / 60.0;
        let position = [3.0, 30.0 - 25.0 * t, 60.0 - 12.0 * t];
        let orientation = [0.3 * t, 0.1, 0.05 * t, 1.0];
        let wield = Command::Wield { tool: 0, instrument, position, orientation };
        simulation.apply(vec![wield, Command::Step(1)]);
    }
    let Report::Stepped(last) = simulation.apply(vec![Command::Step(10)]) else {
        panic!("no step");
    };
    assert!(last.tools[0].force[1] < -10.0, "{last:?}");
    let mut out = vec![0.0; simulation.node_count() * 4];
    simulation.write_displacements(&mut out);
    out
}

#[cfg_attr(not(target_arch = "wasm32"), test)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
fn scripted_contact_has_one_digest() {
    let digest = fnv1a(&scripted_contact());
    assert_eq!(digest, fnv1a(&scripted_contact()), "two runs differ");
    if cfg!(not(feature = "f64")) {
        assert_eq!(
            digest, CONTACT_DIGEST,
            "digest is {digest:#018x}; if the mechanics changed on purpose, change the constant"
        );
    }
}
