//! The shading of one sample. Linear colour until [`encode`].

use super::{
    Vec3,
    camera::{Camera, bounds},
    noise::grain,
    palette::Finish,
    raster::Raster,
};
use crate::twin::pack::{Pack, ScanEnd, Volume};

/// Colour of the key light: the operating lamp.
const KEY: [f32; 3] = [2.30, 2.24, 2.14];
/// Colour of the fill light: a cool window.
const FILL: [f32; 3] = [0.34, 0.42, 0.52];
/// Side of the shadow map [texel].
const SHADOW_SIZE: usize = 2048;
/// Samples of the shadow map at each point.
const SHADOW_TAPS: usize = 12;

/// What a sample shows.
#[derive(Clone, Copy, Debug)]
pub enum Material {
    /// The surface of a structure.
    Tissue,
    /// The face where the scan ends.
    ScanEnd(ScanEnd),
}

/// A visible point.
#[derive(Clone, Copy, Debug)]
pub struct Sample<'a> {
    /// Rest position [mm].
    pub position: Vec3,
    /// Unit normal, towards the viewer.
    pub normal: Vec3,
    /// Unit direction to the viewer.
    pub view: Vec3,
    /// Ambient occlusion, self-occlusion [0, 1]; curvature [−1, 1]; thickness [mm].
    pub baked: [f32; 4],
    /// How its structure looks.
    pub finish: &'a Finish,
    /// What it shows.
    pub material: Material,
    /// A number in [0, 1) that differs between neighbouring samples.
    pub seed: f32,
}

/// Three lights, fixed to the camera, and the key light's shadow.
#[derive(Clone, Debug)]
pub struct Lights {
    key: Vec3,
    fill: Vec3,
    rim: Vec3,
    /// Two axes across the key light.
    across: [Vec3; 2],
    /// Corner and texel size of the shadow map [mm].
    corner: [f32; 2],
    texel: f32,
    /// Height towards the light of what it meets first [mm].
    shadow: Raster,
}

impl Lights {
    /// Lights for a camera, and what they meet of a mesh [mm].
    pub fn new(camera: &Camera, positions: &[Vec3], triangles: &[[u32; 3]]) -> Self {
        let key = camera.direction(-0.42, 0.62, 0.66);
        let across_x = key.cross(&camera.axes[1]).normalize();
        let across = [across_x, key.cross(&across_x)];
        let seen: Vec<[f32; 3]> =
            positions.iter().map(|p| [p.dot(&across[0]), p.dot(&across[1]), p.dot(&key)]).collect();
        let (low, high) = bounds(seen.iter().copied());
        let texel = (high[0] - low[0]).max(high[1] - low[1]).max(1.0) / (SHADOW_SIZE - 4) as f32;
        let corner = [low[0] - 2.0 * texel, low[1] - 2.0 * texel];
        let on_map: Vec<[f32; 3]> = seen
            .iter()
            .map(|&[x, y, z]| [(x - corner[0]) / texel, (y - corner[1]) / texel, z])
            .collect();
        let shadow = Raster::draw(&on_map, triangles, SHADOW_SIZE, 0..SHADOW_SIZE);
        let fill = camera.direction(0.80, 0.06, 0.58);
        let rim = camera.direction(0.35, 0.45, -0.82);
        Self { key, fill, rim, across, corner, texel, shadow }
    }

    /// Share of the key light that reaches a point: 1 in the open, 0 in deep shadow. The penumbra widens with the
    /// distance to what blocks [Fernando 2005].
    fn reaching(&self, sample: &Sample) -> f32 {
        let at = sample.position + sample.normal * 1.2;
        let (x, y) =
            (at.dot(&self.across[0]) - self.corner[0], at.dot(&self.across[1]) - self.corner[1]);
        let height = at.dot(&self.key) + 0.4;
        let blockers = |radius: f32| {
            let taps = (0..SHADOW_TAPS).map(move |tap| {
                let angle = (tap as f32 * 2.399_963) + sample.seed * std::f32::consts::TAU;
                let distance = radius * ((tap as f32 + 0.5) / SHADOW_TAPS as f32).sqrt();
                let column = ((x + distance * angle.cos()) / self.texel) as usize;
                let row = ((y + distance * angle.sin()) / self.texel) as usize;
                self.shadow.nearness(column.min(SHADOW_SIZE - 1), row.min(SHADOW_SIZE - 1)) - height
            });
            taps.filter(|above| *above > 0.0)
        };
        let (count, sum) =
            blockers(7.0).fold((0, 0.0), |(count, sum), above| (count + 1, sum + above));
        if count == 0 {
            return 1.0;
        }
        let penumbra = (0.22 * sum / count as f32).clamp(0.7, 9.0);
        1.0 - blockers(penumbra).count() as f32 / SHADOW_TAPS as f32
    }
}

