use jiff::ToSpan;
use serde_json::{Value, json};

use super::*;
use crate::dev::event::Kind;

/// Requests that were all taken.
const SENT: Requests = Requests { total: 1, refused: 0 };
const NOW: &str = "2026-11-24T12:00:00Z";

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

/// One event as it arrives.
#[derive(Clone)]
struct Arrival {
    verdict: Verdict,
    status: Status,
}

impl Arrival {
    fn event(kind: Kind, fields: Value) -> Event {
        let Value::Object(fields) = fields else { panic!("fields are an object, not {fields}") };
        Event {
            kind,
            message_id: String::new(),
            timestamp: now(),
            name: None,
            user_id: None,
            group_id: None,
            fields,
            library: None,
        }
    }

    fn taken(event: Event) -> Self {
        Self { verdict: Verdict::Taken(event), status: Status::Accepted }
    }

    fn change(mut self, change: impl FnOnce(&mut Event)) -> Self {
        if let Verdict::Taken(event) = &mut self.verdict {
            change(event);
        }
        self
    }

    fn group(self, id: &str) -> Self {
        self.change(|event| event.group_id = Some(id.to_owned()))
    }

    fn age(self, seconds: i64) -> Self {
        self.change(|event| event.timestamp = now() - seconds.seconds())
    }

    fn message(self, id: &str) -> Self {
        self.change(|event| event.message_id = id.to_owned())
    }

    fn again(mut self) -> Self {
        self.status = Status::Duplicate;
        self
    }
}

fn track(user: &str, name: &str, properties: Value) -> Arrival {
    let event = Arrival::event(Kind::Track, properties);
    Arrival::taken(Event { name: Some(name.to_owned()), user_id: Some(user.to_owned()), ..event })
}

fn happened(name: &str) -> Arrival {
    track("usr_1", name, json!({}))
}

fn for_group(group: &str, name: &str) -> Arrival {
    happened(name).change(|event| event.user_id = None).group(group)
}

fn identify(user: &str, traits: Value) -> Arrival {
    Arrival::taken(Event { user_id: Some(user.to_owned()), ..Arrival::event(Kind::Identify, traits) })
}

fn describe(group: &str, traits: Value) -> Arrival {
    Arrival::taken(Arrival::event(Kind::Group, traits)).group(group)
}

fn link(group: &str, user: &str, traits: Value) -> Arrival {
    describe(group, traits).change(|event| event.user_id = Some(user.to_owned()))
}

fn refused(code: &'static str, message: &str) -> Arrival {
    let message = message.to_owned();
    let refusal = Refusal { code, message, kind: None, name: None, user_id: None, group_id: None, message_id: None };
    Arrival { verdict: Verdict::Refused(refusal), status: Status::Refused }
}

fn noted(arrivals: impl IntoIterator<Item = Arrival>) -> Checks {
    let mut checks = Checks::default();
    for (index, mut arrival) in arrivals.into_iter().enumerate() {
        let seq = index as u64 + 1;
        if let Verdict::Taken(event) = &mut arrival.verdict
            && event.message_id.is_empty()
        {
            event.message_id = format!("message-{seq}");
        }
        let judged = Judged { body: String::new(), verdict: arrival.verdict };
        checks.note(seq, now(), &judged, arrival.status);
    }
    checks
}

fn rule(id: &str, mode: Mode, arrivals: impl IntoIterator<Item = Arrival>) -> Check {
    let report = noted(arrivals).report(mode, true, SENT);
    report.into_iter().find(|check| check.id == id).unwrap_or_else(|| panic!("no rule {id}"))
}

/// Checks one rule in the mode of companies.
#[track_caller]
fn check(id: &str, arrivals: &[Arrival], level: Level) -> Check {
    check_in(Mode::Companies, id, arrivals, level)
}

#[track_caller]
fn check_in(mode: Mode, id: &str, arrivals: &[Arrival], level: Level) -> Check {
    let check = rule(id, mode, arrivals.iter().cloned());
    assert_eq!(check.level, level, "{check:#?}");
    assert!(check.level > Level::Waiting || check.examples.is_empty(), "{check:#?}");
    check
}

fn texts(check: &Check) -> Vec<&str> {
    check.examples.iter().map(|example| example.text.as_str()).collect()
}

const JANE: &str = "usr_1";

fn jane() -> Value {
    json!({ "email": "jane@acme.com", "name": "Jane Smith" })
}

#[test]
fn before_anything_came_every_rule_waits() {
    for check in Checks::default().report(Mode::Companies, false, Requests::default()) {
        assert_eq!((check.level, check.count), (Level::Waiting, 0), "{check:?}");
    }
}

