//! Labels from a tetrahedral mesh: hearts and bones of simulation come as meshes, not as voxels.
//!
//! The voxels are cubes in the axes of the mesh, which must be the patient's (LPS, mm). A voxel gets the region of the tetrahedron
//! that holds its centre; what a closed surface of the mesh encloses and no tetrahedron fills (the blood in a heart) gets the label
//! that the case gives to that surface.

mod vtu;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Grid, MAX_VOXELS, Voxels};
use crate::{Error, Result};

/// How a mesh becomes labels, as a case says it.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MeshRecipe {
    /// Cell array with the label of each tetrahedron.
    pub regions: String,
    /// Edge of the voxels [mm].
    pub spacing: f64,
    /// Cell array with the number of each triangle, for `cavities`.
    pub surfaces: Option<String>,
    /// Closed surfaces whose inside has a label of its own.
    #[serde(default)]
    pub cavities: Vec<CavityRecipe>,
}

/// A closed surface of a mesh.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CavityRecipe {
    /// Number of its triangles.
    pub surface: u32,
    /// Label of what it encloses.
    pub label: u16,
}

impl MeshRecipe {
    /// Numbers that cannot be: the field, what is wrong with it, and what would be right.
    pub fn faults(&self) -> Vec<(&'static str, String, &'static str)> {
        let mut faults = Vec::new();
        if !(0.3..=20.0).contains(&self.spacing) {
            faults.push(("spacing", format!("is {}", self.spacing), "write 0.3 to 20 mm"));
        }
        if self.surfaces.is_none() && !self.cavities.is_empty() {
            let reason = "is missing, and `cavities` need it".to_owned();
            faults.push(("surfaces", reason, "name the cell array with the triangles' numbers"));
        }
        if self.cavities.iter().any(|cavity| cavity.label == 0) {
            faults.push(("cavities", "use label 0".to_owned(), "write 1 to 65535"));
        }
        faults
    }
}

/// A mesh as a file holds it.
#[derive(Clone, Debug, Default)]
struct Mesh {
    points: Vec<[f64; 3]>,
    /// Corners and region.
    tetrahedra: Vec<([u32; 4], u16)>,
    /// Corners and number of the surface.
    triangles: Vec<([u32; 3], u32)>,
}

/// Voxels left empty around the mesh, so that nothing looks as if a scan had cut it off.
const MARGIN: f64 = 4.0;

/// Labels of a mesh in VTK's XML format (`.vtu`).
///
/// # Errors
/// A file that is no such mesh, is damaged or compressed in another way than by zlib; arrays that it does not have; a mesh that would
/// need more than 2²⁷ voxels; a cavity that is not closed.
pub fn read_mesh(file: &str, bytes: &[u8], recipe: &MeshRecipe) -> Result<Voxels<u16>> {
    let mesh = vtu::read(file, bytes, recipe)?;
    let mut labels = Voxels { grid: mesh.grid(file, recipe.spacing)?, values: Vec::new() };
    labels.values = vec![0; labels.grid.len()];
    for (corners, region) in &mesh.tetrahedra {
        fill_tetrahedron(&mut labels, corners.map(|c| mesh.points[c as usize]), *region);
    }
    for cavity in &recipe.cavities {
        let corners = mesh.triangles.iter().filter(|(_, surface)| *surface == cavity.surface);
        let triangles: Vec<_> =
            corners.map(|(corners, _)| corners.map(|c| mesh.points[c as usize])).collect();
        fill_inside(&mut labels, &triangles, cavity.label).map_err(|reason| {
            let remedy = "name the number of a closed surface";
            fault(file, "cavities", format!("surface {}: {reason}", cavity.surface), remedy)
        })?;
    }
    Ok(labels)
}

fn fault(file: &str, field: &'static str, reason: String, remedy: &'static str) -> Error {
    Error::Volume { file: file.to_owned(), field, reason, remedy }
}

