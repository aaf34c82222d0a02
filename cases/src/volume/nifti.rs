//! NIfTI-1 in a single file.

use std::borrow::Cow;

use super::{
    checked_dims, checked_spacing, orient,
    place::Place,
    raster::{Raster, Sample},
    segmentation::{MOST_NAMES, Name, Names, unit_byte},
};
use crate::{Error, Result};

/// Read an inflated NIfTI-1 file. The sform is preferred to the qform, as the standard says; RAS becomes LPS. `axes` counts only
/// for a file that has neither.
pub(super) fn read<'a>(file: &str, bytes: Cow<'a, [u8]>, axes: Option<&str>) -> Result<Raster<'a>> {
    let error = |field, reason: String, remedy| Error::Volume {
        file: file.to_owned(),
        field,
        reason,
        remedy,
    };
    let header: [u8; 352] = *bytes.first_chunk().ok_or_else(|| {
        error(
            "header",
            format!("{} bytes are no NIfTI-1 file", bytes.len()),
            "give .nii, .nii.gz, .nrrd, .seg.nrrd, .inr, .inr.gz or DICOM",
        )
    })?;
    let big_endian = match (
        header[..4].try_into().map(i32::from_le_bytes),
        header[..4].try_into().map(i32::from_be_bytes),
    ) {
        (Ok(348), _) => false,
        (_, Ok(348)) => true,
        _ => {
            return Err(error(
                "sizeof_hdr",
                "is not 348".to_owned(),
                "give NIfTI-1 (.nii, .nii.gz), NRRD (.nrrd, .seg.nrrd), INRIMAGE (.inr, .inr.gz) or DICOM",
            ));
        }
    };
    if &header[344..347] != b"n+1" {
        return Err(error(
            "magic",
            "is not `n+1`".to_owned(),
            "give one file with header and data, not an .hdr/.img pair",
        ));
    }
    let short = |at: usize| {
        let b = [header[at], header[at + 1]];
        if big_endian { i16::from_be_bytes(b) } else { i16::from_le_bytes(b) }
    };
    let float = |at: usize| {
        let b = [header[at], header[at + 1], header[at + 2], header[at + 3]];
        f64::from(if big_endian { f32::from_be_bytes(b) } else { f32::from_le_bytes(b) })
    };
    let rank = short(40);
    if !(3..=7).contains(&rank) || (4..=rank as usize).any(|d| short(40 + 2 * d) > 1) {
        return Err(error(
            "dim",
            "is not one volume of three axes".to_owned(),
            "write a single 3-D volume",
        ));
    }
    let dims = checked_dims(file, "dim", [short(42), short(44), short(46)].map(i64::from))?;
    let sample = match short(70) {
        2 => Sample::U8,
        4 => Sample::I16,
        8 => Sample::I32,
        16 => Sample::F32,
        64 => Sample::F64,
        256 => Sample::I8,
        512 => Sample::U16,
        768 => Sample::U32,
        other => {
            return Err(error(
                "datatype",
                format!("{other} is not supported"),
                "write whole numbers or floats",
            ));
        }
    };
    let offset = float(108);
    if !(352.0..=65536.0 * 64.0).contains(&offset) {
        return Err(error("vox_offset", format!("is {offset}"), "write the file anew"));
    }
    let (slope, intercept) = (float(112), float(116));
    let scale = if slope != 0.0 && slope.is_finite() && intercept.is_finite() {
        [slope, intercept]
    } else {
        [1.0, 0.0]
    };

    // Columns: millimetres RAS a step along i, j, k; last the position of voxel (0, 0, 0).
    let place = if short(254) > 0 || short(252) > 0 {
        let columns: [[f64; 3]; 4] = if short(254) > 0 {
            std::array::from_fn(|c| std::array::from_fn(|r| float(280 + 16 * r + 4 * c)))
        } else {
            quaternion_columns(
                std::array::from_fn(|i| float(256 + 4 * i)),
                std::array::from_fn(|i| float(76 + 4 * i)),
            )
        };
        // LPS: x and y run the other way than in RAS.
        let [i, j, k, corner] = columns.map(|[x, y, z]| [-x, -y, z]);
        Place::new(file, "srow, quatern, pixdim", [i, j, k], corner)?
    } else {
        let axes = axes.ok_or_else(|| {
            error(
                "qform_code, sform_code",
                "are both 0: nobody knows how the patient lies".to_owned(),
                "write the volume with an orientation, or name its axes, such as RAS",
            )
        })?;
        let spacing = checked_spacing(file, "pixdim", [float(80), float(84), float(88)])?;
        Place::along(orient::parse(file, axes)?, spacing)
    };
    let raster = Raster::packed(dims, place, bytes);
    Raster { start: offset as usize, sample, big_endian, scale, ..raster }.checked(file, 1)
}

