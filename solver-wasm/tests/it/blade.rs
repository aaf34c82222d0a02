//! The blade and its force: what holds it, what it costs, what it does to the tissue, and when it tears.

use proptest::prelude::*;
use solver_wasm::{
    blade::{HAND_FORCE, HAND_STIFFNESS, STRAYING, TEARING_BLUNTNESS, TEARING_SPEED},
    incision::{Edge, Incisions},
    lattice::Lattice,
    message::{Bladework, Change, Command, Report, Stepped},
    real::to_f32,
    scene::Scene,
    simulation::Simulation,
};

use crate::scenes::{free, hold, hung_ball, model};

/// Of liver [J/m²].
const TOUGHNESS: f32 = 164.0;
const SPACING: f32 = 5.0;
const DT: f32 = 1.0 / 60.0;

/// A slab of 100 × 40 × 15 mm, firm and held by its bed, so that it is pushed by tenths of a millimetre only.
fn slab(toughness: f32) -> Scene {
    let mut scene = free(Lattice::bar([20, 8, 3], SPACING), 60.0, 0.45);
    scene.materials[0].toughness = toughness;
    scene.materials[0].damping = 0.02;
    hold(&mut scene, |_| Some([2000.0; 3]));
    scene
}

/// Its low and its high corner [mm].
fn corners(scene: &Scene) -> [[f32; 3]; 2] {
    let lattice = &scene.lattice;
    let at =
        |n: &[u16; 3]| [0, 1, 2].map(|a| lattice.origin[a] + lattice.spacing * f32::from(n[a]));
    let fold = |end: fn(f32, f32) -> f32, start: f32| {
        lattice.nodes.iter().map(at).fold([start; 3], |sum, p| [0, 1, 2].map(|a| end(sum[a], p[a])))
    };
    [fold(f32::min, f32::INFINITY), fold(f32::max, f32::NEG_INFINITY)]
}

fn load(scene: &Scene) -> Simulation {
    let mut simulation = Simulation::default();
    let report = simulation.apply(vec![Command::Load(Box::new(scene.clone()))]);
    assert!(matches!(report, Report::Ready { .. }), "{report:?}");
    simulation
}

fn apply(simulation: &mut Simulation, commands: Vec<Command>) -> Stepped {
    match simulation.apply(commands) {
        Report::Stepped(stepped) => stepped,
        other => panic!("{other:?}"),
    }
}

/// An upright edge `depth` mm below the top of the slab, `x` mm from its end, off the rows of samples.
fn upright(scene: &Scene, x: f32, depth: f32) -> Edge {
    let [low, high] = corners(scene);
    let at = [low[0] + x, 0.5 * (low[1] + high[1]) + 0.3];
    [[at[0], at[1], high[2] + 2.0], [at[0], at[1], high[2] - depth]]
}

/// Draw an edge from `x[0]` to `x[1]` at `speed` mm/s, a command and a step at a time.
fn draw(
    simulation: &mut Simulation,
    edge: impl Fn(f32) -> Edge,
    x: [f32; 2],
    speed: f32,
) -> Vec<Stepped> {
    let count = ((x[1] - x[0]) / (speed * DT)).ceil();
    let at = |i: f32| edge(x[0] + i / count * (x[1] - x[0]));
    (0..count as u32)
        .map(|i| {
            let [from, to] = [i as f32, i as f32 + 1.0].map(at);
            apply(simulation, vec![Command::Cut { from, to }, Command::Step(1)])
        })
        .collect()
}

fn work(stepped: &Stepped) -> &Bladework {
    stepped.blade.as_ref().expect("a stroke is under way")
}

fn cuts(all: &[Stepped]) -> Vec<[Edge; 2]> {
    let changes = all.iter().flat_map(|s| &s.changes);
    changes
        .filter_map(|c| if let Change::Cut { from, to } = c { Some([*from, *to]) } else { None })
        .collect()
}

