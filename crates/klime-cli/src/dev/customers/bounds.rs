//! How much is remembered, and what was left out beyond that.

use serde::Serialize;

/// The most that is remembered. Within these bounds the order in which events come does not matter; beyond them the first ones win.
#[derive(Clone, Debug)]
pub(super) struct Bounds {
    pub(super) users: usize,
    pub(super) groups: usize,
    /// Pairs of a user and a group: links, and users who acted for a group.
    pub(super) pairs: usize,
    pub(super) names: usize,
    /// Counts by day and by name, of all users and groups.
    pub(super) counts: usize,
    pub(super) traits_each: usize,
    pub(super) trait_bytes: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            users: 200_000,
            groups: 100_000,
            pairs: 1_000_000,
            names: 5_000,
            counts: 16_000_000,
            traits_each: 500,
            trait_bytes: 256 << 20,
        }
    }
}

/// What was not remembered because a bound was reached. All zero is the rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LeftOut {
    /// Events of users beyond the first 200,000, or 64 MiB of their ids.
    pub users: u64,
    /// Events of groups beyond the first 100,000, or 64 MiB of their ids.
    pub groups: u64,
    /// Links beyond the first 1,000,000.
    pub links: u64,
    /// Events whose name is beyond the first 5,000 different ones; they are counted, but not by name.
    pub names: u64,
    /// Days or names that were not counted, beyond 16,000,000 counts of all customers.
    pub counts: u64,
    /// Traits beyond 500 of one customer, or 256 MiB of all.
    pub traits: u64,
}

impl LeftOut {
    /// Whether nothing was left out.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
