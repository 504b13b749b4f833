use std::task::{Context, Poll};
use std::time::Duration;

use tower_service::Service;

use super::FlushFuture;
use crate::client::Client;

/// The service that [`FlushLayer`](super::FlushLayer) makes of an inner one.
#[derive(Debug, Clone)]
pub struct FlushService<S> {
    inner: S,
    client: Client,
    deadline: Duration,
}

impl<S> FlushService<S> {
    pub(super) fn new(inner: S, client: Client, deadline: Duration) -> Self {
        Self { inner, client, deadline }
    }
}

impl<S: Service<R>, R> Service<R> for FlushService<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = FlushFuture<S::Future, S::Response, S::Error>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: R) -> Self::Future {
        FlushFuture::new(self.inner.call(request), self.client.clone(), self.deadline)
    }
}
