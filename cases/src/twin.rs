//! A twin: labels from imaging become surfaces, a lattice of tissue, and one pack.
//!
//! [`build`] runs the whole way; each step is a module of its own. Every step is deterministic: the same sources give the
//! same bytes.

mod bake;
mod build;
mod cavity;
mod clean;
mod complex;
mod contact;
pub mod derivation;
mod derive;
pub(crate) mod describe;
mod distance;
pub mod doubt;
pub mod export;
mod extract;
mod fair;
mod fibres;
mod field;
mod identify;
mod import;
pub mod inspect;
mod lattice;
mod masks;
mod measure;
pub mod pack;
mod parallel;
mod partition;
pub mod portrait;
pub mod report;
pub mod sort;
mod supports;
mod verify;
mod volumes;

pub use build::{Progress, Stage, build, vessel_trees};
pub use identify::identifiers;
pub use import::{Imported, Input, import};
pub use verify::verify;
