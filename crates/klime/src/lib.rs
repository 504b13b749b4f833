//! Customer analytics for Klime that never gets in the app's way and never loses an event without saying so.
//!
//! ```no_run
//! use klime::{Client, json};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let klime = Client::from_env()?; // KLIME_WRITE_KEY
//!
//! klime.track("Report Generated")
//!     .user("user_123")
//!     .properties(json!({ "report_type": "revenue" }))
//!     .enqueue(); // returns at once
//!
//! let report = klime.shutdown_blocking(std::time::Duration::from_secs(5));
//! assert!(report.is_complete(), "{report}");
//! # Ok(())
//! # }
//! ```
//!
//! An event is checked and encoded on the caller's thread, and put into a bounded queue. A thread of the SDK's own sends batches of
//! them, over further connections when the server is slow, and retries what is worth it. No async runtime is needed, found
//! or made; what can be awaited ([`Client::flush`], [`Client::shutdown`], [`Track::send`]) works on any.
//!
//! # What it promises
//!
//! - **Never in the way**: [`enqueue`](Track::enqueue) does no I/O, never blocks and never panics.
//! - **The books balance**: at every moment each event is accepted, rejected, failed, dropped for a named reason, or pending.
//!   [`Client::stats`] shows them, the callbacks of [`ClientBuilder`] and the log say what was lost.
//! - **A flush is a barrier**: it is over when all events enqueued before it are settled, and says what became of them.
//! - **A shutdown keeps its deadline**, even when the server never answers.
//! - **Bounded**: [`max_queue_size`](ClientBuilder::max_queue_size) and [`max_queue_bytes`](ClientBuilder::max_queue_bytes) hold for
//!   all that is pending, in flight and in back-off included.
//! - **The write key stays secret**: it is in no log line, error or `Debug`; TLS is always verified, redirects are not followed.
//!
//! # What it does not do
//!
//! It does not survive `fork` without `exec` in the child, `std::process::exit`, or a kill: what is pending then is lost. It
//! installs no signal handlers (the README has a recipe), and does not run on wasm.
//!
//! # Features
//!
//! | feature | default | what it adds |
//! |---|---|---|
//! | `tracing` | yes | losses become log lines, at most one a second |
//! | `tower` | no | `klime::tower::FlushLayer`: flush before a request's answer goes out |
//! | `testing` | no | `klime::testing::Recorder`: check your own instrumentation |
//! | `bundled-roots` | no | `Roots::bundled()`: Mozilla's certificate authorities inside the binary |

// The tests have dependencies that only their other targets use.
#![cfg_attr(not(test), deny(unused_crate_dependencies))]

mod builder;
mod client;
mod clock;
mod error;
mod event;
mod global;
mod notices;
mod pipeline;
mod response;
mod serialize;
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
pub use notices::LogLevel;
pub use response::{BatchResponse, ValidationError};
pub use stats::{DropReason, Dropped, Report, Stats};

// The way to Klime.
pub use transport::{Request, Response, Roots, Transport, TransportError};
// For the `klime` command alone.
#[doc(hidden)]
pub use transport::{Route, RouteProxy};

// The README's snippets are doc tests.
#[cfg(all(doctest, feature = "testing", feature = "tower", feature = "tracing"))]
#[doc = include_str!("../README.md")]
struct Readme;
