//! Grow and shrink structures, and let everything around them give way.
//!
//! The motion is that of a potential flow: u = ∇φ with Δφ = g, where g is the rate of growth inside the structures and 0 elsewhere. So what grows
//! pushes its neighbours aside and what shrinks draws them in, smoothly and without changing their volume; nothing flows through what is
//! held (bone) nor through the face at which the scan cuts a growing structure off. Finite growth is taken in steps, each with the
//! structures where the last one has put them. That tissue moves so is a modelling choice: growth takes years and tissue remodels.
//! Labels and scan are moved by the same field.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Workpiece, depth::distance, resample::label_at};
use crate::volume::{Grid, Voxels};

/// Grow or shrink structures by a smooth displacement that moves labels and scan alike.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Expand {
    /// What grows or shrinks.
    pub targets: Vec<Expansion>,
    /// Labels that keep their place: bone.
    #[serde(default)]
    pub hold: Vec<u16>,
    /// What is no target and lies this near to them keeps its place too [mm]: closes the gaps between ribs.
    #[serde(default)]
    pub reach: f64,
    /// Spacing of the field [mm].
    pub spacing: f64,
    /// Steps in which it is taken.
    pub steps: u32,
}

/// One structure, or a part, that changes its volume.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Expansion {
    /// Its labels.
    pub labels: Vec<u16>,
    /// New volume over old.
    pub factor: f64,
}

/// Samples of a cell of the field along each axis.
const SAMPLES: usize = 2;
/// Residual at which the flow is solved, relative to the right side.
const TOLERANCE: f64 = 1e-5;

impl Expand {
    pub(super) fn faults(&self) -> Vec<(&'static str, String, &'static str)> {
        let mut faults = Vec::new();
        for target in &self.targets {
            if !(0.2..=5.0).contains(&target.factor) {
                let reason = format!("{:?}: the factor is {}", target.labels, target.factor);
                faults.push(("targets", reason, "write 0.2 to 5"));
            }
        }
        if self.targets.is_empty() {
            faults.push(("targets", "is empty".to_owned(), "name what grows or shrinks"));
        }
        if !(1.0..=20.0).contains(&self.spacing) {
            faults.push(("spacing", format!("is {}", self.spacing), "write 1 to 20 mm"));
        }
        if !(1..=50).contains(&self.steps) {
            faults.push(("steps", format!("is {}", self.steps), "write 1 to 50"));
        }
        faults
    }

    pub(super) fn apply(&self, work: &mut Workpiece) -> Result<(), String> {
        let mut target_of = vec![0_u8; usize::from(u16::MAX) + 1];
        for (t, target) in self.targets.iter().enumerate() {
            for &label in &target.labels {
                target_of[usize::from(label)] = t as u8 + 1;
            }
        }
        let labels = &work.labels;
        let mut voxels = vec![0_usize; self.targets.len() + 1];
        labels.values.iter().for_each(|&l| voxels[usize::from(target_of[usize::from(l)])] += 1);
        if let Some(empty) = voxels.iter().skip(1).position(|&n| n == 0) {
            return Err(format!("no voxel has a label of {:?}", self.targets[empty].labels));
        }
        let grid = labels.grid.redivided(self.spacing);
        let mut flow = Flow::new(grid, self.held(labels, &target_of, &grid));
        flow.close(labels, &target_of);
        let cell = grid.voxel_volume() / (SAMPLES * SAMPLES * SAMPLES) as f64;
        let goals: Vec<f64> = self
            .targets
            .iter()
            .zip(&voxels[1..])
            .map(|(t, &n)| t.factor * n as f64 * labels.grid.voxel_volume())
            .collect();
        let mut field = vec![[0.0; 3]; grid.len()];
        for step in 0..self.steps {
            let counts = counts(labels, &grid, &field, &target_of, self.targets.len());
            let left = f64::from(self.steps - step);
            let rates: Vec<f64> = goals
                .iter()
                .enumerate()
                .map(|(t, goal)| {
                    let now: f64 = counts.iter().map(|c| f64::from(c[t])).sum::<f64>() * cell;
                    (goal / now.max(cell)).ln() / left
                })
                .collect();
            let whole = (SAMPLES * SAMPLES * SAMPLES) as f64;
            let source: Vec<f64> = counts
                .iter()
                .map(|c| rates.iter().zip(c).map(|(r, &n)| r * f64::from(n) / whole).sum())
                .collect();
            field = advected(&grid, &field, &flow.velocity(&source)?);
        }
        let from = |p: [f64; 3]| -> [f64; 3] {
            let u = interpolated(&grid, &field, p);
            std::array::from_fn(|a| p[a] + u[a])
        };
        let values =
            centres(&labels.grid).map(|p| label_at(labels, clamped(&labels.grid, from(p))));
        let moved = Voxels { grid: labels.grid, values: values.collect() };
        if let Some(scan) = &mut work.scan {
            let values = centres(&scan.grid).map(|p| grey(scan, from(p))).collect();
            scan.values = values;
        }
        work.labels = moved;
        Ok(())
    }

