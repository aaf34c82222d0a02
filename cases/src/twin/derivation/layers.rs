//! A pad of flat layers, made from nothing: skin, fat, fascia, muscle.

use schemars::JsonSchema;
use serde::Deserialize;

use super::Workpiece;
use crate::volume::{Grid, Voxels};

/// Empty voxels around a pad, so that its sides are surfaces and not the end of a scan.
const MARGIN: usize = 3;

/// A pad of flat layers about the origin. It lies as the front of a patient on the back does: the first layer begins at y = 0 and
/// looks to the front, the others follow behind it. As the first derivation it makes the labels, so the case names no file.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Layers {
    /// Size along x and z [mm].
    pub size: [f64; 2],
    /// Edges of a voxel along x, y, z [mm]. Along y small enough to divide every thickness.
    pub spacing: [f64; 3],
    /// The layers, from the outside in.
    pub layers: Vec<Layer>,
}

/// One layer of a pad.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Layer {
    /// Its label.
    pub label: u16,
    /// Its thickness [mm].
    pub thickness: f64,
}

impl Layers {
    pub(super) fn faults(&self) -> Vec<(&'static str, String, &'static str)> {
        let mut faults = Vec::new();
        if self.size.iter().any(|s| !(1.0..=500.0).contains(s)) {
            faults.push(("size", format!("is {:?} mm", self.size), "write 1 to 500 mm"));
        }
        if self.spacing.iter().any(|s| !(0.05..=20.0).contains(s)) {
            faults.push(("spacing", format!("is {:?} mm", self.spacing), "write 0.05 to 20 mm"));
        }
        if self.layers.is_empty() {
            faults.push(("layers", "is empty".to_owned(), "give one layer or more"));
        }
        for layer in &self.layers {
            let voxels = layer.thickness / self.spacing[1];
            let whole = (voxels - voxels.round()).abs() < 1e-6;
            if !(layer.thickness > 0.0 && layer.thickness <= 200.0 && whole) {
                let reason = format!("has a thickness of {} mm", layer.thickness);
                faults.push(("layers", reason, "write a multiple of the spacing along y"));
            }
        }
        faults
    }

    pub(super) fn apply(&self, work: &mut Workpiece) -> Result<(), String> {
        if !work.labels.grid.is_empty() || work.scan.is_some() {
            return Err(
                "there are labels or a scan already; make layers first, from no file".to_owned()
            );
        }
        let depth: Vec<u16> = self
            .layers
            .iter()
            .flat_map(|layer| {
                let voxels = (layer.thickness / self.spacing[1]).round() as usize;
                std::iter::repeat_n(layer.label, voxels)
            })
            .collect();
        let across = |a: usize, size: f64| ((size / self.spacing[a]).round() as usize).max(1);
        let inner = [across(0, self.size[0]), depth.len(), across(2, self.size[1])];
        let dims = inner.map(|n| n + 2 * MARGIN);
        let voxels = dims.iter().try_fold(1_usize, |n, d| n.checked_mul(*d));
        if voxels.is_none_or(|n| n > 1 << 27) {
            return Err(format!("{dims:?} voxels are too many; write a larger spacing"));
        }
        let spacing = self.spacing;
        let margin = MARGIN as f64;
        let origin = [
            (0.5 - margin - inner[0] as f64 / 2.0) * spacing[0],
            (0.5 - margin) * spacing[1],
            (0.5 - margin - inner[2] as f64 / 2.0) * spacing[2],
        ];
        let grid = Grid { dims, origin, spacing };
        let mut values = vec![0; grid.len()];
        for z in 0..inner[2] {
            for (y, &label) in depth.iter().enumerate() {
                let first = grid.index([MARGIN, MARGIN + y, MARGIN + z]);
                values[first..first + inner[0]].fill(label);
            }
        }
        work.labels = Voxels { grid, values };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pad() -> Layers {
        let layers = vec![Layer { label: 4, thickness: 0.6 }, Layer { label: 2, thickness: 3.0 }];
        Layers { size: [8.0, 6.0], spacing: [0.5, 0.2, 1.0], layers }
    }

    #[test]
    fn layers_have_their_thickness_and_lie_about_the_origin() {
        let mut work = Workpiece { labels: Voxels::none(), scan: None };
        assert!(pad().faults().is_empty());
        pad().apply(&mut work).unwrap();
        let Voxels { grid, values } = &work.labels;
        let volume =
            |l: u16| values.iter().filter(|&&v| v == l).count() as f64 * grid.voxel_volume();
        assert!((volume(4) - 8.0 * 6.0 * 0.6).abs() < 1e-9);
        assert!((volume(2) - 8.0 * 6.0 * 3.0).abs() < 1e-9);
        let at = |p| values[grid.voxel_at(p).unwrap()];
        assert_eq!(at([0.1, 0.1, 0.1]), 4);
        assert_eq!(at([-3.9, 0.7, 2.9]), 2);
        assert_eq!([at([0.1, -0.1, 0.1]), at([4.1, 0.1, 0.1]), at([0.1, 3.7, 0.1])], [0; 3]);
    }

    #[test]
    fn layers_are_made_first_and_of_whole_voxels() {
        let mut work = Workpiece { labels: Voxels::none(), scan: None };
        pad().apply(&mut work).unwrap();
        assert!(pad().apply(&mut work).unwrap_err().contains("first"));
        let mut uneven = pad();
        uneven.layers[1].thickness = 3.1;
        assert_eq!(uneven.faults()[0].0, "layers");
    }
}
