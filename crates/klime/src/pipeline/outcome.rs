//! What became of one request, as the pipeline sees it.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::batch::Batch;
use super::retry::parse_retry_after;
use crate::error::{Failure, SendErrorKind, innermost};
use crate::response::BatchResponse;
use crate::transport::{Response, TransportError};

/// The end of one request.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// A 2xx: the events are Klime's, but for those that it refused.
    Taken { status: u16, response: BatchResponse },
    /// Worth another attempt.
    Transient { failure: Failure, retry_after: Option<Duration> },
    /// Not worth another attempt.
    Permanent(Failure),
    /// 413: to be split, if there is more than one event.
    TooLarge { halves: Option<(Batch, Batch)>, failure: Failure },
    /// The transport panicked.
    Died,
}

impl Outcome {
    /// Reads the transport's answer for `batch`; `scrub` takes secrets out of what the server said.
    pub(crate) fn of(
        answer: Result<Response, TransportError>,
        batch: &Batch,
        now: SystemTime,
        scrub: impl Fn(&str) -> String,
    ) -> Self {
        let response = match answer {
            Ok(response) => response,
            Err(error) => {
                let mut failure = Failure::of_kind(SendErrorKind::Network);
                failure.detail = Some(scrub(&innermost(&error).to_string()));
                failure.source = Some(Arc::new(error));
                return Self::Transient { failure, retry_after: None };
            }
        };
        let status = response.status();
        if (200..300).contains(&status) {
            // The status alone decides: a body that cannot be read never has the events sent again.
            let read = BatchResponse::from_json(response.body());
            let response = read.map(|read| read.of_batch(batch.len(), &scrub));
            let response = response.unwrap_or_else(|| BatchResponse::all_accepted(batch.len()));
            return Self::Taken { status, response };
        }
        let mut failure = Failure::of_kind(SendErrorKind::Status);
        failure.status = Some(status);
        failure.detail = error_text(response.body(), &scrub);
        match status {
            408 | 425 | 429 | 500..=599 => {
                let retry_after = response.retry_after().and_then(|header| parse_retry_after(header, now));
                Self::Transient { failure, retry_after }
            }
            413 => Self::TooLarge { halves: batch.halves(), failure },
            _ => Self::Permanent(failure),
        }
    }
}

/// What an error answer says: `{"error":"…"}`, without secrets, and then cut: a part of one would give it away as well.
fn error_text(body: &[u8], scrub: &impl Fn(&str) -> String) -> Option<String> {
    const MOST_CHARS: usize = 200;
    let body: serde_json::Value = serde_json::from_slice(body).ok()?;
    let text = body.get("error")?.as_str()?;
    let text: String = text.chars().filter(|char| !char.is_control()).collect();
    Some(scrub(&text).chars().take(MOST_CHARS).collect())
}

/// Which events of a batch a 2xx answer refused.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Refused {
    /// Those that the answer names, in order.
    pub(super) named: Vec<usize>,
    /// How many there are, the named ones included.
    pub(super) total: usize,
}

impl Refused {
    /// `max(distinct valid indexes, failed)`, at most the batch: whatever the server says, the books stay right.
    pub(super) fn of(response: &BatchResponse, events: usize) -> Self {
        let mut named: Vec<usize> =
            response.errors.iter().map(|error| error.index).filter(|index| *index < events).collect();
        named.sort_unstable();
        named.dedup();
        let total = named.len().max(response.failed).min(events);
        Self { named, total }
    }

    /// How many of the first `covered` events were refused. Those that the answer does not name are taken to be the first ones.
    pub(super) fn among_first(&self, covered: usize) -> usize {
        let named = self.named.iter().filter(|index| **index < covered).count();
        let unnamed = self.total - self.named.len();
        (named + unnamed).min(covered)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(status: u16, headers: &[(&str, &str)], body: &str) -> Outcome {
        let mut response = Response::new(status).with_body(body);
        for (name, value) in headers {
            response = response.with_header(name, value);
        }
        let batch = Batch::of(0, [b"{}".as_slice(), b"{}"]);
        Outcome::of(Ok(response), &batch, SystemTime::UNIX_EPOCH, |text| text.replace("key", "…"))
    }

    #[test]
    fn a_2xx_is_taken_whatever_its_body() {
        for status in [200, 202, 204, 299] {
            for body in ["", "<html>", "[1]", r#"{"accepted":"two"}"#] {
                let Outcome::Taken { response, .. } = outcome(status, &[], body) else { panic!("{status} {body}") };
                assert_eq!(response, BatchResponse::all_accepted(2));
            }
        }
    }

    #[test]
    fn statuses_are_transient_or_permanent_or_split() {
        for status in [408, 425, 429, 500, 502, 503, 504, 599] {
            assert!(matches!(outcome(status, &[], ""), Outcome::Transient { retry_after: None, .. }), "{status}");
        }
        for status in [100, 301, 302, 307, 308, 400, 401, 403, 404, 405, 410, 422, 451, 600] {
            assert!(matches!(outcome(status, &[], ""), Outcome::Permanent(_)), "{status}");
        }
        assert!(matches!(outcome(413, &[], ""), Outcome::TooLarge { halves: Some(_), .. }));
    }

    #[test]
    fn retry_after_goes_with_a_transient_status() {
        let Outcome::Transient { retry_after, .. } = outcome(503, &[("Retry-After", "7")], "") else { panic!() };
        assert_eq!(retry_after, Some(Duration::from_secs(7)));
    }

    #[test]
    fn what_the_server_says_is_kept_without_the_key() {
        let Outcome::Permanent(failure) = outcome(401, &[], r#"{"error":"bad key\n"}"#) else { panic!() };
        assert_eq!(failure.to_string(), "Klime answered 401 (bad …)");
        let long = format!(r#"{{"error":"{}key"}}"#, "x".repeat(198));
        let Outcome::Permanent(failure) = outcome(401, &[], &long) else { panic!() };
        assert_eq!(failure.detail.unwrap(), "x".repeat(198) + "…");
    }

    #[test]
    fn what_the_server_says_of_an_event_is_kept_without_the_key() {
        let body = r#"{"status":"key","failed":1,"errors":[{"index":0,"message":"bad key","code":"key_k"}]}"#;
        let Outcome::Taken { response, .. } = outcome(200, &[], body) else { panic!() };
        assert_eq!((response.status.as_str(), response.errors[0].to_string().as_str()), ("…", "event 0: bad … (…_k)"));
    }

    #[test]
    fn refusals_are_counted_once_and_never_beyond_the_batch() {
        let refused = |body: &str, events| Refused::of(&BatchResponse::from_json(body.as_bytes()).unwrap(), events);
        let lying = r#"{"accepted":0,"failed":9,"errors":[{"index":1},{"index":1},{"index":99}]}"#;
        assert_eq!(refused(lying, 4), Refused { named: vec![1], total: 4 });
        let silent = refused(r#"{"accepted":2,"failed":2}"#, 4);
        assert_eq!(silent, Refused { named: vec![], total: 2 });
        assert_eq!((silent.among_first(1), silent.among_first(4)), (1, 2));
        let listed = refused(r#"{"accepted":1,"failed":1,"errors":[{"index":0},{"index":3}]}"#, 4);
        assert_eq!((listed.among_first(3), listed.among_first(4)), (1, 2));
    }
}
