//! `klime dev`: a local Klime to develop against.
//!
//! A request goes through `server`, `api` (host, origin), `ingest` (key, body, faults) and `validate` (event by event) into the
//! `collector`: the store, and what is folded over its events. Then it is shown on the `terminal`, counted by `expect`, and found by
//! whoever waits at `/dev/live` and `/dev/wait`.

mod api;
mod app;
mod args;
pub mod attribution;
pub mod checks;
mod collector;
pub mod customers;
mod demo;
pub mod event;
mod exec;
pub mod expect;
mod fair;
pub mod fault;
pub mod guard;
mod ingest;
mod key;
mod page;
pub mod query;
mod run;
mod server;
pub mod stamp;
pub mod store;
mod terminal;
pub mod validate;
mod words;

pub(crate) use args::Args;
pub(crate) use run::run;
