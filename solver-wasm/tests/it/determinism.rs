//! The same commands give the same bytes, natively and in WASM.

use solver_wasm::{
    contact::instrument::Instrument,
    message::{Command, Report},
    simulation::Simulation,
};

use crate::{
    contact::{blocks, floor},
    scenes::hung_ball,
};

/// FNV-1a of the displacements after [`scripted_grasp`] in f32.
const DIGEST: u64 = 0x9e9e_a3a5_da90_c966;

/// The same after [`scripted_contact`].
const CONTACT_DIGEST: u64 = 0x0275_82e6_377c_e5d4;

fn fnv1a(values: &[f32]) -> u64 {
    values.iter().flat_map(|v| v.to_le_bytes()).fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// Load, grasp, pull along a scripted way, let go, 120 steps in all; the displacements.
fn scripted_grasp() -> Vec<f32> {
    let scene = hung_ball(32.0, 0.45);
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
    let last = simulation.apply(vec![Command::Release { tool: 0 }, Command::Step(40)]);
    let Report::Stepped(last) = last else { panic!("{last:?}") };
    assert_eq!(last.step, 120, "{last:?}");
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
