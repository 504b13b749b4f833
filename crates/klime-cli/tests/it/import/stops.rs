//! A key that is no good, a server that is not there, and Ctrl-C: it stops, says why, and goes on later.

use std::fs;
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use super::{Desk, accepted, lines, numbers, position};
use crate::support::{Dev, Klime, Program, WRITE_KEY};

#[test]
fn a_key_that_klime_does_not_know_is_found_out_before_the_first_event() {
    let desk = Desk::new("e.ndjson", lines(10));
    let dev = Dev::start(&["--key", "another-key-1234567890"]);
    let (code, ended) = desk.import(&dev, &[]);
    assert_eq!((code, &ended["status"]), (1, &"stopped".into()), "{ended}");
    assert!(ended["error"].as_str().unwrap().starts_with("Klime answered 401"), "{ended}");
    assert!(!desk.path("e.ndjson.klime-checkpoint").exists());
}

#[test]
fn a_key_that_is_revoked_stops_it_and_nothing_is_skipped() {
    let desk = Desk::new("e.ndjson", lines(20_000));
    let dev = Dev::start(&[]);
    let import = start(&desk, &dev.endpoint(), &[]);
    assert_eq!(dev.get("/dev/wait?count=500&timeout=20").status, 200);
    dev.post("/dev/fault", &json!({ "kind": "status", "status": 401 }));
    let (code, ended) = finish(import);
    assert_eq!((code, &ended["status"]), (1, &"stopped".into()), "{ended}");
    assert!(ended["error"].as_str().unwrap().starts_with("Klime answered 401"), "{ended}");
    assert!(!desk.path("e.ndjson.refused.ndjson").exists());
    let settled = position(&desk.path("e.ndjson.klime-checkpoint"));
    assert!(settled < 20_000 && settled <= numbers(&dev).len() as u64, "{settled}");

    dev.ask("DELETE", "/dev/fault", "", b"").unwrap();
    let (code, ended) = desk.import(&dev, &[]);
    assert_eq!((code, &ended["accepted"]), (0, &20_000.into()), "{ended}");
    assert_eq!(numbers(&dev), (1..=20_000).collect::<Vec<_>>());
}

#[test]
fn a_server_that_is_not_there_is_tried_for_a_while() {
    let desk = Desk::new("e.ndjson", lines(10));
    let ran = desk.klime("http://127.0.0.1:9", &["--patience", "1500ms"]).run();
    let (code, ended) = super::outcome(&ran);
    assert_eq!((code, &ended["status"]), (3, &"stopped".into()), "{ended}");
    let said = ended["error"].as_str().unwrap();
    assert!(said.starts_with("no answer from http://127.0.0.1:9: "), "{said}");
    assert!(said.ends_with(", tried for 1s 500ms; klime doctor says more"), "{said}");
    assert!(ran.took.as_millis() >= 1500, "{ran:?}");
    let first: Value = serde_json::from_str(ran.stdout.lines().next().unwrap()).unwrap();
    let trouble = first["trouble"].as_str().unwrap();
    assert!(
        trouble.starts_with("trying until ") && trouble.contains("Z: no answer from http://127.0.0.1:9: "),
        "{first}"
    );
}

#[test]
fn a_server_that_hangs_is_waited_for_no_longer_than_is_said() {
    let desk = Desk::new("e.ndjson", lines(10));
    // It takes connections, and never answers.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", silent.local_addr().unwrap());
    let ran = desk.klime(&endpoint, &["--patience", "1s"]).run();
    let (code, ended) = super::outcome(&ran);
    let said = format!("{endpoint} takes nothing, tried for 1s; klime doctor says more");
    assert_eq!((code, &ended["error"]), (3, &said.into()), "{ended}");
    assert!(ran.took.as_secs() >= 1 && ran.took.as_secs() < 8, "{ran:?}");
}

