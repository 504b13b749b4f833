//! Hostile requests.

use std::io::{Read as _, Write as _};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::http::{connect, read};
use crate::support::{Dev, track};

#[test]
fn a_foreign_host_is_refused_everywhere() {
    let dev = Dev::start(&["--allow-host", "klime.test"]);
    for path in ["/", "/dev/events", "/dev/wait", "/v1/batch", "/healthz", "/nothing", "/assets/app.js"] {
        for host in ["evil.example", "evil.example:5546", "127.0.0.1.evil.example"] {
            let answer = dev.ask("GET", path, &format!("Host: {host}\r\n"), b"").unwrap();
            assert_eq!(answer.status, 403, "{path} {host}");
            assert!(answer.error().contains("--allow-host"), "{}", answer.error());
            assert_eq!(answer.header("access-control-allow-origin"), None);
        }
    }
    assert_eq!(dev.ask("GET", "/healthz", "Host: klime.test:80\r\n", b"").unwrap().status, 200);
    // The target itself can name a host, which then counts.
    let answer = dev.ask("GET", "http://evil.example/healthz", "Host: localhost\r\n", b"").unwrap();
    assert_eq!(answer.status, 403);
}

#[test]
fn a_page_of_another_origin_can_neither_read_nor_reset() {
    let dev = Dev::start(&["--allow-origin", "https://app.example"]);
    dev.send(&[track("A", "m1")]);
    for origin in ["https://app.example", "https://evil.example", "http://localhost:3000", "null"] {
        for (method, path) in [
            ("GET", "/dev/wait?timeout=0"),
            ("POST", "/dev/reset"),
            ("POST", "/dev/fault"),
            ("DELETE", "/dev/fault"),
            ("GET", "/"),
        ] {
            let answer = dev.ask(method, path, &format!("Origin: {origin}\r\n"), b"{\"kind\":\"hang\"}").unwrap();
            assert_eq!(answer.status, 403, "{method} {path} {origin}");
            assert_eq!(answer.header("access-control-allow-origin"), None);
        }
    }
    assert_eq!(dev.get("/dev/wait?timeout=0").status, 200);
    let own = format!("Origin: {}\r\n", dev.endpoint());
    assert_eq!(dev.ask("POST", "/dev/reset", &own, b"").unwrap().status, 200);
}

#[test]
fn a_page_on_this_machine_or_an_allowed_one_may_send_events() {
    let dev = Dev::start(&["--allow-origin", "https://app.example"]);
    let body = json!({ "batch": [track("A", "m1")] }).to_string();
    for origin in ["http://localhost:3000", "https://app.example"] {
        let asked = format!(
            "Origin: {origin}\r\nAccess-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: authorization,content-type\r\nAccess-Control-Request-Private-Network: true\r\n"
        );
        let preflight = dev.ask("OPTIONS", "/v1/batch", &asked, b"").unwrap();
        assert_eq!(preflight.status, 204);
        assert_eq!(preflight.header("access-control-allow-origin"), Some(origin));
        assert_eq!(preflight.header("access-control-allow-methods"), Some("POST"));
        assert!(preflight.header("access-control-allow-headers").unwrap().contains("authorization, content-type"));
        assert_eq!(preflight.header("access-control-allow-private-network"), Some("true"));
        assert_eq!(preflight.header("vary"), Some("Origin"));
        let answer = dev.send_body(body.as_bytes(), &format!("Origin: {origin}\r\n"));
        assert_eq!((answer.status, answer.header("access-control-allow-origin")), (200, Some(origin)));
    }
    for origin in ["https://evil.example", "null"] {
        let answer = dev.send_body(body.as_bytes(), &format!("Origin: {origin}\r\n"));
        assert_eq!((answer.status, answer.header("access-control-allow-origin")), (403, None));
        assert!(answer.error().contains("--allow-origin"), "{}", answer.error());
        assert_eq!(dev.ask("OPTIONS", "/v1/batch", &format!("Origin: {origin}\r\n"), b"").unwrap().status, 403);
    }
}

/// A page can read a refusal, too, or its developer would look for a fault of CORS.
#[test]
fn a_refusal_can_be_read_by_a_page_that_may_send() {
    let dev = Dev::start(&["--fault", "403,count=1"]);
    for status in [403, 400] {
        let answer = dev.send_body(b"[]", "Origin: http://localhost:3000\r\n");
        assert_eq!(
            (answer.status, answer.header("access-control-allow-origin")),
            (status, Some("http://localhost:3000"))
        );
    }
}

#[test]
fn every_answer_is_harmless_in_a_browser() {
    let dev = Dev::start(&[]);
    for answer in [
        dev.get("/"),
        dev.get("/dev/wait?timeout=0"),
        dev.get("/nothing"),
        dev.send(&[]),
        dev.ask("GET", "/", "Host: x\r\n", b"").unwrap(),
    ] {
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let policy = answer.header("content-security-policy").unwrap();
        assert!(
            policy.starts_with("default-src 'none'; script-src 'self'") && policy.ends_with("frame-ancestors 'none'"),
            "{policy}"
        );
    }
}

