//! segment, its `AutoBatcher`: no queue and no thread, the call that fills a batch (500 kB) sends it.

#![forbid(unsafe_code)]

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use bench_harness::{EVENT_NAME, Event, Failure, Peer, Settings};
use segment::message::{Track, User};
use segment::{AutoBatcher, Batcher, HttpClient};
use serde_json::json;
use tokio::runtime::{Builder, Runtime};

struct Segment {
    runtime: Runtime,
    batcher: AutoBatcher,
    /// Calls that came back with an error. Their events are not the only ones lost: a failed send takes its batch along.
    errors: u64,
}

impl Peer for Segment {
    fn open(endpoint: &str, _settings: &Settings) -> Result<Self, Failure> {
        let client = HttpClient::new(reqwest::Client::new(), endpoint.to_owned());
        let batcher = AutoBatcher::new(client, Batcher::new(None), "key".to_owned());
        let runtime = Builder::new_current_thread().enable_all().build()?;
        Ok(Self {
            runtime,
            batcher,
            errors: 0,
        })
    }

    fn emit(&mut self, event: &Event<'_>) {
        let message = Track {
            user: User::UserId {
                user_id: event.user_id.to_owned(),
            },
            event: EVENT_NAME.to_owned(),
            properties: json!({
                "report_type": event.report_type,
                "format": event.format,
                "region": event.region,
                "duration_seconds": event.duration_seconds,
                "row_count": event.row_count,
            }),
            ..Track::default()
        };
        let outcome = wait(&self.runtime, self.batcher.push(message));
        self.errors += u64::from(outcome.is_err());
    }

    fn flush(&mut self) -> Result<(), Failure> {
        Ok(self.runtime.block_on(self.batcher.flush())?)
    }

    fn counted_losses(&mut self) -> u64 {
        self.errors
    }
}

/// Runs the future; enters the runtime only when there is something to wait for, as if the caller were a task in it.
fn wait<T>(runtime: &Runtime, future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let first = {
        let _entered = runtime.enter();
        future
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
    };
    match first {
        Poll::Ready(value) => value,
        Poll::Pending => runtime.block_on(future),
    }
}

fn main() -> Result<(), Failure> {
    bench_harness::run::<Segment>()
}
