//! The refused file on disk.
//!
//! It grows with the checkpoint, which knows the part that it answers for by its length and a hash of its lines. Where an import goes on,
//! what is behind that part is written again: it is cut off if it is to the letter what the import left behind, and kept in a file beside
//! if that is not known, as after a kill. A file that was mended is left as it is. One that is an earlier import's is given another name.
//! So nothing is lost that a human may have written. While an import is at work with a file it holds its lock.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::MARK;
use super::part::{Match, RefusedPart, Whole};
use crate::import::id::fingerprint_after;
use crate::import::place::{is_at, place, sync_name};

/// So many files of earlier imports may stand beside it.
const MOST_EARLIER: u32 = 100_000;

/// The file, which is made when there is something to write.
#[derive(Debug)]
pub(crate) struct RefusedFile {
    path: PathBuf,
    /// Where it is, whatever it is called.
    place: String,
    /// The file, held from the beginning if there is one.
    file: Option<File>,
    part: RefusedPart,
    /// What the file was known by; absent when nothing of it is this import's.
    known: Option<RefusedPart>,
}

impl RefusedFile {
    /// The file of an import that begins, or goes on behind this part of it.
    ///
    /// # Errors
    ///
    /// A sentence that names the file. Nothing is written over: neither what an import did not write itself, nor what was changed since.
    pub(crate) fn open(path: PathBuf, part: RefusedPart) -> Result<Self, String> {
        let name = path.display().to_string();
        let place = place(&path).map_err(|error| cannot(&path, &error))?.display().to_string();
        let file = hold(&path)?;
        let cannot_read = |error| format!("{name} cannot be read: {error}");
        let found = part.find_in(&path).map_err(cannot_read)?;
        if found == Match::None && part.file == place && part.is_missed_in(length(&path)) {
            return Err(format!("{name} {}", why_changed(length(&path))));
        }
        if found != Match::None {
            let known = Some(part.clone());
            let part = RefusedPart { file: place.clone(), whole: None, ..part };
            return Ok(Self { path, place, file, part, known });
        }
        if length(&path) > 0 && !begins_with_a_mark(&path).map_err(cannot_read)? {
            return Err(format!("{name} holds something else than refused records; name another file by --refused"));
        }
        Ok(Self { path, place, file, part: RefusedPart::default(), known: None })
    }

