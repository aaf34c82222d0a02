//! From a file's axes to the patient's.

use super::{Grid, Voxels};
use crate::{Error, Result};

/// For each file axis: the patient axis (0 x, 1 y, 2 z) it runs along, and whether it runs backwards.
pub(super) type Axes = [(usize, bool); 3];

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

/// Lay voxels out along the patient's axes. `corner` is the patient position of file voxel (0, 0, 0).
pub(super) fn apply(
    dims: [usize; 3],
    spacing: [f64; 3],
    corner: [f64; 3],
    axes: Axes,
    values: Vec<f32>,
) -> Voxels<f32> {
    let strides = [1, dims[0], dims[0] * dims[1]];
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
    if axes == [(0, false), (1, false), (2, false)] {
        return Voxels { grid, values };
    }
    let mut turned = Vec::with_capacity(values.len());
    for z in 0..grid.dims[2] as isize {
        for y in 0..grid.dims[1] as isize {
            let row = start + y * step[1] + z * step[2];
            turned.extend((0..grid.dims[0] as isize).map(|x| values[(row + x * step[0]) as usize]));
        }
    }
    Voxels { grid, values: turned }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turning_moves_values_and_origin_together() {
        // File axes: i runs to the patient's right, j up, k forward.
        let axes = parse("f", "RSA").unwrap();
        let values: Vec<f32> = (0..24).map(|v| v as f32).collect();
        let turned = apply([2, 3, 4], [1.0, 2.0, 3.0], [10.0, 20.0, 30.0], axes, values);
        assert_eq!(turned.grid.dims, [2, 4, 3]);
        assert_eq!(turned.grid.spacing, [1.0, 3.0, 2.0]);
        assert_eq!(turned.grid.origin, [9.0, 11.0, 30.0]);
        // File voxel (1, 2, 3) lies at x = 9, y = 20 − 9 = 11, z = 34: the voxel (0, 0, 2).
        assert_eq!(turned.values[turned.grid.index([0, 0, 2])], (1 + 2 * 2 + 6 * 3) as f32);
    }

    #[test]
    fn codes_that_are_no_orientation_are_refused() {
        for code in ["", "LP", "LPSS", "LRS", "XYZ", "lps", "LéP"] {
            assert!(parse("f", code).is_err(), "{code}");
        }
    }
}
