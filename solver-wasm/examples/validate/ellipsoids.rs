//! The truncated ellipsoid of [Land et al. 2015], problems 2 and 3.

use std::f64::consts::{FRAC_PI_2, TAU};

use solver_wasm::scene::Law;

use crate::{
    patch::Patch,
    row::{Case, Row},
    specimen::{Experiment, Frame, Point, Specimen},
};

/// Half axes across and along z [mm], inside; outside both are longer by [`WALL`].
const ACROSS: f64 = 7.0;
const ALONG: f64 = 17.0;
const WALL: f64 = 3.0;
/// Height of the base [mm].
const BASE: f64 = 5.0;

/// Depth in the wall: 0 inside, 1 outside. The surfaces between are ellipsoids with half axes 7 + 3 t and 17 + 3 t.
fn depth(p: Point) -> f64 {
    let level = |t: f64| {
        let (a, c) = (ACROSS + WALL * t, ALONG + WALL * t);
        (p[0] * p[0] + p[1] * p[1]) / (a * a) + p[2] * p[2] / (c * c) - 1.0
    };
    let (mut low, mut high) = (-1.0, 2.0);
    for _ in 0..40 {
        let t = 0.5 * (low + high);
        if level(t) > 0.0 {
            low = t;
        } else {
            high = t;
        }
    }
    low
}

/// A surface of the wall from apex to base, over the angle `around`; its outside away from the axis or towards it.
fn shell(t: f64, around: f64, step: f64, outwards: bool) -> Patch {
    let (a, c) = (ACROSS + WALL * t, ALONG + WALL * t);
    let end = (-BASE / c).acos();
    let counts = [around * a, end * 0.5 * (a + c)].map(|length| (length / step).ceil() as usize);
    Patch::mapped(counts, |u, v| {
        let phi = around * if outwards { u } else { 1.0 - u };
        let theta = end * v;
        [a * theta.sin() * phi.cos(), a * theta.sin() * phi.sin(), -c * theta.cos()]
    })
}

/// The ring at the base.
fn base(around: f64, step: f64) -> Patch {
    let radius = |t: f64| {
        let c: f64 = ALONG + WALL * t;
        (ACROSS + WALL * t) * (1.0 - (BASE / c).powi(2)).sqrt()
    };
    let (inner, outer) = (radius(0.0), radius(1.0));
    let counts = [outer - inner, around * outer].map(|length| (length / step).ceil() as usize);
    Patch::mapped(counts, |u, v| {
        let (r, phi) = (inner + u * (outer - inner), around * v);
        [r * phi.cos(), r * phi.sin(), BASE]
    })
}

/// The ventricle: a quarter with its planes of symmetry held, or the whole.
fn ventricle(case: Case, spacing: f64, law: Law, whole: bool, modulus: f64) -> (Specimen, Patch) {
    let (across, along) = (ACROSS + WALL, ALONG + WALL);
    let low = if whole { -across } else { 0.0 };
    let bounds = [[low, low, -along], [across, across, BASE]];
    let mut specimen =
        Specimen::new(Frame::of(case), spacing, law, bounds, |p| (0.0..=1.0).contains(&depth(p)));
    let around = if whole { TAU } else { FRAC_PI_2 };
    specimen.clamp(&base(around, 0.5 * spacing), modulus);
    if !whole {
        let on_plane = |x: f64| if x.abs() < 1e-3 * spacing { 1.0 } else { 0.0 };
        specimen.hold_nodes(modulus, |[x, y, _]| {
            let axes = [on_plane(x), on_plane(y), 0.0];
            axes.contains(&1.0).then_some(axes)
        });
    }
    let inside = shell(0.0, around, 0.5 * spacing, false);
    (specimen, inside)
}

/// Fibres and normals of the wall at a place: fibres turn from +90° inside to −90° outside, measured from the direction
/// around the axis towards the base [Land et al. 2015, problem 3].
fn fibres(p: Point) -> [Point; 2] {
    let t = depth(p).clamp(0.0, 1.0);
    let (a, c) = (ACROSS + WALL * t, ALONG + WALL * t);
    let r = p[0].hypot(p[1]).max(1e-9);
    // On the axis any way round will do.
    let (sin, cos) = p[1].atan2(p[0]).sin_cos();
    // Along the meridian to the base: the derivative by θ of (a sin θ, −c cos θ).
    let (dr, dz) = (a * -p[2] / c, c * r / a);
    let length = dr.hypot(dz);
    let up = [dr / length * cos, dr / length * sin, dz / length];
    let round = [-sin, cos, 0.0];
    let angle = FRAC_PI_2 * (1.0 - 2.0 * t);
    let fibre = std::array::from_fn(|i| up[i] * angle.sin() + round[i] * angle.cos());
    let normal = [dz / length * cos, dz / length * sin, -dr / length];
    [fibre, normal]
}

