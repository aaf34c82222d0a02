//! Samples as a file holds them, with where they lie; laid out along the patient's axes only when asked.

use std::{borrow::Cow, collections::BTreeMap};

use super::{
    Grid, MAX_VOXELS, Voxels, orient,
    place::{Axes, Place},
};
use crate::{Error, Result};

/// The sample types that the formats know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sample {
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
    /// Bytes of one sample.
    pub(super) fn bytes(self) -> usize {
        match self {
            Self::U8 | Self::I8 => 1,
            Self::U16 | Self::I16 => 2,
            Self::U32 | Self::I32 | Self::F32 => 4,
            Self::F64 => 8,
        }
    }
}

/// A volume in a file: its samples are decoded one by one as they are needed, so that nothing is held twice.
pub(super) struct Raster<'a> {
    /// Number of voxels along the file's axes i, j, k.
    pub(super) dims: [usize; 3],
    /// Samples from a voxel to the next along i, j, k.
    pub(super) strides: [usize; 3],
    /// Where they lie in the patient.
    pub(super) place: Place,
    /// The samples, and perhaps more behind them.
    pub(super) bytes: Cow<'a, [u8]>,
    /// Byte of the first sample.
    pub(super) start: usize,
    /// What a sample is.
    pub(super) sample: Sample,
    /// Most significant byte first?
    pub(super) big_endian: bool,
    /// Slope and intercept; (1, 0) leaves the samples as they are.
    pub(super) scale: [f64; 2],
}

/// How values that are asked for between samples are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Between {
    /// The nearest sample, 0 outside.
    Nearest,
    /// Trilinear; outside, the outermost samples go on for half a voxel, then `0` or the least grey value.
    Linear,
}

impl<'a> Raster<'a> {
    /// The samples of one volume, i fastest, without gaps.
    pub(super) fn packed(dims: [usize; 3], place: Place, bytes: Cow<'a, [u8]>) -> Self {
        Self {
            dims,
            strides: [1, dims[0], dims[0] * dims[1]],
            place,
            bytes,
            start: 0,
            sample: Sample::U8,
            big_endian: false,
            scale: [1.0, 0.0],
        }
    }

    /// Labels that were laid out in memory, i fastest.
    pub(super) fn of_labels(dims: [usize; 3], place: Place, values: Vec<u16>) -> Self {
        let bytes = values.into_iter().flat_map(u16::to_le_bytes).collect();
        Self { sample: Sample::U16, ..Self::packed(dims, place, Cow::Owned(bytes)) }
    }

    /// Check that every sample is there, for `layers` samples a voxel.
    ///
    /// # Errors
    /// A file that is shorter than its header promises.
    pub(super) fn checked(self, file: &str, layers: usize) -> Result<Self> {
        let wanted = self.dims.iter().product::<usize>() * layers * self.sample.bytes();
        let present = self.bytes.len().saturating_sub(self.start);
        if present < wanted {
            return Err(Error::Volume {
                file: file.to_owned(),
                field: "data",
                reason: format!("{present} bytes where the header promises {wanted}"),
                remedy: "fetch the file again, it is cut short",
            });
        }
        Ok(self)
    }

    /// Sample number `index`, scaled.
    #[inline]
    pub(super) fn value(&self, index: usize) -> f32 {
        let size = self.sample.bytes();
        let at = self.start + index * size;
        let mut bytes = [0; 8];
        // `checked` has seen that the samples are there.
        let Some(found) = self.bytes.get(at..at + size) else { return 0.0 };
        bytes[..size].copy_from_slice(found);
        if self.big_endian {
            bytes[..size].reverse();
        }
        let [a, b, c, d, ..] = bytes;
        let raw = match self.sample {
            Sample::U8 => f32::from(a),
            Sample::I8 => f32::from(a as i8),
            Sample::U16 => f32::from(u16::from_le_bytes([a, b])),
            Sample::I16 => f32::from(i16::from_le_bytes([a, b])),
            Sample::U32 => u32::from_le_bytes([a, b, c, d]) as f32,
            Sample::I32 => i32::from_le_bytes([a, b, c, d]) as f32,
            Sample::F32 => f32::from_le_bytes([a, b, c, d]),
            Sample::F64 => f64::from_le_bytes(bytes) as f32,
        };
        if self.scale == [1.0, 0.0] {
            raw
        } else {
            (f64::from(raw) * self.scale[0] + self.scale[1]) as f32
        }
    }

