//! A structure's surface, made ready for the shaders: normals, embedding, buffers.

use cases::twin::pack::{ScanEnd, Surface};
use solver_wasm::{
    embed::LatticeIndex,
    lattice::{Embedding, Lattice},
};
use three_d::core::{
    Context, ElementBuffer, Program, RenderStates, VertexBuffer, Viewport, prelude::*,
};

/// Fourth part of a normal on a face that a blade laid open.
pub const FRESH: i8 = 4;
/// How far a vertex may lie from the plane where the scan ends and still be on its face [mm].
const SCAN_END_TOLERANCE: f32 = 0.4;

/// Vertices and triangles as the shaders take them.
#[derive(Clone, Debug, Default)]
pub struct Shape {
    /// Rest positions [mm].
    pub positions: Vec<[f32; 3]>,
    /// Unit rest normals × 127; fourth: ±(axis + 1) on a face where the scan ends, [`FRESH`] on one that a blade laid open, else 0.
    pub normals: Vec<[i8; 4]>,
    /// Baked values as in the pack.
    pub baked: Vec<[u8; 4]>,
    /// Nodes of the lower four corners of the carrying cell; empty for rigid structures.
    pub nodes_low: Vec<[u32; 4]>,
    /// Nodes of the upper four corners.
    pub nodes_high: Vec<[u32; 4]>,
    /// Local coordinates in the carrying cell.
    pub local: Vec<[f32; 3]>,
    /// Three indices a triangle.
    pub indices: Vec<u32>,
    /// Vertex of the surface that each vertex is made of; empty where there is none.
    pub origins: Vec<u32>,
}

/// Outward axis where the scan ends, as the shader is told: ±(axis + 1).
fn scan_end_code(end: &ScanEnd) -> i8 {
    let code = end.axis as i8 + 1;
    if end.upper { code } else { -code }
}

/// Make a surface ready: normals from its triangles, with a crease around faces where the scan ends.
pub fn shape(
    surface: &Surface,
    scan_end: &[ScanEnd],
    carrier: Option<(&Lattice, &LatticeIndex, u16)>,
) -> Shape {
    let at = |i: u32| -> Vec3 { surface.positions[i as usize].into() };
    let mut shape = Shape::default();
    let mut sums: Vec<Vec3> = Vec::with_capacity(surface.positions.len());
    // vertices of faces where the scan ends are separate ones: (vertex, code) → new index
    let mut tissue = vec![u32::MAX; surface.positions.len()];
    let mut ended = std::collections::HashMap::new();
    for t in &surface.triangles {
        if t.iter().any(|i| *i as usize >= surface.positions.len()) {
            continue;
        }
        let p = t.map(at);
        let area = (p[1] - p[0]).cross(p[2] - p[0]);
        let unit = if area.magnitude() > 0.0 { area.normalize() } else { area };
        let code = scan_end
            .iter()
            .find(|end| {
                let axis = usize::from(end.axis.min(2));
                let outward = if end.upper { unit[axis] } else { -unit[axis] };
                outward > 0.94
                    && p.iter().all(|q| (q[axis] - end.position).abs() < SCAN_END_TOLERANCE)
            })
            .map_or(0, scan_end_code);
        for (corner, vertex) in t.iter().enumerate() {
            let slot = if code == 0 {
                &mut tissue[*vertex as usize]
            } else {
                ended.entry((*vertex, code)).or_insert(u32::MAX)
            };
            if *slot == u32::MAX {
                *slot = shape.positions.len() as u32;
                shape.origins.push(*vertex);
                shape.positions.push(surface.positions[*vertex as usize]);
                shape.baked.push(
                    surface.baked.get(*vertex as usize).copied().unwrap_or([255, 255, 128, 255]),
                );
                shape.normals.push([0, 0, 0, code]);
                sums.push(Vec3::zero());
            }
            // weighted by the angle at the corner: independent of how the surface is cut into triangles
            let (a, b) = (p[(corner + 1) % 3] - p[corner], p[(corner + 2) % 3] - p[corner]);
            let cosine = a.dot(b) / (a.magnitude() * b.magnitude()).max(1e-12);
            sums[*slot as usize] += unit * cosine.clamp(-1.0, 1.0).acos();
            shape.indices.push(*slot);
        }
    }
    for (normal, sum) in shape.normals.iter_mut().zip(&sums) {
        let n = if sum.magnitude() > 1e-9 { sum.normalize() } else { Vec3::unit_z() };
        for a in 0..3 {
            normal[a] = (n[a] * 127.0).round() as i8;
        }
    }
    if let Some((lattice, index, body)) = carrier {
        shape.embed(lattice, index, body);
    }
    shape
}

impl Shape {
    /// Find the cell that carries each vertex.
    pub fn embed(&mut self, lattice: &Lattice, index: &LatticeIndex, body: u16) {
        for i in 0..self.positions.len() {
            // a vertex far from its body's lattice goes with the first cell: never seen in a sound pack
            let found = index.embed(body, self.positions[i]);
            self.carry(lattice, found.unwrap_or(Embedding { cell: 0, local: [0.5; 3] }));
        }
    }

