//! A touch: a unilateral spring with Coulomb friction between a point of the skin and what it meets.
//!
//! With c the displacement of the point relative to the partner since the beginning of the step, g = g₀ + n · c the gap and
//! c_t = c − n (n · c), a touch adds to the step's energy [Simo and Laursen 1992]
//!
//! max(0, λ − κ g)² / 2κ + h(λ_t + κ c_t),  h(t) = |t|²/2κ, or b (|t| − b/2)/κ where |t| > b = μ λ,
//!
//! whose derivative is the pressure max(0, λ − κ g) and a friction that sticks until it would exceed μ times the pressure
//! of the step before. Both are convex, so Newton's method with its line search needs no active set. After the step the
//! multipliers λ, λ_t become the force that acted: what is shown is what the tissue felt, and the gap that the penalty
//! alone would leave vanishes within a few steps.

use crate::real::{Lanes, Real, length_squared, node_vector};

/// Most touches of a step.
pub const MAX_TOUCHES: usize = 2048;

/// What a point of the skin meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Partner {
    /// An instrument.
    Tool(u8),
    /// One of the scene's obstacles.
    Obstacle(u16),
    /// Another body.
    Body(u16),
}

/// Force at a point of the skin in the last step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Touch {
    /// Which of the model's skin points.
    pub point: u32,
    /// What it meets.
    pub partner: Partner,
    /// From the partner to the point, unit length.
    pub normal: Lanes,
    /// Pressure on the point [mN].
    pub pressure: Real,
    /// Force that the point exerts on the partner along the surface [mN].
    pub friction: Lanes,
    /// Force on the point [mN].
    pub force: Lanes,
}

/// What a touch does during one step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TouchLaw {
    pub point: u32,
    pub partner: Partner,
    /// Relative displacement at the beginning of the step, the partner's own motion along the surface included [mm].
    pub origin: Lanes,
    /// g₀ [mm].
    pub gap: Real,
    /// κ [mN/mm].
    pub penalty: Real,
    /// λ [mN].
    pub pressure: Real,
    /// λ_t [mN].
    pub friction: Lanes,
    /// b [mN].
    pub bound: Real,
    /// Greatest pressure [mN]: beyond it the contact gives way.
    pub limit: Real,
}

/// A touch at a relative displacement.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Response {
    /// Energy [mN mm].
    pub energy: Real,
    /// Its gradient: minus the force on the point [mN].
    pub gradient: Lanes,
    /// Pressure [mN].
    pub pressure: Real,
    /// Friction [mN].
    pub friction: Lanes,
    /// Tangent stiffness, by columns [mN/mm].
    pub stiffness: [Lanes; 3],
}

/// Where a touch acts on one grid, and how stiffly.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Link {
    pub nodes: [[u32; 8]; 2],
    pub weights: [[Real; 8]; 2],
    /// Is the other end tissue too?
    pub is_pair: bool,
    /// From the partner to the point, unit length.
    pub normal: Lanes,
    /// Tangent stiffness, by columns [mN/mm].
    pub stiffness: [Lanes; 3],
}

impl TouchLaw {
    /// Energy, forces and tangent at a relative displacement `u` [mm].
    pub fn respond(&self, normal: Lanes, u: Lanes) -> Response {
        let Self { penalty, limit, bound, .. } = *self;
        let away = u - self.origin;
        let along = dot3(normal, away);
        let trial = self.pressure - penalty * (self.gap + along);
        let (pressure, energy, stiff) = if trial <= 0.0 {
            (0.0, 0.0, 0.0)
        } else if trial <= limit {
            (trial, 0.5 * trial * trial / penalty, penalty)
        } else {
            (limit, limit * (trial - 0.5 * limit) / penalty, penalty * (limit / trial))
        };
        let mut response = Response {
            energy,
            gradient: normal * Lanes::splat(-pressure),
            pressure,
            friction: Lanes::default(),
            stiffness: dyad(normal, stiff),
        };
        if bound > 0.0 {
            let across = away - normal * Lanes::splat(along);
            let pull = self.friction + across * Lanes::splat(penalty);
            let size = length_squared(pull).sqrt();
            let stiffness;
            if size > bound {
                // Sliding resists only what would turn its direction.
                let part = bound / size;
                response.energy += bound * (size - 0.5 * bound) / penalty;
                response.friction = pull * Lanes::splat(part);
                let side = cross3(normal, pull * Lanes::splat(1.0 / size));
                stiffness = dyad(side, penalty * part);
            } else {
                response.energy += 0.5 * size * size / penalty;
                response.friction = pull;
                let [x, y, z] = dyad(normal, -penalty);
                let unit = |v| node_vector(v) * Lanes::splat(penalty);
                stiffness = [
                    x + unit([1.0, 0.0, 0.0]),
                    y + unit([0.0, 1.0, 0.0]),
                    z + unit([0.0, 0.0, 1.0]),
                ];
            }
            response.gradient += response.friction;
            for (sum, column) in response.stiffness.iter_mut().zip(stiffness) {
                *sum += column;
            }
        }
        response
    }
}

