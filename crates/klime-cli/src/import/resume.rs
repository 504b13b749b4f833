//! From a checkpoint to where an import goes on, if the source is the one that it was.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use super::args::Args;
use super::checkpoint::{Checkpoint, Identity, WRITE_KEY};
use super::convert::bytes_of;
use super::id::fingerprint;
use super::read::Reader;

/// Brings the reader to where the checkpoint is, if the source is the one that it was, and says what it is to go on with. When nothing
/// was sent yet, whatever has changed is a better try.
///
/// # Errors
///
/// What is another, to be told behind the checkpoint's name.
pub(super) fn go_on(
    reader: &mut Reader,
    mut found: Checkpoint,
    identity: Identity,
    options: BTreeMap<String, String>,
    args: &Args,
) -> Result<Checkpoint, String> {
    if let (true, Some(key)) = (args.progress.key_changed, options.get(WRITE_KEY)) {
        found.options.insert(WRITE_KEY.to_owned(), key.clone());
    }
    match found.check_options(&options).and_then(|()| check_source(&found, &identity, &args.file)) {
        Err(_) if found.is_unsent => return Ok(Checkpoint::new(options, identity)),
        checked => checked?,
    }
    if let Some(last) = &found.source.last {
        go_behind(reader, last, &found)?;
        // A last line that had no line end may have one now.
        found.position = reader.position();
    }
    Ok(found)
}

/// Checks that the source begins as it did.
fn check_source(found: &Checkpoint, identity: &Identity, path: &Path) -> Result<(), String> {
    let was_file = found.source.head_bytes > 0;
    // Said first: were a pipe opened again, it would wait for bytes, and take them away.
    if was_file && identity.head.is_empty() {
        return Err("is of a file, and this is a stream".to_owned());
    }
    if was_file && head(path, found.source.head_bytes).as_ref() != Some(&found.source.head) {
        return Err("is of a file that began otherwise".to_owned());
    }
    Ok(())
}

/// Reads the last record that was settled again, to see that it is the same.
fn go_behind(reader: &mut Reader, last: &str, found: &Checkpoint) -> Result<(), String> {
    let line = found.position.lines;
    let changed = || format!("is of a source that was otherwise at line {line}");
    reader.go_to(found.source.last_start).map_err(|_| changed())?;
    let record = reader.read().ok().flatten().ok_or_else(changed)?;
    if fingerprint(&bytes_of(&record.content)) == last {
        return Ok(());
    }
    match record.end.bytes > found.position.bytes {
        true => Err(format!(
            "goes to line {line}, which is longer now than it was when it was sent: Klime keeps the event of its first half, and takes \
             the whole line for another event, or, if --id-from gives it the same id, does not count it"
        )),
        false => Err(changed()),
    }
}

/// A hash of a file's first bytes; `None` when there are not so many.
fn head(path: &Path, bytes: u64) -> Option<String> {
    let mut head = Vec::new();
    File::open(path).and_then(|file| file.take(bytes).read_to_end(&mut head)).ok()?;
    (head.len() as u64 == bytes).then(|| fingerprint(&head))
}
