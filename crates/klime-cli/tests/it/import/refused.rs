//! What is refused, can be mended, and is imported then.

use std::fs;

use serde_json::json;

use super::{Desk, accepted, line, lines, numbers};
use crate::support::Dev;

#[test]
fn what_was_refused_is_mended_and_imported_with_the_id_it_would_have_had() {
    let broken = line(1).replace("\"userId\"", "\"user\"");
    let desk = Desk::new("e.ndjson", format!("{}{broken}{{half\n", lines(2)));
    let dev = Dev::start(&[]);
    let (code, ended) = desk.import(&dev, &[]);
    assert_eq!((code, &ended["refusedFile"]), (1, &"e.ndjson.refused.ndjson".into()), "{ended}");
    let refused = desk.refused("e.ndjson.refused.ndjson");
    assert_eq!(
        refused[0]["_refused"],
        json!({
            "file": "e.ndjson", "line": 3, "code": "anonymous_event", "message": "a track needs a \"userId\" or a \"groupId\"",
        })
    );
    assert_eq!((&refused[0]["user"], &refused[1]["_refused"]["text"]), (&"user_1".into(), &"{half".into()));

    let mended = fs::read_to_string(desk.path("e.ndjson.refused.ndjson")).unwrap().replace("\"user\"", "\"userId\"");
    fs::write(desk.path("mended.ndjson"), mended).unwrap();
    let mended = Desk { name: "mended.ndjson", ..desk };
    let (code, ended) = mended.import(&dev, &[]);
    assert_eq!((code, &ended["accepted"], &ended["refused"]), (1, &1.into(), &1.into()), "{ended}");
    assert!(ended["faults"]["invalid_json"]["first"].as_str().unwrap().starts_with("it was not mended"), "{ended}");
    assert_eq!(numbers(&dev), [1, 1, 2]);
    let again = mended.refused("mended.ndjson.refused.ndjson");
    assert_eq!(again[0]["_refused"]["line"], 2);
}

#[test]
fn what_klime_refuses_is_told_by_its_line() {
    let desk = Desk::new("e.ndjson", lines(300));
    let dev = Dev::start(&["--fault", "partial,share=0.1,count=3"]);
    let (code, ended) = desk.import(&dev, &[]);
    let count = ended["refused"].as_u64().unwrap();
    assert!(code == 1 && count > 0 && ended["faults"]["fault_injected"]["count"] == count, "{ended}");
    assert_eq!(ended["books"]["rejected"], count);
    let refused = desk.refused("e.ndjson.refused.ndjson");
    for record in &refused {
        assert_eq!(record["_refused"]["line"], record["properties"]["number"], "{record}");
    }
    let arrived = accepted(&dev);
    assert_eq!(arrived.len() as u64 + count, 300);
    assert!(refused.iter().all(|record| !arrived.contains_key(record["_refused"]["id"].as_str().unwrap())));

    let refused = Desk { name: "e.ndjson.refused.ndjson", ..desk };
    let (code, ended) = refused.import(&dev, &[]);
    assert_eq!((code, &ended["accepted"]), (0, &count.into()), "{ended}");
    assert_eq!(numbers(&dev), (1..=300).collect::<Vec<_>>());
}

#[test]
fn a_batch_that_klime_cannot_read_is_refused_and_the_others_are_not() {
    let desk = Desk::new("e.ndjson", lines(300));
    let dev = Dev::start(&[]);
    assert_eq!(desk.import(&dev, &["--dry-run"]).0, 0);
    // The first request is the check of the key.
    dev.post("/dev/fault", &json!({ "kind": "slow", "delayMs": 1, "count": 1 }));
    dev.post("/dev/fault", &json!({ "kind": "status", "status": 422, "count": 1 }));
    let (code, ended) = desk.import(&dev, &[]);
    let count = ended["faults"]["status_422"]["count"].as_u64().unwrap_or_else(|| panic!("{ended}"));
    assert_eq!((code, accepted(&dev).len() as u64), (1, 300 - count));
    assert_eq!(desk.refused("e.ndjson.refused.ndjson").len() as u64, count);
}

#[test]
fn a_refused_file_of_before_is_not_written_over() {
    let desk = Desk::new("e.ndjson", "no event\n");
    let dev = Dev::start(&[]);
    assert_eq!(desk.import(&dev, &[]).0, 1);
    let (code, ended) = desk.import(&dev, &["--restart"]);
    let said = ended["error"].as_str().unwrap();
    assert!(code == 2 && said.contains("e.ndjson.refused.ndjson holds what an earlier import refused"), "{said}");
}
