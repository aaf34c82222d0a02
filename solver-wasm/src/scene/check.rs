//! What a scene must be before it is simulated.

use std::ops::RangeInclusive;

use super::{Law, Material, Membrane, Obstacle, Scene, Supply, Surface};
use crate::{beat::Beat, lattice::Embedding};

/// Most cells a scene may have.
pub const MAX_CELLS: usize = 200_000;
/// Most supports a scene may have.
pub const MAX_SUPPORTS: usize = 20_000;
/// Most surfaces, and most membranes, a scene may have.
pub const MAX_SURFACES: usize = 1_000;
/// Most vertices, and most triangles, a surface may have.
pub const MAX_SURFACE: usize = 400_000;

/// Most samples of a beat's courses.
pub const MAX_COURSE: usize = 1_024;
/// Most obstacles a scene may have.
pub const MAX_OBSTACLES: usize = 64;
/// Most grid points an obstacle may have.
pub const MAX_OBSTACLE: usize = 2_000_000;

/// What is wrong with a scene.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SceneError {
    /// There is nothing to simulate.
    #[error("scene: the lattice has no cells; give it at least one")]
    Empty,
    /// A list is too long.
    #[error(
        "scene: {what} has {count} entries, at most {limit} are allowed; use a coarser lattice"
    )]
    TooLarge {
        /// Field.
        what: &'static str,
        /// Its length.
        count: usize,
        /// The most allowed.
        limit: usize,
    },
    /// A number is not finite or out of its range.
    #[error("scene: {what} of entry {index} is {value}; it must be {range}")]
    Number {
        /// Field.
        what: &'static str,
        /// Index into its list (0 for a single value).
        index: usize,
        /// The value.
        value: f64,
        /// What is allowed.
        range: &'static str,
    },
    /// An index points outside its list.
    #[error("scene: {what} {index} names entry {target} of {len}; rebuild the lattice")]
    Index {
        /// What holds the index.
        what: &'static str,
        /// Which one.
        index: usize,
        /// Where it points.
        target: usize,
        /// Length of the list it points into.
        len: usize,
    },
    /// A cell's corners do not lie where its coordinate says, or it has no samples, or its nodes belong to another body.
    #[error("scene: cell {cell}: {problem}; rebuild the lattice")]
    Cell {
        /// Which cell.
        cell: usize,
        /// What is wrong.
        problem: &'static str,
    },
    /// Samples are named for some cells only.
    #[error("scene: {count} labels of samples for {len} cells; give 64 for each, or none")]
    Labels {
        /// How many there are.
        count: usize,
        /// How many cells.
        len: usize,
    },
    /// A label bleeds in two ways.
    #[error("scene: perfusion names label {label} twice; give each label one supply")]
    Supplies {
        /// The label.
        label: u8,
    },
    /// A material has fibres, and the scene does not say where they run.
    #[error("scene: {count} fibre directions for {len} cells; give one pair for each cell")]
    Fibres {
        /// How many there are.
        count: usize,
        /// How many cells.
        len: usize,
    },
    /// Signed distances are there for some nodes or grid points only.
    #[error("scene: {what} {index} has {count} signed distances for {len} points; give one each")]
    Distances {
        /// Lattice or obstacle.
        what: &'static str,
        /// Which one.
        index: usize,
        /// How many there are.
        count: usize,
        /// How many there must be.
        len: usize,
    },
    /// A node that no cell uses could move freely.
    #[error("scene: node {node} belongs to no cell; remove it")]
    LooseNode {
        /// Which node.
        node: usize,
    },
}

