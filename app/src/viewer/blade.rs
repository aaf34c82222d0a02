//! The scalpel: a stroke over a surface becomes a sheet in the tissue.
//!
//! The blade stands upright on the surface. What counts is where the stroke passes in the tissue at rest, so a cut stays where it
//! was made however tissue moves meanwhile.

use solver_wasm::{incision::Edge, message::Command};
use three_d::prelude::*;

use super::picking::Hit;

/// How far the edge stands out of the surface [mm]: no skin is left over a cut, however the surface bends.
const ABOVE: f32 = 2.5;
/// Way over the surface from one cut to the next [mm].
const STEP: f32 = 1.0;
/// A longer way than this is a jump to another part of the surface [mm].
const JUMP: f32 = 25.0;
/// Way over which the blade turns with the surface [mm].
const TURNING: f32 = 12.0;
/// Depths that can be set [mm].
pub const DEPTHS: [f32; 2] = [1.0, 60.0];
/// Depth to begin with [mm].
pub const DEPTH: f32 = 10.0;

/// A stroke under way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stroke {
    /// Index into the manifest.
    pub structure: usize,
    /// Length of the cut so far, along the surface at rest [mm].
    pub length: f32,
    body: u16,
    /// Where the blade stands on the surface at rest [mm].
    at: Vec3,
    outward: Vec3,
    edge: Edge,
    /// Drawn by keys: where the blade stands on the canvas [CSS px].
    pub by_keys: Option<Vec2>,
}

/// The scalpel.
#[derive(Debug)]
pub struct Blade {
    /// How deep it cuts [mm].
    pub depth: f32,
    /// The stroke under way.
    pub stroke: Option<Stroke>,
}

impl Default for Blade {
    fn default() -> Self {
        Self { depth: DEPTH, stroke: None }
    }
}

impl Blade {
    /// Set the blade on soft tissue; `pressure` is a pen's, 1 for what has none.
    pub fn set_down(
        &mut self,
        hit: &Hit,
        body: u16,
        pressure: f32,
        by_keys: Option<Vec2>,
    ) -> Command {
        let (at, outward) = (hit.rest, hit.normal);
        let edge = edge(at, outward, self.depth * pressure);
        self.stroke = Some(Stroke {
            structure: hit.structure,
            length: 0.0,
            body,
            at,
            outward,
            edge,
            by_keys,
        });
        Command::Stroke
    }

    /// Draw it on to another place; what that cuts.
    pub fn draw(&mut self, hit: &Hit, body: u16, pressure: f32) -> Option<Command> {
        let depth = self.depth * pressure;
        let stroke = self.stroke.as_mut()?;
        let way = (hit.rest - stroke.at).magnitude();
        if way < STEP {
            return None;
        }
        let jumps = way > JUMP || body != stroke.body;
        let share = if jumps { 1.0 } else { 1.0 - (-way / TURNING).exp() };
        let turned = stroke.outward + (hit.normal - stroke.outward) * share;
        stroke.outward = if turned.magnitude() > 0.1 { turned.normalize() } else { hit.normal };
        let from = stroke.edge;
        (stroke.at, stroke.body) = (hit.rest, body);
        stroke.edge = edge(hit.rest, stroke.outward, depth);
        if jumps {
            return None;
        }
        stroke.length += way;
        Some(Command::Cut { from, to: stroke.edge })
    }

    /// Another depth, within bounds.
    pub fn deepen(&mut self, by: f32) {
        self.depth = (self.depth + by).clamp(DEPTHS[0], DEPTHS[1]);
    }
}

fn edge(at: Vec3, outward: Vec3, depth: f32) -> Edge {
    [(at + outward * ABOVE).into(), (at - outward * depth).into()]
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn hit(x: f32) -> Hit {
        let rest = vec3(x, 0.0, 0.0);
        Hit { structure: 2, distance: 9.0, world: rest, rest, normal: Vec3::unit_z() }
    }

    #[test]
    fn a_stroke_cuts_where_it_passes_and_as_deep_as_it_is_set() {
        let mut blade = Blade { depth: 8.0, stroke: None };
        assert_eq!(blade.set_down(&hit(0.0), 1, 1.0, None), Command::Stroke);
        assert_eq!(blade.draw(&hit(0.3), 1, 1.0), None);
        let Some(Command::Cut { from, to }) = blade.draw(&hit(3.0), 1, 0.5) else { panic!() };
        assert_eq!(from, [[0.0, 0.0, ABOVE], [0.0, 0.0, -8.0]]);
        assert_eq!(to, [[3.0, 0.0, ABOVE], [3.0, 0.0, -4.0]]);
        assert!(blade.stroke.is_some_and(|s| (s.length - 3.0).abs() < 1e-6));
    }

    #[test]
    fn nothing_is_cut_on_the_way_to_another_part_or_body() {
        let mut blade = Blade::default();
        blade.set_down(&hit(0.0), 1, 1.0, None);
        assert_eq!(blade.draw(&hit(40.0), 1, 1.0), None);
        assert_eq!(blade.draw(&hit(42.0), 0, 1.0), None);
        let Some(Command::Cut { from, .. }) = blade.draw(&hit(44.0), 0, 1.0) else { panic!() };
        assert_eq!(from[0][0], 42.0);
    }
}
