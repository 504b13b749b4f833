//! The vectors of `conformance/`, run against this SDK. Its README says what a case means.

mod calls;
mod matching;
mod notices;
mod run;
mod schema;
mod vectors;

const LIBRARY_NAME: &str = "rust-sdk";
const LIBRARY_VERSION: &str = env!("CARGO_PKG_VERSION");

#[test]
fn calls_become_the_right_requests() {
    check("wire.json");
}

#[test]
fn limits_are_exact() {
    check("limits.json");
}

#[test]
fn each_answer_is_understood() {
    check("answers.json");
}

#[test]
fn wrong_input_is_refused_at_the_call() {
    check("input.json");
}

#[test]
fn flush_and_shutdown_do_what_they_say() {
    check("lifecycle.json");
}

/// Runs all cases of a file before it fails, so that one run shows all that is wrong.
#[track_caller]
fn check(file: &str) {
    let cases = vectors::load(file);
    let failures: Vec<String> =
        cases.iter().filter_map(|case| Some(format!("{}: {}", case.name, run::run(case).err()?))).collect();
    assert!(failures.is_empty(), "{} of {} cases failed\n{}", failures.len(), cases.len(), failures.join("\n"));
}
