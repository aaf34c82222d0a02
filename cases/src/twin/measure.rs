//! Volumes, normals and dihedral angles of triangle surfaces.

/// A vector of three.
pub(super) type Vec3 = [f64; 3];

/// To four decimals: a number that a JSON text gives back exactly.
pub(super) fn rounded(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}

pub(super) fn sub(a: Vec3, b: Vec3) -> Vec3 {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

pub(super) fn cross(a: Vec3, b: Vec3) -> Vec3 {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

pub(super) fn dot(a: Vec3, b: Vec3) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

pub(super) fn norm(a: Vec3) -> f64 {
    dot(a, a).sqrt()
}

pub(super) fn unit(a: Vec3) -> Vec3 {
    let n = norm(a);
    if n > 0.0 { a.map(|c| c / n) } else { [0.0, 0.0, 1.0] }
}

/// Twice the area times the unit normal of a triangle.
pub(super) fn area_vector(corners: [Vec3; 3]) -> Vec3 {
    cross(sub(corners[1], corners[0]), sub(corners[2], corners[0]))
}

fn corners(positions: &[[f32; 3]], triangle: [u32; 3]) -> [Vec3; 3] {
    triangle.map(|v| positions[v as usize].map(f64::from))
}

/// Enclosed volume [mm³] by the divergence theorem; positive if outward-oriented.
pub(super) fn volume(positions: &[[f32; 3]], triangles: &[[u32; 3]]) -> f64 {
    // Relative to one vertex, so that round-off does not grow with the distance from the origin.
    let Some(&base) = positions.first() else { return 0.0 };
    let base = base.map(f64::from);
    let six: f64 = triangles
        .iter()
        .map(|&t| {
            let [a, b, c] = corners(positions, t).map(|p| sub(p, base));
            dot(a, cross(b, c))
        })
        .sum();
    six / 6.0
}

/// Area-weighted unit normals of the vertices.
pub(super) fn vertex_normals(positions: &[[f32; 3]], triangles: &[[u32; 3]]) -> Vec<Vec3> {
    let mut normals = vec![[0.0; 3]; positions.len()];
    for &t in triangles {
        let n = area_vector(corners(positions, t));
        for v in t {
            for a in 0..3 {
                normals[v as usize][a] += n[a];
            }
        }
    }
    normals.into_iter().map(unit).collect()
}

/// A third of the area of the triangles around each vertex [mm²].
pub(super) fn vertex_areas(positions: &[[f32; 3]], triangles: &[[u32; 3]]) -> Vec<f64> {
    let mut areas = vec![0.0; positions.len()];
    for &t in triangles {
        let third = norm(area_vector(corners(positions, t))) / 6.0;
        for v in t {
            areas[v as usize] += third;
        }
    }
    areas
}

/// Directed edges of a surface, sorted: (from, to, triangle).
pub(super) fn directed_edges(triangles: &[[u32; 3]]) -> Vec<(u32, u32, u32)> {
    let mut edges: Vec<_> = triangles
        .iter()
        .enumerate()
        .flat_map(|(i, t)| (0..3).map(move |c| (t[c], t[(c + 1) % 3], i as u32)))
        .collect();
    edges.sort_unstable();
    edges
}

/// Is each directed edge there once, and its opposite too? Then the surface is closed, 2-manifold along its edges and oriented.
pub(super) fn is_closed(triangles: &[[u32; 3]]) -> bool {
    let edges = directed_edges(triangles);
    !triangles.is_empty()
        && edges.windows(2).all(|w| (w[0].0, w[0].1) != (w[1].0, w[1].1))
        && edges
            .iter()
            .all(|&(a, b, _)| edges.binary_search_by(|e| (e.0, e.1).cmp(&(b, a))).is_ok())
}

/// Angles between the normals of triangles that share an edge [degrees], ascending; `keep` chooses the triangles.
pub(super) fn dihedral_angles(
    positions: &[[f32; 3]],
    triangles: &[[u32; 3]],
    keep: impl Fn(u32) -> bool,
) -> Vec<f64> {
    let edges = directed_edges(triangles);
    let normals: Vec<Vec3> =
        triangles.iter().map(|&t| unit(area_vector(corners(positions, t)))).collect();
    let mut angles: Vec<f64> = edges
        .iter()
        .filter(|e| e.0 < e.1 && keep(e.2))
        .filter_map(|&(a, b, t)| {
            let other = edges[edges.binary_search_by(|e| (e.0, e.1).cmp(&(b, a))).ok()?].2;
            keep(other).then(|| {
                dot(normals[t as usize], normals[other as usize])
                    .clamp(-1.0, 1.0)
                    .acos()
                    .to_degrees()
            })
        })
        .collect();
    angles.sort_by(f64::total_cmp);
    angles
}
