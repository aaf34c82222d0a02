//! Stable neo-Hookean tissue with one pressure a cell, and its viscosity.
//!
//! Energy a unit of rest volume [Smith et al. 2018, eq. 13], with the mean dilatation J̄ of [Nagtegaal et al. 1974] in
//! place of the local J, so that a cell carries one constant pressure (Q1P0):
//!
//! ψ = μ/2 (mean |F|² − 3) − μ (J̄ − 1) + λ′/2 (J̄ − 1)²,  J̄ = mean det F.
//!
//! Other laws keep the last two terms (with what balances their own stress at rest in place of μ) and add the rest in
//! [`crate::strain`].
//!
//! It is defined for every F, inverted ones too. At small strain it is Hooke's law with Lamé's μ and λ when λ′ = λ + μ.
//! In the modes of a cell (see [`crate::modes`]), A, B, C the columns of F and p, q, r the second moments:
//!
//! mean |F|² = |A|² + |B|² + |C|² + (p+q)|D|² + (q+r)|E|² + (p+r)|F|² + ⅓ |G|²
//! J̄ = [ABC] + p [ADF] + q [BED] + r [CFE]   ([abc] = a · (b × c))
//!
//! (G counts as in a full cell, where pq + qr + rp is ⅓: a small box would hardly resist it, and no quadratic field has any.)
//!
//! In f32, J̄ − 1 is expanded in H = F − I, as tr H + II_H + det H + …, and the stress that cancels at rest is
//! cancelled symbolically.
//!
//! The hourglass modes' stiffness is put right by [`bending`]. Its part of the Hessian is that of Gauss and Newton, exact where the
//! hourglass modes vanish.
//!
//! Viscosity is the energy of [`crate::viscosity`].

mod bending;

use bending::Bending;

use crate::{
    modes::Modes,
    real::{Lanes, Real, Vector},
};

/// Stiffness of the hourglass modes over μ in the preconditioner: between what bending one way and the other takes.
pub(crate) const HOURGLASS: Real = 1.5;
/// Mean of what mode G has in F, squared, in a full cell.
pub(crate) const WARP: Real = 1.0 / 3.0;
/// Keeps the direction of a vanished edge finite.
const TINY: Real = 1e-12;

/// Constants of the tissue in four cells.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tissue {
    /// Shear modulus μ of the neo-Hookean part [kPa]; zero where fibres and exponentials are all there is.
    pub mu: Lanes,
    /// λ′ [kPa]: λ plus `rest`.
    pub lambda: Lanes,
    /// −V′ at rest [kPa], which balances the stress of the rest of the energy there: μ for neo-Hookean tissue.
    pub rest: Lanes,
    /// Shear modulus of the whole law at small strain [kPa].
    pub shear: Lanes,
    /// μ (1 + ν) / (1 − ν), the stiffness against a gradient of dilatation within the cell [kPa].
    pub gradient: Lanes,
    /// τ [s].
    pub damping: Lanes,
    /// Material volume [mm³].
    pub volume: Lanes,
}

/// Energy, forces and Hessian coefficients of four cells at one deformation.
#[derive(Clone, Copy, Debug, Default)]
pub struct Response {
    /// Energy a unit of volume [kPa], the step's dissipation included.
    pub energy: Lanes,
    /// Derivative of the energy by the modes (gradient units) [kPa].
    pub force: Modes,
    /// What the Hessian needs, coefficients a unit of volume.
    pub tangent: Tangent,
    /// What takes its place in the preconditioner.
    pub surrogate: Surrogate,
}

/// The Hessian of four cells: shear · M + bulk · g gᵀ + geometric · ∂²J̄ + viscous · (∂C)ᵀ(∂C).
#[derive(Clone, Copy, Debug, Default)]
pub struct Tangent {
    /// Deformed modes A, B, C, D, E, F.
    pub state: [Vector; 6],
    /// g = ∂J̄/∂(A, B, C, D, E, F).
    pub dilatation: [Vector; 6],
    /// μ.
    pub shear: Lanes,
    /// Shear modulus against mode G.
    pub warp: Lanes,
    /// V″ = λ′.
    pub bulk: Lanes,
    /// V′ = λ′ (J̄ − 1) − μ.
    pub geometric: Lanes,
    /// Modulus of the viscous term.
    pub viscous: Lanes,
    /// μ (1 + ν) / (1 − ν): stiffness against a gradient of dilatation.
    pub gradient: Lanes,
    /// μ/|A|², μ/|B|², μ/|C|²: the parasitic shear that is released.
    pub release: [Lanes; 3],
}

