//! The force of a scalpel that is drawn through a slab of liver.

use solver_wasm::{
    incision::Edge,
    message::{Command, Report},
    scene::Law,
    simulation::Simulation,
};

use crate::{
    row::{Case, Row},
    specimen::{Frame, Specimen},
};

/// Toughness of bovine liver [J/m²; Gokgol et al. 2012].
const TOUGHNESS: f32 = 164.0;
/// What a scalpel needed in pig liver, the middle of 187 to 225 J/m² [Liu et al. 2022].
const SCALPEL: f64 = 206.0;
/// How deep the edge goes [mm].
const DEPTH: f64 = 10.0;
/// How fast it is drawn [mm/s].
const SPEED: f64 = 12.0;
/// The slab: along the cut, across it, upwards [mm].
const SIZE: [f64; 3] = [80.0, 40.0, 20.0];
/// From where to where [mm]; the force is the mean over the last third, in which it no longer rises.
const WAY: [f64; 2] = [-3.0, 75.0];

/// Steady force of cutting at 10 mm of depth, against toughness times width and against what a scalpel was measured to need.
pub fn cutting(case: Case) -> Vec<Row> {
    let spacing = case.pick(5.0, 2.5);
    let law = Law::NeoHookean { young: 5.5, poisson: 0.45 };
    let mut specimen = Specimen::block(Frame::of(case), spacing, law, SIZE);
    specimen.scene.materials[0].toughness = TOUGHNESS;
    specimen.scene.materials[0].damping = 0.016;
    // It lies on its bed.
    specimen.hold_nodes(5.5, |p| (p[2] < spacing).then_some([1.0; 3]));
    let edge = |x: f64| -> Edge {
        [SIZE[2] + 3.0, SIZE[2] - DEPTH]
            .map(|z| specimen.frame.world([x, 0.5 * SIZE[1] + 0.3, z]).map(|c| c as f32))
    };
    let mut simulation = Simulation::default();
    let load = vec![Command::Load(Box::new(specimen.scene.clone())), Command::Stroke];
    let mut trouble = matches!(simulation.apply(load), Report::Refused { .. });
    let count = ((WAY[1] - WAY[0]) / SPEED * 60.0) as u32;
    let at = |i: u32| edge(WAY[0] + f64::from(i) / f64::from(count) * (WAY[1] - WAY[0]));
    let (mut force, mut counted) = (0.0, 0.0);
    for i in 0..count {
        let cut = Command::Cut { from: at(i), to: at(i + 1) };
        let report = simulation.apply(vec![cut, Command::Step(1)]);
        let Report::Stepped(stepped) = report else {
            trouble = true;
            break;
        };
        if let (true, Some(blade)) = (3 * i > 2 * count, &stepped.blade) {
            force += blade.force.map(|f| f64::from(f).powi(2)).iter().sum::<f64>().sqrt();
            counted += 1.0;
        }
    }
    let newtons = if trouble { f64::NAN } else { 1e-3 * force / counted };
    let row = |id, title, reference: f64, source| {
        let mut row = Row::new(case, id, title, newtons, 1e-3 * DEPTH * reference, "N", source);
        row.cells = specimen.scene.lattice.cells.len();
        row.note("slab of 80 × 40 × 20 mm on its bed, drawn at 12 mm/s")
    };
    vec![
        row(
            "liver-cutting-force",
            "Blade 10 mm deep in liver: steady force, against toughness times width",
            f64::from(TOUGHNESS),
            "Gokgol et al. 2012",
        )
        .within(5.0),
        row(
            "liver-cutting-force-scalpel",
            "Blade 10 mm deep in liver: steady force, against a scalpel in pig liver",
            SCALPEL,
            "Liu et al. 2022",
        )
        .within(30.0)
        .note("measured from 187 to 225 J/m²; the toughness in use is what a needle needs in bovine liver"),
    ]
}
