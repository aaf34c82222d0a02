//! Signed distances between grid points: of rigid obstacles on their grid, of a body over the corners of a cell.

use nalgebra::Vector3;

use crate::{
    real::{Real, real},
    scene::Obstacle,
};

/// Value and gradient of the trilinear function with these values at the corners of the unit cube (corner `c` at
/// (c & 1, c >> 1 & 1, c >> 2)).
#[inline(always)]
pub(crate) fn trilinear(values: &[Real; 8], at: Vector3<Real>) -> (Real, Vector3<Real>) {
    let v = values;
    let (x, y, z) = (at.x, at.y, at.z);
    // Differences along x on the four edges, then the values between.
    let dx = [v[1] - v[0], v[3] - v[2], v[5] - v[4], v[7] - v[6]];
    let low = [v[0] + x * dx[0], v[2] + x * dx[1], v[4] + x * dx[2], v[6] + x * dx[3]];
    let dy = [low[1] - low[0], low[3] - low[2]];
    let middle = [low[0] + y * dy[0], low[2] + y * dy[1]];
    let dz = middle[1] - middle[0];
    let slope_x = [dx[0] + y * (dx[1] - dx[0]), dx[2] + y * (dx[3] - dx[2])];
    let gradient =
        Vector3::new(slope_x[0] + z * (slope_x[1] - slope_x[0]), dy[0] + z * (dy[1] - dy[0]), dz);
    (middle[0] + z * dz, gradient)
}

impl Obstacle {
    /// No less than this is the distance [mm] at any place within `reach` [mm] of a point along each axis; none if there is
    /// none at any.
    pub(crate) fn least_distance(&self, point: Vector3<Real>, reach: Real) -> Option<Real> {
        let spacing = real(self.spacing);
        let (mut low, mut high) = ([0_usize; 3], [0_usize; 3]);
        for axis in 0..3 {
            let x = point[axis] - real(self.origin[axis]);
            let last = usize::from(self.dims[axis].checked_sub(1)?);
            if x + reach < 0.0 || x - reach > last as Real * spacing {
                return None;
            }
            // Saturates; the corner before and the corner after.
            low[axis] = ((x - reach) / spacing) as usize;
            high[axis] = last.min(((x + reach) / spacing) as usize + 1);
        }
        let [nx, ny, _] = self.dims.map(usize::from);
        let mut least = i8::MAX;
        for k in low[2]..=high[2] {
            for j in low[1]..=high[1] {
                let row = nx * (j + ny * k);
                for value in self.distances.get(row + low[0]..=row + high[0])? {
                    least = least.min(*value);
                }
            }
        }
        (least < i8::MAX).then(|| Real::from(least) * real(Self::UNIT) * spacing)
    }

    /// Distances are stored in this part of the grid's spacing.
    pub const UNIT: f32 = 1.0 / 16.0;

    /// Signed distance [mm] and its gradient at a world position [mm]; none outside the grid, or where the distance is beyond
    /// what the grid can say.
    pub(crate) fn distance(&self, point: Vector3<Real>) -> Option<(Real, Vector3<Real>)> {
        let spacing = real(self.spacing);
        let mut corner = [0_usize; 3];
        let mut local = Vector3::zeros();
        for axis in 0..3 {
            let x = (point[axis] - real(self.origin[axis])) / spacing;
            let last = Real::from(self.dims[axis]) - 1.0;
            if !(0.0..last).contains(&x) {
                return None;
            }
            corner[axis] = x as usize;
            local[axis] = x - corner[axis] as Real;
        }
        let [nx, ny, _] = self.dims.map(usize::from);
        let mut values = [0.0; 8];
        for (c, value) in values.iter_mut().enumerate() {
            let [i, j, k] = [0, 1, 2].map(|axis| corner[axis] + (c >> axis & 1));
            let stored = *self.distances.get(i + nx * (j + ny * k))?;
            if stored == i8::MAX {
                return None;
            }
            *value = Real::from(stored);
        }
        let (value, gradient) = trilinear(&values, local);
        let unit = real(Self::UNIT);
        Some((value * unit * spacing, gradient * unit))
    }
}
