//! `/dev/fault`: faults on demand.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};

use super::{ApiError, Asked};
use crate::dev::app::Shared;
use crate::dev::fault::FaultJson;
use crate::dev::ingest::body;

pub(super) async fn list(State(app): State<Shared>, Asked(asked): Asked) -> Result<Json<Value>, ApiError> {
    asked.finish()?;
    Ok(Json(shown(&app)))
}

pub(super) async fn add(
    State(app): State<Shared>,
    Asked(asked): Asked,
    request: Request,
) -> Result<Response, ApiError> {
    asked.finish()?;
    let body = body::read(request).await.map_err(|error| ApiError::new(error.status(), error.to_string()))?;
    // It would be read as the fields in their order.
    if body.bytes.trim_ascii_start().starts_with(b"[") {
        return Err(ApiError::bad("this is no fault: it must be a JSON object, and is an array".to_owned()));
    }
    let asked: FaultJson =
        serde_json::from_slice(&body.bytes).map_err(|error| ApiError::bad(format!("this is no fault: {error}")))?;
    let fault = asked.fault().map_err(|error| ApiError::bad(error.to_string()))?;
    app.collector.lock().faults.add(fault).map_err(|error| ApiError::bad(error.to_string()))?;
    Ok((StatusCode::CREATED, Json(shown(&app))).into_response())
}

pub(super) async fn clear(State(app): State<Shared>, Asked(asked): Asked) -> Result<Json<Value>, ApiError> {
    asked.finish()?;
    app.collector.lock().faults.clear();
    Ok(Json(shown(&app)))
}

fn shown(app: &Shared) -> Value {
    json!({ "faults": app.collector.lock().faults.list() })
}
