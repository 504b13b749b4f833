//! The events that wait for a slot, in batches that are filled as the events come.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::barrier::Position;
use super::batch::{Batch, Buffer};
use crate::clock;

/// Buffers of finished batches are kept for the next ones: this many, none larger than this.
const BUFFERS_KEPT: usize = 8;
const MOST_BYTES_KEPT: usize = 256 * 1024;
const MOST_BYTES_RESERVED: usize = 64 * 1024;

/// A batch in the queue.
#[derive(Debug)]
struct Waiting {
    batch: Batch,
    /// When it is to be sent, full or not; `None` means not by time.
    due: Option<Instant>,
}

/// The queue. The batch at its end is open: it takes events until it is full.
#[derive(Debug, Default)]
pub(super) struct Queue {
    waiting: VecDeque<Waiting>,
    events: usize,
    bytes: usize,
    /// Batches begun so far, those that never stood in the queue included.
    begun: u64,
    buffers: Vec<Buffer>,
    /// How much the last batch took, which is what room is made for in the next one.
    usual_bytes: usize,
}

/// An event that was taken out at the front.
pub(super) struct Evicted {
    pub(super) number: u64,
    pub(super) offset: usize,
    pub(super) bytes: usize,
    /// The event itself, if it was asked for.
    pub(super) json: Option<Box<[u8]>>,
}

impl Queue {
    /// How many events wait.
    pub(super) fn events(&self) -> usize {
        self.events
    }

    /// How many bytes of JSON these are.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The number for a batch that is not put together here.
    pub(super) fn next_number(&mut self) -> u64 {
        self.begun += 1;
        self.begun
    }

    /// Appends an event. When that begins or fills a batch, asks for the time and returns it.
    pub(super) fn push(
        &mut self,
        event: &[u8],
        most: usize,
        interval: Duration,
        now: impl FnOnce() -> Instant,
    ) -> Option<Instant> {
        self.events += 1;
        self.bytes += event.len();
        let last = self.waiting.back_mut().filter(|last| last.batch.pushed() < most && last.batch.has_room_for(event));
        if let Some(open) = last {
            open.batch.push(event);
            return (open.batch.pushed() >= most).then(|| make_due(open, now()));
        }
        let now = now();
        let mut waiting = self.begin(now, interval);
        waiting.batch.push(event);
        if waiting.batch.pushed() >= most {
            make_due(&mut waiting, now);
        }
        self.waiting.push_back(waiting);
        Some(now)
    }

    /// Begins a batch; the one before it is full.
    fn begin(&mut self, now: Instant, interval: Duration) -> Waiting {
        if let Some(last) = self.waiting.back_mut() {
            make_due(last, now);
            let bytes = last.batch.body().len();
            self.usual_bytes = (bytes + bytes / 16).min(MOST_BYTES_RESERVED);
        }
        let buffer = self.buffers.pop().unwrap_or_else(|| Buffer::with_capacity(self.usual_bytes));
        Waiting { batch: Batch::new(self.next_number(), buffer), due: clock::later(now, interval) }
    }

    /// When the batch at the front is due. No other one is due earlier.
    pub(super) fn front_due(&self) -> Option<Instant> {
        self.waiting.front().and_then(|front| front.due)
    }

    /// Makes everything that is in the queue due now.
    pub(super) fn make_all_due(&mut self, now: Instant) {
        for waiting in &mut self.waiting {
            make_due(waiting, now);
        }
    }

    /// Takes the batch at the front, sealed.
    pub(super) fn pop(&mut self) -> Option<Batch> {
        let mut batch = self.waiting.pop_front()?.batch;
        batch.seal();
        self.events -= batch.len();
        self.bytes -= batch.event_bytes();
        Some(batch)
    }

    /// Takes the oldest event out.
    pub(super) fn evict_oldest(&mut self, keep_json: bool) -> Option<Evicted> {
        let front = self.waiting.front_mut()?;
        let (number, offset) = (front.batch.number, front.batch.offset);
        let json = front.batch.remove_oldest()?;
        let evicted = Evicted { number, offset, bytes: json.len(), json: keep_json.then(|| json.into()) };
        self.events -= 1;
        self.bytes -= evicted.bytes;
        if front.batch.len() == 0
            && let Some(emptied) = self.waiting.pop_front()
        {
            self.recycle(emptied.batch);
        }
        Some(evicted)
    }

    /// Where the next event will stand.
    pub(super) fn position(&self) -> Position {
        let open = self.waiting.back().map(|last| (last.batch.number, last.batch.offset + last.batch.len()));
        Position { next_number: self.begun + 1, open }
    }

    /// Keeps the memory of a batch that is over.
    pub(super) fn recycle(&mut self, batch: Batch) {
        let buffer = batch.into_buffer();
        if self.buffers.len() < BUFFERS_KEPT && buffer.capacity() <= MOST_BYTES_KEPT {
            self.buffers.push(buffer);
        }
    }

    /// The batches that wait, for tests that count what is really there.
    #[cfg(test)]
    pub(super) fn batches(&self) -> impl Iterator<Item = &Batch> {
        self.waiting.iter().map(|waiting| &waiting.batch)
    }
}

fn make_due(waiting: &mut Waiting, now: Instant) -> Instant {
    waiting.due = Some(waiting.due.map_or(now, |due| due.min(now)));
    now
}
