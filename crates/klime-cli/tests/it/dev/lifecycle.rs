//! How it starts and how it ends.

use std::io::{BufReader, Write as _};
use std::net::TcpListener;

use serde_json::json;

use crate::support::http::{connect, head};
use crate::support::{Dev, Klime, track};

#[test]
fn a_taken_port_is_named_with_what_to_do() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let ran = Klime::without_key(&["dev", "--port", &port]).run();
    assert_eq!(ran.code, 1);
    assert_eq!(
        ran.stderr,
        format!(
            "error: port {port} is taken, perhaps by another klime dev; choose one with --port, or --port 0 for any free one\n"
        )
    );
}

#[test]
fn a_bad_argument_is_a_matter_of_usage() {
    for (arguments, names) in [
        (["--fault", "flood"], "there is no fault \"flood\""),
        (["--expect", "page:Home"], "it begins with track, identify or group, not \"page\""),
        (["--timeout", "soon"], "it must be a duration such as 500ms"),
        (["--key", "two words"], "it may hold only printable ASCII characters"),
        (["--key-file", "/nonexistent/key"], "--key-file /nonexistent/key: "),
        (["--host", "everywhere"], "it must be an IP address such as 127.0.0.1"),
    ] {
        let ran = Klime::without_key(&[&["dev", "--port", "0"], &arguments[..]].concat()).run();
        assert_eq!((ran.code, ran.stderr.contains(names)), (2, true), "{}", ran.stderr);
    }
}

#[cfg(unix)]
#[test]
fn a_stop_finishes_what_is_under_way_and_says_goodbye_with_zero() {
    let dev = Dev::start(&[]);
    dev.send(&[track("A", "m1")]);
    // A request whose body is not there yet, and one that waits.
    let mut waiting = connect(dev.address());
    write!(waiting, "GET /dev/wait?count=2&timeout=60 HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut streaming = connect(dev.address());
    write!(streaming, "GET /dev/live?from=0 HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    assert_eq!(head(&mut BufReader::new(&mut streaming)).unwrap().0, 200);
    dev.signal(rustix::process::Signal::INT);
    let (status, _) = head(&mut BufReader::new(&mut waiting)).unwrap();
    assert_eq!(status, 503);
    let ended = dev.ended();
    assert_eq!(ended.code, Some(0));
    assert_eq!(ended.lines.len(), 1, "{:?}", ended.lines);
}

#[cfg(unix)]
#[test]
fn the_banner_says_where_it_is_and_shows_no_key() {
    let dev = Dev::start(&["--key", "a-very-secret-write-key"]);
    let endpoint = dev.endpoint();
    let ended = dev.stop();
    // With --json, the banner is not printed on standard output, and the address comes first there.
    assert!(ended.stderr.contains(&format!("KLIME_ENDPOINT={endpoint}")), "{}", ended.stderr);
    assert!(ended.stderr.contains("the write key a-ve…"), "{}", ended.stderr);
    assert!(!ended.stderr.contains("secret"), "{}", ended.stderr);
}

#[cfg(unix)]
#[test]
fn a_file_keeps_what_arrived() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("events.db");
    let file = file.to_str().unwrap();
    let dev = Dev::start(&["--db", file]);
    dev.send(&[track("A", "m1")]);
    let ended = dev.stop();
    assert_eq!(ended.code, Some(0));
    assert!(ended.stderr.contains("stopped; 1 event had arrived: 1 accepted"), "{}", ended.stderr);
    let again = Dev::start(&["--db", file]);
    assert_eq!(again.get("/dev/wait?timeout=0").json()["matched"], 1);
    assert_eq!(again.send(&[track("A", "m1")]).status, 200);
    assert_eq!(again.get("/dev/wait?status=duplicate&timeout=0").json()["matched"], 1);
    assert_eq!(again.post("/dev/reset", &json!({})).json()["events"]["accepted"], 0);
    assert_eq!(again.get("/dev/wait?timeout=0").status, 504);
    // One at a time.
    let third = Klime::without_key(&["dev", "--port", "0", "--db", file]).run();
    assert_eq!(third.code, 1);
    assert!(third.stderr.contains("another klime dev"), "{}", third.stderr);
}

#[cfg(unix)]
#[test]
fn an_event_is_not_shown_when_quiet_but_a_warning_is() {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_klime"));
    command.args(["dev", "--port", "0", "--quiet", "--host", "0.0.0.0", "--exec", "true"]);
    let output = command.stdin(std::process::Stdio::null()).output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "");
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(stderr, "warning: 0.0.0.0 can be reached from other machines: whoever reaches it can read all events\n");
}
