//! `klime doctor`, against a Klime, and against everything that can stand in its way.

use std::net::TcpListener;
use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::support::{Asked, Certificate, Dev, Klime, Ran, Reply, Server, TlsServer};

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

/// A Klime that answers without a key as `answer` says.
fn without_key(answer: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Server {
    Server::start(move |asked, _| match asked.authorization {
        None => answer(asked),
        Some(_) => Reply::of_klime(asked),
    })
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
    assert_found(
        &key,
        "Klime answered 401 (unknown write key): it does not know the key klim… (KLIME_WRITE_KEY)",
        "copy",
    );
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
        ("KLIME_ENDPOINT", "http://klime.example", "use https, or --allow-insecure-http"),
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
fn a_name_that_does_not_exist_is_told_from_a_port_that_is_closed() {
    let (code, steps, dns) = examine(doctor("https://klime.invalid"), "dns");
    assert_eq!(code, 3);
    assert!(steps.contains("dns failed, tcp skipped"), "{steps}");
    assert_found(&dns, "klime.invalid was not found", "how the host is spelt");

    let (code, steps, tcp) = examine(doctor("http://127.0.0.1:1"), "tcp");
    assert_eq!(code, 3);
    assert!(steps.contains("tcp failed, tls skipped"), "{steps}");
    assert_found(&tcp, "127.0.0.1:1: refused, nothing listens there", "is klime dev started?");
}

/// Linux drops the requests for connections that a full backlog has no room for, like a firewall does.
#[cfg(target_os = "linux")]
#[test]
fn an_address_that_never_answers_costs_no_more_than_the_timeout() {
    use std::net::TcpStream;

    let listener = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    listener.bind(&std::net::SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    listener.listen(0).unwrap();
    let address = listener.local_addr().unwrap().as_socket().unwrap();
    let short = Duration::from_millis(200);
    let mut waiting = Vec::new();
    while let Ok(stream) = TcpStream::connect_timeout(&address, short) {
        waiting.push(stream);
    }
    let klime = Klime::new(&["doctor", "--json", "--timeout", "400ms"]).at(&format!("http://{address}"));
    let (code, _, tcp) = examine(klime, "tcp");
    assert_eq!(code, 3);
    assert_found(&tcp, "no answer", "firewall");
}

#[test]
fn a_server_that_takes_the_connection_and_says_nothing_costs_no_more_than_the_timeout() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    for (scheme, step, sentence) in
        [("http", "answer", "connected, but no answer within 400ms"), ("https", "tls", "does not answer the handshake")]
    {
        let klime = Klime::new(&["doctor", "--json", "--timeout", "400ms"]).at(&format!("{scheme}://{address}"));
        let (code, _, found) = examine(klime, step);
        assert_eq!(code, 3);
        assert_found(&found, sentence, "");
    }
}

#[test]
fn a_certificate_of_an_authority_that_is_known_is_trusted() {
    let server = TlsServer::start(Certificate::Right);
    let trusting = doctor(&server.endpoint()).variable("SSL_CERT_FILE", server.authority().to_str().unwrap());
    let (code, steps, tls) = examine(trusting, "tls");
    assert_eq!(code, 0, "{steps}: {tls}");
    assert_found(&tls, "TLS 1.3, the certificate is trusted", "");

    let (code, steps, tls) = examine(doctor(&server.endpoint()), "tls");
    assert_eq!(code, 3);
    assert!(steps.contains("tls failed, answer skipped"), "{steps}");
    assert_found(&tls, "an authority that this machine does not trust", "SSL_CERT_FILE");
}

#[test]
fn what_is_wrong_with_a_certificate_is_said_in_words() {
    for (certificate, sentence, fix) in [
        (Certificate::Expired, "the server's certificate has expired", "clock is wrong: it says 20"),
        (Certificate::Future, "the server's certificate is not valid yet", "clock is most likely wrong"),
        (Certificate::WrongHost, "the certificate is not for 127.0.0.1 but for", "check the host in the endpoint"),
    ] {
        let server = TlsServer::start(certificate);
        let trusting = doctor(&server.endpoint()).variable("SSL_CERT_FILE", server.authority().to_str().unwrap());
        let (code, _, tls) = examine(trusting, "tls");
        assert_eq!(code, 3, "{certificate:?}");
        assert_found(&tls, sentence, fix);
    }
}

#[test]
fn a_port_without_tls_is_told() {
    let server = Server::klime();
    let endpoint = server.endpoint().replace("http://", "https://");
    let (code, _, tls) = examine(doctor(&endpoint), "tls");
    assert_eq!(code, 3);
    assert_found(&tls, "", "an endpoint of plain http begins with http://");
}

#[expect(clippy::disallowed_methods, reason = "the clock's step compares a Date with the time")]
#[test]
fn a_clock_that_is_off_is_measured() {
    for (seconds_ago, verdict, code) in [(0, "ok", 0), (120, "warning", 0), (3600, "failed", 2)] {
        let server = without_key(move |_| {
            let date = httpdate::fmt_http_date(SystemTime::now() - Duration::from_secs(seconds_ago));
            Reply::with_headers(401, &format!("Date: {date}\r\n"), r#"{"error":"no write key"}"#)
        });
        let (exit, steps, clock) = examine(doctor(&server.endpoint()), "clock");
        assert_eq!((exit, &clock["verdict"]), (code, &Value::from(verdict)), "{clock}");
        assert!(steps.ends_with("key ok"), "{steps}");
    }
}

#[test]
fn what_is_no_klime_gets_no_write_key() {
    let page = |status| Reply::with_headers(status, "Content-Type: text/html\r\n", "<h1>Log in</h1>");
    for (reply, code, sentence, fix) in [
        (page(200), 3, "200 (text/html), which is no answer of Klime's", "login page"),
        (page(404), 2, "404 (text/html) to a POST to http://127.0.0.1", "no Klime at this path"),
        (page(403), 3, "403 (text/html), which is no answer of Klime's", "firewall"),
        (page(503), 3, "503 (text/html)", "try again later"),
        (
            Reply::with_headers(302, "Location: https://login.example/\r\n", ""),
            2,
            "a redirect to https://login.example/",
            "redirects",
        ),
        (Reply::Text("SSH-2.0-OpenSSH_9.6\r\n".to_owned()), 3, "the connection broke", "does not speak HTTP"),
    ] {
        let server = without_key(move |_| reply.clone());
        let (exit, steps, answer) = examine(doctor(&server.endpoint()), "answer");
        assert_eq!(exit, code, "{answer}");
        assert!(steps.ends_with("key skipped"), "{steps}");
        assert_found(&answer, sentence, fix);
        assert_eq!(server.asked().len(), 1, "only what was asked without a key");
    }
}

#[test]
fn a_klime_that_cannot_take_events_is_unreachable() {
    let server = Server::start(|asked, _| match asked.authorization {
        None => Reply::status(401, r#"{"error":"no write key"}"#),
        Some(_) => Reply::with_headers(429, "Retry-After: 60\r\n", ""),
    });
    let (code, _, key) = examine(doctor(&server.endpoint()), "key");
    assert_eq!(code, 3);
    assert_found(&key, "Klime answered 429", "try again later");
}

/// Tunnels to `target` whatever host it is asked for, or refuses.
fn proxy(target: Option<std::net::SocketAddr>) -> std::net::SocketAddr {
    use std::io::{Write as _, copy};
    use std::net::{Shutdown, TcpStream};

    super::support::listen(move |mut client: TcpStream| {
        let Some(Asked { line, .. }) = Asked::read(&mut std::io::BufReader::new(&client)) else {
            return;
        };
        assert!(line.starts_with("CONNECT klime.example:443 "), "{line}");
        let Some(target) = target else {
            let _ = client.write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n");
            return;
        };
        let server = TcpStream::connect(target).unwrap();
        client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").unwrap();
        let pass = |mut from: &TcpStream, mut to: &TcpStream| {
            let _ = copy(&mut from, &mut to);
            let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
        };
        std::thread::scope(|scope| {
            scope.spawn(|| pass(&client, &server));
            pass(&server, &client);
        });
    })
}

#[test]
fn through_a_proxy_the_proxy_is_examined_and_tls_runs_inside_its_tunnel() {
    let server = TlsServer::start(Certificate::WrongHost);
    let address = proxy(Some(server.address()));
    let url = format!("http://user:hunter2@{address}");
    let klime = || {
        let trusting = doctor("https://klime.example").variable("SSL_CERT_FILE", server.authority().to_str().unwrap());
        trusting.variable("https_proxy", &url)
    };
    let (code, steps, found) = examine(klime(), "answer");
    assert_eq!(code, 3);
    let expected =
        "configuration ok, proxy ok, dns skipped, tcp ok, tls skipped, answer failed, clock skipped, key skipped";
    assert_eq!(steps, expected);
    assert_found(&found, "the certificate is not for klime.example but for", "");
    let (_, _, found) = examine(klime(), "proxy");
    assert_eq!(found["found"], format!("{address} (https_proxy)"));
}

#[test]
fn a_proxy_that_wants_a_password_says_so() {
    let address = proxy(None);
    let klime = doctor("https://klime.example").variable("HTTPS_PROXY", &format!("http://{address}"));
    let (code, _, found) = examine(klime, "answer");
    assert_eq!(code, 2);
    assert_found(&found, "407, the proxy wants a password", "http://user:password@host:port");
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
    assert_found(&key, "Klime answered 401", "copy the write key again");
}
