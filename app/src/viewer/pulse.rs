//! What the view tells of the machine: its pulse once a second, the last step a few times a second while somebody looks.

use solver_wasm::message::{Mechanics, Stepped};

/// Shortest time between two looks at the steps [ms].
const LOOK_PERIOD: f64 = 250.0;

/// Counters for `Vitals`.
#[derive(Default)]
pub struct Pulse {
    /// When the last ones were told [ms].
    pub since: f64,
    /// Frames drawn since.
    pub frames: u32,
    /// Time of these frames [ms].
    pub frame_time: f64,
    /// Draw calls of the last frame.
    pub draw_calls: u32,
    /// Triangles of the last frame.
    pub triangles: u32,
    /// Bytes uploaded for the last frame.
    pub upload_bytes: u32,
}

/// How the last step went, for a person to read.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Computed {
    /// Nothing moves, so nothing is computed: the figures are those of the last step.
    pub resting: bool,
    /// Time a step [ms].
    pub step_ms: f32,
    /// Relative residual of the last Newton iteration.
    pub residual: f32,
    /// Events contained since loading.
    pub contained: u32,
    /// Steps in which an instrument was held back, since loading.
    pub slowed: u32,
    /// Deepest overlap with an instrument, an obstacle or a neighbour [mm].
    pub penetration: f32,
    /// Iterations, energies, volumes, stages.
    pub mechanics: Mechanics,
}

/// Tells of the steps no more often than a person reads, and of nothing twice.
#[derive(Default)]
pub struct Watch {
    on: bool,
    last: f64,
    told: Option<(u64, bool)>,
}

impl Watch {
    /// Begin or end to look.
    pub fn set(&mut self, on: bool) {
        (self.on, self.told) = (on, None);
    }

    /// Is there something that was not told yet?
    pub fn is_stale(&self, step: u64, resting: bool) -> bool {
        self.on && self.told != Some((step, resting))
    }

    /// What to tell at `now` [ms], if anything.
    pub fn look(
        &mut self,
        last: &Stepped,
        step_ms: f32,
        resting: bool,
        now: f64,
    ) -> Option<Computed> {
        if !self.is_stale(last.step, resting) || now - self.last < LOOK_PERIOD {
            return None;
        }
        (self.last, self.told) = (now, Some((last.step, resting)));
        Some(Computed {
            resting,
            step_ms,
            residual: last.residual,
            contained: last.contained,
            slowed: last.slowed,
            penetration: last.penetration,
            mechanics: last.mechanics,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn looks(watch: &mut Watch, frames: u32) -> usize {
        (0..frames)
            .filter(|i| {
                let last = Stepped { step: u64::from(*i), ..Stepped::default() };
                watch.look(&last, 8.0, false, 1000.0 + f64::from(*i) * 16.7).is_some()
            })
            .count()
    }

    #[test]
    fn steps_are_told_four_times_a_second_and_only_to_whom_looks() {
        let mut watch = Watch::default();
        assert_eq!(looks(&mut watch, 60), 0);
        watch.set(true);
        let told = looks(&mut watch, 60);
        assert!((3..=4).contains(&told), "{told}");
    }

    #[test]
    fn rest_is_told_once() {
        let mut watch = Watch::default();
        watch.set(true);
        let last = Stepped { step: 7, ..Stepped::default() };
        assert!(watch.look(&last, 8.0, false, 1000.0).is_some());
        assert!(watch.is_stale(7, true));
        assert_eq!(watch.look(&last, 8.0, true, 1100.0), None);
        assert!(watch.look(&last, 8.0, true, 1300.0).is_some_and(|told| told.resting));
        assert!(!watch.is_stale(7, true));
        assert_eq!(watch.look(&last, 8.0, true, 2000.0), None);
    }
}