    /// The next vertex moves with this material point.
    pub fn carry(&mut self, lattice: &Lattice, point: Embedding) {
        let nodes = lattice.cells[point.cell as usize].nodes;
        self.nodes_low.push([nodes[0], nodes[1], nodes[2], nodes[3]]);
        self.nodes_high.push([nodes[4], nodes[5], nodes[6], nodes[7]]);
        self.local.push(point.local);
    }
}

/// How the lattice carries the vertices.
struct Carrier {
    nodes_low: VertexBuffer<[u32; 4]>,
    nodes_high: VertexBuffer<[u32; 4]>,
    local: VertexBuffer<[f32; 3]>,
}

/// A shape on the GPU.
pub struct GpuSurface {
    positions: VertexBuffer<[f32; 3]>,
    normals: VertexBuffer<[i8; 4]>,
    baked: VertexBuffer<[u8; 4]>,
    carried: Option<Carrier>,
    elements: ElementBuffer<u32>,
}

impl GpuSurface {
    /// Upload a shape.
    pub fn new(context: &Context, shape: &Shape) -> Self {
        Self {
            positions: VertexBuffer::new_with_data(context, &shape.positions),
            normals: VertexBuffer::new_with_data(context, &shape.normals),
            baked: VertexBuffer::new_with_data(context, &shape.baked),
            carried: (!shape.local.is_empty()).then(|| Carrier {
                nodes_low: VertexBuffer::new_with_data(context, &shape.nodes_low),
                nodes_high: VertexBuffer::new_with_data(context, &shape.nodes_high),
                local: VertexBuffer::new_with_data(context, &shape.local),
            }),
            elements: ElementBuffer::new_with_data(context, &shape.indices),
        }
    }

    /// Does the lattice carry it?
    pub fn is_carried(&self) -> bool {
        self.carried.is_some()
    }

    /// Number of triangles.
    pub fn triangle_count(&self) -> u32 {
        self.elements.triangle_count()
    }

    /// Draw with a program whose uniforms are set.
    pub fn draw(&self, program: &Program, states: RenderStates, viewport: Viewport) {
        program.use_vertex_attribute("rest_position", &self.positions);
        if program.requires_attribute("rest_normal") {
            program.use_vertex_attribute("rest_normal", &self.normals);
        }
        if program.requires_attribute("baked") {
            program.use_vertex_attribute("baked", &self.baked);
        }
        if let Some(carrier) = &self.carried
            && program.requires_attribute("local")
        {
            program.use_vertex_attribute("nodes_low", &carrier.nodes_low);
            program.use_vertex_attribute("nodes_high", &carrier.nodes_high);
            program.use_vertex_attribute("local", &carrier.local);
        }
        program.draw_elements(states, viewport, &self.elements);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    /// A 10 mm cube, outward.
    fn cube() -> Surface {
        let positions = (0..8)
            .map(|c| [c & 1, c >> 1 & 1, c >> 2 & 1].map(|b| b as f32 * 10.0))
            .collect::<Vec<_>>();
        let quads =
            [[0, 2, 3, 1], [4, 5, 7, 6], [0, 1, 5, 4], [2, 6, 7, 3], [0, 4, 6, 2], [1, 3, 7, 5]];
        Surface {
            structure: 0,
            level: 0,
            baked: vec![[255, 255, 128, 255]; 8],
            dual_cells: Vec::new(),
            positions,
            triangles: quads
                .iter()
                .flat_map(|q: &[u32; 4]| [[q[0], q[1], q[2]], [q[0], q[2], q[3]]])
                .collect(),
        }
    }

    #[test]
    fn normals_point_outward() {
        let s = shape(&cube(), &[], None);
        assert_eq!(s.positions.len(), 8);
        for (p, n) in s.positions.iter().zip(&s.normals) {
            for a in 0..3 {
                assert!((p[a] - 5.0) * f32::from(n[a]) > 100.0, "{p:?} {n:?}");
            }
        }
    }

    #[test]
    fn the_end_of_the_scan_is_a_face_of_its_own() {
        let end = ScanEnd { axis: 2, upper: true, position: 10.1 };
        let s = shape(&cube(), &[end], None);
        assert_eq!(s.positions.len(), 12);
        let face: Vec<_> = s.normals.iter().filter(|n| n[3] == 3).collect();
        assert_eq!(face.len(), 4);
        assert!(face.iter().all(|n| n[..3] == [0, 0, 127]));
        // the sides keep their own normals at the crease
        let up = |n: &&[i8; 4]| n[3] == 0 && n[2] > 10;
        assert_eq!(s.normals.iter().filter(up).count(), 0);
    }

    #[test]
    fn a_triangle_that_names_no_vertex_is_left_out() {
        let mut c = cube();
        c.triangles.push([0, 1, 99]);
        assert_eq!(shape(&c, &[], None).indices.len(), 36);
    }
}