    /// Cells of the field that keep their place.
    fn held(&self, labels: &Voxels<u16>, target_of: &[u8], grid: &Grid) -> Vec<bool> {
        let near = distance(&labels.grid, |i| self.hold.contains(&labels.values[i]));
        let holds = |p: [f64; 3]| {
            labels.grid.voxel_at(p).is_some_and(|v| {
                let target = target_of[usize::from(labels.values[v])] > 0;
                near[v] == 0.0 || !target && f64::from(near[v]) <= self.reach
            })
        };
        let enough = (SAMPLES * SAMPLES * SAMPLES).div_ceil(2);
        centres(grid).map(|p| samples(grid, p).filter(|s| holds(*s)).count() >= enough).collect()
    }
}

/// Centres of the voxels of a grid, x fastest.
fn centres(grid: &Grid) -> impl Iterator<Item = [f64; 3]> + use<> {
    let grid = *grid;
    let [nx, ny, _] = grid.dims;
    (0..grid.len()).map(move |i| {
        let voxel = [i % nx, i / nx % ny, i / (nx * ny)];
        std::array::from_fn(|a| grid.origin[a] + voxel[a] as f64 * grid.spacing[a])
    })
}

/// Points evenly spread over the voxel around `centre`.
fn samples(grid: &Grid, centre: [f64; 3]) -> impl Iterator<Item = [f64; 3]> + use<> {
    let spacing = grid.spacing;
    (0..SAMPLES * SAMPLES * SAMPLES).map(move |s| {
        let part = [s % SAMPLES, s / SAMPLES % SAMPLES, s / (SAMPLES * SAMPLES)];
        std::array::from_fn(|a| {
            centre[a] + spacing[a] * ((part[a] as f64 + 0.5) / SAMPLES as f64 - 0.5)
        })
    })
}

/// The nearest point whose voxel exists.
fn clamped(grid: &Grid, p: [f64; 3]) -> [f64; 3] {
    std::array::from_fn(|a| {
        let last = grid.origin[a] + (grid.dims[a] - 1) as f64 * grid.spacing[a];
        p[a].clamp(grid.origin[a], last)
    })
}

/// Samples of each target in each cell of the field, where the field has moved them.
fn counts(
    labels: &Voxels<u16>,
    grid: &Grid,
    field: &[[f64; 3]],
    target_of: &[u8],
    targets: usize,
) -> Vec<Vec<u8>> {
    centres(grid)
        .map(|centre| {
            let mut own = vec![0_u8; targets];
            for p in samples(grid, centre) {
                let u = interpolated(grid, field, p);
                let from = clamped(&labels.grid, std::array::from_fn(|a| p[a] + u[a]));
                let label = labels.grid.voxel_at(from).map_or(0, |v| labels.values[v]);
                let target = usize::from(target_of[usize::from(label)]);
                if target > 0 {
                    own[target - 1] += 1;
                }
            }
            own
        })
        .collect()
}

/// Corners and weights of trilinear interpolation at a point, which beyond the outermost centres stays as it is there.
fn corners(grid: &Grid, p: [f64; 3]) -> [(usize, f64); 8] {
    let p = clamped(grid, p);
    let mut low = [0; 3];
    let mut part = [0.0; 3];
    for a in 0..3 {
        let at = (p[a] - grid.origin[a]) / grid.spacing[a];
        low[a] = (at as usize).min(grid.dims[a].saturating_sub(2));
        part[a] = at - low[a] as f64;
    }
    std::array::from_fn(|i| {
        let up = [i & 1, i >> 1 & 1, i >> 2];
        let voxel = std::array::from_fn(|a| (low[a] + up[a]).min(grid.dims[a] - 1));
        let share = |a: usize| if up[a] == 1 { part[a] } else { 1.0 - part[a] };
        (grid.index(voxel), share(0) * share(1) * share(2))
    })
}

fn interpolated(grid: &Grid, field: &[[f64; 3]], p: [f64; 3]) -> [f64; 3] {
    let corners = corners(grid, p);
    std::array::from_fn(|a| corners.iter().map(|&(i, w)| w * field[i][a]).sum())
}

