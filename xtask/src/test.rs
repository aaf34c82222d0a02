//! `cargo xtask test`: everything that must hold, on one machine, from one command.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, bail};

use crate::{
    bundle::{self, Built},
    place::Place,
    step::{Running, Seconds, Steps},
    tidy,
    toolchain::Toolchain,
    tools::{self, Browser},
    validate,
};

/// What to test.
#[derive(clap::Args, Debug)]
pub struct Options {
    /// The inner loop: format, lints, native tests and structure only.
    #[arg(long)]
    quick: bool,
}

/// The checks of one run, each carried out whatever the others found.
struct Checks {
    steps: Steps,
    passed: usize,
    failed: Vec<String>,
}

impl Checks {
    fn check(&mut self, name: &str, work: impl FnOnce(&Running) -> Result<String>) {
        match self.steps.step(name, work) {
            Ok(()) => self.passed += 1,
            Err(error) => {
                eprintln!("\nFAILED {name}: {error:#}");
                self.failed.push(name.to_owned());
            }
        }
    }
}

const QUICK_CHECKS: usize = 6;
const FULL_CHECKS: usize = 7;

/// Run the checks; the last line counts them.
pub fn run(place: &Place, options: &Options) -> Result<()> {
    let total =
        if options.quick { QUICK_CHECKS } else { QUICK_CHECKS + bundle::STEPS + FULL_CHECKS };
    let mut checks = Checks {
        steps: Steps::new(total, place.cache.join("logs"))?,
        passed: 0,
        failed: Vec::new(),
    };
    quick(place, &mut checks);
    if !options.quick {
        match bundle::build(place, &mut checks.steps) {
            Ok(built) => full(place, &built, &mut checks),
            Err(error) => {
                eprintln!("\nFAILED build: {error:#}");
                checks.failed.push("build".into());
            }
        }
    }
    eprintln!(
        "\n{} after {}",
        if checks.failed.is_empty() { "all is well" } else { "failed" },
        Seconds(checks.steps.elapsed())
    );
    println!("{} passed, {} failed", checks.passed, checks.failed.len());
    if !checks.failed.is_empty() {
        bail!("failed: {}", checks.failed.join(", "));
    }
    Ok(())
}

fn cargo(place: &Place) -> Command {
    let mut cargo = Command::new("cargo");
    cargo.env("CARGO_TARGET_DIR", place.target("native")).current_dir(&place.root);
    cargo
}

fn quick(place: &Place, checks: &mut Checks) {
    let mend = "mend what is listed above";
    checks.check("rustfmt", |running| {
        running
            .run(cargo(place).args(["fmt", "--all", "--check"]), "run `cargo fmt --all`")
            .map(|_| String::new())
    });
    checks.check("tidy", |_| tidy::run(place).map(|()| String::new()));
    checks.check("clippy", |running| {
        running.run(
            cargo(place).args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]),
            mend,
        )?;
        Ok(String::new())
    });
    checks.check("nextest", |running| {
        let mut nextest = cargo(place);
        if Command::new("cargo")
            .args(["nextest", "--version"])
            .output()
            .is_ok_and(|output| output.status.success())
        {
            nextest.arg("nextest");
        } else {
            let bin = tools::cargo_tool(place, running, "cargo-nextest", tools::NEXTEST, true)?;
            nextest = Command::new(bin.join("cargo-nextest"));
            nextest
                .arg("nextest")
                .env("CARGO_TARGET_DIR", place.target("native"))
                .current_dir(&place.root);
        }
        nextest.args(["run", "--workspace", "--no-fail-fast", "--color", "never"]);
        if place.data().is_dir() {
            nextest.env("SECTIO_DATA", place.data());
        }
        let output = running
            .run(nextest.args(["--status-level", "fail", "--final-status-level", "slow"]), mend)?;
        for line in output.lines().filter(|line| line.contains("skipping")) {
            eprintln!("\n    {}", line.trim());
        }
        Ok(output
            .lines()
            .rfind(|line| line.contains("tests run"))
            .unwrap_or_default()
            .trim()
            .to_owned())
    });
    checks.check("doc tests", |running| {
        running
            .run(cargo(place).args(["test", "--doc", "--workspace", "--exclude", "app"]), mend)
            .map(|_| String::new())
    });
    checks.check("validation", |running| validate::quick(place, running));
}