    /// The part that the next checkpoint answers for.
    pub(crate) fn part(&self) -> &RefusedPart {
        &self.part
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Makes the file end where its part ends, and says in which other one the rest is, if that is not known to be written again. The
    /// checkpoint is to be written before, as one that does not know how the whole file is.
    ///
    /// # Errors
    ///
    /// A sentence that names the file.
    pub(crate) fn set_aside(&mut self) -> Result<Option<String>, String> {
        let Some(known) = self.known.take() else { return self.rename_earlier() };
        let found = known.find_in(&self.path).map_err(|error| cannot(&self.path, &error))?;
        let name = self.path.display();
        let aside = match found {
            Match::None => return Err(format!("{name} {}", why_changed(length(&self.path)))),
            Match::Begins => {
                let aside = self.copy_rest().map_err(|error| cannot(&self.path, &error))?;
                Some(format!("{name} held more than was known after the last run; that is in {} now", aside.display()))
            }
            Match::Whole => None,
        };
        self.cut().map_err(|error| cannot(&self.path, &error))?;
        Ok(aside)
    }

    /// Gives what an earlier import refused another name.
    fn rename_earlier(&mut self) -> Result<Option<String>, String> {
        if length(&self.path) == 0 {
            return Ok(None);
        }
        let cannot = |error| format!("{} cannot be given another name: {error}", self.path.display());
        let (_, aside) = numbered(&self.path).map_err(cannot)?;
        // What the name is taken from is the empty file that was made for it.
        fs::rename(&self.path, &aside).map_err(|error| {
            let _ = fs::remove_file(&aside);
            cannot(error)
        })?;
        self.file = None;
        let name = self.path.display();
        Ok(Some(format!("{name} held what an earlier import refused; it is {} now", aside.display())))
    }

    fn copy_rest(&self) -> io::Result<PathBuf> {
        let (mut copy, aside) = numbered(&self.path)?;
        let mut rest = File::open(&self.path)?;
        rest.seek(SeekFrom::Start(self.part.bytes))?;
        io::copy(&mut rest, &mut copy)?;
        copy.sync_all()?;
        sync_name(&aside)?;
        Ok(aside)
    }

    fn cut(&mut self) -> io::Result<()> {
        let Some(file) = &mut self.file else { return Ok(()) };
        file.set_len(self.part.bytes)?;
        file.seek(SeekFrom::Start(self.part.bytes)).map(drop)
    }

    /// Makes the file, and says whether that was necessary. A checkpoint has to know of it before the first entry is written, to know it
    /// again.
    ///
    /// # Errors
    ///
    /// A sentence that names the file.
    pub(crate) fn make(&mut self) -> Result<bool, String> {
        if !self.part.file.is_empty() {
            return Ok(false);
        }
        if self.file.is_none() {
            let made = OpenOptions::new().write(true).create_new(true).open(&self.path);
            let file = made.map_err(|error| match error.kind() {
                io::ErrorKind::AlreadyExists => of_another(&self.path),
                _ => cannot(&self.path, &error),
            })?;
            lock(&self.path, &file)?;
            sync_name(&self.path).map_err(|error| cannot(&self.path, &error))?;
            self.file = Some(file);
        }
        // Where locks are not known, another one may have written to it in between.
        if length(&self.path) > 0 {
            return Err(of_another(&self.path));
        }
        self.part.file.clone_from(&self.place);
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
        let moved = || io::Error::other("it was moved away or replaced while the import was at work");
        let file = self.file.as_mut().ok_or_else(moved)?;
        if !is_at(&self.path, file)? {
            return Err(moved());
        }
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

    /// How the file is when nothing more is written; `None` when there is something else in it, such as half an entry for which the disk
    /// was too full.
    pub(crate) fn whole(&self) -> Option<Whole> {
        let RefusedPart { bytes, hash, .. } = &self.part;
        (length(&self.path) == *bytes).then(|| Whole { bytes: *bytes, hash: hash.clone() })
    }
}

fn length(path: &Path) -> u64 {
    path.metadata().map_or(0, |metadata| metadata.len())
}

/// Opens a file if there is one, so that no other import begins with it.
fn hold(path: &Path) -> Result<Option<File>, String> {
    match path.metadata() {
        Ok(metadata) if !metadata.is_file() => {
            return Err(format!("{} is no file; name another one by --refused", path.display()));
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        _ => {}
    }
    let file = OpenOptions::new().write(true).open(path).map_err(|error| cannot(path, &error))?;
    lock(path, &file)?;
    Ok(Some(file))
}

fn lock(path: &Path, file: &File) -> Result<(), String> {
    // Where locks are not known there is none, and two imports at once are the user's to avoid.
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Err(of_another(path)),
        _ => Ok(()),
    }
}

fn of_another(path: &Path) -> String {
    format!("another klime import is at work with {}; name another file by --refused", path.display())
}

fn cannot(path: &Path, error: &io::Error) -> String {
    format!("{} cannot be written: {error}", path.display())
}

/// Why it does not go on with a file of this length.
fn why_changed(length: u64) -> &'static str {
    match length {
        0 => "is not there any more, or empty; put it back, or go on with another file by --refused",
        _ => {
            "was changed after this import wrote it, so nothing was done and it is left as it is. Put the original back; or move \
             this one away, to import by itself what was mended in it, and go on here with another file by --refused. To be \
             safe from this, mend a copy"
        }
    }
}

/// Whether it is a file of refused records, to be told from whatever else could be named by mistake.
fn begins_with_a_mark(path: &Path) -> io::Result<bool> {
    let mark = format!("{{\"{MARK}\":");
    let mut start = Vec::new();
    File::open(path)?.take(mark.len() as u64).read_to_end(&mut start)?;
    Ok(start == mark.as_bytes())
}

/// Makes a file beside this one, with the first number that is free.
fn numbered(path: &Path) -> io::Result<(File, PathBuf)> {
    for number in 1..=MOST_EARLIER {
        let aside = with_number(path, number);
        match OpenOptions::new().write(true).create_new(true).open(&aside) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => return made.map(|file| (file, aside)),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// `e.refused.1.ndjson` for `e.refused.ndjson`.
fn with_number(path: &Path, number: u32) -> PathBuf {
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

#[cfg(test)]
mod tests;
