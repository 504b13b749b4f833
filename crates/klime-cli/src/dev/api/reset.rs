//! `POST /dev/reset`: forgets everything that has arrived.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::ApiError;
use crate::dev::app::Shared;

pub(super) async fn post(State(app): State<Shared>) -> Result<Json<Value>, ApiError> {
    app.collector.reset()?;
    let counts = app.collector.lock().store.event_counts();
    Ok(Json(json!({ "events": counts })))
}
