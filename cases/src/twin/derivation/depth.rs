//! How far each voxel is from a set of voxels: the exact Euclidean distance transform [Felzenszwalb and Huttenlocher 2012].

use crate::volume::Grid;

/// Distance [mm] of each voxel's centre from the nearest centre in `set`; infinite where the set is empty.
pub(in crate::twin) fn distance(grid: &Grid, set: impl Fn(usize) -> bool) -> Vec<f32> {
    let mut squares: Vec<f64> =
        (0..grid.len()).map(|i| if set(i) { 0.0 } else { f64::INFINITY }).collect();
    let [nx, ny, nz] = grid.dims;
    let stride = [1, nx, nx * ny];
    let mut envelope = Envelope::default();
    for axis in 0..3 {
        let n = grid.dims[axis];
        let lines: Vec<usize> = match axis {
            0 => (0..ny * nz).map(|i| i * nx).collect(),
            1 => (0..nx * nz).map(|i| i % nx + i / nx * nx * ny).collect(),
            _ => (0..nx * ny).collect(),
        };
        for first in lines {
            envelope.line(&mut squares, first, stride[axis], n, grid.spacing[axis]);
        }
    }
    squares.into_iter().map(|s| s.sqrt() as f32).collect()
}

/// Distance from the surface [mm], half a voxel off the centres on either side of it: positive inside the set, negative outside.
pub(in crate::twin) fn depth(grid: &Grid, set: impl Fn(usize) -> bool) -> Vec<f32> {
    let outside = distance(grid, &set);
    let inside = distance(grid, |i| !set(i));
    let half = (grid.voxel_volume().cbrt() / 2.0) as f32;
    let signed = |(from, to): (f32, f32)| if to > 0.0 { to - half } else { half - from };
    outside.into_iter().zip(inside).map(signed).collect()
}

/// A value between the centres of the voxels, trilinearly; beyond the outermost as there.
pub(in crate::twin) fn at(grid: &Grid, values: &[f32], p: [f64; 3]) -> f64 {
    let mut low = [0; 3];
    let mut part = [0.0; 3];
    for a in 0..3 {
        let last = (grid.dims[a] - 1) as f64;
        let at = ((p[a] - grid.origin[a]) / grid.spacing[a]).clamp(0.0, last);
        low[a] = at as usize;
        part[a] = at - low[a] as f64;
    }
    (0..8_usize)
        .map(|i| {
            let up = [i & 1, i >> 1 & 1, i >> 2];
            let voxel = std::array::from_fn(|a| (low[a] + up[a]).min(grid.dims[a] - 1));
            let share = |a: usize| if up[a] == 1 { part[a] } else { 1.0 - part[a] };
            share(0) * share(1) * share(2) * f64::from(values[grid.index(voxel)])
        })
        .sum()
}

/// The lower envelope of parabolas along a line.
#[derive(Default)]
struct Envelope {
    values: Vec<f64>,
    vertices: Vec<usize>,
    starts: Vec<f64>,
}

impl Envelope {
    fn line(&mut self, squares: &mut [f64], first: usize, stride: usize, n: usize, step: f64) {
        self.values.clear();
        self.values.extend((0..n).map(|i| squares[first + i * stride]));
        self.vertices.clear();
        self.starts.clear();
        for q in 0..n {
            if self.values[q].is_infinite() {
                continue;
            }
            let height = |i: usize, values: &[f64]| values[i] + (step * i as f64).powi(2);
            loop {
                let Some(&v) = self.vertices.last() else {
                    self.vertices.push(q);
                    self.starts.push(f64::NEG_INFINITY);
                    break;
                };
                let crossing = (height(q, &self.values) - height(v, &self.values))
                    / (2.0 * step * (q - v) as f64);
                if crossing <= self.starts[self.starts.len() - 1] {
                    self.vertices.pop();
                    self.starts.pop();
                } else {
                    self.vertices.push(q);
                    self.starts.push(crossing);
                    break;
                }
            }
        }
        if self.vertices.is_empty() {
            return;
        }
        let mut k = 0;
        for i in 0..n {
            let at = step * i as f64;
            while k + 1 < self.vertices.len() && self.starts[k + 1] < at {
                k += 1;
            }
            let v = self.vertices[k];
            squares[first + i * stride] = self.values[v] + (step * (i as f64 - v as f64)).powi(2);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_those_of_all_pairs() {
        let grid = Grid { dims: [7, 6, 5], origin: [0.0; 3], spacing: [1.0, 2.0, 1.5] };
        let set = |i: usize| i % 41 == 3;
        let place = |i: usize| [i % 7, i / 7 % 6, i / 42];
        let found = distance(&grid, set);
        for (i, &own) in found.iter().enumerate() {
            let nearest = (0..grid.len())
                .filter(|&j| set(j))
                .map(|j| {
                    (0..3)
                        .map(|a| {
                            ((place(i)[a] as f64 - place(j)[a] as f64) * grid.spacing[a]).powi(2)
                        })
                        .sum::<f64>()
                        .sqrt()
                })
                .fold(f64::INFINITY, f64::min);
            assert!((f64::from(own) - nearest).abs() < 1e-5, "{i}: {own} for {nearest}");
        }
        assert!(distance(&grid, |_| false).iter().all(|d| d.is_infinite()));
        let depths = depth(&grid, |i| place(i)[0] > 2);
        assert!(depths.iter().enumerate().all(|(i, d)| (*d > 0.0) == (place(i)[0] > 2)));
    }
}
