//! `sectio twin build`: from label volumes alone, or by the recipe of a case.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::{Context, bail};
use cases::{
    Error,
    case::Case,
    twin::{
        self, Input, Progress, Stage,
        pack::{self, Pack},
    },
};

use super::write_whole;

/// Bytes of a file that is read at all: the largest volume, uncompressed, with room for a header.
const LARGEST_FILE: u64 = 2 << 30;

/// Files in a folder of masks or slices.
const MOST_FILES: usize = 4096;

/// What to build.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// A label volume (NIfTI, NRRD, .seg.nrrd, INRIMAGE, DICOM SEG); several masks or a folder of them, one structure each; a folder with
    /// a DICOM series and its segmentation; or, by its recipe, a case of the library or a folder with a case.toml.
    #[arg(required = true, value_name = "INPUT")]
    inputs: Vec<String>,
    /// The scan that the labels were drawn on: a volume, or the folder of a DICOM series.
    #[arg(long, value_name = "IMAGE")]
    image: Option<String>,
    /// What the labels are called: a colour table of 3D Slicer, or a class map of TotalSegmentator.
    #[arg(long, value_name = "TABLE")]
    labels: Option<String>,
    /// Where increasing i, j, k go in the patient, such as RAS, for files that do not say.
    #[arg(long, value_name = "CODE")]
    axes: Option<String>,
    /// Title of the twin.
    #[arg(long)]
    title: Option<String>,
    /// Build even labels that cannot be a patient's.
    #[arg(long)]
    anyway: bool,
    /// The folder that holds the source files of a case.
    #[arg(long, value_name = "DIR", default_value = ".")]
    source: PathBuf,
    /// The pack to write.
    #[arg(short, long, value_name = "PACK")]
    output: PathBuf,
}

/// Build and write a pack.
///
/// # Errors
/// Anything that keeps it from its result, as one readable line; nothing is left half-written.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let begin = Instant::now();
    let mut now = None;
    let mut held = Vec::new();
    let mut progress = |stage: Stage, share: f32| {
        // A line a stage, and one each quarter of the long ones.
        let quarter = (share * 4.0) as u8;
        if now.replace((stage, quarter)) == Some((stage, quarter)) {
            return;
        }
        let seconds = begin.elapsed().as_secs_f32();
        held.push(format!("{seconds:>7.1} s  {} {:.0} %", stage.name(), 100.0 * share));
        // What is refused at once is refused in one line.
        if stage >= Stage::Surfaces || seconds > 1.0 {
            held.drain(..).for_each(|line| eprintln!("{line}"));
        }
    };
    let pack = match case(options)? {
        Some(case) => by_recipe(&case, &options.source, &mut progress)?,
        None => from_labels(options, &mut progress)?,
    };
    let bytes = pack::encode(&pack)?;
    write_whole(&options.output, &bytes)?;
    let megabytes = bytes.len() as f64 / 1e6;
    eprintln!(
        "{:>7.1} s  wrote {} ({megabytes:.2} MB)",
        begin.elapsed().as_secs_f32(),
        options.output.display()
    );
    Ok(())
}

/// The case that the only input names, if it names one: a case of the library, or the one that a folder describes.
fn case(options: &Options) -> anyhow::Result<Option<Case>> {
    let [name] = options.inputs.as_slice() else { return Ok(None) };
    if let Some(case) = cases::library::find(name) {
        return Ok(Some(case.clone()));
    }
    let file = Path::new(name).join("case.toml");
    if file.is_file() {
        let text =
            fs::read_to_string(&file).with_context(|| format!("reading {}", file.display()))?;
        return Ok(Some(Case::parse(&file.display().to_string(), &text)?));
    }
    if !Path::new(name).exists() {
        let known: Vec<&str> = cases::library().iter().map(|case| case.id.as_str()).collect();
        bail!(
            "{name}: no file, no case of the library ({}) and no folder with a case.toml",
            known.join(", ")
        );
    }
    Ok(None)
}

fn by_recipe(case: &Case, sources: &Path, progress: &mut Progress) -> anyhow::Result<Pack> {
    let read_source = |file: &str| {
        fs::read(sources.join(file)).map_err(|error| Error::Source {
            file: sources.join(file).display().to_string(),
            reason: error.to_string(),
            remedy: "name the folder that holds it with --source",
        })
    };
    Ok(twin::build(case, &read_source, progress)?)
}

fn from_labels(options: &Options, progress: &mut Progress) -> anyhow::Result<Pack> {
    let expand = |names: &[String]| -> anyhow::Result<Vec<String>> {
        let mut files = Vec::new();
        for name in names {
            if Path::new(name).is_dir() {
                files.extend(files_in(name)?);
            } else {
                files.push(name.clone());
            }
        }
        Ok(files)
    };
    let labels = expand(&options.inputs)?;
    let image = expand(options.image.as_slice())?;
    let imported = twin::import(
        &Input {
            labels: &labels,
            image: &image,
            table: options.labels.as_deref(),
            axes: options.axes.as_deref(),
            title: options.title.as_deref(),
            anyway: options.anyway,
            read: &read,
        },
        progress,
    )
    .map_err(|error| match error {
        Error::Doubt { .. } => anyhow::anyhow!("{error} (--anyway builds it all the same)"),
        error => error.into(),
    })?;
    for warning in &imported.pack.manifest.warnings {
        eprintln!("note: {warning}");
    }
    Ok(imported.pack)
}

/// Files of a folder in the order of their names; hidden ones are not looked at.
fn files_in(folder: &str) -> anyhow::Result<Vec<String>> {
    let entries = fs::read_dir(folder).with_context(|| format!("reading {folder}"))?;
    let mut files: Vec<String> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.is_file())
        .filter(|path| !path.file_name().is_some_and(|n| n.to_string_lossy().starts_with('.')))
        .map(|path| path.display().to_string())
        .take(MOST_FILES + 1)
        .collect();
    files.sort();
    if files.is_empty() || files.len() > MOST_FILES {
        bail!(
            "{folder}: {} files; give a folder with 1 to {MOST_FILES} masks or slices",
            files.len()
        );
    }
    Ok(files)
}

fn read(file: &str) -> cases::Result<Vec<u8>> {
    let error = |reason: String, remedy| Error::Source { file: file.to_owned(), reason, remedy };
    let unreadable =
        |e: std::io::Error| error(e.to_string(), "check its name and that it may be read");
    let length = fs::metadata(file).map_err(unreadable)?.len();
    if length > LARGEST_FILE {
        return Err(error(format!("{length} bytes"), "crop or resample it to less than 2 GB"));
    }
    fs::read(file).map_err(unreadable)
}
