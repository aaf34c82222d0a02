//! Labels on a grid of another spacing.

use schemars::JsonSchema;
use serde::Deserialize;

use super::Workpiece;
use crate::volume::{Grid, Voxels};

/// Labels on cubes of another size: each gets the label whose indicator, interpolated between the voxels, is largest there.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Resample {
    /// Edge of the new voxels [mm].
    pub spacing: f64,
}

impl Resample {
    pub(super) fn faults(&self) -> Vec<(&'static str, String, &'static str)> {
        let fault = || ("spacing", format!("is {}", self.spacing), "write 0.3 to 20 mm");
        (!(0.3..=20.0).contains(&self.spacing)).then(fault).into_iter().collect()
    }

    pub(super) fn apply(&self, work: &mut Workpiece) -> Result<(), String> {
        let grid = work.labels.grid.redivided(self.spacing);
        if grid.len() > 1 << 27 {
            return Err(format!(
                "{:?} voxels are too many; crop before, or write a larger spacing",
                grid.dims
            ));
        }
        work.labels = labels_on(&work.labels, grid);
        Ok(())
    }
}

/// Labels on another grid; 0 outside of their own.
pub(super) fn labels_on(labels: &Voxels<u16>, grid: Grid) -> Voxels<u16> {
    // Along each axis: the voxel below, and the share of the one above.
    let between: [Vec<(isize, f64)>; 3] = std::array::from_fn(|a| {
        let own = &labels.grid;
        (0..grid.dims[a])
            .map(|i| {
                let at =
                    (grid.origin[a] + i as f64 * grid.spacing[a] - own.origin[a]) / own.spacing[a];
                (at.floor() as isize, at - at.floor())
            })
            .collect()
    });
    let label = |p: [isize; 3]| {
        let inside = (0..3).all(|a| (0..labels.grid.dims[a] as isize).contains(&p[a]));
        if inside { labels.values[labels.grid.index(p.map(|i| i as usize))] } else { 0 }
    };
    let mut values = Vec::with_capacity(grid.len());
    for &(z, above_z) in &between[2] {
        for &(y, above_y) in &between[1] {
            for &(x, above_x) in &between[0] {
                let mut corners = [(0_u16, 0.0_f64); 8];
                for (i, corner) in corners.iter_mut().enumerate() {
                    let up = [i & 1, i >> 1 & 1, i >> 2];
                    let share = |up: usize, above: f64| if up == 1 { above } else { 1.0 - above };
                    let weight =
                        share(up[0], above_x) * share(up[1], above_y) * share(up[2], above_z);
                    *corner = (
                        label([x + up[0] as isize, y + up[1] as isize, z + up[2] as isize]),
                        weight,
                    );
                }
                values.push(heaviest(&corners));
            }
        }
    }
    Voxels { grid, values }
}

/// The label whose indicator, interpolated between the voxels, is largest at a point [mm]; beyond the outermost centres as there.
pub(super) fn label_at(labels: &Voxels<u16>, p: [f64; 3]) -> u16 {
    let grid = &labels.grid;
    let mut low = [0; 3];
    let mut part = [0.0; 3];
    for a in 0..3 {
        let at = ((p[a] - grid.origin[a]) / grid.spacing[a]).max(0.0);
        low[a] = (at as usize).min(grid.dims[a] - 1);
        part[a] = (at - low[a] as f64).min(1.0);
    }
    let corners = std::array::from_fn(|i| {
        let up = [i & 1, i >> 1 & 1, i >> 2];
        let voxel = std::array::from_fn(|a| (low[a] + up[a]).min(grid.dims[a] - 1));
        let share = |a: usize| if up[a] == 1 { part[a] } else { 1.0 - part[a] };
        (labels.values[grid.index(voxel)], share(0) * share(1) * share(2))
    });
    heaviest(&corners)
}

/// The label with the most weight; the first of equals.
fn heaviest(corners: &[(u16, f64); 8]) -> u16 {
    let first = corners[0].0;
    if corners.iter().all(|corner| corner.0 == first) {
        return first;
    }
    let weight = |label: u16| -> f64 { corners.iter().filter(|c| c.0 == label).map(|c| c.1).sum() };
    let mut best = (first, weight(first));
    for &(label, _) in &corners[1..] {
        let own = weight(label);
        if own > best.1 {
            best = (label, own);
        }
    }
    best.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_on_a_finer_grid_fill_the_same_space() {
        let grid = Grid { dims: [9, 9, 5], origin: [0.0; 3], spacing: [1.0, 1.0, 2.0] };
        let ball = |i: usize| {
            let (x, y, z) = (i % 9, i / 9 % 9, i / 81);
            let square = |a: usize, c: f64, s: f64| (a as f64 * s - c).powi(2);
            u16::from(square(x, 4.0, 1.0) + square(y, 4.0, 1.0) + square(z, 4.0, 2.0) < 10.0) * 7
        };
        let labels = Voxels { grid, values: (0..grid.len()).map(ball).collect() };
        let mut work = Workpiece { labels: labels.clone(), scan: None };
        Resample { spacing: 0.5 }.apply(&mut work).unwrap();
        assert_eq!(work.labels.grid.dims, [18, 18, 20]);
        let volume = |v: &Voxels<u16>| {
            v.values.iter().filter(|&&l| l == 7).count() as f64 * v.grid.voxel_volume()
        };
        let ratio = volume(&work.labels) / volume(&labels);
        assert!((0.85..1.15).contains(&ratio), "{ratio}");
        assert_eq!(labels_on(&labels, grid), labels);
    }
}
