//! A SOCKS5 proxy on loopback that leads to one server, whatever host it is asked for.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use super::listener::Listener;
use super::proxy::pass_both_ways;
use super::watched::Watched;

const VERSION: u8 = 5;
const NO_AUTHENTICATION: u8 = 0;
const BY_NAME: u8 = 3;

#[derive(Debug)]
pub(crate) struct SocksProxy {
    asked: Arc<Watched<Vec<String>>>,
    listener: Listener,
}

impl SocksProxy {
    pub(crate) fn leading_to(target: SocketAddr) -> Self {
        let asked = Arc::<Watched<Vec<String>>>::default();
        let noted = Arc::clone(&asked);
        let listener = Listener::start(move |stream, _| {
            // An error here is a side that went away.
            let _ = serve(stream, target, &noted);
        });
        Self { asked, listener }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.listener.address()
    }

    /// The `host:port` of each request, in order.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.read(Clone::clone)
    }
}

fn read<const N: usize>(mut stream: &TcpStream) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes).map(|()| bytes)
}

fn serve(mut client: &TcpStream, target: SocketAddr, noted: &Watched<Vec<String>>) -> io::Result<()> {
    let [version, methods] = read(client)?;
    assert_eq!(version, VERSION);
    client.read_exact(&mut vec![0; methods.into()])?;
    client.write_all(&[VERSION, NO_AUTHENTICATION])?;
    let [_, _connect, _, kind, length] = read(client)?;
    assert_eq!(kind, BY_NAME, "the proxy is to resolve the name");
    let mut host = vec![0; length.into()];
    client.read_exact(&mut host)?;
    let port = u16::from_be_bytes(read(client)?);
    noted.change(|asked| asked.push(format!("{}:{port}", String::from_utf8_lossy(&host))));
    client.write_all(&[VERSION, 0, 0, 1, 0, 0, 0, 0, 0, 0])?;
    pass_both_ways(client, &TcpStream::connect(target)?);
    Ok(())
}
