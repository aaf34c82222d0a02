//! Scans and label volumes, from files to the patient's axes.
//!
//! Readers are own small ones on flate2: they allocate nothing that a header merely promises, keep nothing of a header but
//! geometry and the names of labels, and run in the browser too.

mod bounded;
mod dicom;
mod guess;
mod inrimage;
mod mesh;
mod nifti;
mod nrrd;
mod orient;
mod place;
mod raster;
mod segmentation;
mod table;

pub use dicom::{is_dicom, is_dicom_segmentation};
pub use guess::{is_labels, is_volume};
pub use mesh::{CavityRecipe, MeshRecipe, read_mesh};
pub use segmentation::{Name, Names, Segmentation, merge_masks};
pub use table::read_table;

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

    /// Cubes of exactly `spacing` with the same centre, as few as cover the box; the centres of all lie in it.
    pub fn in_cubes(&self, spacing: f64) -> Self {
        let (low, high) = (self.low(), self.high());
        // A box that is whole cubes wide but for rounding takes no more.
        let dims: [usize; 3] =
            std::array::from_fn(|a| (((high[a] - low[a]) / spacing - 1e-6).ceil() as usize).max(2));
        let origin = std::array::from_fn(|a| {
            0.5 * (low[a] + high[a]) - 0.5 * spacing * (dims[a] as f64 - 1.0)
        });
        Self { dims, origin, spacing: [spacing; 3] }
    }

    /// The voxel whose box holds `point` [mm], or none outside.
    #[inline]
    pub fn voxel_at(&self, point: [f64; 3]) -> Option<usize> {
        let mut voxel = [0; 3];
        for a in 0..3 {
            // Cut off, not floor: the same from 0 on, and no call of a function in the hottest loop of baking.
            let i = (point[a] - self.origin[a]) / self.spacing[a] + 0.5;
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

impl<T> Voxels<T> {
    /// No voxel at all: what labels are before something makes them.
    pub fn none() -> Self {
        let grid = Grid { dims: [0; 3], origin: [0.0; 3], spacing: [1.0; 3] };
        Self { grid, values: Vec::new() }
    }
}

/// Read a label volume: NIfTI-1 (`.nii`), NRRD (`.nrrd`, `.seg.nrrd`) or INRIMAGE (`.inr`), gzipped or not, or a DICOM segmentation.
///
/// `axes` names the patient direction of increasing i, j, k ("LPS") for a file that does not say. An oblique grid is sampled
/// anew along the patient's axes, each voxel with the label nearest to it.
///
/// # Errors
/// A header that is not understood, sizes beyond 2²⁷ voxels, values that are not whole numbers of 0 to 65,535.
pub fn read_labels(file: &str, bytes: &[u8], axes: Option<&str>) -> Result<Voxels<u16>> {
    Ok(read_segmentation(file, bytes, axes, &nothing_beside)?.voxels)
}

/// As [`read_labels`], with what the file calls its labels. `sibling` gives the bytes of a file beside it, for NRRD headers
/// whose data are apart (`.nhdr`).
///
/// # Errors
/// As [`read_labels`].
pub fn read_segmentation(
    file: &str,
    bytes: &[u8],
    axes: Option<&str>,
    sibling: &dyn Fn(&str) -> Result<Vec<u8>>,
) -> Result<Segmentation> {
    let bytes = bounded::inflate(file, bytes)?;
    let (raster, names, mut notes) = match Format::of(&bytes) {
        Format::Nrrd => nrrd::read(file, bytes, sibling)?.flat(file)?,
        Format::Nifti => {
            let names = nifti::names(&bytes);
            (nifti::read(file, bytes, axes)?, names, Vec::new())
        }
        Format::Inrimage => (inrimage::read(file, bytes, axes)?, Names::new(), Vec::new()),
        Format::Dicom => dicom::read_segments(file, &bytes)?,
    };
    let (voxels, tilt) = raster.labels(file)?;
    notes.extend(segmentation::resampling_note("labels", tilt, "the nearest label"));
    if tilt > 0.0 {
        notes.extend(segmentation::border_note(&raster.at_border(), &names));
    }
    Ok(Segmentation { voxels, names, notes })
}

/// Read a scan; grey values as the file's scaling gives them (HU for CT), what is not finite as 0. An oblique grid is sampled
/// anew along the patient's axes, trilinearly.
///
/// # Errors
/// As [`read_labels`], but any value is fine.
pub fn read_image(file: &str, bytes: &[u8], axes: Option<&str>) -> Result<Voxels<f32>> {
    Ok(read_scan(file, bytes, axes, &nothing_beside)?.0)
}

/// As [`read_image`], with what was done to it on the way; `sibling` as for [`read_segmentation`].
///
/// # Errors
/// As [`read_image`].
pub fn read_scan(
    file: &str,
    bytes: &[u8],
    axes: Option<&str>,
    sibling: &dyn Fn(&str) -> Result<Vec<u8>>,
) -> Result<(Voxels<f32>, Vec<String>)> {
    let bytes = bounded::inflate(file, bytes)?;
    let raster = match Format::of(&bytes) {
        Format::Nrrd => {
            let nrrd = nrrd::read(file, bytes, sibling)?;
            if nrrd.layers > 1 {
                return Err(Error::Volume {
                    file: file.to_owned(),
                    field: "sizes",
                    reason: format!("{} values a voxel", nrrd.layers),
                    remedy: "give a scan of one value a voxel",
                });
            }
            nrrd.raster
        }
        Format::Nifti => nifti::read(file, bytes, axes)?,
        Format::Inrimage => inrimage::read(file, bytes, axes)?,
        Format::Dicom => return read_series(&[(file.to_owned(), bytes.into_owned())]),
    };
    let (voxels, tilt) = raster.image(file)?;
    let notes = segmentation::resampling_note("scan", tilt, "trilinear interpolation");
    Ok((voxels, notes.into_iter().collect()))
}

/// Read a DICOM series, or one multi-frame image: `files` are names and bytes, in any order. Slices are put in the order in which
/// they lie, their grey values scaled by slope and intercept (HU for CT). Of several series in one folder the largest is read.
///
/// # Errors
/// A file that is no DICOM image, is cut short or compressed in a way that is not supported; slices that are missing, twice there
/// or unevenly spaced.
pub fn read_series(files: &[(String, Vec<u8>)]) -> Result<(Voxels<f32>, Vec<String>)> {
    let (raster, mut notes) = dicom::read_series(files)?;
    let file = files.first().map(|f| f.0.as_str()).unwrap_or_default();
    let (voxels, tilt) = raster.image(file)?;
    notes.extend(segmentation::resampling_note("scan", tilt, "trilinear interpolation"));
    Ok((voxels, notes))
}

/// For a file that came alone.
fn nothing_beside(name: &str) -> Result<Vec<u8>> {
    Err(Error::Source {
        file: name.to_owned(),
        reason: "holds the data of a detached header and was not given".to_owned(),
        remedy: "keep it beside the header, or write both into one file",
    })
}

/// What a file is, by its first bytes.
enum Format {
    Dicom,
    Nifti,
    Nrrd,
    Inrimage,
}

impl Format {
    fn of(bytes: &[u8]) -> Self {
        // Whatever else it is, the NIfTI reader says what was expected.
        Self::known(bytes).unwrap_or(Self::Nifti)
    }

    /// The format by its mark; none for what has the mark of none.
    fn known(bytes: &[u8]) -> Option<Self> {
        let length = bytes.first_chunk();
        if bytes.starts_with(b"#INRIMAGE-4#{") {
            Some(Self::Inrimage)
        } else if bytes.starts_with(b"NRRD000") {
            Some(Self::Nrrd)
        } else if is_dicom(bytes) {
            Some(Self::Dicom)
        } else if length == Some(&348_i32.to_le_bytes()) || length == Some(&348_i32.to_be_bytes()) {
            Some(Self::Nifti)
        } else {
            None
        }
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
