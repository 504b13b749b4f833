//! Where it goes on, and where it does not.

use std::fs;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use super::stops::{finish, start};
use super::{Desk, accepted, line, lines, numbers, outcome, position};
use crate::support::{Dev, Klime};

#[test]
fn what_was_sent_is_not_sent_again() {
    let desk = Desk::new("e.ndjson", lines(250));
    let dev = Dev::start(&[]);
    let (code, ended) = desk.import(&dev, &[]);
    assert_eq!((code, &ended["status"], &ended["accepted"]), (0, &"complete".into(), &250.into()), "{ended}");
    assert_eq!(ended["books"]["accepted"], 250);

    let (code, again) = desk.import(&dev, &[]);
    assert_eq!((code, &again["accepted"], &again["books"]["enqueued"]), (0, &250.into(), &0.into()), "{again}");

    let (code, anew) = desk.import(&dev, &["--restart"]);
    assert_eq!((code, &anew["books"]["accepted"]), (0, &250.into()), "{anew}");
    let stats = dev.get("/dev/stats").json();
    assert_eq!((&stats["events"]["accepted"], &stats["events"]["duplicate"]), (&250.into(), &250.into()));
}

#[test]
fn what_was_complete_is_told_to_be() {
    let desk = Desk::new("e.ndjson", lines(10));
    let dev = Dev::start(&[]);
    let import = || {
        let ran = Klime::new(&["import", "e.ndjson"]).at(&dev.endpoint()).in_directory(desk.directory.path()).run();
        (ran.code, ran.stdout.lines().next().unwrap().to_owned())
    };
    assert!(import().1.starts_with("e.ndjson: complete, after "));
    assert_eq!(import(), (0, "e.ndjson: was complete already, nothing was sent".to_owned()));
    fs::write(desk.file(), lines(11)).unwrap();
    assert!(import().1.starts_with("e.ndjson: complete, after "));
}

#[test]
fn options_are_told_as_they_are_given() {
    let desk = Desk::new("e.csv", csv(2));
    let dev = Dev::start(&[]);
    assert_eq!(desk.import(&dev, &["--properties", "*,note:string", "--timezone", "+01:00"]).0, 0);
    for (arguments, problem) in [
        (&["--properties", "note"][..], "another properties: it was \"*,note:string\", now it is \"note\""),
        (
            &["--properties", "*,note:string", "--timezone", "UTC"],
            "another timezone: it was \"+01\", now it is \"UTC\"",
        ),
        (&["--from", "segment", "--pages"], "another from: it was not given, now it is \"segment\""),
    ] {
        let (code, ended) = desk.import(&dev, arguments);
        let said = ended["error"].as_str().unwrap();
        assert!(code == 2 && said.contains(problem), "{said}");
    }
}

#[test]
fn a_file_that_has_grown_is_gone_on_with() {
    let desk = Desk::new("e.ndjson", lines(10));
    let dev = Dev::start(&[]);
    desk.import(&dev, &[]);
    fs::write(desk.file(), lines(25)).unwrap();
    let (code, ended) = desk.import(&dev, &[]);
    assert_eq!((code, &ended["records"], &ended["books"]["enqueued"]), (0, &25.into(), &15.into()), "{ended}");
    assert_eq!(numbers(&dev), (1..=25).collect::<Vec<_>>());
}

#[test]
fn a_file_that_is_another_is_not_gone_on_with() {
    let desk = Desk::new("e.ndjson", lines(10));
    let dev = Dev::start(&[]);
    desk.import(&dev, &[]);
    for (content, problem) in [
        (lines(5), "is of a file that began otherwise"),
        (lines(10).replace("user_3", "user_4"), "is of a file that began otherwise"),
        (format!("{}{}", line(99), lines(10)), "is of a file that began otherwise"),
    ] {
        fs::write(desk.file(), content).unwrap();
        let (code, ended) = desk.import(&dev, &[]);
        let said = ended["error"].as_str().unwrap();
        assert!(code == 2 && said.contains(problem) && said.contains("--restart"), "{code} {said}");
    }
}

