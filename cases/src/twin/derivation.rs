//! From the labels of a source to those of a twin: cropped, refined, segmented from the scan, diseased, or made altogether.
//!
//! A case lists its derivations in `[[twin.derivations]]`; they run in that order, before surfaces are made. Each kind has a
//! file of its own, with what a case says about it and what is done. All are deterministic: chance comes from a seed in the case.

mod crop;
mod layers;
mod resample;
mod thicken;
mod tube;

use schemars::JsonSchema;
use serde::Deserialize;

pub use self::{
    crop::Crop,
    layers::{Layer, Layers},
    resample::Resample,
    thicken::Thicken,
    tube::Tube,
};
use crate::{Error, Result, volume::Voxels};

/// What derivations work on.
#[derive(Clone, Debug, PartialEq)]
pub struct Workpiece {
    /// Labels, 0 for none.
    pub labels: Voxels<u16>,
    /// The scan [HU for CT], on a grid of its own.
    pub scan: Option<Voxels<f32>>,
}

/// One derivation, as a case says it.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Derivation {
    /// Keep a box of the patient.
    Crop(Crop),
    /// Labels on a grid of another spacing.
    Resample(Resample),
    /// A pad of flat layers, made from nothing.
    Layers(Layers),
    /// A tube along a path.
    Tube(Tube),
    /// A wall grows into the cavity that it bounds.
    Thicken(Thicken),
}

impl Derivation {
    /// Does it make the labels, so that none are read?
    pub fn makes_labels(&self) -> bool {
        matches!(self, Self::Layers(_))
    }

    /// Numbers that cannot be: the field, what is wrong with it, and what would be right.
    pub fn faults(&self) -> Vec<(&'static str, String, &'static str)> {
        match self {
            Self::Crop(crop) => crop.faults(),
            Self::Resample(resample) => resample.faults(),
            Self::Layers(layers) => layers.faults(),
            Self::Tube(tube) => tube.faults(),
            Self::Thicken(thicken) => thicken.faults(),
        }
    }

    /// Do it.
    ///
    /// # Errors
    /// What the source cannot give, in words; [`derive`] adds where the case asks for it.
    fn apply(&self, work: &mut Workpiece) -> Result<(), String> {
        match self {
            Self::Crop(crop) => crop.apply(work),
            Self::Resample(resample) => resample.apply(work),
            Self::Layers(layers) => layers.apply(work),
            Self::Tube(tube) => tube.apply(work),
            Self::Thicken(thicken) => thicken.apply(work),
        }
    }
}

/// Run the derivations of a case in their order; `progress` hears how much is done, from 0 to 1.
///
/// # Errors
/// A derivation that the source cannot give what it needs.
pub(super) fn derive(
    derivations: &[Derivation],
    work: &mut Workpiece,
    progress: &mut dyn FnMut(f32),
) -> Result<()> {
    for (i, derivation) in derivations.iter().enumerate() {
        progress(i as f32 / derivations.len() as f32);
        derivation.apply(work).map_err(|reason| Error::Recipe {
            file: "case.toml".to_owned(),
            field: format!("twin.derivations[{}]", i + 1),
            reason,
        })?;
    }
    Ok(())
}
