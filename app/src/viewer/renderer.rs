//! Draws a twin: which passes, in which order, with which uniforms.

mod cutaway;
mod marks;

use std::{
    cell::RefCell,
    collections::{BTreeSet, HashMap, hash_map::Entry},
    rc::Rc,
};

use cases::twin::pack::{Pack, Volume};
use solver_wasm::incision::facets::{Anchor, gather};
use three_d::core::{
    Blend, BlendMultiplierType, ClearState, Context, CpuTexture3D, Cull, DepthTest, DepthTexture2D,
    Interpolation, Program, RenderStates, RenderTarget, Texture2D, Texture3D, TextureData,
    Viewport, Wrapping, WriteMask, prelude::*,
};

use self::cutaway::SectionFaces;
use super::{
    ViewerError, Visibility,
    camera::Camera,
    embedding::DisplacementField,
    instrument::{Grip, Instrument},
    noise,
    palette::{Appearance, appearance, linear},
    programs::{Kind, Programs, set},
    section::Plane,
    surface::{GpuSurface, shape},
    tissue::{Fabric, Tissue},
    wound::Wound,
};

const SHADOW_SIZE: u32 = 2048;
/// Opacity of a faded structure facing the viewer.
const GLASS: f32 = 0.20;
/// Ink of the planned line reaches no further than this from its middle [mm].
const INK: f32 = 2.0;
const NOTHING_CUT: Vec4 = vec4(0.0, 0.0, 0.0, 1.0);
/// Accent of the dark and of the light theme, sRGB bytes.
const ACCENT: [[u8; 3]; 2] = [[0x68, 0xd0, 0xbb], [0x08, 0x6d, 0x5f]];
/// What to draw of a twin.
#[derive(Clone, Debug, Default)]
pub struct Scene {
    /// Visibility of each structure.
    pub visibility: Vec<Visibility>,
    /// Selected structure.
    pub selected: Option<usize>,
    /// Structure under the pointer.
    pub hovered: Option<usize>,
    /// Section plane.
    pub section: Option<Plane>,
    /// Light theme.
    pub light: bool,
    /// The instrument in the right hand.
    pub grip: Option<Grip>,
    /// The one in the left.
    pub left_grip: Option<Grip>,
    /// The contact ring.
    pub ring: Option<Ring>,
    /// The planned line at rest [mm]; empty without one.
    pub plan: Vec<Vec3>,
    /// Clamps on the tissue.
    pub clamps: Vec<Grip>,
    /// Blood on it.
    pub blood: Film,
}

/// Blood on tissue, at rest.
#[derive(Clone, Debug, PartialEq)]
pub struct Film {
    /// Where it wells up [mm], and how wide it runs from there [mm].
    pub wells: Vec<Vec4>,
    /// Which way it runs: unit vector, zero where nothing falls.
    pub down: Vec3,
    /// How much of fresh faces is covered by what oozes from them, 0 to 1.
    pub cover: f32,
}

impl Default for Film {
    fn default() -> Self {
        Self { wells: Vec::new(), down: Vec3::zero(), cover: 0.0 }
    }
}

/// The contact ring around the tip.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ring {
    /// Centre [CSS px].
    pub at: Vec2,
    /// Is tissue held?
    pub touching: bool,
    /// Force as a share of the limit.
    pub force: f32,
}

/// Cost of a frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Draw calls.
    pub draw_calls: u32,
    /// Triangles.
    pub triangles: u32,
}