#[test]
fn good_integration_of_companies_has_nothing_to_mend() {
    let arrivals = [
        identify("user_123", json!({ "email": "user@example.com", "name": "Stefan" })),
        track("user_123", "Button Clicked", json!({ "button_name": "Sign up", "plan": "pro" })),
        link("org_456", "user_123", json!({ "name": "Acme Inc", "plan": "enterprise" })),
        link("org_456", "user_123", json!({})),
        describe("org_456", json!({ "plan": "enterprise", "employee_count": 50 })),
        identify(
            "usr_abc123",
            json!({ "email": "jane@acme.com", "name": "Jane Smith", "created_at": "2026-11-24T09:30:00Z" }),
        ),
        track("usr_abc123", "Report Generated", json!({ "report_type": "revenue" })),
        track("usr_abc123", "Feature Used", json!({ "feature": "export", "format": "csv" })),
        track("usr_abc123", "Teammate Invited", json!({ "role": "member", "tags": ["a"], "limit": null })),
        track("usr_abc123", "Dashboard Viewed", json!({})).group("org_456"),
        track("usr_abc123", "Export Clicked", json!({ "format": "pdf" })),
        link("org_456", "usr_abc123", json!({})),
        for_group("org_456", "Events Received"),
    ];
    for check in noted(arrivals).report(Mode::Companies, false, SENT) {
        assert_eq!((check.level, check.count), (Level::Ok, 0), "{check:#?}");
    }
}

#[test]
fn good_integration_of_individuals_has_nothing_to_mend() {
    let arrivals = [identify(JANE, jane()), track(JANE, "Song Played", json!({ "seconds": 31.5 }))];
    for check in noted(arrivals).report(Mode::Individuals, true, SENT) {
        let expected = if check.id == "group_traits" { Level::Waiting } else { Level::Ok };
        assert_eq!((check.level, check.count), (expected, 0), "{check:#?}");
    }
}

#[test]
fn anonymous_and_other_refused_events_are_told_apart() {
    let anonymous = refused("anonymous_event", "no user and no group");
    check("anonymous_events", &[anonymous.clone(), happened("File Sent")], Level::Error);
    check("refused_events", &[anonymous, happened("File Sent")], Level::Ok);
    let arrivals =
        [refused("missing_field", "event is missing"), refused("invalid_type", "x"), refused("missing_field", "y")];
    let found = check("refused_events", &arrivals, Level::Error);
    assert_eq!(found.found, "3 events were refused: 1 invalid_type, 2 missing_field.");
    check("anonymous_events", &arrivals, Level::Waiting);
    check("refused_events", &[refused("fault_injected", "as asked"), happened("File Sent")], Level::Ok);
}

#[test]
fn refused_requests_are_counted() {
    let level = |total, refused| Requests { total, refused }.report().level;
    assert_eq!((level(0, 0), level(3, 0), level(3, 1)), (Level::Waiting, Level::Ok, Level::Error));
    let found = Requests { total: 3, refused: 1 }.report();
    assert_eq!((found.found.as_str(), found.count), ("1 of 3 requests was refused as a whole.", 1));
}

#[test]
fn names_are_object_and_action() {
    check("event_names", &[happened("Report Generated"), happened("Bericht erstellt")], Level::Ok);
    let found = check("event_names", &[happened("Report Generated"), happened("click_button")], Level::Warning);
    assert_eq!(found.found, "1 of 2 names is not an object and an action in the past.");
    assert_eq!(found.examples, [Example { text: "\"click_button\", better \"Button Clicked\"".to_owned(), seq: 2 }]);
    // Other rules speak of these.
    check("event_names", &[happened("GET /users/1"), happened("Health Check")], Level::Ok);
}

#[test]
fn each_name_has_one_spelling() {
    let spelt = ["Report Generated", "report_generated", "Report Generated", "ReportGenerated"].map(happened);
    let found = check("event_spellings", &spelt, Level::Error);
    assert_eq!(texts(&found), ["\"Report Generated\" (2), \"report_generated\" (1), \"ReportGenerated\" (1)"]);
    check("event_spellings", &[happened("Report Generated "), happened("Report generated")], Level::Error);
    check("event_spellings", &["Report Generated", "Reports Generated", "???", "!!!"].map(happened), Level::Ok);
}

