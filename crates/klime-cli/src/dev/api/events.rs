//! `GET /dev/events`, `/dev/events/{seq}`: what has arrived.

use axum::Json;
use axum::extract::{Path, State};
use serde::Serialize;

use super::{ApiError, Asked};
use crate::dev::app::Shared;
use crate::dev::event::Status;
use crate::dev::store::Row;
use crate::dev::{attribution, query};

#[derive(Serialize)]
pub(super) struct Events {
    events: Vec<Row>,
    next: Option<u64>,
}

pub(super) async fn list(State(app): State<Shared>, Asked(mut asked): Asked) -> Result<Json<Events>, ApiError> {
    let filter = query::filter(&mut asked, Some(Status::Accepted))?;
    let page = query::page(&mut asked)?;
    asked.finish()?;
    let found = {
        let state = app.collector.lock();
        attribution::events(&state.store, &state.customers, state.mode(app.collector.mode), &filter, page)?
    };
    Ok(Json(Events { events: found.rows, next: found.next }))
}

pub(super) async fn one(
    State(app): State<Shared>,
    Path(seq): Path<String>,
    Asked(asked): Asked,
) -> Result<Json<Row>, ApiError> {
    asked.finish()?;
    let seq: u64 = seq.parse().map_err(|_| ApiError::bad(format!("{seq:.80} is no event's number")))?;
    let found = {
        let state = app.collector.lock();
        attribution::event(&state.store, &state.customers, seq)?
    };
    found.map(Json).ok_or_else(|| ApiError::missing(format!("there is no event {seq}, or no longer")))
}
