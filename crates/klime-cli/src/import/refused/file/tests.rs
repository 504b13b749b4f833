use std::fs;

use super::*;

/// A file with these lines, and the part that a checkpoint behind them has.
fn written(path: &Path, lines: &[&str]) -> RefusedPart {
    let mut file = RefusedFile::open(path.to_owned(), RefusedPart::default()).unwrap();
    assert!(file.make().unwrap());
    lines.iter().for_each(|line| file.append(line.as_bytes()).unwrap());
    file.sync().unwrap();
    file.part().clone()
}

#[test]
fn what_is_behind_the_checkpoint_is_cut_off() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("r.ndjson");
    let mut file = RefusedFile::open(path.clone(), RefusedPart::default()).unwrap();
    assert!(!path.exists(), "it is made when there is something to write");
    assert!(file.make().unwrap() && !file.make().unwrap());
    file.append(b"one\n").unwrap();
    let part = file.part().clone();
    file.append(b"two\nhalf").unwrap();
    assert_eq!((part.bytes, file.part().bytes), (4, 12));

    let mut again = RefusedFile::open(path.clone(), part).unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"one\n");
    again.append(b"2\n").unwrap();
    again.append(b"3\n").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"one\n2\n3\n");
    let at_once = written(&directory.path().join("other"), &["one\n2\n3\n"]);
    assert_eq!((again.part().bytes, &again.part().hash), (8, &at_once.hash), "however it was written");
    assert!(RefusedFile::open(path, again.part().clone()).is_ok());
}

#[test]
fn what_was_mended_in_place_is_left_as_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("r.ndjson");
    let part = written(&path, &["one\n", "two\n"]);
    for mended in
        ["One\ntwo\n", "one\nTwo\nthree\n", "one, mended\ntwo\n", "one\ntwo", "one\n", "two\none\n", "one\n\ntwo\n"]
    {
        fs::write(&path, mended).unwrap();
        let problem = RefusedFile::open(path.clone(), part.clone()).unwrap_err();
        let name = path.display().to_string();
        assert!(
            problem.starts_with(&format!("{name} was changed after this import wrote it")),
            "{mended:?}: {problem}"
        );
        assert!(problem.contains("--refused") && problem.contains("mend a copy"), "{problem}");
        assert_eq!(fs::read_to_string(&path).unwrap(), mended);
    }
    fs::remove_file(&path).unwrap();
    let problem = RefusedFile::open(path, part).unwrap_err();
    assert!(problem.contains("is not there any more") && problem.contains("put it back"), "{problem}");
}

#[test]
fn what_was_added_behind_the_end_is_left_as_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("r.ndjson");
    let mut file = RefusedFile::open(path.clone(), RefusedPart::default()).unwrap();
    file.make().unwrap();
    file.append(b"one\n").unwrap();
    file.close();
    fs::write(&path, "one\nadded\n").unwrap();
    let problem = RefusedFile::open(path.clone(), file.part().clone()).unwrap_err();
    assert!(problem.contains("was changed after"), "{problem}");
    assert_eq!(fs::read(&path).unwrap(), b"one\nadded\n");
}

#[test]
fn nothing_of_another_is_written_over() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("r.ndjson");
    let mut first = RefusedFile::open(path.clone(), RefusedPart::default()).unwrap();
    let mut second = RefusedFile::open(path.clone(), RefusedPart::default()).unwrap();
    first.make().unwrap();
    first.append(b"{\"_refused\":{}}\n").unwrap();
    let mut third = RefusedFile::open(path.clone(), RefusedPart::default()).unwrap();
    for problem in [second.make().unwrap_err(), third.set_aside().unwrap_err()] {
        assert!(problem.starts_with("another klime import is at work with "), "{problem}");
    }
    drop(first);
    let aside = directory.path().join("r.2.ndjson");
    fs::write(directory.path().join("r.1.ndjson"), "mine").unwrap();
    assert_eq!(third.set_aside(), Ok(Some(aside.clone())));
    assert_eq!(third.set_aside(), Ok(None));
    third.make().unwrap();
    assert_eq!(fs::read(aside).unwrap(), b"{\"_refused\":{}}\n");
    assert_eq!(fs::read(directory.path().join("r.1.ndjson")).unwrap(), b"mine");
}

#[test]
fn it_goes_on_in_another_file_if_that_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let part = written(&directory.path().join("r.ndjson"), &["one\n"]);
    let other = directory.path().join("other");
    let mut file = RefusedFile::open(other.clone(), part).unwrap();
    assert_eq!(file.part(), &RefusedPart::default());
    file.make().unwrap();
    file.append(b"two\n").unwrap();
    assert_eq!(fs::read(other).unwrap(), b"two\n");
}
