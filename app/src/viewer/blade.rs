//! Scalpel and scissors: a stroke over a surface becomes a sheet in the tissue.
//!
//! The blade stands upright on the surface. What counts is where the stroke passes in the tissue at rest, so a cut stays where it
//! was made however tissue moves meanwhile. Scissors go the same way in straight snips, each as long as their blades.

use solver_wasm::{incision::Edge, message::Command};
use three_d::prelude::*;

use super::{Measures, instrument::Kind, picking::Hit, plan::Plan};

/// How far the edge stands out of the surface [mm]: no skin is left over a cut, however the surface bends.
const ABOVE: f32 = 2.5;
/// Way of the scalpel over the surface from one cut to the next [mm].
const STEP: f32 = 1.0;
/// Length that scissors cut when they close [mm].
const SNIP: f32 = 6.0;
/// A longer way than this is a jump to another part of the surface [mm].
const JUMP: f32 = 25.0;
/// Way over which the blade turns with the surface [mm].
const TURNING: f32 = 12.0;
/// Depths that can be set [mm].
pub const DEPTHS: [f32; 2] = [1.0, 60.0];
/// Depth to begin with [mm].
pub const DEPTH: f32 = 10.0;

/// Time over which the hand's speed is smoothed [ms].
const SMOOTHING: f64 = 80.0;
/// A blade that stands still for longer than this hesitates [s].
const PATIENCE: f32 = 0.5;

/// A stroke under way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stroke {
    /// With what.
    pub kind: Kind,
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
    /// Since it was set down [s].
    duration: f32,
    /// Since it last went on [s].
    still: f32,
    hesitation: f32,
    /// When it last went on [ms], and how fast the hand goes [mm/s].
    pace: (f64, f32),
    /// Force on the tissue now, and the greatest [N].
    forces: [f32; 2],
    /// Depth times way [mm²], and the greatest depth [mm].
    depths: [f32; 2],
    /// Distance from the planned line times way [mm²], and the greatest distance [mm].
    deviations: Option<[f32; 2]>,
}

impl Stroke {
    /// Time passes [s].
    pub fn pass(&mut self, dt: f32) {
        self.duration += dt;
        let patient = (PATIENCE - self.still).max(0.0);
        self.still += dt;
        self.hesitation += (dt - patient).max(0.0);
    }

    /// The blade pushes so hard [N].
    pub fn feel(&mut self, force: f32) {
        self.forces = [force, self.forces[1].max(force)];
    }

    /// Force on the tissue now [N].
    pub fn force(&self) -> f32 {
        self.forces[0]
    }

