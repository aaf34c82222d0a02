//! The scan blanked where a twin shows nothing: the face of a head, the room around a patient.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Workpiece, distance, threshold::greys};
use crate::volume::Voxels;

/// Blank the scan farther than a margin from all structures. A face can be made from the scan of a head: with this nothing of
/// it reaches the twin. The numbers of the scan are overwritten, not hidden.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Blank {
    /// Labels around which the scan stays; all but 0 if none is named.
    #[serde(default)]
    pub around: Vec<u16>,
    /// How far around them [mm].
    pub margin: f64,
    /// Grey value of what is blanked: that of air.
    pub value: f32,
}

impl Blank {
    pub(super) fn faults(&self) -> Vec<(&'static str, String, &'static str)> {
        let fault = || ("margin", format!("is {}", self.margin), "write 0 to 100 mm");
        (!(0.0..=100.0).contains(&self.margin)).then(fault).into_iter().collect()
    }

    pub(super) fn apply(&self, work: &mut Workpiece) -> Result<(), String> {
        let scan = work.scan.as_mut().ok_or("there is no scan; name one in `image`")?;
        let grid = work.labels.grid;
        let named = |l: u16| l != 0 && (self.around.is_empty() || self.around.contains(&l));
        let inside: Vec<bool> = work.labels.values.iter().map(|&l| named(l)).collect();
        if !inside.contains(&true) {
            return Err("nothing is labelled around which the scan could stay".to_owned());
        }
        let kept = distance::dilated(&grid, &inside, self.margin);
        let kept = Voxels { grid, values: kept.iter().map(|&k| f32::from(u8::from(k))).collect() };
        let shares = greys(&kept, &scan.grid);
        let [nx, ny, _] = scan.grid.dims;
        let (low, high) = (grid.low(), grid.high());
        for (i, (value, share)) in scan.values.iter_mut().zip(shares).enumerate() {
            let p = [i % nx, i / nx % ny, i / (nx * ny)];
            // Beyond the labels nothing is known to be no face.
            let beyond = (0..3).any(|a| {
                let at = scan.grid.origin[a] + p[a] as f64 * scan.grid.spacing[a];
                at < low[a] || at > high[a]
            });
            if beyond || share < 0.5 {
                *value = self.value;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::volume::Grid;

    #[test]
    fn nothing_of_the_scan_is_left_beyond_the_margin() {
        let grid = Grid { dims: [10, 1, 1], origin: [0.0; 3], spacing: [1.0; 3] };
        let labels = Voxels { grid, values: vec![0, 0, 0, 5, 5, 0, 0, 0, 9, 0] };
        let wide = Grid { dims: [14, 1, 1], origin: [-2.0, 0.0, 0.0], ..grid };
        let scan = Voxels { grid: wide, values: vec![70.0; 14] };
        let mut work = Workpiece { labels, scan: Some(scan) };
        Blank { around: vec![5], margin: 1.2, value: -1.0 }.apply(&mut work).unwrap();
        let left = work.scan.unwrap().values;
        let kept: Vec<usize> = (0..14).filter(|&i| left[i] == 70.0).collect();
        assert_eq!(kept, [4, 5, 6, 7]);
        assert!(left.iter().all(|&v| v == 70.0 || v == -1.0));
    }
}
