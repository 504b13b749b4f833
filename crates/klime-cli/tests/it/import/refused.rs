//! What is refused, can be mended, and is imported then.

use std::collections::BTreeSet;
use std::fs;

use serde_json::{Value, json};

use super::{Desk, accepted, line, lines, numbers, outcome};
use crate::support::{Dev, Klime};

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
            "id": refused[0]["_refused"]["id"],
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
    assert!(accepted(&dev).contains_key(refused[0]["_refused"]["id"].as_str().unwrap()));
    let again = mended.refused("mended.ndjson.refused.ndjson");
    assert_eq!(again[0]["_refused"]["line"], 2);
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

/// What is found wrong here, of each kind.
fn faults() -> Vec<(&'static str, String)> {
    let typed =
        |field: &str, value: &str| line(1).replace(&format!("\"{field}\":"), &format!("\"{field}\":{value},\"was\":"));
    vec![
        ("missing user", line(1).replace("\"userId\"", "\"user\"")),
        ("no time", typed("timestamp", "\"soon\"")),
        ("no type", typed("type", "\"page\"")),
        ("a message id that is none", line(1).replace('{', "{\"messageId\":true,")),
        ("half a line", "{half\n".to_owned()),
        ("not UTF-8", "{\"a\":\"\u{fffd}\"}\n".to_owned()),
        ("no object", "[1]\n".to_owned()),
        ("too long", format!("{{\"a\":\"{}\"}}\n", "x".repeat(1024 * 1024))),
    ]
}

#[test]
fn whatever_the_fault_a_mended_record_has_one_id_in_whatever_file_it_stands() {
    let faults = faults();
    let text: String = faults.iter().map(|(_, line)| line.as_str()).collect();
    let desk = Desk::new("e.ndjson", text.replace('\u{fffd}', "\u{1}"));
    let bytes: Vec<u8> =
        fs::read(desk.file()).unwrap().iter().map(|byte| if *byte == 1 { 0xff } else { *byte }).collect();
    fs::write(desk.file(), bytes).unwrap();
    let dev = Dev::start(&[]);
    assert_eq!(desk.import(&dev, &[]).0, 1);
    let refused = desk.refused("e.ndjson.refused.ndjson");
    let ids: BTreeSet<_> = refused.iter().map(|record| record["_refused"]["id"].as_str().expect("an id")).collect();
    assert_eq!((refused.len(), ids.len()), (faults.len(), faults.len()), "{refused:?}");

    // Mended by fields beside the mark; in another file, in another order, one after the other.
    let mended = |record: &Value| {
        let mut event: Value = serde_json::from_str(&line(1)).unwrap();
        event["_refused"] = record["_refused"].clone();
        format!("{event}\n")
    };
    for (name, records) in [
        ("all.ndjson", refused.iter().collect::<Vec<_>>()),
        ("backwards.ndjson", refused.iter().rev().collect()),
        ("some.ndjson", refused.iter().step_by(2).collect()),
    ] {
        fs::write(desk.path(name), records.into_iter().map(mended).collect::<String>()).unwrap();
        let ran = desk.klime(&dev.endpoint(), &["--dry-run"]).run();
        assert_eq!(ran.code, 1, "{ran:?}");
        let ran = Klime::new(&["import", name, "--json"]).at(&dev.endpoint()).in_directory(desk.directory.path()).run();
        assert_eq!(ran.code, 0, "{ran:?}");
        assert_eq!(accepted(&dev).keys().map(String::as_str).collect::<BTreeSet<_>>(), ids, "{name}");
    }
}

#[test]
fn a_record_that_is_refused_again_keeps_its_id() {
    let desk = Desk::new("e.ndjson", line(1).replace("\"userId\"", "\"user\""));
    let dev = Dev::start(&[]);
    let id_in = |name: &str| desk.refused(name)[0]["_refused"]["id"].clone();
    let import = |name: &str| {
        let klime = Klime::new(&["import", name, "--json"]).at(&dev.endpoint());
        assert_eq!(klime.in_directory(desk.directory.path()).run().code, 1);
    };
    import("e.ndjson");
    import("e.ndjson.refused.ndjson");
    fs::copy(desk.path("e.ndjson.refused.ndjson.refused.ndjson"), desk.path("third")).unwrap();
    import("third");
    assert!(id_in("e.ndjson.refused.ndjson").is_string());
    assert_eq!(id_in("e.ndjson.refused.ndjson"), id_in("third.refused.ndjson"));
}

