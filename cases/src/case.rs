//! The schema of `case.toml`: what a case teaches, and how its twin is built.

use serde::Deserialize;

use crate::{Error, Result, error, twin::pack::Tissue};

/// One case.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// Identifier, as in the URL: lower case and dashes.
    pub id: String,
    /// "Liver: normal".
    pub title: String,
    /// Organ of the pathway map.
    pub organ: String,
    /// 1 first look, 2 practice, 3 demanding.
    pub level: u8,
    /// Minutes that it takes.
    pub minutes: u16,
    /// One or two sentences for the card.
    pub summary: String,
    /// What is wrong, or that nothing is.
    pub pathology: String,
    /// What a learner can do afterwards.
    pub objectives: Vec<String>,
    /// The setting, in Markdown paragraphs.
    pub story: String,
    /// What the twin was made from.
    #[serde(default)]
    pub origin: Origin,
    /// Pull beyond which tissue is expected to be harmed, if anything is known.
    #[serde(default)]
    pub force_limit: Option<ForceLimit>,
    /// How the twin is built.
    pub twin: Recipe,
}

/// The pull of one forceps beyond which tissue is expected to be harmed.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForceLimit {
    /// Force [N].
    pub newton: f64,
    /// Where the number comes from.
    pub source: String,
    /// True while no published measurement of this very thing backs it.
    pub provisional: bool,
}

/// What a twin was made from; said on every picture of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
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

/// From source files to a twin.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// Source file with the labels.
    pub labels: String,
    /// Source file with the scan, if there is one.
    pub image: Option<String>,
    /// Patient directions of the file's axes, for formats that do not say.
    pub axes: Option<String>,
    /// Grey values that become 0 and 255 in the pack [HU].
    pub image_window: Option<[f32; 2]>,
    /// Direction in which a camera in front looks.
    pub front: [f32; 3],
    /// What a learner must know about the data.
    #[serde(default)]
    pub warnings: Vec<String>,
    /// The files, with what is owed for them.
    pub sources: Vec<Source>,
    /// How surfaces are made.
    pub surface: SurfaceRecipe,
    /// How tissue is made.
    pub lattice: LatticeRecipe,
    /// The structures, in the order of the tree.
    pub structures: Vec<StructureRecipe>,
    /// What holds the soft bodies.
    #[serde(default)]
    pub supports: Vec<SupportRecipe>,
}

/// A source file.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Name without a folder.
    pub file: String,
    /// SHA-256, hexadecimal.
    pub sha256: String,
    /// Title.
    pub title: String,
    /// Who is to be credited.
    pub credit: String,
    /// SPDX expression or name of the licence.
    pub licence: String,
}

/// How surfaces are made from labels.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SurfaceRecipe {
    /// Spacing of the grid at the finest level of detail [mm]; the next levels double it.
    pub spacing: f64,
    /// Standard deviation of the Gaussian on the indicator along x, y, z [mm]; more along the axis of thick slices.
    pub smoothing: [f64; 3],
    /// Rounds of Taubin's filter at the finest level; a quarter of them at each coarser one.
    pub rounds: u32,
    /// How far the filter may move a vertex off the smoothed indicator [mm]: half the steps that the labels show.
    pub reach: f64,
    /// Levels of detail.
    pub levels: u8,
    /// Connected pieces of fewer voxels go to the majority around them.
    pub smallest_piece: usize,
    /// Voxel size of the label volume in the pack [mm].
    pub label_spacing: f64,
}

/// How tissue is made.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LatticeRecipe {
    /// Edge length of a cell [mm].
    pub spacing: f64,
    /// Acceleration of gravity [mm/s²].
    pub gravity: [f32; 3],
}

/// A structure of the twin.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StructureRecipe {
    /// Identifier: "kidney_right".
    pub id: String,
    /// Values in the label volume.
    pub labels: Vec<u16>,
    /// "Right kidney".
    pub name: String,
    /// Latin name (Terminologia Anatomica, 2nd edition).
    pub ta2: String,
    /// What it looks like.
    pub tissue: Tissue,
    /// Base colour, "#rrggbb".
    pub colour: String,
    /// What it does.
    pub function: String,
    /// Where it lies.
    pub relations: String,
    /// Soft body that it belongs to; rigid scenery without one.
    pub body: Option<String>,
    /// Entry of the tissue table that gives its mechanics; needed with `body`.
    pub mechanics: Option<String>,
}

/// A region of a structure's surface that is held elastically at its place.
///
/// The region is every part of the surface that meets all the conditions given. Its stiffness is a modelling choice: no
/// published value exists for most, and `reason` says so.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SupportRecipe {
    /// "Bare area".
    pub name: String,
    /// Structure that is held.
    pub structure: String,
    /// Outward normal within `within` degrees of this direction.
    pub facing: Option<[f64; 3]>,
    /// Angle to `facing` [degrees].
    #[serde(default = "right_angle")]
    pub within: f64,
    /// Fractions of the structure's box along x, low and high.
    #[serde(default = "whole")]
    pub x: [f64; 2],
    /// Fractions of the structure's box along y, low and high.
    #[serde(default = "whole")]
    pub y: [f64; 2],
    /// Fractions of the structure's box along z, low and high.
    #[serde(default = "whole")]
    pub z: [f64; 2],
    /// Within `reach` of a voxel of this label of the source.
    pub near: Option<Vec<u16>>,
    /// Distance to `near` [mm].
    #[serde(default = "reach")]
    pub reach: f64,
    /// Stiffness a unit area, along and across the surface normal [mN/mm³ = kPa/mm].
    pub stiffness: [f64; 2],
    /// Why this region and this stiffness.
    pub reason: String,
}

