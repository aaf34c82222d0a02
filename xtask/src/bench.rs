//! `cargo xtask bench`: the figures in README, measured in one run on one machine.

use std::path::PathBuf;

use anyhow::Result;

use crate::place::Place;

/// What to write.
#[derive(clap::Args, Debug)]
pub struct Options {
    /// Write the figures as JSON to this file too.
    #[arg(long)]
    json: Option<PathBuf>,
}

/// Measure.
pub fn run(_place: &Place, _options: &Options) -> Result<()> {
    Ok(())
}
