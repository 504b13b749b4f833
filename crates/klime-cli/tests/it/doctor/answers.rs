//! What a server can answer.

use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::super::support::{Asked, Reply, Server};
use super::{assert_found, doctor, examine};

/// A Klime that answers without a key as `answer` says.
fn without_key(answer: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Server {
    Server::start(move |asked, _| match asked.authorization {
        None => answer(asked),
        Some(_) => Reply::of_klime(asked),
    })
}

#[expect(clippy::disallowed_methods, reason = "the clock's step compares a Date with the time")]
#[test]
fn a_clock_that_is_off_is_measured() {
    for (seconds_ago, verdict, code) in [(0, "ok", 0), (120, "warning", 0), (3600, "failed", 2)] {
        let server = without_key(move |_| {
            let date = httpdate::fmt_http_date(SystemTime::now() - Duration::from_secs(seconds_ago));
            Reply::with_headers(401, &format!("Date: {date}\r\n"), r#"{"error":"no write key"}"#)
        });
        let (exit, steps, clock) = examine(doctor(&server.endpoint()), "clock");
        assert_eq!((exit, &clock["verdict"]), (code, &Value::from(verdict)), "{clock}");
        assert!(steps.ends_with("key ok"), "{steps}");
    }
}

#[test]
fn what_is_no_klime_gets_no_write_key() {
    let page = |status| Reply::with_headers(status, "Content-Type: text/html\r\n", "<h1>Log in</h1>");
    for (reply, code, sentence, fix) in [
        (page(200), 3, "200 (text/html), which is no answer of Klime's", "login page"),
        (page(404), 2, "404 (text/html) to a POST to http://127.0.0.1", "no Klime at this path"),
        (page(501), 2, "501 (text/html) to a POST to http://127.0.0.1", "no Klime at this path"),
        (page(403), 3, "403 (text/html), which is no answer of Klime's", "firewall"),
        (page(503), 3, "503 (text/html)", "try again later"),
        (
            Reply::with_headers(302, "Location: https://login.example/\r\n", ""),
            2,
            "a redirect to https://login.example/",
            "redirects",
        ),
        (Reply::Text("SSH-2.0-OpenSSH_9.6\r\n".to_owned()), 3, "the connection broke", "does not speak HTTP"),
    ] {
        let server = without_key(move |_| reply.clone());
        let (exit, steps, answer) = examine(doctor(&server.endpoint()), "answer");
        assert_eq!(exit, code, "{answer}");
        assert!(steps.ends_with("key skipped"), "{steps}");
        assert_found(&answer, sentence, fix);
        assert_eq!(server.asked().len(), 1, "only what was asked without a key");
    }
}

#[test]
fn a_klime_that_cannot_take_events_is_unreachable() {
    let server = Server::start(|asked, _| match asked.authorization {
        None => Reply::status(401, r#"{"error":"no write key"}"#),
        Some(_) => Reply::with_headers(429, "Retry-After: 60\r\n", ""),
    });
    let (code, _, key) = examine(doctor(&server.endpoint()), "key");
    assert_eq!(code, 3);
    assert_found(&key, "Klime answered 429", "try again later");
}
