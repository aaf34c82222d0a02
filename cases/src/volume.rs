//! Scans and label volumes, from files to the patient's axes.
//!
//! Readers are own small ones on flate2, not the `nifti` crate: that one allocates what a header asks for before it has seen
//! the data, and brings nine crates for the one header and the eight data types that are needed here.

mod bounded;
mod inrimage;
mod nifti;
mod orient;

use crate::{Error, Result};

/// Voxels that a volume may have at most: a 512 × 512 × 512 scan.
const MAX_VOXELS: u64 = 1 << 27;

/// An axis-aligned box of voxels in patient space.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Grid {
    /// Number of voxels along x, y, z.
    pub dims: [usize; 3],
    /// Position of the centre of voxel (0, 0, 0) [mm].
    pub origin: [f64; 3],
    /// Voxel size along x, y, z [mm].
    pub spacing: [f64; 3],
}

impl Grid {
    /// Number of voxels.
    pub fn len(&self) -> usize {
        self.dims.iter().product()
    }

    /// Has it no voxel?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Index of a voxel, x fastest.
    #[inline]
    pub fn index(&self, [x, y, z]: [usize; 3]) -> usize {
        x + self.dims[0] * (y + self.dims[1] * z)
    }

    /// Volume of a voxel [mm³].
    pub fn voxel_volume(&self) -> f64 {
        self.spacing.iter().product()
    }

    /// Low corner of the box that the voxels fill [mm]: half a voxel below the first centre.
    pub fn low(&self) -> [f64; 3] {
        std::array::from_fn(|a| self.origin[a] - self.spacing[a] / 2.0)
    }

    /// High corner of the box that the voxels fill [mm].
    pub fn high(&self) -> [f64; 3] {
        std::array::from_fn(|a| self.origin[a] + self.spacing[a] * (self.dims[a] as f64 - 0.5))
    }

    /// The same box, divided anew into voxels as close to `spacing` as whole numbers allow.
    pub fn redivided(&self, spacing: f64) -> Self {
        let (low, high) = (self.low(), self.high());
        let dims =
            std::array::from_fn(|a| (((high[a] - low[a]) / spacing).round() as usize).max(2));
        let spacing: [f64; 3] = std::array::from_fn(|a| (high[a] - low[a]) / dims[a] as f64);
        Self { dims, origin: std::array::from_fn(|a| low[a] + spacing[a] / 2.0), spacing }
    }

    /// The voxel whose box holds `point` [mm], or none outside.
    #[inline]
    pub fn voxel_at(&self, point: [f64; 3]) -> Option<usize> {
        let mut voxel = [0; 3];
        for a in 0..3 {
            let i = ((point[a] - self.origin[a]) / self.spacing[a] + 0.5).floor();
            if !(i >= 0.0 && i < self.dims[a] as f64) {
                return None;
            }
            voxel[a] = i as usize;
        }
        Some(self.index(voxel))
    }
}

/// Values on a grid, x fastest.
#[derive(Clone, Debug, PartialEq)]
pub struct Voxels<T> {
    /// Where the voxels are.
    pub grid: Grid,
    /// One value a voxel.
    pub values: Vec<T>,
}

/// Read a label volume: `.nii`, `.nii.gz`, `.inr` or `.inr.gz`.
///
/// `axes` names the patient direction of increasing i, j, k ("LPS") for a format that does not say; NIfTI says itself.
///
/// # Errors
/// A header that is not understood, an oblique grid, sizes beyond 2²⁷ voxels, values that are not whole numbers of 0 to 65,535.
pub fn read_labels(file: &str, bytes: &[u8], axes: Option<&str>) -> Result<Voxels<u16>> {
    let raw = read(file, bytes, axes)?;
    let mut values = Vec::with_capacity(raw.values.len());
    for value in raw.values {
        if !(0.0..=65535.0).contains(&value) || value.fract() != 0.0 {
            return Err(Error::Volume {
                file: file.to_owned(),
                field: "data",
                reason: format!("{value} is not a label"),
                remedy: "give a label volume of whole numbers from 0 to 65535, not a scan",
            });
        }
        values.push(value as u16);
    }
    Ok(Voxels { grid: raw.grid, values })
}