impl Mesh {
    /// Cubes around everything that the tetrahedra fill.
    fn grid(&self, file: &str, spacing: f64) -> Result<Grid> {
        let (mut low, mut high) = ([f64::INFINITY; 3], [f64::NEG_INFINITY; 3]);
        for corner in self.tetrahedra.iter().flat_map(|(corners, _)| corners) {
            for a in 0..3 {
                low[a] = low[a].min(self.points[*corner as usize][a]);
                high[a] = high[a].max(self.points[*corner as usize][a]);
            }
        }
        let counts: [f64; 3] =
            std::array::from_fn(|a| ((high[a] - low[a]) / spacing).ceil() + 2.0 * MARGIN);
        let all: f64 = counts.iter().product();
        if !(all.is_finite() && all <= MAX_VOXELS as f64) {
            let reason = format!("reaches from {low:.1?} to {high:.1?} mm");
            return Err(fault(file, "points", reason, "write a larger spacing, or mend the mesh"));
        }
        Ok(Grid {
            dims: counts.map(|count| count as usize),
            origin: low.map(|c| c - spacing * (MARGIN - 0.5)),
            spacing: [spacing; 3],
        })
    }
}

fn minus(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    std::array::from_fn(|i| a[i] - b[i])
}

/// Six times the volume of a tetrahedron, by its edges from one corner.
fn determinant(a: [f64; 3], b: [f64; 3], c: [f64; 3]) -> f64 {
    a[0] * (b[1] * c[2] - b[2] * c[1]) - a[1] * (b[0] * c[2] - b[2] * c[0])
        + a[2] * (b[0] * c[1] - b[1] * c[0])
}

/// Give the voxels whose centres a tetrahedron holds its region; what an earlier one took stays.
fn fill_tetrahedron(labels: &mut Voxels<u16>, [p, q, r, s]: [[f64; 3]; 4], region: u16) {
    let grid = labels.grid;
    let edges = [minus(q, p), minus(r, p), minus(s, p)];
    let volume = determinant(edges[0], edges[1], edges[2]);
    if volume == 0.0 {
        return;
    }
    let range = |a: usize| {
        let ends = [p[a], q[a], r[a], s[a]].map(|c| (c - grid.origin[a]) / grid.spacing[a]);
        let low = ends.iter().copied().fold(f64::INFINITY, f64::min).ceil().max(0.0);
        let high = ends.iter().copied().fold(f64::NEG_INFINITY, f64::max).floor();
        low as usize..((high + 1.0).max(0.0) as usize).min(grid.dims[a])
    };
    for z in range(2) {
        for y in range(1) {
            for x in range(0) {
                let voxel = [x, y, z];
                let centre =
                    std::array::from_fn(|a| grid.origin[a] + voxel[a] as f64 * grid.spacing[a]);
                let d = minus(centre, p);
                let share = [
                    determinant(d, edges[1], edges[2]) / volume,
                    determinant(edges[0], d, edges[2]) / volume,
                    determinant(edges[0], edges[1], d) / volume,
                ];
                let value = &mut labels.values[grid.index(voxel)];
                // A hair more than the tetrahedron, so that no centre falls between two.
                let inside =
                    share.iter().all(|s| *s >= -1e-9) && share.iter().sum::<f64>() <= 1.0 + 1e-9;
                if *value == 0 && inside {
                    *value = region;
                }
            }
        }
    }
}

