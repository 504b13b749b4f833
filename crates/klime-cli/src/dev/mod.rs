//! `klime dev`: a local Klime to develop against.

pub mod event;
