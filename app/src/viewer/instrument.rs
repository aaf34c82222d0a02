//! The instruments as drawn where the hand is: a forceps with two slim steel jaws on a 5 mm shaft, and a probe with a ball at its tip.

use three_d::core::{
    Context, ElementBuffer, Program, RenderStates, VertexBuffer, Viewport, prelude::*,
};

use super::Tool;

/// Length of a jaw from its hinge to its tip [mm].
const JAW: f32 = 24.0;
/// Length of the shaft that is drawn [mm].
const SHAFT: f32 = 420.0;
/// Radius of the probe's ball [mm].
pub const BALL: f32 = 8.0;
/// Half the opening of open jaws [rad].
const OPEN: f32 = 0.30;
/// Half the opening of jaws closed on tissue [rad].
const CLOSED: f32 = 0.045;

/// Vertices, normals and triangles of a part in its own frame [mm]: tip at the origin, shaft along +z.
#[derive(Clone, Debug, Default)]
pub struct Part {
    /// Positions [mm].
    pub positions: Vec<[f32; 3]>,
    /// Unit normals.
    pub normals: Vec<[f32; 3]>,
    /// Three indices a triangle.
    pub indices: Vec<u32>,
}

/// A body through closed rings of points, rings and points counter-clockwise seen from +z, closed at both ends.
fn loft(rings: &[Vec<Vec3>]) -> Part {
    let around = rings[0].len();
    let mut points: Vec<Vec3> = rings.iter().flatten().copied().collect();
    let mut triangles = Vec::new();
    let id = |ring: usize, i: usize| (ring * around + i % around) as u32;
    for ring in 0..rings.len() - 1 {
        for i in 0..around {
            let (a, b) = (id(ring, i), id(ring, i + 1));
            let (c, d) = (id(ring + 1, i + 1), id(ring + 1, i));
            triangles.extend([[a, b, c], [a, c, d]]);
        }
    }
    for (ring, last) in [(0, false), (rings.len() - 1, true)] {
        let centre = points.len() as u32;
        let mean = rings[ring].iter().fold(Vec3::zero(), |s, p| s + p) / around as f32;
        points.push(mean);
        for i in 0..around {
            let (a, b) = (id(ring, i), id(ring, i + 1));
            triangles.push(if last { [a, b, centre] } else { [b, a, centre] });
        }
    }
    let mut sums = vec![Vec3::zero(); points.len()];
    for t in &triangles {
        let p = t.map(|i| points[i as usize]);
        let n = (p[1] - p[0]).cross(p[2] - p[0]);
        for i in t {
            sums[*i as usize] += n;
        }
    }
    let unit = |n: &Vec3| if n.magnitude() > 1e-9 { n.normalize() } else { Vec3::unit_z() };
    Part {
        positions: points.iter().map(|p| (*p).into()).collect(),
        normals: sums.iter().map(|n| unit(n).into()).collect(),
        indices: triangles.into_iter().flatten().collect(),
    }
}

/// Half an ellipse in x > 0 with a flat inner face, `count` points.
fn half_round(z: f32, inner: f32, thick: f32, half_width: f32, count: usize) -> Vec<Vec3> {
    (0..count)
        .map(|i| {
            let a = (i as f32 / (count - 1) as f32 - 0.5) * std::f32::consts::PI;
            vec3(inner + thick * a.cos().max(0.0).powf(0.7), half_width * a.sin(), z)
        })
        .collect()
}

fn round(z: f32, radius: f32, count: usize) -> Vec<Vec3> {
    (0..count)
        .map(|i| {
            let a = i as f32 / count as f32 * std::f32::consts::TAU;
            vec3(radius * a.cos(), radius * a.sin(), z)
        })
        .collect()
}

