//! The pathway map: in which order the cases of an organ are best taken.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::{Error, Result};

const FILE: &str = "pathways.toml";
const MAP: &str = include_str!("../modules/pathways.toml");

/// A row of the map.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pathway {
    /// Identifier; cases name it as their organ.
    pub id: String,
    /// "Liver".
    pub title: String,
    /// From easy to hard.
    pub stops: Vec<Stop>,
}

/// One stop.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stop {
    /// "Cirrhosis".
    pub title: String,
    /// Identifier of the case; none while it is planned.
    pub case: Option<String>,
}

/// All pathways, in the order of the map.
///
/// # Errors
/// A map that does not parse. The one in the program is tested to.
pub fn pathways() -> Result<&'static [Pathway]> {
    static LOADED: LazyLock<Result<Vec<Pathway>>> = LazyLock::new(|| parse(MAP));
    LOADED.as_ref().map(Vec::as_slice).map_err(Clone::clone)
}

fn parse(text: &str) -> Result<Vec<Pathway>> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Map {
        pathway: Vec<Pathway>,
    }
    let map: Map = toml::from_str(text).map_err(|error| Error::Recipe {
        file: FILE.to_owned(),
        field: "pathway".to_owned(),
        reason: error.message().to_owned(),
    })?;
    Ok(map.pathway)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_case_has_its_place_on_the_map() {
        let pathways = pathways().unwrap();
        for case in crate::library() {
            let row = pathways.iter().find(|pathway| pathway.id == case.organ);
            let row = row.unwrap_or_else(|| panic!("no pathway for the organ of {}", case.id));
            assert!(
                row.stops.iter().any(|stop| stop.case.as_ref() == Some(&case.id)),
                "{}",
                case.id
            );
        }
    }

    #[test]
    fn a_map_with_a_misspelt_field_is_refused() {
        assert!(parse("[[pathway]]\nid = \"a\"\ntitle = \"A\"\nstop = []").is_err());
    }
}
