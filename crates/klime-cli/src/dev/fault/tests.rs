use std::time::Duration;

use proptest::prelude::*;

use super::{Fault, FaultJson, FaultKind, Faults};

fn parse(text: &str) -> Result<Fault, String> {
    text.parse::<Fault>().map_err(|error| error.to_string())
}

fn from_json(text: &str) -> Result<Fault, String> {
    serde_json::from_str::<FaultJson>(text)
        .map_err(|error| error.to_string())?
        .fault()
        .map_err(|error| error.to_string())
}

#[test]
fn each_form_of_the_command_line_is_read() {
    let status = |status, retry_after| FaultKind::Status { status, retry_after };
    let slow = |ms| FaultKind::Slow { delay: Duration::from_millis(ms) };
    for (text, kind, rate, count) in [
        ("429,retry-after=2,rate=0.5", status(429, Some(2)), 0.5, None),
        ("429, retry-after = 2s", status(429, Some(2)), 1.0, None),
        ("503,count=3", status(503, None), 1.0, Some(3)),
        ("partial", FaultKind::Partial { share: 0.5 }, 1.0, None),
        ("partial,share=0.1", FaultKind::Partial { share: 0.1 }, 1.0, None),
        ("slow=500ms", slow(500), 1.0, None),
        ("slow=2s,count=1", slow(2000), 1.0, Some(1)),
        ("hang", FaultKind::Hang, 1.0, None),
        ("reset,rate=0.25", FaultKind::Reset, 0.25, None),
        ("lost-answer", FaultKind::LostAnswer, 1.0, None),
    ] {
        assert_eq!(parse(text), Ok(Fault { kind, rate, count }), "{text}");
    }
}