fn grey(scan: &Voxels<f32>, p: [f64; 3]) -> f32 {
    corners(&scan.grid, p).iter().map(|&(i, w)| w * f64::from(scan.values[i])).sum::<f64>() as f32
}

/// The way back to the source after another step of the flow: D′(y) = D(y − v) − v, with v half-way.
fn advected(grid: &Grid, field: &[[f64; 3]], velocity: &[[f64; 3]]) -> Vec<[f64; 3]> {
    centres(grid)
        .map(|y| {
            let first = interpolated(grid, velocity, y);
            let half = std::array::from_fn(|a| y[a] - first[a] / 2.0);
            let v = interpolated(grid, velocity, half);
            let before = interpolated(grid, field, std::array::from_fn(|a| y[a] - v[a]));
            std::array::from_fn(|a| before[a] - v[a])
        })
        .collect()
}

/// The potential flow on a grid.
struct Flow {
    grid: Grid,
    held: Vec<bool>,
    /// Is the low, the high face of the box closed, along each axis?
    closed: [[bool; 2]; 3],
}

/// What lies beyond a face of a cell.
enum Beyond {
    Cell(usize),
    Open,
    Closed,
}

impl Flow {
    fn new(grid: Grid, held: Vec<bool>) -> Self {
        Self { grid, held, closed: [[false; 2]; 3] }
    }

    /// Close the faces at which the box cuts a target off: what the scan does not show neither comes nor goes.
    fn close(&mut self, labels: &Voxels<u16>, target_of: &[u8]) {
        let [nx, ny, _] = labels.grid.dims;
        for (i, &label) in labels.values.iter().enumerate() {
            if target_of[usize::from(label)] == 0 {
                continue;
            }
            let voxel = [i % nx, i / nx % ny, i / (nx * ny)];
            for a in 0..3 {
                self.closed[a][0] |= voxel[a] == 0;
                self.closed[a][1] |= voxel[a] + 1 == labels.grid.dims[a];
            }
        }
    }

    fn beyond(&self, cell: [usize; 3], axis: usize, up: bool) -> Beyond {
        let edge = if up { cell[axis] + 1 == self.grid.dims[axis] } else { cell[axis] == 0 };
        if edge {
            let closed = self.closed[axis][usize::from(up)];
            return if closed { Beyond::Closed } else { Beyond::Open };
        }
        let mut next = cell;
        next[axis] = if up { cell[axis] + 1 } else { cell[axis] - 1 };
        let next = self.grid.index(next);
        if self.held[next] { Beyond::Closed } else { Beyond::Cell(next) }
    }

    /// Call `face` for each face of a free cell through which something can flow: the cell, the other one (none for the open
    /// outside), 1 / h between their centres and the axis with its sign.
    fn faces(&self, cell: usize, mut face: impl FnMut(Option<usize>, f64, usize, f64)) {
        let [nx, ny, _] = self.grid.dims;
        let at = [cell % nx, cell / nx % ny, cell / (nx * ny)];
        for axis in 0..3 {
            let h = self.grid.spacing[axis];
            for (up, sign) in [(false, -1.0), (true, 1.0)] {
                match self.beyond(at, axis, up) {
                    Beyond::Cell(next) => face(Some(next), 1.0 / h, axis, sign),
                    Beyond::Open => face(None, 2.0 / h, axis, sign),
                    Beyond::Closed => {}
                }
            }
        }
    }

