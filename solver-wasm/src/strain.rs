//! Energies of material points that no closed form covers: fibres, exponentials, capsules, muscle.
//!
//! Such an energy is a function of the Green strain at a few points of a cell. The strain is taken as the mean one plus its
//! gradients, with the parts that make trilinear cells lock left out (assumed strain), so it is made of scalar products of the
//! cell's modes (see [`crate::modes`]) and a rotation costs nothing:
//!
//! E(ξ, η, ζ) = (FᵀF − I)/2 + ξ E_ξ + η E_η + ζ E_ζ,  F = (A, B, C),
//! E_ξ: yy = B·D, zz = C·F, 2yz = B·F + C·D;  E_η: xx = A·D, zz = C·E, 2zx = A·E + C·D;  E_ζ: xx = A·F, yy = B·E, 2xy = A·E + B·F,
//!
//! and the normal strain along the gradient's own axis follows as in plane stress, −ν/(1 − ν) times the sum of the two others.
//! Tissue has six points at ± √3 of the material's radius of gyration along the axes (exact for quadratic energies), a
//! membrane one on each patch of surface. The tangent is exact.

mod build;
#[cfg(feature = "gpu")]
mod door;
mod law;

use std::ops::Range;

use law::{StrainLaw, StrainResponse};

use crate::{
    hierarchy::Grid,
    material::{Surrogate, Tangent},
    modes::Modes,
    real::{LANES, Lanes, Real, Vector},
};

/// A symmetric tensor of four cells: xx, yy, zz, xy, yz, zx.
type Symmetric = [Lanes; 6];

/// Strain, or the stress that works on it: mean, and along ξ (yy, zz, 2yz), η (xx, zz, 2zx), ζ (xx, yy, 2xy).
#[derive(Clone, Copy, Debug, Default)]
struct StrainField {
    mean: Symmetric,
    xi: [Lanes; 3],
    eta: [Lanes; 3],
    zeta: [Lanes; 3],
}

/// One point in each of four cells.
#[derive(Clone, Debug)]
struct StrainPoint {
    /// From the material's centroid, local coordinates.
    local: Vector,
    /// Fraction of the cell's volume; zero for a cell without this point.
    weight: Lanes,
    /// Rows: fibre, sheet and normal.
    frame: [Vector; 3],
    laws: [StrainLaw; LANES],
    /// Greatest active stress along the fibre [kPa].
    active: Lanes,
}

/// Points of four cells.
#[derive(Clone, Debug)]
struct Group {
    /// Index into the grid's shapes.
    shape: u32,
    points: Range<u32>,
    /// ν/(1 − ν).
    lateral: Lanes,
    /// Material volume [mm³].
    volume: Lanes,
}

/// All points of a scene: static.
#[derive(Clone, Debug, Default)]
pub(crate) struct StrainPoints {
    groups: Vec<Group>,
    points: Vec<StrainPoint>,
}

/// Tangent of a point: dS = diagonal ∘ dE + Σ rank (rank : dE), in its frame.
#[derive(Clone, Copy, Debug, Default)]
struct PointTangent {
    frame: [Vector; 3],
    diagonal: Symmetric,
    ranks: [Symmetric; 2],
}

/// Stress and tangents at the last evaluation: scratch.
#[derive(Clone, Debug, Default)]
pub(crate) struct StrainState {
    stresses: Vec<StrainField>,
    tangents: Vec<PointTangent>,
}

impl StrainPoints {
    /// Does the scene have none?
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }
}

impl StrainState {
    /// Scratch for a scene's points.
    pub fn new(points: &StrainPoints) -> Self {
        Self {
            stresses: vec![StrainField::default(); points.groups.len()],
            tangents: vec![PointTangent::default(); points.points.len()],
        }
    }

