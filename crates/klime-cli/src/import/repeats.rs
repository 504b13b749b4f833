//! Records that have the id of an earlier one. Klime counts each id once, so what another record says under it is lost.
//!
//! Of each id a hash is remembered, with a hash of what the event says, and no more than a bounded number of them: so memory is bounded,
//! whatever the file's size. An export that overlaps repeats records to the letter, which loses nothing.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher as _};

use serde_json::Value;

use super::convert::Event;
use super::mapping::{Fields, shown};

/// So many ids are remembered, in 60 MB.
pub(super) const MAX_IDS: usize = 3_500_000;
/// A map that grows is in memory twice for a moment, and these grow one after the other.
const MAPS: usize = 64;

/// Whether an earlier record has the id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// None has.
    First,
    /// None of those that are remembered, and this one is not.
    Unknown,
    /// One has, and says the same.
    Same,
    /// One has, and says something else. This sentence names the id.
    Other(String),
}

/// The ids of earlier records.
#[derive(Debug)]
pub(super) struct Ids {
    /// Hashes of ids, with half a hash of what the first event of that id says; in bytes, so that there are no gaps between them.
    maps: Vec<HashMap<[u8; 8], [u8; 4]>>,
    room: usize,
}

impl Default for Ids {
    fn default() -> Self {
        Self::with_room(MAX_IDS)
    }
}

impl Ids {
    fn with_room(room: usize) -> Self {
        Self { maps: vec![HashMap::new(); MAPS], room }
    }

    /// Says whether an earlier record has the id of this event, and remembers it. An id that is derived is made of `column`.
    pub(super) fn add(&mut self, event: &Event, column: Option<&str>) -> Repeat {
        let id = hash(&event.id);
        let map = usize::try_from(id).unwrap_or_default() % MAPS;
        let Some(map) = self.maps.get_mut(map) else { return Repeat::Unknown };
        let content = half(event.content);
        match map.get(&id.to_be_bytes()) {
            Some(earlier) if *earlier == content => Repeat::Same,
            Some(_) => Repeat::Other(sentence(event, column)),
            None if self.room == 0 => Repeat::Unknown,
            None => {
                self.room -= 1;
                map.insert(id.to_be_bytes(), content);
                Repeat::First
            }
        }
    }
}

fn sentence(event: &Event, column: Option<&str>) -> String {
    match (&event.key, column) {
        (Some(value), Some(column)) => format!(
            "{column:?}, of which ids are made, is {} as in an earlier record; it must be another in each",
            shown(&Value::from(value.as_str()))
        ),
        _ => {
            format!(
                "\"messageId\" is {} as in an earlier record, which says something else",
                shown(&Value::from(event.id.as_str()))
            )
        }
    }
}

/// A hash of what an event says. A record that has an id of its own is known by it, and what has delivered it twice may have noted two
/// times; where the id is made of a column, the time tells records apart.
pub(crate) fn content(event: &Fields, json: &str, has_own_id: bool) -> u64 {
    if !has_own_id {
        return hash(json);
    }
    let mut hasher = DefaultHasher::new();
    event.iter().filter(|(name, _)| *name != "timestamp").for_each(|field| field.hash(&mut hasher));
    hasher.finish()
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

/// Half a hash.
fn half(hash: u64) -> [u8; 4] {
    let [a, b, c, d, ..] = hash.to_be_bytes();
    [a, b, c, d]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(id: &str, key: Option<&str>, body: Value) -> Event {
        let Value::Object(fields) = &body else { unreachable!("an object") };
        let content = content(fields, &body.to_string(), key.is_none());
        Event { json: String::new(), id: id.to_owned(), kind: "track", key: key.map(str::to_owned), content }
    }

    #[test]
    fn a_record_that_says_something_else_under_an_id_is_told_from_one_that_says_the_same() {
        let mut ids = Ids::default();
        let first = || event("a", None, json!({ "event": "A", "userId": "u", "timestamp": "1" }));
        assert_eq!(ids.add(&first(), None), Repeat::First);
        assert_eq!(ids.add(&first(), None), Repeat::Same);
        let redelivered = event("a", None, json!({ "event": "A", "userId": "u", "timestamp": "2" }));
        assert_eq!(ids.add(&redelivered, None), Repeat::Same);
        let other = event("a", None, json!({ "event": "A", "userId": "v", "timestamp": "1" }));
        let problem = r#""messageId" is "a" as in an earlier record, which says something else"#;
        assert_eq!(ids.add(&other, None), Repeat::Other(problem.to_owned()));
        assert_eq!(ids.add(&event("b", None, json!({ "event": "A" })), None), Repeat::First);
    }

    #[test]
    fn records_that_share_a_key_are_told_apart_by_their_time() {
        let mut ids = Ids::default();
        let at = |time: u32| event("derived", Some("c1"), json!({ "event": "A", "userId": "c1", "timestamp": time }));
        assert_eq!(ids.add(&at(1), Some("customer")), Repeat::First);
        assert_eq!(ids.add(&at(1), Some("customer")), Repeat::Same);
        let problem =
            r#""customer", of which ids are made, is "c1" as in an earlier record; it must be another in each"#;
        assert_eq!(ids.add(&at(2), Some("customer")), Repeat::Other(problem.to_owned()));
    }

    #[test]
    fn only_so_many_ids_are_remembered() {
        let mut ids = Ids::with_room(2);
        let mut add = |id: &str| ids.add(&event(id, None, json!({})), None);
        assert_eq!(["a", "b", "c", "c", "a"].map(&mut add), {
            [Repeat::First, Repeat::First, Repeat::Unknown, Repeat::Unknown, Repeat::Same]
        });
    }
}
