//! What is drawn over tissue for the eye: the outline of the selection and the contact ring.

use three_d::core::{Cull, DepthTest, RenderStates, WriteMask, prelude::*};

use super::{ACCENT, Cost, Frame, Renderer, Ring, Scene, over};
use crate::viewer::programs::{Kind, set};

/// Warning and limit colours of the force arc, sRGB bytes: dark, light.
const WARN: [[u8; 3]; 2] = [[0xf0, 0xbb, 0x55], [0x87, 0x56, 0x00]];
const BAD: [[u8; 3]; 2] = [[0xff, 0x90, 0x70], [0xb0, 0x3a, 0x14]];

impl Renderer {
    pub(super) fn draw_outline(
        &self,
        frame: &Frame,
        scene: &Scene,
        structure: usize,
        size: [u32; 2],
        scale: f32,
        cost: &mut Cost,
    ) {
        let Some(surface) = self.surface(structure, frame.pixels_per_mm) else { return };
        let Some(program) = self.programs.get(Kind::Outline, surface.is_carried()) else { return };
        self.common(&program, frame);
        set(&program, "half_viewport", vec2(size[0] as f32, size[1] as f32) * 0.5);
        let tint = |c: [u8; 3]| Vec3::from(c.map(|b| f32::from(b) / 255.0));
        let states = RenderStates { cull: Cull::Front, ..Default::default() };
        // accent inside a casing of the opposite brightness: seen on every ground and not by its hue alone
        let casing = if scene.light { [255; 3] } else { [10, 14, 13] };
        for (width, colour) in [(2.2, ACCENT[usize::from(scene.light)]), (3.6, casing)] {
            set(&program, "width", width * scale);
            set(&program, "tint", tint(colour));
            surface.draw(&program, states, frame.viewport);
            cost.add(surface.triangle_count());
        }
    }

    pub(super) fn draw_ring(
        &self,
        frame: &Frame,
        scene: &Scene,
        ring: &Ring,
        size: [u32; 2],
        scale: f32,
        cost: &mut Cost,
    ) {
        const EXTENT: f32 = 20.0;
        let Some(program) = self.programs.get(Kind::Ring, false) else { return };
        let full = vec2(size[0] as f32, size[1] as f32) / scale;
        let centre = vec2(2.0 * ring.at.x / full.x - 1.0, 1.0 - 2.0 * ring.at.y / full.y);
        let half = vec2(2.0 * EXTENT / full.x, 2.0 * EXTENT / full.y);
        set(&program, "place_px", vec4(centre.x, centre.y, half.x, half.y));
        set(&program, "extent", EXTENT);
        set(&program, "force", ring.force.clamp(0.0, 1.0));
        set(&program, "touching", if ring.touching { 1.0 } else { 0.0_f32 });
        let theme = usize::from(scene.light);
        let arc = match ring.force {
            f if f >= 1.0 => BAD,
            f if f >= 0.75 => WARN,
            _ => ACCENT,
        };
        set(&program, "arc_tint", Vec3::from(arc[theme].map(|b| f32::from(b) / 255.0)));
        set(&program, "light", if scene.light { 1.0 } else { 0.0_f32 });
        let states = RenderStates {
            write_mask: WriteMask::COLOR,
            depth_test: DepthTest::Always,
            blend: over(),
            cull: Cull::None,
        };
        program.draw_arrays(states, frame.viewport, 6);
        cost.add(2);
    }
}
