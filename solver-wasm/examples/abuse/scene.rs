//! Scenes that no anatomy would be: sound, since what is not is refused, and otherwise anything.

use solver_wasm::{
    lattice::{Embedding, Lattice},
    scene::{Law, Material, Membrane, Obstacle, Relaxation, Scene, Support, Surface},
};

use super::bytes::Bytes;

/// Cells along each edge of the box that bodies are made in.
const COUNT: u16 = 10;

/// A signed distance, in cells, about a centre.
#[derive(Clone, Copy)]
enum Shape {
    Ball(f32),
    Shell(f32, f32),
    Box([f32; 3]),
    /// Between two planes that are nearly one: cells that hold a sample or two.
    Wedge([f32; 3], f32),
}

#[derive(Clone, Copy)]
struct Body {
    shape: Shape,
    centre: [f32; 3],
}

impl Body {
    fn new(bytes: &mut Bytes) -> Self {
        let shape = match bytes.below(5) {
            0 => Shape::Ball(bytes.within(0.8, 3.2)),
            1 => Shape::Shell(bytes.within(0.3, 2.4), bytes.within(2.5, 3.2)),
            // A sheet, a rod or a block.
            2 | 3 => Shape::Box([0; 3].map(|_| bytes.scaled(0.13, 3.2))),
            _ => Shape::Wedge(bytes.vector(1.0), bytes.within(1.5, 3.0)),
        };
        let middle = f32::from(COUNT) / 2.0;
        Self { shape, centre: bytes.vector(1.5).map(|x| middle + x) }
    }

    /// Signed distance, in cells, of a place that is counted in cells.
    fn distance(&self, at: [f32; 3]) -> f32 {
        let p = [0, 1, 2].map(|axis| at[axis] - self.centre[axis]);
        let length = p.iter().map(|x| x * x).sum::<f32>().sqrt();
        match self.shape {
            Shape::Ball(radius) => length - radius,
            Shape::Shell(inner, outer) => (length - outer).max(inner - length),
            Shape::Box(half) => {
                (0..3).map(|axis| p[axis].abs() - half[axis]).fold(f32::MIN, f32::max)
            }
            Shape::Wedge(normal, radius) => {
                let along: f32 = (0..3).map(|axis| p[axis] * normal[axis]).sum();
                (length - radius).max(along.abs() - 0.25 - 0.2 * p[0].abs())
            }
        }
    }
}

/// A scene that [`Scene::check`] accepts.
pub fn scene(bytes: &mut Bytes) -> Scene {
    let spacing = bytes.one_of(&[8.0, 8.0, 2.0, 0.3, 50.0]);
    let bodies: Vec<Body> = (0..bytes.one_of(&[1, 1, 2, 3])).map(|_| Body::new(bytes)).collect();
    let mut lattice = lattice(bytes, &bodies, spacing);
    let materials: Vec<Material> = (0..1 + bytes.below(3)).map(|_| material(bytes)).collect();
    for cell in &mut lattice.cells {
        cell.material = bytes.below(materials.len()) as u16;
    }
    let origin = lattice.origin;
    let mut scene = Scene { lattice, materials, ..Scene::default() };
    scene.fibres = scene.lattice.cells.iter().map(|_| fibre(bytes)).collect();
    for _ in 0..bytes.one_of(&[0, 0, 1, 2]) {
        let surface = surface(bytes, scene.lattice.cells.len());
        scene.surfaces.push(surface);
    }
    for i in 0..scene.surfaces.len() {
        if bytes.one_in(2) {
            scene.membranes.push(Membrane {
                surface: i as u32,
                thickness: bytes.scaled(1e-3, 1.0),
                young: bytes.scaled(1.0, 1e5),
                poisson: bytes.within(0.0, 0.5),
                stiffening: bytes.one_of(&[0.0, 0.0, 3.0, 100.0]),
            });
        }
    }
    let stiffest = bytes.one_of(&[0.0, 20.0, 1e3, 1e7]);
    for _ in 0..bytes.below(40) {
        let point = embedding(bytes, scene.lattice.cells.len(), 0.0);
        let stiffness = [0; 3].map(|_| stiffest * bytes.within(0.0, 1.0));
        scene.supports.push(Support { point, stiffness });
    }
    if !bytes.one_in(4) {
        scene.distances = scene.lattice.distances(|body, at| {
            let cells = [0, 1, 2].map(|axis| (at[axis] - origin[axis]) / spacing);
            spacing * bodies[usize::from(body)].distance(cells)
        });
    }
    if bytes.one_in(8) {
        scene.distances = scene.lattice.nodes.iter().map(|_| bytes.below(1 << 16) as i16).collect();
    }
    scene.obstacles = (0..bytes.one_of(&[0, 0, 1, 2])).map(|_| obstacle(bytes, spacing)).collect();
    scene.friction = bytes.one_of(&[0.0, 0.2, 1.0, 10.0]);
    scene.gravity = bytes.one_of(&[[0.0; 3], [0.0, 0.0, -9810.0], [9e5, -1e6, 3e5]]);
    scene.rest_gravity = bytes.one_of(&[[0.0; 3], scene.gravity, [0.0, 9810.0, 0.0]]);
    scene
}

