//! `klime import` against `klime dev`: what arrives, what is refused, and how it goes on.

mod checkpoints;
mod exports;
mod input;
mod kills;
mod refused;
mod rejections;
mod repeats;
mod stops;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Dev, Klime, Ran};

/// A directory with a file to import.
#[derive(Debug)]
struct Desk {
    directory: TempDir,
    name: &'static str,
}

impl Desk {
    fn new(name: &'static str, content: impl AsRef<[u8]>) -> Self {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join(name), content).unwrap();
        Self { directory, name }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn file(&self) -> PathBuf {
        self.path(self.name)
    }

    /// `klime import` of the file with `--json`, to be run in the directory.
    fn klime(&self, endpoint: &str, arguments: &[&str]) -> Klime {
        let all = [&["import", self.name, "--json", "--retry-delay", "10ms"], arguments].concat();
        Klime::new(&all).at(endpoint).in_directory(self.directory.path())
    }

    /// Runs it and says how it ended.
    #[track_caller]
    fn import(&self, dev: &Dev, arguments: &[&str]) -> (i32, Value) {
        outcome(&self.klime(&dev.endpoint(), arguments).run())
    }

    /// The records of a refused file.
    #[track_caller]
    fn refused(&self, name: &str) -> Vec<Value> {
        let text = fs::read_to_string(self.path(name)).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// The exit status, and the last line of `--json`.
#[track_caller]
fn outcome(ran: &Ran) -> (i32, Value) {
    let last = ran.stdout.lines().last().unwrap_or_else(|| panic!("no outcome: {ran:?}"));
    (ran.code, serde_json::from_str(last).unwrap())
}

/// The accepted events by message id.
#[track_caller]
fn accepted(dev: &Dev) -> BTreeMap<String, Value> {
    let text = unchunked(&dev.get("/dev/export.ndjson").body);
    let events = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    events.map(|event| (event["messageId"].as_str().unwrap().to_owned(), event)).collect()
}

/// The text of a chunked body.
#[track_caller]
fn unchunked(mut body: &[u8]) -> String {
    let mut text = Vec::new();
    loop {
        let end = body.windows(2).position(|bytes| bytes == b"\r\n").expect("a chunk's length");
        let length = usize::from_str_radix(std::str::from_utf8(&body[..end]).unwrap(), 16).unwrap();
        if length == 0 {
            return String::from_utf8(text).unwrap();
        }
        text.extend_from_slice(&body[end + 2..][..length]);
        body = &body[end + 2 + length + 2..];
    }
}

/// A line of NDJSON: the `number`-th event, with an id of its own for every other one.
fn line(number: usize) -> String {
    let mut event = json!({
        "type": "track", "event": "Report Generated", "userId": format!("user_{}", number % 50),
        "timestamp": "2026-11-23T15:20:00.000Z", "properties": { "number": number },
    });
    if number.is_multiple_of(2) {
        event["messageId"] = format!("id-{number}").into();
    }
    format!("{event}\n")
}

fn lines(count: usize) -> String {
    (1..=count).map(line).collect()
}

fn numbers(dev: &Dev) -> Vec<u64> {
    let mut numbers: Vec<_> =
        accepted(dev).values().map(|event| event["properties"]["number"].as_u64().unwrap()).collect();
    numbers.sort_unstable();
    numbers
}

/// Where the checkpoint is.
#[track_caller]
fn position(path: &Path) -> u64 {
    let checkpoint: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    checkpoint["position"]["lines"].as_u64().unwrap()
}
