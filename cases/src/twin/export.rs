//! Twins for other people's programs.

mod glb;
mod seg_nrrd;

pub use glb::glb;
pub use seg_nrrd::seg_nrrd;
