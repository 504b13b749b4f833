//! The Rust half of klime's Elixir package: it converts, calls the core, converts. The core decides everything.
//!
//! `track`, `identify` and `group` run in the caller's process and look its client up here, so no message is sent and no process is
//! waited for. No function blocks: what takes time begins at the call, and its answer comes as a message from a thread of ours.
//!
//! A client belongs to the process that owns it. When that ends, however it does, the client is shut down in the background:
//! what is queued is still delivered.

mod atoms;
mod clients;
mod errands;
mod exports;
mod json;
mod options;
mod teller;
mod terms;
