//! Reading a source record by record, whatever is in it.
//!
//! The source is a stream of bytes of which a bounded window is in memory. A record is a line of NDJSON or a row of CSV; one that is
//! longer than [`MAX_RECORD_BYTES`] is read past and told by where it stands. Each record comes with the position behind it, from
//! which another run can go on.
//!
//! This module knows no events, no checkpoints and no network.

mod escapes;
mod lines;
mod sniff;
mod source;
mod table;

use std::io;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use lines::Lines;
pub(crate) use sniff::{Container, check, look};
pub use source::Source;
use table::Table;
pub use table::{Dialect, Header, HeaderError};

/// The most bytes of one record. An event has 200 KB at most, so this is a record with five times as much.
pub const MAX_RECORD_BYTES: usize = 1024 * 1024;

/// A place between two records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// How many bytes are before it.
    pub bytes: u64,
    /// How many lines are before it. The last one of a source counts, whether it has a line end or not.
    pub lines: u64,
    /// How many records are before it, blank lines not counted.
    pub records: u64,
}

/// One record as it stands in the source.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// The line on which it begins, from 1.
    pub line: u64,
    /// The position behind it.
    pub end: Position,
    /// How many bytes it has in the source, its line end included.
    pub bytes: u64,
    /// What ends it.
    pub ending: Ending,
    /// What it holds.
    pub content: Content,
}

/// What ends a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// A line end.
    Line,
    /// The end of the source: more may be written behind it later, and then it was half.
    Source,
    /// The end of the source, while a quote is open that began on this line.
    Quote(u64),
}

/// What a record holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// A line, without its line end.
    Line(Vec<u8>),
    /// A row's fields.
    Row(Row),
    /// It is longer than is taken, or a quote in it is never closed. Only its first bytes are kept, as they stand in the source.
    TooLong(Vec<u8>),
}

/// A row of CSV.
#[derive(Clone, PartialEq)]
pub struct Row {
    /// The columns' names, in order. All rows share them.
    pub columns: Arc<[String]>,
    /// The fields one behind the other.
    text: Vec<u8>,
    /// Where each field ends.
    ends: Vec<usize>,
}

impl std::fmt::Debug for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.fields().map(String::from_utf8_lossy)).finish()
    }
}

impl Row {
    /// The fields as they stand in the source, in order.
    pub fn fields(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        let mut start = 0;
        self.ends.iter().map(move |end| {
            let field = self.text.get(start..*end).unwrap_or_default();
            start = *end;
            field
        })
    }
}

/// Reads records of either container.
#[derive(Debug)]
pub enum Reader {
    /// Lines of NDJSON.
    Lines(Lines),
    /// Rows of CSV.
    Table(Box<Table>),
}

impl Reader {
    /// A reader of lines.
    pub fn lines(source: Source) -> Self {
        Self::Lines(Lines::new(source))
    }

    /// A reader of rows; reads the header.
    ///
    /// # Errors
    ///
    /// When the source cannot be read, or has no header that can be used.
    pub fn table(source: Source, dialect: Dialect, header: Header) -> Result<Self, HeaderError> {
        Table::new(source, dialect, header).map(|table| Self::Table(Box::new(table)))
    }

    /// The next record; `None` behind the last one.
    ///
    /// # Errors
    ///
    /// When the source cannot be read.
    pub fn read(&mut self) -> io::Result<Option<Record>> {
        match self {
            Self::Lines(lines) => lines.read(),
            Self::Table(table) => table.read(),
        }
    }

    /// The columns of a table.
    pub(crate) fn columns(&self) -> Option<&[String]> {
        match self {
            Self::Lines(_) => None,
            Self::Table(table) => Some(table.columns()),
        }
    }

    /// Goes to a position that an earlier run was at. A source that cannot seek is read until there.
    ///
    /// # Errors
    ///
    /// When the source cannot be read, or ends before the position.
    pub(crate) fn go_to(&mut self, position: Position) -> io::Result<()> {
        match self {
            Self::Lines(lines) => lines.go_to(position),
            Self::Table(table) => table.go_to(position),
        }
    }

    /// Where it is: behind the header, or the last record.
    pub(crate) fn position(&self) -> Position {
        match self {
            Self::Lines(lines) => lines.position,
            Self::Table(table) => table.position,
        }
    }

    /// Whether the next record may have to be waited for.
    pub(crate) fn may_block(&self) -> bool {
        match self {
            Self::Lines(lines) => lines.source.is_drained(),
            Self::Table(table) => table.source.is_drained(),
        }
    }
}

#[cfg(test)]
mod tests;
