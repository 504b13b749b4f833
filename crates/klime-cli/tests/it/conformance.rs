//! The vectors of `conformance/`, played against `klime dev`. Its README says what a case means; what an SDK does with an answer is
//! tested with the SDK, here it is about the receiver: it must take each request that the vectors say an SDK sends, give the
//! answers that they ask for, and keep what it was sent.
//!
//! - **Played**: the SDK talks to `klime dev`, whose faults give the answers of the case. All cases that are not in `POSTED`.
//! - **Posted**: a fault cannot give the answers of the case (a 2xx with an odd body, a redirect, a 404 elsewhere, a refusal of
//!   chosen events, faults between accepted requests). The SDK talks to a server by script, and the bodies that it sent
//!   there are posted to `klime dev`, which must accept each of their events, or take it for the duplicate that a retry is.

mod answers;
#[path = "../../../klime/tests/it/conformance/calls.rs"]
mod calls;
mod play;
mod post;
#[path = "../../../klime/tests/it/conformance/vectors.rs"]
mod vectors;

use crate::support::Dev;

const LIBRARY_NAME: &str = "rust-sdk";
/// The SDK and the command have the version of the workspace.
const LIBRARY_VERSION: &str = env!("CARGO_PKG_VERSION");

/// The cases whose answers a fault cannot give, in the order of the files.
const POSTED: &[&str] = &[
    "path_of_the_endpoint_is_kept",
    "path_of_the_endpoint_may_end_in_a_slash",
    "any_2xx_is_taken_whatever_its_body",
    "accepted_is_what_was_sent_and_not_refused",
    "refused_event_is_rejected_and_the_others_accepted",
    "all_events_of_a_2xx_may_be_refused",
    "refused_events_may_be_listed_in_any_order",
    "event_listed_twice_is_rejected_once",
    "event_listed_twice_and_counted_twice_counts_as_two",
    "index_outside_the_batch_names_no_event",
    "more_refused_than_listed_counts_as_refused",
    "more_listed_than_refused_counts_as_listed",
    "no_more_than_the_batch_can_be_refused",
    "redirects_are_not_followed",
    "final_answer_hurts_only_its_batch",
    "transient_statuses_are_retried",
    "refused_in_a_retry_is_rejected",
    "retry_after_as_a_date_is_waited_for",
    "retry_after_in_the_past_is_no_wait",
    "retry_after_that_makes_no_sense_is_ignored",
    "connection_closed_within_the_request_is_retried",
];

#[test]
fn each_case_is_understood() {
    let dev = Dev::start(&[]);
    let (mut posted, mut failures) = (Vec::new(), Vec::new());
    for case in vectors::FILES.iter().flat_map(|file| vectors::load(file)) {
        let result = match answers::faults(&case) {
            Some(faults) => play::play(&dev, &case, &faults),
            None => {
                posted.push(case.name.clone());
                post::post(&dev, &case)
            }
        };
        failures.extend(result.err().map(|problem| format!("{}: {problem}", case.name)));
        dev.post("/dev/reset", &serde_json::Value::Null);
    }
    assert!(failures.is_empty(), "{} cases failed\n{}", failures.len(), failures.join("\n"));
    assert_eq!(posted, POSTED);
}