fn size(v: [f32; 3]) -> f32 {
    v.iter().map(|x| x * x).sum::<f32>().sqrt()
}

/// Where the page, which repeats the changes, comes to: must be what the worker has.
fn repeated(scene: &Scene, all: &[Stepped]) -> (Scene, Incisions) {
    let (mut cut, mut incisions) = (scene.clone(), Incisions::new(&scene.lattice));
    for [from, to] in cuts(all) {
        incisions.cut(&mut cut, from, to);
        assert_eq!(incisions.fault(&scene.lattice, &cut.lattice), None);
    }
    (cut, incisions)
}

#[test]
fn the_steady_force_is_toughness_times_width() {
    for depth in [5.0, 10.0] {
        let scene = slab(TOUGHNESS);
        let mut simulation = load(&scene);
        apply(&mut simulation, vec![Command::Stroke]);
        let all = draw(&mut simulation, |x| upright(&scene, x, depth), [-5.0, 70.0], 20.0);
        let expected = TOUGHNESS * depth;
        let steady: Vec<f32> = all[all.len() / 2..].iter().map(|s| size(work(s).force)).collect();
        let mean = steady.iter().sum::<f32>() / steady.len() as f32;
        assert!((mean / expected - 1.0).abs() < 0.03, "{mean} of {expected} mN");
        for force in &steady {
            assert!((force / expected - 1.0).abs() < 0.2, "{force} of {expected} mN");
        }
        let last = work(all.last().unwrap());
        assert!((last.width / depth - 1.0).abs() < 0.05, "{} mm", last.width);
        assert!((last.speed / 20.0 - 1.0).abs() < 0.2, "{} mm/s", last.speed);
        // Along its motion.
        assert!(last.force[0] > 0.98 * size(last.force), "{:?}", last.force);
        assert_eq!(last.torn, 0.0);
    }
}

#[test]
fn a_blade_stands_still_below_its_threshold_and_goes_on_above_it() {
    let scene = slab(TOUGHNESS);
    let mut simulation = load(&scene);
    let at = |x| upright(&scene, x, 10.0);
    let cut = |from, to| Command::Cut { from: at(from), to: at(to) };
    // In the tissue, at rest: the blade enters and comes up to where the hand only just holds it.
    apply(&mut simulation, vec![Command::Stroke]);
    draw(&mut simulation, at, [-5.0, 20.0], 20.0);
    let held = apply(&mut simulation, vec![Command::Step(120)]);
    let still = work(&held).clone();
    assert!(still.speed == 0.0 && still.width > 9.0, "{still:?}");
    let pressed = apply(&mut simulation, vec![Command::Step(60)]);
    assert_eq!(work(&pressed).areas, still.areas);
    assert!(pressed.changes.is_empty());
    // It is held by about what it needs, and no more; a little further wanted is not yet enough after the tissue came to rest.
    assert!(size(work(&pressed).force) <= 1.02 * TOUGHNESS * 10.0, "{:?}", work(&pressed));
    // Then it goes on, and catches up by itself once the hand has stopped.
    apply(&mut simulation, vec![cut(20.0, 30.0), Command::Step(1)]);
    let gone = apply(&mut simulation, vec![Command::Step(30)]);
    let more = work(&gone).areas[0].1 - still.areas[0].1;
    assert!((more / 100.0 - 1.0).abs() < 0.05, "{more} of 100 mm²");
    // What the hand cannot do it does not do.
    let tough = slab(1.2 * HAND_FORCE as f32 / 10.0);
    let mut simulation = load(&tough);
    let held = draw(&mut simulation, at, [-5.0, 40.0], 40.0);
    let last = work(held.last().unwrap());
    // It stands where it first meets the tissue, of which a sample is seen ahead.
    assert!(last.areas.is_empty() || last.areas.iter().all(|(_, area)| *area < 15.0), "{last:?}");
    assert!(cuts(&held).iter().all(|cut| cut[1][0][0] < SPACING), "{last:?}");
    let pressed = size(last.force) / HAND_FORCE as f32;
    assert!(pressed > 0.9 && pressed < 1.01, "{last:?}");
}

