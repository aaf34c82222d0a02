//! The camera: a turntable around a target, up is the patient's head (+z), the front view looks along +y.

use three_d::prelude::*;

/// Vertical field of view [rad]: a long lens, organs look unbent.
const FIELD_OF_VIEW: f32 = 0.5;
/// Time in which the shown pose comes 63 % nearer to the wanted one [s].
const SETTLE_TIME: f32 = 0.075;
/// Steepest look from above or below [rad].
const STEEPEST: f32 = 1.5;

/// Where the camera stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pose {
    /// What it looks at [mm].
    pub target: Vec3,
    /// Distance to the target [mm].
    pub distance: f32,
    /// Turn around +z [rad]; 0 looks along +y, growing towards the patient's left.
    pub azimuth: f32,
    /// Height above the horizontal plane [rad].
    pub elevation: f32,
}

impl Pose {
    /// Axes of the view in the world: right, up, and back (from the target to the eye).
    pub fn axes(&self) -> [Vec3; 3] {
        let (sin_a, cos_a) = self.azimuth.sin_cos();
        let (sin_e, cos_e) = self.elevation.sin_cos();
        let back = vec3(sin_a * cos_e, -cos_a * cos_e, sin_e);
        let right = vec3(cos_a, sin_a, 0.0);
        [right, back.cross(right), back]
    }

    /// Position of the eye [mm].
    pub fn eye(&self) -> Vec3 {
        self.target + self.axes()[2] * self.distance
    }
}

/// A half-line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ray {
    /// Start [mm].
    pub origin: Vec3,
    /// Unit direction.
    pub direction: Vec3,
}

/// The camera of a view: a wanted pose, which input changes at once, and the shown one, which follows.
#[derive(Clone, Debug)]
pub struct Camera {
    goal: Pose,
    pose: Pose,
    velocity: Vec2,
    /// Size of the canvas [CSS px].
    size: Vec2,
    /// Left, top, right, bottom parts of the canvas under panels [CSS px].
    insets: [f32; 4],
    centre: Vec3,
    half_extent: Vec3,
    immediate: bool,
}

impl Camera {
    /// A camera that has nothing to look at yet. `immediate`: no motion of its own (reduced motion).
    pub fn new(immediate: bool) -> Self {
        let pose = Pose { target: Vec3::zero(), distance: 500.0, azimuth: 0.0, elevation: 0.0 };
        Self {
            goal: pose,
            pose,
            velocity: vec2(0.0, 0.0),
            size: vec2(1.0, 1.0),
            insets: [0.0; 4],
            centre: Vec3::zero(),
            half_extent: vec3(100.0, 100.0, 100.0),
            immediate,
        }
    }

    /// Canvas size [CSS px].
    pub fn set_size(&mut self, width: f32, height: f32) {
        self.size = vec2(width.max(1.0), height.max(1.0));
    }

    /// Parts of the canvas under panels [CSS px]: left, top, right, bottom. Insets that leave nothing free are ignored.
    pub fn set_insets(&mut self, insets: [f32; 4]) {
        let free = vec2(self.size.x - insets[0] - insets[2], self.size.y - insets[1] - insets[3]);
        let usable = insets.iter().all(|i| i.is_finite() && *i >= 0.0);
        self.insets = if usable && free.x > 40.0 && free.y > 40.0 { insets } else { [0.0; 4] };
    }

    /// What there is to see: the box that near and far enclose and that panning stays near [mm].
    pub fn set_bounds(&mut self, low: Vec3, high: Vec3) {
        self.centre = (low + high) * 0.5;
        self.half_extent = (high - low) * 0.5;
    }

    /// The pose on the screen.
    pub fn pose(&self) -> &Pose {
        &self.pose
    }

    /// The pose that the camera is moving to.
    pub fn goal(&self) -> &Pose {
        &self.goal
    }

    fn bounds_radius(&self) -> f32 {
        self.half_extent.magnitude().max(1.0)
    }

    /// Centre of the free part in normalised device coordinates, and its share of the width and height.
    fn free(&self) -> (Vec2, Vec2) {
        let [left, top, right, bottom] = self.insets;
        let centre = vec2((left - right) / self.size.x, (bottom - top) / self.size.y);
        let share = vec2(1.0 - (left + right) / self.size.x, 1.0 - (top + bottom) / self.size.y);
        (centre, share)
    }

