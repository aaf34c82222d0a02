//! Passes of the section: the mask of what the plane cuts, and the faces that show it.

use three_d::core::{
    ClearState, Cull, DepthTexture2D, Interpolation, RenderStates, RenderTarget, Texture2D,
    Viewport, Wrapping,
};

use super::{Cost, Frame, Renderer, Scene};
use crate::viewer::{
    ViewerError, Visibility,
    programs::{Kind, set},
    section::Plane,
    surface::GpuSurface,
};

/// Width and height of the mask.
const MASK_SIZE: u32 = 1536;

/// The section as it stands on the GPU.
pub(super) struct SectionFaces {
    plane: Plane,
    mask: Texture2D,
    /// Faces with the body that carries each (none: rigid).
    faces: Vec<(Option<u16>, GpuSurface)>,
    /// Visibility that the mask was drawn for.
    drawn_for: Vec<Visibility>,
}

impl Renderer {
    pub(super) fn prepare_section(&mut self, scene: &Scene, cost: &mut Cost) {
        let Some(plane) = scene.section else {
            self.section = None;
            return;
        };
        if self.section.as_ref().is_none_or(|s| s.plane != plane) {
            let mut faces = vec![(None, GpuSurface::new(&self.context, &plane.rigid_face()))];
            let (lattice, index) = (self.fabric.lattice(), self.fabric.index());
            for body in &self.bodies {
                if let Some(shape) = plane.carried_face(lattice, index, *body) {
                    faces.push((Some(*body), GpuSurface::new(&self.context, &shape)));
                }
            }
            let kept = self.section.take().map(|s| s.mask);
            let mask = kept.unwrap_or_else(|| {
                Texture2D::new_empty::<[u8; 4]>(
                    &self.context,
                    MASK_SIZE,
                    MASK_SIZE,
                    Interpolation::Nearest,
                    Interpolation::Nearest,
                    None,
                    Wrapping::ClampToEdge,
                    Wrapping::ClampToEdge,
                )
            });
            self.section = Some(SectionFaces { plane, mask, faces, drawn_for: vec![] });
        }
        let wanted: Vec<_> = (0..self.levels.len())
            .map(|i| scene.visibility.get(i).copied().unwrap_or_default())
            .collect();
        if self.section.as_ref().is_some_and(|s| s.drawn_for != wanted) {
            self.draw_mask(&wanted, cost);
            if let Some(section) = &mut self.section {
                section.drawn_for = wanted;
            }
        }
    }

    /// Draw the names of what the plane cuts into the mask.
    pub(super) fn draw_mask(&self, visibility: &[Visibility], cost: &mut Cost) {
        let Some(section) = &self.section else { return };
        let Some(program) = self.programs.get(Kind::Mask, false) else { return };
        let depth = DepthTexture2D::new::<f32>(
            &self.context,
            MASK_SIZE,
            MASK_SIZE,
            Wrapping::ClampToEdge,
            Wrapping::ClampToEdge,
        );
        let target = RenderTarget::new(section.mask.as_color_target(None), depth.as_depth_target());
        target.clear(ClearState::color_and_depth(0.0, 0.0, 0.0, 1.0, 1.0));
        let [u, v, n, offset] = section.plane.mask_frame();
        let viewport = Viewport::new_at_origo(MASK_SIZE, MASK_SIZE);
        let drawn = target.write(|| -> Result<(), ViewerError> {
            for (cull, behind) in
                [(Cull::Front, 0.0), (Cull::Back, 0.04 / section.plane.mask_depth())]
            {
                let states = RenderStates { cull, ..Default::default() };
                for i in (0..visibility.len()).filter(|i| visibility[*i] != Visibility::Hidden) {
                    let Some(surface) = self.surface(i, 1e3) else { continue };
                    set(&program, "along_u", u);
                    set(&program, "along_v", v);
                    set(&program, "along_n", n);
                    set(&program, "offset", offset);
                    set(&program, "behind", behind);
                    let name = if cull == Cull::Front { (i + 1).min(255) } else { 0 };
                    set(&program, "structure", name as f32);
                    surface.draw(&program, states, viewport);
                    cost.add(surface.triangle_count());
                }
            }
            Ok(())
        });
        if let Err(e) = drawn {
            web_sys::console::error_1(&e.to_string().into());
        }
    }

    pub(super) fn draw_section(&self, frame: &Frame, cost: &mut Cost) {
        let Some(section) = &self.section else { return };
        let [u, v, _, offset] = section.plane.mask_frame();
        for (body, face) in &section.faces {
            let Some(program) = self.programs.get(Kind::Section, face.is_carried()) else {
                continue;
            };
            self.common(&program, frame);
            program.use_texture("mask", &section.mask);
            program.use_texture("palette", &self.palette);
            set(&program, "along_u", u);
            set(&program, "along_v", v);
            set(&program, "offset", offset);
            set(&program, "body", body.map_or(0.0, |b| f32::from(b) + 1.0));
            face.draw(&program, RenderStates::default(), frame.viewport);
            cost.add(face.triangle_count());
        }
    }
}
