//! One label divided into two by a plane.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Workpiece, pieces::position};

/// Give another label to what lies on one side of a plane: right and left lung, trachea and bronchi.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Divide {
    /// The label that is divided.
    pub label: u16,
    /// The label of the side to which the normal points.
    pub into: u16,
    /// A point of the plane, in the patient's axes [mm].
    pub point: [f64; 3],
    /// Its normal; x to the left, y to the back, z to the head.
    pub normal: [f64; 3],
}

impl Divide {
    pub(super) fn faults(&self) -> Vec<(&'static str, String, &'static str)> {
        let flat = self.normal.iter().all(|n| n.abs() < 1e-6);
        let fault = || ("normal", "points nowhere".to_owned(), "write a direction");
        flat.then(fault).into_iter().collect()
    }

    pub(super) fn apply(&self, work: &mut Workpiece) -> Result<(), String> {
        let grid = work.labels.grid;
        let mut sides = [0_usize; 2];
        for (i, label) in work.labels.values.iter_mut().enumerate() {
            if *label != self.label {
                continue;
            }
            let p = position(&grid, i);
            let height: f64 = (0..3)
                .map(|a| {
                    let at = grid.origin[a] + p[a] as f64 * grid.spacing[a];
                    (at - self.point[a]) * self.normal[a]
                })
                .sum();
            sides[usize::from(height > 0.0)] += 1;
            if height > 0.0 {
                *label = self.into;
            }
        }
        match sides {
            [0, 0] => Err(format!("there is no label {}", self.label)),
            [0, _] | [_, 0] => Err(format!("the plane misses label {}", self.label)),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::volume::{Grid, Voxels};

    #[test]
    fn a_plane_parts_a_label_and_must_meet_it() {
        let grid = Grid { dims: [6, 1, 1], origin: [-5.0, 0.0, 0.0], spacing: [2.0; 3] };
        let labels = Voxels { grid, values: vec![1, 1, 1, 1, 2, 1] };
        let mut work = Workpiece { labels, scan: None };
        let cut = Divide { label: 1, into: 7, point: [0.0; 3], normal: [1.0, 0.0, 0.0] };
        cut.apply(&mut work).unwrap();
        assert_eq!(work.labels.values, [1, 1, 1, 7, 2, 7]);
        assert!(cut.apply(&mut work).unwrap_err().contains("misses label 1"));
    }
}
