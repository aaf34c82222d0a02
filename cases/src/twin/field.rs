//! Smooth indicator fields: how much of each structure there is around a point.

use crate::volume::{Grid, Voxels};

/// A structure's smoothed indicator on part of a grid; 0 elsewhere.
pub(super) struct Field {
    low: [usize; 3],
    dims: [usize; 3],
    values: Vec<f32>,
}

impl Field {
    /// Value at a grid point.
    #[inline]
    pub(super) fn at(&self, point: [usize; 3]) -> f32 {
        let p: [usize; 3] = std::array::from_fn(|a| point[a].wrapping_sub(self.low[a]));
        if p[0] < self.dims[0] && p[1] < self.dims[1] && p[2] < self.dims[2] {
            self.values[p[0] + self.dims[0] * (p[1] + self.dims[1] * p[2])]
        } else {
            0.0
        }
    }

    /// First point and number of points along each axis of the part where the field is not 0.
    pub(super) fn extent(&self) -> ([usize; 3], [usize; 3]) {
        (self.low, self.dims)
    }

    /// Values, x fastest, over the extent.
    pub(super) fn values(&self) -> &[f32] {
        &self.values
    }
}

/// Rows that are convolved together.
const ROWS: usize = 16;

/// Convolve the indicator of `structure` with a Gaussian of standard deviation `sigma` [mm] along x, y, z, exactly over each voxel, and
/// sample it on `target`, which divides the same box; the structure lies in `extent`. Beyond the box the outermost voxels go on for ever, so that a surface
/// meets the end of the scan at a right angle.
pub(super) fn smooth_indicator(
    volume: &Voxels<u8>,
    structure: u8,
    target: &Grid,
    sigma: [f64; 3],
    (low, high): Extent,
) -> Field {
    let source = &volume.grid;
    let axes: [Vec<Tap>; 3] =
        std::array::from_fn(|a| taps(source, target, a, sigma[a], low[a], high[a]));
    let dims: [usize; 3] = std::array::from_fn(|a| high[a] - low[a]);
    let out: [usize; 3] = std::array::from_fn(|a| axes[a].len());

    // One axis after the other; the axis just done varies slowest, so three passes restore x, y, z.
    let mut data = vec![0.0_f32; dims.iter().product()];
    for z in 0..dims[2] {
        for y in 0..dims[1] {
            let row = source.index([low[0], y + low[1], z + low[2]]);
            let to = dims[0] * (y + dims[1] * z);
            for x in 0..dims[0] {
                if volume.values[row + x] == structure {
                    data[to + x] = 1.0;
                }
            }
        }
    }
    let mut shape = dims;
    for taps in &axes {
        let (n, rest) = (shape[0], shape[1] * shape[2]);
        let mut next = vec![0.0_f32; taps.len() * rest];
        // Some rows at a time: they stay in the cache, and what is written of them lies side by side.
        for first in (0..rest).step_by(ROWS) {
            // A box holds mostly nothing of what lies in it aslant, and nothing stays nothing.
            let rows: Vec<usize> = (first..(first + ROWS).min(rest))
                .filter(|r| data[r * n..(r + 1) * n].iter().any(|v| *v != 0.0))
                .collect();
            for (i, tap) in taps.iter().enumerate() {
                for &r in &rows {
                    let part = &data[r * n + tap.start..][..tap.weights.len()];
                    next[i * rest + r] = part.iter().zip(&tap.weights).map(|(v, w)| v * w).sum();
                }
            }
        }
        data = next;
        shape = [shape[1], shape[2], taps.len()];
    }
    Field {
        low: std::array::from_fn(|a| axes[a].first().map_or(0, |t| t.at)),
        dims: out,
        values: data,
    }
}

/// Low and one-past-high voxel.
pub(super) type Extent = ([usize; 3], [usize; 3]);

/// Where each structure lies, by its number less 1; none without voxels.
pub(super) fn extents(volume: &Voxels<u8>, count: usize) -> Vec<Option<Extent>> {
    let [nx, ny, _] = volume.grid.dims;
    let mut extents = vec![([usize::MAX; 3], [0; 3]); 256];
    for (row, values) in volume.values.chunks_exact(nx).enumerate() {
        let (y, z) = (row % ny, row / ny);
        let mut x = 0;
        // From one change to the next, since labels come in stretches.
        for stretch in values.chunk_by(|a, b| a == b) {
            let (low, high) = &mut extents[usize::from(stretch[0])];
            let end = x + stretch.len();
            *low = [low[0].min(x), low[1].min(y), low[2].min(z)];
            *high = [high[0].max(end), high[1].max(y + 1), high[2].max(z + 1)];
            x = end;
        }
    }
    let found = extents.into_iter().skip(1).take(count);
    found.map(|extent| (extent.1[0] > 0).then_some(extent)).collect()
}

/// Weights of source voxels for one target point, relative to the bounding box.
struct Tap {
    at: usize,
    start: usize,
    weights: Vec<f32>,
}

fn taps(
    source: &Grid,
    target: &Grid,
    axis: usize,
    sigma: f64,
    low: usize,
    high: usize,
) -> Vec<Tap> {
    let (h, n) = (source.spacing[axis], source.dims[axis]);
    let begin = source.low()[axis];
    // Each target point is at least averaged over its own voxel, so that coarse levels do not alias.
    let sigma = sigma.max(0.5 * target.spacing[axis]).max(1e-3);
    let cut = 3.5 * sigma;
    let mut taps = Vec::new();
    for at in 0..target.dims[axis] {
        let centre = target.origin[axis] + at as f64 * target.spacing[axis] - begin;
        let cumulative = |edge: usize| {
            // The outermost voxels reach to infinity.
            if edge == 0 {
                0.0
            } else if edge == n {
                1.0
            } else {
                gaussian_cumulative((edge as f64 * h - centre) / sigma)
            }
        };
        let first = (((centre - cut) / h).floor().max(0.0) as usize).min(n - 1).max(low);
        let last = (((centre + cut) / h).ceil().max(1.0) as usize).clamp(1, n).min(high);
        if first >= last {
            continue;
        }
        let weights = (first..last).map(|i| (cumulative(i + 1) - cumulative(i)) as f32).collect();
        taps.push(Tap { at, start: first - low, weights });
    }
    taps
}

/// Cumulative distribution of the standard normal, by Abramowitz and Stegun 7.1.26 (error below 1e-7).
fn gaussian_cumulative(x: f64) -> f64 {
    let z = x.abs() / std::f64::consts::SQRT_2;
    let t = 1.0 / (1.0 + 0.327_591_1 * z);
    let poly = t
        * (0.254_829_592
            + t * (-0.284_496_736
                + t * (1.421_413_741 + t * (-1.453_152_027 + t * 1.061_405_429))));
    let tail = 0.5 * poly * libm::exp(-z * z);
    if x < 0.0 { tail } else { 1.0 - tail }
}