/// Torn and gnawed at.
fn lattice(bytes: &mut Bytes, bodies: &[Body], spacing: f32) -> Lattice {
    let origin = [0; 3].map(|_| bytes.one_of(&[0.0, -40.0, 1e4]));
    let mut lattice = Lattice { origin, spacing, ..Lattice::default() };
    for body in bodies {
        let part = Lattice::sampled([0.0; 3], 1.0, [COUNT; 3], |at| body.distance(at) < 0.0);
        // Too thin for a single sample.
        let part = if part.cells.is_empty() { Lattice::bar([1, 2, 1], 1.0) } else { part };
        lattice = lattice.with_body(&part);
    }
    let (gnaw, tear) = (bytes.one_of(&[0, 0, 1, 3]), bytes.one_of(&[0, 0, 1, 4]));
    for i in 0..lattice.cells.len() {
        for _ in 0..gnaw {
            let cell = &mut lattice.cells[i];
            let left = cell.samples & u64::from_le_bytes([0; 8].map(|_| bytes.byte()));
            // Down to a single sample.
            cell.samples =
                if left == 0 { cell.samples & cell.samples.wrapping_neg() } else { left };
        }
        for _ in 0..tear {
            let corner = bytes.below(8);
            let coord = lattice.nodes[lattice.cells[i].nodes[corner] as usize];
            lattice.cells[i].nodes[corner] = lattice.nodes.len() as u32;
            lattice.nodes.push(coord);
        }
    }
    // What was torn off may have been a node's last cell.
    let mut number = vec![None; lattice.nodes.len()];
    let mut nodes = Vec::new();
    for node in lattice.cells.iter_mut().flat_map(|c| &mut c.nodes) {
        *node = *number[*node as usize].get_or_insert_with(|| {
            nodes.push(lattice.nodes[*node as usize]);
            nodes.len() as u32 - 1
        });
    }
    Lattice { nodes, ..lattice }
}

