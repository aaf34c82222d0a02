//! Thick spheres, 10 mm inside and 20 mm outside: an octant along the lattice, or half a sphere across it.

use std::f64::consts::{FRAC_PI_2, TAU};

use solver_wasm::scene::Law;

use crate::{
    bars::load_at,
    patch::{Patch, norm},
    row::{Case, Row},
    specimen::{Experiment, Frame, Point, Specimen},
};

const INNER: f64 = 10.0;
const OUTER: f64 = 20.0;

/// The sphere with its planes of symmetry held, and its inner surface.
fn sphere(case: Case, spacing: f64, young: f64, poisson: f64) -> (Specimen, Patch) {
    let low = if case.is_angled() { [-OUTER, -OUTER, 0.0] } else { [0.0; 3] };
    let law = Law::NeoHookean { young: young as f32, poisson: poisson as f32 };
    let mut specimen = Specimen::new(Frame::about_z(case), spacing, law, [low, [OUTER; 3]], |p| {
        (INNER..=OUTER).contains(&norm(p))
    });
    let on_plane = |x: f64| if x.abs() < 1e-3 * spacing { 1.0 } else { 0.0 };
    if case.is_angled() {
        specimen.hold_nodes(young, |p| (on_plane(p[2]) > 0.0).then_some([0.0, 0.0, 1.0]));
        // Points on the lattice's axes, held across them: by symmetry they do not move that way.
        let stiffness = young * spacing;
        for at in [15.0, -15.0] {
            let [x, y] = [[at, 0.0, 0.0], [0.0, at, 0.0]].map(|p| specimen.frame.body(p));
            specimen.anchor(&[x], [0.0, stiffness, 0.0]);
            specimen.anchor(&[y], [stiffness, 0.0, 0.0]);
        }
    } else {
        specimen.hold_nodes(young, |p| {
            let axes = p.map(on_plane);
            axes.contains(&1.0).then_some(axes)
        });
    }
    let around = if case.is_angled() { TAU } else { FRAC_PI_2 };
    let steps = |angle: f64| (angle * INNER / (0.5 * spacing)).ceil() as usize;
    let inside = Patch::mapped([steps(around), steps(FRAC_PI_2)], |u, v| {
        let (phi, theta) = (u * around, v * FRAC_PI_2);
        // Out of the tissue is towards the centre.
        [theta.sin() * phi.cos(), theta.sin() * phi.sin(), theta.cos()].map(|x| INNER * x)
    });
    (specimen, inside)
}

/// Unit vector away from the centre.
fn away(p: Point) -> Point {
    p.map(|x| x / norm(p))
}

/// Mean radial displacement of the inner surface [mm].
fn opening(experiment: &Experiment, inside: &Patch) -> f64 {
    experiment.mean(inside, |p, u| away(p).iter().zip(u).map(|(n, u)| n * u).sum())
}

/// Lamé's sphere [Lamé 1852]: E = 10 kPa, 1 kPa inside; a thousandth of the load, its effect scaled up.
pub fn lame(case: Case) -> Vec<Row> {
    let spacing = case.spacing([1.0, 0.5, 1.6, 0.8]);
    let scale = 1e-3;
    [(0.45, 0.84286), (0.49, 0.85429), (0.499, 0.85686)]
        .into_iter()
        .map(|(poisson, reference)| {
            let (specimen, inside) = sphere(case, spacing, 10.0, poisson);
            let loads = specimen.loads(&inside, |p, _| away(p).map(|x| x * scale));
            let mut experiment = Experiment::new(case, specimen);
            experiment.control.loads = loads;
            experiment.settle();
            Row::new(
                case,
                &format!("lame-sphere-{poisson}"),
                format!("Lamé's thick sphere under pressure, ν = {poisson}: u(a)"),
                opening(&experiment, &inside) / scale,
                reference,
                "mm",
                "Lamé 1852",
            )
            .of(&experiment)
        })
        .collect()
}

/// Pressure over μ that opens an incompressible neo-Hookean sphere of B/A = 2 by the stretch `a` [Green and Zerna 1968].
fn pressure(a: f64) -> f64 {
    let b = (1.0 + (a.powi(3) - 1.0) / 8.0).cbrt();
    let branch = |stretch: f64| 4.0 / stretch + stretch.powi(-4);
    0.5 * (branch(b) - branch(a))
}

/// Inflation to 1.1, 1.5 and 2. By symmetry a dead radial load of P λ² a unit of rest area is the pressure P, and unlike a
/// pressure it is stable beyond the greatest one.
pub fn inflation(case: Case) -> Vec<Row> {
    let spacing = case.spacing([1.0, 0.5, 1.6, 0.8]);
    let mu = 10.0;
    let (specimen, inside) = sphere(case, spacing, 2.998 * mu, 0.499);
    let mut experiment = Experiment::new(case, specimen);
    let mut rows = Vec::new();
    let mut start = 1.0;
    for (stretch, reference) in [(1.1, 0.28716), (1.5, 0.75543), (2.0, 0.80693)] {
        let load = load_at(
            start,
            stretch,
            |a| pressure(a) * a * a,
            |load| {
                experiment.control.loads =
                    experiment.specimen.loads(&inside, |p, _| away(p).map(|x| x * mu * load));
                experiment.settle();
                1.0 + opening(&experiment, &inside) / INNER
            },
        );
        start = stretch;
        let row = Row::new(
            case,
            &format!("sphere-inflation-{stretch}"),
            format!("Thick neo-Hookean sphere, inner radius × {stretch}: P/μ"),
            load / (stretch * stretch),
            reference,
            "",
            "Green and Zerna 1968",
        );
        rows.push(row.of(&experiment).note("ν = 0.499"));
    }
    rows
}
