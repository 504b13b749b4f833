//! Cases in which the SDK talks to a server by script, and its requests are posted to `klime dev` afterwards.

use std::collections::HashSet;

use serde_json::json;

use super::answers::reply;
use super::calls;
use super::vectors::Case;
use crate::support::{Asked, Dev, Reply, Server};

pub(super) fn post(dev: &Dev, case: &Case) -> Result<(), String> {
    let requests = requests(case);
    if requests.len() != case.requests.len() {
        return Err(format!("{} requests were sent, not {}", requests.len(), case.requests.len()));
    }
    let mut seen = HashSet::new();
    for (index, request) in requests.iter().enumerate() {
        let events = request.events();
        let answer = dev.send_body(&request.body, "");
        let expected = json!({ "status": "ok", "accepted": events.len(), "failed": 0 });
        if (answer.status, answer.json()) != (200, expected) {
            return Err(format!("request {index} is answered {}: {}", answer.status, answer.text()));
        }
        seen.extend(events.iter().map(|event| event["messageId"].as_str().unwrap().to_owned()));
    }
    let counts = dev.get("/dev/stats").json()["events"].clone();
    let sent: usize = requests.iter().map(|request| request.events().len()).sum();
    let expected = (json!(seen.len()), json!(0), json!(sent - seen.len()));
    let found = (counts["accepted"].clone(), counts["refused"].clone(), counts["duplicate"].clone());
    if found == expected { Ok(()) } else { Err(format!("{counts}, not {expected:?}")) }
}

/// What the SDK sends when it gets the answers of the case.
fn requests(case: &Case) -> Vec<Asked> {
    let answers: Vec<Reply> = case.answers.iter().map(reply).collect();
    let server = Server::start(move |asked, index| match answers.get(index) {
        Some(answer) => answer.clone(),
        None => Reply::of_klime(asked),
    });
    let client = calls::builder(case, &server.endpoint()).build().unwrap();
    calls::make_all(case, &client);
    server.asked()
}
