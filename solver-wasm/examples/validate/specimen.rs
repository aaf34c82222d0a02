//! A body described once, in its own space, sampled into a lattice along its axes or at an angle, and loaded.

use std::sync::Arc;

use nalgebra::{Matrix3, Rotation3, Unit, Vector3};
use solver_wasm::{
    control::{Control, Load},
    embed::LatticeIndex,
    lattice::{Embedding, Lattice},
    model::Model,
    newton::Effort,
    real::Real,
    scene::{Law, Material, Scene, Support, Surface},
    state::State,
    step::Solver,
};

use crate::{
    patch::{Patch, norm},
    row::{Case, Resolution},
};

/// A place or a direction in the body's space [mm].
pub type Point = [f64; 3];

/// Density of soft tissue [kg/mm³].
pub const DENSITY: f64 = 1.06e-6;

/// Stiffness of a held face: this many times the stiffness of a layer one cell thick.
///
/// Aligned, the face consists of cell faces and may be as hard as f32 bears. Inside of partly filled cells a hard constraint
/// would hold more than the face: a trilinear field that vanishes on an oblique plane cannot bend there. The spring's own
/// stretch is that of a layer of h/20 and vanishes with h.
const HARD: f64 = 1e3;
const HARD_INSIDE: f64 = 20.0;

/// Unbalanced force, over what acts, of a solution that is good enough to be measured.
const BALANCED: f64 = 5e-4;

/// Where the body lies in the lattice.
#[derive(Clone, Copy, Debug)]
pub struct Frame {
    world_from_body: Matrix3<f64>,
    /// Of the lattice's origin against the body, in cells.
    shift: Point,
}

impl Frame {
    /// Along the lattice, or turned by 0.7 rad about (1, 2, 3).
    pub fn of(case: Case) -> Self {
        Self::turned(case, [1.0, 2.0, 3.0], 0.7, [0.37, 0.61, 0.23])
    }

    /// Along the lattice, or turned by 0.4 rad about z: for bodies that are held along z only.
    pub fn about_z(case: Case) -> Self {
        Self::turned(case, [0.0, 0.0, 1.0], 0.4, [0.37, 0.61, 0.0])
    }

    fn turned(case: Case, axis: Point, angle: f64, shift: Point) -> Self {
        if !case.is_angled() {
            return Self { world_from_body: Matrix3::identity(), shift: [0.0; 3] };
        }
        let axis = Unit::new_normalize(Vector3::from(axis));
        Self { world_from_body: *Rotation3::from_axis_angle(&axis, angle).matrix(), shift }
    }

    fn is_aligned(&self) -> bool {
        self.shift == [0.0; 3]
    }

    /// From the body's space to the lattice's.
    pub fn world(&self, p: Point) -> Point {
        (self.world_from_body * Vector3::from(p)).into()
    }

    /// From the lattice's space to the body's.
    pub fn body(&self, p: Point) -> Point {
        (self.world_from_body.transpose() * Vector3::from(p)).into()
    }
}

/// A body in its lattice.
#[derive(Clone, Debug)]
pub struct Specimen {
    /// How it lies there.
    pub frame: Frame,
    /// Edge of a cell [mm].
    pub spacing: f64,
    /// What is simulated.
    pub scene: Scene,
    index: LatticeIndex,
}

impl Specimen {
    /// Sample `inside` (body space, within `bounds`) into cells of edge `spacing` [mm].
    pub fn new(
        frame: Frame,
        spacing: f64,
        law: Law,
        bounds: [Point; 2],
        inside: impl Fn(Point) -> bool,
    ) -> Self {
        let [mut low, mut high] = [[f64::INFINITY; 3], [f64::NEG_INFINITY; 3]];
        for corner in 0..8 {
            let p = frame.world([0, 1, 2].map(|i| bounds[corner >> i & 1][i]));
            for i in 0..3 {
                low[i] = low[i].min(p[i]);
                high[i] = high[i].max(p[i]);
            }
        }
        let origin: Point = std::array::from_fn(|i| low[i] - spacing * frame.shift[i]);
        let counts = [0, 1, 2].map(|i| ((high[i] - origin[i]) / spacing - 1e-4).ceil() as u16);
        let within = |p: &Point| (0..3).all(|i| (bounds[0][i]..=bounds[1][i]).contains(&p[i]));
        let lattice = Lattice::sampled(origin.map(|x| x as f32), spacing as f32, counts, |p| {
            let p = frame.body(p.map(f64::from));
            within(&p) && inside(p)
        });
        let index = LatticeIndex::new(&lattice);
        let materials = vec![Material::of(law, DENSITY as f32)];
        Self { frame, spacing, scene: Scene { lattice, materials, ..Scene::default() }, index }
    }

