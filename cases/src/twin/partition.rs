//! Which structure owns each point of the surface grid.

use super::field::Field;
use crate::volume::{Grid, Voxels};

/// Structures on the surface grid, and the fields that decide between them.
pub(super) struct Partition {
    /// Structure number of each point, 0 for none.
    pub(super) owners: Voxels<u8>,
    /// Field of each structure; number = index + 1.
    fields: Vec<Field>,
    /// Added to each field so that its structure keeps its volume.
    bias: Vec<f32>,
}

const ROUNDS: usize = 14;

impl Partition {
    /// Let the largest of the biased fields own each point; the biases are found so that each structure keeps `volumes`
    /// [mm³]. `sigma` is the fields' Gaussian [mm], the mean of the axes.
    pub(super) fn new(grid: Grid, fields: Vec<Field>, volumes: &[f64], sigma: f64) -> Self {
        let mut this = Self {
            owners: Voxels { grid, values: Vec::new() },
            bias: vec![0.0; fields.len()],
            fields,
        };
        // The background is what the structures leave of 1.
        let mut rest = vec![1.0_f32; grid.len()];
        for field in &this.fields {
            for_each(&grid, field, |i, v| rest[i] -= v);
        }
        let step = libm::cbrt(grid.voxel_volume());
        let sigma = sigma.max(0.5 * step);
        for round in 0..ROUNDS {
            this.assign(&rest);
            if round + 1 == ROUNDS {
                break;
            }
            let (count, boundary) = this.counts();
            for (s, &volume) in volumes.iter().enumerate() {
                let missing = volume / grid.voxel_volume() - count[s + 1] as f64;
                if missing.abs() < 0.5 {
                    continue;
                }
                // A Gaussian edge falls by 0.4/σ a mm: that much bias moves the boundary by one mm.
                let layers = missing / (boundary[s + 1].max(1)) as f64;
                let change = 0.8 * layers * step * 0.4 / sigma;
                this.bias[s] += change.clamp(-0.1, 0.1) as f32;
            }
        }
        this.separate_diagonals();
        this
    }

    /// Change owners until no structure touches itself over an edge alone. There its surface would be pinched along a line, with
    /// four triangles at an edge. The change that costs least in strength is made; from `PATIENCE` sweeps on structures
    /// only give way to nothing, which must come to an end.
    fn separate_diagonals(&mut self) {
        const PATIENCE: usize = 8;
        let grid = self.owners.grid;
        for sweep in 0.. {
            let mut changes = 0;
            for z in 0..grid.dims[2] {
                for y in 0..grid.dims[1] {
                    for x in 0..grid.dims[0] {
                        for axis in 0..3 {
                            changes +=
                                usize::from(self.separate_face([x, y, z], axis, sweep >= PATIENCE));
                        }
                    }
                }
            }
            if changes == 0 {
                break;
            }
        }
    }

    /// Mend the face of four points across `axis` whose lowest point is `low`, if it has a diagonal. Was there a change?
    fn separate_face(&mut self, low: [usize; 3], axis: usize, retreat: bool) -> bool {
        let grid = self.owners.grid;
        let (u, v) = ((axis + 1) % 3, (axis + 2) % 3);
        if low[u] + 1 == grid.dims[u] || low[v] + 1 == grid.dims[v] {
            return false;
        }
        let points = [(0, 0), (1, 0), (1, 1), (0, 1)].map(|(du, dv)| {
            let mut point = low;
            point[u] += du;
            point[v] += dv;
            point
        });
        let owners = points.map(|p| self.owners.values[grid.index(p)]);
        let diagonal = |i: usize| {
            let a = owners[i];
            a != 0 && owners[i + 2] == a && owners[i + 1] != a && owners[(i + 3) % 4] != a
        };
        let Some(i) = (0..2).find(|&i| diagonal(i)) else {
            return false;
        };
        let cost =
            |p: usize, to: u8| self.strength(owners[p], points[p]) - self.strength(to, points[p]);
        let (a, b, c) = (owners[i], owners[i + 1], owners[(i + 3) % 4]);
        let options = if retreat {
            vec![(i, 0), (i + 2, 0)]
        } else {
            vec![(i, b), (i, c), (i + 2, b), (i + 2, c), (i + 1, a), ((i + 3) % 4, a)]
        };
        let best = options.into_iter().min_by(|x, y| cost(x.0, x.1).total_cmp(&cost(y.0, y.1)));
        if let Some((p, to)) = best {
            self.owners.values[grid.index(points[p])] = to;
        }
        best.is_some()
    }

    fn assign(&mut self, rest: &[f32]) {
        let grid = self.owners.grid;
        let mut best = rest.to_vec();
        let mut owners = vec![0_u8; grid.len()];
        for (s, (field, &bias)) in self.fields.iter().zip(&self.bias).enumerate() {
            for_each(&grid, field, |i, v| {
                // Where a structure is hardly felt, bias alone must not win.
                if v > 0.02 && v + bias > best[i] {
                    best[i] = v + bias;
                    owners[i] = s as u8 + 1;
                }
            });
        }
        self.owners.values = owners;
    }

    /// Points of each structure, and how many of them lie at its boundary.
    fn counts(&self) -> (Vec<usize>, Vec<usize>) {
        let n = self.fields.len() + 1;
        let (mut count, mut boundary) = (vec![0; n], vec![0; n]);
        for (i, &owner) in self.owners.values.iter().enumerate() {
            if owner == 0 {
                continue;
            }
            count[usize::from(owner)] += 1;
            if super::clean::neighbours(&self.owners.grid, i)
                .any(|j| self.owners.values[j] != owner)
            {
                boundary[usize::from(owner)] += 1;
            }
        }
        (count, boundary)
    }

    /// Biased field of a structure (0: the background) at a grid point.
    pub(super) fn strength(&self, structure: u8, point: [usize; 3]) -> f32 {
        match structure {
            0 => 1.0 - self.fields.iter().map(|f| f.at(point)).sum::<f32>(),
            s => self.fields[usize::from(s) - 1].at(point) + self.bias[usize::from(s) - 1],
        }
    }
}

fn for_each(grid: &Grid, field: &Field, mut visit: impl FnMut(usize, f32)) {
    let (low, dims) = field.extent();
    for z in 0..dims[2] {
        for y in 0..dims[1] {
            let row = grid.index([low[0], low[1] + y, low[2] + z]);
            let from = dims[0] * (y + dims[1] * z);
            for (x, &v) in field.values()[from..from + dims[0]].iter().enumerate() {
                visit(row + x, v);
            }
        }
    }
}
