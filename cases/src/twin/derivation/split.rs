//! Give a part of a structure a label of its own.

use schemars::JsonSchema;
use serde::Deserialize;

use super::Workpiece;

/// Part a structure by planes: what lies on the named side of each of them gets a label of its own. Sections and segments of the
/// liver are parted so, by planes through veins and fissures [Couinaud 1957; Strasberg 2005].
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Split {
    /// Label that is parted.
    pub label: u16,
    /// Label of the part.
    pub part: u16,
    /// The planes that bound the part.
    pub planes: Vec<Plane>,
}

/// A plane and one of its sides.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Plane {
    /// Three points of the plane, in the patient's axes [mm].
    pub through: [[f64; 3]; 3],
    /// A point on the side that is meant [mm].
    pub toward: [f64; 3],
}

impl Plane {
    /// Normal (towards the side that is meant) and offset; none if the points do not say.
    fn form(&self) -> Option<([f64; 3], f64)> {
        let [a, b, c] = self.through;
        let (u, v): ([f64; 3], [f64; 3]) =
            (std::array::from_fn(|i| b[i] - a[i]), std::array::from_fn(|i| c[i] - a[i]));
        let n = [u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]];
        let side: f64 = (0..3).map(|i| n[i] * (self.toward[i] - a[i])).sum();
        let scale: f64 = n.iter().map(|x| x * x).sum::<f64>().sqrt();
        if scale < 1e-6 || side.abs() < 1e-6 * scale {
            return None;
        }
        let n = n.map(|x| x * side.signum());
        Some((n, (0..3).map(|i| n[i] * a[i]).sum()))
    }
}

impl Split {
    pub(super) fn faults(&self) -> Vec<(&'static str, String, &'static str)> {
        let mut faults = Vec::new();
        for (i, plane) in self.planes.iter().enumerate() {
            if plane.form().is_none() {
                let reason = format!("{} is no plane with two sides", i + 1);
                faults.push(("planes", reason, "give three points off one line, and one beside"));
            }
        }
        if self.part == self.label || self.part == 0 {
            let reason = format!("is {}", self.part);
            faults.push(("part", reason, "give the part a number of its own, 1 to 65535"));
        }
        faults
    }

    pub(super) fn apply(&self, work: &mut Workpiece) -> Result<(), String> {
        let planes: Vec<_> = self.planes.iter().filter_map(Plane::form).collect();
        let grid = work.labels.grid;
        let [nx, ny, _] = grid.dims;
        let mut moved = 0_usize;
        for (i, value) in work.labels.values.iter_mut().enumerate() {
            if *value != self.label {
                continue;
            }
            let voxel = [i % nx, i / nx % ny, i / (nx * ny)];
            let p: [f64; 3] =
                std::array::from_fn(|a| grid.origin[a] + voxel[a] as f64 * grid.spacing[a]);
            if planes.iter().all(|(n, d)| (0..3).map(|a| n[a] * p[a]).sum::<f64>() > *d) {
                *value = self.part;
                moved += 1;
            }
        }
        if moved == 0 {
            return Err(format!(
                "no voxel of label {} lies beyond all planes; move them",
                self.label
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::volume::{Grid, Voxels};

    #[test]
    fn a_part_lies_on_the_named_sides() {
        let grid = Grid { dims: [8, 8, 8], origin: [0.0; 3], spacing: [1.0; 3] };
        let mut work =
            Workpiece { labels: Voxels { grid, values: vec![5; grid.len()] }, scan: None };
        let plane = |toward: [f64; 3]| Plane {
            through: [[3.5, 0.0, 0.0], [3.5, 1.0, 0.0], [3.5, 0.0, 1.0]],
            toward,
        };
        let split = Split { label: 5, part: 6, planes: vec![plane([9.0, 0.0, 0.0])] };
        split.apply(&mut work).unwrap();
        let part = |x: usize| if x > 3 { 6 } else { 5 };
        assert!(work.labels.values.iter().enumerate().all(|(i, &l)| l == part(i % 8)));
        assert!(split.faults().is_empty());
        let flat = Plane { through: [[0.0; 3]; 3], toward: [1.0; 3] };
        assert_eq!(Split { label: 5, part: 5, planes: vec![flat] }.faults().len(), 2);
        let none = Split { label: 9, ..split }.apply(&mut work).unwrap_err();
        assert!(none.contains("label 9"), "{none}");
    }
}
