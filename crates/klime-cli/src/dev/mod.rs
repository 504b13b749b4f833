//! `klime dev`: a local Klime to develop against.

pub mod event;
pub mod fault;
pub mod guard;
pub mod validate;
