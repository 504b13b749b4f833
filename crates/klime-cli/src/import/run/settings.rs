//! How the SDK is set up for an import.

use std::time::Duration;

use klime::{ClientBuilder, Overflow};

use super::window::MAX_OUTSTANDING;

/// The most bytes that may be with the client; far more than the windows let through.
const QUEUE_BYTES: usize = 64 * 1024 * 1024;

/// A client that sends what the windows let through, and keeps nothing back.
pub(in crate::import) fn client_settings(builder: ClientBuilder, retry_delay: Duration) -> ClientBuilder {
    builder
        .max_batch_size(100)
        .max_queue_size(MAX_OUTSTANDING)
        .max_queue_bytes(QUEUE_BYTES)
        // Nothing may make room for something else; windows keep the queue from being full.
        .overflow(Overflow::DropNewest)
        .max_in_flight(8)
        .retry_initial_delay(retry_delay)
        // How long it is tried is decided by the import.
        .retry_max_attempts(u32::MAX)
        .flush_on_shutdown(false)
        .shutdown_timeout(Duration::ZERO)
}
