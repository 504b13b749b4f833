//! The month before now, as the SDK's calls of a small company's product: people come on working days, in sessions, some more than
//! others; some companies grow, some went quiet, one has just begun.
//!
//! A few things are wrong on purpose, so that the checks have something to find: see [`Month::of`]. Pure: the same seed and time give
//! the same month, message ids apart.

use std::time::SystemTime;

use fastrand::Rng;
use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use klime::{Event, json};

use super::action;
use super::story::{COMPANIES, CONSULTANT, Company, Habit, OLD_APP, STRANGER};

const DAYS: i32 = 30;

/// The first user's number; the others follow in the order of the companies.
const FIRST_USER: usize = 2001;

/// Tracks, and is never identified.
const STRANGER_ID: &str = "user_2900";

/// The month, and what is done with it beside sending it.
#[derive(Debug)]
pub(super) struct Month {
    /// In the order that they happened.
    pub(super) events: Vec<Event>,
    /// One of them that is to be sent a second time, as a webhook's sender does that has lost the answer.
    pub(super) repeated: Option<Event>,
}

/// A user, and where they belong to.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) id: String,
    pub(super) company: usize,
    /// Whether an event has to name the company, for the user has two.
    pub(super) names_company: bool,
}

/// Somebody in this company, who comes on as many days as `energy` (0 to 1) says.
struct Visitor<'a> {
    member: &'a Member,
    company: &'static Company,
    energy: f64,
}

impl Month {
    /// The month before `now`. Wrong on purpose: `report_generated` beside `Report Generated`; a user who is never identified and
    /// belongs to no group; an invoice that is sent twice.
    pub(super) fn of(seed: u64, now: Timestamp) -> Self {
        let mut writer = Writer { rng: Rng::with_seed(seed), now, told: Vec::new() };
        let members = members();
        for company in 0..COMPANIES.len() {
            writer.introduce(company, &members);
        }
        for member in &members {
            writer.visit(member);
        }
        writer.visit_of_stranger();
        let repeated = writer.company_events();
        let Writer { mut told, .. } = writer;
        told.retain(|(time, _)| *time <= now);
        told.sort_by_key(|(time, _)| *time);
        let events = told.into_iter().map(|(time, event)| at(event, time)).collect();
        Self { events, repeated }
    }
}

/// All users, each as a member of a company. The consultant is there twice.
pub(super) fn members() -> Vec<Member> {
    let mut members = Vec::new();
    let mut number = FIRST_USER;
    for (company, data) in COMPANIES.iter().enumerate() {
        for (_, local) in data.people {
            let is_consultant = *local == CONSULTANT.0;
            let member = Member { id: format!("user_{number}"), company, names_company: is_consultant };
            if is_consultant {
                members.push(Member { company: CONSULTANT.1, ..member.clone() });
            }
            members.push(member);
            number += 1;
        }
    }
    members
}

/// A track event of a member, by the SDK's dynamic form.
pub(super) fn track(member: &Member, name: &str, rng: &mut Rng) -> Event {
    let event = Event::track(name).with_user(&member.id).with_properties(action::properties(name, rng));
    match (member.names_company, COMPANIES.get(member.company)) {
        (true, Some(company)) => event.with_group(company.id),
        _ => event,
    }
}

fn at(event: Event, time: Timestamp) -> Event {
    match SystemTime::try_from(time) {
        Ok(time) => event.with_timestamp(time),
        Err(_) => event,
    }
}

/// Collects what is told of the month.
struct Writer {
    rng: Rng,
    now: Timestamp,
    told: Vec<(Timestamp, Event)>,
}

impl Writer {
    /// When it is `minute` of the company's day that was so many days ago.
    fn time(&mut self, days_ago: i32, minute: i32, company: &Company) -> Timestamp {
        let minutes = i64::from(minute - company.hours_from_utc * 60);
        let jitter = SignedDuration::from_millis(self.rng.i64(0..60_000));
        let midnight = day(self.now, days_ago);
        midnight.saturating_add(SignedDuration::from_mins(minutes) + jitter).unwrap_or(midnight)
    }

    /// The group and its users, when they signed up or, for old customers, at the beginning of the month.
    fn introduce(&mut self, place: usize, members: &[Member]) {
        let Some(company) = COMPANIES.get(place) else { return };
        let days_ago = match company.habit {
            Habit::Since(days) => days,
            _ => DAYS,
        };
        let traits = json!({
            "name": company.name, "plan": company.plan, "industry": company.industry, "seats": company.seats,
        });
        let time = self.time(days_ago, 8 * 60, company);
        self.told.push((time, Event::group(company.id).with_traits(traits)));
        for member in members.iter().filter(|member| member.company == place) {
            // After the first visits, for the order does not matter to Klime.
            let minute = self.rng.i32(9 * 60..18 * 60);
            let time = self.time(days_ago, minute, company);
            self.told.push((time, Event::group(company.id).with_user(&member.id)));
            if let Some(identify) = identify(member, company, &mut self.rng) {
                self.told.push((time, identify));
            }
        }
    }

