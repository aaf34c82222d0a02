//! The eight trilinear modes of a hexahedron.
//!
//! With local coordinates ξ, η, ζ in [−1, 1] the displacement in a Q1 cell is
//! u(ξ) = (1/8) Σₘ Uₘ φₘ(ξ), φ = 1, ξ, η, ζ, ξη, ηζ, ζξ, ξηζ, and Uₘ = Σ_c φₘ(corner c) u_c is a Hadamard transform:
//! additions only. Modes A, B, C (ξ, η, ζ) are the columns of the deformation gradient, D, E, F (ξη, ηζ, ζξ) and
//! G (ξηζ) are the hourglass modes of [Flanagan and Belytschko 1981].
//!
//! A partly filled cell is integrated over its equivalent box: the box with the volume, the centroid and the second
//! moments of its filled samples. The modes are taken about that centroid ([`Shape::about_centroid`]); there the first
//! moments vanish, and with E[ξ²], E[η²], E[ζ²] = p, q, r every mean over the cell is in closed form, without a Gauss
//! loop. A full cell is its own box: centroid 0, p = q = r = 1/3, which is the exact integral.

use crate::real::{LANES, Lanes, Vector};

/// Where the material of four cells is.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Nodes of each corner, shape [8, LANES].
    pub corners: [[u32; LANES]; 8],
    /// Centroid of the material, local coordinates in [−1, 1].
    pub centroid: Vector,
    /// Second moments p, q, r of the material about its centroid.
    pub moments: Vector,
    /// Are all four cells full of material, so that centroid and centre are one?
    pub is_whole: bool,
}

/// Modes A, B, C, D, E, F, G of four cells.
pub type Modes = [Vector; 7];

/// Hadamard transform of the corner values; the mode of rigid translation is left out.
#[inline(always)]
pub fn analyse(n: &[Vector; 8]) -> Modes {
    let (s0, d0) = (n[0] + n[1], n[1] - n[0]);
    let (s1, d1) = (n[2] + n[3], n[3] - n[2]);
    let (s2, d2) = (n[4] + n[5], n[5] - n[4]);
    let (s3, d3) = (n[6] + n[7], n[7] - n[6]);
    let (ss0, sd0) = (s0 + s1, s1 - s0);
    let (ss1, sd1) = (s2 + s3, s3 - s2);
    let (ds0, dd0) = (d0 + d1, d1 - d0);
    let (ds1, dd1) = (d2 + d3, d3 - d2);
    [ds0 + ds1, sd0 + sd1, ss1 - ss0, dd0 + dd1, sd1 - sd0, ds1 - ds0, dd1 - dd0]
}

/// Transpose of [`analyse`]: corner forces from the forces on the modes.
#[inline(always)]
pub fn synthesise(m: &Modes) -> [Vector; 8] {
    let [a, b, c, d, e, f, g] = *m;
    let (sd0, sd1) = (b - e, b + e);
    let (ds0, ds1) = (a - f, a + f);
    let (dd0, dd1) = (d - g, d + g);
    let (s0, s1, s2, s3) = (-c - sd0, sd0 - c, c - sd1, c + sd1);
    let (d0, d1, d2, d3) = (ds0 - dd0, ds0 + dd0, ds1 - dd1, ds1 + dd1);
    [s0 - d0, s0 + d0, s1 - d1, s1 + d1, s2 - d2, s2 + d2, s3 - d3, s3 + d3]
}

impl Shape {
    /// Corner values of four cells from the nodes' vectors.
    #[inline(always)]
    pub fn gather(&self, nodes: &[Lanes]) -> [Vector; 8] {
        let mut values = [Vector::default(); 8];
        for (value, [a, b, c, d]) in values.iter_mut().zip(&self.corners) {
            let rows =
                [nodes[*a as usize], nodes[*b as usize], nodes[*c as usize], nodes[*d as usize]];
            let [x, y, z, _] = Lanes::transpose(rows);
            *value = Vector::new(x, y, z);
        }
        values
    }

    /// nodes[corner] += sign · values, lane by lane, so that cells of one group may share nodes.
    #[inline(always)]
    pub fn scatter(&self, values: &[Vector; 8], nodes: &mut [Lanes]) {
        for (corner, v) in self.corners.iter().zip(values) {
            let columns = Lanes::transpose([v.x, v.y, v.z, Lanes::default()]);
            for (node, column) in corner.iter().zip(columns) {
                nodes[*node as usize] += column;
            }
        }
    }

    /// nodes[corner] −= values.
    #[inline(always)]
    pub fn scatter_negative(&self, values: &[Vector; 8], nodes: &mut [Lanes]) {
        for (corner, v) in self.corners.iter().zip(values) {
            let columns = Lanes::transpose([v.x, v.y, v.z, Lanes::default()]);
            for (node, column) in corner.iter().zip(columns) {
                nodes[*node as usize] -= column;
            }
        }
    }

    /// Modes about the centroid of the material from modes about the centre of the cell: ξ = ξ′ + centroid.
    #[inline(always)]
    pub fn about_centroid(&self, m: Modes) -> Modes {
        let (x, y, z) = (self.centroid.x, self.centroid.y, self.centroid.z);
        let [a, b, c, d, e, f, g] = m;
        let (d, e, f) = (d + g * z, e + g * x, f + g * y);
        // One of each pair is already shifted: the product terms bc, ca, ab of G come along.
        [a + m[3] * y + f * z, b + m[4] * z + d * x, c + m[5] * x + e * y, d, e, f, g]
    }

    /// Transpose of [`Shape::about_centroid`].
    #[inline(always)]
    pub fn about_centre(&self, m: Modes) -> Modes {
        let (x, y, z) = (self.centroid.x, self.centroid.y, self.centroid.z);
        let [a, b, c, d, e, f, g] = m;
        let (dt, et, ft) = (d + b * x, e + c * y, f + a * z);
        [a, b, c, dt + a * y, et + b * z, ft + c * x, g + dt * z + et * x + ft * y]
    }

    /// Modes of the nodes' vectors about the material's centroid.
    #[inline(always)]
    pub fn modes(&self, nodes: &[Lanes]) -> Modes {
        let modes = analyse(&self.gather(nodes));
        if self.is_whole { modes } else { self.about_centroid(modes) }
    }

    /// Corner forces from forces on the modes.
    #[inline(always)]
    pub fn corner_forces(&self, m: Modes) -> [Vector; 8] {
        if self.is_whole { synthesise(&m) } else { synthesise(&self.about_centre(m)) }
    }
}
