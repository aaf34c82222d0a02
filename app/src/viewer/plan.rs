//! The line that an incision is planned along, inked on tissue at rest: it is carried by what it is drawn on.

use three_d::prelude::*;

/// Most points of a line: as many as the shader looks at.
pub const MOST: usize = 48;
/// Way from one point to the next, to begin with [mm].
const SPACING: f32 = 2.0;
/// A longer way than this is a jump to another part of the surface [mm].
const JUMP: f32 = 25.0;
/// A line that is taken up again within this of its end goes on [mm].
const REACH: f32 = 6.0;

/// A planned line.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The body that it is drawn on.
    pub body: u16,
    /// Places on the surface at rest [mm], from its beginning; at least one.
    points: Vec<Vec3>,
    spacing: f32,
}

impl Plan {
    /// A line that begins here.
    pub fn new(body: u16, at: Vec3) -> Self {
        Self { body, points: vec![at], spacing: SPACING }
    }

    /// Places on the surface at rest [mm].
    pub fn points(&self) -> &[Vec3] {
        &self.points
    }

    /// Does a line that is set down here go on with this one?
    pub fn goes_on(&self, body: u16, at: Vec3) -> bool {
        let end = self.points[self.points.len() - 1];
        body == self.body && self.points.len() > 1 && (at - end).magnitude() < REACH
    }

    /// Draw it on to here; did it grow?
    pub fn draw(&mut self, body: u16, at: Vec3) -> bool {
        let way = (at - self.points[self.points.len() - 1]).magnitude();
        if body != self.body || way < self.spacing || way > JUMP.max(2.0 * self.spacing) {
            return false;
        }
        self.points.push(at);
        if self.points.len() > MOST {
            // Every second one goes, the ends stay.
            let last = self.points.len() - 1;
            let mut index = 0;
            self.points.retain(|_| {
                index += 1;
                (index - 1) % 2 == 0 || index - 1 == last
            });
            self.spacing *= 2.0;
        }
        true
    }

    /// Length [mm].
    pub fn length(&self) -> f32 {
        self.points.windows(2).map(|w| (w[1] - w[0]).magnitude()).sum()
    }

    /// Distance of a place from it [mm].
    pub fn distance(&self, at: Vec3) -> f32 {
        let to_piece = |w: &[Vec3]| {
            let (along, from) = (w[1] - w[0], at - w[0]);
            let share = from.dot(along) / along.magnitude2().max(1e-12);
            (from - along * share.clamp(0.0, 1.0)).magnitude()
        };
        let first = (at - self.points[0]).magnitude();
        self.points.windows(2).map(to_piece).fold(first, f32::min)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn a_long_line_keeps_its_ends_and_its_length() {
        let mut plan = Plan::new(0, Vec3::zero());
        for i in 1..=1000 {
            plan.draw(0, vec3(0.5 * i as f32, 0.0, 0.0));
        }
        assert!(plan.points().len() <= MOST);
        assert_eq!(plan.points()[0], Vec3::zero());
        assert!((480.0..=500.0).contains(&plan.length()), "{}", plan.length());
        assert!((plan.distance(vec3(100.0, 3.0, 4.0)) - 5.0).abs() < 1e-3);
        assert!(plan.distance(vec3(-3.0, 0.0, 4.0)) > 4.99);
    }

    #[test]
    fn it_stays_on_its_body_and_does_not_jump() {
        let mut plan = Plan::new(1, Vec3::zero());
        assert!(!plan.draw(0, vec3(3.0, 0.0, 0.0)));
        assert!(!plan.draw(1, vec3(300.0, 0.0, 0.0)));
        assert!(!plan.goes_on(1, vec3(1.0, 0.0, 0.0)), "a dot is no line");
        assert!(plan.draw(1, vec3(3.0, 0.0, 0.0)));
        assert!(plan.goes_on(1, vec3(6.0, 0.0, 0.0)));
        assert!(!plan.goes_on(0, vec3(6.0, 0.0, 0.0)));
    }
}