#[test]
fn cutting_takes_the_work_of_its_area() {
    let scene = slab(TOUGHNESS);
    let mut simulation = load(&scene);
    apply(&mut simulation, vec![Command::Stroke]);
    let all = draw(&mut simulation, |x| upright(&scene, x, 10.0), [-5.0, 70.0], 30.0);
    let last = apply(&mut simulation, vec![Command::Step(60), Command::Release { tool: 0 }]);
    let blade = work(&last);
    let area: f32 = blade.areas.iter().map(|(_, area)| area).sum();
    let fracture = TOUGHNESS * area;
    assert!((blade.work / fracture - 1.0).abs() < 1e-3, "{blade:?}");
    // So much went through the force that the tissue felt.
    let felt: f32 = all.iter().map(|s| work(s).force[0] * work(s).speed * DT).sum();
    assert!((felt / fracture - 1.0).abs() < 0.1, "{felt} of {fracture} µJ");
    // The account agrees with the tissue: as far as it was cut, times the depth.
    let mut cut = cuts(&all);
    cut.extend(cuts(std::slice::from_ref(&last)));
    let end = cut.last().unwrap()[1][0][0];
    assert!((area / (10.0 * end) - 1.0).abs() < 0.05, "{area} mm² up to {end} mm");
    // And with its lips, each of which is a link's share of the sheet.
    let mut all = all;
    all.push(last);
    let (cut_scene, incisions) = repeated(&scene, &all);
    let links = incisions.lips(&cut_scene.lattice).len() as f32 * (SPACING / 4.0).powi(2);
    assert!(links > 0.6 * area && links < 1.1 * area, "{links} of {area} mm²");
}

#[test]
fn air_and_an_open_cut_cost_nothing() {
    let scene = slab(TOUGHNESS);
    let mut simulation = load(&scene);
    let above = |x: f32| upright(&scene, x, 10.0).map(|p| [p[0], p[1], p[2] + 14.0]);
    apply(&mut simulation, vec![Command::Stroke]);
    let air = draw(&mut simulation, above, [0.0, 60.0], 60.0);
    assert!(air.iter().all(|s| work(s).work == 0.0 && size(work(s).force) == 0.0));
    assert!(work(air.last().unwrap()).areas.is_empty());
    assert!(air.iter().all(|s| s.max_displacement == 0.0));
    let through = |x: f32| upright(&scene, x, 20.0);
    apply(&mut simulation, vec![Command::Stroke]);
    draw(&mut simulation, through, [-5.0, 70.0], 60.0);
    // Once more along the same way, less far.
    apply(&mut simulation, vec![Command::Stroke, Command::Step(60)]);
    let again = draw(&mut simulation, through, [-5.0, 55.0], 60.0);
    let last = work(again.last().unwrap());
    assert!(last.work == 0.0 && last.areas.is_empty() && size(last.force) == 0.0, "{last:?}");
    // And deeper by nothing: the way back out of a cut is free.
    let back = draw(&mut simulation, |x| through(55.0 - x), [0.0, 50.0], 60.0);
    assert_eq!(work(back.last().unwrap()).work, 0.0);
}

