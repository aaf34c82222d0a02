//! Cook's membrane: a tapered panel, clamped on the left, sheared on the right [Cook 1974].

use solver_wasm::scene::Law;

use crate::{
    patch::Patch,
    row::{Case, Row},
    specimen::{Experiment, Frame, Point, Specimen},
};

/// A slab of the panel: corners (0, 0), (48, 44), (48, 60), (0, 44) mm, `layers` cells thick.
fn panel(case: Case, spacing: f64, layers: u8, law: Law) -> (Specimen, f64) {
    let thickness = f64::from(layers) * spacing;
    let bounds = [[0.0; 3], [48.0, 60.0, thickness]];
    let specimen = Specimen::new(Frame::about_z(case), spacing, law, bounds, |[x, y, _]| {
        let s = x / 48.0;
        (44.0 * s..=44.0 + 16.0 * s).contains(&y)
    });
    (specimen, thickness)
}

/// The clamped and the loaded edge, in steps of half a cell.
fn edges(spacing: f64, thickness: f64) -> [Patch; 2] {
    let through = [0.0, 0.0, thickness];
    [
        Patch::flat([0.0; 3], through, [0.0, 44.0, 0.0], 0.5 * spacing),
        Patch::flat([48.0, 44.0, 0.0], [0.0, 16.0, 0.0], through, 0.5 * spacing),
    ]
}

/// Plane stress, linear: E = 1, ν = 1/3, a force of 1 a unit of thickness. The load is small, its effect scaled up.
pub fn linear(case: Case) -> Vec<Row> {
    let spacing = case.spacing([0.6, 0.25, 0.6, 0.25]);
    let law = Law::NeoHookean { young: 1.0, poisson: 1.0 / 3.0 };
    let (mut specimen, thickness) = panel(case, spacing, 1, law);
    let [left, right] = edges(spacing, thickness);
    specimen.hold(&left, 1.0, [1.0, 1.0, 0.0]);
    // The faces are free; the plane in their middle does not leave itself.
    let middle: Vec<Point> = [0.0, 12.0, 24.0, 36.0, 48.0]
        .iter()
        .flat_map(|x| {
            [0.1, 0.5, 0.9]
                .map(|t| [*x, x / 48.0 * 44.0 + t * (44.0 - x / 48.0 * 28.0), 0.5 * thickness])
        })
        .collect();
    specimen.anchor(&middle, [0.0, 0.0, spacing]);
    let scale = 1e-4;
    let traction = scale / 16.0;
    let loads = specimen.loads(&right, |_, _| [0.0, traction, 0.0]);
    let mut experiment = Experiment::new(case, specimen);
    experiment.control.loads = loads;
    experiment.settle();
    // The reference is that of the loaded edge's middle; its upper corner goes 5 % further.
    let u = experiment.displacement_at([48.0, 52.0, 0.5 * thickness])[1] / scale;
    let row = Row::new(
        case,
        "cook-linear",
        "Cook's membrane, linear plane stress: u_y at (48, 52)",
        u,
        23.96,
        "mm",
        "Cook 1974",
    );
    vec![row.of(&experiment).note("one cell thick, faces free")]
}

/// Plane strain, nearly incompressible neo-Hookean: μ = 80.1938, κ = 400,942, a dead shear force of 100 [Simo and Armero 1992b].
pub fn neo_hookean(case: Case) -> Vec<Row> {
    let spacing = case.spacing([0.6, 0.4, 0.6, 0.4]);
    let (mu, kappa) = (80.1938, 400_942.0);
    let poisson = (3.0 * kappa - 2.0 * mu) / (2.0 * (3.0 * kappa + mu));
    let young: f64 = 2.0 * mu * (1.0 + poisson);
    let law = Law::NeoHookean { young: young as f32, poisson: 0.4999 };
    let (mut specimen, thickness) = panel(case, spacing, 1, law);
    let [left, right] = edges(spacing, thickness);
    specimen.hold(&left, young, [1.0, 1.0, 0.0]);
    specimen.hold_nodes(young, |_| Some([0.0, 0.0, 1.0]));
    let mut experiment = Experiment::new(case, specimen);
    for part in 1..=4 {
        let traction = 25.0 * f64::from(part) / 16.0;
        experiment.control.loads = experiment.specimen.loads(&right, |_, _| [0.0, traction, 0.0]);
        experiment.settle();
    }
    let u = experiment.displacement_at([48.0, 60.0, 0.5 * thickness])[1];
    let row = Row::new(
        case,
        "cook-neo-hookean",
        "Cook's membrane, nearly incompressible neo-Hookean, plane strain: u_y at (48, 60)",
        u,
        6.93,
        "mm",
        "Simo and Armero 1992",
    );
    vec![row.of(&experiment).note("one cell thick, held across")]
}
