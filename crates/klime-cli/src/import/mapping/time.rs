//! Timestamps in the forms in which databases and logs write them.

use std::fmt::Write as _;

use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::values::shown;

/// Unix seconds are from here (in 1973, below it could be a date such as 20260102) …
const LEAST_SECONDS: f64 = 1e8;
/// … to here (in 5138); from here on it is milliseconds, and beyond the next bounds micro- and nanoseconds.
const LEAST_MILLIS: f64 = 1e11;
const LEAST_MICROS: f64 = 1e14;
const LEAST_NANOS: f64 = 1e17;

/// How timestamps are read.
#[derive(Clone, Debug, Default)]
pub struct Times {
    /// The zone of those that say none.
    pub zone: Option<TimeZone>,
}

impl Times {
    /// Brings a timestamp into the form of the wire: UTC, with milliseconds and `Z`.
    ///
    /// # Errors
    ///
    /// The rest of a sentence that begins with the field's name.
    pub fn normalise(&self, value: &Value) -> Result<String, String> {
        let time = match value {
            Value::Number(number) => unix(&number.to_string()).ok_or_else(|| unreadable(value))?,
            Value::String(text) => self.read(text.trim(), value)?,
            _ => return Err(unreadable(value)),
        };
        if time < Timestamp::UNIX_EPOCH {
            return Err(format!("is {}, before 1970, the earliest that is taken", shown(value)));
        }
        let mut text = String::with_capacity(24);
        // Writing into memory has no way to fail.
        let _ = write!(text, "{time:.3}");
        Ok(text)
    }

    fn read(&self, text: &str, value: &Value) -> Result<Timestamp, String> {
        if let Ok(time) = text.parse() {
            return Ok(time);
        }
        if is_number(text) {
            return unix(text).ok_or_else(|| unreadable(value));
        }
        if let Some(utc) = text.strip_suffix("UTC") {
            return format!("{}Z", utc.trim_end()).parse().map_err(|_| unreadable(value));
        }
        let local: DateTime = text.parse().map_err(|_| unreadable(value))?;
        let Some(zone) = &self.zone else {
            return Err(format!(
                "is {}, which says no zone; say it by --timezone, such as --timezone UTC",
                shown(value)
            ));
        };
        let ambiguous = zone.to_ambiguous_timestamp(local);
        if let AmbiguousOffset::Gap { .. } = ambiguous.offset() {
            return Err(format!(
                "is {}, a time that the clocks of --timezone skipped; are the times those of another zone, such as UTC?",
                shown(value)
            ));
        }
        ambiguous.compatible().map_err(|_| unreadable(value))
    }
}

