//! The same mechanics on a GPU: every hot kernel in WGSL beside its twin in Rust.
//!
//! | WGSL | Rust |
//! | --- | --- |
//! | `modes.wgsl` | `modes.rs` |
//! | `material.wgsl` | `material.rs`, `material/bending.rs` |
//! | `evaluate.wgsl` | `Viscosity::start`, `Newton::evaluate` |
//! | `refresh.wgsl` | `Multigrid::refresh`: `coarsen`, `add_cell_diagonals`, `invert`, `assemble`, `Skyline::factor` |
//! | `cycle.wgsl` | `cycle`, `Level::smooth`, `subtract_product`, `solve_coarsest` |
//! | `newton.wgsl` | `Newton::conjugate_gradients`, `Newton::minimise` |
//!
//! A whole frame runs without a look at its results ([`kernels::schedule`]); [`GpuSolver`] says what happens around it. There are
//! no atomics on floats, so a node gathers what its cells left at their corners; sums go through workgroups.

mod device;
mod kernels;
mod layout;
mod play;
mod solver;
#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests;

pub use device::{Gpu, GpuError};
pub use play::Play;
pub use solver::{GpuSolver, Unsupported, supports};
