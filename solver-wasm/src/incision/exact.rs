//! Exact orientation on a grid of whole numbers: does a link between two samples cross a triangle of a blade's sheet?
//!
//! Blades are put on a grid of 1/1024 of a sample's edge. The centres of samples lie on a finer one, a little off the blades', so
//! that a blade that runs along a row of samples has them all on one side of it.

/// Blade coordinates in a sample's edge.
const BLADE: f64 = 1024.0;
/// Centre coordinates in a blade coordinate.
const FINER: i64 = 64;
/// Where in its sample a centre lies, in the finest units: the middle, and off every blade coordinate.
const CENTRE: [i64; 3] = [32_768 + 17, 32_768 + 29, 32_768 + 41];
/// Coordinates beyond this many samples are brought back to it: no lattice is as large, and no product below overflows.
const FARTHEST: f64 = 1_048_576.0;

/// A place in the finest units.
pub(super) type Place = [i64; 3];

/// A place of the blade, from sample coordinates.
pub(super) fn blade(at: [f64; 3]) -> Place {
    at.map(|x| (x.clamp(-FARTHEST, FARTHEST) * BLADE).round() as i64 * FINER)
}

/// Sample coordinate of a place, rounded down.
pub(super) fn sample(at: i64) -> i64 {
    at.div_euclid(BLADE as i64 * FINER)
}

/// The centre of a sample.
pub(super) fn centre(sample: [i64; 3]) -> Place {
    std::array::from_fn(|a| sample[a] * BLADE as i64 * FINER + CENTRE[a])
}

/// Six times the signed volume of the tetrahedron a, b, c, d, exactly.
fn volume(a: Place, b: Place, c: Place, d: Place) -> i128 {
    let from = |p: Place| -> [i128; 3] { std::array::from_fn(|k| i128::from(p[k] - a[k])) };
    let (u, v, w) = (from(b), from(c), from(d));
    u[0] * (v[1] * w[2] - v[2] * w[1])
        + u[1] * (v[2] * w[0] - v[0] * w[2])
        + u[2] * (v[0] * w[1] - v[1] * w[0])
}

/// Does the way from p to q cross the triangle? What touches its rim does, so that nothing slips between two triangles that share
/// an edge; a triangle without area is crossed by nothing.
pub(super) fn crosses(p: Place, q: Place, [a, b, c]: [Place; 3]) -> bool {
    if (volume(a, b, c, p) >= 0) == (volume(a, b, c, q) >= 0) {
        return false;
    }
    let sides = [volume(p, q, a, b), volume(p, q, b, c), volume(p, q, c, a)];
    sides.iter().all(|s| *s >= 0) || sides.iter().all(|s| *s <= 0)
}

/// Where a blade crossed a link.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Crossing {
    /// Share of the way from the lower sample to the upper.
    pub at: f32,
    /// Unit normal of the sheet there, to either side.
    pub normal: [f32; 3],
}

/// Where the way from p to q crosses a triangle that it crosses.
pub(super) fn crossing(p: Place, q: Place, [a, b, c]: [Place; 3]) -> Crossing {
    let (from, to) = (volume(a, b, c, p) as f64, volume(a, b, c, q) as f64);
    let edge = |end: Place| [0, 1, 2].map(|k| (end[k] - a[k]) as f64);
    let (u, v) = (edge(b), edge(c));
    let n = [0, 1, 2].map(|k| {
        let (i, j) = ((k + 1) % 3, (k + 2) % 3);
        u[i] * v[j] - u[j] * v[i]
    });
    let length = n.iter().map(|x| x * x).sum::<f64>().sqrt();
    Crossing { at: (from / (from - to)) as f32, normal: n.map(|x| (x / length) as f32) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_cut_where_it_meets_the_triangle_and_nowhere_else() {
        let triangle = [[1.0, 0.0, 0.0], [1.0, 4.0, 0.0], [1.0, 0.0, 4.0]].map(blade);
        let link = |y: i64, z: i64| [[0, y, z], [1, y, z]].map(centre);
        for (y, z, cut) in
            [(0, 0, true), (2, 0, true), (3, 0, false), (0, 3, false), (-1, 0, false)]
        {
            let [p, q] = link(y, z);
            assert_eq!(crosses(p, q, triangle), cut, "{y} {z}");
            assert_eq!(crosses(q, p, triangle), cut, "turned round: {y} {z}");
        }
        let [a, b, c] = triangle;
        let [p, q] = link(0, 0);
        assert!(crosses(p, q, [c, b, a]) && !crosses(p, q, [a, b, b]));
    }

    #[test]
    fn nothing_slips_between_triangles_that_share_an_edge() {
        // A fan about a point on a link, and blades along rows of centres.
        let hub = [0.5, 0.5, 0.5];
        let rim: Vec<[f64; 3]> = (0..7)
            .map(|i| {
                let turn = f64::from(i) / 7.0 * std::f64::consts::TAU;
                [0.5, 0.5 + 3.0 * turn.cos(), 0.5 + 3.0 * turn.sin()]
            })
            .collect();
        let fan: Vec<[Place; 3]> =
            (0..7).map(|i| [hub, rim[i], rim[(i + 1) % 7]].map(blade)).collect();
        for y in -1..=2 {
            for z in -1..=2 {
                let [p, q] = [[-1, y, z], [1, y, z]].map(centre);
                assert!(fan.iter().any(|t| crosses(p, q, *t)), "{y} {z}");
            }
        }
    }
}
