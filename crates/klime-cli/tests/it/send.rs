//! `klime track`, `klime identify`, `klime group`.

use std::io::Write as _;
use std::time::Duration;

use serde_json::{Value, json};

use super::support::{Dev, Klime, Ran, Reply, Server};

/// The one event that arrived, without what is different in each run.
#[track_caller]
fn only_event(server: &Server) -> Value {
    let asked = server.asked();
    assert_eq!(asked.len(), 1, "{asked:?}");
    let mut events = asked[0].events();
    assert_eq!(events.len(), 1, "{events:?}");
    let mut event = events.remove(0);
    event.as_object_mut().unwrap().remove("context");
    event
}

/// The same, less what the SDK stamps by itself.
#[track_caller]
fn only_event_unstamped(server: &Server) -> Value {
    let mut event = only_event(server);
    for stamp in ["messageId", "timestamp"] {
        assert!(event.as_object_mut().unwrap().remove(stamp).is_some(), "no {stamp} in {event}");
    }
    event
}

fn refused_by(reply: Reply, arguments: &[&str]) -> Ran {
    let server = Server::start(move |_, _| reply.clone());
    let all = [&["track", "Button Clicked", "--user", "user_123", "--message-id", "m1"], arguments].concat();
    Klime::new(&all).at(&server.endpoint()).run()
}