    /// A box from the origin to `size` [mm].
    pub fn block(frame: Frame, spacing: f64, law: Law, size: Point) -> Self {
        Self::new(frame, spacing, law, [[0.0; 3], size], |_| true)
    }

    /// The material point at a place of the body.
    pub fn point(&self, p: Point) -> Embedding {
        let world = self.frame.world(p).map(|x| x as f32);
        self.index.embed(0, world).unwrap_or_else(|| panic!("{p:?} is not in the body"))
    }

    /// Rest position of a material point in the body's space [mm].
    pub fn place(&self, point: &Embedding) -> Point {
        self.frame.body(self.scene.lattice.rest_position(point).map(f64::from))
    }

    /// Centroid of a cell's samples in the body's space [mm].
    pub fn centroid(&self, cell: usize) -> Point {
        let samples = self.scene.lattice.cells[cell].samples;
        let mut sum = [0.0_f32; 3];
        for s in (0..64).filter(|s| samples >> s & 1 == 1) {
            for (sum, k) in sum.iter_mut().zip([s & 3, s >> 2 & 3, s >> 4]) {
                *sum += (k as f32 + 0.5) / 4.0;
            }
        }
        let local = sum.map(|x| x / samples.count_ones() as f32);
        self.place(&Embedding { cell: cell as u32, local })
    }

    /// Clamp a face of tissue with the given modulus [kPa].
    pub fn clamp(&mut self, face: &Patch, modulus: f64) {
        self.hold(face, modulus, [1.0; 3]);
    }

    /// Hold a face along some of the lattice's axes.
    pub fn hold(&mut self, face: &Patch, modulus: f64, axes: Point) {
        let hard = if self.frame.is_aligned() { HARD } else { HARD_INSIDE };
        let stiffness = hard * modulus / self.spacing;
        for (p, area) in face.points.iter().zip(face.areas()) {
            let stiffness = axes.map(|axis| (axis * stiffness * norm(area)) as f32);
            self.scene.supports.push(Support { point: self.point(*p), stiffness });
        }
    }

    /// Hold the nodes that `pick` chooses by their place, along the lattice's axes that it gives.
    pub fn hold_nodes(&mut self, modulus: f64, pick: impl Fn(Point) -> Option<Point>) {
        let lattice = &self.scene.lattice;
        let mut points = vec![None; lattice.nodes.len()];
        for (i, cell) in lattice.cells.iter().enumerate() {
            for (c, node) in cell.nodes.iter().enumerate() {
                let local = [c & 1, c >> 1 & 1, c >> 2].map(|x| x as f32);
                points[*node as usize] = Some(Embedding { cell: i as u32, local });
            }
        }
        for point in points.into_iter().flatten() {
            if let Some(axes) = pick(self.place(&point)) {
                let stiffness = axes.map(|axis| (axis * HARD * modulus * self.spacing) as f32);
                self.scene.supports.push(Support { point, stiffness });
            }
        }
    }

    /// Keep a body that is in balance from floating away: springs too weak to bear a load [mN/mm].
    pub fn anchor(&mut self, places: &[Point], stiffness: Point) {
        for p in places {
            let stiffness = stiffness.map(|k| k as f32);
            self.scene.supports.push(Support { point: self.point(*p), stiffness });
        }
    }

    /// Embed a face for pressures; its index.
    pub fn surface(&mut self, face: &Patch) -> usize {
        let points = face.points.iter().map(|p| self.point(*p)).collect();
        self.scene.surfaces.push(Surface { points, triangles: face.triangles.clone() });
        self.scene.surfaces.len() - 1
    }

