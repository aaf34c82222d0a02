//! The whole way from source files to a pack.

use std::{collections::BTreeMap, sync::Mutex};

use sha2::{Digest, Sha256};
use solver_wasm::{
    beat::Beat,
    embed::LatticeIndex,
    scene::{self, Perfusion, Scene, Supply},
};

use super::{
    bake, cavity, clean,
    complex::{Complex, surface_nets},
    contact,
    derivation::{self, Workpiece, vessels::Tree},
    extract,
    fair::{self, Umbrellas, is_scan_end},
    fibres,
    field::{Extent, Field, extents, smooth_indicator},
    lattice, masks, measure,
    pack::{
        CavityNote, Manifest, Pack, Provenance, ScanEnd, Structure, Surface, Volume,
        mesh::{Quantiser, reorder},
    },
    parallel,
    partition::Partition,
    supports, volumes,
};
use crate::{
    Error, Result,
    case::{Case, Recipe, Source},
    text, tissue,
    volume::{self, Grid, Voxels},
};

/// What a build is busy with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Reading the sources.
    Read,
    /// Making the labels of the twin from those of the source.
    Derive,
    /// Removing specks.
    Clean,
    /// Making and smoothing surfaces, level by level.
    Surfaces,
    /// Occlusion, curvature, thickness.
    Bake,
    /// Cells, materials and supports.
    Lattice,
}

impl Stage {
    /// For a progress line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "reading scans",
            Self::Derive => "deriving labels",
            Self::Clean => "cleaning labels",
            Self::Surfaces => "making surfaces",
            Self::Bake => "baking light",
            Self::Lattice => "making tissue",
        }
    }
}

/// Hears what a build is busy with, and how much of that stage is done, from 0 to 1.
pub type Progress<'a> = dyn FnMut(Stage, f32) + Send + 'a;

/// The surfaces' progress: several threads add what they have done.
struct Meter<'a, 'b>(Mutex<(&'a mut Progress<'b>, f32)>);

impl Meter<'_, '_> {
    /// Another `share` of the stage is done.
    fn add(&self, share: f32) {
        if let Ok(mut meter) = self.0.lock() {
            meter.1 = (meter.1 + share).min(1.0);
            let done = meter.1;
            (meter.0)(Stage::Surfaces, done);
        }
    }
}

/// Build the twin of a case. `sources` gives the bytes of a source file by its name.
///
/// # Errors
/// A source that is missing, is not the one that the recipe names by its SHA-256, or cannot be read; a structure without voxels.
pub fn build(
    case: &Case,
    sources: &dyn Fn(&str) -> Result<Vec<u8>>,
    progress: &mut Progress,
) -> Result<Pack> {
    let recipe = &case.twin;
    progress(Stage::Read, 0.0);
    let mut work = sources_of(recipe, sources)?;
    derivation::derive(
        &recipe.derivations,
        &mut work,
        &|file| fetch(recipe, sources, file),
        &mut |done| progress(Stage::Derive, done),
    )?;
    let image = match (work.scan, recipe.image_window) {
        (Some(scan), Some(window)) => Some(windowed(&scan, window)),
        _ => None,
    };

    progress(Stage::Clean, 0.0);
    let mut labels = numbered(recipe, &work.labels);
    clean::remove_specks(&mut labels, recipe.surface.smallest_piece);
    assemble(case, labels, &work.labels, image, progress)
}

/// Labels and scan of a recipe as its files have them.
fn sources_of(recipe: &Recipe, sources: &dyn Fn(&str) -> Result<Vec<u8>>) -> Result<Workpiece> {
    let mut labels = match &recipe.labels {
        Some(file) => {
            let bytes = fetch(recipe, sources, file)?;
            match &recipe.mesh {
                Some(mesh) => volume::read_mesh(file, &bytes, mesh)?,
                None => volume::read_labels(file, &bytes, recipe.axes.as_deref())?,
            }
        }
        None => Voxels::none(),
    };
    for mask in &recipe.masks {
        let bytes = fetch(recipe, sources, &mask.file)?;
        let file = volume::read_labels(&mask.file, &bytes, recipe.axes.as_deref())?;
        masks::add(&mut labels, mask, &file)?;
    }
    let scan = match &recipe.image {
        Some(file) => {
            let bytes = fetch(recipe, sources, file)?;
            Some(volume::read_image(file, &bytes, recipe.axes.as_deref())?)
        }
        None => None,
    };
    Ok(Workpiece { labels, scan })
}

