//! `klime dev` as a running program.

mod faults;
mod ingest;
mod lifecycle;
mod live;
mod security;
mod wait;
