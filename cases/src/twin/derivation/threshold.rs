//! A label for what has certain grey values in the scan.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Axis, Workpiece, distance, pieces};
use crate::volume::{Grid, Voxels};

/// Give a label to voxels whose grey value in the scan, interpolated at their centre, lies in a range; of what was found,
/// pieces can be kept by their size and place.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Threshold {
    /// The label that is given.
    pub label: u16,
    /// Labels whose voxels may be taken: 0 for what has none yet.
    #[serde(default = "free")]
    pub within: Vec<u16>,
    /// Least grey value [HU for CT].
    pub low: f32,
    /// Greatest grey value.
    pub high: f32,
    /// Only at least so deep inside what may be taken [mm]: keeps off surfaces, whose voxels are a mixture.
    #[serde(default)]
    pub depth: f64,
    /// Only near these labels.
    pub near: Option<Vec<u16>>,
    /// How near to them [mm].
    #[serde(default)]
    pub reach: f64,
    /// Pieces that touch the ends of the volume across these axes go: the air around a patient.
    #[serde(default)]
    pub closed: Vec<Axis>,
    /// How many of the largest pieces are taken; all if it is not said.
    pub keep: Option<usize>,
    /// Pieces below this are not taken [mL].
    #[serde(default)]
    pub smallest: f64,
}

pub(super) fn free() -> Vec<u16> {
    vec![0]
}

impl Threshold {
    pub(super) fn faults(&self) -> Vec<(&'static str, String, &'static str)> {
        let mut faults = Vec::new();
        if self.low > self.high {
            faults.push(("high", format!("{} is below {}", self.high, self.low), "swap them"));
        }
        if self.label == 0 {
            faults.push(("label", "is 0, which is no structure".to_owned(), "write 1 or more"));
        }
        if self.near.is_some() != (self.reach > 0.0) {
            let reason = "`near` and `reach` belong together".to_owned();
            faults.push(("reach", reason, "write both or none"));
        }
        if self.depth < 0.0 || self.smallest < 0.0 {
            faults.push(("depth", "or `smallest` is negative".to_owned(), "write 0 or more"));
        }
        faults
    }

    pub(super) fn apply(&self, work: &mut Workpiece) -> Result<(), String> {
        let scan = work.scan.as_ref().ok_or("there is no scan; name one in `image`")?;
        let grid = work.labels.grid;
        let takeable: Vec<bool> =
            work.labels.values.iter().map(|l| self.within.contains(l)).collect();
        let mut mask = if self.depth > 0.0 {
            distance::eroded(&grid, &takeable, self.depth)
        } else {
            takeable
        };
        if let Some(near) = &self.near {
            let there: Vec<bool> = work.labels.values.iter().map(|l| near.contains(l)).collect();
            for (m, near) in mask.iter_mut().zip(distance::dilated(&grid, &there, self.reach)) {
                *m &= near;
            }
        }
        for (m, grey) in mask.iter_mut().zip(greys(scan, &grid)) {
            *m &= (self.low..=self.high).contains(&grey);
        }
        let closed: Vec<usize> = self.closed.iter().map(|a| *a as usize).collect();
        pieces::keep(&grid, &mut mask, &closed, self.keep, self.smallest);
        if !mask.contains(&true) {
            return Err(format!(
                "nothing for label {} has grey values from {} to {} there",
                self.label, self.low, self.high
            ));
        }
        for (label, taken) in work.labels.values.iter_mut().zip(mask) {
            if taken {
                *label = self.label;
            }
        }
        Ok(())
    }
}

