//! `klime dev`: a local Klime to develop against.

pub mod checks;
pub mod event;
