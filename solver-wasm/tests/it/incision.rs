//! Cuts: what they divide, what they leave alone, and that the tissue goes on from where it was.

use std::{collections::BTreeMap, sync::Arc};

use proptest::prelude::*;
use solver_wasm::{
    control::Control,
    incision::{
        Edge, Incisions,
        facets::{Anchor, Part, Patch, Side, Surfaces, anchors, gather},
    },
    lattice::{Embedding, Lattice},
    message::{Command, Report},
    model::Model,
    real::to_f32,
    scene::{Membrane, Scene, Surface},
    simulation::Simulation,
    state::State,
    step::Solver,
};

use crate::scenes::{free, hold, hung_ball, model};

const RADIUS: f32 = 24.0;

fn ball() -> Scene {
    free(Lattice::ball(RADIUS, 6.0), 5.0, 0.45)
}

/// A blade as long as the ball is wide, drawn along y at height `z0` to `z1` from `y0` to `y1`, its edge along x.
fn flat(y: [f32; 2], z: f32) -> [Edge; 2] {
    y.map(|y| [[-40.0, y, z], [40.0, y, z]])
}

/// A ball with a smaller one of another structure in it, that comes to the surface.
fn two_structures() -> Scene {
    let mut scene = ball();
    let lattice = &scene.lattice;
    let label = |coord: [u16; 3], s: u32| {
        let inner = [s & 3, s >> 2 & 3, s >> 4];
        let at = |a: usize| {
            lattice.origin[a]
                + lattice.spacing * (f32::from(coord[a]) + (inner[a] as f32 + 0.5) / 4.0)
        };
        if (at(0) - 14.0).hypot(at(1)).hypot(at(2) - 3.0) < 11.0 { 2 } else { 1 }
    };
    let of = |c: &solver_wasm::lattice::Cell| {
        let (coord, samples) = (c.coord, c.samples);
        (0..64).map(move |s| if samples >> s & 1 == 1 { label(coord, s) } else { 0 })
    };
    scene.labels = lattice.cells.iter().flat_map(of).collect();
    scene
}

const STRUCTURES: [Part; 2] = [Part { label: 1, body: 0 }, Part { label: 2, body: 0 }];

/// The surfaces of both structures before any cut, and the places that they anchor.
fn uncut(scene: &Scene) -> ([Patch; 2], Vec<Anchor>) {
    let incisions = Incisions::new(&scene.lattice);
    let surfaces = Surfaces::new(&scene.lattice, &scene.labels, &incisions);
    let whole = STRUCTURES.map(|part| surfaces.whole(part, &[]));
    let all = gather(whole.iter().flat_map(anchors_of).collect());
    (whole, all)
}

fn anchors_of(patch: &Patch) -> Vec<Anchor> {
    let positions: Vec<[f32; 3]> = patch.vertices.iter().map(|v| v.position).collect();
    anchors(patch.vertices.iter().map(|v| v.dual_cell), &positions, &patch.triangles)
}

/// What the surfaces of cut tissue must be.
fn check_surfaces(whole: &Scene, scene: &Scene, incisions: &Incisions) {
    let (before, anchored) = uncut(whole);
    let surfaces = Surfaces::new(&scene.lattice, &scene.labels, incisions);
    let mut places: BTreeMap<[i32; 3], [f32; 3]> = BTreeMap::new();
    let (mut volume, mut volume_before) = (0.0, 0.0);
    for (part, before) in STRUCTURES.into_iter().zip(&before) {
        let now = surfaces.whole(part, &anchored);
        assert_eq!(now.fault(), None);
        volume += now.volume();
        volume_before += before.volume();
        for (v, vertex) in now.vertices.iter().enumerate() {
            // Lips lie on each other until tissue moves; so do structures that touch.
            if v < now.middles {
                let place = places.entry(vertex.dual_cell).or_insert(vertex.position);
                assert_eq!(*place, vertex.position, "{:?}", vertex.dual_cell);
            }
            let home = surfaces.embedding(part.body, &vertex.binding).unwrap();
            assert!(home.local.iter().all(|x| (-0.5..1.5).contains(x)), "{home:?}");
        }
        // The patch around the cuts and what is left of the surface make up the whole.
        let patch = surfaces.patch(part, &anchored);
        let replaced: Vec<Side> =
            patch.facets.iter().filter(|f| f.was_surface).map(|f| f.side).collect();
        let mut sides: Vec<Side> = patch.facets.iter().map(|f| f.side).collect();
        let old = before.facets.iter().map(|f| f.side);
        sides.extend(old.filter(|side| replaced.binary_search(side).is_err()));
        sides.sort_unstable();
        assert!(sides.iter().eq(now.facets.iter().map(|f| &f.side)));
    }
    // This ball is a staircase, whose edges a cut bevels; twins are held to a thousandth by the fuzzer.
    assert!((volume / volume_before - 1.0).abs() < 3e-3, "{volume} of {volume_before} mm³");
}

