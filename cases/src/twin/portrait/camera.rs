//! A perspective camera that fills its frame.

use super::{Vec3, View};

/// Tangent of half the vertical opening: 24° in all, a long lens that keeps organs in proportion.
const HALF_HEIGHT: f32 = 0.212_56;
/// Share of the frame that stays free on each side.
const MARGIN: f32 = 0.03;

/// Where the picture is taken from.
#[derive(Clone, Debug)]
pub struct Camera {
    /// Position [mm].
    pub eye: Vec3,
    /// Unit axes of the view: right, up, towards the viewer.
    pub axes: [Vec3; 3],
    /// Pixels a unit of tangent.
    scale: f32,
    /// Middle of the frame [pixel].
    middle: [f32; 2],
}

impl Camera {
    /// Look along `front`, turned as `view` says, from where `points` just fill `width` × `height` pixels.
    pub fn fit(points: &[Vec3], front: Vec3, view: View, width: f32, height: f32) -> Self {
        let up = Vec3::z();
        let front = front.try_normalize(1e-6).unwrap_or(Vec3::y());
        let front = (front - up * front.dot(&up)).try_normalize(1e-6).unwrap_or(Vec3::y());
        let right = front.cross(&up);
        let (turn, tilt) = (view.turn.to_radians(), view.tilt.to_radians());
        let level = right * turn.sin() - front * turn.cos();
        let back = level * tilt.cos() + up * tilt.sin();
        let side = up.cross(&level);
        let axes = [side, back.cross(&side), back];

        let scale = height / (2.0 * HALF_HEIGHT);
        let mut camera =
            Self { eye: Vec3::zeros(), axes, scale, middle: [width / 2.0, height / 2.0] };
        let (low, high) = bounds(points.iter().map(|p| axes.map(|axis| axis.dot(p))));
        let mut centre: [f32; 3] = std::array::from_fn(|i| (low[i] + high[i]) / 2.0);
        let mut distance =
            (high[2] - low[2]) + 4.0 * (high[1] - low[1]).max(high[0] - low[0]).max(1.0);
        // Each round centres and scales what the last one saw; converges in a few.
        for _ in 0..12 {
            camera.stand(centre, distance);
            let (low, high) = bounds(points.iter().map(|&p| camera.project(p)));
            let fill_x = (high[0] - low[0]) / (width * (1.0 - 2.0 * MARGIN));
            let fill_y = (high[1] - low[1]) / (height * (1.0 - 2.0 * MARGIN));
            let millimetre = distance / scale;
            centre[0] += ((low[0] + high[0]) / 2.0 - camera.middle[0]) * millimetre;
            centre[1] -= ((low[1] + high[1]) / 2.0 - camera.middle[1]) * millimetre;
            distance *= fill_x.max(fill_y);
        }
        camera.stand(centre, distance);
        camera
    }

    /// Stand in front of a point given along the axes of the view.
    fn stand(&mut self, [x, y, z]: [f32; 3], distance: f32) {
        self.eye = self.axes[0] * x + self.axes[1] * y + self.axes[2] * (z + distance);
    }

    /// Column, row [pixel] and nearness (1 / depth [1/mm]) of a point [mm]; nearness is linear across a triangle.
    pub fn project(&self, point: Vec3) -> [f32; 3] {
        let offset = point - self.eye;
        // Nothing lies at or behind the eye once the camera stands; while it is being placed, this keeps numbers finite.
        let nearness = 1.0 / (-offset.dot(&self.axes[2])).max(1.0);
        let x = offset.dot(&self.axes[0]) * nearness * self.scale;
        let y = offset.dot(&self.axes[1]) * nearness * self.scale;
        [self.middle[0] + x, self.middle[1] - y, nearness]
    }

    /// A direction given along right, up and towards the viewer, in patient space.
    pub fn direction(&self, x: f32, y: f32, z: f32) -> Vec3 {
        (self.axes[0] * x + self.axes[1] * y + self.axes[2] * z).normalize()
    }

    /// A direction of patient space along right, up and towards the viewer.
    pub fn in_view(&self, direction: Vec3) -> Vec3 {
        Vec3::new(
            direction.dot(&self.axes[0]),
            direction.dot(&self.axes[1]),
            direction.dot(&self.axes[2]),
        )
    }
}

/// Lowest and highest coordinate of points.
pub fn bounds(points: impl Iterator<Item = [f32; 3]>) -> ([f32; 3], [f32; 3]) {
    points.fold(([f32::INFINITY; 3], [f32::NEG_INFINITY; 3]), |(low, high), p| {
        (std::array::from_fn(|i| low[i].min(p[i])), std::array::from_fn(|i| high[i].max(p[i])))
    })
}
