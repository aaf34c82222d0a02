//! Distances on a grid, and what follows from them: erosion, dilation, closing by balls.

use crate::volume::Grid;

/// Squared distance [mm²] of each voxel's centre to the nearest centre of a voxel in `inside`; infinite if there is none.
/// Exact on any spacing [Felzenszwalb 2012].
pub(super) fn squares(grid: &Grid, inside: &[bool]) -> Vec<f32> {
    let mut squares: Vec<f32> =
        inside.iter().map(|&i| if i { 0.0 } else { f32::INFINITY }).collect();
    let strides = [1, grid.dims[0], grid.dims[0] * grid.dims[1]];
    for axis in 0..3 {
        let mut line = Line::new(grid.dims[axis], grid.spacing[axis]);
        let (a, b) = ((axis + 1) % 3, (axis + 2) % 3);
        for i in 0..grid.dims[a] {
            for j in 0..grid.dims[b] {
                line.transform(&mut squares, i * strides[a] + j * strides[b], strides[axis]);
            }
        }
    }
    squares
}

/// Voxels within `reach` [mm] of `inside`.
pub(super) fn dilated(grid: &Grid, inside: &[bool], reach: f64) -> Vec<bool> {
    let reach = (reach * reach) as f32;
    squares(grid, inside).into_iter().map(|s| s <= reach).collect()
}

/// Voxels of `inside` farther than `depth` [mm] from what is outside of it; what lies beyond the grid counts as inside.
pub(super) fn eroded(grid: &Grid, inside: &[bool], depth: f64) -> Vec<bool> {
    let outside: Vec<bool> = inside.iter().map(|i| !i).collect();
    let depth = (depth * depth) as f32;
    squares(grid, &outside).into_iter().map(|s| s > depth).collect()
}

/// One line of the lower envelope of parabolas.
struct Line {
    spacing: f64,
    values: Vec<f64>,
    /// Vertices of the parabolas of the envelope, and where each begins.
    vertices: Vec<usize>,
    starts: Vec<f64>,
}

impl Line {
    fn new(count: usize, spacing: f64) -> Self {
        Self {
            spacing,
            values: vec![0.0; count],
            vertices: Vec::with_capacity(count),
            starts: Vec::with_capacity(count),
        }
    }

    fn transform(&mut self, all: &mut [f32], start: usize, stride: usize) {
        let count = self.values.len();
        self.vertices.clear();
        self.starts.clear();
        for q in 0..count {
            let value = f64::from(all[start + q * stride]);
            self.values[q] = value;
            if value.is_infinite() {
                continue;
            }
            let at = q as f64 * self.spacing;
            let mut from = f64::NEG_INFINITY;
            while let (Some(&v), Some(&begin)) = (self.vertices.last(), self.starts.last()) {
                let other = v as f64 * self.spacing;
                from =
                    ((value + at * at) - (self.values[v] + other * other)) / (2.0 * (at - other));
                if from > begin {
                    break;
                }
                self.vertices.pop();
                self.starts.pop();
                from = f64::NEG_INFINITY;
            }
            self.vertices.push(q);
            self.starts.push(from);
        }
        if self.vertices.is_empty() {
            return;
        }
        let mut k = 0;
        for q in 0..count {
            let at = q as f64 * self.spacing;
            while self.starts.get(k + 1).is_some_and(|&next| next < at) {
                k += 1;
            }
            let v = self.vertices[k];
            let step = at - v as f64 * self.spacing;
            all[start + q * stride] = (step * step + self.values[v]) as f32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_those_of_every_pair() {
        let grid = Grid { dims: [7, 6, 5], origin: [0.0; 3], spacing: [1.0, 0.5, 3.0] };
        let inside: Vec<bool> = (0..grid.len()).map(|i| i % 37 == 5).collect();
        let place = |i: usize| {
            let p = [i % 7, i / 7 % 6, i / 42];
            [0, 1, 2].map(|a| p[a] as f64 * grid.spacing[a])
        };
        for (i, found) in squares(&grid, &inside).into_iter().enumerate() {
            let nearest = (0..grid.len())
                .filter(|&j| inside[j])
                .map(|j| (0..3).map(|a| (place(i)[a] - place(j)[a]).powi(2)).sum::<f64>())
                .fold(f64::INFINITY, f64::min);
            assert!((f64::from(found) - nearest).abs() < 1e-4, "{i}: {found}, not {nearest}");
        }
        assert!(squares(&grid, &vec![false; grid.len()]).iter().all(|s| s.is_infinite()));
    }

    #[test]
    fn closing_a_box_at_the_border_leaves_it() {
        let grid = Grid { dims: [12, 12, 12], origin: [0.0; 3], spacing: [1.0; 3] };
        let inside: Vec<bool> = (0..grid.len()).map(|i| i % 12 < 6 && i / 12 % 12 < 12).collect();
        let closed = eroded(&grid, &dilated(&grid, &inside, 3.0), 3.0);
        assert_eq!(closed, inside);
    }
}
