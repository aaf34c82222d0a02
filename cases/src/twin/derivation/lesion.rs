//! Put a lump into an organ.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Workpiece, chance::Chance};

/// A lump of given diameter, lobed as tumours are: synthetic, and to be said so.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Lesion {
    /// Its label.
    pub label: u16,
    /// Centre, in the patient's axes [mm].
    pub centre: [f64; 3],
    /// Diameter of the ball of the same volume [mm].
    pub diameter: f64,
    /// How far its lobes rise above that ball, as a share of its radius.
    pub lobes: f64,
    /// Labels that it replaces.
    pub over: Vec<u16>,
    /// Seed of its shape.
    pub seed: u64,
}

/// Lobes on its surface.
const LOBES: usize = 14;

impl Lesion {
    pub(super) fn faults(&self) -> Vec<(&'static str, String, &'static str)> {
        let mut faults = Vec::new();
        if !(1.0..=200.0).contains(&self.diameter) {
            faults.push(("diameter", format!("is {} mm", self.diameter), "write 1 to 200 mm"));
        }
        if !(0.0..=0.5).contains(&self.lobes) {
            faults.push(("lobes", format!("is {}", self.lobes), "write 0 (a ball) to 0.5"));
        }
        faults
    }

    pub(super) fn apply(&self, work: &mut Workpiece) -> Result<(), String> {
        let mut chance = Chance::new(self.seed);
        let directions: Vec<[f64; 3]> = (0..LOBES).map(|_| chance.direction()).collect();
        let shape = |d: [f64; 3]| {
            let towards = |lobe: &[f64; 3]| (0..3).map(|a| d[a] * lobe[a]).sum::<f64>();
            // A lobe is as wide as an eighth of the surface.
            let rise = |lobe| towards(lobe).max(0.0).powi(8);
            1.0 + self.lobes * directions.iter().map(rise).fold(0.0, f64::max)
        };
        // The ball of the same volume, by the mean cube over many directions.
        let cubes: f64 = (0..4000).map(|_| shape(chance.direction()).powi(3)).sum::<f64>() / 4000.0;
        let radius = self.diameter / 2.0 / cubes.cbrt();
        let grid = work.labels.grid;
        let [nx, ny, _] = grid.dims;
        let mut made = 0;
        for (i, value) in work.labels.values.iter_mut().enumerate() {
            let voxel = [i % nx, i / nx % ny, i / (nx * ny)];
            let from: [f64; 3] = std::array::from_fn(|a| {
                grid.origin[a] + voxel[a] as f64 * grid.spacing[a] - self.centre[a]
            });
            let length = from.iter().map(|c| c * c).sum::<f64>().sqrt();
            let far = length > 1.5 * radius;
            if far || !self.over.contains(value) {
                continue;
            }
            if length <= radius * shape(from.map(|c| c / length.max(1e-9))) {
                *value = self.label;
                made += 1;
            }
        }
        if made == 0 {
            return Err("the lump lies in nothing that it may replace; move its centre".to_owned());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::volume::{Grid, Voxels};

    #[test]
    fn a_lump_has_its_volume_and_is_no_ball() {
        let grid = Grid { dims: [50; 3], origin: [0.0; 3], spacing: [1.0; 3] };
        let make = |seed| {
            let mut work =
                Workpiece { labels: Voxels { grid, values: vec![3; grid.len()] }, scan: None };
            let lump = Lesion {
                label: 9,
                centre: [25.0; 3],
                diameter: 30.0,
                lobes: 0.25,
                over: vec![3],
                seed,
            };
            assert!(lump.faults().is_empty());
            lump.apply(&mut work).unwrap();
            work.labels.values
        };
        let values = make(1);
        let count = values.iter().filter(|&&l| l == 9).count() as f64;
        let ball = 4.0 / 3.0 * std::f64::consts::PI * 15.0_f64.powi(3);
        assert!((count / ball - 1.0).abs() < 0.03, "{count} for {ball}");
        assert_eq!(values, make(1));
        assert_ne!(values, make(2));
    }
}
