//! A twin: labels from imaging become surfaces, a lattice of tissue, and one pack.
//!
//! [`build`] runs the whole way; each step is a module of its own. Every step is deterministic: the same sources give the
//! same bytes.

mod bake;
mod build;
mod clean;
mod complex;
mod contact;
mod distance;
mod extract;
mod fair;
mod field;
pub mod inspect;
mod lattice;
mod measure;
pub mod pack;
mod partition;
#[cfg(not(target_arch = "wasm32"))]
pub mod portrait;
mod supports;
mod volumes;

pub use build::{Stage, build};
