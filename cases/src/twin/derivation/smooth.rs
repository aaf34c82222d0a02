//! Take the steps of coarse labels away.

use schemars::JsonSchema;
use serde::Deserialize;

use super::Workpiece;
use crate::{
    twin::field::{extents, smooth_indicator},
    volume::Voxels,
};

/// Labels on finer cubes with the steps of the source smoothed away: each cube gets the label whose indicator, convolved with a
/// Gaussian, is largest there. For fine things that are derived afterwards: nodules, vessels.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Smooth {
    /// Edge of the new voxels [mm].
    pub spacing: f64,
    /// Standard deviation of the Gaussian along x, y, z [mm]: about a voxel of the source.
    pub sigma: [f64; 3],
}

impl Smooth {
    pub(super) fn faults(&self) -> Vec<(&'static str, String, &'static str)> {
        let mut faults = Vec::new();
        if !(0.3..=20.0).contains(&self.spacing) {
            faults.push(("spacing", format!("is {}", self.spacing), "write 0.3 to 20 mm"));
        }
        if self.sigma.iter().any(|s| !(0.1..=20.0).contains(s)) {
            faults.push(("sigma", format!("is {:?}", self.sigma), "write 0.1 to 20 mm each"));
        }
        faults
    }

    pub(super) fn apply(&self, work: &mut Workpiece) -> Result<(), String> {
        let grid = work.labels.grid.redivided(self.spacing);
        if grid.len() > 1 << 26 {
            return Err(format!(
                "{:?} voxels are too many; crop before, or write a larger spacing",
                grid.dims
            ));
        }
        let mut number = vec![0_u8; usize::from(u16::MAX) + 1];
        let mut labels = work.labels.values.clone();
        labels.sort_unstable();
        labels.dedup();
        if labels.len() > 255 {
            return Err(format!("{} labels are too many to smooth at once", labels.len()));
        }
        for (i, &label) in labels.iter().enumerate() {
            number[usize::from(label)] = i as u8 + 1;
        }
        // What has no label is a label here, so that it counts like the others.
        let numbered = Voxels {
            grid: work.labels.grid,
            values: work.labels.values.iter().map(|&l| number[usize::from(l)]).collect(),
        };
        let extents = extents(&numbered, labels.len());
        let mut best = vec![0.0_f32; grid.len()];
        let mut values = vec![0_u16; grid.len()];
        for ((i, &label), extent) in labels.iter().enumerate().zip(extents) {
            let Some(extent) = extent else { continue };
            let field = smooth_indicator(&numbered, i as u8 + 1, &grid, self.sigma, extent);
            let (low, dims) = field.extent();
            for (row, part) in field.values().chunks_exact(dims[0].max(1)).enumerate() {
                let (y, z) = (row % dims[1], row / dims[1]);
                let first = grid.index([low[0], low[1] + y, low[2] + z]);
                for (x, &share) in part.iter().enumerate() {
                    if share > best[first + x] {
                        best[first + x] = share;
                        values[first + x] = label;
                    }
                }
            }
        }
        work.labels = Voxels { grid, values };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::volume::Grid;

    #[test]
    fn a_coarse_ball_becomes_a_round_one_of_the_same_size() {
        let grid = Grid { dims: [14; 3], origin: [1.5; 3], spacing: [3.0; 3] };
        let inside = |i: usize, n: usize, s: f64| {
            let at = [i % n, i / n % n, i / (n * n)].map(|c| (c as f64 + 0.5) * s - 21.0);
            at.iter().map(|c| c * c).sum::<f64>().sqrt()
        };
        let values = (0..grid.len()).map(|i| u16::from(inside(i, 14, 3.0) < 15.0) * 7).collect();
        let mut work = Workpiece { labels: Voxels { grid, values }, scan: None };
        Smooth { spacing: 1.0, sigma: [2.5; 3] }.apply(&mut work).unwrap();
        assert_eq!(work.labels.grid.dims, [42; 3]);
        let wrong = (0..work.labels.values.len()).filter(|&i| {
            let r = inside(i, 42, 1.0);
            (work.labels.values[i] == 7) != (r < 14.7) && (r - 14.7).abs() > 1.2
        });
        assert_eq!(wrong.count(), 0);
    }
}
