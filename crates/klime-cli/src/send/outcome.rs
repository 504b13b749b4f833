//! What became of the event, for people and as JSON.

use std::time::Duration;

use klime::{BatchResponse, DropReason, EventKind, SendError, SendErrorKind};
use serde::Serialize;

use super::cause;
use crate::exit::Exit;
use crate::print;

/// What became of the event. Its JSON is what `--json` prints.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Outcome {
    pub(super) status: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) message_id: Option<String>,
    pub(super) accepted: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<Problem>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Status {
    Taken,
    /// `KLIME_DISABLED`: nothing was sent, as was wanted.
    Disabled,
    Refused,
    Usage,
    Unreachable,
}

/// How an outcome is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    People,
    /// For people, who want to know of failures alone.
    OnlyFailures,
    Json,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Problem {
    kind: &'static str,
    message: String,
    /// The HTTP status of the last answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    /// Klime's code for what is wrong with the event.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    attempts: u64,
    /// The seconds that Klime asked to wait.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<u64>,
    /// Whether Klime may have the event nevertheless.
    #[serde(skip)]
    may_have_arrived: bool,
}

/// What was asked of the SDK, and what it did.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sending<'a> {
    /// How many were made, for when the time is over before the SDK has given up.
    pub(super) requests: u64,
    pub(super) timeout: Duration,
    pub(super) endpoint: &'a str,
}

impl Outcome {
    pub(super) fn taken(message_id: String, answer: &BatchResponse) -> Self {
        Self { status: Status::Taken, message_id: Some(message_id), accepted: answer.accepted, error: None }
    }

    pub(super) fn disabled() -> Self {
        Self { status: Status::Disabled, message_id: None, accepted: 0, error: None }
    }

    /// Nothing was sent, because the command line or the configuration is at fault.
    pub(super) fn usage(kind: &'static str, message: String) -> Self {
        let error = Problem {
            kind,
            message,
            status: None,
            code: None,
            attempts: 0,
            retry_after: None,
            may_have_arrived: false,
        };
        Self { status: Status::Usage, message_id: None, accepted: 0, error: Some(error) }
    }

    /// The event was not taken.
    pub(super) fn failed(message_id: String, error: &SendError, sending: &Sending<'_>) -> Self {
        let Sending { requests, timeout, endpoint } = *sending;
        let status = status_of(error);
        let refusal = error.response().and_then(|response| response.errors.first());
        let message = match (error.kind(), refusal) {
            (SendErrorKind::Rejected, Some(refusal)) => format!("Klime refused the event: {}", refusal.message),
            (SendErrorKind::Timeout, _) => {
                let plural = if requests == 1 { "" } else { "s" };
                let last = cause::last_attempt(error).map(|last| format!("; {}", cause::network(last, endpoint)));
                let last = last.unwrap_or_default();
                format!("Klime has not taken the event within {timeout:?}, in {requests} request{plural}{last}")
            }
            // What is wrong with the event stands in its cause.
            (SendErrorKind::Dropped(DropReason::Invalid | DropReason::TooLarge), _) => {
                std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
            }
            (SendErrorKind::Network, _) => cause::network(error, endpoint),
            _ => error.to_string(),
        };
        let problem = Problem {
            kind: word_of(error.kind()),
            message: print::printable(&message),
            status: error.status_code(),
            code: refusal.map(|refusal| refusal.code.clone()).filter(|code| !code.is_empty()),
            attempts: u64::from(error.attempts()).max(requests),
            retry_after: error.retry_after().map(whole_seconds),
            may_have_arrived: cause::may_have_arrived(error, requests),
        };
        let message_id = (status != Status::Usage).then_some(message_id);
        Self { status, message_id, accepted: 0, error: Some(problem) }
    }

    /// Prints it and says how the command ends.
    pub(super) fn report(&self, kind: EventKind, endpoint: &str, form: Form) -> Exit {
        match form {
            Form::Json => print::line(serde_json::to_string(self).unwrap_or_default()),
            Form::OnlyFailures if self.error.is_none() => {}
            Form::People | Form::OnlyFailures => self.tell(kind, endpoint),
        }
        match self.status {
            Status::Taken | Status::Disabled => Exit::Taken,
            Status::Refused => Exit::Refused,
            Status::Usage => Exit::Usage,
            Status::Unreachable => Exit::Unreachable,
        }
    }

    fn tell(&self, kind: EventKind, endpoint: &str) {
        let id = self.message_id.as_deref().unwrap_or_default();
        let id = print::printable(id);
        match &self.error {
            None if self.status == Status::Disabled => {
                print::line("nothing was sent: KLIME_DISABLED is set");
            }
            None => print::line(format_args!("{0}taken{0:#} by {endpoint}: {kind} {id}", print::GREEN)),
            Some(problem) => print::error(match self.status {
                Status::Unreachable => {
                    let arrived = if problem.may_have_arrived { "It may have arrived all the same. " } else { "" };
                    let when = problem.retry_after.map(|seconds| format!(" in {seconds} s")).unwrap_or_default();
                    format!(
                        "{}\n  {arrived}To try again{when} and count it once: --message-id {id}\n  \
                         klime doctor says what is wrong.",
                        problem.message
                    )
                }
                _ => match &problem.code {
                    Some(code) => format!("{} ({})", problem.message, print::printable(code)),
                    None => problem.message.clone(),
                },
            }),
        }
    }
}

fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

fn status_of(error: &SendError) -> Status {
    match (error.kind(), error.status_code()) {
        (SendErrorKind::Rejected, _) => Status::Refused,
        // The statuses that the SDK retries, see wire.md: it was tried until the attempts were spent.
        (SendErrorKind::Status, Some(408 | 425 | 429 | 500..=599)) => Status::Unreachable,
        (SendErrorKind::Status, _) => Status::Refused,
        (SendErrorKind::Dropped(DropReason::Invalid | DropReason::TooLarge), _) => Status::Usage,
        _ => Status::Unreachable,
    }
}

fn word_of(kind: SendErrorKind) -> &'static str {
    match kind {
        SendErrorKind::Rejected => "rejected",
        SendErrorKind::Status => "status",
        SendErrorKind::Network => "network",
        SendErrorKind::Timeout => "timeout",
        SendErrorKind::Dropped(DropReason::Invalid) => "invalid",
        SendErrorKind::Dropped(DropReason::TooLarge) => "tooLarge",
        _ => "dropped",
    }
}
