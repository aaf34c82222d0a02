//! Labels given another number.

use schemars::JsonSchema;
use serde::Deserialize;

use super::Workpiece;

/// Give voxels of some labels another one: two parts joined, or what was only needed on the way forgotten.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Relabel {
    /// The labels.
    pub labels: Vec<u16>,
    /// What they become: 0 for nothing.
    pub into: u16,
}

impl Relabel {
    pub(super) fn faults(&self) -> Vec<(&'static str, String, &'static str)> {
        let fault = || ("labels", "names label 0".to_owned(), "use `threshold` to label the rest");
        self.labels.contains(&0).then(fault).into_iter().collect()
    }

    pub(super) fn apply(&self, work: &mut Workpiece) -> Result<(), String> {
        let mut found = false;
        for label in &mut work.labels.values {
            if self.labels.contains(label) {
                *label = self.into;
                found = true;
            }
        }
        found.then_some(()).ok_or_else(|| format!("there is no label of {:?}", self.labels))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::volume::{Grid, Voxels};

    #[test]
    fn labels_are_joined() {
        let grid = Grid { dims: [5, 1, 1], origin: [0.0; 3], spacing: [1.0; 3] };
        let labels = Voxels { grid, values: vec![0, 4, 7, 2, 7] };
        let mut work = Workpiece { labels, scan: None };
        let step = Relabel { labels: vec![4, 7], into: 3 };
        step.apply(&mut work).unwrap();
        assert_eq!(work.labels.values, [0, 3, 3, 2, 3]);
        assert!(step.apply(&mut work).unwrap_err().contains("[4, 7]"));
        assert_eq!(Relabel { labels: vec![0], into: 3 }.faults().len(), 1);
    }
}
