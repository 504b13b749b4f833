//! Where it goes on, and where it does not.

use std::fs;

use super::{Desk, accepted, line, lines, numbers, outcome, position};
use crate::support::{Dev, Klime};

#[test]
fn what_was_sent_is_not_sent_again() {
    let desk = Desk::new("e.ndjson", lines(250));
    let dev = Dev::start(&[]);
    let (code, ended) = desk.import(&dev, &[]);
    assert_eq!((code, &ended["status"], &ended["accepted"]), (0, &"complete".into(), &250.into()), "{ended}");
    assert_eq!(ended["books"]["accepted"], 250);

    let (code, again) = desk.import(&dev, &[]);
    assert_eq!((code, &again["accepted"], &again["books"]["enqueued"]), (0, &250.into(), &0.into()), "{again}");

    let (code, anew) = desk.import(&dev, &["--restart"]);
    assert_eq!((code, &anew["books"]["accepted"]), (0, &250.into()), "{anew}");
    let stats = dev.get("/dev/stats").json();
    assert_eq!((&stats["events"]["accepted"], &stats["events"]["duplicate"]), (&250.into(), &250.into()));
}

#[test]
fn a_file_that_has_grown_is_gone_on_with() {
    let desk = Desk::new("e.ndjson", lines(10));
    let dev = Dev::start(&[]);
    desk.import(&dev, &[]);
    fs::write(desk.file(), lines(25)).unwrap();
    let (code, ended) = desk.import(&dev, &[]);
    assert_eq!((code, &ended["records"], &ended["books"]["enqueued"]), (0, &25.into(), &15.into()), "{ended}");
    assert_eq!(numbers(&dev), (1..=25).collect::<Vec<_>>());
}

#[test]
fn a_file_that_is_another_is_not_gone_on_with() {
    let desk = Desk::new("e.ndjson", lines(10));
    let dev = Dev::start(&[]);
    desk.import(&dev, &[]);
    for (content, problem) in [
        (lines(5), "is of a file that began otherwise"),
        (lines(10).replace("user_3", "user_4"), "is of a file that began otherwise"),
        (format!("{}{}", line(99), lines(10)), "is of a file that began otherwise"),
    ] {
        fs::write(desk.file(), content).unwrap();
        let (code, ended) = desk.import(&dev, &[]);
        let said = ended["error"].as_str().unwrap();
        assert!(code == 2 && said.contains(problem) && said.contains("--restart"), "{code} {said}");
    }
}

#[test]
fn a_last_line_that_was_half_is_not_taken_for_whole_later() {
    let desk = Desk::new("e.ndjson", format!("{}{{\"type\":\"tra", lines(10)));
    let dev = Dev::start(&[]);
    let (code, ended) = desk.import(&dev, &[]);
    assert_eq!((code, &ended["faults"]["invalid_json"]["lines"][0]), (1, &11.into()), "{ended}");
    fs::write(desk.file(), format!("{}{}", lines(10), line(11))).unwrap();
    let (code, ended) = desk.import(&dev, &[]);
    let said = ended["error"].as_str().unwrap();
    assert!(code == 2 && said.contains("is of a "), "{code} {said}");
}

#[test]
fn another_meaning_or_another_place_to_send_to_is_another_import() {
    let desk = Desk::new("e.ndjson", lines(10));
    let dev = Dev::start(&[]);
    desk.import(&dev, &[]);
    let (code, ended) = desk.import(&dev, &["--event", "Other"]);
    assert_eq!(code, 2);
    assert!(
        ended["error"]
            .as_str()
            .unwrap()
            .contains("was begun with another event: it was not given, now it is \"Other\"")
    );
    let other = Dev::start(&[]);
    let (code, ended) = desk.import(&other, &[]);
    assert_eq!(code, 2);
    assert!(ended["error"].as_str().unwrap().contains("was begun with another endpoint"), "{ended}");
    let (code, _) = desk.import(&other, &["--checkpoint", "other"]);
    assert_eq!((code, numbers(&other).len()), (0, 10));
}

#[test]
fn standard_input_is_gone_on_with_if_there_is_a_checkpoint() {
    let desk = Desk::new("unused", "");
    let dev = Dev::start(&[]);
    let arguments = ["import", "-", "--json", "--checkpoint", "c"];
    let import = |input: &str| {
        let klime = Klime::new(&arguments).at(&dev.endpoint()).in_directory(desk.directory.path());
        outcome(&klime.input(input).run())
    };
    let (code, _) = import(&lines(10));
    assert_eq!((code, position(&desk.path("c"))), (0, 10));
    let (code, ended) = import(&lines(12));
    assert_eq!((code, &ended["books"]["enqueued"]), (0, &2.into()), "{ended}");
    let (code, ended) = import(&lines(5));
    assert_eq!(code, 2);
    assert!(ended["error"].as_str().unwrap().contains("is of a source that was otherwise at line 12"), "{ended}");
    assert_eq!(accepted(&dev).len(), 12);
}

#[test]
fn a_full_disk_stops_it_and_what_was_saved_stays() {
    let desk = Desk::new("e.ndjson", lines(10));
    let dev = Dev::start(&[]);
    // Whatever is written through this is written to a full disk.
    std::os::unix::fs::symlink("/dev/full", desk.path("e.ndjson.klime-checkpoint.new")).unwrap();
    let (code, ended) = desk.import(&dev, &[]);
    let said = ended["error"].as_str().unwrap();
    assert_eq!(code, 3);
    assert!(said.contains("e.ndjson.klime-checkpoint cannot be written: No space left on device"), "{said}");
    assert_eq!(numbers(&dev).len(), 0, "it is found out before anything is sent");

    fs::remove_file(desk.path("e.ndjson.klime-checkpoint.new")).unwrap();
    let (code, _) = desk.import(&dev, &[]);
    assert_eq!((code, numbers(&dev).len()), (0, 10));
}

#[test]
fn a_full_disk_for_what_is_refused_stops_it_too() {
    let desk = Desk::new("e.ndjson", format!("{}no event\n", lines(10)));
    let dev = Dev::start(&[]);
    std::os::unix::fs::symlink("/dev/full", desk.path("full")).unwrap();
    let (code, ended) = desk.import(&dev, &["--refused", "full"]);
    let said = ended["error"].as_str().unwrap();
    assert!(code == 3 && said.contains("full cannot be written: No space left on device"), "{code} {said}");
    let (code, ended) = desk.import(&dev, &["--refused", "elsewhere"]);
    assert_eq!((code, &ended["refused"], desk.refused("elsewhere").len()), (1, &1.into(), 1), "{ended}");
}
