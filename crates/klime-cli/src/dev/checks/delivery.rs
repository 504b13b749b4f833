//! How events arrive: refused, late or from the future, twice.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};

use jiff::{SignedDuration, Timestamp};

use super::report::{Check, Level, Rule, Tally, counted, grouped, has, is, shortened, was};
use crate::dev::event::{Event, FAULT_INJECTED, Refusal};

/// An event may be so far ahead of the clock here.
const FUTURE: SignedDuration = SignedDuration::from_mins(1);

/// An SDK sends earlier than that, retries included.
const LATE: SignedDuration = SignedDuration::from_mins(5);

/// What is older was sent later on purpose.
const OLD: SignedDuration = SignedDuration::from_hours(24);

/// So many messages are remembered, about; a retry comes soon.
const REMEMBERED: usize = 1 << 16;

/// From this number on, and if it is a tenth of all, events that come twice have a cause worth looking for.
const MANY_REPEATS: u64 = 10;

const ANONYMOUS: Rule = Rule {
    id: "anonymous_events",
    title: "Each event belongs to somebody",
    why: "Klime has no anonymous tracking: an event with neither a user nor a group is refused, and lost.",
    fix: "Give the user's id; for what the organization does as a whole give the group's id alone. Track nothing \
          before login.",
};

const REQUESTS: Rule = Rule {
    id: "requests",
    title: "Requests are taken",
    why: "A request that is refused as a whole is lost with all its events.",
    fix: "The batches show each answer: 401 asks for the write key as a bearer token, 400 for a batch of at most 100 events, 413 \
          for at most 10 MB. An official SDK needs nothing but the right key and endpoint.",
};

const REFUSED: Rule = Rule {
    id: "refused_events",
    title: "No event is refused",
    why: "A refused event is lost: the SDK does not send it again.",
    fix: "Each message names the field and what is wrong with it; the error callback of your SDK hears of it as well.",
};

const CLOCK: Rule = Rule {
    id: "timestamps",
    title: "Timestamps are right",
    why: "Klime puts an event on the day of its timestamp; from a wrong clock it lands on another day, or in the \
          future.",
    fix: "Set the clock of the host by NTP, send UTC, and let the SDK set the timestamp unless you import old events.",
};

const TWICE: Rule = Rule {
    id: "duplicates",
    title: "Each event is counted once",
    why: "An event whose messageId was seen before is taken for a retry and not counted; if it is another event, it \
          is lost.",
    fix: "Let the SDK make the messageId; if you set it, never use one for two events, and send the same one only \
          in a retry.",
};

/// How many requests there were; they are counted where they are kept.
#[derive(Clone, Copy, Debug, Default)]
pub struct Requests {
    /// All.
    pub total: u64,
    /// Refused as a whole, and not because a fault was asked for.
    pub refused: u64,
}

impl Requests {
    pub(super) fn report(self) -> Check {
        match self.refused {
            0 if self.total == 0 => REQUESTS.waiting("No request came yet."),
            0 => REQUESTS.ok(format!("{}, none refused as a whole.", counted(self.total, "request"))),
            refused => {
                let all = counted(self.total, "request");
                let found = format!("{} of {all} {} refused as a whole.", grouped(refused), was(refused));
                REQUESTS.error(found, Tally::of(refused))
            }
        }
    }
}

#[derive(Debug)]
pub(super) struct Delivery {
    anonymous: Tally,
    refused: BTreeMap<&'static str, Tally>,
    tracks: u64,
    accepted: u64,
    future: Tally,
    furthest: SignedDuration,
    late: Tally,
    old: u64,
    repeated: Tally,
    reused: Tally,
    messages: Vec<Message>,
    hasher: RandomState,
}

/// A message that was accepted.
#[derive(Clone, Copy, Debug, Default)]
struct Message {
    id: u64,
    content: u64,
    seq: u64,
}

impl Default for Delivery {
    fn default() -> Self {
        Self {
            anonymous: Tally::default(),
            refused: BTreeMap::new(),
            tracks: 0,
            accepted: 0,
            future: Tally::default(),
            furthest: SignedDuration::ZERO,
            late: Tally::default(),
            old: 0,
            repeated: Tally::default(),
            reused: Tally::default(),
            messages: vec![Message::default(); REMEMBERED],
            hasher: RandomState::new(),
        }
    }
}

impl Delivery {
    pub(super) fn note_accepted(&mut self, seq: u64, received_at: Timestamp, event: &Event) {
        self.accepted += 1;
        self.tracks += u64::from(event.name.is_some());
        self.note_time(seq, received_at.duration_since(event.timestamp));
        let (id, content) = self.hashes(event);
        if let Some(message) = self.messages.get_mut(place(id)) {
            *message = Message { id, content, seq };
        }
    }

    pub(super) fn note_duplicate(&mut self, seq: u64, event: &Event) {
        let (id, content) = self.hashes(event);
        let first = self.messages.get(place(id)).filter(|message| message.id == id);
        let text = |what: &str| format!("{} {what}", shortened(&event.message_id));
        match first {
            Some(first) if first.content != content => {
                self.reused.add(seq, || text(&format!("was another event before, number {}", first.seq)));
            }
            _ => self.repeated.add(seq, || text("came again")),
        }
    }

