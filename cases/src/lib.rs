//! What is operated on, and how it is judged.
//!
//! Space: patient coordinates, DICOM LPS (+x left, +y posterior, +z superior), mm.

// Loops over the three axes of several arrays at once read best by index.
#![allow(clippy::needless_range_loop)]

pub mod anatomy;
pub mod case;
pub mod details;
pub mod error;
pub mod importer;
pub mod library;
pub mod pathway;
pub mod text;
pub mod tissue;
pub mod twin;
pub mod volume;

pub use error::{Error, Result};
pub use library::library;