    /// Look from a direction at all of a box, `at_once` or as a movement.
    pub fn frame(&mut self, low: Vec3, high: Vec3, azimuth: f32, elevation: f32, at_once: bool) {
        self.velocity = vec2(0.0, 0.0);
        self.goal.azimuth = nearest_turn(azimuth, self.goal.azimuth);
        self.goal.elevation = elevation;
        let [right, up, back] = self.goal.axes();
        let e = (high - low) * 0.5;
        let reach = |axis: Vec3| axis.x.abs() * e.x + axis.y.abs() * e.y + axis.z.abs() * e.z;
        let (_, share) = self.free();
        let tan = (FIELD_OF_VIEW * 0.5).tan();
        let aspect = self.size.x / self.size.y;
        let wide = reach(right) / (tan * aspect * share.x);
        let tall = reach(up) / (tan * share.y);
        self.goal.target = (low + high) * 0.5;
        self.goal.distance = wide.max(tall) * 1.10 + reach(back) * 0.55;
        if at_once {
            self.pose = self.goal;
        }
    }

    /// Turn by angles [rad] around the vertical and the horizontal axis of the view.
    pub fn orbit(&mut self, vertical: f32, horizontal: f32) {
        self.goal.azimuth += vertical;
        self.goal.elevation = (self.goal.elevation + horizontal).clamp(-STEEPEST, STEEPEST);
    }

    /// Turn by a drag of so many CSS pixels, lasting `dt` [s]; the speed carries on when `release`d.
    pub fn drag_orbit(&mut self, dx: f32, dy: f32, dt: f32) {
        let turn = vec2(-dx, dy) * 0.0065;
        self.orbit(turn.x, turn.y);
        self.velocity = self.velocity * 0.4 + turn / dt.max(1e-3) * 0.6;
    }

    /// The drag ended `idle` seconds after its last movement: a flick keeps turning a little.
    pub fn release(&mut self, idle: f32) {
        if !self.immediate && idle < 0.05 {
            let turn = self.velocity * 0.10;
            self.orbit(turn.x.clamp(-1.2, 1.2), turn.y.clamp(-0.6, 0.6));
        }
        self.velocity = vec2(0.0, 0.0);
    }

    /// Shift the view by fractions of its height.
    pub fn pan(&mut self, right: f32, up: f32) {
        let height = 2.0 * self.goal.distance * (FIELD_OF_VIEW * 0.5).tan();
        let [r, u, _] = self.goal.axes();
        self.goal.target += (r * right + u * up) * height;
        // the target stays near what there is to see
        let off = self.goal.target - self.centre;
        let most = self.bounds_radius() * 1.5;
        if off.magnitude() > most {
            self.goal.target = self.centre + off.normalize() * most;
        }
    }

    /// Multiply the distance; `about` [mm] stays where it is on the screen.
    pub fn zoom(&mut self, factor: f32, about: Option<Vec3>) {
        let radius = self.bounds_radius();
        let wanted = (self.goal.distance * factor).clamp(radius * 0.12, radius * 14.0);
        let factor = wanted / self.goal.distance;
        self.goal.distance = wanted;
        if let Some(about) = about {
            self.goal.target += (about - self.goal.target) * (1.0 - factor);
        }
    }

    /// Move the shown pose towards the wanted one; true while it moves.
    pub fn advance(&mut self, dt: f32) -> bool {
        let was = self.pose;
        let share = if self.immediate { 1.0 } else { 1.0 - (-dt / SETTLE_TIME).exp() };
        let pixel = self.pixel_size(self.pose.distance);
        let (g, p) = (self.goal, &mut self.pose);
        p.azimuth += (g.azimuth - p.azimuth) * share;
        p.elevation += (g.elevation - p.elevation) * share;
        p.target += (g.target - p.target) * share;
        p.distance += (g.distance - p.distance) * share;
        let near = (g.azimuth - p.azimuth).abs() < 2e-4
            && (g.elevation - p.elevation).abs() < 2e-4
            && (g.target - p.target).magnitude() < 0.1 * pixel
            && (g.distance - p.distance).abs() < 1e-4 * g.distance;
        if near {
            *p = g;
        }
        was != self.pose
    }

