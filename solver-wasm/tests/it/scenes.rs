//! Scenes that several tests use.

use std::sync::Arc;

use solver_wasm::{
    lattice::{Embedding, Lattice},
    model::Model,
    real::{Lanes, Real, from_f32, node_vector},
    scene::{Law, Material, Scene, Support, Surface},
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

/// Each law by name, soft and slightly compressible; "capsule" stands for tissue in a membrane.
pub fn laws() -> [(&'static str, Law); 5] {
    [
        ("Mooney–Rivlin", Law::MooneyRivlin { c1: 0.7, c2: 0.3, bulk: 20.0 }),
        ("Ogden", Law::Ogden { terms: [(0.67, -19.0), (0.2, 3.0)], bulk: 20.0 }),
        ("Guccione", Law::Guccione { c: 2.0, fibre: 8.0, transverse: 2.0, shear: 4.0, bulk: 20.0 }),
        (
            "Holzapfel–Ogden",
            Law::HolzapfelOgden {
                matrix: (0.5, 8.023),
                fibre: (18.472, 16.026),
                sheet: (2.481, 11.12),
                shear: (0.216, 11.436),
                bulk: 20.0,
            },
        ),
        ("capsule", Law::NeoHookean { young: 5.0, poisson: 0.45 }),
    ]
}

/// The outer faces of a lattice's cells.
pub fn surface(lattice: &Lattice) -> Surface {
    let mut faces = std::collections::BTreeMap::<[u32; 4], Option<(u32, [usize; 4])>>::new();
    // Corners of each face, counter-clockwise from outside.
    const FACES: [[usize; 4]; 6] =
        [[0, 4, 6, 2], [1, 3, 7, 5], [0, 1, 5, 4], [2, 6, 7, 3], [0, 2, 3, 1], [4, 5, 7, 6]];
    for (i, cell) in lattice.cells.iter().enumerate() {
        for face in FACES {
            let mut key = face.map(|c| cell.nodes[c]);
            key.sort_unstable();
            // Met twice: inside.
            faces.entry(key).and_modify(|f| *f = None).or_insert(Some((i as u32, face)));
        }
    }
    let mut surface = Surface::default();
    for (cell, face) in faces.into_values().flatten() {
        let first = surface.points.len() as u32;
        surface.points.extend(
            face.map(|c| Embedding { cell, local: [c & 1, c >> 1 & 1, c >> 2].map(|x| x as f32) }),
        );
        surface.triangles.extend([[0, 1, 2], [0, 2, 3]].map(|t| t.map(|v| v + first)));
    }
    surface
}
