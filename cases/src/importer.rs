//! Files of a person become a twin, with all that the app keeps of it: what the importer's worker does, and what page and worker say
//! to each other.
//!
//! The page sends an array of a [`Request`] as JSON and its files or bytes; the worker answers with arrays of a [`Report`] as
//! JSON and the bytes that belong to it. To cancel, the page ends the worker: nothing is kept before the last report.

use api::CaseDetails;
use serde::{Deserialize, Serialize};

use crate::{
    Error, Result,
    twin::{
        self, Input, Stage,
        describe::{describe, title},
        export,
        pack::{self, Pack},
        portrait::{self, Picture, View},
        sort::{self, Offered, Read, Sorted},
    },
};

/// Version of what is said; a page and a worker of different builds tell by it.
pub const PROTOCOL: u32 = 1;

/// Bytes that all files together may have: what a browser gives to one tab is 4 GB, and a volume is held about three times while it is
/// read.
pub const MOST_BYTES: u64 = 1 << 30;

/// Files that may be given at once.
pub const MOST_FILES: usize = 4096;

/// Width and height of a picture [pixel].
const PICTURE: [usize; 2] = [480, 320];

/// What the page asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// [`PROTOCOL`] of the page.
    pub protocol: u32,
    /// What to do.
    pub task: Task,
}

/// What the worker can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// Build a twin from files, or take in a finished one.
    Import {
        /// Build even labels that cannot be a patient's.
        anyway: bool,
    },
    /// Write a twin for other programs.
    Export(Form),
}

/// What a twin can be written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// Surfaces as binary glTF.
    Glb,
    /// Labels for 3D Slicer.
    SegNrrd,
}

/// What the worker is busy with, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Looking what the files are, and reading them.
    Read,
    /// Removing specks, looking for doubts.
    Clean,
    /// Making surfaces.
    Surfaces,
    /// Baking light.
    Bake,
    /// Making tissue.
    Lattice,
    /// Checking and packing.
    Pack,
    /// Drawing the picture.
    Draw,
}

impl Step {
    /// All of them, in order.
    pub const ALL: [Self; 7] = [
        Self::Read,
        Self::Clean,
        Self::Surfaces,
        Self::Bake,
        Self::Lattice,
        Self::Pack,
        Self::Draw,
    ];

    /// The share of the whole that is done, from 0 to 1, when `share` of this step is. The steps' parts are those of the computing time
    /// of 61 labels in 512 × 512 × 300 voxels.
    pub fn overall(self, share: f32) -> f32 {
        let (begin, end) = match self {
            Self::Read => (0.0, 0.08),
            Self::Clean => (0.08, 0.12),
            Self::Surfaces => (0.12, 0.42),
            Self::Bake => (0.42, 0.8),
            Self::Lattice => (0.8, 0.9),
            Self::Pack => (0.9, 0.95),
            Self::Draw => (0.95, 1.0),
        };
        begin + (end - begin) * share.clamp(0.0, 1.0)
    }
}

impl From<Stage> for Step {
    fn from(stage: Stage) -> Self {
        match stage {
            Stage::Read => Self::Read,
            Stage::Derive | Stage::Clean => Self::Clean,
            Stage::Surfaces => Self::Surfaces,
            Stage::Bake => Self::Bake,
            Stage::Lattice => Self::Lattice,
        }
    }
}

/// What the worker answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Report {
    /// It is busy.
    Progress {
        /// With what.
        step: Step,
        /// How much of the whole is done, from 0 to 1.
        done: f32,
    },
    /// A twin; the pack and its picture (PNG) come with it.
    Imported(Box<About>),
    /// An export; its bytes come with it.
    Exported,
    /// It could not be done.
    Refused {
        /// File, field and remedy, in one sentence.
        reason: String,
        /// Is it only that the content is doubtful, so that it can be built anyway?
        doubt: bool,
    },
}

/// What is shown of a twin that somebody brought.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct About {
    /// Identifier, the same for the same sources: "own-" and letters.
    pub id: String,
    /// Title, English; German is in the details.
    pub title: String,
    /// Number of structures.
    pub structures: u32,
    /// Number of soft ones.
    pub soft: u32,
    /// Does it hold its scan?
    pub scan: bool,
    /// What is doubtful about its sources, or must be known.
    pub warnings: Vec<String>,
    /// What its page says.
    pub details: CaseDetails,
}

