//! Fibre tracts of another brain, laid into the patient's.

use nalgebra::{Matrix3, Vector3};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Workpiece, threshold::free};
use crate::volume::Grid;

type Point = Vector3<f64>;

/// Draw the streamlines of a TrackVis file (`.trk`) as a bundle. They come from another head, or from many, and are moved, turned
/// and scaled as landmarks that can be seen in both ask [Umeyama 1991]: this
/// shows where such a tract is to be expected, not where the patient's own runs, and a case must say so.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tracts {
    /// The label that is given.
    pub label: u16,
    /// Labels whose voxels may be taken: 0 for what has none yet.
    #[serde(default = "free")]
    pub within: Vec<u16>,
    /// Source file with the streamlines.
    pub file: String,
    /// Landmarks in the file's own axes (x to the right, y to the front, z to the head) [mm]; three at least, not in a line.
    pub from: Vec<[f64; 3]>,
    /// The same landmarks in the patient's axes (x to the left, y to the back, z to the head) [mm].
    pub to: Vec<[f64; 3]>,
    /// The mean distance that may remain between them after the fit [mm]; more is an error.
    pub tolerance: f64,
    /// The plane x = … of the patient in which streamlines are mirrored after the fit, to show a tract of the other side [mm].
    pub mirror: Option<f64>,
    /// Radius of a streamline [mm].
    pub radius: f64,
    /// How many streamlines must pass within the radius: strays are left out.
    pub least: u32,
}

impl Tracts {
    pub(super) fn faults(&self) -> Vec<(&'static str, String, &'static str)> {
        let mut faults = Vec::new();
        if self.from.len() != self.to.len() || self.from.len() < 3 {
            let reason = format!("has {} landmarks, `from` {}", self.to.len(), self.from.len());
            faults.push(("to", reason, "write the same three or more in both"));
        }
        if !(0.2..=20.0).contains(&self.radius) {
            faults.push(("radius", format!("is {}", self.radius), "write 0.2 to 20 mm"));
        }
        if self.least == 0 {
            faults.push(("least", "is 0".to_owned(), "write 1 or more"));
        }
        faults
    }

    pub(super) fn apply(&self, work: &mut Workpiece, bytes: &[u8]) -> Result<(), String> {
        let from: Vec<Point> = self.from.iter().map(|&p| patient(p.into())).collect();
        let to: Vec<Point> = self.to.iter().map(|&p| p.into()).collect();
        let fit = Similarity::fit(&from, &to)
            .ok_or("the landmarks lie on one line or one point; write others")?;
        let left = fit.error(&from, &to);
        if left > self.tolerance {
            return Err(format!(
                "the landmarks fit to {left:.1} mm, and {} are allowed; look for one that is wrong",
                self.tolerance
            ));
        }
        let grid = work.labels.grid;
        let mut counts = vec![0_u32; grid.len()];
        // The streamline that counted last in a voxel, so that each counts once.
        let mut last = vec![0_u32; grid.len()];
        for (number, line) in (1..).zip(streamlines(&self.file, bytes)?) {
            let line: Vec<Point> = line
                .into_iter()
                .map(|p| fit.apply(patient(p)))
                .map(|p| match self.mirror {
                    Some(x) => Point::new(2.0 * x - p.x, p.y, p.z),
                    None => p,
                })
                .collect();
            walk(&line, self.radius / 2.0, |p| {
                ball(&grid, p, self.radius, |voxel| {
                    if last[voxel] != number {
                        last[voxel] = number;
                        counts[voxel] += 1;
                    }
                });
            });
        }
        let mut drawn = false;
        for (label, count) in work.labels.values.iter_mut().zip(counts) {
            if count >= self.least && self.within.contains(label) {
                *label = self.label;
                drawn = true;
            }
        }
        drawn.then_some(()).ok_or_else(|| format!("no streamline of {} lies there", self.file))
    }
}

/// From right, front, head to left, back, head.
fn patient(p: Point) -> Point {
    Point::new(-p.x, -p.y, p.z)
}

/// Points along a line, at most `step` apart.
fn walk(line: &[Point], step: f64, mut visit: impl FnMut(Point)) {
    for pair in line.windows(2) {
        let parts = ((pair[1] - pair[0]).norm() / step).ceil().max(1.0);
        for i in 0..parts as usize {
            visit(pair[0].lerp(&pair[1], i as f64 / parts));
        }
    }
    line.last().copied().into_iter().for_each(visit);
}

