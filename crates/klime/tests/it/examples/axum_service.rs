//! The service, and its end in the middle of the traffic.

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::mpsc::{Sender, channel};
use std::thread;

use serde_json::Value;
use tungstenite::client::IntoClientRequest;
use tungstenite::{Message, WebSocket};

use super::program::{Ended, LIMIT, Program};
use crate::support::Server;

const BODY: &str = r#"{"format":"csv"}"#;

fn start(server: &Server) -> (Program, String) {
    let service = Program::start("axum_service", &[], server);
    let address = service.line().strip_prefix("http://").unwrap().to_owned();
    (service, address)
}

fn connect(address: &str) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(LIMIT))?;
    Ok(stream)
}

fn head(user: Option<&str>, more: &str) -> String {
    let user = user.map_or(String::new(), |user| format!("X-User-Id: {user}\r\n"));
    let length = BODY.len();
    format!(
        "POST /exports HTTP/1.1\r\nHost: klime\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\
         Connection: close\r\n{user}{more}\r\n"
    )
}

/// Asks for an export, and says whether the service confirmed it.
fn export(address: &str, user: Option<&str>) -> io::Result<bool> {
    let mut stream = connect(address)?;
    stream.write_all([&head(user, ""), BODY].concat().as_bytes())?;
    is_confirmed(stream)
}

fn is_confirmed(mut stream: impl Read) -> io::Result<bool> {
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with(BODY))
}

fn open_dashboard(address: &str, user: &str) -> WebSocket<TcpStream> {
    let mut request = format!("ws://{address}/dashboard").into_client_request().unwrap();
    request.headers_mut().insert("x-user-id", user.parse().unwrap());
    let (socket, _) = tungstenite::client(request, connect(address).unwrap()).unwrap();
    socket
}

/// How often each user did each thing, after a check that no event arrived twice.
fn counts(server: &Server) -> HashMap<(String, String), usize> {
    let events = server.events();
    let text = |event: &Value, key: &str| event[key].as_str().unwrap().to_owned();
    let ids: HashMap<_, _> = events.iter().map(|event| (text(event, "messageId"), ())).collect();
    assert_eq!(ids.len(), events.len());
    let mut counts = HashMap::new();
    for event in &events {
        *counts.entry((text(event, "userId"), text(event, "event"))).or_default() += 1;
    }
    counts
}

fn did(user: &str, what: &str) -> (String, String) {
    (user.to_owned(), what.to_owned())
}

#[track_caller]
fn assert_ended_well(ended: &Ended) {
    assert!(ended.success, "{ended:?}");
    let report = ended.lines.last().unwrap();
    assert!(report.ends_with(" accepted, 0 rejected, 0 failed, 0 dropped, 0 pending"), "{report}");
}

#[test]
fn exports_are_tracked_for_users_and_not_for_strangers() {
    let server = Server::start();
    let (service, address) = start(&server);
    assert!(export(&address, Some("user_1")).unwrap());
    assert!(export(&address, None).unwrap());
    service.interrupt();
    assert_ended_well(&service.end());
    let events = server.events();
    assert_eq!(events.len(), 1);
    assert_eq!((&events[0]["event"], &events[0]["userId"]), (&"Export Clicked".into(), &"user_1".into()));
    assert_eq!(events[0]["properties"]["format"], "csv");
}

#[test]
fn service_stopped_in_the_middle_of_traffic_loses_no_event_that_it_confirmed() {
    let server = Server::start();
    let (service, address) = start(&server);
    let (sender, confirmed) = channel();
    let clients: Vec<_> = (0..4)
        .map(|client| {
            let (address, sender) = (address.clone(), sender.clone());
            thread::spawn(move || export_until_refused(&address, client, &sender))
        })
        .collect();
    drop(sender);
    let mut users: Vec<String> = (0..100).map(|_| confirmed.recv_timeout(LIMIT).unwrap()).collect();
    service.terminate();
    assert_ended_well(&service.end());
    for client in clients {
        client.join().unwrap();
    }
    users.extend(confirmed);

    let counts = counts(&server);
    for user in &users {
        assert_eq!(counts.get(&did(user, "Export Clicked")), Some(&1), "{user} was confirmed");
    }
}

/// All clients together ask for fewer exports than the queue holds.
fn export_until_refused(address: &str, client: usize, confirmed: &Sender<String>) {
    for number in 0..200 {
        let user = format!("user_{client}_{number}");
        match export(address, Some(&user)) {
            Ok(true) => confirmed.send(user).unwrap(),
            // Cut off or not let in: nothing was confirmed.
            Ok(false) | Err(_) => return,
        }
    }
}

#[test]
fn request_and_dashboard_that_are_open_when_the_signal_comes_are_counted() {
    let server = Server::start();
    let (service, address) = start(&server);
    let mut dashboard = open_dashboard(&address, "viewer");
    dashboard.send(Message::text(BODY)).unwrap();
    assert_eq!(dashboard.read().unwrap(), Message::text(BODY));
    // The interim answer says that the handler waits for the body.
    let mut request = BufReader::new(connect(&address).unwrap());
    request.get_mut().write_all(head(Some("slow"), "Expect: 100-continue\r\n").as_bytes()).unwrap();
    let mut interim = String::new();
    while interim.lines().last() != Some("") {
        assert!(request.read_line(&mut interim).unwrap() > 0, "{interim}");
    }
    assert!(interim.starts_with("HTTP/1.1 100 "), "{interim}");

    service.terminate();
    assert!(dashboard.read().unwrap().is_close());
    request.get_mut().write_all(BODY.as_bytes()).unwrap();
    assert!(is_confirmed(request).unwrap());
    assert_ended_well(&service.end());
    let expected = [did("viewer", "Dashboard Viewed"), did("viewer", "Export Clicked"), did("slow", "Export Clicked")];
    assert_eq!(counts(&server), expected.map(|what| (what, 1)).into());
}
