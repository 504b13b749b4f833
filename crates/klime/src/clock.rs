//! The only module that reads a clock.
//!
//! The pipeline never does: it is told what time it is, so its tests run in virtual time.

#![expect(clippy::disallowed_methods, reason = "this is the one place that may ask for the time")]

use std::cell::Cell;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use jiff::SignedDuration;
use jiff::civil::DateTime;
use jiff::fmt::temporal::Pieces;

/// The monotonic time, for intervals, back-off and deadlines.
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// The calendar time, for an event's timestamp.
pub(crate) fn wall() -> SystemTime {
    SystemTime::now()
}

/// The moment `after` past `start`; `None` when it is too far away for the clock, which means never.
pub(crate) fn later(start: Instant, after: Duration) -> Option<Instant> {
    start.checked_add(after)
}

/// `2026-11-23T15:20:00.123Z`: how long every timestamp on the wire is, in bytes.
pub(crate) const TIMESTAMP_LEN: usize = 24;

const SECONDS_LEN: usize = 19;

/// 1970 as a date and a time in UTC. A `jiff::Timestamp` would end some hours before the year 9999 does.
const EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);

thread_local! {
    /// The last whole second that this thread wrote, and its text: events come many to the second, and the calendar is
    /// the dear part of a timestamp.
    static LAST_SECOND: Cell<(u64, [u8; SECONDS_LEN])> = const { Cell::new((0, *b"1970-01-01T00:00:00")) };
}

/// Writes `time` as the wire wants it: UTC, ISO 8601, milliseconds, `Z`.
///
/// # Errors
///
/// A sentence that names the time and the bound when `time` is before 1970 or after 9999.
pub(crate) fn write_timestamp(out: &mut Vec<u8>, time: SystemTime) -> Result<(), String> {
    let since_epoch = time.duration_since(UNIX_EPOCH).map_err(|before| {
        let seconds = before.duration().as_secs_f64();
        format!("timestamp is {seconds} s before 1970-01-01T00:00:00Z, the earliest that is taken")
    })?;
    let second = since_epoch.as_secs();
    let cached = LAST_SECOND.try_with(Cell::get).ok().filter(|(cached, _)| *cached == second);
    let text = match cached {
        Some((_, text)) => text,
        None => {
            let text = second_text(second)?;
            // A thread that is being torn down has no cache any more; the text is right without it.
            let _ = LAST_SECOND.try_with(|cache| cache.set((second, text)));
            text
        }
    };
    out.extend_from_slice(&text);
    let millis = since_epoch.subsec_millis();
    let digit = |divisor: u32| b'0' + u8::try_from(millis / divisor % 10).unwrap_or(0);
    out.extend_from_slice(&[b'.', digit(100), digit(10), digit(1), b'Z']);
    Ok(())
}

fn second_text(second: u64) -> Result<[u8; SECONDS_LEN], String> {
    let too_late = || {
        format!("timestamp is {second} s after 1970-01-01T00:00:00Z, later than the year 9999, the last that is taken")
    };
    let since_epoch = i64::try_from(second).map(SignedDuration::from_secs).map_err(|_| too_late())?;
    let text = EPOCH.checked_add(since_epoch).map_err(|_| too_late())?.to_string();
    text.as_bytes().first_chunk().copied().ok_or_else(too_late)
}

const NO_TIMESTAMP: &str = "timestamp is not in ISO 8601, it must be like 2026-11-23T15:20:00Z";
const NO_TIME: &str = "timestamp has no time of day, it must be like 2026-11-23T15:20:00Z";
const NO_ZONE: &str = "timestamp has no time zone, it must be like 2026-11-23T15:20:00Z or 2026-11-23T16:20:00+01:00";

