//! Bars: uniaxial stretch, the elastica, and the beam of [Land et al. 2015].

use solver_wasm::scene::Law;

use crate::{
    patch::Patch,
    row::{Case, Row},
    specimen::{DENSITY, Experiment, Frame, Point, Specimen},
};

/// Bar of length × height × height [mm] along x, and its end faces in steps of half a cell.
pub struct Bar {
    pub specimen: Specimen,
    pub length: f64,
    pub height: f64,
    pub root: Patch,
    pub tip: Patch,
}

impl Bar {
    pub fn new(case: Case, spacing: f64, law: Law, length: f64, height: f64) -> Self {
        let specimen = Specimen::block(Frame::of(case), spacing, law, [length, height, height]);
        let (y, z, step) = ([0.0, height, 0.0], [0.0, 0.0, height], 0.5 * spacing);
        let root = Patch::flat([0.0; 3], z, y, step);
        let tip = Patch::flat([length, 0.0, 0.0], y, z, step);
        Self { specimen, length, height, root, tip }
    }

    /// A place on the axis [mm].
    pub fn axis(&self, x: f64) -> Point {
        [x, 0.5 * self.height, 0.5 * self.height]
    }
}

/// P/μ = λ − λ⁻² of an incompressible neo-Hookean bar, at stretches 1.3 and 2.
pub fn uniaxial(case: Case) -> Vec<Row> {
    let mu = 10.0;
    // Incompressible to 0.04 % of the stress.
    let poisson = 0.499;
    let law =
        Law::NeoHookean { young: (2.0 * (1.0 + poisson) * mu) as f32, poisson: poisson as f32 };
    let mut bar = Bar::new(case, case.pick(0.5, 0.25), law, 4.0, 2.0);
    let middle = [[2.0, 0.0, 0.0], [2.0, 2.0, 0.0], [2.0, 0.0, 2.0], [2.0, 2.0, 2.0]];
    bar.specimen.anchor(&middle, [1e-3 * mu; 3]);
    bar.specimen.anchor(&[bar.axis(2.0)], [mu; 3]);
    let mut experiment = Experiment::new(case, bar.specimen.clone());
    let stress = |stretch: f64| stretch - stretch.powi(-2);
    let mut rows = Vec::new();
    for (stretch, reference, start) in [(1.3, 0.70828, 1.0), (2.0, 1.75, 1.3)] {
        let measure = |pull: f64| {
            let face =
                |face| bar.specimen.loads(face, |_, normal| [mu * pull * normal[0], 0.0, 0.0]);
            experiment.control.loads = [face(&bar.root), face(&bar.tip)].concat();
            experiment.settle();
            let [a, b] = [1.0, 3.0].map(|x| experiment.position(bar.axis(x))[0]);
            (b - a) / 2.0
        };
        let value = load_at(start, stretch, stress, measure);
        let row = Row::new(
            case,
            &format!("uniaxial-{stretch}"),
            format!("Uniaxial stretch {stretch} of an incompressible neo-Hookean bar: P/μ"),
            value,
            reference,
            "",
            "P/μ = λ − λ⁻²",
        );
        rows.push(row.of(&experiment).note(format!("ν = {poisson}")));
    }
    rows
}

/// The load at which `measure` gives `stretch`: in steps from `start` along the theory's curve, then corrected along it.
pub fn load_at(
    start: f64,
    stretch: f64,
    theory: impl Fn(f64) -> f64,
    mut measure: impl FnMut(f64) -> f64,
) -> f64 {
    let slope = (theory(stretch + 1e-4) - theory(stretch - 1e-4)) / 2e-4;
    for step in 1..3 {
        measure(theory(start + (stretch - start) * f64::from(step) / 3.0));
    }
    let first = theory(stretch);
    let second = first + slope * (stretch - measure(first));
    second + slope * (stretch - measure(second))
}

