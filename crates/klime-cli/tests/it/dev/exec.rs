//! `--exec` and `--expect`: a check of an instrumentation in one line.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::support::{Dev, Ended, track};

#[derive(Debug)]
struct Ran {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

/// Runs `klime dev` to its end. The command of `--exec` finds `klime` in its `PATH`.
#[track_caller]
fn run(arguments: &[&str]) -> Ran {
    let klime = std::path::Path::new(env!("CARGO_BIN_EXE_klime"));
    let paths = std::env::var("PATH").unwrap();
    let path =
        std::env::join_paths(std::iter::once(klime.parent().unwrap().to_owned()).chain(std::env::split_paths(&paths)));
    let mut command = Command::new(klime);
    command.args(["dev", "--port", "0"]).args(arguments).env("PATH", path.unwrap()).stdin(Stdio::null());
    // What is set for other tools must not reach the command.
    command.env("KLIME_DISABLED", "1").env("KLIME_WRITE_KEY_FILE", "/nonexistent");
    let output = command.output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(!stderr.contains("panicked"), "{stderr}");
    Ran { code: output.status.code(), stdout: String::from_utf8(output.stdout).unwrap(), stderr }
}

const TRACK: &str = "klime track 'Report Generated' --user user_1";

#[test]
fn a_command_that_sends_what_is_expected_is_a_success() {
    let ran = run(&["--expect", "track:Report Generated", "--exec", TRACK]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.stderr.contains("all expectations are met"), "{ran:?}");
    assert!(ran.stdout.contains("✓ track    Report Generated            user user_1"), "{ran:?}");
    let exact = run(&["--quiet", "--expect", "track:Report Generated=2", "--exec", &format!("{TRACK} && {TRACK}")]);
    assert_eq!((exact.code, exact.stderr.as_str()), (Some(0), ""));
}

#[test]
fn an_event_that_does_not_come_is_a_failure_that_tells_what_came() {
    let ran = run(&[
        "--quiet",
        "--timeout",
        "100ms",
        "--expect",
        "track:Report Created",
        "--expect",
        "identify",
        "--expect",
        "track:Report Generated=2",
        "--exec",
        &format!("{TRACK} && klime track 'report created' --user user_1"),
    ]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert_eq!(
        ran.stderr,
        "error: expected at least 1 track \"Report Created\", got 0; track \"report created\" came 1×\n\
         error: expected at least 1 identify, got 0\n\
         error: expected exactly 2 track \"Report Generated\", got 1\n"
    );
}

#[test]
fn an_event_too_many_is_a_failure() {
    let ran = run(&["--quiet", "--expect", "track=1", "--exec", &format!("{TRACK} && {TRACK}")]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(1), "error: expected exactly 1 track, got 2\n"));
}

#[test]
fn a_command_that_fails_hands_on_its_status() {
    let ran = run(&["--quiet", "--expect", "track", "--exec", "exit 42"]);
    let errors = "error: the command ended with 42\nerror: expected at least 1 track, got 0\n";
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(42), errors));
    let ran = run(&["--quiet", "--exec", "kill -9 $$"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(137), "error: the command was ended by signal 9\n"));
    assert_eq!(run(&["--quiet", "--exec", "true"]).code, Some(0));
    assert_eq!(run(&["--quiet", "--exec", "klime-no-such-command"]).code, Some(127));
}

#[test]
fn what_is_met_is_not_said_of_a_command_that_fails() {
    for (script, code) in [("exit 3", 3), ("exit 0", 0)] {
        let ran = run(&["--expect", "track", "--exec", &format!("{TRACK}; {script}")]);
        assert_eq!(ran.code, Some(code), "{ran:?}");
        let said = |words: &str| ran.stderr.contains(words);
        assert_eq!(
            (said("error: the command ended with 3\n"), said("all expectations are met")),
            (code > 0, code == 0)
        );
    }
}

#[test]
fn the_command_is_told_where_to_send_and_with_which_key() {
    let ran = run(&["--quiet", "--exec", "echo $KLIME_ENDPOINT $KLIME_WRITE_KEY ${KLIME_DISABLED-enabled}"]);
    assert!(ran.stdout.starts_with("http://127.0.0.1:") && ran.stdout.ends_with(" klime-dev enabled\n"), "{ran:?}");
    let keyed = run(&["--quiet", "--key", "the-only-key", "--exec", "echo $KLIME_WRITE_KEY"]);
    assert_eq!(keyed.stdout, "the-only-key\n");
}

#[test]
fn with_json_the_commands_output_does_not_get_between_the_lines() {
    let ran = run(&["--json", "--exec", &format!("echo hello && {TRACK}")]);
    assert!(ran.stderr.contains("hello"), "{ran:?}");
    let events: Vec<serde_json::Value> = ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(events.len(), 2);
    assert_eq!(events[1]["event"], "Report Generated");
}

