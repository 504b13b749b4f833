//! The checks of an integration: what is wrong with the events that come, and how to mend it.
//!
//! Each event is noted once, when it comes, in about a microsecond; what is kept are counts and the earliest examples, in
//! registers that take so many names, keys and ids and no more. A report reads those. The rules are those of Klime's
//! documentation: names say in the past tense what happened to what, ids are keys, users and groups have names, nobody is
//! anonymous.
//!
//! This module knows no HTTP, no SQL and no clock: when an event came is told. A rule that is not sure says nothing, because
//! one that complains about good events is soon read by nobody.

mod delivery;
mod english;
mod id;
mod keys;
mod name;
mod names;
mod people;
mod person;
mod register;
mod report;
mod secret;
mod words;

#[cfg(test)]
mod tests;

use jiff::Timestamp;

pub use self::delivery::Requests;
pub use self::report::{Check, Example, Level};
use super::event::{Event, Judged, Mode, Refusal, Status, Verdict};

/// What has been noted of all events so far.
#[derive(Debug, Default)]
pub struct Checks {
    delivery: delivery::Delivery,
    names: names::Names,
    people: people::People,
    keys: keys::Keys,
}

impl Checks {
    /// Notes an event as it came, with its number, the time, and what became of it.
    pub fn note(&mut self, seq: u64, received_at: Timestamp, judged: &Judged, status: Status) {
        match &judged.verdict {
            Verdict::Taken(event) => self.note_event(seq, received_at, event, status),
            Verdict::Refused(refusal) => self.note_refusal(seq, refusal),
        }
    }

    /// Notes an event that keeps to the protocol.
    pub fn note_event(&mut self, seq: u64, received_at: Timestamp, event: &Event, status: Status) {
        match status {
            Status::Accepted => self.note_accepted(seq, received_at, event),
            Status::Duplicate => self.delivery.note_duplicate(seq, event),
            Status::Refused => {}
        }
    }

    /// Notes an event that was refused.
    pub fn note_refusal(&mut self, seq: u64, refusal: &Refusal) {
        self.delivery.note_refused(seq, refusal);
    }

    fn note_accepted(&mut self, seq: u64, received_at: Timestamp, event: &Event) {
        self.delivery.note_accepted(seq, received_at, event);
        if let Some(name) = &event.name {
            self.names.note(seq, name);
        }
        self.people.note(seq, event);
        self.keys.note(seq, event);
    }

    /// What every rule says now; the mode was given, or it is what the events look like.
    #[must_use]
    pub fn report(&self, mode: Mode, mode_is_given: bool, requests: Requests) -> Vec<Check> {
        let [anonymous, refused, clock, twice] = self.delivery.report();
        let [grammar, spellings, data, noise] = self.names.report(self.people.bursts());
        let [identified, user_traits, group_traits, ids, calls, links] = self.people.report(mode, mode_is_given);
        let [casing, trait_types, value_types, secrets] = self.keys.report();
        vec![
            requests.report(),
            anonymous,
            refused,
            secrets,
            calls,
            links,
            identified,
            user_traits,
            group_traits,
            ids,
            grammar,
            spellings,
            data,
            noise,
            casing,
            value_types,
            trait_types,
            clock,
            twice,
        ]
    }
}
