//! The nodular surface of a cirrhotic organ.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Workpiece, chance::Chance, depth::depth};
use crate::volume::Grid;

/// Nodules that bump the surface of an organ, with furrows between them; its volume stays. Diameters are log-normal between two bounds:
/// micronodular cirrhosis has nodules up to 3 mm, macronodular beyond [Anthony et al. 1978]; the spread is a modelling choice.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Nodules {
    /// Labels that make up the organ.
    pub labels: Vec<u16>,
    /// Smallest and largest diameter [mm].
    pub diameter: [f64; 2],
    /// Median diameter before the bounds are applied [mm].
    pub median: f64,
    /// Standard deviation of its logarithm.
    pub spread: f64,
    /// Height of a nodule over its furrows, as a share of its radius.
    pub rise: f64,
    /// Labels into which nodules may bulge; 0 is what has none.
    pub over: Vec<u16>,
    /// Seed.
    pub seed: u64,
}

/// How close nodules may come, as a share of the sum of their radii.
const CLOSENESS: f64 = 0.75;
/// Share of the surface that is drawn for, counted by the discs of all nodules; more does not fit.
const COVER: f64 = 1.6;
/// Places tried for each.
const TRIES: usize = 60;

struct Nodule {
    centre: [f64; 3],
    radius: f64,
}

impl Nodules {
    pub(super) fn faults(&self) -> Vec<(&'static str, String, &'static str)> {
        let mut faults = Vec::new();
        let [low, high] = self.diameter;
        if !(0.5..=high).contains(&low) || high > 60.0 {
            let reason = format!("is {low} to {high} mm");
            faults.push(("diameter", reason, "write two bounds between 0.5 and 60 mm"));
        }
        if !(low..=high).contains(&self.median) {
            faults.push(("median", format!("is {}", self.median), "write one between the bounds"));
        }
        if !(0.0..=1.0).contains(&self.rise) {
            faults.push(("rise", format!("is {}", self.rise), "write 0 to 1"));
        }
        if !(0.01..=2.0).contains(&self.spread) {
            faults.push(("spread", format!("is {}", self.spread), "write 0.01 to 2"));
        }
        faults
    }

    pub(super) fn apply(&self, work: &mut Workpiece) -> Result<(), String> {
        let grid = work.labels.grid;
        let is_organ = |l: u16| self.labels.contains(&l);
        let before: Vec<bool> = work.labels.values.iter().map(|&l| is_organ(l)).collect();
        let volume = before.iter().filter(|&&b| b).count();
        if volume == 0 {
            return Err(format!("no voxel has a label of {:?}", self.labels));
        }
        let mut heights = depth(&grid, |i| before[i]);
        let voxel = grid.voxel_volume().cbrt();
        let surface: Vec<u32> = (0..grid.len())
            .filter(|&i| before[i] && f64::from(heights[i]) <= 0.6 * voxel)
            .filter(|&i| self.is_free(&grid, &work.labels.values, i))
            .map(|i| i as u32)
            .collect();
        if surface.is_empty() {
            return Err(format!("{:?} has no surface to {:?}", self.labels, self.over));
        }
        let nodules = self.place(&grid, &surface);
        let mut bumps = vec![0.0_f32; grid.len()];
        for nodule in &nodules {
            nodule.raise(&grid, self.rise, &mut bumps);
        }
        heights.iter_mut().zip(&bumps).for_each(|(h, b)| *h += b);
        let open: Vec<bool> =
            work.labels.values.iter().map(|l| is_organ(*l) || self.over.contains(l)).collect();
        // The level at which the organ has as many voxels as before: furrows sink as far as nodules rise.
        let count = |level: f32| (0..grid.len()).filter(|&i| open[i] && heights[i] > level).count();
        let (mut low, mut high) = (-1.0_f32, 10.0_f32);
        for _ in 0..24 {
            let middle = (low + high) / 2.0;
            if count(middle) > volume { low = middle } else { high = middle }
        }
        let after: Vec<bool> = (0..grid.len()).map(|i| open[i] && heights[i] > high).collect();
        self.relabel(work, &before, &after);
        Ok(())
    }

