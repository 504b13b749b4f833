//! Requests as a server sees them.

use std::io::{self, Read};
use std::time::Instant;

use serde_json::Value;

#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) method: String,
    pub(crate) path: String,
    /// Names in lower case, in the order they came.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// When the head had been read.
    pub(crate) at: Instant,
    pub(crate) connection: usize,
    /// False if the server hung up before the body was through.
    pub(crate) complete: bool,
}

impl Received {
    /// The value of a header, by any spelling of its name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        Some(value)
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("not JSON ({error}): {}", String::from_utf8_lossy(&self.body)))
    }

    /// The events of the batch; none for a request without a body or one that was cut off.
    #[track_caller]
    pub(crate) fn events(&self) -> Vec<Value> {
        if self.body.is_empty() || !self.complete {
            return Vec::new();
        }
        match self.json().get_mut("batch").map(Value::take) {
            Some(Value::Array(events)) => events,
            _ => panic!("a body without a batch: {}", String::from_utf8_lossy(&self.body)),
        }
    }

    /// Reads a whole request; `None` when the client has closed the connection instead.
    pub(crate) fn read(stream: &mut impl Read, connection: usize) -> io::Result<Option<Self>> {
        let Some(mut received) = Self::read_head(stream, connection)? else {
            return Ok(None);
        };
        received.body = vec![0; received.body_length()];
        stream.read_exact(&mut received.body)?;
        received.complete = true;
        Ok(Some(received))
    }

    /// Reads up to the empty line and not a byte further, so that the body is still the connection's.
    pub(crate) fn read_head(stream: &mut impl Read, connection: usize) -> io::Result<Option<Self>> {
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            if stream.read(&mut byte)? == 0 {
                return if head.is_empty() { Ok(None) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
            }
            head.push(byte[0]);
        }
        Ok(Some(Self::from_head(&String::from_utf8(head).expect("a head in UTF-8"), connection)))
    }

    fn from_head(head: &str, connection: usize) -> Self {
        let mut lines = head.trim_end().split("\r\n");
        let mut request = lines.next().unwrap_or_default().split(' ');
        let (Some(method), Some(path), Some("HTTP/1.1"), None) =
            (request.next(), request.next(), request.next(), request.next())
        else {
            panic!("no request line: {head}");
        };
        let headers = lines.map(|line| {
            let (name, value) = line.split_once(':').unwrap_or_else(|| panic!("not a header: {line}"));
            (name.to_ascii_lowercase(), value.trim().to_owned())
        });
        Self {
            method: method.to_owned(),
            path: path.to_owned(),
            headers: headers.collect(),
            body: Vec::new(),
            at: now(),
            connection,
            complete: false,
        }
    }

    pub(crate) fn body_length(&self) -> usize {
        assert_eq!(self.header("transfer-encoding"), None, "a body of unknown length; Klime need not take it");
        self.header("content-length").map_or(0, |length| length.parse().expect("a number in Content-Length"))
    }
}

#[expect(clippy::disallowed_methods, reason = "tests compare when requests arrived")]
fn now() -> Instant {
    Instant::now()
}
