//! DICOM: series of slices, multi-frame images and segmentations (SEG).
//!
//! De-identification is by construction. The parser keeps the elements in `elements::KEPT` (geometry, sample format, pixel data,
//! and the numbers, labels and colours of segments) and walks over everything else, so that nothing else can reach a twin: all that
//! the basic profile of PS3.15 annex E removes or replaces is never read. The series' UID tells slices of one series from
//! another's and is dropped with the file. dicom-rs was looked at: it keeps every element, and allocates what a header promises.

mod elements;
mod frames;
mod rle;
mod segments;
mod series;

pub(super) use segments::read as read_segments;
pub(super) use series::read as read_series;

/// Is this a DICOM file: a preamble of 128 bytes, then "DICM"?
pub fn is_dicom(bytes: &[u8]) -> bool {
    bytes.get(128..132) == Some(b"DICM")
}

/// Is it a segmentation? A file that cannot be read is none.
pub fn is_dicom_segmentation(file: &str, bytes: &[u8]) -> bool {
    is_dicom(bytes)
        && elements::parse(file, bytes)
            .is_ok_and(|object| object.dataset.items(elements::SEGMENT_SEQUENCE).is_some())
}
