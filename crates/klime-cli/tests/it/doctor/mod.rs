//! `klime doctor`, against a Klime, and against everything that can stand in its way.

mod answers;
mod way;

use std::time::Duration;

use serde_json::Value;

use super::support::{Dev, Klime, Ran, Reply, Server};

/// No report takes longer here, whatever hangs.
const LIMIT: Duration = Duration::from_secs(8);

/// The steps of a report, each as `step verdict`, and what was found at the one that is looked for.
#[track_caller]
fn examine(klime: Klime, looked_for: &str) -> (i32, String, Value) {
    let ran = klime.run();
    assert!(ran.took < LIMIT, "{:?}", ran.took);
    let report = ran.json();
    let steps = report["steps"].as_array().unwrap();
    let words = |step: &Value| format!("{} {}", step["step"].as_str().unwrap(), step["verdict"].as_str().unwrap());
    let list = steps.iter().map(words).collect::<Vec<_>>().join(", ");
    let found = steps.iter().find(|step| step["step"] == looked_for).unwrap().clone();
    (ran.code, list, found)
}

fn doctor(endpoint: &str) -> Klime {
    Klime::new(&["doctor", "--json", "--timeout", "3s"]).at(endpoint)
}

#[track_caller]
fn assert_found(found: &Value, sentence: &str, fix: &str) {
    assert!(found["found"].as_str().unwrap().contains(sentence), "{found}");
    assert!(found["fix"].as_str().unwrap_or_default().contains(fix), "{found}");
}

/// A report for people, without what differs between runs.
fn plain(ran: &Ran, server: &Server) -> String {
    let port = server.address().port().to_string();
    let without_times = |line: &str| match line.split_once(":PORT in ") {
        Some((before, _)) => format!("{before}:PORT"),
        None => line
            .split_once(" (")
            .filter(|(_, rest)| rest.ends_with(" ms)"))
            .map_or(line, |(before, _)| before)
            .to_owned(),
    };
    let lines: Vec<String> = ran.stdout.replace(&port, "PORT").lines().map(without_times).collect();
    lines.join("\n")
}