#[test]
fn hostile_bodies_are_answered_and_it_lives_on() {
    let dev = Dev::start(&[]);
    let deep = "[".repeat(1_000_000);
    let deep_event = format!(
        "{{\"batch\":[{{\"properties\":{}{}}}]}}",
        "{\"a\":".repeat(50_000),
        "1".to_owned() + &"}".repeat(50_000)
    );
    let million = format!("{{\"batch\":[{}1]}}", "1,".repeat(1_000_000));
    let long_name = json!({ "batch": [track(&"x".repeat(5_000_000), "m1")] }).to_string();
    let numbers = format!("{{\"batch\":[{{\"type\":\"track\",\"userId\":{}}}]}}", "9".repeat(100_000));
    for (body, status) in [
        (deep.as_bytes(), 400),
        (deep_event.as_bytes(), 200),
        (million.as_bytes(), 400),
        (long_name.as_bytes(), 200),
        (numbers.as_bytes(), 200),
        (&b"\xff\xfe\x00"[..], 400),
        (&b"{\"batch\":[{\"type\":\"track\",\"event\":\"\\ud800\"}]}"[..], 200),
        (&[0; 1000][..], 400),
    ] {
        let answer = dev.send_body(body, "");
        assert_eq!(answer.status, status, "{}", answer.text());
        assert!(answer.body.len() < 2000, "{}", answer.text());
    }
    assert_eq!(dev.send(&[track("A", "m1")]).json()["accepted"], 1);
}

#[test]
fn a_write_key_is_never_shown_whole() {
    let dev = Dev::start(&["--strict"]);
    let key = "wk_live_do_not_show_this_1234567890";
    let headers = format!("Authorization: Bearer {key}\r\nContent-Type: application/json\r\n");
    dev.ask("POST", "/v1/batch", &headers, json!({ "batch": [track("A", "m1")] }).to_string().as_bytes()).unwrap();
    dev.ask("POST", "/v1/batch", &headers, b"nonsense").unwrap();
    let event = dev.line().to_string();
    let request = dev.line().to_string();
    assert!(request.contains("wk_l…"), "{request}");
    for path in
        ["/dev/events?status=all", "/dev/batches", "/dev/stats", "/dev/checks", "/dev/customers", "/dev/export.ndjson"]
    {
        let answer = dev.get(path).text();
        assert!(!answer.contains("do_not_show"), "{path}: {answer}");
    }
    assert!(!event.contains("do_not_show") && !request.contains("do_not_show"));
}

#[test]
fn senders_that_never_finish_do_not_keep_the_others_out() {
    let dev = Dev::start(&[]);
    let mut slow: Vec<_> = (0..200).map(|_| connect(dev.address())).collect();
    for (n, stream) in slow.iter_mut().enumerate() {
        // Half of them stop in the head, half in a body that would be large, and some of these in one that is.
        let sent = if n < 40 { 300_000 } else { 1000 };
        match n % 2 {
            0 => write!(stream, "POST /v1/batch HTTP/1.1\r\nHost: localh").unwrap(),
            _ => {
                write!(stream, "POST /v1/batch HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9000000\r\n\r\n")
                    .unwrap();
                stream.write_all(&vec![b' '; sent]).unwrap();
            }
        }
    }
    assert_eq!(dev.send(&[track("A", "m1")]).status, 200);
    // A large body finds a place, too, and long before those who hold one have had all the time for a body.
    let began = now();
    let mut body = br#"{"batch":[]}"#.to_vec();
    body.resize(9_000_000, b' ');
    assert_eq!(dev.send_body(&body, "").status, 200);
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
    drop(slow);
}

#[expect(clippy::disallowed_methods, reason = "a promised delay is measured")]
fn now() -> Instant {
    Instant::now()
}

#[test]
fn what_is_not_http_is_hung_up_on() {
    let dev = Dev::start(&[]);
    let mut stream = connect(dev.address());
    stream.write_all(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 a TLS hello\r\n\r\n").unwrap();
    let answer = read(&mut stream);
    assert_eq!(answer.map(|answer| answer.status), Some(400));
    let mut endless = connect(dev.address());
    let header = format!("X-Header: {}\r\n", "x".repeat(10_000));
    endless.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n").unwrap();
    let refused = (0..1000).any(|_| endless.write_all(header.as_bytes()).is_err());
    let mut rest = Vec::new();
    let _ = endless.read_to_end(&mut rest);
    assert!(refused || rest.starts_with(b"HTTP/1.1 431"), "{}", String::from_utf8_lossy(&rest));
    assert_eq!(dev.send(&[]).status, 200);
}

#[test]
fn a_second_host_or_origin_is_refused() {
    let dev = Dev::start(&[]);
    for headers in [
        "Host: localhost\r\nHost: evil.example\r\n",
        "Host: localhost\r\nOrigin: http://localhost\r\nOrigin: http://evil.example\r\n",
    ] {
        for (method, path) in [("POST", "/v1/batch"), ("GET", "/dev/events")] {
            let answer = dev.ask(method, path, headers, b"").unwrap();
            assert_eq!(answer.status, 403, "{method} {path}");
            assert!(answer.error().contains("twice"), "{}", answer.error());
        }
    }
}