    /// Add energy [mN mm] and forces [mN] at the displacements `u`, with muscle at `activation`; stiffen the preconditioner in
    /// `surrogates` by the mean of what the points add. Returns the energy and the sum of its parts' magnitudes.
    pub fn evaluate(
        &mut self,
        points: &StrainPoints,
        grid: &Grid,
        u: &[Lanes],
        activation: Real,
        gradient: &mut [Lanes],
        surrogates: &mut [Surrogate],
    ) -> (f64, f64) {
        let scale = mode_scale(grid);
        let (mut value, mut magnitude) = (0.0_f64, 0.0_f64);
        for (group, stress) in points.groups.iter().zip(&mut self.stresses) {
            let shape = &grid.shapes[group.shape as usize];
            let state = deformed(&shape.modes(u).map(|m| m * scale));
            let strain = StrainField::of(&state);
            *stress = StrainField::default();
            let mut energy = Lanes::default();
            let mut stiffness = Lanes::default();
            let range = group.points.start as usize..group.points.end as usize;
            for (point, tangent) in
                points.points[range.clone()].iter().zip(&mut self.tangents[range])
            {
                let e = rotate(&strain.at(point.local, group.lateral), &point.frame);
                let (own, mut s) = point.respond(&e, tangent);
                let pull = point.active * Lanes::splat(activation);
                s[0] += pull;
                energy += (own + pull * e[0]) * point.weight;
                let s = rotate_back(&s, &point.frame, &tangent.frame, pull);
                stress.add(&s, point.local, group.lateral, point.weight);
                tangent.scale(point.weight);
                stiffness += tangent.mean();
            }
            let weight = group.volume * scale;
            let force = stress.forces(&state).map(|f| f * weight);
            let force =
                [force[0], force[1], force[2], force[3], force[4], force[5], Vector::default()];
            shape.scatter(&shape.corner_forces(force), gradient);
            for energy in (energy * group.volume).to_array() {
                value += f64::from(energy);
                magnitude += f64::from(energy).abs();
            }
            // Tension stiffens sideways too.
            let tension =
                (stress.mean[0] + stress.mean[1] + stress.mean[2]) * Lanes::splat(1.0 / 3.0);
            let tension = tension.simd_gt(Lanes::default()).bitselect(tension, Lanes::default());
            let square = scale * scale * group.volume;
            surrogates[group.shape as usize].shear += (stiffness + tension) * square;
        }
        (value, magnitude)
    }

    /// out −= (stiffness of the points at the last evaluation) · v; `tangents` are the finest level's.
    pub fn subtract_product(
        &self,
        points: &StrainPoints,
        grid: &Grid,
        tangents: &[Tangent],
        v: &[Lanes],
        out: &mut [Lanes],
    ) {
        let square = mode_scale(grid) * mode_scale(grid);
        for (group, stress) in points.groups.iter().zip(&self.stresses) {
            let shape = &grid.shapes[group.shape as usize];
            let state = &tangents[group.shape as usize].state;
            let v = shape.modes(v);
            let v = [v[0], v[1], v[2], v[3], v[4], v[5]];
            let change = StrainField::change(state, &v);
            let mut response = StrainField::default();
            let range = group.points.start as usize..group.points.end as usize;
            for (point, tangent) in points.points[range.clone()].iter().zip(&self.tangents[range]) {
                let e = rotate(&change.at(point.local, group.lateral), &tangent.frame);
                let s = unrotate(&tangent.apply(&e), &tangent.frame);
                response.add(&s, point.local, group.lateral, Lanes::splat(1.0));
            }
            let weight = square * group.volume;
            let (own, geometric) = (response.forces(state), stress.forces(&v));
            let mut force = Modes::default();
            for i in 0..6 {
                force[i] = (own[i] + geometric[i]) * weight;
            }
            shape.scatter_negative(&shape.corner_forces(force), out);
        }
    }

    /// Leave out what may make the stiffness negative.
    pub fn clamp(&mut self) {
        let zero = Lanes::default();
        self.stresses.fill(StrainField::default());
        for k in self.tangents.iter_mut().flat_map(|t| &mut t.diagonal) {
            *k = k.simd_gt(zero).bitselect(*k, zero);
        }
    }
}

/// From sums over corners to gradient units.
fn mode_scale(grid: &Grid) -> Lanes {
    Lanes::splat((1.0 / (4.0 * grid.spacing)) as Real)
}

/// Deformed modes A … F from the displacement's.
fn deformed(h: &Modes) -> [Vector; 6] {
    let one = Lanes::splat(1.0);
    [
        Vector::new(h[0].x + one, h[0].y, h[0].z),
        Vector::new(h[1].x, h[1].y + one, h[1].z),
        Vector::new(h[2].x, h[2].y, h[2].z + one),
        h[3],
        h[4],
        h[5],
    ]
}

