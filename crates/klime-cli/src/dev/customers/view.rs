//! One customer, as it is shown.

use std::cmp::Reverse;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};

use super::activity::{Activity, Figures, TREND_DAYS, add_trend, day_of, most_frequent};
use super::traits::Traits;
use super::{Customers, Group, User};
use crate::dev::event::Mode;
use crate::dev::stamp;

const MAX_MEMBERS_SHOWN: usize = 500;
const MAX_GROUPS_SHOWN: usize = 500;
const MAX_NAMES_SHOWN: usize = 20;

/// Whether a customer is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Tracked events in the last 7 days.
    Active,
    /// None in the last 7 days, but in the last 30.
    Quiet,
    /// None in the last 30 days.
    Idle,
}

/// A customer: a group, or a user, by the mode. Days are UTC days of the events' timestamps, and include today.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Customer {
    /// The group or user.
    pub id: String,
    /// Its trait `name`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// All its traits.
    pub traits: Map<String, Value>,
    /// Users that are linked to it, if it is a group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub members: Option<usize>,
    /// Tracked events in 7 days.
    pub events7: u64,
    /// Tracked events in 30 days.
    pub events30: u64,
    /// All tracked events.
    pub events_total: u64,
    /// Tracked events of each of the 30 days, the oldest first.
    pub trend: Vec<u64>,
    /// The first tracked event.
    #[serde(serialize_with = "stamp::serialize_optional", skip_serializing_if = "Option::is_none")]
    pub first_seen: Option<Timestamp>,
    /// The last tracked event.
    #[serde(serialize_with = "stamp::serialize_optional", skip_serializing_if = "Option::is_none")]
    pub last_seen: Option<Timestamp>,
    /// Whether it is active.
    pub state: State,
}

/// A customer and what belongs to it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Detail {
    /// The customer.
    #[serde(flatten)]
    pub customer: Customer,
    /// A group's users, the most active first, at most 500.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub member_list: Option<Vec<Member>>,
    /// A user's groups, at most 500.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub groups: Option<Vec<GroupLine>>,
    /// The most frequent names of its tracked events, at most 20.
    pub names: Vec<NameCount>,
}

/// A user of a group.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Member {
    /// The user.
    pub id: String,
    /// Its trait `name`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// All its traits.
    pub traits: Map<String, Value>,
    /// Its tracked events in 30 days that count for this group.
    pub events30: u64,
    /// The last of its tracked events that count for this group.
    #[serde(serialize_with = "stamp::serialize_optional", skip_serializing_if = "Option::is_none")]
    pub last_seen: Option<Timestamp>,
}

/// A group of a user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GroupLine {
    /// The group.
    pub id: String,
    /// Its trait `name`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// How often a name was tracked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NameCount {
    /// The event's name.
    pub event: String,
    /// How often.
    pub count: u64,
}

/// Whose view it is, and the counts that belong to it.
pub(super) struct Portrait<'a> {
    pub(super) id: &'a str,
    pub(super) traits: &'a Traits,
    /// `None` for a user.
    pub(super) members: Option<usize>,
    pub(super) activities: Vec<&'a Activity>,
}

impl Portrait<'_> {
    pub(super) fn figures(&self, today: i64) -> Figures {
        let mut figures = Figures::default();
        self.activities.iter().for_each(|activity| figures.add(activity, Some(today)));
        figures
    }

    pub(super) fn customer(&self, today: i64) -> Customer {
        let figures = self.figures(today);
        let mut trend = vec![0; TREND_DAYS];
        self.activities.iter().for_each(|activity| add_trend(&mut trend, activity, today));
        Customer {
            id: self.id.to_owned(),
            name: self.traits.text("name").map(str::to_owned),
            traits: self.traits.to_map(),
            members: self.members,
            events7: figures.week,
            events30: figures.month,
            events_total: figures.total,
            trend,
            first_seen: figures.seen.map(|(first, _)| stamp::from_micros(first)),
            last_seen: figures.seen.map(|(_, last)| stamp::from_micros(last)),
            state: figures.state(),
        }
    }

    fn names(&self, customers: &Customers) -> Vec<NameCount> {
        let most = most_frequent(&self.activities, &customers.event_names, MAX_NAMES_SHOWN);
        most.into_iter().map(|(event, count)| NameCount { event, count }).collect()
    }
}

