//! A recipe for labels that come without a case: from their names to tissue, soft bodies and what holds them.

use std::collections::BTreeMap;

use crate::{
    Error, Result,
    anatomy::{self, Anatomy},
    case::{
        Case, LatticeRecipe, Origin, Recipe, Source, StructureEntry, StructureRecipe,
        SupportRecipe, SurfaceRecipe,
    },
    text::Text,
    twin::{identify, pack::Tissue},
    volume::{Grid, Names, Voxels},
};

/// Points of the finest surface grid.
const SURFACE_POINTS: f64 = 2.7e6;

/// Cells of the lattice.
const CELLS: f64 = 4000.0;

/// Soft structures of fewer cells than this stay scenery: a lattice of two cells is no organ.
const FEWEST_CELLS: f64 = 4.0;

/// Share of a structure's faces with another from which both are one body: a gallbladder in its bed, a tumour in its organ.
const GROWN_TOGETHER: f64 = 0.4;

/// What holds a body whose neighbours are not in the twin [kPa/mm], along and across the surface normal.
const BED: [f64; 2] = [0.3, 0.1];

/// A structure that the labels show.
pub(super) struct Found {
    /// Identifier.
    pub(super) id: String,
    /// Values in the label volume.
    pub(super) labels: Vec<u16>,
    /// "Right kidney".
    pub(super) name: String,
    /// What is known of it, if its name is known.
    pub(super) anatomy: Option<&'static Anatomy>,
    /// Colour that the file gives.
    pub(super) colour: Option<[u8; 3]>,
}

/// Structures for the labels that a volume has, in the order of the labels. Several labels that are one structure by name
/// become one.
///
/// # Errors
/// No label, or more than a twin can hold.
pub(super) fn found(
    file: &str,
    counts: &BTreeMap<u16, usize>,
    names: &Names,
) -> Result<Vec<Found>> {
    let mut found: Vec<Found> = Vec::new();
    for &label in counts.keys() {
        // A name that could be a patient's does not get into a twin.
        let given = names
            .get(&label)
            .filter(|n| !n.name.is_empty() && identify::suspicious(&n.name).is_none());
        let anatomy = given.and_then(|n| anatomy::find(&n.name));
        let id = match (anatomy, given) {
            (Some(anatomy), _) => anatomy.id.clone(),
            (None, Some(given)) => identifier(&given.name, label),
            (None, None) => format!("label_{label}"),
        };
        if let Some(same) = found.iter_mut().find(|f| f.id == id) {
            same.labels.push(label);
            continue;
        }
        let name = match (anatomy, given) {
            (Some(anatomy), _) => anatomy.name.en.clone(),
            (None, Some(given)) => given.name.clone(),
            (None, None) => format!("Label {label}"),
        };
        let colour = given.and_then(|n| n.colour);
        found.push(Found { id, labels: vec![label], name, anatomy, colour });
    }
    let error = |reason: String, remedy| {
        Err(Error::Volume { file: file.to_owned(), field: "data", reason, remedy })
    };
    if found.is_empty() {
        return error(
            "no voxel has a label".to_owned(),
            "give the label volume, not an empty mask",
        );
    }
    if found.len() > 254 {
        return error(
            format!("{} different labels", found.len()),
            "keep at most 254 structures; if these are grey values, give a label volume",
        );
    }
    Ok(found)
}

/// A name as an identifier: lower case, digits, underscores.
fn identifier(name: &str, label: u16) -> String {
    let folded = anatomy::fold(name);
    let id: String =
        folded.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    if id.is_empty() { format!("label_{label}") } else { id }
}

/// Faces between structures, by their numbers, lower first; 0 is nothing.
pub(super) fn faces(labels: &Voxels<u8>) -> BTreeMap<(u8, u8), usize> {
    let [nx, ny, _] = labels.grid.dims;
    let mut counts = vec![0_usize; 1 << 16];
    let values = &labels.values;
    let mut add = |a: u8, b: u8| counts[usize::from(a.min(b)) << 8 | usize::from(a.max(b))] += 1;
    for row in values.chunks_exact(nx) {
        row.windows(2).filter(|w| w[0] != w[1]).for_each(|w| add(w[0], w[1]));
    }
    for slice in values.chunks_exact(nx * ny) {
        let pairs = slice.iter().zip(&slice[nx..]);
        pairs.filter(|(a, b)| a != b).for_each(|(a, b)| add(*a, *b));
    }
    let pairs = values.iter().zip(values.get(nx * ny..).unwrap_or_default());
    pairs.filter(|(a, b)| a != b).for_each(|(a, b)| add(*a, *b));
    let found = counts.iter().enumerate().filter(|(_, n)| **n > 0);
    found.map(|(pair, n)| (((pair >> 8) as u8, pair as u8), *n)).collect()
}

