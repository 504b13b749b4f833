//! `klime dev`: a local Klime to develop against.

pub mod attribution;
pub mod customers;
pub mod event;
pub mod query;
pub mod stamp;
pub mod store;
