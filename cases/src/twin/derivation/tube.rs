//! Draw a vessel that the labels lack.

use schemars::JsonSchema;
use serde::Deserialize;

use super::Workpiece;
use crate::volume::Voxels;

/// A tube along a path, where anatomy puts a vessel that no label shows.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tube {
    /// Label of the tube.
    pub label: u16,
    /// Points of its axis, in the patient's axes [mm].
    pub path: Vec<[f64; 3]>,
    /// Radius [mm].
    pub radius: f64,
    /// Labels that it may replace; 0 is what has none.
    pub over: Vec<u16>,
}

impl Tube {
    pub(super) fn faults(&self) -> Vec<(&'static str, String, &'static str)> {
        let mut faults = Vec::new();
        if self.path.len() < 2 {
            faults.push(("path", "has no length".to_owned(), "give two points or more"));
        }
        if !(0.5..=50.0).contains(&self.radius) {
            faults.push(("radius", format!("is {} mm", self.radius), "write 0.5 to 50 mm"));
        }
        faults
    }

    pub(super) fn apply(&self, work: &mut Workpiece) -> Result<(), String> {
        let mut drawn = 0;
        for ends in self.path.windows(2) {
            drawn +=
                draw(&mut work.labels, [ends[0], ends[1]], self.radius, self.label, &self.over);
        }
        if drawn == 0 {
            return Err("the path misses the volume, or all that it may replace".to_owned());
        }
        Ok(())
    }
}

/// Give `label` to every voxel within `radius` mm of the line between two points that has one of the labels `over`. Returns how many.
pub(super) fn draw(
    labels: &mut Voxels<u16>,
    ends: [[f64; 3]; 2],
    radius: f64,
    label: u16,
    over: &[u16],
) -> usize {
    let grid = labels.grid;
    let range: [std::ops::Range<usize>; 3] = std::array::from_fn(|a| {
        let low = ends[0][a].min(ends[1][a]) - radius - grid.origin[a];
        let high = ends[0][a].max(ends[1][a]) + radius - grid.origin[a];
        let clamp = |i: f64| i.clamp(0.0, grid.dims[a] as f64) as usize;
        clamp((low / grid.spacing[a]).ceil())..clamp((high / grid.spacing[a]).floor() + 1.0)
    });
    let mut drawn = 0;
    for z in range[2].clone() {
        for y in range[1].clone() {
            for x in range[0].clone() {
                let at = [x, y, z];
                let p = std::array::from_fn(|a| grid.origin[a] + at[a] as f64 * grid.spacing[a]);
                let value = &mut labels.values[grid.index(at)];
                if over.contains(value) && to_line(p, ends) <= radius {
                    *value = label;
                    drawn += 1;
                }
            }
        }
    }
    drawn
}

/// Distance of a point from the line between two others [mm].
pub(super) fn to_line(p: [f64; 3], [a, b]: [[f64; 3]; 2]) -> f64 {
    let way: [f64; 3] = std::array::from_fn(|i| b[i] - a[i]);
    let square: f64 = way.iter().map(|w| w * w).sum();
    let along: f64 = (0..3).map(|i| (p[i] - a[i]) * way[i]).sum();
    let t = if square > 0.0 { (along / square).clamp(0.0, 1.0) } else { 0.0 };
    (0..3).map(|i| (p[i] - a[i] - t * way[i]).powi(2)).sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::volume::Grid;

    #[test]
    fn a_tube_has_its_volume_and_spares_what_it_may_not_replace() {
        let grid = Grid { dims: [20, 20, 30], origin: [0.0; 3], spacing: [0.5; 3] };
        let values = (0..grid.len()).map(|i| u16::from(i % 20 < 10)).collect();
        let mut work = Workpiece { labels: Voxels { grid, values }, scan: None };
        let tube = Tube {
            label: 7,
            path: vec![[4.75, 4.75, -5.0], [4.75, 4.75, 20.0]],
            radius: 2.5,
            over: vec![0],
        };
        tube.apply(&mut work).unwrap();
        let count = work.labels.values.iter().filter(|&&l| l == 7).count() as f64;
        let whole = std::f64::consts::PI * 2.5 * 2.5 * 15.0 / 2.0;
        assert!((count * 0.125 / whole - 1.0).abs() < 0.08, "{count} voxels for {whole} mm³");
        assert!(Tube { over: vec![9], ..tube }.apply(&mut work).is_err());
    }
}
