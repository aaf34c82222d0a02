//! From a person's own files to a twin: no case, no recipe, only labels, perhaps a scan and a table of names.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::{
    build::{Progress, Stage, assemble},
    clean,
    derive::{self, Found},
    doubt::{self, Doubt, Severity},
    identify,
    pack::{Pack, Volume},
};
use crate::{
    Error, Result,
    case::Source,
    text::Text,
    volume::{self, Grid, Name, Segmentation, Voxels},
};

/// Voxels of the scan in a pack.
const IMAGE_VOXELS: f64 = 4e6;

/// What a person gives. Files go by names that `read` understands; what they are shows in their bytes.
pub struct Input<'a> {
    /// The label volume; or several masks on one grid, each a structure named as its file.
    pub labels: &'a [String],
    /// The scan: one file, or the files of a DICOM series. Slices among the labels count as the scan's, too.
    pub image: &'a [String],
    /// A table of the labels' names.
    pub table: Option<&'a str>,
    /// Patient directions of the file's axes ("LPS"), for files that do not say.
    pub axes: Option<&'a str>,
    /// Title of the twin.
    pub title: Option<&'a str>,
    /// Build in spite of errors that are only doubts about the content.
    pub anyway: bool,
    /// Bytes of a file.
    pub read: &'a dyn Fn(&str) -> Result<Vec<u8>>,
}

/// A twin, and what is doubtful about its sources.
#[derive(Debug)]
pub struct Imported {
    /// The twin; its warnings tell the doubts too.
    pub pack: Pack,
    /// Doubts, gravest first.
    pub doubts: Vec<Doubt>,
}

/// Build a twin from files alone. Of the files only geometry, samples, and names and colours of labels are kept: no other field of
/// a header reaches the pack, and neither do the names of the files.
///
/// # Errors
/// A file that cannot be read; labels that cannot be a patient's, unless `anyway`.
pub fn import(input: &Input, progress: &mut Progress) -> Result<Imported> {
    progress(Stage::Read, 0.0);
    let first = input.labels.first().map(String::as_str).unwrap_or_default();
    let (mut segmentation, hash, slices) = read_labels(input)?;
    if let Some(file) = input.table {
        let table = volume::read_table(file, &(input.read)(file)?)?;
        segmentation.names.extend(table);
    }
    let counts = counts(&segmentation.voxels);
    let structures = derive::found(first, &counts, &segmentation.names)?;
    progress(Stage::Read, 0.5);
    let source_labels = cropped(segmentation.voxels);
    let mut sources = vec![source("labels", "Label volume", hash)];

    let image = match read_image(input, slices, &source_labels.grid)? {
        Some((image, window, hash, notes)) => {
            segmentation.notes.extend(notes);
            sources.push(source("image", "Scan", hash));
            Some((image, window))
        }
        None => None,
    };

    progress(Stage::Clean, 0.0);
    let mut labels = numbered(&structures, &source_labels);
    let mut doubts = doubt::of_shapes(&structures, &labels);
    let pieces = clean::remove_specks(&mut labels, clean::SPECK);
    doubts.extend(doubt::of_pieces(&structures, &labels.grid, &pieces));
    doubts.extend(doubt::of_faces(&structures, image.is_some()));
    doubts.sort_by_key(|d| std::cmp::Reverse(d.severity));
    if let Some(grave) = doubts.iter().find(|d| d.severity == Severity::Error)
        && !input.anyway
    {
        return Err(Error::Doubt { file: first.to_owned(), doubt: grave.to_string() });
    }
    let id = identity(&sources);
    let title = input.title.unwrap_or("Own twin").to_owned();
    let window = image.as_ref().map(|(_, window)| *window);
    let (mut case, notes) = derive::case(id, title, &structures, &labels, sources, window);
    let doubted = doubts.iter().map(ToString::to_string);
    // They name labels as the file does: what could be a patient's name does not get into a twin.
    let harmless = |note: &String| identify::suspicious(note).is_none();
    let done = segmentation.notes.into_iter().filter(harmless);
    case.twin.warnings = doubted.chain(done).chain(notes).map(Text::same).collect();
    let image = image.map(|(volume, _)| volume);
    let pack = assemble(&case, labels, &source_labels, image, progress)?;
    Ok(Imported { pack, doubts })
}

/// Files by name.
type Files = Vec<(String, Vec<u8>)>;

