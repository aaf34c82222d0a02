//! Signed distance to closed triangle surfaces, on uniform grids.

use super::measure::{Vec3, cross, dot, sub};

/// Points of a uniform grid.
#[derive(Clone, Copy, Debug)]
pub(super) struct Points {
    /// Position of point (0, 0, 0) [mm].
    pub(super) origin: Vec3,
    /// Between points [mm].
    pub(super) spacing: f64,
    /// Points along x, y, z.
    pub(super) dims: [usize; 3],
}

impl Points {
    fn position(&self, [x, y, z]: [usize; 3]) -> Vec3 {
        let p = [x, y, z];
        std::array::from_fn(|a| self.origin[a] + self.spacing * p[a] as f64)
    }

    /// Points along `axis` whose coordinate lies from `low` to `high`.
    fn range(&self, axis: usize, low: f64, high: f64) -> std::ops::Range<usize> {
        let index = |c: f64| (c - self.origin[axis]) / self.spacing;
        let clamp = |i: f64| i.clamp(0.0, self.dims[axis] as f64) as usize;
        clamp(index(low).ceil())..clamp(index(high).floor() + 1.0)
    }

    /// Signed distance [mm] at each point, x fastest, negative inside the closed surface that the triangles make; nowhere more
    /// than `band` from zero.
    pub(super) fn signed_distances(&self, triangles: &[[Vec3; 3]], band: f64) -> Vec<f64> {
        let [nx, ny, nz] = self.dims;
        let mut squares = vec![band * band; nx * ny * nz];
        for t in triangles {
            let [xs, ys, zs] = [0, 1, 2].map(|a| {
                let low = t.iter().map(|p| p[a]).fold(f64::INFINITY, f64::min);
                let high = t.iter().map(|p| p[a]).fold(f64::NEG_INFINITY, f64::max);
                self.range(a, low - band, high + band)
            });
            for z in zs {
                for y in ys.clone() {
                    for x in xs.clone() {
                        let square = &mut squares[x + nx * (y + ny * z)];
                        *square = square.min(distance_squared(t, self.position([x, y, z])));
                    }
                }
            }
        }
        let mut distances: Vec<f64> = squares.into_iter().map(f64::sqrt).collect();
        self.negate_inside(triangles, &mut distances);
        distances
    }

    /// Inside is where a line along x has crossed the surface an odd number of times.
    fn negate_inside(&self, triangles: &[[Vec3; 3]], distances: &mut [f64]) {
        let [nx, ny, nz] = self.dims;
        // A hair off the grid: vertices are multiples of 1/4096 mm, so no line meets an edge.
        let nudge = [1.3e-5, 1.7e-5];
        let mut crossings: Vec<Vec<f64>> = vec![Vec::new(); ny * nz];
        for p in triangles {
            let range = |a: usize| {
                let low = p.iter().map(|q| q[a]).fold(f64::INFINITY, f64::min);
                let high = p.iter().map(|q| q[a]).fold(f64::NEG_INFINITY, f64::max);
                self.range(a, low - nudge[a - 1], high - nudge[a - 1])
            };
            for z in range(2) {
                for y in range(1) {
                    let at = self.position([0, y, z]);
                    let (py, pz) = (at[1] + nudge[0], at[2] + nudge[1]);
                    let edge = |i: usize, j: usize| {
                        (p[j][1] - p[i][1]) * (pz - p[i][2]) - (p[j][2] - p[i][2]) * (py - p[i][1])
                    };
                    let (a, b, c) = (edge(1, 2), edge(2, 0), edge(0, 1));
                    if (a > 0.0) == (b > 0.0) && (b > 0.0) == (c > 0.0) {
                        let sum = a + b + c;
                        let x = (a * p[0][0] + b * p[1][0] + c * p[2][0]) / sum;
                        crossings[y + ny * z].push(x);
                    }
                }
            }
        }
        for (row, crossings) in crossings.iter_mut().enumerate() {
            crossings.sort_by(f64::total_cmp);
            for pair in crossings.chunks_exact(2) {
                for x in self.range(0, pair[0], pair[1]) {
                    let distance = &mut distances[x + nx * row];
                    *distance = -distance.abs();
                }
            }
        }
    }
}

/// Squared distance of a point from a triangle [Ericson 2005].
fn distance_squared([a, b, c]: &[Vec3; 3], p: Vec3) -> f64 {
    let (ab, ac, ap) = (sub(*b, *a), sub(*c, *a), sub(p, *a));
    let to = |q: Vec3| {
        let d = sub(p, q);
        dot(d, d)
    };
    let along = |from: Vec3, way: Vec3, t: f64| to(std::array::from_fn(|i| from[i] + t * way[i]));
    let (d1, d2) = (dot(ab, ap), dot(ac, ap));
    if d1 <= 0.0 && d2 <= 0.0 {
        return to(*a);
    }
    let bp = sub(p, *b);
    let (d3, d4) = (dot(ab, bp), dot(ac, bp));
    if d3 >= 0.0 && d4 <= d3 {
        return to(*b);
    }
    let vc = d1 * d4 - d3 * d2;
    if vc <= 0.0 && d1 >= 0.0 && d3 <= 0.0 {
        return along(*a, ab, d1 / (d1 - d3));
    }
    let cp = sub(p, *c);
    let (d5, d6) = (dot(ab, cp), dot(ac, cp));
    if d6 >= 0.0 && d5 <= d6 {
        return to(*c);
    }
    let vb = d5 * d2 - d1 * d6;
    if vb <= 0.0 && d2 >= 0.0 && d6 <= 0.0 {
        return along(*a, ac, d2 / (d2 - d6));
    }
    let va = d3 * d6 - d5 * d4;
    if va <= 0.0 && d4 >= d3 && d5 >= d6 {
        return along(*b, sub(*c, *b), (d4 - d3) / ((d4 - d3) + (d5 - d6)));
    }
    let normal = cross(ab, ac);
    let height = dot(normal, ap);
    height * height / dot(normal, normal).max(1e-30)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_to_an_octahedron_are_exact() {
        let tip = |axis: usize, sign: f64| {
            let mut p = [0.0; 3];
            p[axis] = 10.0 * sign;
            p
        };
        let mut triangles = Vec::new();
        for s in 0..8_usize {
            let sign = |bit: usize| if s >> bit & 1 == 1 { -1.0 } else { 1.0 };
            triangles.push([tip(0, sign(0)), tip(1, sign(1)), tip(2, sign(2))]);
        }
        let points = Points { origin: [-12.0; 3], spacing: 1.5, dims: [17; 3] };
        let distances = points.signed_distances(&triangles, 50.0);
        for z in 0..17 {
            for y in 0..17 {
                for x in 0..17 {
                    let p = points.position([x, y, z]).map(f64::abs);
                    let sum = p[0] + p[1] + p[2];
                    let found = distances[x + 17 * (y + 17 * z)];
                    assert_eq!(found < -1e-9, sum < 10.0 - 1e-9, "{p:?}: {found}");
                    // Where the foot lies in a face.
                    let foot = p.map(|c| c - (sum - 10.0) / 3.0);
                    if foot.iter().all(|c| *c >= 0.0) {
                        assert!((found - (sum - 10.0) / 3.0_f64.sqrt()).abs() < 1e-9, "{p:?}");
                    }
                    assert!(found.abs() < 20.0);
                }
            }
        }
    }
}
