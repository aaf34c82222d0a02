//! A picture of a twin, rendered on the processor: for the library's cards, on machines without a GPU.
//!
//! A perspective camera in front, a depth buffer of 3 × 3 samples a pixel, one shadow map of the key light, and the
//! shading that the interactive view uses, sample by sample. Deterministic: the same pack gives the same bytes.

mod camera;
mod noise;
mod palette;
mod raster;
mod shade;

use std::ops::Range;

use nalgebra::Vector3;

use self::{
    camera::Camera,
    palette::{Finish, finish},
    raster::Raster,
    shade::{Lights, Material, Sample, shade},
};
use super::{
    pack::{Pack, ScanEnd, Surface},
    parallel,
};

type Vec3 = Vector3<f32>;

/// Samples along each side of a pixel.
const SAMPLES: usize = 3;
/// Pixel rows that one thread renders at a time.
const BAND: usize = 24;
/// Triangles closer to the plane where the scan ends than this are its face [mm].
const SCAN_END_REACH: f32 = 0.3;

/// Where the camera stands, seen from the patient's front.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct View {
    /// Turn around the patient's long axis [degree]; positive goes to the patient's left.
    pub turn: f32,
    /// Height above the horizon [degree]; negative looks up from below.
    pub tilt: f32,
}

impl View {
    /// From the front, a little from the patient's right and above.
    pub const FRONT: Self = Self { turn: -14.0, tilt: 12.0 };
    /// From the front and below, as a surgeon lifts the lower border: the visceral face.
    pub const BELOW: Self = Self { turn: -4.0, tilt: -34.0 };
    /// From the patient's right.
    pub const RIGHT: Self = Self { turn: -75.0, tilt: 8.0 };
    /// From the patient's left.
    pub const LEFT: Self = Self { turn: 75.0, tilt: 8.0 };
    /// From behind.
    pub const BACK: Self = Self { turn: 180.0, tilt: 8.0 };
    /// From above, where a scan that ends shows its section.
    pub const ABOVE: Self = Self { turn: -12.0, tilt: 19.0 };

    /// The view that tells most about a twin: from above where the scan ends above, to show its section; else from below.
    pub fn telling(pack: &Pack) -> Self {
        let ends_above = pack.manifest.scan_end.iter().any(|end| end.axis == 2 && end.upper);
        if ends_above { Self::ABOVE } else { Self::BELOW }
    }
}

/// A picture: sRGB with straight alpha, eight bits each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Pixels a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Red, green, blue, alpha of each pixel; rows from the top.
    pub rgba: Vec<[u8; 4]>,
}

/// Render the finest surfaces of `pack` on a transparent ground, filling the frame.
///
/// A pack without triangles gives an empty picture. `width` and `height` in pixels.
pub fn render(pack: &Pack, width: usize, height: usize, view: View) -> Picture {
    let mut picture = Picture { width, height, rgba: vec![[0; 4]; width * height] };
    let scene = Scene::new(pack);
    if scene.triangles.is_empty() || width == 0 || height == 0 {
        return picture;
    }
    let (samples_x, samples_y) = (width * SAMPLES, height * SAMPLES);
    let front = Vec3::from(pack.manifest.front);
    let camera = Camera::fit(&scene.positions, front, view, samples_x as f32, samples_y as f32);
    let projected: Vec<[f32; 3]> = scene.positions.iter().map(|&p| camera.project(p)).collect();
    let lights = Lights::new(&camera, &scene.positions, &scene.triangles);

    let bands: Vec<Range<usize>> =
        (0..height).step_by(BAND).map(|row| row..(row + BAND).min(height)).collect();
    let drawn = parallel::map(&bands, |rows| {
        let mut pixels = vec![[0; 4]; rows.len() * width];
        let rows = rows.start * SAMPLES..rows.end * SAMPLES;
        let raster = Raster::draw(&projected, &scene.triangles, samples_x, rows);
        fill(&mut pixels, width, &raster, &scene, &camera, &projected, &lights);
        pixels
    });
    picture.rgba = drawn.concat();
    picture
}

