//! The `Retry-After` header and the back-off: any text is read without a panic, seconds are seconds, a date is the time until
//! then, nothing is longer than its bound.

#[path = "../../../crates/klime/src/pipeline/retry.rs"]
pub(super) mod retry;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use retry::{Jitter, backoff, parse_retry_after};

use crate::input::Input;

const LONGEST: Duration = Duration::from_secs(300);

pub(crate) const TOKENS: &[&str] = &[
    "Sun, 06 Nov 1994 08:49:37 GMT",
    "Sunday, 06-Nov-94 08:49:37 GMT",
    "Sun Nov  6 08:49:37 1994",
    "31 Dec 9999 23:59:60",
    "18446744073709551616",
    "٣",
];

pub(crate) fn check(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    check_backoff(&mut input);
    // Around the dates of the seeds half of the time, anywhere until the year 9999 otherwise.
    let seconds = input.number();
    let seconds = if seconds.is_multiple_of(2) { 784_111_000 + seconds % 2000 } else { seconds % 253_402_300_800 };
    let now = UNIX_EPOCH + Duration::from_secs(seconds) + Duration::from_nanos(u64::from(input.byte()));
    let after = Duration::from_secs(u64::from(input.byte()) * 2);
    check_date(now, now + after);
    check_header(&String::from_utf8_lossy(input.rest()), now);
}

fn check_header(header: &str, now: SystemTime) {
    let wait = parse_retry_after(header, now);
    assert!(wait.is_none_or(|wait| wait <= LONGEST), "{header:?}: {wait:?}");
    let text = header.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        let seconds = text.bytes().fold(0_u64, |sum, byte| (sum * 10 + u64::from(byte - b'0')).min(1000));
        assert_eq!(wait, Some(Duration::from_secs(seconds).min(LONGEST)), "{header:?}");
    } else if wait.is_some() {
        assert!(text.bytes().any(|byte| byte.is_ascii_alphabetic()), "{header:?}: {wait:?}");
    }
}

fn check_date(now: SystemTime, at: SystemTime) {
    if at >= UNIX_EPOCH + Duration::from_secs(253_402_300_800) {
        return;
    }
    let wait = parse_retry_after(&httpdate::fmt_http_date(at), now).expect("a date is read");
    let expected = at.duration_since(now).expect("it is not past").min(LONGEST);
    // The date has no parts of a second.
    assert!(wait <= expected && wait + Duration::from_secs(1) > expected, "{wait:?} instead of {expected:?}");
}

fn check_backoff(input: &mut Input<'_>) {
    // Nothing below a millisecond passes the builder.
    let initial = Duration::from_nanos(input.number()).max(Duration::from_millis(1));
    let (attempts, jitter) = (input.number() as u32, input.number() as u32);
    let wait = backoff(initial, attempts, Jitter(jitter));
    let doublings = attempts.saturating_sub(1).min(64);
    let longest = (0..doublings).fold(initial, |wait, _| wait.saturating_mul(2)).min(Duration::from_secs(16));
    assert!(wait <= longest && wait >= longest / 2, "{wait:?}, {initial:?} after {attempts} attempts");
}
