//! `GET /dev/export.ndjson`: events as they were sent, one a line, oldest first.
//!
//! It is made piece by piece as the reader takes it, and ends with the event that was the newest when it began.

use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;

use super::{ApiError, Asked};
use crate::dev::app::Shared;
use crate::dev::event::Status;
use crate::dev::query;
use crate::dev::store::{Filter, Order, Page, StoreError};

/// Events a piece, so that nobody else waits long for the store.
const PIECE: usize = 500;

pub(super) async fn export(State(app): State<Shared>, Asked(mut asked): Asked) -> Result<Response, ApiError> {
    let filter = query::filter(&mut asked, Some(Status::Accepted))?;
    asked.finish()?;
    let through = app.collector.lock().store.latest_seq();
    let pieces = Pieces { app, filter, after: Some(0), through };
    let pieces = stream::unfold(pieces, |mut pieces| async { pieces.next().await.map(|piece| (piece, pieces)) });
    let headers = [
        (header::CONTENT_TYPE, "application/x-ndjson"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"klime-events.ndjson\""),
    ];
    Ok((headers, Body::from_stream(pieces)).into_response())
}

struct Pieces {
    app: Shared,
    filter: Filter,
    /// What was given already; `None` when that is all.
    after: Option<u64>,
    through: u64,
}

impl Pieces {
    /// An error breaks the answer off, so that nobody takes a part for the whole.
    async fn next(&mut self) -> Option<Result<String, StoreError>> {
        let page = Page { order: Order::OldestFirst { after: self.after? }, limit: PIECE };
        let page = match self.app.collector.events(&self.filter, page).await {
            Ok(page) => page,
            Err(error) => {
                self.after = None;
                return Some(Err(error));
            }
        };
        self.after = page.next.filter(|next| *next < self.through);
        let rows = page.rows.iter().filter(|row| row.seq <= self.through);
        let mut piece = String::new();
        for row in rows {
            // Between tokens line ends mean nothing; within texts there can be none.
            piece.extend(row.body.chars().map(|char| if matches!(char, '\n' | '\r') { ' ' } else { char }));
            piece.push('\n');
        }
        Some(Ok(piece))
    }
}
