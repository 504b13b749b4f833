//! Each class of statuses: taken, tried again, or final.

use klime::SendErrorKind;

use super::faults::{End, check};
use crate::support::Answer;

fn statuses(statuses: impl IntoIterator<Item = u16>, requests: usize, end: impl Fn(u16) -> End) {
    for status in statuses {
        check(&format!("status {status}"), vec![Answer::status(status); requests], requests, end(status));
    }
}

fn failed(status: u16) -> End {
    End::Failed(SendErrorKind::Status, Some(status))
}

#[test]
fn any_2xx_is_taken_and_sent_once() {
    statuses([200, 201, 202, 203, 204, 205, 206, 207, 226, 299], 1, |_| End::Accepted);
}

#[test]
fn any_3xx_is_final() {
    statuses([300, 301, 302, 303, 304, 305, 307, 308, 399], 1, failed);
}

#[test]
fn most_4xx_are_final() {
    statuses([400, 401, 402, 403, 404, 405, 406, 407, 409, 410, 411, 415, 422, 431, 451, 499], 1, failed);
}

#[test]
fn statuses_that_pass_are_tried_again_until_the_attempts_are_spent() {
    statuses([408, 425, 429, 500, 501, 502, 503, 504, 507, 511, 599], 3, failed);
}

#[test]
fn status_that_passes_may_pass() {
    for status in [408, 425, 429, 500, 502, 503, 504] {
        let answers = vec![Answer::status(status); 2];
        check(&format!("{status} twice"), answers, 3, End::Accepted);
    }
}

#[test]
fn attempts_count_on_whatever_went_wrong_before() {
    let answers = [Answer::status(503), Answer::reset(), Answer::status(429)];
    check("503, a reset, 429", answers, 3, failed(429));
    let answers = [Answer::reset(), Answer::status(401)];
    check("a reset, 401", answers, 2, failed(401));
}

#[test]
fn status_that_is_none_of_http_is_final() {
    statuses([600, 999], 1, failed);
}
