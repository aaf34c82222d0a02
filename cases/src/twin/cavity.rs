//! The wall of a chamber as one closed surface that hangs on the tissue: what blood presses on, and what says how much there is of it.
//!
//! It is made of the triangles of the soft structures' surfaces that face the blood's label. Where a valve would be, its rim is closed
//! by a fan of triangles between vertices of the rim, so that every vertex moves with the wall.

use std::collections::BTreeMap;

use solver_wasm::{embed::LatticeIndex, scene};

use super::{
    measure::{area_vector, unit},
    pack::{Manifest, Surface},
};
use crate::{Error, Result, volume::Voxels};

/// From a triangle this far into the blood its label is looked up [mm].
const LOOKS: [f64; 3] = [1.0, 2.0, 3.0];

/// The closed surface of the blood with this label, of triangles of `level`; it faces the blood, away from the tissue.
///
/// # Errors
/// A label that no soft surface faces; a wall of several bodies.
pub(super) fn cavity(
    name: &str,
    label: u16,
    level: u8,
    manifest: &Manifest,
    surfaces: &[Surface],
    source: &Voxels<u16>,
    index: &LatticeIndex,
) -> Result<scene::Surface> {
    let fail = |reason: &str| Error::Recipe {
        file: "case.toml".to_owned(),
        field: format!("twin.beat.cavities: {name}"),
        reason: reason.to_owned(),
    };
    let mut vertices: BTreeMap<[u32; 3], u32> = BTreeMap::new();
    let mut positions = Vec::new();
    let mut triangles: Vec<[u32; 3]> = Vec::new();
    let mut body = None;
    for surface in surfaces.iter().filter(|s| s.level == level) {
        let Some(own) = manifest.structures[usize::from(surface.structure)].body else { continue };
        for t in &surface.triangles {
            let corners = t.map(|v| surface.positions[v as usize]);
            if !faces(corners, label, source) {
                continue;
            }
            if *body.get_or_insert(own) != own {
                return Err(fail("its wall is of several bodies; make it one"));
            }
            triangles.push(corners.map(|p| {
                *vertices.entry(p.map(f32::to_bits)).or_insert_with(|| {
                    positions.push(p);
                    positions.len() as u32 - 1
                })
            }));
        }
    }
    let Some(body) = body else {
        return Err(fail("no soft surface faces this label; correct `label`"));
    };
    close(&mut triangles);
    let points: Option<Vec<_>> = positions.iter().map(|p| index.embed(body, *p)).collect();
    let points = points.ok_or_else(|| fail("its wall lies outside of its tissue"))?;
    Ok(scene::Surface { points, triangles })
}

/// Does a triangle look into the label?
fn faces(corners: [[f32; 3]; 3], label: u16, source: &Voxels<u16>) -> bool {
    let [a, b, c] = corners.map(|p| p.map(f64::from));
    let normal = unit(area_vector([a, b, c]));
    let seen = LOOKS.iter().filter(|way| {
        let at = std::array::from_fn(|i| (a[i] + b[i] + c[i]) / 3.0 + normal[i] * **way);
        source.grid.voxel_at(at).is_some_and(|voxel| source.values[voxel] == label)
    });
    2 * seen.count() > LOOKS.len()
}

/// Close every rim by triangles between its vertices, turned as their neighbours are.
fn close(triangles: &mut Vec<[u32; 3]>) {
    // Directed edges without their opposite: at each vertex as many arrive as leave.
    let mut open: BTreeMap<(u32, u32), i32> = BTreeMap::new();
    for t in triangles.iter() {
        for (a, b) in [(t[0], t[1]), (t[1], t[2]), (t[2], t[0])] {
            *open.entry((a.min(b), a.max(b))).or_default() += if a < b { 1 } else { -1 };
        }
    }
    // The rim runs against the edges of the triangles beside it.
    let mut next: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for ((a, b), count) in open {
        let (from, to) = if count > 0 { (b, a) } else { (a, b) };
        for _ in 0..count.unsigned_abs() {
            next.entry(from).or_default().push(to);
        }
    }
    while let Some((&start, _)) = next.first_key_value() {
        let mut rim = vec![start];
        let mut at = start;
        while let Some(to) = leave(&mut next, at) {
            if to == start {
                break;
            }
            rim.push(to);
            at = to;
        }
        triangles.extend(rim.windows(2).skip(1).map(|pair| [rim[0], pair[0], pair[1]]));
    }
}

/// Take one way out of a vertex.
fn leave(next: &mut BTreeMap<u32, Vec<u32>>, at: u32) -> Option<u32> {
    let ways = next.get_mut(&at)?;
    let to = ways.pop();
    if ways.is_empty() {
        next.remove(&at);
    }
    to
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_open_shell_is_closed_and_turned_as_it_is() {
        // A cube without its top (5 sides of two triangles).
        let mut triangles = vec![
            [0, 2, 1],
            [1, 2, 3],
            [0, 1, 4],
            [1, 5, 4],
            [1, 3, 5],
            [3, 7, 5],
            [3, 2, 7],
            [2, 6, 7],
            [2, 0, 6],
            [0, 4, 6],
        ];
        close(&mut triangles);
        assert_eq!(triangles.len(), 12);
        let corner = |v: u32| [v & 1, v >> 1 & 1, v >> 2].map(f64::from);
        let volume: f64 = triangles
            .iter()
            .map(|t| {
                let [a, b, c] = t.map(corner);
                (a[0] * (b[1] * c[2] - b[2] * c[1])
                    + a[1] * (b[2] * c[0] - b[0] * c[2])
                    + a[2] * (b[0] * c[1] - b[1] * c[0]))
                    / 6.0
            })
            .sum();
        assert!((volume - 1.0).abs() < 1e-12, "{volume}");
    }
}
