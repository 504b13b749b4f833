//! An HTTP proxy on loopback that tunnels by CONNECT and notes what it was asked.

use std::io::{self, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;
use std::thread;

use super::answer::{After, Answer};
use super::listener::Listener;
use super::received::Received;
use super::watched::Watched;

#[derive(Debug)]
pub(crate) struct Proxy {
    asked: Arc<Watched<Vec<Received>>>,
    listener: Listener,
}

impl Proxy {
    /// Tunnels to `target`, whatever host was asked for: tests may use any name and no resolver is involved. Requests
    /// in absolute form are answered by the proxy itself, 200 with each event accepted.
    pub(crate) fn leading_to(target: SocketAddr) -> Self {
        let asked = Arc::<Watched<Vec<Received>>>::default();
        let noted = Arc::clone(&asked);
        let listener = Listener::start(move |stream, connection| {
            // An error here is a side that went away.
            let _ = serve(stream, connection, target, &noted);
        });
        Self { asked, listener }
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.listener.address())
    }

    /// All that it was asked, in order.
    pub(crate) fn asked(&self) -> Vec<Received> {
        self.asked.read(Clone::clone)
    }

    /// The `host:port` of each CONNECT, in order.
    pub(crate) fn connects(&self) -> Vec<String> {
        let connects = |asked: &Vec<Received>| {
            let connects = asked.iter().filter(|request| request.method == "CONNECT");
            connects.map(|request| request.path.clone()).collect()
        };
        self.asked.read(connects)
    }

    /// The requests that came in absolute form, such as `POST http://host/v1/batch`.
    pub(crate) fn absolute_forms(&self) -> Vec<Received> {
        self.asked.read(|asked| asked.iter().filter(|request| request.method != "CONNECT").cloned().collect())
    }
}

fn serve(
    mut client: &TcpStream,
    connection: usize,
    target: SocketAddr,
    noted: &Watched<Vec<Received>>,
) -> io::Result<()> {
    while let Some(received) = Received::read(&mut client, connection)? {
        let (is_connect, events) = (received.method == "CONNECT", received.events().len());
        let is_absolute = received.path.contains("://");
        noted.change(|asked| asked.push(received));
        if is_connect {
            let target = TcpStream::connect(target)?;
            client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
            pass_both_ways(client, &target);
            return Ok(());
        }
        // A proxy has no pages of its own: any other form is a mistake of the client.
        let answer = if is_absolute { Answer::ok() } else { Answer::status(400) };
        if answer.give(&mut client, events, ())? == After::Close {
            break;
        }
    }
    Ok(())
}

/// A tunnel, until either side ends it.
pub(super) fn pass_both_ways(client: &TcpStream, target: &TcpStream) {
    let pass = |mut from: &TcpStream, mut to: &TcpStream| {
        let _ = io::copy(&mut from, &mut to);
        // Either side's end is the end of the tunnel, and wakes the other direction.
        let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
    };
    thread::scope(|scope| {
        scope.spawn(|| pass(client, target));
        pass(target, client);
    });
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::super::Server;
    use super::*;

    const BATCH: &str = "Content-Length: 14\r\nConnection: close\r\n\r\n{\"batch\":[{}]}";

    fn exchange(stream: &mut TcpStream, request: &str) -> String {
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = [0; 1024];
        let length = stream.read(&mut answer).unwrap();
        String::from_utf8_lossy(&answer[..length]).into_owned()
    }

    #[test]
    fn connect_opens_a_tunnel_and_is_noted() {
        let server = Server::start();
        let address: SocketAddr = server.endpoint()["http://".len()..].parse().unwrap();
        let proxy = Proxy::leading_to(address);
        let mut client = TcpStream::connect(&proxy.endpoint()["http://".len()..]).unwrap();
        let opened = exchange(&mut client, "CONNECT i.klime.example:443 HTTP/1.1\r\nHost: i.klime.example:443\r\n\r\n");
        assert!(opened.starts_with("HTTP/1.1 200 "), "{opened}");
        let answer = exchange(&mut client, &format!("POST /v1/batch HTTP/1.1\r\n{BATCH}"));
        assert!(answer.contains(r#""accepted":1"#), "{answer}");
        assert_eq!(proxy.connects(), ["i.klime.example:443"]);
        assert_eq!(server.events().len(), 1);
        assert!(proxy.absolute_forms().is_empty());
    }

    #[test]
    fn absolute_form_is_answered_and_noted() {
        let proxy = Proxy::leading_to(([127, 0, 0, 1], 1).into());
        let mut client = TcpStream::connect(&proxy.endpoint()["http://".len()..]).unwrap();
        let answer = exchange(&mut client, &format!("POST http://klime.example/v1/batch HTTP/1.1\r\n{BATCH}"));
        assert!(answer.contains(r#""accepted":1"#), "{answer}");
        assert_eq!(proxy.absolute_forms()[0].path, "http://klime.example/v1/batch");
        assert!(proxy.connects().is_empty());
    }
}
