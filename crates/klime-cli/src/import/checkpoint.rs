//! The checkpoint: how far a source is imported, such that a run that was killed at any moment can be gone on from.
//!
//! It is a small JSON file, replaced as a whole: written beside, synced, renamed. It holds the position before which every record is
//! settled (accepted by Klime, refused, or skipped), what the source was known by, and the options that shape events; when one of them
//! is another, the import does not go on, because what it would send is not what it would have sent.

use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::counts::Counts;
use super::read::Position;
use super::refused::RefusedPart;

/// A checkpoint is no larger.
const MAX_BYTES: u64 = 1024 * 1024;

/// The version of the file's form.
const VERSION: u32 = 1;

/// What is in the file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Checkpoint {
    /// The version of this form.
    pub version: u32,
    /// The options that shape events and where they go, by name.
    pub options: BTreeMap<String, String>,
    /// What the source is known again by.
    pub source: Identity,
    /// Every record before it is settled.
    pub position: Position,
    /// What became of them.
    pub counts: Counts,
    /// The part of the refused file that belongs to them.
    pub refused: RefusedPart,
}

/// What a source is known again by.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Identity {
    /// How many of the first bytes `head` is made of.
    pub head_bytes: u64,
    /// A hash of the first bytes.
    pub head: String,
    /// Where the last record before the position begins.
    pub last_start: Position,
    /// A hash of it; absent when there is none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub last: Option<String>,
}

impl Checkpoint {
    /// The checkpoint of an import that begins.
    pub fn new(options: BTreeMap<String, String>, source: Identity) -> Self {
        let (position, counts) = (Position::default(), Counts::default());
        Self { version: VERSION, options, source, position, counts, refused: RefusedPart::default() }
    }

    /// Checks that it is one of an import with these options.
    ///
    /// # Errors
    ///
    /// A sentence that names the options that are others.
    pub fn check_options(&self, options: &BTreeMap<String, String>) -> Result<(), String> {
        let names = self.options.keys().chain(options.keys());
        let other = names.filter(|name| self.options.get(*name) != options.get(*name));
        let differing: BTreeMap<_, _> = other.map(|name| (name, (self.options.get(name), options.get(name)))).collect();
        let Some((name, (was, is))) = differing.first_key_value() else {
            return Ok(());
        };
        let shown = |value: &Option<&String>| value.map_or("not given".to_owned(), |value| format!("{value:?}"));
        Err(format!("was begun with another {name}: it was {}, now it is {}", shown(was), shown(is)))
    }
}

/// The file, held by one process at a time.
#[derive(Debug)]
pub(crate) struct CheckpointFile {
    path: PathBuf,
    /// The open file, for its lock.
    held: Option<File>,
}

impl CheckpointFile {
    /// Opens the file and reads what is in it; `None` when there is none.
    ///
    /// # Errors
    ///
    /// A sentence that names the file.
    pub(crate) fn open(path: PathBuf) -> Result<(Self, Option<Checkpoint>), String> {
        let name = path.display().to_string();
        let mut file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((Self { path, held: None }, None)),
            Err(error) => return Err(format!("the checkpoint {name} cannot be read: {error}")),
        };
        if matches!(file.try_lock(), Err(TryLockError::WouldBlock)) {
            return Err(format!("another klime import is at work with the checkpoint {name}"));
        }
        let mut text = String::new();
        let read = Read::by_ref(&mut file).take(MAX_BYTES).read_to_string(&mut text);
        read.map_err(|error| format!("the checkpoint {name} cannot be read: {error}"))?;
        let checkpoint: Checkpoint = serde_json::from_str(&text)
            .map_err(|error| format!("{name} is no checkpoint of klime import ({error}); begin anew by --restart"))?;
        if checkpoint.version != VERSION {
            let problem = "was written by another version of klime; begin anew by --restart";
            return Err(format!("the checkpoint {name} {problem}"));
        }
        Ok((Self { path, held: Some(file) }, Some(checkpoint)))
    }

    /// A file to be written anew, whatever is in it.
    pub(crate) fn anew(path: PathBuf) -> Self {
        Self { path, held: None }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Replaces what is in the file. If that fails, what was there is there still.
    ///
    /// # Errors
    ///
    /// A sentence that names the file.
    pub(crate) fn write(&mut self, checkpoint: &Checkpoint) -> Result<(), String> {
        self.replace(checkpoint)
            .map_err(|error| format!("the checkpoint {} cannot be written: {error}", self.path.display()))
    }

    fn replace(&mut self, checkpoint: &Checkpoint) -> io::Result<()> {
        let mut beside = self.path.clone().into_os_string();
        beside.push(".new");
        let mut file = File::create(&beside)?;
        let mut text = serde_json::to_vec_pretty(checkpoint)?;
        text.push(b'\n');
        file.write_all(&text)?;
        file.sync_all()?;
        // Where locks are not known there is none, and two runs at once are the user's to avoid.
        let _ = file.try_lock();
        fs::rename(&beside, &self.path)?;
        self.held = Some(file);
        sync_directory(&self.path)
    }
}

/// Makes the rename outlast a power failure.
#[cfg(unix)]
fn sync_directory(path: &Path) -> io::Result<()> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(directory)?.sync_all()
}

#[cfg(not(unix))]
fn sync_directory(_path: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests;