    /// Values as labels along the patient's axes, and the angle by which the file's grid is turned from them [degrees; 0 when
    /// nothing was resampled].
    ///
    /// # Errors
    /// A value that is no whole number of 0 to 65,535; an oblique grid whose labels fill more than the largest volume.
    pub(super) fn labels(&self, file: &str) -> Result<(Voxels<u16>, f64)> {
        let label = |value: f32| {
            if (0.0..=65535.0).contains(&value) && value.fract() == 0.0 {
                return Ok(value as u16);
            }
            Err(Error::Volume {
                file: file.to_owned(),
                field: "data",
                reason: format!("{value} is not a label"),
                remedy: "give a label volume of whole numbers from 0 to 65535, not a scan",
            })
        };
        if let Some(axes) = self.place.axes() {
            return Ok((self.turned(axes, label)?, 0.0));
        }
        let [low, high] = self.labelled_box(&label)?;
        let grid = self.place.enclosing(low, high);
        Ok((self.resampled(file, grid, Between::Nearest, label)?, self.place.tilt()))
    }

    /// Voxels of each label at the border of the file's grid, which sampling it anew hides.
    pub(super) fn at_border(&self) -> BTreeMap<u16, usize> {
        let mut counts = BTreeMap::new();
        let [ni, nj, nk] = self.dims;
        for k in 0..nk {
            for j in 0..nj {
                let face = j == 0 || j + 1 == nj || k == 0 || k + 1 == nk;
                // Inside the box only the two ends of a row.
                let step = if face { 1 } else { (ni - 1).max(1) };
                for i in (0..ni).step_by(step) {
                    let label = self.value(self.index([i, j, k])) as u16;
                    if label != 0 {
                        *counts.entry(label).or_default() += 1;
                    }
                }
            }
        }
        counts
    }

    /// Values as grey values along the patient's axes, and the angle as for [`Self::labels`]. What is not finite becomes 0.
    ///
    /// # Errors
    /// An oblique grid that fills more than the largest volume.
    pub(super) fn image(&self, file: &str) -> Result<(Voxels<f32>, f64)> {
        let grey = |value: f32| Ok(if value.is_finite() { value } else { 0.0 });
        if let Some(axes) = self.place.axes() {
            return Ok((self.turned(axes, grey)?, 0.0));
        }
        let grid = self.place.enclosing([0; 3], self.dims.map(|d| d - 1));
        Ok((self.resampled(file, grid, Between::Linear, grey)?, self.place.tilt()))
    }

    /// Lay samples out along the patient's axes, which the file's axes run along.
    fn turned<T>(&self, axes: Axes, convert: impl Fn(f32) -> Result<T>) -> Result<Voxels<T>> {
        let (grid, start, step) = orient::lay(self.dims, self.strides, &self.place, axes);
        let mut values = Vec::with_capacity(grid.len());
        for z in 0..grid.dims[2] as isize {
            for y in 0..grid.dims[1] as isize {
                let row = start + y * step[1] + z * step[2];
                for x in 0..grid.dims[0] as isize {
                    values.push(convert(self.value((row + x * step[0]) as usize))?);
                }
            }
        }
        Ok(Voxels { grid, values })
    }