/// Grey values at the centres of another grid's voxels, trilinear; beyond the scan its outermost go on.
pub(super) fn greys(scan: &Voxels<f32>, grid: &Grid) -> Vec<f32> {
    let between: [Vec<(usize, usize, f32)>; 3] = std::array::from_fn(|a| {
        let (own, last) = (&scan.grid, scan.grid.dims[a] - 1);
        (0..grid.dims[a])
            .map(|i| {
                let at =
                    (grid.origin[a] + i as f64 * grid.spacing[a] - own.origin[a]) / own.spacing[a];
                let at = at.clamp(0.0, last as f64);
                let low = at as usize;
                (low, (low + 1).min(last), (at - low as f64) as f32)
            })
            .collect()
    });
    let mut values = Vec::with_capacity(grid.len());
    let mix = |a: f32, b: f32, t: f32| a + (b - a) * t;
    for &(z0, z1, tz) in &between[2] {
        for &(y0, y1, ty) in &between[1] {
            let rows = [[y0, z0], [y1, z0], [y0, z1], [y1, z1]].map(|[y, z]| {
                let start = scan.grid.index([0, y, z]);
                &scan.values[start..start + scan.grid.dims[0]]
            });
            for &(x0, x1, tx) in &between[0] {
                let [a, b, c, d] = rows.map(|row| mix(row[x0], row[x1], tx));
                values.push(mix(mix(a, b, ty), mix(c, d, ty), tz));
            }
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A body of soft tissue with a lung inside and air around.
    fn chest() -> Workpiece {
        let grid = Grid { dims: [20, 20, 6], origin: [0.0; 3], spacing: [1.0, 1.0, 2.0] };
        let grey = |i: usize| {
            let (x, y) = ((i % 20) as f64 - 9.5, (i / 20 % 20) as f64 - 9.5);
            match x.hypot(y) {
                r if r < 5.0 => -850.0,
                r if r < 8.5 => 40.0,
                _ => -1000.0,
            }
        };
        let scan = Voxels { grid, values: (0..grid.len()).map(grey).collect() };
        Workpiece { labels: Voxels { grid, values: vec![0; grid.len()] }, scan: Some(scan) }
    }

    fn air() -> Threshold {
        Threshold {
            label: 3,
            within: free(),
            low: -1100.0,
            high: -400.0,
            depth: 0.0,
            near: None,
            reach: 0.0,
            closed: vec![Axis::X, Axis::Y],
            keep: None,
            smallest: 0.0,
        }
    }

    #[test]
    fn air_inside_a_body_is_told_from_that_around_it() {
        let mut work = chest();
        air().apply(&mut work).unwrap();
        let found = work.labels.values.iter().filter(|&&l| l == 3).count();
        // A disc of radius 5, six slices of it.
        assert!((440..=500).contains(&found), "{found}");
        assert_eq!(work.labels.values[0], 0);
    }

    #[test]
    fn what_is_not_there_is_told() {
        let mut work = chest();
        let error = Threshold { low: 500.0, high: 900.0, ..air() }.apply(&mut work).unwrap_err();
        assert!(error.contains("label 3"), "{error}");
        work.scan = None;
        assert!(air().apply(&mut work).unwrap_err().contains("`image`"));
        assert_eq!(Threshold { high: -2000.0, ..air() }.faults().len(), 1);
    }

    #[test]
    fn depth_and_nearness_narrow_what_is_taken() {
        let mut work = chest();
        air().apply(&mut work).unwrap();
        let inner = Threshold { label: 4, within: vec![3], depth: 2.0, ..air() };
        let inner = Threshold { closed: Vec::new(), ..inner };
        inner.apply(&mut work).unwrap();
        let wall = Threshold { label: 5, low: 0.0, high: 90.0, ..air() };
        let wall = Threshold { closed: Vec::new(), near: Some(vec![3, 4]), reach: 1.5, ..wall };
        wall.apply(&mut work).unwrap();
        let at = |x: usize| work.labels.values[work.labels.grid.index([x, 10, 3])];
        assert_eq!([at(10), at(13), at(15), at(17), at(19)], [4, 3, 5, 0, 0]);
    }

    #[test]
    fn greys_are_trilinear_and_go_on_beyond_the_scan() {
        let grid = Grid { dims: [3, 2, 2], origin: [0.0; 3], spacing: [2.0; 3] };
        let value = |i: usize| (i % 3) as f32 + 10.0 * (i / 3 % 2) as f32 + 100.0 * (i / 6) as f32;
        let scan = Voxels { grid, values: (0..12).map(value).collect() };
        let finer = Grid { dims: [5, 1, 1], origin: [-1.0, 1.0, 1.0], spacing: [1.0; 3] };
        assert_eq!(greys(&scan, &finer), [55.0, 55.0, 55.5, 56.0, 56.5]);
    }
}
