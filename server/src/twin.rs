//! `sectio twin …`: build, verify, inspect, export and portray twins.

mod build;

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::{Context, anyhow, bail};
use cases::twin::{
    self, inspect,
    pack::{self, Pack},
    portrait::{self, View},
};
use clap::{Subcommand, ValueEnum};

use crate::png;

/// The twin commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Build a twin from label volumes, or the twin of a case from its source files.
    Build(build::Options),
    /// Check that a pack is sound, and that nothing in it could name a patient.
    Verify {
        /// The pack.
        pack: PathBuf,
    },
    /// Write a twin for other programs: surfaces as glTF (.glb), or labels for 3D Slicer (.seg.nrrd).
    Export {
        /// The pack.
        pack: PathBuf,
        /// The file to write; its ending says which format.
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
    },
    /// Tell what is in a pack and how good it is.
    Inspect {
        /// The pack.
        pack: PathBuf,
        /// Print JSON.
        #[arg(long)]
        json: bool,
        /// Write the quality report as Markdown instead.
        #[arg(long, value_name = "FILE", conflicts_with = "json")]
        report: Option<PathBuf>,
    },
    /// Render a picture of a pack on a transparent ground.
    Portrait {
        /// The pack.
        pack: PathBuf,
        /// The PNG to write.
        #[arg(short, long, value_name = "PNG")]
        output: PathBuf,
        /// Width and height in pixels.
        #[arg(long, value_name = "WxH", default_value = "960x640", value_parser = size)]
        size: [usize; 2],
        /// Where the camera stands; by default where most of the twin shows.
        #[arg(long, value_enum)]
        view: Option<Stand>,
    },
}

/// Where a portrait is taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Stand {
    /// In front, a little to the patient's right and above.
    Front,
    /// In front and below.
    Below,
    /// In front and above.
    Above,
    /// To the patient's right.
    Right,
    /// To the patient's left.
    Left,
    /// Behind.
    Back,
}

impl From<Stand> for View {
    fn from(stand: Stand) -> Self {
        match stand {
            Stand::Front => Self::FRONT,
            Stand::Below => Self::BELOW,
            Stand::Above => Self::ABOVE,
            Stand::Right => Self::RIGHT,
            Stand::Left => Self::LEFT,
            Stand::Back => Self::BACK,
        }
    }
}

/// Largest side of a portrait [pixel].
const LARGEST_SIDE: usize = 4096;

fn size(text: &str) -> Result<[usize; 2], String> {
    let sides = text.split_once('x').and_then(|(w, h)| Some([w.parse().ok()?, h.parse().ok()?]));
    sides
        .filter(|sides| sides.iter().all(|side| (1..=LARGEST_SIDE).contains(side)))
        .ok_or_else(|| format!("write it as 960x640, each side 1 to {LARGEST_SIDE}"))
}

/// Run a twin command.
///
/// # Errors
/// Anything that keeps it from its result, as one readable line; nothing is left half-written.
pub fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Build(options) => build::run(&options),
        Command::Verify { pack } => verify(&pack),
        Command::Export { pack, output } => export(&pack, &output),
        Command::Inspect { pack, report: Some(output), .. } => {
            let bytes = fs::read(&pack).with_context(|| format!("reading {}", pack.display()))?;
            let (decoded, _) = read(&pack)?;
            write_whole(&output, twin::report::markdown(&decoded, &bytes).as_bytes())
        }
        Command::Inspect { pack, json, .. } => report(&pack, json),
        Command::Portrait { pack, output, size: [width, height], view } => {
            let (pack, _) = read(&pack)?;
            let view = view.map_or_else(|| View::telling(&pack), View::from);
            let picture = portrait::render(&pack, width, height, view);
            let png = png::encode(&picture).context("encoding the picture")?;
            write_whole(&output, &png)
        }
    }
}

/// A decoded pack and the length of its file.
fn read(path: &Path) -> anyhow::Result<(Pack, usize)> {
    let bytes = fs::read(path).with_context(|| format!("reading {}", path.display()))?;
    let pack = pack::decode(&bytes)
        .with_context(|| format!("{} is not a readable pack; build it again", path.display()))?;
    Ok((pack, bytes.len()))
}

fn verify(path: &Path) -> anyhow::Result<()> {
    let (pack, bytes) = read(path)?;
    let faults = twin::verify(&pack);
    let [first, others @ ..] = faults.as_slice() else {
        let structures = pack.manifest.structures.len();
        println!(
            "{}: sound; {structures} structures, {:.2} MB",
            path.display(),
            bytes as f64 / 1e6
        );
        return Ok(());
    };
    for fault in others {
        eprintln!("{}: {fault}", path.display());
    }
    bail!("{}: {first}", path.display())
}

fn export(path: &Path, output: &Path) -> anyhow::Result<()> {
    let name = output.to_string_lossy().to_lowercase();
    let write: fn(&Pack) -> Vec<u8> = if name.ends_with(".glb") {
        twin::export::glb
    } else if name.ends_with(".seg.nrrd") {
        twin::export::seg_nrrd
    } else {
        bail!("{}: name it .glb for surfaces or .seg.nrrd for labels", output.display());
    };
    let (pack, _) = read(path)?;
    write_whole(output, &write(&pack))
}

fn report(path: &Path, json: bool) -> anyhow::Result<()> {
    let (pack, bytes) = read(path)?;
    let report = inspect::inspect(&pack, bytes);
    let mut out = std::io::stdout().lock();
    if json {
        serde_json::to_writer_pretty(&mut out, &report)?;
        writeln!(out)?;
        return Ok(());
    }
    writeln!(out, "{}: {}, {:.2} MB", report.id, report.title, bytes as f64 / 1e6)?;
    writeln!(
        out,
        "\n{:<24}{:>12}{:>12}{:>9}  closed  soft",
        "structure", "volume/mL", "labels/mL", "error"
    )?;
    for s in &report.structures {
        writeln!(
            out,
            "{:<24}{:>12.1}{:>12.1}{:>8.2}%  {:<6}  {}",
            s.id,
            s.volume_ml,
            s.label_volume_ml,
            s.volume_error_percent,
            if s.closed { "yes" } else { "NO" },
            if s.soft { "yes" } else { "-" }
        )?;
    }
    let lattice = &report.lattice;
    writeln!(
        out,
        "\nlattice: {} cells of {} mm, {} nodes, {} supports; {} points overlap in the scan, by up to {:.1} mm",
        lattice.cells,
        lattice.spacing_mm,
        lattice.nodes,
        lattice.supports,
        lattice.overlaps,
        lattice.overlap_max_mm
    )?;
    for warning in &report.warnings {
        writeln!(out, "note: {warning}")?;
    }
    for source in &report.provenance {
        writeln!(out, "source: {} ({}), {}", source.title, source.licence, source.credit)?;
    }
    Ok(())
}

/// Write a file whole or not at all: beside its place first, then renamed.
fn write_whole(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let name = path.file_name().ok_or_else(|| anyhow!("{}: no file name", path.display()))?;
    let mut staged_name = std::ffi::OsString::from(".");
    staged_name.push(name);
    staged_name.push(format!(".{}", std::process::id()));
    let staged = path.with_file_name(staged_name);
    let written = fs::File::create(&staged).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&staged, path)
    });
    if let Err(error) = written {
        let _ = fs::remove_file(&staged);
        bail!(
            "cannot write {}: {error}; check the folder and the space on its disk",
            path.display()
        );
    }
    Ok(())
}
