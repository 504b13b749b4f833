//! What is refused, can be mended, and is imported then.

use std::collections::BTreeSet;
use std::fs;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use super::stops::{finish, start};
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
fn a_refused_file_of_before_is_set_aside() {
    let desk = Desk::new("e.ndjson", "no event\n");
    let dev = Dev::start(&[]);
    assert_eq!(desk.import(&dev, &[]).0, 1);
    let first = fs::read(desk.path("e.ndjson.refused.ndjson")).unwrap();
    for number in 1..4 {
        fs::write(desk.file(), format!("no event {number}\n")).unwrap();
        let ran = desk.klime(&dev.endpoint(), &["--restart"]).run();
        let said = format!(
            "e.ndjson.refused.ndjson held what an earlier import refused; it is e.ndjson.refused.{number}.ndjson now\n"
        );
        assert_eq!((ran.code, ran.stderr), (1, said));
    }
    assert_eq!(fs::read(desk.path("e.ndjson.refused.1.ndjson")).unwrap(), first);
    let texts =
        [2, 3].map(|number| desk.refused(&format!("e.ndjson.refused.{number}.ndjson"))[0]["_refused"]["text"].clone());
    assert_eq!(texts, ["no event 1", "no event 2"]);
    assert_eq!(desk.refused("e.ndjson.refused.ndjson")[0]["_refused"]["text"], "no event 3");
}

#[test]
fn what_can_be_no_refused_file_is_left_as_it_is_and_told_before_anything_is_sent() {
    let text = format!("{}no event\n", line(1));
    let desk = Desk::new("e.ndjson", &text);
    fs::write(desk.path("notes"), "mine").unwrap();
    let dev = Dev::start(&[]);
    for (refused, problem) in [
        ("notes", "notes holds something else than refused records; name another file by --refused"),
        ("./e.ndjson", "./e.ndjson is what is imported; name another file by --refused"),
        ("./c", "./c is the checkpoint; name another file by --refused"),
        ("/dev/null", "/dev/null is no file; name another one by --refused"),
        (".", ". is no file; name another one by --refused"),
        ("nowhere/r", "nowhere/r cannot be written: No such file or directory (os error 2)"),
    ] {
        let (code, ended) = desk.import(&dev, &["--refused", refused, "--checkpoint", "c"]);
        assert_eq!((code, ended["error"].as_str().unwrap()), (2, problem));
    }
    let (code, ended) = desk.import(&dev, &["--checkpoint", "e.ndjson"]);
    let problem = "e.ndjson is what is imported; name another file by --checkpoint";
    assert_eq!((code, ended["error"].as_str().unwrap()), (2, problem));
    assert_eq!(numbers(&dev).len(), 0);
    assert_eq!(fs::read_to_string(desk.file()).unwrap(), text);
    assert_eq!(fs::read_to_string(desk.path("notes")).unwrap(), "mine");
    assert!(!desk.path("c").exists());
}

/// Has a second import try for the refused file of a first one that is at work, which it is told of, and stops the first one. Returns
/// how that ended.
fn beside_a_second(desk: &Desk) -> (i32, Value) {
    let dev = Dev::start(&[]);
    let first = start(desk, &dev.endpoint(), &["--rate", "1000", "--checkpoint", "a", "--refused", "r"]);
    assert_eq!(dev.get("/dev/wait?count=300&timeout=20").status, 200);
    let (code, ended) = desk.import(&dev, &["--checkpoint", "b", "--refused", "r"]);
    let said = ended["error"].as_str().unwrap();
    assert!(code == 2 && said.starts_with("another klime import is at work with r; name another file"), "{said}");
    kill_process(Pid::from_raw(i32::try_from(first.id()).unwrap()).unwrap(), Signal::INT).unwrap();
    finish(first)
}

#[test]
fn an_empty_refused_file_is_one_imports_alone() {
    let desk = Desk::new("e.ndjson", format!("{}no event\n", lines(20_000)));
    fs::write(desk.path("r"), "").unwrap();
    assert_eq!(beside_a_second(&desk).0, 3);
}

#[test]
fn an_import_goes_on_with_its_own_refused_file_whatever_that_is_called() {
    let text = format!("no event\n{}", line(1));
    let desk = Desk::new("unused", "");
    let dev = Dev::start(&[]);
    fs::create_dir(desk.path("data")).unwrap();
    let import = |file: &str, directory: &str, text: &str| {
        fs::write(desk.path("data/e.ndjson"), text).unwrap();
        let klime = Klime::new(&["import", file, "--json"]).at(&dev.endpoint());
        outcome(&klime.in_directory(&desk.path(directory)).run())
    };
    assert_eq!(import("data/e.ndjson", ".", &text).0, 1);
    for (number, (file, directory)) in
        [("e.ndjson", "data"), ("./e.ndjson", "data"), ("../data/e.ndjson", "data")].into_iter().enumerate()
    {
        let more = format!("{text}{}", "no event either\n".repeat(number + 1));
        let (code, ended) = import(file, directory, &more);
        let refused = number as u64 + 2;
        assert_eq!((code, &ended["refused"], &ended["accepted"]), (1, &refused.into(), &1.into()), "{ended}");
        assert_eq!(desk.refused("data/e.ndjson.refused.ndjson").len() as u64, refused);
    }
    assert!(!desk.path("data/e.ndjson.refused.1.ndjson").exists());
    fs::rename(desk.path("data"), desk.path("moved")).unwrap();
    let klime = Klime::new(&["import", "moved/e.ndjson", "--json"]).at(&dev.endpoint());
    let (code, ended) = outcome(&klime.in_directory(desk.directory.path()).run());
    assert_eq!((code, &ended["refused"], &ended["books"]["enqueued"]), (1, &4.into(), &0.into()), "{ended}");
    assert!(!desk.path("moved/e.ndjson.refused.1.ndjson").exists());
}

