//! Events: what they are, how they are built, checked and encoded.
//!
//! An event is built in one of two ways. The fluent builders ([`Track`], [`Identify`], [`Group`]) encode as they go and
//! are what an app uses all the time; [`Event`] is the dynamic form, an owned value that can be stored, changed and
//! sent later. Both end as the same JSON bytes, which nothing behind this module looks into.
//!
//! This module knows no queue and no HTTP.

mod draft;
mod dynamic;
mod fields;
mod fluent;
mod id;

pub(crate) use draft::{Draft, Encoded, Target};
pub use dynamic::Event;
pub use fluent::{Anonymous, Attributed, Group, HasUserOrGroup, Identify, Track};
pub use id::MessageId;

/// The most bytes of JSON that one event may have.
pub(crate) const MAX_EVENT_BYTES: usize = 200 * 1024;

/// Which of the three calls an event is.
///
/// # Examples
///
/// ```
/// use klime::{Event, EventKind};
///
/// let event = Event::identify("user_123");
/// assert_eq!(event.kind(), EventKind::Identify);
/// assert_eq!(event.kind().as_str(), "identify");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EventKind {
    /// A user or a group did something.
    Track,
    /// Who a user is.
    Identify,
    /// What a group is, and that a user belongs to it.
    Group,
}

impl EventKind {
    /// The word on the wire: `track`, `identify` or `group`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Track => "track",
            Self::Identify => "identify",
            Self::Group => "group",
        }
    }

    fn from_wire(word: &str) -> Option<Self> {
        [Self::Track, Self::Identify, Self::Group].into_iter().find(|kind| kind.as_str() == word)
    }

    /// What the event's object is called on the wire.
    fn fields_name(self) -> &'static str {
        match self {
            Self::Track => "properties",
            Self::Identify | Self::Group => "traits",
        }
    }

    /// What one entry of it is called in an error.
    fn field_word(self) -> &'static str {
        match self {
            Self::Track => "property",
            Self::Identify | Self::Group => "trait",
        }
    }
}

impl std::fmt::Display for EventKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The SDK's name for itself, in each event's `context`.
const LIBRARY_NAME: &str = "rust-sdk";
const LIBRARY_VERSION: &str = env!("CARGO_PKG_VERSION");

/// Appends `text` as a JSON string.
fn json_string(out: &mut Vec<u8>, text: &str) {
    if needs_escape(text.as_bytes()) {
        // Writing a string into memory has no way to fail.
        let _ = serde_json::to_writer(out, text);
        return;
    }
    out.reserve(text.len() + 2);
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
}

/// Whether a text cannot stand in a JSON string as it is. Few do, so all bytes are looked at without a branch for each.
fn needs_escape(text: &[u8]) -> bool {
    text.iter().fold(false, |found, byte| found | (*byte < 0x20) | (*byte == b'"') | (*byte == b'\\'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_escaped_as_serde_json_does() {
        for text in ["", "plain", "ünïcode ✓", "a\"b\\c", "\u{0}\n\t\u{1f}\u{7f}", "</script>"] {
            let mut out = b"before".to_vec();
            json_string(&mut out, text);
            assert_eq!(String::from_utf8(out).unwrap(), format!("before{}", serde_json::to_string(text).unwrap()));
        }
    }
}
