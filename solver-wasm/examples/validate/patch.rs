//! A piece of a body's surface: a grid of points in the body's space, split into triangles.

use crate::specimen::Point;

/// A triangulated surface.
#[derive(Clone, Debug, Default)]
pub struct Patch {
    /// Vertices [mm], body space.
    pub points: Vec<Point>,
    /// Vertices of each triangle, counter-clockwise from outside the tissue.
    pub triangles: Vec<[u32; 3]>,
}

impl Patch {
    /// The image of the unit square in `counts` steps; ∂/∂u × ∂/∂v points out of the tissue.
    pub fn mapped(counts: [usize; 2], place: impl Fn(f64, f64) -> Point) -> Self {
        let [nu, nv] = counts.map(|n| n.max(1));
        let points = (0..=nv)
            .flat_map(|j| (0..=nu).map(move |i| (i, j)))
            .map(|(i, j)| place(i as f64 / nu as f64, j as f64 / nv as f64))
            .collect();
        let row = nu as u32 + 1;
        let triangles = (0..nv as u32)
            .flat_map(|j| (0..nu as u32).map(move |i| i + row * j))
            .flat_map(|a| [[a, a + 1, a + row + 1], [a, a + row + 1, a + row]])
            .collect();
        let mut patch = Self { points, triangles };
        // A pole of the map is one point many times.
        let points = &patch.points;
        patch.triangles.retain(|t| norm(area(points, t)) > 1e-12);
        patch
    }

    /// A parallelogram in steps of at most `step` [mm]; `u` × `v` points out of the tissue.
    pub fn flat(corner: Point, u: Point, v: Point, step: f64) -> Self {
        let counts = [u, v].map(|edge| (norm(edge) / step).ceil() as usize);
        Self::mapped(counts, |s, t| std::array::from_fn(|i| corner[i] + s * u[i] + t * v[i]))
    }

    /// Vector area of each vertex [mm²]: a third of its triangles', which integrates what is linear in a triangle.
    pub fn areas(&self) -> Vec<Point> {
        let mut areas = vec![[0.0; 3]; self.points.len()];
        for triangle in &self.triangles {
            let area = area(&self.points, triangle);
            for vertex in triangle {
                for (sum, a) in areas[*vertex as usize].iter_mut().zip(area) {
                    *sum += a / 3.0;
                }
            }
        }
        areas
    }

    /// Volume of the cone from `tip` over the surface with its vertices at `points` [mm³]; positive where the surface
    /// turns its outside to the tip.
    pub fn cone(&self, points: &[Point], tip: Point) -> f64 {
        self.triangles
            .iter()
            .map(|t| {
                let (a, p) = (area(points, t), points[t[0] as usize]);
                (0..3).map(|i| a[i] * (tip[i] - p[i])).sum::<f64>() / 3.0
            })
            .sum()
    }
}

/// Length of a vector.
pub fn norm(v: Point) -> f64 {
    v.iter().map(|x| x * x).sum::<f64>().sqrt()
}

/// Vector area of a triangle.
fn area(points: &[Point], triangle: &[u32; 3]) -> Point {
    let [a, b, c] = triangle.map(|vertex| points[vertex as usize]);
    let (u, v): (Point, Point) =
        (std::array::from_fn(|i| b[i] - a[i]), std::array::from_fn(|i| c[i] - a[i]));
    std::array::from_fn(|i| {
        let (j, k) = ((i + 1) % 3, (i + 2) % 3);
        0.5 * (u[j] * v[k] - u[k] * v[j])
    })
}