    /// Size of a CSS pixel at a distance from the eye [mm].
    pub fn pixel_size(&self, distance: f32) -> f32 {
        2.0 * distance * (FIELD_OF_VIEW * 0.5).tan() / self.size.y
    }

    /// World to view: x right, y up, z towards the eye.
    pub fn view_from_world(&self) -> Mat4 {
        let [r, u, b] = self.pose.axes();
        let eye = self.pose.eye();
        Mat4::new(
            r.x,
            u.x,
            b.x,
            0.0, //
            r.y,
            u.y,
            b.y,
            0.0, //
            r.z,
            u.z,
            b.z,
            0.0, //
            -r.dot(eye),
            -u.dot(eye),
            -b.dot(eye),
            1.0,
        )
    }

    /// View to clip space, off-centre so that the target is in the middle of the free part.
    pub fn clip_from_view(&self) -> Mat4 {
        let radius = self.bounds_radius() * 1.35 + 60.0;
        let depth = (self.centre - self.pose.eye()).dot(-self.pose.axes()[2]);
        let far = (depth + radius).max(10.0);
        let near = (depth - radius).max(far * 0.004).max(1.0);
        let (centre, _) = self.free();
        let f = 1.0 / (FIELD_OF_VIEW * 0.5).tan();
        let aspect = self.size.x / self.size.y;
        Mat4::new(
            f / aspect,
            0.0,
            0.0,
            0.0, //
            0.0,
            f,
            0.0,
            0.0, //
            -centre.x,
            -centre.y,
            (far + near) / (near - far),
            -1.0, //
            0.0,
            0.0,
            2.0 * far * near / (near - far),
            0.0,
        )
    }

    /// World to clip space.
    pub fn clip_from_world(&self) -> Mat4 {
        self.clip_from_view() * self.view_from_world()
    }

    /// The ray through a point of the canvas [CSS px].
    pub fn ray(&self, x: f32, y: f32) -> Ray {
        let ndc = vec2(2.0 * x / self.size.x - 1.0, 1.0 - 2.0 * y / self.size.y);
        let (centre, _) = self.free();
        let tan = (FIELD_OF_VIEW * 0.5).tan();
        let aspect = self.size.x / self.size.y;
        let [r, u, b] = self.pose.axes();
        let direction =
            r * ((ndc.x - centre.x) * tan * aspect) + u * ((ndc.y - centre.y) * tan) - b;
        Ray { origin: self.pose.eye(), direction: direction.normalize() }
    }

    /// Where the ray through a point of the canvas meets the plane through `at` across the view [mm].
    pub fn on_view_plane(&self, x: f32, y: f32, at: Vec3) -> Vec3 {
        let ray = self.ray(x, y);
        let back = self.pose.axes()[2];
        let t = (at - ray.origin).dot(back) / ray.direction.dot(back);
        ray.origin + ray.direction * t
    }

    /// Where a world point is on the canvas [CSS px]; none behind the eye.
    pub fn on_canvas(&self, at: Vec3) -> Option<Vec2> {
        let clip = self.clip_from_world() * at.extend(1.0);
        (clip.w > 1e-3).then(|| {
            vec2(
                (clip.x / clip.w + 1.0) * 0.5 * self.size.x,
                (1.0 - clip.y / clip.w) * 0.5 * self.size.y,
            )
        })
    }

    /// Middle of the free part of the canvas [CSS px].
    pub fn free_centre(&self) -> Vec2 {
        let [left, top, right, bottom] = self.insets;
        vec2((left + self.size.x - right) * 0.5, (top + self.size.y - bottom) * 0.5)
    }
}

