//! What the core says, as Erlang terms.

use klime::{BatchResponse, DropReason, Event, Report, SendError, SendErrorKind, Stats};
use rustler::{Atom, Encoder, Env, Term};
use serde_json::{Map, Number, Value};

use crate::atoms;

/// `{status, accepted, failed, [{index, message, code}]}`.
pub(crate) struct Told<'t>(pub(crate) &'t BatchResponse);

impl Encoder for Told<'_> {
    fn encode<'a>(&self, env: Env<'a>) -> Term<'a> {
        let Self(answer) = self;
        let errors: Vec<_> =
            answer.errors.iter().map(|error| (error.index, error.message.as_str(), error.code.as_str())).collect();
        (answer.status.as_str(), answer.accepted, answer.failed, errors).encode(env)
    }
}

/// `{kind, message, status_code, attempts, events, response}`.
pub(crate) struct Failed<'t>(pub(crate) &'t SendError);

impl Encoder for Failed<'_> {
    fn encode<'a>(&self, env: Env<'a>) -> Term<'a> {
        let Self(error) = self;
        let message = match error.kind() {
            // Why it is not valid is worth more than that it is not.
            SendErrorKind::Dropped(_) => {
                std::error::Error::source(*error).map_or_else(|| error.to_string(), ToString::to_string)
            }
            _ => error.to_string(),
        };
        let events = Shown(error.events());
        let response = error.response().map(Told);
        (kind_atom(error.kind()), message, error.status_code(), error.attempts(), events, response).encode(env)
    }
}

fn kind_atom(kind: SendErrorKind) -> Atom {
    match kind {
        SendErrorKind::Rejected => atoms::rejected(),
        SendErrorKind::Status => atoms::status(),
        SendErrorKind::Network => atoms::network(),
        SendErrorKind::Timeout => atoms::timeout(),
        SendErrorKind::Closed => atoms::closed(),
        SendErrorKind::Dropped(reason) => reason_atom(reason),
        _ => atoms::unknown(),
    }
}

/// Every reason with the atom that names it.
const REASONS: [(DropReason, fn() -> Atom); 8] = [
    (DropReason::QueueFull, atoms::queue_full),
    (DropReason::TooLarge, atoms::too_large),
    (DropReason::Invalid, atoms::invalid),
    (DropReason::BeforeSend, atoms::before_send),
    (DropReason::Closed, atoms::closed),
    (DropReason::ShutdownDeadline, atoms::shutdown_deadline),
    (DropReason::Disabled, atoms::disabled),
    (DropReason::WorkerDied, atoms::worker_died),
];

pub(crate) fn reason_atom(reason: DropReason) -> Atom {
    REASONS.iter().find(|(known, _)| *known == reason).map_or_else(atoms::unknown, |(_, atom)| atom())
}

pub(crate) fn reason_of(atom: Atom) -> Option<DropReason> {
    REASONS.iter().find(|(_, known)| known() == atom).map(|(reason, _)| *reason)
}

/// `%{accepted: …, …}`.
pub(crate) struct Counted(pub(crate) Report);

impl Encoder for Counted {
    fn encode<'a>(&self, env: Env<'a>) -> Term<'a> {
        let Self(report) = self;
        let counts = [
            (atoms::accepted(), report.accepted),
            (atoms::rejected(), report.rejected),
            (atoms::failed(), report.failed),
            (atoms::dropped(), report.dropped),
            (atoms::pending(), report.pending),
            (atoms::unconfirmed(), report.unconfirmed),
        ];
        map_term(env, counts)
    }
}

/// `%{enqueued: …, dropped: %{queue_full: …}, …}`.
pub(crate) fn stats_term<'a>(env: Env<'a>, stats: &Stats) -> Term<'a> {
    let dropped = REASONS.map(|(reason, atom)| (atom(), stats.dropped.count(reason)));
    let counts = [
        (atoms::enqueued(), stats.enqueued),
        (atoms::accepted(), stats.accepted),
        (atoms::rejected(), stats.rejected),
        (atoms::failed(), stats.failed),
        (atoms::pending(), stats.pending),
        (atoms::pending_bytes(), stats.pending_bytes),
        (atoms::requests(), stats.requests),
        (atoms::retries(), stats.retries),
        (atoms::callbacks_skipped(), stats.callbacks_skipped),
    ];
    let counts = counts.map(|(key, count)| (key, count.encode(env)));
    map_term(env, counts.into_iter().chain([(atoms::dropped(), map_term(env, dropped))]))
}

fn map_term<'a, T: Encoder>(env: Env<'a>, entries: impl IntoIterator<Item = (Atom, T)>) -> Term<'a> {
    // It fails only for a key that stands twice.
    let entries: Vec<_> = entries.into_iter().collect();
    Term::map_from_pairs(env, &entries).unwrap_or_else(|_| Term::map_new(env))
}

/// Events as maps with the keys of the wire.
pub(crate) struct Shown<'t>(pub(crate) &'t [Event]);

impl Encoder for Shown<'_> {
    fn encode<'a>(&self, env: Env<'a>) -> Term<'a> {
        let events: Vec<_> = self.0.iter().map(|event| object_term(env, event.as_object())).collect();
        events.encode(env)
    }
}

fn object_term<'a>(env: Env<'a>, object: &Map<String, Value>) -> Term<'a> {
    let entries: Vec<_> = object.iter().map(|(key, value)| (key.as_str(), value_term(env, value))).collect();
    Term::map_from_pairs(env, &entries).unwrap_or_else(|_| Term::map_new(env))
}

fn value_term<'a>(env: Env<'a>, value: &Value) -> Term<'a> {
    match value {
        Value::Null => atoms::nil().encode(env),
        Value::Bool(value) => value.encode(env),
        Value::Number(number) => number_term(env, number),
        Value::String(text) => text.encode(env),
        Value::Array(values) => values.iter().map(|value| value_term(env, value)).collect::<Vec<_>>().encode(env),
        Value::Object(object) => object_term(env, object),
    }
}

fn number_term<'a>(env: Env<'a>, number: &Number) -> Term<'a> {
    if let Some(number) = number.as_i64() {
        return number.encode(env);
    }
    if let Some(number) = number.as_u64() {
        return number.encode(env);
    }
    number.as_f64().encode(env)
}
