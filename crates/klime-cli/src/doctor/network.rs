//! DNS and TCP: which addresses there are, and which of them can be reached.

use std::io;
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs as _};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use super::step::{Name, Step};
use crate::clock;
use crate::exit::Exit;

/// No more addresses are tried, nor shown.
const MOST_ADDRESSES: usize = 8;

/// Looks the host up as the SDK does, by the system's resolver.
pub(super) fn look_up(host: &str, port: u16, timeout: Duration) -> (Step, Vec<SocketAddr>) {
    if let Ok(address) = host.parse::<IpAddr>() {
        return (Step::skipped(Name::Dns, format!("{address} is an address")), vec![SocketAddr::new(address, port)]);
    }
    let began = clock::now();
    let (sender, found) = channel();
    let name = host.to_owned();
    // The resolver knows no time-out; a look-up that hangs is left behind.
    let look_up = move || {
        let _ = sender.send((name.as_str(), port).to_socket_addrs().map(Vec::from_iter));
    };
    if let Err(error) = thread::Builder::new().name("klime-doctor-dns".to_owned()).spawn(look_up) {
        let fix = "this machine is out of threads or memory";
        return (
            Step::failed(Name::Dns, Exit::Unreachable, format!("no thread to look it up: {error}"), fix),
            Vec::new(),
        );
    }
    let found = found.recv_timeout(timeout);
    let took = clock::now().saturating_duration_since(began);
    let (step, addresses) = judge(host, timeout, found);
    (step.in_time(took), addresses)
}

type LookedUp = Result<io::Result<Vec<SocketAddr>>, RecvTimeoutError>;

fn judge(host: &str, timeout: Duration, found: LookedUp) -> (Step, Vec<SocketAddr>) {
    let failed = |found: String, fix: &str| (Step::failed(Name::Dns, Exit::Unreachable, found, fix), Vec::new());
    match found {
        Ok(Ok(mut addresses)) if !addresses.is_empty() => {
            addresses.truncate(MOST_ADDRESSES);
            let list: Vec<String> = addresses.iter().map(|address| address.ip().to_string()).collect();
            (Step::ok(Name::Dns, format!("{host} is {}", list.join(", "))), addresses)
        }
        Ok(Ok(_)) => failed(format!("{host} has no address"), "check how the host in the endpoint is spelt"),
        Ok(Err(error)) => failed(
            format!("{host} was not found: {error}"),
            "check how the host is spelt and that this machine's DNS works (in a container: its /etc/resolv.conf); where only a \
             proxy leads out, set https_proxy",
        ),
        Err(_) => failed(
            format!("no answer about {host} within {timeout:?}"),
            "the name server does not answer; check this machine's DNS settings and firewall",
        ),
    }
}

/// Connects to each address, side by side; returns the first one that was reached.
pub(super) fn connect(addresses: &[SocketAddr], timeout: Duration) -> (Step, Option<SocketAddr>) {
    let began = clock::now();
    let tried: Vec<Tried> = thread::scope(|scope| {
        let attempt = |address: &SocketAddr| {
            let address = *address;
            scope.spawn(move || Tried::one(address, timeout))
        };
        let attempts: Vec<_> = addresses.iter().map(attempt).collect();
        attempts.into_iter().filter_map(|attempt| attempt.join().ok()).collect()
    });
    let took = clock::now().saturating_duration_since(began);
    let reached = tried.iter().find(|tried| tried.problem.is_none()).map(|tried| tried.address);
    (verdict(&tried, reached.is_some()).in_time(took), reached)
}

/// One address, and what came of it.
struct Tried {
    address: SocketAddr,
    took: Duration,
    problem: Option<io::Error>,
}

impl Tried {
    fn one(address: SocketAddr, timeout: Duration) -> Self {
        let began = clock::now();
        let problem = TcpStream::connect_timeout(&address, timeout).err();
        Self { address, took: clock::now().saturating_duration_since(began), problem }
    }

    fn text(&self) -> String {
        match &self.problem {
            None => format!("{} in {}", self.address, millis(self.took)),
            Some(error) => format!("{}: {}", self.address, why(error)),
        }
    }
}

fn why(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "refused, nothing listens there".to_owned(),
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => "no answer".to_owned(),
        _ => error.to_string(),
    }
}

fn verdict(tried: &[Tried], is_reached: bool) -> Step {
    let list: Vec<String> = tried.iter().map(Tried::text).collect();
    let found = list.join("; ");
    let is_refused =
        |tried: &Tried| tried.problem.as_ref().is_some_and(|error| error.kind() == io::ErrorKind::ConnectionRefused);
    match tried.iter().all(|tried| tried.problem.is_none()) {
        true => Step::ok(Name::Tcp, found),
        false if is_reached => {
            let fix =
                "not all addresses are reached, so that some connections take longer; check the route of those (IPv6?)";
            Step::warning(Name::Tcp, found, fix)
        }
        false if tried.iter().all(is_refused) => {
            let fix =
                "check the port in the endpoint (or the proxy's), and that the server runs: is klime dev started?";
            Step::failed(Name::Tcp, Exit::Unreachable, found, fix)
        }
        false => {
            let fix = "a firewall or a missing route; allow this machine to connect there, or set https_proxy";
            Step::failed(Name::Tcp, Exit::Unreachable, found, fix)
        }
    }
}

/// A duration as people read it.
pub(super) fn millis(took: Duration) -> String {
    match took.as_secs_f64() * 1e3 {
        millis if millis < 10.0 => format!("{millis:.1} ms"),
        millis => format!("{millis:.0} ms"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(5);

    #[test]
    fn an_address_needs_no_look_up() {
        let (step, addresses) = look_up("::1", 5546, LIMIT);
        assert_eq!((step.found.as_str(), addresses), ("::1 is an address", vec!["[::1]:5546".parse().unwrap()]));
    }

    #[test]
    fn a_name_server_that_hangs_is_told_from_a_name_that_does_not_exist() {
        let (hangs, _) = judge("klime.example", LIMIT, Err(RecvTimeoutError::Timeout));
        assert_eq!(hangs.found, "no answer about klime.example within 5s");
        let (unknown, addresses) =
            judge("klime.example", LIMIT, Ok(Err(io::Error::other("Name or service not known"))));
        assert_eq!(unknown.found, "klime.example was not found: Name or service not known");
        assert!(hangs.is_failed() && unknown.is_failed() && addresses.is_empty());
    }

    #[test]
    fn one_address_that_is_reached_is_enough_but_the_others_are_told() {
        let tried = |problem: Option<io::ErrorKind>| Tried {
            address: "[2001:db8::1]:443".parse().unwrap(),
            took: Duration::from_micros(12_345),
            problem: problem.map(io::Error::from),
        };
        let step = verdict(&[tried(None), tried(Some(io::ErrorKind::TimedOut))], true);
        assert_eq!(step.verdict, super::super::step::Verdict::Warning);
        assert_eq!(step.found, "[2001:db8::1]:443 in 12 ms; [2001:db8::1]:443: no answer");
        assert!(verdict(&[tried(Some(io::ErrorKind::TimedOut))], false).fix.unwrap().starts_with("a firewall"));
    }
}
