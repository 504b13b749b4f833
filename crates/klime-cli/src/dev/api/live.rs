//! `GET /dev/live`: what arrives, as server-sent events.
//!
//! Nothing is pushed: each reader has a cursor and pulls the next page from the store when it has taken the last one. So a slow reader
//! costs one page of memory, and misses only what the store had to let go meanwhile, of which it is told. With `tail=N` it is moved forward instead when it is more than N behind, and its
//! pulls are paced, so that an open page costs little however fast events arrive.
//!
//! A reader that comes again may know what is forgotten: by a number of events that no event has yet it is seen to come from
//! another life, and by `resets` how often everything was forgotten when it looked last. Either way it is told by a `reset`.

use std::convert::Infallible;
use std::ops::Range;
use std::time::{Duration, Instant};

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;
use serde::Serialize;
use serde_json::json;
use tokio::sync::watch;
use tokio::time;

use super::{ApiError, Asked};
use crate::clock;
use crate::dev::app::Shared;
use crate::dev::collector::{self, News};
use crate::dev::query::{self, Parameters};
use crate::dev::server::{Endless, stopped};
use crate::dev::store::{Filter, Order, Page, StoreError};

/// Events, or batches, in one pull.
const PAGE: usize = 100;
/// The same for a reader that pulls no more often than `PACE`.
const PACED_PAGE: usize = 1000;
/// After a pull, a reader with a `tail` waits this long for the next one.
const PACE: Duration = Duration::from_millis(100);
/// `stats` come no more often.
const STATS_EVERY: Duration = Duration::from_millis(500);
/// A connection is kept open by a comment after so much silence.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
const MAX_TAIL: u64 = 1_000_000;

pub(super) async fn stream(
    State(app): State<Shared>,
    headers: HeaderMap,
    Asked(mut asked): Asked,
) -> Result<Response, ApiError> {
    let feed = Feed::new(app, &headers, &mut asked)?;
    asked.finish()?;
    let pieces =
        stream::unfold(feed, |mut feed| async { feed.next().await.map(|piece| (Ok::<_, Infallible>(piece), feed)) });
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        // A proxy in between must not collect what is meant to be seen now.
        (header::HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
    ];
    Ok((Extension(Endless), headers, Body::from_stream(pieces)).into_response())
}

/// One reader.
struct Feed {
    app: Shared,
    filter: Filter,
    tail: Option<u64>,
    /// The last event that the reader has.
    cursor: u64,
    /// The last batch that the reader has, if it wants batches.
    batches: Option<u64>,
    stats: Option<Stats>,
    changes: watch::Receiver<News>,
    /// What the reader knows of; `None` if what it knows is of another life.
    resets: Option<u64>,
    /// When it may pull again.
    paced: Option<Instant>,
    greeted: bool,
    ended: bool,
}

/// When `stats` were sent, and of which state.
struct Stats {
    sent: Option<(Instant, News)>,
}

impl Feed {
    fn new(app: Shared, headers: &HeaderMap, asked: &mut Parameters) -> Result<Self, ApiError> {
        let filter = query::filter(asked, None)?;
        let from = asked.number("from", 0..=u64::MAX)?;
        let tail = asked.number("tail", 1..=MAX_TAIL)?;
        let switch = [("1", true), ("0", false)];
        let batches = asked.choice("batches", &switch)?.unwrap_or(false);
        let stats = asked.choice("stats", &switch)?.unwrap_or(false);
        let changes = app.collector.news();
        let now = *changes.borrow();
        let known = asked.number("resets", 0..=u64::MAX)?;
        let begin = last_event_id(headers)?.or(from);
        let (latest_seq, resets) = {
            let state = app.collector.lock();
            (state.store.latest_seq(), state.resets)
        };
        let is_of_another_life = begin.is_some_and(|begin| begin > latest_seq);
        let cursor = begin.map_or(now.latest_seq, |begin| if is_of_another_life { 0 } else { begin });
        let resets = (!is_of_another_life).then(|| known.unwrap_or(resets));
        Ok(Self {
            app,
            filter,
            tail,
            cursor,
            batches: batches.then_some(now.latest_batch),
            stats: stats.then_some(Stats { sent: None }),
            changes,
            resets,
            paced: None,
            greeted: false,
            ended: false,
        })
    }

    /// The next piece of the stream; `None` is its end.
    async fn next(&mut self) -> Option<String> {
        if !std::mem::replace(&mut self.greeted, true) {
            // Until the first byte a reader does not know that it is connected.
            return Some(": klime dev\n\n".to_owned());
        }
        let app = self.app.clone();
        tokio::select! {
            biased;
            () = stopped(app.stopping.clone()) => None,
            piece = self.pull() => piece,
        }
    }