impl StrainField {
    fn of(state: &[Vector; 6]) -> Self {
        let [a, b, c, d, e, f] = *state;
        let (one, half) = (Lanes::splat(1.0), Lanes::splat(0.5));
        Self {
            mean: [
                (a.dot(a) - one) * half,
                (b.dot(b) - one) * half,
                (c.dot(c) - one) * half,
                a.dot(b) * half,
                b.dot(c) * half,
                c.dot(a) * half,
            ],
            xi: [b.dot(d), c.dot(f), b.dot(f) + c.dot(d)],
            eta: [a.dot(d), c.dot(e), a.dot(e) + c.dot(d)],
            zeta: [a.dot(f), b.dot(e), a.dot(e) + b.dot(f)],
        }
    }

    /// Directional derivative of [`StrainField::of`].
    fn change(state: &[Vector; 6], v: &[Vector; 6]) -> Self {
        let [a, b, c, d, e, f] = *state;
        let [va, vb, vc, vd, ve, vf] = *v;
        let half = Lanes::splat(0.5);
        let (bf, cd, ae) = (b.dot(vf) + vb.dot(f), c.dot(vd) + vc.dot(d), a.dot(ve) + va.dot(e));
        Self {
            mean: [
                a.dot(va),
                b.dot(vb),
                c.dot(vc),
                (a.dot(vb) + va.dot(b)) * half,
                (b.dot(vc) + vb.dot(c)) * half,
                (c.dot(va) + vc.dot(a)) * half,
            ],
            xi: [b.dot(vd) + vb.dot(d), c.dot(vf) + vc.dot(f), bf + cd],
            eta: [a.dot(vd) + va.dot(d), c.dot(ve) + vc.dot(e), ae + cd],
            zeta: [a.dot(vf) + va.dot(f), b.dot(ve) + vb.dot(e), ae + bf],
        }
    }

    /// The strain at a point.
    fn at(&self, local: Vector, lateral: Lanes) -> Symmetric {
        let half = Lanes::splat(0.5);
        let (x, y, z) = (local.x, local.y, local.z);
        let [m0, m1, m2, m3, m4, m5] = self.mean;
        let side = |g: &[Lanes; 3]| -(g[0] + g[1]) * lateral;
        [
            m0 + side(&self.xi) * x + self.eta[0] * y + self.zeta[0] * z,
            m1 + self.xi[0] * x + side(&self.eta) * y + self.zeta[1] * z,
            m2 + self.xi[1] * x + self.eta[1] * y + side(&self.zeta) * z,
            m3 + self.zeta[2] * half * z,
            m4 + self.xi[2] * half * x,
            m5 + self.eta[2] * half * y,
        ]
    }

    /// Transpose of [`StrainField::at`]: add the work of a point's stress.
    fn add(&mut self, s: &Symmetric, local: Vector, lateral: Lanes, weight: Lanes) {
        let s = s.map(|s| s * weight);
        for (mean, s) in self.mean.iter_mut().zip(s) {
            *mean += s;
        }
        for (part, along, normals, shear, own) in [
            (&mut self.xi, local.x, [s[1], s[2]], s[4], s[0]),
            (&mut self.eta, local.y, [s[0], s[2]], s[5], s[1]),
            (&mut self.zeta, local.z, [s[0], s[1]], s[3], s[2]),
        ] {
            part[0] += (normals[0] - own * lateral) * along;
            part[1] += (normals[1] - own * lateral) * along;
            part[2] += shear * along;
        }
    }

    /// Σ stress · ∂strain/∂(A … F), for the modes `m` that the strain is bilinear in.
    fn forces(&self, m: &[Vector; 6]) -> [Vector; 6] {
        let [a, b, c, d, e, f] = *m;
        let [xx, yy, zz, xy, yz, zx] = self.mean;
        let ([x1, x2, x3], [y1, y2, y3], [z1, z2, z3]) = (self.xi, self.eta, self.zeta);
        [
            a * xx + b * xy + c * zx + d * y1 + f * z1 + e * (y3 + z3),
            a * xy + b * yy + c * yz + d * x1 + e * z2 + f * (x3 + z3),
            a * zx + b * yz + c * zz + f * x2 + e * y2 + d * (x3 + y3),
            b * x1 + a * y1 + c * (x3 + y3),
            c * y2 + b * z2 + a * (y3 + z3),
            c * x2 + a * z1 + b * (x3 + z3),
        ]
    }
}