/// The recipe, and what it decided that a learner must know.
pub(super) fn case(
    id: String,
    title: String,
    structures: &[Found],
    labels: &Voxels<u8>,
    sources: Vec<Source>,
    image_window: Option<[f32; 2]>,
) -> (Case, Vec<String>) {
    let grid = &labels.grid;
    let mut counts = vec![0_usize; 256];
    labels.values.iter().for_each(|&v| counts[usize::from(v)] += 1);
    let volume = |s: usize| counts[s + 1] as f64 * grid.voxel_volume();
    let mut bodies = bodies(structures, &faces(labels));
    let soft: f64 = (0..structures.len()).filter(|&s| bodies[s].is_some()).map(volume).sum();
    // Surfaces are laid on the samples, four to a cell's edge: no finer than a browser can draw, nor than the voxels ask for.
    let finest = least(grid, SURFACE_POINTS).max(0.8 * libm::cbrt(grid.voxel_volume()));
    let cell = libm::cbrt(soft / CELLS).max(4.0 * finest).clamp(1.0, 50.0);
    for s in 0..structures.len() {
        let Some((lead, _)) = &bodies[s] else { continue };
        if volume(*lead) < FEWEST_CELLS * cell * cell * cell {
            bodies[s] = None;
        }
    }
    let leads = |s: usize| bodies[s].as_ref().is_some_and(|(lead, _)| *lead == s);
    let recipes = structures
        .iter()
        .enumerate()
        .map(|(s, found)| structure(found, bodies[s].as_ref(), structures))
        .collect();
    let supports =
        (0..structures.len()).filter(|&s| leads(s)).map(|s| bed(&structures[s])).collect();
    let mut notes = Vec::new();
    if soft > 0.0 {
        notes.push(
            "What is soft, and how stiffly it is held, was derived from the names of the structures: a soft elastic bed all around each organ stands for ligaments and neighbours. That is a modelling choice, not a measurement."
                .to_owned(),
        );
    }
    for (s, found) in structures.iter().enumerate() {
        if let Some((lead, mechanics)) = &bodies[s]
            && *lead != s
            && found.anatomy.is_none()
        {
            notes.push(format!(
                "{}: no mechanics is known by this name; it lies in {} and moves with it, as stiff as {mechanics}.",
                found.name, structures[*lead].name
            ));
        }
    }
    let twin = Recipe {
        mesh: None,
        masks: Vec::new(),
        fibres: Vec::new(),
        beat: None,
        labels: sources.first().map(|s| s.file.clone()),
        image: image_window.and(sources.get(1)).map(|s| s.file.clone()),
        axes: None,
        image_window,
        front: [0.0, 1.0, 0.0],
        warnings: Vec::new(),
        sources,
        derivations: Vec::new(),
        surface: surface(grid, cell / 4.0),
        lattice: LatticeRecipe { spacing: cell, gravity: [0.0, 9810.0, 0.0] },
        structures: recipes,
        supports,
    };
    let case = Case {
        organ: structures.first().map(|f| f.id.clone()).unwrap_or_default(),
        id,
        title: Text::same(title),
        level: 1,
        minutes: 10,
        summary: Text::default(),
        pathology: Text::default(),
        objectives: Vec::new(),
        story: Text::default(),
        real: Vec::new(),
        derived: Vec::new(),
        origin: Origin::default(),
        force_limit: None,
        procedures: Vec::new(),
        questions: Vec::new(),
        references: BTreeMap::new(),
        twin,
    };
    (case, notes)
}