/// Voxels whose centres lie within `radius` of a point.
fn ball(grid: &Grid, centre: Point, radius: f64, mut visit: impl FnMut(usize)) {
    let range = |a: usize| {
        let at = |c: f64| (c - grid.origin[a]) / grid.spacing[a];
        let clamp = |i: f64| i.clamp(0.0, grid.dims[a] as f64) as usize;
        clamp(at(centre[a] - radius).ceil())..clamp(at(centre[a] + radius).floor() + 1.0)
    };
    for z in range(2) {
        for y in range(1) {
            for x in range(0) {
                let p = [x, y, z];
                let place = Point::from_fn(|a, _| grid.origin[a] + p[a] as f64 * grid.spacing[a]);
                if (place - centre).norm_squared() <= radius * radius {
                    visit(grid.index(p));
                }
            }
        }
    }
}

/// Moved, turned and scaled.
struct Similarity {
    scale: f64,
    rotation: Matrix3<f64>,
    shift: Point,
}

impl Similarity {
    /// The one that brings `from` nearest to `to`; none if the points span no plane.
    fn fit(from: &[Point], to: &[Point]) -> Option<Self> {
        let count = from.len() as f64;
        let centre = |points: &[Point]| points.iter().sum::<Point>() / count;
        let (low, high) = (centre(from), centre(to));
        let mut covariance = Matrix3::zeros();
        let mut spread = 0.0;
        for (a, b) in from.iter().zip(to) {
            covariance += (b - high) * (a - low).transpose() / count;
            spread += (a - low).norm_squared() / count;
        }
        let svd = covariance.svd(true, true);
        let (u, v_t) = (svd.u?, svd.v_t?);
        let singular = svd.singular_values;
        if spread < 1e-6 || singular[1] < 1e-6 * singular[0] {
            return None;
        }
        // A rotation, never a mirror.
        let mut signs = Vector3::repeat(1.0);
        if (u * v_t).determinant() < 0.0 {
            signs.z = -1.0;
        }
        let rotation = u * Matrix3::from_diagonal(&signs) * v_t;
        let scale = singular.dot(&signs) / spread;
        Some(Self { scale, rotation, shift: high - rotation * low * scale })
    }

    fn apply(&self, p: Point) -> Point {
        self.rotation * p * self.scale + self.shift
    }

    /// Mean distance that remains.
    fn error(&self, from: &[Point], to: &[Point]) -> f64 {
        let left = from.iter().zip(to).map(|(a, b)| (self.apply(*a) - b).norm());
        left.sum::<f64>() / from.len() as f64
    }
}

/// Bytes of a TrackVis header.
const HEADER: usize = 1000;

