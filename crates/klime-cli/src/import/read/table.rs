//! CSV, and what is like it: a header, and a record in each row.

use std::fmt;
use std::io;
use std::sync::Arc;

use csv_core::{ReadRecordResult, ReaderBuilder, Terminator};

use super::escapes;
use super::lines::KEPT_BYTES;
use super::source::Source;
use super::{Content, Ending, MAX_RECORD_BYTES, Position, Record, Row};

/// The most fields of a row; nobody has so many columns.
const MAX_FIELDS: usize = 10_000;

/// How rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Fields are separated by this character, and may stand in quotes.
    Csv(u8),
    /// As `mysql --batch` prints them: fields are separated by tabs, quotes are characters as others are, and line ends and tabs in
    /// fields are escaped.
    Mysql,
}

/// Where the columns' names are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Header {
    /// In the first row.
    FirstRow,
    /// Here; the first row is a record already.
    Given(Vec<String>),
}

/// Why there is no header that can be used.
#[derive(Debug)]
pub enum HeaderError {
    /// The source cannot be read.
    Io(io::Error),
    /// It is empty, or two columns have the same name, or one has none…
    Unusable(String),
}

impl fmt::Display for HeaderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => error.fmt(f),
            Self::Unusable(problem) => f.write_str(problem),
        }
    }
}

impl From<io::Error> for HeaderError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

pub struct Table {
    pub(super) source: Source,
    parser: csv_core::Reader,
    dialect: Dialect,
    columns: Arc<[String]>,
    pub(super) position: Position,
    text: Vec<u8>,
    ends: Vec<usize>,
    /// The first bytes of the row as they stand in the source.
    start: Vec<u8>,
}

/// A row in the table's buffers.
struct Found {
    text: usize,
    fields: usize,
    is_too_long: bool,
    ending: Ending,
    /// The line on which its last field begins.
    field_line: u64,
    /// Whether what was read of it ends with a line end.
    is_line_whole: bool,
}

impl Table {
    pub(super) fn new(mut source: Source, dialect: Dialect, header: Header) -> Result<Self, HeaderError> {
        source.skip_mark()?;
        let parser = parser(dialect);
        let (text, ends) = (vec![0; 4096], vec![0; 64]);
        let (position, columns) = (Position { bytes: source.offset(), ..Position::default() }, Arc::new([]));
        let mut table = Self { source, parser, dialect, columns, position, text, ends, start: Vec::new() };
        let columns = match header {
            Header::Given(columns) => columns,
            Header::FirstRow => table.header()?,
        };
        table.columns = checked(columns).map_err(HeaderError::Unusable)?.into();
        Ok(table)
    }

    fn header(&mut self) -> Result<Vec<String>, HeaderError> {
        let unusable = |problem: &str| HeaderError::Unusable(problem.to_owned());
        let record = self.read()?.ok_or_else(|| unusable("it is empty, so there is no header"))?;
        self.position.records = 0;
        let row = match (record.content, record.ending) {
            (Content::Row(row), _) => row,
            (Content::TooLong(_), Ending::Quote(line)) => {
                return Err(unusable(&format!("in its header a quote opened at line {line} is never closed")));
            }
            _ => return Err(unusable("its header is longer than 1 MiB")),
        };
        let names = row.fields().map(|name| String::from_utf8(name.to_vec()));
        let names: Result<Vec<_>, _> = names.collect();
        names.map_err(|_| unusable("its header is not UTF-8"))
    }

    pub(super) fn columns(&self) -> &[String] {
        &self.columns
    }

    pub(super) fn read(&mut self) -> io::Result<Option<Record>> {
        self.skip_line_ends()?;
        let start = self.source.offset();
        let line = self.position.lines + 1;
        let Some(found) = self.read_row()? else {
            return Ok(None);
        };
        self.position.bytes = self.source.offset();
        self.position.records += 1;
        let content = if found.is_too_long || matches!(found.ending, Ending::Quote(_)) {
            Content::TooLong(self.start.clone())
        } else {
            let text = self.text.get(..found.text).unwrap_or_default();
            let mut ends = self.ends.get(..found.fields).unwrap_or_default().to_vec();
            let text = match self.dialect {
                Dialect::Csv(_) => text.to_vec(),
                Dialect::Mysql => escapes::undo(text, &mut ends),
            };
            Content::Row(Row { columns: Arc::clone(&self.columns), text, ends })
        };
        let bytes = self.source.offset() - start;
        Ok(Some(Record { line, end: self.position, bytes, ending: found.ending, content }))
    }

    /// Blank lines, and what the parser leaves of a `\r\n`.
    fn skip_line_ends(&mut self) -> io::Result<()> {
        let is_csv = matches!(self.dialect, Dialect::Csv(_));
        loop {
            match self.source.peek()?.first() {
                Some(b'\n') => self.position.lines += 1,
                Some(b'\r') if is_csv => {}
                _ => return Ok(()),
            }
            self.source.consume(1);
        }
    }

