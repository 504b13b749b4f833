//! The refused file on disk.
//!
//! It grows with the checkpoint, which knows the part that it answers for by its length and a hash of its lines. Where an import goes on,
//! what is behind that part is cut off and written again. A file that does not begin with that part was mended, and is left as it is.
//! One that the checkpoint has never heard of is an earlier import's: it is given another name, so that nothing is lost. While an
//! import is at work with a file it holds its lock.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::MARK;
use crate::import::id::fingerprint_after;

/// So many files of earlier imports may stand beside it.
const MOST_EARLIER: u32 = 100_000;

/// The part of a refused file that is known to be what an import wrote.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RefusedPart {
    /// The file's name; empty as long as the import has made none.
    pub file: String,
    /// How long the part is.
    pub bytes: u64,
    /// A hash of its lines.
    pub hash: String,
    /// Whether it is all that the import wrote: there is nothing behind it that is to be written again.
    pub is_whole: bool,
}

/// The file, which is made when there is something to write.
#[derive(Debug)]
pub(crate) struct RefusedFile {
    path: PathBuf,
    /// Whether there was a file before, if only an empty one.
    was_there: bool,
    /// Whether it holds what an earlier import refused.
    has_earlier: bool,
    file: Option<File>,
    part: RefusedPart,
}

impl RefusedFile {
    /// The file of an import that begins, or goes on behind this part of it.
    ///
    /// # Errors
    ///
    /// A sentence that names the file. Nothing is written over: neither what an import did not write itself, nor what was changed since.
    pub(crate) fn open(path: PathBuf, part: RefusedPart) -> Result<Self, String> {
        let name = path.display().to_string();
        let length = match path.metadata() {
            Ok(metadata) => Some(metadata.len()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(format!("{name} cannot be read: {error}")),
        };
        if part.file != name || (length.is_none() && part.bytes == 0) {
            let has_earlier = length.unwrap_or(0) > 0;
            if has_earlier && !begins_with_a_mark(&path).map_err(|error| format!("{name} cannot be read: {error}"))? {
                return Err(format!(
                    "{name} holds something else than refused records; name another file by --refused"
                ));
            }
            let part = RefusedPart::default();
            return Ok(Self { path, was_there: length.is_some(), has_earlier, file: None, part });
        }
        let length = length.unwrap_or(0);
        check(&path, length, &part).map_err(|problem| format!("{name} {problem}"))?;
        let is_longer = length > part.bytes;
        let part = RefusedPart { is_whole: false, ..part };
        let mut refused = Self { path, was_there: true, has_earlier: false, file: None, part };
        if is_longer {
            refused.append(b"")?;
        }
        Ok(refused)
    }

    /// The part that the next checkpoint answers for.
    pub(crate) fn part(&self) -> &RefusedPart {
        &self.part
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Gives what an earlier import refused another name, and says which.
    ///
    /// # Errors
    ///
    /// A sentence that names the file: it cannot be renamed, or that import is still at work with it.
    pub(crate) fn set_aside(&mut self) -> Result<Option<PathBuf>, String> {
        if !self.has_earlier {
            return Ok(None);
        }
        let cannot = |error| format!("{} cannot be given another name: {error}", self.path.display());
        let held = File::open(&self.path).map_err(cannot)?;
        if matches!(held.try_lock(), Err(TryLockError::WouldBlock)) {
            return Err(of_another(&self.path.display().to_string()));
        }
        let aside = rename(&self.path).map_err(cannot)?;
        (self.was_there, self.has_earlier) = (false, false);
        Ok(Some(aside))
    }

    /// Makes the file, and says whether that was necessary. A checkpoint has to know of it before the first entry is written, because
    /// what is behind a checkpoint is cut off, and nobody else's file may be.
    ///
    /// # Errors
    ///
    /// A sentence that names the file.
    pub(crate) fn make(&mut self) -> Result<bool, String> {
        if !self.part.file.is_empty() {
            return Ok(false);
        }
        let name = self.path.display().to_string();
        let made = OpenOptions::new().write(true).create_new(!self.was_there).open(&self.path);
        let file = made.map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => of_another(&name),
            _ => cannot(&self.path, &error),
        })?;
        hold(&file);
        self.file = Some(file);
        self.part.file = name;
        Ok(true)
    }

