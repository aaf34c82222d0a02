//! The uniform hexahedral lattice that tissue is embedded in.

use serde::{Deserialize, Serialize};

/// Cells and nodes of a uniform lattice; only cells that hold tissue exist.
///
/// Two cells may share a lattice coordinate (different bodies, or the two sides of a cut): connectivity is
/// `Cell::nodes` alone, never the coordinate.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Lattice {
    /// World position of the corner of coordinate (0, 0, 0) [mm].
    pub origin: [f32; 3],
    /// Edge length of a cell [mm].
    pub spacing: f32,
    /// Lattice coordinate of each node, shape [node_count, 3]; rest position = origin + spacing · coordinate.
    pub nodes: Vec<[u16; 3]>,
    /// The cells, shape [cell_count].
    pub cells: Vec<Cell>,
}

/// One 8-node hexahedron.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cell {
    /// Lattice coordinate of the corner with the lowest x, y, z.
    pub coord: [u16; 3],
    /// Node of each corner; corner `c` lies at coord + (c & 1, c >> 1 & 1, c >> 2 & 1).
    pub nodes: [u32; 8],
    /// Which separate piece of tissue this cell belongs to.
    pub body: u16,
    /// Index into `Scene::materials`.
    pub material: u16,
    /// Occupancy of the 4³ material samples; bit x + 4 y + 16 z, sample centre at ((x + ½)/4, …).
    pub samples: u64,
}

/// A material point inside a cell.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Embedding {
    /// Index into `Lattice::cells`.
    pub cell: u32,
    /// Local coordinate in [0, 1]³ (values slightly outside extrapolate).
    pub local: [f32; 3],
}
