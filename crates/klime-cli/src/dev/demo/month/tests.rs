use std::collections::{BTreeMap, BTreeSet};

use klime::EventKind;

use super::*;

/// A Tuesday.
const NOW: &str = "2026-11-24T14:30:00Z";

fn month(now: &str) -> Month {
    Month::of(7, now.parse().unwrap())
}

fn time(event: &Event) -> Timestamp {
    Timestamp::try_from(event.timestamp().unwrap()).unwrap()
}

fn days_ago(event: &Event) -> i64 {
    NOW.parse::<Timestamp>().unwrap().duration_since(time(event)).as_hours() / 24
}

/// The last track of each company's members and of the company itself, in days before now.
fn last_seen(month: &Month) -> BTreeMap<&'static str, i64> {
    let members = members();
    let mut last = BTreeMap::new();
    for event in month.events.iter().filter(|event| event.kind() == EventKind::Track) {
        let user = event.user_id();
        let of_user = members.iter().filter(|member| user.as_deref() == Some(member.id.as_str()));
        let of_user = of_user.filter_map(|member| COMPANIES.get(member.company)).map(|company| company.id);
        let named = COMPANIES.iter().map(|company| company.id).find(|id| event.group_id().as_deref() == Some(*id));
        for id in named.into_iter().chain(of_user.filter(|_| named.is_none())) {
            last.insert(id, days_ago(event));
        }
    }
    last
}

#[test]
fn the_month_is_a_few_thousand_events_in_order_and_none_is_in_the_future() {
    let now: Timestamp = NOW.parse().unwrap();
    let month = month(NOW);
    assert!((1500..4000).contains(&month.events.len()), "{}", month.events.len());
    let times: Vec<Timestamp> = month.events.iter().map(time).collect();
    assert!(times.is_sorted());
    assert!(times.iter().all(|time| *time <= now && now.duration_since(*time).as_hours() <= 32 * 24));
    let ids: BTreeSet<&str> = month.events.iter().map(Event::message_id).collect();
    assert_eq!(ids.len(), month.events.len());
}

#[test]
fn the_same_seed_tells_the_same_month() {
    let told = |seed: u64| {
        let month = Month::of(seed, NOW.parse().unwrap());
        let without_id = |event: Event| {
            let mut object = event.as_object().clone();
            object.remove("messageId");
            object
        };
        month.events.into_iter().map(without_id).collect::<Vec<_>>()
    };
    assert_eq!(told(7), told(7));
    assert_ne!(told(7), told(8));
}

#[test]
fn some_companies_are_active_some_quiet_one_is_new_and_one_never_came() {
    let month = month(NOW);
    let last = last_seen(&month);
    for company in &COMPANIES {
        let last = last.get(company.id).copied();
        match company.habit {
            Habit::Never => assert_eq!(last, None, "{}", company.name),
            Habit::QuietFor(days) => {
                let last = last.unwrap();
                assert!(last >= i64::from(days) - 1 && last < 30, "{}: {last}", company.name);
            }
            _ => assert!(last.unwrap() <= 4, "{}: {last:?}", company.name),
        }
    }
    let new = COMPANIES.iter().find(|company| matches!(company.habit, Habit::Since(_))).unwrap();
    let first = month.events.iter().find(|event| event.group_id().as_deref() == Some(new.id)).unwrap();
    assert!(days_ago(first) <= 3);
}

#[test]
fn people_work_on_working_days() {
    let month = month(NOW);
    let mut by_weekday = BTreeMap::<i8, usize>::new();
    for event in month.events.iter().filter(|event| event.user_id().is_some() && event.kind() == EventKind::Track) {
        let weekday = TimeZone::UTC.to_datetime(time(event)).weekday();
        *by_weekday.entry(weekday.to_monday_one_offset()).or_default() += 1;
    }
    let weekend = by_weekday[&6] + by_weekday[&7];
    assert!(weekend * 4 < by_weekday[&2] + by_weekday[&3], "{by_weekday:?}");
}

#[test]
fn the_faults_that_the_checks_are_to_find_are_there() {
    let month = month(NOW);
    let named = |name: &str| month.events.iter().filter(|event| event.name() == Some(name)).count();
    assert!(named("report_generated") > 0 && named("Report Generated") > named("report_generated"));
    assert!(named("Button Clicked") > 50);

    let identified: BTreeSet<String> = month
        .events
        .iter()
        .filter(|event| event.kind() == EventKind::Identify)
        .filter_map(|event| event.user_id().map(String::from))
        .collect();
    let tracked = month.events.iter().filter(|event| event.kind() == EventKind::Track);
    let strangers: BTreeSet<String> =
        tracked.filter_map(|event| event.user_id().map(String::from)).filter(|id| !identified.contains(id)).collect();
    assert_eq!(strangers, BTreeSet::from([STRANGER_ID.to_owned()]));

    let repeated = month.repeated.unwrap();
    let original = month.events.iter().find(|event| event.message_id() == repeated.message_id()).unwrap();
    assert_eq!(original, &repeated);
}

#[test]
fn the_consultant_belongs_to_two_companies_and_says_for_which() {
    let month = month(NOW);
    let consultant = members().into_iter().find(|member| member.names_company).unwrap().id;
    let of_consultant = |kind: EventKind| {
        let events = month.events.iter().filter(move |event| event.kind() == kind);
        events.filter(|event| event.user_id().as_deref() == Some(consultant.as_str()))
    };
    assert_eq!(of_consultant(EventKind::Group).count(), 2);
    assert_eq!(of_consultant(EventKind::Identify).count(), 1);
    assert!(of_consultant(EventKind::Track).all(|event| event.group_id().is_some()));
}

#[test]
fn it_is_a_month_at_any_hour_of_any_day() {
    for day in 1..=7 {
        for hour in [0, 12, 23] {
            let month = month(&format!("2026-03-0{day}T{hour:02}:01:00Z"));
            assert!(month.events.len() > 1400, "{day} {hour}: {}", month.events.len());
        }
    }
}

#[test]
fn all_addresses_are_of_domains_kept_for_examples() {
    let month = month(NOW);
    let identifies = month.events.iter().filter(|event| event.kind() == EventKind::Identify);
    let emails: Vec<&str> = identifies.map(|event| event.traits().unwrap()["email"].as_str().unwrap()).collect();
    assert_eq!(emails.len(), COMPANIES.iter().map(|company| company.people.len()).sum::<usize>());
    assert!(emails.iter().all(|email| email.is_ascii() && email.ends_with(".example")), "{emails:?}");
}
