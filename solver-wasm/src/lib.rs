//! Mechanics: finite elements on a lattice. Knows nothing of the web, of organs or of marks.
//!
//! Units everywhere: mm, s, kg, mN, kPa (so that 1 kPa · 1 mm² = 1 mN and 1 kg · 1 mm/s² = 1 mN).

pub mod lattice;
pub mod message;
pub mod scene;
