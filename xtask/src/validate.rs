//! `cargo xtask validate`: the solver against theory and published benchmarks, as one table.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::{
    place::Place,
    step::{Running, Seconds, Steps},
};

/// The table that ships with the app, relative to the checkout.
const STORED: &str = "app/validation.json";
/// How far an error may be from the stored one, in percentage points: more than rounding, less than a change of mechanics.
const DRIFT: f64 = 0.2;

/// What to run and where to write it.
#[derive(clap::Args, Debug)]
pub struct Options {
    /// Only the cheap rows at real-time resolution, compared with the stored table.
    #[arg(long, conflicts_with = "write")]
    quick: bool,
    /// Write the rows as JSON to this file too.
    #[arg(long)]
    json: Option<PathBuf>,
    /// Replace the table that the app shows by this one.
    #[arg(long)]
    write: bool,
}

/// Run, print, and fail if a row does.
pub fn run(place: &Place, options: &Options) -> Result<()> {
    let mut steps = Steps::new(if options.quick { 1 } else { 2 }, place.cache.join("logs"))?;
    let mut rows = Vec::new();
    steps.step("real-time rows, f32", |running| {
        rows = example(place, running, false, options.quick)?;
        Ok(format!("{} rows", rows.len()))
    })?;
    if !options.quick {
        steps.step("fine rows, f64", |running| {
            let fine = example(place, running, true, false)?;
            let count = fine.len();
            rows.extend(fine);
            Ok(format!("{count} rows"))
        })?;
    }
    println!("{}", table(&rows));
    if let Some(file) = &options.json {
        write(file, &rows)?;
    }
    if options.write {
        write(&place.root.join(STORED), &rows)?;
    }
    let failed = failures(&rows);
    eprintln!(
        "{} of {} rows pass, {}",
        rows.len() - failed.len(),
        rows.len(),
        Seconds(steps.elapsed())
    );
    if !failed.is_empty() {
        bail!("{} of {} rows fail: {}", failed.len(), rows.len(), failed.join(", "));
    }
    if options.quick {
        compare(place, &rows)?;
    }
    Ok(())
}

/// The quick half as a step of the tests: what fails there and not in the stored table, and what is no longer as stored.
pub fn quick(place: &Place, running: &Running) -> Result<String> {
    let rows = example(place, running, false, true)?;
    compare(place, &rows)?;
    let failed = failures(&rows);
    Ok(match failed.len() {
        0 => format!("{} rows", rows.len()),
        count => format!("{} rows, {count} FAIL as stored: {}", rows.len(), failed.join(", ")),
    })
}

/// Build and run the solver's own program in one number type.
fn example(place: &Place, running: &Running, fine: bool, quick: bool) -> Result<Vec<Value>> {
    let mut cargo = Command::new("cargo");
    cargo.args(["run", "--release", "--package", "solver-wasm", "--example", "validate"]);
    let kind = if fine {
        cargo.args(["--features", "f64"]);
        "native-f64"
    } else {
        "native"
    };
    cargo.env("CARGO_TARGET_DIR", place.target(kind)).current_dir(&place.root);
    if quick {
        cargo.args(["--", "--quick"]);
    }
    let output = running.run(&mut cargo, "read the log")?;
    let line =
        output.lines().find(|line| line.starts_with("[{")).context("no rows were printed")?;
    serde_json::from_str(line).context("the rows are not JSON")
}

fn write(file: &Path, rows: &[Value]) -> Result<()> {
    fs::write(file, format!("{}\n", serde_json::to_string_pretty(rows)?))
        .with_context(|| format!("cannot write {}", file.display()))
}

/// Name of a row; unique together with its resolution.
fn name(row: &Value) -> &str {
    row["id"].as_str().unwrap_or_default()
}

fn failures(rows: &[Value]) -> Vec<String> {
    rows.iter()
        .filter(|row| row["pass"] != true)
        .map(|row| format!("{} ({})", name(row), row["resolution"].as_str().unwrap_or_default()))
        .collect()
}

/// Each row against the stored one of the same name and resolution.
fn compare(place: &Place, rows: &[Value]) -> Result<()> {
    let file = place.root.join(STORED);
    let remedy = "run `cargo xtask validate --write`";
    let text = fs::read_to_string(&file)
        .with_context(|| format!("cannot read {}. Remedy: {remedy}", file.display()))?;
    let stored: Vec<Value> = serde_json::from_str(&text)
        .with_context(|| format!("{STORED} is not a list of rows. Remedy: {remedy}"))?;
    let changed = changes(rows, &stored);
    if !changed.is_empty() {
        bail!(
            "the table that the app shows is not this build's: {}. Remedy: {remedy}",
            changed.join(", ")
        );
    }
    Ok(())
}

fn changes(rows: &[Value], stored: &[Value]) -> Vec<String> {
    rows.iter()
        .filter_map(|row| {
            let same = |other: &&Value| {
                other["id"] == row["id"] && other["resolution"] == row["resolution"]
            };
            let Some(old) = stored.iter().find(same) else {
                return Some(format!("{} is new", name(row)));
            };
            let error = |row: &Value| row["error_percent"].as_f64();
            let near = match (error(row), error(old)) {
                (Some(now), Some(then)) => (now - then).abs() <= DRIFT,
                (now, then) => now == then,
            };
            let same = near && row["pass"] == old["pass"];
            let percent =
                |row: &Value| error(row).map_or("no value".into(), |error| format!("{error:.2} %"));
            (!same).then(|| format!("{} was {}, is {}", name(row), percent(old), percent(row)))
        })
        .collect()
}

/// The rows as a Markdown table.
fn table(rows: &[Value]) -> String {
    let mut text = String::from(
        "| row | resolution | cells | value | reference | error | allowed | |\n| --- | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for row in rows {
        let word = |key: &str| row[key].as_str().unwrap_or_default().to_owned();
        let number = |key: &str| row[key].as_f64().map_or("–".into(), significant);
        let line = [
            name(row).to_owned(),
            word("resolution"),
            row["cells"].to_string(),
            format!("{} {}", number("value"), word("unit")).trim_end().to_owned(),
            number("reference"),
            format!("{} %", number("error_percent")),
            format!("{} %", number("tolerance_percent")),
            if row["pass"] == true { "pass".into() } else { format!("FAIL {}", word("note")) },
        ];
        text.push_str(&format!("| {} |\n", line.join(" | ")));
    }
    text
}

/// Five digits that count, or two and a power of ten.
fn significant(x: f64) -> String {
    if x != 0.0 && x.abs() < 1e-3 { format!("{x:.1e}") } else { format!("{x:.*}", decimals(x)) }
}

fn decimals(x: f64) -> usize {
    (0..6).rev().find(|digits| x.abs() * 10_f64.powi(*digits) < 1e5).unwrap_or(0) as usize
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::changes;

    #[test]
    fn a_row_that_is_new_or_moved_or_turned_is_named() {
        let row = |id: &str, error: f64, pass: bool| json!({ "id": id, "resolution": "realtime", "error_percent": error, "pass": pass });
        let stored = [row("a", 1.0, true), row("b", 1.0, true), row("c", 2.95, true)];
        let rows =
            [row("a", 1.1, true), row("b", 1.3, true), row("c", 3.05, false), row("d", 0.0, true)];
        let changed = changes(&rows, &stored);
        assert_eq!(changed.len(), 3, "{changed:?}");
        assert!(changed[0].starts_with("b was 1.00 %, is 1.30 %"), "{changed:?}");
    }
}
