//! What can go wrong with the store.

use std::path::Path;

/// Why the store could not be opened, written or read.
#[derive(Debug)]
pub struct StoreError {
    kind: StoreErrorKind,
    message: String,
}

/// The kinds of a [`StoreError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// The file cannot be opened or made: no permission, no such directory, a directory itself.
    Unusable,
    /// The file is no database, or another program's.
    Foreign,
    /// A newer `klime` has written the file.
    Newer,
    /// Another program has the file open, most likely another `klime dev`.
    InUse,
    /// The disk has no room left. What was to be written is not; the store goes on.
    Full,
    /// The file is damaged, the disk fails, or memory has run out.
    Failed,
}

impl StoreError {
    pub(super) fn new(kind: StoreErrorKind, message: String) -> Self {
        Self { kind, message }
    }

    /// An error of SQLite while `doing` something with the file at `path`, or with the memory if there is none.
    pub(super) fn sqlite(doing: &str, path: Option<&Path>, error: rusqlite::Error) -> Self {
        let place = path.map_or_else(|| "the store in memory".to_owned(), |path| path.display().to_string());
        let (kind, why) = explain(&error);
        // Where there are no words of ours SQLite's have to do.
        let why = why.map_or_else(|| error.to_string(), str::to_owned);
        Self { kind, message: format!("cannot {doing} {place}: {why}") }
    }

    /// Which kind it is.
    #[must_use]
    pub fn kind(&self) -> StoreErrorKind {
        self.kind
    }
}

fn explain(error: &rusqlite::Error) -> (StoreErrorKind, Option<&'static str>) {
    use rusqlite::ErrorCode as Code;
    match error.sqlite_error_code() {
        Some(Code::DatabaseBusy | Code::DatabaseLocked) => (
            StoreErrorKind::InUse,
            Some("another program has it open, most likely another klime dev; there can be one at a time"),
        ),
        Some(Code::NotADatabase) => (StoreErrorKind::Foreign, Some("it is no SQLite database; choose another file")),
        Some(Code::CannotOpen | Code::PermissionDenied | Code::ReadOnly) => {
            (StoreErrorKind::Unusable, Some("it cannot be opened for writing"))
        }
        Some(Code::DiskFull) => (StoreErrorKind::Full, Some("the disk is full")),
        _ => (StoreErrorKind::Failed, None),
    }
}

impl std::fmt::Display for StoreError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for StoreError {}
