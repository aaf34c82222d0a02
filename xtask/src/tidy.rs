//! `cargo xtask tidy`: what ARCHITECTURE promises about the checkout, held against the checkout.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    process::Command,
};

use anyhow::{Context, Result, bail};

use crate::place::Place;

/// Which workspace crates a crate may depend on; anything else is a wrong turn.
const GRAPH: [(&str, &[&str]); 6] = [
    ("api", &[]),
    ("app", &["api", "cases", "solver-wasm"]),
    ("cases", &["api", "solver-wasm"]),
    ("server", &["api", "cases", "solver-wasm"]),
    ("solver-wasm", &[]),
    ("xtask", &[]),
];

/// Names that say nothing.
const EMPTY_NAMES: [&str; 6] = ["util", "utils", "common", "manager", "helper", "helpers"];

/// What the solver may not know (invariant 1), with the reason.
const FOREIGN_TO_SOLVER: [(&str, &str); 9] = [
    ("std::time", "a clock"),
    ("std::fs", "a file"),
    ("rand::", "randomness"),
    ("web_sys", "the web"),
    ("js_sys", "the web"),
    ("wasm_bindgen", "the web"),
    ("liver", "an organ"),
    ("kidney", "an organ"),
    ("spleen", "an organ"),
];

/// All checks; every finding is listed, none hides another.
pub fn run(place: &Place) -> Result<()> {
    let files = tracked(&place.root)?;
    let mut findings = Vec::new();
    graph(&place.root, &mut findings)?;
    architecture_paths(&place.root, &mut findings)?;
    names(&files, &mut findings);
    solver_is_pure(&place.root, &files, &mut findings)?;
    sources_speak(&place.root, &files, &mut findings)?;
    citations(&place.root, &files, &mut findings)?;
    locales(&place.root, &mut findings)?;
    if findings.is_empty() {
        println!("tidy: {} files, nothing to mend", files.len());
        return Ok(());
    }
    for finding in &findings {
        eprintln!("tidy: {finding}");
    }
    bail!("{} things to mend (above)", findings.len())
}

/// Files that git knows or would add.
fn tracked(root: &Path) -> Result<Vec<String>> {
    let output = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output()
        .context("git is missing. Remedy: install git")?;
    let list = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok(list.lines().filter(|file| root.join(file).is_file()).map(str::to_owned).collect())
}

fn graph(root: &Path, findings: &mut Vec<String>) -> Result<()> {
    let output = Command::new("cargo")
        .args(["metadata", "--no-deps", "--format-version", "1", "--offline"])
        .current_dir(root)
        .output()?;
    let metadata: serde_json::Value =
        serde_json::from_slice(&output.stdout).context("cargo metadata gave no JSON")?;
    let packages = metadata["packages"].as_array().context("cargo metadata lists no package")?;
    let members: BTreeSet<&str> =
        packages.iter().filter_map(|package| package["name"].as_str()).collect();
    let allowed: BTreeMap<&str, &[&str]> = GRAPH.into_iter().collect();
    for package in packages {
        let name = package["name"].as_str().unwrap_or_default();
        let Some(allowed) = allowed.get(name) else {
            findings.push(format!("crate {name} is not in the dependency graph of xtask/src/tidy.rs and ARCHITECTURE.md"));
            continue;
        };
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let dependency = dependency["name"].as_str().unwrap_or_default();
            if members.contains(dependency) && !allowed.contains(&dependency) {
                findings.push(format!("crate {name} must not depend on {dependency}"));
            }
        }
    }
    Ok(())
}

/// Every path in a code span of ARCHITECTURE.md exists.
fn architecture_paths(root: &Path, findings: &mut Vec<String>) -> Result<()> {
    let text =
        fs::read_to_string(root.join("ARCHITECTURE.md")).context("ARCHITECTURE.md is missing")?;
    for span in code_spans(&text) {
        let looks_like_path = span.contains('/')
            && !span.contains(' ')
            && !span.starts_with(['/', '<', '-', '$', '~'])
            && !span.contains("://")
            && span.chars().all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c));
        if looks_like_path && !root.join(span.trim_end_matches('/')).exists() {
            findings.push(format!("ARCHITECTURE.md names `{span}`, which does not exist"));
        }
    }
    Ok(())
}

/// Inline code of a Markdown text, fenced blocks left out.
fn code_spans(text: &str) -> Vec<&str> {
    let mut spans = Vec::new();
    let mut fenced = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            spans.extend(line.split('`').skip(1).step_by(2));
        }
    }
    spans
}

fn names(files: &[String], findings: &mut Vec<String>) {
    for file in files {
        for part in file.split('/') {
            let stem = part.split('.').next().unwrap_or_default().to_lowercase();
            if stem.split(['_', '-']).any(|word| EMPTY_NAMES.contains(&word)) {
                findings.push(format!("{file}: \"{part}\" says nothing. Name the thing it holds"));
            }
        }
        if file.ends_with("/mod.rs") {
            findings.push(format!("{file}: modules are named files, not mod.rs"));
        }
    }
}

