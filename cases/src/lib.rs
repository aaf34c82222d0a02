//! What is operated on, and how it is judged.
//!
//! Space: patient coordinates, DICOM LPS (+x left, +y posterior, +z superior), mm.

pub mod twin;
