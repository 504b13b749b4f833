//! Message ids for records that have none: the same record of the same source has the same id in each run.
//!
//! An id is a UUID v5. It is made of the source's name and of what tells the record from the others there: the value of a column that
//! the user chose, or the record's place and content. The content is in it so that two files of the same name do not share ids; the
//! type and the name of the event are, so that one file can be imported twice, as different events.

use uuid::Uuid;

/// The namespace of all ids that are derived here: a UUID that was drawn once.
const NAMESPACE: Uuid = Uuid::from_u128(0x7f9c_2c1e_5d0b_4a57_9a3f_5b1f_6f0e_c2d4);

/// What an id is made of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origin<'r> {
    /// The source's name.
    pub(crate) source: &'r str,
    /// The event's type and, for a track, its name.
    pub(crate) event: (&'r str, &'r str),
    /// What tells the record from the others.
    pub(crate) key: Key<'r>,
}

/// What tells a record from the others of its source.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Key<'r> {
    /// The value of a column.
    Column(&'r str),
    /// Where it stands, and what it holds.
    Place(u64, &'r [u8]),
}

/// The id.
pub(crate) fn derive(origin: &Origin<'_>) -> String {
    let mut name = Vec::with_capacity(512);
    // Each part with its length, so that no two origins are the same bytes.
    let mut add = |part: &[u8]| {
        name.extend_from_slice(&(part.len() as u64).to_be_bytes());
        name.extend_from_slice(part);
    };
    add(origin.source.as_bytes());
    add(origin.event.0.as_bytes());
    add(origin.event.1.as_bytes());
    match origin.key {
        Key::Column(value) => add(value.as_bytes()),
        Key::Place(record, content) => {
            add(&record.to_be_bytes());
            add(content);
        }
    }
    Uuid::new_v5(&NAMESPACE, &name).to_string()
}

/// By what content is known again.
pub(crate) fn fingerprint(content: &[u8]) -> String {
    Uuid::new_v5(&NAMESPACE, content).to_string()
}

/// By what content is known again that follows on what had the fingerprint `before`.
pub(crate) fn fingerprint_after(before: &str, content: &[u8]) -> String {
    Uuid::new_v5(&Uuid::new_v5(&NAMESPACE, before.as_bytes()), content).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(source: &str, kind: &str, name: &str, record: u64, content: &str) -> String {
        derive(&Origin { source, event: (kind, name), key: Key::Place(record, content.as_bytes()) })
    }

    #[test]
    fn an_id_is_the_same_for_ever() {
        // To change this is to count twice what was imported before.
        assert_eq!(place("a.csv", "track", "Order Placed", 1, "{}"), "c0875d6e-04c7-524e-a12f-2c108cfb9d14");
        let column = Origin { source: "a.csv", event: ("track", "Order Placed"), key: Key::Column("42") };
        assert_eq!(derive(&column), "75f941f6-9076-5cf7-9010-66705f8a0806");
    }

    #[test]
    fn whatever_differs_makes_another_id() {
        let ids = [
            place("a.csv", "track", "Order Placed", 1, "{}"),
            place("b.csv", "track", "Order Placed", 1, "{}"),
            place("a.csv", "identify", "", 1, "{}"),
            place("a.csv", "track", "Order Paid", 1, "{}"),
            place("a.csv", "track", "Order Placed", 2, "{}"),
            place("a.csv", "track", "Order Placed", 1, "{} "),
            place("a.csvt", "rack", "Order Placed", 1, "{}"),
            derive(&Origin { source: "a.csv", event: ("track", "Order Placed"), key: Key::Column("{}") }),
        ];
        let distinct: std::collections::HashSet<_> = ids.iter().collect();
        assert_eq!(distinct.len(), ids.len());
    }
}
