//! What a learner opened, found and did: an append-only list of events, and what follows from it.

pub mod store;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::quiz::Answers;

/// Something a learner did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Position in the journal, ascending; given by the store.
    #[serde(default)]
    pub seq: u64,
    /// When [ms since 1970, UTC].
    pub time: f64,
    /// Which case.
    pub case: String,
    /// What.
    #[serde(flatten)]
    pub deed: Deed,
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Deed {
    /// The case was opened and its organ seen.
    Opened,
    /// A structure was selected: its name and facts were shown.
    StructureFound {
        /// Identifier of the structure.
        structure: String,
    },
    /// A structure was hidden.
    Hidden {
        /// Identifier of the structure.
        structure: String,
    },
    /// Tissue was grasped, pulled and let go.
    Grasped {
        /// Identifier of the structure.
        structure: String,
        /// Largest force [N].
        peak_force: f32,
        /// Largest displacement [mm].
        peak_displacement: f32,
    },
    /// Tissue was pushed with the probe and let go.
    Pushed {
        /// Identifier of the structure.
        structure: String,
        /// Largest force [N].
        peak_force: f32,
        /// Largest displacement [mm].
        peak_displacement: f32,
    },
    /// Tissue was cut by a stroke of the scalpel.
    Incised {
        /// Identifier of the structure where the stroke began.
        structure: String,
        /// Length along the surface [mm].
        length: f32,
        /// Mean depth over the length [mm].
        depth: f32,
        /// Greatest depth [mm]; 0 where it was not kept.
        #[serde(default)]
        deepest: f32,
        /// From setting the blade down to lifting it [s]; 0 where it was not kept.
        #[serde(default)]
        duration: f32,
        /// Of that, how long the blade stood still beyond half a second at a time [s].
        #[serde(default)]
        hesitation: f32,
        /// Greatest force of the blade [N]; 0 where it was not kept.
        #[serde(default)]
        peak_force: f32,
        /// Area that was torn, not cut [mm²].
        #[serde(default)]
        torn: f32,
        /// Mean and greatest distance from the planned line [mm], where there was one.
        #[serde(default)]
        deviation: Option<[f32; 2]>,
        /// Area of the cut in each structure that it went through, by identifier [mm²].
        #[serde(default)]
        areas: BTreeMap<String, f32>,
        /// Blood lost by the end of the stroke [mL], since the tissue was whole.
        #[serde(default)]
        blood: f32,
        /// Openings of vessels that bled then.
        #[serde(default)]
        openings: usize,
    },
    /// A bleeding vessel was closed.
    Stanched {
        /// Identifier of the vessel.
        structure: String,
        /// Calibre of the opening [mm].
        calibre: f32,
        /// By a clamp; else by heat.
        clamped: bool,
        /// Blood lost by then [mL], since the tissue was whole.
        blood: f32,
    },
    /// A question was answered.
    Answered {
        /// Identifier of the question.
        question: String,
        /// What was chosen: places in the case's list of answers, from 0.
        chosen: Vec<usize>,
        /// Was it right?
        right: bool,
    },
    /// One of the first steps was done.
    StepDone {
        /// Identifier of the step.
        step: String,
    },
}

/// What the journal says about one case.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CaseProgress {
    /// How often it was opened.
    pub visits: u32,
    /// When something last happened [ms since 1970, UTC].
    pub last: f64,
    /// Steps done.
    pub steps: BTreeSet<String>,
    /// Structures found.
    pub found: BTreeSet<String>,
    /// Number of grasps.
    pub grasps: u32,
    /// Largest force so far [N].
    pub peak_force: f32,
    /// Questions answered, and whether the last try was right.
    pub answers: Answers,
}

/// How far a case is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Never opened.
    New,
    /// Opened, steps left.
    Begun,
    /// Every step done.
    Done,
}

impl CaseProgress {
    /// How far, when the case has `step_count` steps.
    pub fn stage(&self, step_count: usize) -> Stage {
        if self.visits == 0 && self.steps.is_empty() {
            Stage::New
        } else if self.steps.len() < step_count {
            Stage::Begun
        } else {
            Stage::Done
        }
    }
}

/// Everything that follows from a journal, by case.
pub type Progress = BTreeMap<String, CaseProgress>;

/// Fold a journal: the same events give the same progress.
pub fn progress(events: &[Event]) -> Progress {
    let mut progress = Progress::new();
    for event in events {
        let case = progress.entry(event.case.clone()).or_default();
        case.last = case.last.max(event.time);
        match &event.deed {
            Deed::Opened => case.visits += 1,
            Deed::StructureFound { structure } => {
                case.found.insert(structure.clone());
            }
            Deed::Hidden { .. }
            | Deed::Pushed { .. }
            | Deed::Incised { .. }
            | Deed::Stanched { .. } => {}
            Deed::Grasped { peak_force, .. } => {
                case.grasps += 1;
                case.peak_force = case.peak_force.max(*peak_force);
            }
            Deed::Answered { question, right, .. } => {
                case.answers.insert(question.clone(), *right);
            }
            Deed::StepDone { step } => {
                case.steps.insert(step.clone());
            }
        }
    }
    progress
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn event(time: f64, case: &str, deed: Deed) -> Event {
        Event { seq: 0, time, case: case.into(), deed }
    }

    #[test]
    fn progress_is_a_fold_over_events() {
        let step = |step: &str| Deed::StepDone { step: step.into() };
        let events = [
            event(1.0, "liver", Deed::Opened),
            event(2.0, "liver", step("turn")),
            event(3.0, "liver", step("turn")),
            event(4.0, "abdomen", Deed::Opened),
            event(
                5.0,
                "liver",
                Deed::Grasped {
                    structure: "liver".into(),
                    peak_force: 2.1,
                    peak_displacement: 14.0,
                },
            ),
        ];
        let progress = progress(&events);
        assert_eq!(progress["liver"].visits, 1);
        assert_eq!(progress["liver"].steps.len(), 1);
        assert_eq!(progress["liver"].last, 5.0);
        assert_eq!(progress["liver"].peak_force, 2.1);
        assert_eq!(progress["liver"].stage(1), Stage::Done);
        assert_eq!(progress["liver"].stage(2), Stage::Begun);
        assert_eq!(CaseProgress::default().stage(2), Stage::New);
        assert_eq!(progress["abdomen"].visits, 1);
    }

    #[test]
    fn the_last_answer_counts() {
        let answer = |time, right| {
            let question = "halves".to_owned();
            event(time, "liver", Deed::Answered { question, chosen: vec![0], right })
        };
        let progress = progress(&[answer(1.0, true), answer(2.0, false)]);
        assert!(!progress["liver"].answers["halves"]);
        let text = serde_json::to_string(&answer(3.0, true)).unwrap();
        assert_eq!(serde_json::from_str::<Event>(&text).unwrap(), answer(3.0, true));
        assert!(
            text.contains(r#""kind":"answered","question":"halves","chosen":[0],"right":true"#)
        );
    }

    #[test]
    fn events_are_flat_json() {
        let event = event(7.0, "liver", Deed::Hidden { structure: "gallbladder".into() });
        let text = serde_json::to_string(&event).unwrap();
        assert_eq!(
            text,
            r#"{"seq":0,"time":7.0,"case":"liver","kind":"hidden","structure":"gallbladder"}"#
        );
        assert_eq!(serde_json::from_str::<Event>(&text).unwrap(), event);
    }
}
