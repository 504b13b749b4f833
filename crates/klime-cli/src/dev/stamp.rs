//! How times are written: RFC 3339 in UTC with milliseconds, as the wire has them.

use jiff::Timestamp;
use serde::Serializer;

/// A time as text.
#[must_use]
pub fn rfc3339(time: Timestamp) -> String {
    format!("{time:.3}")
}

/// For serde's `serialize_with`.
pub(crate) fn serialize<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{time:.3}"))
}

/// The same for a time that may be absent; the field is left out by `skip_serializing_if`.
pub(crate) fn serialize_optional<S: Serializer>(time: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => serialize(time, serializer),
        None => serializer.serialize_none(),
    }
}

/// A time from microseconds since 1970, as the store and the customers keep it. Beyond the calendar's ends it is the end.
pub(crate) fn from_micros(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(micros).unwrap_or(if micros < 0 { Timestamp::MIN } else { Timestamp::MAX })
}

#[cfg(test)]
mod tests {
    use super::{from_micros, rfc3339};

    #[test]
    fn times_are_written_in_utc_with_milliseconds() {
        assert_eq!(rfc3339(from_micros(0)), "1970-01-01T00:00:00.000Z");
        assert_eq!(rfc3339(from_micros(1_763_942_400_123_456)), "2025-11-24T00:00:00.123Z");
    }

    #[test]
    fn times_beyond_the_calendar_are_its_ends() {
        assert_eq!(rfc3339(from_micros(i64::MAX)), "9999-12-30T22:00:00.999Z");
        assert!(rfc3339(from_micros(i64::MIN)).starts_with("-009999-01-02T01:59:59"));
    }
}
