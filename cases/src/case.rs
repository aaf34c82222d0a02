//! The schema of `case.toml`: what a case teaches, and how its twin is built.
//!
//! AUTHORING.md explains it to those who write cases; `cases/case.schema.json` is made from these types.

mod beat;
mod check;
mod outline;
mod recipe;
mod structure;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

pub use self::{
    beat::{BeatRecipe, CavityRecipe, FibreRecipe},
    check::Fault,
    recipe::{LatticeRecipe, MaskRecipe, Recipe, Source, SupportRecipe, SurfaceRecipe},
    structure::{StructureEntry, StructureRecipe},
};
pub use crate::text::Text;
use crate::{Error, Result};

/// One case.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// Identifier, as in the URL: lower case letters, digits and dashes.
    pub id: String,
    /// "Liver: normal".
    pub title: Text,
    /// Pathway that it belongs to.
    pub organ: String,
    /// 1 first look, 2 practice, 3 demanding.
    #[schemars(range(min = 1, max = 3))]
    pub level: u8,
    /// Minutes that it takes.
    #[schemars(range(min = 1, max = 240))]
    pub minutes: u16,
    /// One or two sentences for the card.
    pub summary: Text,
    /// What is wrong, or that nothing is.
    pub pathology: Text,
    /// What a learner can do afterwards.
    pub objectives: Vec<Objective>,
    /// The patient and the setting, in paragraphs with an empty line between.
    pub story: Text,
    /// What of the twin comes from this patient.
    pub real: Vec<Text>,
    /// What was computed, chosen or made up.
    pub derived: Vec<Text>,
    /// What the twin was made from.
    #[serde(default)]
    pub origin: Origin,
    /// Pull beyond which tissue is expected to be harmed, if anything is known.
    #[serde(default)]
    pub force_limit: Option<ForceLimit>,
    /// Operations that can be practised on the twin.
    #[serde(default)]
    pub procedures: Vec<Procedure>,
    /// Questions to check oneself by, eight to twelve of them.
    #[serde(default)]
    pub questions: Vec<Question>,
    /// Published works by a short key; questions refer to the key.
    #[serde(default)]
    pub references: BTreeMap<String, String>,
    /// How the twin is built.
    pub twin: Recipe,
}

/// Something a learner can do afterwards.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Objective {
    /// Identifier: questions refer to it.
    pub id: String,
    /// English, beginning with a verb.
    pub en: String,
    /// German.
    pub de: String,
}

/// An operation that can be practised on the twin.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Procedure {
    /// Identifier.
    pub id: String,
    /// What is done.
    pub title: Text,
    /// What it shall reach.
    pub goal: Text,
}

/// A question with its answers.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// Identifier; stays the same for ever, since journals name it.
    pub id: String,
    /// One right answer, or several.
    pub kind: QuestionKind,
    /// What is asked.
    pub stem: Text,
    /// Two to six answers to choose from.
    pub options: Vec<Choice>,
    /// Why the right answers are right, and the tempting ones wrong.
    pub explanation: Text,
    /// Keys of the case's references.
    pub references: Vec<String>,
    /// Objective that it checks.
    pub objective: String,
    /// Structure of the twin that it is about.
    #[serde(default)]
    pub structure: Option<String>,
}

/// How many answers are right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum QuestionKind {
    /// Exactly one.
    Single,
    /// One or more; all of them make the answer right.
    Multiple,
}

/// An answer to choose.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// English.
    pub en: String,
    /// German.
    pub de: String,
    /// Is it right?
    #[serde(default)]
    pub right: bool,
}

/// The pull of one forceps beyond which tissue is expected to be harmed.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ForceLimit {
    /// Force [N].
    pub newton: f64,
    /// Where the number comes from.
    pub source: Text,
    /// True while no published measurement of this very thing backs it.
    pub provisional: bool,
}

/// What a twin was made from; said on every picture of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// A person's CT.
    #[default]
    Ct,
    /// A person's MR.
    Mr,
    /// A published reference organ.
    Reference,
    /// A person's CT, altered: the pathology is modelled.
    DerivedFromCt,
    /// Modelled from nothing: a skin pad.
    Model,
}

impl Case {
    /// Parse and check a `case.toml`; `file` is its name in errors.
    ///
    /// # Errors
    /// The first mistake of [`Case::check`].
    pub fn parse(file: &str, text: &str) -> Result<Self> {
        Self::check(text).map_err(|faults| match faults.into_iter().next() {
            Some(fault) => Error::Recipe {
                file: format!("{file}:{}", fault.line),
                field: fault.field,
                reason: format!("{}; {}", fault.reason, fault.remedy),
            },
            // No mistake is no error; `check` gives the case then.
            None => Error::Recipe {
                file: file.to_owned(),
                field: "case".to_owned(),
                reason: "cannot be read".to_owned(),
            },
        })
    }

    /// Parse a `case.toml` and look for everything that is wrong with it.
    ///
    /// # Errors
    /// Every mistake, in the order of the lines, never an empty list.
    pub fn check(text: &str) -> Result<Self, Vec<Fault>> {
        // What is right takes the short way; only a text with mistakes is held against the schema.
        if let Ok(case) = toml::from_str::<Self>(text) {
            let Some(faults) = check::located(&case, text) else { return Ok(case) };
            return Err(faults);
        }
        Err(outline::faults(text))
    }

    /// The schema as JSON Schema, for editors.
    pub fn json_schema() -> serde_json::Value {
        let mut schema = schemars::schema_for!(Self).to_value();
        schema["title"] = "A case of Sectio: case.toml".into();
        schema
    }
}
