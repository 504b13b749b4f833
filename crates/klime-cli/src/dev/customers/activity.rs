//! How active somebody is: tracked events by day and by name.

use super::Names;

/// Days that are remembered for one count; the latest ones.
const MAX_DAYS: usize = 120;
const MICROS_A_DAY: i64 = 86_400_000_000;
/// The trend's days, today included.
pub(super) const TREND_DAYS: usize = 30;
const WEEK: i64 = 7;

/// The UTC day of a time in microseconds since 1970, counted from 1970.
pub(super) fn day_of(micros: i64) -> i64 {
    micros.div_euclid(MICROS_A_DAY)
}

/// Tracked events: how many, when the first and the last, and how many by day and by name.
///
/// Only the latest days are kept. A day that was let go had `MAX_DAYS` later ones, so it can never come back in part, and the order
/// in which events come does not matter.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Activity {
    total: u64,
    /// First and last, in microseconds since 1970.
    seen: Option<(i64, i64)>,
    /// Sorted by day.
    days: Vec<(i64, u64)>,
    /// Sorted by name.
    names: Vec<(u32, u64)>,
}

impl Activity {
    pub(super) fn note(&mut self, at: i64, name: Option<u32>) {
        self.total += 1;
        self.seen = widest(self.seen, Some((at, at)));
        add(&mut self.days, day_of(at), 1);
        if self.days.len() > MAX_DAYS {
            self.days.remove(0);
        }
        if let Some(name) = name {
            add(&mut self.names, name, 1);
        }
    }
}

fn add<K: Ord>(counts: &mut Vec<(K, u64)>, key: K, count: u64) {
    match counts.binary_search_by(|(other, _)| other.cmp(&key)) {
        Ok(at) => {
            if let Some((_, sum)) = counts.get_mut(at) {
                *sum += count;
            }
        }
        Err(at) => counts.insert(at, (key, count)),
    }
}

/// The figures of one customer, summed over the counts that belong to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Figures {
    pub(super) total: u64,
    pub(super) week: u64,
    pub(super) month: u64,
    pub(super) seen: Option<(i64, i64)>,
}

impl Figures {
    /// Adds what happened until today: 7 and 30 UTC days, today included. Days to come are in `total` alone.
    pub(super) fn add(&mut self, activity: &Activity, today: i64) {
        self.total += activity.total;
        self.seen = widest(self.seen, activity.seen);
        for (day, count) in activity.days.iter().rev() {
            match today - day {
                ..0 => {}
                0..WEEK => {
                    self.week += count;
                    self.month += count;
                }
                age if age < TREND_DAYS as i64 => self.month += count,
                _ => break,
            }
        }
    }

    /// Adds figures of the same day.
    pub(super) fn join(&mut self, other: &Self) {
        self.total += other.total;
        self.week += other.week;
        self.month += other.month;
        self.seen = widest(self.seen, other.seen);
    }
}

fn widest(seen: Option<(i64, i64)>, other: Option<(i64, i64)>) -> Option<(i64, i64)> {
    match (seen, other) {
        (Some((first, last)), Some((other_first, other_last))) => Some((first.min(other_first), last.max(other_last))),
        (seen, other) => seen.or(other),
    }
}

/// Adds an activity's days to a trend of 30 days, the oldest first, today at its end.
pub(super) fn add_trend(trend: &mut [u64], activity: &Activity, today: i64) {
    let oldest = today - trend.len() as i64 + 1;
    for (day, count) in &activity.days {
        if let Some(sum) = usize::try_from(day - oldest).ok().and_then(|at| trend.get_mut(at)) {
            *sum += count;
        }
    }
}

/// Adds an activity's names to a sum of them.
pub(super) fn add_names(sum: &mut Vec<(u32, u64)>, activity: &Activity) {
    for (name, count) in &activity.names {
        add(sum, *name, *count);
    }
}

/// The most frequent names.
pub(super) fn most_frequent(sum: Vec<(u32, u64)>, names: &Names, most: usize) -> Vec<(String, u64)> {
    let mut named: Vec<_> =
        sum.into_iter().filter_map(|(name, count)| names.text(name).map(|text| (text.to_owned(), count))).collect();
    named.sort_by(|(name, count), (other, others)| others.cmp(count).then_with(|| name.cmp(other)));
    named.truncate(most);
    named
}
