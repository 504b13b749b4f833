//! A file of events from an earlier run, written without a running `klime dev`.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use klime_cli::dev::store::{BatchRecord, Limits, Store};
use klime_cli::dev::validate;
use serde_json::{Value, json};

use super::track;

const EVENTS_IN_BATCH: usize = 100;

/// Writes so many tracks with the message ids `old0`, `old1`….
pub(crate) fn store(path: &Path, count: usize) {
    let mut store = Store::open(Some(path), Limits::default()).unwrap();
    let events: Vec<Value> = (0..count).map(|number| track("Old", &format!("old{number}"))).collect();
    for events in events.chunks(EVENTS_IN_BATCH) {
        let judged = validate::judge(json!({ "batch": events }).to_string().as_bytes()).unwrap();
        store.append(&request(), &judged).unwrap();
    }
}

fn request() -> BatchRecord {
    BatchRecord {
        received_at: Timestamp::UNIX_EPOCH,
        status: 200,
        bytes: 0,
        gzip: false,
        took: Duration::ZERO,
        key: None,
        user_agent: None,
        error: None,
        fault: None,
    }
}
