//! Loopback counterparts for black-box tests: real sockets, own threads, faults on request.
//!
//! Each server stops its threads when it is dropped and then reports a panic of its handler; nothing here waits by
//! sleeping, and each wait has a failure limit.

pub(crate) mod answer;
pub(crate) mod books;
pub(crate) mod child;
pub(crate) mod gate;
pub(crate) mod listener;
pub(crate) mod proxy;
pub(crate) mod received;
pub(crate) mod server;
pub(crate) mod socks;
pub(crate) mod tls;
pub(crate) mod watched;

pub(crate) use answer::Answer;
pub(crate) use books::balanced;
pub(crate) use gate::Gate;
pub(crate) use received::Received;
pub(crate) use server::Server;

mod tests;