/// Everything on the GPU.
pub struct Renderer {
    context: Context,
    pack: Rc<Pack>,
    low_quality: bool,
    programs: Programs,
    /// How the tissue hangs together.
    fabric: Rc<Fabric>,
    /// Structures that were cut, or lie in a body that was.
    wounds: HashMap<usize, Wound>,
    /// Their surfaces by now.
    cut: HashMap<usize, Rc<GpuSurface>>,
    /// Anchors of the surfaces of each body that was cut.
    anchors: HashMap<u16, Vec<Anchor>>,
    /// Soft bodies that have cells.
    bodies: Vec<u16>,
    looks: Vec<Appearance>,
    /// Structure → indices into the pack's surfaces, finest first.
    levels: Vec<Vec<usize>>,
    surfaces: RefCell<HashMap<usize, Rc<GpuSurface>>>,
    noise: Texture3D,
    image: Option<(Texture3D, Vec3, Vec3)>,
    palette: Texture2D,
    field: DisplacementField,
    displacements: Texture2D,
    shadow: Option<DepthTexture2D>,
    section: Option<SectionFaces>,
    instrument: Instrument,
    /// Box of the whole twin at rest [mm].
    bounds: (Vec3, Vec3),
}

/// Uniforms that all lit passes of a frame share.
struct Frame {
    viewport: Viewport,
    clip_from_world: Mat4,
    view_from_world: Mat3,
    eye: Vec3,
    key: Vec3,
    fill: Vec3,
    rim: Vec3,
    stage: f32,
    shadow_from_world: Mat4,
    cut: Vec4,
    pixels_per_mm: f32,
}

fn over() -> Blend {
    Blend::Enabled {
        source_rgb_multiplier: BlendMultiplierType::One,
        source_alpha_multiplier: BlendMultiplierType::One,
        destination_rgb_multiplier: BlendMultiplierType::OneMinusSrcAlpha,
        destination_alpha_multiplier: BlendMultiplierType::OneMinusSrcAlpha,
        rgb_equation: three_d::core::BlendEquationType::Add,
        alpha_equation: three_d::core::BlendEquationType::Add,
    }
}

fn volume_texture(context: &Context, volume: &Volume) -> Option<(Texture3D, Vec3, Vec3)> {
    let count = volume.dims.iter().map(|d| *d as usize).product::<usize>();
    if count == 0 || count != volume.voxels.len() || volume.dims.iter().any(|d| *d > 2048) {
        return None;
    }
    let texture = Texture3D::new(
        context,
        &CpuTexture3D {
            name: "scan".into(),
            data: TextureData::RU8(volume.voxels.clone()),
            width: volume.dims[0],
            height: volume.dims[1],
            depth: volume.dims[2],
            min_filter: Interpolation::Linear,
            mag_filter: Interpolation::Linear,
            mipmap: None,
            wrap_s: Wrapping::ClampToEdge,
            wrap_t: Wrapping::ClampToEdge,
            wrap_r: Wrapping::ClampToEdge,
        },
    );
    let spacing: Vec3 = volume.spacing.into();
    let origin = Vec3::from(volume.origin) - spacing * 0.5;
    let size = vec3(
        spacing.x * volume.dims[0] as f32,
        spacing.y * volume.dims[1] as f32,
        spacing.z * volume.dims[2] as f32,
    );
    Some((texture, origin, size))
}

/// A texture for the displacements of the tissue's nodes, at rest.
fn displacement_texture(context: &Context, fabric: &Fabric) -> (DisplacementField, Texture2D) {
    let field = DisplacementField::new(fabric.lattice());
    let [width, height] = field.size();
    let texture = float_texture(context, width, height);
    texture.fill(field.texels());
    (field, texture)
}

fn float_texture(context: &Context, width: u32, height: u32) -> Texture2D {
    Texture2D::new_empty::<[f32; 4]>(
        context,
        width,
        height,
        Interpolation::Nearest,
        Interpolation::Nearest,
        None,
        Wrapping::ClampToEdge,
        Wrapping::ClampToEdge,
    )
}

