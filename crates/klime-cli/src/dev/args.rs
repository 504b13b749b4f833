//! The arguments of `klime dev`.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::time::Duration;

use super::event::Mode;
use super::expect::Expectation;
use super::fault::Fault;
use crate::{duration, settings};

const EXAMPLES: &str = "\
Examples:
  klime dev                                     listens on http://127.0.0.1:5546, shows each event
  klime dev --demo                              the same, filled with a small company's month
  klime dev --db events.db                      keeps what arrives for the next time
  klime dev --fault 429,retry-after=2,rate=0.5  each second request is told to come again later
  klime dev --expect 'track:Report Generated' --exec 'npm test'
                                                runs a command; fails unless the event has arrived
  klime dev --json | jq 'select(.seq)'          one JSON object an event

How to send events here:
  Klime SDK for Rust and Elixir, and this command: set KLIME_ENDPOINT=http://127.0.0.1:5546
  The official SDKs read no environment; set their option by hand:
    Python    KlimeClient(write_key=..., endpoint=\"http://127.0.0.1:5546\")
    browser   new KlimeClient({ writeKey, endpoint: \"http://127.0.0.1:5546\" })
    others    the option called endpoint (or its like in that language)
  Any write key is taken, unless --key-file or KLIME_DEV_KEY says which one.

Faults, by --fault (repeatable, the first that applies) or POST /dev/fault:
  429,retry-after=2,rate=0.5   503,count=3   partial,share=0.1   slow=500ms
  hang   reset   lost-answer
  rate= hits that part of the requests, evenly; count= ends after so many.

Expectations, by --expect (repeatable), count accepted events, each once:
  track:NAME   track:NAME=2   track:NAME>=3   track   identify[:USER]   group[:GROUP]
  Without a count at least one is expected; =0 expects none. An exact count (=2, =0) makes sure
  that no more come: after the command of --exec, until nothing was sent for 500 ms; without a
  command, for the whole of --timeout. Other counts end as soon as they are met.

Lines of --json, told apart by their keys:
  {\"listening\":{\"endpoint\":…}}   once, at the start: when it is there requests are taken
  {\"seq\":17,\"status\":…}          an event, as in /dev/events (without groups, duplicateOf)
  {\"request\":{\"status\":401,…}}   a request refused as a whole, or hit by a fault (0: no answer)
  {\"skipped\":{\"events\":12}}      events that came too fast to be printed; they are in the store
  {\"demo\":{\"sent\":2368,…}}     of --demo, when the month has been sent

For tests in any language:
  GET /dev/events, /dev/wait?event=NAME&count=2, /dev/customers, /dev/checks, /dev/stats,
  /dev/batches, /dev/live, /dev/export.ndjson; POST /dev/reset

Exit status:
  0  stopped by Ctrl-C (130 while --demo fills it, or --exec runs), or all expectations are met
  1  an expectation is not met, or with --strict something was refused; of --demo, not all arrived;
     or the port is taken, or the file of --db cannot be used
  2  the command line is at fault
  With --exec, a command that fails hands on its own status.";

/// Run a local Klime to develop against
///
/// It takes events like Klime's ingest API, from any Klime SDK, and shows live what arrives and what Klime will make of it: on the
/// terminal, on a page, and for tests in any language.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The port to listen on; 0 takes any free one
    #[arg(long, value_name = "PORT", default_value_t = 5546)]
    pub(super) port: u16,

    /// The address to listen on; anything but loopback lets other machines read all events
    #[arg(long, value_name = "ADDRESS", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST), value_parser = host)]
    pub(super) host: IpAddr,

    /// Fill it with a small company's month, sent by the Klime SDK, and let its users go on
    #[arg(long, conflicts_with_all = ["max_events", "strict"])]
    pub(super) demo: bool,

    /// Keep what arrives in this SQLite file, instead of in memory
    #[arg(long, value_name = "FILE")]
    pub(super) db: Option<PathBuf>,

    /// Keep at most so many events, from 100 on; the oldest go first, up to a tenth or 1,000 at a time
    #[arg(long, value_name = "N", default_value_t = 1_000_000, value_parser = max_events)]
    pub(super) max_events: u64,

    /// Which customers the app has [default: companies, unless there are events but no group()]
    #[arg(long, value_name = "MODE")]
    pub(super) mode: Option<ModeName>,

    /// Take only this write key; better in KLIME_DEV_KEY or a file, since command lines are seen by all users
    #[arg(long, value_name = "KEY", conflicts_with = "key_file", value_parser = write_key)]
    pub(super) key: Option<String>,

    /// Take only the write key in this file
    #[arg(long, value_name = "FILE")]
    pub(super) key_file: Option<PathBuf>,

    /// Answer with a fault, see below; repeatable
    #[arg(long, value_name = "FAULT")]
    pub(super) fault: Vec<Fault>,

    /// Answer requests for this host name, too (Host is checked because of DNS rebinding); repeatable
    #[arg(long, value_name = "NAME")]
    pub(super) allow_host: Vec<String>,

    // A comment of documentation would have to mark up the URL, and the help would show it so.
    #[arg(
        long,
        value_name = "ORIGIN",
        help = "Take events from pages of this origin, such as https://app.example, or of any (*); repeatable"
    )]
    pub(super) allow_origin: Vec<String>,

    /// Print one JSON object a line on standard output, see below
    #[arg(long, conflicts_with = "quiet")]
    pub(super) json: bool,

    /// Print no events, only what is wrong
    #[arg(long, short)]
    pub(super) quiet: bool,

    /// Run a command by the shell with KLIME_ENDPOINT and KLIME_WRITE_KEY set, and end after it
    #[arg(long, value_name = "COMMAND")]
    pub(super) exec: Option<String>,

    /// Expect events, see below; the exit status says whether they came; repeatable
    #[arg(long, value_name = "EXPECTATION")]
    pub(super) expect: Vec<Expectation>,

    /// How long to wait for expected events: after the command of --exec has ended, or from the start
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = duration::parse)]
    pub(super) timeout: Duration,

    /// Fail when any event or request was refused
    #[arg(long)]
    pub(super) strict: bool,
}

/// The modes, as they are written on the command line.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(super) enum ModeName {
    /// Companies & Teams: customers are groups
    Companies,
    /// Individual Customers: customers are users
    Individuals,
}

impl From<ModeName> for Mode {
    fn from(name: ModeName) -> Self {
        match name {
            ModeName::Companies => Self::Companies,
            ModeName::Individuals => Self::Individuals,
        }
    }
}

/// The variable that stands for `--key`.
const KEY_VARIABLE: &str = "KLIME_DEV_KEY";

impl Args {
    /// The one write key that is taken, if there is one: an option wins over the variable, and a blank variable is none.
    pub(super) fn write_key(&self) -> Result<Option<String>, String> {
        if let Some(path) = &self.key_file {
            let refuse = |why: String| format!("--key-file {}: {why}", path.display());
            let text = settings::key_text(path).map_err(|problem| refuse(format!("it {problem}")))?;
            return write_key(&text).map(Some).map_err(refuse);
        }
        if self.key.is_some() {
            return Ok(self.key.clone());
        }
        let Some(value) = std::env::var_os(KEY_VARIABLE) else { return Ok(None) };
        let text = value.into_string().map_err(|_| format!("{KEY_VARIABLE} is not valid Unicode"))?;
        if text.trim().is_empty() {
            return Ok(None);
        }
        write_key(&text).map(Some).map_err(|why| format!("{KEY_VARIABLE}: {why}"))
    }
}

/// A batch has up to 100 events, and what has just arrived is kept.
fn max_events(text: &str) -> Result<u64, String> {
    let number = text.parse().ok().filter(|number| (100..=100_000_000).contains(number));
    number.ok_or_else(|| "it must be a whole number from 100, which is the largest batch, to 100000000".to_owned())
}

/// An address of this machine. Names are not looked up: what they lead to would decide who can read events.
fn host(text: &str) -> Result<IpAddr, String> {
    match text {
        "localhost" => Ok(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        _ => text
            .parse()
            .map_err(|_| "it must be an IP address such as 127.0.0.1, ::1 or 0.0.0.0, or localhost".to_owned()),
    }
}

/// A key that a header can hold.
fn write_key(text: &str) -> Result<String, String> {
    let key = text.trim();
    if key.is_empty() {
        return Err("it is empty".to_owned());
    }
    if !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("it may hold only printable ASCII characters and no spaces".to_owned());
    }
    Ok(key.to_owned())
}
