//! Laws of one material point in terms of its Green strain E = (FᵀF − I)/2, in the point's own frame.
//!
//! Components are xx, yy, zz, xy, yz, zx (fibre, sheet, normal: ff, ss, nn, fs, sn, nf); a shear component is E_xy itself, not
//! twice it, so ψ′ : dE = Σ normal + 2 Σ shear. Exponentials grow without bound, so beyond [`MAX_EXPONENT`] they go on as straight
//! lines: the tissue of a wildly thrown body stays finite, that of a patient is never there.

use crate::{
    functions::{exp_m1, ln},
    real::Real,
};

/// Largest exponent that is taken as it is: e¹² = 160,000 times the stiffness at rest.
const MAX_EXPONENT: Real = 12.0;
/// Squared principal stretches are taken to lie between these.
const STRETCHES: (Real, Real) = (0.05, 20.0);
/// Sweeps of Jacobi's method: a symmetric 3×3 matrix is diagonal to f64 after four or five.
const SWEEPS: u32 = 6;

/// Which energy a point has.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum StrainLaw {
    /// None.
    #[default]
    None,
    /// C/2 (e^Q − 1) [Guccione et al. 1995].
    Guccione { c: Real, fibre: Real, transverse: Real, shear: Real },
    /// Fibres, and what the matrix adds to a neo-Hookean one of the same a [Holzapfel and Ogden 2009].
    HolzapfelOgden {
        matrix: (Real, Real),
        fibre: (Real, Real),
        sheet: (Real, Real),
        shear: (Real, Real),
    },
    /// What Σ 2μ/α² (λᵢ^α − 1) [Ogden 1972] adds to μ₀/2 (I₁ − 3).
    Ogden { terms: [(Real, Real); 2], base: Real },
    /// In the plane xy: modulus/2b (e^{b Q} − 1), Q = E₁₁² + E₂₂² + 2ν E₁₁E₂₂ + 2 (1 − ν) E₁₂².
    Sheet { modulus: Real, poisson: Real, stiffening: Real },
}

/// Energy, stress and tangent of a point: dS = diagonal ∘ dE + Σ rank (rank : dE).
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct StrainResponse {
    /// [kPa].
    pub energy: Real,
    /// Second Piola–Kirchhoff stress [kPa].
    pub stress: [Real; 6],
    pub diagonal: [Real; 6],
    pub ranks: [[Real; 6]; 2],
    /// Rows: the axes that the components refer to, in terms of those of the strain, where they differ.
    pub axes: Option<[[Real; 3]; 3]>,
}

/// e^q − 1, its first and its second derivative, with [`MAX_EXPONENT`].
fn exponential(q: Real) -> [Real; 3] {
    if q <= MAX_EXPONENT {
        let value = exp_m1(q);
        return [value, value + 1.0, value + 1.0];
    }
    let value = exp_m1(MAX_EXPONENT);
    let slope = value + 1.0;
    [value + slope * (q - MAX_EXPONENT), slope, 0.0]
}

impl StrainLaw {
    /// Response to a strain.
    pub fn respond(&self, e: &[Real; 6]) -> StrainResponse {
        match *self {
            Self::None => StrainResponse::default(),
            Self::Guccione { c, fibre, transverse, shear } => {
                guccione(c, [fibre, transverse, transverse, shear, transverse, shear], e)
            }
            Self::HolzapfelOgden { matrix, fibre, sheet, shear } => {
                holzapfel_ogden(matrix, [fibre, sheet], shear, e)
            }
            Self::Ogden { terms, base } => ogden(terms, base, e),
            Self::Sheet { modulus, poisson, stiffening } => {
                in_plane(modulus, poisson, stiffening, e)
            }
        }
    }
}

/// Q = Σ bᵢ Eᵢ² (shears twice): S = C e^Q b∘E, dS = C e^Q (b∘dE + 2 (b∘E) (b∘E : dE)).
fn guccione(c: Real, b: [Real; 6], e: &[Real; 6]) -> StrainResponse {
    let s: [Real; 6] = std::array::from_fn(|i| b[i] * e[i]);
    let [value, slope, curvature] = exponential(contract(&s, e));
    let rank = (2.0 * c * curvature).sqrt();
    StrainResponse {
        energy: 0.5 * c * value,
        stress: s.map(|s| c * slope * s),
        diagonal: b.map(|b| c * slope * b),
        ranks: [s.map(|s| rank * s), [0.0; 6]],
        axes: None,
    }
}

