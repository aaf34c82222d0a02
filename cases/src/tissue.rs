//! Constants of biology, each with its value, unit, source, species and method; one without them does not load.

use std::{collections::BTreeMap, ops::RangeInclusive, sync::LazyLock};

use serde::Deserialize;
use solver_wasm::scene::{Law, Material, Membrane, Relaxation, Supply};

use crate::{Error, Result, error};

/// Name of the table in errors.
const FILE: &str = "tissue.toml";
const TABLE: &str = include_str!("tissue.toml");
/// The same words in German.
const GERMAN: &str = include_str!("tissue.de.toml");

/// A measured, or honestly assumed, number.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Constant {
    /// The value, in `unit`.
    pub value: f64,
    /// Spread (± one standard deviation) or range, as the source has it.
    pub spread: Option<String>,
    /// As [`QUANTITIES`] has it.
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

/// German of a constant's name, species, method or modelling choice; none for what is the same in both languages, such as a
/// published work.
///
/// # Errors
/// A word list that does not parse. The one in the program is tested to.
pub fn german(english: &str) -> Result<Option<&'static str>> {
    type Words = BTreeMap<String, BTreeMap<String, String>>;
    static LOADED: LazyLock<Result<Words>> = LazyLock::new(|| {
        toml::from_str(GERMAN).map_err(|e: toml::de::Error| Error::Recipe {
            file: error::place("tissue.de.toml", GERMAN, &e),
            field: "words".to_owned(),
            reason: e.message().to_owned(),
        })
    });
    let words = LOADED.as_ref().map_err(Clone::clone)?;
    Ok(words.values().find_map(|list| list.get(english)).map(String::as_str))
}

/// What the solver needs to know about one tissue: constants by name (see [`QUANTITIES`]).
///
/// Which of [`LAWS`]' constants there are says which law the tissue has; density and damping always belong to it, relaxation,
/// active stress and capsule where they are known.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(transparent)]
pub struct Mechanics(BTreeMap<String, Constant>);

/// Name in the table, name for people, unit, and range of every constant.
pub const QUANTITIES: [(&str, &str, &str, RangeInclusive<f64>); 40] = [
    ("young", "Young's modulus", "kPa", 0.01..=1e7),
    ("poisson", "Poisson ratio", "1", 0.0..=0.499),
    ("mooney_c1", "Mooney–Rivlin c₁", "kPa", 1e-3..=1e5),
    ("mooney_c2", "Mooney–Rivlin c₂", "kPa", 0.0..=1e5),
    ("ogden_mu", "Ogden μ₁", "kPa", 1e-3..=1e5),
    ("ogden_alpha", "Ogden α₁", "1", -40.0..=40.0),
    ("ogden_mu_2", "Ogden μ₂", "kPa", 0.0..=1e5),
    ("ogden_alpha_2", "Ogden α₂", "1", -40.0..=40.0),
    ("guccione_c", "Guccione C", "kPa", 1e-3..=1e3),
    ("guccione_fibre", "Guccione b_f", "1", 0.1..=1e3),
    ("guccione_transverse", "Guccione b_t", "1", 0.1..=1e3),
    ("guccione_shear", "Guccione b_fs", "1", 0.1..=1e3),
    ("holzapfel_a", "Holzapfel–Ogden a", "kPa", 1e-3..=1e3),
    ("holzapfel_b", "Holzapfel–Ogden b", "1", 1e-2..=1e3),
    ("holzapfel_a_f", "Holzapfel–Ogden a_f", "kPa", 0.0..=1e3),
    ("holzapfel_b_f", "Holzapfel–Ogden b_f", "1", 1e-2..=1e3),
    ("holzapfel_a_s", "Holzapfel–Ogden a_s", "kPa", 0.0..=1e3),
    ("holzapfel_b_s", "Holzapfel–Ogden b_s", "1", 1e-2..=1e3),
    ("holzapfel_a_fs", "Holzapfel–Ogden a_fs", "kPa", 0.0..=1e3),
    ("holzapfel_b_fs", "Holzapfel–Ogden b_fs", "1", 1e-2..=1e3),
    ("bulk", "Bulk modulus", "kPa", 0.01..=1e7),
    ("density", "Density", "kg/m^3", 100.0..=3000.0),
    ("damping", "Damping time", "s", 0.0..=1.0),
    ("relaxation_modulus", "Relaxing modulus over the lasting one, first", "1", 0.0..=100.0),
    ("relaxation_time", "Relaxation time, first", "s", 1e-3..=1e5),
    ("relaxation_modulus_2", "Relaxing modulus over the lasting one, second", "1", 0.0..=100.0),
    ("relaxation_time_2", "Relaxation time, second", "s", 1e-3..=1e5),
    ("active", "Greatest active stress", "kPa", 0.0..=1e3),
    ("tension", "Tension at rest", "kPa", 0.0..=1e3),
    ("capsule_thickness", "Capsule: thickness", "mm", 1e-3..=10.0),
    ("capsule_young", "Capsule: Young's modulus", "kPa", 1.0..=1e7),
    ("capsule_poisson", "Capsule: Poisson ratio", "1", 0.0..=0.5),
    ("capsule_stiffening", "Capsule: stiffening", "1", 0.0..=1e3),
    ("strength", "Tensile strength", "kPa", 0.1..=1e6),
    ("failure_strain", "Strain at failure", "1", 0.01..=10.0),
    ("toughness", "Toughness", "J/m^2", 0.1..=1e6),
    ("oozing", "Oozing from a fresh face", "mL/min/cm^2", 0.0..=100.0),
    ("blood_pressure", "Mean blood pressure", "mmHg", 0.0..=300.0),
    ("blood_supply", "Greatest loss of blood by time", "mL/min", 0.0..=1e4),
    ("blood_backflow", "Share of the pressure beyond a cut", "1", 0.0..=1.0),
];