#[test]
fn an_id_that_is_made_of_a_column_is_that_of_the_record_when_it_is_whole() {
    let text = "id,userId,timestamp,total\n7,u,2026-07-01T12:00:00Z,free\n,u,2026-07-01T12:00:00Z,1\n";
    let desk = Desk::new("orders.csv", text);
    let dev = Dev::start(&[]);
    let arguments = ["--event", "Order Placed", "--id-from", "id", "--properties", "total:number"];
    assert_eq!(desk.import(&dev, &arguments).0, 1);
    let refused = desk.refused("orders.csv.refused.ndjson");
    assert!(refused[1]["_refused"]["id"].is_null(), "{refused:?}");
    fs::write(desk.file(), text.replace("free", "5")).unwrap();
    desk.import(&dev, &[&arguments[..], &["--checkpoint", "c", "--refused", "r"]].concat());
    assert_eq!(accepted(&dev).keys().collect::<Vec<_>>(), [refused[0]["_refused"]["id"].as_str().unwrap()]);
}

#[test]
fn what_was_mended_in_place_is_not_destroyed() {
    let broken = |number: usize| line(number).replace("\"userId\"", "\"user\"");
    let desk = Desk::new("e.ndjson", format!("{}{}{}", line(1), broken(2), broken(3)));
    let dev = Dev::start(&[]);
    assert_eq!(desk.import(&dev, &[]).0, 1);
    let path = desk.path("e.ndjson.refused.ndjson");
    let mended = fs::read_to_string(&path).unwrap().replace("\"user\"", "\"userId\"");
    fs::write(&path, &mended).unwrap();
    fs::write(desk.file(), format!("{}{}{}{}", line(1), broken(2), broken(3), broken(4))).unwrap();
    let checkpoint = fs::read(desk.path("e.ndjson.klime-checkpoint")).unwrap();
    let (code, ended) = desk.import(&dev, &[]);
    let said = ended["error"].as_str().unwrap();
    assert!(code == 2 && said.starts_with("e.ndjson.refused.ndjson was changed after this import wrote it"), "{said}");
    assert!(said.contains("mend a copy") && said.contains("--refused"), "{said}");
    assert_eq!(fs::read_to_string(&path).unwrap(), mended);
    assert_eq!(fs::read(desk.path("e.ndjson.klime-checkpoint")).unwrap(), checkpoint);

    // As it says: what was mended is moved away and imported by itself, and it goes on.
    fs::rename(&path, desk.path("mended.ndjson")).unwrap();
    let (code, ended) = desk.import(&dev, &[]);
    let said = ended["error"].as_str().unwrap();
    assert!(code == 2 && said.starts_with("e.ndjson.refused.ndjson is not there any more"), "{said}");
    let (code, ended) = desk.import(&dev, &["--refused", "rest.ndjson"]);
    assert_eq!((code, &ended["refused"], desk.refused("rest.ndjson").len()), (1, &3.into(), 1), "{ended}");
    let desk = Desk { name: "mended.ndjson", ..desk };
    assert_eq!(desk.import(&dev, &[]).0, 0);
    assert_eq!(numbers(&dev), [1, 2, 3]);
}

#[test]
fn imports_from_standard_input_have_their_refused_records_apart() {
    let desk = Desk::new("unused", "");
    let dev = Dev::start(&[]);
    let import = |arguments: &[&str], input: &str| {
        let all = [&["import", "-", "--json", "--format", "ndjson"], arguments].concat();
        let klime = Klime::new(&all).at(&dev.endpoint()).in_directory(desk.directory.path());
        outcome(&klime.input(input).run())
    };
    for (checkpoint, bad) in [("a", "a1\n"), ("b", "b1\n"), ("a", "a1\na2\n"), ("b", "b1\nb2\n")] {
        let (code, ended) = import(&["--checkpoint", checkpoint], bad);
        assert_eq!((code, &ended["refusedFile"]), (1, &format!("{checkpoint}.refused.ndjson").into()), "{ended}");
    }
    let texts = |name: &str| -> Vec<Value> {
        desk.refused(name).iter().map(|record| record["_refused"]["text"].clone()).collect()
    };
    assert_eq!(
        (texts("a.refused.ndjson"), texts("b.refused.ndjson")),
        (vec!["a1".into(), "a2".into()], vec!["b1".into(), "b2".into()])
    );

    assert_eq!(import(&[], "c1\n").0, 1);
    let (code, ended) = import(&[], "d1\n");
    let said = ended["error"].as_str().unwrap();
    assert!(
        code == 2 && said.starts_with("stdin.refused.ndjson holds what an earlier import refused; move it away"),
        "{said}"
    );
    assert_eq!(texts("stdin.refused.ndjson"), ["c1"]);
}
