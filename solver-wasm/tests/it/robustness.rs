//! Abuse: random grasps, teleports, inverted and non-finite starts. Nothing may panic or leave a number that is none.

use std::sync::Arc;

use proptest::prelude::*;
use solver_wasm::{
    contact::instrument::Instrument,
    control::Control,
    lattice::Embedding,
    message::{Command, Report},
    real::{Real, is_finite, node_vector},
    simulation::Simulation,
    state::State,
    step::Solver,
};

use crate::scenes::{Noise, hung_ball, model};

fn command() -> impl Strategy<Value = Command> {
    let tool = 0..3_u8;
    prop_oneof![
        (tool.clone(), 0..300_u32, prop::array::uniform3(-0.5_f32..1.5), 0.1_f32..40.0).prop_map(
            |(tool, cell, local, radius)| Command::Grasp {
                tool,
                point: Embedding { cell, local },
                radius
            }
        ),
        (tool.clone(), prop::array::uniform3(-500.0_f32..500.0))
            .prop_map(|(tool, position)| Command::Move { tool, position }),
        (
            tool.clone(),
            prop::array::uniform3(-60.0_f32..60.0),
            prop::array::uniform4(-1.0_f32..1.0),
            2.0_f32..30.0
        )
            .prop_map(|(tool, position, orientation, size)| Command::Wield {
                tool,
                instrument: match size as u8 % 3 {
                    0 => Instrument::Ball { radius: size },
                    1 => Instrument::Rod { radius: size, length: 40.0 },
                    _ => Instrument::Blade { half: [size, 3.0, 2.0 * size], rounding: 1.0 },
                },
                position,
                orientation,
            }),
        tool.prop_map(|tool| Command::Release { tool }),
        (1..6_u8).prop_map(Command::Step),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_commands_keep_the_tissue_finite(commands in prop::collection::vec(command(), 1..40)) {
        let mut simulation = Simulation::default();
        let mut scene = hung_ball(28.0, 0.48);
        scene.distances =
            scene.lattice.distances(|_, p| p.iter().map(|x| x * x).sum::<f32>().sqrt() - 28.0);
        scene.friction = 0.1;
        simulation.apply(vec![Command::Load(Box::new(scene))]);
        for command in commands {
            simulation.apply(vec![command]);
            let state = simulation.state().expect("loaded");
            prop_assert!(is_finite(&state.displacements) && is_finite(&state.velocities));
        }
        for tool in 0..3 {
            simulation.apply(vec![Command::Release { tool }]);
        }
        let report = simulation.apply(vec![Command::Step(255), Command::Step(45)]);
        let Report::Stepped(stepped) = report else { panic!("{report:?}") };
        prop_assert!(stepped.max_displacement < 60.0, "never came back: {stepped:?}");
    }

    #[test]
    fn any_start_is_survived(seed: u32, size in 0.0_f32..60.0, speed in 0.0_f32..1e5) {
        let scene = hung_ball(28.0, 0.48);
        let model = model(&scene);
        let mut solver = Solver::new(Arc::clone(&model));
        let mut state = State::at_rest(&model);
        let mut noise = Noise(seed);
        #[allow(clippy::unnecessary_cast)]
        for (u, v) in state.displacements.iter_mut().zip(&mut state.velocities) {
            *u = noise.vector(size as Real);
            *v = noise.vector(speed as Real);
        }
        for _ in 0..20 {
            solver.step(&mut state, &Control::default());
            prop_assert!(is_finite(&state.displacements) && is_finite(&state.velocities));
        }
    }
}

#[test]
fn a_state_that_is_not_finite_is_rolled_back_and_said() {
    let scene = hung_ball(28.0, 0.45);
    let model = model(&scene);
    let mut solver = Solver::new(Arc::clone(&model));
    for (displacement, velocity) in
        [(Real::NAN, 0.0), (0.0, Real::INFINITY), (0.0, Real::MAX / 1e8), (Real::MAX.sqrt(), 0.0)]
    {
        let mut state = State::at_rest(&model);
        state.displacements[5] = node_vector([displacement, 0.0, 0.0]);
        state.velocities[7] = node_vector([velocity, 0.0, 0.0]);
        let report = solver.step(&mut state, &Control::default());
        assert!(report.contained() > 0, "{report:?}");
        assert!(is_finite(&state.displacements) && is_finite(&state.velocities));
    }
}

#[test]
fn a_teleporting_tool_is_slowed() {
    let scene = hung_ball(48.0, 0.45);
    let model = model(&scene);
    let mut solver = Solver::new(Arc::clone(&model));
    let mut state = State::at_rest(&model);
    let point = model.index().embed(0, [0.0, -45.0, 0.0]).expect("tissue");
    model.grasp(&mut state, 0, point, 10.0).expect("tissue");
    let mut control = Control::default();
    let (mut slowed, mut roll_backs) = (0, 0);
    for step in 0..60 {
        let far = if step % 2 == 0 { 1000.0 } else { -1000.0 };
        control.tool_goals[0] = Some([far, -far, far]);
        let report = solver.step(&mut state, &control);
        slowed += report.slowed_tools;
        roll_backs += report.roll_backs;
    }
    assert!(slowed >= 59 && roll_backs == 0, "slowed {slowed}, rolled back {roll_backs}");
    assert!(state.max_displacement() < 100.0, "{} mm", state.max_displacement());
}
