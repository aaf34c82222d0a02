//! Inflating what others wrote, within bounds.

use std::{borrow::Cow, io::Read};

use flate2::read::MultiGzDecoder;

use crate::{Error, Result};

/// Bytes that a file may inflate to: the largest volume in the widest sample type, and its header.
const MAX_BYTES: u64 = super::MAX_VOXELS * 8 + (1 << 20);

/// The file's bytes, inflated if they are gzip.
pub(super) fn inflate<'a>(file: &str, bytes: &'a [u8]) -> Result<Cow<'a, [u8]>> {
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return Ok(Cow::Borrowed(bytes));
    }
    let error = |reason: String, remedy| Error::Volume {
        file: file.to_owned(),
        field: "gzip stream",
        reason,
        remedy,
    };
    // Grown as the data come: a small hostile file costs what it really inflates to, up to the bound.
    let mut inflated = Vec::new();
    MultiGzDecoder::new(bytes)
        .take(MAX_BYTES + 1)
        .read_to_end(&mut inflated)
        .map_err(|e| error(e.to_string(), "fetch the file again, it is damaged"))?;
    if inflated.len() as u64 > MAX_BYTES {
        return Err(error("inflates to more than 1 GiB".to_owned(), "crop or resample the volume"));
    }
    Ok(Cow::Owned(inflated))
}
