use super::*;

fn options(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn checkpoint() -> Checkpoint {
    let source = Identity { head_bytes: 3, head: "h".to_owned(), ..Identity::default() };
    let mut checkpoint = Checkpoint::new(options(&[("type", "track")]), source);
    checkpoint.position = Position { bytes: 10, lines: 2, records: 2 };
    checkpoint.counts.refuse(1, "invalid_json", "no JSON");
    checkpoint.counts.accept(1, "track", crate::import::repeats::Repeat::First);
    checkpoint
}

#[test]
fn what_is_written_is_read_back() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("c");
    let (file, none) = CheckpointFile::open(path.clone()).unwrap();
    assert_eq!(none, None);
    file.write(&checkpoint()).unwrap();
    drop(file);
    let (_, found) = CheckpointFile::open(path).unwrap();
    assert_eq!(found, Some(checkpoint()));
}

#[test]
fn one_process_at_a_time_has_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("c");
    let file = CheckpointFile::anew(path.clone()).unwrap();
    file.write(&checkpoint()).unwrap();
    file.write(&checkpoint()).unwrap();
    for taken in [CheckpointFile::open(path.clone()).map(drop), CheckpointFile::anew(path.clone()).map(drop)] {
        let problem = taken.unwrap_err();
        assert!(problem.starts_with("another klime import is at work with the checkpoint"), "{problem}");
    }
    drop(file);
    assert!(CheckpointFile::open(path).is_ok());
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_that_cannot_be_replaced_stays_as_it_was() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("c");
    CheckpointFile::anew(path.clone()).unwrap().write(&checkpoint()).unwrap();
    std::os::unix::fs::symlink("/dev/full", directory.path().join("c.new")).unwrap();
    let (file, found) = CheckpointFile::open(path.clone()).unwrap();
    let problem = file.write(&Checkpoint { position: Position::default(), ..checkpoint() }).unwrap_err();
    assert!(problem.contains("cannot be written: No space left on device"), "{problem}");
    drop(file);
    assert_eq!(CheckpointFile::open(path).unwrap().1, found);
}

#[test]
fn what_is_no_checkpoint_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("c");
    for (text, problem) in [
        (&b"{}"[..], "is no checkpoint of klime import"),
        (b"half {", "is no checkpoint of klime import"),
        (b"{\"type\":\"track\",\"event\":\"A\"}\n{}\n", "is no checkpoint of klime import"),
        (b"\xff\0", "is no checkpoint of klime import"),
    ] {
        fs::write(&path, text).unwrap();
        for found in [CheckpointFile::open(path.clone()).map(drop), CheckpointFile::anew(path.clone()).map(drop)] {
            let found = found.unwrap_err();
            assert!(found.contains(problem) && found.contains("--checkpoint"), "{found}");
        }
        assert_eq!(fs::read(&path).unwrap(), text, "it is not written over");
    }
    let other = serde_json::to_string(&Checkpoint { version: 2, ..checkpoint() }).unwrap();
    fs::write(&path, other).unwrap();
    let found = CheckpointFile::open(path.clone()).unwrap_err();
    assert!(found.contains("was written by another version of klime; begin anew by --restart"), "{found}");
    assert!(CheckpointFile::anew(path.clone()).is_ok());
    fs::write(&path, "").unwrap();
    assert_eq!(CheckpointFile::open(path).unwrap().1, None, "an empty file is as good as none");
}

#[test]
fn the_option_that_is_another_is_named() {
    let checkpoint = checkpoint();
    assert_eq!(checkpoint.check_options(&options(&[("type", "track")])), Ok(()));
    for (now, problem) in [
        (&[("type", "identify")][..], "was begun with another type: it was \"track\", now it is \"identify\""),
        (&[], "was begun with another type: it was \"track\", now it is not given"),
        (&[("type", "track"), ("infer", "true")], "was begun with another infer: it was not given, now it is \"true\""),
    ] {
        assert_eq!(checkpoint.check_options(&options(now)), Err(problem.to_owned()));
    }
}