/// Cut, and see that everything is as it must be.
fn cut(whole: &Scene, scene: &mut Scene, incisions: &mut Incisions, [from, to]: [Edge; 2]) {
    incisions.cut(scene, from, to);
    assert_eq!(incisions.fault(&whole.lattice, &scene.lattice), None);
    scene.check().unwrap();
    if !scene.labels.is_empty() {
        check_surfaces(whole, scene, incisions);
    }
}

/// Pieces after some strokes.
fn pieces_after(strokes: &[[Edge; 2]]) -> usize {
    let whole = two_structures();
    let (mut scene, mut incisions) = (whole.clone(), Incisions::new(&whole.lattice));
    assert_eq!(incisions.fault(&whole.lattice, &scene.lattice), None);
    for stroke in strokes {
        cut(&whole, &mut scene, &mut incisions, *stroke);
    }
    incisions.pieces(&scene.lattice)
}

#[test]
fn strokes_make_the_pieces_that_they_should() {
    let upright = |x: f32| [[x, -40.0, -40.0], [x, 40.0, -40.0]].map(|p| [p, [p[0], p[1], 40.0]]);
    assert_eq!(pieces_after(&[]), 1);
    assert_eq!(pieces_after(&[flat([-40.0, 40.0], 0.3)]), 2);
    assert_eq!(pieces_after(&[flat([-40.0, 5.0], 0.3)]), 1);
    // In two strokes, the second from the other side; then across; then the first once more.
    let half = [flat([-40.0, 5.0], 0.3), flat([40.0, 5.0], 0.3)];
    assert_eq!(pieces_after(&half), 2);
    assert_eq!(pieces_after(&[half[0], half[1], upright(0.7)]), 4);
    assert_eq!(pieces_after(&[half[0], half[1], upright(0.7), half[0]]), 4);
    // Along a row of samples.
    assert_eq!(pieces_after(&[flat([-40.0, 40.0], 0.75)]), 2);
    // A closed loop about the z axis from below takes out a plug when its bottom is cut.
    let ring: Vec<[f32; 3]> = (0..=24)
        .map(|i| {
            let turn = i as f32 / 24.0 * std::f32::consts::TAU;
            [9.0 * turn.cos(), 9.0 * turn.sin(), 4.0]
        })
        .collect();
    let wall = |w: &[[f32; 3]]| [w[0], w[1]].map(|p| [p, [p[0], p[1], 40.0]]);
    let mut loop_: Vec<[Edge; 2]> = ring.windows(2).map(wall).collect();
    assert_eq!(pieces_after(&loop_), 1);
    loop_.push([-12.0, 12.0].map(|y| [[-12.0, y, 4.1], [12.0, y, 4.1]]));
    assert_eq!(pieces_after(&loop_), 2);
}

#[test]
fn a_cut_that_meets_no_tissue_or_is_no_number_changes_nothing() {
    let whole = ball();
    let (mut scene, mut incisions) = (whole.clone(), Incisions::new(&whole.lattice));
    let nan = [[f32::NAN; 3], [f32::INFINITY, 0.0, 0.0]];
    for [from, to] in [flat([-40.0, 40.0], 60.0), [nan, nan], flat([3.0, 3.0], 1.0)] {
        assert!(incisions.cut(&mut scene, from, to).is_empty());
    }
    assert_eq!(scene, whole);
}

/// A hung ball at rest, cut through to a tenth of its width.
fn opened() -> (Scene, Scene, Arc<Model>, Arc<Model>, State) {
    let whole = hung_ball(32.0, 0.45);
    let mut scene = whole.clone();
    let before = model(&scene);
    let mut state = State::at_rest(&before);
    let mut solver = Solver::new(Arc::clone(&before));
    for _ in 0..120 {
        solver.step(&mut state, &Control::default());
    }
    let mut incisions = Incisions::new(&scene.lattice);
    let blade = |y: f32| [[0.4, y, -60.0], [0.4, y, 60.0]];
    let division = incisions.cut(&mut scene, blade(-60.0), blade(20.0));
    assert!(!division.is_empty());
    assert_eq!(incisions.fault(&whole.lattice, &scene.lattice), None);
    let after = model(&scene);
    division.carry_state(&before, &after, &mut state);
    (whole, scene, before, after, state)
}

