//! Wire types shared by app and server, and nothing else.
//!
//! `GET /cases/index.json` answers a [`CaseIndex`], `GET /cases/<id>.json` a [`CaseDetails`]. Addresses inside are
//! absolute paths of the same origin. Fields may be added, never renamed: an older page kept by a service worker still
//! reads them. Texts are English; `german` holds what each says in German, so that a page can change its language without
//! asking again and a page from before there was German reads on.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Everything the library shows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CaseIndex {
    /// The cases, in the order of the library.
    pub cases: Vec<CaseEntry>,
    /// The pathway map, in the order of the library.
    #[serde(default)]
    pub pathways: Vec<Pathway>,
    /// German of the texts above, by the English.
    #[serde(default)]
    pub german: BTreeMap<String, String>,
}

/// One case in the library.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CaseEntry {
    /// Identifier, as in the URL `/case/<id>`: lower case letters, digits and hyphens.
    pub id: String,
    /// "Normal liver".
    pub title: String,
    /// "Liver": what the card is filed under.
    pub organ: String,
    /// One line: what is done here.
    pub summary: String,
    /// Difficulty, 1 to 3.
    pub level: u8,
    /// Minutes that a first visit takes.
    pub minutes: u16,
    /// What the twin was made from.
    pub origin: Origin,
    /// The twin.
    pub pack: PackFile,
    /// Address of the rendered picture (WebP or PNG with a transparent ground).
    pub picture: String,
    /// What the picture shows, for those who do not see it.
    pub picture_alt: String,
    /// Address of the [`CaseDetails`].
    pub details: String,
    /// Identifiers of its questions.
    #[serde(default)]
    pub questions: Vec<String>,
}

/// What a twin was made from; shown as a tag on every picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// A person's CT.
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

/// A pack to download.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackFile {
    /// Address; holds the content hash, so its content never changes.
    pub url: String,
    /// Size [byte].
    pub bytes: u64,
    /// SHA-256 of the content, lower-case hexadecimal.
    pub sha256: String,
}

/// A row of the pathway map: from the healthy organ to its operations.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pathway {
    /// "liver".
    pub id: String,
    /// "Liver".
    pub title: String,
    /// From easy to hard.
    pub stops: Vec<Stop>,
}

/// One stop of a pathway.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stop {
    /// "Cirrhosis".
    pub title: String,
    /// The case behind it; none while it is planned.
    #[serde(default)]
    pub case: Option<String>,
    /// Titles of the stops best taken first, "Liver: Normal" for one of another pathway.
    #[serde(default)]
    pub after: Vec<String>,
    /// Share of its questions that must be answered right, at the last try, for it to be mastered, 0 to 1.
    #[serde(default)]
    pub mastery: Option<f64>,
}

/// What the page of a case needs besides the pack.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CaseDetails {
    /// Identifier, as in the index.
    pub id: String,
    /// Paragraphs of plain text that set the scene.
    pub story: Vec<String>,
    /// What the learner can do afterwards.
    pub objectives: Vec<String>,
    /// Names and facts of the structures; ids are those of the pack's manifest.
    pub structures: Vec<StructureDetails>,
    /// Constants the simulation uses, and constants worth knowing, each with where it was measured.
    #[serde(default)]
    pub constants: Vec<TissueConstant>,
    /// Pull beyond which tissue is expected to be harmed.
    #[serde(default)]
    pub force_limit: Option<ForceLimit>,
    /// Where the twin comes from.
    pub sources: Vec<Source>,
    /// Where the scan ends and what is therefore missing; none if the organ is complete.
    #[serde(default)]
    pub scan_end: Option<String>,
    /// What is wrong, or that nothing is.
    #[serde(default)]
    pub pathology: String,
    /// What of the twin comes from this patient.
    #[serde(default)]
    pub real: Vec<String>,
    /// What was computed, chosen or made up.
    #[serde(default)]
    pub derived: Vec<String>,
    /// Questions to check oneself by.
    #[serde(default)]
    pub questions: Vec<Question>,
    /// German of the texts above, by the English.
    #[serde(default)]
    pub german: BTreeMap<String, String>,
}

/// A question with its answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// Identifier within the case; journals name it.
    pub id: String,
    /// May several answers be right?
    pub multiple: bool,
    /// What is asked.
    pub stem: String,
    /// Answers to choose from.
    pub options: Vec<Choice>,
    /// Why the right answers are right, and the tempting ones wrong.
    pub explanation: String,
    /// Published works that the answer follows.
    pub references: Vec<String>,
    /// The objective that it checks.
    pub objective: String,
    /// Structure of the twin that it is about.
    #[serde(default)]
    pub structure: Option<String>,
}

/// An answer to choose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// What it says.
    pub text: String,
    /// Is it right?
    pub right: bool,
}

/// Names and facts of one structure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StructureDetails {
    /// As in the pack's manifest: "kidney_right".
    pub id: String,
    /// "Right kidney".
    pub name: String,
    /// Latin name of Terminologia Anatomica 2; empty if it has none.
    #[serde(default)]
    pub ta2: String,
    /// The structure this one is listed under; none for the top of the tree.
    #[serde(default)]
    pub parent: Option<String>,
    /// What it does, one or two sentences.
    #[serde(default)]
    pub function: String,
    /// What it touches, one or two sentences.
    #[serde(default)]
    pub relations: String,
    /// Colour in the tree and in the slices: "#a8352b".
    pub colour: String,
    /// What is different in this patient; empty if nothing is known.
    #[serde(default)]
    pub differs: String,
    /// Number in the Foundational Model of Anatomy.
    #[serde(default)]
    pub fma: Option<u32>,
    /// Every name that it is searched by, beside those above.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// Volume in healthy adults.
    #[serde(default)]
    pub healthy: Option<VolumeRange>,
    /// Published works that function and relations follow.
    #[serde(default)]
    pub references: Vec<String>,
}

/// Volumes of healthy adults.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VolumeRange {
    /// Lower end [mL].
    pub low: f64,
    /// Upper end [mL].
    pub high: f64,
    /// Where it is published, and how the range follows from it.
    pub source: String,
}

/// One number of biology. Without its source it does not exist.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TissueConstant {
    /// The structure it belongs to, as in the manifest.
    pub structure: String,
    /// "Young's modulus".
    pub quantity: String,
    /// Value in `unit`.
    pub value: f64,
    /// Standard deviation or half-range in `unit`, if published.
    #[serde(default)]
    pub spread: Option<f64>,
    /// "kPa".
    pub unit: String,
    /// "Brunon 2010".
    pub source: String,
    /// "human", "porcine".
    pub species: String,
    /// How it was measured: "uniaxial tension, ex vivo".
    pub method: String,
    /// True while it is a modelling choice that no measurement backs yet.
    #[serde(default)]
    pub provisional: bool,
}

/// Pull beyond which tissue is expected to be harmed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ForceLimit {
    /// Force of one forceps [N].
    pub newton: f64,
    /// Where the number comes from.
    pub source: String,
    /// True while no published measurement backs it.
    #[serde(default)]
    pub provisional: bool,
}

/// One source of a twin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Title of the source.
    pub title: String,
    /// Who is to be credited.
    pub credit: String,
    /// SPDX expression or name of the licence.
    pub licence: String,
    /// Page of the source, if it has one.
    #[serde(default)]
    pub url: Option<String>,
    /// What was changed.
    #[serde(default)]
    pub changes: String,
}
