use std::time::Duration;

use serde_json::{Value, json};

use super::{Count, Expectation, Expectations, Standing};
use crate::dev::event::{Kind, Status, Verdict};
use crate::dev::store::{Appended, BatchRecord};
use crate::dev::validate::judge;

fn parse(text: &str) -> Result<Expectation, String> {
    text.parse::<Expectation>().map_err(|error| error.to_string())
}

fn expectations(texts: &[&str]) -> Expectations {
    Expectations::new(texts.iter().map(|text| text.parse().unwrap()).collect())
}

fn note(expectations: &Expectations, events: &[Value]) {
    let events = judge(json!({ "batch": events }).to_string().as_bytes()).unwrap();
    let status =
        |verdict: &Verdict| if matches!(verdict, Verdict::Taken(_)) { Status::Accepted } else { Status::Refused };
    let statuses = events.iter().map(|judged| status(&judged.verdict)).collect();
    let appended = Appended { batch: 1, seqs: 1..1 + events.len() as u64, statuses };
    expectations.note(&record(200, None), &events, &appended);
}

fn record(status: u16, error: Option<&str>) -> BatchRecord {
    BatchRecord {
        received_at: "2026-11-24T15:20:00Z".parse().unwrap(),
        status,
        bytes: 0,
        gzip: false,
        took: std::time::Duration::ZERO,
        key: None,
        user_agent: None,
        error: error.map(str::to_owned),
        fault: None,
    }
}

fn track(name: &str) -> Value {
    json!({ "type": "track", "messageId": "m", "timestamp": "2026-11-24T15:20:00Z", "event": name, "userId": "u1" })
}

#[test]
fn each_form_is_read() {
    let some = |text: &str| Some(text.to_owned());
    for (text, kind, target, count) in [
        ("track", Kind::Track, None, Count::AtLeast(1)),
        ("identify", Kind::Identify, None, Count::AtLeast(1)),
        ("group:org_456", Kind::Group, some("org_456"), Count::AtLeast(1)),
        ("track:Report Generated", Kind::Track, some("Report Generated"), Count::AtLeast(1)),
        ("track:Signup Completed=2", Kind::Track, some("Signup Completed"), Count::Exactly(2)),
        ("track:Page Viewed>=10", Kind::Track, some("Page Viewed"), Count::AtLeast(10)),
        ("track=0", Kind::Track, None, Count::Exactly(0)),
        ("track:a=b>=1", Kind::Track, some("a=b"), Count::AtLeast(1)),
        ("track:a: b", Kind::Track, some("a: b"), Count::AtLeast(1)),
    ] {
        assert_eq!(parse(text), Ok(Expectation { kind, target, count }), "{text}");
    }
}