#[test]
fn nothing_opens_in_the_moment_of_the_cut_and_mass_is_kept() {
    let (whole, scene, before, after, state) = opened();
    let mass = |model: &Model| -> f64 { model.masses().iter().map(|m| f64::from(*m)).sum() };
    assert!((mass(&after) / mass(&before) - 1.0).abs() < 1e-5);
    assert_eq!(state.displacements.len(), after.node_count());
    for (c, cell) in scene.lattice.cells.iter().enumerate() {
        let point = Embedding { cell: c as u32, local: [0.3, 0.6, 0.2] };
        let now = to_f32(scene.lattice.displacement(&state.displacements, &point));
        let twin = whole.lattice.cells.iter().position(|w| w.coord == cell.coord).unwrap();
        let was = Embedding { cell: twin as u32, ..point };
        assert_eq!(now, to_f32(whole.lattice.displacement(&state.displacements, &was)));
    }
}

#[test]
fn a_wound_opens_under_load_and_stays_sound() {
    let (_, scene, _, after, mut state) = opened();
    let start = state.clone();
    let mut solver = Solver::new(Arc::clone(&after));
    let mut control = Control::default();
    // Pull the halves apart at the front.
    let lattice = &scene.lattice;
    let at = |side: f32| {
        let body = after.index().embed(0, [side * 16.0, -20.0, 0.0]).unwrap();
        solver_wasm::control::Load { point: body, force: [side * 60.0, 0.0, 0.0] }
    };
    control.loads = vec![at(-1.0), at(1.0)];
    for _ in 0..120 {
        solver.step(&mut state, &control);
    }
    let lips = |state: &State| {
        let lip = |x: f32| {
            let point = after.index().embed(0, [x, -26.0, 0.3]).unwrap();
            to_f32(after.position(&state.displacements, &point))
        };
        lip(0.9)[0] - lip(-0.3)[0]
    };
    let width = lips(&state) - lips(&start);
    assert!(width > 3.0, "{width} mm");
    let mut least = f64::INFINITY;
    // What is less than an eighth full is carried by a neighbour.
    let elements = lattice.cells.iter().enumerate().filter(|(_, c)| c.samples.count_ones() > 8);
    for (c, _) in elements {
        let point = Embedding { cell: c as u32, local: [0.5; 3] };
        let f = lattice.deformation_gradient(&state.displacements, &point);
        least = least.min(f64::from(f.determinant()));
    }
    assert!(least > 0.2, "{least}");
}

#[test]
fn tension_pulls_the_faces_of_a_cut_apart_by_their_area() {
    let mut scene = ball();
    let tension = 0.2;
    scene.materials[0].tension = tension;
    let mut incisions = Incisions::new(&scene.lattice);
    assert!(incisions.tension(&scene).is_empty());
    let blade = |y: f32| [[0.4, y, -60.0], [0.4, y, 60.0]];
    incisions.cut(&mut scene, blade(-60.0), blade(60.0));
    let loads = incisions.tension(&scene);
    let sum = |along: fn(f32) -> f32| -> f32 { loads.iter().map(|l| along(l.force[0])).sum() };
    let disc = tension * std::f32::consts::PI * RADIUS * RADIUS;
    for side in [sum(|f| f.max(0.0)), -sum(|f| f.min(0.0))] {
        assert!((side / disc - 1.0).abs() < 0.05, "{side} of {disc} mN");
    }
    assert!(loads.iter().all(|l| l.force[1] == 0.0 && l.force[2] == 0.0));
    // Each half is pulled to its own side.
    for load in &loads {
        let at = scene.lattice.rest_position(&load.point);
        let cell = &scene.lattice.cells[load.point.cell as usize];
        let middle: f32 = (0..64)
            .filter(|s| cell.samples >> s & 1 == 1)
            .map(|s| (s & 3) as f32 + 0.5 - 4.0 * load.point.local[0])
            .sum();
        assert!(middle * load.force[0] > 0.0, "{at:?}: {:?}", load.force);
    }
}

