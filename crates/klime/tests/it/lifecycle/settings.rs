//! Settings are checked when the client is built; the error names the setting, the value and the bounds.

use std::time::Duration;

use klime::{Client, ClientBuilder};

use crate::support::{Server, balanced, child};

fn builder() -> ClientBuilder {
    Client::builder("test-key").endpoint(Server::unused_port())
}

#[track_caller]
fn check(builder: ClientBuilder, message: &str) {
    let error = builder.build().unwrap_err();
    assert_eq!(error.to_string(), message);
    assert!(message.starts_with(error.setting()), "{}", error.setting());
    assert!(!format!("{error:?}").contains("test-key"));
}

#[test]
fn write_key_must_be_one_that_a_header_can_carry() {
    for key in ["", " ", "\t\n"] {
        check(Client::builder(key), "write_key is empty");
    }
    for (key, message) in [
        ("k".repeat(4097).as_str(), "write_key has 4097 bytes, it must have at most 4096"),
        ("a b", "write_key has U+0020 at byte 1, which no header can carry"),
        ("key\n", "write_key has U+000A at byte 3, which no header can carry; trim the line break at its end"),
        ("key\r\n", "write_key has U+000D at byte 3, which no header can carry; trim the line break at its end"),
        ("key\nkey", "write_key has U+000A at byte 3, which no header can carry"),
        ("ké", "write_key has U+00E9 at byte 1, which no header can carry"),
        ("\0", "write_key has U+0000 at byte 0, which no header can carry"),
    ] {
        check(Client::builder(key), message);
    }
    assert!(Client::new("").is_err());
}

#[test]
fn endpoint_must_be_an_address_that_is_safe_to_use() {
    let check = |endpoint: &str, message: &str| check(builder().endpoint(endpoint), message);
    check("", "endpoint is \"\", it must be a URL such as \"https://i.klime.com\"");
    check("i.klime.com", "endpoint is \"i.klime.com\", it must begin with https:// or http://");
    check("ftp://i.klime.com", "endpoint is \"ftp://i.klime.com\", it must begin with https:// or http://");
    check("https://i.klime.com?a=b", "endpoint is \"https://i.klime.com?a=b\", it must have no query and no fragment");
    check("https://u:secret@h", "endpoint is \"https://…@h\", it must hold no user name or password");
    check(
        "http://i.klime.com",
        "endpoint is \"http://i.klime.com\", plain http would show the write key; use https, or set allow_insecure_http",
    );
}

#[test]
fn plain_http_to_another_host_has_to_be_allowed() {
    let client =
        Client::builder("test-key").endpoint("http://klime.example").allow_insecure_http(true).build().unwrap();
    assert_eq!(balanced(&client).enqueued, 0);
}

#[test]
fn numbers_and_times_must_be_within_their_bounds() {
    let short = Duration::from_micros(999);
    check(builder().flush_interval(Duration::ZERO), "flush_interval is 0 ms, it must be at least 1 ms");
    check(builder().flush_interval(short), "flush_interval is 0.999 ms, it must be at least 1 ms");
    check(builder().max_batch_size(0), "max_batch_size is 0, it must be from 1 to 100");
    check(builder().max_batch_size(101), "max_batch_size is 101, it must be from 1 to 100");
    check(builder().max_queue_size(0), "max_queue_size is 0, it must be at least 1");
    check(builder().max_queue_bytes(204_799), "max_queue_bytes is 204799, it must be at least 204800");
    check(builder().retry_max_attempts(0), "retry_max_attempts is 0, it must be at least 1");
    check(builder().retry_initial_delay(short), "retry_initial_delay is 0.999 ms, it must be at least 1 ms");
    check(builder().max_in_flight(0), "max_in_flight is 0, it must be from 1 to 64");
    check(builder().max_in_flight(65), "max_in_flight is 65, it must be from 1 to 64");
    check(builder().connect_timeout(short), "connect_timeout is 0.999 ms, it must be at least 1 ms");
    check(builder().request_timeout(Duration::ZERO), "request_timeout is 0 ms, it must be at least 1 ms");
}

