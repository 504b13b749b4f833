//! What is known of one user or group.

use jiff::Timestamp;
use serde_json::Value;

use super::id::Shape;
use super::report::shortened;
use crate::dev::event::{Event, Kind};

/// More events of one user within so many seconds are no longer made by hand.
const BURST: u32 = 100;
pub(super) const BURST_SECONDS: i64 = 10;

/// What is known of an id, each a bit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Facts(u8);

impl Facts {
    pub(super) const DESCRIBED: Self = Self(1);
    pub(super) const EMAIL: Self = Self(2);
    pub(super) const NAME: Self = Self(4);
    pub(super) const LINKED: Self = Self(8);

    fn add(&mut self, other: Self) {
        self.0 |= other.0;
    }

    pub(super) fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

#[derive(Debug)]
pub(super) struct Person {
    pub(super) id: Box<str>,
    pub(super) seq: u64,
    pub(super) facts: Facts,
    pub(super) shape: Shape,
    /// The stretch of time that `in_window` counts.
    window: i64,
    in_window: u32,
    pub(super) most_in_window: u32,
}

impl Person {
    pub(super) fn new(seq: u64, id: &str) -> Self {
        let (facts, shape) = (Facts::default(), Shape::of(id));
        Self { id: shortened(id), seq, facts, shape, window: i64::MIN, in_window: 0, most_in_window: 0 }
    }

    fn count(&mut self, timestamp: Timestamp) {
        let window = timestamp.as_second().div_euclid(BURST_SECONDS);
        if window > self.window {
            (self.window, self.in_window) = (window, 0);
        }
        if window == self.window {
            self.in_window = self.in_window.saturating_add(1);
            self.most_in_window = self.most_in_window.max(self.in_window);
        }
    }

    pub(super) fn note_as_user(&mut self, event: &Event) {
        match event.kind {
            Kind::Track => self.count(event.timestamp),
            Kind::Identify => {
                self.facts.add(Facts::DESCRIBED);
                self.note_trait(event, "email", Facts::EMAIL);
                self.note_trait(event, "name", Facts::NAME);
            }
            Kind::Group => self.facts.add(Facts::LINKED),
        }
    }

    pub(super) fn note_as_group(&mut self, event: &Event) {
        if event.kind != Kind::Group {
            return;
        }
        self.facts.add(Facts::DESCRIBED);
        self.note_trait(event, "name", Facts::NAME);
        if event.user_id.is_some() {
            self.facts.add(Facts::LINKED);
        }
    }

    /// Whether the events of this user came faster than people act.
    pub(super) fn is_burst(&self) -> bool {
        self.most_in_window > BURST
    }

    fn note_trait(&mut self, event: &Event, key: &str, fact: Facts) {
        if event.fields.get(key).and_then(Value::as_str).is_some_and(|text| !text.trim().is_empty()) {
            self.facts.add(fact);
        }
    }
}
