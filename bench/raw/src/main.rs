//! The bound: what one kept-alive socket and blocking writes can do with batches that were encoded beforehand.
//!
//! A call only counts; each hundredth posts a batch and waits for the answer. So its latencies say nothing, its
//! events per second and its CPU time are the cost of HTTP alone.

#![forbid(unsafe_code)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use bench_harness::{EVENT_NAME, Event, FLUSH_LIMIT, Failure, Peer, Settings, UserId};

const BATCH: usize = 100;

struct Raw {
    writer: TcpStream,
    reader: BufReader<TcpStream>,
    request: Vec<u8>,
    pending: usize,
    outcome: Result<(), Failure>,
}

impl Peer for Raw {
    fn open(endpoint: &str, _settings: &Settings) -> Result<Self, Failure> {
        let host = endpoint.strip_prefix("http://").unwrap_or(endpoint);
        let writer = TcpStream::connect(host)?;
        writer.set_nodelay(true)?;
        writer.set_read_timeout(Some(FLUSH_LIMIT))?;
        let reader = BufReader::new(writer.try_clone()?);
        Ok(Self {
            writer,
            reader,
            request: request(host),
            pending: 0,
            outcome: Ok(()),
        })
    }

    fn emit(&mut self, event: &Event<'_>) {
        std::hint::black_box(event);
        self.pending += 1;
        if self.pending == BATCH && self.outcome.is_ok() {
            self.pending = 0;
            self.outcome = self.post();
        }
    }

    fn flush(&mut self) -> Result<(), Failure> {
        std::mem::replace(&mut self.outcome, Ok(()))
    }
}

impl Raw {
    fn post(&mut self) -> Result<(), Failure> {
        self.writer.write_all(&self.request)?;
        let mut body_bytes = 0;
        let mut line = String::new();
        loop {
            line.clear();
            self.reader.read_line(&mut line)?;
            match line.trim_end().split_once(": ") {
                Some(("Content-Length", length)) => body_bytes = length.parse::<usize>()?,
                None if line.starts_with("HTTP/1.1 200") => {}
                None if line == "\r\n" => break,
                None => return Err(format!("unexpected answer: {line:?}").into()),
                Some(_) => {}
            }
        }
        self.reader.read_exact(&mut vec![0; body_bytes])?;
        Ok(())
    }
}

fn request(host: &str) -> Vec<u8> {
    let events: Vec<String> = (0..BATCH)
        .map(|n| encoded(&Event::of(UserId::nth(n).as_str())))
        .collect();
    let body = format!(r#"{{"batch":[{}]}}"#, events.join(","));
    let length = body.len();
    format!(
        "POST /v1/batch HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n\
         Authorization: Bearer key\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

fn encoded(event: &Event<'_>) -> String {
    let Event {
        user_id,
        report_type,
        format,
        region,
        duration_seconds,
        row_count,
    } = event;
    format!(
        concat!(
            r#"{{"type":"track","messageId":"6f0c2d1e-8a3b-4c5d-9e7f-0123456789ab","timestamp":"2026-11-23T15:20:00.123Z","#,
            r#""event":"{}","userId":"{}","properties":{{"report_type":"{}","format":"{}","region":"{}","#,
            r#""duration_seconds":{},"row_count":{}}},"context":{{"library":{{"name":"rust-sdk","version":"1.0.0"}}}}}}"#,
        ),
        EVENT_NAME, user_id, report_type, format, region, duration_seconds, row_count
    )
}

fn main() -> Result<(), Failure> {
    bench_harness::run::<Raw>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_encoded_event_has_332_bytes() {
        assert_eq!(encoded(&Event::of(UserId::nth(7).as_str())).len(), 332);
    }
}
