//! posthog-rs, its blocking client; batches of 100 and a queue of 10,000 are its defaults.

#![forbid(unsafe_code)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bench_harness::{EVENT_NAME, Event, Failure, Peer, Settings};
use posthog_rs::{Client, ClientOptionsBuilder, PostHogError};

struct PostHog {
    client: Client,
    /// Events in the failures that the error hook was told about.
    failed: Arc<AtomicU64>,
    /// Events that could not be built.
    refused: u64,
}

impl Peer for PostHog {
    fn open(endpoint: &str, settings: &Settings) -> Result<Self, Failure> {
        let failed = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&failed);
        let mut options = ClientOptionsBuilder::default();
        options
            .api_key("key".to_owned())
            .host(endpoint)
            .on_error(move |error| {
                if let PostHogError::Capture(failure) = error {
                    counter.fetch_add(failure.event_count() as u64, Ordering::Relaxed);
                }
            });
        if let Some(size) = settings.max_queue_size {
            options.max_queue_size(size);
        }
        if let Some(size) = settings.max_batch_size {
            options.max_batch_size(size);
        }
        Ok(Self {
            client: posthog_rs::client(options.build()?),
            failed,
            refused: 0,
        })
    }

    fn emit(&mut self, event: &Event<'_>) {
        match built(event) {
            Ok(event) => self.client.capture(event),
            Err(_) => self.refused += 1,
        }
    }

    fn flush(&mut self) -> Result<(), Failure> {
        self.client.flush();
        Ok(())
    }

    fn counted_losses(&mut self) -> u64 {
        self.failed.load(Ordering::Relaxed) + self.refused
    }
}

fn built(event: &Event<'_>) -> Result<posthog_rs::Event, posthog_rs::Error> {
    let mut built = posthog_rs::Event::new(EVENT_NAME, event.user_id);
    built.insert_prop("report_type", event.report_type)?;
    built.insert_prop("format", event.format)?;
    built.insert_prop("region", event.region)?;
    built.insert_prop("duration_seconds", event.duration_seconds)?;
    built.insert_prop("row_count", event.row_count)?;
    Ok(built)
}

fn main() -> Result<(), Failure> {
    bench_harness::run::<PostHog>()
}