    /// File voxels, low and high, between which all labels lie.
    fn labelled_box(&self, label: &impl Fn(f32) -> Result<u16>) -> Result<[[usize; 3]; 2]> {
        let (mut low, mut high) = ([usize::MAX; 3], [0; 3]);
        for k in 0..self.dims[2] {
            for j in 0..self.dims[1] {
                for i in 0..self.dims[0] {
                    let voxel = [i, j, k];
                    if label(self.value(self.index(voxel)))? != 0 {
                        for a in 0..3 {
                            low[a] = low[a].min(voxel[a]);
                            high[a] = high[a].max(voxel[a]);
                        }
                    }
                }
            }
        }
        Ok([low.map(|l| if l == usize::MAX { 0 } else { l }), high])
    }

    /// Sample of a voxel.
    pub(super) fn index(&self, voxel: [usize; 3]) -> usize {
        (0..3).map(|a| voxel[a] * self.strides[a]).sum()
    }

    /// Sample the volume anew on `grid`.
    fn resampled<T>(
        &self,
        file: &str,
        grid: Grid,
        between: Between,
        convert: impl Fn(f32) -> Result<T>,
    ) -> Result<Voxels<T>> {
        let count = grid.dims.iter().try_fold(1_u64, |n, &d| n.checked_mul(d as u64));
        if count.is_none_or(|n| n > MAX_VOXELS) {
            return Err(Error::Volume {
                file: file.to_owned(),
                field: "orientation",
                reason: format!(
                    "the oblique grid fills {} × {} × {} voxels along the patient's axes",
                    grid.dims[0], grid.dims[1], grid.dims[2]
                ),
                remedy: "crop it, or resample it to the patient's axes",
            });
        }
        let file_from_patient = self.place.inverse().ok_or_else(|| Error::Volume {
            file: file.to_owned(),
            field: "orientation",
            reason: "two axes of the grid run the same way".to_owned(),
            remedy: "write the volume with three different axes",
        })?;
        let mut values = Vec::with_capacity(grid.len());
        for z in 0..grid.dims[2] {
            for y in 0..grid.dims[1] {
                for x in 0..grid.dims[0] {
                    let voxel = [x, y, z];
                    let point: [f64; 3] =
                        std::array::from_fn(|a| grid.origin[a] + voxel[a] as f64 * grid.spacing[a]);
                    let at = self.place.file_point(&file_from_patient, point);
                    values.push(convert(match between {
                        Between::Nearest => self.nearest(at),
                        Between::Linear => self.linear(at),
                    })?);
                }
            }
        }
        Ok(Voxels { grid, values })
    }

    fn inside(&self, at: [f64; 3]) -> bool {
        (0..3).all(|a| at[a] >= -0.5 && at[a] < self.dims[a] as f64 - 0.5)
    }

    fn nearest(&self, at: [f64; 3]) -> f32 {
        if !self.inside(at) {
            return 0.0;
        }
        self.value(self.index(std::array::from_fn(|a| (at[a] + 0.5).floor().max(0.0) as usize)))
    }

    fn linear(&self, at: [f64; 3]) -> f32 {
        if !self.inside(at) {
            // Air, for a CT; black, for what has no negative values.
            return if self.scale[1] < 0.0 { self.scale[1] as f32 } else { 0.0 };
        }
        let low: [usize; 3] =
            std::array::from_fn(|a| (at[a].floor().max(0.0) as usize).min(self.dims[a] - 1));
        let part: [f64; 3] = std::array::from_fn(|a| (at[a] - low[a] as f64).clamp(0.0, 1.0));
        let mut sum = 0.0;
        for corner in 0..8_usize {
            let mut weight = 1.0;
            let voxel = std::array::from_fn(|a| {
                let high = corner >> a & 1;
                weight *= if high == 1 { part[a] } else { 1.0 - part[a] };
                (low[a] + high).min(self.dims[a] - 1)
            });
            if weight > 0.0 {
                sum += weight * f64::from(self.value(self.index(voxel)));
            }
        }
        sum as f32
    }
}
