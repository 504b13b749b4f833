//! Accepts connections on loopback, one thread each, and can be stopped whatever those threads do.

use std::collections::HashMap;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use super::watched::Watched;

#[derive(Debug)]
pub(crate) struct Listener {
    address: SocketAddr,
    state: Arc<Watched<State>>,
}

#[derive(Debug, Default)]
struct State {
    stopping: bool,
    accepted: usize,
    running_threads: usize,
    panicked_threads: usize,
    /// Open connections, so that stopping can wake the threads that read or write them.
    streams: HashMap<usize, Arc<TcpStream>>,
}

impl Listener {
    /// Calls `serve` on a new thread with each connection and its number, counted from 0. The connection is closed
    /// when `serve` returns; what the client sent and nobody read makes that a reset.
    pub(crate) fn start(serve: impl Fn(&TcpStream, usize) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback port");
        let address = listener.local_addr().unwrap();
        let state = Arc::<Watched<State>>::default();
        let running = Running::begin(&state, None);
        thread::spawn(move || accept(&listener, &running, &Arc::new(serve)));
        Self { address, state }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The number of connections accepted so far.
    pub(crate) fn connections(&self) -> usize {
        self.state.read(|state| state.accepted)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.state.change(|state| {
            state.stopping = true;
            for stream in state.streams.values() {
                // Fails if the client has closed already, which is as good.
                let _ = stream.shutdown(Shutdown::Both);
            }
        });
        // `accept` has no time-out, so a last connection wakes it.
        drop(TcpStream::connect(self.address));
        if thread::panicking() {
            // The test has failed already; a second panic would abort the run and hide why.
            return;
        }
        self.state.wait_until("the server's threads to end", |state| state.running_threads, |running| *running == 0);
        let panicked = self.state.read(|state| state.panicked_threads);
        assert_eq!(panicked, 0, "a thread of the test server panicked; its message is above");
    }
}

fn accept(listener: &TcpListener, running: &Running, serve: &Arc<impl Fn(&TcpStream, usize) + Send + Sync + 'static>) {
    loop {
        let (stream, _) = listener.accept().expect("a connection");
        // Answers are small and written in one go; nothing is gained by holding them back.
        let _ = stream.set_nodelay(true);
        let stream = Arc::new(stream);
        let Some(connection) = running.state.change(|state| state.admit(&stream)) else {
            return;
        };
        let running = Running::begin(&running.state, Some(connection));
        let serve = Arc::clone(serve);
        thread::spawn(move || {
            // Dropped after `stream`: once no thread runs, each connection is closed.
            let _running = running;
            let stream = stream;
            serve(&stream, connection);
        });
    }
}

impl State {
    fn admit(&mut self, stream: &Arc<TcpStream>) -> Option<usize> {
        if self.stopping {
            return None;
        }
        let connection = self.accepted;
        self.accepted += 1;
        self.streams.insert(connection, Arc::clone(stream));
        Some(connection)
    }
}

/// A thread that is counted until it ends, by a panic too.
struct Running {
    state: Arc<Watched<State>>,
    connection: Option<usize>,
}

impl Running {
    fn begin(state: &Arc<Watched<State>>, connection: Option<usize>) -> Self {
        state.change(|state| state.running_threads += 1);
        Self { state: Arc::clone(state), connection }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.state.change(|state| {
            state.running_threads -= 1;
            state.panicked_threads += usize::from(thread::panicking());
            if let Some(connection) = self.connection {
                state.streams.remove(&connection);
            }
        });
    }
}