#[test]
fn bounds_themselves_are_allowed() {
    let least = Duration::from_millis(1);
    let smallest = builder()
        .flush_interval(least)
        .max_batch_size(1)
        .max_queue_size(1)
        .max_queue_bytes(204_800)
        .retry_max_attempts(1)
        .retry_initial_delay(least)
        .max_in_flight(1)
        .connect_timeout(least)
        .request_timeout(least)
        .shutdown_timeout(Duration::ZERO);
    let largest = builder()
        .flush_interval(Duration::MAX)
        .max_batch_size(100)
        .max_queue_size(usize::MAX)
        .max_queue_bytes(usize::MAX)
        .retry_max_attempts(u32::MAX)
        .retry_initial_delay(Duration::MAX)
        .max_in_flight(64)
        .connect_timeout(Duration::MAX)
        .request_timeout(Duration::MAX)
        .shutdown_timeout(Duration::MAX);
    for builder in [smallest, largest] {
        let client = builder.build().unwrap();
        client.track("a").user(1).enqueue();
        balanced(&client);
        assert_eq!(client.shutdown_blocking(Duration::ZERO).accepted, 0);
    }
}

#[test]
fn write_key_shows_in_no_debug_output() {
    let client = builder().build().unwrap();
    for text in [format!("{:?}", builder()), format!("{client:?}"), format!("{:?}", client.flush())] {
        assert!(!text.contains("test-key"), "{text}");
    }
    balanced(&client);
}

/// Builds a client from the environment, in a process that has nothing but these variables.
fn from_env(variables: &[(&str, &str)]) -> String {
    child::run("lifecycle::settings::environment_is_read_by_from_env_only", "build", variables).join("\n")
}

#[test]
fn environment_is_read_by_from_env_only() {
    if child::role().is_some() {
        child::say(&match Client::from_env() {
            Err(error) => format!("{}: {error}", error.setting()),
            Ok(client) => match client.track("a").user(1).try_enqueue() {
                Err(error) => error.to_string(),
                Ok(_) => format!("{} accepted", client.flush_blocking(super::LIMIT).accepted),
            },
        });
        return;
    }
    let server = Server::start();
    let endpoint = format!(" {} ", server.endpoint());
    let unset = "KLIME_WRITE_KEY: KLIME_WRITE_KEY is not set, or blank; it must hold the write key";
    assert_eq!(from_env(&[]), unset);
    assert_eq!(from_env(&[("KLIME_WRITE_KEY", "  ")]), unset);
    assert_eq!(from_env(&[("KLIME_WRITE_KEY", "key"), ("KLIME_ENDPOINT", &endpoint)]), "1 accepted");
    assert_eq!(server.requests()[0].header("authorization"), Some("Bearer key"));
    assert_eq!(from_env(&[("KLIME_DISABLED", "1")]), "client is disabled");
    let enabled = [("KLIME_DISABLED", "0"), ("KLIME_WRITE_KEY", "key"), ("KLIME_ENDPOINT", &endpoint)];
    assert_eq!(from_env(&enabled), "1 accepted");
    assert_eq!(
        from_env(&[("KLIME_DISABLED", "yes"), ("KLIME_WRITE_KEY", "key")]),
        "KLIME_DISABLED: KLIME_DISABLED is \"yes\", it must be 1 or 0"
    );
    let bad_endpoint = from_env(&[("KLIME_WRITE_KEY", "key"), ("KLIME_ENDPOINT", "nowhere")]);
    assert_eq!(bad_endpoint, "KLIME_ENDPOINT: KLIME_ENDPOINT is \"nowhere\", it must begin with https:// or http://");
    assert_eq!(
        from_env(&[("KLIME_WRITE_KEY", "a b")]),
        "KLIME_WRITE_KEY: KLIME_WRITE_KEY has U+0020 at byte 1, which no header can carry"
    );
}
