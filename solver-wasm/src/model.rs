//! A scene made ready to be simulated: validated, with masses and the multigrid hierarchy. Immutable.

use crate::{
    carrier::Carriers,
    contact::{approach::Approaches, skin::Skin},
    embed::{LatticeIndex, weights},
    hierarchy::{self, Grid},
    lattice::{Cell, Embedding, Lattice},
    material::Tissue,
    real::{LANES, Lanes, Real, from_f32, real, to_f32},
    scene::{Law, Obstacle, Scene, SceneError, Surface, embedding_is_sound},
    strain::StrainPoints,
    viscosity::{self, BRANCHES, Branch},
};

/// A scene made ready. Build once, share between solvers.
#[derive(Clone, Debug)]
pub struct Model {
    pub(crate) lattice: Lattice,
    pub(crate) index: LatticeIndex,
    /// Whose element each cell is.
    pub(crate) carriers: Carriers,
    pub(crate) gravity: [f32; 3],
    /// Finest first.
    pub(crate) grids: Vec<Grid>,
    /// Tissue of each group of cells of the finest grid.
    pub(crate) tissue: Vec<Tissue>,
    /// Fibres, membranes and other laws, on the finest grid.
    pub(crate) strain_points: StrainPoints,
    /// Stress that relaxes, of each group of cells of the finest grid; empty if none does.
    pub(crate) branches: Vec<[Branch; BRANCHES]>,
    /// Supports as springs, of each grid.
    pub(crate) supports: Vec<Vec<Spring>>,
    /// Surfaces that pressure may act on.
    pub(crate) surfaces: Vec<EmbeddedSurface>,
    /// What other bodies and instruments meet.
    pub(crate) skin: Skin,
    /// Rigid bodies.
    pub(crate) obstacles: Vec<Obstacle>,
    /// Coefficient of friction.
    pub(crate) friction: Real,
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

/// A surface whose vertices hang on the finest grid's nodes.
#[derive(Clone, Debug)]
pub(crate) struct EmbeddedSurface {
    pub points: Vec<EmbeddedPoint>,
    pub triangles: Vec<[u32; 3]>,
}

/// A material point on the finest grid.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EmbeddedPoint {
    /// Rest position [mm].
    pub rest: Lanes,
    pub nodes: [u32; 8],
    pub weights: [Real; 8],
}

