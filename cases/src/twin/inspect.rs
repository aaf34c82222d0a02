//! The quality report of a pack: what was built, how good it is, and where it comes from.

use std::{collections::BTreeSet, sync::Arc};

use serde::Serialize;
use solver_wasm::{
    control::Control, model::Model, newton::Effort, real::Lanes, scene::Scene, state::State,
    step::Solver,
};

use super::{
    lattice, measure,
    pack::{Pack, Provenance, ScanEnd, SupportNote, Surface, Volume},
};

/// The report; `sectio twin inspect --json` prints it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// Case identifier.
    pub id: String,
    /// Title of the case.
    pub title: String,
    /// Length of the pack.
    pub bytes: usize,
    /// The structures, in the order of the tree.
    pub structures: Vec<StructureReport>,
    /// The tissue.
    pub lattice: LatticeReport,
    /// What a learner must know about the data.
    pub warnings: Vec<String>,
    /// Planes at which the scan ends.
    pub scan_end: Vec<ScanEnd>,
    /// What holds the tissue.
    pub supports: Vec<SupportNote>,
    /// Where it comes from.
    pub provenance: Vec<Provenance>,
}

/// One structure.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StructureReport {
    /// Identifier.
    pub id: String,
    /// Volume enclosed by the finest surface [mL].
    pub volume_ml: f64,
    /// Volume of its voxels [mL].
    pub label_volume_ml: f64,
    /// (volume − label volume) / label volume [%].
    pub volume_error_percent: f64,
    /// Overlap of the finest surface with the labels of the pack (Dice coefficient, 1 is the same).
    pub dice: f64,
    /// Is every level closed and oriented outwards?
    pub closed: bool,
    /// Is it soft tissue?
    pub soft: bool,
    /// Levels of detail, finest first.
    pub levels: Vec<LevelReport>,
}

/// One level of detail of a structure.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LevelReport {
    /// Vertices.
    pub vertices: usize,
    /// Triangles.
    pub triangles: usize,
    /// Volume enclosed [mL].
    pub volume_ml: f64,
    /// Angles between neighbouring triangles, away from the end of the scan: median [degrees].
    pub dihedral_median: f64,
    /// Their 99th percentile [degrees].
    pub dihedral_p99: f64,
}

/// The tissue.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LatticeReport {
    /// Cells.
    pub cells: usize,
    /// Nodes.
    pub nodes: usize,
    /// Edge length of a cell [mm].
    pub spacing_mm: f32,
    /// Cells of each soft body.
    pub bodies: Vec<BodyReport>,
    /// Connected pieces over shared nodes; one a body when nothing hangs loose.
    pub pieces: usize,
    /// Springs that hold the tissue.
    pub supports: usize,
    /// Points of the skin that lie in a neighbour or in bone in the scan.
    pub overlaps: usize,
    /// The deepest of them [mm].
    pub overlap_max_mm: f32,
    /// Did the forces balance under gravity? None if the solver refuses the scene.
    pub settles: Option<bool>,
}

/// One soft body.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BodyReport {
    /// Name.
    pub name: String,
    /// Cells.
    pub cells: usize,
    /// Volume of its samples [mL].
    pub sample_volume_ml: f64,
    /// Mass of its samples [g].
    pub mass_g: f64,
    /// How far its whole weight would carry it from where the scan saw it: mean over its nodes [mm].
    pub sag_mean_mm: f64,
    /// The furthest node [mm].
    pub sag_max_mm: f64,
}

