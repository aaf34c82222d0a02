//! The learner's application.

pub mod viewer;

fn main() {}
