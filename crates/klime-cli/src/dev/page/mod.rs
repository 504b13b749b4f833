//! The page at `/`, inside the binary: its files as they are, no build step.

use axum::Router;
use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;

use super::api::ApiError;
use super::app::Shared;

/// A file of the page.
struct Asset {
    path: &'static str,
    media_type: &'static str,
    content: &'static [u8],
}

const INDEX: Asset =
    Asset { path: "index.html", media_type: "text/html; charset=utf-8", content: include_bytes!("index.html") };

/// What is below `/assets/`.
const ASSETS: &[Asset] = &[];

/// The routes of the page.
pub(super) fn router() -> Router<Shared> {
    Router::new().route("/", get(|| async { serve(&INDEX) })).route("/assets/{*path}", get(asset))
}

async fn asset(Path(path): Path<String>) -> Response {
    match ASSETS.iter().find(|asset| asset.path == path) {
        Some(asset) => serve(asset),
        None => ApiError::missing(format!("the page has no file {path:?}")).into_response(),
    }
}

/// Nothing is cached: the next `klime dev` on this port may be of another version.
fn serve(asset: &'static Asset) -> Response {
    (StatusCode::OK, [(header::CONTENT_TYPE, asset.media_type)], asset.content).into_response()
}