/// The angle equal to `wanted` but for whole turns that is nearest to `from`.
fn nearest_turn(wanted: f32, from: f32) -> f32 {
    let turn = std::f32::consts::TAU;
    wanted + ((from - wanted) / turn).round() * turn
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const LOW: Vec3 = vec3(-100.0, -60.0, 0.0);
    const HIGH: Vec3 = vec3(120.0, 80.0, 150.0);

    fn camera() -> Camera {
        let mut c = Camera::new(true);
        c.set_size(1280.0, 800.0);
        c.set_bounds(LOW, HIGH);
        c.frame(LOW, HIGH, 0.0, 0.0, true);
        c
    }

    #[test]
    fn front_view_has_the_patients_left_on_the_right_and_the_head_up() {
        let c = camera();
        let middle = c.on_canvas(c.pose().target).unwrap();
        let left = c.on_canvas(c.pose().target + vec3(10.0, 0.0, 0.0)).unwrap();
        let head = c.on_canvas(c.pose().target + vec3(0.0, 0.0, 10.0)).unwrap();
        assert!(left.x > middle.x + 5.0 && (left.y - middle.y).abs() < 1e-2);
        assert!(head.y < middle.y - 5.0 && (head.x - middle.x).abs() < 1e-2);
    }

    #[test]
    fn target_is_in_the_middle_of_the_free_part() {
        let mut c = camera();
        c.set_insets([304.0, 52.0, 0.0, 100.0]);
        c.frame(LOW, HIGH, 0.4, 0.3, true);
        let at = c.on_canvas(c.pose().target).unwrap();
        let want = c.free_centre();
        assert!((at - want).magnitude() < 0.05, "{at:?} against {want:?}");
    }

    #[test]
    fn framing_keeps_every_corner_in_the_free_part() {
        for (azimuth, elevation) in [(0.0, 0.0), (0.7, 0.4), (2.4, -0.9), (-1.6, 1.4)] {
            let mut c = camera();
            c.set_insets([304.0, 64.0, 288.0, 90.0]);
            c.frame(LOW, HIGH, azimuth, elevation, true);
            for i in 0..8 {
                let corner = vec3(
                    if i & 1 == 0 { -100.0 } else { 120.0 },
                    if i & 2 == 0 { -60.0 } else { 80.0 },
                    if i & 4 == 0 { 0.0 } else { 150.0 },
                );
                let p = c.on_canvas(corner).unwrap();
                // a corner of the box may stand out a little, what is in it does not
                assert!(p.x > 274.0 && p.x < 1022.0, "{p:?}");
                assert!(p.y > 34.0 && p.y < 740.0, "{p:?}");
            }
        }
    }

    #[test]
    fn ray_and_projection_agree() {
        let mut c = camera();
        c.set_insets([300.0, 10.0, 20.0, 30.0]);
        c.frame(LOW, HIGH, 0.9, -0.5, true);
        let ray = c.ray(700.0, 321.0);
        let p = c.on_canvas(ray.origin + ray.direction * 333.0).unwrap();
        assert!((p - vec2(700.0, 321.0)).magnitude() < 0.05, "{p:?}");
        let q = c.on_view_plane(700.0, 321.0, c.pose().target);
        assert!((q - c.pose().target).dot(c.pose().axes()[2]).abs() < 1e-2);
    }

    #[test]
    fn zoom_holds_the_point_under_the_pointer() {
        let mut c = camera();
        let about = c.on_view_plane(900.0, 200.0, c.pose().target);
        c.zoom(0.5, Some(about));
        c.advance(0.016);
        let p = c.on_canvas(about).unwrap();
        assert!((p - vec2(900.0, 200.0)).magnitude() < 0.05, "{p:?}");
    }

    #[test]
    fn bounds_lie_between_near_and_far() {
        let mut c = camera();
        for factor in [0.4, 3.0, 4.0] {
            c.zoom(factor, None);
            c.advance(0.016);
            let p = c.clip_from_world() * c.pose().target.extend(1.0);
            assert!(p.z.abs() < p.w, "{p:?}");
        }
    }

    #[test]
    fn following_ends_at_the_goal() {
        let mut c = Camera::new(false);
        c.set_bounds(LOW, HIGH);
        c.frame(LOW, HIGH, 0.0, 0.0, true);
        c.orbit(1.0, 0.5);
        let mut frames = 0;
        while c.advance(1.0 / 60.0) {
            frames += 1;
            assert!(frames < 120);
        }
        assert_eq!(c.pose(), c.goal());
        assert!(frames > 5);
    }
}
