//! `kill -9` at any moment, with a server that fails now and then: everything arrives, and counts once.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::{Desk, accepted, line, outcome, position};
use crate::support::{Dev, WRITE_KEY};

const RECORDS: usize = 30_000;
const KILLS: usize = 100;
/// A kill comes after so many further events at most, seen by the server.
const MOST_EVENTS: u64 = 400;
/// Events a second while it is killed.
const RATE: &str = "2000";

/// Numbers that look random, the same in each run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// Each fiftieth line is at fault, in one way or another.
fn file() -> String {
    let faults = ["{half\n", "{\"type\":\"page\"}\n", "\n", "{\"type\":\"track\",\"event\":\"A\",\"userId\":\"u\"}\n"];
    (1..=RECORDS)
        .map(|number| if number % 50 == 0 { faults[number / 50 % 4].to_owned() } else { line(number) })
        .collect()
}

#[test]
fn killed_a_hundred_times_everything_arrives_and_nothing_is_known_by_another_id() {
    let desk = Desk::new("events.ndjson", file());
    let undisturbed = Dev::start(&[]);
    let arguments = ["--checkpoint", "other.checkpoint", "--refused", "other.refused"];
    let (code, expected) = desk.import(&undisturbed, &arguments);
    assert_eq!((code, &expected["status"]), (1, &"refused".into()), "{expected}");

    let faults =
        ["503,rate=0.05", "lost-answer,rate=0.05", "reset,rate=0.03", "429,rate=0.03", "partial,share=0.1,rate=0.05"];
    let dev = Dev::start(&faults.map(|fault| ["--fault", fault]).concat());
    let mut dice = Dice(7);
    let mut positions = Vec::new();
    for _ in 0..KILLS {
        kill_after(&desk, &dev, 1 + dice.below(MOST_EVENTS));
        positions.push(position(&desk.path("events.ndjson.klime-checkpoint")));
    }
    assert!(positions.is_sorted(), "{positions:?}");
    let distinct: std::collections::BTreeSet<_> = positions.iter().collect();
    assert!(distinct.len() > 10, "it went on from many places: {positions:?}");

    let (code, ended) = outcome(&desk.klime(&dev.endpoint(), &[]).run());
    assert_eq!((code, &ended["status"]), (1, &"refused".into()), "{ended}");
    assert_eq!(ended["records"], expected["records"]);
    check(&accepted(&undisturbed), &accepted(&dev), &desk.refused("events.ndjson.refused.ndjson"));
    let bad_lines = |refused: Vec<Value>| -> Vec<u64> {
        let is_injected = |record: &Value| record["_refused"]["code"] == "fault_injected";
        refused
            .iter()
            .filter(|record| !is_injected(record))
            .map(|record| record["_refused"]["line"].as_u64().unwrap())
            .collect()
    };
    let (bad, expected) = (desk.refused("events.ndjson.refused.ndjson"), desk.refused("other.refused"));
    assert_eq!(bad_lines(bad), bad_lines(expected), "each once, in order");
}

/// Every event has arrived as it does without kills, or is in the refused file because the server said so.
fn check(expected: &BTreeMap<String, Value>, found: &BTreeMap<String, Value>, refused: &[Value]) {
    let refused_ids: Vec<_> = refused.iter().filter_map(|record| record["_refused"]["id"].as_str()).collect();
    let unknown: Vec<_> = found.keys().filter(|id| !expected.contains_key(*id)).collect();
    assert_eq!(unknown, Vec::<&String>::new(), "known by another id");
    let missing: Vec<_> =
        expected.keys().filter(|id| !found.contains_key(*id) && !refused_ids.contains(&id.as_str())).collect();
    assert_eq!(missing, Vec::<&String>::new(), "lost");
    for (id, event) in found {
        assert_eq!(event, &expected[id]);
    }
}

/// Starts an import, and kills it when the server has seen so many further events.
fn kill_after(desk: &Desk, dev: &Dev, events: u64) {
    let latest = dev.get("/dev/stats").json()["latestSeq"].as_u64().unwrap();
    let mut import = Command::new(env!("CARGO_BIN_EXE_klime"));
    // Slow enough that the file lasts for all kills, however late the server's word gets here.
    import
        .args(["import", "events.ndjson", "--retry-delay", "10ms", "--rate", RATE])
        .current_dir(desk.directory.path());
    import.env("KLIME_WRITE_KEY", WRITE_KEY).env("KLIME_ENDPOINT", dev.endpoint());
    let mut import = import.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let count = events.min(1000);
    let answer = dev.get(&format!("/dev/wait?status=all&after={latest}&count={count}&timeout=20"));
    import.kill().unwrap();
    let status = import.wait().unwrap();
    assert_eq!((answer.status, status.code()), (200, None), "it was killed at work");
}
