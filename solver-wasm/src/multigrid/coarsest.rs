//! The coarsest level: its matrix, and its direct solution.

use super::Level;
use crate::{
    contact::touch::Link,
    hierarchy::Grid,
    modes::Modes,
    real::{LANES, Lanes, Real, Vector},
    skyline::Skyline,
};

/// level.solution = A⁻¹ level.residual.
pub(super) fn solve_coarsest(grid: &Grid, level: &mut Level, coarsest: Option<&mut Skyline>) {
    if let Some(matrix) = coarsest {
        let right = level.residual.iter().flat_map(|r| {
            let r = r.to_array();
            [f64::from(r[0]), f64::from(r[1]), f64::from(r[2])]
        });
        let solution = matrix.solve(right);
        for (x, s) in level.solution.iter_mut().zip(solution.chunks_exact(3)) {
            *x = Lanes::new([s[0] as Real, s[1] as Real, s[2] as Real, 0.0]);
        }
        return;
    }
    // Too large to factor (thousands of separate pieces): smooth, symmetrically.
    level.smooth_first(grid);
    level.smooth_last(grid);
}

/// The coarsest level's matrix, a column of each cell at a time.
pub(super) fn assemble(grid: &Grid, level: &Level, matrix: &mut Skyline, is_coupled: bool) {
    matrix.clear();
    for (n, k) in level.inertia.iter().enumerate() {
        for (axis, k) in k.to_array()[..3].iter().enumerate() {
            matrix.add(3 * n + axis, 3 * n + axis, f64::from(*k));
        }
    }
    for (shape, surrogate) in grid.shapes.iter().zip(&level.surrogates) {
        for column in 0..24 {
            let mut corners = [Vector::default(); 8];
            let one = Lanes::splat(1.0);
            match column % 3 {
                0 => corners[column / 3].x = one,
                1 => corners[column / 3].y = one,
                _ => corners[column / 3].z = one,
            }
            let modes: Modes = shape.about_centroid(crate::modes::analyse(&corners));
            let forces = shape.corner_forces(surrogate.apply(&shape.moments, &modes));
            for (c, force) in forces.iter().enumerate() {
                let force = [force.x, force.y, force.z].map(Lanes::to_array);
                for lane in 0..LANES {
                    let row = 3 * shape.corners[c][lane] as usize;
                    let column = 3 * shape.corners[column / 3][lane] as usize + column % 3;
                    for (axis, force) in force.iter().enumerate() {
                        if force[lane] != 0.0 {
                            matrix.add(row + axis, column, f64::from(force[lane]));
                        }
                    }
                }
            }
        }
    }
    for spring in &level.springs {
        let stiffness = spring.stiffness.to_array();
        for (a, weight_a) in spring.nodes.iter().zip(spring.weights) {
            for (b, weight_b) in spring.nodes.iter().zip(spring.weights) {
                for (axis, stiffness) in stiffness[..3].iter().enumerate() {
                    let value = f64::from(weight_a * weight_b * stiffness);
                    matrix.add(3 * *a as usize + axis, 3 * *b as usize + axis, value);
                }
            }
        }
    }
    for link in level.links.iter().filter(|l| !l.is_slack()) {
        assemble_link(link, matrix, is_coupled);
    }
}

/// A touch's tangent. Where the matrix does not couple bodies, each end of a pair is held by twice the stiffness instead, which
/// bounds the coupled form from above.
fn assemble_link(link: &Link, matrix: &mut Skyline, is_coupled: bool) {
    let block = link.stiffness.map(Lanes::to_array);
    let ends = 1 + usize::from(link.is_pair);
    for (end, other) in [(0, 0), (1, 1), (0, 1), (1, 0)] {
        let factor = match (end == other, is_coupled) {
            (true, true) => 1.0,
            (true, false) => ends as Real,
            (false, true) => -1.0,
            (false, false) => continue,
        };
        if end.max(other) >= ends {
            continue;
        }
        for (a, weight_a) in link.nodes[end].iter().zip(link.weights[end]) {
            for (b, weight_b) in link.nodes[other].iter().zip(link.weights[other]) {
                let weight = weight_a * weight_b * factor;
                for (i, row) in block.iter().enumerate() {
                    for (j, value) in row[..3].iter().enumerate() {
                        let value = f64::from(weight * value);
                        matrix.add(3 * *a as usize + i, 3 * *b as usize + j, value);
                    }
                }
            }
        }
    }
}
