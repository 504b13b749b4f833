//! A Klime on loopback that answers by script: HTTP/1.1 with keep-alive, real sockets.

use std::io::{self, Read};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use serde_json::Value;

use super::answer::After;
use super::listener::Listener;
use super::watched::Watched;
use super::{Answer, Gate, Received};

#[derive(Debug)]
pub(crate) struct Server {
    state: Arc<Watched<State>>,
    listener: Listener,
}

#[derive(Debug, Default)]
struct State {
    requests: Vec<Received>,
    events: Vec<Value>,
    in_flight: usize,
    most_in_flight: usize,
    stopping: bool,
    /// Gates that handlers wait at; stopping opens them.
    gates: Vec<Gate>,
}

/// Which answer a request gets.
enum Plan {
    Script(Vec<Answer>),
    Made(Box<dyn Fn(&Received) -> Answer + Send + Sync>),
}

impl Server {
    /// Accepts everything, like a Klime that is well.
    pub(crate) fn start() -> Self {
        Self::scripted([])
    }

    /// The i-th of `requests()` gets the i-th answer; later ones get right answers.
    pub(crate) fn scripted(answers: impl IntoIterator<Item = Answer>) -> Self {
        Self::with(Plan::Script(answers.into_iter().collect()))
    }

    /// Asks `answer` about each request, on the connection's thread. A panic in it fails the test.
    pub(crate) fn answering(answer: impl Fn(&Received) -> Answer + Send + Sync + 'static) -> Self {
        Self::with(Plan::Made(Box::new(answer)))
    }

    fn with(plan: Plan) -> Self {
        let state = Arc::<Watched<State>>::default();
        let handler = Handler { plan, state: Arc::clone(&state) };
        let listener = Listener::start(move |stream, connection| {
            // An error here is a client that went away, which tests do on purpose.
            let _ = handler.serve(stream, connection);
        });
        Self { state, listener }
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.listener.address())
    }

    /// An endpoint on which nothing listens.
    pub(crate) fn unused_port() -> String {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback port");
        format!("http://{}", listener.local_addr().unwrap())
    }

    /// All requests so far, in the order their bodies were through (for refused ones, their heads).
    pub(crate) fn requests(&self) -> Vec<Received> {
        self.state.read(|state| state.requests.clone())
    }

    /// The events of all complete requests, whatever they were answered.
    pub(crate) fn events(&self) -> Vec<Value> {
        self.state.read(|state| state.events.clone())
    }

    #[track_caller]
    pub(crate) fn wait_for_requests(&self, count: usize) {
        self.state.wait_until(&format!("{count} requests"), |state| state.requests.len(), |seen| *seen >= count);
    }

    #[track_caller]
    pub(crate) fn wait_for_events(&self, count: usize) {
        self.state.wait_until(&format!("{count} events"), |state| state.events.len(), |seen| *seen >= count);
    }

    pub(crate) fn connections(&self) -> usize {
        self.listener.connections()
    }

    /// The most requests that were complete and unanswered at one time. A request whose client gave up counts until
    /// the server has noticed.
    pub(crate) fn most_in_flight(&self) -> usize {
        self.state.read(|state| state.most_in_flight)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let gates = self.state.change(|state| {
            state.stopping = true;
            std::mem::take(&mut state.gates)
        });
        gates.iter().for_each(Gate::open);
    }
}

struct Handler {
    plan: Plan,
    state: Arc<Watched<State>>,
}

impl Handler {
    fn serve(&self, mut stream: &TcpStream, connection: usize) -> io::Result<()> {
        while let Some(mut received) = Received::read_head(&mut stream, connection)? {
            if self.refuses(&received) {
                return Ok(());
            }
            let has_body = read_all_but_last_byte(stream, &mut received)?;
            let events = received.events();
            let count = events.len();
            let answer = self.record(received, events);
            let in_flight = InFlight(&self.state);
            if has_body && !answer.is_reset() {
                stream.read_exact(&mut [0])?;
            }
            self.pass_gate(&answer);
            if answer.give(&mut stream, count, in_flight)? == After::Close {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Whether the script refuses the next request, by its head; that is the end of this connection.
    fn refuses(&self, received: &Received) -> bool {
        let Plan::Script(answers) = &self.plan else {
            return false;
        };
        self.state.change(|state| {
            let refused = answers.get(state.requests.len()).is_some_and(Answer::is_refusal);
            if refused {
                state.requests.push(received.clone());
            }
            refused
        })
    }

    fn record(&self, received: Received, events: Vec<Value>) -> Answer {
        let made = match &self.plan {
            // Asked before others can see the request, and without the lock: the closure may look at the server.
            Plan::Made(answer) => Some(answer(&received)),
            Plan::Script(_) => None,
        };
        self.state.change(|state| {
            let scripted = match &self.plan {
                Plan::Script(answers) => answers.get(state.requests.len()).cloned(),
                Plan::Made(_) => None,
            };
            state.requests.push(received);
            state.events.extend(events);
            state.in_flight += 1;
            state.most_in_flight = state.most_in_flight.max(state.in_flight);
            made.or(scripted).unwrap_or_else(Answer::ok)
        })
    }

    fn pass_gate(&self, answer: &Answer) {
        let Some(gate) = answer.gate() else {
            return;
        };
        let stopping = self.state.change(|state| {
            state.gates.push(gate.clone());
            state.stopping
        });
        if !stopping {
            gate.pass();
        }
    }
}

struct InFlight<'a>(&'a Watched<State>);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.change(|state| state.in_flight -= 1);
    }
}

/// Leaves the body's last byte in the socket, looked at only: a connection that is closed with unread bytes is reset,
/// and the standard library has no other way to do that. Says whether there was a body.
fn read_all_but_last_byte(mut stream: &TcpStream, received: &mut Received) -> io::Result<bool> {
    let length = received.body_length();
    received.body = vec![0; length];
    let has_body = match received.body.split_last_mut() {
        Some((last, others)) => {
            stream.read_exact(others)?;
            if stream.peek(std::slice::from_mut(last))? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            true
        }
        None => false,
    };
    received.complete = true;
    Ok(has_body)
}