impl Scene {
    /// Is everything in range, finite and consistent?
    ///
    /// # Errors
    /// The first thing that is not; nothing is trusted.
    pub fn check(&self) -> Result<(), SceneError> {
        let lattice = &self.lattice;
        if lattice.cells.is_empty() {
            return Err(SceneError::Empty);
        }
        check_len("lattice.cells", lattice.cells.len(), MAX_CELLS)?;
        check_len("lattice.nodes", lattice.nodes.len(), 8 * MAX_CELLS)?;
        check_len("materials", self.materials.len(), usize::from(u16::MAX) + 1)?;
        check_len("supports", self.supports.len(), MAX_SUPPORTS)?;
        check_len("surfaces", self.surfaces.len(), MAX_SURFACES)?;
        check_len("membranes", self.membranes.len(), MAX_SURFACES)?;
        let spacing = lattice.spacing;
        check_number("lattice.spacing", 0, spacing, 1e-3..=1e3, "between 0.001 and 1000 mm")?;
        for x in lattice.origin {
            check_number("lattice.origin", 0, x, -1e6..=1e6, "within 1e6 mm of zero")?;
        }
        for (field, gravity) in [("gravity", self.gravity), ("rest_gravity", self.rest_gravity)] {
            for g in gravity {
                check_number(field, 0, g, -1e6..=1e6, "within 1e6 mm/s² of zero")?;
            }
        }
        for (i, material) in self.materials.iter().enumerate() {
            check_material(i, material)?;
        }
        check_cells(self)?;
        check_fibres(self)?;
        check_labels(self)?;
        check_perfusion(self)?;
        check_number("friction", 0, self.friction, 0.0..=10.0, "between 0 and 10")?;
        let (count, len) = (self.distances.len(), lattice.nodes.len());
        if count > 0 && count != len {
            return Err(SceneError::Distances { what: "lattice", index: 0, count, len });
        }
        check_len("obstacles", self.obstacles.len(), MAX_OBSTACLES)?;
        for (i, obstacle) in self.obstacles.iter().enumerate() {
            check_obstacle(i, obstacle)?;
        }
        for (i, surface) in self.surfaces.iter().enumerate() {
            check_surface(i, surface, lattice.cells.len())?;
        }
        for (i, membrane) in self.membranes.iter().enumerate() {
            check_membrane(i, membrane, self.surfaces.len())?;
        }
        if let Some(beat) = &self.beat {
            check_beat(beat, self.surfaces.len())?;
        }
        for (i, s) in self.supports.iter().enumerate() {
            check_point("support", i, &s.point, lattice.cells.len())?;
            for k in s.stiffness {
                check_number("supports.stiffness", i, k, 0.0..=1e7, "between 0 and 1e7 mN/mm")?;
            }
        }
        Ok(())
    }
}

fn check_material(i: usize, material: &Material) -> Result<(), SceneError> {
    let Material { law, density, damping, relaxation, active, tension, toughness } = *material;
    let modulus =
        |what, value| check_number(what, i, value, 1e-6..=1e7, "between 1e-6 and 1e7 kPa");
    // Beyond this e^Q leaves the range of f32 within a few per cent of stretch.
    let exponent = |what, value| check_number(what, i, value, 0.0..=1e4, "between 0 and 1e4");
    match law {
        Law::NeoHookean { young, poisson } => {
            modulus("materials.law.young", young)?;
            check_number(
                "materials.law.poisson",
                i,
                poisson,
                0.0..=0.4999,
                "between 0 and 0.4999",
            )?;
        }
        Law::MooneyRivlin { c1, c2, bulk } => {
            modulus("materials.law.c1", c1)?;
            check_number("materials.law.c2", i, c2, 0.0..=1e7, "between 0 and 1e7 kPa")?;
            modulus("materials.law.bulk", bulk)?;
        }
        Law::Ogden { terms, bulk } => {
            modulus("materials.law.terms", terms[0].0)?;
            for (mu, alpha) in terms {
                check_number("materials.law.terms", i, mu, 0.0..=1e7, "between 0 and 1e7 kPa")?;
                check_number("materials.law.terms", i, alpha, -40.0..=40.0, "between −40 and 40")?;
                check_number(
                    "materials.law.terms",
                    i,
                    alpha.abs(),
                    0.1..=40.0,
                    "0.1 or larger in size",
                )?;
            }
            modulus("materials.law.bulk", bulk)?;
        }
        Law::Guccione { c, fibre, transverse, shear, bulk } => {
            modulus("materials.law.c", c)?;
            for b in [fibre, transverse, shear] {
                modulus("materials.law.c · b", b * c)?;
                exponent("materials.law.b", b)?;
            }
            modulus("materials.law.bulk", bulk)?;
        }
        Law::HolzapfelOgden { matrix, fibre, sheet, shear, bulk } => {
            modulus("materials.law.matrix", matrix.0)?;
            for (a, b) in [matrix, fibre, sheet, shear] {
                check_number("materials.law.a", i, a, 0.0..=1e7, "between 0 and 1e7 kPa")?;
                check_number("materials.law.b", i, b, 1e-3..=1e4, "between 0.001 and 1e4")?;
            }
            modulus("materials.law.bulk", bulk)?;
        }
    }
    if law.pressure_modulus() <= 0.0 {
        let (what, value) = ("materials.law.bulk", law.moduli().1);
        let range = "larger: with shear that stiff nothing would keep a cell from swelling";
        return Err(SceneError::Number { what, index: i, value, range });
    }
    let density_range = 1e-10..=1e-3;
    check_number("materials.density", i, density, density_range, "between 1e-10 and 1e-3 kg/mm³")?;
    check_number("materials.damping", i, damping, 0.0..=10.0, "between 0 and 10 s")?;
    for branch in relaxation {
        check_number(
            "materials.relaxation.modulus",
            i,
            branch.modulus,
            0.0..=100.0,
            "between 0 and 100",
        )?;
        check_number(
            "materials.relaxation.time",
            i,
            branch.time,
            1e-3..=1e5,
            "between 0.001 and 1e5 s",
        )?;
    }
    check_number("materials.tension", i, tension, 0.0..=1e4, "between 0 and 1e4 kPa")?;
    check_number("materials.toughness", i, toughness, 0.0..=1e6, "between 0 and 1e6 J/m²")?;
    check_number("materials.active", i, active, 0.0..=1e4, "between 0 and 1e4 kPa")
}