#[test]
fn all_is_well_with_a_klime() {
    let server = Server::klime();
    let ran = Klime::new(&["doctor"]).at(&server.endpoint()).run();
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    insta::assert_snapshot!(plain(&ran, &server), @r"
    configuration ok       http://127.0.0.1:PORT (KLIME_ENDPOINT); write key klim… (KLIME_WRITE_KEY)
    proxy         ok       none
    DNS           -        127.0.0.1 is an address
    TCP           ok       127.0.0.1:PORT
    TLS           -        plain http has none
    answer        ok       401 without a key, as it should be
    clock         -        the answer has no Date to compare with
    write key     ok       Klime takes klim…

    All is well: events would arrive.
    ");
    // The key went out once, and no event did.
    let asked = server.asked();
    let keys: Vec<bool> = asked.iter().map(|asked| asked.authorization.is_some()).collect();
    assert_eq!(keys, [false, true]);
    assert!(
        asked.iter().all(|asked| asked.line == "POST /v1/batch HTTP/1.1" && asked.events().is_empty()),
        "{asked:?}"
    );
}

#[test]
fn the_first_step_that_fails_is_explained_and_the_rest_is_not_tried() {
    let server = Server::start(|_, _| Reply::Close);
    let ran = Klime::new(&["doctor"]).at(&server.endpoint()).run();
    assert_eq!(ran.code, 3);
    insta::assert_snapshot!(plain(&ran, &server), @r"
    configuration ok       http://127.0.0.1:PORT (KLIME_ENDPOINT); write key klim… (KLIME_WRITE_KEY)
    proxy         ok       none
    DNS           -        127.0.0.1 is an address
    TCP           ok       127.0.0.1:PORT
    TLS           -        plain http has none
    answer        FAILED   the connection broke: Peer disconnected
                           -> what listens there does not speak HTTP, or something in between cuts the connection; check the endpoint's port
    clock         -        not tried, because the step answer failed
    write key     -        not tried, because the step answer failed

    Mend the first step that failed, then run klime doctor again.
    ");
}

#[test]
fn a_key_that_klime_does_not_know_is_refused() {
    let server = Server::start(|_, _| Reply::status(401, r#"{"error":"unknown write key"}"#));
    let (code, steps, key) = examine(doctor(&server.endpoint()), "key");
    assert_eq!(code, 1);
    assert!(steps.ends_with("answer ok, clock skipped, key failed"), "{steps}");
    assert_found(&key, "Klime answered 401 (unknown write key): it does not know the key of KLIME_WRITE_KEY", "copy");
}

#[test]
fn a_missing_key_is_a_matter_of_configuration_and_the_way_is_examined_all_the_same() {
    let server = Server::klime();
    let klime = Klime::without_key(&["doctor", "--json"]).at(&server.endpoint());
    let (code, steps, found) = examine(klime, "configuration");
    assert_eq!(code, 2);
    let expected =
        "configuration failed, proxy ok, dns skipped, tcp ok, tls skipped, answer ok, clock skipped, key skipped";
    assert_eq!(steps, expected);
    assert_found(&found, "no write key; set KLIME_WRITE_KEY", "");
}

#[test]
fn settings_that_are_no_good_are_named() {
    for (name, value, sentence) in [
        (
            "KLIME_ENDPOINT",
            "klime.example",
            "KLIME_ENDPOINT: endpoint is \"klime.example\", it must begin with https://",
        ),
        ("KLIME_ENDPOINT", "https://user:hunter2@klime.example", "…@klime.example"),
        ("KLIME_ENDPOINT", "http://klime.example", "use https, or give --allow-insecure-http"),
        ("KLIME_WRITE_KEY", "two words", "the write key of KLIME_WRITE_KEY: write_key has U+0020 at byte 3"),
        ("KLIME_DISABLED", "maybe", "KLIME_DISABLED is \"maybe\", it must be 1 or 0"),
        ("https_proxy", "ht!tp://user:hunter2@proxy", "https_proxy must be the URL of a proxy"),
    ] {
        let klime =
            Klime::new(&["doctor", "--json", "--timeout", "1s"]).at("https://klime.invalid").variable(name, value);
        let ran = klime.run();
        assert!(!ran.stdout.contains("hunter2"), "{}", ran.stdout);
        let report = ran.json();
        assert_eq!((ran.code, &report["steps"][0]["verdict"]), (2, &Value::from("failed")), "{name}={value}: {report}");
        assert_found(&report["steps"][0], sentence, "");
    }
}

#[test]
fn a_disabled_klime_is_why_nothing_arrives() {
    let server = Server::klime();
    let (code, steps, found) = examine(doctor(&server.endpoint()).variable("KLIME_DISABLED", "1"), "configuration");
    assert_eq!(code, 2);
    assert!(steps.ends_with("key ok"), "{steps}");
    assert_found(&found, "http://127.0.0.1", "KLIME_DISABLED is set");
}

#[test]
fn all_steps_are_well_with_a_klime_dev() {
    let dev = Dev::start(&[]);
    let (code, steps, clock) = examine(doctor(&dev.endpoint()), "clock");
    assert_eq!(code, 0);
    let expected = "configuration ok, proxy ok, dns skipped, tcp ok, tls skipped, answer ok, clock ok, key ok";
    assert_eq!((steps.as_str(), &clock["found"]), (expected, &Value::from("within 1 s of the server's")));
    assert_eq!(dev.get("/dev/stats").json()["latestSeq"], 0, "no event was sent");

    let dev = Dev::start(&["--key", "another-write-key"]);
    let (code, _, key) = examine(doctor(&dev.endpoint()), "key");
    assert_eq!(code, 1);
    assert_found(&key, "Klime answered 401", "use the key of that klime dev");
}