#[test]
fn each_structure_resists_with_its_own_toughness() {
    let mut scene = slab(TOUGHNESS);
    let mut tough = scene.materials[0];
    tough.toughness = 4.0 * TOUGHNESS;
    scene.materials.push(tough);
    // The lower layer.
    let mut labels = Vec::new();
    for cell in &mut scene.lattice.cells {
        cell.material = u16::from(cell.coord[2] == 0);
        labels.extend([if cell.coord[2] == 0 { 7 } else { 3 }; 64]);
    }
    scene.labels = labels;
    let mut simulation = load(&scene);
    apply(&mut simulation, vec![Command::Stroke]);
    let all = draw(&mut simulation, |x| upright(&scene, x, 12.5), [-5.0, 70.0], 20.0);
    let steady = &all[all.len() / 2..];
    let mean = steady.iter().map(|s| size(work(s).force)).sum::<f32>() / steady.len() as f32;
    let expected = TOUGHNESS * (10.0 + 4.0 * 2.5);
    assert!((mean / expected - 1.0).abs() < 0.05, "{mean} of {expected} mN");
    let areas = &work(all.last().unwrap()).areas;
    let [(3, soft), (7, firm)] = areas[..] else { panic!("{areas:?}") };
    assert!((soft / firm / 4.0 - 1.0).abs() < 0.05, "{areas:?}");
}

#[test]
fn the_tissue_feels_what_the_hand_does() {
    // Free in space: what it gains in momentum is the force times the time.
    let mut scene = slab(0.1 * TOUGHNESS);
    scene.supports.clear();
    let masses: Vec<f64> = model(&scene).masses().iter().map(|m| f64::from(*m)).collect();
    let mut simulation = load(&scene);
    let momentum = |s: &Simulation| -> [f64; 3] {
        // No node was divided yet.
        let velocities = &s.state().unwrap().velocities;
        assert_eq!(velocities.len(), masses.len());
        let all = masses.iter().zip(velocities).map(|(m, v)| to_f32(*v).map(|v| m * f64::from(v)));
        all.fold([0.0; 3], |sum, p| [0, 1, 2].map(|a| sum[a] + p[a]))
    };
    let at = |x: f32| upright(&scene, x, 10.0);
    apply(&mut simulation, vec![Command::Stroke, Command::Cut { from: at(-0.5), to: at(0.5) }]);
    let (mut gained, mut pushed, mut most) = ([0.0; 3], [0.0; 3], 0.0);
    for _ in 0..4 {
        let before = momentum(&simulation);
        let stepped = apply(&mut simulation, vec![Command::Step(1)]);
        let (after, blade) = (momentum(&simulation), work(&stepped));
        for a in 0..3 {
            gained[a] += (after[a] - before[a]) / f64::from(DT);
            pushed[a] += f64::from(blade.borne * blade.force[a]);
        }
        most += f64::from(size(blade.force));
    }
    // As exact as a step of play is.
    for a in 0..3 {
        assert!((gained[a] - pushed[a]).abs() < 0.03 * most, "{gained:?} of {pushed:?} mN");
    }
    // All of it: the tissue is firm enough.
    assert!(gained[0] > 0.95 * most, "{gained:?} of {most} mN");
}

#[test]
fn soft_tissue_is_pushed_before_it_gives_way_but_not_carried_off() {
    let mut soft = free(Lattice::bar([20, 8, 3], SPACING), 5.5, 0.45);
    (soft.materials[0].toughness, soft.materials[0].damping) = (TOUGHNESS, 0.016);
    hold(&mut soft, |p| (p[2] < 1.0).then_some([500.0; 3]));
    let mut simulation = load(&soft);
    let at = |x: f32| upright(&soft, x, 10.0);
    let cut = |from, to| Command::Cut { from: at(from), to: at(to) };
    // Too little to cut: four fifths of the stretch that would.
    let short = 0.8 * TOUGHNESS * 10.0 / HAND_STIFFNESS as f32;
    let held = apply(&mut simulation, vec![Command::Stroke, cut(0.0, short), Command::Step(60)]);
    let blade = work(&held);
    assert!(blade.areas.is_empty() && held.max_displacement > 1.0, "{held:?}");
    assert!((size(blade.force) / (0.8 * TOUGHNESS * 10.0) - 1.0).abs() < 0.01, "{blade:?}");
    assert!(blade.borne > 0.05 && blade.borne < 1.0, "{blade:?}");
    let all = draw(&mut simulation, at, [short, 70.0], 15.0);
    for stepped in &all {
        assert!(stepped.max_displacement < 12.0, "{} mm", stepped.max_displacement);
        assert_eq!(stepped.contained, 0);
    }
    // At once, when the blade is lifted, the tissue springs back.
    let back = apply(&mut simulation, vec![Command::Release { tool: 0 }, Command::Step(120)]);
    assert!(back.max_displacement < 0.5, "{} mm", back.max_displacement);
}

