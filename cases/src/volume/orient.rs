//! From a file's axes to the patient's.

use super::{
    Grid,
    place::{Axes, Place},
};
use crate::{Error, Result};

/// Parse an orientation code such as "LPS": the direction of increasing i, j, k.
pub(super) fn parse(file: &str, code: &str) -> Result<Axes> {
    let letters: Vec<_> = code
        .chars()
        .filter_map(|c| {
            Some(match c {
                'L' => (0, false),
                'R' => (0, true),
                'P' => (1, false),
                'A' => (1, true),
                'S' => (2, false),
                'I' => (2, true),
                _ => return None,
            })
        })
        .collect();
    match <Axes>::try_from(letters) {
        Ok(axes) if (0..3).all(|p| axes.iter().any(|a| a.0 == p)) && code.len() == 3 => Ok(axes),
        _ => Err(Error::Volume {
            file: file.to_owned(),
            field: "axes",
            reason: format!("`{code}` is not an orientation"),
            remedy: "name the patient direction of i, j and k, one of L or R, P or A, S or I each",
        }),
    }
}

/// The grid along the patient's axes, and how its voxels are found in the file: sample of voxel (0, 0, 0), and samples from a
/// voxel to the next along x, y, z.
pub(super) fn lay(
    dims: [usize; 3],
    strides: [usize; 3],
    place: &Place,
    axes: Axes,
) -> (Grid, isize, [isize; 3]) {
    let (corner, spacing) = (place.corner(), place.spacing());
    let mut grid = Grid { dims, origin: corner, spacing };
    let (mut start, mut step) = (0_isize, [0_isize; 3]);
    for (file_axis, &(axis, backwards)) in axes.iter().enumerate() {
        let n = dims[file_axis];
        grid.dims[axis] = n;
        grid.spacing[axis] = spacing[file_axis];
        step[axis] = strides[file_axis] as isize;
        if backwards {
            grid.origin[axis] = corner[axis] - (n - 1) as f64 * spacing[file_axis];
            start += (n - 1) as isize * step[axis];
            step[axis] = -step[axis];
        }
    }
    (grid, start, step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turning_moves_values_and_origin_together() {
        // File axes: i runs to the patient's right, j up, k forward.
        let axes = parse("f", "RSA").unwrap();
        let columns = [[-1.0, 0.0, 0.0], [0.0, 0.0, 2.0], [0.0, -3.0, 0.0]];
        let place = Place::new("f", "axes", columns, [10.0, 20.0, 30.0]).unwrap();
        assert_eq!(place.axes(), Some(axes));
        let (grid, start, step) = lay([2, 3, 4], [1, 2, 6], &place, axes);
        assert_eq!(grid.dims, [2, 4, 3]);
        assert_eq!(grid.spacing, [1.0, 3.0, 2.0]);
        assert_eq!(grid.origin, [9.0, 11.0, 30.0]);
        // File voxel (1, 2, 3) lies at x = 9, y = 20 − 9 = 11, z = 34: the voxel (0, 0, 2).
        assert_eq!(start + 2 * step[2], 1 + 2 * 2 + 6 * 3);
    }

    #[test]
    fn codes_that_are_no_orientation_are_refused() {
        for code in ["", "LP", "LPSS", "LRS", "XYZ", "lps", "LéP"] {
            assert!(parse("f", code).is_err(), "{code}");
        }
    }
}
