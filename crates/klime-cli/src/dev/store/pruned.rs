//! Counts that no table can tell any more, because what they count is gone. They are saved with each pruning.

use rusqlite::Connection;

use super::row::{from_sql, to_sql};
use super::stats::Totals;

impl Totals {
    /// Adds the batches before this one, which are about to be deleted.
    pub(super) fn add_batches_before(&mut self, connection: &Connection, before: u64) -> rusqlite::Result<()> {
        let mut statement = connection.prepare("SELECT status, count(*) FROM batches WHERE id < ?1 GROUP BY status")?;
        let mut rows = statement.query([to_sql(before)])?;
        while let Some(row) = rows.next()? {
            self.add_batches(row.get(0)?, from_sql(row.get(1)?));
        }
        Ok(())
    }

    fn saved(&mut self) -> [(&'static str, &mut u64); 11] {
        let Self { events, types, batches } = self;
        [
            ("pruned_accepted", &mut events.accepted),
            ("pruned_refused", &mut events.refused),
            ("pruned_duplicate", &mut events.duplicate),
            ("pruned", &mut events.pruned),
            ("pruned_track", &mut types.track),
            ("pruned_identify", &mut types.identify),
            ("pruned_group", &mut types.group),
            ("pruned_batches", &mut batches.total),
            ("pruned_batches_accepted", &mut batches.accepted),
            ("pruned_batches_refused", &mut batches.refused),
            ("pruned_batches_failed", &mut batches.failed),
        ]
    }

    pub(super) fn save(mut self, connection: &Connection) -> rusqlite::Result<()> {
        self.saved().into_iter().try_for_each(|(name, value)| save_count(connection, name, *value))
    }

    pub(super) fn load(connection: &Connection) -> rusqlite::Result<Self> {
        let mut totals = Self::default();
        for (name, value) in totals.saved() {
            *value = load_count(connection, name)?;
        }
        Ok(totals)
    }
}

pub(super) fn save_count(connection: &Connection, name: &str, value: u64) -> rusqlite::Result<()> {
    connection.execute("INSERT OR REPLACE INTO counts (name, value) VALUES (?1, ?2)", (name, to_sql(value)))?;
    Ok(())
}

pub(super) fn load_count(connection: &Connection, name: &str) -> rusqlite::Result<u64> {
    let mut statement = connection.prepare("SELECT value FROM counts WHERE name = ?1")?;
    let mut rows = statement.query([name])?;
    rows.next()?.map_or(Ok(0), |row| row.get(0).map(from_sql))
}