/// The labels of all files, the hash of what they were read from, and the DICOM slices that lay among them.
fn read_labels(input: &Input) -> Result<(Segmentation, String, Files)> {
    let mut hash = Sha256::new();
    let mut masks: Vec<(Name, Segmentation)> = Vec::new();
    let mut files = Vec::new();
    let mut slices = Files::new();
    for file in input.labels {
        let bytes = (input.read)(file)?;
        let dicom = volume::is_dicom(&bytes);
        if dicom && !volume::is_dicom_segmentation(file, &bytes) {
            slices.push((file.clone(), bytes));
            continue;
        }
        let sibling = |name: &str| (input.read)(&beside(file, name));
        let segmentation = volume::read_segmentation(file, &bytes, input.axes, &sibling)?;
        if dicom {
            // Not of the file: its hash would tell whose it is to anybody who has it.
            hash_of(&mut hash, &segmentation.voxels);
        } else {
            hash.update(&bytes);
        }
        masks.push((Name::new(stem(file), None), segmentation));
        files.push(file.clone());
    }
    if masks.is_empty() && !slices.is_empty() {
        return Err(Error::Source {
            file: slices[0].0.clone(),
            reason: format!(
                "and {} more are slices of a scan, and no labels were given",
                slices.len() - 1
            ),
            remedy: "give a DICOM segmentation or a label volume too",
        });
    }
    let hash = hex(hash);
    if masks.len() == 1 {
        let (_, only) = masks.remove(0);
        return Ok((only, hash, slices));
    }
    Ok((volume::merge_masks(&files, masks)?, hash, slices))
}

fn hash_of<T: bytemuck::NoUninit>(hash: &mut Sha256, voxels: &Voxels<T>) {
    let grid = &voxels.grid;
    grid.dims.iter().for_each(|d| hash.update((*d as u64).to_le_bytes()));
    grid.origin.iter().chain(&grid.spacing).for_each(|c| hash.update(c.to_le_bytes()));
    hash.update(bytemuck::cast_slice(&voxels.values));
}

/// A scan in 8 bits, the grey values of 0 and 255, its hash, and what was done to it.
type Image = (Volume, [f32; 2], String, Vec<String>);

/// The scan around the labels, from the files given for it or the slices among the labels; none without either.
fn read_image(input: &Input, mut slices: Files, around: &Grid) -> Result<Option<Image>> {
    let mut hash = Sha256::new();
    let (file, scan, notes) = match input.image {
        [] if slices.is_empty() => return Ok(None),
        [file] if slices.is_empty() => {
            let bytes = (input.read)(file)?;
            let sibling = |name: &str| (input.read)(&beside(file, name));
            let (scan, notes) = volume::read_scan(file, &bytes, input.axes, &sibling)?;
            if volume::is_dicom(&bytes) {
                hash_of(&mut hash, &scan);
            } else {
                hash.update(&bytes);
            }
            (file.clone(), scan, notes)
        }
        files => {
            for file in files {
                let bytes = (input.read)(file)?;
                // A folder may hold the segmentation beside its slices.
                if !volume::is_dicom_segmentation(file, &bytes) {
                    slices.push((file.clone(), bytes));
                }
            }
            let (scan, notes) = volume::read_series(&slices)?;
            hash_of(&mut hash, &scan);
            (slices.swap_remove(0).0, scan, notes)
        }
    };
    let scan = reduced(&scan, around).ok_or_else(|| Error::Volume {
        file,
        field: "orientation",
        reason: "the scan and the labels do not lie in the same place".to_owned(),
        remedy: "give the scan that the labels were drawn on",
    })?;
    let window = window(&scan.values);
    Ok(Some((super::build::windowed(&scan, window), window, hex(hash), notes)))
}

/// The part of a scan around a grid, its voxels averaged to about as many as a pack should hold; none if they do not meet.
fn reduced(scan: &Voxels<f32>, around: &Grid) -> Option<Voxels<f32>> {
    // Inside the scan, and with a finger's breadth around the labels.
    const MARGIN: f64 = 15.0;
    let grid = &scan.grid;
    let mut first = [0; 3];
    let mut count = [0; 3];
    for a in 0..3 {
        let index = |c: f64| (c - grid.origin[a]) / grid.spacing[a];
        let low = index(around.low()[a] - MARGIN).ceil().max(0.0) as usize;
        let high = (index(around.high()[a] + MARGIN).floor().max(-1.0) + 1.0) as usize;
        let high = high.min(grid.dims[a]);
        (high > low).then_some(())?;
        first[a] = low;
        count[a] = high - low;
    }
    let size: f64 = count.iter().zip(grid.spacing).map(|(&n, s)| n as f64 * s).product();
    let wanted = libm::cbrt(size / IMAGE_VOXELS);
    // Whole voxels are taken together, as many along each axis as bring it nearest to the size wanted.
    let step: [usize; 3] =
        std::array::from_fn(|a| ((wanted / grid.spacing[a]).round() as usize).clamp(1, count[a]));
    let dims: [usize; 3] = std::array::from_fn(|a| count[a] / step[a]);
    let out = Grid {
        dims,
        origin: std::array::from_fn(|a| {
            grid.origin[a] + (first[a] as f64 + (step[a] as f64 - 1.0) / 2.0) * grid.spacing[a]
        }),
        spacing: std::array::from_fn(|a| grid.spacing[a] * step[a] as f64),
    };
    let share = 1.0 / step.iter().product::<usize>() as f64;
    let mut values = Vec::with_capacity(out.len());
    for z in 0..dims[2] {
        for y in 0..dims[1] {
            for x in 0..dims[0] {
                let voxel = [x, y, z];
                let low: [usize; 3] = std::array::from_fn(|a| first[a] + voxel[a] * step[a]);
                let mut sum = 0.0;
                for k in low[2]..low[2] + step[2] {
                    for j in low[1]..low[1] + step[1] {
                        let row = grid.index([low[0], j, k]);
                        sum += scan.values[row..row + step[0]]
                            .iter()
                            .map(|&v| f64::from(v))
                            .sum::<f64>();
                    }
                }
                values.push((sum * share) as f32);
            }
        }
    }
    Some(Voxels { grid: out, values })
}

