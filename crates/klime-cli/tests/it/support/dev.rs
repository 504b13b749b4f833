//! A running `klime dev`.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use serde_json::{Value, json};

use super::http::{Answer, exchange};

/// A failure limit, not a pace.
const PATIENCE: Duration = Duration::from_secs(20);

/// A `klime dev --json` on a port of the system's choice. It is killed when the test ends.
#[derive(Debug)]
pub(crate) struct Dev {
    child: Child,
    address: SocketAddr,
    lines: Mutex<Receiver<String>>,
    stderr: Option<JoinHandle<String>>,
}

/// How it ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    /// What it has printed since it was ready, as far as nobody has taken it.
    pub(crate) lines: Vec<String>,
    pub(crate) stderr: String,
}

impl Dev {
    /// Starts it with these arguments, and waits until it listens.
    #[track_caller]
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::start_with(arguments, |_| {})
    }

    /// The same with a further setting of the process.
    #[track_caller]
    pub(crate) fn start_with(arguments: &[&str], set: impl FnOnce(&mut Command)) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_klime"));
        command.args(["dev", "--port", "0", "--json"]).args(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        set(&mut command);
        let mut child = command.spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        // The setting may have put it elsewhere.
        let stderr = child.stderr.take();
        let stderr = thread::spawn(move || {
            let mut text = String::new();
            let _ = stderr.map(|mut stderr| stderr.read_to_string(&mut text));
            text
        });
        let (sender, lines) = channel();
        thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        let Ok(first) = lines.recv_timeout(PATIENCE) else {
            let _ = child.kill();
            panic!("klime dev did not start: {}", stderr.join().unwrap());
        };
        let listening: Value = serde_json::from_str(&first).unwrap();
        let endpoint = listening["listening"]["endpoint"].as_str().unwrap();
        let address = endpoint.strip_prefix("http://").unwrap().parse().unwrap();
        Self { child, address, lines: Mutex::new(lines), stderr: Some(stderr) }
    }

    /// Its standard input, which has to be piped, ends here.
    pub(crate) fn close_stdin(&mut self) {
        drop(self.child.stdin.take().expect("a piped standard input"));
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL for `KLIME_ENDPOINT`.
    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Sends events with the write key `test-write-key`.
    #[track_caller]
    pub(crate) fn send(&self, events: &[Value]) -> Answer {
        self.send_body(json!({ "batch": events }).to_string().as_bytes(), "")
    }

    /// Sends a body with further headers, each with its line end.
    #[track_caller]
    pub(crate) fn send_body(&self, body: &[u8], headers: &str) -> Answer {
        self.try_send_body(body, headers).expect("an answer")
    }

    pub(crate) fn try_send_body(&self, body: &[u8], headers: &str) -> Option<Answer> {
        let headers = format!("Authorization: Bearer test-write-key\r\nContent-Type: application/json\r\n{headers}");
        self.ask("POST", "/v1/batch", &headers, body)
    }

    #[track_caller]
    pub(crate) fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, "", b"").expect("an answer")
    }

    #[track_caller]
    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        self.ask("POST", path, "", body.to_string().as_bytes()).expect("an answer")
    }

    /// Any request, whose headers each have their line end.
    pub(crate) fn ask(&self, method: &str, path: &str, headers: &str, body: &[u8]) -> Option<Answer> {
        let is_given = format!("\r\n{headers}").to_ascii_lowercase().contains("\r\nhost:");
        let host = if is_given { String::new() } else { format!("Host: {}\r\n", self.address) };
        let length = body.len();
        let head =
            format!("{method} {path} HTTP/1.1\r\n{host}Connection: close\r\nContent-Length: {length}\r\n{headers}\r\n");
        exchange(self.address, &[head.as_bytes(), body].concat())
    }

    /// The next line that it prints.
    #[track_caller]
    pub(crate) fn line(&self) -> Value {
        let line = self.lines.lock().unwrap().recv_timeout(PATIENCE).expect("a line");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }

    /// Waits until it ends by itself.
    #[track_caller]
    pub(crate) fn ended(mut self) -> Ended {
        let code = self.child.wait().unwrap().code();
        let stderr = self.stderr.take().unwrap().join().unwrap();
        assert!(!stderr.contains("panicked"), "{stderr}");
        Ended { code, lines: self.lines.lock().unwrap().iter().collect(), stderr }
    }

    /// Asks it to end.
    #[cfg(unix)]
    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let id = rustix::process::Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        rustix::process::kill_process(id, signal).unwrap();
    }

    /// Stops it as a supervisor would.
    #[cfg(unix)]
    #[track_caller]
    pub(crate) fn stop(self) -> Ended {
        self.signal(rustix::process::Signal::TERM);
        self.ended()
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A track that keeps to the protocol.
pub(crate) fn track(name: &str, message_id: &str) -> Value {
    json!({
        "type": "track", "messageId": message_id, "timestamp": "2026-11-24T15:20:00.123Z", "event": name, "userId": "user_1",
        "context": { "library": { "name": "test-sdk", "version": "1.0.0" } },
    })
}
