//! Commands, reports, and what is refused.

use solver_wasm::{
    contact::instrument::Instrument,
    lattice::{Embedding, Lattice},
    message::{Command, Report, decode_commands, decode_report, encode_commands, encode_report},
    model::Model,
    scene::{Law, Membrane, Obstacle, Scene, SceneError, Surface},
    simulation::Simulation,
};

use crate::scenes::{free, hung_ball};

fn refused(report: Report, part: &str) {
    match report {
        Report::Refused { reason } => assert!(reason.contains(part), "{reason}"),
        other => panic!("carried out: {other:?}"),
    }
}

#[test]
fn messages_survive_the_wire() {
    let commands = vec![
        Command::Load(Box::new(hung_ball(16.0, 0.45))),
        Command::Grasp { tool: 1, point: Embedding { cell: 3, local: [0.5; 3] }, radius: 6.0 },
        Command::Step(2),
    ];
    let bytes = encode_commands(&commands).expect("commands encode");
    assert_eq!(decode_commands(&bytes).as_ref(), Ok(&commands));
    let error = decode_commands(&bytes[..bytes.len() / 2]).expect_err("half a batch");
    assert!(error.to_string().contains("same build"), "{error}");
    assert!(decode_report(&[0xff; 12]).is_err());
    let mut simulation = Simulation::default();
    let report = simulation.apply(commands);
    let bytes = encode_report(&report).expect("reports encode");
    assert_eq!(decode_report(&bytes), Ok(report));
}

#[test]
fn refused_batches_change_nothing() {
    let mut simulation = Simulation::default();
    refused(simulation.apply(vec![Command::Step(1)]), "no scene");
    simulation.apply(vec![Command::Load(Box::new(hung_ball(24.0, 0.45)))]);
    let point = Embedding { cell: 0, local: [0.5; 3] };
    let before = simulation.state().cloned();
    let nowhere = Command::Move { tool: 0, position: [f32::NAN, 0.0, 0.0] };
    refused(
        simulation.apply(vec![
            Command::Grasp { tool: 0, point, radius: 6.0 },
            Command::Step(3),
            nowhere,
        ]),
        "not finite",
    );
    refused(simulation.apply(vec![Command::Step(2), Command::Release { tool: 9 }]), "tool 9");
    let radius = f32::INFINITY;
    refused(simulation.apply(vec![Command::Grasp { tool: 0, point, radius }]), "radius");
    let wield = |radius: f32, orientation: [f32; 4]| {
        let instrument = Instrument::Rod { radius, length: 50.0 };
        vec![Command::Wield { tool: 1, instrument, position: [0.0; 3], orientation }]
    };
    refused(simulation.apply(wield(5.0, [0.0; 4])), "no rotation");
    refused(simulation.apply(wield(0.1, [0.0, 0.0, 0.0, 1.0])), "sizes of the instrument");
    refused(simulation.apply(wield(f32::NAN, [0.0, 0.0, 0.0, 1.0])), "sizes of the instrument");
    let far = Embedding { cell: 1 << 30, local: [0.5; 3] };
    refused(simulation.apply(vec![Command::Grasp { tool: 0, point: far, radius: 5.0 }]), "cell");
    refused(simulation.apply(vec![Command::Step(1), Command::Load(Box::default())]), "no cells");
    assert_eq!(simulation.state().cloned(), before);

    let mut falling = hung_ball(24.0, 0.45);
    falling.supports.clear();
    refused(simulation.apply(vec![Command::Load(Box::new(falling))]), "no support holds body 0");
}

#[test]
fn reset_returns_to_the_settled_state() {
    let mut simulation = Simulation::default();
    simulation.apply(vec![Command::Load(Box::new(hung_ball(24.0, 0.45)))]);
    let settled = simulation.state().cloned();
    let point = Embedding { cell: 0, local: [0.5; 3] };
    simulation.apply(vec![
        Command::Grasp { tool: 0, point, radius: 6.0 },
        Command::Move { tool: 0, position: [0.0, 0.0, 90.0] },
        Command::Step(20),
    ]);
    assert_ne!(simulation.state().cloned(), settled);
    simulation.apply(vec![Command::Reset]);
    assert_eq!(simulation.state().cloned(), settled);
}

