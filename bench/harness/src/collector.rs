//! A server on loopback that counts what arrives: as much HTTP/1.1 as the measured SDKs speak, a thread a connection.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use crate::{EVENT_NAME, Failure, Figures};

const MAX_HEAD_BYTES: u64 = 16 * 1024;
const MAX_BODY_BYTES: u64 = 64 * 1024 * 1024;

#[derive(Default)]
struct Counts {
    connections: AtomicU64,
    requests: AtomicU64,
    events: AtomicU64,
    bytes: AtomicU64,
}

struct Head {
    is_post: bool,
    path: String,
    body_bytes: u64,
}

/// Listens on a port that the system picks and answers each post after `delay`, in the background.
pub fn start(delay: Duration) -> Result<SocketAddr, Failure> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    let counts = Arc::new(Counts::default());
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let counts = Arc::clone(&counts);
            // A connection that breaks ends its thread; what it delivered is counted.
            thread::spawn(move || serve(stream, &counts, delay).is_ok());
        }
    });
    Ok(address)
}

/// Asks a collector what it has counted: `connections`, `requests`, `events` and `bytes` of bodies.
pub fn counts(address: SocketAddr) -> Result<Figures, Failure> {
    let mut stream = TcpStream::connect(address)?;
    stream.write_all(b"GET /counts HTTP/1.1\r\nHost: collector\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (_, body) = answer
        .split_once("\r\n\r\n")
        .ok_or("the collector's answer has no body")?;
    body.parse()
}

fn serve(mut stream: TcpStream, counts: &Counts, delay: Duration) -> Result<(), Failure> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::with_capacity(256 * 1024, stream.try_clone()?);
    let mut body = Vec::new();
    let mut is_first_post = true;
    while let Some(head) = read_head(&mut reader)? {
        if !head.is_post {
            answer(&mut stream, "text/plain", &counts.to_string())?;
            return Ok(());
        }
        body.clear();
        if (&mut reader).take(head.body_bytes).read_to_end(&mut body)? as u64 != head.body_bytes {
            return Err("the body was cut off".into());
        }
        let events = count_events(&body);
        counts
            .connections
            .fetch_add(u64::from(is_first_post), Ordering::Relaxed);
        counts.requests.fetch_add(1, Ordering::Relaxed);
        counts.events.fetch_add(events, Ordering::Relaxed);
        counts.bytes.fetch_add(head.body_bytes, Ordering::Relaxed);
        is_first_post = false;
        thread::sleep(delay);
        match head.path.as_str() {
            // An empty protobuf message is a full success.
            "/v1/logs" => answer(&mut stream, "application/x-protobuf", "")?,
            _ => answer(
                &mut stream,
                "application/json",
                &format!(r#"{{"status":"ok","accepted":{events},"failed":0}}"#),
            )?,
        }
    }
    Ok(())
}

/// The next request's head; `None` when the client has closed the connection.
fn read_head(reader: &mut impl BufRead) -> Result<Option<Head>, Failure> {
    let mut limited = reader.take(MAX_HEAD_BYTES);
    let mut line = String::new();
    if limited.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut words = line.split(' ');
    let is_post = words.next() == Some("POST");
    let path = words.next().unwrap_or_default().to_owned();
    let mut body_bytes = None;
    loop {
        line.clear();
        if limited.read_line(&mut line)? == 0 {
            return Err("the head was cut off or is too long".into());
        }
        let Some((name, value)) = line.split_once(':') else {
            break;
        };
        if name.eq_ignore_ascii_case("content-length") {
            body_bytes = Some(value.trim().parse::<u64>()?);
        }
    }
    let body_bytes = match body_bytes {
        Some(length) if length <= MAX_BODY_BYTES => length,
        None if !is_post => 0,
        _ => return Err("a post needs a content-length of at most 64 MiB".into()),
    };
    Ok(Some(Head {
        is_post,
        path,
        body_bytes,
    }))
}

fn answer(stream: &mut TcpStream, content_type: &str, body: &str) -> std::io::Result<()> {
    let length = body.len();
    let answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    stream.write_all(answer.as_bytes())
}

/// How often the event's name stands in the body (Horspool's search: the collector shares two cores with the client).
fn count_events(body: &[u8]) -> u64 {
    let name = EVENT_NAME.as_bytes();
    let mut skips = [name.len(); 256];
    for (place, &byte) in name.iter().enumerate().take(name.len() - 1) {
        skips[usize::from(byte)] = name.len() - 1 - place;
    }
    let mut found = 0;
    let mut start = 0;
    while let Some(window) = body.get(start..start + name.len()) {
        found += u64::from(window == name);
        start += skips[usize::from(window[name.len() - 1])];
    }
    found
}

impl std::fmt::Display for Counts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [connections, requests, events, bytes] =
            [&self.connections, &self.requests, &self.events, &self.bytes]
                .map(|count| count.load(Ordering::Relaxed));
        write!(
            f,
            "connections={connections} requests={requests} events={events} bytes={bytes}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_occurrence_of_the_name_is_an_event() {
        let check =
            |body: &str, expected| assert_eq!(count_events(body.as_bytes()), expected, "{body}");
        check("", 0);
        check("Report Generate", 0);
        check("Report Generated", 1);
        check(
            r#"[{"event":"Report Generated"},{"event":"Report Report Generated"}]"#,
            2,
        );
        check("Report GeneratedReport Generatedd", 2);
    }

    #[test]
    fn two_posts_over_one_connection_are_answered_and_counted() {
        let address = start(Duration::ZERO).unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        let post = "POST /v1/batch HTTP/1.1\r\ncontent-length: 16\r\n\r\nReport Generated";
        stream.write_all(post.repeat(2).as_bytes()).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut answers = String::new();
        stream.read_to_string(&mut answers).unwrap();
        assert_eq!(
            answers
                .matches(r#"{"status":"ok","accepted":1,"failed":0}"#)
                .count(),
            2
        );
        assert_eq!(
            counts(address).unwrap().to_string(),
            "bytes=32 connections=1 events=2 requests=2"
        );
    }
}
