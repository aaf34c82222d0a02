//! What makes a cell exact in bending and torsion, however few lie across the thickness.
//!
//! A trilinear cell bends by shearing, and with one pressure it does not feel how dilatation varies inside: a bar one cell
//! thick would be half as stiff as it should be. With the incompatible modes ξ², η², ζ² of [Wilson et al. 1973; Taylor et
//! al. 1976] a cube of Hooke's material is exact for every quadratic field, and they can be condensed by hand. What is left
//! is the energy that this file adds to the neo-Hookean one of the trilinear modes:
//!
//! − μ/2 [p (Â·D)² + p (Â·F)² + q (B̂·D)² + q (B̂·E)² + r (Ĉ·E)² + r (Ĉ·F)²]      the parasitic shear is released,
//! + k/2 [p g_ξ² + q g_η² + r g_ζ²],  k = μ (1 + ν)/(1 − ν)                       dilatation may not vary freely,
//!
//! with Â = A/|A| and g_ξ = ∂J/∂ξ = cof(B)·D + cof(C)·F and so on. Both depend on scalar products of deformed modes alone, so
//! a rotation costs nothing; unit vectors keep the first from outgrowing the |D|² that it is taken from, so the sum stays
//! positive. Small-strain bending: within 0.8 % of Timoshenko's beam with a single cell across.

use super::{TINY, Tissue};
use crate::real::{Lanes, Vector};

/// What makes the cell exact in bending and torsion.
pub(super) struct Bending {
    /// Energy a unit of volume [kPa].
    pub energy: Lanes,
    /// Derivative by A, B, C, D, E, F [kPa].
    pub force: [Vector; 6],
    /// μ/|A|², μ/|B|², μ/|C|².
    pub release: [Lanes; 3],
}

impl Bending {
    #[inline(always)]
    pub fn of(tissue: &Tissue, moments: &Vector, state: &[Vector; 6]) -> Self {
        let [a, b, c, d, e, f] = *state;
        let (p, q, r) = (moments.x, moments.y, moments.z);
        let (one, half) = (Lanes::splat(1.0), Lanes::splat(0.5));
        let mu = tissue.mu;

        // Gradients of J along ξ, η, ζ.
        let (na, nb, nc) = (b.cross(c), c.cross(a), a.cross(b));
        let gx = nb.dot(d) + nc.dot(f);
        let gy = na.dot(d) + nc.dot(e);
        let gz = na.dot(f) + nb.dot(e);
        let (tx, ty, tz) =
            (gx * p * tissue.gradient, gy * q * tissue.gradient, gz * r * tissue.gradient);

        // Parasitic shear along each edge.
        let inverse = |v: Vector| one / (v.dot(v) + Lanes::splat(TINY));
        let (ia, ib, ic) = (inverse(a), inverse(b), inverse(c));
        let (ad, af) = (a.dot(d), a.dot(f));
        let (bd, be) = (b.dot(d), b.dot(e));
        let (ce, cf) = (c.dot(e), c.dot(f));
        let (ka, kb, kc) = (mu * p * ia, mu * q * ib, mu * r * ic);
        let energy = half
            * (gx * tx + gy * ty + gz * tz
                - ka * (ad * ad + af * af)
                - kb * (bd * bd + be * be)
                - kc * (ce * ce + cf * cf));
        let force = [
            (d.cross(c) + b.cross(f)) * tx + b.cross(e) * ty + e.cross(c) * tz
                - (d * ad + f * af - a * ((ad * ad + af * af) * ia)) * ka,
            f.cross(a) * tx + (c.cross(d) + e.cross(a)) * ty + c.cross(f) * tz
                - (d * bd + e * be - b * ((bd * bd + be * be) * ib)) * kb,
            a.cross(d) * tx + d.cross(b) * ty + (f.cross(b) + a.cross(e)) * tz
                - (e * ce + f * cf - c * ((ce * ce + cf * cf) * ic)) * kc,
            nb * tx + na * ty - a * (ad * ka) - b * (bd * kb),
            nc * ty + nb * tz - b * (be * kb) - c * (ce * kc),
            nc * tx + na * tz - c * (cf * kc) - a * (af * ka),
        ];
        Self { energy, force, release: [mu * ia, mu * ib, mu * ic] }
    }
}
