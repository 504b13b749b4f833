//! `POST /v1/batch` as the protocol has it.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;

use crate::support::http::connect;
use crate::support::{Dev, track};

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn a_batch_is_taken_and_found_again() {
    let dev = Dev::start(&[]);
    let answer = dev.send(&[track("Report Generated", "m1"), json!({ "type": "page" })]);
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.json(),
        json!({
            "status": "ok", "accepted": 1, "failed": 1,
            "errors": [{
                "index": 1, "code": "invalid_type", "message": "\"type\" must be \"track\", \"identify\" or \"group\", not \"page\"",
            }],
        })
    );
    let found = dev.get("/dev/wait?status=all&count=2").json();
    assert_eq!(found["matched"], 2);
    assert_eq!(found["events"][0]["event"], "Report Generated");
    assert_eq!(found["events"][0]["body"], track("Report Generated", "m1"));
    assert_eq!(found["events"][1]["error"]["code"], "invalid_type");
}

#[test]
fn an_answer_without_refusals_has_no_errors() {
    let dev = Dev::start(&[]);
    assert_eq!(dev.send(&[track("A", "m1")]).text(), r#"{"status":"ok","accepted":1,"failed":0}"#);
    assert_eq!(dev.send(&[]).text(), r#"{"status":"ok","accepted":0,"failed":0}"#);
}

#[test]
fn a_message_id_is_counted_once() {
    let dev = Dev::start(&[]);
    dev.send(&[track("A", "m1"), track("A", "m1")]);
    assert_eq!(dev.send(&[track("A", "m1")]).json()["accepted"], 1);
    let found = dev.get("/dev/wait?status=all&count=3").json();
    let statuses: Vec<&str> =
        found["events"].as_array().unwrap().iter().map(|row| row["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["accepted", "duplicate", "duplicate"]);
}

#[test]
fn a_request_without_the_right_key_is_refused() {
    let dev = Dev::start(&["--key", "the-only-write-key"]);
    let batch = br#"{"batch":[]}"#;
    let ask = |authorization: &str| {
        dev.ask("POST", "/v1/batch", &format!("{authorization}Content-Type: application/json\r\n"), batch).unwrap()
    };
    for (authorization, status) in [
        ("", 401),
        ("Authorization: Bearer \r\n", 401),
        ("Authorization: Basic dGhlLW9ubHk\r\n", 401),
        ("Authorization: Bearer another-write-key\r\n", 401),
        ("Authorization: Bearer the-only-write-key\r\n", 200),
    ] {
        let answer = ask(authorization);
        assert_eq!(answer.status, status, "{authorization} {}", answer.text());
    }
    assert_eq!(
        ask("Authorization: Bearer another-write-key\r\n").error(),
        "the write key anot… is not the one that klime dev was given"
    );
}

#[test]
fn a_body_may_be_compressed() {
    let dev = Dev::start(&[]);
    let body = json!({ "batch": [track("A", "m1")] }).to_string();
    let answer = dev.send_body(&gzip(body.as_bytes()), "Content-Encoding: gzip\r\n");
    assert_eq!(answer.json()["accepted"], 1);
    let refused = dev.send_body(body.as_bytes(), "Content-Encoding: gzip\r\n");
    assert_eq!(refused.status, 400);
    assert!(refused.error().contains("the body cannot be read"), "{}", refused.error());
    assert_eq!(
        dev.send_body(body.as_bytes(), "Content-Encoding: br\r\n").error(),
        "the header Content-Encoding must be gzip or absent, not \"br\""
    );
}

#[test]
fn a_bomb_is_refused() {
    let dev = Dev::start(&[]);
    let bomb = gzip(&vec![b' '; 20 * 1024 * 1024]);
    let answer = dev.send_body(&bomb, "Content-Encoding: gzip\r\n");
    assert_eq!(
        (answer.status, answer.error()),
        (413, "the body is too large; at most 10485760 bytes are taken".to_owned())
    );
}

#[test]
fn a_body_that_is_too_large_gets_its_answer_though_the_client_sends_first() {
    let dev = Dev::start(&[]);
    let answer = dev.send_body(&vec![b' '; 30 * 1024 * 1024], "");
    assert_eq!(answer.status, 413);
    let asked_first = dev.ask(
        "POST",
        "/v1/batch",
        "Authorization: Bearer k\r\nContent-Type: application/json\r\nExpect: 100-continue\r\n",
        &vec![b' '; 11 * 1024 * 1024],
    );
    assert_eq!(asked_first.unwrap().status, 413);
    // Exactly the limit is no reason to refuse.
    let mut most = br#"{"batch":[]}"#.to_vec();
    most.resize(10 * 1024 * 1024, b' ');
    assert_eq!(dev.send_body(&most, "").status, 200);
}

#[test]
fn a_body_of_another_type_is_refused() {
    let dev = Dev::start(&[]);
    let ask = |content_type: &str| {
        dev.ask("POST", "/v1/batch", &format!("Authorization: Bearer k\r\n{content_type}"), br#"{"batch":[]}"#).unwrap()
    };
    assert_eq!(ask("Content-Type: application/json; charset=utf-8\r\n").status, 200);
    let refused = ask("Content-Type: application/x-www-form-urlencoded\r\n");
    assert_eq!(refused.status, 400);
    assert_eq!(
        refused.error(),
        "the header Content-Type must be application/json, not \"application/x-www-form-urlencoded\""
    );
    assert_eq!(ask("").status, 400);
}

#[test]
fn whole_request_refusals_are_shown_too() {
    let dev = Dev::start(&[]);
    assert_eq!(dev.send_body(b"[]", "").status, 400);
    let line = dev.line();
    assert_eq!(line["request"]["status"], 400);
    assert_eq!(line["request"]["key"], "test…");
    assert!(line["request"]["error"].as_str().unwrap().contains("{\"batch\":[…]}"), "{line}");
}

#[test]
fn a_client_that_leaves_in_the_middle_of_a_body_is_recorded_as_one_without_an_answer() {
    let dev = Dev::start(&[]);
    for framing in
        ["Content-Length: 1000\r\n\r\n{\"batch\":[", "Transfer-Encoding: chunked\r\n\r\na\r\n{\"batch\":[\r\n"]
    {
        let mut leaving = connect(dev.address());
        let head = "POST /v1/batch HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer test-write-key\r\n";
        write!(leaving, "{head}Content-Type: application/json\r\n{framing}").unwrap();
        drop(leaving);
        let line = dev.line();
        assert_eq!(line["request"]["status"], 0, "{line}");
        assert_eq!(line["request"]["error"], "the client left after 10 bytes of the body");
    }
    let batches = dev.get("/dev/batches").json()["batches"].clone();
    assert_eq!((batches[0]["status"].clone(), batches[0]["bytes"].clone()), (json!(0), json!(10)));
    assert_eq!(batches[0]["key"], "test…");
    assert_eq!(batches.as_array().unwrap().len(), 2);
}

#[test]
fn other_paths_and_methods_are_told_apart() {
    let dev = Dev::start(&[]);
    let missing = dev.get("/v1/track");
    assert_eq!(
        (missing.status, missing.error()),
        (404, "there is nothing at /v1/track; events go to POST /v1/batch, the page is at /".to_owned())
    );
    let missing = dev.get("/dev/");
    assert_eq!(missing.status, 404);
    let text = missing.error();
    let named: Vec<&str> =
        text.split([' ', ',']).filter(|word| word.starts_with("/dev/") && *word != "/dev/;").collect();
    let documented = include_str!("../../../README.md").lines().filter(|line| line.starts_with("| `"));
    let documented: Vec<_> =
        documented.filter_map(|line| line.split("/dev/").nth(1)?.split(['`', '/']).next()).collect();
    for path in &documented {
        assert!(named.contains(&&*format!("/dev/{path}")), "{path}: {text}");
    }
    assert!(named.iter().all(|path| documented.contains(&&path[5..])), "{text}: {documented:?}");
    let wrong = dev.get("/v1/batch");
    assert_eq!((wrong.status, wrong.header("allow")), (405, Some("POST")));
    assert_eq!(wrong.error(), "/v1/batch takes POST, not GET");
    assert_eq!(dev.get("/healthz").text(), r#"{"status":"ok"}"#);
    assert_eq!(dev.ask("HEAD", "/healthz", "", b"").unwrap().status, 200);
}