/// Shade the samples of a band and average them into its pixels.
fn fill(
    pixels: &mut [[u8; 4]],
    width: usize,
    raster: &Raster,
    scene: &Scene,
    camera: &Camera,
    projected: &[[f32; 3]],
    lights: &Lights,
) {
    for (index, pixel) in pixels.iter_mut().enumerate() {
        let (column, row) = (index % width, index / width);
        let mut sum = Vec3::zeros();
        let mut hits = 0_u32;
        for sample in 0..SAMPLES * SAMPLES {
            let x = column * SAMPLES + sample % SAMPLES;
            let y = row * SAMPLES + sample / SAMPLES;
            let Some(triangle) = raster.triangle(x, y) else { continue };
            let at = [x as f32 + 0.5, (raster.rows.start + y) as f32 + 0.5];
            let sample = scene.sample(triangle, at, projected, camera);
            sum += shade(&sample, camera, lights, scene.pack);
            hits += 1;
        }
        if hits > 0 {
            let colour = sum / hits as f32;
            let byte = |value: f32| (value * 255.0 + 0.5) as u8;
            let alpha = (hits * 255 / (SAMPLES * SAMPLES) as u32) as u8;
            *pixel = [byte(colour.x), byte(colour.y), byte(colour.z), alpha];
        }
    }
}

/// All finest surfaces as one mesh.
struct Scene<'a> {
    pack: &'a Pack,
    positions: Vec<Vec3>,
    normals: Vec<Vec3>,
    /// Ambient occlusion, self-occlusion [0, 1]; curvature [−1, 1]; thickness [mm].
    baked: Vec<[f32; 4]>,
    triangles: Vec<[u32; 3]>,
    /// Structure of each triangle, and the end of the scan it lies on.
    origin: Vec<(u16, Option<ScanEnd>)>,
    finishes: Vec<Finish>,
}

impl<'a> Scene<'a> {
    fn new(pack: &'a Pack) -> Self {
        let finishes = pack.manifest.structures.iter().map(finish).collect();
        let mut scene = Self {
            pack,
            positions: Vec::new(),
            normals: Vec::new(),
            baked: Vec::new(),
            triangles: Vec::new(),
            origin: Vec::new(),
            finishes,
        };
        for surface in pack.surfaces.iter().filter(|surface| surface.level == 0) {
            scene.add(surface);
        }
        scene
    }

    fn add(&mut self, surface: &Surface) {
        let base = self.positions.len() as u32;
        self.positions.extend(surface.positions.iter().map(|&p| Vec3::from(p)));
        self.baked.extend(surface.baked.iter().map(|&[near, own, curvature, thickness]| {
            let unit = |byte: u8| f32::from(byte) / 255.0;
            [unit(near), unit(own), (f32::from(curvature) - 128.0) / 127.0, unit(thickness) * 40.0]
        }));
        let first = self.triangles.len();
        for &[a, b, c] in &surface.triangles {
            let triangle = [base + a, base + b, base + c];
            let scan_end = self.scan_end(triangle);
            self.triangles.push(triangle);
            self.origin.push((surface.structure, scan_end));
        }
        // The rim of a section face is an edge of tissue: its normals come from the tissue alone.
        let mut normals = vec![Vec3::zeros(); surface.positions.len()];
        for section in [false, true] {
            let mut sums = vec![Vec3::zeros(); surface.positions.len()];
            for index in first..self.triangles.len() {
                if self.origin[index].1.is_some() == section {
                    let normal = self.area_normal(index);
                    for vertex in self.triangles[index] {
                        sums[(vertex - base) as usize] += normal;
                    }
                }
            }
            for (normal, sum) in normals.iter_mut().zip(sums) {
                if normal.norm_squared() == 0.0 {
                    *normal = sum;
                }
            }
        }
        self.normals.extend(normals.iter().map(|n| n.try_normalize(0.0).unwrap_or(Vec3::z())));
    }

