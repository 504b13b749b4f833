//! What is asked for: filters over events, and the page that is wanted.

use std::collections::HashSet;

use jiff::Timestamp;

use super::entry::{Entry, Hashes};
use super::row::Row;
use crate::dev::event::{Kind, Mode, Status};

/// Which events are wanted. All that is set must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// What became of the event; `None` is all.
    pub status: Option<Status>,
    /// The `type`.
    pub kind: Option<Kind>,
    /// The exact name of a tracked event.
    pub event: Option<String>,
    /// The user, as sent.
    pub user_id: Option<String>,
    /// The group, as sent.
    pub group_id: Option<String>,
    /// The customer that the event counts for. Whoever asks the store says who that is, by an [`Audience`].
    pub customer: Option<String>,
    /// The mode in which `customer` is meant, if not the one in force.
    pub mode: Option<Mode>,
    /// The message id.
    pub message_id: Option<String>,
    /// The name of the SDK.
    pub library: Option<String>,
    /// The number of the batch.
    pub batch: Option<u64>,
    /// Received at or after this.
    pub since: Option<Timestamp>,
    /// Received before this.
    pub until: Option<Timestamp>,
    /// Part of the body, of the names and ids, or of why it was refused; ASCII letters of either case.
    pub search: Option<String>,
}

impl Default for Filter {
    /// Accepted events.
    fn default() -> Self {
        Self {
            status: Some(Status::Accepted),
            kind: None,
            event: None,
            user_id: None,
            group_id: None,
            customer: None,
            mode: None,
            message_id: None,
            library: None,
            batch: None,
            since: None,
            until: None,
            search: None,
        }
    }
}

/// Whose events count for a customer.
#[derive(Clone, Debug)]
pub enum Audience<'a> {
    /// Those of this user.
    User(&'a str),
    /// Those that name this group, and those of its members that name none.
    Group {
        /// The group.
        id: &'a str,
        /// The users that are linked to it.
        members: HashSet<&'a str>,
    },
}

/// Which part of the events that the filter lets through is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// From where, and in which direction.
    pub order: Order,
    /// How many at most.
    pub limit: usize,
}

/// The direction of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Newest first, from the one before this `seq`, or from the newest.
    NewestFirst {
        /// The `seq` that is not wanted any more.
        before: Option<u64>,
    },
    /// Oldest first, from the one after this `seq`; 0 is the beginning.
    OldestFirst {
        /// The `seq` that is not wanted any more.
        after: u64,
    },
}

/// A filter made ready for a walk: texts as the hashes that entries have.
pub(super) struct Wanted<'a> {
    filter: &'a Filter,
    event: Option<u32>,
    user: Option<u32>,
    group: Option<u32>,
    library: Option<u32>,
    message: Option<u64>,
    since: i64,
    until: i64,
    audience: Option<(&'a Audience<'a>, Hashed)>,
}

enum Hashed {
    User(u32),
    Group { id: u32, members: Members },
}

/// The users that are linked to a group, as hashes. A walk asks for each event of a million, and most are of others: a bit for
/// each hash says so faster than the set does.
struct Members {
    hashes: HashSet<u32>,
    bits: Vec<u64>,
}

impl Members {
    fn new(hashes: HashSet<u32>) -> Self {
        let words = (hashes.len() / 4).clamp(64, 65_536).next_power_of_two();
        let mut members = Self { bits: vec![0; words], hashes: HashSet::new() };
        for hash in &hashes {
            let (word, bit) = members.place(*hash);
            if let Some(word) = members.bits.get_mut(word) {
                *word |= bit;
            }
        }
        members.hashes = hashes;
        members
    }

    /// Which bit of which word stands for a hash.
    fn place(&self, hash: u32) -> (usize, u64) {
        ((hash >> 6) as usize & (self.bits.len() - 1), 1 << (hash & 63))
    }

    fn have(&self, hash: u32) -> bool {
        let (word, bit) = self.place(hash);
        self.bits.get(word).is_some_and(|word| word & bit != 0) && self.hashes.contains(&hash)
    }
}

