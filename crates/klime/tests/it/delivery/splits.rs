//! 413: the batch is sent in halves, until what is too large stands alone.

use klime::SendErrorKind;

use super::setup::{LIMIT, builder, enqueue, names, numbered};
use super::told::Told;
use crate::support::{Answer, Received, Server, balanced};

fn too_large_if(is_too_large: impl Fn(&Received) -> bool + Send + Sync + 'static) -> Server {
    Server::answering(move |request| if is_too_large(request) { Answer::status(413) } else { Answer::ok() })
}

#[test]
fn odd_batch_is_halved_down_to_single_events_in_order() {
    let server = too_large_if(|request| request.events().len() > 1);
    let told = Told::default();
    let client = told.listen(builder(server.endpoint()).max_in_flight(1)).build().unwrap();
    enqueue(&client, numbered(5));
    assert_eq!(client.flush_blocking(LIMIT).accepted, 5);
    let requests = server.requests();
    let sizes: Vec<usize> = requests.iter().map(|request| request.events().len()).collect();
    assert_eq!(sizes, [5, 2, 1, 1, 3, 1, 2, 1, 1]);
    let taken: Vec<String> = requests.iter().filter(|request| request.events().len() == 1).flat_map(names).collect();
    assert_eq!(taken, numbered(5));
    let _ = client.shutdown_blocking(LIMIT);
    assert_eq!((told.calls().successes.len(), told.calls().errors.len()), (5, 0));
    assert_eq!(balanced(&client).retries, 0, "a half is no retry");
}

#[test]
fn event_that_is_too_large_alone_fails_alone() {
    let server = too_large_if(|request| names(request).contains(&"Event 0006".to_owned()));
    let told = Told::default();
    let client = told.listen(builder(server.endpoint())).build().unwrap();
    enqueue(&client, numbered(13));
    let report = client.flush_blocking(LIMIT);
    assert_eq!((report.accepted, report.failed), (12, 1));
    let _ = client.shutdown_blocking(LIMIT);
    let calls = told.calls();
    let [error] = calls.errors.as_slice() else { panic!("{calls:?}") };
    assert_eq!((error.kind, error.status, error.attempts), (SendErrorKind::Status, Some(413), 1));
    assert_eq!(error.names, ["Event 0006"]);
    balanced(&client);
}

#[test]
fn single_event_is_not_sent_again() {
    let server = Server::scripted([Answer::status(413)]);
    let client = builder(server.endpoint()).build().unwrap();
    let error = client.track("Report Generated").user("user_1").send_blocking(LIMIT).unwrap_err();
    assert_eq!((error.status_code(), error.attempts(), error.events().len()), (Some(413), 1, 1));
    assert_eq!(server.requests().len(), 1);
    balanced(&client);
}

#[test]
fn half_has_all_its_attempts() {
    let answers = [Answer::status(503), Answer::status(413), Answer::status(503), Answer::reset(), Answer::ok()];
    let server = Server::scripted(answers);
    let client = builder(server.endpoint()).max_in_flight(1).retry_max_attempts(3).build().unwrap();
    enqueue(&client, numbered(3));
    assert_eq!(client.flush_blocking(LIMIT).accepted, 3);
    let sizes: Vec<usize> = server.requests().iter().map(|request| request.events().len()).collect();
    assert_eq!(sizes, [3, 3, 1, 1, 1, 2]);
    balanced(&client);
}
