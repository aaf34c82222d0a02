//! Labels that come one structure a file, as segmentation programs often write them.

use crate::{Error, Result, case::MaskRecipe, volume::Voxels};

/// Give the label of `mask` to all voxels of a file of its own; what has a label that it may not replace keeps it.
///
/// # Errors
/// A file on another grid, or one without a voxel to give.
pub(super) fn add(labels: &mut Voxels<u16>, mask: &MaskRecipe, file: &Voxels<u16>) -> Result<()> {
    let error = |field, reason: &str, remedy| Error::Volume {
        file: mask.file.clone(),
        field,
        reason: reason.to_owned(),
        remedy,
    };
    if labels.grid.is_empty() {
        *labels = Voxels { grid: file.grid, values: vec![0; file.values.len()] };
    }
    if labels.grid != file.grid {
        return Err(error(
            "orientation",
            "does not lie on the grid of the other labels",
            "give masks of one scan",
        ));
    }
    let mut given = false;
    for (label, &value) in labels.values.iter_mut().zip(&file.values) {
        if value != 0 && mask.over.contains(label) {
            *label = mask.label;
            given = true;
        }
    }
    if given {
        return Ok(());
    }
    Err(error(
        "data",
        "gives its label to no voxel",
        "name the labels that it may replace in `over`",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::volume::Grid;

    #[test]
    fn masks_fill_what_is_free_and_lie_on_one_grid() {
        let grid = Grid { dims: [4, 1, 1], origin: [0.0; 3], spacing: [1.0; 3] };
        let volume = |values: [u16; 4]| Voxels { grid, values: values.to_vec() };
        let mask = |label, over| MaskRecipe { file: "m.nii".to_owned(), label, over };
        let mut labels = Voxels::none();
        add(&mut labels, &mask(3, vec![0]), &volume([0, 1, 1, 0])).unwrap();
        add(&mut labels, &mask(9, vec![0]), &volume([0, 0, 1, 1])).unwrap();
        assert_eq!(labels.values, [0, 3, 3, 9]);
        add(&mut labels, &mask(4, vec![3, 9]), &volume([1, 0, 1, 0])).unwrap();
        assert_eq!(labels.values, [0, 3, 4, 9]);
        let nothing = add(&mut labels, &mask(5, vec![0]), &volume([0, 1, 0, 0])).unwrap_err();
        assert!(nothing.to_string().contains("m.nii"), "{nothing}");
        let moved = Voxels { grid: Grid { origin: [1.0; 3], ..grid }, values: vec![1; 4] };
        assert!(add(&mut labels, &mask(5, vec![0]), &moved).is_err());
    }
}
