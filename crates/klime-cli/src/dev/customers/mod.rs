//! Who the customers are and what they do, as Klime makes it of events.
//!
//! A pure fold: accepted events go in one by one, in any order, and the same events end in the same customers. What a `group` links is many to many. A
//! track that names a group counts for that group alone; one that names none counts for all groups of its user, also
//! for those that the user is linked to later. So nothing is attributed when an event comes: a user's own events and a
//! group's own events are counted apart, and put together when somebody asks.
//!
//! Activity is tracks only, by the UTC day of their timestamp. Memory is bounded (`bounds.rs`); what does not fit is counted.
//! It knows no store, no clock (callers say what day it is), and no HTTP.

mod activity;
mod bounds;
mod list;
mod names;
#[cfg(test)]
mod tests;
mod traits;
mod view;

use std::collections::{BTreeMap, BTreeSet};

pub use bounds::LeftOut;
pub use list::{List, Query, Sort};
pub use view::{Customer, Detail, GroupLine, Member, NameCount, State};

use activity::{Activity, Room};
use bounds::Bounds;
use names::Names;
use traits::Traits;

use crate::dev::event::{Event, Kind, Mode};

/// All users and groups that accepted events speak of.
#[derive(Debug)]
pub struct Customers {
    bounds: Bounds,
    left_out: LeftOut,
    user_ids: Names,
    group_ids: Names,
    event_names: Names,
    /// By the number of the id.
    users: Vec<User>,
    groups: Vec<Group>,
    pairs: usize,
    room: Room,
    trait_bytes: usize,
    events: u64,
    group_events: u64,
}

#[derive(Debug, Default)]
struct User {
    traits: Traits,
    /// The groups that it is linked to.
    groups: BTreeSet<u32>,
    /// Tracks that name no group: they count for all groups of the user.
    own: Activity,
    /// Tracks that name a group, by group.
    for_group: BTreeMap<u32, Activity>,
}

#[derive(Debug, Default)]
struct Group {
    traits: Traits,
    /// The users that are linked to it.
    members: BTreeSet<u32>,
    /// Tracks that name it, of any user or none.
    named: Activity,
}

impl Default for Customers {
    fn default() -> Self {
        Self::within(Bounds::default())
    }
}

impl Customers {
    fn within(bounds: Bounds) -> Self {
        Self {
            room: Room { left: bounds.counts, missed: 0 },
            bounds,
            left_out: LeftOut::default(),
            user_ids: Names::default(),
            group_ids: Names::default(),
            event_names: Names::default(),
            users: Vec::new(),
            groups: Vec::new(),
            pairs: 0,
            trait_bytes: 0,
            events: 0,
            group_events: 0,
        }
    }

    /// Takes an accepted event into account.
    pub fn apply(&mut self, event: &Event) {
        self.events += 1;
        let at = event.timestamp.as_microsecond();
        let user = event.user_id.as_deref().and_then(|id| self.user(id));
        if event.kind == Kind::Identify {
            return self.merge_user(event, at, user);
        }
        let group = event.group_id.as_deref().and_then(|id| self.group(id));
        if event.kind == Kind::Track {
            return self.track(event, at, user, group);
        }
        self.group_events += 1;
        self.merge_group(event, at, group);
        if let (Some(user), Some(group)) = (user, group) {
            self.link(user, group);
        }
    }

    fn track(&mut self, event: &Event, at: i64, user: Option<u32>, group: Option<u32>) {
        let name = event.name.as_deref().and_then(|name| self.event_names.number(name, self.bounds.names));
        self.left_out.names += u64::from(event.name.is_some() && name.is_none());
        if let Some(group) = group.and_then(|group| self.groups.get_mut(group as usize)) {
            group.named.note(at, name, &mut self.room);
        }
        let Some(of) = user.and_then(|user| self.users.get_mut(user as usize)) else { return };
        match (&event.group_id, group) {
            (None, _) => of.own.note(at, name, &mut self.room),
            (Some(_), Some(group)) if of.for_group.contains_key(&group) || self.pairs < self.bounds.pairs => {
                let new = !of.for_group.contains_key(&group);
                self.pairs += usize::from(new);
                of.for_group.entry(group).or_default().note(at, name, &mut self.room);
            }
            (Some(_), _) => self.left_out.links += 1,
        }
    }

    fn merge_user(&mut self, event: &Event, at: i64, user: Option<u32>) {
        let Some(user) = user.and_then(|user| self.users.get_mut(user as usize)) else { return };
        let (held, left_out) = (&mut self.trait_bytes, &mut self.left_out);
        user.traits.merge(&event.fields, at, &event.message_id, held, &self.bounds, left_out);
    }

    fn merge_group(&mut self, event: &Event, at: i64, group: Option<u32>) {
        let Some(group) = group.and_then(|group| self.groups.get_mut(group as usize)) else { return };
        let (held, left_out) = (&mut self.trait_bytes, &mut self.left_out);
        group.traits.merge(&event.fields, at, &event.message_id, held, &self.bounds, left_out);
    }

    fn link(&mut self, user: u32, group: u32) {
        let (Some(of), Some(to)) = (self.users.get_mut(user as usize), self.groups.get_mut(group as usize)) else {
            return;
        };
        if of.groups.contains(&group) {
            return;
        }
        if self.pairs >= self.bounds.pairs {
            self.left_out.links += 1;
            return;
        }
        self.pairs += 1;
        of.groups.insert(group);
        to.members.insert(user);
    }

    fn user(&mut self, id: &str) -> Option<u32> {
        let number = self.user_ids.number(id, self.bounds.users);
        self.left_out.users += u64::from(number.is_none());
        self.users.resize_with(self.user_ids.len(), User::default);
        number
    }

    fn group(&mut self, id: &str) -> Option<u32> {
        let number = self.group_ids.number(id, self.bounds.groups);
        self.left_out.groups += u64::from(number.is_none());
        self.groups.resize_with(self.group_ids.len(), Group::default);
        number
    }

    /// How many users and how many groups there are.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        (self.users.len(), self.groups.len())
    }

    /// What was not remembered because there was too much.
    #[must_use]
    pub fn left_out(&self) -> LeftOut {
        LeftOut { counts: self.room.missed, ..self.left_out }
    }

    /// The mode that the events speak for: companies if there was a `group`, or nothing at all; else individuals.
    #[must_use]
    pub fn likely_mode(&self) -> Mode {
        if self.group_events > 0 || self.events == 0 { Mode::Companies } else { Mode::Individuals }
    }

    /// The groups that a user is linked to.
    pub fn groups_of(&self, user_id: &str) -> impl Iterator<Item = &str> {
        let user = self.user_ids.find(user_id).and_then(|user| self.users.get(user as usize));
        let groups = user.into_iter().flat_map(|user| &user.groups);
        groups.filter_map(|group| self.group_ids.text(*group))
    }

    /// The users that are linked to a group.
    pub fn members_of(&self, group_id: &str) -> impl Iterator<Item = &str> {
        let group = self.group_ids.find(group_id).and_then(|group| self.groups.get(group as usize));
        let members = group.into_iter().flat_map(|group| &group.members);
        members.filter_map(|user| self.user_ids.text(*user))
    }
}
