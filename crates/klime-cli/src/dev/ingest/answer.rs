//! The answers to a batch.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::json;

use crate::dev::event::{Judged, Verdict};

/// A request that is refused as a whole.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) status: StatusCode,
    pub(super) message: String,
    pub(super) retry_after: Option<u64>,
}

impl Refused {
    pub(super) fn new(status: StatusCode, message: String) -> Self {
        Self { status, message, retry_after: None }
    }

    /// What a fault of the kind `status` answers.
    pub(super) fn injected(status: u16, retry_after: Option<u64>) -> Self {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self { status, message: format!("a fault that answers {status} was asked for"), retry_after }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(json!({ "error": self.message }))).into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// The answer to a batch that was taken, with the events of it that were not.
#[derive(Serialize)]
struct Taken<'a> {
    status: &'static str,
    accepted: usize,
    failed: usize,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<EventError<'a>>,
}

#[derive(Serialize)]
struct EventError<'a> {
    index: usize,
    message: &'a str,
    code: &'a str,
}

/// The answer to these events.
pub(super) fn taken(events: &[Judged]) -> Response {
    let refused = events.iter().enumerate().filter_map(|(index, judged)| match &judged.verdict {
        Verdict::Taken(_) => None,
        Verdict::Refused(refusal) => Some(EventError { index, message: &refusal.message, code: refusal.code }),
    });
    let errors: Vec<EventError<'_>> = refused.collect();
    let (accepted, failed) = (events.len() - errors.len(), errors.len());
    Json(Taken { status: "ok", accepted, failed, errors }).into_response()
}
