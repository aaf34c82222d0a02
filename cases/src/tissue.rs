//! Constants of biology, each with its value, unit, source, species and method; one without them does not load.

use std::{collections::BTreeMap, sync::LazyLock};

use serde::Deserialize;
use solver_wasm::scene::Material;

use crate::{Error, Result, error};

/// Name of the table in errors.
const FILE: &str = "tissue.toml";
const TABLE: &str = include_str!("tissue.toml");

/// A measured, or honestly assumed, number.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Constant {
    /// The value, in `unit`.
    pub value: f64,
    /// Spread (± one standard deviation) or range, as the source has it.
    pub spread: Option<String>,
    /// "kPa", "kg/m^3", "s" or "1".
    pub unit: String,
    /// Where it is published; "modelling choice: …" where it is one.
    pub source: String,
    /// Species, or "none" for a modelling choice.
    pub species: String,
    /// How it was measured.
    pub method: String,
    /// Was the number compared with its source? False where it is recalled.
    pub checked: bool,
}

/// What the solver needs to know about one tissue.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mechanics {
    /// Young's modulus at small strain [kPa].
    pub young: Constant,
    /// Poisson ratio.
    pub poisson: Constant,
    /// Mass density [kg/m³].
    pub density: Constant,
    /// Stiffness-proportional damping time [s].
    pub damping: Constant,
}

impl Mechanics {
    /// In the solver's units: kPa and kg/mm³.
    pub fn material(&self) -> Material {
        let density = (self.density.value * 1e-9) as f32;
        let (young, poisson) = (self.young.value as f32, self.poisson.value as f32);
        Material {
            damping: self.damping.value as f32,
            ..Material::neo_hookean(young, poisson, density)
        }
    }
}

/// The tissue table by name.
///
/// # Errors
/// A table that does not load: see [`parse`]. The one in the program is tested to load.
pub fn table() -> Result<&'static BTreeMap<String, Mechanics>> {
    static LOADED: LazyLock<Result<BTreeMap<String, Mechanics>>> =
        LazyLock::new(|| parse(FILE, TABLE));
    LOADED.as_ref().map_err(Clone::clone)
}

/// Parse a tissue table; `file` is its name in errors.
///
/// # Errors
/// A constant without value, unit, source, species or method, one with the wrong unit, or one that no tissue can have.
pub fn parse(file: &str, text: &str) -> Result<BTreeMap<String, Mechanics>> {
    let table: BTreeMap<String, Mechanics> =
        toml::from_str(text).map_err(|e: toml::de::Error| Error::Recipe {
            file: error::place(file, text, &e),
            field: "tissue".to_owned(),
            reason: e.message().to_owned(),
        })?;
    for (name, m) in &table {
        for (field, constant, unit, range) in [
            ("young", &m.young, "kPa", 0.01..=1e7),
            ("poisson", &m.poisson, "1", 0.0..=0.499),
            ("density", &m.density, "kg/m^3", 100.0..=3000.0),
            ("damping", &m.damping, "s", 0.0..=1.0),
        ] {
            let fail = |reason: String| {
                Err(Error::Recipe {
                    file: file.to_owned(),
                    field: format!("{name}.{field}"),
                    reason,
                })
            };
            if constant.unit != unit {
                return fail(format!("has unit `{}`, needs `{unit}`", constant.unit));
            }
            if !range.contains(&constant.value) {
                return fail(format!(
                    "{} {unit} is not between {} and {}",
                    constant.value,
                    range.start(),
                    range.end()
                ));
            }
            for (part, text) in [
                ("source", &constant.source),
                ("species", &constant.species),
                ("method", &constant.method),
            ] {
                if text.trim().is_empty() {
                    return fail(format!(
                        "has no {part}; a number of biology without one does not load"
                    ));
                }
            }
        }
    }
    Ok(table)
}
