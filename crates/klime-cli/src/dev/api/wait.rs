//! `GET /dev/wait`: answers when so many events have arrived, so that a test need not poll or sleep.
//!
//! While it waits it has the numbers of what it has found, and no more. The events are read for the answer, up to so many bytes of them;
//! `next` says from where to ask for the others.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use tokio::sync::watch;
use tokio::time;

use super::{ApiError, Asked};
use crate::dev::app::{App, Shared};
use crate::dev::collector::{self, News};
use crate::dev::event::Status;
use crate::dev::server::stopped;
use crate::dev::store::{Filter, Order, Page, Row, StoreError};
use crate::dev::{attribution, query};

const MAX_COUNT: u64 = 1000;
const MAX_SECONDS: u64 = 300;
const USUAL_SECONDS: u64 = 10;
/// Events that are looked for at a time, so that nobody else waits long for the store.
const PAGE: usize = 100;
/// Further events are not in the answer when the bodies have so many bytes.
const MAX_BYTES: usize = 16 << 20;

pub(super) async fn wait(State(app): State<Shared>, Asked(mut asked): Asked) -> Result<Response, ApiError> {
    let filter = query::filter(&mut asked, Some(Status::Accepted))?;
    let count = asked.number("count", 1..=MAX_COUNT)?.unwrap_or(1);
    let seconds = asked.number("timeout", 0..=MAX_SECONDS)?.unwrap_or(USUAL_SECONDS);
    let after = asked.number("after", 0..=u64::MAX)?.unwrap_or(0);
    asked.finish()?;
    let wanted = usize::try_from(count).unwrap_or(usize::MAX);
    let changes = app.collector.news();
    let latest_seq = app.collector.lock().store.latest_seq();
    if after > latest_seq {
        // Waiting for what comes after it would pass over all that comes until then.
        return Err(ApiError::bad(format!(
            "after={after}: the newest event is {latest_seq}, so this number is of another klime dev, or of one before a restart"
        )));
    }
    let mut matches = Matches { filter, wanted, cursor: after, changes, resets: None, found: Vec::new() };
    // What is there already is found however short the time is.
    matches.catch_up(&app).await?;
    let in_time = tokio::select! {
        result = time::timeout(Duration::from_secs(seconds), matches.complete(&app)) => result,
        () = stopped(app.stopping.clone()) => {
            return Err(ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "klime dev is stopping".to_owned()));
        }
    };
    let mut answer = Answer::read(&app, &matches.found).await?;
    match in_time {
        Ok(Ok(())) => Ok(Json(answer).into_response()),
        Ok(Err(error)) => Err(error),
        Err(_) => {
            let matched = answer.matched;
            answer.error = Some(format!("{matched} of {count} events that match have arrived within {seconds} s"));
            Ok((StatusCode::GATEWAY_TIMEOUT, Json(answer)).into_response())
        }
    }
}

#[derive(Serialize)]
struct Answer {
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    matched: usize,
    events: Vec<Row>,
    /// The last of these events, if others did not fit.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<u64>,
}

impl Answer {
    async fn read(app: &App, found: &[u64]) -> Result<Self, ApiError> {
        let mut answer = Self { error: None, matched: found.len(), events: Vec::new(), next: None };
        let (mut bytes, mut left) = (0, found);
        // By pieces, as each of them waits for its turn among the batches that arrive.
        while bytes < MAX_BYTES && !left.is_empty() {
            let (piece, _) = left.split_at(left.len().min(PAGE));
            let rows = app.collector.read(|state| read_piece(state, piece, &mut bytes)).await?;
            left = left.get(rows.len()..).unwrap_or_default();
            // One that had to go in the meantime has matched all the same.
            answer.events.extend(rows.into_iter().flatten());
        }
        if !left.is_empty() {
            answer.next = answer.events.last().map(|row| row.seq);
        }
        Ok(answer)
    }
}

/// The first of these events, until there are [`MAX_BYTES`] of them.
fn read_piece(state: &collector::State, piece: &[u64], bytes: &mut usize) -> Result<Vec<Option<Row>>, StoreError> {
    let mut rows = Vec::new();
    for &seq in piece {
        if *bytes >= MAX_BYTES {
            break;
        }
        let row = attribution::event(&state.store, &state.customers, seq)?;
        *bytes += row.as_ref().map_or(0, |row| row.body.len());
        rows.push(row);
    }
    Ok(rows)
}

/// The events that match, as far as they have arrived.
struct Matches {
    filter: Filter,
    wanted: usize,
    /// What was looked at already.
    cursor: u64,
    changes: watch::Receiver<News>,
    /// After how many resets what was found was there.
    resets: Option<u64>,
    /// The numbers of those that match.
    found: Vec<u64>,
}

impl Matches {
    async fn complete(&mut self, app: &App) -> Result<(), ApiError> {
        let _waiting = app.collector.waiting();
        while self.found.len() < self.wanted {
            if self.changes.changed().await.is_err() {
                return std::future::pending().await;
            }
            self.catch_up(app).await?;
        }
        Ok(())
    }

    /// Looks at all that has arrived.
    async fn catch_up(&mut self, app: &App) -> Result<(), ApiError> {
        self.changes.borrow_and_update();
        while self.look(app).await? {}
        Ok(())
    }

    /// Looks at the next events. `false` when there are no more, or no more are wanted.
    async fn look(&mut self, app: &App) -> Result<bool, ApiError> {
        let piece = |state: &collector::State| {
            if self.resets.replace(state.resets) != Some(state.resets) {
                self.found.clear();
            }
            let limit = (self.wanted - self.found.len()).min(PAGE);
            let page = Page { order: Order::OldestFirst { after: self.cursor }, limit };
            state.events(app.collector.mode, &self.filter, page)
        };
        let found = app.collector.read(piece).await?;
        self.cursor = found.through;
        self.found.extend(found.rows.iter().map(|row| row.seq));
        Ok(found.next.is_some() && self.found.len() < self.wanted)
    }
}