#[test]
fn the_area_of_a_cut_is_told_by_what_it_went_through() {
    let whole = two_structures();
    // A disc of radius R at the height z, level and askew; the smaller ball takes its part of it.
    for tilt in [0.0_f32, 0.7] {
        let (mut scene, mut incisions) = (whole.clone(), Incisions::new(&whole.lattice));
        assert!(incisions.areas(&scene).is_empty());
        let edge = |y: f32| [-40.0_f32, 40.0].map(|x| [x * tilt.cos(), y, 0.3 + x * tilt.sin()]);
        cut(&whole, &mut scene, &mut incisions, [edge(-40.0), edge(40.0)]);
        let areas = incisions.areas(&scene);
        let disc = std::f32::consts::PI * RADIUS * RADIUS;
        let sum: f32 = areas.values().sum();
        assert!((sum / disc - 1.0).abs() < 0.06, "{sum} of {disc} mm²");
        // The smaller one's middle lies so far off the sheet, and a part of it sticks out of the larger.
        let off = 14.0 * tilt.sin() - 2.7 * tilt.cos();
        let chord = (11.0_f32.powi(2) - off * off).max(0.0);
        let inner = areas[&2] / (std::f32::consts::PI * chord);
        assert!((0.85..1.05).contains(&inner), "{inner}");
    }
}

/// Found by the fuzzer: level cuts along a wall between two layers took a bevel off the sides that it meets.
#[test]
fn a_cut_along_the_wall_of_two_layers_leaves_their_rim_sharp() {
    let mut whole = free(Lattice::bar([9, 7, 3], 5.0), 5.0, 0.45);
    let label = |z: u16| if z < 2 { 1 } else { 2 };
    let of = |c: &solver_wasm::lattice::Cell| {
        let z = 4 * c.coord[2];
        (0..64_u16).map(move |s| label(z + (s >> 4)))
    };
    whole.labels = whole.lattice.cells.iter().flat_map(of).collect();
    let (before, anchored) = uncut(&whole);
    let volume = before.iter().map(Patch::volume).sum::<f64>();
    let at = |[x, y]: [f32; 2]| [x, y, 3.125];
    for [a, b, c, d] in [
        [[34.05, 8.79], [46.27, 10.24], [38.68, 36.11], [50.89, 37.56]],
        [[20.38, 24.19], [38.07, 9.57], [-0.05, 1.59], [17.64, -13.03]],
        [[0.27, 21.0], [-10.47, 31.86], [37.43, 26.74], [26.69, 37.6]],
    ] {
        let (mut scene, mut incisions) = (whole.clone(), Incisions::new(&whole.lattice));
        cut(&whole, &mut scene, &mut incisions, [[at(a), at(b)], [at(c), at(d)]]);
        let surfaces = Surfaces::new(&scene.lattice, &scene.labels, &incisions);
        let now: f64 = STRUCTURES.iter().map(|p| surfaces.whole(*p, &anchored).volume()).sum();
        assert!((now / volume - 1.0).abs() < 1e-4, "{now} of {volume} mm³");
    }
}

#[test]
fn a_wound_gapes_by_the_tension_of_its_tissue_until_it_is_undone() {
    let gape = |simulation: &mut Simulation, commands: Vec<Command>| {
        let Report::Stepped(stepped) = simulation.apply(commands) else { panic!("refused") };
        stepped.gape
    };
    let load = |tension: f32| {
        let mut scene = hung_ball(32.0, 0.45);
        scene.materials[0].tension = tension;
        let mut simulation = Simulation::default();
        simulation.apply(vec![Command::Load(Box::new(scene))]);
        simulation
    };
    let mut tense = load(0.1);
    assert_eq!(gape(&mut tense, vec![Command::Step(2)]), 0.0);
    let cuts = |stepped: u8| {
        let commands = stroke(0.3).into_iter();
        commands.filter(|c| !matches!(c, Command::Step(_))).chain([Command::Step(stepped)])
    };
    // Nothing opens in the moment of the cut.
    let at_once = gape(&mut tense, cuts(0).collect());
    assert_eq!(at_once, 0.0);
    let open = gape(&mut tense, vec![Command::Step(60)]);
    assert!(open > 1.0 && open < 20.0, "{open} mm");
    let undone = gape(&mut tense, vec![Command::Undo]);
    assert_eq!(undone, 0.0);
    let redone = gape(&mut tense, vec![Command::Redo]);
    assert_eq!(redone, open);
    let whole = gape(&mut tense, vec![Command::Reset]);
    assert_eq!(whole, 0.0);
    // Without tension only weight is left to open it.
    let slack = gape(&mut load(0.0), cuts(60).collect());
    assert!(slack < 0.5 * open, "{slack} of {open} mm");
}

