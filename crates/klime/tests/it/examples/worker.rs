//! The worker, and its end in the middle of the work.

use std::collections::HashMap;
use std::io::Write;
use std::thread;

use serde_json::json;

use super::program::Program;
use crate::support::Server;

#[test]
fn worker_tracks_for_an_organisation() {
    let server = Server::start();
    let mut worker = Program::start("worker", &[], &server);
    worker.write_line("org_456 webhook 100");
    worker.write_line("org_456 webhook many");
    assert_eq!(worker.line(), "done: org_456 webhook 100");
    assert_eq!(worker.line(), "not a job: org_456 webhook many");
    worker.interrupt();
    assert!(worker.end().success);
    let events = server.events();
    assert_eq!(events.len(), 1);
    assert_eq!((&events[0]["event"], &events[0]["groupId"]), (&json!("Events Received"), &json!("org_456")));
    assert_eq!(events[0].get("userId"), None);
    assert_eq!(events[0]["properties"], json!({ "count": 100, "source": "webhook" }));
}

#[test]
fn worker_stopped_by_a_signal_loses_no_job_that_is_done() {
    let server = Server::start();
    let mut worker = Program::start("worker", &[], &server);
    let mut stdin = worker.take_stdin();
    // Fewer than the queue holds; the input stays open, so that the signal is what ends the worker.
    let feeder = thread::spawn(move || {
        // An error is the worker's end.
        let _ = (0..900).try_for_each(|job| writeln!(stdin, "org_{job} cron {job}"));
        stdin
    });
    let mut lines: Vec<String> = (0..50).map(|_| worker.line()).collect();
    worker.terminate();
    let ended = worker.end();
    drop(feeder.join().unwrap());

    assert!(ended.success);
    lines.extend(ended.lines);
    let report = lines.pop().unwrap();
    assert!(report.ends_with(" accepted, 0 rejected, 0 failed, 0 dropped, 0 pending"), "{report}");
    let events = server.events();
    assert_eq!(events.len(), lines.len());
    let by_group: HashMap<_, _> = events.iter().map(|event| (event["groupId"].as_str().unwrap(), event)).collect();
    for line in &lines {
        let group = line.strip_prefix("done: ").and_then(|job| job.split(' ').next()).unwrap();
        assert!(by_group.contains_key(group), "{line:?}, but its event did not arrive");
    }
}