/// The trees of vessels that a case grows, with their labels, in the order of its derivations: axes and radii of all branches, those too thin to be
/// drawn among them. `sources` as for [`build`].
///
/// # Errors
/// As for [`build`].
pub fn vessel_trees(
    case: &Case,
    sources: &dyn Fn(&str) -> Result<Vec<u8>>,
) -> Result<Vec<(u16, Tree)>> {
    let mut work = sources_of(&case.twin, sources)?;
    derivation::trees(&case.twin.derivations, &mut work, &|file| fetch(&case.twin, sources, file))
}

/// The way from clean labels (structure numbers) to a pack. `source` is the label volume with the numbers of the recipe, for supports
/// near one of its labels.
pub(super) fn assemble(
    case: &Case,
    labels: Voxels<u8>,
    source: &Voxels<u16>,
    image: Option<Volume>,
    progress: &mut Progress,
) -> Result<Pack> {
    let recipe = &case.twin;
    let targets = structure_volumes(recipe, &labels)?;

    progress(Stage::Surfaces, 0.0);
    let extents = extents(&labels, targets.len());
    let levels: Vec<u8> = (0..recipe.surface.levels).collect();
    let meter = Meter(Mutex::new((&mut *progress, 0.0)));
    let all: f32 = levels.iter().map(|level| work_of(*level)).sum();
    let made = parallel::map(&levels, |&level| {
        let tell = |share: f32| meter.add(share * work_of(level) / all);
        let (complex, partition) = sheets(recipe, &labels, &extents, &targets, level, &tell);
        let skins: Vec<Surface> =
            (1..=targets.len() as u8).map(|structure| skin(&complex, structure, level)).collect();
        (skins, (level == 0).then(|| (scan_ends(&complex), partition.owners)))
    });
    let mut surfaces = Vec::new();
    let mut owners = None;
    let mut ends = Vec::new();
    for (skins, finest) in made {
        surfaces.extend(skins);
        if let Some((planes, of_points)) = finest {
            ends = planes;
            owners = Some(of_points);
        }
    }
    let owners = owners.unwrap_or(labels.clone());
    surfaces.sort_by_key(|s| (s.structure, s.level));
    settle(&mut surfaces, &mut ends, case)?;

    let count = surfaces.len() as f32;
    for (i, surface) in surfaces.iter_mut().enumerate() {
        progress(Stage::Bake, i as f32 / count);
        surface.baked = bake::bake(
            &owners,
            surface.structure as u8 + 1,
            &surface.positions,
            &surface.triangles,
        );
        reorder(surface)?;
    }

    progress(Stage::Lattice, 0.0);
    let bodies = body_names(recipe);
    let mut manifest = Manifest {
        id: case.id.clone(),
        title: case.title.en.clone(),
        provenance: provenance(recipe),
        structures: structures(recipe, &bodies, &surfaces, &targets),
        scan_end: ends,
        image_window: recipe.image_window,
        front: recipe.front,
        warnings: recipe.warnings.iter().map(|warning| warning.en.clone()).collect(),
        supports: Vec::new(),
        cavities: Vec::new(),
        bodies,
    };
    let scene = scene(recipe, &mut manifest, &mut surfaces, &owners, source)?;
    Ok(Pack {
        manifest,
        surfaces,
        scene,
        labels: coarser(&labels, recipe.surface.label_spacing),
        image,
    })
}

/// Where a twin comes from: its files, or, where there is none, what it was made by.
fn provenance(recipe: &Recipe) -> Vec<Provenance> {
    if recipe.sources.is_empty() {
        let digest = Sha256::digest(format!("{:?}", recipe.derivations));
        return vec![Provenance {
            title: "made by the derivations of its case, from no patient".to_owned(),
            credit: "Sectio".to_owned(),
            licence: env!("CARGO_PKG_LICENSE").to_owned(),
            sha256: digest.iter().map(|b| format!("{b:02x}")).collect(),
        }];
    }
    let of_source = |s: &Source| Provenance {
        title: s.title.clone(),
        credit: s.credit.clone(),
        licence: s.licence.clone(),
        sha256: s.sha256.clone(),
    };
    recipe.sources.iter().map(of_source).collect()
}

/// Bytes of a source file, checked against the recipe's hash.
fn fetch(
    recipe: &Recipe,
    sources: &dyn Fn(&str) -> Result<Vec<u8>>,
    file: &str,
) -> Result<Vec<u8>> {
    let bytes = sources(file)?;
    let digest = Sha256::digest(&bytes);
    let digest: String = digest.iter().map(|b| format!("{b:02x}")).collect();
    let expected =
        recipe.sources.iter().find(|s| s.file == file).map(|s| s.sha256.to_ascii_lowercase());
    if expected.as_deref() == Some(&digest) {
        return Ok(bytes);
    }
    Err(Error::Source {
        file: file.to_owned(),
        reason: format!("has SHA-256 {digest}, the recipe names {}", expected.unwrap_or_default()),
        remedy: "fetch the file that the recipe names, or correct the recipe",
    })
}