/// Measure a decoded pack; `bytes` is the length of its file.
pub fn inspect(pack: &Pack, bytes: usize) -> Report {
    let manifest = &pack.manifest;
    let structures = manifest
        .structures
        .iter()
        .enumerate()
        .map(|(i, s)| {
            let levels: Vec<&Surface> =
                pack.surfaces.iter().filter(|f| usize::from(f.structure) == i).collect();
            let volumes: Vec<f64> =
                levels.iter().map(|f| measure::volume(&f.positions, &f.triangles)).collect();
            let volume_ml = volumes.first().copied().unwrap_or(0.0) / 1000.0;
            StructureReport {
                id: s.id.clone(),
                volume_ml,
                label_volume_ml: s.label_volume_ml,
                volume_error_percent: 100.0 * (volume_ml / s.label_volume_ml - 1.0),
                dice: levels.first().map_or(0.0, |f| dice(f, &pack.labels, s.label)),
                closed: !levels.is_empty()
                    && levels
                        .iter()
                        .zip(&volumes)
                        .all(|(f, v)| *v > 0.0 && measure::is_closed(&f.triangles)),
                soft: s.body.is_some(),
                levels: levels
                    .iter()
                    .zip(&volumes)
                    .map(|(f, v)| level(f, *v, &manifest.scan_end))
                    .collect(),
            }
        })
        .collect();
    let scene = &pack.scene;
    let cell_volume = f64::from(scene.lattice.spacing).powi(3);
    let settled = settle(pack);
    let (overlaps, overlap_max_mm) =
        Model::new(scene).map(|m| m.rest_overlap()).unwrap_or_default();
    let bodies = manifest
        .bodies
        .iter()
        .enumerate()
        .map(|(b, name)| {
            let cells = || scene.lattice.cells.iter().filter(|c| usize::from(c.body) == b);
            let volume = |c: &solver_wasm::lattice::Cell| {
                f64::from(c.samples.count_ones()) / 64.0 * cell_volume
            };
            let density = |c: &solver_wasm::lattice::Cell| {
                f64::from(scene.materials[usize::from(c.material)].density)
            };
            let sag = settled.as_ref().map(|(_, sag)| {
                let nodes: BTreeSet<u32> = cells().flat_map(|c| c.nodes).collect();
                let each = nodes.iter().map(|&n| sag[n as usize]);
                (each.clone().sum::<f64>() / nodes.len().max(1) as f64, each.fold(0.0, f64::max))
            });
            let (sag_mean_mm, sag_max_mm) = sag.unwrap_or_default();
            BodyReport {
                name: name.clone(),
                cells: cells().count(),
                sample_volume_ml: cells().map(volume).sum::<f64>() / 1000.0,
                mass_g: cells().map(|c| volume(c) * density(c)).sum::<f64>() * 1000.0,
                sag_mean_mm,
                sag_max_mm,
            }
        })
        .collect();
    Report {
        id: manifest.id.clone(),
        title: manifest.title.clone(),
        bytes,
        structures,
        lattice: LatticeReport {
            cells: scene.lattice.cells.len(),
            nodes: scene.lattice.nodes.len(),
            spacing_mm: scene.lattice.spacing,
            bodies,
            pieces: lattice::piece_count(&scene.lattice),
            supports: scene.supports.len(),
            overlaps,
            overlap_max_mm,
            settles: settled.map(|(converged, _)| converged),
        },
        warnings: manifest.warnings.clone(),
        scan_end: manifest.scan_end.clone(),
        supports: manifest.supports.clone(),
        provenance: manifest.provenance.clone(),
    }
}

/// The equilibrium under the whole of gravity, as if the scan had shown the tissue without weight: whether the forces balance, and
/// how far each node has moved [mm]. No neighbour helps. In play the scan's own gravity is balanced from the start; this tells how
/// well the supports alone hold it.
fn settle(pack: &Pack) -> Option<(bool, Vec<f64>)> {
    let unloaded = Scene {
        rest_gravity: [0.0; 3],
        distances: Vec::new(),
        obstacles: Vec::new(),
        ..pack.scene.clone()
    };
    let model = Arc::new(Model::new(&unloaded).ok()?);
    let mut state = State::at_rest(&model);
    let report = Solver::new(model).settle(&mut state, &Control::default(), &Effort::ACCURATE);
    let length = |u: &Lanes| u.to_array().iter().map(|c| f64::from(*c).powi(2)).sum::<f64>().sqrt();
    Some((report.converged, state.displacements.iter().map(length).collect()))
}

