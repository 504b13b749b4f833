//! `/dev/customers` and `/dev/stats`: what was made of the events.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::support::{Dev, Klime, track};

fn days_ago(days: i64) -> String {
    format!("{:.3}", Timestamp::now() - SignedDuration::from_hours(24 * days))
}

fn tracked(message_id: &str, user: Option<&str>, group: Option<&str>, days: i64) -> Value {
    let mut event = json!({
        "type": "track", "messageId": message_id, "timestamp": days_ago(days), "event": "Report Generated",
    });
    add_ids(&mut event, user, group);
    event
}

fn grouped(message_id: &str, user: Option<&str>, group: &str, traits: Value) -> Value {
    let mut event = json!({ "type": "group", "messageId": message_id, "timestamp": days_ago(0), "traits": traits });
    add_ids(&mut event, user, Some(group));
    event
}

fn add_ids(event: &mut Value, user: Option<&str>, group: Option<&str>) {
    for (name, id) in [("userId", user), ("groupId", group)] {
        if let Some(id) = id {
            event[name] = json!(id);
        }
    }
}

/// `acme` is active by its two members, `beta` is quiet, `idle` has no events; the links come last.
fn companies() -> Dev {
    let dev = Dev::start(&[]);
    let events = [
        tracked("1", Some("ann"), None, 0),
        tracked("2", Some("ann"), None, 3),
        tracked("3", Some("bob"), None, 2),
        tracked("4", Some("bob"), Some("beta"), 12),
        tracked("4", Some("bob"), Some("beta"), 12),
        grouped("5", Some("ann"), "acme", json!({ "name": "Acme Inc", "plan": "pro" })),
        grouped("6", Some("bob"), "acme", json!({ "plan": "max" })),
        grouped("7", None, "idle", json!({})),
        json!({ "type": "identify", "messageId": "8", "timestamp": days_ago(0), "userId": "ann",
                "traits": { "name": "Ann", "email": "ann@example.com" } }),
    ];
    assert_eq!(dev.send(&events).status, 200);
    dev
}

fn ids(list: &Value) -> Vec<&str> {
    list["customers"].as_array().unwrap().iter().map(|customer| customer["id"].as_str().unwrap()).collect()
}

#[test]
fn companies_are_groups_with_what_their_members_did() {
    let dev = companies();
    let list = dev.get("/dev/customers").json();
    assert_eq!((&list["mode"], &list["modeIsGiven"], &list["total"]), (&json!("companies"), &json!(false), &json!(3)));
    assert_eq!(ids(&list), ["acme", "beta", "idle"]);
    let states: Vec<_> =
        list["customers"].as_array().unwrap().iter().map(|customer| customer["state"].clone()).collect();
    assert_eq!(states, [json!("active"), json!("quiet"), json!("idle")]);
    let acme = &list["customers"][0];
    assert_eq!((&acme["events7"], &acme["members"], &acme["name"]), (&json!(3), &json!(2), &json!("Acme Inc")));
    assert_eq!(acme["trend"].as_array().unwrap().len(), 30);
    assert_eq!(ids(&dev.get("/dev/customers?state=quiet").json()), ["beta"]);
    assert_eq!(ids(&dev.get("/dev/customers?search=ACME").json()), ["acme"]);
    assert_eq!(ids(&dev.get("/dev/customers?sort=name&limit=1&offset=1").json()), ["beta"]);
}

#[test]
fn a_company_shows_its_members_and_a_user_its_groups() {
    let dev = companies();
    let acme = dev.get("/dev/customers/acme").json();
    let members: Vec<_> =
        acme["memberList"].as_array().unwrap().iter().map(|member| (&member["id"], &member["events30"])).collect();
    assert_eq!(members, [(&json!("ann"), &json!(2)), (&json!("bob"), &json!(1))]);
    assert_eq!(acme["memberList"][0]["traits"]["email"], json!("ann@example.com"));
    assert_eq!(acme["names"], json!([{ "event": "Report Generated", "count": 3 }]));
    let bob = dev.get("/dev/customers/bob?mode=individuals").json();
    assert_eq!((&bob["events30"], &bob["groups"]), (&json!(2), &json!([{ "id": "acme", "name": "Acme Inc" }])));
}

#[test]
fn a_customers_events_are_found_as_they_count_for_it() {
    let dev = companies();
    let seqs = |path: &str| -> Vec<u64> {
        dev.get(path).json()["events"].as_array().unwrap().iter().map(|event| event["seq"].as_u64().unwrap()).collect()
    };
    assert_eq!(seqs("/dev/events?customer=acme&type=track"), [3, 2, 1]);
    assert_eq!(seqs("/dev/events?customer=beta&type=track"), [4]);
    assert_eq!(seqs("/dev/events?customer=bob&mode=individuals&type=track"), [4, 3]);
    assert_eq!(dev.get("/dev/events/1").json()["groups"], json!(["acme"]));
}

#[test]
fn without_groups_customers_are_users_unless_a_mode_is_given() {
    let dev = Dev::start(&[]);
    dev.send(&[tracked("1", Some("ann"), None, 0)]);
    let list = dev.get("/dev/customers").json();
    assert_eq!((&list["mode"], ids(&list)), (&json!("individuals"), vec!["ann"]));
    let list = dev.get("/dev/customers?mode=companies").json();
    assert_eq!((&list["mode"], &list["modeIsGiven"], ids(&list)), (&json!("companies"), &json!(false), vec![]));
    let dev = Dev::start(&["--mode", "companies"]);
    dev.send(&[tracked("1", Some("ann"), None, 0)]);
    let list = dev.get("/dev/customers").json();
    assert_eq!((&list["mode"], &list["modeIsGiven"]), (&json!("companies"), &json!(true)));
}