/// The constants that each law needs; a tissue has those of exactly one.
const LAWS: [&[&str]; 5] = [
    &["young", "poisson"],
    &["mooney_c1", "mooney_c2", "bulk"],
    &["ogden_mu", "ogden_alpha", "bulk"],
    &["guccione_c", "guccione_fibre", "guccione_transverse", "guccione_shear", "bulk"],
    &[
        "holzapfel_a",
        "holzapfel_b",
        "holzapfel_a_f",
        "holzapfel_b_f",
        "holzapfel_a_s",
        "holzapfel_b_s",
        "holzapfel_a_fs",
        "holzapfel_b_fs",
        "bulk",
    ],
];

/// Constants that come together or not at all.
const TOGETHER: [&[&str]; 5] = [
    &["relaxation_modulus", "relaxation_time"],
    &["relaxation_modulus_2", "relaxation_time_2"],
    &["ogden_mu_2", "ogden_alpha_2"],
    &["capsule_thickness", "capsule_young", "capsule_poisson", "capsule_stiffening"],
    &["blood_pressure", "blood_supply", "blood_backflow"],
];

impl Mechanics {
    /// The constants in the order of [`QUANTITIES`], each with its name for people.
    pub fn constants(&self) -> impl Iterator<Item = (&'static str, &Constant)> {
        QUANTITIES.iter().filter_map(|(name, label, ..)| Some((*label, self.0.get(*name)?)))
    }

    fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    fn value(&self, name: &str) -> f32 {
        self.0.get(name).map_or(0.0, |c| c.value as f32)
    }

    /// In the solver's units: kPa and kg/mm³.
    pub fn material(&self) -> Material {
        let bulk = self.value("bulk");
        let pair = |a: &str, b: &str| (self.value(a), self.value(b));
        let law = if self.has("mooney_c1") {
            Law::MooneyRivlin { c1: self.value("mooney_c1"), c2: self.value("mooney_c2"), bulk }
        } else if self.has("ogden_mu") {
            let none = (0.0, 1.0);
            let second = self.has("ogden_mu_2").then(|| pair("ogden_mu_2", "ogden_alpha_2"));
            let terms = [pair("ogden_mu", "ogden_alpha"), second.unwrap_or(none)];
            Law::Ogden { terms, bulk }
        } else if self.has("guccione_c") {
            Law::Guccione {
                c: self.value("guccione_c"),
                fibre: self.value("guccione_fibre"),
                transverse: self.value("guccione_transverse"),
                shear: self.value("guccione_shear"),
                bulk,
            }
        } else if self.has("holzapfel_a") {
            Law::HolzapfelOgden {
                matrix: pair("holzapfel_a", "holzapfel_b"),
                fibre: pair("holzapfel_a_f", "holzapfel_b_f"),
                sheet: pair("holzapfel_a_s", "holzapfel_b_s"),
                shear: pair("holzapfel_a_fs", "holzapfel_b_fs"),
                bulk,
            }
        } else {
            Law::NeoHookean { young: self.value("young"), poisson: self.value("poisson") }
        };
        let branch = |modulus: &str, time: &str| {
            let time = if self.has(time) { self.value(time) } else { 1.0 };
            Relaxation { modulus: self.value(modulus), time }
        };
        Material {
            damping: self.value("damping"),
            relaxation: [
                branch("relaxation_modulus", "relaxation_time"),
                branch("relaxation_modulus_2", "relaxation_time_2"),
            ],
            active: self.value("active"),
            tension: self.value("tension"),
            toughness: self.value("toughness"),
            ..Material::of(law, (f64::from(self.value("density")) * 1e-9) as f32)
        }
    }

