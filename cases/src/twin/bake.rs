//! What is computed once for each vertex and looked up ever after: occlusion, curvature, thickness.

use super::{
    measure::{
        Vec3, area_vector, cross, directed_edges, dot, norm, sub, unit, vertex_areas,
        vertex_normals,
    },
    parallel,
};
use crate::volume::Voxels;

/// Rays of a vertex.
const RAYS: usize = 40;
/// How far an occluder is felt [mm].
const OCCLUDER_REACH: f64 = 60.0;
/// Rounds of averaging over neighbours: rays are few.
const SMOOTHING: usize = 4;
/// Thickness that is written as 255 [mm].
const THICKEST: f64 = 40.0;
/// Mean curvature that is written as 255 [1/mm].
const SHARPEST: f64 = 0.1;

/// Vertices that one thread takes at a time.
const PART: usize = 512;

/// Bake one surface of `structure`: ambient occlusion (any structure), self-occlusion (this structure only), curvature,
/// thickness, all as `Surface::baked` says.
pub(super) fn bake(
    owners: &Voxels<u8>,
    structure: u8,
    positions: &[[f32; 3]],
    triangles: &[[u32; 3]],
) -> Vec<[u8; 4]> {
    let normals = vertex_normals(positions, triangles);
    let step = libm::cbrt(owners.grid.voxel_volume()) * 0.75;
    let rays = cosine_rays();
    let at = |v: usize| {
        let (p, n) = (positions[v].map(f64::from), normals[v]);
        let frame = frame(n);
        let (mut open, mut self_open, mut depth) = (0.0, 0.0, 0.0);
        for ray in rays {
            let outward = combine(frame, ray);
            let (any, own) = occlusion(owners, structure, p, n, outward, step);
            open += 1.0 - any;
            self_open += 1.0 - own;
            // The same ray mirrored, and drawn towards the normal: a narrow cone inwards.
            let inward = unit(combine(frame, [-0.4 * ray[0], -0.4 * ray[1], -ray[2] - 0.3]));
            depth += thickness(owners, structure, p, inward, step);
        }
        let n = RAYS as f64;
        [open / n, self_open / n, depth / n / THICKEST, 0.0, 0.0]
    };
    let parts: Vec<_> = (0..positions.len()).step_by(PART).collect();
    let baked = parallel::map(&parts, |&from| {
        (from..(from + PART).min(positions.len())).map(at).collect::<Vec<[f64; 5]>>()
    });
    let mut values = baked.concat();
    let integrals = curvature_integrals(positions, triangles);
    for (v, area) in vertex_areas(positions, triangles).into_iter().enumerate() {
        values[v][3] = integrals[v];
        values[v][4] = area;
    }
    smooth(&mut values, triangles, SMOOTHING);
    values
        .into_iter()
        .map(|[open, self_open, depth, integral, area]| {
            let curvature = integral / area.max(1e-9) / SHARPEST;
            let byte = |v: f64| (v * 255.0).round().clamp(0.0, 255.0) as u8;
            [
                byte(open),
                byte(self_open),
                (128.0 + 127.0 * curvature).round().clamp(0.0, 255.0) as u8,
                byte(depth),
            ]
        })
        .collect()
}

/// Directions of a hemisphere around z whose density is the cosine, on a golden spiral.
fn cosine_rays() -> [Vec3; RAYS] {
    std::array::from_fn(|i| {
        let sine2 = (i as f64 + 0.5) / RAYS as f64;
        let turn = i as f64 * std::f64::consts::PI * (3.0 - 5.0_f64.sqrt());
        let sine = sine2.sqrt();
        [sine * libm::cos(turn), sine * libm::sin(turn), (1.0 - sine2).sqrt()]
    })
}

/// Two tangents and the normal.
fn frame(n: Vec3) -> [Vec3; 3] {
    let side = if n[2].abs() < 0.9 { [0.0, 0.0, 1.0] } else { [1.0, 0.0, 0.0] };
    let t = unit(cross(side, n));
    [t, cross(n, t), n]
}

fn combine(frame: [Vec3; 3], v: Vec3) -> Vec3 {
    std::array::from_fn(|a| frame[0][a] * v[0] + frame[1][a] * v[1] + frame[2][a] * v[2])
}

fn along(p: Vec3, d: Vec3, t: f64) -> Vec3 {
    std::array::from_fn(|a| p[a] + d[a] * t)
}

/// How much a ray is blocked by any structure, and by the own one: 1 at once, falling to 0 at the reach.
fn occlusion(
    owners: &Voxels<u8>,
    structure: u8,
    p: Vec3,
    n: Vec3,
    d: Vec3,
    step: f64,
) -> (f64, f64) {
    let mut any = 0.0;
    let start = along(p, n, 1.2 * step);
    let mut t = step;
    while t < OCCLUDER_REACH {
        let Some(voxel) = owners.grid.voxel_at(along(start, d, t)) else {
            break;
        };
        let owner = owners.values[voxel];
        if owner != 0 {
            let weight = 1.0 - t / OCCLUDER_REACH;
            if any == 0.0 {
                any = weight;
            }
            if owner == structure {
                return (any, weight);
            }
        }
        // Far occluders need less care.
        t += step * (1.0 + t / 20.0);
    }
    (any, 0.0)
}

/// Length of a ray inside the structure [mm].
fn thickness(owners: &Voxels<u8>, structure: u8, p: Vec3, d: Vec3, step: f64) -> f64 {
    let mut t = 1.5 * step;
    while t < THICKEST {
        match owners.grid.voxel_at(along(p, d, t)) {
            Some(voxel) if owners.values[voxel] == structure => t += step,
            _ => break,
        }
    }
    t.min(THICKEST)
}

/// Integral of the mean curvature around each vertex [mm], positive where convex: ½ length × angle of each edge, half of it to
/// either end [Cohen-Steiner and Morvan 2003]; a quotient of sums, because the pointwise value is noise where triangles are thin.
fn curvature_integrals(positions: &[[f32; 3]], triangles: &[[u32; 3]]) -> Vec<f64> {
    let mut integrals = vec![0.0; positions.len()];
    let edges = directed_edges(triangles);
    let point = |v: u32| positions[v as usize].map(f64::from);
    let normals: Vec<Vec3> = triangles.iter().map(|t| unit(area_vector(t.map(point)))).collect();
    for &(a, b, t) in edges.iter().filter(|e| e.0 < e.1) {
        let Ok(other) = edges.binary_search_by(|e| (e.0, e.1).cmp(&(b, a))) else {
            continue;
        };
        let (n, m) = (normals[t as usize], normals[edges[other].2 as usize]);
        let edge = sub(point(b), point(a));
        let angle = libm::atan2(dot(cross(n, m), unit(edge)), dot(n, m));
        let quarter = 0.25 * norm(edge) * angle;
        integrals[a as usize] += quarter;
        integrals[b as usize] += quarter;
    }
    integrals
}

fn smooth(values: &mut [[f64; 5]], triangles: &[[u32; 3]], rounds: usize) {
    for _ in 0..rounds {
        let mut sum: Vec<[f64; 5]> = values.iter().map(|v| v.map(|c| 2.0 * c)).collect();
        let mut weight = vec![2.0; values.len()];
        for t in triangles {
            for c in 0..3 {
                let (v, w) = (t[c] as usize, t[(c + 1) % 3] as usize);
                for a in 0..5 {
                    sum[v][a] += values[w][a];
                }
                weight[v] += 1.0;
            }
        }
        for (value, (s, w)) in values.iter_mut().zip(sum.iter().zip(&weight)) {
            *value = s.map(|c| c / w);
        }
    }
}
