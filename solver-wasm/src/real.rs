//! The number types, and four 3-vectors abreast.
//!
//! Play runs in f32; feature `f64` builds the same source in f64 as the reference. Only additions, multiplications,
//! divisions and square roots are used, none of them fused, so that native and WASM builds give the same bytes.

use std::ops::{Add, AddAssign, Mul, Neg, Sub, SubAssign};

/// The solver's number.
#[cfg(not(feature = "f64"))]
pub type Real = f32;
/// The solver's number.
#[cfg(feature = "f64")]
pub type Real = f64;

/// Four numbers: either four cells abreast, or x, y, z and a zero of one node.
#[cfg(not(feature = "f64"))]
pub type Lanes = wide::f32x4;
/// Four numbers: either four cells abreast, or x, y, z and a zero of one node.
#[cfg(feature = "f64")]
pub type Lanes = wide::f64x4;

/// Cells handled at a time.
pub const LANES: usize = 4;

/// A message's number.
#[inline(always)]
pub fn real(x: f32) -> Real {
    #[allow(clippy::unnecessary_cast)]
    {
        x as Real
    }
}

/// A node's vector from its components.
#[inline(always)]
pub fn node_vector(v: [Real; 3]) -> Lanes {
    Lanes::new([v[0], v[1], v[2], 0.0])
}

/// A node's vector from a message's components.
#[inline(always)]
pub fn from_f32(v: [f32; 3]) -> Lanes {
    #[allow(clippy::unnecessary_cast)]
    Lanes::new([v[0] as Real, v[1] as Real, v[2] as Real, 0.0])
}

/// The first three components, for a message.
#[inline(always)]
pub fn to_f32(v: Lanes) -> [f32; 3] {
    let v = v.to_array();
    #[allow(clippy::unnecessary_cast)]
    [v[0] as f32, v[1] as f32, v[2] as f32]
}

/// Squared length of a node's vector.
#[inline(always)]
pub fn length_squared(v: Lanes) -> Real {
    let v = (v * v).to_array();
    v[0] + v[1] + v[2]
}

/// Vector product of two nodes' vectors.
#[inline(always)]
pub fn cross(a: Lanes, b: Lanes) -> Lanes {
    let ([ax, ay, az, _], [bx, by, bz, _]) = (a.to_array(), b.to_array());
    node_vector([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx])
}

/// Are all components finite?
pub fn is_finite(vectors: &[Lanes]) -> bool {
    vectors.iter().all(|v| v.to_array().iter().all(|x| x.is_finite()))
}

/// Is no component larger in size than `limit`, and each a number?
pub fn is_within(vectors: &[Lanes], limit: Real) -> bool {
    vectors.iter().all(|v| v.to_array().iter().all(|x| x.abs() <= limit))
}

/// Σ aᵢ · bᵢ over nodes, summed in f64 in a fixed order.
pub fn dot(a: &[Lanes], b: &[Lanes]) -> f64 {
    let mut sum = [0.0_f64; LANES];
    for (a, b) in a.iter().zip(b) {
        let product = (*a * *b).to_array();
        for (sum, product) in sum.iter_mut().zip(product) {
            *sum += f64::from(product);
        }
    }
    (sum[0] + sum[1]) + (sum[2] + sum[3])
}

/// Four 3-vectors abreast, one of each of four cells.
#[derive(Clone, Copy, Debug, Default)]
pub struct Vector {
    /// x of each lane.
    pub x: Lanes,
    /// y of each lane.
    pub y: Lanes,
    /// z of each lane.
    pub z: Lanes,
}

impl Vector {
    /// From components.
    #[inline(always)]
    pub const fn new(x: Lanes, y: Lanes, z: Lanes) -> Self {
        Self { x, y, z }
    }

    /// Scalar product, a lane each.
    #[inline(always)]
    pub fn dot(self, o: Self) -> Lanes {
        self.x * o.x + self.y * o.y + self.z * o.z
    }

    /// Vector product, a lane each.
    #[inline(always)]
    pub fn cross(self, o: Self) -> Self {
        Self {
            x: self.y * o.z - self.z * o.y,
            y: self.z * o.x - self.x * o.z,
            z: self.x * o.y - self.y * o.x,
        }
    }
}

impl Add for Vector {
    type Output = Self;
    #[inline(always)]
    fn add(self, o: Self) -> Self {
        Self { x: self.x + o.x, y: self.y + o.y, z: self.z + o.z }
    }
}

impl AddAssign for Vector {
    #[inline(always)]
    fn add_assign(&mut self, o: Self) {
        *self = *self + o;
    }
}

impl Sub for Vector {
    type Output = Self;
    #[inline(always)]
    fn sub(self, o: Self) -> Self {
        Self { x: self.x - o.x, y: self.y - o.y, z: self.z - o.z }
    }
}

impl SubAssign for Vector {
    #[inline(always)]
    fn sub_assign(&mut self, o: Self) {
        *self = *self - o;
    }
}

impl Neg for Vector {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        Self { x: -self.x, y: -self.y, z: -self.z }
    }
}

impl Mul<Lanes> for Vector {
    type Output = Self;
    #[inline(always)]
    fn mul(self, s: Lanes) -> Self {
        Self { x: self.x * s, y: self.y * s, z: self.z * s }
    }
}
