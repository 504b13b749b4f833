//! Finds the addresses of the endpoint's host, and remembers them for a while.
//!
//! The HTTP crate asks its resolver before each request, also when a connection is open already, and its own one spawns a
//! thread each time. Here an address is taken as it is, and a name is looked up anew only when what is known of it is old.

use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use ureq::Error;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

use crate::clock;

/// A name is looked up anew after this; a client whose host has moved finds it between two retries.
const MAX_AGE: Duration = Duration::from_secs(10);

/// How many addresses of a host are tried.
const MOST_ADDRESSES: usize = 16;

#[derive(Debug, Default)]
pub(super) struct RememberingResolver {
    /// The endpoint, and the proxy if there is one.
    known: Mutex<Vec<Known>>,
}

#[derive(Debug)]
struct Known {
    /// `host:port`
    name: String,
    addresses: Vec<SocketAddr>,
    at: Instant,
}

impl RememberingResolver {
    fn addresses(
        &self,
        name: &str,
        look_up: impl FnOnce() -> Result<Vec<SocketAddr>, Error>,
    ) -> Result<Vec<SocketAddr>, Error> {
        let now = clock::now();
        if let Some(addresses) = self.known(name, now) {
            return Ok(addresses);
        }
        // Without the lock: it may take as long as the request may.
        let addresses = look_up()?;
        if addresses.is_empty() {
            return Err(Error::HostNotFound);
        }
        let mut all = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|known| known.name != name);
        all.push(Known { name: name.to_owned(), addresses: addresses.clone(), at: now });
        Ok(addresses)
    }

    fn known(&self, name: &str, now: Instant) -> Option<Vec<SocketAddr>> {
        let all = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let is_fresh = |known: &&Known| known.name == name && now.saturating_duration_since(known.at) < MAX_AGE;
        all.iter().find(is_fresh).map(|known| known.addresses.clone())
    }
}

impl Resolver for RememberingResolver {
    fn resolve(&self, uri: &Uri, config: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        let parts = uri.scheme().zip(uri.authority());
        let name = parts.and_then(|(scheme, authority)| DefaultResolver::host_and_port(scheme, authority));
        let name = name.ok_or(Error::HostNotFound)?;
        let addresses = match name.parse::<SocketAddr>() {
            Ok(address) => vec![address],
            Err(_) => self.addresses(&name, || look_up(&name, timeout))?,
        };
        let mut wanted = self.empty();
        for address in config.ip_family().keep_wanted(addresses.into_iter()).take(MOST_ADDRESSES) {
            wanted.push(address);
        }
        if wanted.is_empty() { Err(Error::HostNotFound) } else { Ok(wanted) }
    }
}

/// Asks the system, which has no time-out, on a thread that is left behind when it takes too long.
fn look_up(name: &str, timeout: NextTimeout) -> Result<Vec<SocketAddr>, Error> {
    let name = name.to_owned();
    let (found, result) = sync_channel(1);
    let ask = move || found.send(name.to_socket_addrs().map(Vec::from_iter));
    thread::Builder::new().name("klime-resolver".to_owned()).spawn(ask)?;
    match result.recv_timeout(*timeout.after) {
        Ok(addresses) => Ok(addresses?),
        Err(RecvTimeoutError::Timeout) => Err(Error::Timeout(timeout.reason)),
        Err(RecvTimeoutError::Disconnected) => Err(Error::HostNotFound),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn here() -> Result<Vec<SocketAddr>, Error> {
        Ok(vec![([127, 0, 0, 1], 80).into()])
    }

    #[test]
    fn each_name_is_looked_up_once() {
        let resolver = RememberingResolver::default();
        let mut asked = 0;
        for name in ["a.test:80", "a.test:80", "b.test:80", "a.test:80", "b.test:80"] {
            let found = resolver.addresses(name, || {
                asked += 1;
                here()
            });
            assert_eq!(found.unwrap(), here().unwrap());
        }
        assert_eq!(asked, 2);
    }

    #[test]
    fn what_is_known_grows_old() {
        let resolver = RememberingResolver::default();
        resolver.addresses("a.test:80", here).unwrap();
        let now = clock::now();
        assert!(resolver.known("a.test:80", now).is_some());
        assert!(resolver.known("a.test:80", now + MAX_AGE).is_none());
    }

    #[test]
    fn name_that_is_not_found_is_asked_for_again() {
        let resolver = RememberingResolver::default();
        assert!(matches!(resolver.addresses("a.test:80", || Ok(Vec::new())), Err(Error::HostNotFound)));
        assert!(resolver.addresses("a.test:80", here).is_ok());
    }

    #[test]
    fn addresses_and_names_are_resolved_to_where_they_lead() {
        let resolve = |uri: &'static str| {
            let resolved = RememberingResolver::default().resolve(
                &Uri::from_static(uri),
                &Config::default(),
                NextTimeout::default(),
            );
            resolved.unwrap()[0].to_string()
        };
        assert_eq!(resolve("http://127.0.0.1/v1/batch"), "127.0.0.1:80");
        assert_eq!(resolve("https://[::1]:8443"), "[::1]:8443");
        assert!(resolve("https://localhost").ends_with(":443"));
    }
}
