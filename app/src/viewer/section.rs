//! The section: what the plane cuts, filled and coloured, carried by the tissue.
//!
//! Which structure lies at a point of the plane is found by the GPU: seen from the plane along its inward normal, in rest space,
//! the first wall is a back face inside a structure and a front face outside every one.

use std::collections::{BTreeSet, HashMap};

use solver_wasm::{embed::LatticeIndex, lattice::Lattice};
use three_d::core::prelude::*;

use super::{picking::CutAway, surface::Shape};

/// Distance of the vertices of a section face [mm].
const GRID: f32 = 3.0;

/// A plane across the patient, with the frame in which its mask is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plane {
    /// What is cut away.
    pub cut: CutAway,
    /// First and second axis in the plane; their cross product is the cut's normal.
    pub axes: [Vec3; 2],
    low: Vec3,
    high: Vec3,
}

impl Plane {
    /// The plane across `axis` (0, 1, 2) at `share` (0 to 1) of a box. Cut away is what lies towards the patient's left, front or head.
    pub fn new(axis: u8, share: f32, low: Vec3, high: Vec3) -> Self {
        let (x, y, z) = (Vec3::unit_x(), Vec3::unit_y(), Vec3::unit_z());
        let (normal, axes) = match axis {
            0 => (x, [y, z]),
            1 => (-y, [x, z]),
            _ => (z, [x, y]),
        };
        let at = low + (high - low) * share.clamp(0.002, 0.998);
        let pad = vec3(4.0, 4.0, 4.0);
        let cut = CutAway { normal, offset: normal.dot(at) };
        Self { cut, axes, low: low - pad, high: high + pad }
    }

    /// For the mask's shader: 1 / half-extent along u and v, 1 / depth along the inward normal, and the offsets of all three.
    pub fn mask_frame(&self) -> [Vec3; 4] {
        let size = self.high - self.low;
        let centre = (self.high + self.low) * 0.5;
        let [u, v] = self.axes.map(|a| a * (2.0 / a.dot(size)));
        let depth = size.magnitude();
        let n = self.cut.normal * (-1.0 / depth);
        [u, v, n, vec3(-u.dot(centre), -v.dot(centre), self.cut.offset / depth)]
    }

    /// Depth of the mask's view [mm].
    pub fn mask_depth(&self) -> f32 {
        (self.high - self.low).magnitude()
    }

    fn at(&self, u: f32, v: f32) -> Vec3 {
        self.cut.normal * self.cut.offset + self.axes[0] * u + self.axes[1] * v
    }

    fn code(&self) -> [i8; 4] {
        let n = self.cut.normal * 127.0;
        [n.x as i8, n.y as i8, n.z as i8, 0]
    }

    /// The whole plane, for rigid structures.
    pub fn rigid_face(&self) -> Shape {
        let [u, v] = self.axes;
        let corners = [
            (u.dot(self.low), v.dot(self.low)),
            (u.dot(self.high), v.dot(self.low)),
            (u.dot(self.high), v.dot(self.high)),
            (u.dot(self.low), v.dot(self.high)),
        ];
        Shape {
            positions: corners.iter().map(|(a, b)| self.at(*a, *b).into()).collect(),
            normals: vec![self.code(); 4],
            baked: vec![[255, 255, 128, 255]; 4],
            indices: vec![0, 1, 2, 0, 2, 3],
            ..Shape::default()
        }
    }

    /// The part of the plane that a body's lattice carries; none where it does not reach.
    pub fn carried_face(
        &self,
        lattice: &Lattice,
        finder: &LatticeIndex,
        body: u16,
    ) -> Option<Shape> {
        let [u, v] = self.axes;
        let h = lattice.spacing;
        let origin: Vec3 = lattice.origin.into();
        // grid points in and around the cells near the plane
        let mut near = BTreeSet::new();
        for cell in lattice.cells.iter().filter(|c| c.body == body) {
            let middle = origin + Vec3::from(cell.coord.map(|c| (f32::from(c) + 0.5) * h));
            if (self.cut.normal.dot(middle) - self.cut.offset).abs() > 1.3 * h {
                continue;
            }
            let range = |axis: Vec3| {
                let m = axis.dot(middle) / GRID;
                let reach = h / GRID;
                (m - reach).floor() as i32..=(m + reach).ceil() as i32
            };
            for j in range(v) {
                near.extend(range(u).map(|i| (i, j)));
            }
        }
        let mut shape = Shape::default();
        let mut index = HashMap::new();
        for (i, j) in near {
            let p = self.at(i as f32 * GRID, j as f32 * GRID);
            if let Some(e) = finder.embed(body, p.into()) {
                let nodes = lattice.cells[e.cell as usize].nodes;
                index.insert((i, j), shape.positions.len() as u32);
                shape.positions.push(p.into());
                shape.nodes_low.push([nodes[0], nodes[1], nodes[2], nodes[3]]);
                shape.nodes_high.push([nodes[4], nodes[5], nodes[6], nodes[7]]);
                shape.local.push(e.local);
            }
        }
        for (&(i, j), &a) in &index {
            let corner = |di: i32, dj: i32| index.get(&(i + di, j + dj)).copied();
            if let (Some(b), Some(c), Some(d)) = (corner(1, 0), corner(1, 1), corner(0, 1)) {
                shape.indices.extend([a, b, c, a, c, d]);
            }
        }
        shape.normals = vec![self.code(); shape.positions.len()];
        shape.baked = vec![[255, 255, 128, 255]; shape.positions.len()];
        (!shape.indices.is_empty()).then_some(shape)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn the_mask_frame_is_right_handed_and_fills_clip_space() {
        let (low, high) = (vec3(-50.0, -30.0, 10.0), vec3(70.0, 90.0, 200.0));
        for axis in 0..3 {
            let plane = Plane::new(axis, 0.4, low, high);
            let [u, v] = plane.axes;
            assert!((u.cross(v) - plane.cut.normal).magnitude() < 1e-6);
            let [mu, mv, mn, offset] = plane.mask_frame();
            for corner in [low, high] {
                assert!((mu.dot(corner) + offset.x).abs() < 1.0);
                assert!((mv.dot(corner) + offset.y).abs() < 1.0);
            }
            let on = plane.at(3.0, 4.0);
            assert!((mn.dot(on) + offset.z).abs() < 1e-5);
            let kept = on - plane.cut.normal * 20.0;
            let depth = (mn.dot(kept) + offset.z) * plane.mask_depth();
            assert!((depth - 20.0).abs() < 1e-3, "{depth}");
        }
    }

    #[test]
    fn head_front_and_left_are_cut_away() {
        let (low, high) = (vec3(0.0, 0.0, 0.0), vec3(10.0, 10.0, 10.0));
        let gone = |axis: u8, p: Vec3| {
            let cut = Plane::new(axis, 0.5, low, high).cut;
            cut.normal.dot(p) > cut.offset
        };
        assert!(gone(0, vec3(9.0, 5.0, 5.0)) && !gone(0, vec3(1.0, 5.0, 5.0)));
        assert!(gone(1, vec3(5.0, 1.0, 5.0)) && !gone(1, vec3(5.0, 9.0, 5.0)));
        assert!(gone(2, vec3(5.0, 5.0, 9.0)) && !gone(2, vec3(5.0, 5.0, 1.0)));
    }
}
