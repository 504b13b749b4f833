//! What a `klime dev` says of itself: where it is when it starts, and what has arrived when it ends.

use std::io::{self, IsTerminal as _};

use serde_json::json;

use super::app::App;
use super::args::Args;
use super::stamp;
use crate::print;

/// Says where it is.
pub(super) fn announce(app: &App, args: &Args, endpoint: &str) {
    let started_at = stamp::rfc3339(app.collector.started_at);
    let listening = json!({ "endpoint": endpoint, "version": env!("CARGO_PKG_VERSION"), "startedAt": started_at });
    app.terminal.object(&json!({ "listening": listening }));
    if args.quiet && args.port == 0 && args.exec.is_none() {
        // A port that the system chose is known to nobody else.
        print::note(format_args!("klime dev listens on {endpoint}"));
    }
    if !args.host.is_loopback() {
        app.terminal
            .warn(&format!("{} can be reached from other machines: whoever reaches it can read all events", args.host));
    }
    if args.exec.is_some() || !args.expect.is_empty() {
        app.terminal.say(&format!("klime dev {} listens on {endpoint}", env!("CARGO_PKG_VERSION")));
        return;
    }
    app.terminal.say(&banner(app, args, endpoint));
}

fn banner(app: &App, args: &Args, endpoint: &str) -> String {
    let (mode, stored) = {
        let state = app.collector.lock();
        (state.mode(app.collector.mode), state.store.event_counts().stored)
    };
    let kept = match &args.db {
        Some(path) => {
            format!("{}, which holds {stored} {}", path.display(), if stored == 1 { "event" } else { "events" })
        }
        None => "memory".to_owned(),
    };
    let mode = match (args.mode, mode) {
        (None, _) => "by what arrives: companies if there is a group()".to_owned(),
        (Some(_), mode) => format!("{mode:?}").to_lowercase(),
    };
    let elsewhere = match args.host.is_unspecified() {
        true => "; from elsewhere by this machine's other addresses, and names of --allow-host",
        false => "",
    };
    let stop = if io::stderr().is_terminal() { "Ctrl-C stops it.\n" } else { "" };
    format!(
        "klime dev {version}\n  page       {endpoint}/\n  endpoint   {endpoint}   (KLIME_ENDPOINT={endpoint}; klime dev --help for other SDKs{elsewhere})\n  \
         write key  {keys}\n  customers  {mode}\n  kept in    {kept}\n  times      UTC\n{stop}",
        version = env!("CARGO_PKG_VERSION"),
        keys = app.keys.shown(),
    )
}

/// What has come since the last reset, earlier runs over the same file included, for the end.
pub(super) fn arrived(app: &App) -> String {
    let counts = app.collector.lock().store.event_counts();
    let seen = [(counts.accepted, "accepted"), (counts.refused, "refused"), (counts.duplicate, "seen before")];
    let total: u64 = seen.iter().map(|(count, _)| count).sum();
    let parts: Vec<String> =
        seen.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    match total {
        0 => "stopped; no event had arrived".to_owned(),
        _ => format!("stopped; {} had arrived: {}", counted(&[(total, "event")], ""), parts.join(", ")),
    }
}

/// What the reader of standard output did not take in time.
pub(super) fn unshown(events: u64) -> String {
    let (events, were) = (counted(&[(events, "event")], ""), if events == 1 { "was" } else { "were" });
    format!("{events} {were} not printed, for standard output was not read fast enough; all else has them")
}

/// Those that there are of these, `2 events and 1 request`.
pub(super) fn counted(counts: &[(u64, &str)], between: &str) -> String {
    let some = counts.iter().filter(|(count, _)| *count > 0);
    let each = some.map(|(count, what)| format!("{count} {what}{}", if *count == 1 { "" } else { "s" }));
    each.collect::<Vec<_>>().join(between)
}
