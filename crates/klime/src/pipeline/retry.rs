//! When to try again: back-off with jitter, and the server's `Retry-After`.

use std::time::{Duration, SystemTime};

/// No back-off is longer than this, before `Retry-After`.
const MAX_BACKOFF: Duration = Duration::from_secs(16);

/// The longest `Retry-After` that is honoured.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(300);

/// A random number; all 32 bits count.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Jitter(pub(crate) u32);

/// How long to wait after `attempts` failed ones: `initial × 2^(attempts-1)`, at most 16 s, evenly between half of it and all
/// of it.
pub(super) fn backoff(initial: Duration, attempts: u32, jitter: Jitter) -> Duration {
    let doublings = attempts.saturating_sub(1).min(31);
    let longest = initial.saturating_mul(1 << doublings).min(MAX_BACKOFF);
    let half = longest / 2;
    half + half.mul_f64(f64::from(jitter.0) / f64::from(u32::MAX))
}

/// Reads a `Retry-After` header: a number of seconds, or an HTTP date; at most 5 minutes. `None` when it is neither.
pub(crate) fn parse_retry_after(header: &str, now: SystemTime) -> Option<Duration> {
    let header = header.trim();
    let wait = if !header.is_empty() && header.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than a u64 holds is longer than what is honoured.
        Duration::from_secs(header.parse().unwrap_or(u64::MAX))
    } else {
        let at = httpdate::parse_http_date(header).ok()?;
        // A date is a whole second: waiting until it has begun is never too short. One that is past means now.
        at.duration_since(now).unwrap_or_default()
    };
    Some(wait.min(MAX_RETRY_AFTER))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::time::UNIX_EPOCH;

    proptest! {
        #[test]
        fn backoff_doubles_within_its_bounds(millis in 1_u64..100_000, attempts in 1_u32..200, jitter: u32) {
            let longest = (u128::from(millis) << (attempts - 1).min(40)).min(16_000);
            let wait = backoff(Duration::from_millis(millis), attempts, Jitter(jitter));
            prop_assert!(wait.as_micros() + 1 >= longest * 1000 / 2 && wait.as_millis() <= longest, "{wait:?} of {longest}");
        }
    }

    #[test]
    fn backoff_reaches_both_ends() {
        let initial = Duration::from_secs(1);
        assert_eq!(backoff(initial, 1, Jitter(0)), Duration::from_millis(500));
        assert_eq!(backoff(initial, 1, Jitter(u32::MAX)), Duration::from_secs(1));
        assert_eq!(backoff(initial, 3, Jitter(u32::MAX)), Duration::from_secs(4));
        assert_eq!(backoff(Duration::MAX, 9, Jitter(u32::MAX)), MAX_BACKOFF);
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = UNIX_EPOCH + Duration::from_secs(784_111_777);
        let read = |header| parse_retry_after(header, now);
        assert_eq!(read("3"), Some(Duration::from_secs(3)));
        assert_eq!(read(" 0 "), Some(Duration::ZERO));
        assert_eq!(read("86400"), Some(MAX_RETRY_AFTER));
        assert_eq!(read("99999999999999999999999999"), Some(MAX_RETRY_AFTER));
        assert_eq!(read("Sun, 06 Nov 1994 08:49:47 GMT"), Some(Duration::from_secs(10)));
        assert_eq!(read("Sunday, 06-Nov-94 08:49:47 GMT"), Some(Duration::from_secs(10)));
        assert_eq!(read("Sun Nov  6 08:49:47 1994"), Some(Duration::from_secs(10)));
        assert_eq!(read("Sun, 06 Nov 1994 08:49:27 GMT"), Some(Duration::ZERO));
        for bad in ["", "soon", "-1", "1.5", "+3", "٣", "1e3", "Sun, 06 Nov"] {
            assert_eq!(read(bad), None, "{bad:?}");
        }
    }
}
