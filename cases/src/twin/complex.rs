//! Multi-label surface nets: one sheet of quads between every two structures that touch, on shared vertices.
//!
//! The dual of the grid [Gibson 1998], for any number of labels at once: a vertex in each dual cell whose corners differ, a quad
//! across each grid edge whose ends differ. Walls are shared by construction, because a quad knows both its sides.

use super::partition::Partition;
use crate::volume::Grid;

/// Owner of the points beyond a face of the scan.
pub(super) const OUTSIDE: u8 = u8::MAX;

/// A quad between two owners.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quad {
    /// Corners, anticlockwise as seen from the `above` side.
    pub(super) corners: [u32; 4],
    /// Owner on the side that the normal leaves.
    pub(super) below: u8,
    /// Owner on the side that the normal enters.
    pub(super) above: u8,
    /// Grid points on either side, `below` first.
    pub(super) points: [u32; 2],
}

impl Quad {
    /// Is it the outside of `structure`, and if so, must it be turned to face outwards?
    pub(super) fn side(&self, structure: u8) -> Option<bool> {
        if self.below == structure {
            Some(false)
        } else if self.above == structure {
            Some(true)
        } else {
            None
        }
    }
}

/// All sheets of a twin at one level of detail.
#[derive(Debug)]
pub(super) struct Complex {
    /// Vertices, patient space [mm].
    pub(super) positions: Vec<[f64; 3]>,
    /// Dual cell of each vertex: one more than the grid coordinate of its lowest point.
    pub(super) dual_cells: Vec<[u16; 3]>,
    /// Coordinate that a vertex must keep, per axis: it lies on the face where the scan ends.
    pub(super) pinned: Vec<[Option<f64>; 3]>,
    /// The quads.
    pub(super) quads: Vec<Quad>,
    /// Spacing of the grid it was made on [mm].
    pub(super) spacing: f64,
}

/// The grid with one layer of points around it.
struct Padded<'a> {
    partition: &'a Partition,
    dims: [usize; 3],
}

impl Padded<'_> {
    fn index(&self, [x, y, z]: [usize; 3]) -> usize {
        x + self.dims[0] * (y + self.dims[1] * z)
    }

    fn inner(&self, point: [usize; 3]) -> Option<[usize; 3]> {
        let p = point.map(|c| c.wrapping_sub(1));
        let dims = self.partition.owners.grid.dims;
        (p[0] < dims[0] && p[1] < dims[1] && p[2] < dims[2]).then_some(p)
    }

    fn owner(&self, point: [usize; 3]) -> u8 {
        let owners = &self.partition.owners;
        self.inner(point).map_or(OUTSIDE, |p| owners.values[owners.grid.index(p)])
    }
}

/// Is there a sheet between these owners? Nothing and the outside are one.
fn apart(a: u8, b: u8) -> bool {
    a != b && !((a == 0 || a == OUTSIDE) && (b == 0 || b == OUTSIDE))
}

/// Make the sheets of a partition; where the scan ends, they end at the faces of `box_` (low and high corner).
pub(super) fn surface_nets(partition: &Partition, box_: [[f64; 3]; 2]) -> Complex {
    let grid = partition.owners.grid;
    let padded = Padded { partition, dims: grid.dims.map(|n| n + 2) };
    let mut complex = Complex {
        positions: Vec::new(),
        dual_cells: Vec::new(),
        pinned: Vec::new(),
        quads: Vec::new(),
        spacing: libm::cbrt(grid.voxel_volume()),
    };
    // The dual cell whose low corner is padded point p has p's index.
    let mut vertex_of_cell = vec![u32::MAX; padded.dims.iter().product()];
    let n = padded.dims;
    for z in 0..n[2] {
        for y in 0..n[1] {
            for x in 0..n[0] {
                let p = [x, y, z];
                let a = padded.owner(p);
                for axis in 0..3 {
                    let mut q = p;
                    q[axis] += 1;
                    if q[axis] == n[axis] {
                        continue;
                    }
                    let b = padded.owner(q);
                    if !apart(a, b) {
                        continue;
                    }
                    // An edge with a structure at one end has all four cells around it inside the padding.
                    let (u, v) = ((axis + 1) % 3, (axis + 2) % 3);
                    let corners = [(1, 1), (0, 1), (0, 0), (1, 0)].map(|(du, dv)| {
                        let mut cell = p;
                        cell[u] -= du;
                        cell[v] -= dv;
                        let slot = &mut vertex_of_cell[padded.index(cell)];
                        if *slot == u32::MAX {
                            *slot = complex.positions.len() as u32;
                            let (position, pinned) = vertex(&padded, &grid, box_, cell);
                            complex.positions.push(position);
                            complex.dual_cells.push(cell.map(|c| c as u16));
                            complex.pinned.push(pinned);
                        }
                        *slot
                    });
                    complex.quads.push(Quad {
                        corners,
                        below: a,
                        above: b,
                        points: [padded.index(p) as u32, padded.index(q) as u32],
                    });
                }
            }
        }
    }
    complex
}

/// Position and pinned coordinates of the vertex of a dual cell.
fn vertex(
    padded: &Padded,
    grid: &Grid,
    [low, high]: [[f64; 3]; 2],
    cell: [usize; 3],
) -> ([f64; 3], [Option<f64>; 3]) {
    let corner = |c: usize| [cell[0] + (c & 1), cell[1] + (c >> 1 & 1), cell[2] + (c >> 2 & 1)];
    let owners: [u8; 8] = std::array::from_fn(|c| padded.owner(corner(c)));
    let (mut sum, mut count) = ([0.0; 3], 0.0);
    for c in 0..8 {
        for axis in 0..3 {
            let d = c | 1 << axis;
            if d == c || !apart(owners[c], owners[d]) {
                continue;
            }
            let (p, q) = (corner(c), corner(d));
            let t = crossing(padded, p, q, owners[c], owners[d]);
            for a in 0..3 {
                sum[a] += p[a] as f64 + if a == axis { t } else { 0.0 };
            }
            count += 1.0;
        }
    }
    let mut pinned = [None; 3];
    for a in 0..3 {
        if cell[a] == 0 {
            pinned[a] = Some(low[a]);
        } else if cell[a] + 2 == padded.dims[a] {
            pinned[a] = Some(high[a]);
        }
    }
    let position = std::array::from_fn(|a| {
        pinned[a].unwrap_or(grid.origin[a] + (sum[a] / count - 1.0) * grid.spacing[a])
    });
    (position, pinned)
}

/// Where between two neighbouring points their owners are equally strong, as a fraction of the way.
fn crossing(padded: &Padded, p: [usize; 3], q: [usize; 3], a: u8, b: u8) -> f64 {
    let (Some(p), Some(q)) = (padded.inner(p), padded.inner(q)) else {
        return 0.5;
    };
    let lead = |point| {
        f64::from(padded.partition.strength(a, point) - padded.partition.strength(b, point))
    };
    let (at_p, at_q) = (lead(p), lead(q));
    let t = at_p / (at_p - at_q);
    // A third owner nearby, or a draw, leaves the ratio meaningless: stay off the points.
    if t.is_finite() { t.clamp(0.05, 0.95) } else { 0.5 }
}
