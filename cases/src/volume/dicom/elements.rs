//! The elements of a DICOM file that are kept.

use std::{borrow::Cow, collections::BTreeMap, io::Read};

use flate2::read::DeflateDecoder;

use crate::{Error, Result, volume::MAX_VOXELS};

pub(super) const TRANSFER_SYNTAX: u32 = 0x0002_0010;
pub(super) const SPACING_BETWEEN_SLICES: u32 = 0x0018_0088;
pub(super) const SLICE_THICKNESS: u32 = 0x0018_0050;
pub(super) const SERIES_UID: u32 = 0x0020_000e;
pub(super) const POSITION: u32 = 0x0020_0032;
pub(super) const ORIENTATION: u32 = 0x0020_0037;
pub(super) const PLANE_POSITION_SEQUENCE: u32 = 0x0020_9113;
pub(super) const PLANE_ORIENTATION_SEQUENCE: u32 = 0x0020_9116;
pub(super) const SAMPLES_PER_PIXEL: u32 = 0x0028_0002;
pub(super) const FRAME_COUNT: u32 = 0x0028_0008;
pub(super) const ROWS: u32 = 0x0028_0010;
pub(super) const COLUMNS: u32 = 0x0028_0011;
pub(super) const PIXEL_SPACING: u32 = 0x0028_0030;
pub(super) const BITS_ALLOCATED: u32 = 0x0028_0100;
pub(super) const BITS_STORED: u32 = 0x0028_0101;
pub(super) const PIXEL_REPRESENTATION: u32 = 0x0028_0103;
pub(super) const INTERCEPT: u32 = 0x0028_1052;
pub(super) const SLOPE: u32 = 0x0028_1053;
pub(super) const PIXEL_MEASURES_SEQUENCE: u32 = 0x0028_9110;
pub(super) const PIXEL_VALUE_SEQUENCE: u32 = 0x0028_9145;
pub(super) const SEGMENTATION_TYPE: u32 = 0x0062_0001;
pub(super) const SEGMENT_SEQUENCE: u32 = 0x0062_0002;
pub(super) const SEGMENT_NUMBER: u32 = 0x0062_0004;
pub(super) const SEGMENT_LABEL: u32 = 0x0062_0005;
pub(super) const SEGMENT_ID_SEQUENCE: u32 = 0x0062_000a;
pub(super) const REFERENCED_SEGMENT: u32 = 0x0062_000b;
pub(super) const CIELAB: u32 = 0x0062_000d;
pub(super) const MAX_FRACTION: u32 = 0x0062_000e;
pub(super) const SHARED_GROUPS: u32 = 0x5200_9229;
pub(super) const FRAME_GROUPS: u32 = 0x5200_9230;
pub(super) const PIXEL_DATA: u32 = 0x7fe0_0010;

/// All that is ever kept of a file, by tag; whether it is a sequence.
const KEPT: [(u32, bool); 31] = [
    (TRANSFER_SYNTAX, false),
    (SLICE_THICKNESS, false),
    (SPACING_BETWEEN_SLICES, false),
    (SERIES_UID, false),
    (POSITION, false),
    (ORIENTATION, false),
    (PLANE_POSITION_SEQUENCE, true),
    (PLANE_ORIENTATION_SEQUENCE, true),
    (SAMPLES_PER_PIXEL, false),
    (FRAME_COUNT, false),
    (ROWS, false),
    (COLUMNS, false),
    (PIXEL_SPACING, false),
    (BITS_ALLOCATED, false),
    (BITS_STORED, false),
    (PIXEL_REPRESENTATION, false),
    (INTERCEPT, false),
    (SLOPE, false),
    (PIXEL_MEASURES_SEQUENCE, true),
    (PIXEL_VALUE_SEQUENCE, true),
    (SEGMENTATION_TYPE, false),
    (SEGMENT_SEQUENCE, true),
    (SEGMENT_NUMBER, false),
    (SEGMENT_LABEL, false),
    (SEGMENT_ID_SEQUENCE, true),
    (REFERENCED_SEGMENT, false),
    (CIELAB, false),
    (MAX_FRACTION, false),
    (SHARED_GROUPS, true),
    (FRAME_GROUPS, true),
    (PIXEL_DATA, false),
];

const ITEM: u32 = 0xfffe_e000;
const ITEM_END: u32 = 0xfffe_e00d;
const SEQUENCE_END: u32 = 0xfffe_e0dd;
const UNDEFINED: u32 = u32::MAX;

/// Sequences in sequences, at most.
const DEEPEST: usize = 12;

/// How the samples of a file are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    /// As they are.
    Plain,
    /// Run lengths.
    Rle,
}

