//! Label tables: which value is which structure. 3D Slicer's colour tables (.ctbl, .txt, .csv), ITK-SNAP's label descriptions,
//! and TotalSegmentator's class maps (.json, .csv).

use super::segmentation::{MOST_NAMES, Name, Names, unit_byte};
use crate::{Error, Result};

/// Bytes that a table may have.
const LONGEST: usize = 1 << 22;

/// Read a label table; what it is shows in its text.
///
/// # Errors
/// Text that names no label, or names one twice.
pub fn read_table(file: &str, bytes: &[u8]) -> Result<Names> {
    let error = |reason: String, remedy| Error::Volume {
        file: file.to_owned(),
        field: "label table",
        reason,
        remedy,
    };
    const REMEDY: &str = "give a colour table of 3D Slicer (.ctbl, .txt, .csv) or a class map as JSON, such as {\"1\": \"spleen\"}";
    if bytes.len() > LONGEST {
        return Err(error(format!("is {} bytes long", bytes.len()), REMEDY));
    }
    let text = std::str::from_utf8(bytes)
        .map_err(|e| error(format!("is no text at byte {}", e.valid_up_to()), REMEDY))?;
    let text = text.trim_start_matches('\u{feff}');
    let rows = if text.trim_start().starts_with('{') {
        let value: serde_json::Value = serde_json::from_str(text)
            .map_err(|e| error(format!("line {}: {e}", e.line()), REMEDY))?;
        let mut rows = Vec::new();
        json_rows(&value, &mut rows);
        rows
    } else {
        text.lines().filter_map(text_row).collect()
    };
    let mut names = Names::new();
    for (label, name) in rows.into_iter().filter(|(label, _)| *label != 0).take(MOST_NAMES) {
        if let Some(other) = names.insert(label, name.clone())
            && other.name != name.name
        {
            return Err(error(
                format!("label {label} is `{}` and `{}`", other.name, name.name),
                "name each label once",
            ));
        }
    }
    if names.is_empty() {
        return Err(error("names no label".to_owned(), REMEDY));
    }
    Ok(names)
}

/// {"1": "spleen"}, {"spleen": 1}, or such maps inside a map.
fn json_rows(value: &serde_json::Value, rows: &mut Vec<(u16, Name)>) {
    let Some(map) = value.as_object() else { return };
    for (key, value) in map {
        match (key.parse(), value) {
            (Ok(label), serde_json::Value::String(name)) => {
                rows.push((label, Name::new(name, None)));
            }
            (_, serde_json::Value::Number(label)) => {
                if let Some(label) = label.as_u64().and_then(|l| u16::try_from(l).ok()) {
                    rows.push((label, Name::new(key, None)));
                }
            }
            // serde_json's own limit of depth bounds this.
            (_, nested) => json_rows(nested, rows),
        }
    }
}

/// A line of a table: `5,liver`, `5,liver,221,130,101`, `5 liver 221 130 101 255` or `5 221 130 101 1 1 1 "liver"`. Comments and
/// headings give none.
fn text_row(line: &str) -> Option<(u16, Name)> {
    let line = line.trim();
    if line.starts_with('#') || line.starts_with("//") {
        return None;
    }
    let cells: Vec<&str> = if line.contains([',', ';']) {
        line.split([',', ';']).map(|c| c.trim().trim_matches('"')).collect()
    } else if let Some((before, rest)) = line.split_once('"') {
        let (name, after) = rest.split_once('"')?;
        before.split_whitespace().chain([name]).chain(after.split_whitespace()).collect()
    } else {
        line.split_whitespace().collect()
    };
    let label = cells.first()?.parse().ok()?;
    let numeric = |cell: &&str| cell.parse::<f64>().is_ok();
    // The name is the first cell that is no number; a colour stands behind it, or all before it (ITK-SNAP).
    let at = 1 + cells[1..].iter().position(|cell| !numeric(cell))?;
    let behind: Vec<f64> = cells[at + 1..].iter().map_while(|c| c.parse().ok()).collect();
    let before: Vec<f64> = cells[1..at].iter().filter_map(|c| c.parse().ok()).collect();
    let rgb = [behind, before].into_iter().find(|c| c.len() >= 3);
    let whole = |c: &[f64]| c.iter().any(|v| *v > 1.0);
    let colour = rgb.map(|c| {
        let scale = if whole(&c[..3]) { 255.0 } else { 1.0 };
        [c[0], c[1], c[2]].map(|v| unit_byte(v / scale))
    });
    Some((label, Name::new(cells[at], colour)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(line: &str) -> Option<(u16, String, Option<[u8; 3]>)> {
        text_row(line).map(|(label, name)| (label, name.name, name.colour))
    }

    #[test]
    fn lines_of_all_tables_say_the_same() {
        let liver = Some((5, "liver".to_owned(), Some([221, 130, 101])));
        for line in [
            "5 liver 221 130 101 255",
            "5,liver,221,130,101,255",
            "5, \"liver\", 221, 130, 101",
            "    5   221  130  101        1  1  1    \"liver\"",
        ] {
            assert_eq!(row(line), liver, "{line}");
        }
        assert_eq!(row("5,liver"), Some((5, "liver".to_owned(), None)));
        assert_eq!(row("5 \"left kidney\" 1 2 3 255").map(|r| r.1).as_deref(), Some("left kidney"));
        for line in ["", "# Color", "label,name", "5", "5 6 7", "-1 liver"] {
            assert_eq!(row(line), None, "{line}");
        }
    }

    #[test]
    fn maps_are_read_either_way_round() {
        for text in [
            "{\"1\": \"spleen\"}",
            "{\"spleen\": 1}",
            "{\"total\": {\"1\": \"spleen\", \"0\": \"b\"}}",
        ] {
            let names = read_table("map.json", text.as_bytes()).unwrap();
            assert_eq!(names, Names::from([(1, Name::new("spleen", None))]), "{text}");
        }
        let twice = read_table("map.csv", b"1,spleen\n1,liver\n").unwrap_err().to_string();
        assert!(twice.contains("map.csv") && twice.contains("`spleen` and `liver`"), "{twice}");
        for text in ["", "{}", "{\"1\": ", "hello"] {
            assert!(read_table("t", text.as_bytes()).is_err(), "{text}");
        }
    }
}
