//! Customer analytics for Klime.

mod builder;
mod client;
mod clock;
mod error;
mod event;
mod global;
mod notices;
mod pipeline;
mod response;
mod stats;
#[cfg(feature = "testing")]
pub mod testing;
mod ticket;
#[cfg(feature = "tower")]
pub mod tower;
mod transport;
mod worker;

// The client.
pub use builder::ClientBuilder;
pub use client::{Client, Flush, Sending, Shutdown};
pub use global::{InstallGuard, client, flush, group, identify, track};
pub use pipeline::Overflow;

// Events.
pub use event::{Anonymous, Attributed, Event, EventKind, Group, HasUserOrGroup, Identify, MessageId, Track};
pub use serde_json::json;

// What became of them.
pub use error::{AlreadyInstalled, ConfigError, EnqueueError, SendError, SendErrorKind};
pub use response::{BatchResponse, ValidationError};
pub use stats::{DropReason, Dropped, Report, Stats};

// The way to Klime.
pub use transport::{Request, Response, Roots, Transport, TransportError};
