//! Keep a box of the patient.

use schemars::JsonSchema;
use serde::Deserialize;

use super::Workpiece;
use crate::volume::{Grid, Voxels};

/// Keep the voxels whose centres lie in a box; what is cut off there looks as if the scan ended.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Crop {
    /// Low corner, in the patient's axes (x to the left, y to the back, z to the head) [mm].
    pub low: [f64; 3],
    /// High corner [mm].
    pub high: [f64; 3],
}

impl Crop {
    pub(super) fn faults(&self) -> Vec<(&'static str, String, &'static str)> {
        let empty = (0..3).any(|a| self.low[a] >= self.high[a]);
        let fault =
            || ("high", format!("{:?} is not above {:?}", self.high, self.low), "swap them");
        empty.then(fault).into_iter().collect()
    }

    pub(super) fn apply(&self, work: &mut Workpiece) -> Result<(), String> {
        work.labels = self.cut(&work.labels)?;
        if let Some(scan) = &work.scan {
            work.scan = Some(self.cut(scan)?);
        }
        Ok(())
    }

    fn cut<T: Copy>(&self, volume: &Voxels<T>) -> Result<Voxels<T>, String> {
        let grid = &volume.grid;
        let mut first = [0; 3];
        let mut dims = [0; 3];
        for a in 0..3 {
            let inside = |i: &usize| {
                let at = grid.origin[a] + *i as f64 * grid.spacing[a];
                (self.low[a]..=self.high[a]).contains(&at)
            };
            first[a] = (0..grid.dims[a]).find(inside).unwrap_or(0);
            dims[a] = (0..grid.dims[a]).filter(inside).count();
        }
        if dims.contains(&0) {
            let (low, high) = (grid.low(), grid.high());
            return Err(format!(
                "the box misses the volume, which reaches from {low:.1?} to {high:.1?} mm"
            ));
        }
        let origin = std::array::from_fn(|a| grid.origin[a] + first[a] as f64 * grid.spacing[a]);
        let kept = Grid { dims, origin, spacing: grid.spacing };
        let mut values = Vec::with_capacity(kept.len());
        for z in 0..dims[2] {
            for y in 0..dims[1] {
                let row = grid.index([first[0], first[1] + y, first[2] + z]);
                values.extend_from_slice(&volume.values[row..row + dims[0]]);
            }
        }
        Ok(Voxels { grid: kept, values })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_box_keeps_its_voxels_where_they_lie() {
        let grid = Grid { dims: [4, 3, 2], origin: [10.0, 0.0, -5.0], spacing: [2.0, 1.0, 4.0] };
        let values = (0..24).collect();
        let mut work = Workpiece { labels: Voxels { grid, values }, scan: None };
        let crop = Crop { low: [11.0, 1.0, -9.0], high: [15.0, 9.0, -4.0] };
        crop.apply(&mut work).unwrap();
        let kept = Grid { dims: [2, 2, 1], origin: [12.0, 1.0, -5.0], ..grid };
        assert_eq!(work.labels, Voxels { grid: kept, values: vec![5, 6, 9, 10] });
        let error = Crop { low: [90.0; 3], high: [99.0; 3] }.apply(&mut work).unwrap_err();
        assert!(error.contains("misses the volume"), "{error}");
    }
}
