use super::*;

fn open(path: &Path, part: &RefusedPart) -> Result<RefusedFile, String> {
    let mut file = RefusedFile::open(path.to_owned(), part.clone())?;
    file.set_aside().map(|_| file)
}

/// A file with these lines, and the part that a checkpoint behind the first so many of them has: while the import is at work, and at
/// its end.
fn written(path: &Path, lines: &[&str], settled: usize) -> (RefusedPart, RefusedPart) {
    let mut file = RefusedFile::open(path.to_owned(), RefusedPart::default()).unwrap();
    assert!(!path.exists(), "it is made when there is something to write");
    assert!(file.make().unwrap() && !file.make().unwrap());
    let mut part = file.part().clone();
    for (index, line) in lines.iter().enumerate() {
        file.append(line.as_bytes()).unwrap();
        if index + 1 == settled {
            part = file.part().clone();
        }
    }
    file.sync().unwrap();
    let whole = file.whole();
    assert!(whole.is_some());
    (part.clone(), RefusedPart { whole, ..part })
}

const ENTRIES: [&str; 3] = ["{\"_refused\":1}\n", "{\"_refused\":2}\n", "{\"_refused\":3}\n"];

#[test]
fn what_is_written_again_is_cut_off() {
    let directory = tempfile::tempdir().unwrap();
    for settled in 0..=3 {
        let path = directory.path().join(format!("{settled}.ndjson"));
        let (_, ended) = written(&path, &ENTRIES, settled);
        let mut file = RefusedFile::open(path.clone(), ended).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), ENTRIES.concat(), "not before the checkpoint is written");
        assert_eq!(file.set_aside(), Ok(None));
        assert_eq!(fs::read_to_string(&path).unwrap(), ENTRIES[..settled].concat());
        assert!(!file.make().unwrap());
        file.append(ENTRIES[settled..].concat().as_bytes()).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), ENTRIES.concat());
        let at_once = written(&directory.path().join("other"), &ENTRIES, 3).1;
        assert_eq!(file.whole(), at_once.whole, "however it was written");
        fs::remove_file(directory.path().join("other")).unwrap();
    }
    assert_eq!(directory.path().read_dir().unwrap().count(), 4);
}

#[test]
fn what_is_not_known_after_a_kill_is_kept_beside() {
    let directory = tempfile::tempdir().unwrap();
    for (settled, rest) in [(0, "{\"_refused\":\"mended\"}"), (1, "{\"_refused\":\"mended\"}\n"), (2, "half")] {
        let path = directory.path().join(format!("{settled}.ndjson"));
        let (killed, _) = written(&path, &ENTRIES, settled);
        fs::write(&path, format!("{}{rest}", ENTRIES[..settled].concat())).unwrap();
        let aside = directory.path().join(format!("{settled}.1.ndjson"));
        let mut file = RefusedFile::open(path.clone(), killed).unwrap();
        let said = file.set_aside().unwrap().unwrap();
        assert!(said.contains(&aside.display().to_string()), "{said}");
        assert_eq!(fs::read_to_string(aside).unwrap(), rest);
        assert_eq!(file.make(), Ok(settled == 0));
        file.append(b"{}\n").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), format!("{}{{}}\n", ENTRIES[..settled].concat()));
    }
}

#[test]
fn what_was_mended_in_place_is_left_as_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let [one, two, three] = ENTRIES;
    for settled in 0..=2 {
        let path = directory.path().join(format!("{settled}.ndjson"));
        let (killed, ended) = written(&path, &[one, two], settled);
        for mended in [
            [one, three],
            [three, two],
            [one, "{\"_refused\":2}"],
            [two, one],
            [one, "\n{\"_refused\":2}\n"],
            [one, ""],
        ] {
            fs::write(&path, mended.concat()).unwrap();
            // When it was killed, something else may be behind the part.
            let parts = [Some(&ended), (settled == 2).then_some(&killed)];
            for part in parts.into_iter().flatten() {
                let problem = open(&path, part).unwrap_err();
                let name = path.display().to_string();
                assert!(problem.starts_with(&format!("{name} was changed after this import wrote it")), "{problem}");
                assert!(problem.contains("--refused") && problem.contains("mend a copy"), "{problem}");
            }
            assert_eq!(fs::read_to_string(&path).unwrap(), mended.concat());
        }
        fs::write(&path, [one, two, three].concat()).unwrap();
        assert!(open(&path, &ended).unwrap_err().contains("was changed after"), "something was added");
        fs::remove_file(&path).unwrap();
        match open(&path, &ended) {
            Ok(file) => assert!(settled == 0 && file.part() == &RefusedPart::default()),
            Err(problem) => assert!(settled > 0 && problem.contains("is not there any more"), "{problem}"),
        }
    }
}

