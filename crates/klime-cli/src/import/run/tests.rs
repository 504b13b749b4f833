use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use clap::Parser as _;
use klime::{Request, Response, Transport, TransportError};
use proptest::prelude::*;
use serde_json::{Value, json};
use tokio::sync::Notify;

use super::*;
use crate::import::args::Args;
use crate::import::{NoEvent, plan};
use crate::settings::{Settings, Source};

/// A Klime that fails now and then, refuses some events for good, and can see to it that the import dies.
#[derive(Debug, Default)]
struct Server {
    state: Mutex<State>,
    died: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// The numbers of the events that were taken, with their ids.
    taken: BTreeMap<u64, Vec<String>>,
    requests: u64,
    /// The request at which the import dies; from then on nothing arrives.
    dies_at: Option<u64>,
}

impl Server {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_refused(number: u64) -> bool {
    number % 17 == 5
}

struct Way(Arc<Server>);

impl Transport for Way {
    fn send(&self, request: &Request<'_>) -> Result<Response, TransportError> {
        let mut state = self.0.state();
        state.requests += 1;
        let request_number = state.requests;
        if state.dies_at == Some(request_number) {
            self.0.died.notify_one();
        }
        let is_over = state.dies_at.is_some_and(|at| at < request_number);
        if is_over || request_number % 7 == 3 {
            return Err(TransportError::new("no answer"));
        }
        if request_number % 5 == 4 {
            return Ok(Response::new(503));
        }
        let body: Value = serde_json::from_slice(request.body()).unwrap();
        let batch = body["batch"].as_array().unwrap();
        let mut errors = Vec::new();
        for (index, event) in batch.iter().enumerate() {
            let (number, id) = (event["properties"]["n"].as_u64().unwrap(), event["messageId"].as_str().unwrap());
            if is_refused(number) {
                errors.push(json!({ "index": index, "message": "refused", "code": "no_good" }));
            } else {
                state.taken.entry(number).or_default().push(id.to_owned());
            }
        }
        if request_number % 11 == 6 {
            return Err(TransportError::new("the answer was lost"));
        }
        let failed = errors.len();
        if request_number % 9 == 5 {
            errors.truncate(failed / 2);
        }
        let answer = json!({ "status": "ok", "accepted": batch.len() - failed, "failed": failed, "errors": errors });
        Ok(Response::new(200).with_body(answer.to_string()))
    }
}

#[derive(Debug, clap::Parser)]
struct Line {
    #[command(flatten)]
    args: Args,
}

fn args(file: &Path) -> Args {
    Line::parse_from(["import", file.to_str().unwrap(), "--json", "--retry-delay", "1ms"]).args
}

/// Runs the import until it ends, or dies.
fn run_once(file: &Path, server: &Arc<Server>) -> Option<Result<Ended, Stop>> {
    let args = args(file);
    let settings = Settings {
        write_key: None,
        endpoint: "http://127.0.0.1:9".to_owned(),
        endpoint_source: Source::Default,
        allow_insecure_http: false,
        is_disabled: false,
    };
    let plan = plan::plan(&args, plan::open(&args).unwrap(), &settings).unwrap();
    let builder = Client::builder("key").transport(Way(Arc::clone(server)));
    let builder = client_settings(builder, Duration::from_millis(1));
    // A run that ends at the request at which it was to die leaves its notice behind.
    let _ = futures_util::FutureExt::now_or_never(server.died.notified());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        tokio::select! {
            ended = run(plan, builder) => Some(ended),
            () = server.died.notified() => None,
        }
    })
}

/// What is known of a record without Klime.
struct Known {
    /// The number of its event; `None` if it is at fault.
    number: Option<u64>,
    id: String,
}

/// The records by their lines.
fn records(file: &Path) -> BTreeMap<u64, Known> {
    let plan::Opened { mut reader, converter, .. } = plan::open(&args(file)).unwrap();
    let mut records = BTreeMap::new();
    while let Some(record) = reader.read().unwrap() {
        let known = match converter.convert(&record) {
            Ok(event) => {
                let json: Value = serde_json::from_str(&event.json).unwrap();
                Known { number: json["properties"]["n"].as_u64(), id: event.id }
            }
            Err(NoEvent::Refused(_)) => Known { number: None, id: converter.id_of(&record).unwrap() },
            Err(NoEvent::Skipped(reason)) => panic!("{reason}"),
        };
        records.insert(record.line, known);
    }
    records
}