fn holzapfel_ogden(
    (a, b): (Real, Real),
    stretched: [(Real, Real); 2],
    (a_shear, b_shear): (Real, Real),
    e: &[Real; 6],
) -> StrainResponse {
    let mut response = StrainResponse::default();
    // Matrix: x = I₁ − 3 = 2 tr E; the neo-Hookean a x/2 is elsewhere.
    let x = 2.0 * (e[0] + e[1] + e[2]);
    let [value, slope, curvature] = exponential(b * x);
    response.energy = a / (2.0 * b) * (value - b * x);
    let rank = (2.0 * a * b * curvature).max(0.0).sqrt();
    for i in 0..3 {
        response.stress[i] = a * (slope - 1.0);
        response.ranks[0][i] = rank;
    }
    // Fibre and sheet: x = I₄ − 1 = 2 E, stretch only.
    for (i, (a, b)) in stretched.into_iter().enumerate() {
        let x = 2.0 * e[i];
        if x > 0.0 {
            let [value, slope, curvature] = exponential(b * x * x);
            response.energy += a / (2.0 * b) * value;
            response.stress[i] += 2.0 * a * x * slope;
            response.diagonal[i] += 4.0 * a * (slope + 2.0 * b * x * x * curvature);
        }
    }
    // Shear: x = I₈ = 2 E_fs.
    let x = 2.0 * e[3];
    let [value, slope, curvature] = exponential(b_shear * x * x);
    response.energy += a_shear / (2.0 * b_shear) * value;
    response.stress[3] += a_shear * x * slope;
    response.diagonal[3] += 2.0 * a_shear * (slope + 2.0 * b_shear * x * x * curvature);
    response
}

fn in_plane(modulus: Real, poisson: Real, b: Real, e: &[Real; 6]) -> StrainResponse {
    let s = [e[0] + poisson * e[1], e[1] + poisson * e[0], 0.0, (1.0 - poisson) * e[3], 0.0, 0.0];
    let q = contract(&s, e);
    // b → 0 is Hooke's law.
    let [value, slope, curvature] = if b > 0.0 { exponential(b * q) } else { [0.0, 1.0, 0.0] };
    let rank = (2.0 * modulus * b * curvature).sqrt();
    let plane = (modulus * slope * poisson).sqrt();
    let own = modulus * slope * (1.0 - poisson);
    StrainResponse {
        energy: if b > 0.0 { 0.5 * modulus / b * value } else { 0.5 * modulus * q },
        stress: s.map(|s| modulus * slope * s),
        diagonal: [own, own, 0.0, own, 0.0, 0.0],
        ranks: [s.map(|s| rank * s), [plane, plane, 0.0, 0.0, 0.0, 0.0]],
        axes: None,
    }
}

/// In the principal axes of C: Sᵢ = Σ 2μ/α Cᵢ^(α/2 − 1) − μ₀, and dS is diagonal.
fn ogden(terms: [(Real, Real); 2], base: Real, e: &[Real; 6]) -> StrainResponse {
    let (c, axes) = principal([
        1.0 + 2.0 * e[0],
        1.0 + 2.0 * e[1],
        1.0 + 2.0 * e[2],
        2.0 * e[3],
        2.0 * e[4],
        2.0 * e[5],
    ]);
    let c = c.map(|c| c.clamp(STRETCHES.0, STRETCHES.1));
    let mut response = StrainResponse { axes: Some(axes), ..StrainResponse::default() };
    for (i, c) in c.into_iter().enumerate() {
        let log = ln(c);
        response.stress[i] = -base;
        response.energy -= 0.5 * base * (c - 1.0);
        for (mu, alpha) in terms {
            if mu == 0.0 {
                continue;
            }
            let power = exp_m1(0.5 * alpha * log);
            response.energy += 2.0 * mu / (alpha * alpha) * power;
            let s = 2.0 * mu / alpha * (power + 1.0) / c;
            response.stress[i] += s;
            response.diagonal[i] += (alpha - 2.0) * s / c;
        }
    }
    for (shear, (i, j)) in [(0, 1), (1, 2), (2, 0)].into_iter().enumerate() {
        let gap = c[i] - c[j];
        response.diagonal[3 + shear] = if gap.abs() > 1e-3 {
            2.0 * (response.stress[i] - response.stress[j]) / gap
        } else {
            0.5 * (response.diagonal[i] + response.diagonal[j])
        };
    }
    response
}

/// a : b of two symmetric tensors.
fn contract(a: &[Real; 6], b: &[Real; 6]) -> Real {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2] + 2.0 * (a[3] * b[3] + a[4] * b[4] + a[5] * b[5])
}

