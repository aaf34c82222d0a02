//! The surface of a structure in a body that is cut: what a blade left of it, and both lips of every wound.

use std::collections::HashMap;

use cases::twin::pack::{Pack, Surface};
use solver_wasm::{
    incision::facets::{Anchor, Binding, Part, Side},
    lattice::Embedding,
};
use three_d::prelude::*;

use super::{
    surface::{FRESH, Shape, shape},
    tissue::Fabric,
};

/// Baked values of a fresh face: what lies in a wound sees less of the room than a surface does.
const IN_A_WOUND: [u8; 4] = [190, 205, 128, 255];

/// A structure's surface, ready to be cut.
pub struct Wound {
    part: Part,
    /// The finest surface before any cut, not carried.
    base: Shape,
    /// What each of its vertices moves with.
    bindings: Vec<Option<Binding>>,
    /// Side of its link for each triangle, sorted.
    sides: Vec<(Side, u32)>,
    /// Vertices by dual cell and kind of face.
    places: HashMap<([i32; 3], i8), u32>,
}

impl Wound {
    /// Make a structure's surface ready; none if it is not soft.
    pub fn new(pack: &Pack, structure: usize, whole: &Fabric) -> Option<Self> {
        let entry = &pack.manifest.structures[structure];
        let part = Part { label: entry.label, body: entry.body? };
        let own = |s: &&Surface| usize::from(s.structure) == structure && s.level == 0;
        let surface = pack.surfaces.iter().find(own).filter(|s| !s.dual_cells.is_empty())?;
        let base = shape(surface, &pack.manifest.scan_end, None);
        let dual = |i: u32| surface.dual_cells[base.origins[i as usize] as usize].map(i32::from);
        let surfaces = whole.surfaces();
        let mut bindings = vec![None; base.positions.len()];
        let mut sides = Vec::with_capacity(base.indices.len() / 3);
        for (t, corners) in base.indices.chunks_exact(3).enumerate() {
            let cells = [0, 1, 2].map(|c| dual(corners[c]));
            let Some(side) = surfaces.side_of(part, cells) else { continue };
            sides.push((side, t as u32));
            for (vertex, cell) in corners.iter().zip(cells) {
                let slot = &mut bindings[*vertex as usize];
                if slot.is_none() {
                    let position = base.positions[*vertex as usize];
                    *slot = surfaces.bind(part, cell, side, position);
                }
            }
        }
        sides.sort_unstable();
        let of = |v: usize| ((dual(v as u32), base.normals[v][3]), v as u32);
        let places = (0..base.positions.len()).map(of).collect();
        Some(Self { part, base, bindings, sides, places })
    }

    /// The body.
    pub fn body(&self) -> u16 {
        self.part.body
    }

    /// As it is cut by now.
    pub fn shape(&self, fabric: &Fabric, anchors: &[Anchor]) -> Shape {
        let surfaces = fabric.surfaces();
        let lattice = fabric.lattice();
        let patch = surfaces.patch(self.part, anchors);
        let mut shape = Shape {
            positions: self.base.positions.clone(),
            normals: self.base.normals.clone(),
            baked: self.base.baked.clone(),
            ..Shape::default()
        };
        // What nothing holds is in no triangle that is drawn.
        let nowhere = Embedding { cell: 0, local: [0.5; 3] };
        for binding in &self.bindings {
            let found = binding.as_ref().and_then(|b| surfaces.embedding(self.part.body, b));
            shape.carry(lattice, found.unwrap_or(nowhere));
        }
        let mut gone = vec![false; self.base.indices.len() / 3];
        // Vertices of the patch by kind of face, and the sheets' normals at the fresh ones.
        let mut made: HashMap<(u32, i8), u32> = HashMap::new();
        let mut sums: Vec<(u32, Vec3)> = Vec::new();
        let mut fresh_indices = Vec::new();
        for facet in &patch.facets {
            let mut kind = 0;
            if facet.was_surface {
                let from = self.sides.partition_point(|(side, _)| *side < facet.side);
                for (_, t) in self.sides[from..].iter().take_while(|(side, _)| *side == facet.side)
                {
                    gone[*t as usize] = true;
                    kind = self.base.normals[self.base.indices[3 * *t as usize] as usize][3];
                }
            }
            let kind = if facet.fresh.is_some() { FRESH } else { kind };
            let normal = facet.fresh.map_or_else(Vec3::zero, Vec3::from);
            for corner in patch.triangles[facet.triangles[0] as usize..facet.triangles[1] as usize]
                .iter()
                .flatten()
            {
                let slot = *made.entry((*corner, kind)).or_insert_with(|| {
                    let vertex = &patch.vertices[*corner as usize];
                    let like = self.places.get(&(vertex.dual_cell, kind)).map(|v| *v as usize);
                    shape.positions.push(vertex.position);
                    shape.normals.push(like.map_or([0, 0, 127, kind], |v| self.base.normals[v]));
                    shape.baked.push(like.map_or(IN_A_WOUND, |v| self.base.baked[v]));
                    let found = surfaces.embedding(self.part.body, &vertex.binding);
                    shape.carry(lattice, found.unwrap_or(nowhere));
                    sums.push((shape.positions.len() as u32 - 1, Vec3::zero()));
                    sums.len() as u32 - 1
                });
                let (vertex, sum) = &mut sums[slot as usize];
                *sum += normal;
                fresh_indices.push(*vertex);
            }
        }
        for (vertex, sum) in sums {
            if sum.magnitude() > 1e-6 {
                let n = sum.normalize() * 127.0;
                shape.normals[vertex as usize] =
                    [n.x.round() as i8, n.y.round() as i8, n.z.round() as i8, FRESH];
            }
        }
        let left = self.base.indices.chunks_exact(3).zip(&gone).filter(|(_, gone)| !**gone);
        shape.indices.extend(left.flat_map(|(t, _)| t));
        shape.indices.extend(fresh_indices);
        shape
    }
}
