//! A track event without a user and a group does not compile, and the compiler says in our words what to do.

#![cfg(test)]

use std::fs;
use std::path::PathBuf;

const SENTENCE: &str = "this event has neither a user nor a group, and Klime takes no anonymous events";
const ADVICE: &str = "call `.user(id)` or `.group(id)` before this";

/// What the compiler says about each case; `trybuild` keeps these files true.
fn messages() -> Vec<(PathBuf, String)> {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/ui");
    let files = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let messages = files.filter(|path| path.extension().is_some_and(|extension| extension == "stderr"));
    messages.map(|path| (path.clone(), fs::read_to_string(path).unwrap())).collect()
}

#[test]
fn track_without_a_user_or_a_group_does_not_compile() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/ui/*_without_user_or_group.rs");
    cases.pass("tests/ui/with_user_or_group.rs");
}

#[test]
fn compiler_says_our_sentence_once() {
    let messages = messages();
    assert_eq!(messages.len(), 5);
    for (path, message) in messages {
        assert_eq!(message.matches(SENTENCE).count(), 1, "{}: {message}", path.display());
        assert_eq!(message.matches(ADVICE).count(), 1, "{}: {message}", path.display());
        assert_eq!(message.matches("error").count(), 1, "{}: {message}", path.display());
    }
}
