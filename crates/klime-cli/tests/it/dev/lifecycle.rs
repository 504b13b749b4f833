//! How it starts and how it ends.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::process::{Command, Stdio};

use serde_json::json;

use crate::support::http::{connect, head};
use crate::support::{Dev, Klime, stored, track};

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
        #[cfg(unix)]
        (["--key-file", "/dev/zero"], "--key-file /dev/zero: it is larger than 65536 bytes, so it holds no write key"),
        (["--host", "everywhere"], "it must be an IP address such as 127.0.0.1"),
    ] {
        let ran = Klime::without_key(&[&["dev", "--port", "0"], &arguments[..]].concat()).run();
        assert_eq!((ran.code, ran.stderr.contains(names)), (2, true), "{}", ran.stderr);
    }
}

#[cfg(unix)]
#[test]
fn the_key_may_come_from_the_environment_where_blank_means_none() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("key");
    std::fs::write(&file, "key-of-the-file\n").unwrap();
    let file = file.to_str().unwrap();
    for (variable, options, key) in [
        ("", vec![], "klime-dev"),
        (" \t", vec![], "klime-dev"),
        (" key-of-the-variable ", vec![], "key-of-the-variable"),
        ("key-of-the-variable", vec!["--key", "key-of-the-option"], "key-of-the-option"),
        ("key-of-the-variable", vec!["--key-file", file], "key-of-the-file"),
    ] {
        let arguments = [&["dev", "--port", "0", "--quiet", "--exec", "echo $KLIME_WRITE_KEY"], &options[..]].concat();
        let ran = Klime::without_key(&arguments).variable("KLIME_DEV_KEY", variable).run();
        assert_eq!((ran.stdout.trim_end(), ran.stderr.as_str(), ran.code), (key, "", 0), "{variable:?}");
    }
    let ran = Klime::without_key(&["dev", "--port", "0"]).variable("KLIME_DEV_KEY", "two words").run();
    assert_eq!(ran.stderr, "error: KLIME_DEV_KEY: it may hold only printable ASCII characters and no spaces\n");
    assert_eq!(ran.code, 2);
}

#[cfg(unix)]
#[test]
fn a_port_that_is_taken_on_ipv6_alone_is_told() {
    // A machine without IPv6 has nobody who could take it for localhost.
    let Ok(other) = TcpListener::bind("[::1]:0") else { return };
    let port = other.local_addr().unwrap().port();
    let ran = Klime::without_key(&["dev", "--port", &port.to_string(), "--quiet", "--exec", ":"]).run();
    assert_eq!(
        ran.stderr,
        format!(
            "warning: [::1]:{port} is taken by another program, which gets what is sent to localhost by IPv6; 127.0.0.1 leads here\n"
        )
    );
    assert_eq!(ran.code, 0);
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

#[cfg(target_os = "linux")]
#[test]
fn a_closed_terminal_stops_it_unless_it_was_started_to_outlive_it() {
    let dev = Dev::start(&[]);
    dev.signal(rustix::process::Signal::HUP);
    assert_eq!(dev.ended().code, Some(0));

    let dev = Dev::start_with(&[], |command| {
        let start = "trap '' HUP; exec \"$0\" dev --port 0 --json";
        let mut shell = Command::new("sh");
        shell.args(["-c", start, env!("CARGO_BIN_EXE_klime")]);
        shell.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        *command = shell;
    });
    dev.signal(rustix::process::Signal::HUP);
    assert_eq!(dev.send(&[track("A", "m1")]).status, 200);
    assert_eq!(dev.stop().code, Some(0));
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
fn a_large_file_is_announced_and_can_be_interrupted_while_it_is_read() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("events.db");
    stored::store(&file, 30_000);
    let mut command = Command::new(env!("CARGO_BIN_EXE_klime"));
    command.args(["dev", "--port", "0", "--db"]).arg(&file).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    stderr.read_line(&mut line).unwrap();
    assert!(line.contains(&format!("reading {} (30000 events)", file.display())), "{line}");
    let id = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(id, rustix::process::Signal::INT).unwrap();
    let ended = child.wait_with_output().unwrap();
    // A port was not taken, so nobody was let in to wait.
    assert_eq!((ended.status.code(), String::from_utf8(ended.stdout).unwrap()), (Some(130), String::new()));
    let again = Dev::start(&["--db", file.to_str().unwrap()]);
    assert_eq!(again.get("/dev/stats").json()["events"]["stored"], 30_000);
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