    pub(super) fn note_refused(&mut self, seq: u64, refusal: &Refusal) {
        match refusal.code {
            // What was asked for is no fault of the integration.
            FAULT_INJECTED => {}
            "anonymous_event" => {
                let name = refusal.name.as_deref().unwrap_or_default();
                self.anonymous.add(seq, || format!("\"{name}\" has neither a user nor a group"));
            }
            code => self.refused.entry(code).or_default().add(seq, || refusal.message.clone()),
        }
    }

    pub(super) fn report(&self) -> [Check; 4] {
        [self.anonymous(), self.refused(), self.clock(), self.twice()]
    }

    fn note_time(&mut self, seq: u64, age: SignedDuration) {
        if -age > FUTURE {
            self.furthest = self.furthest.max(-age);
            self.future.add(seq, || format!("{} in the future", spoken(-age)));
        } else if age > OLD {
            self.old += 1;
        } else if age > LATE {
            self.late.add(seq, || format!("{} old when it came", spoken(age)));
        }
    }

    fn hashes(&self, event: &Event) -> (u64, u64) {
        let Event { kind, message_id, timestamp, name, user_id, group_id, fields, library: _ } = event;
        let content = (kind, timestamp, name, user_id, group_id, fields);
        (self.hasher.hash_one(message_id), self.hasher.hash_one(content))
    }

    fn anonymous(&self) -> Check {
        match self.anonymous.count() {
            0 if self.tracks == 0 => ANONYMOUS.waiting("No event was tracked yet."),
            0 => ANONYMOUS.ok(format!("{}, each with a user or a group.", counted(self.tracks, "event"))),
            count => {
                let found =
                    format!("{} {} refused for want of a user and a group.", counted(count, "event"), was(count));
                ANONYMOUS.error(found, self.anonymous.clone())
            }
        }
    }

    fn refused(&self) -> Check {
        let all = self.refused.values().cloned().fold(Tally::default(), Tally::join);
        match all.count() {
            0 if self.accepted == 0 => REFUSED.waiting("No event came yet."),
            0 => REFUSED.ok(format!("{}, none refused for its form.", counted(self.accepted, "event"))),
            count => {
                let codes = self.refused.iter().map(|(code, tally)| format!("{} {code}", grouped(tally.count())));
                let codes = codes.collect::<Vec<_>>().join(", ");
                REFUSED.error(format!("{} {} refused: {codes}.", counted(count, "event"), was(count)), all)
            }
        }
    }

    fn clock(&self) -> Check {
        let (future, late, old) = (self.future.count(), self.late.count(), self.old);
        if self.accepted == 0 {
            return CLOCK.waiting("No event came yet.");
        }
        let mut found = Vec::new();
        if future > 0 {
            let furthest = spoken(self.furthest);
            found.push(format!("{} {} from the future, up to {furthest}", counted(future, "event"), is(future)));
        }
        // In a backfill the last day is only its end.
        let is_backfill = old >= late;
        if late > 0 && !is_backfill {
            found.push(format!("{} came more than 5 minutes late", counted(late, "event")));
        }
        let backfilled = if is_backfill { old + late } else { old };
        if backfilled > 0 {
            let what = counted(backfilled, "event");
            found.push(format!("{what} {} old and taken for a backfill, which is fine", is(backfilled)));
        }
        let wrong = if is_backfill { self.future.clone() } else { self.future.clone().join(self.late.clone()) };
        if wrong.is_empty() && backfilled == 0 {
            return CLOCK.ok(format!("{}, each sent within 5 minutes of its time.", counted(self.accepted, "event")));
        }
        let level = if wrong.is_empty() { Level::Ok } else { Level::Warning };
        CLOCK.says(level, format!("{}.", found.join("; ")), wrong)
    }

    fn twice(&self) -> Check {
        let (repeated, reused) = (self.repeated.count(), self.reused.count());
        if self.accepted == 0 {
            return TWICE.waiting("No event came yet.");
        }
        if reused > 0 {
            let found = format!(
                "{} {} the messageId of another one, and {} lost.",
                counted(reused, "event"),
                has(reused),
                is(reused)
            );
            return TWICE.error(found, self.reused.clone());
        }
        let found = format!("{} came again and {} counted once.", counted(repeated, "event"), was(repeated));
        match repeated {
            0 => TWICE.ok(format!("{}, none of them twice.", counted(self.accepted, "event"))),
            _ if repeated >= MANY_REPEATS && repeated * 10 >= self.accepted => {
                TWICE.warning(found, self.repeated.clone())
            }
            _ => TWICE.ok(found),
        }
    }
}

/// The only place where a message is remembered.
fn place(id: u64) -> usize {
    usize::try_from(id % REMEMBERED as u64).unwrap_or(0)
}

/// `90 seconds`, `12 minutes`, `3 hours`, `2 days`.
fn spoken(time: SignedDuration) -> String {
    let seconds = time.as_secs().unsigned_abs();
    match seconds {
        0..120 => counted(seconds, "second"),
        120..7_200 => counted(seconds / 60, "minute"),
        7_200..172_800 => counted(seconds / 3_600, "hour"),
        _ => counted(seconds / 86_400, "day"),
    }
}