impl Figures {
    pub(super) fn state(&self) -> State {
        match (self.week, self.month) {
            (1.., _) => State::Active,
            (0, 1..) => State::Quiet,
            (0, 0) => State::Idle,
        }
    }
}

impl Customers {
    /// Everything about one customer; `None` if there is no such group or user.
    #[must_use]
    pub fn detail(&self, mode: Mode, id: &str, now: Timestamp) -> Option<Detail> {
        let today = day_of(now.as_microsecond());
        match mode {
            Mode::Companies => {
                let number = self.group_ids.find(id)?;
                let group = self.groups.get(number as usize)?;
                let portrait = self.portrait_of_group(number, group)?;
                let member_list = Some(self.member_list(number, group, today));
                let names = portrait.names(self);
                Some(Detail { customer: portrait.customer(today), member_list, groups: None, names })
            }
            Mode::Individuals => {
                let number = self.user_ids.find(id)?;
                let user = self.users.get(number as usize)?;
                let portrait = self.portrait_of_user(number, user)?;
                let names = portrait.names(self);
                let groups = Some(self.group_lines(user));
                Some(Detail { customer: portrait.customer(today), member_list: None, groups, names })
            }
        }
    }

    pub(super) fn portrait_of_group<'a>(&'a self, number: u32, group: &'a Group) -> Option<Portrait<'a>> {
        let mut activities = vec![&group.named];
        activities.extend(group.members.iter().filter_map(|user| self.users.get(*user as usize)).map(|user| &user.own));
        let id = self.group_ids.text(number)?;
        Some(Portrait { id, traits: &group.traits, members: Some(group.members.len()), activities })
    }

    pub(super) fn portrait_of_user<'a>(&'a self, number: u32, user: &'a User) -> Option<Portrait<'a>> {
        let mut activities = vec![&user.own];
        activities.extend(user.for_group.values());
        Some(Portrait { id: self.user_ids.text(number)?, traits: &user.traits, members: None, activities })
    }

    fn member_list(&self, group: u32, of: &Group, today: i64) -> Vec<Member> {
        let figures = |number: u32| {
            let user = self.users.get(number as usize)?;
            let mut figures = Figures::default();
            figures.add(&user.own, Some(today));
            user.for_group.get(&group).into_iter().for_each(|activity| figures.add(activity, Some(today)));
            Some((self.user_ids.text(number)?, user, figures))
        };
        let mut members: Vec<_> = of.members.iter().filter_map(|user| figures(*user)).collect();
        members.sort_by_key(|(id, _, figures)| (Reverse((figures.month, figures.seen.map(|(_, last)| last))), *id));
        let shown = members.into_iter().take(MAX_MEMBERS_SHOWN);
        let member = |(id, user, figures): (&str, &User, Figures)| Member {
            id: id.to_owned(),
            name: user.traits.text("name").map(str::to_owned),
            traits: user.traits.to_map(),
            events30: figures.month,
            last_seen: figures.seen.map(|(_, last)| stamp::from_micros(last)),
        };
        shown.map(member).collect()
    }

    fn group_lines(&self, user: &User) -> Vec<GroupLine> {
        let line = |number: &u32| {
            let name = self.groups.get(*number as usize)?.traits.text("name").map(str::to_owned);
            Some(GroupLine { id: self.group_ids.text(*number)?.to_owned(), name })
        };
        let mut lines: Vec<_> = user.groups.iter().filter_map(line).collect();
        lines.sort_by(|line, other| line.id.cmp(&other.id));
        lines.truncate(MAX_GROUPS_SHOWN);
        lines
    }
}