/// sRGB colour in [0, 1] of a sample.
pub fn shade(sample: &Sample, camera: &Camera, lights: &Lights, pack: &Pack) -> Vec3 {
    encode(match sample.material {
        Material::Tissue => tissue(sample, camera, lights),
        Material::ScanEnd(end) => scan_end(sample, end, lights, pack.image.as_ref()),
    })
}

fn tissue(sample: &Sample, camera: &Camera, lights: &Lights) -> Vec3 {
    let Sample { position, normal, view, baked, finish, .. } = *sample;
    let [near_occlusion, _, curvature, thickness] = baked;
    let [g6, g13, g31, g90] = [6.1, 13.3, 31.7, 90.0].map(|period| grain(position, period));
    let offset = Vec3::new(11.3, 7.1, 3.7);
    let [c37, c120] = [37.0, 120.0].map(|period| grain(position + offset, period).value);

    // The tissue's relief, and the smoother film above it.
    let fine = g6.slope * 0.34 + g13.slope * 0.50;
    let coarse = g31.slope * 0.62 + g90.slope * 0.8;
    let tilted = |slope: Vec3| (normal - (slope - normal * normal.dot(&slope))).normalize();
    let rough_normal = tilted(fine * finish.relief[0] + coarse * finish.relief[1]);
    let coat_normal = tilted(fine * (0.15 * finish.relief[0]) + coarse * (0.60 * finish.relief[1]));

    // Two depths of blood, paler on ridges; vessels where the noise passes through its middle.
    let blood = 0.5 + (c37 - 0.5) * 0.5 + (c120 - 0.5) * 1.0 + (g13.value - 0.5) * 0.3;
    let blood = 0.5 + (blood.clamp(0.0, 1.0) - 0.5) * finish.mottle;
    let mut albedo = finish.low.lerp(&finish.high, blood) * (1.0 + 0.35 * curvature);
    let branch = (g31.value - 0.5 + 0.35 * (g13.value - 0.5)).abs();
    let twig = (g13.value - 0.5 + 0.25 * (g6.value - 0.5)).abs();
    let vessels = smoothstep(0.020, 0.004, branch) * 0.8
        + smoothstep(0.016, 0.002, twig) * 0.35 * smoothstep(0.35, 0.6, c37);
    albedo = albedo.lerp(&finish.vessel, vessels.clamp(0.0, 1.0) * finish.vessels);

    // Occlusion that keeps the colour of what occludes [Jimenez et al. 2016].
    let occlusion = albedo.map(|a| {
        let (p, q, r) = (2.0404 * a - 0.3324, -4.7951 * a + 0.6417, 2.7552 * a + 0.6903);
        near_occlusion.max(((near_occlusion * p + q) * near_occlusion + r) * near_occlusion)
    });

    let reaching = lights.reaching(sample);
    let shadow = Vec3::new(0.16, 0.05, 0.03).map(|floor| floor + (1.0 - floor) * reaching);
    let key = wrapped(rough_normal.dot(&lights.key), normal.dot(&lights.key));
    let fill = wrapped(rough_normal.dot(&lights.fill), normal.dot(&lights.fill));
    let height = 0.5 + 0.5 * rough_normal.dot(&camera.axes[1]);
    let sky = Vec3::new(0.15, 0.10, 0.09).lerp(&Vec3::new(0.36, 0.38, 0.42), height);
    let key_light = Vec3::from(KEY).component_mul(&key).component_mul(&shadow);
    let light = key_light.component_mul(&occlusion.map(|o| 0.55 + 0.45 * o))
        + Vec3::from(FILL).component_mul(&fill).component_mul(&occlusion)
        + sky.component_mul(&occlusion);
    let mut colour = albedo.component_mul(&light);

    // Light that comes through thin edges.
    let through = (-thickness / 5.0).exp();
    let behind = (0.4 - normal.dot(&lights.key)).clamp(0.0, 1.0) * reaching;
    let glow = Vec3::from(KEY) * (0.35 * behind) + Vec3::repeat(0.16);
    colour += albedo.component_mul(&Vec3::new(1.0, 0.32, 0.2)).component_mul(&glow) * through;

    let facing = normal.dot(&view).clamp(0.0, 1.0);
    let open = smoothstep(0.12, 0.75, near_occlusion);
    let glint = 0.35 + 0.65 * reaching;
    let mut shine =
        Vec3::from(KEY) * (ggx(rough_normal, view, lights.key, finish.roughness) * 0.9 * glint);
    shine += Vec3::from(FILL) * ggx(rough_normal, view, lights.fill, finish.roughness);
    // The wet film mirrors the lamp: this is what reads as wet.
    let mirrored = coat_normal * (2.0 * coat_normal.dot(&view)) - view;
    let grazing = 1.0 - coat_normal.dot(&view).clamp(0.0, 1.0);
    let fresnel = (0.028 + 0.972 * grazing.powi(5)).min(0.55);
    let film = 0.84 + 0.32 * smoothstep(0.35, 0.65, c37);
    let blur = 0.010 + 0.05 * (1.0 - 0.8 * film);
    let lit = 0.25 + 0.75 * reaching;
    shine +=
        surroundings(camera, lights, mirrored, blur) * (finish.coat * film * fresnel * lit * 1.5);
    shine +=
        Vec3::from(KEY) * (finish.coat * glint * ggx(coat_normal, view, lights.key, 0.17) * 0.30);
    let from_behind = 0.25 + 0.75 * (normal.dot(&lights.rim) + 0.4).clamp(0.0, 1.0);
    let rim = Vec3::new(1.2, 0.75, 0.65) * ((1.0 - facing).powi(3) * from_behind * 0.9);
    colour + shine * open + rim.component_mul(&albedo.lerp(&Vec3::repeat(0.6), 0.25)) * open
}

