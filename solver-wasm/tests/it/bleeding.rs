//! What bleeds where vessels are cut, how much, and what stops it.

use solver_wasm::{
    bleeding::{
        CARDIAC_OUTPUT, CLOTTING_TIME, CONDUIT, DENSITY, DISCHARGE, OOZING_TIME, SEALING_TIMES,
        VISCOSITY,
    },
    incision::Edge,
    lattice::{Embedding, Lattice},
    message::{Bleeding, Blood, Command, Report, Sealer, Stepped},
    real::to_f32,
    scene::{Perfusion, Scene, Supply},
    simulation::Simulation,
};

use crate::scenes::{free, hold};

/// Samples are cubes of a millimetre.
const SPACING: f32 = 4.0;
const SIZE: [u16; 3] = [20, 6, 6];
const TISSUE: u8 = 1;
const VESSEL: u8 = 2;
/// Of an artery [mmHg].
const PRESSURE: f32 = 93.0;
const BACKFLOW: f32 = 0.3;
const OOZING: f32 = 0.5;

/// A held block of 80 × 24 × 24 mm with a straight vessel of a calibre [mm] along its middle.
fn block(calibre: f32) -> Scene {
    let mut scene = free(Lattice::bar(SIZE, SPACING), 60.0, 0.45);
    hold(&mut scene, |_| Some([2000.0; 3]));
    // A thin one runs along a row of samples.
    let middle = 2.0 * f32::from(SIZE[1]) + if calibre < 1.4 { 0.5 } else { 0.0 };
    for cell in &scene.lattice.cells {
        for s in 0..64_u16 {
            let inner = [s & 3, s >> 2 & 3, s >> 4];
            let at = [0, 1, 2].map(|a| f32::from(4 * cell.coord[a] + inner[a]) + 0.5 - middle);
            let is_vessel = at[1].powi(2) + at[2].powi(2) <= 0.25 * calibre * calibre;
            scene.labels.push(if is_vessel { VESSEL } else { TISSUE });
        }
    }
    let vessel = Supply::Vessel { pressure: PRESSURE, supply: 8000.0, backflow: BACKFLOW };
    scene.perfusion = vec![
        Perfusion { label: TISSUE, supply: Supply::Tissue { oozing: OOZING } },
        Perfusion { label: VESSEL, supply: vessel },
    ];
    scene
}

/// Samples of the vessel in a section across it, a square millimetre each.
fn section(scene: &Scene) -> f32 {
    let vessel = scene.labels.iter().filter(|label| **label == VESSEL).count();
    vessel as f32 / (4.0 * f32::from(SIZE[0]))
}

fn apply(simulation: &mut Simulation, commands: Vec<Command>) -> Stepped {
    match simulation.apply(commands) {
        Report::Stepped(stepped) => stepped,
        other => panic!("{other:?}"),
    }
}

fn load(scene: &Scene) -> Simulation {
    let mut simulation = Simulation::default();
    let report = simulation.apply(vec![Command::Load(Box::new(scene.clone()))]);
    assert!(matches!(report, Report::Ready { .. }), "{report:?}");
    simulation
}

/// An edge from bottom to top at a place of the block's middle coordinates [mm], off the rows of samples.
fn upright(scene: &Scene, x: f32, y: f32) -> Edge {
    let o = scene.lattice.origin;
    let at = [o[0] + x + 0.01, o[1] + 12.0 + y + 0.01];
    [-1.0, 25.0].map(|z| [at[0], at[1], o[2] + z])
}

/// Across the block at x, from one y to another [mm from the vessel's middle].
fn across(scene: &Scene, x: f32, y: [f32; 2]) -> Vec<Command> {
    let [from, to] = y.map(|y| upright(scene, x, y));
    vec![Command::Stroke, Command::Cut { from, to }]
}

fn steps(simulation: &mut Simulation, count: u32) -> Stepped {
    let all = (0..count.div_ceil(200)).map(|i| Command::Step(200.min(count - 200 * i) as u8));
    apply(simulation, all.collect())
}

fn blood(stepped: &Stepped) -> &Blood {
    stepped.blood.as_ref().expect("something bleeds")
}

/// What comes out of an opening [mL/min], by bisection.
fn expected(area: f32, pressure: f32) -> f64 {
    let (a, p) = (f64::from(area) * 1e-6, f64::from(pressure) * 133.322);
    let d = (4.0 * a / std::f64::consts::PI).sqrt();
    let lost = |q: f64| {
        let speed = q / (DISCHARGE * a);
        0.5 * DENSITY * speed * speed
            + 128.0 * VISCOSITY * CONDUIT * d * q / (std::f64::consts::PI * d.powi(4))
    };
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        *(if lost(middle) < p { &mut low } else { &mut high }) = middle;
    }
    low * 6e7
}

