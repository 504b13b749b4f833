//! Who may talk to `klime dev`: a page of another origin in the developer's browser may not.
//!
//! A browser lets any page send requests to loopback, and by DNS rebinding also read the answers under the page's own host name. So
//! `Host` must be a name of this machine, and `Origin` the page's own; for events, that of a page on this machine, because a site under
//! development sends them from its own port. What is allowed beyond that is named on the command line.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use axum::http::Uri;

use crate::print::first_chars;

/// How many refused hosts and origins are told on the terminal before the guard keeps quiet.
const MAX_TOLD: usize = 20;

/// The hosts and origins that are allowed beyond those of this machine.
#[derive(Debug, Default)]
pub struct Guard {
    hosts: Vec<String>,
    origins: Vec<String>,
    any_address: bool,
    told: Mutex<BTreeSet<String>>,
}

/// Why a request was not let in. Its text is the sentence of the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotAllowed(String);

impl std::fmt::Display for NotAllowed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NotAllowed {}

impl NotAllowed {
    /// A header that says who asks, or whom, is there more than once.
    pub(crate) fn twice(header: &str) -> Self {
        Self(format!("the request has the header {header} twice, so it is not clear which one counts"))
    }
}

impl Guard {
    /// A guard that lets in these, too. An origin `*` stands for all of them.
    #[must_use]
    pub fn new(hosts: Vec<String>, origins: Vec<String>) -> Self {
        let lower = |texts: Vec<String>| texts.iter().map(|text| text.to_ascii_lowercase()).collect();
        Self { hosts: lower(hosts), origins: lower(origins), any_address: false, told: Mutex::default() }
    }

    /// Whether a host may also be any address, which is how other machines name this one. DNS rebinding needs a name.
    #[must_use]
    pub fn any_address(mut self, is_allowed: bool) -> Self {
        self.any_address = is_allowed;
        self
    }

    /// Checks the host that a request is for, with or without a port.
    ///
    /// # Errors
    ///
    /// It is missing, or no name of this machine and not allowed.
    pub fn host(&self, host: Option<&str>) -> Result<(), NotAllowed> {
        let Some(host) = host else {
            return Err(NotAllowed(
                "the request has no Host, which is how klime dev knows that it is meant".to_owned(),
            ));
        };
        let name = without_port(host).to_ascii_lowercase();
        let is_address = self.any_address && address(&name).is_some();
        if is_loopback(&name) || is_address || self.hosts.contains(&name) {
            return Ok(());
        }
        let name = shown(&name);
        Err(NotAllowed(format!(
            "the host {name:?} is no name of this machine, so this may be an attack by DNS rebinding; if it is not, start klime dev with --allow-host {name}"
        )))
    }

    /// Checks the origin of a request for the page or the test API: none, or the page's own.
    ///
    /// # Errors
    ///
    /// It is a page of another origin.
    pub fn own_origin(&self, origin: Option<&str>, host: Option<&str>) -> Result<(), NotAllowed> {
        let Some(origin) = origin else { return Ok(()) };
        // The page may be behind a proxy that speaks TLS; the host is checked in any case.
        let at = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
        if at.zip(host).is_some_and(|(at, host)| at.eq_ignore_ascii_case(host)) {
            return Ok(());
        }
        let origin = shown(origin);
        Err(NotAllowed(format!(
            "a page of {origin:?} may not use this; only klime dev's own page may, and programs, which send no Origin"
        )))
    }

    /// Checks the origin of events: none, a page on this machine, or one that is allowed.
    ///
    /// # Errors
    ///
    /// It is a page of another host.
    pub fn event_origin(&self, origin: Option<&str>) -> Result<(), NotAllowed> {
        let Some(origin) = origin else { return Ok(()) };
        let given = origin.to_ascii_lowercase();
        let allowed = self.origins.iter().any(|allowed| allowed == "*" || allowed.trim_end_matches('/') == given);
        if allowed || is_loopback_origin(&given) {
            return Ok(());
        }
        let origin = shown(origin);
        Err(NotAllowed(format!(
            "a page of {origin:?} may not send events here; if it should, start klime dev with --allow-origin {origin}"
        )))
    }

    /// Whether this refusal is to be told on the terminal: each once, and no more than a few.
    pub fn tell(&self, refusal: &NotAllowed) -> bool {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.len() < MAX_TOLD && told.insert(refusal.0.clone())
    }
}

fn shown(text: &str) -> String {
    first_chars(text, 100).to_owned()
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) && !in_brackets(host) => name,
        _ => host,
    }
}

/// An IPv6 address without a port, whose last colon is part of it.
fn in_brackets(host: &str) -> bool {
    host.ends_with(']')
}