#[test]
fn a_cut_at_rest_moves_nothing() {
    let whole = ball();
    let mut scene = whole.clone();
    hold(&mut scene, |p| (p[1] > 15.0).then_some([5.0; 3]));
    scene.gravity = [0.0, 9810.0, 0.0];
    scene.rest_gravity = scene.gravity;
    let (before, mut incisions) = (model(&scene), Incisions::new(&scene.lattice));
    let mut state = State::at_rest(&before);
    let blade = |y: f32| [[1.4, y, -60.0], [0.4, y, 60.0]];
    let division = incisions.cut(&mut scene, blade(-60.0), blade(60.0));
    let after = model(&scene);
    division.carry_state(&before, &after, &mut state);
    let mut solver = Solver::new(after);
    for _ in 0..30 {
        solver.step(&mut state, &Control::default());
    }
    assert!(state.max_displacement() < 1e-5, "{} mm", state.max_displacement());
}

#[test]
fn the_capsule_is_cut_with_what_it_covers() {
    let mut scene = ball();
    let index = solver_wasm::embed::LatticeIndex::new(&scene.lattice);
    // A strip of triangles over the pole, across the blade's way.
    let points = (0..12)
        .map(|i| index.embed(0, [i as f32 * 2.0 - 11.0, 3.0 * (i % 2) as f32, 22.0]).unwrap())
        .collect();
    let triangles = (0..10).map(|i| [i, i + 1, i + 2]).collect();
    scene.surfaces = vec![Surface { points, triangles }];
    scene.membranes =
        vec![Membrane { surface: 0, thickness: 0.1, young: 8000.0, poisson: 0.4, stiffening: 0.0 }];
    let whole = scene.clone();
    let mut incisions = Incisions::new(&scene.lattice);
    let blade = |y: f32| [[0.2, y, -60.0], [0.2, y, 60.0]];
    cut(&whole, &mut scene, &mut incisions, [blade(-60.0), blade(60.0)]);
    let kept = &scene.surfaces[0];
    assert!(kept.triangles.len() < 10 && kept.triangles.len() > 5, "{}", kept.triangles.len());
    let side = |v: u32| scene.lattice.rest_position(&kept.points[v as usize])[0] > 0.2;
    let cells = &scene.lattice.cells;
    for triangle in &kept.triangles {
        assert!(triangle.iter().all(|v| side(*v) == side(triangle[0])));
        for v in triangle {
            // Bound to tissue of its own side.
            let cell = &cells[kept.points[*v as usize].cell as usize];
            let x =
                |s: u32| -24.0 + 6.0 * (f32::from(cell.coord[0]) + ((s & 3) as f32 + 0.5) / 4.0);
            let mine = (0..64).filter(|s| cell.samples >> s & 1 == 1).map(x);
            assert!(mine.map(|x| x > 0.2).all(|s| s == side(*v)), "{cell:?}");
        }
    }
    model(&scene);
}

/// A stroke of four parts across the front of the ball at height `z`.
fn stroke(z: f32) -> Vec<Command> {
    let edge = |i: i32| [[-30.0 + 15.0 * i as f32, -40.0, z], [-30.0 + 15.0 * i as f32, -8.0, z]];
    let parts = (0..4).map(|i| Command::Cut { from: edge(i), to: edge(i + 1) });
    std::iter::once(Command::Stroke).chain(parts.flat_map(|cut| [cut, Command::Step(2)])).collect()
}

#[test]
fn strokes_are_undone_and_done_again_to_the_same_bytes() {
    let scene = hung_ball(32.0, 0.45);
    let load = || {
        let mut simulation = Simulation::default();
        simulation.apply(vec![Command::Load(Box::new(scene.clone()))]);
        simulation
    };
    let mut simulation = load();
    let state = |s: &Simulation| s.state().cloned().unwrap();
    let mut apply = |commands: Vec<Command>| {
        let report = simulation.apply(commands);
        assert!(matches!(report, Report::Stepped(_)), "{report:?}");
        state(&simulation)
    };
    let settled = apply(vec![]);
    let once = apply(stroke(0.3));
    assert!(once.displacements.len() > settled.displacements.len());
    let twice = apply(stroke(11.0));
    assert!(twice.displacements.len() > once.displacements.len());

    let left = apply(vec![Command::Undo]);
    assert_eq!(left, once);
    assert_eq!(apply(vec![Command::Redo]), twice);
    assert_eq!(apply(vec![Command::Undo, Command::Undo]), settled);
    assert_eq!(apply(vec![Command::Undo]), settled, "there is nothing before the first stroke");
    assert_eq!(apply(vec![Command::Redo]), once);
    // What was undone is gone once something else is cut, and the way there is the same as on the first day.
    assert_eq!(apply(stroke(11.0)), twice);
    assert_eq!(apply(vec![Command::Redo]), twice);
    let [lost, again] = [apply(vec![Command::Reset]), apply(stroke(0.3))];
    assert_eq!(lost, settled);
    assert_eq!(again.displacements, once.displacements);

    let mut replay = load();
    replay.apply(stroke(0.3));
    replay.apply(stroke(11.0));
    assert_eq!(state(&replay), twice);
}