fn close(a: f32, b: f64, part: f64) -> bool {
    (f64::from(a) / b - 1.0).abs() < part
}

#[test]
fn a_vessel_cut_through_bleeds_from_both_ends_by_calibre_and_pressure() {
    for calibre in [1.2, 2.0, 4.0] {
        let scene = block(calibre);
        let mut simulation = load(&scene);
        apply(&mut simulation, across(&scene, 30.0, [-14.0, 14.0]));
        let stepped = steps(&mut simulation, 1);
        let [near, far] = &blood(&stepped).bleeders[..] else { panic!("{:?}", stepped.blood) };
        let area = section(&scene);
        let fed = if near.flow > far.flow { near } else { far };
        let back = if near.flow > far.flow { far } else { near };
        for end in [fed, back] {
            assert!((end.calibre - (4.0 * area / std::f32::consts::PI).sqrt()).abs() < 1e-3);
            assert_eq!((end.label, end.doing), (VESSEL, Bleeding::Open));
        }
        assert!(close(fed.flow, expected(area, PRESSURE), 1e-3), "{fed:?}");
        assert!(close(back.flow, expected(area, BACKFLOW * PRESSURE), 1e-3), "{back:?}");
        // The longer part is fed, on the side of the greater x, and its end looks back.
        assert!(fed.outward[0] < -0.99 && back.outward[0] > 0.99, "{fed:?} {back:?}");
        assert!((fed.position[1] - scene.lattice.origin[1] - 12.0).abs() < 1.0, "{fed:?}");
    }
}

#[test]
fn a_vessel_cut_in_half_is_one_opening_of_half_the_area() {
    let scene = block(6.0);
    let mut simulation = load(&scene);
    apply(&mut simulation, across(&scene, 30.0, [-14.0, 0.0]));
    let stepped = steps(&mut simulation, 1);
    let [one] = &blood(&stepped).bleeders[..] else { panic!("{:?}", stepped.blood) };
    let area = 0.5 * section(&scene);
    assert!((one.calibre - (4.0 * area / std::f32::consts::PI).sqrt()).abs() < 1e-3, "{one:?}");
    assert!(close(one.flow, expected(area, PRESSURE), 1e-3), "{one:?}");
    // Cut on, it is two; one of them keeps its number.
    let [from, to] = [0.0, 14.0].map(|y| upright(&scene, 30.0, y));
    apply(&mut simulation, vec![Command::Cut { from, to }]);
    let two = steps(&mut simulation, 1);
    let ids: Vec<u32> = blood(&two).bleeders.iter().map(|b| b.id).collect();
    assert_eq!((ids.len(), ids[0]), (2, one.id));
}

#[test]
fn blood_is_the_sum_of_its_flow_and_ceases_with_none() {
    let scene = block(4.0);
    let mut simulation = load(&scene);
    apply(&mut simulation, across(&scene, 30.0, [-14.0, 14.0]));
    let (mut sum, mut last) = (0.0, 0.0);
    for _ in 0..90 {
        let stepped = steps(&mut simulation, 1);
        let blood = blood(&stepped);
        assert!(blood.lost > last && blood.pooled <= blood.lost);
        last = blood.lost;
        sum += f64::from(blood.rate) / 3600.0;
        let bleeders: f32 = blood.bleeders.iter().map(|b| b.flow).sum();
        assert!((bleeders + blood.oozing - blood.rate).abs() < 1e-3 * blood.rate);
    }
    assert!(close(last, sum, 0.01), "{last} of {sum} mL");
}

#[test]
fn a_cut_beside_the_vessel_oozes_and_dries() {
    let scene = block(4.0);
    let mut simulation = load(&scene);
    // 8 × 24 mm, two lips.
    apply(&mut simulation, across(&scene, 30.0, [-14.0, -4.0]));
    let early = steps(&mut simulation, 1);
    let fresh = f64::from(OOZING) * 2.0 * 0.8 * 2.4;
    assert!(blood(&early).bleeders.is_empty());
    assert!(close(blood(&early).oozing, fresh, 0.05), "{} of {fresh}", blood(&early).oozing);
    let late = steps(&mut simulation, (60.0 * OOZING_TIME) as u32);
    let left = blood(&late).oozing / blood(&early).oozing;
    assert!((left - (-1.0_f32).exp()).abs() < 0.01, "{left}");
    assert!(blood(&late).lost > 1.0 && blood(&late).lost < 12.0, "{:?}", blood(&late));
}