/// Method 2 of nifti1.h: rotation from the quaternion (b, c, d), offset, and pixdim (qfac, Δi, Δj, Δk).
fn quaternion_columns([b, c, d, x, y, z]: [f64; 6], [qfac, di, dj, dk]: [f64; 4]) -> [[f64; 3]; 4] {
    let a = (1.0 - (b * b + c * c + d * d)).max(0.0).sqrt();
    let dk = if qfac < 0.0 { -dk } else { dk };
    [
        [a * a + b * b - c * c - d * d, 2.0 * (b * c + a * d), 2.0 * (b * d - a * c)]
            .map(|v| v * di),
        [2.0 * (b * c - a * d), a * a + c * c - b * b - d * d, 2.0 * (c * d + a * b)]
            .map(|v| v * dj),
        [2.0 * (b * d + a * c), 2.0 * (c * d - a * b), a * a + d * d - b * b - c * c]
            .map(|v| v * dk),
        [x, y, z],
    ]
}

/// Bytes that a file with this head may have: its samples, what lies before them, and a little behind; none for a head that
/// makes no sense, which reading refuses.
pub(super) fn promised(head: &[u8]) -> Option<u64> {
    let big_endian = head.first() == Some(&0);
    let short = |at: usize| {
        let b = head.get(at..at + 2)?.try_into().ok()?;
        Some(if big_endian { i16::from_be_bytes(b) } else { i16::from_le_bytes(b) })
    };
    let offset: [u8; 4] = head.get(108..112)?.try_into().ok()?;
    let offset = if big_endian { f32::from_be_bytes(offset) } else { f32::from_le_bytes(offset) };
    // As if of the widest samples: writers do not agree on what `bitpix` is.
    let mut bytes = 8_u64;
    for axis in 1..=short(40)?.clamp(1, 7) as usize {
        bytes = bytes.checked_mul(u64::try_from(short(40 + 2 * axis)?).ok()?.max(1))?;
    }
    bytes.checked_add(offset.clamp(0.0, 1e7) as u64 + (1 << 20))
}

/// Names of labels from the header extensions of an inflated NIfTI-1 file: the XML label table that Connectome Workbench and
/// TotalSegmentator write. What is not understood names nothing.
pub(super) fn names(bytes: &[u8]) -> Names {
    let mut names = Names::new();
    let Some(data) = bytes.get(108..112).and_then(|b| b.try_into().ok()).map(f32::from_le_bytes)
    else {
        return names;
    };
    // Byte 348: is there an extension? Headers of the other byte order are rare enough to go without names.
    if bytes.get(348).is_none_or(|&there| there == 0) || !(352.0..=4e6).contains(&data) {
        return names;
    }
    let text = String::from_utf8_lossy(bytes.get(352..data as usize).unwrap_or_default());
    for label in text.split("<Label ").skip(1).take(MOST_NAMES) {
        let Some((head, rest)) = label.split_once('>') else { continue };
        let attribute = |key: &str| {
            let (_, value) = head.split_once(&format!("{key}=\""))?;
            value.split_once('"').map(|(value, _)| value)
        };
        let channel = |key| attribute(key).and_then(|v| v.parse::<f64>().ok());
        let Some(value) = attribute("Key").and_then(|v| v.parse().ok()) else { continue };
        let name = rest.split("</Label>").next().unwrap_or_default();
        let name = name.trim().trim_start_matches("<![CDATA[").trim_end_matches("]]>");
        let colour = match [channel("Red"), channel("Green"), channel("Blue")] {
            [Some(r), Some(g), Some(b)] => Some([r, g, b].map(unit_byte)),
            _ => None,
        };
        names.insert(value, Name::new(name, colour));
    }
    names
}