fn material(bytes: &mut Bytes) -> Material {
    // Far beyond what tissue might be.
    let all = bytes.one_in(5);
    let modulus = |bytes: &mut Bytes| {
        if all { bytes.scaled(1e-6, 1e4) } else { bytes.scaled(0.1, 1e3) }
    };
    let exponent = |bytes: &mut Bytes| {
        if all { bytes.scaled(1e-3, 1e4) } else { bytes.scaled(0.5, 40.0) }
    };
    // Less than this much more than the shear modulus, and a cell might swell for ever: such a law is refused.
    let bulk = |bytes: &mut Bytes, least: f32| bytes.scaled(least, 30.0 * least).clamp(1e-6, 1e7);
    let law = match bytes.below(5) {
        0 => Law::NeoHookean {
            young: modulus(bytes),
            poisson: bytes.one_of(&[0.0, 0.3, 0.45, 0.49, 0.4999]),
        },
        1 => {
            let (c1, c2) = (modulus(bytes), modulus(bytes));
            Law::MooneyRivlin { c1, c2, bulk: bulk(bytes, 4.0 * (c1 + c2)) }
        }
        2 => {
            let (least, largest) = if all { (0.1, 40.0) } else { (0.5, 12.0) };
            let terms = [0; 2].map(|_| {
                (modulus(bytes), bytes.one_of(&[-1.0, 1.0]) * bytes.scaled(least, largest))
            });
            Law::Ogden { terms, bulk: bulk(bytes, 3.0 / least * (terms[0].0 + terms[1].0)) }
        }
        3 => {
            let c = modulus(bytes);
            let [fibre, transverse, shear] =
                [0; 3].map(|_| exponent(bytes).clamp(1e-6 / c, 1e7 / c));
            Law::Guccione {
                c,
                fibre,
                transverse,
                shear,
                bulk: bulk(bytes, c * transverse).min(1e7),
            }
        }
        _ => {
            let [matrix, fibre, sheet, shear] = [0; 4].map(|_| (modulus(bytes), exponent(bytes)));
            Law::HolzapfelOgden { matrix, fibre, sheet, shear, bulk: modulus(bytes) }
        }
    };
    let density = if all { bytes.scaled(1e-10, 1e-3) } else { 1e-6 };
    Material {
        damping: bytes.one_of(&[0.0, 0.01, 10.0]),
        relaxation: [0; 2].map(|_| Relaxation {
            modulus: bytes.one_of(&[0.0, 0.5, 100.0]),
            time: bytes.scaled(1e-3, 1e5),
        }),
        active: bytes.one_of(&[0.0, 50.0, 1e4]),
        ..Material::of(law, density)
    }
}

fn fibre(bytes: &mut Bytes) -> [[f32; 3]; 2] {
    let f = bytes.vector(1.0);
    // Never parallel: crossed with the axis that it has least of.
    let axis = (1..3).fold(0, |least, a| if f[a].abs() < f[least].abs() { a } else { least });
    let mut sheet = [0.0; 3];
    sheet[axis] = bytes.scaled(1e-3, 1e3);
    if f.iter().all(|x| x.abs() < 1e-3) { [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]] } else { [f, sheet] }
}

/// A point in one of `cells` cells, or as far as `beyond` outside it [cells].
pub fn embedding(bytes: &mut Bytes, cells: usize, beyond: f32) -> Embedding {
    let cell = bytes.below(cells) as u32;
    Embedding { cell, local: [0; 3].map(|_| bytes.within(-beyond, 1.0 + beyond)) }
}

/// Triangles that need not be neighbours, have an area, or hang together.
fn surface(bytes: &mut Bytes, cells: usize) -> Surface {
    let mut surface = Surface::default();
    for _ in 0..1 + bytes.below(30) {
        let cell = bytes.below(cells) as u32;
        let first = surface.points.len() as u32;
        surface.points.extend(
            [0; 3].map(|_| Embedding { cell, local: [0; 3].map(|_| bytes.within(0.0, 1.0)) }),
        );
        let last = surface.points.len();
        let odd = bytes.one_in(10);
        let corner = |i: u32| if odd { (bytes.below(last)) as u32 } else { first + i };
        surface.triangles.push([0, 1, 2].map(corner));
    }
    surface
}

fn obstacle(bytes: &mut Bytes, spacing: f32) -> Obstacle {
    let size = f32::from(COUNT) * spacing;
    let origin = [0; 3].map(|_| bytes.within(-0.5, 0.2) * size);
    let dims = [0; 3].map(|_| bytes.one_of(&[12, 12, 20, 2, 1, 0]));
    match bytes.below(3) {
        0 => {
            let top = bytes.within(0.0, 0.5) * size;
            Obstacle::sampled(origin, spacing, dims, |p| p[2] - top)
        }
        1 => {
            let centre = bytes.vector(size);
            Obstacle::sampled(origin, spacing, dims, |p| {
                let square = (0..3).map(|a| (p[a] - centre[a]).powi(2)).sum::<f32>();
                square.sqrt() - 0.3 * size
            })
        }
        _ => {
            let count = dims.map(usize::from).iter().product();
            let distances = (0..count).map(|_| bytes.byte() as i8).collect();
            Obstacle { origin, spacing, dims, distances }
        }
    }
}