#[test]
fn a_clamp_stops_its_own_side_only_and_what_lies_beyond_it() {
    let scene = block(4.0);
    let mut simulation = load(&scene);
    apply(&mut simulation, across(&scene, 30.0, [-14.0, 14.0]));
    let open = steps(&mut simulation, 1);
    let fed =
        blood(&open).bleeders.iter().max_by(|a, b| a.flow.total_cmp(&b.flow)).unwrap().clone();
    let clamp = |point| Command::Clamp { clamp: 0, point, radius: 6.0 };
    apply(&mut simulation, vec![clamp(Some(fed.point))]);
    let shut = steps(&mut simulation, 1);
    let of = |stepped: &Stepped, id| {
        blood(stepped).bleeders.iter().find(|b| b.id == id).unwrap().clone()
    };
    assert_eq!((of(&shut, fed.id).doing, of(&shut, fed.id).flow), (Bleeding::Clamped, 0.0));
    let other = blood(&shut).bleeders.iter().find(|b| b.id != fed.id).unwrap();
    assert_eq!((other.doing, blood(&shut).clamps.len()), (Bleeding::Open, 1));
    // Opened, it bleeds again. Farther up it cuts off the supply: the end bleeds back only.
    apply(&mut simulation, vec![clamp(None)]);
    assert_eq!(of(&steps(&mut simulation, 1), fed.id).flow, fed.flow);
    let lattice = &scene.lattice;
    let cell = lattice.cells.iter().position(|c| c.coord == [11, 2, 2]).unwrap() as u32;
    let upstream = Embedding { cell, local: [0.5, 0.99, 0.99] };
    apply(&mut simulation, vec![clamp(Some(upstream))]);
    let back = of(&steps(&mut simulation, 1), fed.id);
    assert!(close(back.flow, expected(section(&scene), BACKFLOW * PRESSURE), 1e-3), "{back:?}");
}

#[test]
fn jaws_on_one_lip_do_not_hold_the_other_round_the_end_of_the_cut() {
    let scene = block(4.0);
    let mut simulation = load(&scene);
    // From above to a millimetre below the vessel.
    let [from, to] = [-14.0, 14.0].map(|y| {
        let [low, high] = upright(&scene, 30.0, y);
        [high, [low[0], low[1], scene.lattice.origin[2] + 8.99]]
    });
    apply(&mut simulation, vec![Command::Stroke, Command::Cut { from, to }]);
    let open = steps(&mut simulation, 1);
    let [one, _] = &blood(&open).bleeders[..] else { panic!("{:?}", open.blood) };
    apply(&mut simulation, vec![Command::Clamp { clamp: 3, point: Some(one.point), radius: 6.0 }]);
    let shut = steps(&mut simulation, 1);
    let doing: Vec<_> = blood(&shut).bleeders.iter().map(|b| b.doing).collect();
    assert_eq!(doing, [Bleeding::Clamped, Bleeding::Open]);
}

#[test]
fn a_sealer_closes_what_it_can() {
    for (calibre, is_bipolar, seals) in
        [(1.2, false, true), (4.0, false, false), (4.0, true, true), (8.0, true, false)]
    {
        let scene = block(calibre);
        let mut simulation = load(&scene);
        apply(&mut simulation, across(&scene, 30.0, [-14.0, 14.0]));
        let open = steps(&mut simulation, 1);
        let one = blood(&open).bleeders[0].clone();
        let tip = Sealer { point: one.point, reach: 3.0, is_bipolar };
        apply(&mut simulation, vec![Command::Coagulate(Some(tip))]);
        let time = SEALING_TIMES[usize::from(is_bipolar)];
        let early = steps(&mut simulation, (0.9 * 60.0 * time) as u32);
        assert_eq!(blood(&early).bleeders[0].doing, Bleeding::Open);
        let late = steps(&mut simulation, (0.2 * 60.0 * time) as u32);
        let sealed = &blood(&late).bleeders[0];
        assert_eq!(sealed.doing == Bleeding::Sealed, seals, "{calibre} {is_bipolar} {sealed:?}");
        assert_eq!(sealed.flow == 0.0, seals);
        assert_eq!(blood(&late).bleeders[1].doing, Bleeding::Open);
        apply(&mut simulation, vec![Command::Coagulate(None)]);
        let after = steps(&mut simulation, 60);
        assert_eq!(blood(&after).bleeders[0].doing == Bleeding::Sealed, seals);
    }
}

#[test]
fn a_small_vessel_clots_and_a_large_one_does_not() {
    for (calibre, clots) in [(1.2, true), (4.0, false)] {
        let mut scene = block(calibre);
        scene.perfusion.remove(0);
        let mut simulation = load(&scene);
        apply(&mut simulation, across(&scene, 30.0, [-14.0, 14.0]));
        let late = steps(&mut simulation, (61.0 * CLOTTING_TIME) as u32);
        let all = blood(&late);
        assert_eq!(all.bleeders.len(), 2);
        assert!(all.bleeders.iter().all(|b| (b.doing == Bleeding::Clotted) == clots), "{all:?}");
        assert_eq!(all.rate == 0.0, clots);
    }
}