/// Fibres are there if a material needs them, and a direction each.
fn check_fibres(scene: &Scene) -> Result<(), SceneError> {
    let needed = |m: &Material| m.law.has_fibres() || m.active > 0.0;
    let (count, len) = (scene.fibres.len(), scene.lattice.cells.len());
    if count != len && (count > 0 || scene.materials.iter().any(needed)) {
        return Err(SceneError::Fibres { count, len });
    }
    for (cell, [f, s]) in scene.fibres.iter().enumerate() {
        let cross =
            [f[1] * s[2] - f[2] * s[1], f[2] * s[0] - f[0] * s[2], f[0] * s[1] - f[1] * s[0]];
        let squared = |v: &[f32; 3]| v.iter().map(|x| x * x).sum::<f32>();
        let lengths = squared(f) * squared(s);
        if !(lengths.is_finite() && squared(&cross) > 1e-4 * lengths) {
            let problem = "its fibre and sheet directions are zero, not finite or parallel";
            return Err(SceneError::Cell { cell, problem });
        }
    }
    Ok(())
}

/// Every label has one supply, of numbers that blood can have.
fn check_perfusion(scene: &Scene) -> Result<(), SceneError> {
    let mut seen = [false; 256];
    for (i, perfusion) in scene.perfusion.iter().enumerate() {
        if std::mem::replace(&mut seen[usize::from(perfusion.label)], true) {
            return Err(SceneError::Supplies { label: perfusion.label });
        }
        match perfusion.supply {
            Supply::None => {}
            Supply::Vessel { pressure, supply, backflow } => {
                let range = "between 0 and 300 mmHg";
                check_number("perfusion.pressure", i, pressure, 0.0..=300.0, range)?;
                let range = "between 0 and 10000 mL/min";
                check_number("perfusion.supply", i, supply, 0.0..=10_000.0, range)?;
                check_number("perfusion.backflow", i, backflow, 0.0..=1.0, "between 0 and 1")?;
            }
            Supply::Tissue { oozing } => {
                let range = "between 0 and 100 mL/min/cm²";
                check_number("perfusion.oozing", i, oozing, 0.0..=100.0, range)?;
            }
        }
    }
    Ok(())
}

/// Labels are there for every sample, or for none; what is not there has none.
fn check_labels(scene: &Scene) -> Result<(), SceneError> {
    let (count, len) = (scene.labels.len(), scene.lattice.cells.len());
    if count > 0 && count != 64 * len {
        return Err(SceneError::Labels { count, len });
    }
    for (cell, (own, labels)) in scene.lattice.cells.iter().zip(scene.labels.chunks(64)).enumerate()
    {
        if labels.iter().enumerate().any(|(s, label)| *label != 0 && own.samples >> s & 1 == 0) {
            let problem = "a sample that it does not have is labelled";
            return Err(SceneError::Cell { cell, problem });
        }
    }
    Ok(())
}

fn check_obstacle(i: usize, obstacle: &Obstacle) -> Result<(), SceneError> {
    let Obstacle { origin, spacing, dims, ref distances } = *obstacle;
    for x in origin {
        check_number("obstacles.origin", i, x, -1e6..=1e6, "within 1e6 mm of zero")?;
    }
    check_number("obstacles.spacing", i, spacing, 1e-3..=1e3, "between 0.001 and 1000 mm")?;
    check_len("obstacles.distances", distances.len(), MAX_OBSTACLE)?;
    let (count, len) = (distances.len() as u64, dims.map(u64::from).iter().product::<u64>());
    if count == len {
        return Ok(());
    }
    let (count, len) = (distances.len(), usize::try_from(len).unwrap_or(usize::MAX));
    Err(SceneError::Distances { what: "obstacle", index: i, count, len })
}

