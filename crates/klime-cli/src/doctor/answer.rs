//! Whether what is there answers like Klime: an empty batch without a write key, which nobody who takes keys may accept.

use std::io::Read as _;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use klime::{BatchResponse, Route};
use ureq::http::Response;
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Body, Proxy};

use super::step::{Name, Step};
use super::tls;
use crate::clock;
use crate::exit::Exit;
use crate::print::printable;

/// No more of an answer is looked at.
const MAX_ANSWER_BYTES: u64 = 64 * 1024;

/// How the question is known: a klime dev that is asked does not take it for a fault of the integration that it looks at.
const AGENT: &str = concat!("klime-doctor/", env!("CARGO_PKG_VERSION"));
const QUESTION: &[u8] = br#"{"batch":[]}"#;

/// Whether a request without a key is a doctor's question.
pub(crate) fn is_question(user_agent: &str, body: &[u8]) -> bool {
    user_agent.starts_with("klime-doctor/") && body == QUESTION
}

/// What the next steps need of an answer.
pub(super) struct Answer {
    /// Its `Date` header.
    pub(super) date: Option<SystemTime>,
    /// This machine's time halfway between question and answer.
    pub(super) asked: Timestamp,
    /// Whether it answered like Klime.
    pub(super) is_klime: bool,
}

/// Asks; `None` when no answer came.
pub(super) fn ask(route: &Route, timeout: Duration) -> (Step, Option<Answer>) {
    let (began, before) = (clock::now(), clock::wall());
    let result = post(route, timeout);
    let took = clock::now().saturating_duration_since(began);
    match result {
        Err(error) => (no_answer(&error, route, timeout).in_time(took), None),
        Ok(response) => {
            let date = response.headers().get("date").and_then(|date| date.to_str().ok());
            let date = date.and_then(|date| httpdate::parse_http_date(date).ok());
            let asked = before.saturating_add(took / 2).unwrap_or(before);
            let step = judge(&Seen::of(response), route).in_time(took);
            let is_klime = !step.is_failed();
            (step, Some(Answer { date, asked, is_klime }))
        }
    }
}

/// As the SDK does it, but without a key.
fn post(route: &Route, timeout: Duration) -> Result<Response<Body>, ureq::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = TlsConfig::builder().unversioned_rustls_crypto_provider(provider).root_certs(RootCerts::PlatformVerifier);
    let proxy = route.proxy().map(|proxy| Proxy::new(proxy.secret_url())).transpose()?;
    let config = Agent::config_builder()
        .tls_config(tls.build())
        .proxy(proxy)
        .user_agent(AGENT)
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .timeout_global(Some(timeout))
        .build();
    Agent::from(config).post(route.url()).header("Content-Type", "application/json").send(QUESTION)
}

/// What of an answer says whether it is Klime's.
struct Seen {
    status: u16,
    content_type: String,
    location: Option<String>,
    body: Vec<u8>,
}

impl Seen {
    fn of(response: Response<Body>) -> Self {
        let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).map(printable);
        let (content_type, location) = (header("content-type").unwrap_or_default(), header("location"));
        let status = response.status().as_u16();
        let mut body = Vec::new();
        // What has come by then is enough to tell.
        let _ = response.into_body().into_reader().take(MAX_ANSWER_BYTES).read_to_end(&mut body);
        Self { status, content_type, location, body }
    }

    /// The status and what it comes with.
    fn text(&self) -> String {
        match self.content_type.is_empty() {
            true => self.status.to_string(),
            false => format!("{} ({})", self.status, self.content_type),
        }
    }

    fn is_error_of_klime(&self) -> bool {
        let answer = serde_json::from_slice::<serde_json::Value>(&self.body);
        answer.is_ok_and(|answer| answer.get("error").is_some())
    }
}

fn judge(seen: &Seen, route: &Route) -> Step {
    let status = seen.status;
    match status {
        200..=299 if BatchResponse::from_json(&seen.body).is_some() => {
            Step::ok(Name::Answer, format!("{status}, it takes a batch without a key"))
        }
        // Without a key it must refuse, and 401 is how Klime does.
        401 => Step::ok(Name::Answer, "401 without a key, as it should be"),
        300..=399 | 404 | 405 | 407 => wrong_place(seen, route),
        // What a server of files says to a POST.
        501 | 505 if !seen.is_error_of_klime() => wrong_place(seen, route),
        408 | 425 | 429 | 500..=599 => failed(
            seen.text(),
            "Klime, or what stands before it, cannot take events for now; the SDK retries, so try again later",
        ),
        400..=499 if seen.is_error_of_klime() => Step::ok(Name::Answer, format!("{status} without a key")),
        _ => failed(
            format!("{}, which is no answer of Klime's", seen.text()),
            "something else answers in Klime's place: the login page of a network, a firewall, or another service; check the endpoint",
        ),
    }
}

/// Something answers, but the endpoint or the proxy's URL has to be another one.
fn wrong_place(seen: &Seen, route: &Route) -> Step {
    let (found, fix) = match seen.status {
        407 => ("407, the proxy wants a password".to_owned(), PROXY_PASSWORD),
        404 | 405 | 501 | 505 => (
            format!("{} to a POST to {}", seen.text(), route.url()),
            "there is no Klime at this path; check the endpoint (/v1/batch is appended to it)",
        ),
        status => (
            format!("{status}, a redirect to {}", seen.location.as_deref().unwrap_or("nowhere")),
            "redirects are not followed, because the write key would go with them; make the endpoint the address it leads to",
        ),
    };
    Step::failed(Name::Answer, Exit::Usage, found, fix)
}

fn failed(found: String, fix: &str) -> Step {
    Step::failed(Name::Answer, Exit::Unreachable, found, fix)
}

const PROXY_PASSWORD: &str = "give the proxy's user and password in its URL: http://user:password@host:port";

fn no_answer(error: &ureq::Error, route: &Route, timeout: Duration) -> Step {
    match error {
        ureq::Error::Timeout(_) => failed(
            format!("connected, but no answer within {timeout:?}"),
            "the server hangs or is very slow; try a longer --timeout",
        ),
        ureq::Error::ConnectProxyFailed(text) if text.contains("407") => {
            Step::failed(Name::Answer, Exit::Usage, "407, the proxy wants a password", PROXY_PASSWORD)
        }
        ureq::Error::ConnectProxyFailed(text) => failed(
            format!("the proxy opens no tunnel: {}", printable(text)),
            "it may not allow this host or port; name the host in no_proxy where it is reached directly",
        ),
        error => match tls_problem(error) {
            Some(problem) => {
                let (found, fix) = tls::explain(problem, route.host());
                failed(found, &fix)
            }
            None => failed(
                format!("the connection broke: {}", printable(&cause(error))),
                "what listens there does not speak HTTP, or something in between cuts the connection; check the endpoint's port",
            ),
        },
    }
}

/// The text without the library's word for the kind of error.
fn cause(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Io(error) => error.to_string(),
        error => error.to_string(),
    }
}

/// A certificate is refused while the first bytes are written, so that may come as an I/O error.
fn tls_problem(error: &ureq::Error) -> Option<&rustls::Error> {
    match error {
        ureq::Error::Rustls(error) => Some(error),
        ureq::Error::Io(error) => error.get_ref()?.downcast_ref(),
        _ => None,
    }
}
