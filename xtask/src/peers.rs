//! The solvers that other people ship, installed and run on the cantilever of `xtask/peers/`; and the measure for all.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::{
    place::{Place, keep_newest, publish, sha256},
    step::{Running, Steps},
    tools::{node, on_path},
};

/// The scripts, from the root of the checkout.
const SCRIPTS: &str = "xtask/peers";
/// Wall time in which each peer may begin rows [s]. A row takes about 40 s at most: all four stay below a quarter of an hour.
const SECONDS_A_PEER: u32 = 180;
/// Length of the bar [mm].
const LENGTH: f64 = 100.0;

/// A program with its script.
struct Peer {
    name: &'static str,
    script: &'static str,
    /// Python packages, in the versions of requirements.txt, the first of which the script imports under `module`; none: it
    /// runs in node, with what package.json names.
    packages: &'static [&'static str],
    module: &'static str,
}

static PEERS: [Peer; 4] = [
    Peer {
        name: "MuJoCo",
        script: "mujoco_flex.py",
        packages: &["mujoco", "numpy"],
        module: "mujoco",
    },
    Peer { name: "Jolt", script: "jolt.mjs", packages: &[], module: "jolt-physics" },
    Peer {
        name: "Newton",
        script: "newton_vbd.py",
        packages: &["newton", "warp-lang", "numpy"],
        module: "newton",
    },
    Peer { name: "pyPBD", script: "pypbd_xpbd.py", packages: &["pyPBD", "numpy"], module: "pypbd" },
];

/// No peer but the judge: it computes where the tip rests.
static REFERENCE: Peer = Peer {
    name: "reference",
    script: "reference.py",
    packages: &["felupe", "scipy", "numpy"],
    module: "felupe",
};

/// What to run.
#[derive(clap::Args, Debug)]
// Part of the bench's options, whose group has this name already.
#[group(skip)]
pub struct Options {
    /// Set other people's soft-body solvers up and run them on the cantilever too: about ten minutes more.
    #[arg(long)]
    pub peers: bool,
    /// The coarsest mesh of each peer only: do they work?
    #[arg(long, requires = "peers")]
    smallest: bool,
    /// Compute anew where the tip rests, instead of taking the stored result: three minutes more.
    #[arg(long, requires = "peers")]
    reference: bool,
}

impl Options {
    /// Number of steps that [`measure`] takes.
    pub fn steps(&self) -> usize {
        if self.peers { 2 * self.programs().count() } else { 0 }
    }

    fn programs(&self) -> impl Iterator<Item = &'static Peer> {
        PEERS.iter().chain(self.reference.then_some(&REFERENCE))
    }
}

/// What came of the peers.
pub struct Measured {
    /// Rows as the scripts print them.
    pub rows: Vec<Value>,
    /// Who could not be installed or run, and why.
    pub missing: Vec<Value>,
    /// The reference of this run; none if it was not computed.
    pub reference: Option<Value>,
}

/// The stored reference.
pub fn stored_reference() -> Result<Value> {
    serde_json::from_str(include_str!("../peers/reference.json"))
        .context("xtask/peers/reference.json")
}

/// Install all, then run one after the other on one core. A peer that fails is named and left out.
///
/// # Errors
/// No suitable Python; or not one peer could be installed.
pub fn measure(place: &Place, steps: &mut Steps, options: &Options) -> Result<Measured> {
    let mut measured = Measured { rows: Vec::new(), missing: Vec::new(), reference: None };
    let mut ready = Vec::new();
    python()?;
    for peer in options.programs() {
        steps.step(&format!("install {}", peer.name), |running| {
            match install(place, running, peer) {
                Ok(home) => ready.push((peer, home)),
                Err(error) => {
                    measured.missing.push(miss(peer, &error));
                    return Ok("MISSING".into());
                }
            }
            Ok(String::new())
        })?;
    }
    if ready.is_empty() {
        bail!("not one of the peers could be installed; the reasons are above");
    }
    for peer in options.programs() {
        steps.step(&format!("peer {}", peer.name), |running| {
            let Some((_, home)) = ready.iter().find(|(it, _)| it.name == peer.name) else {
                return Ok("MISSING".into());
            };
            match run(place, running, peer, home, options.smallest) {
                Ok(mut rows) if peer.name == REFERENCE.name => {
                    measured.reference = rows.pop();
                    Ok(String::new())
                }
                Ok(rows) => {
                    let outcome = format!("{} rows", rows.len());
                    measured.rows.extend(rows);
                    Ok(outcome)
                }
                Err(error) => {
                    measured.missing.push(miss(peer, &error));
                    Ok("FAILED".into())
                }
            }
        })?;
    }
    Ok(measured)
}

