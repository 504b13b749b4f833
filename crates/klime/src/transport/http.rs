//! HTTP by `ureq`: its agent, a request, an answer. What else knows it, and why, is in ARCHITECTURE.md, section Transport.

use std::error::Error;
use std::fmt;
use std::io::Read as _;
use std::sync::Arc;
use std::time::Duration;

use ureq::Agent;
use ureq::tls::TlsConfig;
use ureq::unversioned::transport::{Connector as _, DefaultConnector};

use super::connection::Authorization;
use super::resolver::RememberingResolver;
use super::{Request, Response, Roots, Target, Transport, TransportError, proxy};
use crate::error::ConfigError;

/// No answer of Klime is longer; what comes beyond is not read.
const MAX_ANSWER_BYTES: u64 = 1024 * 1024;

/// An idle connection is not used again after this: servers and the boxes between close them silently.
const MAX_IDLE: Duration = Duration::from_secs(15);

/// Of each connection. Answers are short; a usual batch of 100 events goes out in one write.
const INPUT_BUFFER_BYTES: usize = 16 * 1024;
const OUTPUT_BUFFER_BYTES: usize = 64 * 1024;

/// Longer time-outs are cut to this one, a year: `ureq` adds them to the time of day and panics when that is too far away.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(365 * 24 * 60 * 60);

#[derive(Debug)]
pub(crate) struct Http {
    agent: Agent,
    /// What the agent is given in place of the `Authorization` header.
    placeholder: String,
}

/// The HTTP part of a client's settings.
#[derive(Debug, Clone)]
pub(crate) struct HttpSettings {
    pub(crate) connect_timeout: Duration,
    pub(crate) request_timeout: Duration,
    pub(crate) max_in_flight: usize,
    pub(crate) roots: Roots,
}

impl Http {
    pub(crate) fn new(target: &Target, settings: HttpSettings) -> Result<Self, ConfigError> {
        // The provider is named, so that no process-wide one is set or asked for.
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = TlsConfig::builder()
            .unversioned_rustls_crypto_provider(provider)
            .root_certs(settings.roots.into_root_certs())
            .build();
        let config = Agent::config_builder()
            .tls_config(tls)
            .proxy(proxy::from_environment(&target.endpoint)?.map(|named| named.proxy))
            .user_agent(concat!("klime-rust/", env!("CARGO_PKG_VERSION")))
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .input_buffer_size(INPUT_BUFFER_BYTES)
            .output_buffer_size(OUTPUT_BUFFER_BYTES)
            .max_idle_age(MAX_IDLE)
            .max_idle_connections(settings.max_in_flight)
            .max_idle_connections_per_host(settings.max_in_flight)
            .timeout_connect(Some(settings.connect_timeout.min(LONGEST_TIMEOUT)))
            .timeout_global(Some(settings.request_timeout.min(LONGEST_TIMEOUT)))
            .build();
        let authorization = Authorization::new(&target.authorization);
        let placeholder = authorization.placeholder();
        let connector = DefaultConnector::default().chain(authorization);
        Ok(Self { agent: Agent::with_parts(config, connector, RememberingResolver::default()), placeholder })
    }
}

impl Transport for Http {
    fn send(&self, request: &Request<'_>) -> Result<Response, TransportError> {
        let mut post = self.agent.post(request.url());
        for (name, value) in request.headers() {
            post = post.header(name, if name == "Authorization" { &self.placeholder } else { value });
        }
        let answer = post.send(request.body()).map_err(|error| TransportError::new(NoAnswer(error)))?;
        let mut response = Response::new(answer.status().as_u16());
        if let Some(retry_after) = answer.headers().get("retry-after").and_then(|value| value.to_str().ok()) {
            response = response.with_header("Retry-After", retry_after);
        }
        let mut body = Vec::new();
        // A body that breaks off changes nothing: the status has told what became of the batch.
        let _ = answer.into_body().into_reader().take(MAX_ANSWER_BYTES).read_to_end(&mut body);
        Ok(response.with_body(body))
    }
}

/// A request that had no answer. Says it in our words, keeps the cause.
#[derive(Debug)]
struct NoAnswer(ureq::Error);

impl fmt::Display for NoAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            ureq::Error::Timeout(ureq::Timeout::Connect) => f.write_str("connecting timed out"),
            ureq::Error::Timeout(_) => f.write_str("the request timed out"),
            ureq::Error::HostNotFound => f.write_str("the host was not found"),
            ureq::Error::Rustls(_) | ureq::Error::Tls(_) => f.write_str("the TLS connection failed"),
            // A certificate is refused while the first bytes are written, so that comes as an I/O error.
            ureq::Error::Io(error) if error.get_ref().is_some_and(|cause| cause.is::<rustls::Error>()) => {
                f.write_str("the TLS connection failed")
            }
            _ => f.write_str("the connection failed"),
        }
    }
}

impl Error for NoAnswer {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.0 {
            // Said already.
            ureq::Error::Timeout(_) | ureq::Error::HostNotFound => None,
            ureq::Error::Io(error) => Some(error),
            other => Some(other),
        }
    }
}
