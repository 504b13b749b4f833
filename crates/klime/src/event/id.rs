//! Message ids: random UUIDs, a system call for 64 of them.

use std::cell::RefCell;
use std::fmt;
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

use serde::{Serialize, Serializer};

/// An event's id on the wire, which Klime recognises a repetition by. A UUID v4 unless it was set by hand.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "testing")] {
/// # let klime = klime::testing::Recorder::new().client();
/// let id = klime.track("Button Clicked").user("user_123").message_id("import-42").try_enqueue()?;
/// assert_eq!(id, "import-42");
/// assert_eq!(klime::json!({ "id": id }).to_string(), r#"{"id":"import-42"}"#);
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId(String);

impl MessageId {
    pub(crate) fn new(text: String) -> Self {
        Self(text)
    }

    /// The id as it is on the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for MessageId {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl PartialEq<str> for MessageId {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

impl PartialEq<&str> for MessageId {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}

impl Serialize for MessageId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl From<MessageId> for String {
    fn from(id: MessageId) -> Self {
        id.0
    }
}

const ID_BYTES: usize = 16;
const POOL_BYTES: usize = 64 * ID_BYTES;

/// The process that the last client was built in; 0 before there is one. To ask for it with each id would cost a system call.
static BUILT_IN: AtomicU32 = AtomicU32::new(0);

/// Notes in which process a client is built. In a child process, which has a copy of its parent's pool, the ids are drawn anew
/// from here on: else both would give the same ids to different events.
pub(crate) fn note_process() {
    BUILT_IN.store(process::id(), Ordering::Relaxed);
}

/// Randomness of the operating system, drawn in blocks. Ids made from a small generator state could repeat, and a repeated
/// id is an event that the server takes for a duplicate.
struct Pool {
    bytes: [u8; POOL_BYTES],
    used: usize,
    /// What [`BUILT_IN`] was when the block was drawn.
    drawn_in: u32,
}

impl Pool {
    const EMPTY: Self = Self { bytes: [0; POOL_BYTES], used: POOL_BYTES, drawn_in: 0 };

    fn take(&mut self, built_in: u32) -> Result<[u8; ID_BYTES], getrandom::Error> {
        if self.used >= POOL_BYTES || self.drawn_in != built_in {
            // Nothing of the old block is taken, should there be no new one.
            self.used = POOL_BYTES;
            getrandom::fill(&mut self.bytes)?;
            self.used = 0;
            self.drawn_in = built_in;
        }
        let id = self.bytes.get(self.used..).and_then(|rest| rest.first_chunk()).copied();
        self.used += ID_BYTES;
        Ok(id.unwrap_or_default())
    }
}

thread_local! {
    static POOL: RefCell<Pool> = const { RefCell::new(Pool::EMPTY) };
}

fn random_bytes() -> Result<[u8; ID_BYTES], getrandom::Error> {
    let built_in = BUILT_IN.load(Ordering::Relaxed);
    let pooled = POOL.try_with(|pool| pool.try_borrow_mut().map(|mut pool| pool.take(built_in)));
    if let Ok(Ok(taken)) = pooled {
        return taken;
    }
    // The thread is being torn down: without a pool each id costs a system call.
    let mut bytes = [0; ID_BYTES];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}

/// Appends a new id as a JSON string.
///
/// # Errors
///
/// A sentence, when the operating system has no randomness to give; an empty string was appended then.
pub(super) fn write_new(json: &mut Vec<u8>) -> Result<(), String> {
    let bytes = random_bytes();
    json.push(b'"');
    if let Ok(bytes) = bytes {
        let mut text = [0; uuid::fmt::Hyphenated::LENGTH];
        uuid::Builder::from_random_bytes(bytes).into_uuid().hyphenated().encode_lower(&mut text);
        json.extend_from_slice(&text);
    }
    json.push(b'"');
    bytes.map(drop).map_err(|error| format!("message id cannot be made, the system has no randomness: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn written() -> String {
        let mut json = Vec::new();
        write_new(&mut json).unwrap();
        serde_json::from_slice(&json).unwrap()
    }

    #[test]
    fn ids_are_version_4_and_differ_across_blocks_and_threads() {
        let draw = || (0..1000).map(|_| written()).collect::<Vec<_>>();
        let elsewhere = std::thread::spawn(draw).join().unwrap();
        let ids: HashSet<_> = draw().into_iter().chain(elsewhere).collect();
        assert_eq!(ids.len(), 2000);
        for id in ids {
            let id = uuid::Uuid::try_parse(&id).unwrap();
            assert_eq!(id.get_version_num(), 4);
            assert_eq!(id.get_variant(), uuid::Variant::RFC4122);
        }
    }

    #[test]
    fn copy_of_a_pool_in_another_process_draws_other_ids() {
        let mut parent = Pool::EMPTY;
        let first = parent.take(1).unwrap();
        let mut child = Pool { ..parent };
        let ids: HashSet<_> = [first, child.take(2).unwrap(), child.take(2).unwrap()]
            .into_iter()
            .chain((1..64).map(|_| parent.take(1).unwrap()))
            .collect();
        assert_eq!(ids.len(), 66);
        assert_eq!((parent.used, child.used), (POOL_BYTES, 2 * ID_BYTES));
    }

    #[test]
    fn client_that_is_built_has_its_process_noted() {
        drop(crate::Client::new("key").unwrap());
        assert_eq!(BUILT_IN.load(Ordering::Relaxed), process::id());
    }

    #[test]
    fn ids_compare_with_each_other_and_with_text_by_their_text() {
        let [a, b] = ["a", "b"].map(|text| MessageId::new(text.to_owned()));
        assert!(a < b && a == "a" && a == *"a" && a != "b");
        assert_eq!(serde_json::to_string(&[a, b]).unwrap(), r#"["a","b"]"#);
    }
}
