//! What a structure is called, looks like and does, whichever case shows it.
//!
//! One table serves cases, importers and search: a label "kidney_right", a Slicer segment "right kidney", "Rechte Niere",
//! "Ren dexter" and "FMA 7204" are one structure.

use std::{
    collections::{BTreeMap, HashMap},
    sync::LazyLock,
};

use serde::Deserialize;
use toml::Spanned;

pub use crate::text::{Text, fold, name_key};
use crate::{Error, Result, error, text, tissue, twin::pack::Tissue};

/// Name of the table in errors.
const FILE: &str = "anatomy.toml";
const TABLE: &str = include_str!("anatomy.toml");

/// One anatomical structure.
#[derive(Clone, Debug, PartialEq)]
pub struct Anatomy {
    /// Identifier: "kidney_right".
    pub id: String,
    /// "Right kidney", "Rechte Niere".
    pub name: Text,
    /// Latin term of Terminologia Anatomica, 2nd edition [Fipat 2019]; none for what is no normal anatomy.
    pub ta2: Option<String>,
    /// Number in the Foundational Model of Anatomy [Rosse and Mejino 2003], where it could be verified.
    pub fma: Option<u32>,
    /// Further names: labels of TotalSegmentator, segments of 3D Slicer, synonyms.
    pub aliases: Vec<String>,
    /// What it looks like.
    pub tissue: Tissue,
    /// Base colour, "#rrggbb".
    pub colour: String,
    /// Entry of the tissue table, if it may be soft.
    pub mechanics: Option<String>,
    /// Volume in healthy adults, where a range is published.
    pub volume: Option<VolumeRange>,
    /// What it does.
    pub function: Text,
    /// Where it lies.
    pub relations: Text,
    /// Keys of [`Table::references`] that function and relations follow.
    pub references: Vec<String>,
}

/// Volumes of healthy adults.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VolumeRange {
    /// Lower end [mL].
    pub low: f64,
    /// Upper end [mL].
    pub high: f64,
    /// Key of [`Table::references`].
    pub reference: String,
    /// How the range follows from the source: "mean ± 2 standard deviations, 212 adults, CT".
    pub how: String,
}

/// All structures, found by any of their names.
#[derive(Clone, Debug, Default)]
pub struct Table {
    structures: Vec<Anatomy>,
    /// Index of a structure by [`name_key`].
    names: HashMap<String, usize>,
    references: BTreeMap<String, String>,
}

impl Anatomy {
    /// Every name: identifier, both languages, Latin, "FMA 7204", aliases.
    pub fn names(&self) -> impl Iterator<Item = String> {
        let own = [&self.id, &self.name.en, &self.name.de].into_iter().cloned();
        let fma = self.fma.map(|number| format!("FMA {number}"));
        own.chain(self.ta2.clone()).chain(fma).chain(self.aliases.iter().cloned())
    }
}

impl Table {
    /// Read and check a table; `file` is its name in errors.
    ///
    /// # Errors
    /// Text that is not the schema; a name that two structures share; a field that the rest of the table contradicts. Each
    /// names file, line and field.
    pub fn parse(file: &str, text: &str) -> Result<Self> {
        let source: Source = toml::from_str(text).map_err(|e: toml::de::Error| Error::Recipe {
            file: error::place(file, text, &e),
            field: "structure".to_owned(),
            reason: e.message().to_owned(),
        })?;
        let mut table = Self { references: source.references, ..Self::default() };
        for entry in source.structure {
            let line = error::line(text, entry.span().start);
            let entry = entry.into_inner();
            let id = entry.id.clone();
            let fail = |field: &str, reason: String| {
                Err(Error::Recipe {
                    file: format!("{file}:{line}"),
                    field: format!("{id}: {field}"),
                    reason,
                })
            };
            let anatomy = match entry.resolve(&source.group) {
                Ok(anatomy) => anatomy,
                Err((field, reason)) => return fail(field, reason),
            };
            if let Err((field, reason)) = table.check(&anatomy) {
                return fail(field, reason);
            }
            let index = table.structures.len();
            for name in anatomy.names() {
                let key = name_key(&name);
                match table.names.insert(key, index) {
                    Some(other) if other != index => {
                        let other = &table.structures[other].id;
                        return fail("names", format!("“{name}” is also a name of `{other}`"));
                    }
                    _ => {}
                }
            }
            table.structures.push(anatomy);
        }
        Ok(table)
    }

