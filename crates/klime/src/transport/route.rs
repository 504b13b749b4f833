//! How requests would get to Klime, to be looked at by a doctor.

use std::fmt;

use super::proxy::{self, Named};
use super::{DEFAULT_ENDPOINT, Endpoint};
use crate::error::ConfigError;

/// How a client with this endpoint would reach Klime: directly, or through which proxy. For the `klime` command, so that it
/// examines the way that the SDK takes and not one of its own; not part of the stable API.
///
/// # Examples
///
/// ```
/// let route = klime::Route::find("http://127.0.0.1:5546", false)?;
/// assert_eq!((route.host(), route.port(), route.is_https()), ("127.0.0.1", 5546, false));
/// assert_eq!(route.url(), "http://127.0.0.1:5546/v1/batch");
/// assert!(route.proxy().is_none());
/// # Ok::<(), klime::ConfigError>(())
/// ```
#[derive(Debug)]
pub struct Route {
    endpoint: Endpoint,
    proxy: Option<RouteProxy>,
}

/// The proxy of a [`Route`].
pub struct RouteProxy {
    named: Named,
}

impl Route {
    /// The endpoint of a client that is given none.
    pub const DEFAULT_ENDPOINT: &'static str = DEFAULT_ENDPOINT;

    /// Checks the endpoint, and reads the environment for a proxy.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] when the endpoint, or the proxy that the environment names, is no good.
    pub fn find(endpoint: &str, allow_insecure_http: bool) -> Result<Self, ConfigError> {
        let endpoint = Endpoint::parse(endpoint, allow_insecure_http)?;
        let proxy = proxy::from_environment(&endpoint)?.map(|named| RouteProxy { named });
        Ok(Self { endpoint, proxy })
    }

    /// Where batches are posted to.
    #[must_use]
    pub fn url(&self) -> &str {
        self.endpoint.url()
    }

    /// Whether there is TLS.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.endpoint.is_https()
    }

    /// The endpoint's host, without the brackets of an IPv6 address.
    #[must_use]
    pub fn host(&self) -> &str {
        self.endpoint.host()
    }

    /// The endpoint's port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.endpoint.port()
    }

    /// The proxy; `None` when Klime is reached directly.
    #[must_use]
    pub fn proxy(&self) -> Option<&RouteProxy> {
        self.proxy.as_ref()
    }
}

impl RouteProxy {
    /// The environment variable that names it.
    #[must_use]
    pub fn variable(&self) -> &'static str {
        self.named.variable
    }

    /// Its host.
    #[must_use]
    pub fn host(&self) -> &str {
        self.named.proxy.host()
    }

    /// Its port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.named.proxy.port()
    }

    /// Its URL as it was given. There may be a password in it.
    #[must_use]
    pub fn secret_url(&self) -> &str {
        &self.named.url
    }
}

impl fmt::Debug for RouteProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RouteProxy")
            .field("variable", &self.variable())
            .field("host", &self.host())
            .field("port", &self.port())
            .finish_non_exhaustive()
    }
}
