//! `klime dev --demo`: fills a klime dev with a small company's month.
//!
//! The month is sent by the SDK over loopback, like anybody's events; then what is stored is compared with what was sent. After that
//! people go on using the product, so that there is something to see. It knows nothing of HTTP and SQL.

mod action;
mod month;
mod sender;
mod story;
mod summary;

use std::sync::Arc;

use serde_json::json;
use tokio::{task, time};

use self::sender::{Sender, Sent};
use self::summary::Arrival;
use super::app::{App, Shared};
use super::customers::Query;
use super::event::Mode;
use super::server::stopped;
use super::store::{Filter, Order, Page, Row, StoreError};
use crate::clock;

/// Rows that are read at once.
const PAGE_ROWS: usize = 1000;

/// A klime dev that has been filled.
#[derive(Debug)]
pub(super) struct Demo {
    sender: Sender,
    /// Whether all that was sent has arrived.
    pub(super) is_complete: bool,
}

/// Why there is no demo.
#[derive(Debug)]
pub(super) struct DemoError(String);

impl std::fmt::Display for DemoError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl Demo {
    /// Sends the month and says what arrived.
    ///
    /// # Errors
    ///
    /// If it could not be sent at all, or the store not be read.
    pub(super) async fn fill(app: &Shared, endpoint: &str) -> Result<Self, DemoError> {
        let cannot = |what: &str, error: &dyn std::fmt::Display| DemoError(format!("the demo cannot {what}: {error}"));
        let sender = Sender::new(endpoint, app.keys.for_command()).map_err(|error| cannot("begin", &error))?;
        let before = app.collector.lock().store.latest_seq();
        let now = clock::wall();
        // The SDK's blocking calls do not belong on a thread that serves.
        let sending = task::spawn_blocking(move || {
            let sent = sender.send_month(now);
            (sender, sent)
        });
        let (sender, sent) = sending.await.map_err(|error| cannot("send", &error))?;
        let app = Arc::clone(app);
        let told =
            task::spawn_blocking(move || tell(&app, &sent, before)).await.map_err(|error| cannot("look", &error))?;
        let is_complete = told.map_err(|error| cannot("look at what arrived", &error))?;
        Ok(Self { sender, is_complete })
    }

    /// Lets people go on, until klime dev stops.
    pub(super) async fn go_on(mut self, app: Shared) {
        let end = stopped(app.stopping.clone());
        tokio::pin!(end);
        loop {
            let pause = self.sender.send_one();
            tokio::select! {
                () = &mut end => return,
                () = time::sleep(pause) => {}
            }
        }
    }
}

/// Says what arrived, and whether it is all.
fn tell(app: &App, sent: &Sent, before: u64) -> Result<bool, StoreError> {
    let arrival = Arrival::of(sent, &rows_after(app, before)?);
    let now = clock::wall();
    let list = app.collector.lock().customers.list(Mode::Companies, &Query::default(), now);
    let Arrival { sent: count, arrived, duplicates, refused } = arrival;
    app.terminal.object(&json!({
        "demo": { "sent": count, "arrived": arrived, "refused": refused, "duplicates": duplicates },
    }));
    app.terminal.tell(&summary::table(&list, now));
    app.terminal.tell(&summary::verdict(&arrival, sent.trouble.as_deref()));
    Ok(arrival.is_complete())
}

/// All rows behind this one. The lock is given back between pages.
fn rows_after(app: &App, before: u64) -> Result<Vec<Row>, StoreError> {
    let filter = Filter { status: None, ..Filter::default() };
    let mut rows = Vec::new();
    let mut next = Some(before);
    while let Some(after) = next {
        let page = Page { order: Order::OldestFirst { after }, limit: PAGE_ROWS };
        let page = app.collector.lock().events(Some(Mode::Companies), &filter, page)?;
        rows.extend(page.rows);
        next = page.next;
    }
    Ok(rows)
}
