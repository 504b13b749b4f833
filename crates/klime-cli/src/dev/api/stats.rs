//! `GET /dev/stats`: everything that is counted.

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use super::{ApiError, Asked};
use crate::clock;
use crate::dev::app::Shared;
use crate::dev::customers::LeftOut;
use crate::dev::event::Mode;
use crate::dev::stamp;
use crate::dev::store::StoreStats;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Stats {
    version: &'static str,
    #[serde(serialize_with = "stamp::serialize")]
    started_at: Timestamp,
    /// How often everything was forgotten since then.
    resets: u64,
    /// Requests at `/dev/wait` that have found too little yet.
    waiting: usize,
    mode: Mode,
    mode_is_given: bool,
    #[serde(flatten)]
    store: StoreStats,
    customers: Counts,
    faults: Value,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Counts {
    users: usize,
    groups: usize,
    /// Present only if something was.
    #[serde(skip_serializing_if = "LeftOut::is_empty")]
    left_out: LeftOut,
}

pub(super) async fn stats(State(app): State<Shared>, Asked(asked): Asked) -> Result<Json<Stats>, ApiError> {
    asked.finish()?;
    let state = app.collector.lock();
    let (users, groups) = state.customers.counts();
    Ok(Json(Stats {
        version: env!("CARGO_PKG_VERSION"),
        started_at: app.collector.started_at,
        resets: state.resets,
        waiting: app.collector.count_waiting(),
        mode: state.mode(app.collector.mode),
        mode_is_given: app.collector.mode.is_some(),
        store: state.store.stats(clock::wall()),
        customers: Counts { users, groups, left_out: state.customers.left_out() },
        faults: json!(state.faults.list()),
    }))
}