/// Grey values that become black and white: the abdominal window for a CT, else all but the outermost hundredths.
fn window(values: &[f32]) -> [f32; 2] {
    let mut sample: Vec<f32> =
        values.iter().copied().step_by((values.len() / 100_000).max(1)).collect();
    sample.sort_by(f32::total_cmp);
    let at = |part: f64| sample.get((part * sample.len() as f64) as usize).copied().unwrap_or(0.0);
    let [low, high] = [at(0.01), at(0.99)];
    if low < -200.0 {
        // Air of about −1000 HU: a CT. Lungs would take half of the values; soft tissue is what is looked at.
        return [-160.0, 240.0];
    }
    [low, high.max(low + 1.0)]
}

/// Voxels of each label but 0.
fn counts(labels: &Voxels<u16>) -> BTreeMap<u16, usize> {
    let mut counts = vec![0_usize; usize::from(u16::MAX) + 1];
    labels.values.iter().for_each(|&l| counts[usize::from(l)] += 1);
    let some = counts.into_iter().enumerate().skip(1).filter(|(_, n)| *n > 0);
    some.map(|(label, n)| (label as u16, n)).collect()
}

/// The labels without the empty space around them; one voxel of it stays where there is one, since what touches the border is
/// cut off by the end of the scan.
fn cropped(labels: Voxels<u16>) -> Voxels<u16> {
    let grid = labels.grid;
    let [nx, ny, _] = grid.dims;
    let (mut low, mut high) = (grid.dims, [0; 3]);
    for (row, values) in labels.values.chunks_exact(nx).enumerate() {
        let Some(first) = values.iter().position(|&l| l != 0) else { continue };
        let last = values.iter().rposition(|&l| l != 0).unwrap_or(first);
        let (y, z) = (row % ny, row / ny);
        low = [low[0].min(first), low[1].min(y), low[2].min(z)];
        high = [high[0].max(last + 1), high[1].max(y + 1), high[2].max(z + 1)];
    }
    let low = low.map(|l| l.saturating_sub(1));
    let high: [usize; 3] = std::array::from_fn(|a| (high[a] + 1).min(grid.dims[a]));
    if low == [0; 3] && high == grid.dims || (0..3).any(|a| low[a] >= high[a]) {
        return labels;
    }
    let dims = std::array::from_fn(|a| high[a] - low[a]);
    let origin = std::array::from_fn(|a| grid.origin[a] + low[a] as f64 * grid.spacing[a]);
    let mut values = Vec::with_capacity(dims.iter().product());
    for z in low[2]..high[2] {
        for y in low[1]..high[1] {
            let row = grid.index([low[0], y, z]);
            values.extend_from_slice(&labels.values[row..row + dims[0]]);
        }
    }
    Voxels { grid: Grid { dims, origin, spacing: grid.spacing }, values }
}

/// Labels as structure numbers: index + 1.
fn numbered(structures: &[Found], labels: &Voxels<u16>) -> Voxels<u8> {
    let mut number = vec![0_u8; usize::from(u16::MAX) + 1];
    for (s, found) in structures.iter().enumerate() {
        found.labels.iter().for_each(|&l| number[usize::from(l)] = s as u8 + 1);
    }
    let values = labels.values.iter().map(|&l| number[usize::from(l)]).collect();
    Voxels { grid: labels.grid, values }
}

/// The name of a file in the folder of another.
fn beside(file: &str, name: &str) -> String {
    match file.rfind(['/', '\\']) {
        Some(end) => format!("{}{name}", &file[..=end]),
        None => name.to_owned(),
    }
}

/// File name without folder and endings: "liver" of "masks/liver.nii.gz".
fn stem(file: &str) -> &str {
    let name = file.rsplit(['/', '\\']).next().unwrap_or(file);
    name.split('.').next().unwrap_or(name)
}

fn hex(hash: Sha256) -> String {
    hash.finalize().iter().map(|b| format!("{b:02x}")).collect()
}

/// A name from the sources' hashes, in letters only: the same files are the same twin.
fn identity(sources: &[Source]) -> String {
    let mut hash = Sha256::new();
    sources.iter().for_each(|s| hash.update(s.sha256.as_bytes()));
    let letters =
        hash.finalize().iter().take(8).map(|b| char::from(b'a' + b % 26)).collect::<String>();
    format!("own-{letters}")
}

fn source(file: &str, title: &str, sha256: String) -> Source {
    Source {
        file: file.to_owned(),
        sha256,
        title: title.to_owned(),
        credit: "whoever built this twin".to_owned(),
        licence: "not stated: for own use".to_owned(),
    }
}