impl Model {
    /// Validate a scene and build masses and hierarchy.
    ///
    /// # Errors
    /// Anything in the scene that is out of range, not finite or inconsistent; nothing is trusted.
    pub fn new(scene: &Scene) -> Result<Self, SceneError> {
        scene.check()?;
        let lattice = scene.lattice.clone();
        let carriers = Carriers::new(&lattice);
        let grids = hierarchy::build(&lattice, &carriers, masses(scene, &carriers));
        let elements = carriers.elements_of(scene);
        let tissue = tissue(&elements, &grids[0]);
        let index = LatticeIndex::new(&lattice);
        let mut model = Self {
            index,
            branches: viscosity::branches(&elements, &grids[0]),
            strain_points: StrainPoints::new(&elements, &grids[0]),
            gravity: std::array::from_fn(|axis| scene.gravity[axis] - scene.rest_gravity[axis]),
            grids,
            tissue,
            supports: Vec::new(),
            skin: Skin::new(scene),
            obstacles: scene.obstacles.clone(),
            friction: real(scene.friction),
            shear_moduli: scene.materials.iter().map(|m| m.law.moduli().0 as Real).collect(),
            densities: scene.materials.iter().map(|m| m.density.into()).collect(),
            surfaces: elements
                .surfaces
                .iter()
                .map(|s| EmbeddedSurface::new(&elements.lattice, s))
                .collect(),
            unsupported: unsupported_body(scene),
            carriers,
            lattice,
        };
        for point in &mut model.skin.points {
            *point = model.carriers.resolve(point);
        }
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
        model.skin.rest_gaps = Approaches::new(&model).rest_gaps(&model);
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

    /// The cells that are elements: all but slivers, which their neighbours carry.
    pub fn elements(&self) -> impl ExactSizeIterator<Item = &Cell> {
        self.carriers.elements.iter().map(|c| &self.lattice.cells[*c as usize])
    }

    /// Number of nodes.
    pub fn node_count(&self) -> usize {
        self.lattice.nodes.len()
    }

    /// A body that no support holds, if there is one: it has no rest position under gravity.
    pub fn unsupported_body(&self) -> Option<u16> {
        self.unsupported
    }

    /// Points of the skin that lie in a neighbour or an obstacle at rest, and the deepest of them [mm]: what the scan shows, and no
    /// contact.
    pub fn rest_overlap(&self) -> (usize, f32) {
        let gaps = &self.skin.rest_gaps;
        let deepest = gaps.iter().fold(0.0, |deepest: Real, g| deepest.max(-g.2));
        #[allow(clippy::unnecessary_cast)]
        (gaps.len(), deepest as f32)
    }

    /// Number of the scene's surfaces.
    pub fn surface_count(&self) -> usize {
        self.surfaces.len()
    }

    /// Volume that a closed surface of the scene encloses [mm³] at the displacements [node_count]; positive for one that faces inwards,
    /// as the wall of a cavity does.
    ///
    /// # Panics
    /// If the scene has no such surface.
    pub fn enclosed_volume(&self, surface: usize, displacements: &[Lanes]) -> f64 {
        let surface = &self.surfaces[surface];
        let positions: Vec<[f64; 3]> = surface
            .points
            .iter()
            .map(|p| to_f32(p.rest + p.read(displacements)).map(f64::from))
            .collect();
        let sum: f64 = surface
            .triangles
            .iter()
            .map(|t| {
                let [a, b, c] = t.map(|v| positions[v as usize]);
                a[0] * (b[1] * c[2] - b[2] * c[1])
                    + a[1] * (b[2] * c[0] - b[0] * c[2])
                    + a[2] * (b[0] * c[1] - b[1] * c[0])
            })
            .sum();
        -sum / 6.0
    }

    /// Lumped mass of each node [kg].
    pub fn masses(&self) -> &[Real] {
        &self.grids[0].masses
    }

    /// Does the embedding name a cell, with a finite local coordinate in or near it?
    pub fn holds(&self, point: &Embedding) -> bool {
        embedding_is_sound(point, self.cell_count())
    }

    /// Displacement of a material point [mm] from nodal displacements [node_count]: that of its element, which outside the
    /// element differs from the lattice's by the bending of the tissue.
    pub fn displacement(&self, displacements: &[Lanes], point: &Embedding) -> Lanes {
        self.lattice.displacement(displacements, &self.carriers.resolve(point))
    }

    /// World position of a material point [mm]; see [`Model::displacement`].
    pub fn position(&self, displacements: &[Lanes], point: &Embedding) -> Lanes {
        from_f32(self.lattice.rest_position(point)) + self.displacement(displacements, point)
    }

    /// Corners and weights of a material point on every grid.
    pub(crate) fn for_each_grid(
        &self,
        point: &Embedding,
        mut visit: impl FnMut(usize, [u32; 8], [Real; 8]),
    ) {
        let Embedding { cell, mut local } = self.carriers.carry(point);
        let mut cell = cell as usize;
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

impl EmbeddedSurface {
    fn new(lattice: &Lattice, surface: &Surface) -> Self {
        let points = surface.points.iter().map(|point| EmbeddedPoint {
            rest: from_f32(lattice.rest_position(point)),
            nodes: lattice.cells[point.cell as usize].nodes,
            weights: weights(point.local),
        });
        Self { points: points.collect(), triangles: surface.triangles.clone() }
    }
}

/// Lumped masses: every filled sample shares its mass by the corner functions at its centre.
fn masses(scene: &Scene, carriers: &Carriers) -> Vec<Real> {
    let lattice = &scene.lattice;
    let sample_volume = (f64::from(lattice.spacing) / 4.0).powi(3);
    let mut masses = vec![0.0_f64; lattice.nodes.len()];
    for (cell, element, offset) in carriers.pieces(lattice) {
        let mass = f64::from(scene.materials[usize::from(cell.material)].density) * sample_volume;
        let nodes = &lattice.cells[carriers.elements[element] as usize].nodes;
        if cell.samples == u64::MAX && offset == [0; 3] {
            nodes.iter().for_each(|node| masses[*node as usize] += 8.0 * mass);
            continue;
        }
        for (_, local) in filled_samples(cell) {
            // What is carried weighs on the carrier's nearest face: extrapolated, it could give a node a negative mass.
            let at = |axis: usize| (local[axis] + f32::from(offset[axis])).clamp(0.0, 1.0);
            for (node, weight) in nodes.iter().zip(weights([0, 1, 2].map(at))) {
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
    let mut columns = vec![[[0.0 as Real; LANES]; 7]; grid.shapes.len()];
    for (i, cell) in scene.lattice.cells.iter().enumerate() {
        let material = &scene.materials[usize::from(cell.material)];
        let (shear, bulk) = material.law.moduli();
        let lambda = bulk - 2.0 / 3.0 * shear;
        let poisson = lambda / (2.0 * (lambda + shear));
        // The neo-Hookean part.
        let mu = if matches!(material.law, Law::Guccione { .. }) { 0.0 } else { shear };
        let values = [
            mu,
            material.law.pressure_modulus(),
            material.law.rest_pressure(),
            shear,
            mu * (1.0 + poisson) / (1.0 - poisson),
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
            let [mu, lambda, rest, shear, gradient, damping, volume] = c.map(Lanes::new);
            Tissue { mu, lambda, rest, shear, gradient, damping, volume }
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