/// Skin is tough, a thin layer, and lies on fat: what its few cells bear must not crush them.
#[test]
fn skin_on_fat_is_cut_and_comes_to_rest() {
    let mut pad = free(Lattice::bar([24, 16, 6], 3.2), 2.0, 0.45);
    (pad.materials[0].toughness, pad.materials[0].damping) = (250.0, 0.02);
    let mut skin = free(Lattice::bar([1, 1, 1], 3.2), 200.0, 0.45).materials[0];
    (skin.toughness, skin.damping) = (2000.0, 0.02);
    pad.materials.push(skin);
    pad.lattice.cells.iter_mut().for_each(|cell| cell.material = u16::from(cell.coord[2] == 5));
    hold(&mut pad, |p| (p[2] < 1.0).then_some([500.0; 3]));
    for speed in [30.0, 120.0] {
        let mut simulation = load(&pad);
        apply(&mut simulation, vec![Command::Stroke]);
        let all = draw(&mut simulation, |x| upright(&pad, x, 9.0), [20.0, 50.0], speed);
        let rest = apply(&mut simulation, vec![Command::Release { tool: 0 }, Command::Step(60)]);
        assert_eq!(all.last().unwrap().contained, 0);
        // What springs back at once may take a halved step.
        assert!(rest.contained <= 1, "{} events", rest.contained);
        assert!(all.iter().any(|s| work(s).areas.len() == 1 && size(work(s).force) > 6000.0));
        assert!(rest.mechanics.kinetic_energy < 1e-6, "{:?}", rest.mechanics);
    }
}

#[test]
fn a_blade_tears_only_when_it_is_too_fast_or_too_blunt() {
    let stroke = |bluntness: f32, speed: f32| {
        let scene = slab(TOUGHNESS);
        let mut simulation = load(&scene);
        apply(&mut simulation, vec![Command::Blade { bluntness }, Command::Stroke]);
        let mut all = draw(&mut simulation, |x| upright(&scene, x, 10.0), [-5.0, 70.0], speed);
        all.push(apply(&mut simulation, vec![Command::Step(30)]));
        let cuts = cuts(&all);
        let y = upright(&scene, 0.0, 0.0)[0][1];
        let strayed = cuts.iter().flatten().flatten().map(|p| (p[1] - y).abs()).fold(0.0, f32::max);
        repeated(&scene, &all);
        (work(all.last().unwrap()).clone(), strayed, cuts)
    };
    let (sharp, strayed, _) = stroke(1.0, 0.8 * TEARING_SPEED as f32);
    assert!(sharp.torn == 0.0 && strayed == 0.0, "{sharp:?} {strayed}");
    let area = |blade: &Bladework| blade.areas.iter().map(|(_, area)| area).sum::<f32>();
    for (bluntness, speed) in
        [(1.0, 2.0 * TEARING_SPEED as f32), (1.8 * TEARING_BLUNTNESS as f32, 30.0)]
    {
        let (torn, strayed, cuts) = stroke(bluntness, speed);
        assert!(strayed > 0.05 * SPACING && strayed <= STRAYING as f32 * SPACING, "{strayed}");
        assert!(torn.torn > 0.6 * area(&torn), "{torn:?}");
        assert!(torn.work >= bluntness * TOUGHNESS * area(&torn), "{torn:?}");
        // One edge goes on where the last one was.
        assert!(cuts.windows(2).all(|pair| pair[0][1] == pair[1][0]));
        assert_eq!(stroke(bluntness, speed).2, cuts, "not the same twice");
    }
    // Torn throughout, the way is longer than that of a straight cut.
    let blunt = stroke(1.8 * TEARING_BLUNTNESS as f32, 30.0).0;
    assert!(blunt.torn > area(&blunt), "{blunt:?}");
}