/// Source labels as structure numbers (index in the recipe + 1, 0 for none).
fn numbered(recipe: &Recipe, source: &Voxels<u16>) -> Voxels<u8> {
    let mut number = vec![0_u8; usize::from(u16::MAX) + 1];
    for (i, structure) in recipe.structures.iter().enumerate() {
        for &label in &structure.labels {
            number[usize::from(label)] = i as u8 + 1;
        }
    }
    Voxels {
        grid: source.grid,
        values: source.values.iter().map(|&l| number[usize::from(l)]).collect(),
    }
}

/// Volume of each structure's voxels [mm³].
fn structure_volumes(recipe: &Recipe, labels: &Voxels<u8>) -> Result<Vec<f64>> {
    let mut counts = [0_usize; 256];
    for &v in &labels.values {
        counts[usize::from(v)] += 1;
    }
    recipe
        .structures
        .iter()
        .zip(&counts[1..])
        .map(|(structure, &count)| {
            if count == 0 {
                return Err(Error::Structure {
                    structure: structure.id.clone(),
                    reason: format!(
                        "no voxel of the source has a label of {:?}; correct `labels`",
                        structure.labels
                    ),
                });
            }
            Ok(count as f64 * labels.grid.voxel_volume())
        })
        .collect()
}

/// Work of a level against that of the finest: an eighth of its points.
fn work_of(level: u8) -> f32 {
    0.125_f32.powi(i32::from(level))
}

/// Smooth sheets between all structures at one level of detail, enclosing the `targets` volumes [mm³]. `tell` hears shares of
/// this work as they are done.
fn sheets(
    recipe: &Recipe,
    labels: &Voxels<u8>,
    extents: &[Option<Extent>],
    targets: &[f64],
    level: u8,
    tell: &(dyn Fn(f32) + Sync),
) -> (Complex, Partition) {
    let surface = &recipe.surface;
    // The finest level is laid on the samples of the lattice; what may be cut must be cubes.
    let grid = match (recipe.lattice.sample_spacing(), level) {
        (spacing, 0) => labels.grid.in_cubes(spacing),
        (spacing, _) => labels.grid.redivided(spacing * f64::from(1 << level)),
    };
    let sigma = surface.smoothing;
    let numbered: Vec<(u8, Extent)> =
        (1..).zip(extents).filter_map(|(s, extent)| Some((s, (*extent)?))).collect();
    let fields: Vec<Field> = parallel::map(&numbered, |&(s, extent)| {
        let field = smooth_indicator(labels, s, &grid, sigma, extent);
        tell(0.4 / numbered.len() as f32);
        field
    });
    let partition = Partition::new(grid, fields, targets, sigma.iter().sum::<f64>() / 3.0);
    tell(0.2);
    let mut complex = surface_nets(&partition, [labels.grid.low(), labels.grid.high()]);
    let umbrellas = Umbrellas::new(&complex);
    tell(0.1);
    let reach = surface.reach.max(0.25 * complex.spacing);
    fair::smooth(&mut complex, &umbrellas, surface.rounds >> (2 * level), reach);
    tell(0.2);
    volumes::restore(&mut complex, &umbrellas, targets, reach);
    tell(0.1);
    (complex, partition)
}

/// One structure's surface, still in f32 at full precision.
fn skin(complex: &Complex, structure: u8, level: u8) -> Surface {
    let skin = extract::skin(complex, structure);
    Surface {
        structure: u16::from(structure) - 1,
        level,
        positions: skin
            .origins
            .iter()
            .map(|&v| complex.positions[v as usize].map(|c| c as f32))
            .collect(),
        baked: vec![[0; 4]; skin.origins.len()],
        dual_cells: match level {
            0 => skin.origins.iter().map(|&v| complex.dual_cells[v as usize]).collect(),
            _ => Vec::new(),
        },
        triangles: skin.triangles,
    }
}