#[test]
fn supply_and_heart_limit_what_is_lost() {
    for (supply, most) in [(300.0, 300.0), (9000.0, CARDIAC_OUTPUT as f32)] {
        let mut scene = block(12.0);
        let vessel = Supply::Vessel { pressure: PRESSURE, supply, backflow: 1.0 };
        scene.perfusion = vec![Perfusion { label: VESSEL, supply: vessel }];
        let mut simulation = load(&scene);
        apply(&mut simulation, across(&scene, 30.0, [-14.0, 14.0]));
        let stepped = steps(&mut simulation, 1);
        assert!((blood(&stepped).rate - most).abs() < 1e-3 * most, "{:?}", blood(&stepped));
    }
}

#[test]
fn a_piece_cut_off_bleeds_no_more_than_it_holds() {
    let mut scene = block(4.0);
    scene.perfusion.remove(0);
    // Only the greater end is held.
    let end = scene.lattice.origin[0] + 50.0;
    scene.supports.clear();
    hold(&mut scene, |p| (p[0] > end).then_some([2000.0; 3]));
    let mut simulation = load(&scene);
    apply(&mut simulation, across(&scene, 30.0, [-14.0, 14.0]));
    let stepped = steps(&mut simulation, 600);
    let piece = blood(&stepped).bleeders.iter().find(|b| b.outward[0] > 0.0).unwrap();
    let holds = section(&scene) * 30.0 * 1e-3;
    assert_eq!((piece.doing, piece.flow), (Bleeding::Empty, 0.0));
    assert!((piece.lost - holds).abs() < 0.05 * holds, "{} of {holds} mL", piece.lost);
    let other = blood(&stepped).bleeders.iter().find(|b| b.outward[0] < 0.0).unwrap();
    assert_eq!(other.doing, Bleeding::Open);
}

#[test]
fn blood_is_undone_with_its_stroke_and_replayed_to_the_same_bytes() {
    let mut scene = block(4.0);
    scene.materials[0].tension = 4.0;
    let play = || {
        let mut simulation = load(&scene);
        let mut told = Vec::new();
        let mut go = |commands: Vec<Command>| told.push(apply(&mut simulation, commands));
        go(across(&scene, 30.0, [-14.0, 14.0]));
        go(vec![Command::Step(40)]);
        go(across(&scene, 60.0, [-14.0, 14.0]));
        go(vec![Command::Step(40)]);
        go(vec![Command::Undo]);
        go(vec![Command::Redo]);
        go(vec![Command::Undo, Command::Undo, Command::Step(1)]);
        go(vec![Command::Redo, Command::Step(1)]);
        go(vec![Command::Reset, Command::Step(1)]);
        let positions = simulation
            .state()
            .unwrap()
            .displacements
            .iter()
            .map(|u| to_f32(*u))
            .collect::<Vec<_>>();
        (told, positions)
    };
    let (told, positions) = play();
    assert_eq!((&told, &positions), (&play().0, &play().1));
    assert_eq!((blood(&told[1]).bleeders.len(), blood(&told[3]).bleeders.len()), (2, 4));
    assert!(blood(&told[1]).pooled > 0.0);
    // As before the second stroke, after it, and before the first.
    let same = |a: &Stepped, b: &Stepped| {
        assert_eq!((blood(a).lost, blood(a).rate), (blood(b).lost, blood(b).rate))
    };
    same(&told[4], &told[1]);
    same(&told[5], &told[3]);
    assert!(told[6].blood.is_none() && told[8].blood.is_none());
    assert!(blood(&told[7]).lost > blood(&told[1]).lost);
}

#[test]
fn what_cannot_hold_is_refused() {
    let scene = block(4.0);
    let mut simulation = load(&scene);
    let nowhere = Embedding { cell: u32::MAX, local: [0.5; 3] };
    let here = Embedding { cell: 0, local: [0.5; 3] };
    for (command, told) in [
        (Command::Clamp { clamp: 0, point: Some(nowhere), radius: 3.0 }, "cell"),
        (Command::Clamp { clamp: 16, point: Some(here), radius: 3.0 }, "16"),
        (Command::Clamp { clamp: 1, point: Some(here), radius: f32::NAN }, "radius"),
        (Command::Coagulate(Some(Sealer { point: nowhere, reach: 3.0, is_bipolar: true })), "cell"),
    ] {
        let Report::Refused { reason } = simulation.apply(vec![command]) else { panic!("{told}") };
        assert!(reason.contains(told), "{reason}");
    }
    let mut twice = block(4.0);
    twice.perfusion.push(twice.perfusion[0]);
    assert!(twice.check().unwrap_err().to_string().contains("twice"));
}