/// The face where the scan ends: the scan itself, hatched, so that nobody takes it for tissue.
fn scan_end(sample: &Sample, end: ScanEnd, lights: &Lights, image: Option<&Volume>) -> Vec3 {
    let axis = usize::from(end.axis.min(2));
    let mut inside = sample.position;
    inside[axis] += if end.upper { -1.5 } else { 1.5 };
    let high = sample.finish.high;
    let tint = Vec3::repeat(1.0).lerp(&(high / high.max().max(1e-3)), 0.35);
    let mut colour = match image.and_then(|image| grey(image, inside)) {
        // Soft tissue lies in the middle of the window: spread it, so that vessels show.
        Some(grey) => tint * (smoothstep(0.25, 0.85, grey).powf(1.6) * 0.72 + 0.015),
        None => sample.finish.low.lerp(&Vec3::repeat(0.16), 0.55),
    };
    let along = (sample.position.sum() - sample.position[axis]) * std::f32::consts::FRAC_1_SQRT_2;
    let stripe = ((along / 7.0).rem_euclid(1.0) - 0.5).abs();
    colour *= 1.0 - 0.22 * smoothstep(0.10, 0.04, stripe);
    colour * (0.75 + 0.6 * sample.normal.dot(&lights.key).max(0.0))
}

/// Trilinear grey value [0, 1] at a position [mm]; none outside the scan.
fn grey(image: &Volume, position: Vec3) -> Option<f32> {
    let mut low = [0; 3];
    let mut fraction = [0.0; 3];
    for axis in 0..3 {
        let last = image.dims[axis].checked_sub(1)? as f32;
        let at = (position[axis] - image.origin[axis]) / image.spacing[axis];
        if !(-0.5..=last + 0.5).contains(&at) {
            return None;
        }
        let at = at.clamp(0.0, last);
        low[axis] = (at as usize).min((last as usize).saturating_sub(1));
        fraction[axis] = at - low[axis] as f32;
    }
    let [nx, ny, nz] = image.dims.map(|count| count as usize);
    let mut sum = 0.0;
    for corner in 0..8 {
        let bit = |axis: usize| corner >> axis & 1;
        let [x, y, z] = [
            (low[0] + bit(0)).min(nx - 1),
            (low[1] + bit(1)).min(ny - 1),
            (low[2] + bit(2)).min(nz - 1),
        ];
        let weight: f32 = (0..3)
            .map(|axis| if bit(axis) == 1 { fraction[axis] } else { 1.0 - fraction[axis] })
            .product();
        sum += weight * f32::from(*image.voxels.get((z * ny + y) * nx + x)?);
    }
    Some(sum / 255.0)
}

