//! Exponential and logarithm by additions, multiplications and divisions alone, so that every platform gives the same bytes.

use crate::real::Real;

/// Terms of the series; enough for the last digit of [`Real`].
const TERMS: u32 = if size_of::<Real>() == 4 { 8 } else { 16 };

#[allow(clippy::unnecessary_cast)]
const LN_2: Real = std::f64::consts::LN_2 as Real;

/// e^x − 1 for x in [−80, 80]; beyond, as at the end of that range.
pub(crate) fn exp_m1(x: Real) -> Real {
    let x = x.clamp(-80.0, 80.0);
    let turns = (x / LN_2).round();
    let rest = x - turns * LN_2;
    // Horner's rule for Σ restⁿ/n!, from n = 1.
    let mut series: Real = 1.0;
    for n in (2..=TERMS).rev() {
        series = 1.0 + series * rest / n as Real;
    }
    let series = series * rest;
    if turns == 0.0 {
        return series;
    }
    let mut scale: Real = 1.0;
    let factor: Real = if turns > 0.0 { 2.0 } else { 0.5 };
    for _ in 0..turns.abs() as u32 {
        scale *= factor;
    }
    series * scale + (scale - 1.0)
}

/// Natural logarithm of a number in [2⁻²⁰, 2²⁰]; outside, as at the ends of that range.
pub(crate) fn ln(x: Real) -> Real {
    let mut mantissa = x.clamp(1.0 / 1_048_576.0, 1_048_576.0);
    let mut turns: Real = 0.0;
    while mantissa > 1.5 {
        mantissa *= 0.5;
        turns += 1.0;
    }
    while mantissa < 0.75 {
        mantissa *= 2.0;
        turns -= 1.0;
    }
    // ln m = 2 artanh((m − 1)/(m + 1)).
    let s = (mantissa - 1.0) / (mantissa + 1.0);
    let square = s * s;
    let mut series: Real = 0.0;
    for n in (0..TERMS).rev() {
        series = series * square + 1.0 / (2 * n + 1) as Real;
    }
    turns * LN_2 + 2.0 * s * series
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_the_standard_library() {
        let close = |ours: Real, theirs: Real, tolerance: Real| {
            let error = (ours - theirs).abs() / theirs.abs().max(1e-6);
            assert!(error < tolerance * Real::EPSILON, "{ours} {theirs}: {error}");
        };
        for i in 1..400_u16 {
            let x = Real::from(i) / 20.0;
            // The rounding of x / ln 2 costs |x| ε.
            close(exp_m1(x), x.exp_m1(), 4.0 + 2.0 * x);
            close(exp_m1(-x), (-x).exp_m1(), 4.0 + 2.0 * x);
            close(exp_m1(x * 1e-4), (x * 1e-4).exp_m1(), 4.0);
            if x != 1.0 {
                close(ln(x), x.ln(), 16.0);
                close(ln(1.0 / x), (1.0 / x).ln(), 16.0);
            }
        }
        assert_eq!((ln(1.0), exp_m1(0.0)), (0.0, 0.0));
        assert!(exp_m1(Real::INFINITY).is_finite() && ln(0.0).is_finite());
    }
}
