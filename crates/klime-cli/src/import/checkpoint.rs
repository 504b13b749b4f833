//! The checkpoint: how far a source is imported, such that a run that was killed at any moment can be gone on from.
//!
//! It is a small JSON file, replaced as a whole: written beside, synced, renamed. It holds the position before which every record is
//! settled (accepted by Klime, refused, or skipped), what the source was known by, and the options that shape events; when one of them
//! is another, the import does not go on, because what it would send is not what it would have sent.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::counts::Counts;
use super::lock::Lock;
use super::place::sync_name;
use super::read::Position;
use super::refused::RefusedPart;

/// A checkpoint is no larger.
const MAX_BYTES: u64 = 1024 * 1024;

/// The version of the file's form.
const VERSION: u32 = 1;

/// The option that the write key is, by what may be shown of it.
pub(super) const WRITE_KEY: &str = "write key";

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
    /// Whether it is certain that nothing was ever sent; so whatever is sent in its place, nothing counts twice.
    #[serde(default)]
    pub is_unsent: bool,
}

/// By what a checkpoint of another version is known for one.
#[derive(Deserialize)]
struct AnyVersion {
    #[serde(rename = "version")]
    _version: u32,
    #[serde(rename = "source")]
    _source: serde::de::IgnoredAny,
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
        let (refused, is_unsent) = (RefusedPart::default(), true);
        Self { version: VERSION, options, source, position, counts, refused, is_unsent }
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
        let hint = if *name == WRITE_KEY { "; if both are keys of one account, go on by --key-changed" } else { "" };
        Err(format!("was begun with another {name}: it was {}, now it is {}{hint}", shown(was), shown(is)))
    }
}

/// The file, held by one process at a time.
#[derive(Debug)]
pub(crate) struct CheckpointFile {
    path: PathBuf,
    /// Holds it as long as this lives.
    _lock: Lock,
}

impl CheckpointFile {
    /// Takes the file, and reads what is in it; `None` when there is nothing.
    ///
    /// # Errors
    ///
    /// A sentence that names the file: another import has it, nothing can be written there, or it holds something else, which is
    /// never written over.
    pub(crate) fn open(path: PathBuf) -> Result<(Self, Option<Checkpoint>), String> {
        let (file, text) = Self::take(path)?;
        let name = file.path.display();
        if text.is_empty() {
            return Ok((file, None));
        }
        let checkpoint: Checkpoint = serde_json::from_str(&text).map_err(|error| file.is_none(&error))?;
        if checkpoint.version != VERSION {
            let problem = "was written by another version of klime; begin anew by --restart";
            return Err(format!("the checkpoint {name} {problem}"));
        }
        Ok((file, Some(checkpoint)))
    }

    /// Takes the file to write it anew, whatever checkpoint is in it.
    ///
    /// # Errors
    ///
    /// As [`Self::open`].
    pub(crate) fn anew(path: PathBuf) -> Result<Self, String> {
        let (file, text) = Self::take(path)?;
        if !text.is_empty() {
            let _: AnyVersion = serde_json::from_str(&text).map_err(|error| file.is_none(&error))?;
        }
        Ok(file)
    }

    fn take(path: PathBuf) -> Result<(Self, String), String> {
        let name = path.display().to_string();
        if path.metadata().is_ok_and(|metadata| !metadata.is_file()) {
            return Err(format!("the checkpoint {name} is no file, so none can be written there"));
        }
        let lock = Lock::take(&path).map_err(|error| format!("the checkpoint {name} cannot be written: {error}"))?;
        let lock = lock.ok_or_else(|| format!("another klime import is at work with the checkpoint {name}"))?;
        let mut text = String::new();
        let read = File::open(&path).and_then(|file| file.take(MAX_BYTES).read_to_string(&mut text));
        match read {
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                Err(format!("{name} is no checkpoint of klime import; name another file by --checkpoint"))
            }
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(format!("the checkpoint {name} cannot be read: {error}"))
            }
            _ => Ok((Self { path, _lock: lock }, text)),
        }
    }

    fn is_none(&self, error: &serde_json::Error) -> String {
        let name = self.path.display();
        format!("{name} is no checkpoint of klime import ({error}); name another file by --checkpoint")
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Replaces what is in the file. If that fails, what was there is there still.
    ///
    /// # Errors
    ///
    /// A sentence that names the file.
    pub(crate) fn write(&self, checkpoint: &Checkpoint) -> Result<(), String> {
        self.replace(checkpoint)
            .map_err(|error| format!("the checkpoint {} cannot be written: {error}", self.path.display()))
    }

    fn replace(&self, checkpoint: &Checkpoint) -> io::Result<()> {
        let mut beside = self.path.clone().into_os_string();
        beside.push(".new");
        let mut file = File::create(&beside)?;
        let mut text = serde_json::to_vec_pretty(checkpoint)?;
        text.push(b'\n');
        file.write_all(&text)?;
        file.sync_all()?;
        fs::rename(&beside, &self.path)?;
        sync_name(&self.path)
    }
}

#[cfg(test)]
mod tests;