#[test]
fn names_hold_no_data() {
    let steps = |count: usize| (1..=count).map(|step| happened(&format!("Step {step} Completed"))).collect::<Vec<_>>();
    check("event_name_data", &steps(9), Level::Ok);
    check("event_name_data", &steps(10), Level::Warning);
    check("event_name_data", &[happened("Order 12345 Paid")], Level::Warning);
    check("event_name_data", &[happened(&"word ".repeat(21))], Level::Warning);
    let names = |count: usize| {
        let letters = |index: usize| ["a", "b", "c", "d", "e", "f"][index % 6].repeat(index / 6 + 1);
        (0..count).map(|index| happened(&format!("Box {} Opened", letters(index)))).collect::<Vec<_>>()
    };
    check("event_name_data", &names(200), Level::Ok);
    let found = check("event_name_data", &names(201), Level::Warning);
    assert_eq!(found.found, "There are 201 names, so they seem to be made up at run time.");
}

#[test]
fn noise_is_named_loud_or_too_fast() {
    let others = ["File Sent", "Plan Chosen", "Invoice Paid"].map(happened);
    let mix = |count: usize, name: &str| {
        // Spread over users, so that none of them is too fast.
        let loud = (0..count).map(|index| track(&format!("usr_{}", index / 50), name, json!({})));
        others.iter().cloned().chain(loud).collect::<Vec<_>>()
    };
    check("noise", &mix(999, "Button Clicked"), Level::Ok);
    check("noise", &mix(1000, "Button Clicked"), Level::Warning);
    check("noise", &mix(1, "Health Check"), Level::Warning);
    let fast = |count: usize, apart: i64| {
        (0..count as i64).map(|index| happened("Button Clicked").age(index * apart)).collect::<Vec<_>>()
    };
    check("noise", &fast(100, 0), Level::Ok);
    check("noise", &fast(101, 0), Level::Warning);
    check("noise", &fast(500, 1), Level::Ok);
}

#[test]
fn users_are_identified_and_have_email_and_name() {
    check("identified_users", &[happened("File Sent"), identify(JANE, json!({}))], Level::Ok);
    check("identified_users", &[happened("File Sent"), identify("usr_2", json!({}))], Level::Warning);
    check("identified_users", &[for_group("org_1", "File Sent")], Level::Waiting);
    check("user_traits", &[happened("File Sent")], Level::Waiting);
    check("user_traits", &[identify(JANE, jane())], Level::Ok);
    check(
        "user_traits",
        &[identify(JANE, json!({ "email": "a@b.c" })), identify(JANE, json!({ "name": "Jane" }))],
        Level::Ok,
    );
    let lacking = [
        identify("usr_1", json!({ "email": "jane@acme.com" })),
        identify("usr_2", json!({ "name": "Jane", "email": " " })),
        identify("usr_3", json!({ "Email": "jane@acme.com", "name": 7 })),
    ];
    let found = check("user_traits", &lacking, Level::Warning);
    assert_eq!(
        texts(&found),
        ["user usr_1 has no name", "user usr_2 has no email", "user usr_3 has no email and no name"]
    );
}

#[test]
fn groups_have_a_name() {
    check("group_traits", &[happened("File Sent")], Level::Waiting);
    check("group_traits", &[link("org_1", JANE, json!({})), describe("org_1", json!({ "name": "Acme" }))], Level::Ok);
    let found =
        check("group_traits", &[link("org_1", JANE, json!({})), for_group("org_2", "File Sent")], Level::Warning);
    assert_eq!(texts(&found), ["group org_1 has no name", "group org_2 was never described by group()"]);
}

#[test]
fn ids_are_stable() {
    check("stable_ids", &[happened("File Sent"), link("org_1", "7", json!({}))], Level::Ok);
    check("stable_ids", &[identify("janesmith", jane())], Level::Warning);
    check("stable_ids", &[link("acme.com", JANE, json!({}))], Level::Warning);
    check("stable_ids", &[link("Acme Inc", JANE, json!({}))], Level::Warning);
    check("stable_ids", &[identify("undefined", jane())], Level::Error);
    let found = check("stable_ids", &[identify("jane@acme.com", jane())], Level::Error);
    assert_eq!(texts(&found), ["user id jane@acme.com, an e-mail address"]);
}

#[test]
fn group_calls_fit_the_mode() {
    let (tracked, linked) = (happened("File Sent"), link("org_1", JANE, json!({})));
    check("group_calls", std::slice::from_ref(&tracked), Level::Error);
    check("group_calls", &[tracked.clone(), linked.clone()], Level::Ok);
    check_in(Mode::Individuals, "group_calls", std::slice::from_ref(&tracked), Level::Ok);
    check_in(Mode::Individuals, "group_calls", &[tracked.clone(), linked], Level::Warning);
    let guessed = noted([tracked]).report(Mode::Individuals, false, SENT);
    let level = guessed.iter().find(|check| check.id == "group_calls").map(|check| check.level);
    assert_eq!(level, Some(Level::Waiting), "nobody said that customers are single people");
}

