//! `klime track`, `klime identify`, `klime group`: one event, sent at once through the SDK.
//!
//! What is retried, and how, is the SDK's business. This only fits the number of attempts to the time that is given, so that the
//! last failure is told, and not merely that the time is over.

mod args;
pub(crate) mod cause;
mod fields;
mod outcome;

use std::time::Duration;

use klime::{Client, Event, EventKind};

use crate::exit::Exit;
use crate::settings::Settings;
use args::Common;
pub(crate) use args::{GroupArgs, IdentifyArgs, TrackArgs};
use outcome::{Form, Outcome, Sending};

/// The SDK waits so long before the first retry, and twice as long before each further one, up to 16 s.
const INITIAL_DELAY: Duration = Duration::from_secs(1);
const LONGEST_DELAY: Duration = Duration::from_secs(16);

/// Says as JSON what the parser says of a command line.
pub(crate) fn misspelt(text: &str) -> Exit {
    let sentence = text.split("\n\n").next().unwrap_or_default().trim_start_matches("error: ");
    let sentence = sentence.split_whitespace().collect::<Vec<_>>().join(" ");
    Outcome::usage("commandLine", sentence).report(EventKind::Track, "", Form::Json)
}

/// Runs `klime track`.
pub(crate) fn track(args: TrackArgs) -> Exit {
    let ids = [("--user", &args.user), ("--group", &args.group), ("--message-id", &args.common.message_id)];
    let fields = fields::read("--properties", args.properties.as_deref(), &args.property);
    let filled = not_blank("EVENT", &args.event, "a name such as 'Report Generated'").and(no_blank_id(&ids));
    let event = filled.and(fields).map(|fields| {
        let event = Event::track(args.event).with_properties(fields);
        with_user(with_group(event, args.group), args.user)
    });
    send(EventKind::Track, event, &args.common)
}

/// Runs `klime identify`.
pub(crate) fn identify(args: IdentifyArgs) -> Exit {
    let fields = fields::read("--traits", args.traits.traits.as_deref(), &args.traits.pairs);
    let ids = [("USER", &args.id), ("--user", &args.user), ("--message-id", &args.common.message_id)];
    let filled = no_blank_id(&ids);
    let user = args.id.or(args.user).unwrap_or_default();
    let event = filled.and(fields).map(|fields| Event::identify(user).with_traits(fields));
    send(EventKind::Identify, event, &args.common)
}

/// Runs `klime group`.
pub(crate) fn group(args: GroupArgs) -> Exit {
    let fields = fields::read("--traits", args.traits.traits.as_deref(), &args.traits.pairs);
    let ids = [
        ("GROUP", &args.id),
        ("--group", &args.group),
        ("--user", &args.user),
        ("--message-id", &args.common.message_id),
    ];
    let filled = no_blank_id(&ids);
    let group = args.id.or(args.group).unwrap_or_default();
    let event = filled.and(fields).map(|fields| with_user(Event::group(group).with_traits(fields), args.user));
    send(EventKind::Group, event, &args.common)
}

fn no_blank_id(ids: &[(&str, &Option<String>)]) -> Result<(), String> {
    ids.iter()
        .filter_map(|(option, id)| Some((option, id.as_deref()?)))
        .try_for_each(|(option, id)| not_blank(option, id, "an id such as user_123"))
}

/// Blanks are variables that are not set, in a script that quotes them; an empty text is the SDK's to refuse.
fn not_blank(option: &str, text: &str, wanted: &str) -> Result<(), String> {
    match !text.is_empty() && text.trim().is_empty() {
        true => Err(format!("{option} is {text:?}, which is blank; it must be {wanted}")),
        false => Ok(()),
    }
}

fn with_user(event: Event, user: Option<String>) -> Event {
    match user {
        Some(user) => event.with_user(user),
        None => event,
    }
}

fn with_group(event: Event, group: Option<String>) -> Event {
    match group {
        Some(group) => event.with_group(group),
        None => event,
    }
}

fn send(kind: EventKind, event: Result<Event, String>, common: &Common) -> Exit {
    let settings = match Settings::read(&common.connection) {
        Ok(settings) => settings,
        Err(error) => return Outcome::usage("configuration", error.to_string()).report(kind, "", common.form()),
    };
    let outcome = match event {
        Ok(event) => deliver(stamped(event, common), &settings, common.timeout),
        Err(problem) => Outcome::usage("invalid", problem),
    };
    outcome.report(kind, &settings.endpoint, common.form())
}

fn stamped(mut event: Event, common: &Common) -> Event {
    if let Some(timestamp) = common.timestamp {
        event = event.with_timestamp(timestamp);
    }
    if let Some(id) = &common.message_id {
        event = event.with_message_id(id);
    }
    if let Some(ip) = common.ip {
        event = event.with_ip(ip);
    }
    event
}

fn deliver(event: Event, settings: &Settings, timeout: Duration) -> Outcome {
    if settings.is_disabled {
        return Outcome::disabled();
    }
    let client = match client(settings, timeout) {
        Ok(client) => client,
        Err(problem) => return Outcome::usage("configuration", problem),
    };
    let message_id = event.message_id().to_owned();
    match client.send_event_blocking(event, timeout) {
        Ok(answer) => Outcome::taken(message_id, &answer),
        Err(error) => {
            let requests = client.stats().requests;
            Outcome::failed(message_id, &error, &Sending { requests, timeout, endpoint: &settings.endpoint })
        }
    }
}

fn client(settings: &Settings, timeout: Duration) -> Result<Client, String> {
    let builder = settings.client().map_err(|error| error.to_string())?;
    builder
        .retry_initial_delay(INITIAL_DELAY)
        .retry_max_attempts(attempts_within(timeout))
        // Nothing is left to be sent when the time is over.
        .flush_on_shutdown(false)
        .shutdown_timeout(Duration::ZERO)
        .build()
        .map_err(|error| settings.explain(&error).to_string())
}

/// How many attempts fit into the time, were they to fail at once and were each wait as long as it can be.
fn attempts_within(timeout: Duration) -> u32 {
    let (mut attempts, mut waited, mut delay) = (1, Duration::ZERO, INITIAL_DELAY);
    while waited + delay <= timeout {
        waited += delay;
        delay = (delay * 2).min(LONGEST_DELAY);
        attempts += 1;
    }
    attempts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_attempts_fit_into_the_time() {
        for (seconds, attempts) in [(0.5, 1), (1.0, 2), (2.9, 2), (3.0, 3), (10.0, 4), (15.0, 5), (31.0, 6), (47.0, 7)]
        {
            assert_eq!(attempts_within(Duration::from_secs_f64(seconds)), attempts, "{seconds}");
        }
    }
}