impl Renderer {
    /// Upload what the first frame needs and compile its shaders.
    ///
    /// # Errors
    /// The driver refuses a shader.
    pub fn new(
        context: &Context,
        pack: Rc<Pack>,
        tissue: &Tissue,
        low_quality: bool,
    ) -> Result<Self, ViewerError> {
        let image = pack.image.as_ref().and_then(|v| volume_texture(context, v));
        let programs = Programs::new(context, !low_quality, image.is_some());
        let structures = &pack.manifest.structures;
        for carried in [true, false] {
            if structures.iter().any(|s| s.body.is_some() == carried) {
                programs.prepare(Kind::Tissue, carried)?;
                if !low_quality {
                    programs.prepare(Kind::Depth, carried)?;
                }
            }
        }
        let looks: Vec<_> = structures.iter().map(appearance).collect();
        let levels = (0..structures.len())
            .map(|i| {
                let mut own: Vec<_> = (0..pack.surfaces.len())
                    .filter(|s| usize::from(pack.surfaces[*s].structure) == i)
                    .collect();
                own.sort_by_key(|s| pack.surfaces[*s].level);
                own
            })
            .collect();
        let mut low = vec3(f32::MAX, f32::MAX, f32::MAX);
        let mut high = -low;
        for p in pack.surfaces.iter().flat_map(|s| &s.positions) {
            for a in 0..3 {
                low[a] = low[a].min(p[a]);
                high[a] = high[a].max(p[a]);
            }
        }
        let palette = float_texture(context, 256, 1);
        let entry = |i: usize| {
            structures.get(i).map_or([0.0; 4], |s| {
                let c = (looks[i].low + looks[i].high) * 0.5;
                let body = s.body.map_or(0.0, |b| f32::from(b) + 1.0);
                [c.x, c.y, c.z, body / 255.0]
            })
        };
        palette.fill(&(0..256).map(entry).collect::<Vec<_>>());
        let fabric = tissue.whole().clone();
        let (field, displacements) = displacement_texture(context, &fabric);
        let shadow = (!low_quality).then(|| {
            DepthTexture2D::new::<f32>(
                context,
                SHADOW_SIZE,
                SHADOW_SIZE,
                Wrapping::ClampToEdge,
                Wrapping::ClampToEdge,
            )
        });
        Ok(Self {
            context: context.clone(),
            low_quality,
            programs,
            fabric,
            wounds: HashMap::new(),
            cut: HashMap::new(),
            anchors: HashMap::new(),
            bodies: pack
                .scene
                .lattice
                .cells
                .iter()
                .map(|c| c.body)
                .collect::<BTreeSet<_>>()
                .into_iter()
                .collect(),
            looks,
            levels,
            surfaces: RefCell::default(),
            noise: Texture3D::new(context, &noise::volume()),
            image,
            palette,
            field,
            displacements,
            shadow,
            section: None,
            instrument: Instrument::new(context),
            bounds: (low, high),
            pack,
        })
    }

    /// Box of the whole twin at rest [mm].
    pub fn bounds(&self) -> (Vec3, Vec3) {
        self.bounds
    }

    /// Compile one more program that may be wanted soon; false when all stand.
    pub fn warm_one(&self) -> bool {
        self.programs.warm_one()
    }

    /// The tissue hangs together in another way from now on.
    pub fn recut(&mut self, tissue: &Tissue) {
        self.fabric = tissue.now().clone();
        (self.field, self.displacements) = displacement_texture(&self.context, &self.fabric);
        self.section = None;
        self.cut.clear();
        for structure in 0..self.levels.len() {
            let body = self.pack.manifest.structures[structure].body;
            if !body.is_some_and(|b| self.fabric.is_cut(b, tissue.whole())) {
                continue;
            }
            let wound = match self.wounds.entry(structure) {
                Entry::Occupied(entry) => entry.into_mut(),
                Entry::Vacant(entry) => {
                    let Some(wound) = Wound::new(&self.pack, structure, tissue.whole()) else {
                        continue;
                    };
                    entry.insert(wound)
                }
            };
            let pack = &self.pack;
            let anchors = self.anchors.entry(wound.body()).or_insert_with(|| {
                let own = pack.manifest.structures.iter().filter(|s| s.body == body);
                gather(own.flat_map(|s| pack.anchors(s.label)).collect())
            });
            let shape = wound.shape(&self.fabric, anchors);
            let surface = Rc::new(GpuSurface::new(&self.context, &shape));
            self.cut.insert(structure, surface);
        }
    }