fn text(kinds: &[u8]) -> String {
    let mut text = String::new();
    for (number, kind) in kinds.iter().enumerate() {
        let event = format!(
            r#""type":"track","event":"A","userId":"u","timestamp":"2026-11-23T15:20:00Z","properties":{{"n":{number}}}"#
        );
        let _ = match kind {
            0..4 => writeln!(text, r#"{{{event},"messageId":"id-{number}"}}"#),
            4..7 => writeln!(text, "{{{event}}}"),
            // Neighbours of this kind have one id.
            7..9 => writeln!(text, r#"{{{event},"messageId":"shared-{}"}}"#, number / 40),
            9 => writeln!(text, "{{half"),
            10 => writeln!(text, "\r"),
            _ => writeln!(text, r#"{{"type":"track","event":"A"}}"#),
        };
    }
    text
}

/// An entry of the refused file.
struct Entry {
    line: u64,
    code: String,
    id: String,
}

fn entries(file: &Path) -> Vec<Entry> {
    let text = fs::read_to_string(file).unwrap_or_default();
    let marks = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["_refused"].take());
    let text = |mark: &Value, name: &str| mark[name].as_str().unwrap().to_owned();
    marks
        .map(|mark| Entry { line: mark["line"].as_u64().unwrap(), code: text(&mark, "code"), id: text(&mark, "id") })
        .collect()
}

/// Runs the import until it is complete; before, it dies so many times, each after so many requests.
fn run_through(file: &Path, server: &Arc<Server>, deaths: Vec<u64>) -> Ended {
    for requests in deaths {
        let dies_at = server.state().requests + requests;
        server.state().dies_at = Some(dies_at);
        if run_once(file, server).is_some() {
            break;
        }
    }
    server.state().dies_at = None;
    run_once(file, server).expect("it lives").expect("it runs")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn wherever_it_dies_every_record_arrives_under_its_own_id_or_is_in_the_refused_file(
        kinds in prop::collection::vec(0..12_u8, 0..3000),
        deaths in prop::collection::vec(1..30_u64, 0..8),
    ) {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("e.ndjson");
        fs::write(&file, text(&kinds)).unwrap();
        let server = Arc::new(Server::default());
        let ended = run_through(&file, &server, deaths);
        prop_assert_eq!(&ended.stopped, &None);

        let records = records(&file);
        let entries = entries(&directory.path().join("e.ndjson.refused.ndjson"));
        prop_assert!(entries.is_sorted_by(|entry, next| entry.line < next.line), "each once, in order");
        let by_line: BTreeMap<_, _> = entries.iter().map(|entry| (entry.line, entry)).collect();
        let shares_with_refused = |id: &str| {
            records.values().any(|other| other.id == id && other.number.is_some_and(is_refused))
        };
        let taken = &server.state().taken;
        for (line, Known { number, id }) in &records {
            let entry = by_line.get(line);
            prop_assert!(entry.is_none_or(|entry| entry.id == *id), "line {line} keeps its id");
            let Some(number) = number else {
                prop_assert!(entry.is_some_and(|entry| entry.code != "no_good"), "line {line} is at fault");
                continue;
            };
            let arrived = taken.get(number);
            prop_assert_eq!(arrived.is_some(), !is_refused(*number), "line {} arrives", line);
            prop_assert!(arrived.into_iter().flatten().all(|taken| taken == id), "line {line} has one id");
            prop_assert!(entry.is_some() || !is_refused(*number), "line {line} is refused and not in the file");
            let may_be_there = is_refused(*number)
                || entry.is_none_or(|entry| entry.code == "refused_unnamed")
                || shares_with_refused(id);
            prop_assert!(may_be_there, "line {line} is in the file and was taken");
        }
        let counts = ended.counts;
        prop_assert_eq!(counts.refused, entries.len() as u64);
        prop_assert_eq!(counts.accepted, (records.len() - entries.len()) as u64);
        prop_assert_eq!(counts.records, records.len() as u64);
    }
}
