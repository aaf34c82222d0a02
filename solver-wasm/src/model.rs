//! A scene made ready to be simulated: validated, with masses and the multigrid hierarchy. Immutable.

use crate::{
    embed::{LatticeIndex, weights},
    hierarchy::{self, Grid},
    lattice::{Cell, Embedding, Lattice},
    material::{LameParameters, Tissue, YoungPoisson},
    real::{LANES, Lanes, Real, from_f32},
    scene::{Material, Scene},
};

/// Most cells a scene may have.
pub const MAX_CELLS: usize = 200_000;
/// Most supports a scene may have.
pub const MAX_SUPPORTS: usize = 20_000;

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
    /// A node that no cell uses could move freely.
    #[error("scene: node {node} belongs to no cell; remove it")]
    LooseNode {
        /// Which node.
        node: usize,
    },
}

/// A scene made ready. Build once, share between solvers.
#[derive(Clone, Debug)]
pub struct Model {
    pub(crate) lattice: Lattice,
    pub(crate) index: LatticeIndex,
    pub(crate) gravity: [f32; 3],
    /// Finest first.
    pub(crate) grids: Vec<Grid>,
    /// Tissue of each group of cells of the finest grid.
    pub(crate) tissue: Vec<Tissue>,
    /// Supports as springs, of each grid.
    pub(crate) supports: Vec<Vec<Spring>>,
    /// Small-strain shear modulus of each material [kPa].
    pub(crate) shear_moduli: Vec<Real>,
    /// Density of each material [kg/mm³].
    pub(crate) densities: Vec<f64>,
    /// Is any body held by no support?
    unsupported: Option<u16>,
}

/// A spring between a material point and a place, on one grid.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spring {
    pub nodes: [u32; 8],
    pub weights: [Real; 8],
    /// Stiffness along x, y, z [mN/mm].
    pub stiffness: Lanes,
    /// Displacement at which the spring is at ease [mm].
    pub goal: Lanes,
    /// Constant force that the point exerts on the spring (the multiplier of an augmented Lagrangian) [mN].
    pub multiplier: Lanes,
}

impl Model {
    /// Validate a scene and build masses and hierarchy.
    ///
    /// # Errors
    /// Anything in the scene that is out of range, not finite or inconsistent; nothing is trusted.
    pub fn new(scene: &Scene) -> Result<Self, SceneError> {
        validate(scene)?;
        let lattice = scene.lattice.clone();
        let grids = hierarchy::build(&lattice, masses(scene));
        let tissue = tissue(scene, &grids[0]);
        let index = LatticeIndex::new(&lattice);
        let mut model = Self {
            index,
            gravity: std::array::from_fn(|axis| scene.gravity[axis] - scene.rest_gravity[axis]),
            grids,
            tissue,
            supports: Vec::new(),
            shear_moduli: scene.materials.iter().map(|m| lame(m).mu as Real).collect(),
            densities: scene.materials.iter().map(|m| m.density.into()).collect(),
            unsupported: unsupported_body(scene),
            lattice,
        };
        model.supports = vec![Vec::new(); model.grids.len()];
        for support in &scene.supports {
            let stiffness = from_f32(support.stiffness);
            let mut supports = std::mem::take(&mut model.supports);
            model.for_each_grid(&support.point, |grid, nodes, weights| {
                let goal = Lanes::default();
                supports[grid].push(Spring { nodes, weights, stiffness, goal, multiplier: goal });
            });
            model.supports = supports;
        }
        Ok(model)
    }

    /// The lattice.
    pub fn lattice(&self) -> &Lattice {
        &self.lattice
    }

    /// Looks up material points.
    pub fn index(&self) -> &LatticeIndex {
        &self.index
    }

    /// Number of cells.
    pub fn cell_count(&self) -> usize {
        self.lattice.cells.len()
    }

    /// Number of nodes.
    pub fn node_count(&self) -> usize {
        self.lattice.nodes.len()
    }

    /// A body that no support holds, if there is one: it has no rest position under gravity.
    pub fn unsupported_body(&self) -> Option<u16> {
        self.unsupported
    }

    /// Lumped mass of each node [kg].
    pub fn masses(&self) -> &[Real] {
        &self.grids[0].masses
    }

    /// Does the embedding name a cell, with a finite local coordinate in or near it?
    pub fn holds(&self, point: &Embedding) -> bool {
        embedding_is_sound(point, self.cell_count())
    }

    /// Corners and weights of a material point on every grid.
    pub(crate) fn for_each_grid(
        &self,
        point: &Embedding,
        mut visit: impl FnMut(usize, [u32; 8], [Real; 8]),
    ) {
        let (mut cell, mut local) = (point.cell as usize, point.local);
        for (g, grid) in self.grids.iter().enumerate() {
            let (group, lane) = grid.slot(cell);
            visit(g, grid.shapes[group].corners.map(|c| c[lane]), weights(local));
            if let Some((parent, place)) = grid.parents.get(cell) {
                cell = *parent as usize;
                local = [0, 1, 2].map(|axis| (local[axis] + f32::from(place[axis])) / 2.0);
            }
        }
    }
}

