//! `GET /dev/events`, `/dev/events/{seq}`: what has arrived.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use serde::Serialize;

use super::{ApiError, Asked};
use crate::dev::app::Shared;
use crate::dev::collector::Collector;
use crate::dev::event::Status;
use crate::dev::store::{Filter, Order, Page, Row, StoreError};
use crate::dev::{attribution, query};

/// So many pieces are read for one answer, of which many can be without a row that is wanted.
const MAX_PIECES: usize = 10;
/// Further rows are not read when the bodies have so many bytes.
const MAX_BYTES: usize = 16 << 20;

#[derive(Default, Serialize)]
pub(super) struct Events {
    events: Vec<Row>,
    next: Option<u64>,
}

pub(super) async fn list(State(app): State<Shared>, Asked(mut asked): Asked) -> Result<Json<Events>, ApiError> {
    let filter = query::filter(&mut asked, Some(Status::Accepted))?;
    let page = query::page(&mut asked)?;
    asked.finish()?;
    Ok(Json(Events::read(&app.collector, &filter, page).await?))
}

impl Events {
    async fn read(collector: &Collector, filter: &Filter, mut page: Page) -> Result<Self, StoreError> {
        let (mut all, mut bytes) = (Self::default(), 0);
        for _ in 0..MAX_PIECES {
            let found = collector.events(filter, page).await?;
            page.limit -= found.rows.len().min(page.limit);
            bytes += found.rows.iter().map(|row| row.body.len()).sum::<usize>();
            all.events.extend(found.rows);
            all.next = found.next;
            match found.next {
                Some(next) if page.limit > 0 && bytes < MAX_BYTES => page.order = onward(page.order, next),
                _ => break,
            }
        }
        Ok(all)
    }
}

/// The same order from there on.
fn onward(order: Order, next: u64) -> Order {
    match order {
        Order::NewestFirst { .. } => Order::NewestFirst { before: Some(next) },
        Order::OldestFirst { .. } => Order::OldestFirst { after: next },
    }
}

pub(super) async fn one(
    State(app): State<Shared>,
    seq: Result<Path<String>, PathRejection>,
    Asked(asked): Asked,
) -> Result<Json<Row>, ApiError> {
    let Path(seq) = seq.map_err(|error| ApiError::bad(format!("the event's number cannot be read: {error}")))?;
    asked.finish()?;
    let seq: u64 = seq.parse().map_err(|_| ApiError::bad(format!("{seq:.80} is no event's number")))?;
    let found = {
        let state = app.collector.lock();
        attribution::event(&state.store, &state.customers, seq)?
    };
    found.map(Json).ok_or_else(|| ApiError::missing(format!("there is no event {seq}, or no longer")))
}