/// The jaw on the +x side, closed.
pub fn jaw() -> Part {
    let steps = 16;
    let rings: Vec<_> = (0..=steps)
        .map(|i| {
            let t = i as f32 / steps as f32;
            let tip = (t / 0.12).min(1.0).sqrt(); // rounded tip
            half_round(t * (JAW + 4.0), 0.06, (0.75 + 1.05 * t) * tip, (1.25 + 0.85 * t) * tip, 12)
        })
        .collect();
    loft(&rings)
}

/// Hinge and shaft.
pub fn shaft() -> Part {
    let profile = [
        (JAW - 3.0, 0.4),
        (JAW - 2.6, 1.35),
        (JAW, 2.0),
        (JAW + 4.0, 2.3),
        (JAW + 4.4, 2.65),
        (JAW + 7.5, 2.65),
        (JAW + 7.9, 2.45),
        (JAW + 60.0, 2.45),
        (JAW + 160.0, 2.45),
        (JAW + SHAFT, 2.45),
    ];
    loft(&profile.map(|(z, r)| round(z, r, 20)))
}

/// The probe: a ball about the origin on a slim shaft.
pub fn probe() -> Part {
    let steps = 14;
    let neck = std::f32::consts::PI - (1.9 / BALL).asin();
    let mut profile: Vec<(f32, f32)> = (0..=steps)
        .map(|i| {
            let angle = neck * (0.02 + 0.98 * i as f32 / steps as f32);
            (-BALL * angle.cos(), BALL * angle.sin())
        })
        .collect();
    profile.extend([
        (BALL + 14.0, 1.9),
        (BALL + 30.0, 2.4),
        (BALL + 90.0, 2.4),
        (BALL + SHAFT, 2.4),
    ]);
    let rings: Vec<_> = profile.into_iter().map(|(z, r)| round(z, r, 24)).collect();
    loft(&rings)
}

/// The scalpel: a bellied blade with its tip at the origin, on a flat handle.
pub fn scalpel() -> Part {
    let oval = |z: f32, thick: f32, edge: f32, spine: f32| -> Vec<Vec3> {
        let (middle, half) = (0.5 * (edge + spine), 0.5 * (spine - edge));
        (0..16)
            .map(|i| {
                let a = i as f32 / 16.0 * std::f32::consts::TAU;
                vec3(thick * a.cos(), middle + half * a.sin(), z)
            })
            .collect()
    };
    let steps = 12;
    let mut rings: Vec<_> = (0..=steps)
        .map(|i| {
            let t = i as f32 / steps as f32;
            // the belly: steep behind the tip, then straight
            let edge = 1.7 - 5.0 * (1.0 - (1.0 - t).powi(3));
            oval(24.0 * t, 0.08 + 0.12 * t.sqrt(), edge.min(1.6), 1.8)
        })
        .collect();
    rings.extend(
        [
            (25.0, 0.5, -2.9, 1.9),
            (27.0, 1.1, -2.2, 1.9),
            (34.0, 1.3, -2.1, 2.1),
            (40.0, 1.6, -3.2, 3.0),
            (120.0, 1.7, -3.6, 3.4),
            (150.0, 1.5, -2.6, 2.4),
            (154.0, 0.9, -1.4, 1.2),
        ]
        .map(|(z, thick, edge, spine)| oval(z, thick, edge, spine)),
    );
    loft(&rings)
}

/// The scissors' blade on the +x side, closed: a slim wedge with a blunt tip.
pub fn shear() -> Part {
    let steps = 12;
    let rings: Vec<_> = (0..=steps)
        .map(|i| {
            let t = i as f32 / steps as f32;
            let tip = (t / 0.08).min(1.0).sqrt();
            half_round(t * (JAW + 4.0), 0.03, (0.5 + 0.7 * t) * tip, (0.9 + 2.0 * t) * tip, 12)
        })
        .collect();
    loft(&rings)
}

