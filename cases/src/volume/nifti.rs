//! NIfTI-1 in a single file.

use super::{Sample, Voxels, checked_dims, checked_spacing, orient};
use crate::{Error, Result};

/// How far from a patient axis a voxel axis may point (sine of the angle): a resampled grid differs by round-off only.
const OBLIQUE: f64 = 1e-3;

/// Read an inflated NIfTI-1 file. The sform is preferred to the qform, as the standard says; RAS becomes LPS.
pub(super) fn read(file: &str, bytes: &[u8]) -> Result<Voxels<f32>> {
    let error = |field, reason: String, remedy| Error::Volume {
        file: file.to_owned(),
        field,
        reason,
        remedy,
    };
    let header: &[u8; 352] = bytes.first_chunk().ok_or_else(|| {
        error(
            "header",
            format!("{} bytes are no NIfTI-1 file", bytes.len()),
            "give .nii, .nii.gz, .inr or .inr.gz",
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
                "give NIfTI-1 (.nii, .nii.gz) or INRIMAGE (.inr, .inr.gz)",
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
    let data = bytes.get(offset as usize..).unwrap_or_default();
    let mut values = sample.decode(file, data, dims.iter().product(), big_endian)?;
    let (slope, intercept) = (float(112), float(116));
    if slope != 0.0
        && slope.is_finite()
        && intercept.is_finite()
        && (slope, intercept) != (1.0, 0.0)
    {
        for value in &mut values {
            *value = (f64::from(*value) * slope + intercept) as f32;
        }
    }

    // Columns: millimetres RAS a step along i, j, k; last the position of voxel (0, 0, 0).
    let columns: [[f64; 3]; 4] = if short(254) > 0 {
        std::array::from_fn(|c| std::array::from_fn(|r| float(280 + 16 * r + 4 * c)))
    } else if short(252) > 0 {
        quaternion_columns(
            std::array::from_fn(|i| float(256 + 4 * i)),
            std::array::from_fn(|i| float(76 + 4 * i)),
        )
    } else {
        return Err(error(
            "qform_code, sform_code",
            "are both 0: nobody knows how the patient lies".to_owned(),
            "write the volume with an orientation",
        ));
    };
    let mut axes = [(0, false); 3];
    let mut spacing = [0.0; 3];
    for (i, column) in columns[..3].iter().enumerate() {
        let length = column.iter().map(|c| c * c).sum::<f64>().sqrt();
        let axis = (0..3).find(|&a| column[a].abs() > length * (1.0 - OBLIQUE * OBLIQUE));
        let Some(axis) = axis.filter(|a| !axes[..i].iter().any(|(b, _)| a == b)) else {
            return Err(error(
                "srow, quatern",
                "the grid is oblique to the patient".to_owned(),
                "resample it to the patient's axes",
            ));
        };
        // LPS: x and y run the other way than in RAS.
        axes[i] = (axis, (column[axis] < 0.0) != (axis < 2));
        spacing[i] = length;
    }
    let spacing = checked_spacing(file, "srow, pixdim", spacing)?;
    let corner = [-columns[3][0], -columns[3][1], columns[3][2]];
    if !corner.iter().all(|c| c.abs() < 1e5) {
        return Err(error(
            "srow, qoffset",
            "is no place in a patient".to_owned(),
            "write the offset in mm",
        ));
    }
    Ok(orient::apply(dims, spacing, corner, axes, values))
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
