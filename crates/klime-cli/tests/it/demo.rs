//! `klime dev --demo`.

use super::support::{Klime, Program};

fn demo(arguments: &[&str]) -> Klime {
    Klime::without_key(&[&["dev", "--demo", "--port", "0"], arguments].concat())
}

/// The two numbers of `sent …, arrived …`.
#[track_caller]
fn sent_and_arrived(stdout: &str) -> (usize, usize) {
    let line = stdout.lines().find(|line| line.starts_with("sent ")).unwrap_or_else(|| panic!("{stdout}"));
    let mut numbers = line.split([' ', ',']).filter_map(|word| word.parse().ok());
    (numbers.next().unwrap(), numbers.next().unwrap())
}

#[test]
fn each_event_of_the_month_is_shown_and_all_that_were_sent_arrived() {
    let ran = demo(&["--exec", "true"]).run();
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let (sent, arrived) = sent_and_arrived(&ran.stdout);
    assert!(sent > 1500 && arrived == sent, "{sent} {arrived}");
    assert!(ran.stdout.contains("All that were sent arrived."));
    let shown = |mark: &str| ran.stdout.lines().filter(|line| line.contains(mark)).count();
    // One of those that arrived was refused on purpose, and one came twice.
    assert_eq!((shown(" ✓ "), shown(" ✗ "), shown(" ≡ ")), (sent - 1, 1, 1));
    assert!(shown("✓ track    Button Clicked") > 50);
    let table =
        ran.stdout.lines().filter(|line| line.ends_with("active") || line.ends_with("quiet") || line.ends_with("idle"));
    assert_eq!(table.count(), 12);
}

#[test]
fn events_that_do_not_arrive_are_told_and_fail_it() {
    let ran = demo(&["--exec", "true", "--fault", "partial,share=0.05,count=1"]).run();
    assert_eq!(ran.code, 1);
    let (sent, arrived) = sent_and_arrived(&ran.stdout);
    assert_eq!(sent - arrived, 5);
    assert!(ran.stdout.contains("5 did not arrive"), "{}", ran.stdout);
}

#[test]
fn the_numbers_of_a_failure_add_up_and_say_why() {
    let ran = demo(&["--exec", "true", "--fault", "401"]).run();
    assert_eq!(ran.code, 1);
    let (sent, arrived) = sent_and_arrived(&ran.stdout);
    assert_eq!(arrived, 0);
    // The one that is made by hand is none of the SDK's.
    let line = format!("{sent} did not arrive: {} failed; the SDK: Klime answered 401", sent - 1);
    assert!(ran.stdout.contains(&line), "{}", ran.stdout);
}

#[test]
fn a_file_that_holds_events_is_not_filled_again() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("events.db");
    let file = file.to_str().unwrap();
    assert_eq!(demo(&["--exec", "true", "--db", file]).run().code, 0);
    let again = demo(&["--exec", "true", "--db", file]).run();
    assert_eq!(again.code, 2);
    assert!(again.stderr.contains("--demo fills an empty file, and"), "{}", again.stderr);
}

#[test]
fn machines_get_the_numbers_as_json() {
    let ran = demo(&["--exec", "true", "--json"]).run();
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let line = ran.stdout.lines().find(|line| line.starts_with("{\"demo\":")).unwrap();
    let numbers: serde_json::Value = serde_json::from_str(line).unwrap();
    assert_eq!(numbers["demo"]["sent"], numbers["demo"]["arrived"]);
}

#[test]
fn a_command_finds_the_month_and_sends_there() {
    let klime = env!("CARGO_BIN_EXE_klime");
    let ran = demo(&["--exec", &format!("'{klime}' track 'Test Finished' --user user_2001")]).run();
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stdout.contains("taken by http://127.0.0.1:"), "{}", ran.stdout);
    assert!(ran.stdout.lines().any(|line| line.contains("✓ track    Test Finished")));
}

#[cfg(unix)]
#[test]
fn people_go_on_until_it_is_stopped() {
    let program = Program::start(demo(&[]));
    while !program.line().starts_with("The page: http://127.0.0.1:") {}
    assert_eq!(program.line(), "");
    let live = program.line();
    assert!(live.contains(" ✓ track "), "{live}");
    assert_eq!(program.interrupt(), 0);
}
