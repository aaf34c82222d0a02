//! Parts that several pages use, one a file.

pub mod card;
pub mod icon;
pub mod pathways;
pub mod shell;
pub mod trouble;
