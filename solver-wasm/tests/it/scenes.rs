//! Scenes that several tests use.

use std::sync::Arc;

use solver_wasm::{
    lattice::{Embedding, Lattice},
    model::Model,
    real::{Lanes, Real, from_f32, node_vector},
    scene::{Material, Scene, Support},
};

/// Density of soft tissue [kg/mm³].
pub const DENSITY: f32 = 1.06e-6;

/// One tissue, nothing that holds it, no gravity.
pub fn free(lattice: Lattice, young: f32, poisson: f32) -> Scene {
    Scene {
        lattice,
        materials: vec![Material::neo_hookean(young, poisson, DENSITY)],
        ..Scene::default()
    }
}

/// An embedding for each node: a cell that has it, at that corner.
pub fn node_points(lattice: &Lattice) -> Vec<Embedding> {
    let mut points = vec![Embedding { cell: 0, local: [0.0; 3] }; lattice.nodes.len()];
    for (i, cell) in lattice.cells.iter().enumerate() {
        for (c, node) in cell.nodes.iter().enumerate() {
            let local = [c & 1, c >> 1 & 1, c >> 2].map(|x| x as f32);
            points[*node as usize] = Embedding { cell: i as u32, local };
        }
    }
    points
}

/// Hold every node that `hold` picks (by rest position) with the stiffness it gives [mN/mm].
pub fn hold(scene: &mut Scene, pick: impl Fn([f32; 3]) -> Option<[f32; 3]>) {
    for point in node_points(&scene.lattice) {
        if let Some(stiffness) = pick(scene.lattice.rest_position(&point)) {
            scene.supports.push(Support { point, stiffness });
        }
    }
}

/// A liver-like ball: about 4,500 cells of 8 mm, 5 kPa, held at the back, under gravity.
pub fn hung_ball(radius: f32, poisson: f32) -> Scene {
    let mut scene = free(Lattice::ball(radius, 8.0), 5.0, poisson);
    scene.materials[0].damping = 0.02;
    scene.gravity = [0.0, 9810.0, 0.0];
    scene.supports = (0..scene.lattice.cells.len() as u32)
        .map(|cell| Embedding { cell, local: [0.5; 3] })
        .filter(|p| scene.lattice.rest_position(p)[1] > 0.6 * radius)
        .map(|point| Support { point, stiffness: [20.0; 3] })
        .collect();
    scene
}

/// The model of a scene that is known to be sound.
pub fn model(scene: &Scene) -> Arc<Model> {
    Arc::new(Model::new(scene).unwrap_or_else(|error| panic!("{error}")))
}

/// Numbers in [−½, ½] from a linear congruence: the same everywhere.
pub struct Noise(pub u32);

impl Noise {
    /// The next number.
    pub fn next(&mut self) -> Real {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 8) as Real / (1 << 24) as Real - 0.5
    }

    /// A nodal vector of the given size.
    pub fn vector(&mut self, size: Real) -> Lanes {
        node_vector([self.next() * size, self.next() * size, self.next() * size])
    }
}

/// Rest positions of the nodes as nodal vectors [mm].
pub fn rest_positions(lattice: &Lattice) -> Vec<Lanes> {
    let position = |n: &[u16; 3]| {
        from_f32([0, 1, 2].map(|i| lattice.origin[i] + lattice.spacing * f32::from(n[i])))
    };
    lattice.nodes.iter().map(position).collect()
}