/// A twin with all that is kept of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Imported {
    /// Bytes of the pack.
    pub pack: Vec<u8>,
    /// Its picture.
    pub picture: Picture,
    /// What is shown of it.
    pub about: About,
}

/// Hears the step, and how much of the whole is done, from 0 to 1.
pub type Tell<'a> = dyn FnMut(Step, f32) + Send + 'a;

/// Make a twin of what a person gives.
///
/// # Errors
/// Too much to be read, files of no known kind, and whatever building refuses; [`Error::Doubt`] is built with `anyway`.
pub fn import(files: &[Offered], anyway: bool, read: &Read, tell: &mut Tell) -> Result<Imported> {
    tell(Step::Read, 0.0);
    within_bounds(files)?;
    let (pack, bytes) = match sort::sort(files, read)? {
        Sorted::Pack(file) => taken_in(&file, &read(&file, u64::MAX)?)?,
        Sorted::Sources { labels, image, table } => {
            let whole = |file: &str| read(file, u64::MAX);
            let input = Input {
                labels: &labels,
                image: &image,
                table: table.as_deref(),
                axes: None,
                title: None,
                anyway,
                read: &whole,
            };
            let mut progress = |stage: Stage, share| {
                let step = Step::from(stage);
                tell(step, step.overall(share));
            };
            let pack = twin::import(&input, &mut progress)?.pack;
            tell(Step::Pack, Step::Pack.overall(0.0));
            let bytes = pack::encode(&pack)?;
            (pack, bytes)
        }
    };
    tell(Step::Draw, Step::Draw.overall(0.0));
    let [width, height] = PICTURE;
    let picture = portrait::render(&pack, width, height, View::telling(&pack));
    let structures = &pack.manifest.structures;
    let details = describe(&pack)?;
    let about = About {
        id: identifier(&pack),
        title: title(&pack).en,
        structures: structures.len() as u32,
        soft: structures.iter().filter(|s| s.body.is_some()).count() as u32,
        scan: pack.image.is_some(),
        warnings: pack.manifest.warnings.clone(),
        details,
    };
    Ok(Imported { pack: bytes, picture, about })
}

/// A finished twin, if it is sound and nothing in it could name a patient.
fn taken_in(file: &str, bytes: &[u8]) -> Result<(Pack, Vec<u8>)> {
    let refused = |reason: String| Error::Source {
        file: file.to_owned(),
        reason,
        remedy: "export it again where it was made, or build it anew from the labels",
    };
    let pack = pack::decode(bytes).map_err(|error| refused(error.to_string()))?;
    match twin::verify(&pack).into_iter().next() {
        Some(fault) => Err(refused(fault)),
        None => Ok((pack, bytes.to_vec())),
    }
}

/// Identifier of a twin among a person's own: that of its sources; that of a case of the library becomes another.
fn identifier(pack: &Pack) -> String {
    let id = &pack.manifest.id;
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let letters: String = id.bytes().filter(|b| plain(*b)).take(60).map(char::from).collect();
    if letters.starts_with("own-") { letters } else { format!("own-{letters}") }
}

/// Check lengths before anything is read.
fn within_bounds(files: &[Offered]) -> Result<()> {
    let error = |file: &str, reason: String, remedy| {
        Err(Error::Source { file: file.to_owned(), reason, remedy })
    };
    if files.len() > MOST_FILES {
        let reason = format!("{} files", files.len());
        return error("files", reason, "give one series, at most 4096 files");
    }
    let all: u64 = files.iter().map(|f| f.bytes).sum();
    let Some(largest) = files.iter().max_by_key(|f| f.bytes) else {
        return error("files", "none was given".to_owned(), "give a label volume");
    };
    if all > MOST_BYTES {
        let (all, largest_bytes) = (all as f64 / 1e9, largest.bytes as f64 / 1e9);
        return error(
            &largest.name,
            format!("{largest_bytes:.1} of {all:.1} GB, and a browser tab can take 1 GB"),
            "crop or resample it, give the labels without the scan, or build it with `sectio twin build`",
        );
    }
    Ok(())
}

/// Write a twin for other programs.
///
/// # Errors
/// Bytes that are no sound pack.
pub fn export(bytes: &[u8], form: Form) -> Result<Vec<u8>> {
    let pack = pack::decode(bytes)?;
    Ok(match form {
        Form::Glb => export::glb(&pack),
        Form::SegNrrd => export::seg_nrrd(&pack),
    })
}
