//! `sectio case …`: what is wrong with a case, and the schema for an editor.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use cases::case::{Case, Fault};
use clap::Subcommand;
use sha2::{Digest, Sha256};

use crate::asset::hex;

/// The case commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Tell every mistake in a case, with its line and what to do.
    Check {
        /// The folder that holds case.toml and, maybe, its source files.
        dir: PathBuf,
    },
    /// Print the JSON schema of case.toml, for editors.
    Schema,
}

/// Run a case command.
///
/// # Errors
/// A case with mistakes, or a folder that cannot be read.
pub fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Check { dir } => check(&dir),
        Command::Schema => {
            let schema = serde_json::to_string_pretty(&Case::json_schema())?;
            // A pipe that is closed early is the caller's wish, and `main` knows it.
            writeln!(std::io::stdout(), "{schema}")?;
            Ok(())
        }
    }
}

fn check(dir: &Path) -> anyhow::Result<()> {
    let file = dir.join("case.toml");
    let text = fs::read_to_string(&file).with_context(|| {
        format!("{} cannot be read; name the folder that holds case.toml", file.display())
    })?;
    let checked = Case::check(&text);
    let mut faults = match &checked {
        Ok(case) => beside(dir, case, &text),
        Err(faults) => faults.clone(),
    };
    faults.sort_by_key(|fault| fault.line);
    for Fault { line, field, reason, remedy } in &faults {
        eprintln!("{}:{line}: {field}: {reason}; {remedy}", file.display());
    }
    match (checked, faults.len()) {
        (Ok(case), 0) => {
            println!(
                "{}: nothing to mend: {} structures, {} questions, {} objectives",
                case.id,
                case.twin.structures.len(),
                case.questions.len(),
                case.objectives.len()
            );
            Ok(())
        }
        (_, 1) => bail!("1 mistake in {} (above)", file.display()),
        (_, count) => bail!("{count} mistakes in {} (above)", file.display()),
    }
}

/// What does not fit between a sound case.toml and the files beside it.
fn beside(dir: &Path, case: &Case, text: &str) -> Vec<Fault> {
    let line = |words: &str| {
        text.lines().position(|line| line.contains(words)).map_or(1, |index| index + 1)
    };
    let mut faults = Vec::new();
    if !dir.join("SOURCES.md").is_file() {
        faults.push(Fault {
            line: line("[[twin.sources]]"),
            field: "SOURCES.md".to_owned(),
            reason: "is not in the folder".to_owned(),
            remedy: "write down where each file comes from, its licence, and what was changed"
                .to_owned(),
        });
    }
    for (index, source) in case.twin.sources.iter().enumerate() {
        // Sources may lie elsewhere; what is here must be what is meant.
        let Ok(bytes) = fs::read(dir.join(&source.file)) else { continue };
        let sha256 = hex(&Sha256::digest(bytes));
        if !sha256.eq_ignore_ascii_case(&source.sha256) {
            faults.push(Fault {
                line: line(&source.sha256),
                field: format!("twin.sources[{}].sha256", index + 1),
                reason: format!("is not that of {}", source.file),
                remedy: format!("write {sha256}, or put the right file there"),
            });
        }
    }
    faults
}
