//! What Klime refuses: each record of it is counted and in the refused file, however little the answer says.

use serde_json::{Value, json};

use super::{Desk, accepted, line, lines, numbers, outcome};
use crate::support::{Asked, Dev, Reply, Server};

#[test]
fn what_klime_refuses_is_told_by_its_line() {
    let desk = Desk::new("e.ndjson", lines(300));
    let dev = Dev::start(&["--fault", "partial,share=0.1,count=3"]);
    let (code, ended) = desk.import(&dev, &[]);
    let count = ended["refused"].as_u64().unwrap();
    assert!(code == 1 && count > 0 && ended["faults"]["fault_injected"]["count"] == count, "{ended}");
    assert_eq!(ended["books"]["rejected"], count);
    let refused = desk.refused("e.ndjson.refused.ndjson");
    for record in &refused {
        assert_eq!(record["_refused"]["line"], record["properties"]["number"], "{record}");
    }
    let arrived = accepted(&dev);
    assert_eq!(arrived.len() as u64 + count, 300);
    assert!(refused.iter().all(|record| !arrived.contains_key(record["_refused"]["id"].as_str().unwrap())));

    let refused = Desk { name: "e.ndjson.refused.ndjson", ..desk };
    let (code, ended) = refused.import(&dev, &[]);
    assert_eq!((code, &ended["accepted"]), (0, &count.into()), "{ended}");
    assert_eq!(numbers(&dev), (1..=300).collect::<Vec<_>>());
}

#[test]
fn a_batch_that_klime_cannot_read_is_refused_and_the_others_are_not() {
    let desk = Desk::new("e.ndjson", lines(300));
    let dev = Dev::start(&[]);
    assert_eq!(desk.import(&dev, &["--dry-run"]).0, 0);
    // The first request is the check of the key.
    dev.post("/dev/fault", &json!({ "kind": "slow", "delayMs": 1, "count": 1 }));
    dev.post("/dev/fault", &json!({ "kind": "status", "status": 422, "count": 1 }));
    let (code, ended) = desk.import(&dev, &[]);
    let count = ended["faults"]["status_422"]["count"].as_u64().unwrap_or_else(|| panic!("{ended}"));
    assert_eq!((code, accepted(&dev).len() as u64), (1, 300 - count));
    assert_eq!(desk.refused("e.ndjson.refused.ndjson").len() as u64, count);
}

/// A Klime that refuses the events with these numbers, and answers what `errors` makes of their places in the batch.
fn refusing(numbers: &'static [u64], errors: fn(Vec<usize>) -> Vec<Value>) -> Server {
    Server::start(move |asked: &Asked, _| {
        let events = asked.events();
        let is_bad = |event: &Value| numbers.contains(&event["properties"]["number"].as_u64().unwrap());
        let bad: Vec<_> =
            events.iter().enumerate().filter(|(_, event)| is_bad(event)).map(|(place, _)| place).collect();
        let (accepted, failed) = (events.len() - bad.len(), bad.len());
        let body = json!({ "status": "ok", "accepted": accepted, "failed": failed, "errors": errors(bad) });
        Reply::status(200, &body.to_string())
    })
}

fn named(places: Vec<usize>) -> Vec<Value> {
    places.iter().map(|place| json!({ "index": place, "code": "no_good", "message": "no good" })).collect()
}

#[track_caller]
fn import(desk: &Desk, server: &Server) -> (i32, Value, Vec<u64>) {
    let (code, ended) = outcome(&desk.klime(&server.endpoint(), &[]).run());
    let refused = desk.refused("e.ndjson.refused.ndjson");
    assert_eq!(ended["refused"], refused.len(), "{ended}");
    let counts = ["accepted", "refused"].map(|name| ended[name].as_u64().unwrap());
    assert_eq!(ended["records"], counts[0] + counts[1], "{ended}");
    (code, ended, refused.iter().map(|record| record["properties"]["number"].as_u64().unwrap()).collect())
}

#[test]
fn records_that_share_a_message_id_are_all_refused_if_one_is() {
    let shared = |number: usize| {
        line(number).replace('{', "{\"messageId\":\"one\",").replacen(
            "\"properties\":{\"messageId\":\"one\",",
            "\"properties\":{",
            1,
        )
    };
    let text = format!("{}{}{}{}", shared(1), line(2), shared(3), shared(5));
    let desk = Desk::new("e.ndjson", &text);
    let (code, ended, refused) = import(&desk, &refusing(&[1, 3], named));
    assert_eq!((code, refused, &ended["books"]["rejected"]), (1, vec![1, 3, 5], &2.into()), "{ended}");

    let desk = Desk::new("e.ndjson", text);
    let (code, ended, refused) = import(&desk, &refusing(&[5], named));
    assert_eq!((code, refused, &ended["accepted"]), (1, vec![1, 3, 5], &1.into()), "{ended}");
}

#[test]
fn records_of_a_batch_that_klime_does_not_name_are_all_in_the_refused_file() {
    for errors in [(|_| Vec::new()) as fn(Vec<usize>) -> Vec<Value>, |_| vec![json!({ "index": 7000, "code": "c" })]] {
        let desk = Desk::new("e.ndjson", lines(40));
        let (code, ended, refused) = import(&desk, &refusing(&[3, 9], errors));
        assert_eq!((code, refused), (1, (1..=40).collect()), "{ended}");
        let fault = &ended["faults"]["refused_unnamed"];
        let said = "Klime refused 2 of 40 events and did not say which; this is one of the 40";
        assert_eq!((&fault["count"], &fault["first"]), (&40.into(), &said.into()), "{ended}");
        assert_eq!(ended["books"]["rejected"], 2);
    }
}

#[test]
fn records_that_klime_names_are_told_apart_from_those_that_it_does_not() {
    let desk = Desk::new("e.ndjson", lines(40));
    let (code, ended, refused) =
        import(&desk, &refusing(&[3, 9, 11], |places| named(places).into_iter().skip(1).collect()));
    assert_eq!((code, refused), (1, (1..=40).collect()), "{ended}");
    assert_eq!(
        (&ended["faults"]["no_good"]["lines"], &ended["faults"]["refused_unnamed"]["count"]),
        (&json!([9, 11]), &38.into())
    );

    let desk = Desk::new("e.ndjson", lines(4));
    let (_, ended, _) = import(&desk, &refusing(&[1, 2, 3, 4], |_| Vec::new()));
    assert_eq!(ended["faults"]["refused_unnamed"]["first"], "Klime refused it and did not say why", "{ended}");
}

#[test]
fn records_of_batches_that_klime_answers_in_full_are_not_suspected() {
    let desk = Desk::new("e.ndjson", lines(1000));
    let server = refusing(&[700], |_| Vec::new());
    let (code, ended, refused) = import(&desk, &server);
    let batches = server.asked().into_iter().map(|asked| asked.events());
    let number = |event: &Value| event["properties"]["number"].as_u64().unwrap();
    let of_batch: Vec<u64> = batches
        .map(|events| events.iter().map(number).collect::<Vec<_>>())
        .find(|numbers| numbers.contains(&700))
        .unwrap();
    assert_eq!((code, refused), (1, of_batch), "{ended}");
}
