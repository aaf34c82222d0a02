//! A twin: labels from imaging become surfaces, a lattice of tissue, and one pack.

pub mod pack;