#[test]
fn a_refused_file_that_another_import_is_at_work_with_is_left_to_it() {
    let desk = Desk::new("e.ndjson", format!("no event\n{}", lines(20_000)));
    let (code, ended) = beside_a_second(&desk);
    assert_eq!((code, &ended["refusedFile"], desk.refused("r").len()), (3, &"r".into(), 1), "{ended}");
}

#[test]
fn a_first_try_that_sent_nothing_stands_in_the_way_of_no_other() {
    let text = lines(3).replace("\"userId\"", "\"user\"");
    let desk = Desk::new("e.ndjson", &text);
    let dev = Dev::start(&[]);
    for _ in 0..2 {
        let (code, ended) = desk.import(&dev, &[]);
        assert_eq!((code, &ended["refused"]), (1, &3.into()), "{ended}");
        assert_eq!(desk.refused("e.ndjson.refused.ndjson").len(), 3, "the same once more goes on where it was");
    }
    let ran = desk.klime(&dev.endpoint(), &["--map", "userId=user"]).run();
    let (code, ended) = outcome(&ran);
    assert_eq!((code, &ended["accepted"], &ended["refused"]), (0, &3.into(), &0.into()), "{ended}");
    assert!(ran.stderr.ends_with("it is e.ndjson.refused.1.ndjson now\n"), "{ran:?}");
    assert_eq!(
        (desk.refused("e.ndjson.refused.1.ndjson").len(), desk.path("e.ndjson.refused.ndjson").exists()),
        (3, false)
    );

    // As soon as something was sent it is another import.
    let (code, ended) = desk.import(&dev, &["--map", "groupId=user"]);
    assert!(code == 2 && ended["error"].as_str().unwrap().contains("was begun with another map groupId"), "{ended}");

    fs::write(desk.file(), text).unwrap();
    let other = ["--checkpoint", "c", "--refused", "r"];
    assert_eq!(desk.import(&dev, &other).0, 1);
    fs::write(desk.file(), lines(3)).unwrap();
    let (code, ended) = desk.import(&dev, &other);
    assert_eq!((code, &ended["accepted"]), (0, &3.into()), "a file that was mended is tried anew: {ended}");
}

#[test]
fn what_was_killed_before_it_knew_what_it_had_sent_is_not_begun_anew_by_itself() {
    let desk = Desk::new("e.ndjson", lines(20_000));
    let dev = Dev::start(&[]);
    let mut first = start(&desk, &dev.endpoint(), &["--rate", "100"]);
    assert_eq!(dev.get("/dev/wait?count=1&timeout=20").status, 200);
    first.kill().unwrap();
    first.wait().unwrap();
    let (code, ended) = desk.import(&dev, &["--event", "Other"]);
    assert!(code == 2 && ended["error"].as_str().unwrap().contains("was begun with another event"), "{ended}");
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
fn what_was_mended_in_place_is_not_destroyed_though_the_source_had_no_last_line_end() {
    let broken = |number: usize| line(number).replace("\"userId\"", "\"user\"");
    for before in [String::new(), line(1), broken(1)] {
        let desk = Desk::new("e.ndjson", format!("{before}{}", broken(2).trim_end()));
        let dev = Dev::start(&[]);
        for _ in 0..2 {
            assert_eq!(desk.import(&dev, &[]).0, 1);
        }
        let path = desk.path("e.ndjson.refused.ndjson");
        let mended = fs::read_to_string(&path).unwrap().replace("\"user\"", "\"userId\"");
        fs::write(&path, &mended).unwrap();
        let (code, ended) = desk.import(&dev, &[]);
        let said = ended["error"].as_str().unwrap_or_default();
        assert_eq!(fs::read_to_string(&path).unwrap(), mended, "{before:?}");
        assert!(code == 2 && said.contains("was changed after this import wrote it"), "{before:?} {ended}");
        assert_eq!(desk.directory.path().read_dir().unwrap().count(), 3);
    }
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

    // As cron does it, day after day, without a checkpoint.
    assert_eq!(import(&[], "c1\n").0, 1);
    assert_eq!(import(&[], &line(1)).0, 0);
    assert_eq!(import(&[], "d1\n").0, 1);
    assert_eq!(
        (texts("stdin.refused.1.ndjson"), texts("stdin.refused.ndjson")),
        (vec!["c1".into()], vec!["d1".into()])
    );
}

#[cfg(unix)]
#[test]
fn a_named_pipe_is_taken_for_a_stream() {
    let desk = Desk::new("unused", "");
    let dev = Dev::start(&[]);
    let made = std::process::Command::new("mkfifo").arg(desk.path("pipe")).status().unwrap();
    assert!(made.success());
    for _ in 0..2 {
        let pipe = desk.path("pipe");
        let writer = std::thread::spawn(move || fs::write(pipe, format!("{}no event\n", lines(3))).unwrap());
        let klime = Klime::new(&["import", "pipe", "--json", "--format", "ndjson"]).at(&dev.endpoint());
        let (code, ended) = outcome(&klime.in_directory(desk.directory.path()).run());
        writer.join().unwrap();
        assert_eq!((code, &ended["books"]["accepted"]), (1, &3.into()), "{ended}");
        assert_eq!(ended["refusedFile"], "stdin.refused.ndjson");
    }
    assert!(!desk.path("pipe.klime-checkpoint").exists());
    assert_eq!(numbers(&dev), [1, 2, 3]);
}
