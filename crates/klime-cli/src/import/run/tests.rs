use std::collections::{BTreeMap, BTreeSet};
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
    /// The events that were taken, with how often.
    taken: BTreeMap<String, u32>,
    requests: u64,
    /// The request at which the import dies; from then on nothing arrives.
    dies_at: Option<u64>,
}

impl Server {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_refused(id: &str) -> bool {
    id.bytes().map(u32::from).sum::<u32>() % 17 == 0
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
        let ids: Vec<_> =
            body["batch"].as_array().unwrap().iter().map(|event| event["messageId"].as_str().unwrap()).collect();
        let mut errors = Vec::new();
        for (index, id) in ids.iter().enumerate() {
            if is_refused(id) {
                errors.push(json!({ "index": index, "message": "refused", "code": "no_good" }));
            } else {
                *state.taken.entry((*id).to_owned()).or_default() += 1;
            }
        }
        if request_number % 11 == 6 {
            return Err(TransportError::new("the answer was lost"));
        }
        let answer =
            json!({ "status": "ok", "accepted": ids.len() - errors.len(), "failed": errors.len(), "errors": errors });
        Ok(Response::new(200).with_body(answer.to_string()))
    }
}

#[derive(Debug, clap::Parser)]
struct Line {
    #[command(flatten)]
    args: Args,
}

fn args(file: &Path) -> Args {
    Line::parse_from(["import", file.to_str().unwrap(), "--json"]).args
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
    let builder = client_settings(builder, Duration::from_millis(1), Duration::from_secs(60));
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

/// The ids of the records' events, and the lines of those that are none.
fn expected(file: &Path) -> (BTreeSet<String>, Vec<u64>) {
    let plan::Opened { mut reader, converter, .. } = plan::open(&args(file)).unwrap();
    let (mut ids, mut lines) = (BTreeSet::new(), Vec::new());
    while let Some(record) = reader.read().unwrap() {
        match converter.convert(&record) {
            Ok(event) => drop(ids.insert(event.id)),
            Err(NoEvent::Refused(_)) => lines.push(record.line),
            Err(NoEvent::Skipped(reason)) => panic!("{reason}"),
        }
    }
    (ids, lines)
}

fn text(kinds: &[u8]) -> String {
    let mut text = String::new();
    for (number, kind) in kinds.iter().enumerate() {
        let event = r#""type":"track","event":"A","userId":"u","timestamp":"2026-11-23T15:20:00Z""#;
        let _ = match kind {
            0..5 => writeln!(text, r#"{{{event},"messageId":"id-{number}"}}"#),
            5..9 => writeln!(text, "{{{event}}}"),
            9 => writeln!(text, "{{half"),
            10 => writeln!(text, "\r"),
            _ => writeln!(text, r#"{{"type":"track","event":"A"}}"#),
        };
    }
    text
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn wherever_it_dies_every_record_arrives_under_its_own_id(
        kinds in prop::collection::vec(0..12_u8, 0..3000),
        deaths in prop::collection::vec(1..30_u64, 0..8),
    ) {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("e.ndjson");
        fs::write(&file, text(&kinds)).unwrap();
        let server = Arc::new(Server::default());
        for requests in deaths {
            let dies_at = server.state().requests + requests;
            server.state().dies_at = Some(dies_at);
            if run_once(&file, &server).is_some() {
                break;
            }
        }
        server.state().dies_at = None;
        let ended = run_once(&file, &server).expect("it lives").expect("it runs");
        prop_assert_eq!(ended.stopped, None);

        let (ids, lines) = expected(&file);
        let taken: BTreeSet<_> = server.state().taken.keys().cloned().collect();
        let (refused, good): (BTreeSet<_>, BTreeSet<_>) = ids.into_iter().partition(|id| is_refused(id));
        prop_assert_eq!(taken, good);
        let entries = fs::read_to_string(directory.path().join("e.ndjson.refused.ndjson")).unwrap_or_default();
        let marks: Vec<Value> = entries.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["_refused"].take()).collect();
        let by_klime: Vec<_> = marks.iter().filter_map(|mark| mark["id"].as_str().map(str::to_owned)).collect();
        prop_assert_eq!(by_klime.len(), refused.len(), "each once");
        prop_assert_eq!(by_klime.into_iter().collect::<BTreeSet<_>>(), refused);
        let here = marks.iter().filter(|mark| mark.get("id").is_none()).map(|mark| mark["line"].as_u64().unwrap());
        prop_assert_eq!(here.collect::<Vec<_>>(), lines);
        let counts = ended.counts;
        prop_assert_eq!(counts.records, counts.accepted + counts.refused + counts.skipped);
        prop_assert_eq!(counts.records, kinds.iter().filter(|kind| **kind != 10).count() as u64);
    }
}
