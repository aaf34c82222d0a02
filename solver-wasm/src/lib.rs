//! Mechanics: finite elements on a lattice. Knows nothing of the web, of organs or of marks.
//!
//! Units everywhere: mm, s, kg, mN, kPa (so that 1 kPa · 1 mm² = 1 mN and 1 kg · 1 mm/s² = 1 mN).
//!
//! A [`scene::Scene`] becomes a [`model::Model`] (immutable), a [`state::State`] is plain data, a [`step::Solver`] is scratch:
//!
//! ```
//! # use std::sync::Arc;
//! # use solver_wasm::{control::Control, lattice::Lattice, model::Model, scene::{Material, Scene}};
//! # use solver_wasm::{state::State, step::Solver};
//! let scene = Scene {
//!     lattice: Lattice::bar([8, 2, 2], 5.0),
//!     materials: vec![Material::neo_hookean(5.0, 0.45, 1.06e-6)],
//!     ..Scene::default()
//! };
//! let model = Arc::new(Model::new(&scene)?);
//! let mut solver = Solver::new(Arc::clone(&model));
//! let mut state = State::at_rest(&model);
//! let report = solver.step(&mut state, &Control::default());
//! assert_eq!(report.contained(), 0);
//! # Ok::<(), solver_wasm::scene::SceneError>(())
//! ```
//! [`simulation::Simulation`] does the same by [`message::Command`]s, as the worker needs it.

pub mod beat;
pub mod blade;
pub mod bleeding;
mod carrier;
pub mod contact;
pub mod control;
pub mod embed;
mod functions;
#[cfg(feature = "gpu")]
pub mod gpu;
mod hierarchy;
pub mod incision;
pub mod lattice;
pub mod material;
pub mod message;
pub mod model;
mod modes;
mod multigrid;
pub mod newton;
mod pressure;
pub mod real;
pub mod scene;
pub mod simulation;
mod skyline;
pub mod state;
pub mod step;
mod strain;
pub mod tangle;
mod viscosity;