fn miss(peer: &Peer, error: &anyhow::Error) -> Value {
    eprintln!("\n    MISSING {}: {error:#}", peer.name);
    json!({ "name": peer.name, "reason": format!("{error:#}") })
}

/// Is there a Python that the pinned packages run on, able to make environments?
fn python() -> Result<()> {
    let remedy = "Remedy: install Python 3.11 or newer with its venv module (Debian: `apt-get install python3-venv`), then run the same command again";
    if on_path("python3").is_none() {
        bail!("the peers need Python, and there is no python3. {remedy}");
    }
    let check = "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))";
    if !Command::new("python3").args(["-c", check]).output()?.status.success() {
        bail!("the peers need Python 3.11 or newer with venv, and python3 is not that. {remedy}");
    }
    Ok(())
}

/// The folder of a peer's environment, complete or not there at all.
fn install(place: &Place, running: &Running, peer: &Peer) -> Result<PathBuf> {
    let scripts = place.root.join(SCRIPTS);
    let pins = if peer.packages.is_empty() { "package.json" } else { "requirements.txt" };
    let pins = scripts.join(pins);
    let versions = fs::read_to_string(&pins).with_context(|| format!("{}", pins.display()))?;
    let tool = format!("peer-{}", peer.name);
    let key = &sha256(format!("{versions}{:?}", peer.packages).as_bytes())[..12];
    let home = place.tool(&tool, key);
    if works(peer, &home) {
        return Ok(home);
    }
    running.show(&format!("installing {}", peer.name));
    let staged = place.staging(&tool)?;
    let installed = fill(running, peer, &pins, &staged);
    if let Err(error) = installed {
        fs::remove_dir_all(&staged)?;
        return Err(error);
    }
    publish(&staged, &home)?;
    if !works(peer, &home) {
        fs::remove_dir_all(&home)?;
        bail!("{} does not start on this machine although it is installed", peer.name);
    }
    keep_newest(&place.cache.join("tools"), &format!("{tool}-"), 2)?;
    Ok(home)
}

fn fill(running: &Running, peer: &Peer, pins: &Path, staged: &Path) -> Result<()> {
    let remedy = "run the same command again with a network; read the log if it persists";
    if peer.packages.is_empty() {
        node(running)?;
        fs::copy(pins, staged.join("package.json"))?;
        let mut npm = Command::new("npm");
        npm.args(["install", "--no-audit", "--no-fund"]).current_dir(staged);
        running.run(&mut npm, remedy)?;
        return Ok(());
    }
    running.run(Command::new("python3").args(["-m", "venv"]).arg(staged), remedy)?;
    let mut pip = Command::new(staged.join("bin/python"));
    pip.args(["-m", "pip", "install", "--disable-pip-version-check", "--only-binary", ":all:"]);
    pip.arg("--constraint").arg(pins).args(peer.packages);
    running.run(&mut pip, remedy)?;
    Ok(())
}

/// Is the environment there, and does it load what it is for?
fn works(peer: &Peer, home: &Path) -> bool {
    if peer.packages.is_empty() {
        return home.join("node_modules").join(peer.module).is_dir();
    }
    let python = home.join("bin/python");
    let import = format!("import {}", peer.module);
    python.exists()
        && Command::new(python)
            .args(["-c", &import])
            .output()
            .is_ok_and(|output| output.status.success())
}

/// The rows of one peer, measured on one core.
fn run(
    place: &Place,
    running: &Running,
    peer: &Peer,
    home: &Path,
    smallest: bool,
) -> Result<Vec<Value>> {
    let program = if peer.packages.is_empty() { "node".into() } else { home.join("bin/python") };
    let mut command = on_one_core(&program);
    command
        .arg(place.root.join(SCRIPTS).join(peer.script))
        // Where a peer drops files of its own.
        .current_dir(place.cache.join("logs"))
        .env("PEER_SECONDS", SECONDS_A_PEER.to_string())
        .env("PEER_SMALLEST", if smallest { "1" } else { "0" })
        .env("PEER_MODULES", home)
        .env("PYTHONDONTWRITEBYTECODE", "1");
    for threads in ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"] {
        command.env(threads, "1");
    }
    let output = running.run(&mut command, "read the log")?;
    json_lines(&output)
}