    async fn pull(&mut self) -> Option<String> {
        loop {
            if let Some(paced) = self.paced.take() {
                time::sleep_until(paced.into()).await;
            }
            let news = *self.changes.borrow_and_update();
            let mut piece = String::new();
            let more = match self.fill(&mut piece, news).await {
                Ok(more) => more,
                // The reader is told, and may come again; going on here would repeat it without end.
                Err(error) if !self.ended => {
                    self.ended = true;
                    push(&mut piece, None, "problem", &json!({ "error": error.to_string() }));
                    return Some(piece);
                }
                Err(_) => return None,
            };
            if !piece.is_empty() {
                self.paced = self.tail.map(|_| clock::now() + PACE);
                return Some(piece);
            }
            if more {
                continue;
            }
            let stats_due = self.stats_due(news);
            tokio::select! {
                changed = time::timeout(KEEP_ALIVE, self.changes.changed()) => match changed {
                    Ok(Ok(())) => {}
                    Ok(Err(_)) => return None,
                    Err(_) => return Some(":\n\n".to_owned()),
                },
                () = stats_due => {}
            }
        }
    }

    /// Adds what is new for this reader, and says whether there are more events to look at.
    async fn fill(&mut self, piece: &mut String, news: News) -> Result<bool, StoreError> {
        self.skip(news, piece);
        let more = self.events(piece).await?;
        self.new_batches(piece).await?;
        self.new_stats(news, piece);
        Ok(more)
    }

    /// Moves a reader forward that is too far behind.
    fn skip(&mut self, news: News, piece: &mut String) {
        let Some(tail) = self.tail else { return };
        let begin = news.latest_seq.saturating_sub(tail);
        if begin > self.cursor {
            skipped(piece, self.cursor + 1..begin + 1);
            self.cursor = begin;
        }
    }

    async fn events(&mut self, piece: &mut String) -> Result<bool, StoreError> {
        let limit = self.tail.map_or(PAGE, |tail| usize::try_from(tail).unwrap_or(PACED_PAGE).min(PACED_PAGE));
        let collector = &self.app.collector;
        let read = |state: &collector::State| {
            // Under the same lock as the events, so that it comes before those that came after it.
            if self.resets.replace(state.resets) != Some(state.resets) {
                push(piece, None, "reset", &json!({}));
            }
            let gone = state.store.pruned();
            if gone.end > self.cursor + 1 {
                skipped(piece, gone.start.max(self.cursor + 1)..gone.end);
                self.cursor = gone.end - 1;
            }
            let page = Page { order: Order::OldestFirst { after: self.cursor }, limit };
            state.events(collector.mode, &self.filter, page)
        };
        let found = collector.read(read).await?;
        self.cursor = found.through.max(self.cursor);
        for row in &found.rows {
            push(piece, Some(row.seq), "event", row);
        }
        Ok(found.next.is_some())
    }

    async fn new_batches(&mut self, piece: &mut String) -> Result<(), StoreError> {
        let Some(after) = self.batches else { return Ok(()) };
        let found = self.app.collector.read(|state| state.store.batches_after(after, PAGE)).await?;
        for batch in &found.batches {
            push(piece, None, "batch", batch);
            self.batches = Some(batch.id);
        }
        Ok(())
    }

    fn new_stats(&mut self, news: News, piece: &mut String) {
        let Some(stats) = &mut self.stats else { return };
        let now = clock::now();
        let is_due =
            stats.sent.is_none_or(|(sent, of)| of != news && now.saturating_duration_since(sent) >= STATS_EVERY);
        if !is_due {
            return;
        }
        stats.sent = Some((now, news));
        let counts = self.app.collector.lock().store.event_counts();
        let data = json!({
            "latestSeq": news.latest_seq, "accepted": counts.accepted, "refused": counts.refused, "duplicate": counts.duplicate,
        });
        push(piece, None, "stats", &data);
    }

    /// Returns when the reader is to get `stats` that it does not have yet.
    fn stats_due(&self, news: News) -> impl Future<Output = ()> + use<> {
        let sent = self.stats.as_ref().and_then(|stats| stats.sent);
        let due = sent.filter(|(_, of)| *of != news).map(|(sent, _)| sent + STATS_EVERY);
        async move {
            match due {
                Some(due) => time::sleep_until(due.into()).await,
                None => std::future::pending().await,
            }
        }
    }
}

fn last_event_id(headers: &HeaderMap) -> Result<Option<u64>, ApiError> {
    let Some(value) = headers.get("last-event-id") else { return Ok(None) };
    let id = value.to_str().ok().and_then(|text| text.parse().ok());
    id.map(Some).ok_or_else(|| ApiError::bad("the header Last-Event-ID must be the number of an event".to_owned()))
}

/// Tells of events that the reader does not get, wanted or not.
fn skipped(piece: &mut String, seqs: Range<u64>) {
    let Some(to) = seqs.end.checked_sub(1).filter(|to| *to >= seqs.start) else { return };
    push(piece, Some(to), "skipped", &json!({ "from": seqs.start, "to": to, "count": seqs.end - seqs.start }));
}

/// One event of the stream. JSON that has line ends between its tokens loses them: they would end the field.
fn push(piece: &mut String, id: Option<u64>, event: &str, data: &impl Serialize) {
    let Ok(json) = serde_json::to_string(data) else { return };
    let json = if json.contains(['\n', '\r']) { json.replace(['\n', '\r'], " ") } else { json };
    let id = id.map(|id| format!("id: {id}\n")).unwrap_or_default();
    piece.push_str(&format!("{id}event: {event}\ndata: {json}\n\n"));
}
