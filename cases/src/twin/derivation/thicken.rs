//! A wall grows into the cavity that it bounds: asymmetric hypertrophy.

use schemars::JsonSchema;
use serde::Deserialize;

use super::Workpiece;

/// Let a wall take over what lies within a distance of it, most at a centre and nothing beyond a radius around that.
///
/// The growth falls from the centre as (1 − r²/R²)², a smooth hill; what the wall gains, the cavity loses.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Thicken {
    /// Label of the wall.
    pub label: u16,
    /// Labels that it grows into.
    pub into: Vec<u16>,
    /// Growth at the centre [mm].
    pub by: f64,
    /// Where it grows most, in the patient's axes [mm].
    pub centre: [f64; 3],
    /// Beyond this distance from the centre nothing grows [mm].
    pub radius: f64,
}

impl Thicken {
    pub(super) fn faults(&self) -> Vec<(&'static str, String, &'static str)> {
        let mut faults = Vec::new();
        if self.into.is_empty() || self.into.contains(&self.label) {
            let reason = "is empty, or holds the wall itself".to_owned();
            faults.push(("into", reason, "name the labels that it grows into"));
        }
        if !(0.1..=30.0).contains(&self.by) {
            faults.push(("by", format!("is {}", self.by), "write 0.1 to 30 mm"));
        }
        if !(1.0..=500.0).contains(&self.radius) {
            faults.push(("radius", format!("is {}", self.radius), "write 1 to 500 mm"));
        }
        faults
    }

    pub(super) fn apply(&self, work: &mut Workpiece) -> Result<(), String> {
        let grid = work.labels.grid;
        let reach: [isize; 3] = grid.spacing.map(|s| (self.by / s).floor() as isize);
        let at = |p: [isize; 3]| -> Option<usize> {
            let inside = (0..3).all(|a| (0..grid.dims[a] as isize).contains(&p[a]));
            inside.then(|| grid.index(p.map(|i| i as usize)))
        };
        let squared = |d: [f64; 3]| d.iter().map(|x| x * x).sum::<f64>();
        let before = &work.labels.values;
        let grows_into = |i: usize| self.into.contains(&before[i]);
        let mut grown = Vec::new();
        let mut is_there = false;
        for z in 0..grid.dims[2] as isize {
            for y in 0..grid.dims[1] as isize {
                for x in 0..grid.dims[0] as isize {
                    let p = [x, y, z];
                    let Some(i) = at(p).filter(|i| before[*i] == self.label) else { continue };
                    is_there = true;
                    let sides =
                        [[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]];
                    let meets = |d: [isize; 3]| {
                        at(std::array::from_fn(|a| p[a] + d[a])).is_some_and(grows_into)
                    };
                    if !sides.into_iter().any(meets) {
                        continue;
                    }
                    let place = |q: [isize; 3]| -> [f64; 3] {
                        std::array::from_fn(|a| grid.origin[a] + q[a] as f64 * grid.spacing[a])
                    };
                    let away = squared(std::array::from_fn(|a| place(p)[a] - self.centre[a]));
                    let hill = (1.0 - away / (self.radius * self.radius)).max(0.0);
                    let growth = self.by * hill * hill;
                    for dz in -reach[2]..=reach[2] {
                        for dy in -reach[1]..=reach[1] {
                            for dx in -reach[0]..=reach[0] {
                                let d = [dx, dy, dz];
                                let way: [f64; 3] =
                                    std::array::from_fn(|a| d[a] as f64 * grid.spacing[a]);
                                if squared(way) > growth * growth {
                                    continue;
                                }
                                let q = std::array::from_fn(|a| p[a] + d[a]);
                                grown.extend(at(q).filter(|j| *j != i && grows_into(*j)));
                            }
                        }
                    }
                }
            }
        }
        if !is_there {
            return Err(format!("no voxel has label {}", self.label));
        }
        for i in grown {
            work.labels.values[i] = self.label;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::volume::{Grid, Voxels};

    #[test]
    fn a_wall_grows_into_its_cavity_most_at_the_centre() {
        // A wall at x = 0 … 2, blood at 3 … 15, outside at 16 and beyond.
        let grid = Grid { dims: [20, 41, 41], origin: [0.0; 3], spacing: [1.0; 3] };
        let values = (0..grid.len()).map(|i| match i % 20 {
            0..=2 => 7,
            3..=15 => 11,
            _ => 0,
        });
        let mut work = Workpiece { labels: Voxels { grid, values: values.collect() }, scan: None };
        let before = work.labels.clone();
        let thicken =
            Thicken { label: 7, into: vec![11], by: 8.0, centre: [2.0, 20.0, 20.0], radius: 18.0 };
        thicken.apply(&mut work).unwrap();
        let thickness =
            |y: usize| (0..20).filter(|x| work.labels.values[grid.index([*x, y, 20])] == 7).count();
        assert_eq!([thickness(20), thickness(1)], [11, 3]);
        assert!((5..=9).contains(&thickness(11)), "{}", thickness(11));
        let outside = |v: &Voxels<u16>| v.values.iter().filter(|l| **l == 0).count();
        assert_eq!(outside(&work.labels), outside(&before));
        let error = Thicken { label: 9, ..thicken }.apply(&mut work).unwrap_err();
        assert!(error.contains("label 9"), "{error}");
    }
}
