//! The clock: events carry this machine's time.

use std::time::SystemTime;

use jiff::{SignedDuration, Timestamp};

use super::step::{Name, Step};
use crate::exit::Exit;

/// A `Date` header is to the second, and answers take a moment.
const UNREMARKABLE: SignedDuration = SignedDuration::from_mins(1);
const HARMLESS: SignedDuration = SignedDuration::from_mins(5);

/// Compares the server's `Date` with the time at which it was asked.
pub(super) fn check(date: Option<SystemTime>, asked: Timestamp) -> Step {
    let Some(theirs) = date.and_then(|date| Timestamp::try_from(date).ok()) else {
        return Step::skipped(Name::Clock, "the answer has no Date to compare with");
    };
    let ahead = asked.duration_since(theirs);
    let off = ahead.abs();
    if off <= UNREMARKABLE {
        return Step::ok(Name::Clock, format!("within {} s of the server's", off.as_secs().max(1)));
    }
    let direction = if ahead.is_positive() { "ahead of" } else { "behind" };
    let whole_seconds = SignedDuration::from_secs(off.as_secs());
    let found =
        format!("{whole_seconds:#} {direction} the server's, which says {}", theirs.strftime("%Y-%m-%d %H:%M:%S UTC"));
    let fix = "events get this machine's time, so they land on the wrong minute or day; set the clock (timedatectl set-ntp true)";
    match off <= HARMLESS {
        true => Step::warning(Name::Clock, found, fix),
        false => Step::failed(Name::Clock, Exit::Usage, found, fix),
    }
}

#[cfg(test)]
mod tests {
    use super::super::step::Verdict;
    use super::*;

    fn found(seconds_ahead: i64) -> (Verdict, String) {
        let theirs: Timestamp = "2026-11-24T12:00:00Z".parse().unwrap();
        let asked = theirs + SignedDuration::from_secs(seconds_ahead);
        let step = check(SystemTime::try_from(theirs).ok(), asked);
        (step.verdict, step.found)
    }

    #[test]
    fn a_minute_is_fine_five_are_a_warning_more_is_a_fault() {
        assert_eq!(found(0), (Verdict::Ok, "within 1 s of the server's".to_owned()));
        assert_eq!(found(-60), (Verdict::Ok, "within 60 s of the server's".to_owned()));
        assert_eq!(
            found(61),
            (Verdict::Warning, "1m 1s ahead of the server's, which says 2026-11-24 12:00:00 UTC".to_owned())
        );
        assert_eq!(found(-300).0, Verdict::Warning);
        assert_eq!(
            found(-301),
            (Verdict::Failed, "5m 1s behind the server's, which says 2026-11-24 12:00:00 UTC".to_owned())
        );
        assert_eq!(found(86_400 * 400).0, Verdict::Failed);
    }

    #[test]
    fn an_answer_without_a_date_is_no_fault() {
        assert_eq!(check(None, Timestamp::UNIX_EPOCH).verdict, Verdict::Skipped);
    }
}
