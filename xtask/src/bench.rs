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
    peers,
    place::Place,
    step::{Running, Steps},
    test::Server,
    toolchain::Toolchain,
    tools::{self, Browser},
};

/// Name of the cantilever's module among the batches.
const CANTILEVER: &str = "cantilever.wasm";

/// What to write.
#[derive(clap::Args, Debug)]
pub struct Options {
    /// Write the figures as JSON to this file too.
    #[arg(long)]
    json: Option<PathBuf>,
    /// Replace the figures in README.md by these.
    #[arg(long)]
    readme: bool,
    #[command(flatten)]
    others: peers::Options,
    /// Nothing but the cantilever, ours natively: builds no app and needs no browser.
    #[arg(long, conflicts_with = "readme")]
    cantilever_only: bool,
}

/// Build, measure, print; nothing is compared with a limit here, a busy machine must not fail a build.
pub fn run(place: &Place, options: &Options) -> Result<()> {
    let own = if options.cantilever_only { 2 } else { bundle::STEPS + 5 };
    let total = own + options.others.steps();
    let mut steps = Steps::new(total, place.cache.join("logs"))?;
    // First what may fail for want of a network.
    let others = match options.others.peers {
        true => Some(peers::measure(place, &mut steps, &options.others)?),
        false => None,
    };
    let mut cantilever = Vec::new();
    steps.step("cantilever, native", |running| {
        cantilever = cantilever_native(place, running)?;
        Ok(String::new())
    })?;
    let mut figures = json!({ "machine": machine() });
    if !options.cantilever_only {
        let built = bundle::build(place, &mut steps)?;
        let (mut native, mut browser) = (Value::Null, Value::Null);
        let scratch = place.staging("bench")?;
        steps.step("solver, native", |running| {
            native = solver_native(place, running, &scratch)?;
            Ok(String::new())
        })?;
        steps.step("cantilever for the browser", |running| {
            cantilever_module(place, running, &built, &scratch.join(CANTILEVER))?;
            Ok(String::new())
        })?;
        steps.step("browser", |running| {
            tools::browser_modules(place, running)?;
            let found = Browser::ensure(running)?;
            browser = in_browser(place, running, &built, &found, &scratch)?;
            Ok(String::new())
        })?;
        fs::remove_dir_all(scratch)?;
        cantilever.extend(browser["cantilever"].as_array().into_iter().flatten().cloned());
        figures = app_figures(&built, &native, &browser)?;
    }
    steps.step("report", |_| {
        add_cantilever(&mut figures, cantilever, others)?;
        if let Some(file) = &options.json {
            fs::write(file, format!("{}\n", serde_json::to_string_pretty(&figures)?))
                .with_context(|| format!("cannot write {}", file.display()))?;
        }
        if options.readme {
            write_readme(place, &table(&figures))?;
        }
        Ok(String::new())
    })?;
    println!("\n{}", table(&figures));
    Ok(())
}

/// Ours on the cantilever, natively and on one core, as the peers are.
fn cantilever_native(place: &Place, running: &Running) -> Result<Vec<Value>> {
    let target = place.target("native");
    let mut cargo = Command::new("cargo");
    cargo
        .args(["build", "--release", "--package", "solver-wasm", "--example", "cantilever"])
        .env("CARGO_TARGET_DIR", &target)
        .current_dir(&place.root);
    running.run(&mut cargo, "read the log, mend the code, run the same command again")?;
    let program = target.join("release/examples/cantilever");
    peers::json_lines(&running.run(&mut peers::on_one_core(&program), "read the log")?)
}

/// The cantilever as WebAssembly, compiled and optimised as the worker is.
fn cantilever_module(place: &Place, running: &Running, built: &Built, to: &Path) -> Result<()> {
    let target = place.target("web");
    let mut cargo =
        Command::new(if built.toolchain == Toolchain::Debian { "/usr/bin/cargo" } else { "cargo" });
    built.toolchain.apply(&mut cargo, &built.paths);
    cargo
        .args(["build", "--profile", "web", "--target", "wasm32-unknown-unknown"])
        .args(["--package", "solver-wasm", "--example", "cantilever"])
        .env("CARGO_TARGET_DIR", &target)
        .current_dir(&place.root);
    running.run(&mut cargo, "read the log, mend the code, run the same command again")?;
    let optimiser = tools::wasm_opt(place, running)?.join("wasm-opt");
    let mut optimise = Command::new(optimiser);
    optimise
        .args(["-O3", "--enable-simd", "--enable-bulk-memory", "--enable-nontrapping-float-to-int"])
        .args(["--enable-sign-ext", "--enable-mutable-globals", "--enable-reference-types"])
        .arg("--enable-multivalue")
        .arg(target.join("wasm32-unknown-unknown/web/examples/cantilever.wasm"))
        .arg("-o")
        .arg(to);
    running.run(&mut optimise, "read the log")?;
    Ok(())
}

