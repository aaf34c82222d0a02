//! How muscle runs and a heart beats: what `[[twin.fibres]]` and `[twin.beat]` of a case.toml say.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::text::Text;

/// How the fibres of a muscular wall run: around it, at an angle that changes from its inner to its outer side.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FibreRecipe {
    /// Structures that make up the wall.
    pub structures: Vec<String>,
    /// Labels of the source that its inner side meets.
    pub inner: Vec<u16>,
    /// From apex to base, in the patient's axes.
    pub axis: [f64; 3],
    /// Angle of the fibres to the circumference on the inner and on the outer side, a right-handed helix positive [degrees].
    pub helix: [f64; 2],
    /// Where the rule comes from.
    pub reason: String,
}

/// One beat, repeated: what is prescribed, since no circulation is simulated.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BeatRecipe {
    /// Length [s].
    pub period: f64,
    /// Activation of the muscle: pairs of a time from the end of diastole [s] and a part of the greatest active stress.
    pub activation: Vec<[f64; 2]>,
    /// Chambers that pump.
    pub cavities: Vec<CavityRecipe>,
    /// Where the courses come from, and what is simplified.
    pub reason: String,
}

/// A chamber that pumps.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CavityRecipe {
    /// "Left ventricle".
    pub name: Text,
    /// Label of its blood in the source.
    pub label: u16,
    /// Pressure over that at the end of diastole: pairs of a time [s] and a pressure [kPa].
    pub pressure: Vec<[f64; 2]>,
}

/// Samples that a course is given to the solver with.
const SAMPLES: usize = 120;

impl FibreRecipe {
    /// What cannot be: the field, what is wrong with it, and what would be right.
    pub(super) fn faults(&self) -> Vec<(&'static str, String, &'static str)> {
        let mut faults = Vec::new();
        if self.helix.iter().any(|angle| !(-90.0..=90.0).contains(angle)) {
            faults.push(("helix", format!("is {:?}", self.helix), "write −90 to 90 degrees"));
        }
        if self.axis.iter().all(|x| x.abs() < 1e-6) || self.axis.iter().any(|x| !x.is_finite()) {
            let reason = format!("is {:?}", self.axis);
            faults.push(("axis", reason, "write the direction from apex to base"));
        }
        if self.inner.is_empty() {
            faults.push(("inner", "is empty".to_owned(), "name the label of the blood inside"));
        }
        faults
    }
}

impl BeatRecipe {
    /// What cannot be, as for [`FibreRecipe::faults`].
    pub(super) fn faults(&self) -> Vec<(String, String, &'static str)> {
        let mut faults = Vec::new();
        if !(0.2..=10.0).contains(&self.period) {
            faults.push(("period".to_owned(), format!("is {} s", self.period), "write 0.2 to 10"));
        }
        let mut course = |field: String, points: &[[f64; 2]], low: f64, high: f64, remedy| {
            let rising = points.windows(2).all(|pair| pair[0][0] < pair[1][0]);
            let inside = points.iter().all(|p| (0.0..self.period).contains(&p[0]));
            if points.is_empty() || !rising || !inside {
                let reason = "has times that do not rise within the period".to_owned();
                faults.push((field, reason, "write pairs [time, value], times from 0 on"));
            } else if points.iter().any(|p| !(low..=high).contains(&p[1])) {
                faults.push((field, format!("is not within {low} to {high}"), remedy));
            }
        };
        course("activation".to_owned(), &self.activation, 0.0, 1.0, "write parts of the whole");
        for (i, cavity) in self.cavities.iter().enumerate() {
            let field = format!("cavities.{i}.pressure");
            course(field, &cavity.pressure, -50.0, 100.0, "write kPa: 100 mmHg are 13.3 kPa");
        }
        faults
    }

    /// A course at even times over the period: straight between its points, and from the last to the first.
    pub fn even(&self, points: &[[f64; 2]]) -> Vec<f32> {
        let (Some(first), Some(last)) = (points.first(), points.last()) else { return Vec::new() };
        let closing = [[last[0] - self.period, last[1]], [first[0] + self.period, first[1]]];
        let all: Vec<[f64; 2]> =
            [closing[0]].into_iter().chain(points.iter().copied()).chain([closing[1]]).collect();
        let at = |time: f64| {
            let pair = all.windows(2).find(|pair| time <= pair[1][0]);
            pair.map_or(0.0, |pair| {
                let part = (time - pair[0][0]) / (pair[1][0] - pair[0][0]);
                pair[0][1] + part * (pair[1][1] - pair[0][1])
            })
        };
        (0..SAMPLES).map(|i| at(i as f64 / SAMPLES as f64 * self.period) as f32).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_course_passes_its_points_and_closes() {
        let reason = String::new();
        let recipe =
            BeatRecipe { period: 1.2, activation: Vec::new(), cavities: Vec::new(), reason };
        let even = recipe.even(&[[0.3, 0.0], [0.6, 4.0], [0.9, 2.0]]);
        assert_eq!(even.len(), SAMPLES);
        for (i, value) in [(30, 0.0), (45, 2.0), (60, 4.0), (90, 2.0), (0, 1.0), (105, 1.5)] {
            assert!((even[i] - value).abs() < 1e-5, "{i}: {} for {value}", even[i]);
        }
    }
}
