//! What arrived, as `klime dev` understands it: the types that the wire, the store, the customers and the checks share.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Which of the three calls an event comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Something that a user or a group did.
    Track,
    /// Traits of a user.
    Identify,
    /// Traits of a group, a user's link to a group, or both.
    Group,
}

impl Kind {
    /// Its word on the wire.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Track => "track",
            Self::Identify => "identify",
            Self::Group => "group",
        }
    }

    /// The kind that has this word.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        [Self::Track, Self::Identify, Self::Group].into_iter().find(|kind| kind.word() == word)
    }
}

/// An event that keeps to the protocol.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Which of the three calls it comes from.
    pub kind: Kind,
    /// By what it is known again when it is sent twice.
    pub message_id: String,
    /// When it happened, as the app says.
    pub timestamp: Timestamp,
    /// The name of a tracked event; `None` for the two others.
    pub name: Option<String>,
    /// The user, an integer id as its digits. An `identify` always has one.
    pub user_id: Option<String>,
    /// The group, an integer id as its digits. A `group` always has one.
    pub group_id: Option<String>,
    /// The properties of a `track`, the traits of the two others; empty when there are none.
    pub fields: Map<String, Value>,
    /// The SDK that sent it.
    pub library: Option<Library>,
}

/// The SDK that sent an event, from its `context`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Library {
    /// For example `rust-sdk`.
    pub name: String,
    /// For example `1.0.0`.
    pub version: String,
}

/// What `klime dev` says of one event of a batch.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// It keeps to the protocol.
    Taken(Event),
    /// It does not, and the answer says so.
    Refused(Refusal),
}

/// Why an event was refused, and what of it could be read all the same.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    /// The code in the answer, for example `missing_field`.
    pub code: &'static str,
    /// The sentence in the answer; it names the field and the value.
    pub message: String,
    /// The event's `type`, whatever it says.
    pub kind: Option<String>,
    /// The fields that could be read, for showing and searching.
    pub name: Option<String>,
    /// See `name`.
    pub user_id: Option<String>,
    /// See `name`.
    pub group_id: Option<String>,
    /// See `name`.
    pub message_id: Option<String>,
}

/// One event of a batch: what was sent, and what is said of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// The event's JSON as it was sent (a `\u` escape apart, which is written out so that it can be searched).
    pub body: String,
    /// What is said of it.
    pub verdict: Verdict,
}

impl Judged {
    /// The event, if it keeps to the protocol.
    #[must_use]
    pub fn taken(&self) -> Option<&Event> {
        match &self.verdict {
            Verdict::Taken(event) => Some(event),
            Verdict::Refused(_) => None,
        }
    }
}

/// The code of the events that a fault of the kind `partial` refuses.
pub(crate) const FAULT_INJECTED: &str = "fault_injected";

/// What became of an event in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Taken, and counted.
    Accepted,
    /// Refused, not counted, kept to be looked at.
    Refused,
    /// Taken by the answer, but its `messageId` had been accepted before; not counted again.
    Duplicate,
}

/// Which kind of customers the app has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Companies & Teams: customers are groups.
    #[default]
    Companies,
    /// Individual Customers: customers are users.
    Individuals,
}
