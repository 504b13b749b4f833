//! The keys and values of properties and traits: casing, types that flip, types that traits cannot have, secrets.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use serde_json::Value;

use super::register::Register;
use super::report::{Check, Rule, Tally, counted, grouped, shortened};
use super::secret::{self, SecretKey};
use super::words::{Style, words};
use crate::dev::event::{Event, Kind};

const MOST_KEYS: usize = 10_000;

const CASING: Rule = Rule {
    id: "key_casing",
    title: "Keys are cased in one way",
    why: "`report_type` and `reportType` are two different keys: filters and charts then see only a part.",
    fix: "Choose one casing for all properties and traits, such as snake_case, and use it in each service.",
};

const TRAITS: Rule = Rule {
    id: "trait_types",
    title: "Traits are simple values",
    why: "Klime takes strings, numbers, booleans and ISO 8601 dates as traits; with anything else it cannot filter \
          or sort.",
    fix: "Send one trait for each value that you need, leave out what is not set, and write dates as \
          2026-11-24T09:30:00Z.",
};

const TYPES: Rule = Rule {
    id: "value_types",
    title: "Each key keeps its type",
    why: "A value that is a string here and a number there cannot be summed, compared or filtered.",
    fix: "Convert the value where it is tracked, so that the key always has the same type.",
};

const SECRETS: Rule = Rule {
    id: "secrets",
    title: "No secrets are sent",
    why: "Events are shown to everybody who works with Klime, and kept; passwords, tokens and card numbers must not \
          be in them.",
    fix: "Remove the value from the event; what says enough is a boolean or the last four digits. Replace a secret \
          that was sent.",
};

#[derive(Debug)]
pub(super) struct Keys {
    keys: Register<Key>,
    secrets: Tally,
    noted: u64,
    traits: u64,
}

#[derive(Debug)]
struct Key {
    text: Box<str>,
    owner: Box<str>,
    seq: u64,
    style: Option<Style>,
    is_date: bool,
    is_trait: bool,
    secret: Option<SecretKey>,
    told: bool,
    types: Types,
    /// The first event in which the type was another one.
    flipped: Option<u64>,
    odd: Option<(u64, Odd)>,
}

/// The types that the values of a key had, each a bit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Types(u8);

const TYPE_NAMES: [&str; 5] = ["boolean", "number", "string", "array", "object"];

/// Why a trait's value is not one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Odd {
    Null,
    Array,
    Object,
    Date,
    UnixTime,
}

impl Default for Keys {
    fn default() -> Self {
        Self { keys: Register::new(MOST_KEYS), secrets: Tally::default(), noted: 0, traits: 0 }
    }
}

impl Keys {
    pub(super) fn note(&mut self, seq: u64, event: &Event) {
        let owner = match event.kind {
            Kind::Track => event.name.as_deref().unwrap_or_default(),
            Kind::Identify => "users",
            Kind::Group => "groups",
        };
        let is_trait = event.kind != Kind::Track;
        let place = self.keys.hash((is_trait, owner));
        for (text, value) in &event.fields {
            self.noted += 1;
            self.traits += u64::from(is_trait);
            let Some(key) = self.keys.entry((place, text), || Key::new(seq, text, owner, is_trait)) else {
                continue;
            };
            key.note(seq, value);
            if !key.told
                && let Some(what) = secret::find(key.secret, value)
            {
                key.told = true;
                self.secrets.add(seq, || format!("{}: {what}", key.place()));
            }
        }
    }

    pub(super) fn report(&self) -> [Check; 4] {
        [self.casing(), self.trait_types(), self.value_types(), self.secrets()]
    }