/// Diffuse light that bleeds past the edge of shade, red furthest; red sees the smooth surface, blue the relief.
fn wrapped(rough: f32, smooth: f32) -> Vec3 {
    const WRAP: [f32; 3] = [0.42, 0.18, 0.12];
    const SMOOTH_SHARE: [f32; 3] = [0.75, 0.45, 0.2];
    Vec3::from(std::array::from_fn::<_, 3, _>(|channel| {
        let wrap = WRAP[channel];
        let cosine = rough + (smooth - rough) * SMOOTH_SHARE[channel];
        let value = ((cosine + wrap) / (1.0 + wrap)).clamp(0.0, 1.0);
        value * value / (1.0 + 0.5 * wrap)
    }))
}

/// GGX lobe with height-correlated Smith visibility (approximation of [Hammon 2017]) and Schlick's Fresnel at 4 %.
fn ggx(normal: Vec3, view: Vec3, light: Vec3, roughness: f32) -> f32 {
    let nl = normal.dot(&light);
    if nl <= 0.0 {
        return 0.0;
    }
    let nv = normal.dot(&view).max(0.02);
    let Some(half) = (light + view).try_normalize(1e-6) else { return 0.0 };
    let a = roughness * roughness;
    let nh = normal.dot(&half).max(0.0);
    let spread = nh * nh * (a * a - 1.0) + 1.0;
    let distribution = a * a / (std::f32::consts::PI * spread * spread);
    let visibility = 0.5 / (2.0 * nl * nv * (1.0 - a) + (nl + nv) * a);
    let fresnel = 0.04 + 0.96 * (1.0 - view.dot(&half).max(0.0)).powi(5);
    distribution * visibility * fresnel * nl
}

/// What a mirror would see in direction `r`: a dim theatre, an operating lamp, a cool window.
fn surroundings(camera: &Camera, lights: &Lights, r: Vec3, blur: f32) -> Vec3 {
    let s = camera.in_view(r);
    let low = Vec3::new(0.030, 0.027, 0.026);
    let mut room = low.lerp(&Vec3::new(0.24, 0.25, 0.27), smoothstep(-0.5, 1.0, s.y));
    room += Vec3::new(0.10, 0.05, 0.035) * smoothstep(0.2, -1.0, s.y);
    let lamp = softbox(lights, r, blur);
    let window_at = camera.in_view(lights.fill);
    let window = smoothstep(0.20 + blur, 0.10 - blur, (s.x - window_at.x).abs())
        * smoothstep(0.52 + blur, 0.30 - blur, (s.y - 0.18).abs())
        * if s.z > -0.4 { 1.0 } else { 0.0 };
    // A tall bright pane behind the patient's right shoulder draws the edge that faces it.
    let pane = smoothstep(-0.45, -0.60, s.x)
        * smoothstep(0.75, 0.40, (s.y - 0.1).abs())
        * smoothstep(0.22 + blur, 0.10 - blur, (s.z + 0.58).abs());
    room + Vec3::new(8.2, 7.7, 7.1) * lamp
        + Vec3::new(0.75, 0.88, 1.0) * window
        + Vec3::new(1.9, 2.1, 2.3) * pane
}

/// The operating lamp: a square of light with soft edges, 17° from its middle to a side.
fn softbox(lights: &Lights, r: Vec3, blur: f32) -> f32 {
    let depth = r.dot(&lights.key);
    if depth <= 0.0 {
        return 0.0;
    }
    let side = |axis: &Vec3| {
        let tangent = (r.dot(axis) / depth).abs();
        smoothstep(0.34 + 2.0 * blur, 0.25 - 2.0 * blur, tangent)
    };
    side(&lights.across[0]) * side(&lights.across[1])
}

/// Hermite step from 0 at `from` to 1 at `to`; `from` may be the larger.
fn smoothstep(from: f32, to: f32, value: f32) -> f32 {
    let t = ((value - from) / (to - from)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// Linear light to sRGB in [0, 1]: a little desaturation, a filmic curve [Narkowicz 2015], the transfer function.
fn encode(colour: Vec3) -> Vec3 {
    let grey = colour.dot(&Vec3::new(0.2126, 0.7152, 0.0722));
    let exposed = colour.lerp(&Vec3::repeat(grey), 0.08) * 0.82;
    exposed.map(|c| {
        let c = (c * (2.51 * c + 0.03) / (c * (2.43 * c + 0.59) + 0.14)).clamp(0.0, 1.0);
        if c <= 0.003_130_8 { 12.92 * c } else { 1.055 * c.powf(1.0 / 2.4) - 0.055 }
    })
}
