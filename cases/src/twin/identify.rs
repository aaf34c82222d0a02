//! Looks for what could name a patient in a pack: nothing of the kind belongs there.
//!
//! Import keeps geometry, samples and names of labels and nothing else, so that no header can leak; but a name of a label, or a title
//! in a case, is written by people. This reads every text of a pack, and looks for DICOM's own marks in its voxels.

use serde_json::Value;

use super::pack::Pack;

/// Texts that look like a person's name, a date, a number of a patient or a DICOM header, each with where it stands.
pub fn identifiers(pack: &Pack) -> Vec<String> {
    let mut found = Vec::new();
    // A manifest is plain data: it always becomes JSON.
    let manifest = serde_json::to_value(&pack.manifest).unwrap_or_default();
    walk("", &manifest, &mut found);
    let volumes = [("labels", Some(&pack.labels)), ("image", pack.image.as_ref())];
    for (name, volume) in volumes {
        let voxels = volume.map(|v| v.voxels.as_slice()).unwrap_or_default();
        // A DICOM file goes on with its group 2; four letters alone may be four grey values.
        for mark in [&b"1.2.840.10008"[..], b"DICM\x02\0", b"<?xml"] {
            if voxels.windows(mark.len()).any(|w| w == mark) {
                found.push(format!("{name}: `{}`", String::from_utf8_lossy(mark)));
            }
        }
    }
    found
}

fn walk(place: &str, value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => {
            // A hash of a file is digits by nature.
            if !place.ends_with("sha256")
                && let Some(what) = suspicious(text)
            {
                found.push(format!("{place}: {what}"));
            }
        }
        Value::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                walk(&format!("{place}[{i}]"), item, found);
            }
        }
        Value::Object(map) => {
            for (key, item) in map {
                let dot = if place.is_empty() { "" } else { "." };
                walk(&format!("{place}{dot}{key}"), item, found);
            }
        }
        _ => {}
    }
}

/// What in a text looks like it could name a patient; none if nothing does.
pub fn suspicious(text: &str) -> Option<String> {
    let words = text.split(|c: char| c.is_whitespace() || ",;:\"'".contains(c));
    words
        .map(|w| w.trim_matches(|c: char| "()[]<>.".contains(c)))
        .find_map(word)
        .or_else(|| tag(text))
}

fn word(word: &str) -> Option<String> {
    let is = |what: &str| Some(format!("{what} `{word}`"));
    // A DOI is a number of a paper.
    if word.starts_with("10.") && word.contains('/') || word.contains("doi.org/10.") {
        return None;
    }
    if word.split_once('^').is_some_and(|(family, given)| {
        family.chars().any(char::is_alphabetic) && given.chars().any(char::is_alphabetic)
    }) {
        return is("a person's name as DICOM writes it:");
    }
    if word.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.')) {
        return is("an address:");
    }
    let parts: Vec<&str> = word.split('.').collect();
    let digits = |p: &&str| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit());
    if parts.len() >= 5 && parts.iter().all(digits) {
        return is("a DICOM identifier:");
    }
    let date: Vec<&str> = word.split(['-', '.', '/', '_']).collect();
    if let [a, b, c] = date[..]
        && [a, b, c].iter().all(digits)
        && (a.len() == 4 && b.len() == 2 && c.len() == 2
            || c.len() == 4 && a.len() <= 2 && b.len() <= 2)
    {
        return is("a date:");
    }
    let mut run = 0;
    let longest = word.bytes().fold(0, |most: usize, b| {
        run = if b.is_ascii_digit() { run + 1 } else { 0 };
        most.max(run)
    });
    if longest >= 7 { is("a date or a number that could be a patient's:") } else { None }
}

/// A DICOM tag: "(0010,0010)".
fn tag(text: &str) -> Option<String> {
    let at = |i: usize| {
        let tag = text.get(i..i + 11)?;
        let (group, element) = tag.strip_prefix('(')?.strip_suffix(')')?.split_once(',')?;
        let hex = |s: &str| s.len() == 4 && s.bytes().all(|b| b.is_ascii_hexdigit());
        (hex(group) && hex(element)).then(|| format!("a DICOM tag: `{tag}`"))
    };
    text.match_indices('(').find_map(|(i, _)| at(i))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_names_a_patient_is_found() {
        for text in [
            "MUELLER^HANS",
            "scan of 2021-03-05",
            "born 5.3.1961",
            "19610305",
            "ID 1234567",
            "1.2.840.113619.2.55",
            "(0010,0010)",
            "a.b@example.org",
        ] {
            assert!(suspicious(text).is_some(), "{text}");
        }
    }

    #[test]
    fn what_cases_say_is_left_alone() {
        for text in [
            "Right kidney",
            "Strength of the human liver capsule, 0.3 ± 0.3 N/mm (Brunon 2010)",
            "example_ct.nii.gz, reference CT of TotalSegmentator 2.18.0",
            "J Biomed Inform 36 (2003) 478–500, doi 10.1016/j.media.2025.1034589",
            "1126.5 mL",
            "x^2",
        ] {
            assert_eq!(suspicious(text), None, "{text}");
        }
    }
}