/// It waits until the shell has ended, of which `$$` is the number.
#[cfg(unix)]
#[test]
fn what_the_command_leaves_running_may_still_send_what_is_expected() {
    let script = "(while kill -0 $$ 2>/dev/null; do :; done; klime track Late --user user_1) >/dev/null 2>&1 &";
    let ran = run(&["--quiet", "--expect", "track:Late", "--exec", script]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
}

/// The request has begun before the command ends, and its events come after.
#[cfg(unix)]
#[test]
fn an_exact_count_is_broken_by_what_comes_just_after_the_command() {
    let folder = tempfile::tempdir().unwrap();
    let alive = folder.path().join("alive");
    assert!(Command::new("mkfifo").arg(&alive).status().unwrap().success());
    let script = format!("exec 3>'{}'; cat", alive.display());
    let mut dev = Dev::start_with(&["--expect", "track:Late=0", "--exec", &script], |command| {
        command.stdin(Stdio::piped());
    });
    let mut alive = File::open(alive).unwrap();

    let body = json!({ "batch": [track("Late", "m1")] }).to_string();
    let mut connection = TcpStream::connect(dev.address()).unwrap();
    let head = format!(
        "POST /v1/batch HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer k\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nExpect: 100-continue\r\n\r\n",
        dev.address(),
        body.len()
    );
    connection.write_all(head.as_bytes()).unwrap();
    let mut begun = [0; 25];
    connection.read_exact(&mut begun).unwrap();
    assert_eq!(&begun, b"HTTP/1.1 100 Continue\r\n\r\n");

    dev.close_stdin();
    alive.read_to_end(&mut Vec::new()).unwrap();
    connection.write_all(body.as_bytes()).unwrap();
    let ended = dev.ended();
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.contains("error: expected exactly 0 track \"Late\", got 1\n"), "{}", ended.stderr);
}

#[test]
fn an_exact_count_does_not_wait_for_the_whole_timeout_after_a_command() {
    let ran = run(&["--quiet", "--timeout", "10m", "--expect", "track=1", "--expect", "group=0", "--exec", TRACK]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
}

/// Sends these events while a command of `--exec` runs, which ends then.
fn send_within_exec(arguments: &[&str], events: &[Value]) -> Ended {
    let mut dev = Dev::start_with(&[arguments, &["--exec", "cat"]].concat(), |command| {
        command.stdin(Stdio::piped());
    });
    dev.send(events);
    dev.close_stdin();
    dev.ended()
}

#[test]
fn strict_forgives_what_a_fault_has_refused() {
    for fault in ["partial,share=1", "503,count=1"] {
        let ended = send_within_exec(&["--strict", "--fault", fault], &[track("A", "m1")]);
        assert_eq!(ended.code, Some(0), "{fault}: {}", ended.stderr);
        assert!(!ended.stderr.contains("error"), "{fault}: {}", ended.stderr);
    }
}

#[test]
fn strict_does_not_forgive_a_refusal() {
    assert_eq!(send_within_exec(&[], &[json!({})]).code, Some(0));
    let ended = send_within_exec(&["--strict"], &[json!({})]);
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.ends_with("\nerror: 1 event was refused, and --strict was given\n"), "{}", ended.stderr);
}

#[test]
fn without_a_command_it_ends_when_everything_has_come() {
    let dev = Dev::start(&["--expect", "track:A>=2", "--timeout", "60s"]);
    dev.send(&[track("A", "m1")]);
    dev.send(&[track("A", "m2")]);
    let ended = dev.ended();
    assert_eq!(ended.code, Some(0));
    assert!(ended.stderr.contains("all expectations are met"), "{}", ended.stderr);
}

#[test]
fn without_a_command_an_exact_count_is_judged_at_the_end() {
    let met = Dev::start(&["--expect", "track=1", "--timeout", "500ms"]);
    met.send(&[track("A", "m1")]);
    assert_eq!(met.ended().code, Some(0));
    let broken = Dev::start(&["--expect", "track=0", "--timeout", "60s"]);
    broken.send(&[track("A", "m1")]);
    let ended = broken.ended();
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.contains("error: expected exactly 0 track, got 1"), "{}", ended.stderr);
}

#[test]
fn duplicates_and_refused_events_fulfil_nothing() {
    let dev = Dev::start(&["--expect", "track>=2", "--timeout", "500ms"]);
    dev.send(&[track("A", "m1"), track("A", "m1"), json!({ "type": "track", "event": "A" })]);
    let ended = dev.ended();
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.contains("expected at least 2 track, got 1"), "{}", ended.stderr);
}

/// The command tells us that it runs by an event, and that it was told to end by another one.
#[cfg(unix)]
#[test]
fn a_signal_reaches_the_command_and_all_that_it_has_started() {
    let script =
        "trap 'klime track Told --user user_1; exit 7' TERM; klime track Started --user user_1; sleep 600 & wait";
    let klime = std::path::Path::new(env!("CARGO_BIN_EXE_klime")).parent().unwrap().to_owned();
    let paths = std::env::var("PATH").unwrap();
    let path = std::env::join_paths(std::iter::once(klime).chain(std::env::split_paths(&paths))).unwrap();
    let dev = Dev::start_with(&["--exec", script], |command| {
        command.env("PATH", path);
    });
    assert_eq!(dev.line()["event"], "Started");
    dev.signal(rustix::process::Signal::TERM);
    assert_eq!(dev.line()["event"], "Told");
    // Its end closes standard error, which `sleep` would hold open if it had been left behind.
    assert_eq!(dev.ended().code, Some(7));
}

#[test]
fn a_doctor_leaves_no_trace_in_the_klime_dev_that_it_examines() {
    let ran = run(&["--strict", "--exec", "klime doctor --timeout 3s >&2"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.stderr.contains("401 without a key, as it should be"), "{ran:?}");
    assert_eq!(ran.stdout, "");
}

#[test]
fn quiet_shows_only_what_is_wrong() {
    let ran = run(&["--quiet", "--fault", "503,count=1", "--exec", TRACK]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let lines: Vec<&str> = ran.stdout.lines().collect();
    assert!(lines.iter().any(|line| line.contains("✗ request") && line.contains("503")), "{ran:?}");
    assert!(!ran.stdout.contains("✓"), "{ran:?}");
    let ran = run(&["-q", "--fault", "partial", "--exec", &format!("{TRACK} || true")]);
    assert!(ran.stdout.contains("✗ track    Report Generated"), "{ran:?}");
}
