//! A label eroded, dilated, opened, closed by balls, or its holes filled.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    Workpiece, distance,
    pieces::{flood, position},
    threshold::free,
};

/// What is done with a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// Take a rim away.
    Erode,
    /// Add a rim.
    Dilate,
    /// Erode, then dilate: bridges thinner than twice the radius go.
    Open,
    /// Dilate, then erode: clefts narrower than twice the radius are filled.
    Close,
    /// Fill what the label encloses on all sides; `radius` is not looked at.
    Fill,
}

/// Change the outline of a label by balls, whatever the spacing of the voxels; the end of the volume is no outline.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Morphology {
    /// What is done.
    pub operation: Operation,
    /// The label.
    pub label: u16,
    /// Labels that count as the label in all this, and stay what they are: the vessels of a lung.
    #[serde(default)]
    pub with: Vec<u16>,
    /// Radius of the ball [mm].
    #[serde(default)]
    pub radius: f64,
    /// Labels whose voxels may be taken: 0 for what has none yet.
    #[serde(default = "free")]
    pub within: Vec<u16>,
    /// What is given away becomes this label.
    #[serde(default)]
    pub others: u16,
}

impl Morphology {
    pub(super) fn faults(&self) -> Vec<(&'static str, String, &'static str)> {
        let wanted = self.operation != Operation::Fill;
        let fault = || ("radius", format!("is {}", self.radius), "write 0.1 to 50 mm");
        let wrong = wanted && !(0.1..=50.0).contains(&self.radius);
        wrong.then(fault).into_iter().collect()
    }

    pub(super) fn apply(&self, work: &mut Workpiece) -> Result<(), String> {
        let grid = work.labels.grid;
        let mask: Vec<bool> =
            work.labels.values.iter().map(|l| *l == self.label || self.with.contains(l)).collect();
        let grow = |mask: &[bool]| distance::dilated(&grid, mask, self.radius);
        let shrink = |mask: &[bool]| distance::eroded(&grid, mask, self.radius);
        let changed = match self.operation {
            Operation::Erode => shrink(&mask),
            Operation::Dilate => grow(&mask),
            Operation::Open => grow(&shrink(&mask)),
            Operation::Close => shrink(&grow(&mask)),
            Operation::Fill => {
                let mut open: Vec<bool> = mask.iter().map(|m| !m).collect();
                // What can be walked to from the border is outside.
                for v in 0..open.len() {
                    let p = position(&grid, v);
                    if open[v] && (0..3).any(|a| p[a] == 0 || p[a] + 1 == grid.dims[a]) {
                        flood(&grid, &mut open, v);
                    }
                }
                open.iter().zip(&mask).map(|(hole, was)| *hole || *was).collect()
            }
        };
        for (label, now) in work.labels.values.iter_mut().zip(changed) {
            if now && self.within.contains(label) {
                *label = self.label;
            } else if !now && *label == self.label {
                *label = self.others;
            }
        }
        if !work.labels.values.contains(&self.label) {
            return Err(format!("nothing is left of label {}", self.label));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::volume::{Grid, Voxels};

    /// Two slabs with a cleft of 2 mm between them, a thread across the cleft, and a hole in one.
    fn slabs() -> Workpiece {
        let grid = Grid { dims: [32, 24, 12], origin: [0.0; 3], spacing: [0.5, 0.5, 1.0] };
        let label = |i: usize| {
            let [x, y, z] = position(&grid, i);
            let slab = (6..14).contains(&x) || (18..26).contains(&x);
            let inside = (2..22).contains(&y) && (1..11).contains(&z);
            let thread = (6..26).contains(&x) && (11..13).contains(&y) && z == 5;
            let hole = x == 9 && y == 6 && z == 5;
            u16::from((slab && inside || thread) && !hole) * 8
        };
        Workpiece {
            labels: Voxels { grid, values: (0..grid.len()).map(label).collect() },
            scan: None,
        }
    }

    fn run(operation: Operation, radius: f64) -> Workpiece {
        let mut work = slabs();
        let step =
            Morphology { operation, label: 8, with: Vec::new(), radius, within: free(), others: 7 };
        step.apply(&mut work).unwrap();
        work
    }

    fn at(work: &Workpiece, p: [usize; 3]) -> u16 {
        work.labels.values[work.labels.grid.index(p)]
    }

    #[test]
    fn closing_bridges_a_cleft_and_leaves_the_outer_faces() {
        let closed = run(Operation::Close, 1.6);
        assert_eq!(at(&closed, [16, 12, 5]), 8);
        assert_eq!(at(&closed, [9, 6, 5]), 8);
        assert_eq!([at(&closed, [5, 12, 5]), at(&closed, [26, 12, 5])], [0, 0]);
    }

    #[test]
    fn opening_cuts_a_thread_and_gives_it_another_label() {
        let opened = run(Operation::Open, 1.0);
        assert_eq!([at(&opened, [16, 12, 5]), at(&opened, [22, 12, 5])], [7, 8]);
    }

    #[test]
    fn filling_takes_what_is_enclosed_and_nothing_else() {
        let filled = run(Operation::Fill, 0.0);
        assert_eq!([at(&filled, [9, 6, 5]), at(&filled, [16, 6, 5])], [8, 0]);
    }

    #[test]
    fn nothing_left_is_an_error() {
        let step = Morphology {
            operation: Operation::Erode,
            label: 8,
            with: Vec::new(),
            radius: 20.0,
            within: free(),
            others: 0,
        };
        assert!(step.apply(&mut slabs()).unwrap_err().contains("label 8"));
        assert_eq!(Morphology { radius: 0.0, ..step }.faults().len(), 1);
    }
}
