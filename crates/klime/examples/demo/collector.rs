//! A Klime on loopback that takes everything and shows what has arrived.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use klime::Event;
use serde::Deserialize;

#[derive(Debug)]
pub(crate) struct Collector {
    address: SocketAddr,
    arrivals: Receiver<Arrival>,
}

/// A request that has arrived.
#[derive(Debug)]
pub(crate) struct Arrival {
    pub(crate) events: Vec<Event>,
    pub(crate) bytes: usize,
}

#[derive(Deserialize)]
struct Body {
    batch: Vec<Event>,
}

impl Collector {
    pub(crate) fn start() -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let (sender, arrivals) = channel();
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let sender = sender.clone();
                // An error is a connection that has ended; the client makes a new one.
                thread::spawn(move || drop(serve(&stream, &sender)));
            }
        });
        Ok(Self { address, arrivals })
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What has arrived since the last call.
    pub(crate) fn take_arrivals(&self) -> Vec<Arrival> {
        self.arrivals.try_iter().collect()
    }
}

fn serve(stream: &TcpStream, arrivals: &Sender<Arrival>) -> io::Result<()> {
    let mut reader = BufReader::new(stream);
    while let Some(length) = read_head(&mut reader)? {
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let (status, answer) = match serde_json::from_slice(&body) {
            Ok(Body { batch }) => {
                let answer = format!(r#"{{"status":"ok","accepted":{},"failed":0}}"#, batch.len());
                // Before the answer: what the client counts as accepted is there to be seen.
                let _ = arrivals.send(Arrival { events: batch, bytes: length });
                ("200 OK", answer)
            }
            Err(error) => ("400 Bad Request", klime::json!({ "error": error.to_string() }).to_string()),
        };
        let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n", answer.len());
        reader.get_mut().write_all(&[head, answer].concat().into_bytes())?;
    }
    Ok(())
}

/// Reads up to the body and returns its length; `None` when the client has closed the connection.
fn read_head(reader: &mut impl BufRead) -> io::Result<Option<usize>> {
    let mut length = 0;
    let mut line = String::new();
    while reader.read_line(&mut line)? > 0 {
        if line == "\r\n" {
            return Ok(Some(length));
        }
        if let Some(("content-length", value)) = line.to_ascii_lowercase().split_once(':') {
            length = value.trim().parse().map_err(io::Error::other)?;
        }
        line.clear();
    }
    Ok(None)
}