    /// Writes entries behind the others.
    ///
    /// # Errors
    ///
    /// A sentence that names the file.
    pub(crate) fn append(&mut self, entries: &[u8]) -> Result<(), String> {
        let written = self.write(entries);
        written.map_err(|error| cannot(&self.path, &error))?;
        self.part.bytes += entries.len() as u64;
        for line in entries.split_inclusive(|byte| *byte == b'\n') {
            self.part.hash = fingerprint_after(&self.part.hash, line);
        }
        Ok(())
    }

    fn write(&mut self, entries: &[u8]) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            None => {
                let mut file = OpenOptions::new().write(true).open(&self.path)?;
                hold(&file);
                file.set_len(self.part.bytes)?;
                file.seek(SeekFrom::Start(self.part.bytes))?;
                self.file.insert(file)
            }
        };
        file.write_all(entries)
    }

    /// Makes it outlast a power failure.
    ///
    /// # Errors
    ///
    /// As [`Self::append`].
    pub(crate) fn sync(&self) -> Result<(), String> {
        let written = self.file.as_ref().filter(|_| self.part.bytes > 0);
        let synced = written.map_or(Ok(()), File::sync_data);
        synced.map_err(|error| cannot(&self.path, &error))
    }

    /// Notes that nothing more is written: what comes behind it from now on is another's.
    pub(crate) fn close(&mut self) {
        // Half an entry may be behind it, for which the disk was too full.
        self.part.is_whole = self.path.metadata().is_ok_and(|metadata| metadata.len() == self.part.bytes);
    }
}

fn of_another(name: &str) -> String {
    format!("another klime import is at work with {name}; name another file by --refused")
}

/// Lets other imports see that this one is at work with it.
fn hold(file: &File) {
    // Where locks are not known there is none, and two imports at once are the user's to avoid.
    let _ = file.try_lock();
}

/// Whether it is a file of refused records, to be told from whatever else could be named by mistake.
fn begins_with_a_mark(path: &Path) -> io::Result<bool> {
    let mark = format!("{{\"{MARK}\":");
    let mut start = Vec::new();
    File::open(path)?.take(mark.len() as u64).read_to_end(&mut start)?;
    Ok(start == mark.as_bytes())
}

/// Renames a file to the first number that is free.
fn rename(path: &Path) -> io::Result<PathBuf> {
    for number in 1..=MOST_EARLIER {
        let aside = numbered(path, number);
        match OpenOptions::new().write(true).create_new(true).open(&aside) {
            // What the name is taken from is the empty file that was made for it.
            Ok(_) => return fs::rename(path, &aside).inspect_err(|_| drop(fs::remove_file(&aside))).map(|()| aside),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// `e.refused.1.ndjson` for `e.refused.ndjson`.
fn numbered(path: &Path, number: u32) -> PathBuf {
    match (path.file_stem(), path.extension()) {
        (Some(stem), Some(extension)) if extension == "ndjson" => {
            let mut name = stem.to_owned();
            name.push(format!(".{number}.ndjson"));
            path.with_file_name(name)
        }
        _ => {
            let mut name = path.as_os_str().to_owned();
            name.push(format!(".{number}"));
            name.into()
        }
    }
}

fn cannot(path: &Path, error: &io::Error) -> String {
    format!("{} cannot be written: {error}", path.display())
}

/// Checks that a file of this length begins with this part, and ends with it if it is whole.
fn check(path: &Path, length: u64, part: &RefusedPart) -> Result<(), String> {
    if length < part.bytes && length == 0 {
        return Err("is not there any more, or empty; put it back, or go on with another file by --refused".to_owned());
    }
    let is_as_long = length == part.bytes || (length > part.bytes && !part.is_whole);
    let hash = match is_as_long {
        true => hash_of(path, part.bytes).map_err(|error| format!("cannot be read: {error}"))?,
        false => None,
    };
    if hash.as_ref() == Some(&part.hash) {
        return Ok(());
    }
    Err("was changed after this import wrote it, so nothing was done and it is left as it is. Put the original back; or move \
         this one away, to import by itself what was mended in it, and go on here with another file by --refused. To be \
         safe from this, mend a copy"
        .to_owned())
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

#[cfg(test)]
mod tests;
