//! Rigid instruments as signed distances, and where they are.

use nalgebra::Vector3;
use serde::{Deserialize, Serialize};

use crate::real::{Real, real};

/// A rigid instrument in its own frame [mm].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Instrument {
    /// A ball about the tip: a probe.
    Ball {
        /// Radius.
        radius: f32,
    },
    /// A rod with round ends from the tip along +z: a shaft.
    Rod {
        /// Radius.
        radius: f32,
        /// From the centre of one round end to that of the other.
        length: f32,
    },
    /// A box about the tip with rounded edges: the blade of a retractor.
    Blade {
        /// Half the extents along x, y, z, the rounding included.
        half: [f32; 3],
        /// Radius of the edges.
        rounding: f32,
    },
}

/// Position of the tip [mm] and orientation, world space.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pose {
    /// Where the origin of the instrument's frame is.
    pub position: Vector3<Real>,
    /// Unit quaternion x, y, z, w that turns the instrument's frame into the world's.
    pub orientation: [Real; 4],
}

impl Instrument {
    /// Is it made of finite sizes, no part thinner than `thinnest` [mm]?
    pub fn is_sound(&self, thinnest: f32) -> bool {
        const LONGEST: f32 = 1e3;
        let sizes = thinnest..=LONGEST;
        match self {
            Self::Ball { radius } => sizes.contains(radius),
            Self::Rod { radius, length } => {
                sizes.contains(radius) && (0.0..=LONGEST).contains(length)
            }
            Self::Blade { half, rounding } => {
                half.iter().all(|h| sizes.contains(h) && (0.0..=*h).contains(rounding))
            }
        }
    }

    /// Radius of a ball about the tip that holds all of it [mm].
    pub fn reach(&self) -> Real {
        real(match self {
            Self::Ball { radius } => *radius,
            Self::Rod { radius, length } => radius + length,
            Self::Blade { half: [x, y, z], .. } => (x * x + y * y + z * z).sqrt(),
        })
    }

    /// Half its least thickness [mm].
    pub fn half_thickness(&self) -> Real {
        real(match self {
            Self::Ball { radius } | Self::Rod { radius, .. } => *radius,
            Self::Blade { half: [x, y, z], .. } => x.min(*y).min(*z),
        })
    }

    /// Signed distance [mm] of a point of the instrument's frame, negative inside, and its gradient there.
    pub fn distance(&self, p: Vector3<Real>) -> (Real, Vector3<Real>) {
        match *self {
            Self::Ball { radius } => from_core(p, real(radius)),
            Self::Rod { radius, length } => {
                let along = p.z.clamp(0.0, real(length));
                from_core(p - Vector3::new(0.0, 0.0, along), real(radius))
            }
            Self::Blade { half, rounding } => {
                let core = Vector3::from(half).map(|h| real(h - rounding));
                let outside = Vector3::from_fn(|i, _| p[i] - p[i].clamp(-core[i], core[i]));
                if outside != Vector3::zeros() {
                    return from_core(outside, real(rounding));
                }
                // Inside the box of the core: out over the nearest face.
                let depth = |i: usize| core[i] - p[i].abs();
                let face = (1..3).fold(0, |best, i| if depth(i) < depth(best) { i } else { best });
                let mut out = Vector3::zeros();
                out[face] = if p[face] < 0.0 { -1.0 } else { 1.0 };
                (-depth(face) - real(rounding), out)
            }
        }
    }
}

/// Distance from a surface `radius` away from the origin of `p`; on the core itself, out along +y.
fn from_core(p: Vector3<Real>, radius: Real) -> (Real, Vector3<Real>) {
    let length = p.dot(&p).sqrt();
    let out = if length > 0.0 { p / length } else { Vector3::new(0.0, 1.0, 0.0) };
    (length - radius, out)
}

impl Default for Pose {
    fn default() -> Self {
        Self { position: Vector3::zeros(), orientation: [0.0, 0.0, 0.0, 1.0] }
    }
}

impl Pose {
    /// From the instrument's frame to the world's, a direction.
    pub fn turn(&self, v: Vector3<Real>) -> Vector3<Real> {
        let [x, y, z, w] = self.orientation;
        let axis = Vector3::new(x, y, z);
        let twice = axis.cross(&v) * 2.0;
        v + twice * w + axis.cross(&twice)
    }

    /// From the world to the instrument's frame, a point.
    pub fn local(&self, point: Vector3<Real>) -> Vector3<Real> {
        let [x, y, z, w] = self.orientation;
        Self { orientation: [-x, -y, -z, w], ..*self }.turn(point - self.position)
    }

    /// From the instrument's frame to the world, a point.
    pub fn world(&self, point: Vector3<Real>) -> Vector3<Real> {
        self.position + self.turn(point)
    }

    /// On the way to `goal` so far that no point within `reach` [mm] of the tip moves by more than `limit` [mm]; was the goal
    /// out of that range?
    pub fn towards(&self, goal: &Self, reach: Real, limit: Real) -> (Self, bool) {
        let dot: Real = (0..4).map(|i| self.orientation[i] * goal.orientation[i]).sum();
        // q and −q are the same turn: take the short way.
        let sign = if dot < 0.0 { -1.0 } else { 1.0 };
        let turn = [0, 1, 2, 3].map(|i| sign * goal.orientation[i] - self.orientation[i]);
        let chord = turn.iter().map(|t| t * t).sum::<Real>().sqrt();
        let way = goal.position - self.position;
        // An angle is at most π/2 times the chord of its half on the sphere of quaternions, twice.
        let length = way.dot(&way).sqrt() + 3.2 * chord * reach;
        if length <= limit {
            return (*goal, false);
        }
        let part = limit / length;
        let mixed = [0, 1, 2, 3].map(|i| self.orientation[i] + turn[i] * part);
        let orientation = unit_quaternion(mixed).unwrap_or(self.orientation);
        (Self { position: self.position + way * part, orientation }, true)
    }
}

/// Scale to unit length; none if it is zero or not finite.
pub fn unit_quaternion(q: [Real; 4]) -> Option<[Real; 4]> {
    let length = q.iter().map(|x| x * x).sum::<Real>().sqrt();
    (length.is_finite() && length > 1e-6).then(|| q.map(|x| x / length))
}
