//! How active somebody is: tracked events by day and by name.

use std::collections::HashMap;

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
    days: Counts<i32>,
    names: Counts<u32>,
}

impl Activity {
    /// Counts an event. `room` is how many counts by day or name there may still be, of all customers.
    pub(super) fn note(&mut self, at: i64, name: Option<u32>, room: &mut Room) {
        self.total += 1;
        self.seen = widest(self.seen, Some((at, at)));
        // The calendar has 7 million days.
        self.days.add(i32::try_from(day_of(at)).unwrap_or_default(), 1, room);
        if self.days.0.len() > MAX_DAYS {
            self.days.0.remove(0);
            room.left += 1;
        }
        if let Some(name) = name {
            self.names.add(name, 1, room);
        }
    }

    fn days(&self) -> impl DoubleEndedIterator<Item = (i64, u64)> {
        self.days.0.iter().map(|(day, count)| (i64::from(*day), u64::from(*count)))
    }

    #[cfg(test)]
    pub(super) fn days_kept(&self) -> usize {
        self.days.0.len()
    }
}

/// How many counts there may still be, and how many events found none.
#[derive(Debug)]
pub(super) struct Room {
    pub(super) left: usize,
    pub(super) missed: u64,
}

/// Counts by a key, sorted by it: small, because there are many of these, and short.
#[derive(Clone, Debug, PartialEq)]
struct Counts<K>(Vec<(K, u32)>);

impl<K> Default for Counts<K> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K: Ord + Copy> Counts<K> {
    fn add(&mut self, key: K, count: u32, room: &mut Room) {
        match self.0.binary_search_by_key(&key, |(key, _)| *key) {
            Ok(at) => {
                if let Some((_, sum)) = self.0.get_mut(at) {
                    *sum = sum.saturating_add(count);
                }
            }
            Err(_) if room.left == 0 => room.missed += 1,
            Err(at) => {
                room.left -= 1;
                self.0.insert(at, (key, count));
            }
        }
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
    /// Adds what happened until today: 7 and 30 UTC days, today included. Days to come are in `total` alone. Without a day nothing
    /// is added by day.
    pub(super) fn add(&mut self, activity: &Activity, today: Option<i64>) {
        self.total += activity.total;
        self.seen = widest(self.seen, activity.seen);
        let Some(today) = today else { return };
        for (day, count) in activity.days().rev() {
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
    for (day, count) in activity.days() {
        if let Some(sum) = usize::try_from(day - oldest).ok().and_then(|at| trend.get_mut(at)) {
            *sum += count;
        }
    }
}

/// The most frequent names of several activities.
pub(super) fn most_frequent(activities: &[&Activity], names: &Names, most: usize) -> Vec<(String, u64)> {
    let mut sums = HashMap::<u32, u64>::new();
    for (name, count) in activities.iter().flat_map(|activity| &activity.names.0) {
        *sums.entry(*name).or_default() += u64::from(*count);
    }
    let mut named: Vec<_> =
        sums.into_iter().filter_map(|(name, count)| names.text(name).map(|text| (text.to_owned(), count))).collect();
    named.sort_by(|(name, count), (other, others)| others.cmp(count).then_with(|| name.cmp(other)));
    named.truncate(most);
    named
}