/// What was kept of a file.
pub(super) struct Object {
    pub(super) dataset: Dataset,
    pub(super) coding: Coding,
}

/// Elements by tag.
#[derive(Default)]
pub(super) struct Dataset(BTreeMap<u32, Value>);

enum Value {
    Bytes(Vec<u8>),
    Items(Vec<Dataset>),
    Fragments(Vec<Vec<u8>>),
}

impl Dataset {
    /// Value of an element.
    pub(super) fn bytes(&self, tag: u32) -> Option<&[u8]> {
        match self.0.get(&tag)? {
            Value::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// Items of a sequence.
    pub(super) fn items(&self, tag: u32) -> Option<&[Self]> {
        match self.0.get(&tag)? {
            Value::Items(items) => Some(items),
            _ => None,
        }
    }

    /// The only item of a sequence.
    pub(super) fn item(&self, tag: u32) -> Option<&Self> {
        self.items(tag)?.first()
    }

    /// Fragments of compressed pixel data, without the table of offsets.
    pub(super) fn fragments(&self) -> Option<&[Vec<u8>]> {
        match self.0.get(&PIXEL_DATA)? {
            Value::Fragments(fragments) => fragments.get(1..),
            _ => None,
        }
    }

    /// A text without its padding.
    pub(super) fn text(&self, tag: u32) -> Option<String> {
        let text = String::from_utf8_lossy(self.bytes(tag)?);
        Some(text.trim_matches(|c: char| c == '\0' || c.is_whitespace()).to_owned())
    }

    /// The first 16-bit number.
    pub(super) fn short(&self, tag: u32) -> Option<u16> {
        Some(u16::from_le_bytes(*self.bytes(tag)?.first_chunk()?))
    }

    /// Finite decimal numbers, exactly `N` of them.
    pub(super) fn decimals<const N: usize>(&self, tag: u32) -> Option<[f64; N]> {
        let text = self.text(tag)?;
        let parts: Option<Vec<f64>> = text
            .split('\\')
            .map(|p| p.trim().parse().ok().filter(|v: &f64| v.is_finite()))
            .collect();
        parts?.try_into().ok()
    }
}

pub(super) fn error(
    file: &str,
    field: &'static str,
    reason: impl Into<String>,
    remedy: &'static str,
) -> Error {
    Error::Volume { file: file.to_owned(), field, reason: reason.into(), remedy }
}

/// Parse a file.
///
/// # Errors
/// What is no DICOM file, is cut short, or is compressed in a way that is not supported.
pub(super) fn parse(file: &str, bytes: &[u8]) -> Result<Object> {
    if !super::is_dicom(bytes) {
        return Err(error(
            file,
            "preamble",
            "is not that of a DICOM file",
            "export the series anew",
        ));
    }
    // The file's own group is always explicit; its first element says how long it is.
    let mut head = Reader { file, bytes, at: 132, explicit: true };
    let (tag, _, length) = head.head()?;
    if tag != 0x0002_0000 || length != 4 {
        return Err(error(file, "(0002,0000)", "is missing", "export the series anew"));
    }
    let value = head.take(4)?;
    let meta = u32::from_le_bytes([value[0], value[1], value[2], value[3]]) as usize;
    let end = head.at.checked_add(meta).filter(|&e| e <= bytes.len());
    let end = end.ok_or_else(|| head.short())?;
    let meta = Reader { bytes: &bytes[..end], ..head }.dataset(end, 0)?;
    let syntax = meta.text(TRANSFER_SYNTAX).unwrap_or_default();
    let (explicit, coding) = match syntax.as_str() {
        "1.2.840.10008.1.2" => (false, Coding::Plain),
        "1.2.840.10008.1.2.1" | "1.2.840.10008.1.2.1.99" => (true, Coding::Plain),
        "1.2.840.10008.1.2.5" => (true, Coding::Rle),
        other => {
            let other: String = other.chars().take(40).collect();
            return Err(error(
                file,
                "(0002,0010) transfer syntax",
                format!("`{other}` is not supported"),
                "export the series uncompressed (explicit little endian), such as with `gdcmconv --raw`",
            ));
        }
    };
    let mut body = Cow::Borrowed(&bytes[end..]);
    if syntax.ends_with(".99") {
        let mut inflated = Vec::new();
        let most = MAX_VOXELS * 4;
        DeflateDecoder::new(&body[..])
            .take(most + 1)
            .read_to_end(&mut inflated)
            .map_err(|e| error(file, "deflated data", e.to_string(), "fetch the file again"))?;
        if inflated.len() as u64 > most {
            return Err(error(
                file,
                "deflated data",
                "inflate to more than 512 MiB",
                "crop the series",
            ));
        }
        body = Cow::Owned(inflated);
    }
    let mut reader = Reader { file, bytes: &body, at: 0, explicit };
    let dataset = reader.dataset(body.len(), 0)?;
    Ok(Object { dataset, coding })
}

struct Reader<'a> {
    file: &'a str,
    bytes: &'a [u8],
    at: usize,
    explicit: bool,
}

impl<'a> Reader<'a> {
    fn short(&self) -> Error {
        error(
            self.file,
            "DICOM elements",
            format!("end in the middle, at byte {}", self.at),
            "fetch the file again, it is cut short",
        )
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8]> {
        let end = self.at.checked_add(length).filter(|&e| e <= self.bytes.len());
        let taken = &self.bytes[self.at..end.ok_or_else(|| self.short())?];
        self.at += length;
        Ok(taken)
    }