/// The marking pen: a soft tip on a thick barrel.
pub fn marker() -> Part {
    let profile = [
        (0.0, 0.35),
        (0.4, 0.7),
        (3.0, 0.9),
        (4.0, 1.6),
        (9.0, 2.6),
        (14.0, 4.2),
        (110.0, 4.2),
        (112.0, 3.4),
    ];
    loft(&profile.map(|(z, r)| round(z, r, 20)))
}

/// The cautery: a fine blunt tip on a pencil.
pub fn cautery() -> Part {
    let profile = [
        (0.0, 0.5),
        (0.5, 1.1),
        (12.0, 1.1),
        (13.0, 2.0),
        (20.0, 3.2),
        (40.0, 4.6),
        (150.0, 5.0),
        (160.0, 2.0),
        (SHAFT, 2.0),
    ];
    loft(&profile.map(|(z, r)| round(z, r, 20)))
}

/// The spring of a bulldog clamp, behind its jaws.
pub fn spring() -> Part {
    let profile =
        [(JAW - 3.0, 0.6), (JAW - 2.0, 2.2), (JAW + 6.0, 2.6), (JAW + 9.0, 2.2), (JAW + 10.0, 0.8)];
    loft(&profile.map(|(z, r)| round(z, r, 20)))
}

/// Which instrument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Holds tissue between its jaws.
    Forceps,
    /// Pushes tissue with a ball.
    Probe,
    /// Cuts.
    Scalpel,
    /// Cut between their blades.
    Scissors,
    /// Inks a line.
    Marker,
    /// Seals by heat.
    Cautery,
    /// Holds a vessel shut: a bulldog clamp, two jaws and a spring.
    Clamp,
}

impl Kind {
    /// The instrument that a tool takes into the hand.
    pub fn of(tool: Tool) -> Option<Self> {
        match tool {
            Tool::Orbit => None,
            Tool::Forceps => Some(Self::Forceps),
            Tool::Probe => Some(Self::Probe),
            Tool::Scalpel => Some(Self::Scalpel),
            Tool::Scissors => Some(Self::Scissors),
            Tool::Marker => Some(Self::Marker),
            Tool::Cautery => Some(Self::Cautery),
            Tool::Clamp => Some(Self::Clamp),
        }
    }

    /// Does it cut?
    pub fn cuts(self) -> bool {
        matches!(self, Self::Scalpel | Self::Scissors)
    }

    /// Does it hold or push tissue?
    pub fn holds(self) -> bool {
        matches!(self, Self::Forceps | Self::Probe)
    }
}

/// Where the instrument is and what it does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Grip {
    /// Which instrument.
    pub kind: Kind,
    /// World position of the tip [mm]: between the jaws, the middle of the ball, or the blade's point.
    pub tip: Vec3,
    /// Unit direction from the tip along the shaft.
    pub along: Vec3,
    /// 0 open, 1 closed.
    pub closed: f32,
}

impl Grip {
    /// World from part, for the shaft (or the probe) and for both jaws.
    fn frames(&self) -> [Mat4; 3] {
        let side = self.along.cross(Vec3::unit_z());
        let y = if side.magnitude() > 1e-3 { side.normalize() } else { Vec3::unit_x() };
        let x = y.cross(self.along);
        let frame = Mat4::from_cols(
            x.extend(0.0),
            y.extend(0.0),
            self.along.extend(0.0),
            self.tip.extend(1.0),
        );
        let angle = OPEN + (CLOSED - OPEN) * self.closed;
        let hinge = Mat4::from_translation(vec3(0.0, 0.0, JAW));
        let back = Mat4::from_translation(vec3(0.0, 0.0, -JAW));
        let turn = hinge * Mat4::from_angle_y(radians(-angle)) * back;
        let mirror = Mat4::from_angle_z(radians(std::f32::consts::PI));
        [frame, frame * turn, frame * mirror * turn]
    }
}

struct GpuPart {
    positions: VertexBuffer<[f32; 3]>,
    normals: VertexBuffer<[f32; 3]>,
    elements: ElementBuffer<u32>,
}

