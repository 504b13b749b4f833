//! The write key, by the SDK's own check: an empty batch.

use std::time::Duration;

use klime::{SendError, SendErrorKind};

use super::step::{Name, Step};
use crate::clock;
use crate::exit::Exit;
use crate::print::printable;
use crate::settings::{Settings, Source};

/// Asks whether Klime takes the key.
pub(super) fn check(settings: &Settings, timeout: Duration) -> Step {
    let Some((key, source)) = &settings.write_key else {
        return Step::skipped(Name::Key, "there is none to try; the step configuration says what to do");
    };
    let built = settings.client().map(|builder| {
        builder
            .retry_max_attempts(1)
            .request_timeout(timeout)
            .connect_timeout(timeout)
            .shutdown_timeout(Duration::ZERO)
            .build()
    });
    let client = match built {
        Ok(Ok(client)) => client,
        _ => return Step::skipped(Name::Key, "it cannot be sent; the step configuration says why"),
    };
    let began = clock::now();
    let answer = client.verify_blocking(timeout);
    let took = clock::now().saturating_duration_since(began);
    let step = match answer {
        Ok(_) => Step::ok(Name::Key, format!("Klime takes {}", key.masked())),
        Err(error) => failed(&error, source, timeout),
    };
    step.in_time(took)
}

/// What to do about a key that is not known; a klime dev says what it is.
fn wrong_key(text: &str) -> &'static str {
    match text.contains("klime dev") {
        true => {
            "use the key of that klime dev (its --key-file or KLIME_DEV_KEY), or start it without one: it takes any then"
        }
        false => "copy the write key again from Klime's settings, of the workspace that the events are meant for",
    }
}

fn failed(error: &SendError, source: &Source, timeout: Duration) -> Step {
    let text = printable(&error.to_string());
    match (error.kind(), error.status_code()) {
        (SendErrorKind::Status, Some(401 | 403)) => Step::failed(
            Name::Key,
            Exit::Refused,
            format!("{text}: it does not know the key of {source}"),
            wrong_key(&text),
        ),
        (SendErrorKind::Status, Some(408 | 425 | 429 | 500..=599)) => {
            Step::failed(Name::Key, Exit::Unreachable, text, "Klime cannot take events for now; try again later")
        }
        (SendErrorKind::Status, _) => {
            Step::failed(Name::Key, Exit::Refused, text, "Klime refuses even an empty batch; check the endpoint")
        }
        (SendErrorKind::Timeout, _) => Step::failed(
            Name::Key,
            Exit::Unreachable,
            format!("no answer within {timeout:?}"),
            "the server hangs or is very slow; try a longer --timeout",
        ),
        _ => Step::failed(Name::Key, Exit::Unreachable, text, "the connection was there a moment ago; try again"),
    }
}
