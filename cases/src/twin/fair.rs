//! Smoothing of the sheets, and of the curves where they meet.

use super::complex::{Complex, OUTSIDE};

/// Taubin's two steps [Taubin 1995]: shrink, then swell a little more.
const SHRINK: f64 = 0.5;
const SWELL: f64 = -0.526;

/// Neighbours of each vertex, in one array.
pub(super) struct Rings {
    start: Vec<u32>,
    neighbours: Vec<u32>,
}

impl Rings {
    /// From pairs of joined vertices, each pair once or more, in any order.
    pub(super) fn new(vertex_count: usize, pairs: impl Iterator<Item = [u32; 2]>) -> Self {
        let mut edges: Vec<[u32; 2]> = pairs.flat_map(|[a, b]| [[a, b], [b, a]]).collect();
        edges.sort_unstable();
        edges.dedup();
        let mut start = vec![0_u32; vertex_count + 1];
        for [a, _] in &edges {
            start[*a as usize + 1] += 1;
        }
        for i in 0..vertex_count {
            start[i + 1] += start[i];
        }
        Self { start, neighbours: edges.into_iter().map(|[_, b]| b).collect() }
    }

    /// The neighbours of one vertex.
    pub(super) fn of(&self, vertex: usize) -> &[u32] {
        &self.neighbours[self.start[vertex] as usize..self.start[vertex + 1] as usize]
    }
}

/// What each vertex is smoothed towards the mean of.
pub(super) fn rings(complex: &Complex) -> Rings {
    let vertex_count = complex.positions.len();
    let mut curve_degree = vec![0_u32; vertex_count];
    for &[a, b] in &complex.curves {
        curve_degree[a as usize] += 1;
        curve_degree[b as usize] += 1;
    }
    // On a curve only the curve's own course counts; a sheet's vertex feels all around it.
    let on_curve = |v: u32| curve_degree[v as usize] >= 2;
    let curves = Rings::new(vertex_count, complex.curves.iter().copied());
    let sheets = Rings::new(
        vertex_count,
        complex.quads.iter().flat_map(|q| (0..4).map(|i| [q.corners[i], q.corners[(i + 1) % 4]])),
    );
    let mut start = vec![0];
    let mut neighbours = Vec::new();
    for v in 0..vertex_count {
        let ring = if on_curve(v as u32) { curves.of(v) } else { sheets.of(v) };
        neighbours.extend_from_slice(ring);
        start.push(neighbours.len() as u32);
    }
    Rings { start, neighbours }
}

/// Smooth all sheets by `rounds` of Taubin's filter; no vertex moves more than `reach` [mm] from where it was.
pub(super) fn smooth(complex: &mut Complex, rings: &Rings, rounds: usize, reach: f64) {
    let origin = complex.positions.clone();
    let mut next = origin.clone();
    for round in 0..2 * rounds {
        let factor = if round % 2 == 0 { SHRINK } else { SWELL };
        for (v, to) in next.iter_mut().enumerate() {
            let ring = rings.of(v);
            let here = complex.positions[v];
            let mut mean = [0.0; 3];
            for &w in ring {
                for a in 0..3 {
                    mean[a] += complex.positions[w as usize][a];
                }
            }
            let n = ring.len().max(1) as f64;
            let mut moved: [f64; 3] =
                std::array::from_fn(|a| here[a] + factor * (mean[a] / n - here[a]));
            let away: [f64; 3] = std::array::from_fn(|a| moved[a] - origin[v][a]);
            let distance = away.iter().map(|d| d * d).sum::<f64>().sqrt();
            if distance > reach {
                moved = std::array::from_fn(|a| origin[v][a] + away[a] * reach / distance);
            }
            for a in 0..3 {
                to[a] = complex.pinned[v][a].unwrap_or(moved[a]);
            }
        }
        std::mem::swap(&mut complex.positions, &mut next);
    }
}

/// Is this quad part of the face at which the scan ends?
pub(super) fn is_scan_end(below: u8, above: u8) -> bool {
    below == OUTSIDE || above == OUTSIDE
}
