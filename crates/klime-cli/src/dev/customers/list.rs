//! The customers, filtered, sorted and cut into pages.

use std::cmp::Reverse;

use jiff::Timestamp;
use serde::Serialize;

use super::Customers;
use super::activity::{Activity, Figures, day_of};
use super::traits::Traits;
use super::view::{Customer, Portrait, State};
use crate::dev::event::Mode;

/// Which customers are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// Part of the id, the name or the e-mail address; ASCII letters of either case.
    pub search: Option<String>,
    /// Only those in this state.
    pub state: Option<State>,
    /// What stands first.
    pub sort: Sort,
    /// How many at most.
    pub limit: usize,
    /// How many to pass over.
    pub offset: usize,
}

impl Default for Query {
    /// The 50 that were seen last.
    fn default() -> Self {
        Self { search: None, state: None, sort: Sort::LastSeen, limit: 50, offset: 0 }
    }
}

/// What stands first; customers that are alike are sorted by id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// Who was seen last.
    LastSeen,
    /// Most events in 7 days.
    Events7,
    /// Most events in 30 days.
    Events30,
    /// By name, and by id for those without one.
    Name,
    /// Most members; the groups of a user in individual mode.
    Members,
}

impl Query {
    /// The day to count up to, if it takes counts by day to answer: they are most of the work.
    fn day(&self, today: i64) -> Option<i64> {
        let by_day = self.state.is_some() || matches!(self.sort, Sort::Events7 | Sort::Events30);
        by_day.then_some(today)
    }
}

/// A page of customers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct List {
    /// How many there are on all pages.
    pub total: usize,
    /// The page.
    pub customers: Vec<Customer>,
}

/// A customer as far as sorting needs it.
struct Line<'a> {
    number: u32,
    id: &'a str,
    name: Option<&'a str>,
    members: usize,
    figures: Figures,
}

impl Customers {
    /// The customers that a mode speaks of.
    #[must_use]
    pub fn list(&self, mode: Mode, query: &Query, now: Timestamp) -> List {
        let today = day_of(now.as_microsecond());
        let mut lines = match mode {
            Mode::Companies => self.group_lines_for(query, query.day(today)),
            Mode::Individuals => self.user_lines_for(query, query.day(today)),
        };
        lines.retain(|line| query.state.is_none_or(|state| line.figures.state() == state));
        sort(&mut lines, query.sort);
        let total = lines.len();
        let page = lines.iter().skip(query.offset).take(query.limit);
        let portrait = |line: &Line<'_>| self.portrait(mode, line.number).map(|portrait| portrait.customer(today));
        List { total, customers: page.filter_map(portrait).collect() }
    }

    fn portrait(&self, mode: Mode, number: u32) -> Option<Portrait<'_>> {
        match mode {
            Mode::Companies => self.portrait_of_group(number, self.groups.get(number as usize)?),
            Mode::Individuals => self.portrait_of_user(number, self.users.get(number as usize)?),
        }
    }

    /// Each user is summed once, however many groups it belongs to.
    fn group_lines_for(&self, query: &Query, today: Option<i64>) -> Vec<Line<'_>> {
        let own: Vec<_> = self.users.iter().map(|user| sum([&user.own], today)).collect();
        let mut lines = Vec::new();
        for (number, group) in (0..).zip(&self.groups) {
            let Some(id) = self.group_ids.text(number).filter(|id| is_found(query, id, &group.traits)) else {
                continue;
            };
            let mut figures = sum([&group.named], today);
            group.members.iter().filter_map(|user| own.get(*user as usize)).for_each(|user| figures.join(user));
            lines.push(Line { number, id, name: group.traits.text("name"), members: group.members.len(), figures });
        }
        lines
    }

    fn user_lines_for(&self, query: &Query, today: Option<i64>) -> Vec<Line<'_>> {
        let mut lines = Vec::new();
        for (number, user) in (0..).zip(&self.users) {
            let Some(id) = self.user_ids.text(number).filter(|id| is_found(query, id, &user.traits)) else { continue };
            let figures = sum(std::iter::once(&user.own).chain(user.for_group.values()), today);
            lines.push(Line { number, id, name: user.traits.text("name"), members: user.groups.len(), figures });
        }
        lines
    }
}

fn sum<'a>(activities: impl IntoIterator<Item = &'a Activity>, today: Option<i64>) -> Figures {
    let mut figures = Figures::default();
    activities.into_iter().for_each(|activity| figures.add(activity, today));
    figures
}

fn is_found(query: &Query, id: &str, traits: &Traits) -> bool {
    let Some(search) = &query.search else { return true };
    let texts = [Some(id), traits.text("name"), traits.text("email")];
    let search = search.to_ascii_lowercase();
    texts.into_iter().flatten().any(|text| text.to_ascii_lowercase().contains(&search))
}

fn sort(lines: &mut [Line<'_>], by: Sort) {
    let last = |line: &Line<'_>| line.figures.seen.map(|(_, last)| last);
    match by {
        Sort::LastSeen => lines.sort_by_key(|line| (Reverse(last(line)), line.id)),
        Sort::Events7 => lines.sort_by_key(|line| (Reverse((line.figures.week, line.figures.month)), line.id)),
        Sort::Events30 => lines.sort_by_key(|line| (Reverse((line.figures.month, line.figures.week)), line.id)),
        Sort::Name => lines.sort_by_cached_key(|line| (line.name.unwrap_or(line.id).to_lowercase(), line.id)),
        Sort::Members => lines.sort_by_key(|line| (Reverse(line.members), line.id)),
    }
}