/// Streamlines of a TrackVis file [mm; x to the right, y to the front, z to the head].
fn streamlines(file: &str, bytes: &[u8]) -> Result<Vec<Vec<Point>>, String> {
    let broken = |what: &str| format!("{file} {what}; give a TrackVis file (.trk, version 2)");
    let header = bytes.get(..HEADER).ok_or_else(|| broken("is too short"))?;
    let word = |at: usize| -> [u8; 4] { std::array::from_fn(|i| header[at + i]) };
    let float = |at: usize| f64::from(f32::from_le_bytes(word(at)));
    let short = |at: usize| i16::from_le_bytes([header[at], header[at + 1]]);
    if !header.starts_with(b"TRACK") || i32::from_le_bytes(word(996)) != HEADER as i32 {
        return Err(broken("has another header"));
    }
    let (scalars, properties) = (short(36), short(238));
    let size = Point::from_fn(|a, _| float(12 + 4 * a));
    let matrix = Matrix3::from_fn(|row, column| float(440 + 4 * (4 * row + column)));
    let corner = Point::from_fn(|row, _| float(440 + 4 * (4 * row + 3)));
    if scalars < 0 || properties < 0 || size.min() <= 0.0 || matrix.determinant().abs() < 1e-9 {
        return Err(broken("does not say where its points lie"));
    }
    let stride = 4 * (3 + scalars as usize);
    let mut rest = &bytes[HEADER..];
    let mut lines = Vec::new();
    while let Some((count, data)) = rest.split_first_chunk::<4>() {
        let count = usize::try_from(i32::from_le_bytes(*count));
        let length = count.ok().and_then(|n| n.checked_mul(stride));
        let points = length
            .and_then(|length| data.get(..length))
            .ok_or_else(|| broken("ends within a streamline"))?;
        let line: Vec<Point> = points
            .chunks_exact(stride)
            .map(|p| {
                let place = Point::from_fn(|a, _| {
                    let at: [u8; 4] = std::array::from_fn(|i| p[4 * a + i]);
                    f64::from(f32::from_le_bytes(at)) / size[a] - 0.5
                });
                matrix * place + corner
            })
            .collect();
        if line.iter().any(|p| !p.iter().all(|c| c.is_finite())) {
            return Err(broken("has a point that is no number"));
        }
        lines.push(line);
        rest = data.get(points.len() + 4 * properties as usize..).unwrap_or_default();
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::volume::Voxels;

    /// A file of straight lines along x at the given heights, on voxels of 2 mm whose corner is at (1, 1, 1).
    fn file(heights: &[f32]) -> Vec<u8> {
        let mut bytes = vec![0; HEADER];
        bytes[..5].copy_from_slice(b"TRACK");
        let mut put = |at: usize, value: [u8; 4]| bytes[at..at + 4].copy_from_slice(&value);
        for a in 0..3 {
            put(12 + 4 * a, 2.0_f32.to_le_bytes());
            put(440 + 20 * a, 2.0_f32.to_le_bytes());
            put(452 + 16 * a, 2.0_f32.to_le_bytes());
        }
        put(496 + 4, 1.0_f32.to_le_bytes());
        put(996, 1000_i32.to_le_bytes());
        for &height in heights {
            bytes.extend(2_i32.to_le_bytes());
            for x in [0.0_f32, 20.0] {
                for c in [x, 5.0, height] {
                    bytes.extend(c.to_le_bytes());
                }
            }
        }
        bytes
    }

    fn step() -> Tracts {
        // The patient's head is turned by 90 degrees about z, scaled by 2, and shifted.
        let from = vec![[1.0, 0.0, 0.0], [0.0, 3.0, 0.0], [0.0, 0.0, 5.0], [2.0, 2.0, 2.0]];
        let to = from.iter().map(|p: &[f64; 3]| [2.0 * p[1], -2.0 * p[0], 2.0 * p[2]]);
        let to = to.map(|p| [p[0] + 10.0, p[1] + 60.0, p[2]]).collect();
        Tracts {
            label: 7,
            within: free(),
            file: "a.trk".to_owned(),
            from,
            to,
            tolerance: 0.1,
            mirror: None,
            radius: 2.0,
            least: 2,
        }
    }

    fn head() -> Workpiece {
        let grid = Grid { dims: [40, 70, 50], origin: [0.0; 3], spacing: [1.0; 3] };
        Workpiece { labels: Voxels { grid, values: vec![0; grid.len()] }, scan: None }
    }

    #[test]
    fn points_lie_where_the_header_says() {
        let lines = streamlines("a.trk", &file(&[7.0])).unwrap();
        assert_eq!(lines, [[Point::new(1.0, 6.0, 8.0), Point::new(21.0, 6.0, 8.0)]]);
    }

    #[test]
    fn a_bundle_follows_its_landmarks_and_leaves_strays_out() {
        let mut work = head();
        step().apply(&mut work, &file(&[7.0, 7.2, 18.0])).unwrap();
        let at = |p: [usize; 3]| work.labels.values[work.labels.grid.index(p)];
        // (x, 6, 8) becomes (2 · 6 + 10, 60 − 2 x, 16).
        assert_eq!([at([22, 40, 16]), at([22, 57, 16]), at([22, 40, 20])], [7, 7, 0]);
        assert_eq!([at([22, 66, 16]), at([22, 10, 16])], [0, 0]);
        assert_eq!(at([22, 40, 38]), 0, "a single streamline is a stray");
    }

    #[test]
    fn what_does_not_fit_or_is_no_file_is_told() {
        let mut bad = step();
        bad.to[1][0] += 30.0;
        assert!(bad.apply(&mut head(), &file(&[7.0])).unwrap_err().contains("are allowed"));
        let flat = Tracts { from: vec![[0.0; 3]; 3], to: vec![[1.0; 3]; 3], ..step() };
        assert!(flat.apply(&mut head(), &file(&[7.0])).unwrap_err().contains("line"));
        for broken in [&file(&[7.0])[..1010], b"TRACK", &[0; 1200]] {
            assert!(step().apply(&mut head(), broken).unwrap_err().contains("a.trk"));
        }
        assert_eq!(Tracts { least: 0, radius: 0.0, to: Vec::new(), ..step() }.faults().len(), 3);
    }

    #[test]
    fn a_mirrored_tract_runs_on_the_other_side() {
        let mut work = head();
        let mirrored = Tracts { mirror: Some(18.0), least: 1, ..step() };
        mirrored.apply(&mut work, &file(&[7.0])).unwrap();
        let at = |p: [usize; 3]| work.labels.values[work.labels.grid.index(p)];
        // The tract runs at x = 22.
        assert_eq!([at([14, 40, 16]), at([22, 40, 16])], [7, 0]);
    }
}
