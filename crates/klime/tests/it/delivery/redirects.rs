//! Redirects are not followed: the write key and the events must not travel to another host.

use klime::SendErrorKind;

use super::setup::{LIMIT, builder, enqueue};
use super::told::Told;
use crate::support::{Answer, Server, balanced};

const STATUSES: [u16; 5] = [301, 302, 303, 307, 308];

/// Sends an event to a server that redirects, and checks that this is where it ends.
#[track_caller]
fn check(status: u16, location: Option<&str>) {
    let redirect = Answer::status(status);
    let redirect = location.iter().fold(redirect, |redirect, location| redirect.header("Location", location));
    let server = Server::scripted([redirect]);
    let told = Told::default();
    let client = told.listen(builder(server.endpoint())).build().unwrap();
    enqueue(&client, ["Report Generated"]);
    assert_eq!(client.flush_blocking(LIMIT).failed, 1, "{status} {location:?}");
    let _ = client.shutdown_blocking(LIMIT);
    assert_eq!(server.requests().len(), 1, "{status} {location:?}");
    let calls = told.calls();
    let [error] = calls.errors.as_slice() else { panic!("{status} {location:?}: {calls:?}") };
    assert_eq!((error.kind, error.status, error.attempts), (SendErrorKind::Status, Some(status), 1), "{location:?}");
    assert_eq!(error.names, ["Report Generated"]);
    assert_eq!(balanced(&client).failed, 1);
}

#[test]
fn target_of_a_redirect_sees_nothing() {
    let elsewhere = Server::start();
    let location = format!("{}/v1/batch", elsewhere.endpoint());
    for status in STATUSES {
        check(status, Some(&location));
    }
    assert_eq!((elsewhere.requests().len(), elsewhere.connections()), (0, 0));
}

#[test]
fn redirect_within_the_same_origin_is_not_followed_either() {
    for status in STATUSES {
        check(status, Some("/v2/batch"));
    }
}

#[test]
fn redirect_to_nowhere_is_an_answer_like_any_other() {
    for location in [None, Some(""), Some("http://"), Some("://"), Some("/../../../x"), Some("\u{fc}")] {
        for status in STATUSES {
            check(status, location);
        }
    }
}
