//! The functions of `Klime.Native`. Each one returns at once.
//!
//! Those that take what a client's process holds answer `:none` should that process have ended.

use std::borrow::Cow;
use std::time::Duration;

use klime::DropReason;
use rustler::schedule::consume_timeslice;
use rustler::{Atom, Binary, Encoder, Env, LocalPid, NewBinary, ResourceArc, Term};

use crate::clients::{self, Held, Hook};
use crate::json::{Json, Refusal};
use crate::options::Options;
use crate::teller::send;
use crate::terms::{Counted, Failed, Told, reason_of, stats_term};
use crate::{atoms, errands};

/// Builds a client that no process owns yet: `{:ok, held}`, or `{:error, message}`.
#[rustler::nif]
fn start(env: Env<'_>, options: Options) -> Term<'_> {
    match options.build() {
        Ok(entry) => (atoms::ok(), ResourceArc::new(Held::new(entry))).encode(env),
        Err(error) => {
            let cause = std::error::Error::source(&error).map_or_else(String::new, |cause| format!(": {cause}"));
            (atoms::error(), format!("{error}{cause}")).encode(env)
        }
    }
}

/// Gives a client to the process that is to own it, with what Elixir has to see each event with (`nil` for nothing).
#[rustler::nif]
fn give_to(env: Env<'_>, held: ResourceArc<Held>, owner: LocalPid, hook: Term<'_>) -> bool {
    let is_nil = hook.decode::<Atom>().is_ok_and(|atom| atom == atoms::nil());
    Held::give_to(&held, env, owner, (!is_nil).then(|| Hook::new(hook)))
}

/// Ends a client that no process owns.
#[rustler::nif]
fn close(held: ResourceArc<Held>) -> Atom {
    held.let_go();
    atoms::ok()
}

/// Has the calling process told what became of the client's events, until `{:klime, :over}`. After each message but that it calls
/// `told`.
#[rustler::nif]
fn listen(env: Env<'_>, held: ResourceArc<Held>) -> Atom {
    held.teller.set_listener(env.pid());
    atoms::ok()
}

/// The processes that own a client.
#[rustler::nif]
fn owners() -> Vec<LocalPid> {
    clients::owners()
}

/// Enqueues an event: `:ok`, `:dropped`, `{:hook, term}` when Elixir has to see it first, `:none` when the process has no client.
#[rustler::nif]
fn enqueue<'a>(env: Env<'a>, owner: LocalPid, event: Binary<'a>) -> Term<'a> {
    let Some(entry) = clients::of(owner) else {
        return atoms::none().encode(env);
    };
    if let Some(hook) = entry.hook.get() {
        return (atoms::hook(), hook.copy(env)).encode(env);
    }
    report_time(env, event.len());
    let taken = entry.client.try_enqueue_json(event.as_slice());
    if taken.is_ok() { atoms::ok() } else { atoms::dropped() }.encode(env)
}

/// Enqueues an event that Elixir's hook has seen: `:ok`, `:dropped` or `:none`.
#[rustler::nif]
fn enqueue_screened(env: Env<'_>, owner: LocalPid, event: Binary<'_>) -> Atom {
    report_time(env, event.len());
    match clients::of(owner).map(|entry| entry.client.try_enqueue_json(event.as_slice())) {
        Some(Ok(_)) => atoms::ok(),
        Some(Err(_)) => atoms::dropped(),
        None => atoms::none(),
    }
}

/// What Elixir has to see each event with; `nil` for nothing, `:none` when the process has no client.
#[rustler::nif]
fn hook<'a>(env: Env<'a>, owner: LocalPid) -> Term<'a> {
    match clients::of(owner) {
        None => atoms::none().encode(env),
        Some(entry) => entry.hook.get().map_or_else(|| atoms::nil().encode(env), |hook| hook.copy(env)),
    }
}

/// Books an event that could not be made into JSON, or that the hook has dropped: `:ok` or `:none`. `event` is the JSON of what
/// can be shown of it.
#[rustler::nif]
fn count_dropped(env: Env<'_>, owner: LocalPid, reason: Atom, problem: String, event: Binary<'_>) -> Atom {
    let Some(entry) = clients::of(owner) else {
        return atoms::none();
    };
    report_time(env, event.len());
    // What Elixir's hook has not seen is not shown.
    let event = if entry.hook.get().is_some() { &[] } else { event.as_slice() };
    let reason = reason_of(reason).unwrap_or(DropReason::Invalid);
    entry.client.count_dropped(reason, Cow::Owned(problem), event);
    atoms::ok()
}