/// Put every position on the pack's grid, so that what is measured is what is shipped.
fn settle(surfaces: &mut [Surface], ends: &mut [ScanEnd], case: &Case) -> Result<()> {
    let quantiser =
        Quantiser::new(surfaces.iter().flat_map(|s| &s.positions)).ok_or_else(|| {
            Error::Structure {
                structure: case.id.clone(),
                reason: "its surfaces are metres wide; check the voxel size of the source"
                    .to_owned(),
            }
        })?;
    for position in surfaces.iter_mut().flat_map(|s| &mut s.positions) {
        *position = quantiser.round(*position);
    }
    for end in ends {
        // The planes with them: a vertex on the end of the scan lies on it exactly.
        let axis = usize::from(end.axis);
        end.position = quantiser.round([end.position; 3])[axis];
    }
    Ok(())
}

/// Planes at which structures are cut off by the end of the scan.
fn scan_ends(complex: &Complex) -> Vec<ScanEnd> {
    let mut ends = BTreeMap::new();
    for quad in complex.quads.iter().filter(|q| is_scan_end(q.below, q.above)) {
        for axis in 0..3 {
            let plane = complex.pinned[quad.corners[0] as usize][axis];
            if quad
                .corners
                .iter()
                .all(|&v| plane.is_some() && complex.pinned[v as usize][axis] == plane)
            {
                let upper = quad.above == super::complex::OUTSIDE;
                ends.insert((axis as u8, upper), plane.unwrap_or_default() as f32);
            }
        }
    }
    ends.into_iter().map(|((axis, upper), position)| ScanEnd { axis, upper, position }).collect()
}

/// Soft bodies in the order of their first structure.
fn body_names(recipe: &Recipe) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for body in recipe.structures.iter().filter_map(|s| s.body.as_ref()) {
        if !names.contains(body) {
            names.push(body.clone());
        }
    }
    names
}

fn structures(
    recipe: &Recipe,
    bodies: &[String],
    surfaces: &[Surface],
    targets: &[f64],
) -> Vec<Structure> {
    recipe
        .structures
        .iter()
        .enumerate()
        .map(|(i, s)| {
            let finest = surfaces.iter().find(|f| usize::from(f.structure) == i && f.level == 0);
            let volume = finest.map_or(0.0, |f| measure::volume(&f.positions, &f.triangles));
            Structure {
                id: s.id.clone(),
                label: i as u8 + 1,
                volume_ml: measure::rounded(volume / 1000.0),
                label_volume_ml: measure::rounded(targets[i] / 1000.0),
                closed: volume > 0.0 && finest.is_some_and(|f| measure::is_closed(&f.triangles)),
                body: s
                    .body
                    .as_ref()
                    .and_then(|b| bodies.iter().position(|n| n == b))
                    .map(|b| b as u16),
                name: s.name.en.clone(),
                ta2: s.ta2.clone(),
                tissue: s.tissue,
                colour: text::colour(&s.colour).unwrap_or_default(),
                function: s.function.en.clone(),
                relations: s.relations.en.clone(),
            }
        })
        .collect()
}

/// Cells, materials and supports; notes on the supports go into the manifest.
fn scene(
    recipe: &Recipe,
    manifest: &mut Manifest,
    surfaces: &mut [Surface],
    owners: &Voxels<u8>,
    source: &Voxels<u16>,
) -> Result<Scene> {
    let table = tissue::table()?;
    let mut names: Vec<&str> = Vec::new();
    let mut materials = Vec::new();
    let mut tissues = Vec::new();
    let mut perfusion = Vec::new();
    for (recipe, structure) in recipe.structures.iter().zip(&manifest.structures) {
        let (Some(name), Some(body)) = (recipe.mechanics.as_deref(), structure.body) else {
            tissues.push(None);
            continue;
        };
        let mechanics = table.get(name).ok_or_else(|| Error::Recipe {
            file: "case.toml".to_owned(),
            field: format!("{}: mechanics", structure.id),
            reason: format!(
                "`{name}` is not in the tissue table; it has {:?}",
                table.keys().collect::<Vec<_>>()
            ),
        })?;
        let material = names.iter().position(|n| *n == name).unwrap_or_else(|| {
            names.push(name);
            materials.push(mechanics.material());
            names.len() - 1
        });
        let supply = mechanics.supply();
        if supply != Supply::None {
            perfusion.push(Perfusion { label: structure.label, supply });
        }
        let weight = if recipe.sheet { lattice::SHEET } else { 1 };
        tissues.push(Some(lattice::Tissue { body, material: material as u16, weight }));
    }
    let vertices =
        surfaces.iter().flat_map(|s| s.positions.iter().map(|&p| (s.structure as u8 + 1, p)));
    let tissue = lattice::lattice(owners, &tissues, vertices);
    for surface in surfaces.iter_mut() {
        match tissues[usize::from(surface.structure)] {
            Some(_) => tissue.count_from_lattice(&mut surface.dual_cells),
            None => surface.dual_cells.clear(),
        }
    }
    let lattice::Filled { lattice, labels, .. } = tissue;
    let surfaces = &*surfaces;
    let mut held = Vec::new();
    let index = LatticeIndex::new(&lattice);
    let walls = supports::walls(manifest, surfaces);
    for support in &recipe.supports {
        let surface = surfaces.iter().find(|s| {
            s.level == 0 && manifest.structures[usize::from(s.structure)].id == support.structure
        });
        let body = surface.and_then(|s| manifest.structures[usize::from(s.structure)].body);
        let (Some(surface), Some(body)) = (surface, body) else { continue };
        let (springs, note) =
            supports::supports(support, surface, body, &index, source, &walls[usize::from(body)]);
        if springs.is_empty() {
            return Err(Error::Structure {
                structure: support.structure.clone(),
                reason: format!(
                    "support `{}` holds no part of its surface; widen the region",
                    support.name
                ),
            });
        }
        held.extend(springs);
        manifest.supports.push(note);
    }
    let fibres = fibres::fibres(recipe, &lattice, source)?;
    let (beaten, beat) = beat(recipe, manifest, surfaces, source, &index)?;
    let gravity = recipe.lattice.gravity;
    // The scan shows the organs as the patient's own weight has settled them.
    let rest_gravity = gravity;
    let distances = contact::distances(&lattice, &manifest.structures, surfaces);
    let obstacles = contact::bones(&lattice, &manifest.structures, surfaces).into_iter().collect();
    Ok(Scene {
        lattice,
        labels,
        perfusion,
        materials,
        fibres,
        surfaces: beaten,
        beat,
        distances,
        obstacles,
        friction: contact::FRICTION,
        supports: held,
        gravity,
        rest_gravity,
        ..Scene::default()
    })
}

