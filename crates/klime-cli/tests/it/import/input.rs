//! Files as they come: broken, odd, huge.

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};

use serde_json::json;

use super::{Desk, accepted, line, lines, numbers, outcome};
use crate::support::{Dev, Klime};

#[test]
fn each_fault_is_counted_with_its_first_lines_before_anything_is_sent() {
    let faults = "{half\n\n{\"type\":\"page\"}\n\u{fffd}\n[1]\n{\"type\":\"track\",\"event\":\"A\",\"timestamp\":\"soon\",\"userId\":1}\n";
    let desk = Desk::new(
        "e.ndjson",
        [format!("\u{feff}{}", lines(2)).as_bytes(), faults.as_bytes(), b"{\"a\":\"\xff\"}\r\n"].concat(),
    );
    let dry = Klime::without_key(&["import", "e.ndjson", "--dry-run"]).in_directory(desk.directory.path()).run();
    assert_eq!(dry.code, 1);
    insta::assert_snapshot!(dry.stdout);
    let files: Vec<_> = fs::read_dir(desk.directory.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(files, ["e.ndjson"], "nothing is written");

    let dev = Dev::start(&[]);
    let (code, sent) = desk.import(&dev, &[]);
    let (_, checked) = outcome(&desk.klime("http://127.0.0.1:9", &["--dry-run"]).run());
    assert_eq!((code, &sent["faults"], &sent["accepted"]), (1, &checked["faults"], &2.into()));
    assert_eq!(numbers(&dev), [1, 2]);
    assert_eq!(desk.refused("e.ndjson.refused.ndjson").len(), 6);
}

#[test]
fn lines_may_end_as_they_do_elsewhere() {
    let desk = Desk::new("e.ndjson", lines(3).replace('\n', "\r\n").trim_end());
    let dev = Dev::start(&[]);
    assert_eq!(desk.import(&dev, &[]).0, 0);
    let other = Desk::new("e.ndjson", lines(3));
    let (_, ended) = other.import(&dev, &[]);
    assert_eq!(ended["accepted"], 3);
    assert_eq!(numbers(&dev), [1, 2, 3], "they are the same events");
}

#[test]
fn a_line_of_300_megabytes_is_read_past() {
    let desk = Desk::new("e.ndjson", line(1));
    let mut file = BufWriter::new(File::options().append(true).open(desk.file()).unwrap());
    let part = vec![b'x'; 1024 * 1024];
    write!(file, "{{\"a\":\"").unwrap();
    (0..300).for_each(|_| file.write_all(&part).unwrap());
    write!(file, "\"}}\n{}", line(3)).unwrap();
    file.into_inner().unwrap();
    let dev = Dev::start(&[]);
    let (code, ended) = desk.import(&dev, &[]);
    assert_eq!((code, &ended["faults"]["record_too_long"]["lines"]), (1, &json!([2])), "{ended}");
    assert_eq!(numbers(&dev), [1, 3]);
    let refused = &desk.refused("e.ndjson.refused.ndjson")[0]["_refused"];
    assert_eq!((&refused["line"], &refused["bytes"]), (&2.into(), &(300 * 1024 * 1024 + 9).into()));
    assert!(refused["text"].as_str().unwrap().starts_with("{\"a\":\"xxx"));
}

#[test]
fn a_file_that_cannot_be_imported_is_named() {
    let desk = Desk::new("e.ndjson.gz", b"\x1f\x8b\x08rest");
    fs::write(desk.path("pretty.json"), "{\n  \"type\": \"track\"\n}\n").unwrap();
    fs::write(desk.path("empty.csv"), "").unwrap();
    for (file, problem) in [
        ("no-such-file", "no-such-file cannot be read: No such file or directory"),
        (".", ". is a directory; name the file in it"),
        ("e.ndjson.gz", "e.ndjson.gz is compressed with gzip; try: gzip -dc FILE | klime import -"),
        ("pretty.json", "pretty.json is JSON over several lines, not an object on each line; try: jq -c . FILE"),
        ("empty.csv", "empty.csv: it is empty, so there is no header"),
    ] {
        let ran = Klime::new(&["import", file]).at("http://127.0.0.1:9").in_directory(desk.directory.path()).run();
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(ran.stderr.starts_with(&format!("error: {problem}")), "{ran:?}");
    }
}

#[test]
fn an_empty_file_is_imported() {
    let desk = Desk::new("e.ndjson", "");
    let dev = Dev::start(&[]);
    let (code, ended) = desk.import(&dev, &[]);
    assert_eq!((code, &ended["status"], &ended["records"]), (0, &"complete".into(), &0.into()));
}

#[test]
fn rows_become_events_as_they_are_mapped() {
    let csv = "id,customer,placed_at,total,vip,note\n\
        7,c1,2026-07-01 12:00:00,12.50,t,\"says \"\"hi\"\",\nthere\"\n\
        8,,2026-07-01 12:00:00,1,f,\n\
        9,c2,2026-07-01 12:00:00,free,f,\n\
        10,c3,2026-07-01 12:00:00,3,f,x,y\n";
    let desk = Desk::new("orders.csv", csv);
    let dev = Dev::start(&[]);
    let arguments = [
        "--event",
        "Order Placed",
        "--map",
        "userId=customer",
        "--map",
        "timestamp=placed_at",
        "--timezone",
        "Europe/Berlin",
        "--id-from",
        "id",
        "--properties",
        "*,total:number,vip:boolean",
    ];
    let (code, ended) = desk.import(&dev, &arguments);
    let named = |code: &str| ended["faults"][code]["lines"].clone();
    assert_eq!((code, &ended["accepted"]), (1, &1.into()), "{ended}");
    let lines = (named("anonymous_event"), named("invalid_field"), named("invalid_row"));
    assert_eq!(lines, (json!([4]), json!([5]), json!([6])), "{ended}");
    let events = accepted(&dev);
    let event = events.values().next().unwrap();
    assert_eq!(
        (&event["event"], &event["userId"], &event["timestamp"]),
        (&"Order Placed".into(), &"c1".into(), &"2026-07-01T10:00:00.000Z".into(),)
    );
    assert_eq!(event["properties"], json!({ "id": "7", "total": 12.5, "vip": true, "note": "says \"hi\",\nthere" }));
}

#[test]
fn a_mapping_may_be_in_a_file() {
    let desk = Desk::new("users.csv", "uid;name;seats;timestamp\nu1;Ann;3;\n");
    let mapping = r#"{"type":"identify","map":{"userId":"uid"},"delimiter":";","properties":["*","seats:number"]}"#;
    fs::write(desk.path("users.json"), mapping).unwrap();
    let dev = Dev::start(&[]);
    let (code, ended) = desk.import(&dev, &["--mapping", "users.json", "--dry-run"]);
    assert_eq!((code, &ended["faults"]["missing_field"]["count"]), (1, &1.into()), "{ended}");

    let desk = Desk { name: "dated.csv", ..desk };
    fs::write(desk.file(), "uid;name;seats;timestamp\nu1;Ann;3;1795447200\n").unwrap();
    let (code, _) = desk.import(&dev, &["--mapping", "users.json"]);
    assert_eq!(code, 0);
    let events = accepted(&dev);
    assert_eq!(events.values().next().unwrap()["traits"], json!({ "name": "Ann", "seats": 3 }));
}

#[test]
fn several_files_are_told_to_be_imported_one_by_one() {
    let ran = Klime::new(&["import", "a.ndjson", "b.ndjson"]).at("http://127.0.0.1:9").run();
    assert_eq!(ran.code, 2);
    let said =
        "klime import takes one file at a time; for several: for file in FILE…; do klime import \"$file\"; done\n";
    assert!(ran.stderr.ends_with(said), "{ran:?}");
    let ran = Klime::new(&["import", "a.ndjson", "--raet"]).at("http://127.0.0.1:9").run();
    assert!(ran.code == 2 && !ran.stderr.contains("one file at a time"), "{ran:?}");
}

#[test]
fn blanks_around_the_names_of_columns_do_not_count() {
    let desk = Desk::new("e.csv", "userId, event ,\ttimestamp, plan\nu1,A,2026-07-01T12:00:00Z,pro\n");
    let dev = Dev::start(&[]);
    let (code, ended) = desk.import(&dev, &[]);
    assert_eq!(code, 0, "{ended}");
    assert_eq!(accepted(&dev).values().next().unwrap()["properties"], json!({ "plan": "pro" }));
}

#[test]
fn a_field_that_may_be_meant_is_named() {
    let desk = Desk::new("e.ndjson", line(1).replace("\"userId\"", "\"user_id\""));
    let dev = Dev::start(&[]);
    let ran = desk.klime(&dev.endpoint(), &["--dry-run"]).run();
    let said = "warning: e.ndjson: its first record has no \"userId\" or \"groupId\"; perhaps --map userId=user_id\n";
    assert_eq!((ran.code, ran.stderr.as_str()), (1, said));
    let ran = desk.klime(&dev.endpoint(), &["--map", "userId=user_id"]).run();
    assert_eq!((ran.code, ran.stderr.as_str(), numbers(&dev).len()), (0, "", 1));
}

#[test]
fn options_that_are_at_fault_are_named() {
    let desk = Desk::new("e.csv", "id,name\n1,Ann\n");
    fs::write(desk.path("e.ndjson"), line(1)).unwrap();
    fs::write(desk.path("semicolons.csv"), "id;name\n1;Ann\n").unwrap();
    fs::write(desk.path("rows.csv"), "7,c1,2026-07-01\n").unwrap();
    fs::write(desk.path("m.json"), "{\"typ\":\"track\"}").unwrap();
    for (arguments, problem) in [
        (&["e.csv"][..], "e.csv has the columns id, name, and none for \"event\" (--event NAME or --map event=COLUMN;"),
        (&["semicolons.csv", "--event", "A"], "semicolons.csv has one column, \"id;name\"; try --delimiter ';'"),
        (
            &["rows.csv", "--dry-run"],
            "rows.csv has the columns 7, c1, 2026-07-01, and none for \"event\" (--event NAME or --map event=COLUMN;",
        ),
        (&["e.csv", "--map", "userId=uid"], "--map userId: e.csv has no column \"uid\"; it has id, name"),
        (&["e.csv", "--id-from", "key"], "--id-from: e.csv has no column \"key\"; it has id, name"),
        (&["e.csv", "--properties", "nmae"], "--properties: e.csv has no column \"nmae\"; it has id, name"),
        (
            &["e.csv", "--from", "segment", "--event", "A"],
            "--from says what the fields are, so they cannot be mapped as well",
        ),
        (
            &["e.ndjson", "--delimiter", ";"],
            "--delimiter is for CSV, and these records are NDJSON; --format csv says otherwise",
        ),
        (&["e.ndjson", "--mapping", "m.json"], "--mapping: m.json is no mapping: unknown field `typ`"),
        (
            &["e.ndjson", "--timezone", "Mars"],
            "invalid value 'Mars' for '--timezone <ZONE>': it must be UTC, an offset",
        ),
        (
            &["e.ndjson", "--rate", "abc"],
            "invalid value 'abc' for '--rate <EVENTS>': it must be a whole number of events a second, from 1 to 1000000",
        ),
        (&["e.ndjson", "--rate", "0"], "invalid value '0' for '--rate <EVENTS>'"),
        (&["e.ndjson", "--pages"], "the following required arguments were not provided:\n  --from <FROM>"),
    ] {
        let all = [&["import"], arguments].concat();
        let ran = Klime::new(&all).at("http://127.0.0.1:9").in_directory(desk.directory.path()).run();
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(ran.stderr.starts_with(&format!("error: {problem}")), "{ran:?}");
    }
    let ran = Klime::without_key(&["import", "e.ndjson"]).in_directory(desk.directory.path()).run();
    assert!(ran.code == 2 && ran.stderr.starts_with("error: no write key; set KLIME_WRITE_KEY"), "{ran:?}");
}

#[test]
fn a_quote_that_is_never_closed_takes_no_rows_with_it_unnoticed() {
    let row = |number: usize| format!("u{number},2026-11-23T15:20:00Z,A,note\n");
    let rest: String = (3..9).map(row).collect();
    let head = format!("userId,timestamp,event,note\n{}", row(1));
    let desk = Desk::new("e.csv", format!("{head}u2,2026-11-23T15:20:00Z,A,\"note\n{rest}"));
    let dev = Dev::start(&[]);
    let (code, ended) = desk.import(&dev, &[]);
    assert_eq!((code, &ended["accepted"], &ended["refused"]), (1, &1.into(), &1.into()), "{ended}");
    let fault = &ended["faults"]["unclosed_quote"];
    let first = "a quote opened at line 3 is never closed; the 6 lines after it were not read as rows";
    assert_eq!((&fault["count"], &fault["lines"], &fault["first"]), (&1.into(), &json!([3]), &first.into()), "{ended}");
    assert_eq!(accepted(&dev).len(), 1);

    fs::write(desk.file(), format!("{head}u2,2026-11-23T15:20:00Z,A,\"note\"\n{rest}")).unwrap();
    let (code, ended) = desk.import(&dev, &["--restart", "--refused", "r"]);
    assert_eq!((code, &ended["accepted"], accepted(&dev).len()), (0, &8.into(), 8), "{ended}");
}

#[test]
fn what_mysql_prints_is_read_as_it_means_it() {
    let printed = "id\tuserId\tat\tnote\tseen\n\
        1\tu1\t2026-07-01 12:00:00\tsays \"hi\tNULL\n\
        2\tu2\t2026-07-01 12:00:00\t\"a\\nb\\tc\\\\n\"\t\n\
        3\tNULL\t2026-07-01 12:00:00\tx\t1\n";
    let desk = Desk::new("orders", printed);
    let dev = Dev::start(&[]);
    let arguments =
        ["--format", "mysql", "--event", "A", "--map", "timestamp=at", "--timezone", "UTC", "--id-from", "id"];
    let (code, ended) = desk.import(&dev, &arguments);
    assert_eq!((code, &ended["faults"]["anonymous_event"]["lines"]), (1, &json!([4])), "{ended}");
    let notes: Vec<_> = accepted(&dev).into_values().map(|event| event["properties"].clone()).collect();
    for properties in [json!({ "id": "1", "note": "says \"hi" }), json!({ "id": "2", "note": "\"a\nb\tc\\n\"" })] {
        assert!(notes.contains(&properties), "{notes:?}");
    }
    let ran = desk.klime(&dev.endpoint(), &["--format", "mysql", "--event", "A", "--delimiter", ";"]).run();
    assert!(
        ran.code == 2 && ran.stdout.contains("--delimiter is for CSV, and these records are what mysql"),
        "{ran:?}"
    );
}

#[test]
fn a_dry_run_shows_the_mapping_and_the_first_event() {
    let desk = Desk::new("orders.csv", "id,customer,at,total\n7,,now,1\n8,c2,2026-07-01T12:00:00Z,2.5\n");
    let mapping = ["--event", "Order Placed", "--map", "userId=customer", "--map", "timestamp=at", "--id-from", "id"];
    let arguments = [&mapping[..], &["--properties", "total:number", "--dry-run"]].concat();
    let (code, checked) = outcome(&desk.klime("http://127.0.0.1:9", &arguments).run());
    assert_eq!(
        (code, &checked["mapping"]),
        (
            1,
            &json!({
                "event": { "value": "Order Placed" }, "groupId": null, "messageId": { "madeOf": "id" },
                "properties": { "columns": ["total:number"] }, "timestamp": { "column": "at" },
                "type": { "value": "track" }, "userId": { "column": "customer" },
            })
        ),
        "{checked}"
    );
    let dev = Dev::start(&[]);
    desk.import(&dev, &arguments[..arguments.len() - 1]);
    let mut sent: Vec<_> = accepted(&dev).into_values().collect();
    sent.iter_mut().for_each(|event| drop(event.as_object_mut().unwrap().remove("context")));
    assert_eq!(sent, [checked["first"].clone()], "but for what the SDK says of itself");

    let desk = Desk::new("e.ndjson", lines(2));
    let (_, checked) = outcome(&desk.klime("http://127.0.0.1:9", &["--dry-run"]).run());
    assert_eq!((&checked["mapping"], &checked["first"]["properties"]["number"]), (&json!(null), &1.into()));
}