    fn check(&self, anatomy: &Anatomy) -> Result<(), (&'static str, String)> {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
        if anatomy.id.is_empty() || !anatomy.id.bytes().all(plain) {
            return Err(("id", "use lower-case letters, digits and underscores".to_owned()));
        }
        let texts = [&anatomy.name, &anatomy.function, &anatomy.relations];
        if texts.iter().any(|text| text.is_incomplete()) {
            return Err(("text", "is empty in one language; write both".to_owned()));
        }
        if text::colour(&anatomy.colour).is_none() {
            return Err(("colour", "write it as #rrggbb".to_owned()));
        }
        let known = |name: &str| tissue::table().is_ok_and(|table| table.contains_key(name));
        if let Some(name) = anatomy.mechanics.as_ref().filter(|name| !known(name.as_str())) {
            return Err(("mechanics", format!("`{name}` is not in tissue.toml")));
        }
        let volume = anatomy.volume.as_ref();
        if volume.is_some_and(|range| !(range.low > 0.0 && range.low < range.high)) {
            return Err(("volume", "needs 0 < low < high, in mL".to_owned()));
        }
        let used = anatomy.references.iter().chain(volume.map(|range| &range.reference));
        match used.into_iter().find(|key| !self.references.contains_key(*key)) {
            Some(key) => Err(("references", format!("`{key}` is not in [references]"))),
            None => Ok(()),
        }
    }

    /// The structure with this name, in any language and spelling: "right kidney", "Ren_dexter", "FMA:7204".
    pub fn find(&self, name: &str) -> Option<&Anatomy> {
        self.names.get(&name_key(name)).map(|index| &self.structures[*index])
    }

    /// All structures, in the order of the table.
    pub fn structures(&self) -> &[Anatomy] {
        &self.structures
    }

    /// Published works by their key.
    pub fn references(&self) -> &BTreeMap<String, String> {
        &self.references
    }
}

/// The table that comes with the program.
///
/// # Errors
/// A table that does not parse or check. The one in the program is tested to.
pub fn table() -> Result<&'static Table> {
    static LOADED: LazyLock<Result<Table>> = LazyLock::new(|| Table::parse(FILE, TABLE));
    LOADED.as_ref().map_err(Clone::clone)
}

/// The structure with this name in the program's table; see [`Table::find`].
pub fn find(name: &str) -> Option<&'static Anatomy> {
    // A table that does not load fails the tests, so this is none only for a name that nothing has.
    table().ok().and_then(|table| table.find(name))
}

/// The file, as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Source {
    references: BTreeMap<String, String>,
    #[serde(default)]
    group: BTreeMap<String, Group>,
    structure: Vec<Spanned<Entry>>,
}

/// What several structures share.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    tissue: Tissue,
    colour: String,
    mechanics: Option<String>,
    function: Option<Text>,
    relations: Option<Text>,
    #[serde(default)]
    references: Vec<String>,
}

/// One structure, without what its group says.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: String,
    en: String,
    de: String,
    ta2: Option<String>,
    fma: Option<u32>,
    #[serde(default)]
    aliases: Vec<String>,
    group: Option<String>,
    tissue: Option<Tissue>,
    colour: Option<String>,
    mechanics: Option<String>,
    volume: Option<VolumeRange>,
    function: Option<Text>,
    relations: Option<Text>,
    #[serde(default)]
    references: Vec<String>,
}

impl Entry {
    fn resolve(self, groups: &BTreeMap<String, Group>) -> Result<Anatomy, (&'static str, String)> {
        let group = match &self.group {
            Some(name) => {
                let missing = || ("group", format!("there is no [group.{name}]"));
                Some(groups.get(name).ok_or_else(missing)?)
            }
            None => None,
        };
        let missing = |field| (field, "is missing here and in the group".to_owned());
        Ok(Anatomy {
            id: self.id,
            name: Text { en: self.en, de: self.de },
            ta2: self.ta2,
            fma: self.fma,
            aliases: self.aliases,
            tissue: self.tissue.or(group.map(|g| g.tissue)).ok_or_else(|| missing("tissue"))?,
            colour: self
                .colour
                .or(group.map(|g| g.colour.clone()))
                .ok_or_else(|| missing("colour"))?,
            mechanics: self.mechanics.or(group.and_then(|g| g.mechanics.clone())),
            volume: self.volume,
            function: self
                .function
                .or(group.and_then(|g| g.function.clone()))
                .ok_or_else(|| missing("function"))?,
            relations: self
                .relations
                .or(group.and_then(|g| g.relations.clone()))
                .ok_or_else(|| missing("relations"))?,
            references: match (self.references.is_empty(), group) {
                (true, Some(group)) => group.references.clone(),
                _ => self.references,
            },
        })
    }
}
