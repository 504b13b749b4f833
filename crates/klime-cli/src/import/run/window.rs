//! Windows: the records between two barriers, in the order of the source.
//!
//! Records go into the open window; when it is full it is closed, and a flush of the client is its barrier: when that is over, all its
//! events are settled. Windows are settled in order, so the position behind the last settled one is a place that nothing before it is
//! missing from. How many may be outstanding is bounded, by which the client's queue is never full.

use std::collections::VecDeque;

use crate::import::convert::{Event, bytes_of};
use crate::import::id::fingerprint;
use crate::import::mapping::{Fault, NoEvent};
use crate::import::read::{Content, Ending, Position, Record};
use crate::import::repeats::Repeat;

/// A window is closed with so many records, the first one sooner and each further one with twice as many as the last: so the
/// checkpoint moves from the beginning …
const MAX_RECORDS: usize = 2000;
const FIRST_RECORDS: usize = 100;
/// … or so many bytes of records and events.
const MAX_BYTES: usize = 1024 * 1024;
/// So many closed windows may wait for their barriers.
const MAX_CLOSED: usize = 8;

/// The most events that are given to the client and not settled.
pub(super) const MAX_OUTSTANDING: usize = MAX_RECORDS * (MAX_CLOSED + 1);

/// A record that was read, and what it is.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) record: Record,
    /// Where the record begins.
    pub(crate) start: Position,
    pub(crate) outcome: Result<(Event, Repeat), NoEvent>,
    /// The message id of a record that is refused, as far as it has one.
    pub(crate) id: Option<String>,
}

/// A record in a window.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) line: u64,
    /// How many bytes the record has in the source.
    pub(super) bytes: u64,
    pub(super) content: Content,
    pub(super) fate: Fate,
}

/// What is becoming of a record.
#[derive(Debug)]
pub(super) enum Fate {
    /// It was given to the client.
    Sent {
        id: String,
        kind: &'static str,
        repeat: Repeat,
    },
    /// It was not. It would have had this message id.
    Refused(Fault, Option<String>),
    Skipped(&'static str),
}

/// The records between two barriers.
#[derive(Debug, Default)]
pub(super) struct Window {
    pub(super) entries: Vec<Entry>,
    /// Where the last record begins, and where it ends.
    pub(super) last_start: Position,
    pub(super) end: Position,
    /// A hash of the last record.
    pub(super) last: String,
    /// How many events of this run had been lost when the window was closed.
    pub(super) lost_before: u64,
    /// Whether the last record is ended by the end of the source alone.
    is_open_ended: bool,
    bytes: usize,
}

impl Window {
    /// Takes a record of which the fate is known.
    fn add(&mut self, record: Record, start: Position, fate: Fate, event_bytes: usize) {
        self.bytes +=
            event_bytes + usize::try_from(record.bytes).unwrap_or(usize::MAX).min(content_bytes(&record.content));
        (self.last_start, self.end) = (start, record.end);
        self.is_open_ended = record.ending != Ending::Line;
        let Record { line, bytes, content, .. } = record;
        self.entries.push(Entry { line, bytes, content, fate });
    }

    fn is_full(&self, records: usize) -> bool {
        self.entries.len() >= records || self.bytes >= MAX_BYTES
    }

    fn seal(&mut self) {
        self.last = self.entries.last().map(|entry| fingerprint(&bytes_of(&entry.content))).unwrap_or_default();
    }
}

fn content_bytes(content: &Content) -> usize {
    match content {
        Content::Line(text) | Content::TooLong(text) => text.len(),
        Content::Row(row) => row.fields().map(<[u8]>::len).sum(),
    }
}

/// The open window, and the closed ones with their barriers.
#[derive(Debug)]
pub(super) struct Windows<B> {
    open: Window,
    /// With so many records it is full.
    records: usize,
    closed: VecDeque<(Window, B)>,
}

impl<B> Windows<B> {
    pub(super) fn new() -> Self {
        Self { open: Window::default(), records: FIRST_RECORDS, closed: VecDeque::new() }
    }

    /// Whether a record may be added.
    pub(super) fn has_room(&self) -> bool {
        !self.is_open_full() && self.closed.len() < MAX_CLOSED
    }

    /// Takes a record; `event_bytes` is the size of the event that was given to the client.
    pub(super) fn add(&mut self, record: Record, start: Position, fate: Fate, event_bytes: usize) {
        self.open.add(record, start, fate, event_bytes);
    }

    pub(super) fn is_open_full(&self) -> bool {
        self.open.is_full(self.records)
    }

    pub(super) fn is_open_empty(&self) -> bool {
        self.open.entries.is_empty()
    }

    /// Closes the open window behind `barrier`, which must have begun after its last event was given to the client, and after so many
    /// had been lost.
    pub(super) fn close(&mut self, barrier: B, lost_before: u64) {
        let mut window = std::mem::take(&mut self.open);
        window.seal();
        window.lost_before = lost_before;
        self.records = (self.records * 2).min(MAX_RECORDS);
        self.closed.push_back((window, barrier));
    }

    /// The barrier of the window that is next to be settled.
    pub(super) fn barrier(&mut self) -> Option<&mut B> {
        self.closed.front_mut().map(|(_, barrier)| barrier)
    }

    /// Whether the window that is next to be settled is a record that the end of the source alone has ended.
    pub(super) fn is_next_open_ended(&self) -> bool {
        self.closed.front().is_some_and(|(window, _)| window.is_open_ended)
    }

    /// Takes the window of which the barrier is over.
    pub(super) fn settle(&mut self) -> Option<Window> {
        self.closed.pop_front().map(|(window, _)| window)
    }

    /// Whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.closed.is_empty() && self.is_open_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(line: u64, bytes: usize) -> Record {
        let end = Position { bytes: line * 10, lines: line, records: line };
        Record { line, end, bytes: bytes as u64, ending: Ending::Line, content: Content::Line(vec![b'x'; bytes]) }
    }

    fn fill(windows: &mut Windows<u64>, from: u64, bytes: usize) -> u64 {
        let mut line = from;
        while windows.has_room() {
            windows.add(record(line, bytes), Position::default(), Fate::Skipped("alias"), 0);
            line += 1;
        }
        line
    }

    #[test]
    fn windows_are_settled_in_the_order_of_the_source() {
        let mut windows = Windows::new();
        assert!(windows.is_empty());
        let mut ends = Vec::new();
        let mut line = 1;
        for barrier in 0..MAX_CLOSED as u64 {
            line = fill(&mut windows, line, 10);
            assert!(windows.is_open_full());
            windows.close(barrier, 0);
            ends.push(line - 1);
        }
        assert_eq!(ends[..6], [100, 300, 700, 1500, 3100, 5100]);
        assert!(!windows.has_room());
        for (barrier, end) in ends.iter().enumerate() {
            let records = (FIRST_RECORDS << barrier).min(MAX_RECORDS);
            assert_eq!(windows.barrier(), Some(&mut (barrier as u64)));
            let window = windows.settle().unwrap();
            assert_eq!((window.end.lines, window.entries.len()), (*end, records));
            assert!(windows.has_room());
        }
        assert!(windows.is_empty());
    }

    #[test]
    fn a_window_of_large_records_is_full_sooner() {
        let mut windows = Windows::new();
        assert_eq!(fill(&mut windows, 1, MAX_BYTES / 4) - 1, 4);
        windows.close(0, 0);
        windows.add(record(9, 10), Position::default(), Fate::Skipped("alias"), MAX_BYTES);
        assert!(windows.is_open_full());
    }
}