#[test]
fn a_slow_hand_tears_nothing_where_the_machine_hurries_after_it() {
    let scene = slab(TOUGHNESS);
    // Half a second of the hand's way comes with one step.
    let jump = Command::Cut { from: upright(&scene, -5.0, 10.0), to: upright(&scene, 35.0, 10.0) };
    let torn = |hand: Vec<Command>| {
        let mut simulation = load(&scene);
        let commands = std::iter::once(Command::Stroke).chain(hand);
        let commands = commands.chain([jump.clone(), Command::Step(20)]).collect();
        work(&apply(&mut simulation, commands)).torn
    };
    assert_eq!(torn(vec![Command::Hand { speed: 80.0 }]), 0.0);
    assert!(torn(vec![Command::Hand { speed: 400.0 }]) > 0.0);
    assert!(torn(Vec::new()) > 0.0, "who says nothing is taken at the blade's own speed");
    let refused = load(&scene).apply(vec![Command::Hand { speed: f32::NAN }]);
    assert!(matches!(&refused, Report::Refused { reason } if reason.contains("speed")));
}

#[test]
fn a_lifted_blade_goes_no_further_and_other_commands_lift_it() {
    let scene = slab(TOUGHNESS);
    let at = |x: f32| upright(&scene, x, 10.0);
    let lifts = [
        Command::Stroke,
        Command::Release { tool: 0 },
        Command::Undo,
        Command::Redo,
        Command::Reset,
    ];
    for lift in lifts {
        let mut simulation = load(&scene);
        let far = Command::Cut { from: at(-5.0), to: at(60.0) };
        let begun = apply(&mut simulation, vec![Command::Stroke, far, Command::Step(2)]);
        assert!(work(&begun).width > 9.0 && size(work(&begun).force) > 500.0, "{begun:?}");
        apply(&mut simulation, vec![lift.clone()]);
        let rest = apply(&mut simulation, vec![Command::Step(10)]);
        assert!(cuts(std::slice::from_ref(&rest)).is_empty(), "{lift:?}");
        assert!(rest.blade.is_none_or(|b| size(b.force) == 0.0), "{lift:?}");
    }
    let refused = load(&scene).apply(vec![Command::Blade { bluntness: 0.5 }]);
    assert!(matches!(&refused, Report::Refused { reason } if reason.contains("bluntness")));
}

