//! `klime doctor`: why no events arrive.
//!
//! It goes the way that a request of the SDK goes, step by step, each with a deadline of its own: configuration, proxy, DNS, TCP,
//! TLS, an answer without a write key, the clock, the write key. Which way that is, the SDK says (`klime::Route`); the key is
//! checked by the SDK. A step that cannot be tried says why, so every report has the same steps. The write key is sent only to what
//! has answered like Klime.

mod answer;
mod clock;
mod configuration;
mod key;
mod network;
mod render;
mod step;
mod tls;

use std::time::Duration;

use klime::Route;

use crate::exit::Exit;
use crate::settings::{Connection, Settings};
use crate::{duration, print};
use answer::Answer;
pub(crate) use answer::is_question;
use configuration::Configuration;
use step::{Name, Report, Step};

const EXAMPLES: &str = "\
Examples:
  klime doctor                                        the way to Klime, with the key of KLIME_WRITE_KEY
  klime doctor --endpoint http://127.0.0.1:5546       the way to a klime dev
  klime doctor --json | jq -e .ok                     for machines

Exit status, by the first step that failed:
  0  all is well
  1  Klime refuses the write key
  2  the configuration, the path or this machine's clock is at fault
  3  Klime is not reached, or cannot take events for now";

/// Find out why no events arrive: check configuration, proxy, DNS, TCP, TLS, clock and write key.
///
/// No event is sent. The key is checked by an empty batch, and only when what is there answers like Klime.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// How long each step may take: 500ms, 5s
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = duration::parse)]
    timeout: Duration,

    /// Print the report as a JSON object
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    connection: Connection,
}

/// Examines and reports.
pub(crate) fn run(args: &Args) -> Exit {
    let report = examine(args);
    match args.json {
        true => print::line(serde_json::to_string(&report).unwrap_or_default()),
        false => render::print(&report),
    }
    report.exit()
}

fn examine(args: &Args) -> Report {
    let Configuration { step, settings, route } = configuration::check(&args.connection);
    let endpoint = settings.as_ref().map(|settings| settings.endpoint.clone()).unwrap_or_default();
    let mut steps = vec![step];
    match (settings, route) {
        (Some(settings), Some(route)) => follow(&settings, &route, args.timeout, &mut steps),
        _ => skip_after(Name::Configuration, &mut steps),
    }
    Report::new(klime_url_for_people(&endpoint), steps)
}

/// An address as it may be shown: a mistyped one may have a password in it.
fn klime_url_for_people(endpoint: &str) -> String {
    match endpoint.rsplit_once('@') {
        Some((_, host)) => format!("…@{host}"),
        None => endpoint.to_owned(),
    }
}

/// The way through the network, as far as it goes.
fn follow(settings: &Settings, route: &Route, timeout: Duration, steps: &mut Vec<Step>) {
    steps.push(configuration::proxy(route));
    let (host, port) = match route.proxy() {
        Some(proxy) => (proxy.host(), proxy.port()),
        None => (route.host(), route.port()),
    };
    let (step, addresses) = network::look_up(host, port, timeout);
    steps.push(step);
    if addresses.is_empty() {
        return skip_after(Name::Dns, steps);
    }
    let (step, reached) = network::connect(&addresses, timeout);
    steps.push(step);
    let Some(address) = reached else {
        return skip_after(Name::Tcp, steps);
    };
    let step = match (route.is_https(), route.proxy()) {
        (false, _) => Step::skipped(Name::Tls, "plain http has none"),
        (true, Some(_)) => {
            Step::skipped(Name::Tls, "it runs inside the proxy's tunnel; the next step would show its faults")
        }
        (true, None) => tls::handshake(route.host(), address, timeout),
    };
    let is_failed = step.is_failed();
    steps.push(step);
    if is_failed {
        return skip_after(Name::Tls, steps);
    }
    let (step, answer) = answer::ask(route, timeout);
    steps.push(step);
    let Some(Answer { date, asked, is_klime }) = answer else {
        return skip_after(Name::Answer, steps);
    };
    steps.push(clock::check(date, asked));
    steps.push(match is_klime {
        true => key::check(settings, timeout),
        false => Step::skipped(Name::Key, "it is sent only to what answers like Klime"),
    });
}

/// Says of all steps behind `name` that they could not be tried.
fn skip_after(name: Name, steps: &mut Vec<Step>) {
    let all = [Name::Configuration, Name::Proxy, Name::Dns, Name::Tcp, Name::Tls, Name::Answer, Name::Clock, Name::Key];
    let behind = all.into_iter().skip_while(|step| *step != name).skip(1);
    steps.extend(behind.map(|step| Step::skipped(step, format!("not tried, because the step {} failed", name.word()))));
}
