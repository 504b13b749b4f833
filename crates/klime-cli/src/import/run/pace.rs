//! A rate limit. Pure: it is told the time.

use std::time::{Duration, Instant};

/// What was not used is kept for so long, as timers are no finer than that.
const SLACK: Duration = Duration::from_millis(50);

/// How many events may be sent in a second.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    each: Duration,
    due: Instant,
}

impl Pace {
    pub(super) fn new(per_second: u32, now: Instant) -> Self {
        Self { each: Duration::from_secs(1) / per_second.max(1), due: now }
    }

    /// When the next event may be sent; now, if that is not later.
    pub(super) fn due(&self) -> Instant {
        self.due
    }

    /// Counts an event that is sent now.
    pub(super) fn count(&mut self, now: Instant) {
        let earliest = now.checked_sub(SLACK).unwrap_or(now);
        self.due = self.due.max(earliest) + self.each;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_each_second_no_more_is_sent_than_is_allowed() {
        let start = crate::clock::now();
        for rate in [1, 7, 1000, 50_000] {
            let mut pace = Pace::new(rate, start);
            let mut sent = 0;
            for millis in 0..5000 {
                let now = start + Duration::from_millis(millis);
                while pace.due() <= now {
                    pace.count(now);
                    sent += 1;
                }
            }
            let most = rate * 5 + 1;
            assert!(sent <= most && sent + rate / 100 + 1 >= most, "{sent} of {most}");
        }
    }

    #[test]
    fn a_pause_is_not_made_up_for() {
        let start = crate::clock::now();
        let mut pace = Pace::new(1000, start);
        let later = start + Duration::from_secs(60);
        let mut at_once = 0;
        while pace.due() <= later {
            pace.count(later);
            at_once += 1;
        }
        assert_eq!(at_once, 51);
    }
}