#[test]
fn a_server_that_fails_for_long_stops_it_and_it_goes_on_later() {
    let desk = Desk::new("e.ndjson", lines(20_000));
    let dev = Dev::start(&[]);
    let import = start(&desk, &dev.endpoint(), &["--patience", "4s"]);
    assert_eq!(dev.get("/dev/wait?count=500&timeout=20").status, 200);
    dev.post("/dev/fault", &json!({ "kind": "status", "status": 503 }));
    let output = import.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let told: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let ended = told.last().unwrap();
    assert_eq!((output.status.code(), &ended["status"]), (Some(3), &"stopped".into()), "{ended}");
    let answered = format!("{} answered 503", dev.endpoint());
    let is_told = |line: &Value| line["trouble"].as_str().is_some_and(|trouble| trouble.starts_with("trying until "));
    assert!(told.iter().any(is_told), "{text}");
    let said = ended["error"].as_str().unwrap();
    assert!(said.starts_with(&answered) && said.ends_with(", tried for 4s; klime doctor says more"), "{said}");
    dev.ask("DELETE", "/dev/fault", "", b"").unwrap();
    let (code, _) = desk.import(&dev, &[]);
    assert_eq!((code, numbers(&dev).len()), (0, 20_000));
}

#[test]
fn ctrl_c_lets_arrive_what_is_on_its_way() {
    let desk = Desk::new("e.ndjson", lines(20_000));
    let dev = Dev::start(&[]);
    let import = start(&desk, &dev.endpoint(), &["--rate", "2000"]);
    assert_eq!(dev.get("/dev/wait?count=300&timeout=20").status, 200);
    kill_process(Pid::from_raw(i32::try_from(import.id()).unwrap()).unwrap(), Signal::INT).unwrap();
    let (code, ended) = finish(import);
    assert_eq!((code, &ended["status"], &ended["error"]), (3, &"stopped".into(), &"interrupted".into()), "{ended}");
    let (arrived, books) = (numbers(&dev).len() as u64, &ended["books"]);
    assert_eq!(position(&desk.path("e.ndjson.klime-checkpoint")), arrived, "{ended}");
    assert_eq!((books["accepted"].as_u64(), books["pending"].as_u64()), (Some(arrived), Some(0)), "{ended}");
}

#[test]
fn a_closed_terminal_stops_it_in_order() {
    let desk = Desk::new("e.ndjson", lines(20_000));
    let dev = Dev::start(&[]);
    let import = start(&desk, &dev.endpoint(), &["--rate", "2000"]);
    assert_eq!(dev.get("/dev/wait?count=300&timeout=20").status, 200);
    kill_process(Pid::from_raw(i32::try_from(import.id()).unwrap()).unwrap(), Signal::HUP).unwrap();
    let (code, ended) = finish(import);
    assert_eq!((code, &ended["error"]), (3, &"interrupted".into()), "{ended}");
    assert_eq!(position(&desk.path("e.ndjson.klime-checkpoint")), numbers(&dev).len() as u64);
}

#[cfg(target_os = "linux")]
#[test]
fn under_nohup_it_outlives_its_terminal() {
    let desk = Desk::new("e.ndjson", lines(3000));
    let dev = Dev::start(&[]);
    let mut import = Command::new("sh");
    import.args(["-c", "trap '' HUP; exec \"$0\" import e.ndjson --json --rate 2000", env!("CARGO_BIN_EXE_klime")]);
    import.current_dir(desk.directory.path()).env("KLIME_WRITE_KEY", WRITE_KEY).env("KLIME_ENDPOINT", dev.endpoint());
    let import = import.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    assert_eq!(dev.get("/dev/wait?count=300&timeout=20").status, 200);
    kill_process(Pid::from_raw(i32::try_from(import.id()).unwrap()).unwrap(), Signal::HUP).unwrap();
    let (code, ended) = finish(import);
    assert_eq!((code, &ended["accepted"]), (0, &3000.into()), "{ended}");
}

#[test]
fn a_rate_is_kept() {
    let desk = Desk::new("e.ndjson", lines(300));
    let dev = Dev::start(&[]);
    let ran = desk.klime(&dev.endpoint(), &["--rate", "300"]).run();
    // What a pause has left may be made up for, so it is a little less than a second.
    assert!(ran.code == 0 && ran.took.as_millis() > 900, "{ran:?}");
}

#[test]
fn nothing_is_sent_when_klime_is_disabled() {
    let desk = Desk::new("e.ndjson", lines(3));
    let ran = desk.klime("http://127.0.0.1:9", &[]).variable("KLIME_DISABLED", "1").run();
    assert_eq!(ran.code, 0);
    assert!(!desk.path("e.ndjson.klime-checkpoint").exists());
}

