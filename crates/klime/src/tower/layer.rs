use std::time::Duration;

use tower_layer::Layer;

use super::FlushService;
use crate::client::Client;

/// How long a request is held back at most, unless it was set.
const DEADLINE: Duration = Duration::from_secs(2);

/// Flushes the client after the inner service has answered, before the answer is handed on.
///
/// All that is pending in the client is flushed, not only what this request enqueued.
///
/// # Examples
///
/// ```
/// use axum::{Router, routing::post};
/// use klime::{Client, tower::FlushLayer};
/// use std::time::Duration;
///
/// let klime = Client::disabled();
/// let app: Router = Router::new()
///     .route("/export", post(|| async { "exported" }))
///     .layer(FlushLayer::new(klime).within(Duration::from_millis(500)));
/// ```
#[derive(Debug, Clone)]
pub struct FlushLayer {
    client: Client,
    deadline: Duration,
}

impl FlushLayer {
    /// A layer that holds each answer back for at most 2 s.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self { client, deadline: DEADLINE }
    }

    /// Sets how long an answer is held back at most. What is not at Klime by then goes out in the background.
    #[must_use]
    pub fn within(self, deadline: Duration) -> Self {
        Self { deadline, ..self }
    }
}

impl<S> Layer<S> for FlushLayer {
    type Service = FlushService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        FlushService::new(inner, self.client.clone(), self.deadline)
    }
}