    /// How blood comes to it.
    pub fn supply(&self) -> Supply {
        if self.has("blood_pressure") {
            Supply::Vessel {
                pressure: self.value("blood_pressure"),
                supply: self.value("blood_supply"),
                backflow: self.value("blood_backflow"),
            }
        } else if self.has("oozing") {
            Supply::Tissue { oozing: self.value("oozing") }
        } else {
            Supply::None
        }
    }

    /// The capsule on surface number `surface` of a scene, if the tissue has one.
    pub fn capsule(&self, surface: u32) -> Option<Membrane> {
        self.has("capsule_thickness").then(|| Membrane {
            surface,
            thickness: self.value("capsule_thickness"),
            young: self.value("capsule_young"),
            poisson: self.value("capsule_poisson"),
            stiffening: self.value("capsule_stiffening"),
        })
    }

    /// What is wrong with the set of constants: the name of one, and why.
    fn fault(&self) -> Option<(String, String)> {
        let known = |name: &str| QUANTITIES.iter().find(|q| q.0 == name);
        for (name, constant) in &self.0 {
            let fault = |reason: String| Some((name.clone(), reason));
            let Some((_, _, unit, range)) = known(name) else {
                return fault("is no constant that the solver knows".to_owned());
            };
            if constant.unit != *unit {
                return fault(format!("has unit `{}`, needs `{unit}`", constant.unit));
            }
            if !range.contains(&constant.value) {
                let (value, low, high) = (constant.value, range.start(), range.end());
                return fault(format!("{value} {unit} is not between {low} and {high}"));
            }
            for (part, text) in [
                ("source", &constant.source),
                ("species", &constant.species),
                ("method", &constant.method),
            ] {
                if text.trim().is_empty() {
                    return fault(format!(
                        "has no {part}; a number of biology without one does not load"
                    ));
                }
            }
        }
        let missing = |names: &[&str]| names.iter().find(|n| !self.has(n)).map(|n| (*n).to_owned());
        for name in ["density", "damping"] {
            if !self.has(name) {
                return Some((name.to_owned(), "is missing".to_owned()));
            }
        }
        // A law is begun by its first constant.
        let begun: Vec<_> = LAWS.iter().filter(|law| self.has(law[0])).collect();
        let [law] = begun.as_slice() else {
            let firsts = LAWS.map(|law| law[0]).join(", ");
            return Some((
                firsts,
                "exactly one of these must be given: it says the law".to_owned(),
            ));
        };
        if let Some(name) = missing(law) {
            return Some((name, format!("is missing; `{}` needs it", law[0])));
        }
        for group in TOGETHER {
            if let (true, Some(name)) = (group.iter().any(|n| self.has(n)), missing(group)) {
                return Some((name, format!("is missing; it belongs to `{}`", group[0])));
            }
        }
        if self.has("oozing") && self.has("blood_pressure") {
            let reason =
                "is given with a blood pressure; a vessel does not ooze, tissue has no pressure";
            return Some(("oozing".to_owned(), reason.to_owned()));
        }
        // Ogden's exponent divides.
        let flat = ["ogden_alpha", "ogden_alpha_2"];
        let flat = flat.into_iter().find(|n| self.has(n) && self.value(n).abs() < 0.1)?;
        Some((flat.to_owned(), "is nearer to zero than 0.1".to_owned()))
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
    for (name, mechanics) in &table {
        if let Some((constant, reason)) = mechanics.fault() {
            let (file, field) = (file.to_owned(), format!("{name}.{constant}"));
            return Err(Error::Recipe { file, field, reason });
        }
    }
    Ok(table)
}