    /// What is known of it by now.
    pub fn measures(&self) -> Measures {
        let length = self.length.max(1e-6);
        Measures {
            length: self.length,
            depth: self.depths[0] / length,
            deepest: self.depths[1],
            duration: self.duration,
            hesitation: self.hesitation,
            peak_force: self.forces[1],
            torn: 0.0,
            deviation: self.deviations.map(|[sum, most]| [sum / length, most]),
        }
    }
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
        kind: Kind,
        (hit, body): (&Hit, u16),
        (pressure, time): (f32, f64),
        by_keys: Option<Vec2>,
    ) -> Command {
        let (at, outward) = (hit.rest, hit.normal);
        let edge = edge(at, outward, self.depth * pressure);
        self.stroke = Some(Stroke {
            kind,
            structure: hit.structure,
            length: 0.0,
            body,
            at,
            outward,
            edge,
            by_keys,
            duration: 0.0,
            still: 0.0,
            hesitation: 0.0,
            pace: (time, 0.0),
            forces: [0.0; 2],
            depths: [0.0; 2],
            deviations: None,
        });
        Command::Stroke
    }

    /// Draw it on to another place at `time` [ms]; what is asked of the solver for that.
    pub fn draw(
        &mut self,
        (hit, body): (&Hit, u16),
        (pressure, time): (f32, f64),
        plan: Option<&Plan>,
    ) -> Option<[Command; 2]> {
        let depth = self.depth * pressure;
        let stroke = self.stroke.as_mut()?;
        let way = (hit.rest - stroke.at).magnitude();
        if way < if stroke.kind == Kind::Scissors { SNIP } else { STEP } {
            return None;
        }
        let jumps = way > JUMP || body != stroke.body;
        let share = if jumps { 1.0 } else { 1.0 - (-way / TURNING).exp() };
        let turned = stroke.outward + (hit.normal - stroke.outward) * share;
        stroke.outward = if turned.magnitude() > 0.1 { turned.normalize() } else { hit.normal };
        let passed = (time - stroke.pace.0).max(1.0);
        let speed = way / passed as f32 * 1e3;
        let share = (1.0 - (-passed / SMOOTHING).exp()) as f32;
        stroke.pace = (time, stroke.pace.1 + (speed - stroke.pace.1) * share);
        let from = stroke.edge;
        (stroke.at, stroke.body) = (hit.rest, body);
        stroke.edge = edge(hit.rest, stroke.outward, depth);
        if jumps {
            return None;
        }
        stroke.length += way;
        stroke.still = 0.0;
        stroke.depths = [stroke.depths[0] + depth * way, stroke.depths[1].max(depth)];
        if let Some(plan) = plan.filter(|plan| plan.body == body) {
            let off = plan.distance(hit.rest);
            let [sum, most] = stroke.deviations.unwrap_or_default();
            stroke.deviations = Some([sum + off * way, most.max(off)]);
        }
        let speed = Command::Hand { speed: stroke.pace.1 };
        Some([speed, Command::Cut { from, to: stroke.edge }])
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
        assert_eq!(
            blade.set_down(Kind::Scalpel, (&hit(0.0), 1), (1.0, 0.0), None),
            Command::Stroke
        );
        assert_eq!(blade.draw((&hit(0.3), 1), (1.0, 0.0), None), None);
        let Some([_, Command::Cut { from, to }]) = blade.draw((&hit(3.0), 1), (0.5, 0.0), None)
        else {
            panic!()
        };
        assert_eq!(from, [[0.0, 0.0, ABOVE], [0.0, 0.0, -8.0]]);
        assert_eq!(to, [[3.0, 0.0, ABOVE], [3.0, 0.0, -4.0]]);
        assert!(blade.stroke.is_some_and(|s| (s.length - 3.0).abs() < 1e-6));
    }

    #[test]
    fn a_stroke_is_measured_against_the_planned_line() {
        let mut plan = Plan::new(1, vec3(0.0, 3.0, 0.0));
        plan.draw(1, vec3(20.0, 3.0, 0.0));
        let mut blade = Blade { depth: 8.0, stroke: None };
        blade.set_down(Kind::Scalpel, (&hit(0.0), 1), (1.0, 0.0), None);
        for x in [2.0, 4.0, 6.0] {
            blade.draw((&hit(x), 1), (0.5, 0.0), Some(&plan));
            blade.stroke.as_mut().unwrap().pass(0.1);
        }
        blade.stroke.as_mut().unwrap().pass(2.0);
        let measures = blade.stroke.unwrap().measures();
        assert_eq!((measures.length, measures.depth, measures.deepest), (6.0, 4.0, 4.0));
        let [mean, most] = measures.deviation.unwrap();
        assert!((mean - 3.0).abs() < 1e-5 && (most - 3.0).abs() < 1e-5);
        assert!((measures.duration - 2.3).abs() < 1e-5);
        assert!((measures.hesitation - 1.6).abs() < 1e-5, "{}", measures.hesitation);
    }

    #[test]
    fn the_hand_is_as_fast_as_the_clock_says() {
        let mut blade = Blade::default();
        blade.set_down(Kind::Scalpel, (&hit(0.0), 1), (1.0, 1000.0), None);
        let mut last = 0.0;
        for i in 1..=40 {
            let time = 1000.0 + 25.0 * f64::from(i);
            let drawn = blade.draw((&hit(2.0 * i as f32), 1), (1.0, time), None);
            let Some([Command::Hand { speed }, _]) = drawn else { panic!() };
            last = speed;
        }
        assert!((last - 80.0).abs() < 1.0, "{last} mm/s");
    }

    #[test]
    fn scissors_cut_in_snips() {
        let mut blade = Blade::default();
        blade.set_down(Kind::Scissors, (&hit(0.0), 1), (1.0, 0.0), None);
        assert_eq!(blade.draw((&hit(3.0), 1), (1.0, 0.0), None), None);
        assert!(blade.draw((&hit(6.5), 1), (1.0, 0.0), None).is_some());
    }

    #[test]
    fn nothing_is_cut_on_the_way_to_another_part_or_body() {
        let mut blade = Blade::default();
        blade.set_down(Kind::Scalpel, (&hit(0.0), 1), (1.0, 0.0), None);
        assert_eq!(blade.draw((&hit(40.0), 1), (1.0, 0.0), None), None);
        assert_eq!(blade.draw((&hit(42.0), 0), (1.0, 0.0), None), None);
        let Some([_, Command::Cut { from, .. }]) = blade.draw((&hit(44.0), 0), (1.0, 0.0), None)
        else {
            panic!()
        };
        assert_eq!(from[0][0], 42.0);
    }
}