#[test]
fn users_and_groups_are_linked() {
    let (tracked, linked) = (happened("File Sent"), link("org_1", JANE, json!({})));
    check("group_links", std::slice::from_ref(&tracked), Level::Waiting);
    check("group_links", &[tracked.clone(), linked.clone()], Level::Ok);
    check("group_links", &[linked.clone(), describe("org_2", json!({}))], Level::Warning);
    let found = check("group_links", &[linked, track("usr_2", "File Sent", json!({})).group("org_1")], Level::Warning);
    assert_eq!(texts(&found), ["no group: user usr_2"]);
    check_in(Mode::Individuals, "group_links", &[tracked], Level::Ok);
}

#[test]
fn keys_are_cased_in_one_way() {
    let with = |properties: Value| track(JANE, "File Sent", properties);
    check("key_casing", &[happened("File Sent")], Level::Waiting);
    check("key_casing", &[with(json!({ "plan": 1, "MRR": 2, "utm_source": 3 }))], Level::Ok);
    check(
        "key_casing",
        &[with(json!({ "fileType": 1, "plan": 2 })), identify(JANE, json!({ "firstName": "J" }))],
        Level::Ok,
    );
    let mixed = [with(json!({ "file_type": 1, "file_size": 2 })), identify(JANE, json!({ "firstName": "Jane" }))];
    let found = check("key_casing", &mixed, Level::Warning);
    assert_eq!(found.found, "Keys are cased in 2 ways: 2 in snake_case, 1 in camelCase.");
    assert_eq!(texts(&found), ["firstName, better first_name"]);
}

#[test]
fn traits_are_simple_values() {
    let fine = json!({ "name": "J", "age": 7, "is_admin": true, "created_at": "2026-11-24", "seen_at": "" });
    check("trait_types", &[identify(JANE, fine)], Level::Ok);
    check("trait_types", &[track(JANE, "File Sent", json!({ "a": null, "b": [], "c": {} }))], Level::Waiting);
    let odd = [
        json!({ "plan": null }),
        json!({ "tags": [] }),
        json!({ "address": {} }),
        json!({ "created_at": "24.11.2026" }),
        json!({ "created_at": 1_764_000_000 }),
    ];
    for traits in odd {
        check("trait_types", &[identify(JANE, traits.clone())], Level::Warning);
        check("trait_types", &[describe("org_1", traits)], Level::Warning);
    }
    check("trait_types", &[identify(JANE, json!({ "seat": 1_764_000_000, "note": "24.11.2026" }))], Level::Ok);
}

#[test]
fn types_do_not_flip() {
    let with = |name: &str, value: Value| track(JANE, name, json!({ "plan": value }));
    check("value_types", &[with("File Sent", json!("pro")), with("File Sent", json!(null))], Level::Ok);
    check("value_types", &[with("File Sent", json!(1)), with("File Sent", json!(1.5))], Level::Ok);
    check("value_types", &[with("File Sent", json!(1)), with("Plan Chosen", json!("pro"))], Level::Ok);
    let found = check("value_types", &[with("File Sent", json!(1)), with("File Sent", json!("pro"))], Level::Warning);
    assert_eq!(found.examples, [Example { text: "plan of \"File Sent\": number and string".to_owned(), seq: 2 }]);
    check(
        "value_types",
        &[identify(JANE, json!({ "a": true })), identify("usr_2", json!({ "a": "yes" }))],
        Level::Warning,
    );
}

#[test]
fn secrets_are_told_without_being_shown() {
    check("secrets", &[happened("File Sent")], Level::Waiting);
    check("secrets", &[track(JANE, "Password Reset", json!({ "has_password": true }))], Level::Ok);
    let leaking = track(JANE, "Signed Up", json!({ "password": "hunter2", "card": "4242 4242 4242 4242" }));
    let found = check("secrets", &[leaking.clone(), leaking], Level::Error);
    assert_eq!(texts(&found), ["card of \"Signed Up\": a card number", "password of \"Signed Up\": a password"]);
    assert_eq!(found.count, 2);
}

