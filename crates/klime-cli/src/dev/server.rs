//! The listening side: connections in bounded number, each with deadlines, and an end that lets answers under way be finished.
//!
//! It is an accept loop of its own over hyper because a fault has to cut a connection off, which a ready-made server does not let
//! a handler do. It knows nothing of what the router answers.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use futures_util::FutureExt as _;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, watch};
use tokio::time;

/// So many connections are open at the same time; further ones wait in the system's queue.
const MAX_CONNECTIONS: u32 = 1024;
/// A request's head has to be there after this time, so idle connections are closed after it, too.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// How long answers under way may take when the server stops.
const STOP_TIMEOUT: Duration = Duration::from_secs(2);
/// How long an answer without an end may take to say that it ends now; a reader that takes nothing does not hear it.
const ENDLESS_TIMEOUT: Duration = Duration::from_millis(200);
/// A pause after the system had no room for another connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Lets a handler cut off the connection that its request came by.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cut(Arc<Notify>);

impl Cut {
    /// Resets the connection: the client sees an error instead of an answer. Does not return.
    pub(crate) async fn off(&self) -> ! {
        self.0.notify_one();
        std::future::pending().await
    }
}

/// Marks, among the extensions of an answer, one that goes on for as long as the server does. Nobody waits for its end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Endless;

/// Whether the server is to stop; handlers that wait look at it.
pub(crate) type Stopping = watch::Receiver<bool>;

/// Returns when the server is to stop.
pub(crate) async fn stopped(mut stopping: Stopping) {
    // An error means that whoever could say so is gone, which is the end as well.
    let _ = stopping.wait_for(|stopping| *stopping).await;
}

/// The sockets of one server. On loopback it listens on IPv6 as well when the port is free there, since `localhost` may mean either.
#[derive(Debug)]
pub(crate) struct Listeners {
    all: Vec<TcpListener>,
    address: SocketAddr,
    taken: Option<SocketAddr>,
}

impl Listeners {
    /// Takes the port, or any free one for 0.
    pub(crate) async fn bind(host: IpAddr, port: u16) -> io::Result<Self> {
        let first = TcpListener::bind((host, port)).await?;
        let address = first.local_addr()?;
        let (mut all, mut taken) = (vec![first], None);
        if host == IpAddr::V4(Ipv4Addr::LOCALHOST) {
            let second = SocketAddr::from((Ipv6Addr::LOCALHOST, address.port()));
            match TcpListener::bind(second).await {
                Ok(listener) => all.push(listener),
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => taken = Some(second),
                // There is no IPv6 here.
                Err(_) => {}
            }
        }
        Ok(Self { all, address, taken })
    }

    /// The address on IPv6 that another program has.
    pub(crate) fn taken(&self) -> Option<SocketAddr> {
        self.taken
    }

    /// The address that was asked for, with the port that it got.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stopping` says so, and then until answers under way are finished, within a short time.
    pub(crate) async fn serve(self, router: Router, stopping: Stopping) {
        let room = Arc::new(Semaphore::new(MAX_CONNECTIONS as usize));
        let loops =
            self.all.into_iter().map(|listener| accept(listener, router.clone(), room.clone(), stopping.clone()));
        futures_util::future::join_all(loops).await;
        let all_closed = room.acquire_many(MAX_CONNECTIONS);
        // Whoever has not finished by then is cut off with the runtime.
        let _ = time::timeout(STOP_TIMEOUT, all_closed).await;
    }
}

async fn accept(listener: TcpListener, router: Router, room: Arc<Semaphore>, stopping: Stopping) {
    let end = stopped(stopping.clone());
    tokio::pin!(end);
    loop {
        let next = async {
            let permit = room.clone().acquire_owned().await;
            (permit, listener.accept().await)
        };
        let (permit, accepted) = tokio::select! {
            biased;
            () = &mut end => return,
            next = next => next,
        };
        match (permit, accepted) {
            (Ok(permit), Ok((stream, _))) => {
                drop(tokio::spawn(connection(stream, router.clone(), stopping.clone(), permit)))
            }
            (_, Err(_)) => time::sleep(ACCEPT_PAUSE).await,
            (Err(_), _) => return,
        }
    }
}

async fn connection(stream: TcpStream, router: Router, stopping: Stopping, _permit: OwnedSemaphorePermit) {
    // Only speed is at stake.
    let _ = stream.set_nodelay(true);
    let cut = Cut::default();
    let is_endless = Arc::new(AtomicBool::new(false));
    let router = TowerToHyperService::new(router);
    let service = service_fn({
        let (cut, is_endless) = (cut.clone(), is_endless.clone());
        move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(cut.clone());
            let mut answer = Box::pin(router.call(request));
            // hyper can see that the client has left before it asks for the answer at all. A request that has come is begun.
            let at_once = (&mut answer).now_or_never();
            let is_endless = is_endless.clone();
            async move {
                let answer = match at_once {
                    Some(answer) => answer,
                    None => answer.await,
                };
                answer.inspect(|answer| {
                    is_endless.store(answer.extensions().get::<Endless>().is_some(), Ordering::Relaxed);
                })
            }
        }
    });
    let mut serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        biased;
        () = cut.0.notified() => return reset(serving.into_parts().io.into_inner()),
        // What can go wrong with a connection is its client's affair.
        _ = &mut serving => return,
        () = stopped(stopping) => {}
    }
    std::pin::Pin::new(&mut serving).graceful_shutdown();
    let patience = if is_endless.load(Ordering::Relaxed) { ENDLESS_TIMEOUT } else { STOP_TIMEOUT };
    tokio::select! {
        biased;
        () = cut.0.notified() => reset(serving.into_parts().io.into_inner()),
        _ = &mut serving => {}
        () = time::sleep(patience) => {}
    }
}

/// Closes the connection by a reset instead of the orderly end that a client could take for an answer's.
fn reset(stream: TcpStream) {
    // If it fails the client sees a connection that ended without an answer, which is as bad.
    let _ = stream.set_zero_linger();
}