/// Judge all rows by one reference: that of this run, else the stored one.
fn add_cantilever(
    figures: &mut Value,
    mut rows: Vec<Value>,
    others: Option<peers::Measured>,
) -> Result<()> {
    let mut reference = peers::stored_reference()?;
    if let Some(others) = others {
        rows.extend(others.rows);
        figures["missing_peers"] = others.missing.into();
        reference = others.reference.unwrap_or(reference);
    }
    for row in rows.iter_mut().filter(|row| row.get("error").is_none()) {
        peers::judge(row, &reference);
    }
    figures["reference"] = reference;
    figures["cantilever"] = rows.into();
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
        .env("SECTIO_BATCHES", batches)
        .env("SECTIO_CANTILEVER", batches.join(CANTILEVER));
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

fn app_figures(built: &Built, native: &Value, browser: &Value) -> Result<Value> {
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
    let native_rows = native["solver"].as_array().into_iter().flatten();
    for native in native_rows {
        let same = |row: &&mut Value| {
            row["backend"] == "wasm" && row["cells"] == native["cells"] && row["nu"] == native["nu"]
        };
        let Some(row) = solver.iter_mut().find(same) else { continue };
        let times = row["ms_per_frame"].as_f64().zip(native["ms_per_frame"].as_f64());
        row["diameter_mm"] = native["diameter_mm"].clone();
        row["wasm_over_native"] = json!(times.map(|(wasm, native)| wasm / native));
    }
    let mut packs = Vec::new();
    for entry in fs::read_dir(built.bundle.join("packs"))?.flatten() {
        packs.push(json!({ "file": entry.file_name().to_string_lossy(), "bytes": entry.metadata()?.len() }));
    }
    packs.sort_by_key(|pack| pack["file"].to_string());
    // The times are the browser's; iterations are the same there, byte for byte.
    let mut cut = native["cut"].clone();
    for name in ["update_ms_median", "update_ms_p99", "frame_ms_max"] {
        cut[format!("native_{name}")] = cut[name].take();
        cut[name] = browser["cut"][name].clone();
    }
    Ok(json!({
        "machine": machine(),
        "limits": native["limits"],
        "load": browser["load"],
        "first_organ": browser["first_organ"],
        "packs": packs,
        "solver": solver,
        "cut": cut,
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
    let mut rows = Vec::new();
    if figures["load"].is_object() {
        for (what, name) in
            [("app (wasm + js)", "app_bytes"), ("everything but the pack", "total_bytes")]
        {
            rows.push((
                format!("loaded before the first organ, gzip: {what}"),
                kb(&figures["load"][name]),
            ));
        }
    }
    for pack in figures["packs"].as_array().into_iter().flatten() {
        rows.push((
            format!("pack {}", pack["file"].as_str().unwrap_or_default()),
            kb(&pack["bytes"]),
        ));
    }
    for temperature in ["cold", "warm"] {
        let time = &figures["first_organ"][format!("{temperature}_ms")];
        if time.is_number() {
            rows.push((format!("time to first organ, {temperature}"), ms(time)));
        }
    }
    for row in figures["solver"].as_array().into_iter().flatten() {
        let number = |name: &str| row[name].as_f64().unwrap_or(f64::NAN);
        let mut time =
            format!("{:.2} ms a frame, 95 % below {:.2}", number("ms_per_frame"), number("ms_p95"));
        if row["wasm_over_native"].is_number() {
            time.push_str(&format!("; {:.2} of native", number("wasm_over_native")));
        }
        for like in row["ms_by_iterations"].as_array().into_iter().flatten() {
            let (cg, ms) = (&like["cg"], like["ms"].as_f64().unwrap_or(f64::NAN));
            time.push_str(&format!("; with {cg} iterations {ms:.2} at best"));
        }
        if row["work"].is_object() {
            let of = |name: &str| row["work"][name].as_f64().unwrap_or(f64::NAN);
            time.push_str(&format!(
                "; about {:.1} MB and {:.0} Mflop, {:.1} GB/s and {:.1} Gflop/s",
                of("megabytes_per_frame"),
                of("megaflops_per_frame"),
                of("gigabytes_per_s"),
                of("gigaflops")
            ));
        }
        rows.push((
            format!(
                "solver, {}, {} cells of a ball of {} mm, ν {}",
                row["backend"].as_str().unwrap_or_default(),
                row["cells"],
                row["diameter_mm"],
                row["nu"]
            ),
            time,
        ));
    }
    if figures["cut"].is_object() {
        let of = |name: &str| figures["cut"][name].as_f64().unwrap_or(f64::NAN);
        rows.push((
            format!("a cut through {} cells, WASM", figures["cut"]["cells"]),
            format!(
                "{:.1} ms an update, 99 % below {:.1} (natively {:.1}, {:.1}); longest frame between {:.1} ms; iterations of a pull {:.1} before and {:.1} after {} strokes",
                of("update_ms_median"),
                of("update_ms_p99"),
                of("native_update_ms_median"),
                of("native_update_ms_p99"),
                of("frame_ms_max"),
                of("iterations_before"),
                of("iterations_after"),
                figures["cut"]["strokes"]
            ),
        ));
    }
    if figures["limits"].is_object() {
        let of = |name: &str| figures["limits"][name].as_f64().unwrap_or(f64::NAN);
        rows.push((
            "one core at best, four f32 abreast".into(),
            format!(
                "{:.0} Gflop/s, {:.0} GB/s from memory, {:.0} GB/s from 3 MB",
                of("gigaflops"),
                of("triad_memory_gb_per_s"),
                of("triad_cache_gb_per_s")
            ),
        ));
    }
    let mut text = format!(
        "Measured on {}; browser figures in headless Chromium with software rendering, which slows the first organ.\n",
        figures["machine"].as_str().unwrap_or_default()
    );
    if !rows.is_empty() {
        text.push_str("\n| figure | value |\n| --- | --- |\n");
    }
    for (name, value) in rows {
        text.push_str(&format!("| {name} | {value} |\n"));
    }
    text + &cantilever_table(figures)
}

/// The cantilever's rows as a Markdown table, the most exact first.
fn cantilever_table(figures: &Value) -> String {
    let mut rows: Vec<&Value> = figures["cantilever"].as_array().into_iter().flatten().collect();
    let error = |row: &Value| row["position_error_percent_of_length"].as_f64().unwrap_or(f64::MAX);
    rows.sort_by(|a, b| {
        let nu = |row: &Value| row["nu"].as_f64().unwrap_or_default();
        nu(a).total_cmp(&nu(b)).then(error(a).total_cmp(&error(b)))
    });
    let mut text = String::from(
        "\nA bar of 10 kPa that hangs from one end (xtask/peers/README.md): where its tip rests, and the time of a frame of 1/60 s on one core.\n\n\
         | solver | settings | elements | ν | tip off by, % of length | ms a frame | dragged | smallest volume ratio | stable |\n\
         | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for row in rows {
        let word = |name: &str| row[name].as_str().unwrap_or("–").to_owned();
        let number = |name: &str, places: usize| {
            row[name].as_f64().map_or("–".into(), |x| format!("{x:.places$}"))
        };
        let stable = match (row["error"].as_str(), row["stable"].as_bool()) {
            (Some(error), _) => error,
            (None, Some(true)) if row["settled"] == false => "yes, still moving",
            (None, Some(true)) => "yes",
            (None, _) => "NO",
        };
        text.push_str(&format!(
            "| {} | {} | {} | {} | {} | {} | {} | {} | {stable} |\n",
            word("name"),
            word("settings"),
            row["elements"],
            row["nu"],
            number("position_error_percent_of_length", 1),
            number("ms_per_frame", 2),
            number("drag_ms_per_frame", 2),
            number("min_volume_ratio", 2),
        ));
    }
    for peer in figures["missing_peers"].as_array().into_iter().flatten() {
        // The reason names folders of this machine: the JSON has it, a table for others does not.
        let name = peer["name"].as_str().unwrap_or_default();
        text.push_str(&format!("\nMISSING: {name} could not be installed or run.\n"));
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
