//! What every measured program shares.
//!
//! A peer implements [`Peer`] and hands its type to [`run`]; the program then takes a mode and a collector's address,
//! makes the mode's calls, and prints one line of [`Figures`]. The collector ([`collector`]) is a process of its own,
//! so that only the client's CPU time and memory are counted. Nothing here needs a crate: whatever the harness pulled
//! in could change the features of the SDK that is measured.

#![forbid(unsafe_code)]

pub mod collector;
mod event;
mod figures;
mod measure;
mod mode;
mod process;

use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;

pub use event::{EVENT_NAME, Event, UserId};
pub use figures::Figures;
pub use mode::{Mode, Settings};

/// Why a run ended without figures.
pub type Failure = Box<dyn Error>;

/// How long a peer may take to deliver what it holds.
pub const FLUSH_LIMIT: Duration = Duration::from_secs(60);

/// One SDK behind the calls that are measured.
pub trait Peer: Sized {
    /// Starts the SDK. `endpoint` is `http://127.0.0.1:port`; a setting that is `None` stays at the SDK's default.
    fn open(endpoint: &str, settings: &Settings) -> Result<Self, Failure>;

    /// Builds one event and enqueues it. The clock runs over the whole of this.
    fn emit(&mut self, event: &Event<'_>);

    /// Delivers what was enqueued; returns when that is done, after [`FLUSH_LIMIT`] at the latest.
    fn flush(&mut self) -> Result<(), Failure>;

    /// Events that the SDK itself told us it lost: in a counter, an error or a callback.
    fn counted_losses(&mut self) -> u64 {
        0
    }
}

/// The `main` of a measured program: `<program> <mode> <address of the collector>`.
pub fn run<P: Peer>() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let (Some(mode), Some(address)) = (arguments.next(), arguments.next()) else {
        return Err("usage: <program> <mode> <collector's address>".into());
    };
    let mode = Mode::named(&mode).ok_or_else(|| format!("no mode is called {mode}"))?;
    let address: SocketAddr = address.parse()?;
    println!("{}", measure::measure::<P>(mode, address)?);
    Ok(())
}
