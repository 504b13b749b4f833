//! What lies behind a failure: which words help, and whether the event can have arrived.

use std::error::Error;
use std::io;

use klime::{SendError, SendErrorKind};

/// A failure without an answer, with the address that was tried.
pub(crate) fn network(error: &SendError, endpoint: &str) -> String {
    let text = error.to_string().replacen("no answer from Klime", &format!("no answer from {endpoint}"), 1);
    let is_no_tls = causes(error).filter_map(tls).any(|tls| matches!(tls, rustls::Error::InvalidMessage(_)));
    match is_no_tls {
        true => format!("{text}; what listens there does not speak TLS: an endpoint of plain http begins with http://"),
        false => text,
    }
}

/// The last attempt that ended before the time was over.
pub(super) fn last_attempt(error: &SendError) -> Option<&SendError> {
    error.source().filter(|_| error.kind() == SendErrorKind::Timeout)?.downcast_ref()
}

/// Whether Klime may have the event, as far as the last of so many requests tells. It has not where no connection came about, nor where it
/// was told to come again later.
pub(super) fn may_have_arrived(error: &SendError, requests: u64) -> bool {
    let has_ended = requests <= u64::from(error.attempts());
    let error = last_attempt(error).filter(|_| has_ended).unwrap_or(error);
    match (error.kind(), error.status_code()) {
        (SendErrorKind::Status, Some(429)) => false,
        (SendErrorKind::Network, _) => !causes(error).any(is_before_sending),
        _ => true,
    }
}

fn causes(error: &SendError) -> impl Iterator<Item = &(dyn Error + 'static)> {
    std::iter::successors(error.source(), |&cause| cause.source())
}

fn is_before_sending(cause: &(dyn Error + 'static)) -> bool {
    let is_connecting = cause.downcast_ref::<io::Error>().is_some_and(|error| {
        matches!(
            error.kind(),
            io::ErrorKind::ConnectionRefused | io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable
        )
    });
    // The SDK's words for what has no further cause.
    is_connecting
        || tls(cause)
            .is_some_and(|tls| matches!(tls, rustls::Error::InvalidCertificate(_) | rustls::Error::InvalidMessage(_)))
        || matches!(cause.to_string().as_str(), "the host was not found" | "connecting timed out")
        || cause.to_string().starts_with("failed to lookup address information")
}

/// An error of TLS, which may come as one of I/O. The event goes out after the handshake.
fn tls<'a>(cause: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    if let Some(error) = cause.downcast_ref::<io::Error>() {
        return error.get_ref()?.downcast_ref();
    }
    match cause.downcast_ref::<ureq::Error>() {
        Some(ureq::Error::Rustls(error)) => Some(error),
        _ => cause.downcast_ref(),
    }
}
