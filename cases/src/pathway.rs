//! The pathway map: in which order the cases of an organ are best taken, and when one is mastered.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::{Error, Result, error, text::Text};

const FILE: &str = "pathways.toml";
const MAP: &str = include_str!("../modules/pathways.toml");

/// The whole map.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Map {
    /// When a stop is mastered, unless it says otherwise.
    pub mastery: Mastery,
    /// The rows, in the order of the map.
    #[serde(rename = "pathway")]
    pub pathways: Vec<Pathway>,
}

/// When a stop counts as mastered: its first steps are done, and its questions answered.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mastery {
    /// Share of the questions answered right at the last try, 0 to 1.
    pub questions: f64,
}

/// A row of the map.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pathway {
    /// Identifier; cases name it as their organ.
    pub id: String,
    /// "Liver".
    pub title: Text,
    /// From easy to hard.
    pub stops: Vec<Stop>,
}

/// One stop.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stop {
    /// Identifier within the pathway.
    pub id: String,
    /// "Cirrhosis".
    pub title: Text,
    /// Identifier of the case; none while it is planned.
    pub case: Option<String>,
    /// Stops best taken first: "normal" of the same pathway, "skills/incision" of another.
    #[serde(default)]
    pub after: Vec<String>,
    /// When it is mastered, if not as the map says.
    pub mastery: Option<Mastery>,
}

impl Map {
    /// The stop that `after` names, seen from `pathway`.
    pub fn stop(&self, pathway: &str, name: &str) -> Option<(&Pathway, &Stop)> {
        let (pathway, stop) = name.split_once('/').unwrap_or((pathway, name));
        let row = self.pathways.iter().find(|row| row.id == pathway)?;
        Some((row, row.stops.iter().find(|one| one.id == stop)?))
    }

    /// Is the stop `to` ("liver/normal") to be reached from `from` along `after`?
    fn leads(&self, from: &str, to: &str, depth: usize) -> bool {
        let Some((row, stop)) = self.stop("", from) else { return false };
        depth > 0
            && stop.after.iter().any(|name| {
                let name =
                    if name.contains('/') { name.clone() } else { format!("{}/{name}", row.id) };
                name == to || self.leads(&name, to, depth - 1)
            })
    }

    fn check(&self) -> Result<(), (String, String)> {
        let count = self.pathways.iter().map(|row| row.stops.len()).sum();
        let share = |mastery: &Mastery| (0.0..=1.0).contains(&mastery.questions);
        if !share(&self.mastery) {
            return Err(("mastery.questions".to_owned(), "write a share, 0 to 1".to_owned()));
        }
        // First, since names would lead to the wrong one.
        for (i, row) in self.pathways.iter().enumerate() {
            if self.pathways[..i].iter().any(|other| other.id == row.id) {
                return Err((row.id.clone(), "is there twice".to_owned()));
            }
        }
        for row in &self.pathways {
            if row.title.is_incomplete() {
                return Err((row.id.clone(), "needs a title in both languages".to_owned()));
            }
            for (j, stop) in row.stops.iter().enumerate() {
                let here = format!("{}/{}", row.id, stop.id);
                if row.stops[..j].iter().any(|other| other.id == stop.id) {
                    return Err((here, "is there twice".to_owned()));
                }
                if stop.title.is_incomplete() {
                    return Err((here, "needs a title in both languages".to_owned()));
                }
                if stop.mastery.as_ref().is_some_and(|mastery| !share(mastery)) {
                    return Err((format!("{here}: mastery"), "write a share, 0 to 1".to_owned()));
                }
                if let Some(name) = stop.after.iter().find(|n| self.stop(&row.id, n).is_none()) {
                    return Err((format!("{here}: after"), format!("there is no stop `{name}`")));
                }
                if self.leads(&here, &here, count) {
                    return Err((format!("{here}: after"), "leads back to itself".to_owned()));
                }
            }
        }
        Ok(())
    }
}

/// The map.
///
/// # Errors
/// A map that does not parse or check. The one in the program is tested to.
pub fn map() -> Result<&'static Map> {
    static LOADED: LazyLock<Result<Map>> = LazyLock::new(|| parse(MAP));
    LOADED.as_ref().map_err(Clone::clone)
}

fn parse(text: &str) -> Result<Map> {
    let map: Map = toml::from_str(text).map_err(|e: toml::de::Error| Error::Recipe {
        file: error::place(FILE, text, &e),
        field: "pathway".to_owned(),
        reason: e.message().to_owned(),
    })?;
    match map.check() {
        Ok(()) => Ok(map),
        Err((field, reason)) => Err(Error::Recipe { file: FILE.to_owned(), field, reason }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_case_has_its_place_on_the_map() {
        let map = map().unwrap();
        for case in crate::library() {
            let row = map.pathways.iter().find(|pathway| pathway.id == case.organ);
            let row = row.unwrap_or_else(|| panic!("no pathway for the organ of {}", case.id));
            assert!(
                row.stops.iter().any(|stop| stop.case.as_ref() == Some(&case.id)),
                "{}",
                case.id
            );
        }
    }

    #[test]
    fn the_map_names_no_case_that_is_not_there() {
        for stop in map().unwrap().pathways.iter().flat_map(|row| &row.stops) {
            if let Some(case) = &stop.case {
                assert!(crate::library::find(case).is_some(), "{case}");
            }
        }
    }

    const SMALL: &str = r#"
mastery = { questions = 0.8 }
[[pathway]]
id = "a"
title = { en = "A", de = "A" }
stops = [
  { id = "one", title = { en = "1", de = "1" } },
  { id = "two", title = { en = "2", de = "2" }, after = ["one", "b/one"] },
]
[[pathway]]
id = "b"
title = { en = "B", de = "B" }
stops = [{ id = "one", title = { en = "1", de = "1" } }]
"#;

    #[test]
    fn a_map_that_does_not_hold_together_is_refused() {
        assert_eq!(parse(SMALL).unwrap().stop("a", "b/one").unwrap().0.id, "b");
        for (from, to, says) in [
            ("stops = [{ id", "stop = [{ id", "pathways.toml:13"),
            ("\"b/one\"", "\"b/two\"", "`b/two`"),
            (
                "id = \"one\", title = { en = \"1\"",
                "id = \"one\", after = [\"two\"], title = { en = \"1\"",
                "leads back",
            ),
            ("0.8", "80", "share"),
            ("de = \"B\"", "de = \"\"", "both languages"),
            ("id = \"b\"", "id = \"a\"", "twice"),
        ] {
            assert!(SMALL.contains(from), "{from}");
            let error = parse(&SMALL.replacen(from, to, 1)).unwrap_err().to_string();
            assert!(error.contains(says), "{to}: {error}");
        }
    }
}
