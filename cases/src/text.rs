//! Texts in the languages of the app, and what two spellings of a name have in common.

use schemars::JsonSchema;
use serde::Deserialize;

/// A text in every language of the app.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// English.
    pub en: String,
    /// German.
    pub de: String,
}

impl Text {
    /// A text that is the same in every language, or known in one only: a name from a file.
    pub fn same(text: impl Into<String>) -> Self {
        let en = text.into();
        Self { de: en.clone(), en }
    }

    /// Is it missing in a language?
    pub fn is_incomplete(&self) -> bool {
        self.en.trim().is_empty() || self.de.trim().is_empty()
    }
}

/// What two spellings of a name have in common: its words without case, accents, separators, order and fill words.
///
/// Letters and digits part words, so that "vertebrae_L5", "L5 vertebrae" and "Vertebrae L 5" are one key.
pub fn name_key(name: &str) -> String {
    const FILL: [&str; 8] = ["of", "the", "and", "der", "die", "des", "und", "et"];
    let folded = fold(name);
    let mut words: Vec<&str> = Vec::new();
    for word in folded.split(' ') {
        let parted = word.find(|c: char| c.is_ascii_digit()).filter(|at| *at > 0);
        let (letters, digits) = parted.map_or((word, ""), |at| word.split_at(at));
        words.extend([letters, digits].iter().filter(|w| !w.is_empty() && !FILL.contains(w)));
    }
    words.sort_unstable();
    words.join(" ")
}

/// Lower case, umlauts and accents written out in ASCII, one space for whatever is no letter or digit.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for c in text.chars().flat_map(char::to_lowercase) {
        match c {
            'ä' | 'æ' => folded.push_str("ae"),
            'ö' | 'œ' => folded.push_str("oe"),
            'ü' => folded.push_str("ue"),
            'ß' => folded.push_str("ss"),
            'à' | 'á' | 'â' => folded.push('a'),
            'é' | 'è' | 'ê' | 'ë' => folded.push('e'),
            'í' | 'ï' | 'î' => folded.push('i'),
            'ó' | 'ô' => folded.push('o'),
            c if c.is_alphanumeric() => folded.push(c),
            _ if folded.ends_with(' ') || folded.is_empty() => {}
            _ => folded.push(' '),
        }
    }
    folded.truncate(folded.trim_end().len());
    folded
}

/// The sRGB bytes of a "#rrggbb" colour.
pub(crate) fn colour(text: &str) -> Option<[u8; 3]> {
    let hex = text.strip_prefix('#').filter(|h| h.len() == 6 && h.is_ascii())?;
    let value = u32::from_str_radix(hex, 16).ok()?;
    let [_, r, g, b] = value.to_be_bytes();
    Some([r, g, b])
}
