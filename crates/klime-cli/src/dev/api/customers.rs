//! `GET /dev/customers`, `/dev/customers/{id}`: who the customers are, and how active.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use serde::Serialize;

use super::{ApiError, Asked};
use crate::clock;
use crate::dev::app::{App, Shared};
use crate::dev::collector;
use crate::dev::customers::{Detail, List, Query, Sort, State as Activity};
use crate::dev::event::Mode;
use crate::dev::query::{self, BadParameter, Parameters};

const MAX_LIMIT: u64 = 500;
const USUAL_LIMIT: u64 = 50;

/// What is answered, and in which mode.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct InMode<T> {
    mode: Mode,
    mode_is_given: bool,
    /// Events that were dropped before a restart and are in no figure; present only if there are some.
    #[serde(skip_serializing_if = "Option::is_none")]
    events_missing: Option<u64>,
    #[serde(flatten)]
    answer: T,
}

impl<T> InMode<T> {
    fn new(app: &App, state: &collector::State, mode: Mode, answer: T) -> Self {
        let events_missing = Some(app.collector.events_missing(state)).filter(|count| *count > 0);
        Self { mode, mode_is_given: app.collector.mode.is_some(), events_missing, answer }
    }
}

pub(super) async fn list(State(app): State<Shared>, Asked(mut asked): Asked) -> Result<Json<InMode<List>>, ApiError> {
    let mode = query::mode(&mut asked)?;
    let query = wanted(&mut asked)?;
    asked.finish()?;
    let state = app.collector.lock();
    let mode = state.mode(mode.or(app.collector.mode));
    let answer = state.customers.list(mode, &query, clock::wall());
    Ok(Json(InMode::new(&app, &state, mode, answer)))
}

pub(super) async fn one(
    State(app): State<Shared>,
    id: Result<Path<String>, PathRejection>,
    Asked(mut asked): Asked,
) -> Result<Json<InMode<Detail>>, ApiError> {
    let Path(id) = id.map_err(|error| ApiError::bad(format!("the customer's id cannot be read: {error}")))?;
    let mode = query::mode(&mut asked)?;
    asked.finish()?;
    let state = app.collector.lock();
    let mode = state.mode(mode.or(app.collector.mode));
    let detail = state.customers.detail(mode, &id, clock::wall());
    let answer = detail.ok_or_else(|| missing(mode, &id))?;
    Ok(Json(InMode::new(&app, &state, mode, answer)))
}

fn missing(mode: Mode, id: &str) -> ApiError {
    let what = match mode {
        Mode::Companies => "group",
        Mode::Individuals => "user",
    };
    ApiError::missing(format!("no accepted event speaks of a {what} {id:.80}"))
}

fn wanted(asked: &mut Parameters) -> Result<Query, BadParameter> {
    let states = [("active", Activity::Active), ("quiet", Activity::Quiet), ("idle", Activity::Idle)];
    let sorts = [
        ("lastSeen", Sort::LastSeen),
        ("events7", Sort::Events7),
        ("events30", Sort::Events30),
        ("name", Sort::Name),
        ("members", Sort::Members),
    ];
    let count = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    Ok(Query {
        search: asked.search("search"),
        state: asked.choice("state", &states)?,
        sort: asked.choice("sort", &sorts)?.unwrap_or(Sort::LastSeen),
        limit: count(asked.number("limit", 1..=MAX_LIMIT)?.unwrap_or(USUAL_LIMIT)),
        offset: count(asked.number("offset", 0..=u64::MAX)?.unwrap_or(0)),
    })
}