fn full(place: &Place, built: &Built, checks: &mut Checks) {
    let mut browser = None;
    checks.check("browser and node", |running| {
        let found = Browser::ensure(running)?;
        tools::browser_modules(place, running)?;
        let version = Command::new(&found.chromium).arg("--version").output()?;
        browser = Some(found);
        Ok(String::from_utf8_lossy(&version.stdout).trim().to_owned())
    });
    checks.check("wasm tests in Chromium", |running| {
        let browser = browser.as_ref().context("no browser")?;
        wasm_tests(place, running, &built.toolchain, &built.paths, browser)
    });
    checks.check("packs", |running| packs(running, built));
    checks.check("GPU kernels by Vulkan", |running| gpu_tests(place, running));
    for (name, webgpu) in [("journeys with WebGPU", true), ("journeys without WebGPU", false)] {
        checks.check(name, |running| {
            let browser = browser.as_ref().context("no browser")?;
            journeys(place, running, built, browser, webgpu)
        });
    }
    checks.check("licences and sources", |running| {
        let bin = tools::cargo_tool(place, running, "cargo-deny", tools::CARGO_DENY, true)?;
        let mut deny = Command::new(bin.join("cargo-deny"));
        deny.args(["check", "licenses", "bans", "sources"]).current_dir(&place.root);
        running.run(&mut deny, "replace the dependency, or argue for it in deny.toml")?;
        let mut advisories = Command::new(bin.join("cargo-deny"));
        advisories.args(["check", "advisories"]).current_dir(&place.root);
        let advisories = advisories.output()?;
        let text = String::from_utf8_lossy(&advisories.stderr).into_owned();
        if advisories.status.success() {
            return Ok("licences, bans, sources, advisories".into());
        }
        if text.contains("failed to fetch advisory database") || text.contains("failed to load advisory database") {
            return Ok("licences, bans, sources; ADVISORIES SKIPPED: their database cannot be reached from here".into());
        }
        eprintln!("{text}");
        bail!("a dependency has an advisory. Remedy: update it")
    });
}

/// Unit tests that need a browser, and the lints of the code that only exists there.
fn wasm_tests(
    place: &Place,
    running: &Running,
    toolchain: &Toolchain,
    paths: &[std::path::PathBuf],
    browser: &Browser,
) -> Result<String> {
    let mut command =
        Command::new(if *toolchain == Toolchain::Debian { "/usr/bin/cargo" } else { "cargo" });
    toolchain.apply(&mut command, paths);
    command
        .args([
            "test",
            "--target",
            "wasm32-unknown-unknown",
            "--package",
            "app",
            "--package",
            "solver-wasm",
            "--features",
            "solver-wasm/gpu",
            "--bins",
            "--lib",
            "--tests",
        ])
        .env("CARGO_TARGET_DIR", place.target("web"))
        .env("CHROMEDRIVER", &browser.driver)
        .env("WASM_BINDGEN_TEST_TIMEOUT", "300")
        .env("WASM_BINDGEN_USE_BROWSER", "1")
        .current_dir(&place.root);
    let output = running.run(&mut command, "mend what is listed above")?;
    let passed: usize = output
        .lines()
        .filter_map(|line| {
            line.trim().strip_prefix("test result: ok. ")?.split(' ').next()?.parse::<usize>().ok()
        })
        .sum();
    if passed == 0 {
        bail!("no test ran in the browser. Remedy: read the log");
    }
    Ok(format!("{passed} tests"))
}