#[test]
fn a_track_event_is_taken() {
    let server = Server::klime();
    let arguments = ["track", "Button Clicked", "--user", "user_123", "--group", "org_456"];
    let properties = ["--properties", r#"{"plan":"pro","rows":1}"#, "--property", "rows=2", "--property", "day=Monday"];
    let all = [&arguments[..], &properties, &["--message-id", "m1"]].concat();
    let ran = Klime::new(&all).at(&server.endpoint()).run();
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    assert_eq!(ran.stdout, format!("taken by {}: track m1\n", server.endpoint()));
    let mut event = only_event(&server);
    assert!(event.as_object_mut().unwrap().remove("timestamp").is_some());
    let expected = json!({
        "type": "track", "event": "Button Clicked", "userId": "user_123", "groupId": "org_456", "messageId": "m1",
        "properties": { "plan": "pro", "rows": 2, "day": "Monday" },
    });
    assert_eq!(event, expected);
    assert_eq!(server.asked()[0].authorization.as_deref(), Some("Bearer klime_test_key_1234567890"));
}

#[test]
fn identify_takes_the_user_as_it_is_written_or_as_an_option() {
    for user in [&["user_123"][..], &["--user", "user_123"]] {
        let server = Server::klime();
        let arguments = [&["identify"], user, &["--traits", r#"{"email":"user@example.com"}"#, "--trait", "seats=5"]];
        let ran = Klime::new(&arguments.concat()).at(&server.endpoint()).run();
        assert_eq!(ran.code, 0, "{ran:?}");
        let traits = json!({ "email": "user@example.com", "seats": 5 });
        assert_eq!(
            only_event_unstamped(&server),
            json!({ "type": "identify", "userId": "user_123", "traits": traits })
        );
    }
    let both = Klime::new(&["identify", "user_123", "--user", "user_124"]).run();
    assert_eq!(both.code, 2, "{both:?}");
}

#[test]
fn group_links_a_user() {
    let server = Server::klime();
    let ran = Klime::new(&["group", "org_456", "--user", "user_123"]).at(&server.endpoint()).run();
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(only_event_unstamped(&server), json!({ "type": "group", "groupId": "org_456", "userId": "user_123" }));
}

#[test]
fn time_and_address_are_sent_as_given() {
    let server = Server::klime();
    let arguments =
        ["track", "Invoice Paid", "--group", "7", "--timestamp", "2026-11-23T16:20:00+01:00", "--ip", "::1"];
    assert_eq!(Klime::new(&arguments).at(&server.endpoint()).run().code, 0);
    let event = &server.asked()[0].events()[0];
    assert_eq!(event["timestamp"], "2026-11-23T15:20:00.000Z");
    assert_eq!(event["context"]["ip"], "::1");
}

#[test]
fn properties_come_from_a_file_or_from_standard_input() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(br#"{"from":"file"}"#).unwrap();
    let at = format!("@{}", file.path().display());
    for (source, from) in [(at.as_str(), "file"), ("-", "input")] {
        let server = Server::klime();
        let arguments = ["track", "Order Placed", "--user", "u", "--properties", source];
        let ran = Klime::new(&arguments).at(&server.endpoint()).input(r#"{"from":"input"}"#).run();
        assert_eq!(ran.code, 0, "{ran:?}");
        assert_eq!(only_event(&server)["properties"]["from"], from);
    }
}

#[test]
fn the_outcome_is_one_json_object_when_asked_for() {
    let server = Server::klime();
    let arguments = ["track", "Button Clicked", "--user", "user_123", "--message-id", "m1", "--json"];
    let taken = Klime::new(&arguments).at(&server.endpoint()).run();
    insta::assert_snapshot!(taken.stdout, @r#"{"status":"taken","messageId":"m1","accepted":1}"#);

    let body = r#"{"status":"ok","accepted":0,"failed":1,"errors":[{"index":0,"message":"event is odd","code":"invalid_field"}]}"#;
    let refused = refused_by(Reply::status(200, body), &["--json"]);
    assert_eq!(refused.code, 1);
    insta::assert_snapshot!(refused.stdout, @r#"{"status":"refused","messageId":"m1","accepted":0,"error":{"kind":"rejected","message":"Klime refused the event: event is odd","status":200,"code":"invalid_field","attempts":1}}"#);

    let unknown_key = refused_by(Reply::status(401, r#"{"error":"unknown write key"}"#), &["--json"]);
    assert_eq!(unknown_key.code, 1);
    insta::assert_snapshot!(unknown_key.stdout, @r#"{"status":"refused","messageId":"m1","accepted":0,"error":{"kind":"status","message":"Klime answered 401 (unknown write key)","status":401,"attempts":1}}"#);

    let busy = refused_by(Reply::status(503, ""), &["--json", "--timeout", "900ms"]);
    assert_eq!(busy.code, 3);
    insta::assert_snapshot!(busy.stdout, @r#"{"status":"unreachable","messageId":"m1","accepted":0,"error":{"kind":"status","message":"Klime answered 503","status":503,"attempts":1}}"#);

    let usage = Klime::new(&["track", "", "--user", "user_123", "--json"]).run();
    assert_eq!(usage.code, 2);
    let misspelt = Klime::new(&["track", "A", "--user", "u", "--ip", "localhost", "--json"]).run();
    assert_eq!(misspelt.code, 2);
    insta::assert_snapshot!(misspelt.stdout, @r#"{"status":"usage","accepted":0,"error":{"kind":"commandLine","message":"invalid value 'localhost' for '--ip <ADDRESS>': invalid IP address syntax","attempts":0}}"#);
    insta::assert_snapshot!(usage.stdout, @r#"{"status":"usage","accepted":0,"error":{"kind":"invalid","message":"event name is empty","attempts":0}}"#);
}

#[test]
fn what_went_wrong_is_told_to_people_too() {
    let body = r#"{"status":"ok","accepted":0,"failed":1,"errors":[{"index":0,"message":"event is odd","code":"invalid_field"}]}"#;
    let refused = refused_by(Reply::status(200, body), &[]);
    assert_eq!(refused.stdout, "");
    insta::assert_snapshot!(refused.stderr, @"error: Klime refused the event: event is odd (invalid_field)");

    let reply = Reply::status(400, "{\"error\":\"\\u001b[2Jno\\nbatch\"}");
    insta::assert_snapshot!(refused_by(reply, &[]).stderr, @"error: Klime answered 400 ([2Jnobatch)");

    let busy = refused_by(Reply::status(503, ""), &["--timeout", "900ms"]);
    insta::assert_snapshot!(busy.stderr, @r"
    error: Klime answered 503
      It may have arrived all the same. To try again and count it once: --message-id m1
      klime doctor says what is wrong.
    ");
}

#[test]
fn a_failure_that_may_pass_is_tried_again() {
    let server = Server::start(|asked, before| match before {
        0 => Reply::status(503, ""),
        _ => Reply::of_klime(asked),
    });
    let ran = Klime::new(&["track", "Button Clicked", "--user", "u"]).at(&server.endpoint()).run();
    assert_eq!(ran.code, 0, "{ran:?}");
    let asked = server.asked();
    assert_eq!(asked.len(), 2);
    assert_eq!(asked[0].body, asked[1].body, "the same message id");
}

#[test]
fn a_closed_port_is_unreachable_and_says_so() {
    let ran = Klime::new(&[
        "track",
        "Button Clicked",
        "--user",
        "u",
        "--timeout",
        "500ms",
        "--endpoint",
        "http://127.0.0.1:1",
    ]);
    let ran = ran.run();
    assert_eq!(ran.code, 3);
    assert!(
        ran.stderr.starts_with("error: network error, no answer from http://127.0.0.1:1: Connection refused"),
        "{ran:?}"
    );
}

#[test]
fn it_may_have_arrived_only_where_it_can_have() {
    let is_said = |ran: &Ran| {
        assert_eq!(ran.code, 3, "{ran:?}");
        assert!(ran.stderr.contains("--message-id m1"), "{ran:?}");
        ran.stderr.contains("It may have arrived all the same")
    };
    let once = ["--timeout", "900ms"];
    assert!(is_said(&refused_by(Reply::status(503, ""), &once)));
    assert!(is_said(&refused_by(Reply::Close, &once)));
    assert!(!is_said(&refused_by(Reply::status(429, ""), &once)));
    let track = ["track", "Button Clicked", "--user", "u", "--message-id", "m1", "--timeout", "900ms"];
    assert!(!is_said(&Klime::new(&track).at("http://127.0.0.1:1").run()));
    assert!(!is_said(&Klime::new(&track).at("https://klime.invalid").run()));
}

#[test]
fn tls_to_a_port_of_plain_http_is_explained() {
    let dev = Dev::start(&[]);
    let track = ["track", "Button Clicked", "--user", "u", "--timeout", "900ms"];
    let ran = Klime::new(&track).at(&dev.endpoint().replace("http:", "https:")).run();
    assert!(ran.stderr.contains("what listens there does not speak TLS"), "{ran:?}");
}

#[test]
fn a_quiet_success_says_nothing_and_a_quiet_failure_does() {
    let server = Server::klime();
    let ran = Klime::new(&["track", "Button Clicked", "--user", "u", "-q"]).at(&server.endpoint()).run();
    assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (0, "", ""));
    let refused = refused_by(Reply::status(401, ""), &["--quiet"]);
    assert_eq!((refused.code, refused.stderr.as_str()), (1, "error: Klime answered 401\n"));
}

#[test]
fn a_server_that_hangs_costs_no_more_than_the_timeout() {
    let server = Server::start(|_, _| Reply::Hang);
    let ran =
        Klime::new(&["track", "Button Clicked", "--user", "u", "--timeout", "700ms", "--json"]).at(&server.endpoint());
    let ran = ran.run();
    assert!(ran.took < Duration::from_secs(5), "{:?}", ran.took);
    assert_eq!(ran.code, 3);
    let error = &ran.json()["error"];
    assert_eq!((&error["kind"], &error["attempts"]), (&json!("timeout"), &json!(1)), "{ran:?}");
    assert_eq!(error["message"], "Klime has not taken the event within 700ms, in 1 request");
}

#[test]
fn a_time_that_is_over_does_not_hide_what_klime_has_said() {
    let dev = Dev::start(&["--fault", "429,retry-after=30"]);
    let track = ["track", "Button Clicked", "--user", "u", "--message-id", "m1", "--timeout", "3s"];
    let ran = Klime::new(&track).at(&dev.endpoint()).run();
    assert_eq!(ran.code, 3, "{ran:?}");
    insta::assert_snapshot!(ran.stderr, @r"
    error: Klime has not taken the event within 3s, in 1 request; Klime answered 429 (a fault that answers 429 Too Many Requests was asked for), Retry-After 30 s
      To try again in 30 s and count it once: --message-id m1
      klime doctor says what is wrong.
    ");
    let ran = Klime::new(&[&track[..], &["--json"]].concat()).at(&dev.endpoint()).run();
    assert_eq!(ran.code, 3, "{ran:?}");
    insta::assert_snapshot!(ran.stdout, @r#"{"status":"unreachable","messageId":"m1","accepted":0,"error":{"kind":"timeout","message":"Klime has not taken the event within 3s, in 1 request; Klime answered 429 (a fault that answers 429 Too Many Requests was asked for), Retry-After 30 s","status":429,"attempts":1,"retryAfter":30}}"#);
}

/// The first request is answered at once, the second one never.
#[test]
fn an_event_that_may_be_under_way_when_the_time_is_over_may_have_arrived() {
    let server = Server::start(|_, before| if before == 0 { Reply::status(429, "") } else { Reply::Hang });
    let track = ["track", "Button Clicked", "--user", "u", "--message-id", "m1", "--timeout", "5s"];
    let ran = Klime::new(&track).at(&server.endpoint()).run();
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.stderr.contains("in 2 requests; Klime answered 429\n  It may have arrived all the same."), "{ran:?}");
}

#[test]
fn the_write_key_comes_from_the_environment_or_a_file() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("key"), "key_of_the_file\n").unwrap();
    let server = Server::klime();
    let track = ["track", "Button Clicked", "--user", "u"];
    let by_option = Klime::without_key(&[&track[..], &["--write-key-file", "key"]].concat());
    let by_variable = Klime::without_key(&track).variable("KLIME_WRITE_KEY_FILE", "key");
    for klime in [by_option, by_variable] {
        let ran = klime.at(&server.endpoint()).in_directory(directory.path()).run();
        assert_eq!(ran.code, 0, "{ran:?}");
    }
    for asked in server.asked() {
        assert_eq!(asked.authorization.as_deref(), Some("Bearer key_of_the_file"));
    }
}

#[test]
fn what_is_wrong_with_the_call_is_said_before_anything_is_sent() {
    let server = Server::klime();
    let track = ["track", "Button Clicked", "--user", "u"];
    let refused = |klime: Klime| {
        let ran = klime.at(&server.endpoint()).run();
        assert_eq!(ran.code, 2, "{ran:?}");
        ran.stderr.lines().next().unwrap_or_default().to_owned()
    };
    let with = |arguments: &[&str]| refused(Klime::new(&[&track[..], arguments].concat()));
    let lines = [
        refused(Klime::without_key(&track)),
        refused(Klime::new(&["track", "Button Clicked"])),
        with(&["--properties", "[1]"]),
        with(&["--property", "plan"]),
        with(&["--timestamp", "yesterday"]),
        with(&["--timestamp", "1969-12-31T23:59:59Z"]),
        with(&["--ip", "localhost"]),
        with(&["--timeout", "2h"]),
        with(&["--message-id", ""]),
        with(&["--write-key", "secret"]),
        refused(Klime::new(&["group", ""])),
        refused(Klime::new(&["track", "Button Clicked", "--user", " "])),
        refused(Klime::new(&["group", "org_456", "--user", " \t"])),
        refused(Klime::new(&["track", "", "--user", "u"])),
        refused(Klime::new(&["track", "  ", "--user", "u"])),
    ];
    assert!(server.asked().is_empty());
    insta::assert_snapshot!(lines.join("\n"), @r#"
    error: no write key; set KLIME_WRITE_KEY, or name a file that holds it by KLIME_WRITE_KEY_FILE or --write-key-file
    error: the following required arguments were not provided:
    error: --properties is an array, it must be an object such as '{"plan":"pro"}'
    error: invalid value 'plan' for '--property <KEY=VALUE>': it must be KEY=VALUE, such as plan=pro
    error: invalid value 'yesterday' for '--timestamp <TIME>': it must be a time such as 2026-11-23T15:20:00Z or 2026-11-23T16:20:00+01:00
    error: timestamp is 1s before 1970-01-01T00:00:00Z, the earliest that is taken
    error: invalid value 'localhost' for '--ip <ADDRESS>': invalid IP address syntax
    error: invalid value '2h' for '--timeout <TIME>': it must be from 1ms to 1h
    error: message id is empty
    error: unexpected argument '--write-key' found
    error: group id is empty
    error: --user is " ", which is blank; it must be an id such as user_123
    error: --user is " \t", which is blank; it must be an id such as user_123
    error: event name is empty
    error: EVENT is "  ", which is blank; it must be a name such as 'Report Generated'
    "#);
}

#[test]
fn an_event_that_is_too_large_is_refused_before_it_is_sent() {
    let server = Server::klime();
    let long = format!("text={}", "x".repeat(100 * 1024));
    let arguments =
        ["track", "Button Clicked", "--user", "u", "--property", &long, "--property", &format!("more{long}")];
    let ran = Klime::new(&arguments).at(&server.endpoint()).run();
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("of JSON, the most is 204800"), "{ran:?}");
    assert!(server.asked().is_empty());
}

#[test]
fn a_disabled_klime_sends_nothing_and_is_no_failure() {
    let server = Server::klime();
    let track = ["track", "Button Clicked", "--user", "u"];
    let ran = Klime::without_key(&track).at(&server.endpoint()).variable("KLIME_DISABLED", "1").run();
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "nothing was sent: KLIME_DISABLED is set\n"));
    let json = Klime::without_key(&[&track[..], &["--json"]].concat()).variable("KLIME_DISABLED", "1").run();
    assert_eq!(json.stdout, "{\"status\":\"disabled\",\"accepted\":0}\n");
    assert!(server.asked().is_empty());
}

#[test]
fn a_reader_that_has_gone_away_changes_nothing() {
    let server = Server::klime();
    let (code, stderr) = Klime::new(&["track", "Button Clicked", "--user", "u"]).at(&server.endpoint()).run_unread();
    assert_eq!((code, stderr.as_str()), (0, ""));
    assert_eq!(server.asked().len(), 1);
}
