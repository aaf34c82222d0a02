//! Smoothing of the sheets.
//!
//! Where three owners meet, an organ's own surface goes on smoothly past the rim of its neighbour, and the nothing between the two
//! ends in a cusp. So a vertex is drawn to the mean of its neighbours on the closed surface of each structure that it belongs to,
//! all structures alike, the nothing between them less. That leaves the curve where they meet free to zigzag along the grid: so the
//! curves are smoothed first, on their own, and then half of the pull on them comes from their own course.

use super::complex::{Complex, OUTSIDE};

/// Taubin's two steps [Taubin 1995]: shrink, then swell a little more.
const SHRINK: f64 = 0.5;
const SWELL: f64 = -0.526;

/// For each vertex, its neighbours and their weights, which sum to 1.
pub(super) struct Umbrellas {
    start: Vec<u32>,
    spokes: Vec<(u32, f32)>,
    /// How far each vertex may go, relative to the one that is given.
    reach: Vec<f32>,
    /// Neighbours along the curves: (vertex, neighbour), sorted, only vertices with two or more.
    curves: Vec<[u32; 2]>,
}

/// The umbrellas the other way round.
pub(super) struct Receivers {
    start: Vec<u32>,
    vertices: Vec<u32>,
}

impl Receivers {
    /// Vertices whose mean this one is part of.
    pub(super) fn of(&self, vertex: u32) -> &[u32] {
        let v = vertex as usize;
        &self.vertices[self.start[v] as usize..self.start[v + 1] as usize]
    }
}

/// Pull of the surface of nothing, relative to that of a structure: enough to keep the cusp between two organs from closing on
/// itself.
const NOTHING: f32 = 0.3;

/// How far a vertex may go by its distance along edges from a curve.
const REACH: [f32; 4] = [2.5, 2.0, 1.6, 1.3];

impl Umbrellas {
    /// The umbrellas of a complex.
    pub(super) fn new(complex: &Complex) -> Self {
        let vertex_count = complex.positions.len();
        // On the rim of the face where the scan ends only the rim's own course counts: the edge stays crisp.
        let mut walls = vec![false; vertex_count];
        let pinned = |v: u32| complex.pinned[v as usize].iter().any(Option::is_some);
        for quad in complex.quads.iter().filter(|q| !is_scan_end(q.below, q.above)) {
            for v in quad.corners.into_iter().filter(|&v| pinned(v)) {
                walls[v as usize] = true;
            }
        }
        let rim = |v: u32| pinned(v) && walls[v as usize];

        let mut spokes: Vec<(u32, u8, u32)> = Vec::with_capacity(8 * complex.quads.len());
        for quad in &complex.quads {
            let end = is_scan_end(quad.below, quad.above);
            for c in 0..4 {
                let (a, b) = (quad.corners[c], quad.corners[(c + 1) % 4]);
                for (from, to) in [(a, b), (b, a)] {
                    if rim(from) && (end || !rim(to)) {
                        continue;
                    }
                    for owner in [quad.below, quad.above] {
                        if owner != OUTSIDE {
                            spokes.push((from, owner, to));
                        }
                    }
                }
            }
        }
        spokes.sort_unstable();
        spokes.dedup();
        let mut this = Self {
            start: vec![0],
            spokes: Vec::with_capacity(spokes.len()),
            reach: Vec::new(),
            curves: curves(complex),
        };
        let mut rest = spokes.as_slice();
        for v in 0..vertex_count as u32 {
            let (mine, others) = rest.split_at(rest.partition_point(|s| s.0 == v));
            rest = others;
            let pull = |owner: u8| if owner == 0 { NOTHING } else { 1.0 };
            let total: f32 = mine.chunk_by(|s, t| s.1 == t.1).map(|ring| pull(ring[0].1)).sum();
            let first = this.spokes.len();
            let course = this.course(v);
            let share = if course.is_empty() { 0.0 } else { 0.5 };
            let course: Vec<_> =
                course.iter().map(|c| (c[1], share / course.len() as f32)).collect();
            this.spokes.extend(course);
            for ring in mine.chunk_by(|s, t| s.1 == t.1) {
                let weight = (1.0 - share) * pull(ring[0].1) / (total * ring.len() as f32);
                for &(_, _, to) in ring {
                    match this.spokes[first..].iter_mut().find(|s| s.0 == to) {
                        Some(spoke) => spoke.1 += weight,
                        None => this.spokes.push((to, weight)),
                    }
                }
            }
            this.start.push(this.spokes.len() as u32);
        }
        this.reach = this.reaches();
        this
    }

    /// Neighbours of a vertex along its curve.
    fn course(&self, v: u32) -> &[[u32; 2]] {
        &self.curves
            [self.curves.partition_point(|c| c[0] < v)..self.curves.partition_point(|c| c[0] <= v)]
    }

