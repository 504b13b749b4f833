//! The bytes of a source, with the position that is known of them.

use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};

/// How much is read at once.
const BUFFER_BYTES: usize = 256 * 1024;

/// Where bytes come from.
pub struct Source {
    input: BufReader<Input>,
    offset: u64,
    /// Whether its end was seen. What is written behind it later is for another run: here it would be taken for a record of its own.
    is_over: bool,
}

enum Input {
    File(File),
    Stream(Box<dyn Read + Send>),
}

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => file.read(buffer),
            Self::Stream(stream) => stream.read(buffer),
        }
    }
}

impl Source {
    /// A file, which can be sought in.
    pub fn file(file: File) -> Self {
        Self::new(Input::File(file))
    }

    /// A stream, of which what was read is gone.
    pub fn stream(stream: impl Read + Send + 'static) -> Self {
        Self::new(Input::Stream(Box::new(stream)))
    }

    fn new(input: Input) -> Self {
        Self { input: BufReader::with_capacity(BUFFER_BYTES, input), offset: 0, is_over: false }
    }

    /// What is to be read next; empty at the end.
    pub(crate) fn peek(&mut self) -> io::Result<&[u8]> {
        while self.input.buffer().is_empty() && !self.is_over {
            match self.input.fill_buf() {
                Ok(bytes) => self.is_over = bytes.is_empty(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(self.input.buffer())
    }

    pub(super) fn consume(&mut self, bytes: usize) {
        self.input.consume(bytes);
        self.offset += bytes as u64;
    }

    /// How many bytes were read.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// Whether nothing is left that was read already.
    pub(super) fn is_drained(&self) -> bool {
        self.input.buffer().is_empty()
    }

    /// Skips a byte order mark at the beginning.
    pub(super) fn skip_mark(&mut self) -> io::Result<()> {
        if self.offset == 0 && self.peek()?.starts_with("\u{feff}".as_bytes()) {
            self.consume("\u{feff}".len());
        }
        Ok(())
    }

    /// Goes forward to `offset`.
    pub(super) fn go_to(&mut self, offset: u64) -> io::Result<()> {
        if let Input::File(file) = self.input.get_ref() {
            if file.metadata()?.len() < offset {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            // What is buffered is dropped by the seek.
            self.input.seek(SeekFrom::Start(offset))?;
            (self.offset, self.is_over) = (offset, false);
            return Ok(());
        }
        while self.offset < offset {
            let left = usize::try_from(offset - self.offset).unwrap_or(usize::MAX);
            let there = self.peek()?.len();
            if there == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.consume(there.min(left));
        }
        Ok(())
    }
}

impl Seek for Input {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match self {
            Self::File(file) => file.seek(to),
            Self::Stream(_) => Err(io::ErrorKind::Unsupported.into()),
        }
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").field("offset", &self.offset).finish_non_exhaustive()
    }
}
