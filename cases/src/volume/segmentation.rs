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
                "{}: {count} voxels lie in {} too; the smaller structure keeps them.",
                title(owner),
                title(other)
            )
        })
        .collect();
    let names = names.iter().enumerate().map(|(s, name)| (s as u16 + 1, name.clone())).collect();
    Ok((values, names, notes))
}

/// "resampled" in words; none for a grid along the patient's axes.
pub(super) fn resampling_note(what: &str, tilt: f64, how: &str) -> Option<String> {
    (tilt > 0.0).then(|| {
        format!(
            "The grid of the {what} is turned by {tilt:.1} degrees from the patient's axes; it was resampled along them by {how}."
        )
    })
}

/// Labels that go on beyond the border of an oblique scan, in words; none without such labels. A few voxels there are chance.
pub(super) fn border_note(at_border: &BTreeMap<u16, usize>, names: &Names) -> Option<String> {
    let cut: Vec<String> = at_border
        .iter()
        .filter(|(_, voxels)| **voxels > 8)
        .map(|(label, _)| {
            names.get(label).map_or_else(|| format!("label {label}"), |n| n.name.clone())
        })
        .collect();
    (!cut.is_empty()).then(|| {
        format!(
            "{}: cut off by the border of the oblique scan; the face there is no anatomy and the volume is that of a part.",
            cut.join(", ")
        )
    })
}

/// Masks that were kept one a file, as one segmentation: each is a structure named as its file, overlaps as in one file.
///
/// # Errors
/// Masks on different grids; a file among them that holds several labels.
pub fn merge_masks(files: &[String], masks: Vec<(Name, Segmentation)>) -> Result<Segmentation> {
    let Some((_, first)) = masks.first() else {
        return Err(Error::Source {
            file: "labels".to_owned(),
            reason: "no file was given".to_owned(),
            remedy: "give a label volume, or masks of structures",
        });
    };
    let grid = first.voxels.grid;
    let mut notes: Vec<String> = Vec::new();
    for (file, (_, mask)) in files.iter().zip(&masks) {
        let error = |field, reason: &str, remedy| Error::Volume {
            file: file.clone(),
            field,
            reason: reason.to_owned(),
            remedy,
        };
        if mask.voxels.grid != grid {
            return Err(error(
                "orientation",
                "does not lie on the grid of the first mask",
                "give masks of one scan, or one label volume",
            ));
        }
        let mut values = mask.voxels.values.iter().filter(|v| **v != 0);
        let value = values.next().copied().unwrap_or(1);
        if values.any(|v| *v != value) {
            return Err(error(
                "data",
                "holds several labels, so it is no mask of one structure",
                "give one label volume alone, or masks of one structure each",
            ));
        }
        notes.extend(mask.notes.iter().filter(|n| !notes.contains(n)).cloned().collect::<Vec<_>>());
    }
    let names: Vec<Name> = masks.iter().map(|(name, _)| name.clone()).collect();
    let present = |v: usize, here: &mut Vec<u16>| {
        let with = masks.iter().enumerate().filter(|(_, (_, mask))| mask.voxels.values[v] != 0);
        here.extend(with.map(|(m, _)| m as u16));
    };
    let (values, names, overlaps) = flatten(&files[0], &names, grid.len(), &present)?;
    notes.extend(overlaps);
    Ok(Segmentation { voxels: Voxels { grid, values }, names, notes })
}
