//! Parts that several pages use, one a file.

pub mod add_case;
pub mod card;
pub mod icon;
pub mod own_card;
pub mod pathways;
pub mod shell;
pub mod trouble;
