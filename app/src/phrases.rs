//! What cases say, in the language in use. The server sends English and a list of what that is in German.

use std::collections::{BTreeMap, HashMap};

use leptos::prelude::*;

use crate::text::Language;

/// German of what the library and the opened cases say, by the English.
#[derive(Clone, Copy)]
pub struct Phrases {
    german: RwSignal<HashMap<String, String>>,
    language: RwSignal<Language>,
}

/// The phrases in the context.
pub fn use_phrases() -> Phrases {
    expect_context::<Phrases>()
}

impl Phrases {
    /// None yet; they follow `language`.
    pub fn new(language: RwSignal<Language>) -> Self {
        Self { german: RwSignal::new(HashMap::new()), language }
    }

    /// Add what an answer of the server says.
    pub fn learn(self, german: &BTreeMap<String, String>) {
        // Known already on every visit but the first: then nothing is drawn again.
        let new = self
            .german
            .with_untracked(|known| german.iter().any(|(en, de)| known.get(en) != Some(de)));
        if new {
            self.german.update(|known| {
                known.extend(german.iter().map(|(en, de)| (en.clone(), de.clone())))
            });
        }
    }

    /// `english` in the language in use; follows it inside a view.
    pub fn say(self, english: &str) -> String {
        match self.language.get() {
            Language::English => english.to_owned(),
            Language::German => self.german.with(|german| in_german(german, english)),
        }
    }

    /// `english` in the language that is in use at this moment, for what is said once.
    pub fn say_now(self, english: &str) -> String {
        untrack(|| self.say(english))
    }

    /// A view of `english` that follows the language.
    pub fn of(
        self,
        english: impl Into<String>,
    ) -> impl Fn() -> String + Clone + Send + Sync + 'static {
        let english = english.into();
        move || self.say(&english)
    }
}

/// The German of a phrase; the English where there is none, as for names that are the same in both.
fn in_german(german: &HashMap<String, String>, english: &str) -> String {
    german.get(english).map_or(english, String::as_str).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn what_has_no_german_stays() {
        let german = HashMap::from([("Liver".to_owned(), "Leber".to_owned())]);
        assert_eq!(in_german(&german, "Liver"), "Leber");
        assert_eq!(in_german(&german, "Pancreas"), "Pancreas");
    }
}