fn level(surface: &Surface, volume: f64, ends: &[ScanEnd]) -> LevelReport {
    let at_end = |t: u32| {
        let triangle = surface.triangles[t as usize];
        ends.iter().any(|e| {
            triangle.iter().all(|&v| {
                (surface.positions[v as usize][usize::from(e.axis)] - e.position).abs() < 0.01
            })
        })
    };
    let angles = measure::dihedral_angles(&surface.positions, &surface.triangles, |t| !at_end(t));
    let percentile =
        |p: f64| angles.get((p * angles.len() as f64) as usize).copied().unwrap_or(0.0);
    LevelReport {
        vertices: surface.positions.len(),
        triangles: surface.triangles.len(),
        volume_ml: volume / 1000.0,
        dihedral_median: percentile(0.5),
        dihedral_p99: percentile(0.99),
    }
}

/// Overlap of a closed surface and a label, counted at the voxel centres of the label volume.
fn dice(surface: &Surface, labels: &Volume, label: u8) -> f64 {
    let [nx, ny, nz] = labels.dims.map(|d| d as usize);
    // Where the line through each row of voxels crosses the surface.
    let mut crossings: Vec<Vec<f64>> = vec![Vec::new(); ny * nz];
    // A hair off the centres: positions are multiples of 1/4096 mm, so no line meets an edge.
    let nudge = [1.3e-4, 1.7e-4];
    let line = |a: usize, i: usize| {
        f64::from(labels.origin[a]) + i as f64 * f64::from(labels.spacing[a]) + nudge[a - 1]
    };
    for t in &surface.triangles {
        let p = t.map(|v| surface.positions[v as usize].map(f64::from));
        let range = |a: usize, n: usize| {
            let low = p.iter().map(|q| q[a]).fold(f64::INFINITY, f64::min);
            let high = p.iter().map(|q| q[a]).fold(f64::NEG_INFINITY, f64::max);
            let index = |c: f64| (c - line(a, 0)) / f64::from(labels.spacing[a]);
            let clamp = |i: f64| i.clamp(0.0, n as f64) as usize;
            clamp(index(low).ceil())..clamp(index(high).floor() + 1.0)
        };
        for z in range(2, nz) {
            for y in range(1, ny) {
                let (py, pz) = (line(1, y), line(2, z));
                let edge = |i: usize, j: usize| {
                    (p[j][1] - p[i][1]) * (pz - p[i][2]) - (p[j][2] - p[i][2]) * (py - p[i][1])
                };
                let (a, b, c) = (edge(1, 2), edge(2, 0), edge(0, 1));
                if (a > 0.0) == (b > 0.0) && (b > 0.0) == (c > 0.0) {
                    let sum = a + b + c;
                    crossings[y + ny * z].push((a * p[0][0] + b * p[1][0] + c * p[2][0]) / sum);
                }
            }
        }
    }
    let (mut inside, mut both) = (0_u64, 0_u64);
    for (row, crossings) in crossings.iter_mut().enumerate() {
        crossings.sort_by(f64::total_cmp);
        for pair in crossings.chunks_exact(2) {
            let index = |c: f64| (c - f64::from(labels.origin[0])) / f64::from(labels.spacing[0]);
            let clamp = |i: f64| i.clamp(0.0, nx as f64) as usize;
            for x in clamp(index(pair[0]).ceil())..clamp(index(pair[1]).floor() + 1.0) {
                inside += 1;
                both += u64::from(labels.voxels[x + nx * row] == label);
            }
        }
    }
    let labelled = labels.voxels.iter().filter(|&&v| v == label).count() as u64;
    2.0 * both as f64 / (inside + labelled).max(1) as f64
}
