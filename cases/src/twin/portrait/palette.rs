//! How each kind of tissue looks: the numbers of the interactive view.

use super::{
    super::pack::{Structure, Tissue},
    Vec3,
};

/// Colour and finish of a tissue.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Finish {
    /// Darker end of its colour, linear.
    pub low: Vec3,
    /// Lighter end of its colour, linear.
    pub high: Vec3,
    /// Roughness of the tissue under its film.
    pub roughness: f32,
    /// Strength of the wet film.
    pub coat: f32,
    /// Visibility of surface vessels.
    pub vessels: f32,
    /// How much the colour varies from place to place.
    pub mottle: f32,
    /// Fine and coarse relief.
    pub relief: [f32; 2],
    /// Colour of surface vessels, linear.
    pub vessel: Vec3,
}

/// The finish of a structure.
pub fn finish(structure: &Structure) -> Finish {
    let wet = |low: [u8; 3], high: [u8; 3]| Finish {
        low: linear(low),
        high: linear(high),
        roughness: 0.46,
        coat: 1.0,
        vessels: 0.0,
        mottle: 0.8,
        relief: [0.10, 0.06],
        vessel: linear([132, 30, 30]),
    };
    match structure.tissue {
        Tissue::Liver => Finish {
            mottle: 1.0,
            relief: [0.11, 0.075],
            coat: 1.1,
            ..wet([104, 37, 30], [138, 59, 46])
        },
        Tissue::Gallbladder => Finish {
            vessels: 0.30,
            coat: 1.1,
            relief: [0.06, 0.06],
            vessel: linear([92, 70, 26]),
            ..wet([66, 88, 30], [112, 128, 50])
        },
        Tissue::Kidney => Finish { vessels: 0.16, ..wet([120, 56, 50], [158, 84, 72]) },
        Tissue::Spleen => Finish { mottle: 1.0, coat: 1.05, ..wet([84, 26, 40], [116, 40, 56]) },
        Tissue::Bowel => Finish {
            vessels: 0.75,
            coat: 0.85,
            relief: [0.09, 0.09],
            vessel: linear([158, 44, 40]),
            ..wet([190, 116, 97], [214, 148, 125])
        },
        Tissue::Gland => Finish {
            vessels: 0.22,
            coat: 0.6,
            relief: [0.22, 0.16],
            ..wet([198, 148, 96], [222, 180, 126])
        },
        Tissue::Artery => Finish { coat: 0.85, ..wet([150, 26, 22], [182, 44, 34]) },
        Tissue::Vein => Finish {
            coat: 0.8,
            mottle: 0.6,
            relief: [0.05, 0.06],
            ..wet([48, 62, 118], [66, 84, 146])
        },
        Tissue::Bone => Finish {
            roughness: 0.62,
            coat: 0.10,
            relief: [0.16, 0.10],
            ..wet([178, 158, 124], [208, 192, 162])
        },
        Tissue::Cartilage => Finish {
            roughness: 0.55,
            coat: 0.30,
            relief: [0.10, 0.08],
            ..wet([158, 162, 160], [186, 188, 184])
        },
        Tissue::Lung => Finish {
            vessels: 0.2,
            coat: 0.7,
            relief: [0.20, 0.10],
            vessel: linear([92, 44, 52]),
            ..wet([184, 128, 124], [214, 168, 162])
        },
        Tissue::Muscle => Finish { coat: 0.8, mottle: 0.6, ..wet([118, 42, 38], [156, 70, 60]) },
        Tissue::Brain => Finish {
            vessels: 0.5,
            coat: 1.1,
            relief: [0.06, 0.06],
            ..wet([186, 142, 128], [218, 182, 166])
        },
        Tissue::Nerve => Finish { coat: 0.6, ..wet([196, 180, 142], [224, 212, 180]) },
        Tissue::Skin => Finish {
            roughness: 0.6,
            coat: 0.12,
            relief: [0.16, 0.05],
            ..wet([196, 140, 114], [226, 178, 152])
        },
        Tissue::Fat => {
            Finish { coat: 0.7, relief: [0.24, 0.14], ..wet([208, 170, 92], [234, 204, 134]) }
        }
        Tissue::Tumour => {
            Finish { coat: 0.8, relief: [0.22, 0.16], ..wet([168, 142, 120], [204, 182, 160]) }
        }
    }
}

/// sRGB bytes to linear colour.
pub fn linear(bytes: [u8; 3]) -> Vec3 {
    let channel = |byte: u8| {
        let value = f32::from(byte) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    Vec3::new(channel(bytes[0]), channel(bytes[1]), channel(bytes[2]))
}