/// The walls of the chambers that pump, and how they do; notes on them go into the manifest.
fn beat(
    recipe: &Recipe,
    manifest: &mut Manifest,
    surfaces: &[Surface],
    source: &Voxels<u16>,
    index: &LatticeIndex,
) -> Result<(Vec<scene::Surface>, Option<Beat>)> {
    let Some(beat) = &recipe.beat else { return Ok((Vec::new(), None)) };
    // Coarser than what is seen, since each step goes over it several times.
    let level = 1.min(recipe.surface.levels - 1);
    let mut walls = Vec::new();
    for chamber in &beat.cavities {
        let name = &chamber.name.en;
        walls.push(cavity::cavity(name, chamber.label, level, manifest, surfaces, source, index)?);
        let voxels = source.values.iter().filter(|label| **label == chamber.label).count();
        let volume_ml = measure::rounded(voxels as f64 * source.grid.voxel_volume() / 1000.0);
        manifest.cavities.push(CavityNote { name: name.clone(), volume_ml });
    }
    let courses = beat.cavities.iter().map(|chamber| beat.even(&chamber.pressure));
    let (period, activation) = (beat.period as f32, beat.even(&beat.activation));
    Ok((walls, Some(Beat { period, activation, pressures: courses.collect() })))
}

/// The label volume at voxels of about `spacing` mm, by the nearest voxel.
fn coarser(labels: &Voxels<u8>, spacing: f64) -> Volume {
    let grid = if labels.grid.spacing.iter().all(|s| *s >= 0.8 * spacing) {
        labels.grid
    } else {
        labels.grid.redivided(spacing)
    };
    let mut voxels = Vec::with_capacity(grid.len());
    for z in 0..grid.dims[2] {
        for y in 0..grid.dims[1] {
            for x in 0..grid.dims[0] {
                let p = [x, y, z];
                let centre =
                    std::array::from_fn(|a| grid.origin[a] + p[a] as f64 * grid.spacing[a]);
                voxels.push(labels.grid.voxel_at(centre).map_or(0, |v| labels.values[v]));
            }
        }
    }
    packed(&grid, voxels)
}

/// A scan in 8 bits: `window` gives the grey values of 0 and 255.
pub(super) fn windowed(scan: &Voxels<f32>, [low, high]: [f32; 2]) -> Volume {
    let voxels = scan
        .values
        .iter()
        .map(|v| ((v - low) / (high - low) * 255.0).round().clamp(0.0, 255.0) as u8)
        .collect();
    packed(&scan.grid, voxels)
}

fn packed(grid: &Grid, voxels: Vec<u8>) -> Volume {
    Volume {
        dims: grid.dims.map(|d| d as u32),
        origin: grid.origin.map(|c| c as f32),
        spacing: grid.spacing.map(|c| c as f32),
        voxels,
    }
}