#[test]
fn a_fault_that_is_not_one_is_told_what_would_be() {
    let sentences: Vec<String> = [
        "",
        "flood",
        "200",
        "99999",
        "429,retry-after=soon",
        "hang,retry-after=2",
        "429,share=1",
        "429,rate=0",
        "429,rate=1.5",
        "429,rate=NaN",
        "503,count=0",
        "503,often",
        "503,hits=2",
        "slow",
        "slow=5",
        "slow=11m",
        "slow=3600s",
        "partial,share=0",
        "429,retry-after=100000",
    ]
    .iter()
    .map(|text| format!("{text}: {}", parse(text).unwrap_err()))
    .collect();
    insta::assert_snapshot!(sentences.join("\n"), @r##"
: there is no fault ""; there are 429,retry-after=2,rate=0.5 | 503,count=3 | partial,share=0.1 | slow=500ms | hang | reset | lost-answer
flood: there is no fault "flood"; there are 429,retry-after=2,rate=0.5 | 503,count=3 | partial,share=0.1 | slow=500ms | hang | reset | lost-answer
200: status must be from 400 to 599, not 200
99999: status must be a number within its bounds, not "99999"
429,retry-after=soon: retry-after must be a number within its bounds, not "soon"
hang,retry-after=2: retry-after belongs to a status, like 429
429,share=1: share belongs to partial
429,rate=0: rate must be above 0 and at most 1, not 0
429,rate=1.5: rate must be above 0 and at most 1, not 1.5
429,rate=NaN: rate must be above 0 and at most 1, not NaN
503,count=0: count must be at least 1, not 0
503,often: "often" is no key=value; for example 429,retry-after=2,rate=0.5 | 503,count=3 | partial,share=0.1 | slow=500ms | hang | reset | lost-answer
503,hits=2: there is no "hits"; a fault takes rate, count, retry-after (status), share (partial)
slow: slow needs to know by how much: slow=500ms
slow=5: a delay is a whole number with a unit, 500ms or 2s, not "5"
slow=11m: a delay is a whole number with a unit, 500ms or 2s, not "11m"
slow=3600s: a delay is at most 600000 ms, not 3600000
partial,share=0: share must be above 0 and at most 1, not 0
429,retry-after=100000: retry-after is at most 86400 seconds, not 100000
"##);
}

#[test]
fn each_kind_is_read_from_json() {
    for (json, text) in [
        (r#"{"kind":"status","status":429,"retryAfter":2,"rate":0.5,"count":3}"#, "429,retry-after=2,rate=0.5,count=3"),
        (r#"{"kind":"partial"}"#, "partial"),
        (r#"{"kind":"partial","share":0.1}"#, "partial,share=0.1"),
        (r#"{"kind":"slow","delayMs":500}"#, "slow=500ms"),
        (r#"{"kind":"hang"}"#, "hang"),
        (r#"{"kind":"reset","count":2}"#, "reset,count=2"),
        (r#"{"kind":"lost_answer"}"#, "lost-answer"),
    ] {
        assert_eq!(from_json(json), parse(text), "{json}");
    }
}

#[test]
fn json_that_asks_for_no_fault_is_told_what_would_be() {
    let sentences: Vec<String> = [
        "{}",
        r#"{"kind":"flood"}"#,
        r#"{"kind":"status"}"#,
        r#"{"kind":"slow"}"#,
        r#"{"kind":"hang","delayMs":5}"#,
        r#"{"kind":"status","status":200}"#,
        r#"{"kind":"hang","often":true}"#,
        r#"{"kind":"hang","count":-1}"#,
    ]
    .iter()
    .map(|json| format!("{json}: {}", from_json(json).unwrap_err()))
    .collect();
    insta::assert_snapshot!(sentences.join("\n"), @r##"
{}: kind is missing; it is one of status, partial, slow, hang, reset, lost_answer
{"kind":"flood"}: there is no kind "flood"; it is one of status, partial, slow, hang, reset, lost_answer
{"kind":"status"}: a fault of kind status needs status
{"kind":"slow"}: a fault of kind slow needs delayMs
{"kind":"hang","delayMs":5}: delayMs belongs to the kind slow
{"kind":"status","status":200}: status must be from 400 to 599, not 200
{"kind":"hang","often":true}: unknown field `often`, expected one of `kind`, `status`, `retryAfter`, `share`, `delayMs`, `rate`, `count` at line 1 column 22
{"kind":"hang","count":-1}: invalid value: integer `-1`, expected u64 at line 1 column 25
"##);
}

#[test]
fn a_fault_is_shown_with_what_is_left_of_it() {
    let mut faults = Faults::default();
    faults.add(parse("429,retry-after=2,count=3").unwrap()).unwrap();
    faults.add(parse("slow=500ms,rate=0.5").unwrap()).unwrap();
    assert!(faults.next_hit().is_some());
    let shown = serde_json::to_string(&faults.list()).unwrap();
    insta::assert_snapshot!(shown, @r#"[{"kind":"status","status":429,"retryAfter":2,"rate":1.0,"count":2,"hits":1},{"kind":"slow","delayMs":500,"rate":0.5,"hits":0}]"#);
}

#[test]
fn a_count_ends_and_the_next_fault_takes_over() {
    let mut faults = Faults::default();
    faults.add(parse("503,count=2").unwrap()).unwrap();
    faults.add(parse("hang,count=1").unwrap()).unwrap();
    let hits: Vec<Option<&str>> = (0..4).map(|_| faults.next_hit().map(|kind| kind.word())).collect();
    assert_eq!(hits, [Some("status"), Some("status"), Some("hang"), None]);
}

#[test]
fn only_so_many_faults_wait() {
    let mut faults = Faults::default();
    let fault = parse("hang").unwrap();
    let added = (0..40).take_while(|_| faults.add(fault).is_ok()).count();
    assert_eq!(added, 32);
    assert!(faults.add(fault).unwrap_err().to_string().contains("DELETE /dev/fault"));
    faults.clear();
    assert_eq!(faults.next_hit(), None);
}

#[test]
fn a_partial_fault_hits_at_least_one_event_of_a_batch() {
    let hit = |share, events: usize| (0..events).filter(|&index| FaultKind::Partial { share }.refuses(index)).count();
    assert_eq!([hit(0.5, 1), hit(0.5, 10), hit(0.1, 100), hit(0.01, 3), hit(1.0, 7)], [1, 5, 10, 1, 7]);
    assert!(!FaultKind::Hang.refuses(0));
}

proptest! {
    #[test]
    fn a_rate_is_kept_to_the_request(percent in 1_u32..=100, requests in 1_u32..400) {
        let mut faults = Faults::default();
        faults.add(Fault { kind: FaultKind::Reset, rate: f64::from(percent) / 100.0, count: None }).unwrap();
        let hits = (0..requests).filter(|_| faults.next_hit().is_some()).count();
        prop_assert_eq!(hits, usize::try_from(requests * percent / 100).unwrap());
    }

    #[test]
    fn any_text_is_read_or_refused(text in ".{0,40}") {
        let _either = parse(&text);
    }
}
