//! What the library offers: the cases whose pack is in the bundle, as `/cases/*.json`, packs and pictures.

use std::collections::HashMap;

use api::CaseIndex;

use crate::asset::{Asset, Cache};

/// The cases on offer and every file about them.
#[derive(Debug)]
pub struct Catalogue {
    /// Answers by path.
    pub assets: HashMap<String, Asset>,
    /// Ids of the cases on offer, in the order of the library.
    pub cases: Vec<String>,
}

impl Catalogue {
    /// The catalogue of a program that knows no case yet.
    ///
    /// # Errors
    /// None of the values can fail to become JSON, so in practice never.
    pub fn new() -> serde_json::Result<Self> {
        let json = serde_json::to_vec(&CaseIndex::default())?;
        let index = Asset::new("index.json", json.into(), Cache::Revalidate);
        Ok(Self {
            assets: HashMap::from([("/cases/index.json".to_owned(), index)]),
            cases: Vec::new(),
        })
    }
}