/// A clamped bar that bends under growing loads: the loads in terms of EI/L², and w/L of the tip.
fn elastica(
    case: Case,
    id: &str,
    title: &str,
    table: [(f64, f64); 4],
    apply: impl Fn(&mut Experiment, &Bar, f64),
) -> Vec<Row> {
    // Slender, since the elastica neither stretches nor shears: 1/40 makes that 0.04 % of a small deflection.
    let (young, length, height) = (100.0, 160.0, 4.0);
    let law = Law::NeoHookean { young: young as f32, poisson: 0.0 };
    let mut bar = Bar::new(case, case.pick(1.0, 0.5), law, length, height);
    let root = bar.root.clone();
    bar.specimen.clamp(&root, young);
    let mut experiment = Experiment::new(case, bar.specimen.clone());
    let unit = young * height.powi(4) / 12.0 / length.powi(2);
    let mut rows = Vec::new();
    for (load, reference) in table {
        apply(&mut experiment, &bar, load * unit);
        experiment.settle();
        let w = -experiment.displacement_at(bar.axis(length))[2] / length;
        let row = Row::new(
            case,
            &format!("{id}-{load}"),
            format!("{title} = {load}: w/L"),
            w,
            reference,
            "",
            "Bisshopp and Drucker 1945",
        );
        rows.push(row.of(&experiment).note("bar of 160 × 4 × 4 mm"));
    }
    rows
}

/// The elastica with a load on its tip [Bisshopp and Drucker 1945].
pub fn tip_load(case: Case) -> Vec<Row> {
    let table = [(1.0, 0.30172), (2.0, 0.49346), (5.0, 0.71379), (10.0, 0.81061)];
    elastica(case, "elastica-tip", "Elastica, tip load PL²/EI", table, |experiment, bar, load| {
        let traction = load / (bar.height * bar.height);
        experiment.control.loads = bar.specimen.loads(&bar.tip, |_, _| [0.0, 0.0, -traction]);
    })
}

/// The elastica under its own weight [Rohde 1953].
pub fn own_weight(case: Case) -> Vec<Row> {
    let table = [(1.0, 0.12347), (5.0, 0.49591), (10.0, 0.70020), (50.0, 0.90792)];
    let title = "Elastica, own weight qL³/EI";
    let mut rows = elastica(case, "elastica-weight", title, table, |experiment, bar, load| {
        let mass = DENSITY * bar.length * bar.height * bar.height;
        experiment.set_gravity([0.0, 0.0, -load / mass]);
    });
    for row in &mut rows {
        row.source = "Rohde 1953";
    }
    rows
}

/// The beam of [Land et al. 2015], problem 1: Guccione tissue bent by a pressure that follows its lower face.
pub fn land(case: Case) -> Vec<Row> {
    let bulk = 2000.0;
    let law = Law::Guccione { c: 2.0, fibre: 8.0, transverse: 2.0, shear: 4.0, bulk };
    let spacing = case.spacing([1.0 / 7.0, 1.0 / 16.0, 1.0 / 5.0, 1.0 / 13.0]);
    let mut bar = Bar::new(case, spacing, law, 10.0, 1.0);
    let root = bar.root.clone();
    bar.specimen.clamp(&root, 16.0);
    let directions =
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]].map(|d| bar.specimen.frame.world(d).map(|x| x as f32));
    bar.specimen.scene.fibres = vec![directions; bar.specimen.scene.lattice.cells.len()];
    let under = Patch::flat([0.0; 3], [0.0, 1.0, 0.0], [10.0, 0.0, 0.0], 0.5 * spacing);
    bar.specimen.surface(&under);
    let mut experiment = Experiment::new(case, bar.specimen);
    for part in 1..=4 {
        experiment.control.pressures = vec![0.001 * part as f32];
        experiment.settle();
    }
    let z = experiment.position([10.0, 0.5, 1.0])[2];
    let row = Row::new(
        case,
        "land-1",
        "Land 2015, problem 1: bending of a passive beam, z at (10, 0.5, 1)",
        z,
        4.167,
        "mm",
        "Land et al. 2015",
    );
    let shift = format!("error of the displacement {:.2} %", 100.0 * ((z - 1.0) / 3.167 - 1.0));
    vec![row.of(&experiment).note(shift).note(format!("bulk modulus {bulk} kPa"))]
}
