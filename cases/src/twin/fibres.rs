//! How muscle fibres run, by rule [Streeter et al. 1969; Bayer et al. 2012].
//!
//! Depth in the wall is the solution of Laplace's equation between its inner and its outer side; across the gradient of depth lies
//! the circumference, and the fibres run at an angle to it that changes with depth.

use solver_wasm::lattice::{Cell, Lattice};

use super::measure::{cross, dot, unit};
use crate::{
    Error, Result,
    case::{FibreRecipe, Recipe},
    volume::{Grid, Voxels},
};

/// Rounds of over-relaxation; a wall of twenty voxels needs half of them.
const ROUNDS: usize = 120;
/// Factor of over-relaxation, of 1 to 2.
const FACTOR: f32 = 1.7;

/// Fibre and sheet direction of each cell of the lattice, shape [cell_count]; empty without a rule. `source` holds the labels of the
/// source, in which `recipe` names structures and blood.
///
/// # Errors
/// A rule whose wall does not meet what is inside it.
pub(super) fn fibres(
    recipe: &Recipe,
    lattice: &Lattice,
    source: &Voxels<u16>,
) -> Result<Vec<[[f32; 3]; 2]>> {
    if recipe.fibres.is_empty() {
        return Ok(Vec::new());
    }
    let mut directions = vec![[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]; lattice.cells.len()];
    for (i, rule) in recipe.fibres.iter().enumerate() {
        let depth = Depth::of(recipe, rule, source).ok_or_else(|| Error::Recipe {
            file: "case.toml".to_owned(),
            field: format!("twin.fibres[{}]", i + 1),
            reason: "the wall nowhere meets what is inside it; correct `inner` or `structures`"
                .to_owned(),
        })?;
        let axis = unit(rule.axis);
        for (cell, directions) in lattice.cells.iter().zip(&mut directions) {
            if let Some((depth, outwards)) = depth.in_cell(lattice, cell) {
                *directions = frame(depth, outwards, axis, rule.helix);
            }
        }
    }
    Ok(directions)
}

/// Fibre and sheet at a depth (0 inside, 1 outside) in a wall whose outward direction is given.
fn frame(depth: f64, outwards: [f64; 3], axis: [f64; 3], helix: [f64; 2]) -> [[f32; 3]; 2] {
    let along = dot(axis, outwards);
    let up: [f64; 3] = std::array::from_fn(|a| axis[a] - along * outwards[a]);
    // At the very apex the axis is the outward direction, and any direction across it will do.
    let up = if dot(up, up) > 1e-4 {
        unit(up)
    } else {
        let other = if outwards[0].abs() < 0.7 { [1.0, 0.0, 0.0] } else { [0.0, 1.0, 0.0] };
        unit(cross(outwards, other))
    };
    let around = cross(up, outwards);
    let angle = (helix[0] + (helix[1] - helix[0]) * depth).to_radians();
    let fibre: [f64; 3] = std::array::from_fn(|a| angle.cos() * around[a] + angle.sin() * up[a]);
    [fibre.map(|c| c as f32), outwards.map(|c| c as f32)]
}

/// Depth in a wall at each of its voxels, NaN elsewhere.
struct Depth {
    grid: Grid,
    values: Vec<f32>,
    /// Change of depth a voxel along x, y, z.
    gradients: Vec<[f32; 3]>,
}

/// What lies beside a voxel of the wall.
#[derive(Clone, Copy, PartialEq)]
enum Beside {
    Wall,
    /// Other tissue: depth does not change towards it.
    Tissue,
    Inner,
    Outer,
}