    /// Take over the nodes' displacements [mm]; bytes sent to the GPU.
    pub fn deform(&mut self, nodal: &[[f32; 4]]) -> u32 {
        self.field.update(self.fabric.lattice(), nodal);
        self.displacements.fill(self.field.texels());
        size_of_val(self.field.texels()) as u32
    }

    fn surface(&self, structure: usize, pixels_per_mm: f32) -> Option<Rc<GpuSurface>> {
        if let Some(cut) = self.cut.get(&structure) {
            return Some(cut.clone());
        }
        let own = &self.levels[structure];
        // an edge of the finest level is 2 to 3 mm long; each coarser level doubles it
        let coarser = (0.9 / pixels_per_mm.max(1e-3)).log2().ceil().max(0.0) as usize;
        let level = coarser.max(usize::from(self.low_quality)).min(own.len().checked_sub(1)?);
        let index = own[level];
        if let Some(ready) = self.surfaces.borrow().get(&index) {
            return Some(ready.clone());
        }
        let body = self.pack.manifest.structures[structure].body;
        let carrier = body
            .filter(|b| self.bodies.contains(b))
            .map(|b| (self.fabric.lattice(), self.fabric.index(), b));
        let shape = shape(&self.pack.surfaces[index], &self.pack.manifest.scan_end, carrier);
        let surface = Rc::new(GpuSurface::new(&self.context, &shape));
        self.surfaces.borrow_mut().insert(index, surface.clone());
        Some(surface)
    }

    fn common(&self, program: &Program, frame: &Frame) {
        set(program, "clip_from_world", frame.clip_from_world);
        set(program, "camera_position", frame.eye);
        set(program, "view_from_world", frame.view_from_world);
        set(program, "key_direction", frame.key);
        set(program, "fill_direction", frame.fill);
        set(program, "rim_direction", frame.rim);
        set(program, "stage", frame.stage);
        set(program, "section", frame.cut);
        self.textures(program);
        if let (Some(shadow), true) = (&self.shadow, program.requires_uniform("shadow_map")) {
            program.use_depth_texture("shadow_map", shadow);
            set(program, "shadow_from_world", frame.shadow_from_world);
        }
    }

    fn textures(&self, program: &Program) {
        if program.requires_uniform("displacements") {
            program.use_texture("displacements", &self.displacements);
        }
        if program.requires_uniform("noise") {
            program.use_texture_3d("noise", &self.noise);
        }
        if let (Some((image, origin, size)), true) =
            (&self.image, program.requires_uniform("image"))
        {
            program.use_texture_3d("image", image);
            set(program, "image_origin", *origin);
            set(program, "image_size", *size);
        }
    }

    fn tissue_uniforms(&self, program: &Program, scene: &Scene, structure: usize, openness: f32) {
        let look = &self.looks[structure];
        let finish = &look.finish;
        set(program, "albedo_low", look.low);
        set(program, "albedo_high", look.high);
        set(program, "finish", vec4(finish.roughness, finish.coat, finish.vessels, finish.mottle));
        set(program, "vessel_tint", look.vessel);
        set(program, "bump", Vec2::from(finish.bump));
        set(program, "openness", openness);
        let marked = scene.selected == Some(structure);
        let accent = linear(ACCENT[usize::from(scene.light)]);
        set(program, "mark", accent.extend(if marked { 1.0 } else { 0.0 }));
        let hovered = scene.hovered == Some(structure) && !marked;
        set(program, "hover", if hovered { 1.0 } else { 0.0_f32 });
        set(program, "glass", GLASS);
        let (low, high) = scene.plan.iter().fold((None, None), |(low, high), p| {
            let pick = |f: fn(f32, f32) -> f32, q: Option<Vec3>| {
                q.map_or(*p, |q| vec3(f(p.x, q.x), f(p.y, q.y), f(p.z, q.z)))
            };
            (Some(pick(f32::min, low)), Some(pick(f32::max, high)))
        });
        let ball = low.zip(high).map_or(vec4(0.0, 0.0, 0.0, 0.0), |(low, high): (Vec3, Vec3)| {
            ((low + high) * 0.5).extend(0.5 * (high - low).magnitude() + INK)
        });
        set(program, "plan_ball", ball);
        set(program, "plan_count", scene.plan.len() as i32);
        if !scene.plan.is_empty() && program.requires_uniform("plan") {
            program.use_uniform_array("plan", &scene.plan);
        }
        let Film { wells, down, cover } = &scene.blood;
        set(program, "well_count", wells.len() as i32);
        if !wells.is_empty() && program.requires_uniform("wells") {
            program.use_uniform_array("wells", wells);
        }
        set(program, "down", *down);
        set(program, "cover", *cover);
    }

