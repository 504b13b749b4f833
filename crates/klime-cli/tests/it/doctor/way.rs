//! What can stand in the way to Klime: DNS, TCP, TLS and proxies.

use std::io::{self, BufReader, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use super::super::support::{Asked, Certificate, Klime, Server, TlsServer, listen};
use super::{assert_found, doctor, examine};

#[test]
fn a_name_that_does_not_exist_is_told_from_a_port_that_is_closed() {
    let (code, steps, dns) = examine(doctor("https://klime.invalid"), "dns");
    assert_eq!(code, 3);
    assert!(steps.contains("dns failed, tcp skipped"), "{steps}");
    assert_found(&dns, "klime.invalid was not found", "how the host is spelt");

    let (code, steps, tcp) = examine(doctor("http://127.0.0.1:1"), "tcp");
    assert_eq!(code, 3);
    assert!(steps.contains("tcp failed, tls skipped"), "{steps}");
    assert_found(&tcp, "127.0.0.1:1: refused, nothing listens there", "is klime dev started?");
}

/// Linux drops the requests for connections that a full backlog has no room for, like a firewall does.
#[cfg(target_os = "linux")]
#[test]
fn an_address_that_never_answers_costs_no_more_than_the_timeout() {
    let listener = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    listener.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    listener.listen(0).unwrap();
    let address = listener.local_addr().unwrap().as_socket().unwrap();
    let short = Duration::from_millis(200);
    let mut waiting = Vec::new();
    // It is full when nobody gets in any more, three times in a row.
    let mut refused = 0;
    while refused < 3 {
        match TcpStream::connect_timeout(&address, short) {
            Ok(stream) => waiting.push(stream),
            Err(_) => refused += 1,
        }
    }
    let klime = Klime::new(&["doctor", "--json", "--timeout", "400ms"]).at(&format!("http://{address}"));
    let (code, _, tcp) = examine(klime, "tcp");
    assert_eq!(code, 3);
    assert_found(&tcp, "no answer", "firewall");
}

#[test]
fn a_server_that_takes_the_connection_and_says_nothing_costs_no_more_than_the_timeout() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    for (scheme, step, sentence) in
        [("http", "answer", "connected, but no answer within 400ms"), ("https", "tls", "does not answer the handshake")]
    {
        let klime = Klime::new(&["doctor", "--json", "--timeout", "400ms"]).at(&format!("{scheme}://{address}"));
        let (code, _, found) = examine(klime, step);
        assert_eq!(code, 3);
        assert_found(&found, sentence, "");
    }
}

#[test]
fn a_certificate_of_an_authority_that_is_known_is_trusted() {
    let server = TlsServer::start(Certificate::Right);
    let trusting = doctor(&server.endpoint()).variable("SSL_CERT_FILE", server.authority().to_str().unwrap());
    let (code, steps, tls) = examine(trusting, "tls");
    assert_eq!(code, 0, "{steps}: {tls}");
    assert_found(&tls, "TLS 1.3, the certificate is trusted", "");

    let (code, steps, tls) = examine(doctor(&server.endpoint()), "tls");
    assert_eq!(code, 3);
    assert!(steps.contains("tls failed, answer skipped"), "{steps}");
    assert_found(&tls, "an authority that this machine does not trust", "SSL_CERT_FILE");
}

#[test]
fn what_is_wrong_with_a_certificate_is_said_in_words() {
    for (certificate, sentence, fix) in [
        (Certificate::Expired, "the server's certificate has expired", "clock is wrong: it says 20"),
        (Certificate::Future, "the server's certificate is not valid yet", "clock is most likely wrong"),
        (Certificate::WrongHost, "the certificate is not for 127.0.0.1 but for", "check the host in the endpoint"),
    ] {
        let server = TlsServer::start(certificate);
        let trusting = doctor(&server.endpoint()).variable("SSL_CERT_FILE", server.authority().to_str().unwrap());
        let (code, _, tls) = examine(trusting, "tls");
        assert_eq!(code, 3, "{certificate:?}");
        assert_found(&tls, sentence, fix);
    }
}

#[test]
fn a_port_without_tls_is_told() {
    let server = Server::klime();
    let endpoint = server.endpoint().replace("http://", "https://");
    let (code, _, tls) = examine(doctor(&endpoint), "tls");
    assert_eq!(code, 3);
    assert_found(&tls, "", "an endpoint of plain http begins with http://");
}

/// Tunnels to `target` whatever host it is asked for, or refuses.
fn proxy(target: Option<SocketAddr>) -> SocketAddr {
    listen(move |mut client: TcpStream| {
        let Some(Asked { line, .. }) = Asked::read(&mut BufReader::new(&client)) else {
            return;
        };
        assert!(line.starts_with("CONNECT klime.example:443 "), "{line}");
        let Some(target) = target else {
            let _ = client.write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n");
            return;
        };
        let server = TcpStream::connect(target).unwrap();
        client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").unwrap();
        let pass = |mut from: &TcpStream, mut to: &TcpStream| {
            let _ = io::copy(&mut from, &mut to);
            let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
        };
        thread::scope(|scope| {
            scope.spawn(|| pass(&client, &server));
            pass(&server, &client);
        });
    })
}

#[test]
fn through_a_proxy_the_proxy_is_examined_and_tls_runs_inside_its_tunnel() {
    let server = TlsServer::start(Certificate::WrongHost);
    let address = proxy(Some(server.address()));
    let url = format!("http://user:hunter2@{address}");
    let klime = || {
        let trusting = doctor("https://klime.example").variable("SSL_CERT_FILE", server.authority().to_str().unwrap());
        trusting.variable("https_proxy", &url)
    };
    let (code, steps, found) = examine(klime(), "answer");
    assert_eq!(code, 3);
    let expected =
        "configuration ok, proxy ok, dns skipped, tcp ok, tls skipped, answer failed, clock skipped, key skipped";
    assert_eq!(steps, expected);
    assert_found(&found, "the certificate is not for klime.example but for", "");
    let (_, _, found) = examine(klime(), "proxy");
    assert_eq!(found["found"], format!("{address} (https_proxy)"));
}

#[test]
fn a_proxy_that_wants_a_password_says_so() {
    let address = proxy(None);
    let klime = doctor("https://klime.example").variable("HTTPS_PROXY", &format!("http://{address}"));
    let (code, _, found) = examine(klime, "answer");
    assert_eq!(code, 2);
    assert_found(&found, "407, the proxy wants a password", "http://user:password@host:port");
}