#[test]
fn clocks_are_right() {
    let aged = |age: i64| happened("File Sent").age(age);
    check("timestamps", &[aged(0), aged(-60), aged(300)], Level::Ok);
    let found = check("timestamps", &[aged(0), aged(-61)], Level::Warning);
    assert_eq!(found.found, "1 event is from the future, up to 61 seconds.");
    check("timestamps", &[aged(301)], Level::Warning);
    check("timestamps", &[aged(86_400)], Level::Warning);
    let found = check("timestamps", &[aged(86_401), aged(4_000)], Level::Ok);
    assert_eq!(found.found, "2 events are old and taken for a backfill, which is fine.");
    check("timestamps", &[aged(86_401), aged(4_000), aged(5_000)], Level::Warning);
    check("timestamps", &[aged(i64::from(i32::MAX)), aged(-i64::from(i32::MAX))], Level::Warning);
}

#[test]
fn events_come_once() {
    let first = happened("File Sent").message("m1");
    check("duplicates", std::slice::from_ref(&first), Level::Ok);
    check("duplicates", &[first.clone(), first.clone().again()], Level::Ok);
    let other = happened("File Deleted").message("m1").again();
    let found = check("duplicates", &[first.clone(), other], Level::Error);
    assert_eq!(texts(&found), ["m1 was another event before, number 1"]);
    let changed = track(JANE, "File Sent", json!({ "size": 1 })).message("m1").again();
    check("duplicates", &[first.clone(), changed], Level::Error);
    let repeated = |count: usize| {
        let others = (0..count * 10 - 10).map(|_| happened("Plan Chosen"));
        let firsts = (0..10).map(|index| happened("File Sent").message(&format!("m{index}")));
        let again = (0..count).map(|index| happened("File Sent").message(&format!("m{}", index % 10)).again());
        others.chain(firsts).chain(again).collect::<Vec<_>>()
    };
    check("duplicates", &repeated(9), Level::Ok);
    check("duplicates", &repeated(10), Level::Warning);
}

#[test]
fn report_names_each_rule_once_and_the_same_ones_always() {
    let ids = |checks: &Checks, mode| checks.report(mode, true, SENT).iter().map(|check| check.id).collect::<Vec<_>>();
    let (empty, full) = (Checks::default(), noted([happened("x"), identify(JANE, json!({ "a": 1 }))]));
    let mut sorted = ids(&empty, Mode::Companies);
    assert_eq!(sorted, ids(&full, Mode::Individuals));
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(sorted.len(), 19);
}

/// More distinct names, ids and keys than any of the registers takes.
#[test]
fn hostile_input_fills_nothing() {
    let mut checks = Checks::default();
    for index in 0..60_000_u64 {
        let fields = (0..3).map(|key| (format!("key {index} {key}"), json!(index)));
        let event = Event {
            kind: Kind::Track,
            message_id: index.to_string(),
            timestamp: now(),
            name: Some(format!("Name {index}")),
            user_id: Some(format!("user {index}")),
            group_id: Some(format!("group {index}")),
            fields: fields.collect(),
            library: None,
        };
        checks.note_event(index, now(), &event, Status::Accepted);
    }
    let (report, kept) = (checks.report(Mode::Companies, true, SENT), format!("{checks:?}").len());
    assert!(kept < 40_000_000, "{kept} bytes, written out, are kept");
    assert!(report.iter().all(|check| check.examples.len() <= 5));
    let found = |id: &str| report.iter().find(|check| check.id == id).map(|check| check.found.clone()).unwrap();
    assert_eq!(found("event_name_data"), "5,000 of more than 5,000 names hold data.");
    assert_eq!(found("identified_users"), "50,000 of 50,000 users were never identified (of the first 50,000).");
    assert_eq!(found("value_types"), "10,000 keys, each with values of one type (of the first 10,000).");
}

#[test]
fn long_texts_are_kept_short() {
    let long = "ü".repeat(100_000);
    let event = track(&long, &long, json!({ (long.clone()): null, "password": long })).group(&long).message(&long);
    let arrivals =
        [event.clone(), event.clone().again(), refused("invalid_field", &long), link(&long, &long, json!({}))];
    let checks = noted(arrivals);
    let (report, kept) = (checks.report(Mode::Companies, true, SENT), format!("{checks:?}").len());
    let empty = format!("{:?}", Checks::default()).len();
    assert!(kept - empty < 20_000, "{kept} bytes, written out, are kept, {empty} of nothing");
    let shown = report.iter().flat_map(|check| &check.examples).map(|example| example.text.len()).max();
    assert!(shown.is_some_and(|longest| longest < 200), "{shown:?}");
}