/// The instruments on the GPU: shaft, jaw, probe, scalpel, scissors' blade, marking pen, cautery, spring of a clamp.
pub struct Instrument {
    parts: [GpuPart; 8],
}

impl Instrument {
    /// Model and upload it.
    pub fn new(context: &Context) -> Self {
        Self {
            parts: [shaft(), jaw(), probe(), scalpel(), shear(), marker(), cautery(), spring()]
                .map(|p| GpuPart {
                    positions: VertexBuffer::new_with_data(context, &p.positions),
                    normals: VertexBuffer::new_with_data(context, &p.normals),
                    elements: ElementBuffer::new_with_data(context, &p.indices),
                }),
        }
    }

    /// Draw every part; triangles drawn.
    pub fn draw(
        &self,
        grip: &Grip,
        program: &Program,
        states: RenderStates,
        viewport: Viewport,
    ) -> u32 {
        let mut triangles = 0;
        let which: &[usize] = match grip.kind {
            Kind::Forceps => &[0, 1, 1],
            Kind::Probe => &[2],
            Kind::Scalpel => &[3],
            Kind::Scissors => &[0, 4, 4],
            Kind::Marker => &[5],
            Kind::Cautery => &[6],
            Kind::Clamp => &[7, 1, 1],
        };
        for (frame, &which) in grip.frames().into_iter().zip(which) {
            let GpuPart { positions, normals, elements } = &self.parts[which];
            program.use_uniform("world_from_part", frame);
            program.use_vertex_attribute("position", positions);
            if program.requires_attribute("facing") {
                program.use_vertex_attribute("facing", normals);
            }
            program.draw_elements(states, viewport, elements);
            triangles += elements.triangle_count();
        }
        triangles
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn volume(part: &Part) -> f32 {
        let p = |i: u32| -> Vec3 { part.positions[i as usize].into() };
        part.indices.chunks(3).map(|t| p(t[0]).dot(p(t[1]).cross(p(t[2]))) / 6.0).sum()
    }

    #[test]
    fn parts_are_closed_and_face_outward() {
        let shaft = volume(&shaft());
        let rod = std::f32::consts::PI * 2.45 * 2.45 * SHAFT;
        assert!((shaft / rod - 1.0).abs() < 0.05, "{shaft} mm³ against {rod}");
        assert!(volume(&jaw()) > 40.0);
        assert!(volume(&scalpel()) > 1000.0);
        assert!(volume(&shear()) > 10.0 && volume(&marker()) > 4000.0);
        let ball = 4.0 / 3.0 * std::f32::consts::PI * BALL.powi(3);
        let rod = std::f32::consts::PI * 2.4 * 2.4 * SHAFT;
        let probe = volume(&probe());
        assert!((probe / (ball + rod) - 1.0).abs() < 0.1, "{probe} mm³ against {}", ball + rod);
    }

    #[test]
    fn closed_jaws_meet_at_the_tip_and_open_ones_part_to_both_sides() {
        let gap = |closed: f32| {
            let (tip, along) = (vec3(1.0, 2.0, 3.0), vec3(0.6, -0.8, 0.0));
            let grip = Grip { kind: Kind::Forceps, tip, along, closed };
            let [_, a, b] = grip.frames();
            ((a - b) * vec4(0.0, 0.0, 0.0, 1.0)).truncate().magnitude()
        };
        assert!(gap(1.0) < 2.5, "{}", gap(1.0));
        assert!(gap(0.0) > 10.0, "{}", gap(0.0));
        let kind = Kind::Forceps;
        let grip = Grip { kind, tip: Vec3::zero(), along: Vec3::unit_x(), closed: 0.0 };
        let tip_of = |m: Mat4| (m * vec4(0.0, 0.0, 0.0, 1.0)).truncate();
        let [_, a, b] = grip.frames();
        assert!((tip_of(a) + tip_of(b)).z.abs() < 1e-3);
    }
}
