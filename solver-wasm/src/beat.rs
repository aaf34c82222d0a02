//! What muscle and fluid do over and over, as time courses of the scene.
//!
//! Activation and pressures are given, not computed: no flow is simulated, so the volume at each time is what muscle, wall and
//! pressure balance to. A beat begins with the step after [`crate::message::Command::Beat`] and goes on to its end when it is told to stop.

use serde::{Deserialize, Serialize};

use crate::control::Control;

/// One beat, repeated.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Beat {
    /// Length [s].
    pub period: f32,
    /// Activation of the muscle, 0 to 1, at even times from the beginning; between them it runs straight, and from the last to the first.
    pub activation: Vec<f32>,
    /// Pressure on each of the scene's surfaces at the same times [kPa], against its outward normal, over that of the rest shape. Surfaces
    /// beyond the list have none.
    pub pressures: Vec<Vec<f32>>,
}

/// Whether and since when a scene beats.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Beating {
    /// Step at which the first beat began.
    since: Option<u64>,
    /// Step at which the last one ends.
    until: Option<u64>,
}

impl Beat {
    /// Set activation and pressures to those `time` seconds after a beat began; allocates nothing if there is room.
    pub fn set(&self, time: f32, control: &mut Control) {
        let at = (time / self.period).rem_euclid(1.0);
        control.activation = sample(&self.activation, at);
        control.pressures.clear();
        control.pressures.extend(self.pressures.iter().map(|course| sample(course, at)));
    }

    /// Steps of length `dt` [s] in which a beat is over.
    fn steps(&self, dt: f32) -> u64 {
        ((self.period / dt).round() as u64).max(1)
    }
}

/// Value of a periodic course at a part of its period.
fn sample(course: &[f32], at: f32) -> f32 {
    if course.is_empty() {
        return 0.0;
    }
    let place = at * course.len() as f32;
    let first = (place as usize).min(course.len() - 1);
    let (from, to) = (course[first], course[(first + 1) % course.len()]);
    from + (to - from) * (place - first as f32)
}

impl Beating {
    /// Does it beat, and is not told to stop?
    pub fn is_on(&self) -> bool {
        self.since.is_some() && self.until.is_none()
    }

    /// Begin at `step`, or go on.
    pub fn start(&mut self, step: u64) {
        self.since.get_or_insert(step);
        self.until = None;
    }

    /// End with the beat under way at `step`.
    pub fn stop(&mut self, beat: &Beat, dt: f32, step: u64) {
        self.until = self.since.map(|since| {
            let steps = beat.steps(dt);
            since + (step.saturating_sub(since)).div_ceil(steps) * steps
        });
    }

    /// Set what acts in the step after `step`.
    pub fn conduct(&mut self, beat: &Beat, step: u64, control: &mut Control) {
        if self.until.is_some_and(|until| step >= until) {
            *self = Self::default();
        }
        let Some(since) = self.since else {
            control.activation = 0.0;
            control.pressures.clear();
            return;
        };
        // The step ends at that time; whole steps fit into a beat, so that each beat is the same.
        let step = (step - since) % beat.steps(control.dt) + 1;
        beat.set(step as f32 / beat.steps(control.dt) as f32 * beat.period, control);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn beat() -> Beat {
        Beat {
            period: 1.0,
            activation: vec![0.0, 1.0, 0.0, 0.0],
            pressures: vec![vec![0.0, 8.0, 4.0, 0.0]],
        }
    }

    #[test]
    fn courses_run_straight_and_close() {
        let mut control = Control::default();
        for (time, activation, pressure) in [
            (0.0, 0.0, 0.0),
            (0.125, 0.5, 4.0),
            (0.25, 1.0, 8.0),
            (0.625, 0.0, 2.0),
            (2.25, 1.0, 8.0),
        ] {
            beat().set(time, &mut control);
            assert!((control.activation - activation).abs() < 1e-5, "at {time} s");
            assert!((control.pressures[0] - pressure).abs() < 1e-4, "at {time} s");
        }
    }

    #[test]
    fn a_beat_ends_when_it_is_over() {
        let (beat, mut beating, mut control) = (beat(), Beating::default(), Control::default());
        beating.conduct(&beat, 7, &mut control);
        assert!(control.pressures.is_empty());
        beating.start(10);
        beating.conduct(&beat, 10 + 60 + 14, &mut control);
        assert!((control.activation - 1.0).abs() < 1e-5);
        beating.stop(&beat, control.dt, 85);
        beating.conduct(&beat, 86, &mut control);
        assert!(control.activation > 0.8);
        beating.conduct(&beat, 130, &mut control);
        assert_eq!((control.activation, control.pressures.len()), (0.0, 0));
    }
}