/// The Hessian's place in the preconditioner: it takes the hourglass modes of the state as zero (which on coarse levels they are)
/// and the viscosity as stiffness, which it is at small strain. A third of the work and half of the memory; kept apart from
/// [`Tangent`], because multigrid reads it four times for every time that the other is read.
#[derive(Clone, Copy, Debug, Default)]
pub struct Surrogate {
    /// Deformed modes A, B, C.
    pub state: [Vector; 3],
    /// g = ∂J̄/∂(A, B, C).
    pub dilatation: [Vector; 3],
    /// Shear modulus.
    pub shear: Lanes,
    /// V″.
    pub bulk: Lanes,
    /// V′, clamped to ± μ / σ_max, so that each cell's matrix is positive.
    pub geometric: Lanes,
}

/// C − I of the mean deformation gradient: xx, yy, zz, xy, yz, zx.
pub type Strain = [Lanes; 6];

/// C − I = H + Hᵀ + Hᵀ H from the displacement's modes in gradient units.
#[inline(always)]
pub fn strain(h: &Modes) -> Strain {
    let [a, b, c, ..] = *h;
    let two = Lanes::splat(2.0);
    [
        two * a.x + a.dot(a),
        two * b.y + b.dot(b),
        two * c.z + c.dot(c),
        a.y + b.x + a.dot(b),
        b.z + c.y + b.dot(c),
        c.x + a.z + c.dot(a),
    ]
}

