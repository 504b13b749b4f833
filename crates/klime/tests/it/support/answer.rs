//! What a server says to a request, faults included.

use std::io::{self, Read, Write};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use super::Gate;

/// Made by the constructors, refined by the setters. Unless something else is said, the body is the one of a Klime
/// that takes each event.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Body,
    interim: Option<u16>,
    gate: Option<Gate>,
    closes: bool,
    way: Way,
}

#[derive(Clone, Debug)]
enum Body {
    /// All events of the request are accepted.
    Right,
    Bytes(Vec<u8>),
    /// So many spaces, made while they are sent.
    Blank(usize),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    Whole,
    Hang,
    Reset,
    HalfBody,
    RefuseMidRequest,
    Trickle(Duration),
    TrickleEndless(Duration),
    /// The body alone, which may be anything.
    Raw,
}

/// What becomes of the connection.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum After {
    KeepAlive,
    Close,
}

impl Answer {
    /// 200, each event accepted.
    pub(crate) fn ok() -> Self {
        Self {
            status: 200,
            headers: Vec::new(),
            body: Body::Right,
            interim: None,
            gate: None,
            closes: false,
            way: Way::Whole,
        }
    }

    /// A status with an empty body.
    pub(crate) fn status(status: u16) -> Self {
        Self { status, body: Body::Bytes(Vec::new()), ..Self::ok() }
    }

    /// Reads the request and then says nothing, until the client hangs up or the server is dropped.
    pub(crate) fn hang() -> Self {
        Self::by(Way::Hang)
    }

    /// A right answer as soon as the test opens the gate.
    pub(crate) fn held(gate: &Gate) -> Self {
        Self::ok().held_by(gate)
    }

    /// Resets the connection once the request has arrived.
    pub(crate) fn reset() -> Self {
        Self::by(Way::Reset)
    }

    /// The head and half of the body, then the connection ends.
    pub(crate) fn reset_mid_body() -> Self {
        Self::by(Way::HalfBody)
    }

    /// Hangs up after the request's head. From `Server::answering`, which sees whole requests, the same as `reset`.
    pub(crate) fn refuse_mid_request() -> Self {
        Self::by(Way::RefuseMidRequest)
    }

    /// A right answer, byte by byte.
    pub(crate) fn trickle(delay: Duration) -> Self {
        Self::by(Way::Trickle(delay))
    }

    /// An answer whose body comes byte by byte and has no end within a test's life.
    pub(crate) fn trickle_endless(delay: Duration) -> Self {
        Self { body: Body::Blank(1 << 40), ..Self::by(Way::TrickleEndless(delay)) }
    }

    /// These bytes instead of an HTTP answer, then the connection ends.
    pub(crate) fn raw(bytes: impl Into<Vec<u8>>) -> Self {
        Self::by(Way::Raw).body(bytes)
    }

    /// An interim answer such as 103, then a right one.
    pub(crate) fn interim_then_ok(status: u16) -> Self {
        Self { interim: Some(status), ..Self::ok() }
    }

    /// 200 with a body of `length` spaces.
    pub(crate) fn huge_body(length: usize) -> Self {
        Self { body: Body::Blank(length), ..Self::ok() }
    }

    pub(crate) fn header(mut self, name: &str, value: impl ToString) -> Self {
        self.headers.push((name.to_owned(), value.to_string()));
        self
    }

    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Body::Bytes(body.into());
        self
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.header("Content-Type", "application/json").body(body.to_string())
    }

    /// Holds any answer back until the test opens the gate.
    pub(crate) fn held_by(mut self, gate: &Gate) -> Self {
        self.gate = Some(gate.clone());
        self
    }

    /// Ends the connection after this answer, and says so in it.
    pub(crate) fn close_after(mut self) -> Self {
        self.closes = true;
        self
    }

    fn by(way: Way) -> Self {
        Self { way, ..Self::ok() }
    }

    pub(super) fn gate(&self) -> Option<&Gate> {
        self.gate.as_ref()
    }

    pub(super) fn is_refusal(&self) -> bool {
        self.way == Way::RefuseMidRequest
    }

    /// Whether the last byte of the request must stay unread: closing then resets the connection.
    pub(super) fn is_reset(&self) -> bool {
        matches!(self.way, Way::Reset | Way::RefuseMidRequest)
    }

    /// Answers a request of `events` events. `in_flight` is dropped before the client can know the answer, for its
    /// next request may come in before this thread runs again.
    pub(super) fn give(
        &self,
        stream: &mut (impl Read + Write),
        events: usize,
        in_flight: impl Sized,
    ) -> io::Result<After> {
        let (head, body) = self.parts(events);
        match self.way {
            Way::Whole => {
                drop(in_flight);
                stream.write_all(&[head, body].concat())?;
                self.write_blanks(stream)?;
                return Ok(if self.closes { After::Close } else { After::KeepAlive });
            }
            Way::Hang => wait_for_close(stream)?,
            Way::Reset | Way::RefuseMidRequest => {}
            Way::HalfBody => stream.write_all(&[&head, &body[..body.len() / 2]].concat())?,
            Way::Raw => {
                drop(in_flight);
                stream.write_all(&body)?;
            }
            Way::Trickle(delay) => {
                let mut bytes = [head, body].concat();
                let last = bytes.pop();
                trickle(stream, bytes, delay)?;
                drop(in_flight);
                trickle(stream, last, delay)?;
                return Ok(After::KeepAlive);
            }
            Way::TrickleEndless(delay) => trickle(stream, head.into_iter().chain(std::iter::repeat(b' ')), delay)?,
        }
        Ok(After::Close)
    }

    fn parts(&self, events: usize) -> (Vec<u8>, Vec<u8>) {
        let (body, length) = match &self.body {
            Body::Right => {
                let body = json!({ "status": "ok", "accepted": events, "failed": 0 }).to_string();
                (body.clone().into_bytes(), body.len())
            }
            Body::Bytes(bytes) => (bytes.clone(), bytes.len()),
            Body::Blank(length) => (Vec::new(), *length),
        };
        let mut head = String::new();
        if let Some(interim) = self.interim {
            head += &format!("HTTP/1.1 {interim} Interim\r\n\r\n");
        }
        head += &format!("HTTP/1.1 {} Scripted\r\n", self.status);
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        if self.closes {
            head += "Connection: close\r\n";
        }
        // HTTP forbids a length with 204 and gives 304 none of its own.
        if !matches!(self.status, 204 | 304) {
            head += &format!("Content-Length: {length}\r\n");
        }
        head += "\r\n";
        (head.into_bytes(), body)
    }

    fn write_blanks(&self, stream: &mut impl Write) -> io::Result<()> {
        let Body::Blank(mut left) = self.body else {
            return Ok(());
        };
        let blanks = [b' '; 64 * 1024];
        while left > 0 {
            let next = left.min(blanks.len());
            stream.write_all(&blanks[..next])?;
            left -= next;
        }
        Ok(())
    }
}

fn wait_for_close(stream: &mut impl Read) -> io::Result<()> {
    let mut ignored = [0; 1024];
    while stream.read(&mut ignored)? > 0 {}
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "the delay is the fault; no test waits here")]
fn trickle(stream: &mut impl Write, bytes: impl IntoIterator<Item = u8>, delay: Duration) -> io::Result<()> {
    for byte in bytes {
        stream.write_all(&[byte])?;
        thread::sleep(delay);
    }
    Ok(())
}
