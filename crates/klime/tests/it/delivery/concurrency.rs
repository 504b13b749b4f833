//! Connections side by side: as few as do, never more than allowed; and the order.

use std::time::{Duration, Instant};

use super::setup::{LIMIT, accepted, builder, enqueue, message_ids, names, numbered};
use super::told::Told;
use crate::support::{Answer, Gate, Server, balanced};

/// A further connection is for a batch that has been ready and unsent for this long.
const PATIENCE: Duration = Duration::from_millis(10);

#[test]
fn further_connection_is_opened_only_for_a_batch_that_has_waited() {
    let gate = Gate::new();
    let held = gate.clone();
    let server = Server::answering(move |_| Answer::held(&held));
    let client = builder(server.endpoint()).max_batch_size(1).build().unwrap();
    let began = now();
    enqueue(&client, numbered(4));
    gate.wait_until_reached(4);
    gate.open();
    assert_eq!(accepted(&client), 4);
    let further: Vec<_> = server.requests().into_iter().filter(|request| request.connection > 0).collect();
    assert_eq!(further.len(), 3);
    assert!(further.iter().all(|request| request.at - began >= PATIENCE), "{further:?}");
    balanced(&client);
}

#[expect(clippy::disallowed_methods, reason = "compared with when requests arrived")]
fn now() -> Instant {
    Instant::now()
}

#[test]
fn batches_one_after_another_share_a_connection() {
    let server = Server::start();
    let client = builder(server.endpoint()).build().unwrap();
    for name in numbered(30) {
        enqueue(&client, [name]);
        assert_eq!(client.flush_blocking(LIMIT).accepted, 1);
    }
    assert_eq!((server.connections(), server.most_in_flight()), (1, 1));
    assert_eq!(server.requests().iter().flat_map(names).collect::<Vec<_>>(), numbered(30));
    balanced(&client);
}

#[test]
fn slow_server_gets_as_many_connections_as_are_allowed_and_no_more() {
    for allowed in [1, 3, 4] {
        let gate = Gate::new();
        let held = gate.clone();
        let server = Server::answering(move |_| Answer::held(&held));
        let client = builder(server.endpoint()).max_batch_size(1).max_in_flight(allowed).build().unwrap();
        enqueue(&client, numbered(12));
        gate.wait_until_reached(allowed);
        gate.open();
        assert_eq!(accepted(&client), 12);
        assert_eq!((server.most_in_flight(), server.connections()), (allowed, allowed));
        let mut arrived: Vec<String> = server.requests().iter().flat_map(names).collect();
        arrived.sort();
        assert_eq!(arrived, numbered(12));
        balanced(&client);
    }
}

#[test]
fn retries_and_resets_never_take_more_connections_at_a_time() {
    let gate = Gate::new();
    let first_four = [503, 429, 500, 502].map(|status| Answer::status(status).held_by(&gate));
    let server = Server::scripted(first_four.into_iter().chain([Answer::reset(), Answer::reset()]));
    let client = builder(server.endpoint()).max_batch_size(1).build().unwrap();
    enqueue(&client, numbered(40));
    gate.wait_until_reached(4);
    gate.open();
    assert_eq!(accepted(&client), 40);
    assert_eq!(server.most_in_flight(), 4);
    assert_eq!(server.requests().len(), 46);
    balanced(&client);
}

#[test]
fn one_at_a_time_keeps_the_order_through_retries() {
    let answers = [
        Answer::status(503),
        Answer::ok(),
        Answer::reset(),
        Answer::status(429),
        Answer::ok(),
        Answer::refuse_mid_request(),
        Answer::status(413),
    ];
    let server = Server::scripted(answers);
    let client = builder(server.endpoint()).max_in_flight(1).max_batch_size(2).build().unwrap();
    enqueue(&client, numbered(8));
    assert_eq!(accepted(&client), 8);
    let requests = server.requests();
    let bodies: Vec<Vec<String>> = requests.iter().filter(|request| request.complete).map(names).collect();
    let batch = |first: usize, events: usize| numbered(8)[first..first + events].to_vec();
    let expected = [(0, 2), (0, 2), (2, 2), (2, 2), (2, 2), (4, 2), (4, 1), (5, 1), (6, 2)];
    assert_eq!(bodies, expected.map(|(first, events)| batch(first, events)));
    assert_eq!(server.most_in_flight(), 1);
    balanced(&client);
}

#[test]
fn send_goes_before_what_is_queued() {
    let gate = Gate::new();
    let server = Server::scripted([Answer::held(&gate)]);
    let client = builder(server.endpoint()).max_in_flight(1).max_batch_size(2).build().unwrap();
    enqueue(&client, numbered(2));
    gate.wait_until_reached(1);
    enqueue(&client, ["Queued 1", "Queued 2", "Queued 3"]);
    let urgent = client.track("Urgent").user("user_1").send();
    gate.open();
    assert_eq!(accepted(&client), 6);
    drop(urgent);
    let bodies: Vec<Vec<String>> = server.requests().iter().map(names).collect();
    assert_eq!(bodies[0], numbered(2));
    assert_eq!(bodies[1..], [vec!["Urgent"], vec!["Queued 1", "Queued 2"], vec!["Queued 3"]]);
    balanced(&client);
}

#[test]
fn sends_of_many_threads_get_their_own_answers() {
    let server = Server::start();
    let client = builder(server.endpoint()).build().unwrap();
    std::thread::scope(|scope| {
        for number in 0..16 {
            let client = &client;
            scope.spawn(move || {
                let answer = client.track("Invoice Paid").user(number).send_blocking(LIMIT).unwrap();
                assert_eq!((answer.accepted, answer.failed), (1, 0));
            });
        }
    });
    let requests = server.requests();
    assert!(requests.iter().all(|request| request.events().len() == 1));
    let mut ids: Vec<String> = requests.iter().flat_map(message_ids).collect();
    ids.sort();
    ids.dedup();
    assert_eq!((requests.len(), ids.len()), (16, 16));
    assert!(server.most_in_flight() <= 4 && server.connections() <= 4);
    balanced(&client);
}

#[test]
fn shutdown_ends_behind_the_callbacks_of_all_batches() {
    let server = Server::start();
    // Workers that settle at the same time once told their callbacks in any order, about once in forty rounds.
    for round in 0..150 {
        let told = Told::default();
        let client = told.listen(builder(server.endpoint()).max_batch_size(1).max_in_flight(8)).build().unwrap();
        enqueue(&client, numbered(40));
        let _ = client.shutdown_blocking(LIMIT);
        assert_eq!((told.calls().successes.len(), balanced(&client).accepted), (40, 40), "round {round}");
    }
}