#[test]
fn a_refused_batch_takes_its_cuts_back() {
    let mut simulation = Simulation::default();
    simulation.apply(vec![Command::Load(Box::new(hung_ball(32.0, 0.45)))]);
    simulation.apply(stroke(0.3));
    let before = simulation.state().cloned();
    let mut commands = stroke(11.0);
    let nan = [[f32::NAN; 3]; 2];
    commands.push(Command::Cut { from: nan, to: nan });
    let report = simulation.apply(commands);
    assert!(
        matches!(&report, Report::Refused { reason } if reason.contains("blade")),
        "{report:?}"
    );
    assert_eq!(simulation.state().cloned(), before);
    // And it goes on from there.
    let report = simulation.apply(vec![Command::Step(3), Command::Undo, Command::Step(1)]);
    assert!(matches!(report, Report::Stepped(_)), "{report:?}");
}

#[test]
fn forceps_hold_their_side_of_a_cut() {
    let mut simulation = Simulation::default();
    simulation.apply(vec![Command::Load(Box::new(hung_ball(32.0, 0.45)))]);
    let lattice = Lattice::ball(32.0, 8.0);
    let point =
        solver_wasm::embed::LatticeIndex::new(&lattice).embed(0, [0.0, -30.0, 5.0]).unwrap();
    let mut commands = vec![Command::Grasp { tool: 0, point, radius: 4.0 }, Command::Step(5)];
    commands.extend(stroke(0.3));
    commands.push(Command::Move { tool: 0, position: [0.0, -36.0, 16.0] });
    commands.push(Command::Step(60));
    let Report::Stepped(stepped) = simulation.apply(commands) else { panic!("refused") };
    assert_eq!(stepped.tools.len(), 1);
    let force = stepped.tools[0].force.iter().map(|x| x * x).sum::<f32>().sqrt();
    assert!(force > 1.0 && force < 2000.0, "{force} mN");
}

fn place() -> impl Strategy<Value = [f32; 3]> {
    prop::array::uniform3(-30.0_f32..30.0)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_strokes_leave_a_sound_lattice(
        strokes in prop::collection::vec(prop::collection::vec((place(), place()), 2..6), 1..6)
    ) {
        let mut whole = two_structures();
        hold(&mut whole, |p| (p[1] > 15.0).then_some([5.0; 3]));
        let run = || {
            let (mut scene, mut incisions) = (whole.clone(), Incisions::new(&whole.lattice));
            let mut before = model(&scene);
            let mut state = State::at_rest(&before);
            for stroke in &strokes {
                for edges in stroke.windows(2) {
                    let edge = |i: usize| [edges[i].0, edges[i].1];
                    let division = incisions.cut(&mut scene, edge(0), edge(1));
                    assert_eq!(incisions.fault(&whole.lattice, &scene.lattice), None);
                    let after = model(&scene);
                    division.carry_state(&before, &after, &mut state);
                    before = after;
                }
            }
            check_surfaces(&whole, &scene, &incisions);
            let mut solver = Solver::new(Arc::clone(&before));
            let mut control = Control::default();
            control.loads = vec![solver_wasm::control::Load {
                point: Embedding { cell: 0, local: [0.5; 3] },
                force: [50.0, 0.0, -50.0],
            }];
            for _ in 0..10 {
                solver.step(&mut state, &control);
            }
            assert!(state.displacements.iter().all(|u| to_f32(*u).iter().all(|x| x.is_finite())));
            (scene, state)
        };
        let (once, again) = (run(), run());
        prop_assert_eq!(&once.0, &again.0);
        prop_assert_eq!(&once.1.displacements, &again.1.displacements);
    }
}