#[test]
fn a_last_line_that_was_half_is_read_again_when_it_is_whole() {
    let whole = lines(12);
    let half = &whole[..lines(10).len() + 15];
    let desk = Desk::new("e.ndjson", half);
    let dev = Dev::start(&[]);
    for _ in 0..2 {
        let (code, ended) = desk.import(&dev, &[]);
        assert_eq!((code, &ended["faults"]["invalid_json"]["lines"]), (1, &json!([11])), "{ended}");
        assert_eq!((&ended["line"], &ended["records"], &ended["accepted"]), (&11.into(), &11.into(), &10.into()));
        assert_eq!(desk.refused("e.ndjson.refused.ndjson").len(), 1, "it stands there once");
    }
    fs::write(desk.file(), &whole).unwrap();
    let (code, ended) = desk.import(&dev, &[]);
    assert_eq!((code, &ended["accepted"], &ended["refused"]), (0, &12.into(), &0.into()), "{ended}");
    assert_eq!(ended["books"]["enqueued"], 2, "only what is new");
    assert_eq!((ended["refusedFile"].as_str(), numbers(&dev)), (None, (1..=12).collect()));
    assert_eq!(fs::read(desk.path("e.ndjson.refused.ndjson")).unwrap(), b"");
}

#[test]
fn a_last_line_that_was_whole_is_not_sent_again_when_the_file_grows() {
    for (name, head, row) in [("e.ndjson", String::new(), line(11)), ("e.csv", csv(10), row(11))] {
        let before = if head.is_empty() { lines(10) } else { head };
        let desk = Desk::new(name, format!("{before}{}", row.trim_end()));
        let dev = Dev::start(&[]);
        let (code, ended) = desk.import(&dev, &[]);
        let line = ended["line"].as_u64().unwrap();
        assert_eq!((code, &ended["accepted"]), (0, &11.into()), "{ended}");
        let (code, ended) = desk.import(&dev, &[]);
        assert_eq!((code, &ended["books"]["enqueued"]), (0, &0.into()), "{ended}");

        let further = if name == "e.csv" { self::row(12) } else { self::line(12) };
        fs::write(desk.file(), format!("{before}{row}{further}no event")).unwrap();
        let (code, ended) = desk.import(&dev, &[]);
        assert_eq!((code, &ended["books"]["enqueued"], &ended["accepted"]), (1, &1.into(), &12.into()), "{ended}");
        let fault = ended["faults"].as_object().unwrap().values().next().unwrap();
        assert_eq!((&fault["lines"], accepted(&dev).len()), (&json!([line + 2]), 12), "{ended}");
    }
}

#[test]
fn a_last_line_of_which_half_was_sent_is_told() {
    let desk = Desk::new("e.csv", format!("{}user_9,2026-11-23T15:20:00Z,A,Ann", csv(3)));
    let dev = Dev::start(&[]);
    assert_eq!(desk.import(&dev, &["--type", "track", "--properties", "*"]).0, 0);
    fs::write(desk.file(), format!("{}user_9,2026-11-23T15:20:00Z,A,Anna\n", csv(3))).unwrap();
    let (code, ended) = desk.import(&dev, &["--type", "track", "--properties", "*"]);
    let said = ended["error"].as_str().unwrap();
    assert_eq!(code, 2, "{ended}");
    assert!(said.contains("goes to line 5, which is longer now than it was when it was sent"), "{said}");
}

#[test]
fn a_table_of_one_row_is_gone_on_with() {
    let desk = Desk::new("e.csv", csv(1));
    let dev = Dev::start(&[]);
    assert_eq!(desk.import(&dev, &[]).0, 0);
    fs::write(desk.file(), csv(2)).unwrap();
    let (code, ended) = desk.import(&dev, &[]);
    assert_eq!((code, &ended["books"]["enqueued"]), (0, &1.into()), "{ended}");
}

fn row(number: usize) -> String {
    format!("user_{number},2026-11-23T15:20:00Z,A,note {number}\n")
}

/// A table with so many rows.
fn csv(rows: usize) -> String {
    let rows: String = (1..=rows).map(row).collect();
    format!("userId,timestamp,event,note\n{rows}")
}

#[test]
fn another_write_key_is_another_import_unless_it_is_said_to_be_of_the_same_account() {
    let desk = Desk::new("e.ndjson", lines(10));
    let dev = Dev::start(&[]);
    desk.import(&dev, &[]);
    fs::write(desk.file(), lines(12)).unwrap();
    // The shown part of the keys is the same.
    let rotated = "klime_test_key_rotated";
    let import = |arguments: &[&str]| {
        outcome(&desk.klime(&dev.endpoint(), arguments).variable("KLIME_WRITE_KEY", rotated).run())
    };
    let (code, ended) = import(&[]);
    let said = ended["error"].as_str().unwrap();
    assert_eq!((code, numbers(&dev).len()), (2, 10), "{said}");
    assert!(
        said.contains("was begun with another write key: it was \"klim… (") && said.contains("--key-changed"),
        "{said}"
    );
    let kept = fs::read_to_string(desk.path("e.ndjson.klime-checkpoint")).unwrap();
    assert!(!kept.contains(crate::support::WRITE_KEY) && !said.contains(rotated));
    let (code, ended) = import(&["--key-changed"]);
    assert_eq!((code, &ended["books"]["enqueued"]), (0, &2.into()), "{ended}");
    assert_eq!(import(&[]).0, 0, "from now on it is that key");
    assert_eq!(desk.import(&dev, &[]).0, 2);
}

