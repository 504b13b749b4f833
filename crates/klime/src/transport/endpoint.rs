//! Where Klime is.

use std::net::IpAddr;

use ureq::http::Uri;

use crate::error::ConfigError;

/// The address that is used when none is given.
pub(crate) const DEFAULT: &str = "https://i.klime.com";

const PATH: &str = "/v1/batch";

/// A checked address.
#[derive(Debug, Clone)]
pub(crate) struct Endpoint {
    url: String,
    is_https: bool,
    host: String,
    port: u16,
}

impl Endpoint {
    /// Checks an address; `allow_insecure_http` permits plain `http` to any host.
    pub(crate) fn parse(text: &str, allow_insecure_http: bool) -> Result<Self, ConfigError> {
        let refuse = |problem: &str| ConfigError::new("endpoint", format!("is {:?}, {problem}", without_secrets(text)));
        if text.trim() != text {
            return Err(refuse("it has blanks around it"));
        }
        let uri: Uri = text.parse().map_err(|error: ureq::http::uri::InvalidUri| {
            refuse("it must be a URL such as \"https://i.klime.com\"").caused_by(error)
        })?;
        let is_https = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(refuse("it must begin with https:// or http://")),
        };
        let authority = uri.authority().ok_or_else(|| refuse("it must name a host"))?;
        if authority.as_str().contains('@') {
            return Err(refuse("it must hold no user name or password"));
        }
        if uri.query().is_some() || text.contains('#') {
            return Err(refuse("it must have no query and no fragment"));
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
        // The parser takes anything between the bracket of an IPv6 address and the port.
        let after_host = authority.as_str().strip_prefix(authority.host()).unwrap_or_default();
        let is_port = || authority.port().is_some_and(|port| after_host.strip_prefix(':') == Some(port.as_str()));
        if host.is_empty() || !(after_host.is_empty() || is_port()) {
            return Err(refuse("it must name a host, and its port must be a number up to 65535"));
        }
        if uri.path().trim_end_matches('/').ends_with(PATH) {
            return Err(refuse("leave out \"/v1/batch\", the client appends it"));
        }
        if !is_https && !allow_insecure_http && !is_loopback(&host) {
            return Err(refuse("plain http would show the write key; use https, or set allow_insecure_http"));
        }
        let url = format!("{}{PATH}", text.trim_end_matches('/'));
        let port = authority.port_u16().unwrap_or(if is_https { 443 } else { 80 });
        Ok(Self { url, is_https, host, port })
    }

    /// No address at all.
    pub(super) fn nowhere() -> Self {
        Self { url: String::new(), is_https: true, host: String::new(), port: 0 }
    }

    /// The whole URL that batches are posted to.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(super) fn is_https(&self) -> bool {
        self.is_https
    }

    /// The host, without the brackets of an IPv6 address.
    pub(super) fn host(&self) -> &str {
        &self.host
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }
}

/// The text of an address without a password that may be in it: nothing before an `@` but the scheme is shown, because in a
/// mistyped address it may stand anywhere.
pub(crate) fn without_secrets(text: &str) -> String {
    let Some((before, host)) = text.rsplit_once('@') else {
        return text.to_owned();
    };
    let scheme = ["https://", "http://"].into_iter().find(|scheme| before.starts_with(scheme)).unwrap_or_default();
    format!("{scheme}…@{host}")
}

pub(super) fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_batch_path_is_appended_once() {
        for (given, url) in [
            ("https://i.klime.com", "https://i.klime.com/v1/batch"),
            ("https://i.klime.com/", "https://i.klime.com/v1/batch"),
            ("https://proxy.acme.com:8443/klime//", "https://proxy.acme.com:8443/klime/v1/batch"),
            ("http://127.0.0.1:5546", "http://127.0.0.1:5546/v1/batch"),
            ("http://[::1]:5546/", "http://[::1]:5546/v1/batch"),
            ("http://localhost:1", "http://localhost:1/v1/batch"),
            ("HTTP://LOCALHOST:1", "HTTP://LOCALHOST:1/v1/batch"),
        ] {
            assert_eq!(Endpoint::parse(given, false).unwrap().url(), url);
        }
    }

    #[test]
    fn what_is_no_address_is_refused_by_name() {
        let must_be = |given: &str| Endpoint::parse(given, false).unwrap_err().to_string();
        let refused = [
            "",
            "i.klime.com",
            "ftp://i.klime.com",
            "https://",
            "https://user:secret@host",
            "https:/user:secret@host",
            "https://user:sec/ret@host",
            "https://host?x=1",
            "https://host#x",
            "https://host:port",
            "https://host:",
            "http://i.klime.com",
            "http://127.0.0.1.evil.com",
            "http://[::1].evil.com:80",
            "http://10.0.0.1",
            " https://i.klime.com\n",
            "https://i.klime.com/v1/batch",
            "http://10.0.0.1/klime/v1/batch/",
        ];
        insta::assert_snapshot!(refused.map(must_be).join("\n"), @r#"
        endpoint is "", it must be a URL such as "https://i.klime.com"
        endpoint is "i.klime.com", it must begin with https:// or http://
        endpoint is "ftp://i.klime.com", it must begin with https:// or http://
        endpoint is "https://", it must be a URL such as "https://i.klime.com"
        endpoint is "https://…@host", it must hold no user name or password
        endpoint is "…@host", it must be a URL such as "https://i.klime.com"
        endpoint is "https://…@host", it must name a host, and its port must be a number up to 65535
        endpoint is "https://host?x=1", it must have no query and no fragment
        endpoint is "https://host#x", it must have no query and no fragment
        endpoint is "https://host:port", it must name a host, and its port must be a number up to 65535
        endpoint is "https://host:", it must name a host, and its port must be a number up to 65535
        endpoint is "http://i.klime.com", plain http would show the write key; use https, or set allow_insecure_http
        endpoint is "http://127.0.0.1.evil.com", plain http would show the write key; use https, or set allow_insecure_http
        endpoint is "http://[::1].evil.com:80", it must name a host, and its port must be a number up to 65535
        endpoint is "http://10.0.0.1", plain http would show the write key; use https, or set allow_insecure_http
        endpoint is " https://i.klime.com\n", it has blanks around it
        endpoint is "https://i.klime.com/v1/batch", leave out "/v1/batch", the client appends it
        endpoint is "http://10.0.0.1/klime/v1/batch/", leave out "/v1/batch", the client appends it
        "#);
    }

    #[test]
    fn plain_http_goes_anywhere_when_it_is_allowed() {
        assert!(Endpoint::parse("http://klime.internal:8080", true).is_ok());
    }
}
