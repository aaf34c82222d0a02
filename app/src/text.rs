//! Every word the interface says, in each language.
//!
//! Two flat JSON files and one look-up. A generator of typed accessors (leptos_i18n was the candidate) would have to be
//! compiled with every build and brings ICU data into the download; two languages with the same plural rule need neither.
//! What a generator checks while compiling, the test below checks: both files hold the same keys with the same
//! placeholders, every key that the source names exists, and no key is left over.

use std::{collections::HashMap, sync::OnceLock};

use leptos::prelude::*;

/// A language of the interface.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// German.
    German,
}

impl Language {
    /// From a language tag: "de-AT" is German, everything unknown English.
    pub fn from_tag(tag: &str) -> Self {
        if tag.split('-').next() == Some("de") { Self::German } else { Self::English }
    }

    /// The language tag.
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
        }
    }

    /// The other one.
    pub fn other(self) -> Self {
        match self {
            Self::English => Self::German,
            Self::German => Self::English,
        }
    }

    /// The text of `key`; the key itself if there is none.
    pub fn text(self, key: &'static str) -> &'static str {
        static TABLES: [OnceLock<HashMap<String, String>>; 2] = [OnceLock::new(), OnceLock::new()];
        let (table, file) = match self {
            Self::English => (&TABLES[0], include_str!("../locales/en.json")),
            Self::German => (&TABLES[1], include_str!("../locales/de.json")),
        };
        // The files are part of the program and tested: an empty table cannot reach a release.
        let table = table.get_or_init(|| serde_json::from_str(file).unwrap_or_default());
        table.get(key).map_or(key, String::as_str)
    }

    /// The text of `key` with `{name}` replaced by each value.
    pub fn fill(self, key: &'static str, values: &[(&str, &str)]) -> String {
        let mut text = self.text(key).to_owned();
        for (name, value) in values {
            text = text.replace(&format!("{{{name}}}"), value);
        }
        text
    }

    /// A number with this many decimals, as the language writes it.
    pub fn number(self, value: f64, decimals: usize) -> String {
        let text = format!("{value:.decimals$}");
        match self {
            Self::English => text,
            Self::German => text.replace('.', ","),
        }
    }
}

/// The language in use.
pub fn use_language() -> RwSignal<Language> {
    expect_context::<RwSignal<Language>>()
}

/// The text of `key` in the language in use.
pub fn tr(key: &'static str) -> impl Fn() -> &'static str + Copy + Send + Sync + 'static {
    let language = use_language();
    move || language.get().text(key)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn table(language: Language) -> HashMap<String, String> {
        let file = match language {
            Language::English => include_str!("../locales/en.json"),
            Language::German => include_str!("../locales/de.json"),
        };
        serde_json::from_str(file).expect("a locale file is an object of strings")
    }

    fn placeholders(text: &str) -> BTreeSet<&str> {
        text.split('{')
            .skip(1)
            .filter_map(|rest| rest.split_once('}'))
            .map(|(name, _)| name)
            .collect()
    }

    #[test]
    fn both_languages_say_the_same_things() {
        let (english, german) = (table(Language::English), table(Language::German));
        for (key, text) in &english {
            let other = german.get(key).unwrap_or_else(|| panic!("de.json lacks {key}"));
            assert_eq!(placeholders(text), placeholders(other), "{key}");
        }
        assert_eq!(english.len(), german.len(), "de.json has keys that en.json lacks");
    }

    #[test]
    fn numbers_follow_the_language() {
        assert_eq!(Language::English.number(2.14, 1), "2.1");
        assert_eq!(Language::German.number(2.14, 1), "2,1");
    }

    // Reads the source files, which a browser cannot.
    #[cfg(not(target_arch = "wasm32"))]
    fn sources(dir: &std::path::Path, text: &mut String) {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, text);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                text.push_str(&std::fs::read_to_string(&path).unwrap());
            }
        }
    }

    #[cfg(not(target_arch = "wasm32"))]
    #[test]
    fn every_key_is_used_and_every_used_key_exists() {
        let mut source = String::new();
        sources(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut source);
        let english = table(Language::English);
        for key in english.keys() {
            assert!(source.contains(&format!("\"{key}\"")), "{key} is never used");
        }
        for call in ["tr(\"", ".text(\"", ".fill(\""] {
            for rest in source.split(call).skip(1) {
                let key = rest.split('"').next().unwrap();
                assert!(key.is_empty() || english.contains_key(key), "no text for {key}");
            }
        }
    }
}
