//! `GET /dev/batches`: the requests that brought events, or were to.

use axum::Json;
use axum::extract::State;

use super::{ApiError, Asked};
use crate::dev::app::Shared;
use crate::dev::store::BatchPage;

const MAX_LIMIT: u64 = 1_000;
const USUAL_LIMIT: u64 = 100;

pub(super) async fn list(State(app): State<Shared>, Asked(mut asked): Asked) -> Result<Json<BatchPage>, ApiError> {
    let before = asked.number("before", 1..=u64::MAX)?;
    let limit = asked.number("limit", 1..=MAX_LIMIT)?.unwrap_or(USUAL_LIMIT);
    asked.finish()?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    Ok(Json(app.collector.lock().store.batches(before, limit)?))
}