/// Give the empty voxels inside a closed surface a label: along x, what lies between an odd crossing and the next.
fn fill_inside(
    labels: &mut Voxels<u16>,
    triangles: &[[[f64; 3]; 3]],
    label: u16,
) -> Result<(), String> {
    if triangles.is_empty() {
        return Err("the mesh has no such triangle".to_owned());
    }
    let grid = labels.grid;
    // Rays a little beside the centres meet no corner or edge of a mesh that was made by rounding.
    let place = |a: usize, i: usize| {
        grid.origin[a] + grid.spacing[a] * (i as f64 + 1.234_567e-5 * (a + 1) as f64)
    };
    let mut crossings: Vec<Vec<f64>> = vec![Vec::new(); grid.dims[1] * grid.dims[2]];
    for corners in triangles {
        let range = |a: usize| {
            let ends = corners.map(|c| (c[a] - grid.origin[a]) / grid.spacing[a]);
            let low = ends.iter().copied().fold(f64::INFINITY, f64::min).floor().max(0.0);
            let high = ends.iter().copied().fold(f64::NEG_INFINITY, f64::max).ceil();
            low as usize..((high + 1.0).max(0.0) as usize).min(grid.dims[a])
        };
        for z in range(2) {
            for y in range(1) {
                let at = [place(1, y), place(2, z)];
                // Twice the signed area in the plane across the ray, opposite each corner.
                let area = |i: usize| {
                    let (b, c) = (corners[(i + 1) % 3], corners[(i + 2) % 3]);
                    (b[1] - at[0]) * (c[2] - at[1]) - (b[2] - at[1]) * (c[1] - at[0])
                };
                let areas = [area(0), area(1), area(2)];
                let sum: f64 = areas.iter().sum();
                if areas.iter().all(|a| *a > 0.0) || areas.iter().all(|a| *a < 0.0) {
                    let x = (0..3).map(|i| areas[i] / sum * corners[i][0]).sum();
                    crossings[y + grid.dims[1] * z].push(x);
                }
            }
        }
    }
    for (ray, hits) in crossings.iter_mut().enumerate() {
        hits.sort_by(f64::total_cmp);
        if hits.len() % 2 == 1 {
            return Err("is not closed".to_owned());
        }
        for pair in hits.chunks_exact(2) {
            let [from, to] = [0, 1]
                .map(|i| ((pair[i] - grid.origin[0]) / grid.spacing[0]).ceil().max(0.0) as usize);
            for x in from..to.min(grid.dims[0]) {
                let value = &mut labels.values[x + grid.dims[0] * ray];
                if *value == 0 {
                    *value = label;
                }
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A cube of 12 mm about the origin with a tetrahedron inside, whose faces are a closed surface.
    fn tetrahedron() -> [[f64; 3]; 4] {
        [[0.1, 0.2, 0.3], [12.1, 0.2, 0.3], [0.1, 12.2, 0.3], [0.1, 0.2, 12.3]]
    }

    #[test]
    fn a_tetrahedron_fills_its_volume_and_its_surface_the_same_voxels() {
        let corners = tetrahedron();
        let grid = Grid { dims: [30; 3], origin: [-1.0; 3], spacing: [0.5; 3] };
        let mut solid = Voxels { grid, values: vec![0; grid.len()] };
        fill_tetrahedron(&mut solid, corners, 7);
        let mut hollow = Voxels { grid, values: vec![0; grid.len()] };
        let faces = [[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]];
        let faces: Vec<_> = faces.iter().map(|f| f.map(|i| corners[i])).collect();
        fill_inside(&mut hollow, &faces, 7).unwrap();
        let volume = solid.values.iter().filter(|v| **v == 7).count() as f64 / 8.0;
        assert!((volume / 288.0 - 1.0).abs() < 0.05, "{volume} mm³ of 288");
        assert_eq!(solid, hollow);
        assert!(fill_inside(&mut hollow, &faces[..3], 7).unwrap_err().contains("not closed"));
    }

    #[test]
    fn what_is_filled_keeps_its_label() {
        let grid = Grid { dims: [30; 3], origin: [-1.0; 3], spacing: [0.5; 3] };
        let mut labels = Voxels { grid, values: vec![0; grid.len()] };
        fill_tetrahedron(&mut labels, tetrahedron(), 3);
        let before = labels.clone();
        fill_tetrahedron(&mut labels, tetrahedron(), 4);
        assert_eq!(labels, before);
    }
}
