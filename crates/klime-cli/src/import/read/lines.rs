//! NDJSON: a record on each line.

use std::io;

use super::source::Source;
use super::{Content, Ending, MAX_RECORD_BYTES, Position, Record};

/// How much of a line that is too long is kept.
pub(super) const KEPT_BYTES: usize = 1000;

#[derive(Debug)]
pub struct Lines {
    pub(super) source: Source,
    pub(super) position: Position,
}

/// A line as far as it is kept.
#[derive(Default)]
struct Line {
    text: Vec<u8>,
    is_too_long: bool,
    has_end: bool,
}

impl Line {
    fn add(&mut self, bytes: &[u8]) {
        if self.text.len() + bytes.len() > MAX_RECORD_BYTES {
            self.is_too_long = true;
        }
        if !self.is_too_long {
            self.text.extend_from_slice(bytes);
            return;
        }
        let room = KEPT_BYTES.saturating_sub(self.text.len());
        self.text.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
        self.text.truncate(KEPT_BYTES);
        self.text.shrink_to(KEPT_BYTES);
    }
}

impl Lines {
    pub(super) fn new(source: Source) -> Self {
        Self { source, position: Position::default() }
    }

    pub(super) fn read(&mut self) -> io::Result<Option<Record>> {
        self.source.skip_mark()?;
        loop {
            let start = self.source.offset();
            let line = self.read_line()?;
            let bytes = self.source.offset() - start;
            if bytes == 0 {
                return Ok(None);
            }
            self.position.lines += 1;
            self.position.bytes = self.source.offset();
            if line.text.trim_ascii().is_empty() && !line.is_too_long {
                continue;
            }
            self.position.records += 1;
            let content = match line.is_too_long {
                true => Content::TooLong(line.text),
                false => Content::Line(without_return(line.text)),
            };
            let ending = if line.has_end { Ending::Line } else { Ending::Source };
            return Ok(Some(Record { line: self.position.lines, end: self.position, bytes, ending, content }));
        }
    }

    fn read_line(&mut self) -> io::Result<Line> {
        let mut line = Line::default();
        loop {
            let bytes = self.source.peek()?;
            if bytes.is_empty() {
                return Ok(line);
            }
            let end = bytes.iter().position(|byte| *byte == b'\n');
            let (text, used) = match end {
                Some(end) => (bytes.get(..end).unwrap_or_default(), end + 1),
                None => (bytes, bytes.len()),
            };
            line.add(text);
            self.source.consume(used);
            if end.is_some() {
                line.has_end = true;
                return Ok(line);
            }
        }
    }

    pub(super) fn go_to(&mut self, position: Position) -> io::Result<()> {
        self.source.go_to(position.bytes)?;
        self.position = position;
        Ok(())
    }
}

fn without_return(mut line: Vec<u8>) -> Vec<u8> {
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    line
}
