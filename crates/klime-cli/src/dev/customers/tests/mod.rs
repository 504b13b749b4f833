mod any_order;
mod attribution;
mod bounds;
mod figures;
mod listing;
mod merging;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{Customers, Detail};
use crate::dev::event::{Event, Kind, Mode};

/// 2025-11-24T12:00:00Z, minus so many days.
fn days_ago(days: i64) -> Timestamp {
    Timestamp::from_second(1_763_985_600 - days * 86_400).unwrap()
}

fn now() -> Timestamp {
    days_ago(0)
}

fn track(user: Option<&str>, group: Option<&str>, days: i64) -> Event {
    event(Kind::Track, user, group, days, json!({}))
}

fn group(id: &str, user: Option<&str>, traits: Value) -> Event {
    event(Kind::Group, user, Some(id), 0, traits)
}

fn event(kind: Kind, user: Option<&str>, group: Option<&str>, days: i64, fields: Value) -> Event {
    Event {
        kind,
        message_id: "m".to_owned(),
        timestamp: days_ago(days),
        name: (kind == Kind::Track).then(|| "Report Generated".to_owned()),
        user_id: user.map(str::to_owned),
        group_id: group.map(str::to_owned),
        fields: fields.as_object().cloned().unwrap_or_else(Map::new),
        library: None,
    }
}

fn customers(events: &[Event]) -> Customers {
    let mut customers = Customers::default();
    events.iter().for_each(|event| customers.apply(event));
    customers
}

#[track_caller]
fn detail(customers: &Customers, mode: Mode, id: &str) -> Detail {
    customers.detail(mode, id, now()).unwrap()
}

#[track_caller]
fn events30(customers: &Customers, mode: Mode, id: &str) -> u64 {
    detail(customers, mode, id).customer.events30
}