/// A client's books; `:none` when the process has none.
#[rustler::nif]
fn stats<'a>(env: Env<'a>, owner: LocalPid) -> Term<'a> {
    clients::of(owner).map_or_else(|| atoms::none().encode(env), |entry| stats_term(env, &entry.client.stats()))
}

/// Sends an event at once; `{:klime, :done, token, {:ok, response} | {:error, error}}` comes back.
#[rustler::nif]
fn send_now(env: Env<'_>, held: ResourceArc<Held>, token: u64, event: Binary<'_>) -> Atom {
    let Some(entry) = held.entry() else {
        return atoms::none();
    };
    report_time(env, event.len());
    let sending = entry.client.send_json(event.as_slice());
    let asker = env.pid();
    errands::run(async move {
        match sending.await {
            Ok(answer) => send(&asker, done(token, (atoms::ok(), Told(&answer)))),
            Err(error) => send(&asker, done(token, (atoms::error(), Failed(&error)))),
        };
    });
    atoms::ok()
}

/// Flushes, for at most `timeout` ms unless that is `nil`; `{:klime, :done, token, report}` comes back, behind the callbacks if
/// those are to be waited for.
#[rustler::nif]
fn flush(env: Env<'_>, held: ResourceArc<Held>, token: u64, timeout: Option<u64>, with_callbacks: bool) -> Atom {
    let Some(entry) = held.entry() else {
        return atoms::none();
    };
    let flush = if with_callbacks { entry.client.flush_with_callbacks() } else { entry.client.flush() };
    let flush = match timeout {
        Some(timeout) => flush.within(Duration::from_millis(timeout)),
        None => flush,
    };
    let asker = env.pid();
    errands::run(async move {
        send(&asker, done(token, Counted(flush.await)));
    });
    atoms::ok()
}

/// Shuts a client down, for at most `timeout` ms; `{:klime, :done, token, report}` comes back.
#[rustler::nif]
fn shutdown(env: Env<'_>, held: ResourceArc<Held>, token: u64, timeout: u64) -> Atom {
    let Some(entry) = held.entry() else {
        return atoms::none();
    };
    let shutdown = entry.client.shutdown().within(Duration::from_millis(timeout));
    let asker = env.pid();
    errands::run(async move {
        send(&asker, done(token, Counted(shutdown.await)));
    });
    atoms::ok()
}

/// The process that listens is through with what it was told last.
#[rustler::nif]
fn told(held: ResourceArc<Held>) -> Atom {
    held.teller.was_told();
    atoms::ok()
}

/// The client is about to end: from now on all is told at once, and nobody is waited for.
#[rustler::nif]
fn rush(held: ResourceArc<Held>) -> Atom {
    held.teller.rush();
    atoms::ok()
}

/// Makes JSON of a term, of at most so many bytes: `{:ok, json}`, or `:odd` when it is not plain, `:too_deep`, `:too_large`.
#[rustler::nif]
fn encode<'a>(env: Env<'a>, term: Term<'a>, max_bytes: usize) -> Term<'a> {
    let mut json = Json::new(max_bytes);
    let encoded = json.encode(term);
    report_time(env, json.bytes().len());
    match encoded {
        Err(Refusal::Odd) => atoms::odd().encode(env),
        Err(Refusal::TooDeep) => atoms::too_deep().encode(env),
        Err(Refusal::TooLarge) => atoms::too_large().encode(env),
        Ok(()) => {
            let mut binary = NewBinary::new(env, json.bytes().len());
            binary.as_mut_slice().copy_from_slice(json.bytes());
            (atoms::ok(), Binary::from(binary)).encode(env)
        }
    }
}

/// Tells the VM how much of a process's turn (about 1 ms) went into JSON of that length, so that it lets others run in time.
fn report_time(env: Env<'_>, bytes: usize) {
    let percent = (bytes / BYTES_PER_PERCENT).clamp(1, 100);
    consume_timeslice(env, i32::try_from(percent).unwrap_or(100));
}

/// 200 MB/s, the pace of reading or writing JSON here.
const BYTES_PER_PERCENT: usize = 2000;

fn done<T>(token: u64, value: T) -> (Atom, Atom, u64, T) {
    (atoms::klime(), atoms::done(), token, value)
}

fn load(_: Env<'_>, _: Term<'_>) -> bool {
    errands::start().is_ok()
}

rustler::init!("Elixir.Klime.Native", load = load);