#[test]
fn what_is_no_expectation_is_told_what_would_be() {
    let sentences: Vec<String> =
        ["", "Report Generated", "page:Home", "track:", "track>=0", "track=99999999999999999999"]
            .into_iter()
            .chain(["track:A>2", "track:A<=2", "track:A=x", "track:A==2", "track:A="])
            .map(|text| parse(text).unwrap_err())
            .collect();
    insta::assert_snapshot!(sentences.join("\n"), @r##"
it begins with track, identify or group, not ""; for example 'track:Report Generated', 'track:Signup Completed=2', 'track:Page Viewed>=10', 'identify', 'group:org_456'
it begins with track, identify or group, not "Report Generated"; for example 'track:Report Generated', 'track:Signup Completed=2', 'track:Page Viewed>=10', 'identify', 'group:org_456'
it begins with track, identify or group, not "page"; for example 'track:Report Generated', 'track:Signup Completed=2', 'track:Page Viewed>=10', 'identify', 'group:org_456'
there is nothing behind the colon; for example 'track:Report Generated', 'track:Signup Completed=2', 'track:Page Viewed>=10', 'identify', 'group:org_456'
at least 0 is always met; =0 expects none at all
the count 99999999999999999999 is too large
"track:A>2" ends with no count, which is =N or >=N; a name with <, > or = in it needs one, such as >=1
"track:A<=2" ends with no count, which is =N or >=N; a name with <, > or = in it needs one, such as >=1
"track:A=x" ends with no count, which is =N or >=N; a name with <, > or = in it needs one, such as >=1
"track:A==2" ends with no count, which is =N or >=N; a name with <, > or = in it needs one, such as >=1
"track:A=" ends with no count, which is =N or >=N; a name with <, > or = in it needs one, such as >=1
"##);
}

#[test]
fn expectations_are_met_by_accepted_events() {
    let expectations = expectations(&["track:A>=2", "identify"]);
    assert_eq!(expectations.standing(), Standing::Open);
    note(&expectations, &[track("A"), track("B"), track("A")]);
    assert_eq!(expectations.standing(), Standing::Open);
    assert_eq!(expectations.unmet(), ["expected at least 1 identify, got 0"]);
    note(
        &expectations,
        &[json!({ "type": "identify", "messageId": "m", "timestamp": "2026-11-24T15:20:00Z", "userId": "u1" })],
    );
    assert_eq!(expectations.standing(), Standing::Met { may_break: false });
    assert!(expectations.unmet().is_empty());
}

#[test]
fn an_exact_count_can_break() {
    let expectations = expectations(&["track:A=1", "track:B=0"]);
    note(&expectations, &[track("A")]);
    assert_eq!(expectations.standing(), Standing::Met { may_break: true });
    note(&expectations, &[track("B")]);
    assert_eq!(expectations.standing(), Standing::Broken);
    assert_eq!(expectations.unmet(), ["expected exactly 0 track \"B\", got 1"]);
}

#[test]
fn what_came_near_is_told() {
    let expectations =
        expectations(&["track:Report Generated", "track:Signup Completed", "group:org_1", "track:Invoice Paid"]);
    let group = json!({ "type": "group", "messageId": "m", "timestamp": "2026-11-24T15:20:00Z", "groupId": "org_2" });
    let mut anonymous = track("Invoice Paid");
    anonymous.as_object_mut().unwrap().remove("userId");
    note(
        &expectations,
        &[
            track("report_generated"),
            track("Signup Complete"),
            track("Signup Complete"),
            track("org_1"),
            group,
            anonymous,
        ],
    );
    let appended = Appended { batch: 2, seqs: 9..9, statuses: Vec::new() };
    expectations.note(&record(401, Some("the header Authorization is missing")), &[], &appended);
    assert_eq!(expectations.refused(), (1, 1));
    insta::assert_snapshot!(expectations.unmet().join("\n"), @r##"
expected at least 1 track "Report Generated", got 0; track "report_generated" came 1×; a request was refused with 401: the header Authorization is missing
expected at least 1 track "Signup Completed", got 0; track "Signup Complete" came 2×; a request was refused with 401: the header Authorization is missing
expected at least 1 group "org_1", got 0; track "org_1" came 1×; a request was refused with 401: the header Authorization is missing
expected at least 1 track "Invoice Paid", got 0; track "Invoice Paid" was refused: a track needs a "userId" or a "groupId" (anonymous_event); a request was refused with 401: the header Authorization is missing
"##);
}

#[tokio::test]
async fn waiting_ends_with_the_event_that_was_missing() {
    let expectations = expectations(&["track:A"]);
    let waiting = expectations.settled(None);
    let (_, ()) = tokio::join!(waiting, async { note(&expectations, &[track("A")]) });
}

#[tokio::test]
async fn an_exact_count_waits_for_quiet_and_breaks_meanwhile() {
    let met = expectations(&["track:A=0"]);
    met.settled(Some(Duration::from_millis(1))).await;
    let broken = expectations(&["track:A=0"]);
    let waiting = broken.settled(Some(Duration::from_secs(3600)));
    let (_, ()) = tokio::join!(waiting, async { note(&broken, &[track("A")]) });
    assert_eq!(broken.standing(), Standing::Broken);
}
