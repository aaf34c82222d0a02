//! Labels with names: what a label file, its header and a label table say together.

use std::collections::BTreeMap;

use super::Voxels;
use crate::{Error, Result};

/// Names that a file may give: beyond that it is no table of structures.
pub(super) const MOST_NAMES: usize = 4096;

/// Characters that are kept of a name.
const LONGEST_NAME: usize = 80;

/// What a file calls one label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// As the file has it, without control characters and at most 80 characters long.
    pub name: String,
    /// Colour, sRGB, if the file has one.
    pub colour: Option<[u8; 3]>,
}

impl Name {
    /// A name as a file has it.
    pub fn new(name: &str, colour: Option<[u8; 3]>) -> Self {
        let name = name.trim().chars().filter(|c| !c.is_control()).take(LONGEST_NAME).collect();
        Self { name, colour }
    }
}

/// Names by label.
pub type Names = BTreeMap<u16, Name>;

/// 0 to 1 as 0 to 255.
pub(super) fn unit_byte(part: f64) -> u8 {
    (part * 255.0).round().clamp(0.0, 255.0) as u8
}

/// A label volume and what its labels are called.
#[derive(Clone, Debug, PartialEq)]
pub struct Segmentation {
    /// The labels, along the patient's axes.
    pub voxels: Voxels<u16>,
    /// What they are called; labels without a name are not in it.
    pub names: Names,
    /// What was done to the labels on the way, in sentences: resampling, overlaps.
    pub notes: Vec<String>,
}

/// Lay segments that may overlap into one label volume; segment `s` of `names` becomes label s + 1. Where two meet, the smaller
/// one keeps the voxel: a tumour in a liver, a vessel in a kidney stays whole. `present` lists the segments at a voxel.
///
/// # Errors
/// More segments than a table has names.
pub(super) fn flatten(
    file: &str,
    names: &[Name],
    voxel_count: usize,
    present: &dyn Fn(usize, &mut Vec<u16>),
) -> Result<(Vec<u16>, Names, Vec<String>)> {
    if names.len() > MOST_NAMES {
        return Err(Error::Volume {
            file: file.to_owned(),
            field: "segments",
            reason: format!("{} of them", names.len()),
            remedy: "give at most 4096 segments",
        });
    }
    let mut sizes = vec![0_usize; names.len()];
    let mut here = Vec::new();
    for v in 0..voxel_count {
        here.clear();
        present(v, &mut here);
        here.iter().for_each(|&s| sizes[usize::from(s)] += 1);
    }
    let mut values = Vec::with_capacity(voxel_count);
    let mut shared: BTreeMap<(u16, u16), usize> = BTreeMap::new();
    for v in 0..voxel_count {
        here.clear();
        present(v, &mut here);
        // Of two alike the first in the file keeps the voxel.
        let Some(&owner) = here.iter().min_by_key(|&&s| (sizes[usize::from(s)], s)) else {
            values.push(0);
            continue;
        };
        for &other in here.iter().filter(|&&s| s != owner) {
            *shared.entry((owner, other)).or_default() += 1;
        }
        values.push(owner + 1);
    }
    let title = |s: u16| names[usize::from(s)].name.as_str();
    let notes = shared
        .iter()
        .map(|(&(owner, other), count)| {
            format!(
                "{}: {count} voxels lie in {} too; the smaller structure keeps them",
                title(owner),
                title(other)
            )
        })
        .collect();
    let names = names.iter().enumerate().map(|(s, name)| (s as u16 + 1, name.clone())).collect();
    Ok((values, names, notes))
}

/// "resampled" in words; none for a grid along the patient's axes.
pub(super) fn resampling_note(file: &str, tilt: f64, how: &str) -> Option<String> {
    (tilt > 0.0).then(|| {
        format!(
            "{file}: its grid is turned by {tilt:.1} degrees from the patient's axes; resampled along them by {how}"
        )
    })
}
