//! A person's own cases: built in this browser from their own files, kept in it, and nowhere else.

pub mod files;
pub mod importer;
pub mod store;

use std::collections::BTreeMap;

use api::{CaseDetails, CaseEntry, Origin, PackFile};
use cases::importer::About;
use js_sys::Uint8Array;
use leptos::{prelude::*, task::spawn_local};
use serde::{Deserialize, Serialize};

use self::store::{Store, StoreError};
use crate::{files::object_url, phrases::Phrases};

/// What every identifier of an own case begins with; no case of the library does.
const MARK: &str = "own-";

/// Is this the identifier of an own case?
pub fn is_own(id: &str) -> bool {
    id.starts_with(MARK)
}

/// An own case, without its pack.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OwnCase {
    /// Its title, as the person calls it or by its structures.
    pub title: String,
    /// When it was added [ms since 1970, UTC].
    pub added: f64,
    /// Length of the pack [byte].
    pub bytes: u64,
    /// What the importer says of it.
    pub about: About,
    /// Address of the picture in this page.
    #[serde(skip)]
    pub picture: String,
}

impl OwnCase {
    /// As just imported.
    pub fn new(about: About, bytes: u64) -> Self {
        let title = about.title.clone();
        Self { title, added: js_sys::Date::now(), bytes, about, picture: String::new() }
    }

    /// Identifier.
    pub fn id(&self) -> &str {
        &self.about.id
    }

    /// As the case page needs it.
    pub fn opened(&self) -> (CaseEntry, CaseDetails) {
        let entry = CaseEntry {
            id: self.about.id.clone(),
            title: self.title.clone(),
            organ: String::new(),
            summary: String::new(),
            level: 1,
            minutes: 0,
            origin: Origin::Ct,
            pack: PackFile { url: String::new(), bytes: self.bytes, sha256: String::new() },
            picture: String::new(),
            picture_alt: String::new(),
            details: String::new(),
            questions: Vec::new(),
        };
        (entry, self.about.details.clone())
    }

    /// Name of a file of it: letters, digits and hyphens of the title.
    pub fn file_name(&self, ending: &str) -> String {
        let plain = |c: char| if c.is_alphanumeric() { c } else { '-' };
        let name: String = self.title.chars().map(plain).take(60).collect();
        let words: Vec<&str> = name.split('-').filter(|word| !word.is_empty()).collect();
        match words.is_empty() {
            true => format!("{}.{ending}", self.id()),
            false => format!("{}.{ending}", words.join("-")),
        }
    }
}

/// The own cases of this browser.
#[derive(Clone, Copy)]
pub struct Own {
    cases: RwSignal<Vec<OwnCase>>,
    phrases: Phrases,
}

/// The own cases in the context.
pub fn use_own() -> Own {
    expect_context::<Own>()
}

impl Own {
    /// Those that are kept appear as soon as they are read.
    pub fn open(phrases: Phrases) -> Self {
        let own = Self { cases: RwSignal::new(Vec::new()), phrases };
        own.refresh();
        own
    }

    /// Read again what is kept: another tab may have added one.
    pub fn refresh(self) {
        spawn_local(async move {
            // A browser that refuses storage keeps none, which is told when one is added.
            let Ok(kept) = Store::list().await else { return };
            self.cases.update(|cases| {
                let mut before: BTreeMap<String, OwnCase> = std::mem::take(cases)
                    .into_iter()
                    .map(|case| (case.about.id.clone(), case))
                    .collect();
                *cases = kept
                    .into_iter()
                    .map(|(mut case, png)| {
                        case.picture = match before.remove(case.id()) {
                            Some(known) if known.added == case.added => known.picture,
                            _ => object_url(&png, "image/png").unwrap_or_default(),
                        };
                        case
                    })
                    .collect();
            });
            self.cases.with_untracked(|cases| {
                cases.iter().for_each(|case| self.phrases.learn(&case.about.details.german));
            });
        });
    }

    /// The cases, oldest first.
    pub fn cases(self) -> Vec<OwnCase> {
        self.cases.get()
    }

    /// One of them.
    pub fn find(self, id: &str) -> Option<OwnCase> {
        self.cases.with(|cases| cases.iter().find(|case| case.id() == id).cloned())
    }

    /// Keep a case, whole or not at all; one from the same sources is replaced.
    ///
    /// # Errors
    /// No room, or no storage.
    pub async fn keep(
        self,
        case: OwnCase,
        pack: &Uint8Array,
        png: &Uint8Array,
    ) -> Result<(), StoreError> {
        Store::keep(&case, pack, png).await?;
        self.refresh();
        Ok(())
    }

    /// Give a case another title.
    pub fn rename(self, id: &str, title: String) {
        let Some(mut case) = untrack(|| self.find(id)) else { return };
        case.title = title;
        self.cases.update(|cases| {
            if let Some(one) = cases.iter_mut().find(|one| one.id() == case.id()) {
                one.title = case.title.clone();
            }
        });
        spawn_local(async move {
            if let Err(error) = Store::rename(&case).await {
                leptos::logging::warn!("the title was not kept: {error}");
            }
        });
    }

    /// Delete a case.
    pub fn delete(self, id: String) {
        spawn_local(async move {
            match Store::delete(&id).await {
                Ok(()) => self.forget(|case| case.id() == id),
                Err(error) => leptos::logging::warn!("{id} was not deleted: {error}"),
            }
        });
    }

    /// Delete all of them.
    pub fn erase(self) {
        spawn_local(async move {
            match Store::erase().await {
                Ok(()) => self.forget(|_| true),
                Err(error) => leptos::logging::warn!("own cases were not deleted: {error}"),
            }
        });
    }

    fn forget(self, which: impl Fn(&OwnCase) -> bool) {
        self.cases.update(|cases| {
            for case in cases.iter().filter(|case| which(case)) {
                // Refused for no address that was given out.
                let _ = web_sys::Url::revoke_object_url(&case.picture);
            }
            cases.retain(|case| !which(case));
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn an_own_case_is_told_by_its_identifier_and_named_by_its_title() {
        assert!(is_own("own-abcdefgh") && !is_own("liver"));
        let about = About {
            id: "own-abcdefgh".into(),
            title: "Liver · Spleen · 4 more".into(),
            structures: 6,
            soft: 4,
            scan: false,
            warnings: Vec::new(),
            details: CaseDetails {
                id: "own-abcdefgh".into(),
                story: Vec::new(),
                objectives: Vec::new(),
                structures: Vec::new(),
                constants: Vec::new(),
                force_limit: None,
                sources: Vec::new(),
                scan_end: None,
                pathology: String::new(),
                real: Vec::new(),
                derived: Vec::new(),
                questions: Vec::new(),
                german: BTreeMap::new(),
            },
        };
        let mut case = OwnCase {
            title: about.title.clone(),
            added: 1.0,
            bytes: 7,
            about,
            picture: String::new(),
        };
        assert_eq!(case.file_name("pack"), "Liver-Spleen-4-more.pack");
        assert_eq!(case.opened().0.title, case.title);
        case.title = "???".into();
        assert_eq!(case.file_name("glb"), "own-abcdefgh.glb");
    }
}
