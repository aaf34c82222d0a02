//! Whether a volume is labels or a scan, by its values.

use super::{Format, bounded, read_segmentation};
use crate::Result;

/// Most labels that a twin can hold.
const MOST_LABELS: usize = 254;

/// Share of the voxels with a value whose neighbour has the same, from which values are labels: inside an organ all are alike, in a
/// scan hardly any two.
const FLAT: f64 = 0.5;

/// Has a file the mark of a volume that can be read?
pub fn is_volume(head: &[u8]) -> bool {
    if head.starts_with(&[0x1f, 0x8b]) {
        // Of a cut stream the beginning is enough.
        return bounded::head(head).is_some_and(|head| Format::known(&head).is_some());
    }
    Format::known(head).is_some()
}

/// Are these labels rather than a scan? `sibling` as for [`read_segmentation`].
pub fn is_labels(file: &str, bytes: &[u8], sibling: &dyn Fn(&str) -> Result<Vec<u8>>) -> bool {
    let Ok(read) = read_segmentation(file, bytes, None, sibling) else {
        // Negative or broken values, or a file that no reader takes; that is for the one who reads it as a scan to tell.
        return false;
    };
    let values = &read.voxels.values;
    let mut seen = vec![false; usize::from(u16::MAX) + 1];
    values.iter().for_each(|v| seen[usize::from(*v)] = true);
    let pairs = || values.windows(2).filter(|pair| pair[0] != 0);
    let same = pairs().filter(|pair| pair[0] == pair[1]).count();
    let flat = same as f64 >= FLAT * pairs().count() as f64;
    flat && seen[1..].iter().filter(|seen| **seen).count() <= MOST_LABELS
}
