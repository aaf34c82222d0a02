//! The same mechanics on a GPU: every hot kernel in WGSL beside its twin in Rust.
//!
//! | WGSL | Rust |
//! | --- | --- |
//! | `modes.wgsl` | `modes.rs` |
//! | `material.wgsl` | `material.rs`, `material/bending.rs` |
//! | `evaluate.wgsl` | `Viscosity::start`, `Newton::evaluate` |
//! | `strain.wgsl` | `strain.rs`, `strain/law.rs`, `functions.rs` |
//! | `refresh.wgsl` | `Multigrid::refresh`: `coarsen`, `add_cell_diagonals`, `invert`, `assemble`, `assemble_link`, `Skyline::factor` |
//! | `cycle.wgsl` | `cycle`, `Level::smooth`, `subtract_product`, `solve_coarsest` |
//! | `touches.wgsl` | `TouchLaw::respond`, `Link`, in `Newton::evaluate`, `subtract_product`, `Level::refresh_diagonal` |
//! | `pressure.wgsl` | `Pressures` |
//! | `newton.wgsl` | `Newton::conjugate_gradients`, `Newton::minimise` |
//!
//! A whole frame runs without a look at its results ([`kernels::schedule`]); [`GpuSolver`] says what happens around it. There are
//! no atomics on floats, so a node gathers what its cells left at their corners; sums go through workgroups.

mod device;
mod journal;
mod kernels;
mod layout;
#[cfg(all(test, not(target_arch = "wasm32"), not(feature = "f64")))]
mod parity;
mod play;
mod resources;
mod solver;
mod supports;
mod surfaces;
#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests;
mod touches;

pub use device::{Gpu, GpuError};
pub use play::Play;
pub use solver::GpuSolver;
pub use supports::{Unsupported, supports};
