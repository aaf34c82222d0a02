//! Where a grid of voxels lies in the patient.

use nalgebra::{Matrix3, Vector3};

use super::{Grid, checked_spacing};
use crate::{Error, Result};

/// How far from a patient axis a voxel axis may point (sine of the angle): a resampled grid differs by round-off only.
const OBLIQUE: f64 = 1e-3;

/// For each file axis: the patient axis (0 x, 1 y, 2 z) it runs along, and whether it runs backwards.
pub(super) type Axes = [(usize, bool); 3];

/// From file voxels to the patient (LPS, mm): x = corner + i columns[0] + j columns[1] + k columns[2].
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Place {
    /// A step along i, j, k [mm].
    columns: [[f64; 3]; 3],
    /// Centre of voxel (0, 0, 0) [mm].
    corner: [f64; 3],
    /// Length of a step along i, j, k [mm].
    spacing: [f64; 3],
}

impl Place {
    /// Check what a header says. `fields` names its fields in errors.
    ///
    /// # Errors
    /// Steps that are no voxel size, axes that span no volume, a corner that is no place in a patient.
    pub(super) fn new(
        file: &str,
        fields: &'static str,
        columns: [[f64; 3]; 3],
        corner: [f64; 3],
    ) -> Result<Self> {
        let length = |c: &[f64; 3]| c.iter().map(|v| v * v).sum::<f64>().sqrt();
        let spacing =
            checked_spacing(file, fields, [&columns[0], &columns[1], &columns[2]].map(length))?;
        let error = |reason: &str, remedy| Error::Volume {
            file: file.to_owned(),
            field: fields,
            reason: reason.to_owned(),
            remedy,
        };
        if !corner.iter().all(|c| c.abs() < 1e5) {
            return Err(error("is no place in a patient", "write the offset in mm"));
        }
        let this = Self { columns, corner, spacing };
        let volume = this.matrix().determinant().abs() / spacing.iter().product::<f64>();
        if volume.is_nan() || volume < 0.1 {
            return Err(error(
                "axes of the grid run almost the same way",
                "write the volume with three axes at right angles",
            ));
        }
        Ok(this)
    }

    /// A grid whose axes run along the patient's, for formats that name them.
    pub(super) fn along(axes: Axes, spacing: [f64; 3]) -> Self {
        let mut columns = [[0.0; 3]; 3];
        for (i, (axis, backwards)) in axes.into_iter().enumerate() {
            columns[i][axis] = if backwards { -spacing[i] } else { spacing[i] };
        }
        Self { columns, corner: [0.0; 3], spacing }
    }

    /// Centre of voxel (0, 0, 0) [mm].
    pub(super) fn corner(&self) -> [f64; 3] {
        self.corner
    }

    /// Length of a step along i, j, k [mm].
    pub(super) fn spacing(&self) -> [f64; 3] {
        self.spacing
    }

    /// The patient axis of each file axis and whether it runs backwards; none for an oblique grid.
    pub(super) fn axes(&self) -> Option<Axes> {
        let mut axes: Axes = [(3, false); 3];
        for i in 0..3 {
            let column = self.columns[i];
            let axis = (0..3)
                .find(|&a| column[a].abs() > self.spacing[i] * (1.0 - OBLIQUE * OBLIQUE))
                .filter(|&a| axes.iter().all(|&(b, _)| a != b))?;
            axes[i] = (axis, column[axis] < 0.0);
        }
        Some(axes)
    }

    /// The largest angle between a file axis and the patient axis nearest to it [degrees].
    pub(super) fn tilt(&self) -> f64 {
        (0..3)
            .map(|i| {
                let most = self.columns[i].iter().map(|c| c.abs()).fold(0.0, f64::max);
                libm::acos((most / self.spacing[i]).clamp(0.0, 1.0)).to_degrees()
            })
            .fold(0.0, f64::max)
    }

    fn matrix(&self) -> Matrix3<f64> {
        Matrix3::from_columns(&self.columns.map(Vector3::from))
    }

    /// The matrix from patient steps [mm] to file steps [voxels].
    pub(super) fn inverse(&self) -> Option<Matrix3<f64>> {
        self.matrix().try_inverse()
    }

    /// Voxel coordinates of a patient point [mm].
    pub(super) fn file_point(&self, inverse: &Matrix3<f64>, point: [f64; 3]) -> [f64; 3] {
        (inverse * (Vector3::from(point) - Vector3::from(self.corner))).into()
    }

    /// An axis-aligned grid around the file voxels from `low` to `high`, with a voxel to spare, as fine along each patient axis
    /// as the file axis that runs most nearly along it.
    pub(super) fn enclosing(&self, low: [usize; 3], high: [usize; 3]) -> Grid {
        let mut spacing = [0.0; 3];
        let mut taken = [false; 3];
        // The file axis that is surest of its patient axis chooses first.
        let mut order = [0, 1, 2];
        let most = |i: usize| {
            self.columns[i].iter().map(|c| c.abs()).fold(0.0, f64::max) / self.spacing[i]
        };
        order.sort_by(|&a, &b| most(b).total_cmp(&most(a)));
        for i in order {
            let free = (0..3).filter(|&a| !taken[a]);
            let axis = free
                .max_by(|&a, &b| self.columns[i][a].abs().total_cmp(&self.columns[i][b].abs()))
                .unwrap_or(i);
            taken[axis] = true;
            spacing[axis] = self.spacing[i];
        }
        let (mut least, mut greatest) = ([f64::INFINITY; 3], [f64::NEG_INFINITY; 3]);
        for corner in 0..8_usize {
            for a in 0..3 {
                let mut c = self.corner[a];
                for i in 0..3 {
                    let end = if corner >> i & 1 == 1 {
                        high[i] as f64 + 0.5
                    } else {
                        low[i] as f64 - 0.5
                    };
                    c += end * self.columns[i][a];
                }
                least[a] = least[a].min(c);
                greatest[a] = greatest[a].max(c);
            }
        }
        let dims = std::array::from_fn(|a| {
            ((greatest[a] - least[a]) / spacing[a]).ceil().max(0.0) as usize + 2
        });
        let origin = std::array::from_fn(|a| {
            (least[a] + greatest[a]) / 2.0 - (dims[a] as f64 - 1.0) / 2.0 * spacing[a]
        });
        Grid { dims, origin, spacing }
    }
}