    /// Draw a frame on the canvas of `width` × `height` device pixels, `scale` of them a CSS pixel.
    pub fn draw(&mut self, camera: &Camera, scene: &Scene, size: [u32; 2], scale: f32) -> Cost {
        let mut cost = Cost::default();
        let frame = self.frame(camera, scene, size, scale);
        let state = |i: usize| scene.visibility.get(i).copied().unwrap_or_default();
        let all = 0..self.pack.manifest.structures.len();
        let shown: Vec<usize> = all.clone().filter(|i| state(*i) == Visibility::Shown).collect();
        let mut faded: Vec<usize> = all.filter(|i| state(*i) == Visibility::Faded).collect();
        self.draw_shadow(&frame, scene, &shown, &mut cost);
        self.prepare_section(scene, &mut cost);

        let target = RenderTarget::screen(&self.context, size[0], size[1]);
        target.clear(ClearState::color_and_depth(0.0, 0.0, 0.0, 0.0, 1.0));
        let everything = self.levels.len().max(1) as f32;
        let openness = (1.0 - shown.len() as f32 / everything).min(1.0);
        let openness = if shown.len() as f32 >= everything { 0.0 } else { 0.35 + 0.65 * openness };
        let solid = RenderStates { cull: Cull::Back, ..Default::default() };
        // a section opens surfaces: their insides may be seen where the face is not filled
        let solid = if scene.section.is_some() { RenderStates::default() } else { solid };
        for &i in &shown {
            let Some(surface) = self.surface(i, frame.pixels_per_mm) else { continue };
            let Some(program) = self.programs.get(Kind::Tissue, surface.is_carried()) else {
                continue;
            };
            self.common(&program, &frame);
            self.tissue_uniforms(&program, scene, i, openness);
            surface.draw(&program, solid, frame.viewport);
            cost.add(surface.triangle_count());
        }
        self.draw_section(&frame, &mut cost);
        if let Some(i) = scene.selected.filter(|i| state(*i) != Visibility::Hidden) {
            self.draw_outline(&frame, scene, i, size, scale, &mut cost);
        }
        for grip in [&scene.grip, &scene.left_grip].into_iter().flatten().chain(&scene.clamps) {
            let Some(program) = self.programs.get(Kind::Instrument, false) else { break };
            self.common(&program, &frame);
            set(&program, "opacity", 1.0_f32);
            let states = RenderStates { cull: Cull::Back, ..Default::default() };
            cost.triangles += self.instrument.draw(grip, &program, states, frame.viewport);
            cost.draw_calls += 3;
        }
        let depth_of = |i: usize| {
            let own = &self.levels[i];
            own.last().map_or(0.0, |s| {
                let p = &self.pack.surfaces[*s].positions;
                let sum = p.iter().fold(Vec3::zero(), |a, q| a + Vec3::from(*q));
                (sum / p.len().max(1) as f32 - frame.eye).magnitude()
            })
        };
        faded.sort_by(|a, b| depth_of(*b).total_cmp(&depth_of(*a)));
        for &i in &faded {
            self.draw_glass(&frame, scene, i, openness, &mut cost);
        }
        if let Some(ring) = &scene.ring {
            self.draw_ring(&frame, scene, ring, size, scale, &mut cost);
        }
        cost
    }