#[test]
fn what_is_mended_before_it_begins_is_left_as_it_is_too() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("r.ndjson");
    let (_, ended) = written(&path, &ENTRIES, 1);
    let mut file = RefusedFile::open(path.clone(), ended).unwrap();
    let mended = ENTRIES.concat().replace('3', "9");
    fs::write(&path, &mended).unwrap();
    assert!(file.set_aside().unwrap_err().contains("was changed after"));
    assert_eq!(fs::read_to_string(path).unwrap(), mended);
}

#[test]
fn nothing_of_another_is_written_over() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("r.ndjson");
    let open = || RefusedFile::open(path.clone(), RefusedPart::default());
    let mut first = open().unwrap();
    let mut second = open().unwrap();
    first.make().unwrap();
    first.append(ENTRIES[0].as_bytes()).unwrap();
    for problem in [second.make().unwrap_err(), open().unwrap_err()] {
        assert!(problem.starts_with("another klime import is at work with "), "{problem}");
    }
    drop(first);
    let mut third = open().unwrap();
    let aside = directory.path().join("r.2.ndjson");
    fs::write(directory.path().join("r.1.ndjson"), "mine").unwrap();
    let said = third.set_aside().unwrap().unwrap();
    assert!(said.ends_with(&format!("held what an earlier import refused; it is {} now", aside.display())), "{said}");
    assert_eq!(third.set_aside(), Ok(None));
    third.make().unwrap();
    assert_eq!(fs::read_to_string(aside).unwrap(), ENTRIES[0]);
    assert_eq!(fs::read(directory.path().join("r.1.ndjson")).unwrap(), b"mine");
}

#[test]
fn an_empty_file_is_one_imports_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("r.ndjson");
    fs::write(&path, "").unwrap();
    let mut first = open(&path, &RefusedPart::default()).unwrap();
    let problem = open(&path, &RefusedPart::default()).unwrap_err();
    assert!(problem.starts_with("another klime import is at work with "), "{problem}");
    fs::write(&path, "not of a klime import").unwrap();
    assert!(first.make().is_err());
    assert_eq!(fs::read(&path).unwrap(), b"not of a klime import");
}

#[cfg(unix)]
#[test]
fn a_file_that_is_replaced_meanwhile_takes_no_entry_with_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("r.ndjson");
    let mut file = open(&path, &RefusedPart::default()).unwrap();
    file.make().unwrap();
    file.append(ENTRIES[0].as_bytes()).unwrap();
    fs::rename(&path, directory.path().join("moved")).unwrap();
    for _ in 0..2 {
        let problem = file.append(ENTRIES[1].as_bytes()).unwrap_err();
        assert!(problem.contains("was moved away or replaced"), "{problem}");
        fs::write(&path, ENTRIES[0]).unwrap();
    }
    assert_eq!(file.part().bytes, ENTRIES[0].len() as u64);
}

#[test]
fn it_is_known_by_what_is_in_it_wherever_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let (path, moved) = (directory.path().join("r.ndjson"), directory.path().join("moved"));
    let (killed, ended) = written(&path, &ENTRIES, 2);
    fs::rename(path, &moved).unwrap();
    for part in [ended, RefusedPart { whole: None, ..killed }] {
        let file = open(&moved, &part).unwrap();
        assert_eq!(file.part().bytes, part.bytes);
        assert_eq!(file.part().file, moved.canonicalize().unwrap().display().to_string());
    }
}

#[test]
fn it_goes_on_in_another_file_if_that_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let (part, _) = written(&directory.path().join("r.ndjson"), &ENTRIES[..1], 1);
    let other = directory.path().join("other");
    let mut file = open(&other, &part).unwrap();
    assert_eq!(file.part(), &RefusedPart::default());
    file.make().unwrap();
    file.append(b"two\n").unwrap();
    assert_eq!(fs::read(other).unwrap(), b"two\n");
}

#[test]
fn what_cannot_be_a_refused_file_is_told_before_anything_is_written() {
    let directory = tempfile::tempdir().unwrap();
    let of = |name: &str| open(&directory.path().join(name), &RefusedPart::default()).unwrap_err();
    assert!(of("nowhere/r").contains("nowhere/r cannot be written: No such file or directory"));
    assert!(of(".").ends_with("is no file; name another one by --refused"));
    fs::write(directory.path().join("notes"), "mine").unwrap();
    assert!(of("notes").contains("holds something else than refused records"));
    assert_eq!(fs::read(directory.path().join("notes")).unwrap(), b"mine");
}
