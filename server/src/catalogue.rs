//! What the library offers: the cases whose pack is in the bundle, as `/cases/*.json`, packs and pictures.

use std::collections::HashMap;

use api::{
    CaseDetails, CaseEntry, CaseIndex, ForceLimit, Origin, PackFile, Pathway, Source, Stop,
    StructureDetails, TissueConstant,
};
use axum::body::Bytes;
use cases::{
    case::{self, Case},
    pathway::pathways,
    tissue::Constant,
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
            entries.push(entry(case, pack, picture, address)?);
            catalogue.cases.push(case.id.clone());
        }
        let index = CaseIndex { cases: entries, pathways: map(&catalogue.cases)? };
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
fn map(offered: &[String]) -> anyhow::Result<Vec<Pathway>> {
    let stop = |stop: &cases::pathway::Stop| Stop {
        title: stop.title.clone(),
        case: stop.case.clone().filter(|id| offered.contains(id)),
    };
    let row = |pathway: &cases::pathway::Pathway| Pathway {
        id: pathway.id.clone(),
        title: pathway.title.clone(),
        stops: pathway.stops.iter().map(stop).collect(),
    };
    Ok(pathways()?.iter().map(row).collect())
}

fn entry(
    case: &Case,
    pack: PackFile,
    picture: String,
    details: String,
) -> anyhow::Result<CaseEntry> {
    let organ = pathways()?.iter().find(|pathway| pathway.id == case.organ);
    let names: Vec<&str> = case.twin.structures.iter().take(8).map(|s| s.name.as_str()).collect();
    Ok(CaseEntry {
        id: case.id.clone(),
        title: case.title.clone(),
        organ: organ.map_or_else(|| case.organ.clone(), |pathway| pathway.title.clone()),
        summary: case.summary.clone(),
        level: case.level,
        minutes: case.minutes,
        origin: origin(case.origin),
        pack,
        picture,
        picture_alt: format!("{}, shown: {}.", case.title, names.join(", ")),
        details,
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

fn details(case: &Case) -> anyhow::Result<CaseDetails> {
    let structure = |s: &case::StructureRecipe| StructureDetails {
        id: s.id.clone(),
        name: s.name.clone(),
        ta2: s.ta2.clone(),
        parent: None,
        function: s.function.clone(),
        relations: s.relations.clone(),
        colour: s.colour.clone(),
    };
    let source = |s: &case::Source| Source {
        title: s.title.clone(),
        credit: s.credit.clone(),
        licence: s.licence.clone(),
        url: None,
        changes: "Labels turned into smooth closed surfaces and a lattice of tissue.".to_owned(),
    };
    let warnings = case.twin.warnings.join(" ");
    Ok(CaseDetails {
        id: case.id.clone(),
        story: paragraphs(&case.story),
        objectives: case.objectives.clone(),
        structures: case.twin.structures.iter().map(structure).collect(),
        constants: constants(case)?,
        force_limit: case.force_limit.as_ref().map(force_limit),
        sources: case.twin.sources.iter().map(source).collect(),
        scan_end: (!warnings.is_empty()).then_some(warnings),
    })
}

fn force_limit(limit: &case::ForceLimit) -> ForceLimit {
    ForceLimit {
        newton: limit.newton,
        source: limit.source.clone(),
        provisional: limit.provisional,
    }
}

/// Paragraphs of a text, each on one line.
fn paragraphs(text: &str) -> Vec<String> {
    text.split("\n\n")
        .map(|paragraph| paragraph.split_whitespace().collect::<Vec<_>>().join(" "))
        .filter(|paragraph| !paragraph.is_empty())
        .collect()
}

/// The constants that the simulation of this case uses.
fn constants(case: &Case) -> anyhow::Result<Vec<TissueConstant>> {
    let table = cases::tissue::table()?;
    let mut constants = Vec::new();
    for structure in &case.twin.structures {
        let Some(mechanics) = structure.mechanics.as_ref().and_then(|name| table.get(name)) else {
            continue;
        };
        let named = mechanics.constants();
        constants.extend(named.map(|(quantity, c)| constant(&structure.id, quantity, c)));
    }
    Ok(constants)
}

fn constant(structure: &str, quantity: &str, constant: &Constant) -> TissueConstant {
    // "± 1.6" is a half-range; a range in words has no single number.
    let spread =
        constant.spread.as_ref().and_then(|text| text.strip_prefix('±')?.trim().parse().ok());
    TissueConstant {
        structure: structure.to_owned(),
        quantity: quantity.to_owned(),
        value: constant.value,
        spread,
        unit: constant.unit.clone(),
        source: constant.source.clone(),
        species: constant.species.clone(),
        method: constant.method.clone(),
        provisional: !constant.checked || constant.source.starts_with("modelling choice"),
    }
}