    fn frame(&self, camera: &Camera, scene: &Scene, size: [u32; 2], scale: f32) -> Frame {
        let view = camera.view_from_world();
        let view_from_world =
            Mat3::from_cols(view.x.truncate(), view.y.truncate(), view.z.truncate());
        let world_from_view = view_from_world.transpose();
        let light = |x: f32, y: f32, z: f32| world_from_view * vec3(x, y, z).normalize();
        let key = light(-0.46, 0.60, 0.66);
        let (low, high) = self.bounds;
        let centre = (low + high) * 0.5;
        let radius = ((high - low).magnitude() * 0.5).max(1.0) + 12.0;
        let side = key.cross(world_from_view * Vec3::unit_y()).normalize();
        let top = side.cross(key);
        let row = |axis: Vec3| (axis / radius).extend(-axis.dot(centre) / radius);
        let rows = [row(side), row(top), row(-key), vec4(0.0, 0.0, 0.0, 1.0)];
        let shadow_from_world = Mat4::from_cols(rows[0], rows[1], rows[2], rows[3]).transpose();
        let cut = scene.section.as_ref().map_or(NOTHING_CUT, |p| p.cut.normal.extend(p.cut.offset));
        let distance = camera.pose().distance;
        Frame {
            viewport: Viewport::new_at_origo(size[0], size[1]),
            clip_from_world: camera.clip_from_world(),
            view_from_world,
            eye: camera.pose().eye(),
            key,
            fill: light(0.80, 0.10, 0.45),
            rim: light(0.25, 0.55, -0.80),
            stage: if scene.light { 1.0 } else { 0.0 },
            shadow_from_world,
            cut,
            pixels_per_mm: scale / camera.pixel_size(distance),
        }
    }

    fn draw_shadow(&self, frame: &Frame, scene: &Scene, shown: &[usize], cost: &mut Cost) {
        let Some(shadow) = &self.shadow else { return };
        let viewport = Viewport::new_at_origo(SHADOW_SIZE, SHADOW_SIZE);
        let states = RenderStates { write_mask: WriteMask::DEPTH, ..Default::default() };
        let target = shadow.as_depth_target();
        target.clear(ClearState::depth(1.0));
        let drawn = target.write(|| -> Result<(), ViewerError> {
            for &i in shown {
                let Some(surface) = self.surface(i, frame.pixels_per_mm * 0.3) else { continue };
                let Some(program) = self.programs.get(Kind::Depth, surface.is_carried()) else {
                    continue;
                };
                set(&program, "clip_from_world", frame.shadow_from_world);
                set(&program, "section", frame.cut);
                self.textures(&program);
                surface.draw(&program, states, viewport);
                cost.add(surface.triangle_count());
            }
            for grip in [&scene.grip, &scene.left_grip].into_iter().flatten().chain(&scene.clamps) {
                let Some(program) = self.programs.get(Kind::InstrumentDepth, false) else { break };
                set(&program, "clip_from_world", frame.shadow_from_world);
                cost.triangles += self.instrument.draw(grip, &program, states, viewport);
                cost.draw_calls += 3;
            }
            Ok(())
        });
        if let Err(e) = drawn {
            web_sys::console::error_1(&e.to_string().into());
        }
    }

    fn draw_glass(&self, frame: &Frame, scene: &Scene, i: usize, openness: f32, cost: &mut Cost) {
        let Some(surface) = self.surface(i, frame.pixels_per_mm) else { return };
        let Some(program) = self.programs.get(Kind::Glass, surface.is_carried()) else { return };
        self.common(&program, frame);
        self.tissue_uniforms(&program, scene, i, openness);
        let look = |cull, write_mask, depth_test| RenderStates {
            cull,
            write_mask,
            depth_test,
            blend: over(),
        };
        for states in [
            look(Cull::Front, WriteMask::COLOR, DepthTest::Less),
            look(Cull::Back, WriteMask::DEPTH, DepthTest::Less),
            look(Cull::Back, WriteMask::COLOR, DepthTest::LessOrEqual),
        ] {
            surface.draw(&program, states, frame.viewport);
            cost.add(surface.triangle_count());
        }
    }
}

impl Cost {
    fn add(&mut self, triangles: u32) {
        self.draw_calls += 1;
        self.triangles += triangles;
    }
}