/// Invariant 1: the solver's library knows no web, clock, file, randomness or organ.
fn solver_is_pure(root: &Path, files: &[String], findings: &mut Vec<String>) -> Result<()> {
    for file in files.iter().filter(|file| {
        file.starts_with("solver-wasm/src/") && file.ends_with(".rs") && !file.contains("/bin/")
    }) {
        let text = fs::read_to_string(root.join(file))?.to_lowercase();
        let code: String = text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
            .collect::<Vec<_>>()
            .join("\n");
        for (word, what) in FOREIGN_TO_SOLVER {
            // "sliver" names no organ
            let begins = |(at, _)| !code[..at].ends_with(|c: char| c.is_ascii_alphanumeric());
            if code.match_indices(word).any(begins) {
                findings.push(format!("{file}: the solver knows {what} (`{word}`)"));
            }
        }
    }
    Ok(())
}

/// Every Rust file opens by saying what it holds; nothing names a path of one machine.
fn sources_speak(root: &Path, files: &[String], findings: &mut Vec<String>) -> Result<()> {
    for file in files {
        let Ok(text) = fs::read_to_string(root.join(file)) else { continue };
        if file.ends_with(".rs") && file.contains("/src/") && !text.trim_start().starts_with("//!")
        {
            findings.push(format!("{file}: no //! line that says what this file holds"));
        }
        for (number, line) in text.lines().enumerate() {
            let home = ["home", "root", "Users"].iter().any(|folder| {
                line.match_indices(&format!("/{folder}/")).any(|(at, _)| {
                    let before = line[..at].chars().next_back();
                    before.is_none_or(|c| !c.is_ascii_alphanumeric() && !"._-/".contains(c))
                })
            });
            if home {
                findings.push(format!("{file}:{}: a path of one machine", number + 1));
            }
        }
    }
    Ok(())
}

/// Every [Author year] in the sources has its entry in REFERENCES.bib.
fn citations(root: &Path, files: &[String], findings: &mut Vec<String>) -> Result<()> {
    let bibliography =
        fs::read_to_string(root.join("REFERENCES.bib")).context("REFERENCES.bib is missing")?;
    for file in
        files.iter().filter(|file| [".rs", ".glsl", ".wgsl"].iter().any(|end| file.ends_with(end)))
    {
        let text = fs::read_to_string(root.join(file))?;
        for citation in text.split('[').skip(1).filter_map(|rest| Some(&rest[..rest.find(']')?])) {
            for key in citation.split(';').filter_map(citation_key) {
                if !bibliography.contains(&format!("{{{key},")) {
                    findings
                        .push(format!("{file}: [{citation}] has no entry {key} in REFERENCES.bib"));
                }
            }
        }
    }
    Ok(())
}

/// "Smith2018" of "Smith et al. 2018"; none for what is no citation.
fn citation_key(text: &str) -> Option<String> {
    let (authors, year) = text.trim().rsplit_once(' ')?;
    let first = authors.split_whitespace().next()?;
    let is_name =
        first.chars().next()?.is_uppercase() && first.chars().skip(1).all(char::is_lowercase);
    // Two works of one first author in a year are told apart by a letter.
    let digits = year.strip_suffix(|c: char| c.is_ascii_lowercase()).unwrap_or(year);
    let is_year = digits.len() == 4 && digits.chars().all(|c| c.is_ascii_digit());
    (is_name && is_year).then(|| format!("{first}{year}"))
}

/// All languages hold the same keys.
fn locales(root: &Path, findings: &mut Vec<String>) -> Result<()> {
    let Ok(entries) = fs::read_dir(root.join("app/locales")) else { return Ok(()) };
    let mut languages = BTreeMap::new();
    for path in entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|ext| ext == "json"))
    {
        let value: serde_json::Value = serde_json::from_str(&fs::read_to_string(&path)?)
            .with_context(|| format!("{} is not JSON", path.display()))?;
        let mut keys = BTreeSet::new();
        flatten("", &value, &mut keys);
        languages.insert(path.file_name().unwrap_or_default().to_string_lossy().into_owned(), keys);
    }
    let all: BTreeSet<String> = languages.values().flatten().cloned().collect();
    for (language, keys) in &languages {
        for missing in all.difference(keys) {
            findings.push(format!("app/locales/{language}: \"{missing}\" is missing"));
        }
    }
    Ok(())
}

fn flatten(prefix: &str, value: &serde_json::Value, keys: &mut BTreeSet<String>) {
    match value.as_object() {
        Some(object) => {
            object.iter().for_each(|(key, value)| flatten(&format!("{prefix}.{key}"), value, keys))
        }
        None => {
            keys.insert(prefix.trim_start_matches('.').to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_spans_skip_fences() {
        assert_eq!(code_spans("a `b/c` d\n```\n`e`\n```\n`f`"), ["b/c", "f"]);
    }

    #[test]
    fn citations_are_told_from_other_brackets() {
        assert_eq!(citation_key("Smith et al. 2018"), Some("Smith2018".into()));
        assert_eq!(citation_key("Simo and Armero 1992b"), Some("Simo1992b".into()));
        assert_eq!(citation_key("node_count, 3"), None);
        assert_eq!(citation_key("2 2018"), None);
    }

    #[test]
    fn empty_names_are_found_as_words_only() {
        let mut findings = Vec::new();
        names(
            &[
                "app/src/utils.rs".into(),
                "app/src/helper/a.rs".into(),
                "app/src/commonality.rs".into(),
            ],
            &mut findings,
        );
        assert_eq!(findings.len(), 2, "{findings:?}");
    }
}
