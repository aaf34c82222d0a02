//! The structures of a twin: what a case says about them, over what the table of anatomy knows.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    anatomy::{self, Anatomy},
    text::Text,
    twin::pack::Tissue,
};

/// A structure as a case describes it. What the table of anatomy knows need not be repeated; what is written here wins.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StructureEntry {
    /// Identifier in the twin: lower-case letters, digits and underscores.
    pub id: String,
    /// Structure of the table of anatomy by any of its names, if the identifier is not one.
    pub anatomy: Option<String>,
    /// Values in the label volume.
    pub labels: Vec<u16>,
    /// Name, if not that of the table.
    pub name: Option<Text>,
    /// Latin name (Terminologia Anatomica, 2nd edition), if not that of the table.
    pub ta2: Option<String>,
    /// What it looks like, if not as the table says.
    pub tissue: Option<Tissue>,
    /// Base colour, "#rrggbb", if not that of the table.
    pub colour: Option<String>,
    /// What it does, if not as the table says.
    pub function: Option<Text>,
    /// Where it lies, if not as the table says.
    pub relations: Option<Text>,
    /// What is different in this patient.
    pub differs: Option<Text>,
    /// Soft body that it belongs to; rigid scenery without one.
    pub body: Option<String>,
    /// Entry of the tissue table that gives its mechanics, if not that of the table of anatomy; only with `body`.
    pub mechanics: Option<String>,
    /// Thinner than a cell and stiffer than what is around it: a cell has its mechanics as soon as a fifth of it is of this structure.
    #[serde(default)]
    pub sheet: bool,
}

/// A structure of the twin, with everything that is known about it.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(from = "StructureEntry")]
#[schemars(with = "StructureEntry")]
pub struct StructureRecipe {
    /// Identifier: "kidney_right".
    pub id: String,
    /// What the table of anatomy knows.
    pub anatomy: Option<&'static Anatomy>,
    /// Values in the label volume.
    pub labels: Vec<u16>,
    /// "Right kidney".
    pub name: Text,
    /// Latin name (Terminologia Anatomica, 2nd edition); empty without one.
    pub ta2: String,
    /// What it looks like.
    pub tissue: Tissue,
    /// Base colour, "#rrggbb".
    pub colour: String,
    /// What it does.
    pub function: Text,
    /// Where it lies.
    pub relations: Text,
    /// What is different in this patient.
    pub differs: Option<Text>,
    /// Soft body that it belongs to; rigid scenery without one.
    pub body: Option<String>,
    /// Entry of the tissue table that gives its mechanics; there with `body`.
    pub mechanics: Option<String>,
    /// A fifth of a cell decides on the cell's mechanics.
    pub sheet: bool,
    /// What neither the case nor the table says; the check of the case refuses it.
    pub(super) missing: Vec<&'static str>,
}

impl From<StructureEntry> for StructureRecipe {
    fn from(entry: StructureEntry) -> Self {
        let anatomy = anatomy::find(entry.anatomy.as_ref().unwrap_or(&entry.id));
        let mut missing = Vec::new();
        let mut need = |field, known: bool| {
            if !known {
                missing.push(field);
            }
        };
        need("name", entry.name.is_some() || anatomy.is_some());
        need("tissue", entry.tissue.is_some() || anatomy.is_some());
        need("colour", entry.colour.is_some() || anatomy.is_some());
        need("function", entry.function.is_some() || anatomy.is_some());
        need("relations", entry.relations.is_some() || anatomy.is_some());
        let of_table = |field: fn(&Anatomy) -> &Text| anatomy.map(|a| field(a).clone());
        let mechanics = entry.mechanics.or_else(|| {
            // Rigid scenery of a tissue that could be soft needs no constants.
            anatomy.filter(|_| entry.body.is_some()).and_then(|a| a.mechanics.clone())
        });
        Self {
            anatomy,
            labels: entry.labels,
            name: entry.name.or(of_table(|a| &a.name)).unwrap_or_default(),
            ta2: entry.ta2.or(anatomy.and_then(|a| a.ta2.clone())).unwrap_or_default(),
            tissue: entry.tissue.or(anatomy.map(|a| a.tissue)).unwrap_or(Tissue::Gland),
            colour: entry.colour.or(anatomy.map(|a| a.colour.clone())).unwrap_or_default(),
            function: entry.function.or(of_table(|a| &a.function)).unwrap_or_default(),
            relations: entry.relations.or(of_table(|a| &a.relations)).unwrap_or_default(),
            differs: entry.differs,
            body: entry.body,
            mechanics,
            sheet: entry.sheet,
            missing,
            id: entry.id,
        }
    }
}
