//! Requests that no SDK makes: each is answered, or its connection ended, and the next one is served.

use std::io::{Read as _, Write as _};

use serde_json::json;

use crate::support::http::connect;
use crate::support::{Dev, track};

/// All that comes back on a connection by which these bytes were sent.
fn answers(dev: &Dev, request: &str) -> String {
    let mut stream = connect(dev.address());
    let request = request.replace("HOST", &format!("Host: {}\r\nAuthorization: Bearer k", dev.address()));
    // It may hang up before it has read everything.
    let _ = stream.write_all(request.as_bytes());
    let mut answers = Vec::new();
    // A reset may take the place of the end.
    let _ = stream.read_to_end(&mut answers);
    String::from_utf8(answers).unwrap()
}

fn statuses(answers: &str) -> Vec<&str> {
    let heads = answers.match_indices("HTTP/1.").map(|(at, _)| &answers[at + "HTTP/1.1 ".len()..]);
    heads.map(|rest| rest.get(..3).unwrap_or_default()).collect()
}

/// Requests, each with the statuses that it is to be answered by.
fn cases() -> [(&'static str, String, &'static [&'static str]); 15] {
    let batch = json!({ "batch": [track("A", "m1")] }).to_string();
    let (length, size) = (batch.len(), format!("{:x}", batch.len()));
    let post = "POST /v1/batch HTTP/1.1\r\nHOST\r\nContent-Type: application/json\r\n";
    let close = "Connection: close\r\n";
    let large = "a".repeat(1 << 20);
    [
        ("HEAD", format!("HEAD / HTTP/1.1\r\nHOST\r\n{close}\r\n"), &["200"]),
        ("HEAD of a stream", format!("HEAD /dev/live HTTP/1.1\r\nHOST\r\n{close}\r\n"), &["200"]),
        ("OPTIONS", format!("OPTIONS / HTTP/1.1\r\nHOST\r\n{close}\r\n"), &["405"]),
        ("OPTIONS *", format!("OPTIONS * HTTP/1.1\r\nHOST\r\n{close}\r\n"), &["404"]),
        ("a large header", format!("GET / HTTP/1.1\r\nHOST\r\nX: {large}\r\n\r\n"), &["431"]),
        ("a body on GET", format!("GET / HTTP/1.1\r\nHOST\r\nContent-Length: 5\r\n{close}\r\nhello"), &["200"]),
        ("a body that never comes", "GET / HTTP/1.1\r\nHOST\r\nContent-Length: 5000000\r\n\r\n".into(), &["200"]),
        ("HTTP/1.0", "GET /healthz HTTP/1.0\r\nHOST\r\n\r\n".into(), &["200"]),
        ("no Host", "GET /healthz HTTP/1.0\r\n\r\n".into(), &["403"]),
        (
            "pipelined",
            format!("GET /healthz HTTP/1.1\r\nHOST\r\n\r\n{post}{close}Content-Length: {length}\r\n\r\n{batch}"),
            &["200", "200"],
        ),
        (
            "chunks and trailers",
            format!("{post}{close}Transfer-Encoding: chunked\r\n\r\n{size};a=b\r\n{batch}\r\n0\r\nX: y\r\n\r\n"),
            &["200"],
        ),
        ("chunks of no size", format!("{post}Transfer-Encoding: chunked\r\n\r\nzz\r\n"), &["400"]),
        ("Expect", format!("{post}{close}Expect: 100-continue\r\nContent-Length: {length}\r\n\r\n{batch}"), &["200"]),
        ("two lengths", format!("{post}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello"), &["400"]),
        ("TLS", "\u{16}\u{3}\u{1}\u{2}\r\n\r\n".into(), &["400"]),
    ]
}

#[test]
fn odd_requests_are_answered_and_hang_nothing() {
    let dev = Dev::start(&[]);
    for (name, request, expected) in cases() {
        let answers = answers(&dev, &request);
        // A body that has come already may be read before it is asked for.
        let came: Vec<_> = statuses(&answers).into_iter().filter(|status| *status != "100").collect();
        assert_eq!(came, expected, "{name}: {answers:.400}");
        assert_eq!(dev.get("/healthz").status, 200, "after {name}");
    }
    #[cfg(unix)]
    assert_eq!(dev.stop().code, Some(0));
}
