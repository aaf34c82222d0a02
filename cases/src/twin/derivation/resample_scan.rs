//! The scan on larger voxels.

use schemars::JsonSchema;
use serde::Deserialize;

use super::Workpiece;
use crate::volume::{Grid, Voxels};

/// The scan on voxels of another size, each with the mean of what it covers: a pack holds what slices show, not more. Put it behind
/// what segments.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResampleScan {
    /// Size of the new voxels along x, y, z [mm].
    pub spacing: [f64; 3],
}

impl ResampleScan {
    pub(super) fn faults(&self) -> Vec<(&'static str, String, &'static str)> {
        let wrong = self.spacing.iter().any(|s| !(0.3..=20.0).contains(s));
        let fault = || ("spacing", format!("is {:?}", self.spacing), "write 0.3 to 20 mm");
        wrong.then(fault).into_iter().collect()
    }

    pub(super) fn apply(&self, work: &mut Workpiece) -> Result<(), String> {
        let mut scan = work.scan.take().ok_or("there is no scan; name one in `image`")?;
        for axis in 0..3 {
            let grid = scan.grid.redivided(self.spacing[axis]);
            scan = along(&scan, axis, grid.dims[axis]);
        }
        work.scan = Some(scan);
        Ok(())
    }
}

/// The same box with `count` voxels along one axis.
fn along(scan: &Voxels<f32>, axis: usize, count: usize) -> Voxels<f32> {
    let old = scan.grid;
    let mut grid = Grid { dims: old.dims, ..old };
    grid.dims[axis] = count;
    let ratio = old.dims[axis] as f64 / count as f64;
    grid.spacing[axis] = old.spacing[axis] * ratio;
    grid.origin[axis] = old.low()[axis] + grid.spacing[axis] / 2.0;
    // Which of the old voxels a new one covers, and how much of each.
    let covers: Vec<Vec<(usize, f64)>> = (0..count)
        .map(|i| {
            let (from, to) = (i as f64 * ratio, (i + 1) as f64 * ratio);
            (from as usize..(to.ceil() as usize).min(old.dims[axis]))
                .map(|j| (j, (to.min(j as f64 + 1.0) - from.max(j as f64)) / ratio))
                .filter(|(_, share)| *share > 0.0)
                .collect()
        })
        .collect();
    let mut values = Vec::with_capacity(grid.len());
    for z in 0..grid.dims[2] {
        for y in 0..grid.dims[1] {
            for x in 0..grid.dims[0] {
                let mut p = [x, y, z];
                let mean = covers[p[axis]].iter().map(|&(j, share)| {
                    p[axis] = j;
                    share * f64::from(scan.values[old.index(p)])
                });
                values.push(mean.sum::<f64>() as f32);
            }
        }
    }
    Voxels { grid, values }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_coarser_scan_keeps_its_box_and_its_mean() {
        let grid = Grid { dims: [6, 4, 3], origin: [1.0, 2.0, 3.0], spacing: [0.5, 0.5, 4.0] };
        let values: Vec<f32> = (0..grid.len()).map(|i| (i * 7 % 31) as f32).collect();
        let mean = |v: &[f32]| v.iter().sum::<f32>() / v.len() as f32;
        let before = mean(&values);
        let labels = Voxels { grid, values: vec![0; grid.len()] };
        let mut work = Workpiece { labels, scan: Some(Voxels { grid, values }) };
        ResampleScan { spacing: [0.75, 1.0, 4.0] }.apply(&mut work).unwrap();
        let scan = work.scan.unwrap();
        assert_eq!(scan.grid.dims, [4, 2, 3]);
        for a in 0..3 {
            assert!((scan.grid.low()[a] - grid.low()[a]).abs() < 1e-9);
            assert!((scan.grid.high()[a] - grid.high()[a]).abs() < 1e-9);
        }
        assert!((mean(&scan.values) - before).abs() < 1e-3);
    }
}
