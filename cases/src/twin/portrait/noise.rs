//! The relief and mottle of tissue: value noise in rest space, with its slope.

use super::Vec3;

/// Cells of the first octave along one period.
const CELLS: f32 = 8.0;

/// Noise at a place.
#[derive(Clone, Copy, Debug)]
pub struct Grain {
    /// Slope, about −1 to 1 along each axis.
    pub slope: Vec3,
    /// Value, about 0 to 1.
    pub value: f32,
}

/// Two octaves of noise at `position` [mm], whose features are an eighth of `period` [mm] and smaller.
pub fn grain(position: Vec3, period: f32) -> Grain {
    let at = position * (CELLS / period);
    let (coarse, coarse_slope) = octave(at, 17);
    let (fine, fine_slope) = octave(at * 2.0, 91);
    Grain {
        slope: (coarse_slope + fine_slope * 0.9) * 0.4,
        value: 0.5 + 0.375 * (coarse + 0.45 * fine),
    }
}

/// Value in [−1, 1] with quintic fades between lattice points, and its gradient.
fn octave(at: Vec3, seed: u32) -> (f32, Vec3) {
    let floor = at.map(f32::floor);
    let f = at - floor;
    let [x, y, z] = [floor.x as i32, floor.y as i32, floor.z as i32];
    let fade = f.map(|t| t * t * t * (t * (t * 6.0 - 15.0) + 10.0));
    let rate = f.map(|t| 30.0 * t * t * (t - 1.0) * (t - 1.0));
    let corner = |i: i32| lattice_value(x + (i & 1), y + (i >> 1 & 1), z + (i >> 2 & 1), seed);
    let c: [f32; 8] = std::array::from_fn(|i| corner(i as i32));
    let mix = |a: f32, b: f32, t: f32| a + (b - a) * t;
    let [x00, x10] = [mix(c[0], c[1], fade.x), mix(c[2], c[3], fade.x)];
    let [x01, x11] = [mix(c[4], c[5], fade.x), mix(c[6], c[7], fade.x)];
    let [y0, y1] = [mix(x00, x10, fade.y), mix(x01, x11, fade.y)];
    let along_x =
        mix(mix(c[1] - c[0], c[3] - c[2], fade.y), mix(c[5] - c[4], c[7] - c[6], fade.y), fade.z);
    let along_y = mix(x10 - x00, x11 - x01, fade.z);
    let slope = Vec3::new(along_x * rate.x, along_y * rate.y, (y1 - y0) * rate.z);
    (mix(y0, y1, fade.z), slope)
}

/// A hash of a lattice point to [−1, 1).
fn lattice_value(x: i32, y: i32, z: i32, seed: u32) -> f32 {
    let mut hash = (x as u32).wrapping_mul(0x8da6_b343)
        ^ (y as u32).wrapping_mul(0xd816_3841)
        ^ (z as u32).wrapping_mul(0xcb1a_b31f)
        ^ seed;
    hash = (hash ^ (hash >> 16)).wrapping_mul(0x85eb_ca6b);
    hash = (hash ^ (hash >> 13)).wrapping_mul(0xc2b2_ae35);
    hash ^= hash >> 16;
    hash as f32 / 2_147_483_648.0 - 1.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slope_is_the_derivative() {
        let at = Vec3::new(3.3, -1.7, 8.2);
        let (_, slope) = octave(at, 5);
        let step = 1e-2;
        for axis in 0..3 {
            let mut offset = Vec3::zeros();
            offset[axis] = step;
            let difference = (octave(at + offset, 5).0 - octave(at - offset, 5).0) / (2.0 * step);
            assert!(
                (difference - slope[axis]).abs() < 2e-3,
                "{axis}: {difference} {}",
                slope[axis]
            );
        }
    }
}