/// Response of four cells to the displacement's modes `h` (gradient units), with second moments `moments`.
///
/// `viscosity` is the modulus of the viscous term over the shear modulus (0: static) and `relaxed` the strain that it draws to.
#[inline(always)]
pub fn respond(
    tissue: &Tissue,
    moments: &Vector,
    h: &Modes,
    relaxed: &Strain,
    viscosity: Lanes,
) -> Response {
    let one = Lanes::splat(1.0);
    let half = Lanes::splat(0.5);
    let (p, q, r) = (moments.x, moments.y, moments.z);
    let [ha, hb, hc, d, e, f, g] = *h;
    let a = Vector::new(ha.x + one, ha.y, ha.z);
    let b = Vector::new(hb.x, hb.y + one, hb.z);
    let c = Vector::new(hc.x, hc.y, hc.z + one);

    // J̄ − 1 − tr H: second order and higher.
    let trace = ha.x + hb.y + hc.z;
    let second =
        (ha.x * hb.y - ha.y * hb.x) + (hb.y * hc.z - hb.z * hc.y) + (ha.x * hc.z - ha.z * hc.x);
    let (df, ed, fe) = (d.cross(f) * p, e.cross(d) * q, f.cross(e) * r);
    let hbc = hb.cross(hc);
    let higher = second + ha.dot(hbc) + a.dot(df) + b.dot(ed) + c.dot(fe);
    let dilatation = trace + higher;

    // Cofactor minus identity, column by column, the hourglass modes' part included.
    let da = Vector::new(hc.z + hb.y, -hb.x, -hc.x) + hbc + df;
    let db = Vector::new(-ha.y, ha.x + hc.z, -hc.y) + hc.cross(ha) + ed;
    let dc = Vector::new(-ha.z, -hb.z, hb.y + ha.x) + ha.cross(hb) + fe;
    let ga = Vector::new(da.x + one, da.y, da.z);
    let gb = Vector::new(db.x, db.y + one, db.z);
    let gc = Vector::new(dc.x, dc.y, dc.z + one);
    let gd = f.cross(a) * p + b.cross(e) * q;
    let ge = d.cross(b) * q + c.cross(f) * r;
    let gf = a.cross(d) * p + e.cross(c) * r;

    let (wd, we, wf) = (p + q, q + r, p + r);
    let wg = Lanes::splat(WARP);
    let hourglass = d.dot(d) * wd + e.dot(e) * we + f.dot(f) * wf;
    let norm = ha.dot(ha) + hb.dot(hb) + hc.dot(hc);
    let mu = tissue.mu;
    let pressure = tissue.lambda * dilatation;
    let slope = pressure - tissue.rest;

    let strain = strain(h);
    let viscous = tissue.shear * viscosity;
    let mut s = [Lanes::default(); 6];
    for i in 0..6 {
        s[i] = (strain[i] - relaxed[i]) * viscous;
    }
    let dissipation = {
        let change = |i: usize| strain[i] - relaxed[i];
        s[0] * change(0)
            + s[1] * change(1)
            + s[2] * change(2)
            + Lanes::splat(2.0) * (s[3] * change(3) + s[4] * change(4) + s[5] * change(5))
    };
    let bending = Bending::of(tissue, moments, &[a, b, c, d, e, f]);
    let excess = tissue.rest - mu;
    let warp = tissue.shear * wg;
    let energy = mu * (half * (norm + hourglass) - higher)
        + (half * pressure - excess) * dilatation
        + half * warp * g.dot(g)
        + bending.energy
        + Lanes::splat(0.25) * dissipation;
    let force = [
        (ha - da) * mu
            + ga * (pressure - excess)
            + a * s[0]
            + b * s[3]
            + c * s[5]
            + bending.force[0],
        (hb - db) * mu
            + gb * (pressure - excess)
            + a * s[3]
            + b * s[1]
            + c * s[4]
            + bending.force[1],
        (hc - dc) * mu
            + gc * (pressure - excess)
            + a * s[5]
            + b * s[4]
            + c * s[2]
            + bending.force[2],
        d * (mu * wd) + gd * slope + bending.force[3],
        e * (mu * we) + ge * slope + bending.force[4],
        f * (mu * wf) + gf * slope + bending.force[5],
        g * warp,
    ];

    // σ_max² of the mean F: largest eigenvalue of C, bounded by its mean and deviator (exact in uniaxial stretch).
    let third = Lanes::splat(1.0 / 3.0);
    let mean = (strain[0] + strain[1] + strain[2]) * third;
    let (sx, sy, sz) = (strain[0] - mean, strain[1] - mean, strain[2] - mean);
    let deviator = sx * sx
        + sy * sy
        + sz * sz
        + Lanes::splat(2.0)
            * (strain[3] * strain[3] + strain[4] * strain[4] + strain[5] * strain[5]);
    let sigma = (one + mean + (deviator * (third + third)).sqrt()).sqrt();
    let limit = tissue.shear / sigma;
    let geometric = select_less(slope, -limit, -limit, slope);
    let geometric = select_less(limit, geometric, limit, geometric);

    Response {
        energy,
        force,
        tangent: Tangent {
            state: [a, b, c, d, e, f],
            dilatation: [ga, gb, gc, gd, ge, gf],
            shear: mu,
            warp: tissue.shear,
            bulk: tissue.lambda,
            geometric: slope,
            viscous,
            gradient: tissue.gradient,
            release: bending.release,
        },
        surrogate: Surrogate {
            state: [a, b, c],
            dilatation: [ga, gb, gc],
            shear: mu + viscous,
            bulk: tissue.lambda + viscous,
            geometric: geometric * (one + viscosity),
        },
    }
}

/// Lane by lane: left < right ? yes : no. One meaning on every platform, unlike min and max at −0 and NaN.
#[inline(always)]
fn select_less(left: Lanes, right: Lanes, yes: Lanes, no: Lanes) -> Lanes {
    left.simd_lt(right).bitselect(yes, no)
}

