//! The proxy that the environment names for the endpoint, by the conventions of curl.

use ureq::Proxy;

use super::Endpoint;
use super::endpoint::is_loopback;
use crate::error::ConfigError;

/// The proxy for this endpoint: `https_proxy` or `http_proxy` by the endpoint's scheme, else `all_proxy`, in lower or upper
/// case, unless `no_proxy` names the host. `None` when it is reached directly; loopback always is.
pub(super) fn from_environment(endpoint: &Endpoint) -> Result<Option<Named>, ConfigError> {
    choose(endpoint, |name| std::env::var(name).ok().filter(|value| !value.trim().is_empty()))
}

/// A proxy, and the variable that names it.
pub(super) struct Named {
    pub(super) variable: &'static str,
    pub(super) proxy: Proxy,
    /// As it stands there; there may be a password in it.
    pub(super) url: String,
}

fn choose(endpoint: &Endpoint, variable: impl Fn(&str) -> Option<String>) -> Result<Option<Named>, ConfigError> {
    let first_of = |names: &[&'static str]| names.iter().find_map(|name| Some((*name, variable(name)?)));
    let named = match endpoint.is_https() {
        true => first_of(&["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]),
        // In a CGI program a request's `Proxy` header becomes HTTP_PROXY, so the upper-case name is not to be trusted there.
        false if variable("REQUEST_METHOD").is_some() => first_of(&["http_proxy", "all_proxy", "ALL_PROXY"]),
        false => first_of(&["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"]),
    };
    let Some((name, value)) = named else {
        return Ok(None);
    };
    let exceptions = first_of(&["no_proxy", "NO_PROXY"]).map(|(_, exceptions)| exceptions).unwrap_or_default();
    if is_loopback(endpoint.host()) || is_exception(endpoint, &exceptions) {
        return Ok(None);
    }
    // The cause and the value may show a password.
    let bad = |_| {
        ConfigError::new(name, "must be the URL of a proxy, such as \"http://proxy.acme.com:3128\" or \"socks5://…\"")
    };
    let url = value.trim().to_owned();
    let proxy = Proxy::new(&url).map_err(bad)?;
    Ok(Some(Named { variable: name, proxy, url }))
}

/// Whether a `no_proxy` list names the endpoint: `*`, a host, a domain (with or without a dot before it) for all its hosts, an
/// address; each with a port or without.
fn is_exception(endpoint: &Endpoint, list: &str) -> bool {
    list.split([',', ' ']).map(str::trim).filter(|entry| !entry.is_empty()).any(|entry| {
        if entry == "*" {
            return true;
        }
        let (host, port) = match entry.rsplit_once(':') {
            Some((host, port)) if !host.contains(':') || host.ends_with(']') => (host, port.parse().ok()),
            _ => (entry, None),
        };
        let host = host.trim_start_matches("*.").trim_start_matches('.').trim_matches(['[', ']']).to_ascii_lowercase();
        let is_host =
            endpoint.host() == host || endpoint.host().strip_suffix(&host).is_some_and(|rest| rest.ends_with('.'));
        is_host && port.is_none_or(|port: u16| port == endpoint.port())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxy(endpoint: &str, environment: &[(&str, &str)]) -> Result<Option<String>, String> {
        let endpoint = Endpoint::parse(endpoint, true).unwrap();
        let variable =
            |name: &str| environment.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        match choose(&endpoint, variable) {
            Ok(named) => Ok(named.map(|Named { proxy, .. }| format!("{}:{}", proxy.host(), proxy.port()))),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn the_scheme_of_the_endpoint_picks_the_variable() {
        let all = [("https_proxy", "http://secure:1"), ("http_proxy", "http://plain:2"), ("all_proxy", "http://any:3")];
        assert_eq!(proxy("https://i.klime.com", &all), Ok(Some("secure:1".to_owned())));
        assert_eq!(proxy("http://i.klime.com", &all), Ok(Some("plain:2".to_owned())));
        assert_eq!(proxy("https://i.klime.com", &all[1..]), Ok(Some("any:3".to_owned())));
        assert_eq!(proxy("https://i.klime.com", &all[1..2]), Ok(None));
        assert_eq!(
            proxy("https://i.klime.com", &[("HTTPS_PROXY", "proxy.acme.com")]),
            Ok(Some("proxy.acme.com:80".to_owned()))
        );
    }

    #[test]
    fn a_request_header_cannot_become_the_proxy_of_a_cgi_program() {
        let cgi = [("REQUEST_METHOD", "GET"), ("HTTP_PROXY", "http://evil:1")];
        assert_eq!(proxy("http://i.klime.com", &cgi), Ok(None));
        assert_eq!(proxy("http://i.klime.com", &cgi[1..]), Ok(Some("evil:1".to_owned())));
    }

    #[test]
    fn loopback_is_reached_directly() {
        for endpoint in ["http://127.0.0.1:1", "http://[::1]:1", "http://localhost:1"] {
            assert_eq!(proxy(endpoint, &[("http_proxy", "http://proxy:1")]), Ok(None));
        }
    }

    #[test]
    fn no_proxy_names_hosts_domains_addresses_and_ports() {
        let is_direct = |endpoint: &str, list: &str| {
            proxy(endpoint, &[("https_proxy", "http://proxy:1"), ("NO_PROXY", list)]).unwrap().is_none()
        };
        for list in [
            "*",
            "i.klime.com",
            "I.KLIME.COM",
            "klime.com",
            ".klime.com",
            "*.klime.com",
            "a.b, klime.com",
            "klime.com:443",
        ] {
            assert!(is_direct("https://i.klime.com", list), "{list}");
        }
        for list in ["", "lime.com", "klime.co", "klime.com:8443", "com.klime.i"] {
            assert!(!is_direct("https://i.klime.com", list), "{list}");
        }
        assert!(is_direct("https://10.1.2.3:8443", "10.1.2.3"));
        assert!(is_direct("https://[2001:db8::1]", "2001:db8::1"));
        assert!(is_direct("https://[2001:db8::1]", "[2001:db8::1]:443"));
    }

    #[test]
    fn what_is_no_proxy_is_refused_without_showing_it() {
        let bad = proxy("https://i.klime.com", &[("https_proxy", "ht!tp://user:secret@x")]).unwrap_err();
        assert_eq!(
            bad,
            "https_proxy must be the URL of a proxy, such as \"http://proxy.acme.com:3128\" or \"socks5://…\""
        );
    }
}
