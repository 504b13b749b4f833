//! klime, the SDK of this repository.

#![forbid(unsafe_code)]

use bench_harness::{EVENT_NAME, Event, FLUSH_LIMIT, Failure, Peer, Settings};
use klime::Client;

struct Klime {
    client: Client,
}

impl Peer for Klime {
    fn open(endpoint: &str, settings: &Settings) -> Result<Self, Failure> {
        let mut builder = Client::builder("key").endpoint(endpoint);
        if let Some(size) = settings.max_queue_size {
            builder = builder.max_queue_size(size);
        }
        if let Some(size) = settings.max_batch_size {
            builder = builder.max_batch_size(size);
        }
        if let Some(count) = settings.max_in_flight {
            builder = builder.max_in_flight(count);
        }
        Ok(Self {
            client: builder.build()?,
        })
    }

    fn emit(&mut self, event: &Event<'_>) {
        self.client
            .track(EVENT_NAME)
            .user(event.user_id)
            .property("report_type", event.report_type)
            .property("format", event.format)
            .property("region", event.region)
            .property("duration_seconds", event.duration_seconds)
            .property("row_count", event.row_count)
            .enqueue();
    }

    fn flush(&mut self) -> Result<(), Failure> {
        let report = self.client.flush_blocking(FLUSH_LIMIT);
        if report.pending == 0 {
            Ok(())
        } else {
            Err(format!("flush left events behind: {report:?}").into())
        }
    }

    fn counted_losses(&mut self) -> u64 {
        let stats = self.client.stats();
        stats.rejected + stats.failed + stats.dropped.total()
    }
}

fn main() -> Result<(), Failure> {
    bench_harness::run::<Klime>()
}
