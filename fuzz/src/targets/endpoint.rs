//! Endpoint and write key: any text is taken or refused without a panic. What is taken sends the write key over plain http
//! to loopback only; what is refused shows no secret.

use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use klime::{Client, ConfigError, Request, Response, Transport, TransportError};

use super::LIMIT;
use crate::input::Input;

pub(crate) const TOKENS: &[&str] = &[
    "http://",
    "https://",
    "http://localhost",
    "http://127.0.0.1:80",
    "http://[::1]",
    "http://[::ffff:127.0.0.1]",
    "user:password@",
    "@",
    "#",
    "?",
    "\\",
    "%00",
    ":65536",
    "klime.com",
    "\u{0}",
];

/// How most keys end: a text that stands nowhere else.
const KEY_END: &str = "fuzz-write-key";

/// Keeps the address and the key of the last request.
#[derive(Debug, Clone, Default)]
struct Seen(Arc<Mutex<Option<(String, String)>>>);

impl Transport for Seen {
    fn send(&self, request: &Request<'_>) -> Result<Response, TransportError> {
        let key = request.headers().find(|(name, _)| *name == "Authorization").map(|(_, value)| value.to_owned());
        *self.0.lock().expect("nobody panics with it") = Some((request.url().to_owned(), key.unwrap_or_default()));
        Ok(Response::new(200))
    }
}

pub(crate) fn check(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let flags = input.byte();
    let key = String::from_utf8_lossy(if flags & 1 == 0 { &[] } else { input.line() });
    let key = if flags & 16 == 0 { format!("{key}{KEY_END}") } else { key.into_owned() };
    let endpoint = String::from_utf8_lossy(input.rest());
    let is_http_allowed = flags & 6 == 6;
    let seen = Seen::default();
    let builder = Client::builder(key.clone()).endpoint(endpoint.clone()).allow_insecure_http(is_http_allowed);
    check_shows_no_secret(&format!("{builder:?}"), &endpoint);
    let built = builder.clone().transport(seen.clone()).build();
    // Over HTTP it is the same, with the address read once more.
    if flags & 8 != 0 {
        assert_eq!(builder.build().is_ok(), built.is_ok(), "{endpoint:?}");
    }
    match built {
        Ok(client) => {
            client.verify_blocking(LIMIT).expect("the transport says yes");
            let (url, authorization) = seen.0.lock().expect("nobody panics with it").take().expect("a request");
            check_taken(&url, &authorization, &key, &endpoint, is_http_allowed);
        }
        Err(error) => check_refused(&error, &endpoint),
    }
}

fn check_taken(url: &str, authorization: &str, key: &str, endpoint: &str, is_http_allowed: bool) {
    assert_eq!(authorization, format!("Bearer {key}"));
    assert!(!key.is_empty() && key.bytes().all(|byte| byte.is_ascii_graphic()), "{key:?}");
    assert_eq!(url, format!("{}/v1/batch", endpoint.trim_end_matches('/')));
    assert!(!url.contains(['?', '#', ' ']) && !url.contains(|char: char| char.is_ascii_control()), "{url:?}");
    let (scheme, rest) = url.split_once("://").expect("a scheme");
    let authority = rest.split('/').next().unwrap_or_default();
    assert!(!authority.is_empty() && !authority.contains(['@', '\\']), "{url:?}");
    match scheme.to_ascii_lowercase().as_str() {
        "https" => {}
        "http" => assert!(is_http_allowed || is_loopback(authority), "{url:?}"),
        _ => panic!("{url:?}"),
    }
}

/// As the standard library reads it, and nobody else.
fn is_loopback(authority: &str) -> bool {
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    };
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn check_refused(error: &ConfigError, endpoint: &str) {
    assert!(["endpoint", "write_key"].contains(&error.setting()), "{error}");
    check_shows_no_secret(&error.to_string(), endpoint);
    check_shows_no_secret(&format!("{error:?}"), endpoint);
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        check_shows_no_secret(&format!("{cause} {cause:?}"), endpoint);
        source = cause.source();
    }
}

/// Neither a write key nor what stands before an `@`.
fn check_shows_no_secret(shown: &str, endpoint: &str) {
    assert!(endpoint.contains(KEY_END) || !shown.contains(KEY_END), "{shown:?} shows the write key");
    let Some((before, host)) = endpoint.rsplit_once('@') else {
        return;
    };
    // Long and with digits, so that it is no word of ours.
    let is_telling = |text: &str| text.len() > 7 && text.bytes().any(|byte| byte.is_ascii_digit());
    let password = before.rsplit(|char: char| !char.is_ascii_alphanumeric()).next().unwrap_or(before);
    assert!(
        !is_telling(password) || host.contains(password) || !shown.contains(password),
        "{shown:?} shows {password:?}"
    );
}