fn right_angle() -> f64 {
    90.0
}

fn whole() -> [f64; 2] {
    [0.0, 1.0]
}

fn reach() -> f64 {
    5.0
}

impl Case {
    /// Parse and check a `case.toml`; `file` is its name in errors.
    ///
    /// # Errors
    /// Text that is not the schema (with its line), or a field that contradicts another.
    pub fn parse(file: &str, text: &str) -> Result<Self> {
        let case: Self = toml::from_str(text).map_err(|e: toml::de::Error| Error::Recipe {
            file: error::place(file, text, &e),
            field: "case".to_owned(),
            reason: e.message().to_owned(),
        })?;
        case.check(file)?;
        Ok(case)
    }

    /// The sRGB bytes of a "#rrggbb" colour.
    pub(crate) fn colour(text: &str) -> Option<[u8; 3]> {
        let hex = text.strip_prefix('#').filter(|h| h.len() == 6 && h.is_ascii())?;
        let value = u32::from_str_radix(hex, 16).ok()?;
        let [_, r, g, b] = value.to_be_bytes();
        Some([r, g, b])
    }

    fn check(&self, file: &str) -> Result<()> {
        let fail = |field: String, reason: &str| {
            Err(Error::Recipe { file: file.to_owned(), field, reason: reason.to_owned() })
        };
        let plain = |s: &str| {
            !s.is_empty()
                && s.bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_".contains(&b))
        };
        if !plain(&self.id) {
            return fail("id".to_owned(), "use lower-case letters, digits and dashes");
        }
        if !(1..=3).contains(&self.level) {
            return fail("level".to_owned(), "use 1, 2 or 3");
        }
        let twin = &self.twin;
        for file in [Some(&twin.labels), twin.image.as_ref()].into_iter().flatten() {
            if !twin.sources.iter().any(|s| &s.file == file) {
                return fail(
                    format!("twin.sources: {file}"),
                    "is used but not listed; give its sha256, credit and licence",
                );
            }
        }
        for source in &twin.sources {
            if source.sha256.len() != 64 || !source.sha256.bytes().all(|b| b.is_ascii_hexdigit()) {
                return fail(
                    format!("twin.sources: {}: sha256", source.file),
                    "is not 64 hexadecimal digits",
                );
            }
        }
        if twin.image.is_some() != twin.image_window.is_some() {
            return fail(
                "twin.image_window".to_owned(),
                "goes with an image, and an image needs it",
            );
        }
        let surface = &twin.surface;
        if !(0.3..=20.0).contains(&surface.spacing)
            || !surface.smoothing.iter().all(|s| (0.0..=20.0).contains(s))
            || !(0.3..=20.0).contains(&surface.label_spacing)
            || !(0.0..=10.0).contains(&surface.reach)
            || surface.rounds > 1000
            || !(1..=4).contains(&surface.levels)
        {
            return fail(
                "twin.surface".to_owned(),
                "spacings are 0.3 to 20 mm, reach at most 10 mm, rounds at most 1000, levels 1 to 4",
            );
        }
        if !(1.0..=50.0).contains(&twin.lattice.spacing) {
            return fail("twin.lattice.spacing".to_owned(), "is not between 1 and 50 mm");
        }
        if twin.structures.is_empty() || twin.structures.len() > 254 {
            return fail("twin.structures".to_owned(), "a twin has 1 to 254 structures");
        }
        let mut seen = Vec::new();
        for (i, s) in twin.structures.iter().enumerate() {
            let field = |name: &str| format!("twin.structures[{i}] ({}): {name}", s.id);
            if !plain(&s.id) || twin.structures[..i].iter().any(|t| t.id == s.id) {
                return fail(
                    field("id"),
                    "use lower-case letters, digits and underscores, once each",
                );
            }
            if s.labels.is_empty() || s.labels.iter().any(|l| *l == 0 || seen.contains(l)) {
                return fail(field("labels"), "each structure has its own labels, never 0");
            }
            seen.extend(&s.labels);
            if Self::colour(&s.colour).is_none() {
                return fail(field("colour"), "write it as #rrggbb");
            }
            if s.body.is_some() != s.mechanics.is_some() {
                return fail(field("mechanics"), "goes with a body, and a body needs it");
            }
        }
        for s in &twin.supports {
            if !twin.structures.iter().any(|t| t.id == s.structure && t.body.is_some()) {
                return fail(
                    format!("twin.supports ({}): structure", s.name),
                    "is not a soft structure of this twin",
                );
            }
        }
        Ok(())
    }
}
