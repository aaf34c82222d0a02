//! What holds whatever the body: patch test, freedom of rigid rotation, order of refinement.

use std::f64::consts::PI;

use nalgebra::{Matrix3, Rotation3, Unit, Vector3};
use solver_wasm::{
    control::Load,
    real::{Lanes, Real, length_squared, node_vector},
    scene::Law,
};

use crate::{
    patch::norm,
    row::{Case, Row},
    specimen::{Experiment, Frame, Point, Specimen},
};

const SOFT: Law = Law::NeoHookean { young: 5.0, poisson: 0.45 };

/// Numbers in [−½, ½] from a linear congruence: the same everywhere.
struct Noise(u32);

impl Noise {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(self.0 >> 8) / f64::from(1 << 24) - 0.5
    }

    fn matrix(&mut self, size: f64) -> Matrix3<f64> {
        Matrix3::from_fn(|_, _| size * self.next())
    }
}

/// Nodal displacements of the map x = F X.
fn affine(specimen: &Specimen, f: &Matrix3<f64>) -> Vec<Lanes> {
    let lattice = &specimen.scene.lattice;
    lattice
        .nodes
        .iter()
        .map(|n| {
            let place = |i: usize| {
                f64::from(lattice.origin[i]) + f64::from(lattice.spacing) * f64::from(n[i])
            };
            let x = Vector3::from_fn(|i, _| place(i));
            let u = f * x - x;
            #[allow(clippy::unnecessary_cast)]
            node_vector([u.x as Real, u.y as Real, u.z as Real])
        })
        .collect()
}

fn largest(vectors: impl Iterator<Item = Lanes>) -> f64 {
    vectors.map(|v| f64::from(length_squared(v))).fold(0.0, f64::max).sqrt()
}

/// What an invariant may miss, in per cent of what it is compared with: the rounding of the build.
fn rounding() -> f64 {
    100.0 * if size_of::<Real>() == 4 { 1e-5 } else { 1e-10 }
}

/// A random affine field on whole cells: the forces on inner nodes against those on the surface [Irons and Razzaque 1972].
pub fn patch_test(case: Case) -> Vec<Row> {
    let counts = [5_u16, 4, 6];
    let specimen = Specimen::block(Frame::of(case), 2.0, SOFT, counts.map(|n| 2.0 * f64::from(n)));
    let mut experiment = Experiment::new(case, specimen);
    let mut noise = Noise(7);
    let mut worst: f64 = 0.0;
    for _ in 0..8 {
        // Multiples of 1/64 of even coordinates: the displacements are exact, only the solver rounds.
        let change = noise.matrix(0.4).map(|x| (64.0 * x).round() / 64.0);
        let u = affine(&experiment.specimen, &(Matrix3::identity() + change));
        let mut force = u.clone();
        experiment.solver.potential(&u, &mut force);
        let nodes = &experiment.specimen.scene.lattice.nodes;
        let inside = |n: &[u16; 3]| (0..3).all(|i| n[i] > 0 && n[i] < counts[i]);
        let part = |inner: bool| {
            largest(force.iter().zip(nodes).filter(|(_, n)| inside(n) == inner).map(|(f, _)| *f))
        };
        worst = worst.max(part(true) / part(false));
    }
    let title = "Patch test, eight random affine fields: inner forces over surface forces";
    let row = Row::new(case, "patch-test", title, worst, 0.0, "", "Irons and Razzaque 1972");
    vec![row.within(rounding()).of(&experiment)]
}

/// A rotation by 90° and a random one: energy and force against those of a strain of 10 %.
pub fn rotation(case: Case) -> Vec<Row> {
    let specimen =
        Specimen::new(Frame::of(case), 4.0, SOFT, [[-18.0; 3], [18.0; 3]], |p| norm(p) <= 18.0);
    let mut experiment = Experiment::new(case, specimen);
    let mut force = experiment.state.displacements.clone();
    let mut measure = |f: &Matrix3<f64>| {
        let u = affine(&experiment.specimen, f);
        let energy = experiment.solver.potential(&u, &mut force);
        (energy, largest(force.iter().copied()))
    };
    let (energy, scale) = measure(&(Matrix3::identity() * 1.1));
    let quarter = Rotation3::from_axis_angle(&Vector3::z_axis(), 0.5 * PI);
    let axis = Unit::new_normalize(Vector3::new(0.3, -0.8, 0.5));
    let random = Rotation3::from_axis_angle(&axis, 2.1);
    let source = "frame indifference";
    let mut rows = Vec::new();
    for (id, name, turn) in [("90", "90°", quarter), ("random", "a random angle", random)] {
        let (e, f) = measure(turn.matrix());
        for (what, value) in [("energy", (e / energy).abs()), ("force", f / scale)] {
            let title = format!("Rotation by {name}: {what} over that of a strain of 10 %");
            let row =
                Row::new(case, &format!("rotation-{id}-{what}"), title, value, 0.0, "", source);
            // Forces carry the rounding of the displacements once, and cells of a single sample make them small.
            rows.push(row.within(10.0 * rounding()));
        }
    }
    rows.into_iter().map(|row| row.of(&experiment)).collect()
}