/// Runs a command line that was printed, as if it were pasted.
#[track_caller]
fn pasted(desk: &Desk, dev: &Dev, command: &str) -> std::process::Output {
    let beside = std::path::Path::new(env!("CARGO_BIN_EXE_klime")).parent().unwrap();
    let mut shell = Command::new("sh");
    shell.args(["-e", "-c", command]).current_dir(desk.directory.path()).stdin(Stdio::null());
    shell.env("PATH", format!("{}:{}", beside.display(), std::env::var("PATH").unwrap()));
    shell.env("KLIME_WRITE_KEY", WRITE_KEY).env("KLIME_ENDPOINT", dev.endpoint());
    shell.output().unwrap()
}

#[test]
fn the_commands_that_are_printed_do_what_they_are_printed_for() {
    let rows = |first: u32, last: u32| -> String {
        (first..=last).map(|number| format!("{number},user_{number},2026-11-23 15:20:00\n")).collect()
    };
    let desk =
        Desk::new("the orders.csv", format!("id,who is it,at\n{}3000,,now\n{}", rows(1, 2999), rows(3001, 3100)));
    let dev = Dev::start(&[]);
    let import = Klime::new(&[
        "import",
        "the orders.csv",
        "--map",
        "userId=who is it",
        "--map=timestamp=at",
        "--timezone",
        "UTC",
        "--event",
        "Order's Placed",
        "--id-from",
        "id",
        "--restart",
        "--checkpoint",
        "c",
        "--rate",
        "2000",
    ]);
    let import = Program::start(import.at(&dev.endpoint()).in_directory(desk.directory.path()));
    assert_eq!(dev.get("/dev/wait?count=300&timeout=20").status, 200);
    let (code, lines) = import.interrupt_and_read();
    let resume = lines.last().unwrap().split_once("run: ").unwrap().1;
    assert!(code == 3 && resume.starts_with("klime import 'the orders.csv' --map 'userId=who is it'"), "{lines:?}");

    let resumed = pasted(&desk, &dev, resume);
    let said = String::from_utf8(resumed.stdout).unwrap();
    assert!(resumed.status.code() == Some(1) && accepted(&dev).len() == 3099, "{said}");
    let mended = said.lines().last().unwrap().split_once("then: ").unwrap().1;
    let refused = fs::read_to_string(desk.path("the orders.csv.refused.ndjson")).unwrap();
    let text = refused.replace("\"now\"", "\"2026-11-23 15:20:00\",\"who is it\":\"u\"");
    fs::write(desk.path("the orders.csv.mended.ndjson"), text).unwrap();
    for _ in 0..2 {
        let output = pasted(&desk, &dev, mended);
        assert!(output.status.success(), "{mended} {output:?}");
    }
    // The row's own key makes the same id of it in either file.
    fs::write(desk.file(), "id,who is it,at\n3000,u,2026-11-23 15:20:00\n").unwrap();
    let alone = resume.replace("--checkpoint c", "--checkpoint d --refused e");
    assert!(pasted(&desk, &dev, &alone).status.success());
    assert_eq!(accepted(&dev).len(), 3100);
    assert!(accepted(&dev).values().all(|event| event["event"] == "Order's Placed"));
}

#[test]
fn people_are_told_what_became_of_their_file() {
    let desk = Desk::new("e.ndjson", format!("{}no event\n", lines(3)));
    let dev = Dev::start(&[]);
    let klime = Klime::new(&["import", "e.ndjson"]).at(&dev.endpoint()).in_directory(desk.directory.path());
    let ran = klime.run();
    let (first, rest) = ran.stdout.split_once('\n').unwrap();
    assert!(first.starts_with("e.ndjson: complete, after "), "{first}");
    insta::assert_snapshot!(rest);
}

pub(super) fn start(desk: &Desk, endpoint: &str, arguments: &[&str]) -> std::process::Child {
    let mut import = Command::new(env!("CARGO_BIN_EXE_klime"));
    import.args(["import", desk.name, "--json", "--retry-delay", "10ms"]).args(arguments);
    import.current_dir(desk.directory.path());
    import.env("KLIME_WRITE_KEY", WRITE_KEY).env("KLIME_ENDPOINT", endpoint);
    import.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap()
}

pub(super) fn finish(import: std::process::Child) -> (i32, Value) {
    let output = import.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    (output.status.code().unwrap(), serde_json::from_str(text.lines().last().unwrap()).unwrap())
}