    /// Tag, whether the value is called a sequence, and length of the next element.
    fn head(&mut self) -> Result<(u32, bool, u32)> {
        let head = self.take(8)?;
        let tag = u32::from(u16::from_le_bytes([head[0], head[1]])) << 16
            | u32::from(u16::from_le_bytes([head[2], head[3]]));
        let long = u32::from_le_bytes([head[4], head[5], head[6], head[7]]);
        if !self.explicit || tag >> 16 == 0xfffe {
            return Ok((tag, false, long));
        }
        let vr = &head[4..6];
        if matches!(
            vr,
            b"OB"
                | b"OD"
                | b"OF"
                | b"OL"
                | b"OV"
                | b"OW"
                | b"SQ"
                | b"SV"
                | b"UC"
                | b"UN"
                | b"UR"
                | b"UT"
                | b"UV"
        ) {
            let length = self.take(4)?;
            let length = u32::from_le_bytes([length[0], length[1], length[2], length[3]]);
            return Ok((tag, vr == b"SQ", length));
        }
        Ok((tag, false, u32::from(u16::from_le_bytes([head[6], head[7]]))))
    }

    /// Elements up to `end`, or to the end of the item.
    fn dataset(&mut self, end: usize, depth: usize) -> Result<Dataset> {
        if depth > DEEPEST {
            return Err(error(
                self.file,
                "DICOM elements",
                format!("more than {DEEPEST} sequences in sequences"),
                "export the series anew",
            ));
        }
        let mut dataset = Dataset::default();
        while self.at < end {
            let (tag, called_sequence, length) = self.head()?;
            if tag == ITEM_END || tag == SEQUENCE_END {
                break;
            }
            let kept = KEPT.iter().find(|(t, _)| *t == tag);
            let sequence = called_sequence || kept.is_some_and(|k| k.1);
            if tag == PIXEL_DATA && length == UNDEFINED {
                let fragments = self.fragments(end)?;
                dataset.0.insert(tag, Value::Fragments(fragments));
            } else if length == UNDEFINED || sequence && kept.is_some() {
                let stop = if length == UNDEFINED { end } else { self.stop(length, end)? };
                let items = self.items(stop, length == UNDEFINED, depth)?;
                if kept.is_some_and(|k| k.1) {
                    dataset.0.insert(tag, Value::Items(items));
                }
            } else {
                let value = self.take(length as usize)?;
                if kept.is_some() {
                    dataset.0.insert(tag, Value::Bytes(value.to_vec()));
                }
            }
        }
        Ok(dataset)
    }

    fn stop(&self, length: u32, end: usize) -> Result<usize> {
        self.at.checked_add(length as usize).filter(|&s| s <= end).ok_or_else(|| self.short())
    }

    /// Items up to `stop`, or to the end of the sequence.
    fn items(&mut self, stop: usize, delimited: bool, depth: usize) -> Result<Vec<Dataset>> {
        let mut items = Vec::new();
        while self.at < stop {
            let (tag, _, length) = self.head()?;
            if tag == SEQUENCE_END {
                break;
            }
            if tag != ITEM {
                return Err(error(
                    self.file,
                    "DICOM elements",
                    format!("a sequence holds something else than items, at byte {}", self.at),
                    "export the series anew",
                ));
            }
            let end = if length == UNDEFINED { stop } else { self.stop(length, stop)? };
            items.push(self.dataset(end, depth + 1)?);
            if length != UNDEFINED {
                self.at = end;
            }
        }
        if !delimited {
            self.at = stop;
        }
        Ok(items)
    }

    fn fragments(&mut self, end: usize) -> Result<Vec<Vec<u8>>> {
        let mut fragments = Vec::new();
        while self.at < end {
            let (tag, _, length) = self.head()?;
            if tag != ITEM || length == UNDEFINED {
                break;
            }
            fragments.push(self.take(length as usize)?.to_vec());
        }
        Ok(fragments)
    }
}
