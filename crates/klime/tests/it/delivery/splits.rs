//! 413: the batch is sent in halves, until what is too large stands alone.

use std::io::{self, Read, Write};
use std::net::TcpStream;

use klime::SendErrorKind;

use super::setup::{LIMIT, accepted, builder, enqueue, names, numbered};
use super::told::Told;
use crate::support::listener::Listener;
use crate::support::{Answer, Received, Server, balanced};

fn too_large_if(is_too_large: impl Fn(&Received) -> bool + Send + Sync + 'static) -> Server {
    Server::answering(move |request| if is_too_large(request) { Answer::status(413) } else { Answer::ok() })
}

#[test]
fn odd_batch_is_halved_down_to_single_events_in_order() {
    let server = too_large_if(|request| request.events().len() > 1);
    let told = Told::default();
    let client = told.listen(builder(server.endpoint()).max_in_flight(1)).build().unwrap();
    enqueue(&client, numbered(5));
    assert_eq!(client.flush_blocking(LIMIT).accepted, 5);
    let requests = server.requests();
    let sizes: Vec<usize> = requests.iter().map(|request| request.events().len()).collect();
    assert_eq!(sizes, [5, 2, 1, 1, 3, 1, 2, 1, 1]);
    let taken: Vec<String> = requests.iter().filter(|request| request.events().len() == 1).flat_map(names).collect();
    assert_eq!(taken, numbered(5));
    let _ = client.shutdown_blocking(LIMIT);
    assert_eq!((told.calls().successes.len(), told.calls().errors.len()), (5, 0));
    assert_eq!(balanced(&client).retries, 0, "a half is no retry");
}

#[test]
fn event_that_is_too_large_alone_fails_alone() {
    let server = too_large_if(|request| names(request).contains(&"Event 0006".to_owned()));
    let told = Told::default();
    let client = told.listen(builder(server.endpoint())).build().unwrap();
    enqueue(&client, numbered(13));
    let report = client.flush_blocking(LIMIT);
    assert_eq!((report.accepted, report.failed), (12, 1));
    let _ = client.shutdown_blocking(LIMIT);
    let calls = told.calls();
    let [error] = calls.errors.as_slice() else { panic!("{calls:?}") };
    assert_eq!((error.kind, error.status, error.attempts), (SendErrorKind::Status, Some(413), 1));
    assert_eq!(error.names, ["Event 0006"]);
    balanced(&client);
}

#[test]
fn single_event_is_not_sent_again() {
    let server = Server::scripted([Answer::status(413)]);
    let client = builder(server.endpoint()).build().unwrap();
    let error = client.track("Report Generated").user("user_1").send_blocking(LIMIT).unwrap_err();
    assert_eq!((error.status_code(), error.attempts(), error.events().len()), (Some(413), 1, 1));
    assert_eq!(server.requests().len(), 1);
    balanced(&client);
}

#[test]
fn half_has_all_its_attempts() {
    let answers = [Answer::status(503), Answer::status(413), Answer::status(503), Answer::reset(), Answer::ok()];
    let server = Server::scripted(answers);
    let client = builder(server.endpoint()).max_in_flight(1).retry_max_attempts(3).build().unwrap();
    enqueue(&client, numbered(3));
    assert_eq!(client.flush_blocking(LIMIT).accepted, 3);
    let sizes: Vec<usize> = server.requests().iter().map(|request| request.events().len()).collect();
    assert_eq!(sizes, [3, 3, 1, 1, 1, 2]);
    balanced(&client);
}

/// A proxy's limit, of nginx's default size.
const MOST_BODY_BYTES: usize = 1024 * 1024;

/// Answers by the head, as proxies do: what is too large is refused before its body comes, which is then read to be thrown away,
/// or not even that.
fn serve_by_head(mut stream: &TcpStream, connection: usize, lingers: bool) -> io::Result<()> {
    while let Some(request) = Received::read_head(&mut stream, connection)? {
        let length = request.body_length();
        let is_too_large = length > MOST_BODY_BYTES;
        if is_too_large {
            // Else the client might use the connection again before it sees that it is closed.
            let connection = if lingers { "keep-alive" } else { "close" };
            let head =
                format!("HTTP/1.1 413 Content Too Large\r\nConnection: {connection}\r\nContent-Length: 0\r\n\r\n");
            stream.write_all(head.as_bytes())?;
            if !lingers {
                break;
            }
        }
        io::copy(&mut stream.take(length as u64), &mut io::sink())?;
        if !is_too_large {
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")?;
        }
    }
    Ok(())
}

#[test]
fn refusal_that_comes_before_the_body_is_through_splits_as_well() {
    // Linux still hands out what came before a reset; elsewhere a server that does not linger may take its answer back.
    let ways: &[bool] = if cfg!(target_os = "linux") { &[true, false] } else { &[true] };
    for lingers in ways.iter().copied() {
        let server = Listener::start(move |stream, connection| drop(serve_by_head(stream, connection, lingers)));
        let client = builder(format!("http://{}", server.address())).max_batch_size(40).build().unwrap();
        let fill = "x".repeat(100_000);
        for name in numbered(40) {
            client.track(name).user("user_1").property("fill", &fill).enqueue();
        }
        assert_eq!(accepted(&client), 40, "lingers: {lingers}");
        let stats = balanced(&client);
        // 4 MB, then halves and quarters: of those, 10 events of 0.1 MB are few enough.
        assert_eq!((stats.requests, stats.retries), (1 + 2 + 4, 0), "lingers: {lingers}");
    }
}
