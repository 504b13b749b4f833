//! A client's settings, as Elixir gives them.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use klime::{Client, ClientBuilder, ConfigError, LogLevel, Overflow};
use rustler::{Atom, NifMap};

use crate::atoms;
use crate::clients::Entry;
use crate::teller::Teller;
use crate::terms::{Failed, Shown, Told, reason_atom};

/// All settings; `None` leaves the core's default. Times are in milliseconds.
#[derive(NifMap)]
pub(crate) struct Options {
    write_key: String,
    library: (String, String),
    endpoint: Option<String>,
    flush_interval: Option<u64>,
    max_batch_size: Option<u64>,
    max_queue_size: Option<u64>,
    max_queue_bytes: Option<u64>,
    overflow: Option<String>,
    retry_max_attempts: Option<u64>,
    retry_initial_delay: Option<u64>,
    max_in_flight: Option<u64>,
    connect_timeout: Option<u64>,
    request_timeout: Option<u64>,
    shutdown_timeout: u64,
    flush_on_shutdown: Option<bool>,
    allow_insecure_http: Option<bool>,
    disabled: bool,
    /// Takes everything and sends nothing.
    sends_nowhere: bool,
    tells_success: bool,
    tells_error: bool,
    tells_drop: bool,
}

fn count(value: u64) -> usize {
    usize::try_from(value).unwrap_or(usize::MAX)
}

/// Applies a setting if it was given.
fn set<T>(
    builder: ClientBuilder,
    value: Option<T>,
    setter: impl FnOnce(ClientBuilder, T) -> ClientBuilder,
) -> ClientBuilder {
    match value {
        Some(value) => setter(builder, value),
        None => builder,
    }
}

impl Options {
    pub(crate) fn build(self) -> Result<Entry, ConfigError> {
        let teller = Arc::new(Teller::default());
        let shutdown_timeout = Duration::from_millis(self.shutdown_timeout);
        let client = self.builder(&teller).build()?;
        Ok(Entry { client, teller, hook: OnceLock::new(), shutdown_timeout })
    }

    fn builder(self, teller: &Arc<Teller>) -> ClientBuilder {
        let ms = Duration::from_millis;
        let mut builder = self.telling(Client::builder(self.write_key.as_str()), teller);
        let (library, version) = self.library;
        builder = builder
            .library(library, version)
            .disabled(self.disabled)
            // A client is dropped on a scheduler, which must not wait. `Entry::close` gives the time for what is left.
            .shutdown_timeout(Duration::ZERO);
        builder = set(builder, self.endpoint, ClientBuilder::endpoint);
        builder = set(builder, self.flush_interval.map(ms), ClientBuilder::flush_interval);
        builder = set(builder, self.max_batch_size.map(count), ClientBuilder::max_batch_size);
        builder = set(builder, self.max_queue_size.map(count), ClientBuilder::max_queue_size);
        builder = set(builder, self.max_queue_bytes.map(count), ClientBuilder::max_queue_bytes);
        builder = set(builder, self.overflow, |builder, overflow| {
            let newest = overflow == "drop_newest";
            builder.overflow(if newest { Overflow::DropNewest } else { Overflow::DropOldest })
        });
        builder = set(builder, self.retry_max_attempts, |builder, attempts| {
            builder.retry_max_attempts(u32::try_from(attempts).unwrap_or(u32::MAX))
        });
        builder = set(builder, self.retry_initial_delay.map(ms), ClientBuilder::retry_initial_delay);
        builder = set(builder, self.max_in_flight.map(count), ClientBuilder::max_in_flight);
        builder = set(builder, self.connect_timeout.map(ms), ClientBuilder::connect_timeout);
        builder = set(builder, self.request_timeout.map(ms), ClientBuilder::request_timeout);
        builder = set(builder, self.flush_on_shutdown, ClientBuilder::flush_on_shutdown);
        builder = set(builder, self.allow_insecure_http, ClientBuilder::allow_insecure_http);
        if self.sends_nowhere {
            builder = builder.transport(Nowhere);
        }
        builder
    }

    /// Has the listener told of what the app wants to know.
    fn telling(&self, mut builder: ClientBuilder, teller: &Arc<Teller>) -> ClientBuilder {
        let logs = Arc::clone(teller);
        builder = builder.on_log(move |level, text| logs.tell((atoms::klime(), atoms::log(), level_atom(level), text)));
        if self.tells_success {
            let teller = Arc::clone(teller);
            builder = builder.on_success(move |answer| teller.tell((atoms::klime(), atoms::success(), Told(answer))));
        }
        if self.tells_error {
            let teller = Arc::clone(teller);
            builder = builder.on_error(move |error, _| teller.tell((atoms::klime(), atoms::error(), Failed(error))));
        }
        if self.tells_drop {
            let teller = Arc::clone(teller);
            builder = builder.on_drop(move |reason, events| {
                teller.tell((atoms::klime(), atoms::drop(), reason_atom(reason), Shown(events)));
            });
        }
        builder
    }
}

fn level_atom(level: LogLevel) -> Atom {
    match level {
        LogLevel::Warn => atoms::warning(),
        _ => atoms::error(),
    }
}

/// For tests of an app's own: takes everything and sends nothing.
struct Nowhere;

impl klime::Transport for Nowhere {
    fn send(&self, _: &klime::Request<'_>) -> Result<klime::Response, klime::TransportError> {
        Ok(klime::Response::new(200))
    }
}
