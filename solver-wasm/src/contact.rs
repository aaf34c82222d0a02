//! What touches the tissue: forceps that hold it, instruments that push it, bone and other organs that it lies against.
//!
//! Pushing contact is between a point of a body's [`skin`] and what it meets: an instrument or an obstacle, both a signed
//! distance, or another body, whose signed distance is carried by its lattice. The pieces in the order of a step:
//! [`approach`] finds the points that are near something, [`touch`] makes each a unilateral spring with friction.

pub(crate) mod approach;
mod candidates;
mod forceps;
pub mod instrument;
mod nearby;
pub(crate) mod obstacle;
pub(crate) mod skin;
pub(crate) mod touch;

pub use forceps::{GraspError, MAX_TIES};
pub use touch::{MAX_TOUCHES, Partner, Touch};
