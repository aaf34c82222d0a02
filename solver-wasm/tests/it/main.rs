//! The solver against theory, differences, itself, and abuse.

mod consistency;
mod scenes;
mod theory;