#[test]
fn two_at_once_are_not_at_work_with_one_checkpoint() {
    let desk = Desk::new("e.ndjson", lines(20_000));
    let dev = Dev::start(&[]);
    let first = start(&desk, &dev.endpoint(), &["--rate", "1000"]);
    assert_eq!(dev.get("/dev/wait?count=300&timeout=20").status, 200);
    for arguments in [&[][..], &["--restart"]] {
        let (code, ended) = desk.import(&dev, arguments);
        let said = ended["error"].as_str().unwrap();
        assert_eq!(code, 2, "{said}");
        assert!(
            said.starts_with("another klime import is at work with the checkpoint e.ndjson.klime-checkpoint"),
            "{said}"
        );
    }
    kill_process(Pid::from_raw(i32::try_from(first.id()).unwrap()).unwrap(), Signal::INT).unwrap();
    let (code, ended) = finish(first);
    assert_eq!((code, &ended["error"]), (3, &"interrupted".into()), "{ended}");
    assert!(!desk.path("e.ndjson.klime-checkpoint.lock").exists());
}

#[test]
fn a_first_run_holds_its_checkpoint_before_there_is_one() {
    let desk = Desk::new("e.ndjson", lines(10));
    let dev = Dev::start(&[]);
    // Whoever asks this server for the key gets no answer.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let first = start(&desk, &format!("http://{}", silent.local_addr().unwrap()), &[]);
    let (sender, asked) = std::sync::mpsc::channel();
    std::thread::spawn(move || sender.send(silent.accept()));
    let _held = asked.recv_timeout(std::time::Duration::from_secs(20)).expect("it asks whether the key is known");
    let (code, ended) = desk.import(&dev, &["--restart"]);
    assert_eq!(code, 2, "{ended}");
    assert!(!desk.path("e.ndjson.klime-checkpoint").exists());
    kill_process(Pid::from_raw(i32::try_from(first.id()).unwrap()).unwrap(), Signal::KILL).unwrap();
    first.wait_with_output().unwrap();
    let (code, ended) = desk.import(&dev, &[]);
    assert_eq!((code, &ended["accepted"]), (0, &10.into()), "{ended}");
}

#[test]
fn a_checkpoint_that_cannot_be_kept_is_told_before_anything_is_sent() {
    let desk = Desk::new("e.ndjson", lines(10));
    fs::create_dir(desk.path("folder")).unwrap();
    fs::create_dir(desk.path("taken.new")).unwrap();
    fs::write(desk.path("data.ndjson"), lines(2)).unwrap();
    let dev = Dev::start(&[]);
    for (checkpoint, problem) in [
        ("nowhere/c", "the checkpoint nowhere/c cannot be written: No such file or directory"),
        ("folder", "the checkpoint folder is no file, so none can be written there"),
        ("/dev/null", "the checkpoint /dev/null is no file, so none can be written there"),
        ("data.ndjson", "data.ndjson is no checkpoint of klime import"),
        ("taken", "the checkpoint taken cannot be written: "),
    ] {
        for restart in [&["--checkpoint", checkpoint][..], &["--checkpoint", checkpoint, "--restart"]] {
            let (code, ended) = desk.import(&dev, restart);
            let said = ended["error"].as_str().unwrap();
            assert!(code == 2 && said.starts_with(problem), "{code} {said}");
        }
    }
    assert_eq!(fs::read_to_string(desk.path("data.ndjson")).unwrap(), lines(2), "it is not written over");
    assert_eq!(numbers(&dev).len(), 0);
}

