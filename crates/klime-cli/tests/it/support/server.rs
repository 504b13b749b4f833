//! An HTTP server on loopback whose every answer the test writes.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::Value;

/// A request.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// Method, path and version.
    pub(crate) line: String,
    pub(crate) authorization: Option<String>,
    pub(crate) body: Vec<u8>,
}

impl Asked {
    /// The events of the batch.
    pub(crate) fn events(&self) -> Vec<Value> {
        let body: Value = serde_json::from_slice(&self.body).unwrap();
        body["batch"].as_array().unwrap().clone()
    }

    /// Reads the next request; `None` at the end of the connection.
    pub(crate) fn read(stream: &mut impl BufRead) -> Option<Self> {
        let (mut line, mut authorization, mut length) = (String::new(), None, 0);
        stream.read_line(&mut line).ok().filter(|bytes| *bytes > 0)?;
        loop {
            let mut header = String::new();
            stream.read_line(&mut header).ok().filter(|bytes| *bytes > 0)?;
            let Some((name, value)) = header.trim_end().split_once(": ") else {
                break;
            };
            match name.to_ascii_lowercase().as_str() {
                "authorization" => authorization = Some(value.to_owned()),
                "content-length" => length = value.parse().unwrap(),
                _ => {}
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).ok()?;
        Some(Self { line: line.trim_end().to_owned(), authorization, body })
    }
}

/// What becomes of a request.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// The whole answer.
    Text(String),
    /// No answer, and the connection stays open.
    Hang,
    /// No answer, and the connection is closed.
    Close,
}

impl Reply {
    pub(crate) fn status(status: u16, body: &str) -> Self {
        Self::with_headers(status, "Content-Type: application/json\r\n", body)
    }

    /// `headers` are whole lines.
    pub(crate) fn with_headers(status: u16, headers: &str, body: &str) -> Self {
        Self::Text(format!("HTTP/1.1 {status} Status\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len()))
    }

    /// As Klime answers: 401 without a key, else everything is accepted.
    pub(crate) fn of_klime(asked: &Asked) -> Self {
        match asked.authorization {
            None => Self::status(401, r#"{"error":"no write key"}"#),
            Some(_) => {
                Self::status(200, &format!(r#"{{"status":"ok","accepted":{},"failed":0}}"#, asked.events().len()))
            }
        }
    }

    /// Gives it; `false` when the connection is at its end.
    pub(crate) fn give(&self, stream: &mut impl Write) -> bool {
        match self {
            Self::Text(text) => stream.write_all(text.as_bytes()).is_ok(),
            Self::Hang => true,
            Self::Close => false,
        }
    }
}

/// It listens until the test's process ends.
#[derive(Debug)]
pub(crate) struct Server {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    /// Answers each request as `answer` says; it is given the requests before, too.
    pub(crate) fn start(answer: impl Fn(&Asked, usize) -> Reply + Send + Sync + 'static) -> Self {
        let asked = Arc::<Mutex<Vec<Asked>>>::default();
        let seen = Arc::clone(&asked);
        let address = listen(move |stream| serve(&stream, &seen, &answer));
        Self { address, asked }
    }

    pub(crate) fn klime() -> Self {
        Self::start(|asked, _| Reply::of_klime(asked))
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// All requests so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

/// Listens on a free port, with a thread for each connection.
pub(crate) fn listen(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let serve = Arc::new(serve);
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let serve = Arc::clone(&serve);
            thread::spawn(move || serve(stream));
        }
    });
    address
}

fn serve(stream: &TcpStream, seen: &Mutex<Vec<Asked>>, answer: &dyn Fn(&Asked, usize) -> Reply) {
    let mut reader = BufReader::new(stream);
    while let Some(asked) = Asked::read(&mut reader) {
        let before = {
            let mut seen = seen.lock().unwrap();
            seen.push(asked.clone());
            seen.len() - 1
        };
        if !answer(&asked, before).give(reader.get_mut()) {
            return;
        }
    }
}