/// Reads an ISO 8601 timestamp with any offset.
///
/// # Errors
///
/// A sentence that says what is missing, without the text: that is the event's content.
pub(crate) fn parse_timestamp(text: &str) -> Result<SystemTime, &'static str> {
    let pieces = Pieces::parse(text).map_err(|_| NO_TIMESTAMP)?;
    let local = pieces.date().to_datetime(pieces.time().ok_or(NO_TIME)?);
    // A zone's name in brackets is no ISO 8601.
    let no_offset = if pieces.time_zone_annotation().is_some() { NO_TIMESTAMP } else { NO_ZONE };
    let offset = SignedDuration::from_secs(pieces.to_numeric_offset().ok_or(no_offset)?.seconds().into());
    let since_epoch = local.duration_since(EPOCH).checked_sub(offset).ok_or(NO_TIMESTAMP)?;
    let time = if since_epoch.is_negative() {
        UNIX_EPOCH.checked_sub(since_epoch.unsigned_abs())
    } else {
        UNIX_EPOCH.checked_add(since_epoch.unsigned_abs())
    };
    time.ok_or(NO_TIMESTAMP)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(time: SystemTime) -> Result<String, String> {
        let mut out = Vec::new();
        write_timestamp(&mut out, time).map(|()| String::from_utf8(out).unwrap())
    }

    #[test]
    fn timestamps_are_utc_with_three_digits_and_z() {
        let time = UNIX_EPOCH + Duration::from_millis(1_795_447_200_007);
        assert_eq!(text(time).unwrap(), "2026-11-23T15:20:00.007Z");
        assert_eq!(text(time).unwrap().len(), TIMESTAMP_LEN);
        assert_eq!(text(UNIX_EPOCH).unwrap(), "1970-01-01T00:00:00.000Z");
        assert_eq!(text(time + Duration::from_nanos(999_999)).unwrap(), "2026-11-23T15:20:00.007Z");
    }

    #[test]
    fn a_second_that_changes_is_written_anew() {
        let time = UNIX_EPOCH + Duration::from_millis(1_795_447_200_999);
        assert_eq!(text(time).unwrap(), "2026-11-23T15:20:00.999Z");
        assert_eq!(text(time + Duration::from_millis(1)).unwrap(), "2026-11-23T15:20:01.000Z");
        assert_eq!(text(time).unwrap(), "2026-11-23T15:20:00.999Z");
    }

    #[test]
    fn a_time_outside_1970_to_9999_is_refused_with_the_bound() {
        assert_eq!(
            text(UNIX_EPOCH - Duration::from_secs(5)).unwrap_err(),
            "timestamp is 5 s before 1970-01-01T00:00:00Z, the earliest that is taken"
        );
        let last = UNIX_EPOCH + Duration::from_millis(253_402_300_799_999);
        assert_eq!(text(last).unwrap(), "9999-12-31T23:59:59.999Z");
        assert!(text(last + Duration::from_millis(1)).unwrap_err().contains("year 9999"));
        assert!(text(UNIX_EPOCH + Duration::from_secs(300_000_000_000)).unwrap_err().contains("year 9999"));
    }

    #[test]
    fn timestamps_read_back_whatever_their_offset() {
        let time = UNIX_EPOCH + Duration::from_millis(1_795_447_200_007);
        assert_eq!(parse_timestamp("2026-11-23T15:20:00.007Z"), Ok(time));
        assert_eq!(parse_timestamp("2026-11-23T16:20:00.007+01:00"), Ok(time));
        assert_eq!(parse_timestamp("1969-12-31T23:59:59.5Z"), Ok(UNIX_EPOCH - Duration::from_millis(500)));
        let last = UNIX_EPOCH + Duration::from_millis(253_402_300_799_999);
        assert_eq!(parse_timestamp("9999-12-31T23:59:59.999Z"), Ok(last));
    }

    #[test]
    fn a_text_that_is_no_timestamp_is_refused_with_what_is_missing() {
        for (bad, problem) in [
            ("yesterday", NO_TIMESTAMP),
            ("", NO_TIMESTAMP),
            ("2026-13-01T00:00:00Z", NO_TIMESTAMP),
            ("2026-11-23T15:20:00[UTC]", NO_TIMESTAMP),
            ("2026-11-23", NO_TIME),
            ("2020-01-01T00:00:00", NO_ZONE),
            ("2020-01-01 00:00:00.5", NO_ZONE),
        ] {
            assert_eq!(parse_timestamp(bad), Err(problem), "{bad:?}");
        }
    }
}
