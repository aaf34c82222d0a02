//! Widen a vessel.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Workpiece, depth::distance};

/// Labels that spread into their surroundings by a given distance all around: a dilated vein.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Widen {
    /// Label that spreads.
    pub label: u16,
    /// How far [mm].
    pub by: f64,
    /// Labels that it takes over; 0 is what has none.
    pub over: Vec<u16>,
}

impl Widen {
    pub(super) fn faults(&self) -> Vec<(&'static str, String, &'static str)> {
        let fault = || ("by", format!("is {} mm", self.by), "write 0.1 to 30 mm");
        (!(0.1..=30.0).contains(&self.by)).then(fault).into_iter().collect()
    }

    pub(super) fn apply(&self, work: &mut Workpiece) -> Result<(), String> {
        let grid = work.labels.grid;
        let far = distance(&grid, |i| work.labels.values[i] == self.label);
        if far.iter().all(|d| d.is_infinite()) {
            return Err(format!("no voxel has the label {}", self.label));
        }
        // The surface lies half a voxel beyond the centres.
        for (value, far) in work.labels.values.iter_mut().zip(far) {
            if f64::from(far) <= self.by && self.over.contains(value) {
                *value = self.label;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::volume::{Grid, Voxels};

    #[test]
    fn a_vein_widens_where_it_may() {
        let grid = Grid { dims: [21, 21, 3], origin: [0.0; 3], spacing: [1.0; 3] };
        let values = (0..grid.len())
            .map(|i| {
                let (x, y) = (i % 21, i / 21 % 21);
                if x.abs_diff(10).pow(2) + y.abs_diff(10).pow(2) <= 9 {
                    4
                } else if x > 14 {
                    2
                } else {
                    0
                }
            })
            .collect();
        let mut work = Workpiece { labels: Voxels { grid, values }, scan: None };
        Widen { label: 4, by: 3.0, over: vec![0] }.apply(&mut work).unwrap();
        let at = |x: usize, y: usize| work.labels.values[x + 21 * y];
        assert_eq!([at(4, 10), at(3, 10), at(14, 10), at(15, 10)], [4, 0, 4, 2]);
        assert!(Widen { label: 9, by: 1.0, over: vec![0] }.apply(&mut work).is_err());
        assert_eq!(Widen { label: 9, by: 0.0, over: vec![] }.faults().len(), 1);
    }
}