    /// All visits of a member.
    fn visit(&mut self, member: &Member) {
        let Some(company) = COMPANIES.get(member.company) else { return };
        let energy = 0.4 + 0.6 * self.rng.f64();
        let visitor = Visitor { member, company, energy };
        for days_ago in (0..=DAYS).rev() {
            let chance = visitor.energy * share(company.habit, days_ago, day(self.now, days_ago));
            if self.rng.f64() < chance {
                let minute = self.rng.i32(8 * 60 + 20..17 * 60);
                self.session(&visitor, days_ago, minute);
            }
        }
    }

    /// A few actions in a row.
    fn session(&mut self, visitor: &Visitor<'_>, days_ago: i32, begin: i32) {
        let mut minute = begin;
        let login = track(visitor.member, "Logged In", &mut self.rng);
        let time = self.time(days_ago, minute, visitor.company);
        self.told.push((time, login));
        for _ in 0..self.rng.u32(1..6) {
            minute += self.rng.i32(1..12);
            let (name, _) = action::any(&mut self.rng);
            let mut event = track(visitor.member, name, &mut self.rng);
            if visitor.member.company == OLD_APP && name == "Report Generated" && days_ago > 20 {
                event = of_old_app(visitor.member, &mut self.rng);
            }
            let time = self.time(days_ago, minute, visitor.company);
            self.told.push((time, event));
        }
    }

    /// Somebody without an `identify`: that call was forgotten where people are invited.
    fn visit_of_stranger(&mut self) {
        let Some(company) = COMPANIES.get(STRANGER) else { return };
        let member = Member { id: STRANGER_ID.to_owned(), company: STRANGER, names_company: true };
        let visitor = Visitor { member: &member, company, energy: 1.0 };
        for days_ago in [1, 2, 3, 5, 6, 8] {
            self.session(&visitor, days_ago, 10 * 60);
        }
    }

    /// What no user does: syncs each night, and invoices. Returns the invoice that comes twice.
    fn company_events(&mut self) -> Option<Event> {
        let mut repeated = None;
        for (place, company) in COMPANIES.iter().enumerate() {
            for days_ago in (1..=DAYS).rev().filter(|_| company.has_nightly_sync) {
                let time = self.time(days_ago, 2 * 60, company);
                let event = Event::track("Sync Completed").with_group(company.id);
                let event = event.with_properties(action::properties("Sync Completed", &mut self.rng));
                self.told.push((time, event));
            }
            if company.plan != "free" && !matches!(company.habit, Habit::Since(_)) {
                let days_ago = 22;
                let time = self.time(days_ago, 6 * 60, company);
                let amount = if company.plan == "enterprise" { 49 * company.seats } else { 19 * company.seats };
                let event = Event::track("Invoice Paid").with_group(company.id);
                let event = event.with_properties(json!({ "amount": amount, "currency": "EUR" }));
                repeated = if place == 0 { Some(at(event.clone(), time)) } else { repeated };
                self.told.push((time, event));
            }
        }
        repeated
    }
}

/// The old app's spelling.
fn of_old_app(member: &Member, rng: &mut Rng) -> Event {
    Event::track("report_generated").with_user(&member.id).with_property("rows", rng.u32(20..5000))
}

fn identify(member: &Member, company: &Company, rng: &mut Rng) -> Option<Event> {
    let first: usize =
        COMPANIES.iter().take_while(|other| other.id != company.id).map(|other| other.people.len()).sum();
    let number: usize = member.id.strip_prefix("user_")?.parse().ok()?;
    let (name, local) = company.people.get(number.checked_sub(FIRST_USER + first)?)?;
    let role = action::one_of(rng, &["analyst", "analyst", "manager", "admin", "viewer"]);
    let email = format!("{local}@{}", company.domain);
    Some(Event::identify(&member.id).with_traits(json!({ "email": email, "name": name, "role": role })))
}

/// Which part of a company's people come on a day.
fn share(habit: Habit, days_ago: i32, day: Timestamp) -> f64 {
    let weekday = TimeZone::UTC.to_datetime(day).weekday();
    let is_weekend = matches!(weekday, Weekday::Saturday | Weekday::Sunday);
    let on_working_days = |share: f64| if is_weekend { share * 0.06 } else { share };
    match habit {
        Habit::Steady(share) => on_working_days(share),
        Habit::Growing => on_working_days(0.2 + 0.7 * f64::from(DAYS - days_ago) / f64::from(DAYS)),
        Habit::Weekends => {
            if is_weekend {
                0.9
            } else {
                0.3
            }
        }
        Habit::QuietFor(days) if days_ago > days => on_working_days(0.6),
        Habit::Since(days) if days_ago <= days => 0.9,
        Habit::QuietFor(_) | Habit::Since(_) | Habit::Never => 0.0,
    }
}

/// Midnight UTC of the day that was so many days ago.
fn day(now: Timestamp, days_ago: i32) -> Timestamp {
    let seconds = now.as_second() - now.as_second().rem_euclid(86_400) - 86_400 * i64::from(days_ago);
    Timestamp::from_second(seconds).unwrap_or(now)
}

#[cfg(test)]
mod tests;
