//! The seam to the network: a batch's body goes out, an answer or an error comes back.

mod connection;
mod endpoint;
pub(crate) mod http;
mod proxy;
mod resolver;
mod roots;
mod route;

use std::error::Error;
use std::fmt;

pub(crate) use endpoint::{DEFAULT as DEFAULT_ENDPOINT, Endpoint, without_secrets};
pub use roots::Roots;
pub use route::{Route, RouteProxy};

/// Sends requests. The client calls it from its own threads, several at a time, and only ever from there; it may block.
///
/// The default one is HTTP. Another one is for tests (`klime::testing::Recorder`, feature `testing`, is one) or for apps that must
/// send through an HTTP stack of their own. It must not follow redirects: they would carry the write key elsewhere.
///
/// # Examples
///
/// ```
/// use klime::{Client, Request, Response, Transport, TransportError};
///
/// struct Printing;
///
/// impl Transport for Printing {
///     fn send(&self, request: &Request<'_>) -> Result<Response, TransportError> {
///         println!("POST {} ({} bytes)", request.url(), request.body().len());
///         Ok(Response::new(200))
///     }
/// }
///
/// let klime = Client::builder("key").transport(Printing).build()?;
/// klime.track("Button Clicked").user("user_123").enqueue();
/// assert!(klime.flush_blocking(std::time::Duration::from_secs(5)).is_complete());
/// assert_eq!(klime.stats().accepted, 1);
/// # Ok::<(), klime::ConfigError>(())
/// ```
pub trait Transport: Send + Sync + 'static {
    /// Makes one request, and waits for its answer; with a time-out of its own.
    ///
    /// # Errors
    ///
    /// [`TransportError`] when there is no answer. It is tried again like a 503.
    fn send(&self, request: &Request<'_>) -> Result<Response, TransportError>;
}

// A transport need not show itself, what holds one does.
impl fmt::Debug for dyn Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Transport")
    }
}

/// A POST request to Klime. Its `Debug` shows neither the write key nor the body.
///
/// # Examples
///
/// What a [`Transport`] makes of it, for an HTTP stack that takes text:
///
/// ```
/// fn head(request: &klime::Request<'_>) -> String {
///     let mut head = format!("POST {}\r\nContent-Length: {}\r\n", request.url(), request.body().len());
///     for (name, value) in request.headers() {
///         head += &format!("{name}: {value}\r\n");
///     }
///     head
/// }
/// ```
#[derive(Clone, Copy)]
pub struct Request<'a> {
    target: &'a Target,
    body: &'a [u8],
}

impl<'a> Request<'a> {
    pub(crate) fn new(target: &'a Target, body: &'a [u8]) -> Self {
        Self { target, body }
    }

    /// Where it goes: the endpoint with `/v1/batch`.
    #[must_use]
    pub fn url(&self) -> &'a str {
        self.target.endpoint.url()
    }

    /// The headers that it must carry, with the write key among them: `Content-Type` and `Authorization`.
    pub fn headers(&self) -> impl Iterator<Item = (&'static str, &'a str)> {
        [("Content-Type", "application/json"), ("Authorization", self.target.authorization.as_str())].into_iter()
    }

    /// The body: JSON, uncompressed, at most 10 MB.
    #[must_use]
    pub fn body(&self) -> &'a [u8] {
        self.body
    }
}

impl fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("url", &self.url())
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// An HTTP answer, as far as it matters here.
///
/// # Examples
///
/// ```
/// let answer = klime::Response::new(429).with_header("Retry-After", "3");
/// assert_eq!((answer.status(), answer.retry_after()), (429, Some("3")));
/// ```
#[derive(Debug, Clone, Default)]
pub struct Response {
    status: u16,
    retry_after: Option<String>,
    body: Vec<u8>,
}

impl Response {
    /// An answer with this HTTP status and an empty body.
    #[must_use]
    pub fn new(status: u16) -> Self {
        Self { status, ..Self::default() }
    }

    /// Adds a header. Only `Retry-After` is kept, in upper or lower case.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        if name.eq_ignore_ascii_case("retry-after") {
            self.retry_after = Some(value.to_owned());
        }
        self
    }

    /// Sets the body. For a 2xx, JSON of the shape that [`BatchResponse`](crate::BatchResponse) reads; any other one counts as all
    /// accepted.
    #[must_use]
    pub fn with_body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The `Retry-After` header.
    #[must_use]
    pub fn retry_after(&self) -> Option<&str> {
        self.retry_after.as_deref()
    }

    /// The body.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }
}

/// There was no answer.
///
/// # Examples
///
/// ```
/// let error = klime::TransportError::new("the tunnel is down");
/// assert_eq!(error.to_string(), "the tunnel is down");
/// ```
pub struct TransportError(Box<dyn Error + Send + Sync>);

impl TransportError {
    /// Wraps an error, or a sentence. Its text must not hold the write key.
    pub fn new(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(error.into())
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TransportError").field(&self.0).finish()
    }
}

impl Error for TransportError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}

/// The transport of a disabled client.
#[derive(Debug)]
pub(crate) struct Nowhere;

impl Transport for Nowhere {
    fn send(&self, _request: &Request<'_>) -> Result<Response, TransportError> {
        Err(TransportError::new("the client is disabled"))
    }
}

/// A key that is shorter may be an ordinary word, or a part of one (`ok`). To replace it would damage the text and show the key.
const SHORTEST_SCRUBBED: usize = 8;

/// Where requests go, and with which key.
pub(crate) struct Target {
    endpoint: Endpoint,
    write_key: String,
    /// `Bearer <write key>`
    authorization: String,
}

impl Target {
    pub(crate) fn new(endpoint: Endpoint, write_key: String) -> Self {
        let authorization = format!("Bearer {write_key}");
        Self { endpoint, write_key, authorization }
    }

    /// The target of a disabled client, which has no requests.
    pub(crate) fn nowhere() -> Self {
        Self { endpoint: Endpoint::nowhere(), write_key: String::new(), authorization: String::new() }
    }

    /// `text` without the write key, should it be in there.
    pub(crate) fn scrub(&self, text: &str) -> String {
        if self.write_key.len() < SHORTEST_SCRUBBED {
            return text.to_owned();
        }
        text.replace(&self.write_key, "<write key>")
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target")
            .field("url", &self.endpoint.url())
            .field("write_key", &"<redacted>")
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_lose_the_write_key_but_no_ordinary_word() {
        let scrub = |key: &str, text: &str| {
            let endpoint = Endpoint::parse("https://i.klime.com", false).unwrap();
            Target::new(endpoint, key.to_owned()).scrub(text)
        };
        assert_eq!(scrub("key_1234", "bad key key_1234!"), "bad key <write key>!");
        assert_eq!(scrub("ok", "token is not ok"), "token is not ok");
        assert_eq!(scrub("key_123", "bad key key_123"), "bad key key_123");
        assert_eq!(Target::nowhere().scrub("text"), "text");
    }
}
