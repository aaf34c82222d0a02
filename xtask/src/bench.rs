//! `cargo xtask bench`: the figures in README, measured in one run on one machine.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::{
    bundle::{self, Built},
    place::Place,
    step::{Running, Steps},
    test::Server,
    tools::{self, Browser},
};

/// What to write.
#[derive(clap::Args, Debug)]
pub struct Options {
    /// Write the figures as JSON to this file too.
    #[arg(long)]
    json: Option<PathBuf>,
    /// Replace the figures in README.md by these.
    #[arg(long)]
    readme: bool,
}

/// Build, measure, print; nothing is compared with a limit here, a busy machine must not fail a build.
pub fn run(place: &Place, options: &Options) -> Result<()> {
    let mut steps = Steps::new(bundle::STEPS + 3, place.cache.join("logs"))?;
    let built = bundle::build(place, &mut steps)?;
    let batches = place.staging("bench")?;
    let (mut native, mut browser) = (Value::Null, Value::Null);
    steps.step("solver, native", |running| {
        native = solver_native(place, running, &batches)?;
        Ok(String::new())
    })?;
    steps.step("browser", |running| {
        tools::browser_modules(place, running)?;
        let found = Browser::ensure(running)?;
        browser = in_browser(place, running, &built, &found, &batches)?;
        Ok(String::new())
    })?;
    let figures = figures(&built, &native, &browser)?;
    steps.step("report", |_| {
        if let Some(file) = &options.json {
            fs::write(file, format!("{}\n", serde_json::to_string_pretty(&figures)?))
                .with_context(|| format!("cannot write {}", file.display()))?;
        }
        if options.readme {
            write_readme(place, &table(&figures))?;
        }
        Ok(String::new())
    })?;
    fs::remove_dir_all(batches)?;
    println!("\n{}", table(&figures));
    Ok(())
}

/// The solver's own benchmark; it also leaves its scenes as encoded command batches, for the worker to be timed on the same.
fn solver_native(place: &Place, running: &Running, batches: &Path) -> Result<Value> {
    let mut cargo = Command::new("cargo");
    cargo
        .args([
            "run",
            "--release",
            "--package",
            "solver-wasm",
            "--example",
            "bench",
            "--",
            "--batches",
        ])
        .arg(batches)
        .env("CARGO_TARGET_DIR", place.target("native"))
        .current_dir(&place.root);
    let output = running.run(&mut cargo, "read the log")?;
    json_line(&output)
}

fn in_browser(
    place: &Place,
    running: &Running,
    built: &Built,
    browser: &Browser,
    batches: &Path,
) -> Result<Value> {
    let server = Server::start(&built.sectio)?;
    let mut node = Command::new("node");
    node.arg("bench.mjs")
        .current_dir(place.root.join("e2e"))
        .env("SECTIO_URL", &server.url)
        .env("CHROMIUM", &browser.chromium)
        .env("SECTIO_BATCHES", batches);
    let output = running.run(&mut node, "read the log")?;
    json_line(&output)
}

/// The line of a program's output that is its JSON result.
fn json_line(output: &str) -> Result<Value> {
    let line = output
        .lines()
        .find(|line| line.starts_with('{'))
        .context("the benchmark printed no result")?;
    serde_json::from_str(line).context("the benchmark's result is not JSON")
}

fn figures(built: &Built, native: &Value, browser: &Value) -> Result<Value> {
    let mut solver = Vec::new();
    for (backend, source) in [("native", native), ("wasm", browser)] {
        for row in source["solver"].as_array().into_iter().flatten() {
            let mut row = row.clone();
            row["backend"] = json!(backend);
            solver.push(row);
        }
    }
    if solver.is_empty() {
        bail!("the solver was not measured");
    }
    let mut packs = Vec::new();
    for entry in fs::read_dir(built.bundle.join("packs"))?.flatten() {
        packs.push(json!({ "file": entry.file_name().to_string_lossy(), "bytes": entry.metadata()?.len() }));
    }
    packs.sort_by_key(|pack| pack["file"].to_string());
    Ok(json!({
        "machine": machine(),
        "load": browser["load"],
        "first_organ": browser["first_organ"],
        "packs": packs,
        "solver": solver,
    }))
}

fn machine() -> String {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map(|(_, name)| name.trim().to_owned());
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{}, {cores} cores", model.unwrap_or_else(|| "unknown processor".into()))
}

/// The figures as a Markdown table.
fn table(figures: &Value) -> String {
    let kb = |value: &Value| {
        value.as_f64().map_or("–".into(), |bytes| format!("{:.0} KB", bytes / 1000.0))
    };
    let ms = |value: &Value| value.as_f64().map_or("–".into(), |ms| format!("{ms:.0} ms"));
    let mut rows = vec![
        (
            "loaded before the first organ, gzip: app (wasm + js)".to_owned(),
            kb(&figures["load"]["app_bytes"]),
        ),
        (
            "loaded before the first organ, gzip: everything but the pack".to_owned(),
            kb(&figures["load"]["total_bytes"]),
        ),
    ];
    for pack in figures["packs"].as_array().into_iter().flatten() {
        rows.push((
            format!("pack {}", pack["file"].as_str().unwrap_or_default()),
            kb(&pack["bytes"]),
        ));
    }
    rows.push(("time to first organ, cold".into(), ms(&figures["first_organ"]["cold_ms"])));
    rows.push(("time to first organ, warm".into(), ms(&figures["first_organ"]["warm_ms"])));
    for row in figures["solver"].as_array().into_iter().flatten() {
        let time =
            row["ms_per_frame"].as_f64().map_or("–".into(), |ms| format!("{ms:.2} ms a frame"));
        rows.push((
            format!(
                "solver, {}, {} cells",
                row["backend"].as_str().unwrap_or_default(),
                row["cells"]
            ),
            time,
        ));
    }
    let mut text = format!(
        "Measured on {}; browser figures in headless Chromium with software rendering, which slows the first organ.\n\n| figure | value |\n| --- | --- |\n",
        figures["machine"].as_str().unwrap_or_default()
    );
    for (name, value) in rows {
        text.push_str(&format!("| {name} | {value} |\n"));
    }
    text
}

fn write_readme(place: &Place, table: &str) -> Result<()> {
    let file = place.root.join("README.md");
    let text = fs::read_to_string(&file)?;
    let (start, end) =
        ("<!-- figures: written by `cargo xtask bench --readme` -->\n", "<!-- end of figures -->");
    let from = text.find(start).context("README.md has no mark for the figures")? + start.len();
    let to = text.find(end).context("README.md has no mark for the end of the figures")?;
    fs::write(file, format!("{}{table}{}", &text[..from], &text[to..]))?;
    Ok(())
}
