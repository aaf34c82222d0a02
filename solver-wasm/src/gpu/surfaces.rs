//! The surfaces that may be pressed on, in the kernels' form; `pressure.wgsl` says where what lies.

use bytemuck::{Pod, Zeroable, cast_slice};

use super::{
    layout::{Packed, single, vector},
    touches::UNIT,
};
use crate::{model::Model, pressure::Pressures};

/// Vectors of a vertex that change: displacement and force, now and before, and its part of a search direction.
const CHANGING: usize = 5;

/// A vertex of any surface.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
struct PackedVertex {
    cell: u32,
    /// Where its triangles begin and end.
    fan: [u32; 2],
    unused: u32,
    rest: [f32; 4],
    weights: [f32; 8],
}

const VERTEX_UNITS: usize = size_of::<PackedVertex>() / UNIT;
const _: () = assert!(VERTEX_UNITS * UNIT == 64);

/// All surfaces of a model, and what presses on them.
#[derive(Clone, Debug, Default)]
pub(crate) struct PackedSurfaces {
    vertices: Vec<PackedVertex>,
    /// Vertices of each triangle around each vertex, and their surface.
    fans: Vec<[u32; 4]>,
    /// Vertices by cell.
    order: Vec<u32>,
    /// Where each cell's begin in `order`, and where the last's end.
    starts: Vec<u32>,
    /// Of each surface [kPa].
    pressures: Vec<f32>,
    is_acting: bool,
}

/// Where the parts begin in the buffer [units].
#[derive(Clone, Copy, Debug)]
pub(crate) struct SurfacePlaces {
    pub vertices: usize,
    pub fans: usize,
    pub loads: usize,
    pub order: usize,
    pub starts: usize,
    pub pressures: usize,
    pub end: usize,
}

impl PackedSurfaces {
    /// Pack a model's surfaces. A vertex is in a cell of the finest grid, by construction.
    pub fn new(model: &Model, packed: &Packed) -> Self {
        let mut all = Self::default();
        for (number, surface) in model.surfaces.iter().enumerate() {
            let first = all.vertices.len() as u32;
            let mut fans = vec![Vec::new(); surface.points.len()];
            for triangle in &surface.triangles {
                let [i, j, k] = triangle.map(|v| v + first);
                for vertex in triangle {
                    fans[*vertex as usize].push([i, j, k, number as u32]);
                }
            }
            for (point, fan) in surface.points.iter().zip(fans) {
                let from = all.fans.len() as u32;
                all.fans.extend(fan);
                all.vertices.push(PackedVertex {
                    cell: packed.cell_of(0, &point.nodes).unwrap_or_default(),
                    fan: [from, all.fans.len() as u32],
                    unused: 0,
                    rest: vector(point.rest),
                    weights: point.weights.map(single),
                });
            }
        }
        all.order = (0..all.vertices.len() as u32).collect();
        all.order.sort_by_key(|v| all.vertices[*v as usize].cell);
        let cells = packed.levels[0].cell_count;
        let cell_at = |i: &u32| all.vertices[*i as usize].cell;
        all.starts =
            (0..=cells).map(|c| all.order.partition_point(|v| cell_at(v) < c) as u32).collect();
        all.pressures = vec![0.0; model.surfaces.len()];
        all
    }

    /// Where all of it goes, from `start` on [units].
    pub fn places(&self, start: usize) -> SurfacePlaces {
        let count = self.vertices.len();
        let fans = start + VERTEX_UNITS * count;
        let loads = fans + self.fans.len();
        let order = loads + CHANGING * count;
        let starts = order + count.div_ceil(4);
        let pressures = starts + self.starts.len().div_ceil(4);
        let end = pressures + self.pressures.len().div_ceil(4);
        SurfacePlaces { vertices: start, fans, loads, order, starts, pressures, end }
    }

    /// What does not change, and where it goes [bytes].
    pub fn parts(&self, places: &SurfacePlaces) -> [(usize, &[u8]); 4] {
        [
            (places.vertices * UNIT, cast_slice(&self.vertices)),
            (places.fans * UNIT, cast_slice(&self.fans)),
            (places.order * UNIT, cast_slice(&self.order)),
            (places.starts * UNIT, cast_slice(&self.starts)),
        ]
    }

    /// Take a step's pressures; what goes where [bytes], if any acts.
    pub fn take(
        &mut self,
        pressures: &Pressures,
        places: &SurfacePlaces,
    ) -> Option<(usize, &[u8])> {
        self.is_acting = !pressures.acting().is_empty();
        self.pressures.fill(0.0);
        for (surface, pressure) in pressures.acting() {
            self.pressures[*surface as usize] = single(*pressure);
        }
        self.is_acting.then(|| (places.pressures * UNIT, cast_slice(&self.pressures)))
    }

    /// Number of all vertices; none where nothing presses.
    pub fn acting_count(&self) -> usize {
        if self.is_acting { self.vertices.len() } else { 0 }
    }

    /// Number of all vertices.
    pub fn count(&self) -> usize {
        self.vertices.len()
    }
}