fn check_surface(i: usize, surface: &Surface, cells: usize) -> Result<(), SceneError> {
    check_len("surfaces.points", surface.points.len(), MAX_SURFACE)?;
    check_len("surfaces.triangles", surface.triangles.len(), MAX_SURFACE)?;
    for point in &surface.points {
        check_point("point of surface", i, point, cells)?;
    }
    let len = surface.points.len();
    for vertex in surface.triangles.iter().flatten() {
        let target = *vertex as usize;
        if target >= len {
            return Err(SceneError::Index { what: "triangle of surface", index: i, target, len });
        }
    }
    Ok(())
}

fn check_membrane(i: usize, membrane: &Membrane, surfaces: usize) -> Result<(), SceneError> {
    let Membrane { surface, thickness, young, poisson, stiffening } = *membrane;
    let (target, len) = (surface as usize, surfaces);
    if target >= len {
        return Err(SceneError::Index { what: "membrane", index: i, target, len });
    }
    check_number("membranes.thickness", i, thickness, 1e-4..=100.0, "between 1e-4 and 100 mm")?;
    check_number("membranes.young", i, young, 1e-3..=1e8, "between 0.001 and 1e8 kPa")?;
    check_number("membranes.poisson", i, poisson, 0.0..=0.5, "between 0 and 0.5")?;
    check_number("membranes.stiffening", i, stiffening, 0.0..=1e4, "between 0 and 1e4")
}

fn check_beat(beat: &Beat, surfaces: usize) -> Result<(), SceneError> {
    check_number("beat.period", 0, beat.period, 0.2..=10.0, "between 0.2 and 10 s")?;
    check_len("beat.activation", beat.activation.len(), MAX_COURSE)?;
    check_len("beat.pressures", beat.pressures.len(), surfaces)?;
    for a in &beat.activation {
        check_number("beat.activation", 0, *a, 0.0..=1.0, "between 0 and 1")?;
    }
    for (i, course) in beat.pressures.iter().enumerate() {
        check_len("beat.pressures", course.len(), MAX_COURSE)?;
        for p in course {
            check_number("beat.pressures", i, *p, -100.0..=100.0, "within 100 kPa of zero")?;
        }
    }
    Ok(())
}

fn check_cells(scene: &Scene) -> Result<(), SceneError> {
    let lattice = &scene.lattice;
    let mut owner: Vec<Option<u16>> = vec![None; lattice.nodes.len()];
    for (i, cell) in lattice.cells.iter().enumerate() {
        let problem = |problem| Err(SceneError::Cell { cell: i, problem });
        let (target, len) = (usize::from(cell.material), scene.materials.len());
        if target >= len {
            return Err(SceneError::Index { what: "material of cell", index: i, target, len });
        }
        if cell.samples == 0 {
            return problem("it holds no sample of tissue");
        }
        if cell.coord.iter().any(|x| *x >= u16::MAX - 1) {
            return problem("its coordinate is larger than 65,533");
        }
        for (c, node) in cell.nodes.iter().enumerate() {
            let (target, len) = (*node as usize, lattice.nodes.len());
            let Some(coord) = lattice.nodes.get(target) else {
                return Err(SceneError::Index { what: "corner of cell", index: i, target, len });
            };
            let offset = [c & 1, c >> 1 & 1, c >> 2].map(|o| o as u16);
            if (0..3).any(|axis| coord[axis] != cell.coord[axis] + offset[axis]) {
                return problem("a corner's node lies at another coordinate");
            }
            if *owner[target].get_or_insert(cell.body) != cell.body {
                return problem("it shares a node with a cell of another body");
            }
        }
    }
    match owner.iter().position(Option::is_none) {
        Some(node) => Err(SceneError::LooseNode { node }),
        None => Ok(()),
    }
}

fn check_point(
    what: &'static str,
    index: usize,
    point: &Embedding,
    len: usize,
) -> Result<(), SceneError> {
    if embedding_is_sound(point, len) {
        Ok(())
    } else {
        Err(SceneError::Index { what, index, target: point.cell as usize, len })
    }
}

/// Does the embedding name a cell, with a finite local coordinate in or near it?
pub(crate) fn embedding_is_sound(point: &Embedding, cells: usize) -> bool {
    (point.cell as usize) < cells && point.local.iter().all(|x| (-3.0..=4.0).contains(x))
}

fn check_number(
    what: &'static str,
    index: usize,
    value: f32,
    allowed: RangeInclusive<f32>,
    range: &'static str,
) -> Result<(), SceneError> {
    if allowed.contains(&value) {
        Ok(())
    } else {
        Err(SceneError::Number { what, index, value: value.into(), range })
    }
}

fn check_len(what: &'static str, count: usize, limit: usize) -> Result<(), SceneError> {
    if count <= limit { Ok(()) } else { Err(SceneError::TooLarge { what, count, limit }) }
}
