//! What the kernels left about a frame, judged as the CPU's line search would have.

use super::layout::Journal;
use crate::newton::{Energy, ROUNDING, ROUNDING_FORCE};

impl Journal {
    /// Unbalanced force over that at the beginning, or over what acts if that is more [mN].
    pub fn residual(&self, acts: f64) -> f64 {
        let norm = |k: u32| f64::from(self.energies[k as usize][2]).sqrt();
        let reference = norm(0).max(acts);
        if reference > 0.0 { norm(self.newton_iterations) / reference } else { 0.0 }
    }

    /// Would the CPU stop here: are forces balanced, or did a whole step gain what it promised, to within the part `agreement`, and
    /// leave no larger imbalance than there was at the beginning?
    pub fn is_enough(&self, agreement: f64) -> bool {
        if self.balanced != 0 {
            return true;
        }
        let k = self.newton_iterations as usize;
        let [slope, .., scale] = self.step();
        let energy = |k: usize| Energy {
            value: f64::from(self.energies[k][0]),
            magnitude: f64::from(self.energies[k][1]),
        };
        let mut after = energy(k);
        after.value -= f64::from(self.energies[k][3]);
        scale >= 1.0
            && after.agrees(&energy(k - 1), f64::from(slope), agreement)
            && self.energies[k][2] <= self.energies[0][2]
    }

    /// Was the last Newton step shortened because a node would have moved too far?
    pub fn is_capped(&self) -> bool {
        let [.., scale] = self.step();
        scale > 0.0 && scale < 1.0
    }

    /// Is the last Newton step one that the CPU would go along?
    pub fn is_downhill(&self) -> bool {
        let [slope, ..] = self.step();
        self.negative == 0 && f64::from(slope) <= self.slack()
    }

    /// Did it lower the energy as much as the CPU asks for?
    pub fn is_lower(&self) -> bool {
        let k = self.newton_iterations as usize;
        let [slope, ..] = self.step();
        let [before, after] = [k - 1, k].map(|k| f64::from(self.energies[k][0]));
        let [.., work] = self.energies[k];
        after - f64::from(work) <= before + f64::from(1e-4 * slope) + self.slack()
    }

    /// The last Newton step.
    fn step(&self) -> [f32; 4] {
        self.steps[self.newton_iterations as usize - 1]
    }

    /// What rounding may have done to the last step's energies.
    fn slack(&self) -> f64 {
        let k = self.newton_iterations as usize;
        let magnitude = self.energies[k - 1][1] + self.energies[k][1];
        let [_, length, ..] = self.step();
        let rounding = f64::from(self.roundings[k - 1][0]).sqrt() * f64::from(f32::EPSILON);
        ROUNDING * f64::from(magnitude) + ROUNDING_FORCE * rounding * f64::from(length)
    }
}