impl StrainPoint {
    /// Energy and stress in this point's frame; for laws with axes of their own the stress of the energy is left in the tangent's
    /// frame. See [`rotate_back`].
    fn respond(&self, e: &Symmetric, tangent: &mut PointTangent) -> (Lanes, Symmetric) {
        let strains = e.map(Lanes::to_array);
        let mut responses = [StrainResponse::default(); LANES];
        for (lane, response) in responses.iter_mut().enumerate() {
            *response = self.laws[lane].respond(&strains.map(|e| e[lane]));
        }
        let lanes = |part: &dyn Fn(&StrainResponse) -> Real| -> Lanes {
            Lanes::new([0, 1, 2, 3].map(|lane| part(&responses[lane])))
        };
        tangent.diagonal = std::array::from_fn(|i| lanes(&|r| r.diagonal[i]));
        tangent.ranks = std::array::from_fn(|k| std::array::from_fn(|i| lanes(&|r| r.ranks[k][i])));
        tangent.frame = self.frame;
        if responses.iter().any(|r| r.axes.is_some()) {
            // Axes in terms of the frame's.
            let identity = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
            for i in 0..3 {
                let [x, y, z] = [0, 1, 2].map(|j| lanes(&|r| r.axes.unwrap_or(identity)[i][j]));
                tangent.frame[i] = self.frame[0] * x + self.frame[1] * y + self.frame[2] * z;
            }
        }
        (lanes(&|r| r.energy), std::array::from_fn(|i| lanes(&|r| r.stress[i])))
    }
}

impl PointTangent {
    fn apply(&self, e: &Symmetric) -> Symmetric {
        let along = self.ranks.map(|rank| contract(&rank, e));
        std::array::from_fn(|i| {
            self.diagonal[i] * e[i] + self.ranks[0][i] * along[0] + self.ranks[1][i] * along[1]
        })
    }

    fn scale(&mut self, weight: Lanes) {
        let root = weight.sqrt();
        self.diagonal = self.diagonal.map(|k| k * weight);
        self.ranks = self.ranks.map(|rank| rank.map(|r| r * root));
    }

    /// The shear modulus of an isotropic material that is as stiff on average.
    fn mean(&self) -> Lanes {
        let mut sum = Lanes::default();
        for i in 0..6 {
            sum += self.diagonal[i];
            for rank in &self.ranks {
                sum += rank[i] * rank[i];
            }
        }
        let sum = sum.simd_gt(Lanes::default()).bitselect(sum, Lanes::default());
        sum * Lanes::splat(1.0 / 12.0)
    }
}

fn contract(a: &Symmetric, b: &Symmetric) -> Lanes {
    a[0] * b[0]
        + a[1] * b[1]
        + a[2] * b[2]
        + Lanes::splat(2.0) * (a[3] * b[3] + a[4] * b[4] + a[5] * b[5])
}

/// R E Rᵀ, R's rows given.
fn rotate(e: &Symmetric, rows: &[Vector; 3]) -> Symmetric {
    let times = |v: Vector| {
        Vector::new(
            e[0] * v.x + e[3] * v.y + e[5] * v.z,
            e[3] * v.x + e[1] * v.y + e[4] * v.z,
            e[5] * v.x + e[4] * v.y + e[2] * v.z,
        )
    };
    let [x, y, z] = rows.map(times);
    [rows[0].dot(x), rows[1].dot(y), rows[2].dot(z), rows[0].dot(y), rows[1].dot(z), rows[2].dot(x)]
}

/// Rᵀ S R.
fn unrotate(s: &Symmetric, rows: &[Vector; 3]) -> Symmetric {
    let [f, g, h] = *rows;
    let columns =
        [Vector::new(f.x, g.x, h.x), Vector::new(f.y, g.y, h.y), Vector::new(f.z, g.z, h.z)];
    rotate(s, &columns)
}

/// The stress in lattice axes. `s` holds the law's stress, in the tangent's frame, plus `pull` on its first component, which
/// acts along the fibre of the point's own frame.
fn rotate_back(s: &Symmetric, own: &[Vector; 3], law: &[Vector; 3], pull: Lanes) -> Symmetric {
    let mut passive = *s;
    passive[0] -= pull;
    let mut out = unrotate(&passive, law);
    let f = own[0];
    for (out, part) in
        out.iter_mut().zip([f.x * f.x, f.y * f.y, f.z * f.z, f.x * f.y, f.y * f.z, f.z * f.x])
    {
        *out += part * pull;
    }
    out
}