    /// Does the organ's surface face what nodules may bulge into?
    fn is_free(&self, grid: &Grid, labels: &[u16], i: usize) -> bool {
        crate::twin::clean::neighbours(grid, i).any(|n| self.over.contains(&labels[n]))
    }

    /// Nodules on the surface, the largest first, so that the small ones fill the gaps.
    fn place(&self, grid: &Grid, surface: &[u32]) -> Vec<Nodule> {
        let mut chance = Chance::new(self.seed);
        let [low, high] = self.diameter;
        let mut area = COVER * surface.len() as f64 * grid.voxel_volume().powf(2.0 / 3.0);
        let mut radii = Vec::new();
        while area > 0.0 {
            let diameter = self.median * (self.spread * chance.normal()).exp();
            if (low..=high).contains(&diameter) {
                radii.push(diameter / 2.0);
                area -= std::f64::consts::PI * (diameter / 2.0).powi(2);
            }
        }
        radii.sort_by(|a, b| b.total_cmp(a));
        let [nx, ny, _] = grid.dims;
        let mut placed: Vec<Nodule> = Vec::new();
        for radius in radii {
            for _ in 0..TRIES {
                let i = surface[chance.below(surface.len())] as usize;
                let voxel = [i % nx, i / nx % ny, i / (nx * ny)];
                let centre = std::array::from_fn(|a| {
                    grid.origin[a] + grid.spacing[a] * (voxel[a] as f64 + chance.unit() - 0.5)
                });
                let clear = placed.iter().all(|other: &Nodule| {
                    let square: f64 = (0..3).map(|a| (centre[a] - other.centre[a]).powi(2)).sum();
                    square >= (CLOSENESS * (radius + other.radius)).powi(2)
                });
                if clear {
                    placed.push(Nodule { centre, radius });
                    break;
                }
            }
        }
        placed
    }

    /// New tissue gets the label of the nearest old one, step by step; what has sunk gets none.
    fn relabel(&self, work: &mut Workpiece, before: &[bool], after: &[bool]) {
        let grid = work.labels.grid;
        let values = &mut work.labels.values;
        for i in 0..grid.len() {
            if before[i] && !after[i] {
                values[i] = 0;
            }
        }
        let mut open: Vec<usize> = (0..grid.len()).filter(|&i| after[i] && !before[i]).collect();
        while !open.is_empty() {
            let found: Vec<(usize, u16)> = open
                .iter()
                .filter_map(|&i| {
                    let mut around = crate::twin::clean::neighbours(&grid, i);
                    Some((i, values[around.find(|&n| self.labels.contains(&values[n]))?]))
                })
                .collect();
            if found.is_empty() {
                break;
            }
            for &(i, label) in &found {
                values[i] = label;
            }
            open.retain(|&i| !self.labels.contains(&values[i]));
        }
    }
}

