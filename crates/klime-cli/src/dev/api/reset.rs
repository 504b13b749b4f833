//! `POST /dev/reset`: forgets everything that has arrived, and answers what is counted then.

use axum::Json;
use axum::extract::State;

use super::stats::{self, Stats};
use super::{ApiError, Asked};
use crate::dev::app::Shared;

pub(super) async fn post(State(app): State<Shared>, asked: Asked) -> Result<Json<Stats>, ApiError> {
    app.collector.reset()?;
    stats::stats(State(app), asked).await
}
