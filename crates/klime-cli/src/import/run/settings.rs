//! How the SDK is set up for an import.

use std::time::Duration;

use klime::{ClientBuilder, Overflow};

use super::window::MAX_OUTSTANDING;

/// The most bytes that may be with the client; far more than the windows let through.
const QUEUE_BYTES: usize = 64 * 1024 * 1024;

/// A client that sends what the windows let through, and keeps nothing back.
pub(in crate::import) fn client_settings(
    builder: ClientBuilder,
    retry_delay: Duration,
    patience: Duration,
) -> ClientBuilder {
    builder
        .max_batch_size(100)
        .max_queue_size(MAX_OUTSTANDING)
        .max_queue_bytes(QUEUE_BYTES)
        // Nothing may make room for something else; windows keep the queue from being full.
        .overflow(Overflow::DropNewest)
        .max_in_flight(8)
        .retry_initial_delay(retry_delay)
        .retry_max_attempts(attempts_within(retry_delay, patience))
        .flush_on_shutdown(false)
        .shutdown_timeout(Duration::ZERO)
}

/// How many attempts fit into the time, were they to fail at once and were each wait as long as it can be.
fn attempts_within(first_delay: Duration, patience: Duration) -> u32 {
    /// The SDK waits no longer between two attempts, unless the server asks for it.
    const LONGEST: Duration = Duration::from_secs(16);
    let (mut attempts, mut waited, mut delay) = (1, Duration::ZERO, first_delay.min(LONGEST));
    while waited + delay <= patience {
        waited += delay;
        delay = (delay * 2).min(LONGEST);
        attempts += 1;
    }
    attempts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_attempts_fit_into_the_patience() {
        let second = Duration::from_secs(1);
        for (seconds, attempts) in [(0, 1), (1, 2), (3, 3), (31, 6), (120, 11)] {
            assert_eq!(attempts_within(second, second * seconds), attempts, "{seconds}");
        }
        assert_eq!(attempts_within(Duration::from_millis(10), second), 7);
    }
}
