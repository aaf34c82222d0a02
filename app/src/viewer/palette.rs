//! How each tissue looks: its finish by kind, its colour as the pack says.

use cases::twin::pack::{Structure, Tissue};
use three_d::prelude::*;

/// Colour and finish of a structure's surface. Colours are linear.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Appearance {
    /// Darker end of its colour.
    pub low: Vec3,
    /// Lighter end of its colour.
    pub high: Vec3,
    /// Colour of surface vessels.
    pub vessel: Vec3,
    /// The rest.
    pub finish: Finish,
}

/// What does not depend on colour.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Finish {
    /// Roughness of the tissue under its film.
    pub roughness: f32,
    /// Strength of the wet film.
    pub coat: f32,
    /// Visibility of surface vessels.
    pub vessels: f32,
    /// How much the colour varies from place to place.
    pub mottle: f32,
    /// Fine and coarse relief.
    pub bump: [f32; 2],
}

const WET: Finish =
    Finish { roughness: 0.46, coat: 1.0, vessels: 0.0, mottle: 0.8, bump: [0.10, 0.06] };

/// Finish of a tissue.
fn finish(tissue: Tissue) -> Finish {
    match tissue {
        Tissue::Liver => Finish { coat: 1.1, mottle: 1.0, bump: [0.11, 0.085], ..WET },
        Tissue::Gallbladder => Finish { coat: 1.15, vessels: 0.25, bump: [0.06, 0.06], ..WET },
        Tissue::Kidney => Finish { vessels: 0.12, ..WET },
        Tissue::Spleen => Finish { coat: 1.1, mottle: 1.0, ..WET },
        Tissue::Bowel => Finish { coat: 0.85, vessels: 0.75, bump: [0.09, 0.09], ..WET },
        Tissue::Gland => Finish { coat: 0.6, vessels: 0.2, bump: [0.22, 0.16], ..WET },
        Tissue::Artery => Finish { coat: 0.85, bump: [0.06, 0.05], ..WET },
        Tissue::Vein => Finish { coat: 0.9, mottle: 0.6, bump: [0.05, 0.06], ..WET },
        Tissue::Bone => {
            Finish { roughness: 0.62, coat: 0.10, mottle: 0.7, bump: [0.16, 0.10], ..WET }
        }
        Tissue::Cartilage => {
            Finish { roughness: 0.5, coat: 0.3, mottle: 0.4, bump: [0.06, 0.05], ..WET }
        }
        Tissue::Lung => Finish { coat: 0.7, vessels: 0.2, bump: [0.20, 0.10], ..WET },
        Tissue::Muscle => Finish { coat: 0.8, mottle: 0.6, ..WET },
        Tissue::Brain => Finish { coat: 1.1, vessels: 0.4, bump: [0.06, 0.06], ..WET },
        Tissue::Nerve => Finish { coat: 0.6, mottle: 0.4, ..WET },
        Tissue::Skin => Finish { roughness: 0.6, coat: 0.12, bump: [0.16, 0.05], ..WET },
        Tissue::Fat => Finish { coat: 0.7, bump: [0.24, 0.14], ..WET },
        Tissue::Tumour => Finish { coat: 0.8, bump: [0.22, 0.16], ..WET },
    }
}

/// Colour and finish of a structure.
pub fn appearance(structure: &Structure) -> Appearance {
    let mut base = linear(structure.colour);
    if matches!(structure.tissue, Tissue::Artery | Tissue::Vein) {
        // the atlas' red and blue name the vessel; living walls are duller
        let grey = base.dot(vec3(0.3, 0.5, 0.2));
        base = base * 0.72 + vec3(0.20, 0.13, 0.13) * grey;
    }
    let finish = finish(structure.tissue);
    // blood-red vessels on pale serosa, brown ones on green bile
    let vessel = if structure.tissue == Tissue::Gallbladder { [86, 62, 24] } else { [140, 34, 32] };
    Appearance { low: base * 0.74, high: base * 1.24, vessel: linear(vessel), finish }
}

/// sRGB bytes to linear colour.
pub fn linear(c: [u8; 3]) -> Vec3 {
    let f = |b: u8| {
        let x = f32::from(b) / 255.0;
        if x <= 0.04045 { x / 12.92 } else { ((x + 0.055) / 1.055).powf(2.4) }
    };
    vec3(f(c[0]), f(c[1]), f(c[2]))
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn linear_ends_are_black_and_white_and_middle_grey_is_a_fifth() {
        assert!(linear([0, 0, 0]).magnitude() < 1e-6);
        assert!((linear([255, 255, 255]) - vec3(1.0, 1.0, 1.0)).magnitude() < 1e-5);
        assert!((linear([119, 119, 119]).x - 0.184).abs() < 2e-3);
    }

    #[test]
    fn organs_are_wetter_than_bone() {
        for wet in [Tissue::Liver, Tissue::Spleen, Tissue::Bowel, Tissue::Vein] {
            assert!(finish(wet).coat > 5.0 * finish(Tissue::Bone).coat);
        }
    }
}