fn lame(m: &Material) -> LameParameters {
    YoungPoisson { young: m.young.into(), poisson: m.poisson.into() }.into()
}

/// Lumped masses: every filled sample shares its mass by the corner functions at its centre.
fn masses(scene: &Scene) -> Vec<Real> {
    let lattice = &scene.lattice;
    let sample_volume = (f64::from(lattice.spacing) / 4.0).powi(3);
    let mut masses = vec![0.0_f64; lattice.nodes.len()];
    for cell in &lattice.cells {
        let mass = f64::from(scene.materials[usize::from(cell.material)].density) * sample_volume;
        for (_, local) in filled_samples(cell) {
            for (node, weight) in cell.nodes.iter().zip(weights(local)) {
                masses[*node as usize] += mass * f64::from(weight);
            }
        }
    }
    masses.into_iter().map(|m| m as Real).collect()
}

/// Number and local coordinate of each filled sample.
pub(crate) fn filled_samples(cell: &Cell) -> impl Iterator<Item = (u32, [f32; 3])> {
    let samples = cell.samples;
    (0..64_u32)
        .filter(move |s| samples >> s & 1 == 1)
        .map(|s| (s, [s & 3, s >> 2 & 3, s >> 4].map(|k| (k as f32 + 0.5) / 4.0)))
}

fn tissue(scene: &Scene, grid: &Grid) -> Vec<Tissue> {
    let mut columns = vec![[[0.0 as Real; LANES]; 5]; grid.shapes.len()];
    for (i, cell) in scene.lattice.cells.iter().enumerate() {
        let material = &scene.materials[usize::from(cell.material)];
        let LameParameters { mu, lambda } = lame(material);
        let values = [
            mu,
            lambda + mu,
            mu * f64::from(material.damping),
            material.damping.into(),
            grid.volumes[i],
        ];
        let (group, lane) = grid.slot(i);
        for (column, value) in columns[group].iter_mut().zip(values) {
            column[lane] = value as Real;
        }
    }
    columns
        .into_iter()
        .map(|c| {
            let [mu, lambda, viscosity, damping, volume] = c.map(Lanes::new);
            Tissue { mu, lambda, viscosity, damping, volume }
        })
        .collect()
}

fn unsupported_body(scene: &Scene) -> Option<u16> {
    let cells = &scene.lattice.cells;
    let held: std::collections::BTreeSet<u16> = scene
        .supports
        .iter()
        .filter(|s| s.stiffness.iter().any(|k| *k > 0.0))
        .map(|s| cells[s.point.cell as usize].body)
        .collect();
    cells.iter().map(|c| c.body).find(|body| !held.contains(body))
}

fn embedding_is_sound(point: &Embedding, cells: usize) -> bool {
    (point.cell as usize) < cells && point.local.iter().all(|x| (-3.0..=4.0).contains(x))
}

fn check_number(
    what: &'static str,
    index: usize,
    value: f32,
    allowed: std::ops::RangeInclusive<f32>,
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

fn validate(scene: &Scene) -> Result<(), SceneError> {
    let lattice = &scene.lattice;
    if lattice.cells.is_empty() {
        return Err(SceneError::Empty);
    }
    check_len("lattice.cells", lattice.cells.len(), MAX_CELLS)?;
    check_len("lattice.nodes", lattice.nodes.len(), 8 * MAX_CELLS)?;
    check_len("materials", scene.materials.len(), usize::from(u16::MAX) + 1)?;
    check_len("supports", scene.supports.len(), MAX_SUPPORTS)?;
    check_number("lattice.spacing", 0, lattice.spacing, 1e-3..=1e3, "between 0.001 and 1000 mm")?;
    for x in lattice.origin {
        check_number("lattice.origin", 0, x, -1e6..=1e6, "within 1e6 mm of zero")?;
    }
    for (field, gravity) in [("gravity", scene.gravity), ("rest_gravity", scene.rest_gravity)] {
        for g in gravity {
            check_number(field, 0, g, -1e6..=1e6, "within 1e6 mm/s² of zero")?;
        }
    }
    for (i, m) in scene.materials.iter().enumerate() {
        check_number("materials.young", i, m.young, 1e-4..=1e7, "between 1e-4 and 1e7 kPa")?;
        check_number("materials.poisson", i, m.poisson, 0.0..=0.4999, "between 0 and 0.4999")?;
        check_number(
            "materials.density",
            i,
            m.density,
            1e-10..=1e-3,
            "between 1e-10 and 1e-3 kg/mm³",
        )?;
        check_number("materials.damping", i, m.damping, 0.0..=10.0, "between 0 and 10 s")?;
    }
    validate_cells(scene)?;
    for (i, s) in scene.supports.iter().enumerate() {
        if !embedding_is_sound(&s.point, lattice.cells.len()) {
            let (target, len) = (s.point.cell as usize, lattice.cells.len());
            return Err(SceneError::Index { what: "support", index: i, target, len });
        }
        for k in s.stiffness {
            check_number("supports.stiffness", i, k, 0.0..=1e7, "between 0 and 1e7 mN/mm")?;
        }
    }
    Ok(())
}

fn validate_cells(scene: &Scene) -> Result<(), SceneError> {
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