/// Eigenvalues and eigenvectors (rows) of a symmetric matrix by Jacobi's method.
fn principal([xx, yy, zz, xy, yz, zx]: [Real; 6]) -> ([Real; 3], [[Real; 3]; 3]) {
    let mut a = [[xx, xy, zx], [xy, yy, yz], [zx, yz, zz]];
    let mut v = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
    for _ in 0..SWEEPS {
        for (i, j) in [(0, 1), (1, 2), (0, 2)] {
            // Far below rounding of entries near 1; its square must not vanish.
            if a[i][j].abs() < 1e-15 {
                continue;
            }
            // The smaller rotation that makes a[i][j] vanish; its tangent is bounded by 1.
            let half = 0.5 * (a[j][j] - a[i][i]);
            let sign: Real = if half < 0.0 { -1.0 } else { 1.0 };
            let t = sign * a[i][j] / (half.abs() + (half * half + a[i][j] * a[i][j]).sqrt());
            let cos = 1.0 / (t * t + 1.0).sqrt();
            let sin = t * cos;
            for row in &mut a {
                (row[i], row[j]) = (cos * row[i] - sin * row[j], sin * row[i] + cos * row[j]);
            }
            for k in 0..3 {
                (a[i][k], a[j][k]) = (cos * a[i][k] - sin * a[j][k], sin * a[i][k] + cos * a[j][k]);
                (v[i][k], v[j][k]) = (cos * v[i][k] - sin * v[j][k], sin * v[i][k] + cos * v[j][k]);
            }
        }
    }
    ([a[0][0], a[1][1], a[2][2]], v)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAWS: [StrainLaw; 5] = [
        StrainLaw::Guccione { c: 2.0, fibre: 8.0, transverse: 2.0, shear: 4.0 },
        StrainLaw::HolzapfelOgden {
            matrix: (0.059, 8.023),
            fibre: (18.472, 16.026),
            sheet: (2.481, 11.12),
            shear: (0.216, 11.436),
        },
        StrainLaw::Ogden { terms: [(0.67, -19.0), (0.0, 1.0)], base: 0.67 },
        StrainLaw::Ogden { terms: [(1.5, 2.0), (0.5, -2.0)], base: 2.0 },
        StrainLaw::Sheet { modulus: 1e3, poisson: 0.45, stiffening: 5.0 },
    ];

    /// Components in the strain's own axes.
    fn turned(s: &[Real; 6], axes: &[[Real; 3]; 3]) -> [Real; 6] {
        let full = [[s[0], s[3], s[5]], [s[3], s[1], s[4]], [s[5], s[4], s[2]]];
        let at = |i: usize, j: usize| -> Real {
            (0..3).map(|k| (0..3).map(|l| axes[k][i] * full[k][l] * axes[l][j]).sum::<Real>()).sum()
        };
        [at(0, 0), at(1, 1), at(2, 2), at(0, 1), at(1, 2), at(2, 0)]
    }

    fn stress(law: &StrainLaw, e: &[Real; 6]) -> [Real; 6] {
        let r = law.respond(e);
        r.axes.map_or(r.stress, |axes| turned(&r.stress, &axes))
    }

    /// dS of the tangent.
    fn product(law: &StrainLaw, e: &[Real; 6], d: &[Real; 6]) -> [Real; 6] {
        let r = law.respond(e);
        let identity = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
        let axes = r.axes.unwrap_or(identity);
        let back: [[Real; 3]; 3] = std::array::from_fn(|i| std::array::from_fn(|j| axes[j][i]));
        let local = turned(d, &back);
        let along = r.ranks.map(|rank| contract(&rank, &local));
        let own: [Real; 6] = std::array::from_fn(|i| {
            r.diagonal[i] * local[i] + r.ranks[0][i] * along[0] + r.ranks[1][i] * along[1]
        });
        turned(&own, &axes)
    }

    #[test]
    fn stress_and_tangent_are_derivatives() {
        let step: Real = if size_of::<Real>() == 4 { 2e-3 } else { 1e-6 };
        let (loose, tight) = if size_of::<Real>() == 4 { (3e-2, 2e-2) } else { (1e-6, 1e-6) };
        let strains = [
            [0.08, -0.03, -0.02, 0.04, -0.01, 0.03],
            [-0.1, 0.12, 0.05, -0.05, 0.06, 0.02],
            [0.05, 0.05, 0.05, 0.0, 0.0, 0.0],
        ];
        for law in &LAWS {
            for e in &strains {
                let mut worst: (Real, Real) = (0.0, 0.0);
                let s = stress(law, e);
                let size = contract(&s, &s).sqrt();
                for i in 0..6 {
                    let mut d = [0.0; 6];
                    d[i] = 1.0;
                    let moved = |sign: Real| -> [Real; 6] {
                        std::array::from_fn(|k| e[k] + sign * step * d[k])
                    };
                    let (ahead, behind) = (moved(1.0), moved(-1.0));
                    let slope =
                        (law.respond(&ahead).energy - law.respond(&behind).energy) / (2.0 * step);
                    worst.0 = worst.0.max((slope - contract(&s, &d)).abs() / size);
                    let (ahead, behind) = (stress(law, &ahead), stress(law, &behind));
                    let difference: [Real; 6] =
                        std::array::from_fn(|k| (ahead[k] - behind[k]) / (2.0 * step));
                    let own = product(law, e, &d);
                    let error: [Real; 6] = std::array::from_fn(|k| difference[k] - own[k]);
                    let scale = contract(&own, &own).max(contract(&difference, &difference));
                    if scale > 0.0 {
                        worst.1 = worst.1.max((contract(&error, &error) / scale).sqrt());
                    }
                }
                assert!(worst.0 < loose && worst.1 < tight, "{law:?} at {e:?}: {worst:?}");
            }
        }
    }

    #[test]
    fn wild_strains_stay_finite() {
        for law in &LAWS {
            for size in [1.0, 30.0, 1e3, 1e5] {
                let r = law.respond(&[size, -size, size, size, size, -size]);
                let all = r.stress.iter().chain(&r.diagonal).chain(r.ranks.iter().flatten());
                assert!(
                    r.energy.is_finite() && all.clone().all(|x| x.is_finite()),
                    "{law:?} {r:?}"
                );
            }
        }
    }
}
