use serde_json::json;

use super::{customers, detail, event, events30, group, now, track};
use crate::dev::event::{Kind, Mode};

#[test]
fn a_users_events_count_for_all_its_groups_whenever_the_links_came() {
    let customers = customers(&[
        group("g1", Some("u1"), json!({})),
        track(Some("u1"), None, 1),
        track(Some("u1"), None, 2),
        group("g2", Some("u1"), json!({})),
    ]);
    assert_eq!(events30(&customers, Mode::Companies, "g1"), 2);
    assert_eq!(events30(&customers, Mode::Companies, "g2"), 2);
    assert_eq!(events30(&customers, Mode::Individuals, "u1"), 2);
}

#[test]
fn an_event_that_names_a_group_counts_for_that_one_alone_and_links_nobody() {
    let customers =
        customers(&[group("g1", Some("u1"), json!({})), track(Some("u1"), Some("g2"), 1), track(None, Some("g2"), 1)]);
    assert_eq!(events30(&customers, Mode::Companies, "g1"), 0);
    assert_eq!(events30(&customers, Mode::Companies, "g2"), 2);
    assert_eq!(events30(&customers, Mode::Individuals, "u1"), 1);
    assert_eq!(customers.members_of("g2").count(), 0);
    assert_eq!(customers.groups_of("u1").collect::<Vec<_>>(), ["g1"]);
}

#[test]
fn a_members_figures_are_those_that_count_for_this_group() {
    let customers = customers(&[
        group("g1", Some("u1"), json!({})),
        group("g1", Some("u2"), json!({})),
        group("g2", Some("u1"), json!({})),
        event(Kind::Identify, Some("u2"), None, 0, json!({ "name": "Two", "email": "two@example.com" })),
        track(Some("u1"), None, 4),
        track(Some("u1"), Some("g2"), 1),
        track(Some("u2"), None, 3),
        track(Some("u2"), Some("g1"), 2),
    ]);
    let members = detail(&customers, Mode::Companies, "g1").member_list.unwrap();
    let shown: Vec<_> =
        members.iter().map(|member| (member.id.as_str(), member.name.as_deref(), member.events30)).collect();
    assert_eq!(shown, [("u2", Some("Two"), 2), ("u1", None, 1)]);
    assert_eq!(members[1].last_seen, Some(super::days_ago(4)));
    let members = detail(&customers, Mode::Companies, "g2").member_list.unwrap();
    assert_eq!(members.iter().map(|member| member.events30).collect::<Vec<_>>(), [2]);
}

#[test]
fn a_user_has_its_groups_by_id() {
    let customers = customers(&[
        group("g2", Some("u1"), json!({ "name": "Beta" })),
        group("g1", Some("u1"), json!({})),
        group("g2", Some("u1"), json!({})),
    ]);
    let groups = serde_json::to_value(detail(&customers, Mode::Individuals, "u1").groups).unwrap();
    assert_eq!(groups, json!([{ "id": "g1" }, { "id": "g2", "name": "Beta" }]));
}

#[test]
fn who_only_appears_in_tracks_is_there_too_and_others_are_not() {
    let customers = customers(&[track(Some("u1"), Some("g1"), 0)]);
    assert_eq!(customers.counts(), (1, 1));
    assert!(customers.detail(Mode::Individuals, "u1", now()).is_some());
    assert!(customers.detail(Mode::Companies, "g1", now()).is_some());
    assert!(customers.detail(Mode::Companies, "u1", now()).is_none());
    assert!(customers.detail(Mode::Individuals, "g1", now()).is_none());
}

#[test]
fn the_mode_follows_from_the_events() {
    let identify = event(Kind::Identify, Some("u1"), None, 0, json!({}));
    assert_eq!(customers(&[]).likely_mode(), Mode::Companies);
    assert_eq!(customers(std::slice::from_ref(&identify)).likely_mode(), Mode::Individuals);
    assert_eq!(customers(&[track(Some("u1"), Some("g1"), 0)]).likely_mode(), Mode::Individuals);
    assert_eq!(customers(&[identify, group("g1", None, json!({}))]).likely_mode(), Mode::Companies);
}
