//! Events: what they are, how they are built, checked and encoded.
//!
//! An event is built in one of two ways. The fluent builders ([`Track`], [`Identify`], [`Group`]) encode as they go and
//! are what an app uses all the time; [`Event`] is the dynamic form, an owned value that can be stored, changed and
//! sent later. Both end as the same JSON bytes, which nothing behind this module looks into.
//!
//! This module knows no queue and no HTTP.

mod check;
mod draft;
mod dynamic;
mod fields;
mod fluent;
mod id;
mod library;
mod shallow;

pub(crate) use draft::{Draft, Encoded, Target};
pub use dynamic::Event;
pub use fluent::{Anonymous, Attributed, Group, HasUserOrGroup, Identify, Track};
pub use id::MessageId;
pub(crate) use id::note_process;
pub(crate) use library::Library;

use std::fmt::{self, Display};

use crate::error::EnqueueError;

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

impl Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Appends what a value prints. Unlike `io::Write` and `to_string` it does not panic when the value's `Display` fails.
fn write_display(out: &mut Vec<u8>, value: impl Display) -> fmt::Result {
    struct Appender<'a>(&'a mut Vec<u8>);

    impl fmt::Write for Appender<'_> {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            self.0.extend_from_slice(text.as_bytes());
            Ok(())
        }
    }

    fmt::Write::write_fmt(&mut Appender(out), format_args!("{value}"))
}

fn unformattable(what: &str) -> EnqueueError {
    EnqueueError::invalid(format!("{what} cannot be formatted, its Display failed"))
}

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

/// How deep the value of a property or trait may be nested. Readers of JSON have a limit, `serde_json`'s is 128 for the whole
/// batch; beyond it an event could be sent but not be shown to a callback.
const MAX_DEPTH: usize = 100;

/// Whether JSON, which is known to be valid, is nested deeper than [`MAX_DEPTH`].
fn is_too_deep(json: &[u8]) -> bool {
    // Each level takes an opening and a closing byte, so short values need no look.
    if json.len() <= 2 * MAX_DEPTH {
        return false;
    }
    let (mut depth, mut is_text, mut is_escaped) = (0_usize, false, false);
    for byte in json {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => is_text = !is_text,
            b'{' | b'[' if !is_text => depth += 1,
            b'}' | b']' if !is_text => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_DEPTH {
            return true;
        }
    }
    false
}

/// Checks that JSON can be read back. What `serde_json` writes can be; JSON that it only hands on (`RawValue`) may hold half a
/// surrogate pair, or a number that no float can hold. Only what looks as if it might is read.
fn check_readable(json: &[u8]) -> Result<(), serde_json::Error> {
    let is_odd = match json.first() {
        Some(b'"') => json.contains(&b'\\'),
        Some(b'{' | b'[') => json.contains(&b'\\') || has_odd_number(json),
        Some(b't' | b'f' | b'n') | None => false,
        Some(_) => has_odd_number(json),
    };
    if is_odd { serde_json::from_slice::<serde_json::Value>(json).map(drop) } else { Ok(()) }
}

/// Whether there is a number with an exponent, or with more digits than the largest float has.
fn has_odd_number(json: &[u8]) -> bool {
    let mut digits = 0_usize;
    json.iter().any(|byte| {
        let is_exponent = digits > 0 && matches!(byte, b'e' | b'E');
        digits = if byte.is_ascii_digit() { digits + 1 } else { 0 };
        is_exponent || digits > 300
    })
}

fn too_deep(what: &str) -> EnqueueError {
    EnqueueError::invalid(format!("{what} nested deeper than {MAX_DEPTH} levels"))
}

/// Whether a text cannot stand in a JSON string as it is. Few do, so eight bytes are looked at together.
fn needs_escape(text: &[u8]) -> bool {
    let Some(last) = text.last_chunk() else {
        return text.iter().any(|byte| *byte < 0x20 || *byte == b'"' || *byte == b'\\');
    };
    let (chunks, _) = text.as_chunks();
    // The last one overlaps the one before it, which does no harm.
    chunks.iter().chain([last]).any(|bytes| holds_escaped(u64::from_ne_bytes(*bytes)))
}

fn holds_escaped(word: u64) -> bool {
    let all = |byte: u8| u64::from_ne_bytes([byte; 8]);
    // A subtraction borrows into the highest bit of the first byte that is below the bound, if one is.
    let has_below = |word: u64, bound: u8| word.wrapping_sub(all(bound)) & !word & all(0x80) != 0;
    let has = |byte: u8| has_below(word ^ all(byte), 1);
    has_below(word, 0x20) || has(b'"') || has(b'\\')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_text_is_escaped_exactly_when_it_must_be(text in any_text()) {
            let json = serde_json::to_vec(&text).unwrap();
            prop_assert_eq!(needs_escape(text.as_bytes()), json.len() > text.len() + 2, "{:?}", text);
            let mut out = Vec::new();
            json_string(&mut out, &text);
            prop_assert_eq!(out, json);
        }
    }

    /// Plain text, with sometimes one odd character at any place.
    fn any_text() -> impl Strategy<Value = String> {
        ("[ -~é✓]{0,20}", prop::option::of(any::<char>()), "[ !#-Z]{0,20}")
            .prop_map(|(before, odd, after)| before.chars().chain(odd).chain(after.chars()).collect())
    }

    #[test]
    fn depth_is_counted_outside_of_texts() {
        let nested = |levels: usize, inner: &str| format!("{}{inner}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(!is_too_deep(nested(100, &"1,".repeat(200)).as_bytes()));
        assert!(is_too_deep(nested(101, "").as_bytes()));
        let text = format!("{:?}", "[{\\\"".repeat(200));
        assert!(!is_too_deep(nested(100, &text).as_bytes()));
        assert!(is_too_deep(nested(100, &format!("{text},[]")).as_bytes()));
        assert!(!is_too_deep(format!("[{}]", "[],".repeat(200)).as_bytes()));
    }

    #[test]
    fn strings_are_escaped_as_serde_json_does() {
        for text in ["", "plain", "ünïcode ✓", "a\"b\\c", "\u{0}\n\t\u{1f}\u{7f}", "</script>"] {
            let mut out = b"before".to_vec();
            json_string(&mut out, text);
            assert_eq!(String::from_utf8(out).unwrap(), format!("before{}", serde_json::to_string(text).unwrap()));
        }
    }
}
