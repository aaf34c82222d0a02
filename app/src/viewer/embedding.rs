//! Where the nodes' displacements take a material point, and how they reach the shaders.

use solver_wasm::lattice::{Embedding, Lattice};
use three_d::prelude::*;

/// Trilinear weight of each corner of a cell at a local coordinate.
pub fn weights(local: [f32; 3]) -> [f32; 8] {
    let [x, y, z] = local;
    std::array::from_fn(|c| {
        (if c & 1 == 0 { 1.0 - x } else { x })
            * (if c & 2 == 0 { 1.0 - y } else { y })
            * (if c & 4 == 0 { 1.0 - z } else { z })
    })
}

/// Displacement [mm] of a material point under nodal displacements, shape [node_count, 4].
pub fn displacement(lattice: &Lattice, at: &Embedding, nodal: &[[f32; 4]]) -> Vec3 {
    let nodes = lattice.cells[at.cell as usize].nodes;
    let mut u = Vec3::zero();
    for (node, w) in nodes.iter().zip(weights(at.local)) {
        if let Some(n) = nodal.get(*node as usize) {
            u += vec3(n[0], n[1], n[2]) * w;
        }
    }
    u
}

/// Nodes in a row of the displacement texture, as the shader counts them.
pub const NODES_PER_ROW: usize = 256;

/// The nodes' displacements and their gradients, laid out for the shader: three texels a node.
pub struct DisplacementField {
    rows: usize,
    shared_by: Vec<f32>,
    gradient: Vec<[[f32; 3]; 3]>,
    texels: Vec<[f32; 4]>,
}

impl DisplacementField {
    /// A field at rest.
    pub fn new(lattice: &Lattice) -> Self {
        let node_count = lattice.nodes.len();
        let rows = node_count.div_ceil(NODES_PER_ROW).max(1);
        let mut shared_by = vec![0.0; node_count];
        for cell in &lattice.cells {
            for node in cell.nodes {
                shared_by[node as usize] += 1.0;
            }
        }
        Self {
            rows,
            shared_by,
            gradient: vec![[[0.0; 3]; 3]; node_count],
            texels: vec![[0.0; 4]; rows * NODES_PER_ROW * 3],
        }
    }

    /// Width and height of the texture.
    pub fn size(&self) -> [u32; 2] {
        [NODES_PER_ROW as u32 * 3, self.rows as u32]
    }

    /// The texels, row by row: (u, du/dx.x), (du/dx.yz, du/dy.xy), (du/dy.z, du/dz) of each node.
    pub fn texels(&self) -> &[[f32; 4]] {
        &self.texels
    }

    /// Take over nodal displacements [mm], shape [node_count, 4]. The gradient at a node is the mean of its cells' there.
    pub fn update(&mut self, lattice: &Lattice, nodal: &[[f32; 4]]) {
        if nodal.len() != self.shared_by.len() {
            return;
        }
        self.gradient.fill([[0.0; 3]; 3]);
        let scale = 1.0 / lattice.spacing;
        for cell in &lattice.cells {
            let u = cell.nodes.map(|n| nodal[n as usize]);
            for axis in 0..3 {
                let bit = 1 << axis;
                // both ends of an edge see the same difference
                for corner in (0..8).filter(|c| c & bit == 0) {
                    let (a, b) = (u[corner], u[corner | bit]);
                    let d = [b[0] - a[0], b[1] - a[1], b[2] - a[2]];
                    for end in [corner, corner | bit] {
                        let g = &mut self.gradient[cell.nodes[end] as usize][axis];
                        g[0] += d[0];
                        g[1] += d[1];
                        g[2] += d[2];
                    }
                }
            }
        }
        for (node, u) in nodal.iter().enumerate() {
            let s = scale / self.shared_by[node].max(1.0);
            let [x, y, z] = self.gradient[node].map(|g| g.map(|v| v * s));
            let t = &mut self.texels[node * 3..node * 3 + 3];
            t[0] = [u[0], u[1], u[2], x[0]];
            t[1] = [x[1], x[2], y[0], y[1]];
            t[2] = [y[2], z[0], z[1], z[2]];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use solver_wasm::{embed::LatticeIndex, lattice::Cell};
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    /// Two cells side by side along x, 5 mm, body 3.
    fn bar() -> Lattice {
        let node = |x: u16, y: u16, z: u16| u32::from(x + 3 * (y + 2 * z));
        let cell = |x: u16| Cell {
            coord: [x, 0, 0],
            nodes: std::array::from_fn(|c| {
                node(x + (c as u16 & 1), c as u16 >> 1 & 1, c as u16 >> 2 & 1)
            }),
            body: 3,
            material: 0,
            samples: u64::MAX,
        };
        Lattice {
            origin: [10.0, 20.0, 30.0],
            spacing: 5.0,
            nodes: (0..12).map(|i| [i % 3, i / 3 % 2, i / 6]).collect(),
            cells: vec![cell(0), cell(1)],
        }
    }

    #[test]
    fn an_affine_displacement_is_reproduced_with_its_gradient() {
        let l = bar();
        let g = [[0.1, -0.2, 0.05], [0.3, 0.02, -0.07], [-0.04, 0.15, 0.2]]; // g[i][j] = du_i/dx_j
        let u_at = |p: [f32; 3]| -> [f32; 3] {
            std::array::from_fn(|i| 1.0 + (0..3).map(|j| g[i][j] * p[j]).sum::<f32>())
        };
        let nodal: Vec<[f32; 4]> = l
            .nodes
            .iter()
            .map(|n| {
                let p = std::array::from_fn(|a| l.origin[a] + l.spacing * f32::from(n[a]));
                let u = u_at(p);
                [u[0], u[1], u[2], 0.0]
            })
            .collect();
        let p = [17.3, 21.4, 33.0];
        let e = LatticeIndex::new(&l).embed(3, p).unwrap();
        let u = displacement(&l, &e, &nodal);
        let want = u_at(p);
        assert!((u - vec3(want[0], want[1], want[2])).magnitude() < 1e-4);
        let mut field = DisplacementField::new(&l);
        field.update(&l, &nodal);
        for node in 0..12 {
            let t = &field.texels()[node * 3..node * 3 + 3];
            let columns = [
                [t[0][3], t[1][0], t[1][1]],
                [t[1][2], t[1][3], t[2][0]],
                [t[2][1], t[2][2], t[2][3]],
            ];
            for (j, column) in columns.iter().enumerate() {
                for (i, value) in column.iter().enumerate() {
                    assert!((value - g[i][j]).abs() < 1e-4, "node {node}: {columns:?}");
                }
            }
        }
    }

    #[test]
    fn weights_are_a_partition_of_unity() {
        let w = weights([0.2, 0.7, 1.1]);
        assert!((w.iter().sum::<f32>() - 1.0).abs() < 1e-6);
        assert!((weights([1.0, 0.0, 1.0])[5] - 1.0).abs() < 1e-6);
    }
}
