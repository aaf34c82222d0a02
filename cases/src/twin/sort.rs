//! What each of several files is that a person gives without saying: labels, the scan, the table of names, or a finished twin.

use super::pack;
use crate::{Error, Result, volume};

/// Bytes of a file's beginning that are looked at.
const HEAD: u64 = 65_536;

/// A text of at most so many bytes may be a table of names.
const LONGEST_TABLE: u64 = 1 << 22;

/// A file that is there to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offered {
    /// Its name, with the folders it came in.
    pub name: String,
    /// Its length [byte].
    pub bytes: u64,
}

/// Reads the first bytes of a file, at most as many as are asked for.
pub type Read<'a> = dyn Fn(&str, u64) -> Result<Vec<u8>> + 'a;

/// What the files are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sorted {
    /// A finished twin.
    Pack(String),
    /// Files to build one from.
    Sources {
        /// Label volumes, and all files of DICOM series.
        labels: Vec<String>,
        /// The scan.
        image: Vec<String>,
        /// The table of names.
        table: Option<String>,
    },
}

/// Look into `files` and tell what they are. The order of the files does not matter.
///
/// # Errors
/// Files of no known kind; several twins, scans or tables; no labels.
pub fn sort(files: &[Offered], read: &Read) -> Result<Sorted> {
    let mut files: Vec<&Offered> = files.iter().filter(|f| !is_litter(&f.name)).collect();
    files.sort_by(|a, b| a.name.cmp(&b.name));
    let (mut packs, mut slices, mut volumes) = (Vec::new(), Vec::new(), Vec::new());
    let (mut tables, mut headers, mut strange) = (Vec::new(), 0, Vec::new());
    for file in files {
        let head = read(&file.name, HEAD)?;
        let name = &file.name;
        match kind(file, &head) {
            Kind::Pack => packs.push(name),
            Kind::Slice => slices.push(name.clone()),
            Kind::Volume => {
                headers += usize::from(head.starts_with(b"NRRD") && lower(name).ends_with(".nhdr"));
                volumes.push(name.clone());
            }
            Kind::Table => tables.push(name.clone()),
            Kind::Strange => strange.push(name),
        }
    }
    let error = |file: &str, reason: String, remedy| {
        Err(Error::Source { file: file.to_owned(), reason, remedy })
    };
    if let [first, rest @ ..] = packs.as_slice() {
        let others = rest.len() + slices.len() + volumes.len();
        if others > 0 {
            let reason = format!("is a finished twin, and {others} more files were given");
            return error(first, reason, "give one twin alone, or the files to build one from");
        }
        return Ok(Sorted::Pack((*first).clone()));
    }
    if let Some(first) = strange.first()
        // A folder of slices holds other things too, and a detached header names its data.
        && slices.is_empty()
        && headers == 0
    {
        return error(
            first,
            "is nothing that a twin can be built from".to_owned(),
            "give labels as NIfTI (.nii, .nii.gz), NRRD (.nrrd, .seg.nrrd), INRIMAGE or DICOM, unpacked, and leave out the rest",
        );
    }
    if let [first, _, ..] = tables.as_slice() {
        let reason = format!("and {} more could be tables of names", tables.len() - 1);
        return error(first, reason, "give one table");
    }
    let (mut labels, mut image) = (Vec::new(), Vec::new());
    if let [only] = volumes.as_slice() {
        labels.push(only.clone());
    } else {
        for name in volumes {
            let bytes = read(&name, u64::MAX)?;
            let beside = |other: &str| {
                let folder = name.rfind('/').map_or("", |end| &name[..=end]);
                read(&format!("{folder}{other}"), u64::MAX)
            };
            if volume::is_labels(&name, &bytes, &beside) {
                labels.push(name);
            } else {
                image.push(name);
            }
        }
    }
    if let [first, _, ..] = image.as_slice() {
        let reason = format!("and {} more are scans, by their values", image.len() - 1);
        return error(first, reason, "give the labels and the one scan that they were drawn on");
    }
    if let (Some(scan), true) = (image.first(), labels.is_empty() && slices.is_empty()) {
        return error(
            scan,
            "is a scan, and no labels were given".to_owned(),
            "give the label volume too",
        );
    }
    labels.extend(slices);
    if labels.is_empty() {
        return error(
            tables.first().map_or("files", String::as_str),
            "comes without labels".to_owned(),
            "give the label volume too",
        );
    }
    Ok(Sorted::Sources { labels, image, table: tables.pop() })
}

enum Kind {
    Pack,
    Slice,
    Volume,
    Table,
    Strange,
}

fn kind(file: &Offered, head: &[u8]) -> Kind {
    let name = lower(&file.name);
    let ends = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
    if pack::is_pack(head) {
        Kind::Pack
    } else if volume::is_dicom(head) {
        Kind::Slice
    } else if volume::is_volume(head)
        || ends(&[".nii", ".nii.gz", ".nrrd", ".nhdr", ".inr", ".inr.gz"])
    {
        // What only its name says: the reader tells what is wrong with it.
        Kind::Volume
    } else if ends(&[".csv", ".ctbl", ".json", ".tsv", ".txt", ".label"])
        && file.bytes <= LONGEST_TABLE
    {
        Kind::Table
    } else if ends(&[".pack"]) {
        Kind::Pack
    } else {
        Kind::Strange
    }
}

fn lower(name: &str) -> String {
    name.to_lowercase()
}

/// What systems leave in folders.
fn is_litter(name: &str) -> bool {
    let name = name.rsplit('/').next().unwrap_or(name);
    let known = ["dicomdir", "thumbs.db", "desktop.ini", "lockfile", "version"];
    name.starts_with('.') || known.contains(&lower(name).as_str())
}