impl Nodule {
    fn raise(&self, grid: &Grid, rise: f64, bumps: &mut [f32]) {
        let range: [std::ops::Range<usize>; 3] = std::array::from_fn(|a| {
            let at = |c: f64| (c - grid.origin[a]) / grid.spacing[a];
            let clamp = |i: f64| i.clamp(0.0, grid.dims[a] as f64) as usize;
            clamp(at(self.centre[a] - self.radius).ceil())
                ..clamp(at(self.centre[a] + self.radius).floor() + 1.0)
        });
        for z in range[2].clone() {
            for y in range[1].clone() {
                for x in range[0].clone() {
                    let voxel = [x, y, z];
                    let square: f64 = (0..3)
                        .map(|a| {
                            let at = grid.origin[a] + voxel[a] as f64 * grid.spacing[a];
                            (at - self.centre[a]).powi(2)
                        })
                        .sum();
                    let height = rise * self.radius * (1.0 - square / self.radius.powi(2));
                    let bump = &mut bumps[grid.index(voxel)];
                    *bump = bump.max(height as f32);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::volume::Voxels;

    fn recipe() -> Nodules {
        Nodules {
            labels: vec![5, 6],
            diameter: [3.0, 15.0],
            median: 7.0,
            spread: 0.4,
            rise: 0.5,
            over: vec![0],
            seed: 3,
        }
    }

    fn ball() -> Workpiece {
        let grid = Grid { dims: [60; 3], origin: [0.0; 3], spacing: [1.0; 3] };
        let values = (0..grid.len())
            .map(|i| {
                let p = [i % 60, i / 60 % 60, i / 3600].map(|c| c as f64 - 29.5);
                let inside = p.iter().map(|c| c * c).sum::<f64>() < 22.0_f64.powi(2);
                if inside { if p[0] < 0.0 { 5 } else { 6 } } else { 0 }
            })
            .collect();
        Workpiece { labels: Voxels { grid, values }, scan: None }
    }

    #[test]
    fn nodules_bump_the_surface_and_keep_the_volume() {
        let before = ball();
        let mut work = before.clone();
        recipe().apply(&mut work).unwrap();
        let organ = |w: &Workpiece| w.labels.values.iter().filter(|&&l| l != 0).count() as f64;
        assert!((organ(&work) / organ(&before) - 1.0).abs() < 0.005);
        // Distance of the surface from the centre: a ball no longer.
        let faces = |w: &Workpiece| {
            let grid = w.labels.grid;
            let edge = (0..grid.len()).filter(|&i| {
                w.labels.values[i] != 0
                    && crate::twin::clean::neighbours(&grid, i).any(|n| w.labels.values[n] == 0)
            });
            let radii: Vec<f64> = edge
                .map(|i| {
                    let p = [i % 60, i / 60 % 60, i / 3600].map(|c| c as f64 - 29.5);
                    p.iter().map(|c| c * c).sum::<f64>().sqrt()
                })
                .collect();
            let mean = radii.iter().sum::<f64>() / radii.len() as f64;
            (radii.iter().map(|r| (r - mean).powi(2)).sum::<f64>() / radii.len() as f64).sqrt()
        };
        assert!(faces(&work) > 2.0 * faces(&before), "{} from {}", faces(&work), faces(&before));
        let mut again = before.clone();
        recipe().apply(&mut again).unwrap();
        assert_eq!(work, again);
    }

    #[test]
    fn diameters_keep_their_bounds_and_nodules_their_distance() {
        let work = ball();
        let grid = work.labels.grid;
        let surface: Vec<u32> = (0..grid.len())
            .filter(|&i| work.labels.values[i] != 0)
            .filter(|&i| recipe().is_free(&grid, &work.labels.values, i))
            .map(|i| i as u32)
            .collect();
        let nodules = recipe().place(&grid, &surface);
        assert!(nodules.len() > 40, "{}", nodules.len());
        for (i, a) in nodules.iter().enumerate() {
            assert!((1.5..=7.5).contains(&a.radius));
            for b in &nodules[..i] {
                let square: f64 = (0..3).map(|k| (a.centre[k] - b.centre[k]).powi(2)).sum();
                assert!(square.sqrt() >= 0.749 * (a.radius + b.radius));
            }
        }
    }

    #[test]
    fn nodules_that_cannot_be_are_refused() {
        assert!(recipe().faults().is_empty());
        let wrong = Nodules { diameter: [9.0, 3.0], rise: 7.0, spread: 0.0, ..recipe() };
        assert_eq!(wrong.faults().len(), 4);
        let none = Nodules { labels: vec![77], ..recipe() }.apply(&mut ball());
        assert!(none.unwrap_err().contains("[77]"));
    }
}