/// A direction pair for each cell, where its samples are.
fn lay_fibres(specimen: &mut Specimen) {
    let frame = specimen.frame;
    let fibres = (0..specimen.scene.lattice.cells.len())
        .map(|cell| {
            let pair = fibres(specimen.centroid(cell));
            pair.map(|d| frame.world(d).map(|x| x as f32))
        })
        .collect();
    specimen.scene.fibres = fibres;
}

/// Rows of both apices.
fn apices(
    case: Case,
    id: &str,
    title: &str,
    experiment: &Experiment,
    reference: [f64; 2],
) -> Vec<Row> {
    [("inside", ALONG), ("outside", ALONG + WALL)]
        .into_iter()
        .zip(reference)
        .map(|((side, at), reference)| {
            let z = experiment.position([0.0, 0.0, -at])[2];
            let share = 100.0 * ((z + at) / (reference + at) - 1.0);
            Row::new(
                case,
                &format!("{id}-{side}"),
                format!("{title}: z of the apex, {side}"),
                z,
                reference,
                "mm",
                "Land et al. 2015",
            )
            .of(experiment)
            .note(format!("error of the displacement {share:.2} %"))
        })
        .collect()
}

/// Problem 2: isotropic, 10 kPa inside.
pub fn inflation(case: Case) -> Vec<Row> {
    let bulk = 5e3;
    let law = Law::Guccione { c: 10.0, fibre: 1.0, transverse: 1.0, shear: 1.0, bulk };
    let spacing = case.spacing([0.6, 0.4, 1.1, 0.7]);
    let whole = case.is_angled();
    let (mut specimen, inside) = ventricle(case, spacing, law, whole, 10.0);
    lay_fibres(&mut specimen);
    specimen.surface(&inside);
    let mut experiment = Experiment::new(case, specimen);
    for part in 1..=10 {
        experiment.control.pressures = vec![part as f32];
        experiment.settle();
    }
    let title = "Land 2015, problem 2: inflation of a ventricle";
    let mut rows = apices(case, "land-2", title, &experiment, [-26.61, -28.28]);
    let moved: Vec<Point> = inside.points.iter().map(|p| experiment.position(*p)).collect();
    let volume = inside.cone(&moved, [0.0, 0.0, BASE]) * if whole { 1.0 } else { 4.0 };
    let title = "Land 2015, problem 2: inflation of a ventricle: volume of the cavity";
    let row = Row::new(case, "land-2-cavity", title, volume, 10_734.0, "mm³", "Land et al. 2015");
    rows.push(row.of(&experiment));
    rows.into_iter().map(|row| row.note(format!("bulk modulus {bulk} kPa"))).collect()
}

/// Problem 3: fibres, 15 kPa inside, active stress of 60 kPa.
pub fn contraction(case: Case) -> Vec<Row> {
    let bulk = 4e3;
    let law = Law::Guccione { c: 2.0, fibre: 8.0, transverse: 2.0, shear: 4.0, bulk };
    let spacing = case.spacing([0.8, 0.6, 0.8, 0.5]);
    let (mut specimen, inside) = ventricle(case, spacing, law, true, 60.0);
    lay_fibres(&mut specimen);
    specimen.scene.materials[0].active = 60.0;
    specimen.surface(&inside);
    let mut experiment = Experiment::new(case, specimen);
    for part in 1..=10 {
        experiment.control.pressures = vec![1.5 * part as f32];
        experiment.control.activation = 0.1 * part as f32;
        experiment.settle();
    }
    let title = "Land 2015, problem 3: contraction of a ventricle";
    apices(case, "land-3", title, &experiment, [-12.34, -15.45])
        .into_iter()
        .map(|row| row.note(format!("bulk modulus {bulk} kPa")))
        .collect()
}