    fn reaches(&self) -> Vec<f32> {
        let vertex_count = self.start.len() - 1;
        let mut reach = vec![1.0; vertex_count];
        let mut front: Vec<u32> = self.curves.iter().map(|c| c[0]).collect();
        for allowed in REACH {
            let mut next = Vec::new();
            for v in front {
                if reach[v as usize] == 1.0 {
                    reach[v as usize] = allowed;
                    let spokes =
                        self.start[v as usize] as usize..self.start[v as usize + 1] as usize;
                    next.extend(self.spokes[spokes].iter().map(|s| s.0));
                }
            }
            front = next;
        }
        reach
    }

    /// For each vertex, the vertices whose mean it is part of.
    pub(super) fn receivers(&self) -> Receivers {
        let vertex_count = self.start.len() - 1;
        let mut start = vec![0_u32; vertex_count + 1];
        self.spokes.iter().for_each(|s| start[s.0 as usize + 1] += 1);
        for v in 0..vertex_count {
            start[v + 1] += start[v];
        }
        let mut free = start.clone();
        let mut vertices = vec![0; self.spokes.len()];
        for v in 0..vertex_count {
            for spoke in &self.spokes[self.start[v] as usize..self.start[v + 1] as usize] {
                let place = &mut free[spoke.0 as usize];
                vertices[*place as usize] = v as u32;
                *place += 1;
            }
        }
        Receivers { start, vertices }
    }

    /// Weighted mean of the neighbours' values; the vertex's own value if it has none.
    pub(super) fn mean(&self, vertex: usize, values: &[[f64; 3]]) -> [f64; 3] {
        let spokes = &self.spokes[self.start[vertex] as usize..self.start[vertex + 1] as usize];
        if spokes.is_empty() {
            return values[vertex];
        }
        let mut mean = [0.0; 3];
        for &(to, weight) in spokes {
            for a in 0..3 {
                mean[a] += f64::from(weight) * values[to as usize][a];
            }
        }
        mean
    }
}

/// Edges where three quads or more meet, both ways round, sorted; without vertices at which a curve just ends.
fn curves(complex: &Complex) -> Vec<[u32; 2]> {
    let mut edges: Vec<[u32; 2]> = complex
        .quads
        .iter()
        .flat_map(|q| (0..4).map(|c| [q.corners[c], q.corners[(c + 1) % 4]]))
        .flat_map(|[a, b]| [[a, b], [b, a]])
        .collect();
    edges.sort_unstable();
    let meeting: Vec<[u32; 2]> =
        edges.chunk_by(|a, b| a == b).filter(|same| same.len() >= 3).map(|same| same[0]).collect();
    meeting
        .chunk_by(|a, b| a[0] == b[0])
        .filter(|course| course.len() >= 2)
        .flatten()
        .copied()
        .collect()
}

/// Smooth the curves, then all sheets, by `rounds` of Taubin's filter each; no vertex moves more than `reach` [mm] from where it was,
/// those near a curve a little more.
pub(super) fn smooth(complex: &mut Complex, umbrellas: &Umbrellas, rounds: u32, reach: f64) {
    let origin = complex.positions.clone();
    let mut next = origin.clone();
    for round in 0..2 * rounds {
        for course in umbrellas.curves.chunk_by(|a, b| a[0] == b[0]) {
            let v = course[0][0] as usize;
            let mut mean = [0.0; 3];
            for edge in course {
                for a in 0..3 {
                    mean[a] += complex.positions[edge[1] as usize][a] / course.len() as f64;
                }
            }
            next[v] = step(
                complex,
                &origin,
                v,
                mean,
                factor(round),
                reach * f64::from(umbrellas.reach[v]),
            );
        }
        std::mem::swap(&mut complex.positions, &mut next);
    }
    next.clone_from(&complex.positions);
    for round in 0..2 * rounds {
        for (v, to) in next.iter_mut().enumerate() {
            let mean = umbrellas.mean(v, &complex.positions);
            *to = step(
                complex,
                &origin,
                v,
                mean,
                factor(round),
                reach * f64::from(umbrellas.reach[v]),
            );
        }
        std::mem::swap(&mut complex.positions, &mut next);
    }
}

fn factor(round: u32) -> f64 {
    if round.is_multiple_of(2) { SHRINK } else { SWELL }
}

/// A vertex moved by `factor` of the way to `mean`, at most `reach` from its origin, pinned coordinates kept.
fn step(
    complex: &Complex,
    origin: &[[f64; 3]],
    v: usize,
    mean: [f64; 3],
    factor: f64,
    reach: f64,
) -> [f64; 3] {
    let here = complex.positions[v];
    let moved: [f64; 3] = std::array::from_fn(|a| here[a] + factor * (mean[a] - here[a]));
    let away: [f64; 3] = std::array::from_fn(|a| moved[a] - origin[v][a]);
    let distance = away.iter().map(|d| d * d).sum::<f64>().sqrt();
    let part = if distance > reach { reach / distance } else { 1.0 };
    std::array::from_fn(|a| complex.pinned[v][a].unwrap_or(origin[v][a] + part * away[a]))
}

/// Is this quad part of the face at which the scan ends?
pub(super) fn is_scan_end(below: u8, above: u8) -> bool {
    below == OUTSIDE || above == OUTSIDE
}