    /// Dead loads on a face: `traction` [kPa] at a place with a normal, body space.
    pub fn loads(&self, face: &Patch, traction: impl Fn(Point, Point) -> Point) -> Vec<Load> {
        face.points
            .iter()
            .zip(face.areas())
            .filter(|(_, area)| norm(*area) > 0.0)
            .map(|(p, area)| {
                let size = norm(area);
                let force = traction(*p, area.map(|a| a / size)).map(|t| t * size);
                let force = self.frame.world(force).map(|f| f as f32);
                Load { point: self.point(*p), force }
            })
            .collect()
    }
}

/// A solver for a scene that is known to be sound.
fn solver(scene: &Scene) -> Solver {
    let model = Model::new(scene).unwrap_or_else(|error| panic!("{error}"));
    Solver::new(Arc::new(model))
}

/// A specimen under load.
#[derive(Debug)]
pub struct Experiment {
    /// What is loaded.
    pub specimen: Specimen,
    /// Where it is.
    pub state: State,
    /// What acts.
    pub control: Control,
    /// What moves it.
    pub solver: Solver,
    /// How hard it is worked on.
    pub effort: Effort,
    trouble: Option<String>,
}

impl Experiment {
    /// At rest, without load. Fine solutions are worked on until the solver's part of the error cannot be seen.
    pub fn new(case: Case, specimen: Specimen) -> Self {
        let solver = solver(&specimen.scene);
        let fine = Effort {
            newton: 200,
            cg: 120,
            cg_tolerance: 3e-3,
            tolerance: 1e-6,
            ..Effort::ACCURATE
        };
        Self {
            specimen,
            state: State::at_rest(solver.model()),
            control: Control::default(),
            solver,
            effort: match case.resolution {
                Resolution::Fine if size_of::<Real>() == 8 => fine,
                _ => Effort::ACCURATE,
            },
            trouble: None,
        }
    }

    /// Change gravity [mm/s²], body space, and leave the body where it is.
    pub fn set_gravity(&mut self, gravity: Point) {
        self.specimen.scene.gravity = self.specimen.frame.world(gravity).map(|g| g as f32);
        self.solver = solver(&self.specimen.scene);
    }

    /// Find the equilibrium under what acts now, from where the body is.
    pub fn settle(&mut self) {
        let report = self.solver.settle(&mut self.state, &self.control, &self.effort);
        eprintln!(
            "    {} cells: {} Newton, {} CG, residual {:.1e}",
            self.cell_count(),
            report.newton_iterations,
            report.cg_iterations,
            report.residual
        );
        // What counts is the last load; those on the way to it only lead there. Forces that balance to this do not show in
        // a row of one per cent, whether or not rounding lets the solver call it done.
        let balanced = report.converged || report.residual < BALANCED;
        let found = balanced && report.roll_backs == 0;
        self.trouble = (!found).then(|| format!("not converged, residual {:.1e}", report.residual));
    }

    /// Number of cells.
    pub fn cell_count(&self) -> usize {
        self.specimen.scene.lattice.cells.len()
    }

    /// What went wrong, if something did.
    pub fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }

    /// Displacement of a material point in the body's space [mm].
    pub fn displacement(&self, point: &Embedding) -> Point {
        let u = self.specimen.scene.lattice.displacement(&self.state.displacements, point);
        let [x, y, z, _] = u.to_array().map(f64::from);
        self.specimen.frame.body([x, y, z])
    }

    /// Displacement at a place of the body, in its space [mm].
    pub fn displacement_at(&self, place: Point) -> Point {
        self.displacement(&self.specimen.point(place))
    }

    /// Where a place of the body has come to, in its space [mm].
    pub fn position(&self, place: Point) -> Point {
        let u = self.displacement_at(place);
        std::array::from_fn(|i| place[i] + u[i])
    }

    /// Mean over a face of what `read` makes of place and displacement.
    pub fn mean(&self, face: &Patch, read: impl Fn(Point, Point) -> f64) -> f64 {
        let (mut sum, mut weight) = (0.0, 0.0);
        for (p, area) in face.points.iter().zip(face.areas()) {
            let area = norm(area);
            if area > 0.0 {
                sum += area * read(*p, self.displacement_at(*p));
                weight += area;
            }
        }
        sum / weight
    }
}