#[test]
fn strokes_by_force_are_undone_done_again_and_replayed_to_the_same_bytes() {
    let mut scene = hung_ball(32.0, 0.45);
    (scene.materials[0].toughness, scene.materials[0].tension) = (20.0, 0.1);
    let stroke = |z: f32, bluntness: f32| {
        let edge = move |i: u8| {
            let x = -30.0 + 6.0 * f32::from(i);
            [[x, -40.0, z], [x, -12.0, z + 1.0]]
        };
        let parts = (0..8)
            .flat_map(move |i| [Command::Cut { from: edge(i), to: edge(i + 1) }, Command::Step(2)]);
        [Command::Blade { bluntness }, Command::Stroke].into_iter().chain(parts).collect::<Vec<_>>()
    };
    let mut simulation = load(&scene);
    let bytes = |s: &Simulation| s.state().cloned().unwrap();
    let settled = bytes(&simulation);
    apply(&mut simulation, stroke(0.3, 1.0));
    let lifted = apply(&mut simulation, vec![Command::Release { tool: 0 }]);
    let once = bytes(&simulation);
    assert!(once.displacements.len() > settled.displacements.len() && lifted.blade.is_some());
    apply(&mut simulation, stroke(9.0, 5.0));
    let before = apply(&mut simulation, vec![Command::Release { tool: 0 }]);
    let twice = bytes(&simulation);
    assert!(twice.displacements.len() > once.displacements.len());
    let undone = apply(&mut simulation, vec![Command::Undo]);
    assert_eq!((bytes(&simulation), undone.blade), (once.clone(), None));
    apply(&mut simulation, vec![Command::Redo]);
    assert_eq!(bytes(&simulation), twice);
    apply(&mut simulation, vec![Command::Undo, Command::Undo]);
    assert_eq!(bytes(&simulation), settled);

    let mut replay = load(&scene);
    apply(&mut replay, stroke(0.3, 1.0));
    apply(&mut replay, vec![Command::Release { tool: 0 }]);
    apply(&mut replay, stroke(9.0, 5.0));
    let again = apply(&mut replay, vec![Command::Release { tool: 0 }]);
    assert_eq!(bytes(&replay), twice);
    assert_eq!(again.blade, before.blade);

    // A batch that is refused leaves the blade where it was.
    let mut refused = load(&scene);
    apply(&mut refused, stroke(0.3, 1.0));
    let mut batch = vec![Command::Step(3)];
    batch.push(Command::Cut { from: [[f32::NAN; 3]; 2], to: [[0.0; 3]; 2] });
    assert!(matches!(refused.apply(batch), Report::Refused { .. }));
    apply(&mut refused, vec![Command::Release { tool: 0 }]);
    assert_eq!(bytes(&refused), once);
}

fn place() -> impl Strategy<Value = [f32; 3]> {
    prop::array::uniform3(-30.0_f32..30.0)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_strokes_by_any_force_leave_sound_tissue(
        strokes in prop::collection::vec(prop::collection::vec((place(), place(), 0_u8..6), 2..6), 1..4),
        toughness in prop::array::uniform2(0.0_f32..3000.0),
        bluntness in 1.0_f32..8.0,
    ) {
        let mut scene = hung_ball(24.0, 0.45);
        scene.materials.push(scene.materials[0]);
        scene.materials[0].toughness = toughness[0];
        scene.materials[1].toughness = toughness[1];
        for cell in &mut scene.lattice.cells {
            cell.material = u16::from(cell.coord[0] > 3);
        }
        let run = || {
            let mut simulation = load(&scene);
            let mut all = vec![apply(&mut simulation, vec![Command::Blade { bluntness }])];
            for stroke in &strokes {
                all.push(apply(&mut simulation, vec![Command::Stroke]));
                for edges in stroke.windows(2) {
                    let [from, to] = [0, 1].map(|i| [edges[i].0, edges[i].1]);
                    all.push(apply(&mut simulation, vec![Command::Cut { from, to }, Command::Step(edges[0].2)]));
                }
                let blade = work(all.last().unwrap());
                let numbers = [blade.width, blade.speed, blade.work, blade.torn];
                assert!(numbers.iter().chain(&blade.force).all(|x| x.is_finite() && x.abs() < 1e9), "{blade:?}");
                let least: f32 = blade.areas.iter().map(|(_, area)| area * toughness[0].min(toughness[1])).sum();
                assert!(blade.work >= 0.99 * bluntness * least, "{blade:?}");
            }
            all.push(apply(&mut simulation, vec![Command::Stroke, Command::Step(20)]));
            let (cut, _) = repeated(&scene, &all);
            let state = simulation.state().cloned().unwrap();
            assert_eq!(cut.lattice.nodes.len(), state.displacements.len());
            assert!(state.displacements.iter().all(|u| to_f32(*u).iter().all(|x| x.is_finite())));
            state
        };
        prop_assert_eq!(run(), run());
    }
}
