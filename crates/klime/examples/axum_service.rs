//! Shows an axum service that loses no event when it is stopped: the client in the state, users that may be anonymous, a page
//! with a WebSocket, and the order in which things end on SIGTERM or Ctrl-C.
//!
//! ```sh
//! KLIME_WRITE_KEY=… PORT=3000 cargo run --example axum_service
//! curl -H 'X-User-Id: user_123' -H 'Content-Type: application/json' -d '{"format":"csv"}' http://127.0.0.1:3000/exports
//! ```

#![expect(clippy::print_stdout, reason = "an example shows its result")]

use std::convert::Infallible;
use std::env;
use std::error::Error;
use std::io;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::extract::{OptionalFromRequestParts, State};
use axum::http::request::Parts;
use axum::response::Response;
use axum::routing::{any, post};
use axum::{Json, Router};
use klime::Client;
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::timeout;

/// How long open requests and WebSockets may take to end. With the 5 s of the client's shutdown that must be less than your platform
/// waits before it kills the process; Docker waits for 10 s.
const GRACE: Duration = Duration::from_secs(4);

#[derive(Clone)]
struct App {
    klime: Client,
    /// Tells the WebSockets to end; the server does not know of them.
    stopping: watch::Receiver<()>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // First of all, so that a signal that comes early does not kill the process.
    let stop_signal = stop_signal()?;
    let klime = Client::from_env()?;
    let port = env::var("PORT").map_or(Ok(3000), |port| port.parse())?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    println!("http://{}", listener.local_addr()?);

    let (stop, stopping) = watch::channel(());
    let mut server_stopping = stopping.clone();
    let server = axum::serve(listener, router(App { klime: klime.clone(), stopping }))
        .with_graceful_shutdown(async move { drop(server_stopping.changed().await) });
    let server = tokio::spawn(server.into_future());

    stop_signal.await;
    // Whoever still works holds a receiver, so `closed` waits for the WebSockets too.
    stop.send_replace(());
    let _ = timeout(GRACE, async { tokio::join!(server, stop.closed()) }).await;

    // Last, because the requests that have just ended may have tracked something.
    let report = klime.shutdown().await;
    println!("{report}");
    Ok(())
}

fn router(app: App) -> Router {
    Router::new().route("/exports", post(export)).route("/dashboard", any(dashboard)).with_state(app)
}

#[derive(Serialize, Deserialize)]
struct Export {
    format: String,
}

async fn export(user: Option<User>, State(app): State<App>, Json(export): Json<Export>) -> Json<Export> {
    track_export(&app.klime, user.as_ref(), &export);
    Json(export)
}

/// Klime takes no anonymous events, so without a user there is nothing to track.
fn track_export(klime: &Client, user: Option<&User>, export: &Export) {
    if let Some(user) = user {
        klime.track("Export Clicked").user(&user.id).property("format", &export.format).enqueue();
    }
}

async fn dashboard(user: Option<User>, State(app): State<App>, upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(move |socket| show_dashboard(socket, user, app))
}

async fn show_dashboard(mut socket: WebSocket, user: Option<User>, mut app: App) {
    if let Some(user) = &user {
        app.klime.track("Dashboard Viewed").user(&user.id).enqueue();
    }
    loop {
        tokio::select! {
            message = socket.recv() => match message {
                Some(Ok(Message::Text(text))) => {
                    let Ok(export) = serde_json::from_str::<Export>(&text) else { return };
                    track_export(&app.klime, user.as_ref(), &export);
                    if socket.send(Message::Text(text)).await.is_err() {
                        return;
                    }
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return,
            },
            _ = app.stopping.changed() => {
                let restarting = CloseFrame { code: close_code::AWAY, reason: "the server is restarting".into() };
                // A browser that has gone already needs no good-bye.
                let _ = socket.send(Message::Close(Some(restarting))).await;
                return;
            }
        }
    }
}

/// Who makes the request. A handler takes `Option<User>` and gets `None` when nobody is signed in.
struct User {
    id: String,
}

impl<S: Sync> OptionalFromRequestParts<S> for User {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Option<Self>, Infallible> {
        // Stands for your session or token. A header that anyone can set proves nothing.
        let id = parts.headers.get("x-user-id").and_then(|id| id.to_str().ok()).filter(|id| !id.is_empty());
        Ok(id.map(|id| Self { id: id.to_owned() }))
    }
}

/// Resolves when the process is asked to stop: by SIGTERM, as platforms do it, or by Ctrl-C.
#[cfg(unix)]
fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Resolves when the process is asked to stop, by Ctrl-C.
#[cfg(windows)]
fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    let mut interrupt = tokio::signal::windows::ctrl_c()?;
    Ok(async move { drop(interrupt.recv().await) })
}
