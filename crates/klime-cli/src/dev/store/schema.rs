//! The file: whose it is, which version, who else has it open.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::error::{StoreError, StoreErrorKind};

/// "Klim", by which SQLite's header says whose file it is.
const APPLICATION_ID: i32 = 0x4B6C_696D;
/// The newest version of the tables that this program knows.
const VERSION: i32 = 1;

/// There are no further indexes on purpose: filters are answered from memory (`entry.rs`), and an index in SQLite
/// would cost more per event than all the rest of an append.
const TABLES: &str = "
    CREATE TABLE events (
        seq INTEGER PRIMARY KEY,
        status INTEGER NOT NULL,
        received_at INTEGER NOT NULL,
        batch INTEGER NOT NULL,
        position INTEGER NOT NULL,
        type TEXT,
        event TEXT,
        user_id TEXT,
        group_id TEXT,
        message_id TEXT,
        timestamp INTEGER,
        library_name TEXT,
        library_version TEXT,
        error_code TEXT,
        error_message TEXT,
        duplicate_of INTEGER,
        body TEXT NOT NULL
    ) STRICT;
    CREATE TABLE batches (
        id INTEGER PRIMARY KEY,
        received_at INTEGER NOT NULL,
        status INTEGER NOT NULL,
        accepted INTEGER NOT NULL,
        refused INTEGER NOT NULL,
        duplicates INTEGER NOT NULL,
        bytes INTEGER NOT NULL,
        gzip INTEGER NOT NULL,
        took_us INTEGER NOT NULL,
        library_name TEXT,
        library_version TEXT,
        user_agent TEXT,
        key TEXT,
        error TEXT,
        fault TEXT
    ) STRICT;
    CREATE TABLE counts (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
";

/// Opens the file, or memory if there is none, and makes the tables if it is new.
pub(super) fn open(path: Option<&Path>) -> Result<Connection, StoreError> {
    let Some(path) = path else {
        let connection = Connection::open_in_memory().map_err(|e| StoreError::sqlite("open", None, e))?;
        create(&connection).map_err(|e| StoreError::sqlite("open", None, e))?;
        return Ok(connection);
    };
    check_place(path)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let failed = |e| StoreError::sqlite("open", Some(path), e);
    let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
    let state = prepare(&connection).map_err(failed)?;
    match state {
        State::Ours => Ok(connection),
        State::New => create(&connection).map(|()| connection).map_err(failed),
        State::ReadOnly => Err(StoreError::new(
            StoreErrorKind::Unusable,
            format!("cannot open {}: it may be read but not written", path.display()),
        )),
        State::Foreign => Err(StoreError::new(
            StoreErrorKind::Foreign,
            format!("cannot open {}: it is another program's database; choose another file", path.display()),
        )),
        State::Newer(version) => Err(StoreError::new(
            StoreErrorKind::Newer,
            format!(
                "cannot open {}: a newer klime has written it (tables of version {version}, this klime knows {VERSION})",
                path.display()
            ),
        )),
    }
}

/// SQLite says no more than that it cannot open; people want to know why.
fn check_place(path: &Path) -> Result<(), StoreError> {
    let unusable =
        |why: &str| Err(StoreError::new(StoreErrorKind::Unusable, format!("cannot open {}: {why}", path.display())));
    if path.as_os_str().is_empty() {
        return unusable("the name of the file is empty");
    }
    if path.is_dir() {
        return unusable("it is a directory, not a file");
    }
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() && !parent.is_dir() => {
            unusable("the directory that it should be in does not exist")
        }
        _ => Ok(()),
    }
}

enum State {
    New,
    Ours,
    Foreign,
    Newer(i32),
    ReadOnly,
}

/// Takes the file for this process alone, before anything is read that another one could change.
fn prepare(connection: &Connection) -> rusqlite::Result<State> {
    connection.busy_timeout(std::time::Duration::ZERO)?;
    // With EXCLUSIVE the lock that BEGIN takes is kept until the file is closed.
    connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    if connection.is_readonly(rusqlite::MAIN_DB)? {
        return Ok(State::ReadOnly);
    }
    let application: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let version: i32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", (), |row| row.get(0))?;
    let state = match (application, version, tables) {
        (0, 0, 0) => State::New,
        (APPLICATION_ID, version, _) if version > VERSION => State::Newer(version),
        (APPLICATION_ID, VERSION, _) => State::Ours,
        _ => State::Foreign,
    };
    if matches!(state, State::New | State::Ours) {
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        connection.execute_batch("BEGIN EXCLUSIVE; COMMIT")?;
    }
    Ok(state)
}

fn create(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(&format!(
        "BEGIN; {TABLES} PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {VERSION}; COMMIT"
    ))
}
