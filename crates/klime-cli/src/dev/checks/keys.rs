//! The keys and values of properties and traits: casing, types that flip, types that traits cannot have, secrets.

mod casing;
mod secrets;
mod traits;
mod types;

use serde_json::Value;

use self::traits::{Odd, is_date_key};
use self::types::Types;
use super::register::Register;
use super::report::{Check, Tally, shortened};
use super::secret::{self, SecretKey};
use super::words::Style;
use crate::dev::event::{Event, Kind};

const MOST_KEYS: usize = 10_000;

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
