//! Middleware for tower, axum, tonic and hyper: [`FlushLayer`]. (Feature `tower`.)
//!
//! Where a process may be frozen or ended right after a request (Lambda, Cloud Run), what was tracked in a handler must be
//! at Klime before the answer goes out. The layer waits for the inner service, flushes the client within a deadline, and
//! hands the answer on: it never fails a request, and never changes one. It knows nothing of HTTP.
//!
//! It adds Klime's latency to each request. An ordinary server does not need it: the client sends in the background.

mod future;
mod layer;
mod service;

pub use future::FlushFuture;
pub use layer::FlushLayer;
pub use service::FlushService;