impl Tangent {
    /// Hessian times the modes `v`.
    #[inline(always)]
    pub fn apply(&self, moments: &Vector, v: &Modes) -> Modes {
        let (p, q, r) = (moments.x, moments.y, moments.z);
        let [a, b, c, d, e, f, g] = *v;
        let [sa, sb, sc, sd, se, sf] = self.state;
        let [ga, gb, gc, gd, ge, gf] = self.dilatation;
        let (mu, k) = (self.shear, self.geometric);

        let along = ga.dot(a) + gb.dot(b) + gc.dot(c) + gd.dot(d) + ge.dot(e) + gf.dot(f);
        let s = along * self.bulk;

        // Directional derivative of g.
        let da = sb.cross(c) + b.cross(sc) + (sd.cross(f) + d.cross(sf)) * p;
        let db = sc.cross(a) + c.cross(sa) + (se.cross(d) + e.cross(sd)) * q;
        let dc = sa.cross(b) + a.cross(sb) + (sf.cross(e) + f.cross(se)) * r;
        let (pd, qd) = (f.cross(sa) + sf.cross(a), sb.cross(e) + b.cross(se));
        let (qe, re) = (d.cross(sb) + sd.cross(b), sc.cross(f) + c.cross(sf));
        let (pf, rf) = (sa.cross(d) + a.cross(sd), e.cross(sc) + se.cross(c));
        let (kp, kq, kr) = (k * p, k * q, k * r);
        let mut out = [
            a * mu + ga * s + da * k,
            b * mu + gb * s + db * k,
            c * mu + gc * s + dc * k,
            d * (mu * (p + q)) + pd * kp + qd * kq + gd * s,
            e * (mu * (q + r)) + qe * kq + re * kr + ge * s,
            f * (mu * (p + r)) + pf * kp + rf * kr + gf * s,
            g * (self.warp * Lanes::splat(WARP)),
        ];

        // Bending: gradients of dilatation and released shear, at fixed A, B, C.
        let [ka, kb, kc] = self.release;
        let (ka, kb, kc) = (ka * p, kb * q, kc * r);
        let tx = (gb.dot(d) + gc.dot(f)) * self.gradient * p;
        let ty = (ga.dot(d) + gc.dot(e)) * self.gradient * q;
        let tz = (ga.dot(f) + gb.dot(e)) * self.gradient * r;
        out[3] += gb * tx + ga * ty - sa * (sa.dot(d) * ka) - sb * (sb.dot(d) * kb);
        out[4] += gc * ty + gb * tz - sb * (sb.dot(e) * kb) - sc * (sc.dot(e) * kc);
        out[5] += gc * tx + ga * tz - sc * (sc.dot(f) * kc) - sa * (sa.dot(f) * ka);
        // Viscosity, Gauss–Newton: F (Fᵀ dF + dFᵀ F).
        let t = self.viscous;
        let two = Lanes::splat(2.0);
        let (xx, yy, zz) = (two * sa.dot(a) * t, two * sb.dot(b) * t, two * sc.dot(c) * t);
        let xy = (sa.dot(b) + sb.dot(a)) * t;
        let yz = (sb.dot(c) + sc.dot(b)) * t;
        let zx = (sc.dot(a) + sa.dot(c)) * t;
        out[0] += sa * xx + sb * xy + sc * zx;
        out[1] += sa * xy + sb * yy + sc * yz;
        out[2] += sa * zx + sb * yz + sc * zz;
        out
    }

    /// Let the Hessian have its surrogate's geometric part.
    pub fn clamp(&mut self, surrogate: &Surrogate) {
        self.geometric = surrogate.geometric;
    }

    /// Multiply the coefficients (not the state) by `scale`.
    #[inline(always)]
    pub fn scaled(mut self, scale: Lanes) -> Self {
        self.shear *= scale;
        self.warp *= scale;
        self.bulk *= scale;
        self.geometric *= scale;
        self.viscous *= scale;
        self.gradient *= scale;
        self.release = self.release.map(|k| k * scale);
        self
    }
}

impl Surrogate {
    /// Surrogate of the Hessian times the modes `v`.
    #[inline(always)]
    pub fn apply(&self, moments: &Vector, v: &Modes) -> Modes {
        let (p, q, r) = (moments.x, moments.y, moments.z);
        let [a, b, c, d, e, f, g] = *v;
        let [sa, sb, sc] = self.state;
        let [ga, gb, gc] = self.dilatation;
        let (mu, k) = (self.shear, self.geometric);
        let s = (ga.dot(a) + gb.dot(b) + gc.dot(c)) * self.bulk;
        let da = sb.cross(c) + b.cross(sc);
        let db = sc.cross(a) + c.cross(sa);
        let dc = sa.cross(b) + a.cross(sb);
        let (kp, kq, kr) = (k * p, k * q, k * r);
        let hourglass = mu * Lanes::splat(HOURGLASS);
        [
            a * mu + ga * s + da * k,
            b * mu + gb * s + db * k,
            c * mu + gc * s + dc * k,
            d * (hourglass * (p + q)) + f.cross(sa) * kp + sb.cross(e) * kq,
            e * (hourglass * (q + r)) + d.cross(sb) * kq + sc.cross(f) * kr,
            f * (hourglass * (p + r)) + sa.cross(d) * kp + e.cross(sc) * kr,
            g * (mu * Lanes::splat(WARP)),
        ]
    }

    /// Multiply the coefficients (not the state) by `scale`.
    #[inline(always)]
    pub fn scaled(mut self, scale: Lanes) -> Self {
        self.shear *= scale;
        self.bulk *= scale;
        self.geometric *= scale;
        self
    }
}