/// For each structure: the structure that leads its body, and the body's tissue entry; none for scenery.
fn bodies(
    structures: &[Found],
    faces: &BTreeMap<(u8, u8), usize>,
) -> Vec<Option<(usize, &'static str)>> {
    let between = |a: usize, b: usize| {
        let (a, b) = (a as u8 + 1, b as u8 + 1);
        faces.get(&(a.min(b), a.max(b))).copied().unwrap_or(0)
    };
    let all = |s: usize| -> usize {
        let number = s as u8 + 1;
        faces.iter().filter(|((a, b), _)| *a == number || *b == number).map(|(_, n)| n).sum()
    };
    let mechanics: Vec<Option<&'static str>> =
        structures.iter().map(|f| f.anatomy.and_then(|a| a.mechanics.as_deref())).collect();
    let neighbours: Vec<Option<usize>> = (0..structures.len())
        .map(|s| {
            // Known scenery (bone, vessels) stays scenery; what is soft or unknown may grow together with a soft neighbour.
            if structures[s].anatomy.is_some() && mechanics[s].is_none() {
                return None;
            }
            let hosts = (0..structures.len()).filter(|&h| h != s && mechanics[h].is_some());
            let host = hosts.max_by_key(|&h| (between(s, h), std::cmp::Reverse(h)))?;
            let share = between(s, host) as f64 / all(s).max(1) as f64;
            (share >= GROWN_TOGETHER && all(s) < all(host)).then_some(host)
        })
        .collect();
    (0..structures.len())
        .map(|s| {
            // Hosts have more faces than their guests, so this ends.
            let mut lead = s;
            while let Some(host) = neighbours[lead] {
                lead = host;
            }
            mechanics[s].or(mechanics[lead]).map(|entry| (lead, entry))
        })
        .collect()
}

fn structure(
    found: &Found,
    body: Option<&(usize, &'static str)>,
    all: &[Found],
) -> StructureRecipe {
    let known = found.anatomy;
    let hex = |[r, g, b]: [u8; 3]| format!("#{r:02x}{g:02x}{b:02x}");
    // What the table of anatomy knows is taken from it; an unknown structure has a name and a colour, and no texts.
    let unknown = known.is_none();
    let colour = found.colour.map_or_else(|| "#b8a58c".to_owned(), hex);
    StructureEntry {
        id: found.id.clone(),
        anatomy: known.map(|a| a.id.clone()),
        labels: found.labels.clone(),
        name: unknown.then(|| Text::same(found.name.clone())),
        ta2: None,
        tissue: unknown.then_some(Tissue::Gland),
        colour: unknown.then_some(colour),
        function: unknown.then(Text::default),
        relations: unknown.then(Text::default),
        differs: None,
        body: body.map(|(lead, _)| all[*lead].id.clone()),
        mechanics: body.map(|(_, entry)| (*entry).to_owned()),
        sheet: false,
    }
    .into()
}

/// A soft bed on the whole surface of the structure that leads a body.
fn bed(found: &Found) -> SupportRecipe {
    SupportRecipe {
        name: "Bed of neighbours".to_owned(),
        structure: found.id.clone(),
        facing: None,
        within: 90.0,
        x: [0.0, 1.0],
        y: [0.0, 1.0],
        z: [0.0, 1.0],
        near: None,
        reach: 5.0,
        stiffness: BED,
        reason: "Labels do not show ligaments and mesenteries, and not every neighbour: a soft elastic bed all around stands for them. The stiffness is a modelling choice.".to_owned(),
    }
}

/// Distance of as many points in the grid's box [mm].
fn least(grid: &Grid, points: f64) -> f64 {
    let size: f64 = (0..3).map(|a| grid.high()[a] - grid.low()[a]).product();
    libm::cbrt(size / points)
}

/// Surfaces on a grid of `spacing` mm.
fn surface(grid: &Grid, spacing: f64) -> SurfaceRecipe {
    let voxel = libm::cbrt(grid.voxel_volume());
    SurfaceRecipe {
        smoothing: grid.spacing.map(|v| (0.9 * v).max(1.1 * spacing).min(20.0)),
        rounds: 100,
        reach: (0.5 * voxel).max(0.4 * spacing).min(10.0),
        levels: 3,
        smallest_piece: 12,
        label_spacing: least(grid, 4e6).max(voxel).clamp(0.3, 20.0),
    }
}