    fn casing(&self) -> Check {
        let mut keys: BTreeMap<&str, (Style, u64)> = BTreeMap::new();
        for key in self.keys.values() {
            if let Some(style) = key.style {
                let seq = &mut keys.entry(&key.text).or_insert((style, key.seq)).1;
                *seq = key.seq.min(*seq);
            }
        }
        let mut counts: BTreeMap<Style, u64> = BTreeMap::new();
        for (style, _) in keys.values() {
            *counts.entry(*style).or_default() += 1;
        }
        let mut counts: Vec<(Style, u64)> = counts.into_iter().collect();
        counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let [(usual, _), _, ..] = counts.as_slice() else {
            return match (self.noted, counts.first()) {
                (0, _) => CASING.waiting("No property or trait came yet."),
                (_, None) => CASING.ok("All keys are single words."),
                (_, Some((style, count))) => {
                    CASING.ok(format!("{} of several words, in {} throughout.", counted(*count, "key"), style.name()))
                }
            };
        };
        let mut others = Tally::default();
        for (key, (_, seq)) in keys.iter().filter(|(_, (style, _))| style != usual) {
            others.add(*seq, || format!("{key}, better {}", usual.apply(key)));
        }
        let told: Vec<String> =
            counts.iter().map(|(style, count)| format!("{} in {}", grouped(*count), style.name())).collect();
        CASING.warning(format!("Keys are cased in {} ways: {}.", told.len(), told.join(", ")), others)
    }

    fn trait_types(&self) -> Check {
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

    fn value_types(&self) -> Check {
        if self.noted == 0 {
            return TYPES.waiting("No property or trait came yet.");
        }
        let mut tally = Tally::default();
        for key in self.keys.values() {
            if let Some(seq) = key.flipped {
                tally.add(seq, || format!("{}: {}", key.place(), key.types.names()));
            }
        }
        let all = counted(self.keys.len(), "key");
        let limit = self.keys.limit();
        match tally.count() {
            0 => TYPES.ok(format!("{all}, each with values of one type{limit}.")),
            1 => TYPES.warning(format!("1 of {all} has values of several types{limit}."), tally),
            count => TYPES.warning(format!("{} of {all} have values of several types{limit}.", grouped(count)), tally),
        }
    }

    fn secrets(&self) -> Check {
        match self.secrets.count() {
            0 if self.noted == 0 => SECRETS.waiting("No property or trait came yet."),
            0 => SECRETS.ok(format!(
                "{}, and none looks like a secret{}.",
                counted(self.noted, "value"),
                self.keys.limit()
            )),
            1 => SECRETS.error("1 key holds what looks like a secret.", self.secrets.clone()),
            count => {
                SECRETS.error(format!("{} keys hold what looks like a secret.", grouped(count)), self.secrets.clone())
            }
        }
    }
}

impl Key {
    fn new(seq: u64, text: &str, owner: &str, is_trait: bool) -> Self {
        Self {
            text: shortened(text),
            owner: shortened(owner),
            seq,
            style: Style::of(text),
            is_date: is_trait && is_date_key(text),
            is_trait,
            secret: SecretKey::of(text),
            told: false,
            types: Types::default(),
            flipped: None,
            odd: None,
        }
    }

    fn note(&mut self, seq: u64, value: &Value) {
        let types = self.types.with(value);
        if types != self.types && self.types != Types::default() {
            self.flipped.get_or_insert(seq);
        }
        self.types = types;
        if self.is_trait && self.odd.is_none() {
            self.odd = Odd::of(value, self.is_date).map(|odd| (seq, odd));
        }
    }

    /// `plan of "Report Generated"`, `plan of users`.
    fn place(&self) -> String {
        let Self { text, owner, .. } = self;
        if self.is_trait { format!("{text} of {owner}") } else { format!("{text} of \"{owner}\"") }
    }
}

impl Types {
    /// With the type of another value; `null` has none.
    fn with(self, value: &Value) -> Self {
        let place = match value {
            Value::Null => return self,
            Value::Bool(_) => 0,
            Value::Number(_) => 1,
            Value::String(_) => 2,
            Value::Array(_) => 3,
            Value::Object(_) => 4,
        };
        Self(self.0 | 1 << place)
    }

    fn names(self) -> String {
        let names = TYPE_NAMES.iter().enumerate().filter(|(place, _)| self.0 & (1 << place) != 0);
        names.map(|(_, name)| *name).collect::<Vec<_>>().join(" and ")
    }
}

impl Odd {
    fn of(value: &Value, is_date: bool) -> Option<Self> {
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
fn is_date_key(key: &str) -> bool {
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
