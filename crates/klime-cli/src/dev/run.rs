//! Running `klime dev`: putting its parts together, and how it ends.

use std::io;
use std::net::IpAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::{task, time};

use super::app::{App, Shared};
use super::args::Args;
use super::collector::Collector;
use super::demo::Demo;
use super::exec::{self, Running, Setting};
use super::expect::{Expectations, Standing};
use super::guard::Guard;
use super::key::Keys;
use super::server::Listeners;
use super::store::{Limits, Store, StoreError};
use super::terminal::{Format, Terminal};
use super::{api, words};
use crate::exit::Exit;
use crate::signals::{Signal, Signals};
use crate::{clock, print};

/// The worker threads: one can wait for the store while the other one serves.
const THREADS: usize = 2;

/// An exact count holds when no request has come for so long after the command of `--exec` has ended. What an SDK has sent at its end,
/// or a process that was left running sends, comes sooner.
const QUIET: Duration = Duration::from_millis(500);

/// With so many events in a file it takes long enough to read it that somebody may wonder.
const WORTH_A_NOTE: u64 = 10_000;

/// Why it could not begin, as a sentence.
struct Failure(Exit, String);

/// Runs it until it is stopped, or until what it was started for is over.
pub(crate) fn run(args: Args) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(THREADS).enable_all().build();
    let ended = match runtime {
        Ok(runtime) => {
            let ended = runtime.block_on(serve(args));
            // Connections that have not ended by now are cut off, and nobody is waited for.
            runtime.shutdown_background();
            ended
        }
        Err(error) => Err(Failure(Exit::Refused, format!("cannot start threads: {error}"))),
    };
    ended.unwrap_or_else(|Failure(exit, sentence)| {
        print::error(sentence);
        exit.into()
    })
}

async fn serve(args: Args) -> Result<ExitCode, Failure> {
    let failed =
        |doing: &'static str| move |error: io::Error| Failure(Exit::Refused, format!("cannot {doing}: {error}"));
    let mut signals = Signals::listen().map_err(failed("listen for signals"))?;
    let collector = tokio::select! {
        opened = open(&args) => opened?,
        // The thread that reads ends with the process; the file is as good as after any other end.
        signal = signals.next() => return Ok(ExitCode::from(signal.code())),
    };
    let listeners = bind(&args).await?;
    let (stop, stopping) = watch::channel(false);
    if let Some(address) = listeners.taken() {
        let sentence =
            "is taken by another program, which gets what is sent to localhost by IPv6; 127.0.0.1 leads here";
        print::warning(format_args!("{address} {sentence}"));
    }
    let app = Arc::new(app(&args, listeners.address().ip(), collector, stopping.clone())?);
    let endpoint = endpoint(&listeners);
    words::announce(&app, &args, &endpoint);
    let serving = tokio::spawn(listeners.serve(api::router(app.clone()), stopping));
    let code = match fill(&args, &app, &endpoint, &mut signals).await? {
        Some(code) => Some(code),
        None => {
            let command = start_command(&args, &app, &endpoint).map_err(failed("run the command of --exec"))?;
            until_over(&app, &args, command, &mut signals).await
        }
    };
    stop.send_replace(true);
    tokio::select! {
        _ = serving => {}
        // Whoever asks twice does not want to wait.
        _ = signals.next() => {}
    }
    let unshown = app.terminal.finish();
    if unshown > 0 {
        app.terminal.say(&words::unshown(unshown));
    }
    Ok(report(&app, &args, code))
}

async fn bind(args: &Args) -> Result<Listeners, Failure> {
    Listeners::bind(args.host, args.port).await.map_err(|error| {
        let (host, port) = (args.host, args.port);
        let sentence = match error.kind() {
            io::ErrorKind::AddrInUse => format!(
                "port {port} is taken, perhaps by another klime dev; choose one with --port, or --port 0 for any free one"
            ),
            io::ErrorKind::PermissionDenied => format!("port {port} needs privileges; choose one from 1024 on with --port"),
            io::ErrorKind::AddrNotAvailable => format!("this machine has no address {host}; leave out --host for 127.0.0.1"),
            _ => format!("cannot listen on {host}, port {port}: {error}"),
        };
        Failure(Exit::Refused, sentence)
    })
}

/// Opens the store, which takes seconds when much is in the file.
async fn open(args: &Args) -> Result<Collector, Failure> {
    let (path, mode, is_quiet) = (args.db.clone(), args.mode.map(Into::into), args.quiet);
    let limits = Limits { max_events: args.max_events, ..Limits::default() };
    let cannot_store = |error: StoreError| Failure(Exit::Refused, error.to_string());
    let is_demo = args.demo;
    let opening = task::spawn_blocking(move || {
        let store = Store::open(path.as_deref(), limits).map_err(cannot_store)?;
        let stored = store.event_counts().stored;
        if let Some(path) = path.filter(|_| stored > 0) {
            let path = print::printable(&path.display().to_string()).to_string();
            if is_demo {
                let sentence = format!(
                    "--demo fills an empty file, and {path} holds {stored} events; leave out --demo, or name another file"
                );
                return Err(Failure(Exit::Usage, sentence));
            }
            if stored >= WORTH_A_NOTE && !is_quiet {
                print::note(format_args!("reading {path} ({stored} events)"));
            }
        }
        Collector::new(store, clock::wall(), mode).map_err(cannot_store)
    });
    opening.await.map_err(|error| Failure(Exit::Refused, format!("cannot open the store: {error}")))?
}

