//! Inflating what others wrote, within bounds.

use std::{borrow::Cow, io::Read};

use flate2::read::MultiGzDecoder;

use crate::{Error, Result};

/// Bytes that a file may inflate to: the largest volume in the widest sample type, and its header.
const MAX_BYTES: u64 = super::MAX_VOXELS * 8 + (1 << 20);

/// Bytes in which a header shows what the file is.
const HEAD: u64 = 4096;

/// What the beginning of a gzip stream inflates to, as far as it goes; none if nothing comes.
pub(super) fn head(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut head = Vec::new();
    // An error at the end of what is there is no matter.
    let _ = MultiGzDecoder::new(bytes).take(HEAD).read_to_end(&mut head);
    (!head.is_empty()).then_some(head)
}

/// The file's bytes, inflated if they are gzip; not more of them than its header promises. What is no volume is not inflated
/// further than to see that.
pub(super) fn inflate<'a>(file: &str, bytes: &'a [u8]) -> Result<Cow<'a, [u8]>> {
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return Ok(Cow::Borrowed(bytes));
    }
    // A damaged head says so below, where the whole is read.
    let mut head = Vec::new();
    let read = MultiGzDecoder::new(bytes).take(HEAD).read_to_end(&mut head);
    let known = super::Format::known(&head);
    if read.is_ok() && known.is_none() {
        return Ok(Cow::Owned(head));
    }
    let promised = match known {
        Some(super::Format::Nifti) => super::nifti::promised(&head),
        _ => None,
    };
    inflate_at_most(file, bytes, promised.unwrap_or(MAX_BYTES).min(MAX_BYTES)).map(Cow::Owned)
}

/// Inflate a gzip stream.
///
/// # Errors
/// A stream that is damaged, or inflates to more than `most` bytes.
pub(super) fn inflate_at_most(file: &str, bytes: &[u8], most: u64) -> Result<Vec<u8>> {
    let error = |reason: String, remedy| Error::Volume {
        file: file.to_owned(),
        field: "gzip stream",
        reason,
        remedy,
    };
    // Grown as the data come: a small hostile file costs what it really inflates to, up to the bound.
    let mut inflated = Vec::new();
    MultiGzDecoder::new(bytes)
        .take(most + 1)
        .read_to_end(&mut inflated)
        .map_err(|e| error(e.to_string(), "fetch the file again, it is damaged"))?;
    if inflated.len() as u64 > most {
        return Err(error(
            format!(
                "inflates to more than the {most} bytes that its header or any volume may have"
            ),
            "write the volume anew, cropped or resampled if it is that large",
        ));
    }
    Ok(inflated)
}