#[test]
fn another_meaning_or_another_place_to_send_to_is_another_import() {
    let desk = Desk::new("e.ndjson", lines(10));
    let dev = Dev::start(&[]);
    desk.import(&dev, &[]);
    let (code, ended) = desk.import(&dev, &["--event", "Other"]);
    assert_eq!(code, 2);
    assert!(
        ended["error"]
            .as_str()
            .unwrap()
            .contains("was begun with another event: it was not given, now it is \"Other\"")
    );
    let other = Dev::start(&[]);
    let (code, ended) = desk.import(&other, &[]);
    assert_eq!(code, 2);
    assert!(ended["error"].as_str().unwrap().contains("was begun with another endpoint"), "{ended}");
    let (code, _) = desk.import(&other, &["--checkpoint", "other"]);
    assert_eq!((code, numbers(&other).len()), (0, 10));
}

#[test]
fn standard_input_is_gone_on_with_if_there_is_a_checkpoint() {
    let desk = Desk::new("unused", "");
    let dev = Dev::start(&[]);
    let arguments = ["import", "-", "--json", "--checkpoint", "c"];
    let import = |input: &str| {
        let klime = Klime::new(&arguments).at(&dev.endpoint()).in_directory(desk.directory.path());
        outcome(&klime.input(input).run())
    };
    let (code, _) = import(&lines(10));
    assert_eq!((code, position(&desk.path("c"))), (0, 10));
    let (code, ended) = import(&lines(12));
    assert_eq!((code, &ended["books"]["enqueued"]), (0, &2.into()), "{ended}");
    let (code, ended) = import(&lines(5));
    assert_eq!(code, 2);
    assert!(ended["error"].as_str().unwrap().contains("is of a source that was otherwise at line 12"), "{ended}");
    assert_eq!(accepted(&dev).len(), 12);
}

#[test]
fn a_stream_does_not_go_on_from_a_checkpoint_of_a_file() {
    let desk = Desk::new("e.ndjson", lines(10));
    let dev = Dev::start(&[]);
    let arguments = ["--checkpoint", "c", "--source", "s"];
    assert_eq!(desk.import(&dev, &arguments).0, 0);
    let all = [&["import", "-", "--json"], &arguments[..]].concat();
    let klime = Klime::new(&all).at(&dev.endpoint()).in_directory(desk.directory.path());
    let (code, ended) = outcome(&klime.input(&lines(12)).run());
    let said = ended["error"].as_str().unwrap();
    assert!(code == 2 && said.contains("is of a file, and this is a stream"), "{said}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_stops_it_and_what_was_saved_stays() {
    let desk = Desk::new("e.ndjson", lines(10));
    let dev = Dev::start(&[]);
    // Whatever is written through this is written to a full disk.
    std::os::unix::fs::symlink("/dev/full", desk.path("e.ndjson.klime-checkpoint.new")).unwrap();
    let (code, ended) = desk.import(&dev, &[]);
    let said = ended["error"].as_str().unwrap();
    assert_eq!(code, 2);
    assert!(said.contains("e.ndjson.klime-checkpoint cannot be written: No space left on device"), "{said}");
    assert_eq!(numbers(&dev).len(), 0, "it is found out before anything is sent");

    fs::remove_file(desk.path("e.ndjson.klime-checkpoint.new")).unwrap();
    let (code, _) = desk.import(&dev, &[]);
    assert_eq!((code, numbers(&dev).len()), (0, 10));
}

#[test]
fn a_full_disk_for_what_is_refused_stops_it_too() {
    let large = format!("{{\"note\":\"{}\"}}\n", "x".repeat(100_000));
    let desk = Desk::new("e.ndjson", format!("{}{large}", lines(10)));
    let dev = Dev::start(&[]);
    // No file may become longer than 64 blocks, as if the disk were full then.
    let mut import = std::process::Command::new("sh");
    let script = "trap '' XFSZ; ulimit -f 64; exec \"$0\" import e.ndjson --json";
    import.args(["-c", script, env!("CARGO_BIN_EXE_klime")]).current_dir(desk.directory.path());
    import.env("KLIME_WRITE_KEY", crate::support::WRITE_KEY).env("KLIME_ENDPOINT", dev.endpoint());
    import.stdin(std::process::Stdio::null()).stdout(std::process::Stdio::piped());
    let (code, ended) = finish(import.spawn().unwrap());
    let said = ended["error"].as_str().unwrap();
    assert!(code == 3 && said.contains("e.ndjson.refused.ndjson cannot be written: File too large"), "{code} {said}");

    let (code, ended) = desk.import(&dev, &[]);
    assert_eq!((code, &ended["refused"], numbers(&dev).len()), (1, &1.into(), 10), "{ended}");
    assert_eq!(desk.refused("e.ndjson.refused.ndjson").len(), 1, "half an entry is not among the others");
}