    /// Reads a row line by line, so that it is known on which one each field begins.
    fn read_row(&mut self) -> io::Result<Option<Found>> {
        let field_line = self.position.lines + 1;
        let mut found =
            Found { text: 0, fields: 0, is_too_long: false, ending: Ending::Line, field_line, is_line_whole: false };
        self.start.clear();
        loop {
            let input = self.source.peek()?;
            if input.is_empty() {
                let is_row = !self.start.is_empty();
                if is_row {
                    self.end_of_source(&mut found);
                }
                return Ok(is_row.then_some(found));
            }
            let line =
                input.iter().position(|byte| *byte == b'\n').map_or(input, |end| input.get(..=end).unwrap_or(input));
            let text = self.text.get_mut(found.text..).unwrap_or_default();
            let ends = self.ends.get_mut(found.fields..).unwrap_or_default();
            let (result, read, written, fields) = self.parser.read_record(line, text, ends);
            let used = line.get(..read).unwrap_or(line);
            let (is_line_end, is_return) = (used.ends_with(b"\n"), used.ends_with(b"\r"));
            self.start.extend(used.iter().take(KEPT_BYTES.saturating_sub(self.start.len())));
            if fields > 0 {
                found.field_line = self.position.lines + 1;
            }
            found.is_line_whole = is_line_end;
            self.position.lines += u64::from(is_line_end);
            self.source.consume(read);
            found.text += written;
            found.fields += fields;
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::Record if is_return => return self.skip_new_line().map(|()| Some(found)),
                ReadRecordResult::Record => return Ok(Some(found)),
                ReadRecordResult::End => return Ok(None),
                ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => self.make_room(result, &mut found),
            }
        }
    }

    fn make_room(&mut self, full: ReadRecordResult, found: &mut Found) {
        match full {
            ReadRecordResult::OutputFull if self.text.len() < MAX_RECORD_BYTES => {
                self.text.resize((self.text.len() * 2).min(MAX_RECORD_BYTES), 0);
            }
            ReadRecordResult::OutputEndsFull if self.ends.len() < MAX_FIELDS => {
                self.ends.resize(self.ends.len() * 2, 0);
            }
            // The rest of the row is written over what is not kept.
            _ => (found.text, found.fields, found.is_too_long) = (0, 0, true),
        }
    }

    /// The parser is through with a row at the `\r` of its `\r\n`.
    fn skip_new_line(&mut self) -> io::Result<()> {
        if self.source.peek()?.first() == Some(&b'\n') {
            self.source.consume(1);
            self.position.lines += 1;
        }
        Ok(())
    }

    /// Ends the row at the end of the source. A line end would end it too, unless a quote is open: then it would belong to the field.
    fn end_of_source(&mut self, found: &mut Found) {
        self.position.lines += u64::from(!found.is_line_whole);
        let (result, ..) = self.parser.read_record(b"\n", &mut [0; 2], &mut [0; 2]);
        if !matches!(result, ReadRecordResult::Record) {
            found.ending = Ending::Quote(found.field_line);
            return;
        }
        found.ending = Ending::Source;
        match self.ends.get_mut(found.fields) {
            Some(end) => *end = found.text,
            None => self.ends.push(found.text),
        }
        found.fields += 1;
    }

    pub(super) fn go_to(&mut self, position: Position) -> io::Result<()> {
        self.source.go_to(position.bytes)?;
        self.parser = parser(self.dialect);
        self.position = position;
        Ok(())
    }
}

/// A parser at the beginning of a row.
fn parser(dialect: Dialect) -> csv_core::Reader {
    let mut builder = ReaderBuilder::new();
    let mut parser = match dialect {
        Dialect::Csv(delimiter) => builder.delimiter(delimiter).build(),
        Dialect::Mysql => builder.delimiter(b'\t').quoting(false).terminator(Terminator::Any(b'\n')).build(),
    };
    // Behind a blank line it does not take the next bytes for a byte order mark, wherever in the source they are.
    let _ = parser.read_record(b"\n", &mut [0], &mut [0]);
    parser
}

/// Column names, without blanks around them, by which fields can be told apart.
fn checked(columns: Vec<String>) -> Result<Vec<String>, String> {
    let columns: Vec<_> = columns.into_iter().map(|name| name.trim().to_owned()).collect();
    for (index, name) in columns.iter().enumerate() {
        if name.is_empty() {
            return Err(format!("column {} of the header has no name", index + 1));
        }
        if columns.iter().take(index).any(|earlier| earlier == name) {
            return Err(format!("two columns of the header are called {name:?}"));
        }
    }
    Ok(columns)
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table")
            .field("columns", &self.columns)
            .field("position", &self.position)
            .finish_non_exhaustive()
    }
}
