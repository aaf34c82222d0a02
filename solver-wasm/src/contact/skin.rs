//! The surfaces of the bodies as contact sees them: points on them, and the cells that hold them.
//!
//! Both come from the signed distance that the lattice's nodes carry, so that a scene says its surface once, in two bytes a
//! node. Each cell that the surface crosses is a patch; its points lie a third of a cell apart, so that an instrument thinner
//! than a cell does not slip between them. Among bodies and against obstacles, which are no finer than cells, only
//! the patch's middle point is tried.

use nalgebra::Vector3;

use super::{obstacle::trilinear, touch::Partner};
use crate::{
    lattice::Embedding,
    real::{Real, real},
    scene::{DISTANCE_UNIT, Scene},
};

/// Points along an edge of a cell.
const DIVISIONS: u16 = 3;
/// Cells with no part nearer to the surface than this are not searched for what has come into them [cells].
const SHELL: Real = 1.25;
/// How far beyond its own third of the cell the surface's point may lie, in cells: rounding.
const SLACK: Real = 1e-3;
/// Distance to the surface at which a point counts as on it, in cells.
const ON_SURFACE: Real = 0.02;

/// Points on the surfaces of all bodies. Immutable.
#[derive(Clone, Debug, Default)]
pub(crate) struct Skin {
    /// The cells that a surface crosses.
    pub patches: Vec<Patch>,
    /// Their points, patch by patch.
    pub points: Vec<Embedding>,
    /// Patch of each point.
    pub owners: Vec<u32>,
    /// Cells near a surface, in their order.
    pub shell: Vec<u32>,
    /// Signed distance of each node, in cells.
    pub distances: Vec<Real>,
    /// How deep a point lies in another body or an obstacle at rest [mm, negative], sorted: it is asked for no more.
    pub rest_gaps: Vec<(u32, Partner, Real)>,
    /// Number of bodies; they are counted from zero.
    pub body_count: usize,
}

/// The part of a surface in one cell.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patch {
    pub cell: u32,
    pub body: u16,
    /// Its points.
    pub first: u32,
    pub count: u32,
    /// The point nearest to their mean.
    pub middle: u32,
}

impl Skin {
    /// The skin of a sound scene; empty if the scene names no distances.
    pub fn new(scene: &Scene) -> Self {
        let unit = real(DISTANCE_UNIT);
        let mut skin = Self {
            distances: scene.distances.iter().map(|d| Real::from(*d) * unit).collect(),
            ..Self::default()
        };
        if skin.distances.is_empty() {
            return skin;
        }
        let cells = &scene.lattice.cells;
        skin.body_count = cells.iter().map(|c| usize::from(c.body) + 1).max().unwrap_or(0);
        for (i, cell) in cells.iter().enumerate() {
            let corners = cell.nodes.map(|n| skin.distances[n as usize]);
            let least = corners.iter().fold(Real::MAX, |a, b| a.min(*b));
            let most = corners.iter().fold(Real::MIN, |a, b| a.max(*b));
            if least < 0.0 && most > -SHELL {
                skin.shell.push(i as u32);
            }
            if least < 0.0 && most >= 0.0 {
                skin.add_patch(i as u32, cell.body, &corners);
            }
        }
        skin
    }

    fn add_patch(&mut self, cell: u32, body: u16, corners: &[Real; 8]) {
        let first = self.points.len();
        let third = 1.0 / Real::from(DIVISIONS);
        let mut mean = Vector3::zeros();
        for k in 0..DIVISIONS {
            for j in 0..DIVISIONS {
                for i in 0..DIVISIONS {
                    let low = Vector3::new(i, j, k).map(|x| Real::from(x) * third);
                    let Some(at) = foot(corners, low.add_scalar(0.5 * third)) else { continue };
                    let inside = (0..3).all(|axis| {
                        let along = at[axis] - low[axis];
                        (-SLACK..=third + SLACK).contains(&along)
                    });
                    if inside {
                        mean += at;
                        #[allow(clippy::unnecessary_cast)]
                        let local = [0, 1, 2].map(|axis| at[axis] as f32);
                        self.points.push(Embedding { cell, local });
                    }
                }
            }
        }
        let count = self.points.len() - first;
        if count == 0 {
            return;
        }
        mean /= count as Real;
        let away = |point: usize| {
            let local = Vector3::from(self.points[point].local.map(real));
            (local - mean).norm_squared()
        };
        let middle =
            (first..first + count).fold(first, |a, b| if away(b) < away(a) { b } else { a });
        let patch = self.patches.len() as u32;
        self.owners.extend(std::iter::repeat_n(patch, count));
        self.patches.push(Patch {
            cell,
            body,
            first: first as u32,
            count: count as u32,
            middle: middle as u32,
        });
    }

    /// How deep a point lies in `partner` at rest [mm], zero or negative.
    pub fn rest_gap(&self, point: u32, partner: Partner) -> Real {
        self.rest_gaps
            .binary_search_by(|(p, q, _)| (*p, *q).cmp(&(point, partner)))
            .map_or(0.0, |i| self.rest_gaps[i].2)
    }
}

/// Area of one point's share of the surface, over the square of a cell's edge.
pub(crate) const POINT_AREA: Real = 1.0 / (DIVISIONS * DIVISIONS) as Real;

/// The surface's point below or above `from`, along the gradient; local coordinates.
fn foot(corners: &[Real; 8], from: Vector3<Real>) -> Option<Vector3<Real>> {
    let mut at = from;
    for _ in 0..4 {
        let (distance, slope) = trilinear(corners, at);
        let square = slope.norm_squared();
        if square < 1e-4 {
            return None;
        }
        at -= slope * (distance / square);
    }
    (trilinear(corners, at).0.abs() < ON_SURFACE).then_some(at)
}