/// The GPU's kernels against their twins, on the machine's own GPU; what is skipped for want of one is said.
fn gpu_tests(place: &Place, running: &Running) -> Result<String> {
    let solver = ["--package", "solver-wasm", "--features", "gpu"];
    let mut clippy = cargo(place);
    clippy.arg("clippy").args(solver).args(["--all-targets", "--", "-D", "warnings"]);
    running.run(&mut clippy, "mend what is listed above")?;
    let mut tests = cargo(place);
    tests.arg("test").args(solver).args(["--lib", "--test", "it", "--", "gpu", "--nocapture"]);
    let output = running.run(&mut tests, "mend what is listed above")?;
    let skipped = output.lines().filter(|line| line.contains("skipping")).count();
    Ok(if skipped > 0 { format!("{skipped} SKIPPED: no GPU here") } else { String::new() })
}

/// Every pack is sound, and nothing in it could name a patient.
fn packs(running: &Running, built: &Built) -> Result<String> {
    let mut packs: Vec<_> =
        std::fs::read_dir(built.bundle.join("packs"))?.flatten().map(|e| e.path()).collect();
    packs.sort();
    if packs.is_empty() {
        bail!("the bundle holds no pack. Remedy: fetch the organ data with `cargo xtask serve`");
    }
    for pack in &packs {
        let mut verify = Command::new(&built.sectio);
        running.run(
            verify.args(["twin", "verify"]).arg(pack),
            "mend what it names in the case, and build again",
        )?;
    }
    Ok(format!("{} packs", packs.len()))
}

/// The end-to-end journeys against the real server.
fn journeys(
    place: &Place,
    running: &Running,
    built: &Built,
    browser: &Browser,
    webgpu: bool,
) -> Result<String> {
    let server = Server::start(&built.sectio)?;
    let mut node = Command::new("node");
    node.args(["--test", "--test-concurrency=1", "--test-reporter=spec"])
        .args(journey_files(&place.root.join("e2e"))?)
        .current_dir(place.root.join("e2e"))
        .env("SECTIO_URL", &server.url)
        .env("SECTIO_WEBGPU", if webgpu { "on" } else { "off" })
        .env("CHROMIUM", &browser.chromium)
        .env("SECTIO_PROGRAM", &built.sectio)
        .env("SECTIO_SCREENSHOTS", place.cache.join("screenshots"));
    let output = running
        .run(&mut node, "read the log; the screenshots are in the cache's folder screenshots")?;
    let count = |word: &str| {
        output
            .lines()
            .find_map(|line| line.trim().strip_prefix(word)?.trim().parse::<usize>().ok())
            .unwrap_or(0)
    };
    if count("ℹ pass") == 0 {
        bail!("no journey ran. Remedy: read the log");
    }
    Ok(format!("{} journeys", count("ℹ pass")))
}

fn journey_files(dir: &Path) -> Result<Vec<String>> {
    let mut files: Vec<String> = std::fs::read_dir(dir)?
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| name.ends_with(".test.mjs"))
        .collect();
    files.sort();
    if files.is_empty() {
        bail!("e2e/ holds no *.test.mjs");
    }
    Ok(files)
}

/// A running server on a port of its own; stopped when dropped.
pub struct Server {
    child: Child,
    /// Where it answers.
    pub url: String,
}

impl Server {
    /// Start `sectio serve` on a free port and wait until it answers.
    pub fn start(sectio: &Path) -> Result<Self> {
        let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut child = Command::new(sectio)
            .args(["serve", "--port", &port.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .context("cannot start the server")?;
        // Read its log so that the pipe never fills; a test run has no use for it.
        if let Some(log) = child.stderr.take() {
            std::thread::spawn(move || BufReader::new(log).lines().for_each(drop));
        }
        for _ in 0..500 {
            if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return Ok(Self { child, url: format!("http://127.0.0.1:{port}") });
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = child.kill();
        bail!("the server did not answer within 10 s")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