    /// Displacement of a step at each cell [mm] for a rate of growth at each cell: conjugate gradients on −Δφ = −g, then ∇φ.
    fn velocity(&self, source: &[f64]) -> Result<Vec<[f64; 3]>, String> {
        let n = self.grid.len();
        let free = |i: usize| !self.held[i];
        let product = |x: &[f64], y: &mut [f64]| {
            for i in (0..n).filter(|&i| free(i)) {
                let mut sum = 0.0;
                self.faces(i, |next, g, axis, _| {
                    sum += g * (x[i] - next.map_or(0.0, |j| x[j])) / self.grid.spacing[axis];
                });
                y[i] = sum;
            }
        };
        let mut diagonal = vec![1.0; n];
        for i in (0..n).filter(|&i| free(i)) {
            let mut sum = 0.0;
            self.faces(i, |_, g, axis, _| sum += g / self.grid.spacing[axis]);
            diagonal[i] = if sum > 0.0 { sum } else { 1.0 };
        }
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let mut potential = vec![0.0; n];
        let mut residual: Vec<f64> =
            (0..n).map(|i| if free(i) { -source[i] } else { 0.0 }).collect();
        let whole = dot(&residual, &residual);
        let mut z: Vec<f64> = residual.iter().zip(&diagonal).map(|(r, d)| r / d).collect();
        let mut way = z.clone();
        let mut rz = dot(&residual, &z);
        let mut image = vec![0.0; n];
        let mut left = 4000;
        while dot(&residual, &residual) > TOLERANCE * TOLERANCE * whole {
            left -= 1;
            if left == 0 {
                return Err("the growth has nowhere to go: everything around is held".to_owned());
            }
            product(&way, &mut image);
            let alpha = rz / dot(&way, &image);
            for i in 0..n {
                potential[i] += alpha * way[i];
                residual[i] -= alpha * image[i];
                z[i] = residual[i] / diagonal[i];
            }
            let next = dot(&residual, &z);
            let beta = next / rz;
            rz = next;
            for i in 0..n {
                way[i] = z[i] + beta * way[i];
            }
        }
        let mut velocity = vec![[0.0; 3]; n];
        for i in (0..n).filter(|&i| free(i)) {
            self.faces(i, |next, g, axis, sign| {
                let through = sign * g * (next.map_or(0.0, |j| potential[j]) - potential[i]);
                velocity[i][axis] += through / 2.0;
            });
        }
        Ok(velocity)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A ball (3) beside a neighbour (4), above a slab of bone (8).
    fn scene() -> Workpiece {
        let grid = Grid { dims: [48, 40, 36], origin: [0.0; 3], spacing: [2.0; 3] };
        let values: Vec<u16> = centres(&grid)
            .map(|p| {
                let ball = |c: [f64; 3], r: f64| {
                    (0..3).map(|a| (p[a] - c[a]).powi(2)).sum::<f64>() < r * r
                };
                if p[2] < 9.0 {
                    8
                } else if ball([40.0, 40.0, 32.0], 16.0) {
                    3
                } else if ball([68.0, 40.0, 34.0], 11.0) {
                    4
                } else {
                    0
                }
            })
            .collect();
        let scan = values.iter().map(|&l| f32::from(l) * 10.0).collect();
        Workpiece { labels: Voxels { grid, values }, scan: Some(Voxels { grid, values: scan }) }
    }

    fn volume(work: &Workpiece, label: u16) -> f64 {
        work.labels.values.iter().filter(|&&l| l == label).count() as f64 * 8.0
    }

    fn middle(work: &Workpiece, label: u16) -> f64 {
        let xs = centres(&work.labels.grid).zip(&work.labels.values);
        let own: Vec<f64> = xs.filter(|(_, l)| **l == label).map(|(p, _)| p[0]).collect();
        own.iter().sum::<f64>() / own.len() as f64
    }

    #[test]
    fn what_grows_pushes_its_neighbour_and_bone_stays() {
        let before = scene();
        for factor in [1.8, 0.6] {
            let mut work = before.clone();
            let expand = Expand {
                targets: vec![Expansion { labels: vec![3], factor }],
                hold: vec![8],
                reach: 0.0,
                spacing: 4.0,
                steps: 6,
            };
            assert!(expand.faults().is_empty());
            expand.apply(&mut work).unwrap();
            let grown = volume(&work, 3) / volume(&before, 3);
            assert!((grown / factor - 1.0).abs() < 0.05, "{grown} for {factor}");
            let kept = volume(&work, 4) / volume(&before, 4);
            assert!((kept - 1.0).abs() < 0.08, "the neighbour has {kept} of its volume");
            let moved = middle(&work, 4) - middle(&before, 4);
            assert!(moved.signum() == (factor - 1.0).signum() && moved.abs() > 0.4, "{moved} mm");
            let slab = |w: &Workpiece| w.labels.values.iter().map(|&l| l == 8).collect::<Vec<_>>();
            let changed = slab(&work).iter().zip(slab(&before)).filter(|(a, b)| **a != *b).count();
            assert!(changed as f64 * 8.0 < 0.01 * volume(&before, 8), "{changed} voxels of bone");
            // The scan went with the labels.
            let scan = work.scan.as_ref().unwrap();
            let apart = scan.values.iter().zip(&work.labels.values);
            let wrong = apart.filter(|(g, l)| (*g - f32::from(**l) * 10.0).abs() > 20.0).count();
            assert!(wrong < work.labels.values.len() / 50, "{wrong} voxels");
        }
    }

    #[test]
    fn what_cannot_be_grown_is_told() {
        let expand = Expand {
            targets: vec![Expansion { labels: vec![77], factor: 9.0 }],
            hold: Vec::new(),
            reach: 0.0,
            spacing: 4.0,
            steps: 0,
        };
        assert_eq!(expand.faults().len(), 2);
        assert!(expand.apply(&mut scene()).unwrap_err().contains("[77]"));
    }
}