/// Order at which the displacement converges to a manufactured solution: u = a sin πx sin πy sin πz on a clamped cube.
pub fn refinement(case: Case) -> Vec<Row> {
    let (edge, young, poisson, size) = (8.0, 10.0, 0.3, 1e-3);
    let (mu, lambda) = (
        young / (2.0 * (1.0 + poisson)),
        young * poisson / ((1.0 + poisson) * (1.0 - 2.0 * poisson)),
    );
    let a = [1.0, -0.5, 0.7];
    let k = PI / edge;
    let exact = |p: Point| {
        let product = p.iter().map(|x| (k * x).sin()).product::<f64>();
        a.map(|a| size * a * product)
    };
    // −div σ = −μ Δu − (λ + μ) ∇ div u.
    let body_force = |p: Point| -> Point {
        let (s, c) = (p.map(|x| (k * x).sin()), p.map(|x| (k * x).cos()));
        std::array::from_fn(|i| {
            let (j, l) = ((i + 1) % 3, (i + 2) % 3);
            let laplacian = -3.0 * a[i] * s[0] * s[1] * s[2];
            let grad_div =
                -a[i] * s[0] * s[1] * s[2] + a[j] * c[i] * c[j] * s[l] + a[l] * c[i] * c[l] * s[j];
            -size * k * k * (mu * laplacian + (lambda + mu) * grad_div)
        })
    };
    let law = Law::NeoHookean { young: young as f32, poisson: poisson as f32 };
    let mut errors = Vec::new();
    let mut last = None;
    for spacing in case.pick([1.0, 0.5], [0.5, 0.25]) {
        let mut specimen = Specimen::block(Frame::of(case), spacing, law, [edge; 3]);
        let near = |x: f64| x < 1e-3 || x > edge - 1e-3;
        specimen.hold_nodes(young, |p| p.iter().any(|x| near(*x)).then_some([1.0; 3]));
        // Two Gauss points along each axis of a cell.
        let gauss = [0.5 - 0.5 / 3_f64.sqrt(), 0.5 + 0.5 / 3_f64.sqrt()];
        let count = (edge / spacing) as usize * 2;
        let place = |i: usize| (f64::from((i / 2) as u32) + gauss[i % 2]) * spacing;
        let points: Vec<_> = (0..count.pow(3))
            .map(|i| [i % count, i / count % count, i / count / count].map(place))
            .map(|p| (p, specimen.point(p)))
            .collect();
        let weight = (spacing / 2.0).powi(3);
        let loads = points
            .iter()
            .map(|(p, point)| Load {
                point: *point,
                force: body_force(*p).map(|f| (f * weight) as f32),
            })
            .collect();
        let mut experiment = Experiment::new(case, specimen);
        experiment.control.loads = loads;
        experiment.settle();
        let (mut difference, mut whole) = (0.0, 0.0);
        for (p, point) in &points {
            let (u, exact) = (experiment.displacement(point), exact(*p));
            difference += (0..3).map(|i| (u[i] - exact[i]).powi(2)).sum::<f64>();
            whole += exact.iter().map(|x| x * x).sum::<f64>();
        }
        errors.push((difference / whole).sqrt());
        last = Some(experiment);
    }
    let order = (errors[0] / errors[1]).log2();
    let title = "Order of refinement of the displacement, manufactured solution on a clamped cube";
    let mut row =
        Row::new(case, "refinement-order", title, order, 2.0, "", "order of a trilinear element");
    // More than second order is no error.
    row.error_percent = row.error_percent.map(|error| error.min(0.0));
    let note = format!("errors {:.3} % and {:.3} %", 100.0 * errors[0], 100.0 * errors[1]);
    let row = row.within(5.0).note(note);
    vec![match last {
        Some(experiment) => row.of(&experiment),
        None => row,
    }]
}
