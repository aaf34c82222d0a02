//! The quality report of a pack: what was built, how good it is, and where it comes from.

use serde::Serialize;

use super::{
    lattice, measure,
    pack::{Pack, Provenance, ScanEnd, SupportNote, Surface},
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
            BodyReport {
                name: name.clone(),
                cells: cells().count(),
                sample_volume_ml: cells().map(volume).sum::<f64>() / 1000.0,
                mass_g: cells().map(|c| volume(c) * density(c)).sum::<f64>() * 1000.0,
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
        },
        warnings: manifest.warnings.clone(),
        scan_end: manifest.scan_end.clone(),
        supports: manifest.supports.clone(),
        provenance: manifest.provenance.clone(),
    }
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
