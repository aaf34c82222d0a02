//! `cargo xtask fuzz`: random work for what must stand anything.

use std::{path::PathBuf, process::Command};

use anyhow::{Result, bail};

use crate::place::Place;

/// What to fuzz.
#[derive(clap::Subcommand, Debug)]
pub enum Fuzz {
    /// Random strokes of a blade through twins; the last line is `N sequences, V violations`.
    Cuts(Cuts),
}

/// How many strokes through what.
#[derive(clap::Args, Debug)]
pub struct Cuts {
    /// Sequences of strokes.
    #[arg(long, default_value_t = 300)]
    count: u64,
    /// Seed of the first; the others count up from it.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Pack to cut; without one, three simple bodies.
    #[arg(long)]
    twin: Vec<PathBuf>,
}

/// Run, and fail if anything did not hold.
pub fn run(place: &Place, fuzz: &Fuzz) -> Result<()> {
    let Fuzz::Cuts(cuts) = fuzz;
    let mut cargo = Command::new("cargo");
    cargo
        .args(["run", "--quiet", "--release", "--package", "cases", "--example", "cuts", "--"])
        .args(["--count", &cuts.count.to_string(), "--seed", &cuts.seed.to_string()])
        .env("CARGO_TARGET_DIR", place.target("native"));
    for twin in &cuts.twin {
        cargo.arg("--twin").arg(std::path::absolute(twin)?);
    }
    if !cargo.current_dir(&place.root).status()?.success() {
        bail!("not all cuts held. Remedy: the lines above name the strokes");
    }
    Ok(())
}
