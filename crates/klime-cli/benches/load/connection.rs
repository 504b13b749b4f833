//! A kept-alive connection that costs next to nothing: one write for a request, as few reads as there are for an answer.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::str;

pub(crate) struct Connection {
    stream: TcpStream,
    host: String,
    request: Vec<u8>,
    answer: Vec<u8>,
}

/// An answer, which is there until the next request.
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    body: &'a [u8],
}

impl Answer<'_> {
    pub(crate) fn text(&self) -> &str {
        str::from_utf8(self.body).unwrap()
    }
}

impl Connection {
    pub(crate) fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, host: address.to_string(), request: Vec::new(), answer: Vec::new() }
    }

    pub(crate) fn get(&mut self, path: &str) -> Answer<'_> {
        self.ask(&format!("GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n", self.host.clone()), b"")
    }

    pub(crate) fn post(&mut self, path: &str, body: &[u8]) -> Answer<'_> {
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer load-test-key\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n",
            self.host,
            body.len()
        );
        self.ask(&head, body)
    }

    /// Asks for a stream and gives the connection away.
    pub(crate) fn stream(mut self, path: &str) -> TcpStream {
        let head = format!("GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n", self.host);
        self.stream.write_all(head.as_bytes()).unwrap();
        self.stream
    }

    fn ask(&mut self, head: &str, body: &[u8]) -> Answer<'_> {
        self.request.clear();
        self.request.extend_from_slice(head.as_bytes());
        self.request.extend_from_slice(body);
        self.stream.write_all(&self.request).unwrap();
        self.answer.clear();
        let mut buffer = [0; 1 << 16];
        loop {
            let read = self.stream.read(&mut buffer).unwrap();
            assert!(read > 0, "the connection ended");
            self.answer.extend_from_slice(&buffer[..read]);
            if let Some((begin, length)) = measured(&self.answer)
                && self.answer.len() >= begin + length
            {
                let status = str::from_utf8(&self.answer[9..12]).unwrap().parse().unwrap();
                return Answer { status, body: &self.answer[begin..begin + length] };
            }
        }
    }
}

/// Where the body begins and how long it is, once the whole head is there.
fn measured(answer: &[u8]) -> Option<(usize, usize)> {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = str::from_utf8(&answer[..end]).unwrap().to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).map(str::parse);
    Some((end + 4, length.map_or(0, Result::unwrap)))
}