/// Whether a lower-case name leads to this machine, whatever a DNS server says.
fn is_loopback(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    match address(name) {
        Some(address) => address.is_loopback(),
        // What another program takes for the end of the host, or for what comes before it, is part of no name.
        None => {
            let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
            is_name && (name == "localhost" || name.ends_with(".localhost"))
        }
    }
}

fn address(name: &str) -> Option<IpAddr> {
    name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(name).parse().ok()
}

fn is_loopback_origin(origin: &str) -> bool {
    let Ok(uri) = origin.parse::<Uri>() else { return false };
    let scheme_fits = matches!(uri.scheme_str(), Some("http" | "https"));
    scheme_fits && uri.host().is_some_and(is_loopback)
}

#[cfg(test)]
mod tests {
    use super::Guard;

    #[test]
    fn names_of_this_machine_are_hosts() {
        let guard = Guard::new(vec!["Klime.Test".to_owned(), "192.168.1.5".to_owned()], Vec::new());
        for host in [
            "127.0.0.1:5546",
            "127.8.9.1",
            "localhost",
            "LOCALHOST:1",
            "app.localhost:5546",
            "localhost.",
            "[::1]:5546",
            "[::1]",
            "klime.test:5546",
            "192.168.1.5:80",
        ] {
            assert_eq!(guard.host(Some(host)), Ok(()), "{host}");
        }
    }

    #[test]
    fn other_names_are_not() {
        let guard = Guard::new(vec!["klime.test".to_owned()], Vec::new());
        for host in [
            "evil.example",
            "localhost.evil.example:5546",
            "127.0.0.1.nip.io",
            "evillocalhost",
            "0.0.0.0:5546",
            "",
            "[::2]",
            "10.0.0.1",
            "user@localhost",
            "user@shop.localhost",
            "evil.com#.localhost",
            "evil.com/.localhost",
            "evil.com?.localhost:5546",
            "evil.com\\.localhost",
            "evil.com:1.localhost",
            "localhost:80:80",
            "klime.test.evil.example",
        ] {
            let refusal = guard.host(Some(host)).unwrap_err().to_string();
            assert!(refusal.contains("DNS rebinding") && refusal.contains("--allow-host"), "{host}: {refusal}");
        }
        assert!(guard.host(None).unwrap_err().to_string().contains("no Host"));
    }

    #[test]
    fn on_a_network_an_address_is_a_host_but_a_name_is_not() {
        let guard = Guard::default().any_address(true);
        assert_eq!(guard.host(Some("192.168.1.5:5546")), Ok(()));
        assert_eq!(guard.host(Some("[fe80::1]:5546")), Ok(()));
        assert!(guard.host(Some("192.168.1.5.nip.io:5546")).is_err());
    }

    #[test]
    fn the_page_and_the_test_api_are_for_their_own_origin() {
        let guard = Guard::new(Vec::new(), vec!["*".to_owned()]);
        let host = Some("localhost:5546");
        assert_eq!(guard.own_origin(None, host), Ok(()));
        assert_eq!(guard.own_origin(Some("http://localhost:5546"), host), Ok(()));
        assert_eq!(guard.own_origin(Some("https://Klime.test"), Some("klime.test")), Ok(()));
        for origin in [
            "http://localhost:3000",
            "http://127.0.0.1:5546",
            "ftp://localhost:5546",
            "null",
            "http://evil.example",
            "",
        ] {
            assert!(guard.own_origin(Some(origin), host).is_err(), "{origin}");
        }
    }

    #[test]
    fn events_come_from_pages_of_this_machine_and_from_allowed_ones() {
        let guard = Guard::new(Vec::new(), vec!["https://App.Example/".to_owned()]);
        for origin in [
            "http://localhost:3000",
            "https://127.0.0.1",
            "http://shop.localhost:8080",
            "http://[::1]:3000",
            "https://app.example",
        ] {
            assert_eq!(guard.event_origin(Some(origin)), Ok(()), "{origin}");
        }
        for origin in [
            "null",
            "https://evil.example",
            "http://localhost.evil.example",
            "file://",
            "https://app.example.evil",
            "ftp://localhost",
        ] {
            assert!(guard.event_origin(Some(origin)).unwrap_err().to_string().contains("--allow-origin"), "{origin}");
        }
        assert_eq!(Guard::new(Vec::new(), vec!["*".to_owned()]).event_origin(Some("null")), Ok(()));
    }

    #[test]
    fn each_refusal_is_told_once() {
        let guard = Guard::default();
        let refusal = guard.host(Some("evil.example")).unwrap_err();
        assert!(guard.tell(&refusal) && !guard.tell(&refusal));
        let told = (0..100).filter(|n| guard.tell(&guard.host(Some(&format!("{n}.example"))).unwrap_err())).count();
        assert_eq!(told, 19);
    }
}
