//! By what an import knows its own entries in a refused file.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::import::id::fingerprint_after;

/// The part of a refused file that a checkpoint answers for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RefusedPart {
    /// Where the file is; empty as long as the import has made none.
    pub file: String,
    /// How long the part is.
    pub bytes: u64,
    /// A hash of its lines.
    pub hash: String,
    /// The file with what is behind the part, when the import has come to its end; absent as long as it is at work, or was killed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub whole: Option<Whole>,
}

/// A whole file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Whole {
    /// How long it is.
    pub bytes: u64,
    /// A hash of its lines.
    pub hash: String,
}

/// How a file and a part match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Match {
    /// The file is, to the letter, what the import left behind.
    Whole,
    /// It begins with the part; what is behind it is not known.
    Begins,
    /// It is another file, or was changed.
    None,
}

impl RefusedPart {
    /// Looks for the part in a file, by what is in it and not by its name. An empty file has nothing that it could be known by.
    pub(super) fn find_in(&self, path: &Path) -> io::Result<Match> {
        let length = match path.metadata() {
            Ok(metadata) => metadata.len(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
            Err(error) => return Err(error),
        };
        let (bytes, hash) = match &self.whole {
            Some(whole) if length == whole.bytes => (whole.bytes, &whole.hash),
            None if length >= self.bytes => (self.bytes, &self.hash),
            _ => return Ok(Match::None),
        };
        if bytes == 0 || hash_of(path, bytes)?.as_ref() != Some(hash) {
            return Ok(Match::None);
        }
        Ok(if length == bytes { Match::Whole } else { Match::Begins })
    }

    /// Whether something is gone when the part is not found in a file of this length, which is the one that it was in.
    pub(super) fn is_missed_in(&self, length: u64) -> bool {
        // If all is written again, nothing is missing where there is nothing.
        self.bytes > 0 || (length > 0 && self.whole.as_ref().is_some_and(|whole| whole.bytes > 0))
    }
}

/// The hash of a file's first lines; `None` when they do not end there.
fn hash_of(path: &Path, bytes: u64) -> io::Result<Option<String>> {
    let mut input = BufReader::new(File::open(path)?.take(bytes));
    let (mut hash, mut line, mut read) = (String::new(), Vec::new(), 0);
    while read < bytes {
        line.clear();
        match input.read_until(b'\n', &mut line)? {
            0 => return Ok(None),
            length => read += length as u64,
        }
        hash = fingerprint_after(&hash, &line);
    }
    Ok(Some(hash))
}
