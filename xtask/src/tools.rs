//! Programs that the build and the tests need, installed once into the cache and keyed by version.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};

use crate::{
    place::{Place, publish},
    step::Running,
};

/// Version of the wasm-bindgen CLI: it must be the very version in Cargo.lock.
pub fn wasm_bindgen_version(place: &Place) -> Result<String> {
    let lock: toml::Table = fs::read_to_string(place.root.join("Cargo.lock"))?.parse()?;
    let packages = lock
        .get("package")
        .and_then(|value| value.as_array())
        .context("Cargo.lock lists no package")?;
    packages
        .iter()
        .find(|package| package.get("name").and_then(|name| name.as_str()) == Some("wasm-bindgen"))
        .and_then(|package| package.get("version")?.as_str())
        .map(str::to_owned)
        .context("Cargo.lock does not name wasm-bindgen")
}

/// Trunk's version; 0.22 asks for a newer compiler than this workspace.
pub const TRUNK: &str = "0.21.14";
/// Binaryen's version (wasm-opt); Debian's own is too old for what rustc emits.
pub const BINARYEN: &str = "132.0.0";
/// The test runner.
pub const NEXTEST: &str = "0.9.143";
/// The licence and source check.
pub const CARGO_DENY: &str = "0.20.2";

/// Install a program from its crate into the cache and return its `bin` folder.
pub fn cargo_tool(
    place: &Place,
    running: &Running,
    krate: &str,
    version: &str,
    locked: bool,
) -> Result<PathBuf> {
    let home = place.tool(krate, version);
    let bin = home.join("bin");
    if bin.is_dir() {
        return Ok(bin);
    }
    let staged = place.staging(krate)?;
    let build = place.cache.join("target/tools");
    let mut cargo = Command::new("cargo");
    cargo.args(["install", krate, "--version", &format!("={version}"), "--root"]).arg(&staged);
    if locked {
        cargo.arg("--locked");
    }
    cargo.env("CARGO_TARGET_DIR", &build).current_dir(&place.cache);
    running.run(&mut cargo, "read the log; `rustup update` if it asks for a newer compiler; then run the same command again")?;
    publish(&staged, &home)?;
    let _ = fs::remove_dir_all(build);
    Ok(bin)
}

/// wasm-opt from npm's binaryen.
pub fn wasm_opt(place: &Place, running: &Running) -> Result<PathBuf> {
    let home = place.tool("binaryen", BINARYEN);
    let bin = home.join("node_modules/.bin");
    if bin.join("wasm-opt").exists() {
        return Ok(bin);
    }
    node(running)?;
    let staged = place.staging("binaryen")?;
    fs::write(staged.join("package.json"), "{\"private\":true}\n")?;
    let mut npm = Command::new("npm");
    npm.args(["install", "--no-audit", "--no-fund", &format!("binaryen@{BINARYEN}")])
        .current_dir(&staged);
    running.run(&mut npm, "run the same command again")?;
    publish(&staged, &home)?;
    Ok(bin)
}

/// node and npm, from Debian where they are missing.
pub fn node(running: &Running) -> Result<()> {
    if on_path("node").is_some() && on_path("npm").is_some() {
        return Ok(());
    }
    apt_install(running, &["nodejs", "npm"])
}

/// The node modules of the journeys, in the versions that their lock file names.
pub fn browser_modules(place: &Place, running: &Running) -> Result<()> {
    node(running)?;
    let home = place.root.join("e2e");
    let stamp = home.join("node_modules/.sectio-lock");
    let lock = fs::read(home.join("package-lock.json")).context("e2e/package-lock.json")?;
    if fs::read(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    let mut npm = Command::new("npm");
    npm.args(["ci", "--no-audit", "--no-fund"]).current_dir(&home);
    running.run(&mut npm, "run the same command again")?;
    fs::write(stamp, lock)?;
    Ok(())
}

/// Chromium and its driver, for tests in a real browser: `$CHROMIUM` and `$CHROMEDRIVER`, or what is installed.
pub struct Browser {
    /// The browser.
    pub chromium: PathBuf,
    /// Its WebDriver.
    pub driver: PathBuf,
}

impl Browser {
    /// Find or install them.
    pub fn ensure(running: &Running) -> Result<Self> {
        if let Some(found) = Self::find() {
            return Ok(found);
        }
        apt_install(running, &["chromium", "chromium-driver"])?;
        Self::find().context("Chromium is still missing after its installation. Remedy: set CHROMIUM and CHROMEDRIVER to your own")
    }

    fn find() -> Option<Self> {
        let pick = |variable: &str, names: &[&str]| {
            env::var_os(variable)
                .map(PathBuf::from)
                .or_else(|| names.iter().find_map(|name| on_path(name)))
        };
        Some(Self {
            chromium: pick("CHROMIUM", &["chromium", "google-chrome"])?,
            driver: pick("CHROMEDRIVER", &["chromedriver"])?,
        })
    }
}

/// A program on the PATH.
pub fn on_path(name: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?).map(|dir| dir.join(name)).find(|path| path.is_file())
}

/// Install Debian packages, with sudo where needed.
pub fn apt_install(running: &Running, packages: &[&str]) -> Result<()> {
    let list = packages.join(" ");
    if on_path("apt-get").is_none() {
        bail!(
            "{list} missing and this machine has no apt. Remedy: install them with your system's package manager, then run the same command again"
        );
    }
    running.show(&format!("apt-get install {list}"));
    let remedy = format!("run `apt-get install {list}` by hand and read what it says");
    let refused = || format!("installing {list} needs root");
    running.run(as_root("apt-get").with_context(refused)?.arg("update"), &remedy)?;
    let mut install = as_root("apt-get").with_context(refused)?;
    install
        .args(["install", "-y", "--no-install-recommends"])
        .args(packages)
        .env("DEBIAN_FRONTEND", "noninteractive");
    running.run(&mut install, &remedy)?;
    Ok(())
}

/// A command that runs as root: as it is for root, through sudo for others.
pub fn as_root(program: &str) -> Result<Command> {
    let uid = Command::new("id")
        .arg("-u")
        .output()
        .map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    if uid.is_ok_and(|uid| uid == "0") {
        return Ok(Command::new(program));
    }
    if on_path("sudo").is_none() {
        bail!(
            "you are not root and there is no sudo. Remedy: run the same command once as root, or install sudo"
        );
    }
    // Ask for the password now, at the terminal, so that the step itself never waits for one unseen.
    if !Command::new("sudo").arg("-v").status().is_ok_and(|status| status.success()) {
        bail!("sudo refused. Remedy: run the same command once as a user who may use sudo");
    }
    let mut sudo = Command::new("sudo");
    sudo.arg("-n").arg(program);
    Ok(sudo)
}

/// Refuse to begin work that the disk cannot hold.
pub fn ensure_space(dir: &Path, needed_mb: u64) -> Result<()> {
    let output = Command::new("df").arg("-Pk").arg(dir).output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let free_kb = text
        .lines()
        .nth(1)
        .and_then(|line| line.split_whitespace().nth(3))
        .and_then(|word| word.parse::<u64>().ok());
    match free_kb {
        Some(free) if free / 1024 < needed_mb => bail!(
            "{} MB free in {}, {needed_mb} MB needed. Remedy: free some space, or set SECTIO_CACHE to a folder on a larger disk",
            free / 1024,
            dir.display()
        ),
        _ => Ok(()),
    }
}
