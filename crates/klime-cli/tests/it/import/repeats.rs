//! Records that have the id of an earlier one.

use serde_json::json;

use super::{Desk, accepted, line, lines, outcome};
use crate::support::{Dev, Klime};

const ORDERS: &str = "order,userId,timestamp,total\n\
    1,c1,2026-07-01T10:00:00Z,3\n\
    2,c2,2026-07-01T11:00:00Z,3\n\
    3,c1,2026-07-01T12:00:00Z,3\n\
    1,c1,2026-07-01T10:00:00Z,3\n\
    4,c2,2026-07-01T13:00:00Z,5\n";
const PROBLEM: &str = r#""userId", of which ids are made, is "c1" as in an earlier record; it must be another in each"#;

#[test]
fn ids_of_a_column_that_is_not_another_in_each_row_are_told_before_and_while_history_is_lost() {
    let desk = Desk::new("orders.csv", ORDERS);
    let mapping = ["--event", "Order Placed", "--properties", "total", "--id-from", "userId"];
    let repeated = json!({
        "same": 1, "other": { "count": 2, "lines": [4, 6], "first": PROBLEM }, "unknown": 0,
    });
    let dry = desk.klime("http://127.0.0.1:9", &[&mapping[..], &["--dry-run"]].concat()).run();
    let (code, checked) = outcome(&dry);
    assert_eq!((code, &checked["status"], &checked["repeated"]), (1, &"repeated".into(), &repeated), "{checked}");

    let dev = Dev::start(&[]);
    let (code, sent) = desk.import(&dev, &mapping);
    assert_eq!((code, &sent["status"], &sent["repeated"]), (1, &"repeated".into(), &repeated), "{sent}");
    assert_eq!((&sent["accepted"], accepted(&dev).len()), (&5.into(), 2), "three count with another one");
    assert_eq!(desk.import(&dev, &mapping).1["repeated"], repeated, "the checkpoint knows it");

    let all = [&["import", "orders.csv", "--restart"], &mapping[..]].concat();
    let told = Klime::new(&all).at(&dev.endpoint()).in_directory(desk.directory.path()).run();
    assert_eq!(told.stderr, format!("warning: line 4: {PROBLEM}; Klime counts each id once\n"));
    let table: Vec<_> = told.stdout.lines().skip(1).filter(|line| line.starts_with("  ")).collect();
    assert_eq!(
        table[2..5],
        [
            "  repeated              3   of them, with the id of an earlier record; Klime counts each id once",
            "                        1   the same again",
            &format!("                        2   not the same, and so lost, lines 4, 6: {PROBLEM}"),
        ],
        "{told:?}"
    );
}

#[test]
fn a_record_that_an_export_holds_twice_is_counted_and_does_no_harm() {
    let twice = line(2).replace("15:20:00", "15:20:01");
    let desk = Desk::new("e.ndjson", format!("{}{}{twice}", lines(4), line(4)));
    let dev = Dev::start(&[]);
    let (code, ended) = desk.import(&dev, &[]);
    assert_eq!((code, &ended["status"], &ended["repeated"]["same"]), (0, &"complete".into(), &2.into()), "{ended}");
    assert_eq!(accepted(&dev).len(), 4);
}

#[test]
fn an_id_of_its_own_that_another_record_has_is_told() {
    let desk = Desk::new("e.ndjson", format!("{}{}", line(2), line(4).replace("id-4", "id-2")));
    let (code, ended) = desk.import(&Dev::start(&[]), &[]);
    let first = r#""messageId" is "id-2" as in an earlier record, which says something else"#;
    assert_eq!((code, &ended["repeated"]["other"]["first"]), (1, &first.into()), "{ended}");
}