#[test]
fn imaged_tissue_starts_where_it_was_and_moves_with_a_change_of_gravity() {
    let settled = |gravity: [f32; 3]| {
        let mut scene = hung_ball(40.0, 0.45);
        scene.rest_gravity = scene.gravity;
        scene.gravity = gravity;
        let mut simulation = Simulation::default();
        match simulation.apply(vec![Command::Load(Box::new(scene))]) {
            Report::Ready { stepped, .. } => stepped.max_displacement,
            report => panic!("{report:?}"),
        }
    };
    assert_eq!(settled([0.0, 9810.0, 0.0]), 0.0);
    // Turned on its side, the same tissue hangs by its supports.
    assert!(settled([9810.0, 0.0, 0.0]) > 1.0);
}

const MEMBRANE: Membrane =
    Membrane { surface: 0, thickness: 0.1, young: 1e3, poisson: 0.5, stiffening: 0.0 };

fn law(young: f32, poisson: f32) -> Law {
    Law::NeoHookean { young, poisson }
}

fn obstacle(spacing: f32, count: usize) -> Obstacle {
    Obstacle { origin: [0.0; 3], spacing, dims: [2; 3], distances: vec![0; count] }
}

/// One point in a cell, and a triangle that wants two more.
fn surface(cell: u32) -> Surface {
    Surface { points: vec![Embedding { cell, local: [0.5; 3] }], triangles: vec![[0, 1, 2]] }
}

#[test]
fn hostile_scenes_are_named() {
    let sound = free(Lattice::bar([2, 2, 2], 1.0), 5.0, 0.45);
    let broken = |spoil: fn(&mut Scene)| {
        let mut scene = sound.clone();
        spoil(&mut scene);
        Model::new(&scene).expect_err("a broken scene").to_string()
    };
    for (message, part) in [
        (broken(|s| s.materials[0].law = law(5.0, 0.5)), "materials.law.poisson"),
        (broken(|s| s.materials[0].law = law(f32::NAN, 0.4)), "materials.law.young"),
        (broken(|s| s.materials[0].relaxation[1].time = 0.0), "materials.relaxation.time"),
        (broken(|s| s.materials[0].active = 1.0), "0 fibre directions for 8 cells"),
        (broken(|s| s.fibres = vec![[[1.0, 0.0, 0.0], [2.0, 0.0, 0.0]]; 8]), "parallel"),
        (broken(|s| s.surfaces = vec![surface(8)]), "point of surface 0 names entry 8"),
        (broken(|s| s.surfaces = vec![surface(0)]), "triangle of surface 0 names entry 1"),
        (broken(|s| s.membranes = vec![MEMBRANE]), "membrane 0 names entry 0"),
        (broken(|s| s.materials.clear()), "material of cell 0"),
        (broken(|s| s.lattice.cells[1].nodes[3] = 4_000_000_000), "corner of cell 1"),
        (broken(|s| s.lattice.cells[1].nodes[3] = 0), "another coordinate"),
        (broken(|s| s.lattice.cells[2].samples = 0), "no sample"),
        (broken(|s| s.lattice.cells[2].body = 7), "another body"),
        (broken(|s| s.lattice.nodes.push([0, 0, 0])), "belongs to no cell"),
        (broken(|s| s.lattice.spacing = 0.0), "lattice.spacing"),
        (broken(|s| s.distances = vec![0; 3]), "lattice 0 has 3 signed distances for 27"),
        (broken(|s| s.friction = -1.0), "friction"),
        (broken(|s| s.obstacles = vec![obstacle(0.0, 8)]), "obstacles.spacing"),
        (broken(|s| s.obstacles = vec![obstacle(1.0, 7)]), "obstacle 0 has 7 signed distances"),
        (broken(|s| s.gravity[1] = f32::INFINITY), "gravity"),
        (broken(|s| s.rest_gravity[0] = f32::NAN), "rest_gravity"),
    ] {
        assert!(message.contains(part), "{message} does not name {part}");
    }
    assert_eq!(Model::new(&Scene::default()).err(), Some(SceneError::Empty));
}
