//! Durations as people write them.

use std::time::Duration;

use jiff::SignedDuration;

/// An hour. Nobody waits longer on purpose.
const LONGEST: Duration = Duration::from_secs(60 * 60);

/// Reads `500ms`, `10s`, `1m30s`, or a plain number of seconds; from 1 ms to an hour.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let seconds = || text.parse().ok().and_then(|seconds| SignedDuration::try_from_secs_f64(seconds).ok());
    let duration = text.parse().ok().or_else(seconds).and_then(|duration| Duration::try_from(duration).ok());
    match duration {
        None => Err("it must be a duration such as 500ms, 10s or 1m30s".to_owned()),
        Some(duration) if duration < Duration::from_millis(1) || duration > LONGEST => {
            Err("it must be from 1ms to 1h".to_owned())
        }
        Some(duration) => Ok(duration),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units_or_are_seconds() {
        for (text, millis) in
            [("500ms", 500), ("10s", 10_000), ("1m30s", 90_000), ("1h", 3_600_000), ("2", 2000), ("0.5", 500)]
        {
            assert_eq!(parse(text), Ok(Duration::from_millis(millis)), "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_is_refused_with_an_example() {
        for text in ["", "soon", "10 parsecs", "-1s", "NaN", "inf", "1e400", "-5"] {
            assert_eq!(parse(text), Err("it must be a duration such as 500ms, 10s or 1m30s".to_owned()), "{text}");
        }
        for text in ["0", "0s", "61m", "999999999999", "1us"] {
            assert_eq!(parse(text), Err("it must be from 1ms to 1h".to_owned()), "{text}");
        }
    }
}
