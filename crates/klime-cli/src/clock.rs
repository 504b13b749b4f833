//! The only module that reads a clock.

#![expect(clippy::disallowed_methods, reason = "this is the one place that may ask for the time")]

use std::time::Instant;

use jiff::Timestamp;

/// The monotonic time, for durations and deadlines.
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// The calendar time, for when something arrived.
pub(crate) fn wall() -> Timestamp {
    Timestamp::now()
}
