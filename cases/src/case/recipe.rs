//! From source files to a twin: what `[twin]` of a case.toml says.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    beat::{BeatRecipe, FibreRecipe},
    structure::StructureRecipe,
};
use crate::{text::Text, twin::derivation::Derivation, volume::MeshRecipe};

/// From source files to a twin.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// Source file with the labels; none where masks or the first derivation make them.
    pub labels: Option<String>,
    /// Further labels, one structure a file, on the same grid; added in this order.
    #[serde(default)]
    pub masks: Vec<MaskRecipe>,
    /// Source file with the scan, if there is one.
    pub image: Option<String>,
    /// Patient directions of the file's axes, for formats that do not say.
    pub axes: Option<String>,
    /// How labels come from a mesh, where the source with the labels is one (`.vtu`).
    pub mesh: Option<MeshRecipe>,
    /// Grey values that become 0 and 255 in the pack [HU].
    pub image_window: Option<[f32; 2]>,
    /// Direction in which a camera in front looks.
    pub front: [f32; 3],
    /// What a learner must know about the data.
    #[serde(default)]
    pub warnings: Vec<Text>,
    /// The files, with what is owed for them.
    #[serde(default)]
    pub sources: Vec<Source>,
    /// What is done with labels and scan before surfaces are made, in this order.
    #[serde(default)]
    pub derivations: Vec<Derivation>,
    /// How surfaces are made.
    pub surface: SurfaceRecipe,
    /// How tissue is made.
    pub lattice: LatticeRecipe,
    /// The structures, in the order of the tree.
    pub structures: Vec<StructureRecipe>,
    /// How muscle fibres run; without a rule they run anyhow, which only tissue without fibres forgives.
    #[serde(default)]
    pub fibres: Vec<FibreRecipe>,
    /// How it beats, if it does.
    pub beat: Option<BeatRecipe>,
    /// What holds the soft bodies.
    #[serde(default)]
    pub supports: Vec<SupportRecipe>,
}

/// A source file that holds one structure, where they come one a file.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MaskRecipe {
    /// Name of the source file; every voxel of it that is not 0 counts.
    pub file: String,
    /// Label that its voxels get.
    pub label: u16,
    /// Labels that it may replace; what is free if none is named.
    #[serde(default = "free")]
    pub over: Vec<u16>,
}

fn free() -> Vec<u16> {
    vec![0]
}

/// A source file.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Name without a folder.
    pub file: String,
    /// SHA-256, hexadecimal.
    pub sha256: String,
    /// Title.
    pub title: String,
    /// Who is to be credited.
    pub credit: String,
    /// SPDX expression or name of the licence.
    pub licence: String,
}

/// How surfaces are made from labels.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SurfaceRecipe {
    /// Standard deviation of the Gaussian on the indicator along x, y, z [mm]; more along the axis of thick slices.
    pub smoothing: [f64; 3],
    /// Rounds of Taubin's filter at the finest level; a quarter of them at each coarser one.
    pub rounds: u32,
    /// How far the filter may move a vertex off the smoothed indicator [mm]: half the steps that the labels show.
    pub reach: f64,
    /// Levels of detail.
    pub levels: u8,
    /// Connected pieces of fewer voxels go to the majority around them.
    pub smallest_piece: usize,
    /// Voxel size of the label volume in the pack [mm].
    pub label_spacing: f64,
}

/// How tissue is made.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LatticeRecipe {
    /// Edge length of a cell [mm]. Each has 4³ samples, and surfaces are laid on their grid: a quarter of it is the
    /// surfaces' spacing at the finest level of detail, and how finely tissue is cut.
    pub spacing: f64,
    /// Acceleration of gravity [mm/s²].
    pub gravity: [f32; 3],
}

impl LatticeRecipe {
    /// Distance of neighbouring samples [mm].
    pub fn sample_spacing(&self) -> f64 {
        self.spacing / 4.0
    }
}

/// A region of a structure's surface that is held elastically at its place.
///
/// The region is every part of the surface that meets all the conditions given. Its stiffness is a modelling choice: no
/// published value exists for most, and `reason` says so.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SupportRecipe {
    /// "Bare area".
    pub name: String,
    /// Structure that is held.
    pub structure: String,
    /// Outward normal within `within` degrees of this direction.
    pub facing: Option<[f64; 3]>,
    /// Angle to `facing` [degrees].
    #[serde(default = "right_angle")]
    pub within: f64,
    /// Fractions of the structure's box along x, low and high.
    #[serde(default = "whole")]
    pub x: [f64; 2],
    /// Fractions of the structure's box along y, low and high.
    #[serde(default = "whole")]
    pub y: [f64; 2],
    /// Fractions of the structure's box along z, low and high.
    #[serde(default = "whole")]
    pub z: [f64; 2],
    /// Within `reach` of a voxel of this label of the source.
    pub near: Option<Vec<u16>>,
    /// Distance to `near` [mm].
    #[serde(default = "reach")]
    pub reach: f64,
    /// Stiffness a unit area, along and across the surface normal [mN/mm³ = kPa/mm].
    pub stiffness: [f64; 2],
    /// Why this region and this stiffness.
    pub reason: String,
}

fn right_angle() -> f64 {
    90.0
}

fn whole() -> [f64; 2] {
    [0.0, 1.0]
}

fn reach() -> f64 {
    5.0
}