#[test]
fn ids_of_any_kind_are_found_by_their_path() {
    let dev = Dev::start(&[]);
    dev.send(&[grouped("1", Some("a/b?c=%20 ä"), "x/y", json!({}))]);
    let user = dev.get("/dev/customers/a%2Fb%3Fc%3D%2520%20%C3%A4?mode=individuals");
    assert_eq!((user.status, user.json()["id"].as_str()), (200, Some("a/b?c=%20 ä")));
    assert_eq!(dev.get("/dev/customers/x%2Fy").json()["id"], json!("x/y"));
    let missing = dev.get("/dev/customers/nobody");
    assert_eq!((missing.status, missing.error().as_str()), (404, "no accepted event speaks of a group nobody"));
}

#[test]
fn stats_say_what_is_there() {
    let dev = companies();
    let stats = dev.get("/dev/stats").json();
    assert_eq!(stats["events"], json!({ "accepted": 8, "refused": 0, "duplicate": 1, "stored": 9, "pruned": 0 }));
    assert_eq!(stats["byType"], json!({ "track": 4, "identify": 1, "group": 3 }));
    assert_eq!(stats["batches"], json!({ "total": 1, "accepted": 1, "refused": 0, "failed": 0 }));
    assert_eq!(stats["customers"], json!({ "users": 2, "groups": 3 }));
    assert_eq!(stats["names"], json!([{ "event": "Report Generated", "count": 4 }]));
    assert_eq!(stats["perMinute"].as_array().unwrap().len(), 60);
    assert_eq!(stats["latestSeq"], json!(9));
    assert_eq!((&stats["mode"], &stats["modeIsGiven"]), (&json!("companies"), &json!(false)));
    assert_eq!(stats["storage"]["maxEvents"], json!(1_000_000));
    assert_eq!(stats["storage"].get("path"), None);
}

#[test]
fn the_oldest_events_make_room_and_are_counted() {
    let dev = Dev::start(&["--max-events", "100"]);
    let send = |batch: u64, events: u64| {
        let event = |number| track("Report Generated", &format!("{batch}-{number}"));
        assert_eq!(dev.send(&(0..events).map(event).collect::<Vec<_>>()).status, 200);
        dev.get("/dev/stats").json()["events"].clone()
    };
    assert_eq!(send(0, 100)["stored"], json!(100));
    for batch in 1..20 {
        let stored = send(batch, 7)["stored"].as_u64().unwrap();
        assert!((90..=100).contains(&stored), "{stored}");
    }
    // A batch that is as large as all that is kept.
    let events = send(20, 100);
    let (stored, pruned) = (events["stored"].as_u64().unwrap(), events["pruned"].as_u64().unwrap());
    assert_eq!((stored, pruned, events["accepted"].as_u64().unwrap()), (100, 233, 333));
    let rows = dev.get("/dev/events?limit=1000").json()["events"].as_array().unwrap().len();
    assert_eq!(rows as u64, stored);
}

#[test]
fn a_limit_that_no_batch_fits_into_is_refused() {
    for limit in ["0", "99", "100000001", "many"] {
        let ran = Klime::new(&["dev", "--port", "0", "--max-events", limit]).run();
        assert_eq!(ran.code, 2, "{ran:?}");
        let sentence = format!(
            "error: invalid value '{limit}' for '--max-events <N>': it must be a whole number from 100, which is the largest \
             batch, to 100000000\n"
        );
        assert!(ran.stderr.starts_with(&sentence), "{ran:?}");
    }
}

/// What was dropped is known to customers as long as the process lives, and to nobody afterwards.
#[test]
fn customers_that_lack_dropped_events_after_a_restart_say_so() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("events.db");
    let arguments = ["--max-events", "100", "--db", file.to_str().unwrap()];
    let dev = Dev::start(&arguments);
    for batch in 0..2 {
        let events: Vec<_> = (0..100).map(|number| track("Report Generated", &format!("{batch}-{number}"))).collect();
        dev.send(&events);
    }
    let user = |dev: &Dev| dev.get("/dev/customers?mode=individuals").json();
    assert_eq!(user(&dev).get("eventsMissing"), None);
    drop(dev);
    let dev = Dev::start(&arguments);
    assert_eq!((&user(&dev)["eventsMissing"], &user(&dev)["total"]), (&json!(100), &json!(1)));
    assert_eq!(dev.get("/dev/customers/user_1?mode=individuals").json()["eventsMissing"], json!(100));
    dev.post("/dev/reset", &json!({}));
    assert_eq!(user(&dev).get("eventsMissing"), None);
}

#[test]
fn customers_are_the_same_when_a_file_is_opened_again() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("events.db");
    let file = file.to_str().unwrap();
    let dev = Dev::start(&["--db", file]);
    let events = [
        tracked("1", Some("ann"), None, 0),
        grouped("2", Some("ann"), "acme", json!({ "name": "Acme Inc", "seats": 12.5 })),
        tracked("1", Some("ann"), None, 0),
    ];
    dev.send(&events);
    let questions =
        ["/dev/customers/acme", "/dev/customers?mode=individuals", "/dev/events?status=all", "/dev/batches"];
    let before = questions.map(|question| dev.get(question).json());
    // It is killed, as a crash would.
    drop(dev);
    let dev = Dev::start(&["--db", file]);
    assert_eq!(questions.map(|question| dev.get(question).json()), before);
    assert_eq!(dev.get("/dev/stats").json()["storage"]["path"], json!(file));
}
