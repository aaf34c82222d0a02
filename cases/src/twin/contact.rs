//! What contact needs of a twin: how far each node lies from its body's surface, and where bone is.

use std::collections::HashMap;

use solver_wasm::{
    lattice::Lattice,
    scene::{DISTANCE_UNIT, Obstacle},
};

use super::{
    distance::Points,
    measure::Vec3,
    pack::{Structure, Surface, Tissue},
};

/// Distances are told up to here [cells]: as deep as the solver looks, and a little more.
const BAND: f64 = 2.5;
/// Grid of an obstacle, over that of the tissue: ribs are thinner than a cell.
const OBSTACLE_SPACING: f64 = 0.5;

/// Friction of wet serosa on serosa, metal or bone: a modelling choice. Measured coefficients of wet tissue on
/// metal scatter from 0.01 to 0.3.
pub(super) const FRICTION: f32 = 0.1;

/// `Scene::distances`: signed distance of each node from the surface of its body. Faces between two structures of one body are
/// no surface.
pub(super) fn distances(
    lattice: &Lattice,
    structures: &[Structure],
    surfaces: &[Surface],
) -> Vec<i16> {
    let mut distances = vec![0; lattice.nodes.len()];
    let spacing = f64::from(lattice.spacing);
    let bodies: std::collections::BTreeSet<u16> = lattice.cells.iter().map(|c| c.body).collect();
    for body in bodies {
        let of_body = |s: &&Surface| structures[usize::from(s.structure)].body == Some(body);
        let triangles = hull(surfaces.iter().filter(of_body));
        let nodes = || lattice.cells.iter().filter(|c| c.body == body).flat_map(|c| c.nodes);
        let coord = |n: u32| lattice.nodes[n as usize].map(usize::from);
        let (mut low, mut high) = ([usize::MAX; 3], [0; 3]);
        for c in nodes().map(coord) {
            for a in 0..3 {
                low[a] = low[a].min(c[a]);
                high[a] = high[a].max(c[a]);
            }
        }
        let points = Points {
            origin: std::array::from_fn(|a| f64::from(lattice.origin[a]) + spacing * low[a] as f64),
            spacing,
            dims: std::array::from_fn(|a| high[a] - low[a] + 1),
        };
        let grid = points.signed_distances(&triangles, BAND * spacing);
        for n in nodes() {
            let [x, y, z] = std::array::from_fn(|a| coord(n)[a] - low[a]);
            let distance = grid[x + points.dims[0] * (y + points.dims[1] * z)];
            distances[n as usize] = (distance / spacing / f64::from(DISTANCE_UNIT)).round() as i16;
        }
    }
    distances
}

/// Bone and cartilage near the tissue, as one obstacle; none if there is none. Vessels and glands without mechanics are
/// scenery: in the patient they give way.
pub(super) fn bones(
    lattice: &Lattice,
    structures: &[Structure],
    surfaces: &[Surface],
) -> Option<Obstacle> {
    let is_hard = |s: &&Surface| {
        let structure = &structures[usize::from(s.structure)];
        let hard = matches!(structure.tissue, Tissue::Bone | Tissue::Cartilage);
        s.level == 0 && structure.body.is_none() && hard
    };
    let band = BAND * f64::from(lattice.spacing);
    let (mut low, mut high) = ([f64::INFINITY; 3], [f64::NEG_INFINITY; 3]);
    for node in &lattice.nodes {
        for a in 0..3 {
            let x = f64::from(lattice.origin[a]) + f64::from(lattice.spacing) * f64::from(node[a]);
            low[a] = low[a].min(x - band);
            high[a] = high[a].max(x + band);
        }
    }
    let near = |p: &[f32; 3]| (0..3).all(|a| (low[a]..=high[a]).contains(&f64::from(p[a])));
    let hard: Vec<&Surface> =
        surfaces.iter().filter(|s| is_hard(s) && s.positions.iter().any(near)).collect();
    let (mut from, mut to) = (high, low);
    for p in hard.iter().flat_map(|s| &s.positions) {
        for a in 0..3 {
            from[a] = from[a].min(f64::from(p[a]) - band).max(low[a]);
            to[a] = to[a].max(f64::from(p[a]) + band).min(high[a]);
        }
    }
    if hard.is_empty() {
        return None;
    }
    let spacing = (OBSTACLE_SPACING * f64::from(lattice.spacing)) as f32;
    let origin = from.map(|x| x as f32);
    let points = Points {
        origin: origin.map(f64::from),
        spacing: f64::from(spacing),
        dims: std::array::from_fn(|a| ((to[a] - from[a]) / f64::from(spacing)).ceil() as usize + 1),
    };
    // Bones overlap nowhere, but meet: each on its own, and the nearest counts.
    let band = 3.0 * f64::from(spacing);
    let mut nearest = vec![band; points.dims.iter().product()];
    for surface in hard {
        let distances = points.signed_distances(&hull([surface].into_iter()), band);
        for (nearest, distance) in nearest.iter_mut().zip(distances) {
            *nearest = nearest.min(distance);
        }
    }
    let unit = f64::from(spacing * Obstacle::UNIT);
    let quantise = |d: &f64| if *d >= band { i8::MAX } else { (d / unit).round() as i8 };
    Some(Obstacle {
        origin,
        spacing,
        dims: points.dims.map(|d| d as u16),
        distances: nearest.iter().map(quantise).collect(),
    })
}

/// Triangles of the finest surfaces, less the faces that two of them share.
fn hull<'a>(surfaces: impl Iterator<Item = &'a Surface>) -> Vec<[Vec3; 3]> {
    let mut faces: HashMap<[[u32; 3]; 3], u32> = HashMap::new();
    let mut all = Vec::new();
    for surface in surfaces.filter(|s| s.level == 0) {
        for t in &surface.triangles {
            let corners = t.map(|v| surface.positions[v as usize]);
            // Surfaces that touch hold the very same positions.
            let mut key = corners.map(|p| p.map(f32::to_bits));
            key.sort_unstable();
            *faces.entry(key).or_default() += 1;
            all.push((key, corners));
        }
    }
    all.iter()
        .filter(|(key, _)| faces[key] == 1)
        .map(|(_, corners)| corners.map(|p| p.map(f64::from)))
        .collect()
}