    /// The end of the scan that this triangle lies on.
    fn scan_end(&self, triangle: [u32; 3]) -> Option<ScanEnd> {
        self.pack.manifest.scan_end.iter().copied().find(|end| {
            let axis = usize::from(end.axis.min(2));
            triangle.iter().all(|&vertex| {
                (self.positions[vertex as usize][axis] - end.position).abs() < SCAN_END_REACH
            })
        })
    }

    /// Outward normal, as long as twice the area [mm²].
    fn area_normal(&self, index: usize) -> Vec3 {
        let [a, b, c] = self.triangles[index].map(|vertex| self.positions[vertex as usize]);
        (b - a).cross(&(c - a))
    }

    /// The point of `triangle` under a sample, with everything that shading needs.
    fn sample(
        &self,
        triangle: u32,
        at: [f32; 2],
        projected: &[[f32; 3]],
        camera: &Camera,
    ) -> Sample<'_> {
        let index = triangle as usize;
        let vertices = self.triangles[index].map(|vertex| vertex as usize);
        let weights = raster::perspective_weights(vertices.map(|vertex| projected[vertex]), at);
        let blend = |of: &[Vec3]| -> Vec3 {
            (0..3).map(|corner| of[vertices[corner]] * weights[corner]).sum()
        };
        let baked = std::array::from_fn(|channel| {
            (0..3).map(|corner| self.baked[vertices[corner]][channel] * weights[corner]).sum()
        });
        let position = blend(&self.positions);
        let (structure, scan_end) = self.origin[index];
        let normal =
            if scan_end.is_some() { self.area_normal(index) } else { blend(&self.normals) };
        let view = (camera.eye - position).normalize();
        let mut normal = normal.try_normalize(0.0).unwrap_or(view);
        if normal.dot(&view) < 0.0 {
            // A smooth normal may lean behind the silhouette: turn it up to it.
            normal = (normal - view * (normal.dot(&view) - 1e-3)).normalize();
        }
        let material = match scan_end {
            Some(end) => Material::ScanEnd(end),
            None => Material::Tissue,
        };
        let finish = &self.finishes[usize::from(structure)];
        Sample { position, normal, view, baked, finish, material, seed: seed(at) }
    }
}

