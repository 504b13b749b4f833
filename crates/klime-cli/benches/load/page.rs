//! The open page: it follows the live tail, and asks its questions once a second.

use std::io::Read as _;
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::connection::Connection;
use crate::times::Times;

/// What the page asks while it is open, and what its user may ask.
pub(crate) const QUESTIONS: [&str; 12] = [
    "/dev/stats",
    "/dev/checks",
    "/dev/customers?limit=50",
    "/dev/customers?search=company%2049&sort=events30",
    "/dev/customers/org_0042",
    "/dev/customers?mode=individuals&limit=50",
    "/dev/events?status=all&limit=200",
    "/dev/events?event=Invoice%20Paid",
    "/dev/events?customer=org_0042",
    "/dev/events?search=enterprise",
    "/dev/events?search=nothing-has-this",
    "/dev/batches?limit=100",
];

/// Those that are asked every second.
const POLLED: usize = 3;

pub(crate) struct Page {
    live: TcpStream,
    reader: JoinHandle<u64>,
    closed: Sender<()>,
    poller: JoinHandle<Times>,
}

impl Page {
    pub(crate) fn open(address: SocketAddr) -> Self {
        let live = Connection::open(address).stream("/dev/live?status=all&tail=200&stats=1&batches=1");
        let mut stream = live.try_clone().unwrap();
        let reader = thread::spawn(move || {
            let (mut buffer, mut total) = ([0; 1 << 16], 0);
            while let Ok(read @ 1..) = stream.read(&mut buffer) {
                total += read as u64;
            }
            total
        });
        let (closed, closes) = channel();
        let poller = thread::spawn(move || {
            let (mut connection, mut times) = (Connection::open(address), Times::default());
            while let Err(RecvTimeoutError::Timeout) = closes.recv_timeout(Duration::from_secs(1)) {
                for path in QUESTIONS.iter().take(POLLED).chain([&QUESTIONS[6]]) {
                    let began = Instant::now();
                    let _ = connection.get(path);
                    times.add(began.elapsed());
                }
            }
            times
        });
        Self { live, reader, closed, poller }
    }

    /// Says what it has seen.
    pub(crate) fn close(self) {
        drop(self.closed);
        let times = self.poller.join().unwrap();
        self.live.shutdown(Shutdown::Both).unwrap();
        println!("page: {} MB of live tail; its questions under load: {times}", self.reader.join().unwrap() >> 20);
    }
}