impl Link {
    /// Relative displacement of the two ends.
    #[inline(always)]
    pub fn read(&self, v: &[Lanes]) -> Lanes {
        let mut sum = Lanes::default();
        for (node, weight) in self.nodes[0].iter().zip(self.weights[0]) {
            sum += v[*node as usize] * Lanes::splat(weight);
        }
        if self.is_pair {
            for (node, weight) in self.nodes[1].iter().zip(self.weights[1]) {
                sum -= v[*node as usize] * Lanes::splat(weight);
            }
        }
        sum
    }

    /// Transpose of [`Link::read`]: a force on the point, and its reaction on the partner.
    #[inline(always)]
    pub fn spread(&self, force: Lanes, out: &mut [Lanes]) {
        for (node, weight) in self.nodes[0].iter().zip(self.weights[0]) {
            out[*node as usize] += force * Lanes::splat(weight);
        }
        if self.is_pair {
            for (node, weight) in self.nodes[1].iter().zip(self.weights[1]) {
                out[*node as usize] -= force * Lanes::splat(weight);
            }
        }
    }

    /// Does it resist anything?
    #[inline(always)]
    pub fn is_slack(&self) -> bool {
        self.stiffness == [Lanes::default(); 3]
    }

    /// out −= (tangent) v.
    #[inline(always)]
    pub fn subtract_product(&self, v: &[Lanes], out: &mut [Lanes]) {
        if self.is_slack() {
            return;
        }
        let [x, y, z] = self.stiffness;
        let [a, b, c, _] = self.read(v).to_array();
        self.spread(-(x * Lanes::splat(a) + y * Lanes::splat(b) + z * Lanes::splat(c)), out);
    }

    /// The tangent as a symmetric block: (xx, yy, zz), (xy, yz, zx).
    fn block(&self) -> [Lanes; 2] {
        let [x, y, z] = self.stiffness.map(Lanes::to_array);
        [node_vector([x[0], y[1], z[2]]), node_vector([x[1], y[2], z[0]])]
    }

    /// Add to the nodes' diagonal blocks. Each row's sum stands for its diagonal: so D − A stays positive however stiff the
    /// touch is, and the smoother converges.
    pub fn add_diagonal(&self, diagonal: &mut [[Lanes; 2]]) {
        if self.is_slack() {
            return;
        }
        let block = self.block();
        let ends = 1 + usize::from(self.is_pair);
        for end in 0..ends {
            let sum: Real = self.weights[end].iter().map(|w| w.abs()).sum();
            for (node, weight) in self.nodes[end].iter().zip(self.weights[end]) {
                let share = Lanes::splat(weight.abs() * sum * ends as Real);
                diagonal[*node as usize][0] += block[0] * share;
                diagonal[*node as usize][1] += block[1] * share;
            }
        }
    }
}

/// Scalar product of two nodal vectors.
#[inline(always)]
pub(crate) fn dot3(a: Lanes, b: Lanes) -> Real {
    let p = (a * b).to_array();
    p[0] + p[1] + p[2]
}

/// k a aᵀ, by columns.
fn dyad(a: Lanes, k: Real) -> [Lanes; 3] {
    let [x, y, z, _] = a.to_array();
    [x, y, z].map(|x| a * Lanes::splat(k * x))
}

fn cross3(a: Lanes, b: Lanes) -> Lanes {
    let ([ax, ay, az, _], [bx, by, bz, _]) = (a.to_array(), b.to_array());
    node_vector([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx])
}
