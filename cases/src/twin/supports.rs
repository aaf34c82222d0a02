//! What holds an organ where it lies: elastic foundations on regions of its surface.

use std::collections::{BTreeMap, BTreeSet};

use solver_wasm::{embed::LatticeIndex, scene::Support};

use super::{
    measure::{dot, rounded, unit, vertex_areas, vertex_normals},
    pack::{Manifest, SupportNote, Surface},
};
use crate::{case::SupportRecipe, volume::Voxels};

/// Positions on the walls between structures of one body, bit by bit: where two structures touch, both hold the same positions.
pub(super) type Walls = BTreeSet<[u32; 3]>;

/// The walls inside of each body. Nothing holds an organ there: segments of a liver hold each other.
pub(super) fn walls(manifest: &Manifest, surfaces: &[Surface]) -> Vec<Walls> {
    let walls_of = |body: usize| {
        let (mut seen, mut walls) = (Walls::new(), Walls::new());
        for surface in surfaces.iter().filter(|s| s.level == 0) {
            let own = manifest.structures[usize::from(surface.structure)].body;
            if own.map(usize::from) != Some(body) {
                continue;
            }
            for position in &surface.positions {
                let bits = position.map(f32::to_bits);
                if !seen.insert(bits) {
                    walls.insert(bits);
                }
            }
        }
        walls
    };
    (0..manifest.bodies.len()).map(walls_of).collect()
}

/// Springs of one region of `surface`: one in each cell that the region touches, at the centre of the region's area in it, with
/// the stiffness of that area. `source` is the label volume as the source has it, `walls` those of the body.
pub(super) fn supports(
    recipe: &SupportRecipe,
    surface: &Surface,
    body: u16,
    index: &LatticeIndex,
    source: &Voxels<u16>,
    walls: &Walls,
) -> (Vec<Support>, SupportNote) {
    let normals = vertex_normals(&surface.positions, &surface.triangles);
    let areas = vertex_areas(&surface.positions, &surface.triangles);
    let (mut low, mut high) = ([f64::INFINITY; 3], [f64::NEG_INFINITY; 3]);
    for p in &surface.positions {
        for a in 0..3 {
            low[a] = low[a].min(f64::from(p[a]));
            high[a] = high[a].max(f64::from(p[a]));
        }
    }
    let facing = recipe.facing.map(unit);
    let least_cosine = libm::cos(recipe.within.to_radians());
    let box_part = [recipe.x, recipe.y, recipe.z];

    // Cell → area, area-weighted local coordinate, stiffness.
    let mut cells: BTreeMap<u32, (f64, [f64; 3], [f64; 3])> = BTreeMap::new();
    let mut area_mm2 = 0.0;
    for (v, position) in surface.positions.iter().enumerate() {
        let p = position.map(f64::from);
        let held = !walls.contains(&position.map(f32::to_bits))
            && facing.is_none_or(|f| dot(f, normals[v]) >= least_cosine)
            && (0..3).all(|a| {
                let part = (p[a] - low[a]) / (high[a] - low[a]).max(1e-6);
                (box_part[a][0]..=box_part[a][1]).contains(&part)
            })
            && recipe.near.as_ref().is_none_or(|labels| near(source, labels, p, recipe.reach));
        if !held {
            continue;
        }
        let Some(embedding) = index.embed(body, *position) else {
            continue;
        };
        area_mm2 += areas[v];
        let entry = cells.entry(embedding.cell).or_default();
        entry.0 += areas[v];
        let [along, across] = recipe.stiffness;
        for a in 0..3 {
            entry.1[a] += areas[v] * f64::from(embedding.local[a]);
            let n2 = normals[v][a] * normals[v][a];
            entry.2[a] += areas[v] * (along * n2 + across * (1.0 - n2));
        }
    }
    let springs = cells
        .into_iter()
        .filter(|(_, (area, ..))| *area > 0.0)
        .map(|(cell, (area, local, stiffness))| Support {
            point: solver_wasm::lattice::Embedding {
                cell,
                local: local.map(|c| (c / area) as f32),
            },
            stiffness: stiffness.map(|k| k as f32),
        })
        .collect();
    let note = SupportNote {
        name: recipe.name.clone(),
        structure: recipe.structure.clone(),
        area_mm2: rounded(area_mm2),
        stiffness: recipe.stiffness,
        reason: recipe.reason.clone(),
    };
    (springs, note)
}

/// Is a voxel of one of these labels within `reach` of `point`?
fn near(source: &Voxels<u16>, labels: &[u16], point: [f64; 3], reach: f64) -> bool {
    let grid = &source.grid;
    let range = |a: usize| {
        let centre = (point[a] - grid.origin[a]) / grid.spacing[a];
        let half = reach / grid.spacing[a];
        let clamp = |v: f64| v.clamp(0.0, grid.dims[a] as f64) as usize;
        clamp((centre - half).ceil())..clamp((centre + half).floor() + 1.0)
    };
    range(2).any(|z| {
        range(1).any(|y| {
            range(0).any(|x| {
                let distance2: f64 = [x, y, z]
                    .iter()
                    .enumerate()
                    .map(|(a, &i)| grid.origin[a] + i as f64 * grid.spacing[a] - point[a])
                    .map(|d| d * d)
                    .sum();
                distance2 <= reach * reach && labels.contains(&source.values[grid.index([x, y, z])])
            })
        })
    })
}
