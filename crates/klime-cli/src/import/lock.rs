//! The lock by which one import at a time is at work with a checkpoint.
//!
//! It is a file beside the checkpoint, because that one is replaced again and again. It is gone after an import has ended; one that was
//! killed leaves it, and then nobody holds it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use super::place::is_at;

/// The lock, held until it is dropped.
#[derive(Debug)]
pub(super) struct Lock {
    path: PathBuf,
    /// Holds it.
    file: File,
}

impl Lock {
    /// Takes the lock of a checkpoint; `None` when another one has it.
    ///
    /// # Errors
    ///
    /// When nothing can be written where the checkpoint is.
    pub(super) fn take(checkpoint: &Path) -> io::Result<Option<Self>> {
        let mut name = checkpoint.as_os_str().to_owned();
        name.push(".lock");
        let path = PathBuf::from(name);
        loop {
            let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path)?;
            // Where locks are not known there is none, and two imports at once are the user's to avoid.
            if matches!(file.try_lock(), Err(TryLockError::WouldBlock)) {
                return Ok(None);
            }
            // Who had the lock may have removed it in between.
            if is_at(&path, &file)? {
                return Ok(Some(Self { path, file }));
            }
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Elsewhere it cannot be told whether it is still the same file, so it stays. If somebody has removed it, it is the next one's.
        if cfg!(unix) && is_at(&self.path, &self.file).unwrap_or(false) {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_a_time_has_it_and_nothing_is_left() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("c");
        let lock = Lock::take(&path).unwrap().unwrap();
        assert!(Lock::take(&path).unwrap().is_none());
        drop(lock);
        assert_eq!(directory.path().read_dir().unwrap().count(), 0);
        std::fs::write(directory.path().join("c.lock"), "").unwrap();
        assert!(Lock::take(&path).unwrap().is_some(), "that of one that was killed");
    }

    #[test]
    fn one_that_was_removed_by_hand_takes_nobody_elses_with_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("c");
        let first = Lock::take(&path).unwrap().unwrap();
        std::fs::remove_file(directory.path().join("c.lock")).unwrap();
        let _second = Lock::take(&path).unwrap().unwrap();
        drop(first);
        assert!(Lock::take(&path).unwrap().is_none());
    }

    #[test]
    fn whoever_takes_it_while_it_changes_hands_has_it_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("c");
        let holders = std::sync::atomic::AtomicU32::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..500 {
                        let Some(lock) = Lock::take(&path).unwrap() else { continue };
                        assert_eq!(holders.fetch_add(1, std::sync::atomic::Ordering::SeqCst), 0);
                        holders.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
                        drop(lock);
                    }
                });
            }
        });
    }
}