/// A program bound to the last core that this process may use, where the system can bind it.
pub fn on_one_core(program: &Path) -> Command {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let core = status
        .lines()
        .find_map(|line| line.strip_prefix("Cpus_allowed_list:"))
        .and_then(|list| list.trim().rsplit([',', '-']).next()?.parse::<u32>().ok());
    match (on_path("taskset"), core) {
        (Some(taskset), Some(core)) => {
            let mut command = Command::new(taskset);
            command.args(["-c", &core.to_string()]).arg(program);
            command
        }
        _ => Command::new(program),
    }
}

/// The lines of a program's output that are its results.
pub fn json_lines(output: &str) -> Result<Vec<Value>> {
    let rows = output.lines().filter(|line| line.starts_with('{'));
    let rows: Vec<Value> = rows
        .map(|line| serde_json::from_str(line).context("a result is not JSON"))
        .collect::<Result<_>>()?;
    if rows.is_empty() {
        bail!("it printed no result");
    }
    Ok(rows)
}

/// Hold a row's tip against the reference: `position_error_percent_of_length` is the distance between the two points,
/// `tip_error_percent` that of their heights alone, `min_volume_ratio` the worst element of both acts. `stable`: no element
/// turned inside out, nothing flew apart, and nothing jumped back to its start.
pub fn judge(row: &mut Value, reference: &Value) {
    let nu = row["nu"].as_f64().unwrap_or_default();
    let tips = reference["tips"].as_array().into_iter().flatten();
    let tip =
        tips.into_iter().find(|tip| tip["nu"].as_f64().is_some_and(|of| (of - nu).abs() < 1e-6));
    let number = |value: &Value, name: &str| value[name].as_f64();
    let ratios = [number(row, "release_min_volume_ratio"), number(row, "drag_min_volume_ratio")];
    let worst = ratios[0].zip(ratios[1]).map(|(a, b)| a.min(b));
    let errors = tip.and_then(|tip| {
        let (down, x) = (number(row, "tip_down_mm")?, number(row, "tip_x_mm")?);
        let (right, right_x) = (number(tip, "tip_down_mm")?, number(tip, "tip_x_mm")?);
        Some(((down - right).hypot(x - right_x) / LENGTH * 100.0, (down / right - 1.0) * 100.0))
    });
    row["min_volume_ratio"] = json!(worst);
    row["position_error_percent_of_length"] = json!(errors.map(|(position, _)| position));
    row["tip_error_percent"] = json!(errors.map(|(_, tip)| tip));
    row["stable"] =
        json!(worst.is_some_and(|worst| worst > 0.0) && errors.is_some_and(|(_, tip)| tip > -90.0));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(down: f64, x: f64, ratio: Value) -> Value {
        let mut row = json!({
            "nu": 0.45, "tip_down_mm": down, "tip_x_mm": x,
            "release_min_volume_ratio": ratio, "drag_min_volume_ratio": 0.5,
        });
        judge(&mut row, &stored_reference().unwrap());
        row
    }

    #[test]
    fn the_reference_itself_has_no_error() {
        let row = judged(96.97, 31.24, json!(0.4));
        assert_eq!(row["position_error_percent_of_length"], 0.0);
        assert_eq!((&row["stable"], &row["min_volume_ratio"]), (&json!(true), &json!(0.4)));
    }

    #[test]
    fn the_position_error_is_a_distance() {
        let row = judged(93.97, 35.24, json!(0.4));
        let error = row["position_error_percent_of_length"].as_f64().unwrap();
        assert!((error - 5.0).abs() < 1e-9, "{error}");
        assert!(row["tip_error_percent"].as_f64().unwrap() < 0.0);
    }

    #[test]
    fn inversion_blow_up_and_starting_anew_are_not_stable() {
        assert_eq!(judged(96.97, 31.24, json!(-0.1))["stable"], false);
        assert_eq!(judged(96.97, 31.24, Value::Null)["stable"], false);
        assert_eq!(judged(0.0, 100.0, json!(1.0))["stable"], false);
    }
}
