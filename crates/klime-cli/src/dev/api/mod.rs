//! The HTTP interface: the ingest endpoint, the page, and `/dev/*` for tests in any language.
//!
//! Each answer of `/dev/*` is JSON with `Cache-Control: no-store`; each refusal is `{"error": "…"}`, a sentence that names what is wrong.

mod asked;
mod batches;
mod checks;
mod customers;
mod error;
mod events;
mod export;
mod fault;
mod headers;
mod live;
mod reset;
mod stats;
mod wait;

use axum::Router;
use axum::http::{Method, StatusCode, Uri};
use axum::middleware;
use axum::routing::{get, post};

pub(crate) use asked::Asked;
pub(crate) use error::ApiError;

use super::app::Shared;
use super::{ingest, page};
use crate::print::first_chars;

/// Everything that `klime dev` answers.
pub(crate) fn router(app: Shared) -> Router {
    let dev = Router::new()
        .route("/dev/batches", get(batches::list))
        .route("/dev/checks", get(checks::get))
        .route("/dev/customers", get(customers::list))
        .route("/dev/customers/{id}", get(customers::one))
        .route("/dev/events", get(events::list))
        .route("/dev/events/{seq}", get(events::one))
        .route("/dev/export.ndjson", get(export::export))
        .route("/dev/fault", get(fault::list).post(fault::add).delete(fault::clear))
        .route("/dev/live", get(live::stream))
        .route("/dev/reset", post(reset::post))
        .route("/dev/stats", get(stats::stats))
        .route("/dev/wait", get(wait::wait));
    Router::new()
        .route("/v1/batch", post(ingest::post))
        .route("/healthz", get(|| async { axum::Json(serde_json::json!({ "status": "ok" })) }))
        .merge(dev)
        .merge(page::router())
        .method_not_allowed_fallback(wrong_method)
        .fallback(unknown_path)
        .layer(middleware::from_fn_with_state(app.clone(), headers::guarded))
        .with_state(app)
}

async fn unknown_path(uri: Uri) -> ApiError {
    let path = first_chars(uri.path(), 200);
    let hint = if path.starts_with("/dev") { UNDER_DEV } else { "events go to POST /v1/batch, the page is at /" };
    ApiError::new(StatusCode::NOT_FOUND, format!("there is nothing at {path}; {hint}"))
}

const UNDER_DEV: &str = "there are /dev/batches, /dev/checks, /dev/customers, /dev/events, /dev/export.ndjson, /dev/fault, /dev/live, \
                         /dev/reset, /dev/stats and /dev/wait";

/// What a path of the router takes.
fn methods(path: &str) -> &'static str {
    match path {
        "/v1/batch" | "/dev/reset" => "POST",
        "/dev/fault" => "GET, POST and DELETE",
        _ => "GET",
    }
}

async fn wrong_method(method: Method, uri: Uri) -> ApiError {
    let path = first_chars(uri.path(), 200);
    ApiError::new(StatusCode::METHOD_NOT_ALLOWED, format!("{path} takes {}, not {method}", methods(uri.path())))
}
