//! A Newton step's linear system: conjugate gradients with a multigrid cycle as preconditioner.

use super::{Effort, Newton, Phase};
use crate::{
    model::Model,
    multigrid::Level,
    real::{Lanes, Real, dot},
};

impl Newton {
    /// change ≈ −H⁻¹ gradient by preconditioned conjugate gradients; the number of iterations. Where the exact Hessian is not
    /// positive, the clamped one takes its place.
    pub(super) fn solve(&mut self, model: &Model, phase: Phase, effort: &Effort) -> u32 {
        match self.conjugate_gradients(model, phase, effort) {
            Ok(iterations) => iterations,
            Err(wasted) => {
                let Level { tangents, surrogates, .. } = &mut self.multigrid.levels[0];
                for (tangent, surrogate) in tangents.iter_mut().zip(surrogates) {
                    tangent.clamp(surrogate);
                }
                self.strain.clamp();
                let (Ok(iterations) | Err(iterations)) =
                    self.conjugate_gradients(model, phase, effort);
                wasted + iterations
            }
        }
    }

    /// The number of iterations; as an error if they ended at a direction of negative curvature.
    fn conjugate_gradients(
        &mut self,
        model: &Model,
        phase: Phase,
        effort: &Effort,
    ) -> Result<u32, u32> {
        let grids = &model.grids;
        let relative = effort.cg_tolerance * effort.cg_tolerance;
        let right = &mut self.multigrid.levels[0].residual;
        let solutions = self.change.iter_mut().zip(&mut self.search);
        for (((r, right), g), (x, p)) in
            self.residual.iter_mut().zip(right).zip(&self.gradient).zip(solutions)
        {
            *r = -*g;
            *right = *r;
            (*x, *p) = (Lanes::default(), Lanes::default());
        }
        let mut before = 0.0;
        let mut gained = 0.0;
        for iteration in 0..effort.cg {
            self.multigrid.cycle(grids);
            let Level { solution: z, inertia, .. } = &self.multigrid.levels[0];
            let now = dot(&self.residual, z);
            if !(now > 0.0 && now.is_finite()) {
                return Ok(iteration);
            }
            let beta = Lanes::splat(if iteration == 0 { 0.0 } else { (now / before) as Real });
            for (((p, q), z), k) in
                self.search.iter_mut().zip(&mut self.product).zip(z).zip(inertia)
            {
                *p = *z + *p * beta;
                *q = -(*p * *k);
            }
            before = now;
            let mut product = std::mem::take(&mut self.product);
            self.subtract_product(model, &self.search, &mut product);
            self.product = product;
            let curvature = -dot(&self.search, &self.product);
            if curvature.is_nan() || curvature <= 0.0 {
                // Keep what descends, should this happen with the clamped Hessian too (a strong hourglass, or rounding).
                if iteration == 0 {
                    self.change.copy_from_slice(&self.search);
                }
                return Err(iteration);
            }
            let alpha = Lanes::splat((now / curvature) as Real);
            let right = &mut self.multigrid.levels[0].residual;
            for ((x, p), ((r, right), q)) in self
                .change
                .iter_mut()
                .zip(&self.search)
                .zip(self.residual.iter_mut().zip(right).zip(&self.product))
            {
                *x += *p * alpha;
                *r += *q * alpha;
                *right = *r;
            }
            // Twice the energy that this iteration gained. All that follow gain about as much together, so this tells the error without
            // another cycle [Hestenes and Stiefel 1952].
            let gain = now * now / curvature;
            gained += gain;
            if gain <= (relative * gained).max(effort.least_gain(phase)) {
                return Ok(iteration + 1);
            }
        }
        Ok(effort.cg)
    }
}
