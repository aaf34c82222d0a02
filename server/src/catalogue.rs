//! What the library offers: the cases whose pack is in the bundle, as `/cases/*.json`, packs and pictures.

use std::collections::HashMap;

use api::{CaseEntry, CaseIndex, Origin, PackFile, Pathway, Stop};
use axum::body::Bytes;
use cases::{
    case::{self, Case},
    details::{German, details},
    pathway::{self, map},
};
use serde::Serialize;
use sha2::{Digest, Sha256};
use tracing::warn;

use crate::{
    asset::{Asset, Cache, hex},
    bundle::Bundle,
};

/// Hexadecimal digits of a content hash that an address shows.
const ADDRESS_DIGITS: usize = 12;

/// The cases on offer and every file about them.
#[derive(Debug)]
pub struct Catalogue {
    /// Answers by path.
    pub assets: HashMap<String, Asset>,
    /// Ids of the cases on offer, in the order of the library.
    pub cases: Vec<String>,
}

impl Catalogue {
    /// The cases of `library` whose pack is in the bundle, and what is published of them.
    ///
    /// # Errors
    /// The pathway map or the tissue table does not load.
    pub fn new(library: &[Case], bundle: &Bundle) -> anyhow::Result<Self> {
        let mut catalogue = Self { assets: HashMap::new(), cases: Vec::new() };
        let mut entries = Vec::new();
        let mut german = German::default();
        for case in library {
            let Some(pack) = bundle.get(&format!("packs/{}.pack", case.id)) else {
                warn!(case = case.id, "not offered: its pack is not in the bundle");
                continue;
            };
            let picture = ["webp", "png"].into_iter().find_map(|extension| {
                Some((extension, bundle.get(&format!("pictures/{}.{extension}", case.id))?))
            });
            let pack = catalogue.publish_pack(&case.id, pack);
            let picture = picture.map_or_else(String::new, |(extension, bytes)| {
                let sha256 = hex(&Sha256::digest(bytes));
                catalogue.publish("pictures", &case.id, extension, &sha256, bytes)
            });
            let address = format!("/cases/{}.json", case.id);
            catalogue.publish_json(&address, &details(case)?)?;
            entries.push(entry(case, pack, picture, address, &mut german)?);
            catalogue.cases.push(case.id.clone());
        }
        let pathways = rows(&catalogue.cases, &mut german)?;
        let index = CaseIndex { cases: entries, pathways, german: german.words() };
        catalogue.publish_json("/cases/index.json", &index)?;
        Ok(catalogue)
    }

    fn publish_pack(&mut self, id: &str, bytes: &Bytes) -> PackFile {
        let sha256 = hex(&Sha256::digest(bytes));
        let url = self.publish("packs", id, "pack", &sha256, bytes);
        PackFile { url, bytes: bytes.len() as u64, sha256 }
    }

    /// Publish a file at an address that holds its content hash; returns the address.
    fn publish(
        &mut self,
        folder: &str,
        id: &str,
        extension: &str,
        sha256: &str,
        bytes: &Bytes,
    ) -> String {
        let address = format!("/{folder}/{id}-{}.{extension}", &sha256[..ADDRESS_DIGITS]);
        let asset = Asset::new(&address, bytes.clone(), Cache::Immutable);
        self.assets.insert(address.clone(), asset);
        address
    }

    fn publish_json(&mut self, address: &str, content: &impl Serialize) -> serde_json::Result<()> {
        let json = serde_json::to_vec(content)?;
        self.assets.insert(address.to_owned(), Asset::new(address, json.into(), Cache::Revalidate));
        Ok(())
    }
}

/// The pathway map, with the cases on offer as stops that can be opened.
fn rows(offered: &[String], german: &mut German) -> anyhow::Result<Vec<Pathway>> {
    let map = map()?;
    let mut rows = Vec::new();
    for row in &map.pathways {
        let mut stops = Vec::new();
        for stop in &row.stops {
            stops.push(Stop {
                title: german.say(&stop.title)?,
                case: stop.case.clone().filter(|id| offered.contains(id)),
                after: before(map, row, stop, german)?,
                mastery: Some(stop.mastery.unwrap_or(map.mastery).questions),
            });
        }
        rows.push(Pathway { id: row.id.clone(), title: german.say(&row.title)?, stops });
    }
    Ok(rows)
}

/// Titles of the stops that are best taken before one.
fn before(
    map: &pathway::Map,
    row: &pathway::Pathway,
    stop: &pathway::Stop,
    german: &mut German,
) -> anyhow::Result<Vec<String>> {
    let found = stop.after.iter().filter_map(|name| map.stop(&row.id, name));
    let said = found
        .map(|(other, stop)| {
            let join = |of: fn(&case::Text) -> &String| {
                let (row, stop) = (of(&other.title), of(&stop.title));
                format!("{row}: {stop}")
            };
            match other.id == row.id {
                true => german.say(&stop.title),
                false => german.say(&case::Text { en: join(|t| &t.en), de: join(|t| &t.de) }),
            }
        })
        .collect::<cases::Result<_>>()?;
    Ok(said)
}

fn entry(
    case: &Case,
    pack: PackFile,
    picture: String,
    details: String,
    german: &mut German,
) -> anyhow::Result<CaseEntry> {
    let organ = map()?.pathways.iter().find(|pathway| pathway.id == case.organ);
    let shown: Vec<&case::Text> =
        case.twin.structures.iter().take(8).map(|structure| &structure.name).collect();
    let listed = |of: fn(&case::Text) -> &String| {
        shown.iter().map(|name| of(name).as_str()).collect::<Vec<_>>().join(", ")
    };
    let picture_alt = case::Text {
        en: format!("{}, shown: {}.", case.title.en, listed(|t| &t.en)),
        de: format!("{}, gezeigt: {}.", case.title.de, listed(|t| &t.de)),
    };
    Ok(CaseEntry {
        id: case.id.clone(),
        title: german.say(&case.title)?,
        organ: match organ {
            Some(pathway) => german.say(&pathway.title)?,
            None => case.organ.clone(),
        },
        summary: german.say(&case.summary)?,
        level: case.level,
        minutes: case.minutes,
        origin: origin(case.origin),
        pack,
        picture,
        picture_alt: german.say(&picture_alt)?,
        details,
        questions: case.questions.iter().map(|question| question.id.clone()).collect(),
    })
}

fn origin(origin: case::Origin) -> Origin {
    match origin {
        case::Origin::Ct => Origin::Ct,
        case::Origin::Mr => Origin::Mr,
        case::Origin::Reference => Origin::Reference,
        case::Origin::DerivedFromCt => Origin::DerivedFromCt,
        case::Origin::Model => Origin::Model,
    }
}
