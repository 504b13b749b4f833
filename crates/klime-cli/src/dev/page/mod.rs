//! The page at `/`, inside the binary: its files as they are, no build step.

mod assets;

use axum::Router;
use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;

use assets::{ASSETS, Asset, INDEX};

use super::api::ApiError;
use super::app::Shared;

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
