//! A tiling volume of noise that gives tissue its relief and its unequal colour.

use three_d::{CpuTexture3D, Interpolation, Mipmap, TextureData, Wrapping};

/// Voxels along an edge.
const SIZE: usize = 64;
/// Noise cells along an edge in the first octave.
const CELLS: usize = 8;

/// A hash of a lattice point to [-1, 1).
fn lattice_value(x: usize, y: usize, z: usize, cells: usize, seed: u32) -> f32 {
    let n = ((z % cells) * cells + y % cells) * cells + x % cells;
    let mut h = (n as u32).wrapping_mul(0x9e37_79b9) ^ seed;
    h = (h ^ h >> 16).wrapping_mul(0x85eb_ca6b);
    h = (h ^ h >> 13).wrapping_mul(0xc2b2_ae35);
    h ^= h >> 16;
    h as f32 / 2_147_483_648.0 - 1.0
}

/// One octave of value noise with quintic fades at every voxel.
fn octave(cells: usize, seed: u32) -> Vec<f32> {
    let step: Vec<(usize, f32)> = (0..SIZE)
        .map(|i| {
            let x = i as f32 * cells as f32 / SIZE as f32;
            let f = x.fract();
            (x as usize, f * f * f * (f * (f * 6.0 - 15.0) + 10.0))
        })
        .collect();
    let mut values = Vec::with_capacity(SIZE * SIZE * SIZE);
    for &(z, fz) in &step {
        for &(y, fy) in &step {
            let row = |x: usize| {
                let at = |dy: usize, dz: usize| lattice_value(x, y + dy, z + dz, cells, seed);
                let near = at(0, 0) * (1.0 - fy) + at(1, 0) * fy;
                let far = at(0, 1) * (1.0 - fy) + at(1, 1) * fy;
                near * (1.0 - fz) + far * fz
            };
            let rows: Vec<f32> = (0..cells).map(row).collect();
            for &(x, fx) in &step {
                values.push(rows[x] * (1.0 - fx) + rows[(x + 1) % cells] * fx);
            }
        }
    }
    values
}

/// The volume: gradient in rgb around ½, value in a around ½; repeats on every side.
pub fn volume() -> CpuTexture3D {
    let (a, b) = (octave(CELLS, 17), octave(CELLS * 2, 91));
    let value: Vec<f32> = a.iter().zip(&b).map(|(a, b)| a + 0.45 * b).collect();
    let at = |x: usize, y: usize, z: usize| value[((z % SIZE) * SIZE + y % SIZE) * SIZE + x % SIZE];
    let byte = |v: f32| (v * 127.0 + 127.5).clamp(0.0, 255.0) as u8;
    let mut data = Vec::with_capacity(SIZE * SIZE * SIZE);
    for z in 0..SIZE {
        for y in 0..SIZE {
            for x in 0..SIZE {
                let slope = 1.6;
                data.push([
                    byte((at(x + 1, y, z) - at(x + SIZE - 1, y, z)) * slope),
                    byte((at(x, y + 1, z) - at(x, y + SIZE - 1, z)) * slope),
                    byte((at(x, y, z + 1) - at(x, y, z + SIZE - 1)) * slope),
                    byte(at(x, y, z) * 0.75),
                ]);
            }
        }
    }
    CpuTexture3D {
        name: "noise".into(),
        data: TextureData::RgbaU8(data),
        width: SIZE as u32,
        height: SIZE as u32,
        depth: SIZE as u32,
        min_filter: Interpolation::Linear,
        mag_filter: Interpolation::Linear,
        mipmap: Some(Mipmap { max_ratio: 1, ..Default::default() }),
        wrap_s: Wrapping::Repeat,
        wrap_t: Wrapping::Repeat,
        wrap_r: Wrapping::Repeat,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn noise_tiles_and_is_balanced() {
        let TextureData::RgbaU8(data) = volume().data else { panic!("rgba") };
        let at = |x: usize, y: usize, z: usize| data[(z * SIZE + y) * SIZE + x];
        let mean: f64 = data.iter().map(|t| f64::from(t[3])).sum::<f64>() / data.len() as f64;
        assert!((mean - 127.5).abs() < 8.0, "{mean}");
        // across the seam it changes no faster than inside
        let jump = |a: [u8; 4], b: [u8; 4]| i32::from(a[3]).abs_diff(i32::from(b[3]));
        let inside = (0..SIZE).map(|y| jump(at(30, y, 5), at(31, y, 5))).max().unwrap();
        let seam = (0..SIZE).map(|y| jump(at(SIZE - 1, y, 5), at(0, y, 5))).max().unwrap();
        assert!(seam <= inside * 2 + 4, "{seam} against {inside}");
    }
}
