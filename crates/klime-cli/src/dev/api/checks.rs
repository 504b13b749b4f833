//! `GET /dev/checks`: what is wrong with the integration, and how to mend it.

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use super::{ApiError, Asked};
use crate::dev::app::Shared;
use crate::dev::checks::{Check, Requests};
use crate::dev::event::Mode;
use crate::dev::query;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Answer {
    mode: Mode,
    mode_is_given: bool,
    checks: Vec<Check>,
}

pub(super) async fn get(State(app): State<Shared>, Asked(mut parameters): Asked) -> Result<Json<Answer>, ApiError> {
    let asked = query::mode(&mut parameters)?;
    parameters.finish()?;
    let given = asked.or(app.collector.mode);
    let state = app.collector.lock();
    let (mode, mode_is_given) = (state.mode(given), given.is_some());
    let batches = state.store.batch_counts();
    let requests = Requests { total: batches.total, refused: batches.refused };
    Ok(Json(Answer { mode, mode_is_given, checks: state.checks.report(mode, mode_is_given, requests) }))
}
