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

    /// A number with its sign; what rounds to nothing has none.
    pub fn signed(self, value: f64, decimals: usize) -> String {
        let text = self.number(value.abs(), decimals);
        match text.bytes().any(|digit| (b'1'..=b'9').contains(&digit)) {
            false => text,
            true if value < 0.0 => format!("−{text}"),
            true => format!("+{text}"),
        }
    }

    /// Five digits that count, without trailing zeros; two and a power of ten for what is very small.
    pub fn significant(self, value: f64) -> String {
        if value != 0.0 && value.abs() < 1e-3 {
            return self.scientific(value);
        }
        let whole = value.abs().max(1.0).log10().floor() as usize;
        let text = self.number(value, 4_usize.saturating_sub(whole)).replace('-', "−");
        match text.contains(['.', ',']) {
            true => text.trim_end_matches('0').trim_end_matches(['.', ',']).to_owned(),
            false => text,
        }
    }

    /// Two digits and a power of ten.
    pub fn scientific(self, value: f64) -> String {
        const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
        let text = format!("{value:.1e}");
        let Some((mantissa, power)) = text.split_once('e').filter(|_| value != 0.0) else {
            return "0".to_owned();
        };
        let raised = |digit: char| digit.to_digit(10).map_or('⁻', |digit| DIGITS[digit as usize]);
        let power: String = power.chars().map(raised).collect();
        let mantissa = match self {
            Self::English => mantissa.to_owned(),
            Self::German => mantissa.replace('.', ","),
        };
        format!("{} × 10{power}", mantissa.replace('-', "−"))
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

    #[test]
    fn a_sign_stands_before_what_is_not_nothing() {
        assert_eq!(Language::English.signed(-0.26, 1), "−0.3");
        assert_eq!(Language::German.signed(0.25, 2), "+0,25");
        assert_eq!(Language::English.signed(-0.000_1, 3), "0.000");
    }

    #[test]
    fn numbers_keep_the_digits_that_count() {
        let written = |value| Language::English.significant(value);
        assert_eq!(written(4.167), "4.167");
        assert_eq!(written(10_671.36), "10671");
        assert_eq!(written(-28.254_67), "−28.255");
        assert_eq!(written(0.0), "0");
        assert_eq!(written(0.000_032_1), "3.2 × 10⁻⁵");
        assert_eq!(Language::German.significant(0.978_71), "0,9787");
        assert_eq!(Language::German.scientific(-0.003_21), "−3,2 × 10⁻³");
        assert_eq!(Language::English.scientific(f64::NAN), "0");
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
