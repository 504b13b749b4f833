use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pin_project_lite::pin_project;

use crate::client::{Client, Flush};

pin_project! {
    /// The answer of [`FlushService`](super::FlushService): the inner one, after the flush.
    pub struct FlushFuture<F, T, E> {
        #[pin]
        inner: F,
        client: Client,
        deadline: Duration,
        // The inner answer and the flush that it waits for.
        answered: Option<(Result<T, E>, Flush)>,
    }
}

impl<F, T, E> FlushFuture<F, T, E> {
    pub(super) fn new(inner: F, client: Client, deadline: Duration) -> Self {
        Self { inner, client, deadline, answered: None }
    }
}

impl<F: Future<Output = Result<T, E>>, T, E> Future for FlushFuture<F, T, E> {
    type Output = Result<T, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let (answer, mut flush) = match this.answered.take() {
            Some(answered) => answered,
            None => (ready!(this.inner.poll(context)), this.client.flush().within(*this.deadline)),
        };
        match Pin::new(&mut flush).poll(context) {
            // What became of the events is in the books; the request goes its way.
            Poll::Ready(_) => Poll::Ready(answer),
            Poll::Pending => {
                *this.answered = Some((answer, flush));
                Poll::Pending
            }
        }
    }
}

impl<F, T, E> fmt::Debug for FlushFuture<F, T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FlushFuture").field("deadline", &self.deadline).finish_non_exhaustive()
    }
}
