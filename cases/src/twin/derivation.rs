//! From the labels of a source to those of a twin: cropped, refined, segmented from the scan, diseased, or made altogether.
//!
//! A case lists its derivations in `[[twin.derivations]]`; they run in that order, before surfaces are made. Each kind has a
//! file of its own, with what a case says about it and what is done. All are deterministic: chance comes from a seed in the case.

mod blank;
mod chance;
mod crop;
pub(super) mod depth;
mod distance;
mod divide;
mod expand;
mod grow;
mod layers;
mod lesion;
mod morphology;
mod nodules;
mod pieces;
mod relabel;
mod resample;
mod resample_scan;
mod smooth;
mod split;
mod thicken;
mod threshold;
mod tracts;
mod tube;
pub mod vessels;
mod widen;

use schemars::JsonSchema;
use serde::Deserialize;

pub use self::{
    blank::Blank,
    crop::Crop,
    divide::Divide,
    expand::{Expand, Expansion},
    grow::Grow,
    layers::{Layer, Layers},
    lesion::Lesion,
    morphology::{Morphology, Operation},
    nodules::Nodules,
    pieces::Pieces,
    relabel::Relabel,
    resample::Resample,
    resample_scan::ResampleScan,
    smooth::Smooth,
    split::{Plane, Split},
    thicken::Thicken,
    threshold::Threshold,
    tracts::Tracts,
    tube::Tube,
    vessels::Vessels,
    widen::Widen,
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

/// An axis of the patient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Axis {
    /// From right to left.
    X,
    /// From front to back.
    Y,
    /// From feet to head.
    Z,
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
    /// The scan on a grid of another spacing.
    ResampleScan(ResampleScan),
    /// A label for a range of grey values.
    Threshold(Threshold),
    /// A label grown from seeds.
    Grow(Grow),
    /// The outline of a label changed by balls.
    Morphology(Morphology),
    /// Only the largest pieces of a label.
    Pieces(Pieces),
    /// Labels given another number.
    Relabel(Relabel),
    /// A label divided by a plane.
    Divide(Divide),
    /// The scan blanked away from the structures.
    Blank(Blank),
    /// Fibre tracts of another brain.
    Tracts(Tracts),
    /// Labels on finer cubes, with the steps of the source smoothed away.
    Smooth(Smooth),
    /// Give a part of a structure a label of its own, by planes.
    Split(Split),
    /// Grow a tree of vessels.
    Vessels(Vessels),
    /// Put a lump into an organ.
    Lesion(Lesion),
    /// Grow and shrink structures; everything around gives way.
    Expand(Expand),
    /// Bump the surface of an organ with nodules.
    Nodules(Nodules),
    /// Widen a vessel all around.
    Widen(Widen),
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
            Self::ResampleScan(resample) => resample.faults(),
            Self::Threshold(threshold) => threshold.faults(),
            Self::Grow(grow) => grow.faults(),
            Self::Morphology(morphology) => morphology.faults(),
            Self::Pieces(pieces) => pieces.faults(),
            Self::Relabel(relabel) => relabel.faults(),
            Self::Divide(divide) => divide.faults(),
            Self::Blank(blank) => blank.faults(),
            Self::Tracts(tracts) => tracts.faults(),
            Self::Smooth(smooth) => smooth.faults(),
            Self::Split(split) => split.faults(),
            Self::Vessels(vessels) => vessels.faults(),
            Self::Lesion(lesion) => lesion.faults(),
            Self::Expand(expand) => expand.faults(),
            Self::Nodules(nodules) => nodules.faults(),
            Self::Widen(widen) => widen.faults(),
        }
    }

    /// Do it; `sources` gives the bytes of a source file by its name.
    ///
    /// # Errors
    /// What the source cannot give, in words; [`derive`] adds where the case asks for it.
    fn apply(&self, work: &mut Workpiece, sources: Sources) -> Result<(), String> {
        match self {
            Self::Crop(crop) => crop.apply(work),
            Self::Resample(resample) => resample.apply(work),
            Self::Layers(layers) => layers.apply(work),
            Self::Tube(tube) => tube.apply(work),
            Self::Thicken(thicken) => thicken.apply(work),
            Self::ResampleScan(resample) => resample.apply(work),
            Self::Threshold(threshold) => threshold.apply(work),
            Self::Grow(grow) => grow.apply(work),
            Self::Morphology(morphology) => morphology.apply(work),
            Self::Pieces(pieces) => pieces.apply(work),
            Self::Relabel(relabel) => relabel.apply(work),
            Self::Divide(divide) => divide.apply(work),
            Self::Blank(blank) => blank.apply(work),
            Self::Smooth(smooth) => smooth.apply(work),
            Self::Split(split) => split.apply(work),
            Self::Vessels(vessels) => vessels.apply(work),
            Self::Lesion(lesion) => lesion.apply(work),
            Self::Expand(expand) => expand.apply(work),
            Self::Nodules(nodules) => nodules.apply(work),
            Self::Widen(widen) => widen.apply(work),
            Self::Tracts(tracts) => {
                let bytes = sources(&tracts.file).map_err(|e| e.to_string())?;
                tracts.apply(work, &bytes)
            }
        }
    }
}

/// Bytes of a source file by its name.
type Sources<'a> = &'a dyn Fn(&str) -> Result<Vec<u8>>;

/// Run the derivations of a case in their order; `sources` gives the bytes of a source file, `progress` hears how much is done, from 0
/// to 1.
///
/// # Errors
/// A derivation that the source cannot give what it needs.
pub(super) fn derive(
    derivations: &[Derivation],
    work: &mut Workpiece,
    sources: Sources,
    progress: &mut dyn FnMut(f32),
) -> Result<()> {
    for (i, derivation) in derivations.iter().enumerate() {
        progress(i as f32 / derivations.len() as f32);
        derivation.apply(work, sources).map_err(|reason| refused(i, reason))?;
    }
    Ok(())
}

/// As [`derive`], for the trees of vessels that are grown on the way.
///
/// # Errors
/// As [`derive`].
pub(super) fn trees(
    derivations: &[Derivation],
    work: &mut Workpiece,
    sources: Sources,
) -> Result<Vec<(u16, vessels::Tree)>> {
    let mut trees = Vec::new();
    for (i, derivation) in derivations.iter().enumerate() {
        if let Derivation::Vessels(recipe) = derivation {
            trees.push((recipe.label, recipe.grow(work).map_err(|reason| refused(i, reason))?));
        }
        derivation.apply(work, sources).map_err(|reason| refused(i, reason))?;
    }
    Ok(trees)
}

fn refused(index: usize, reason: String) -> Error {
    Error::Recipe {
        file: "case.toml".to_owned(),
        field: format!("twin.derivations[{}]", index + 1),
        reason,
    }
}
