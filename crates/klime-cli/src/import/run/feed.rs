//! The way of records to the client: a thread that reads and converts them, and what is done with each.

use std::io;

use klime::{DropReason, Stats};
use tokio::sync::mpsc;

use super::window::{Fate, Item};
use super::{Import, Phase, Stop};
use crate::clock;
use crate::import::convert::{Converter, Event};
use crate::import::mapping::{Fault, NoEvent};
use crate::import::read::{Ending, Position, Reader};
use crate::import::repeats::{Ids, Repeat};

/// Records are handed over by so many …
const MAX_ITEMS: usize = 256;
/// … or so many bytes.
const MAX_BYTES: u64 = 256 * 1024;
/// So many hand-overs may wait.
const MAX_WAITING: usize = 4;

/// What comes from the thread that reads.
#[derive(Debug)]
pub(super) enum Read {
    Items(Vec<Item>),
    /// The source is at its end.
    End,
    Failed(io::Error),
}

/// Starts the thread that reads.
pub(super) fn start(reader: Reader, start: Position, converter: Converter) -> io::Result<mpsc::Receiver<Read>> {
    let (outbox, inbox) = mpsc::channel(MAX_WAITING);
    let thread = std::thread::Builder::new().name("klime-import".to_owned());
    thread.spawn(move || read_all(reader, start, &converter, &outbox))?;
    Ok(inbox)
}

fn read_all(mut reader: Reader, mut start: Position, converter: &Converter, outbox: &mpsc::Sender<Read>) {
    let mut ids = Ids::default();
    loop {
        let mut items = Vec::with_capacity(MAX_ITEMS);
        let ended = fill(&mut items, &mut reader, &mut start, converter, &mut ids);
        // Nobody waits for more when the import has stopped.
        if !items.is_empty() && outbox.blocking_send(Read::Items(items)).is_err() {
            return;
        }
        if let Some(ended) = ended {
            drop(outbox.blocking_send(ended));
            return;
        }
    }
}

/// Reads until it is enough, or more may have to be waited for. Says so when there is no more.
fn fill(
    items: &mut Vec<Item>,
    reader: &mut Reader,
    start: &mut Position,
    converter: &Converter,
    ids: &mut Ids,
) -> Option<Read> {
    let mut bytes = 0;
    while items.len() < MAX_ITEMS && bytes < MAX_BYTES && (items.is_empty() || !reader.may_block()) {
        let record = match reader.read() {
            Ok(Some(record)) => record,
            Ok(None) => return Some(Read::End),
            Err(error) => return Some(Read::Failed(error)),
        };
        let outcome = converter.convert(&record);
        bytes += record.bytes;
        let end = record.end;
        let is_refused = matches!(outcome, Err(NoEvent::Refused(_)));
        let id = is_refused.then(|| converter.id_of(&record)).flatten();
        let outcome = outcome.map(|event| {
            let repeat = ids.add(&event, converter.id_from.as_deref());
            (event, repeat)
        });
        items.push(Item { record, start: *start, outcome, id });
        *start = end;
    }
    None
}

impl Import {
    /// Takes what comes from the thread that reads.
    pub(super) fn take(&mut self, read: Option<Read>) {
        match read {
            Some(Read::Items(items)) => self.backlog.extend(items),
            Some(Read::End) => {
                self.close_window();
                self.phase = Phase::Ending;
            }
            Some(Read::Failed(error)) => {
                self.stop(Stop::unreachable(format!("{} cannot be read further: {error}", self.source_name)));
            }
            None => self.stop(Stop::unreachable("the thread that reads has died".to_owned())),
        }
    }

    /// Gives records to the client, as far as there is room and the pace allows.
    pub(super) fn feed(&mut self) {
        let now = clock::now();
        while self.windows.has_room() && self.pace.is_none_or(|pace| pace.due() <= now) {
            let Some(Item { record, start, outcome, id }) = self.backlog.pop_front() else { return };
            let (fate, event_bytes) = match outcome {
                Ok((event, repeat)) => match self.enqueue(&event, &repeat) {
                    Some(fate) => (fate, event.json.len()),
                    None => return self.backlog.push_front(Item { record, start, outcome: Ok((event, repeat)), id }),
                },
                Err(NoEvent::Refused(fault)) => (Fate::Refused(fault, id), 0),
                Err(NoEvent::Skipped(reason)) => (Fate::Skipped(reason), 0),
            };
            if let (Some(pace), Fate::Sent { .. }) = (&mut self.pace, &fate) {
                pace.count(now);
            }
            if record.ending != Ending::Line {
                // In a window of its own the checkpoint can stay before it.
                self.close_window();
            }
            self.windows.add(record, start, fate, event_bytes);
            if self.windows.is_open_full() {
                self.close_window();
            }
        }
    }

    /// Gives an event to the client; `None` when there is no room for it, which is to come when windows are settled.
    fn enqueue(&self, event: &Event, repeat: &Repeat) -> Option<Fate> {
        self.losses.expect(&event.id);
        let error = match self.client.try_enqueue_json(event.json.as_bytes()) {
            Ok(_) => {
                return Some(Fate::Sent { id: event.id.clone(), kind: event.kind, repeat: repeat.clone() });
            }
            Err(error) => error,
        };
        self.losses.forget(&event.id);
        let code = match error.kind() {
            DropReason::QueueFull => return None,
            DropReason::TooLarge => "event_too_large",
            _ => "invalid_event",
        };
        Some(Fate::Refused(Fault { code, message: error.to_string() }, Some(event.id.clone())))
    }

    /// Begins the barrier of the open window, if there is anything in it.
    pub(super) fn close_window(&mut self) {
        if !self.windows.is_open_empty() {
            // Counted first: what is lost in between is then counted too low, never too high.
            let Stats { rejected, failed, .. } = self.client.stats();
            self.windows.close(self.client.flush_with_callbacks(), rejected + failed);
        }
    }
}
