//! A label grown from seeds through the scan, stopped before it leaks.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Workpiece, pieces::flood, threshold};

/// Grow a region from seeds through voxels of low grey value: the airway from the trachea. The threshold rises step by step; when
/// a step makes the region leap in volume, the wall of a bronchus has been broken through, and the step before it counts
/// [Mori 1996].
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Grow {
    /// The label that is given.
    pub label: u16,
    /// Labels whose voxels may be taken: 0 for what has none yet.
    #[serde(default = "threshold::free")]
    pub within: Vec<u16>,
    /// Where to begin, in the patient's axes [mm]; each must lie in what may be taken.
    pub seeds: Vec<[f64; 3]>,
    /// The first threshold, and the last that is tried: what is below it is taken [HU for CT].
    pub thresholds: [f32; 2],
    /// From one threshold to the next.
    pub step: f32,
    /// A step that multiplies the volume by more than this has leaked.
    pub leap: f64,
}

impl Grow {
    pub(super) fn faults(&self) -> Vec<(&'static str, String, &'static str)> {
        let mut faults = Vec::new();
        if self.seeds.is_empty() {
            faults.push(("seeds", "is empty".to_owned(), "write a point inside the structure"));
        }
        if self.thresholds[0] > self.thresholds[1] {
            faults.push(("thresholds", "fall".to_owned(), "write the lower one first"));
        }
        let steps = (self.thresholds[1] - self.thresholds[0]) / self.step;
        if !(self.step > 0.0 && steps <= 200.0) {
            let reason = format!("is {}", self.step);
            faults.push(("step", reason, "write a step that is taken 200 times at most"));
        }
        if self.leap <= 1.0 || self.leap.is_nan() {
            faults.push(("leap", format!("is {}", self.leap), "write a factor above 1"));
        }
        faults
    }

    pub(super) fn apply(&self, work: &mut Workpiece) -> Result<(), String> {
        let scan = work.scan.as_ref().ok_or("there is no scan; name one in `image`")?;
        let grid = work.labels.grid;
        let greys = threshold::greys(scan, &grid);
        let takeable: Vec<bool> =
            work.labels.values.iter().map(|l| self.within.contains(l)).collect();
        let seeds: Vec<usize> = self
            .seeds
            .iter()
            .map(|&seed| {
                grid.voxel_at(seed)
                    .filter(|&v| takeable[v])
                    .ok_or_else(|| format!("the seed {seed:?} lies in nothing that may be taken"))
            })
            .collect::<Result<_, _>>()?;
        let mut best: Vec<usize> = Vec::new();
        let mut threshold = self.thresholds[0];
        while threshold <= self.thresholds[1] {
            let mut open: Vec<bool> =
                takeable.iter().zip(&greys).map(|(t, grey)| *t && *grey < threshold).collect();
            let mut region = Vec::new();
            for &seed in &seeds {
                if open[seed] {
                    region.extend(flood(&grid, &mut open, seed));
                }
            }
            if !best.is_empty() && region.len() as f64 > self.leap * best.len() as f64 {
                break;
            }
            best = region;
            threshold += self.step;
        }
        if best.is_empty() {
            return Err("no seed is as dark as the thresholds ask".to_owned());
        }
        for voxel in best {
            work.labels.values[voxel] = self.label;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::volume::{Grid, Voxels};

    /// A tube of air in a wall that is thin at one end, in a room of lung.
    fn tube() -> Workpiece {
        let grid = Grid { dims: [30, 15, 15], origin: [0.0; 3], spacing: [1.0; 3] };
        let grey = |i: usize| {
            let (x, y, z) = (i % 30, i / 30 % 15, i / 450);
            let r = (y as f64 - 7.0).hypot(z as f64 - 7.0);
            let wall = if x > 20 { -880.0 } else { -300.0 };
            match r {
                r if x < 25 && r < 2.0 => -990.0 + 0.2 * x as f32,
                r if x < 27 && r < 3.5 => wall,
                _ => -850.0,
            }
        };
        let scan = Voxels { grid, values: (0..grid.len()).map(grey).collect() };
        Workpiece { labels: Voxels { grid, values: vec![0; grid.len()] }, scan: Some(scan) }
    }

    #[test]
    fn growing_stops_before_the_leak() {
        let mut work = tube();
        let step = Grow {
            label: 2,
            within: threshold::free(),
            seeds: vec![[1.0, 7.0, 7.0]],
            thresholds: [-970.0, -700.0],
            step: 10.0,
            leap: 1.5,
        };
        step.apply(&mut work).unwrap();
        let taken = work.labels.values.iter().filter(|&&l| l == 2).count();
        // The lumen is 25 long with 9 voxels across; the leak would take the wall and the room behind it.
        assert_eq!(taken, 225);
        let outside = Grow { seeds: vec![[99.0, 0.0, 0.0]], ..step.clone() };
        assert!(outside.apply(&mut work).unwrap_err().contains("seed"));
        assert_eq!(Grow { leap: 1.0, step: 0.0, ..step }.faults().len(), 2);
    }
}
