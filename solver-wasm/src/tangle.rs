//! Tissue that was thrown about so wildly that it knotted itself: found, and led back.
//!
//! The energy of a cell pushes every inverted cell back, but cells that hold each other inverted can be in balance. A real organ would
//! have torn long before. Such tissue is led to its rest shape without regard to forces, since those would hold it in its knot.

use crate::{
    material::Strain,
    model::Model,
    modes::Shape,
    real::{Lanes, Real, Vector, length_squared},
    state::{State, Tool},
};

/// Steps between two looks.
const PERIOD: u64 = 15;
/// Looks in a row that find a knot before it is led back: one second.
const PATIENCE: u8 = 4;
/// Steps of leading back at least, and what each leaves of a displacement: 4 % in the end.
const WAY: u8 = 45;
const RETREAT: Real = 0.93;
/// No node is left farther than this from rest, in cells: what was thrown far would only knot itself anew.
const NEAR: Real = 0.5;

/// Whether tissue is knotted, and for how long.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Knot {
    /// Looks in a row that found tissue turned inside out while no instrument held or pressed any.
    seen: u8,
    /// Steps of leading back that are left.
    way: u8,
}

/// Lead knotted tissue back by one step, in place of a step of mechanics; was that necessary?
pub(crate) fn lead_back(model: &Model, state: &mut State) -> bool {
    if state.tools.iter().any(Tool::acts) {
        state.knot = Knot::default();
        return false;
    }
    if state.knot.way == 0 {
        if state.step.is_multiple_of(PERIOD) {
            let knotted = is_knotted(model, &state.displacements);
            state.knot.seen = if knotted { state.knot.seen + 1 } else { 0 };
        }
        if state.knot.seen < PATIENCE {
            return false;
        }
        state.knot = Knot { seen: 0, way: way_back(model, &state.displacements) };
    }
    state.knot.way -= 1;
    for u in &mut state.displacements {
        *u *= Lanes::splat(RETREAT);
    }
    state.velocities.fill(Lanes::default());
    // Stress that remembers the knot would tie it again.
    state.memory.fill(Strain::default());
    true
}

/// Steps that lead every node back to near its place.
fn way_back(model: &Model, displacements: &[Lanes]) -> u8 {
    let far = displacements.iter().map(|u| length_squared(*u)).fold(0.0, Real::max).sqrt();
    let mut cells = far / model.grids[0].spacing as Real;
    let mut way = 0;
    while cells > NEAR && way < u8::MAX {
        cells *= RETREAT;
        way += 1;
    }
    way.max(WAY)
}

/// Is det F ≤ 0 at any Gauss point of the material?
fn is_knotted(model: &Model, displacements: &[Lanes]) -> bool {
    let grid = &model.grids[0];
    let scale = Lanes::splat((1.0 / (4.0 * grid.spacing)) as Real);
    grid.shapes.iter().any(|shape| {
        let least = least_dilatation(shape, displacements, scale).to_array();
        least.iter().any(|j| *j <= 0.0)
    })
}

fn least_dilatation(shape: &Shape, displacements: &[Lanes], scale: Lanes) -> Lanes {
    let one = Lanes::splat(1.0);
    let [a, b, c, d, e, f, g] = shape.modes(displacements).map(|m| m * scale);
    let a = Vector::new(a.x + one, a.y, a.z);
    let b = Vector::new(b.x, b.y + one, b.z);
    let c = Vector::new(c.x, c.y, c.z + one);
    let reach = [shape.moments.x.sqrt(), shape.moments.y.sqrt(), shape.moments.z.sqrt()];
    let mut least = Lanes::splat(Real::MAX);
    for corner in 0..8 {
        let [x, y, z] = [0, 1, 2].map(|i| if corner >> i & 1 == 1 { reach[i] } else { -reach[i] });
        let column_x = a + d * y + f * z + g * (y * z);
        let column_y = b + d * x + e * z + g * (x * z);
        let column_z = c + e * y + f * x + g * (x * y);
        let j = column_x.dot(column_y.cross(column_z));
        least = j.simd_lt(least).bitselect(j, least);
    }
    least
}