impl<'a> Wanted<'a> {
    pub(super) fn new(filter: &'a Filter, audience: Option<&'a Audience<'a>>, hashes: &Hashes) -> Self {
        let short = |text: &Option<String>| text.as_deref().map(|text| hashes.short(Some(text)));
        Self {
            filter,
            event: short(&filter.event),
            user: short(&filter.user_id),
            group: short(&filter.group_id),
            library: short(&filter.library),
            message: filter.message_id.as_deref().map(|id| hashes.long(Some(id))),
            since: filter.since.map_or(i64::MIN, |time| time.as_microsecond()),
            until: filter.until.map_or(i64::MAX, |time| time.as_microsecond()),
            audience: audience.map(|audience| (audience, hash_audience(audience, hashes))),
        }
    }

    /// Whether the entry lets it be possible that the event is wanted.
    pub(super) fn may_be(&self, entry: &Entry) -> bool {
        fn agrees<T: PartialEq>(wanted: Option<T>, is: T) -> bool {
            wanted.is_none_or(|wanted| wanted == is)
        }
        agrees(self.filter.status, entry.status)
            && (self.filter.kind.is_none() || self.filter.kind == entry.kind)
            && agrees(self.event, entry.event)
            && agrees(self.user, entry.user)
            && agrees(self.group, entry.group)
            && agrees(self.library, entry.library)
            && agrees(self.message, entry.message)
            && agrees(self.filter.batch, entry.batch)
            && (self.since..self.until).contains(&entry.received_at)
            && self.audience.as_ref().is_none_or(|(_, hashed)| hashed.may_have(entry))
    }

    /// Whether the event is wanted, its search apart. Entries have hashes only; this compares the texts.
    pub(super) fn is(&self, row: &Row) -> bool {
        fn agrees(wanted: &Option<String>, is: Option<&String>) -> bool {
            wanted.is_none() || wanted.as_ref() == is
        }
        agrees(&self.filter.event, row.event.as_ref())
            && agrees(&self.filter.user_id, row.user_id.as_ref())
            && agrees(&self.filter.group_id, row.group_id.as_ref())
            && agrees(&self.filter.library, row.library.as_ref().map(|library| &library.name))
            && agrees(&self.filter.message_id, row.message_id.as_ref())
            && self.audience.as_ref().is_none_or(|(audience, _)| audience.has(row))
    }
}

impl Audience<'_> {
    fn has(&self, row: &Row) -> bool {
        let user = row.user_id.as_deref();
        match (self, row.group_id.as_deref()) {
            (Audience::User(id), _) => user == Some(id),
            (Audience::Group { id, .. }, Some(group)) => group == *id,
            (Audience::Group { members, .. }, None) => user.is_some_and(|user| members.contains(user)),
        }
    }
}

impl Hashed {
    fn may_have(&self, entry: &Entry) -> bool {
        match self {
            Hashed::User(user) => entry.user == *user,
            Hashed::Group { id, members } if entry.group == 0 => members.have(entry.user),
            Hashed::Group { id, .. } => entry.group == *id,
        }
    }
}

fn hash_audience(audience: &Audience<'_>, hashes: &Hashes) -> Hashed {
    match audience {
        Audience::User(id) => Hashed::User(hashes.short(Some(id))),
        Audience::Group { id, members } => Hashed::Group {
            id: hashes.short(Some(id)),
            members: Members::new(members.iter().map(|member| hashes.short(Some(member))).collect()),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::Members;

    #[test]
    fn members_are_those_that_were_given_and_nobody_else() {
        for count in [0, 1, 10, 300, 100_000_u32] {
            let hashes: HashSet<_> = (0..count).map(|number| number.wrapping_mul(0x9E37_79B9)).collect();
            let members = Members::new(hashes.clone());
            assert!(hashes.iter().all(|hash| members.have(*hash)));
            let strangers = (0..50_000_u32).map(|number| number.wrapping_mul(0x85EB_CA6B));
            strangers.for_each(|hash| assert_eq!(members.have(hash), hashes.contains(&hash)));
        }
    }
}
