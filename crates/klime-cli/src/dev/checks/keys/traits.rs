//! Whether traits are what a trait can be: strings, numbers, booleans and dates.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use serde_json::Value;

use super::Keys;
use crate::dev::checks::report::{Check, Rule, Tally, counted, grouped};
use crate::dev::checks::words::words;

const TRAITS: Rule = Rule {
    id: "trait_types",
    title: "Traits are simple values",
    why: "Klime takes strings, numbers, booleans and ISO 8601 dates as traits; with anything else it cannot filter \
          or sort.",
    fix: "Send one trait for each value that you need, leave out what is not set, and write dates as \
          2026-11-24T09:30:00Z.",
};

/// Why a trait's value is not one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Odd {
    Null,
    Array,
    Object,
    Date,
    UnixTime,
}

impl Keys {
    pub(super) fn trait_types(&self) -> Check {
        if self.traits == 0 {
            return TRAITS.waiting("No trait came yet.");
        }
        let mut tally = Tally::default();
        for key in self.keys.values() {
            if let Some((seq, odd)) = key.odd {
                tally.add(seq, || format!("{}: {}", key.place(), odd.what()));
            }
        }
        let all = counted(self.keys.values().filter(|key| key.is_trait).count() as u64, "trait");
        let limit = self.keys.limit();
        match tally.count() {
            0 => TRAITS.ok(format!("{all}, all of them strings, numbers, booleans or dates{limit}.")),
            1 => TRAITS.warning(format!("1 of {all} has values that Klime cannot use{limit}."), tally),
            count => {
                TRAITS.warning(format!("{} of {all} have values that Klime cannot use{limit}.", grouped(count)), tally)
            }
        }
    }
}

impl Odd {
    pub(super) fn of(value: &Value, is_date: bool) -> Option<Self> {
        match value {
            Value::Null => Some(Self::Null),
            Value::Array(_) => Some(Self::Array),
            Value::Object(_) => Some(Self::Object),
            Value::String(text) if is_date && !is_date_value(text) => Some(Self::Date),
            Value::Number(number) if is_date && number.as_f64().is_some_and(is_unix_time) => Some(Self::UnixTime),
            _ => None,
        }
    }

    fn what(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Array => "an array",
            Self::Object => "an object",
            Self::Date => "a date that is not ISO 8601",
            Self::UnixTime => "a Unix time, which is only a number",
        }
    }
}

/// `created_at`, `trialEndDate`; the key says that the value is a date.
pub(super) fn is_date_key(key: &str) -> bool {
    let words = words(key);
    let last = words.last().map(|word| word.to_ascii_lowercase());
    match last.as_deref() {
        Some("date") => true,
        Some("at") => words.len() > 1,
        _ => false,
    }
}

/// An ISO 8601 date or time; an empty string is no date at all, and not held against it.
fn is_date_value(text: &str) -> bool {
    let is_month = text.len() == 7 && text.as_bytes().get(4) == Some(&b'-');
    text.is_empty()
        || is_month
        || text.parse::<Timestamp>().is_ok()
        || text.parse::<DateTime>().is_ok()
        || text.parse::<Date>().is_ok()
}

/// Seconds or milliseconds since 1970, from 2001 to 2286.
fn is_unix_time(number: f64) -> bool {
    (1e9..1e10).contains(&number) || (1e12..1e13).contains(&number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_judged_where_the_key_says_date() {
        for key in ["created_at", "createdAt", "trial_end_date", "date", "Trial End Date"] {
            assert!(is_date_key(key), "{key}");
        }
        for key in ["update", "candidate", "at", "lastUpdate", "format", "seat"] {
            assert!(!is_date_key(key), "{key}");
        }
        for text in
            ["2026-11-24", "2026-11-24T09:30:00Z", "2026-11-24T09:30:00.5+01:00", "2026-11-24 09:30:00", "2026-11", ""]
        {
            assert!(is_date_value(text), "{text}");
        }
        for text in ["24.11.2026", "11/24/2026", "Nov 24, 2026", "yesterday", "1764000000", "2026-13-01"] {
            assert!(!is_date_value(text), "{text}");
        }
    }
}