/// Read a scan; grey values as the file's scaling gives them (HU for CT).
///
/// # Errors
/// As [`read_labels`], but any finite value is fine; others become 0.
pub fn read_image(file: &str, bytes: &[u8], axes: Option<&str>) -> Result<Voxels<f32>> {
    let mut raw = read(file, bytes, axes)?;
    for value in &mut raw.values {
        if !value.is_finite() {
            *value = 0.0;
        }
    }
    Ok(raw)
}

fn read(file: &str, bytes: &[u8], axes: Option<&str>) -> Result<Voxels<f32>> {
    let bytes = bounded::inflate(file, bytes)?;
    if bytes.starts_with(b"#INRIMAGE-4#{") {
        inrimage::read(file, &bytes, axes)
    } else {
        nifti::read(file, &bytes)
    }
}

/// The sample types that both formats know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sample {
    U8,
    I8,
    U16,
    I16,
    U32,
    I32,
    F32,
    F64,
}

impl Sample {
    fn bytes(self) -> usize {
        match self {
            Self::U8 | Self::I8 => 1,
            Self::U16 | Self::I16 => 2,
            Self::U32 | Self::I32 | Self::F32 => 4,
            Self::F64 => 8,
        }
    }

    /// Decode `count` samples from the head of `data`.
    fn decode(self, file: &str, data: &[u8], count: usize, big_endian: bool) -> Result<Vec<f32>> {
        let size = self.bytes();
        let data = data.get(..count * size).ok_or_else(|| Error::Volume {
            file: file.to_owned(),
            field: "data",
            reason: format!("{} bytes where the header promises {}", data.len(), count * size),
            remedy: "fetch the file again, it is cut short",
        })?;
        let mut bytes = [0; 8];
        Ok(data
            .chunks_exact(size)
            .map(|chunk| {
                bytes[..size].copy_from_slice(chunk);
                if big_endian {
                    bytes[..size].reverse();
                }
                let [a, b, c, d, ..] = bytes;
                match self {
                    Self::U8 => f32::from(a),
                    Self::I8 => f32::from(a as i8),
                    Self::U16 => f32::from(u16::from_le_bytes([a, b])),
                    Self::I16 => f32::from(i16::from_le_bytes([a, b])),
                    Self::U32 => u32::from_le_bytes([a, b, c, d]) as f32,
                    Self::I32 => i32::from_le_bytes([a, b, c, d]) as f32,
                    Self::F32 => f32::from_le_bytes([a, b, c, d]),
                    Self::F64 => f64::from_le_bytes(bytes) as f32,
                }
            })
            .collect())
    }
}

/// Check sizes before anything is allocated.
fn checked_dims(file: &str, field: &'static str, dims: [i64; 3]) -> Result<[usize; 3]> {
    let voxels = dims.iter().try_fold(1_u64, |n, &d| {
        let d = u64::try_from(d).ok().filter(|&d| d > 0)?;
        n.checked_mul(d).filter(|&n| n <= MAX_VOXELS)
    });
    match voxels {
        Some(_) => Ok(dims.map(|d| d as usize)),
        None => Err(Error::Volume {
            file: file.to_owned(),
            field,
            reason: format!("{} × {} × {} voxels", dims[0], dims[1], dims[2]),
            remedy: "crop or resample to between 1 and 134 million voxels",
        }),
    }
}

/// Check a voxel size.
fn checked_spacing(file: &str, field: &'static str, spacing: [f64; 3]) -> Result<[f64; 3]> {
    if spacing.iter().all(|s| (0.01..=50.0).contains(s)) {
        return Ok(spacing);
    }
    Err(Error::Volume {
        file: file.to_owned(),
        field,
        reason: format!("voxels of {} × {} × {} mm", spacing[0], spacing[1], spacing[2]),
        remedy: "write the voxel size in mm, between 0.01 and 50",
    })
}
