//! What the tests share: the command as its user runs it, and servers that do as they are told.

mod command;
mod dev;
pub(crate) mod http;
mod server;
pub(crate) mod stored;
mod tls;

pub(crate) use command::{Klime, Program, Ran, WRITE_KEY};
pub(crate) use dev::{Dev, Ended, track};
pub(crate) use server::{Asked, Reply, Server, listen};
pub(crate) use tls::{Certificate, TlsServer};
