//! `klime dev` as a running program.

mod customers;
mod events;
mod exec;
mod export;
mod faults;
mod ingest;
mod lifecycle;
mod live;
mod requests;
mod security;
mod terminal;
mod turns;
mod wait;