impl Depth {
    /// None if the wall is empty, or has no inner side.
    fn of(recipe: &Recipe, rule: &FibreRecipe, source: &Voxels<u16>) -> Option<Self> {
        let mut kinds = vec![Beside::Outer; usize::from(u16::MAX) + 1];
        for structure in &recipe.structures {
            let kind =
                if rule.structures.contains(&structure.id) { Beside::Wall } else { Beside::Tissue };
            for label in &structure.labels {
                kinds[usize::from(*label)] = kind;
            }
        }
        for label in &rule.inner {
            kinds[usize::from(*label)] = Beside::Inner;
        }
        let grid = source.grid;
        let kind = |i: usize| kinds[usize::from(source.values[i])];
        let steps = [1, grid.dims[0], grid.dims[0] * grid.dims[1]];
        let neighbour = |i: usize, axis: usize, forward: bool| -> Option<usize> {
            let at = i / steps[axis] % grid.dims[axis];
            let inside = if forward { at + 1 < grid.dims[axis] } else { at > 0 };
            inside.then(|| if forward { i + steps[axis] } else { i - steps[axis] })
        };
        let wall: Vec<usize> = (0..grid.len()).filter(|i| kind(*i) == Beside::Wall).collect();
        let mut values = vec![f32::NAN; grid.len()];
        for i in &wall {
            values[*i] = 0.5;
        }
        // Value beyond a side, none where nothing is known of it.
        let beyond = |values: &[f32], i: usize, axis: usize, forward: bool| -> Option<f32> {
            let Some(j) = neighbour(i, axis, forward) else { return Some(1.0) };
            match kind(j) {
                Beside::Wall => Some(values[j]),
                Beside::Tissue => None,
                Beside::Inner => Some(0.0),
                Beside::Outer => Some(1.0),
            }
        };
        let sides = [(0, false), (0, true), (1, false), (1, true), (2, false), (2, true)];
        let meets = |i: &usize| {
            sides
                .iter()
                .any(|(a, f)| neighbour(*i, *a, *f).is_some_and(|j| kind(j) == Beside::Inner))
        };
        if !wall.iter().any(meets) {
            return None;
        }
        for _ in 0..ROUNDS {
            for &i in &wall {
                let (mut sum, mut count) = (0.0, 0.0);
                for (axis, forward) in sides {
                    if let Some(value) = beyond(&values, i, axis, forward) {
                        sum += value;
                        count += 1.0;
                    }
                }
                if count > 0.0 {
                    values[i] += FACTOR * (sum / count - values[i]);
                }
            }
        }
        let mut gradients = vec![[0.0; 3]; grid.len()];
        for &i in &wall {
            gradients[i] = [0, 1, 2].map(|axis| {
                let ends = [false, true].map(|f| beyond(&values, i, axis, f).unwrap_or(values[i]));
                (ends[1] - ends[0]) / 2.0 / grid.spacing[axis] as f32
            });
        }
        Some(Self { grid, values, gradients })
    }

    /// Mean depth and outward direction over the voxels of the wall in a cell's samples; none if it has none.
    fn in_cell(&self, lattice: &Lattice, cell: &Cell) -> Option<(f64, [f64; 3])> {
        let spacing = f64::from(lattice.spacing);
        let (mut count, mut depth, mut outwards) = (0.0, 0.0, [0.0; 3]);
        for sample in (0..64_u16).filter(|s| cell.samples >> s & 1 == 1) {
            let place = [sample & 3, sample >> 2 & 3, sample >> 4];
            let at = std::array::from_fn(|a| {
                let coord = f64::from(cell.coord[a]) + (f64::from(place[a]) + 0.5) / 4.0;
                f64::from(lattice.origin[a]) + spacing * coord
            });
            let Some(voxel) = self.grid.voxel_at(at).filter(|v| !self.values[*v].is_nan()) else {
                continue;
            };
            count += 1.0;
            depth += f64::from(self.values[voxel]);
            for a in 0..3 {
                outwards[a] += f64::from(self.gradients[voxel][a]);
            }
        }
        let length = dot(outwards, outwards).sqrt();
        (count > 0.0 && length > 1e-9)
            .then(|| ((depth / count).clamp(0.0, 1.0), outwards.map(|c| c / length)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fibres_turn_from_a_right_handed_helix_to_a_left_handed_one() {
        // On the side where x is outwards of a wall around z, anticlockwise is towards y.
        let (x, z) = ([1.0, 0.0, 0.0], [0.0, 0.0, 1.0]);
        let (sin, cos) = 60.0_f64.to_radians().sin_cos();
        for (depth, expected) in
            [(0.0, [0.0, cos, sin]), (0.5, [0.0, 1.0, 0.0]), (1.0, [0.0, cos, -sin])]
        {
            let [fibre, sheet] = frame(depth, x, z, [60.0, -60.0]);
            for a in 0..3 {
                assert!((f64::from(fibre[a]) - expected[a]).abs() < 1e-6, "{depth}: {fibre:?}");
            }
            assert_eq!(sheet, [1.0, 0.0, 0.0]);
        }
        // At the apex there is no way up, yet there are directions.
        let [fibre, _] = frame(0.3, [0.0, 0.0, -1.0], z, [60.0, -60.0]);
        assert!((fibre.iter().map(|c| c * c).sum::<f32>() - 1.0).abs() < 1e-5);
    }
}