/// A number in [0, 1) that differs between neighbouring samples [Jimenez 2014, interleaved gradient noise].
fn seed([x, y]: [f32; 2]) -> f32 {
    (52.982_918 * (0.067_110_56 * x + 0.005_837_15 * y).fract()).fract()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::twin::pack::{Manifest, Structure, Tissue, Volume};

    /// A ball of liver of 60 mm radius around (10, −20, 30) mm.
    fn ball() -> Pack {
        let (rings, sectors) = (48_u32, 96_u32);
        let mut positions = Vec::new();
        for ring in 0..=rings {
            for sector in 0..sectors {
                let (tilt, turn) = (
                    std::f32::consts::PI * ring as f32 / rings as f32,
                    std::f32::consts::TAU * sector as f32 / sectors as f32,
                );
                let [x, y, z] = [tilt.sin() * turn.cos(), tilt.sin() * turn.sin(), tilt.cos()];
                positions.push([10.0 + 60.0 * x, -20.0 + 60.0 * y, 30.0 + 60.0 * z]);
            }
        }
        let mut triangles = Vec::new();
        for ring in 0..rings {
            for sector in 0..sectors {
                let next = (sector + 1) % sectors;
                let [a, b] = [ring * sectors + sector, ring * sectors + next];
                triangles.push([a, a + sectors, b]);
                triangles.push([b, a + sectors, b + sectors]);
            }
        }
        let structure = Structure {
            id: "liver".to_owned(),
            label: 1,
            volume_ml: 0.0,
            label_volume_ml: 0.0,
            closed: true,
            body: None,
            name: "Liver".to_owned(),
            ta2: String::new(),
            tissue: Tissue::Liver,
            colour: [120, 48, 40],
            function: String::new(),
            relations: String::new(),
        };
        let baked = vec![[255, 255, 128, 255]; positions.len()];
        Pack {
            manifest: Manifest {
                id: "ball".to_owned(),
                title: "Ball".to_owned(),
                provenance: Vec::new(),
                structures: vec![structure],
                scan_end: Vec::new(),
                image_window: None,
                front: [0.0, 1.0, 0.0],
                warnings: Vec::new(),
                bodies: Vec::new(),
                supports: Vec::new(),
                cavities: Vec::new(),
            },
            surfaces: vec![Surface {
                structure: 0,
                level: 0,
                positions,
                baked,
                dual_cells: Vec::new(),
                triangles,
            }],
            scene: solver_wasm::scene::Scene::default(),
            labels: Volume {
                dims: [0; 3],
                origin: [0.0; 3],
                spacing: [1.0; 3],
                voxels: Vec::new(),
            },
            image: None,
        }
    }

    fn pixel(picture: &Picture, x: usize, y: usize) -> [u8; 4] {
        picture.rgba[y * picture.width + x]
    }

    #[test]
    fn a_ball_fills_the_frame_on_a_transparent_ground() {
        let picture = render(&ball(), 120, 80, View::FRONT);
        for corner in [(0, 0), (119, 0), (0, 79), (119, 79)] {
            assert_eq!(pixel(&picture, corner.0, corner.1), [0; 4]);
        }
        let rows: Vec<usize> =
            (0..80).filter(|&y| (0..120).any(|x| pixel(&picture, x, y)[3] > 0)).collect();
        // 3 % stay free above and below; the ball is round, so its height decides.
        assert!(
            (1..=4).contains(&rows[0]) && (75..=78).contains(&rows[rows.len() - 1]),
            "{rows:?}"
        );
        assert_eq!(pixel(&picture, 60, 40)[3], 255);
    }

    #[test]
    fn the_liver_is_red_and_lit_from_the_upper_left() {
        let picture = render(&ball(), 120, 80, View::FRONT);
        let [red, green, blue, _] = pixel(&picture, 60, 40);
        assert!(red > 2 * green && red > 2 * blue, "{red} {green} {blue}");
        let brightness = |x: usize, y: usize| -> u32 {
            pixel(&picture, x, y)[..3].iter().map(|&byte| u32::from(byte)).sum()
        };
        assert!(brightness(42, 26) > 2 * brightness(82, 62));
    }

    #[test]
    fn the_same_pack_gives_the_same_bytes() {
        assert!(render(&ball(), 60, 40, View::BELOW) == render(&ball(), 60, 40, View::BELOW));
    }

    #[test]
    fn what_stands_in_the_lamp_throws_a_shadow() {
        let mut pack = ball();
        let lit = render(&pack, 120, 80, View::FRONT);
        // A small ball between the lamp and the upper left of the large one.
        let mut small = pack.surfaces[0].clone();
        for position in &mut small.positions {
            let towards_lamp = [-46.0, -60.0, 66.0];
            *position = std::array::from_fn(|i| {
                let centre = [10.0, -20.0, 30.0][i];
                centre + (position[i] - centre) * 0.15 + towards_lamp[i] * 1.0
            });
        }
        pack.surfaces.push(small);
        let shaded = render(&pack, 120, 80, View::FRONT);
        let darkest = |picture: &Picture| {
            let opaque = picture.rgba.iter().filter(|pixel| pixel[3] == 255);
            opaque.map(|pixel| pixel[0]).min().unwrap_or(0)
        };
        assert!(lit != shaded && darkest(&shaded) <= darkest(&lit));
    }

    #[test]
    fn nothing_to_show_is_an_empty_picture() {
        let mut pack = ball();
        pack.surfaces.clear();
        assert!(render(&pack, 8, 8, View::FRONT).rgba.iter().all(|&pixel| pixel == [0; 4]));
    }
}
