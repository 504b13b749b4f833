//! What it prints, as a program whose output someone reads, or does not.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use crate::support::http::exchange;
use crate::support::{Dev, track};

#[test]
fn each_event_is_printed_as_a_row() {
    let dev = Dev::start(&[]);
    dev.send(&[track("Report Generated", "m1")]);
    let line = dev.line();
    let mut row = dev.get("/dev/events/1").json();
    assert_eq!(line, row);
    row["status"] = "duplicate".into();
    dev.send(&[track("Report Generated", "m1")]);
    assert_eq!(dev.line()["status"], row["status"]);
}

/// A `klime dev --json` whose output is read by nobody but the test, and killed with it.
struct Unread {
    child: Child,
    output: Option<BufReader<ChildStdout>>,
    address: SocketAddr,
}

impl Unread {
    fn start() -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_klime"));
        command
            .args(["dev", "--port", "0", "--json"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut first = String::new();
        output.read_line(&mut first).unwrap();
        let listening: Value = serde_json::from_str(&first).unwrap();
        let endpoint = listening["listening"]["endpoint"].as_str().unwrap();
        let address = endpoint.strip_prefix("http://").unwrap().parse().unwrap();
        Self { child, output: Some(output), address }
    }

    /// Stops it, and returns its status and what it has said. Nobody reads its output until then.
    #[cfg(unix)]
    fn stop(mut self) -> (Option<i32>, String) {
        use std::io::Read as _;
        let id = rustix::process::Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
        let mut stderr = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        (self.child.wait().unwrap().code(), stderr)
    }

    #[track_caller]
    fn send(&self, events: &[Value]) {
        let body = json!({ "batch": events }).to_string();
        let head =
            "POST /v1/batch HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer k\r\nContent-Type: application/json";
        let request = format!("{head}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        assert_eq!(exchange(self.address, request.as_bytes()).unwrap().status, 200);
    }
}

impl Drop for Unread {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn an_output_that_nobody_reads_does_not_hold_up_the_senders_and_says_what_it_left_out() {
    let mut dev = Unread::start();
    // More than a pipe, the writer's buffer and the queue take together.
    let mut event = track("Large", "m");
    event["properties"] = json!({ "text": "x".repeat(150_000) });
    let events = vec![event; 20];
    for _ in 0..4 {
        dev.send(&events);
    }
    let (mut shown, mut skipped) = (0, 0);
    let mut lines = dev.output.take().unwrap().lines().map_while(Result::ok);
    while shown + skipped < 80 {
        let line: Value = serde_json::from_str(&lines.next().unwrap()).unwrap();
        shown += u64::from(line.get("seq").is_some());
        skipped += line["skipped"]["events"].as_u64().unwrap_or(0);
    }
    assert!(shown > 0 && skipped > 0, "{shown} shown, {skipped} skipped");
}

#[cfg(unix)]
#[test]
fn events_that_nobody_has_read_are_counted_at_the_end() {
    let dev = Unread::start();
    let mut event = track("Large", "m");
    event["properties"] = json!({ "text": "x".repeat(150_000) });
    for _ in 0..4 {
        dev.send(&vec![event.clone(); 20]);
    }
    let (code, stderr) = dev.stop();
    assert_eq!(code, Some(0));
    let said = "80 events were not printed, for standard output was not read fast enough; all else has them\n";
    assert!(stderr.contains(said), "{stderr}");
}

#[test]
fn a_reader_that_has_gone_away_is_no_failure() {
    let mut dev = Unread::start();
    drop(dev.output.take());
    for _ in 0..3 {
        dev.send(&[track("A", "m1")]);
    }
    #[cfg(unix)]
    {
        let (code, stderr) = dev.stop();
        assert_eq!(code, Some(0));
        assert!(!stderr.contains("not printed"), "{stderr}");
    }
}

#[test]
fn rows_are_printed_in_the_order_of_their_numbers() {
    let dev = Dev::start(&[]);
    std::thread::scope(|scope| {
        for sender in 0..8 {
            let dev = &dev;
            scope.spawn(move || {
                let events: Vec<Value> = (0..3).map(|n| track("A", &format!("{sender} {n}"))).collect();
                for _ in 0..100 {
                    assert_eq!(dev.send(&events).status, 200);
                }
            });
        }
    });
    for seq in 1..=2400 {
        assert_eq!(dev.line()["seq"], seq);
    }
}

#[cfg(unix)]
#[test]
fn a_standard_error_that_nobody_reads_does_not_hold_up_a_refusal() {
    use std::io::Write as _;
    let (_unread, mut stderr) = std::os::unix::net::UnixStream::pair().unwrap();
    let theirs = std::os::fd::OwnedFd::from(stderr.try_clone().unwrap());
    let dev = Dev::start_with(&[], |command| {
        command.stderr(theirs);
    });
    // What it says at the start has been said when it answers.
    assert_eq!(dev.get("/healthz").status, 200);
    stderr.set_nonblocking(true).unwrap();
    while stderr.write(&[b'x'; 1000]).is_ok() {}
    while stderr.write(b"x").is_ok() {}
    stderr.set_nonblocking(false).unwrap();
    for n in 0..5 {
        let refused = dev.ask("GET", "/", &format!("Host: {n}.example\r\n"), b"").map(|answer| answer.status);
        assert_eq!(refused, Some(403));
    }
    assert_eq!(dev.send(&[track("A", "m1")]).status, 200);
}

#[test]
fn plain_output_has_no_colours_and_colours_can_be_forced() {
    let run = |variable: (&str, &str)| {
        let output = Command::new(env!("CARGO_BIN_EXE_klime"))
            .args(["dev", "--port", "0", "--exec"])
            .arg(format!("'{}' track 'Report Generated' --user user_1", env!("CARGO_BIN_EXE_klime")))
            .env_remove("NO_COLOR")
            .env(variable.0, variable.1)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(!run(("UNUSED", "1")).contains('\u{1b}'));
    assert!(run(("CLICOLOR_FORCE", "1")).contains("\u{1b}[32m✓\u{1b}[0m track"));
}