fn unreadable(value: &Value) -> String {
    format!(
        "must be a time such as 2026-11-23T15:20:00Z or 2026-11-23 16:20:00+01:00, or Unix seconds or milliseconds, not {}",
        shown(value)
    )
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

/// A Unix time, of which the size says the unit.
fn unix(text: &str) -> Option<Timestamp> {
    let number: f64 = text.parse().ok()?;
    let per_second = match number {
        LEAST_SECONDS..LEAST_MILLIS => 1,
        LEAST_MILLIS..LEAST_MICROS => 1000,
        LEAST_MICROS..LEAST_NANOS => 1_000_000,
        LEAST_NANOS.. => 1_000_000_000,
        _ => return None,
    };
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let whole: i128 = whole.parse().ok()?;
    let nanos_each = 1_000_000_000 / per_second;
    let fraction_nanos = if fraction.is_empty() { 0 } else { nanos_of(fraction, nanos_each)? };
    let nanos = whole.checked_mul(nanos_each)?.checked_add(fraction_nanos)?;
    Timestamp::from_nanosecond(nanos).ok()
}

/// Of decimals, the nanoseconds, if the digit before them counts `each` nanoseconds.
fn nanos_of(decimals: &str, each: i128) -> Option<i128> {
    let digits = decimals.get(..decimals.len().min(9))?;
    let number: i128 = digits.parse().ok()?;
    Some(number * each / 10_i128.pow(u32::try_from(digits.len()).ok()?))
}

/// Reads a zone as `--timezone` has it: `UTC`, an offset, or a name of the zone database.
///
/// # Errors
///
/// A sentence that says what it must be.
pub(crate) fn zone(text: &str) -> Result<TimeZone, String> {
    if text.eq_ignore_ascii_case("utc") || text == "Z" {
        return Ok(TimeZone::UTC);
    }
    if let Some(offset) = offset(text) {
        return Ok(offset);
    }
    TimeZone::get(text)
        .map_err(|_| "it must be UTC, an offset such as +01:00, or a zone such as Europe/Berlin".to_owned())
}

fn offset(text: &str) -> Option<TimeZone> {
    let (sign, rest) = match text.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let (hours, minutes) = rest.split_once(':').unwrap_or((rest, "0"));
    let hours: i32 = hours.parse().ok().filter(|hours| (0..=14).contains(hours))?;
    let minutes: i32 = minutes.parse().ok().filter(|minutes| (0..60).contains(minutes))?;
    let offset = SignedDuration::from_mins(i64::from(sign * (hours * 60 + minutes)));
    jiff::tz::Offset::try_from(offset).ok().map(TimeZone::fixed)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_usual_form_is_read() {
        let times = Times::default();
        for value in [
            json!("2026-11-23T15:20:00.123Z"),
            json!("2026-11-23T16:20:00.1239+01:00"),
            json!("2026-11-23 15:20:00.123+00"),
            json!("2026-11-23 15:20:00.123 UTC"),
            json!(" 2026-11-23T15:20:00.123456Z "),
            json!(1_795_447_200.123),
            json!("1795447200.123"),
            json!(1_795_447_200_123_u64),
            json!("1795447200123"),
            json!(1_795_447_200_123_456_u64),
            json!(1_795_447_200_123_456_789_u64),
        ] {
            assert_eq!(times.normalise(&value), Ok("2026-11-23T15:20:00.123Z".to_owned()), "{value}");
        }
        assert_eq!(times.normalise(&json!(1_795_447_200)), Ok("2026-11-23T15:20:00.000Z".to_owned()));
    }

    #[test]
    fn a_time_without_a_zone_needs_one_to_be_said() {
        let value = json!("2026-07-01 12:00:00");
        let problem = Times::default().normalise(&value).unwrap_err();
        assert_eq!(
            problem,
            r#"is "2026-07-01 12:00:00", which says no zone; say it by --timezone, such as --timezone UTC"#
        );
        for (name, text) in [
            ("UTC", "2026-07-01T12:00:00.000Z"),
            ("utc", "2026-07-01T12:00:00.000Z"),
            ("+02:00", "2026-07-01T10:00:00.000Z"),
            ("-0530", ""),
            ("-05:30", "2026-07-01T17:30:00.000Z"),
            ("+9", "2026-07-01T03:00:00.000Z"),
        ] {
            match zone(name) {
                Ok(zone) => assert_eq!(Times { zone: Some(zone) }.normalise(&value), Ok(text.to_owned()), "{name}"),
                Err(problem) => assert_eq!((text, &*problem), ("", &*zone("Mars/Olympus").unwrap_err()), "{name}"),
            }
        }
        let times = Times { zone: Some(TimeZone::UTC) };
        assert_eq!(times.normalise(&json!("2026-07-01")), Ok("2026-07-01T00:00:00.000Z".to_owned()));
    }

    #[test]
    fn a_time_that_its_zone_has_never_seen_is_refused() {
        let times = Times { zone: Some(zone("Europe/Berlin").unwrap()) };
        let problem = times.normalise(&json!("2026-03-29 02:30:00")).unwrap_err();
        assert!(
            problem.starts_with("is \"2026-03-29 02:30:00\", a time that the clocks of --timezone skipped"),
            "{problem}"
        );
        for (local, utc) in [
            ("2026-03-29 01:59:59", "2026-03-29T00:59:59.000Z"),
            ("2026-03-29 03:00:00", "2026-03-29T01:00:00.000Z"),
            // There are two of this one; it is the first.
            ("2026-10-25 02:30:00", "2026-10-25T00:30:00.000Z"),
        ] {
            assert_eq!(times.normalise(&json!(local)), Ok(utc.to_owned()), "{local}");
        }
    }

    #[test]
    fn what_is_no_time_is_refused_with_its_value() {
        let times = Times { zone: Some(TimeZone::UTC) };
        for value in [
            json!("yesterday"),
            json!(""),
            json!(20_260_102),
            json!("20260102"),
            json!(0),
            json!(-5),
            json!(true),
            json!([1]),
            json!("2026-02-30"),
            json!("1.2.3"),
            json!(1e300),
            json!("99999999999999999999999999999999999999999"),
            json!("."),
            json!("UTC"),
        ] {
            let problem = times.normalise(&value).unwrap_err();
            assert!(problem.starts_with("must be a time such as") && problem.ends_with(&shown(&value)), "{problem}");
        }
        let problem = times.normalise(&json!("1969-12-31T23:59:59Z")).unwrap_err();
        assert_eq!(problem, r#"is "1969-12-31T23:59:59Z", before 1970, the earliest that is taken"#);
    }
}
