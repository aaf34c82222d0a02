//! A Rust toolchain that compiles to WebAssembly: rustup's target where rustup can add it, else Debian's compiler
//! with a standard library built once from Debian's own sources.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail};

use crate::{
    place::Place,
    step::Running,
    tools::{apt_install, as_root},
};

const TARGET: &str = "wasm32-unknown-unknown";
const DEBIAN_PACKAGES: [&str; 4] = ["rustc-web", "cargo-web", "rust-web-src", "lld-22"];

/// How to compile to WebAssembly on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Toolchain {
    /// The toolchain that runs this program has the target.
    Rustup,
    /// Debian's rustc and cargo in /usr/bin, LLVM's linker, our build of the standard library.
    Debian,
}

impl Toolchain {
    /// Find or install one; cheap when it is there.
    pub fn ensure(place: &Place, running: &Running) -> Result<Self> {
        if has_std(Path::new("rustc")) {
            return Ok(Self::Rustup);
        }
        // A machine on which rustup could not add the target is not asked again: the answer costs seconds every start.
        let refused = place.cache.join("rustup-cannot-add-wasm");
        if !refused.exists() && Command::new("rustup").arg("--version").output().is_ok() {
            running.show("rustup target add");
            let added = Command::new("rustup")
                .args(["target", "add", TARGET])
                .stdin(Stdio::null())
                .output();
            if added.is_ok_and(|output| output.status.success()) && has_std(Path::new("rustc")) {
                return Ok(Self::Rustup);
            }
        }
        Self::ensure_debian(place, running)?;
        fs::write(refused, "Delete this file to let rustup try again.\n")?;
        Ok(Self::Debian)
    }

    fn ensure_debian(place: &Place, running: &Running) -> Result<()> {
        let rustc = Path::new("/usr/bin/rustc");
        if is_built(rustc) && linker().is_some() {
            return Ok(());
        }
        if Command::new("apt-get").arg("--version").output().is_err() {
            bail!(
                "rustup could not add the target {TARGET} and this is no Debian machine. Remedy: run `rustup target add {TARGET}` with a network, then run the same command again"
            );
        }
        apt_install(running, &DEBIAN_PACKAGES)?;
        if !is_built(rustc) {
            build_std(place, running, rustc)
                .context("building the standard library for WebAssembly")?;
        }
        Ok(())
    }

    /// Make `command` (cargo, trunk or anything that calls cargo) compile with this toolchain.
    pub fn apply(&self, command: &mut Command, extra_paths: &[PathBuf]) {
        // What `cargo run` left in the environment would pin children to the toolchain of this program.
        for name in [
            "CARGO",
            "RUSTC",
            "RUSTUP_TOOLCHAIN",
            "RUST_RECURSION_COUNT",
            "CARGO_MANIFEST_DIR",
            "RUSTFLAGS",
        ] {
            command.env_remove(name);
        }
        let mut paths = extra_paths.to_vec();
        if *self == Self::Debian {
            paths.push("/usr/bin".into());
            command.env(
                "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER",
                linker().unwrap_or_else(|| "wasm-ld-22".into()),
            );
        }
        paths.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
        command.env("PATH", env::join_paths(paths).unwrap_or_default());
    }

    /// In a few words.
    pub fn describe(&self) -> String {
        match self {
            Self::Rustup => "rustup's target".into(),
            Self::Debian => format!(
                "Debian's {}",
                version(Path::new("/usr/bin/rustc")).lines().next().unwrap_or("rustc")
            ),
        }
    }
}

fn version(rustc: &Path) -> String {
    Command::new(rustc)
        .arg("-vV")
        .output()
        .map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
        .unwrap_or_default()
}

fn linker() -> Option<PathBuf> {
    ["/usr/bin/wasm-ld-22", "/usr/bin/wasm-ld"]
        .into_iter()
        .map(PathBuf::from)
        .find(|path| path.exists())
}

fn std_dir(rustc: &Path) -> Option<PathBuf> {
    let output =
        Command::new(rustc).args(["--print", "target-libdir", "--target", TARGET]).output().ok()?;
    output.status.success().then(|| PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()))
}

/// What is built: the standard library, and `test` for the tests that run in a browser.
const LIBRARIES: &str = "std,panic_abort,test";
/// Beside the libraries that we built: the compiler they were built for.
const MARKER: &str = "built-for.txt";

fn mark(rustc: &Path) -> String {
    format!("{LIBRARIES}\n{}", version(rustc))
}

/// Does the sysroot hold our standard library, built for this very compiler?
fn is_built(rustc: &Path) -> bool {
    let marker = std_dir(rustc).map(|dir| dir.join(MARKER));
    marker.is_some_and(|marker| {
        fs::read_to_string(marker).is_ok_and(|built_for| built_for == mark(rustc))
    }) && has_std(rustc)
}

fn has_std(rustc: &Path) -> bool {
    let Some(dir) = std_dir(rustc) else { return false };
    fs::read_dir(dir).is_ok_and(|entries| {
        entries.flatten().any(|entry| entry.file_name().to_string_lossy().starts_with("libstd-"))
    })
}

/// Build std for WebAssembly from Debian's sources and put it where a plain `cargo build` finds it.
fn build_std(place: &Place, running: &Running, rustc: &Path) -> Result<()> {
    let probe = place.staging("wasm-std")?;
    fs::create_dir_all(probe.join("src"))?;
    fs::write(
        probe.join("Cargo.toml"),
        "[package]\nname = \"std-probe\"\nversion = \"0.0.0\"\nedition = \"2021\"\n[workspace]\n",
    )?;
    fs::write(probe.join("src/lib.rs"), "")?;
    let mut cargo = Command::new("/usr/bin/cargo");
    // Bitcode, because a `lto` build reads it out of the standard library too.
    cargo
        .args(["build", "--release", "--target", TARGET, "-Z", &format!("build-std={LIBRARIES}")])
        .current_dir(&probe)
        .env("RUSTC_BOOTSTRAP", "1");
    Toolchain::Debian.apply(&mut cargo, &[]);
    cargo.env("RUSTFLAGS", "-Cembed-bitcode=yes").env_remove("CARGO_TARGET_DIR");
    running.run(
        &mut cargo,
        "run `apt-get install --reinstall rust-web-src`, then the same command again",
    )?;
    let target = std_dir(rustc).context("Debian's rustc does not know the wasm target")?;
    let built = probe.join("target").join(TARGET).join("release/deps");
    let libraries: Vec<PathBuf> = fs::read_dir(built)?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            path.extension().is_some_and(|ext| ext == "rlib")
                && !path.to_string_lossy().contains("std_probe")
        })
        .collect();
    // An older std beside the new one would make the compiler see two.
    let stale = format!("rm -f '{}'/*.rlib", target.display());
    running.run(as_root("sh")?.args(["-c", &stale]), "check the permissions of the folder")?;
    running.run(as_root("mkdir")?.arg("-p").arg(&target), "check the permissions of the folder")?;
    running
        .run(as_root("cp")?.args(&libraries).arg(&target), "check the permissions of the folder")?;
    // The mark last: a copy that was interrupted is done again.
    let mark_file = probe.join(MARKER);
    fs::write(&mark_file, mark(rustc))?;
    running
        .run(as_root("cp")?.arg(&mark_file).arg(&target), "check the permissions of the folder")?;
    // Dependencies compiled against another std are useless and confuse cargo.
    let _ = fs::remove_dir_all(place.target("web").join(TARGET));
    fs::remove_dir_all(probe)?;
    Ok(())
}