fn app(args: &Args, host: IpAddr, collector: Collector, stopping: watch::Receiver<bool>) -> Result<App, Failure> {
    for &fault in &args.fault {
        collector.lock().faults.add(fault).map_err(|error| Failure(Exit::Usage, format!("--fault: {error}")))?;
    }
    let format = match (args.json, args.quiet) {
        (true, _) => Format::Json,
        (false, true) => Format::Quiet,
        (false, false) => Format::Lines,
    };
    let terminal =
        Terminal::start(format).map_err(|error| Failure(Exit::Refused, format!("cannot start threads: {error}")))?;
    Ok(App {
        collector,
        guard: Guard::new(args.allow_host.clone(), args.allow_origin.clone()).any_address(!host.is_loopback()),
        keys: Keys::new(args.write_key().map_err(|sentence| Failure(Exit::Usage, sentence))?),
        terminal,
        expectations: Expectations::new(args.expect.clone()),
        stopping,
    })
}

/// Where clients find it. An address that stands for all of a machine's is no address to connect to.
fn endpoint(listeners: &Listeners) -> String {
    let mut address = listeners.address();
    if address.ip().is_unspecified() {
        address.set_ip(IpAddr::V4(std::net::Ipv4Addr::LOCALHOST));
    }
    format!("http://{address}")
}

/// Fills it for `--demo`. The code is there when that is the end: not all has arrived, or a signal came.
async fn fill(args: &Args, app: &Shared, endpoint: &str, signals: &mut Signals) -> Result<Option<u8>, Failure> {
    if !args.demo {
        return Ok(None);
    }
    let filled = tokio::select! {
        filled = Demo::fill(app, endpoint) => filled.map_err(|error| Failure(Exit::Refused, error.to_string()))?,
        signal = signals.next() => return Ok(Some(signal.code())),
    };
    if !filled.is_complete {
        return Ok(Some(Exit::Refused.code()));
    }
    if args.exec.is_none() && args.expect.is_empty() {
        app.terminal.tell(&format!("\nThe page: {endpoint}/   Users go on clicking; Ctrl-C stops it.\n"));
        tokio::spawn(filled.go_on(app.clone()));
    }
    Ok(None)
}

fn start_command(args: &Args, app: &Shared, endpoint: &str) -> io::Result<Option<Running>> {
    let setting = Setting { endpoint, key: app.keys.for_command(), output_to_stderr: args.json };
    args.exec.as_deref().map(|command| Running::start(command, setting)).transpose()
}

/// Waits for what ends it: the command and what is expected of it, what is expected, or a signal. The code is that of a failed command.
async fn until_over(app: &App, args: &Args, command: Option<Running>, signals: &mut Signals) -> Option<u8> {
    if let Some(mut command) = command {
        let ended = tokio::select! {
            ended = command.ended() => ended,
            signal = signals.next() => return Some(stopped_by(signal, command, signals).await),
        };
        if let Some(failure) = exec::failure(&ended) {
            print::error(failure);
            return Some(ended.map_or(1, exec::code));
        }
        // What the command has left running may still send.
        expected(app, args, Some(QUIET), signals).await;
        drop(command);
    } else if !app.expectations.is_empty() {
        expected(app, args, None, signals).await;
    } else {
        signals.next().await;
    }
    None
}

async fn stopped_by(signal: Signal, mut command: Running, signals: &mut Signals) -> u8 {
    let ended = tokio::select! {
        ended = command.stop(signal) => Some(ended),
        _ = signals.next() => None,
    };
    let ended = match ended {
        Some(ended) => ended,
        // Whoever asks twice does not want to wait.
        None => command.kill().await,
    };
    match ended.map_or(1, exec::code) {
        0 => signal.code(),
        code => code,
    }
}

async fn expected(app: &App, args: &Args, quiet: Option<Duration>, signals: &mut Signals) {
    tokio::select! {
        _ = time::timeout(args.timeout, app.expectations.settled(quiet)) => {}
        _ = signals.next() => {}
    }
}

/// Says what is not as it should be, and with which status to end.
fn report(app: &App, args: &Args, code: Option<u8>) -> ExitCode {
    let unmet = app.expectations.unmet();
    for sentence in &unmet {
        print::error(print::printable(sentence));
    }
    let (events, requests) = app.expectations.refused();
    let is_refused = args.strict && events + requests > 0;
    if is_refused {
        let refused = words::counted(&[(events, "event"), (requests, "request")], " and ");
        let were = if events + requests == 1 { "was" } else { "were" };
        print::error(format_args!("{refused} {were} refused, and --strict was given"));
    }
    if code.is_none() && args.exec.is_none() && args.expect.is_empty() {
        app.terminal.say(&words::arrived(app));
    }
    let is_met = matches!(app.expectations.standing(), Standing::Met { .. });
    if code.is_none() && is_met && !app.expectations.is_empty() {
        app.terminal.say("all expectations are met");
    }
    match code {
        Some(code) => ExitCode::from(code),
        None if is_met && !is_refused => Exit::Taken.into(),
        None => Exit::Refused.into(),
    }
}
