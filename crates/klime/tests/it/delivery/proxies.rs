//! The proxy that the environment names: used, or not, by the conventions of curl.
//!
//! Names of hosts are never resolved here: the proxy leads to the real server whatever it is asked for. `0.0.0.0` is the one
//! address that reaches this machine and is none of loopback's.

use std::net::SocketAddr;

use super::program::{Output, Program};
use super::setup::KEY;
use crate::support::Server;
use crate::support::proxy::Proxy;
use crate::support::socks::SocksProxy;
use crate::support::tls::{Certificate, TlsServer};

const ACCEPTED: &str = "1 accepted, 0 rejected, 0 failed, 0 dropped, 0 pending";
const FAILED: &str = "0 accepted, 0 rejected, 1 failed, 0 dropped, 0 pending";

fn address(endpoint: &str) -> SocketAddr {
    endpoint.split_once("://").unwrap().1.parse().unwrap()
}

fn leading_to(endpoint: &str) -> Proxy {
    Proxy::leading_to(address(endpoint))
}

fn port(endpoint: &str) -> &str {
    endpoint.rsplit_once(':').unwrap().1
}

#[track_caller]
fn check_tunnelled(output: &Output, proxy: &Proxy, host: &str) {
    assert_eq!(output.line("report"), ACCEPTED);
    assert_eq!(proxy.connects(), [host]);
    assert!(proxy.absolute_forms().is_empty());
}

#[test]
fn plain_http_goes_through_http_proxy() {
    for variable in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"] {
        let server = Server::start();
        let proxy = leading_to(&server.endpoint());
        let program = Program::sending_to("http://klime.test:8080").variable(variable, &proxy.endpoint());
        check_tunnelled(&program.run(), &proxy, "klime.test:8080");
        assert_eq!(server.events().len(), 1, "{variable}");
    }
}

#[test]
fn socks_proxy_resolves_the_name_and_leads_to_the_server() {
    let server = Server::start();
    let proxy = SocksProxy::leading_to(address(&server.endpoint()));
    let program = Program::sending_to("http://klime.test:8080");
    let output = program.variable("all_proxy", &format!("socks5h://{}", proxy.address())).run();
    assert_eq!(output.line("report"), ACCEPTED);
    assert_eq!((proxy.asked(), server.events().len()), (vec!["klime.test:8080".to_owned()], 1));
}

#[test]
fn https_goes_through_https_proxy_and_is_verified_end_to_end() {
    // The certificate is for elsewhere.example, which is what is asked for here.
    let server = TlsServer::start(Certificate::WrongHost);
    let proxy = leading_to(&server.endpoint());
    let roots = std::env::temp_dir().join(format!("klime-{}-proxied.pem", std::process::id()));
    std::fs::write(&roots, server.authority_pem()).unwrap();
    let through = |endpoint: &str| {
        let program = Program::sending_to(endpoint).variable("SSL_CERT_FILE", roots.to_str().unwrap());
        program.variable("https_proxy", &proxy.endpoint()).run()
    };
    check_tunnelled(&through("https://elsewhere.example"), &proxy, "elsewhere.example:443");
    assert_eq!(server.requests().len(), 1);
    let output = through("https://klime.test");
    std::fs::remove_file(&roots).unwrap();
    assert_eq!(output.line("report"), FAILED);
    assert!(output.line("error").contains("the TLS connection failed"), "{output:?}");
    assert_eq!((server.requests().len(), server.bytes_after_failure()), (1, 0));
}

#[test]
fn proxy_never_sees_the_write_key() {
    let server = Server::start();
    let proxy = leading_to(&server.endpoint());
    let with_password = proxy.endpoint().replace("http://", "http://user:proxy-password@");
    let program = Program::sending_to("http://klime.test:8080").variable("http_proxy", &with_password);
    assert_eq!(program.run().line("report"), ACCEPTED);
    let [connect] = &proxy.asked()[..] else { panic!("{proxy:?}") };
    assert!(!format!("{connect:?}").contains(KEY), "{connect:?}");
    let basic = connect.header("proxy-authorization").unwrap();
    assert!(basic.starts_with("Basic ") || basic.starts_with("basic "), "{basic}");
    assert_eq!(server.requests()[0].header("proxy-authorization"), None);
    assert_eq!(server.requests()[0].header("authorization"), Some("Bearer test-key"));
}

#[test]
fn host_in_no_proxy_is_reached_directly() {
    let server = Server::start();
    let endpoint = format!("http://0.0.0.0:{}", port(&server.endpoint()));
    let proxy = leading_to(&server.endpoint());
    let with = |name: &str, value: &str| {
        let program = Program::sending_to(&endpoint).variable("http_proxy", &proxy.endpoint());
        assert_eq!(program.variable(name, value).run().line("report"), ACCEPTED, "{name}={value}");
        proxy.connects().len()
    };
    assert_eq!(with("no_proxy", "0.0.0.0"), 0);
    assert_eq!(with("NO_PROXY", "klime.test, 0.0.0.0"), 0);
    assert_eq!(with("NO_PROXY", "*"), 0);
    assert_eq!(with("NO_PROXY", "klime.test"), 1);
    assert_eq!(server.events().len(), 4);
}

#[test]
fn loopback_is_reached_directly() {
    let server = Server::start();
    let proxy = leading_to(&server.endpoint());
    for endpoint in [server.endpoint(), server.endpoint().replace("127.0.0.1", "localhost")] {
        let program = Program::sending_to(&endpoint).variable("http_proxy", &proxy.endpoint());
        assert_eq!(program.variable("all_proxy", &proxy.endpoint()).run().line("report"), ACCEPTED);
    }
    assert!(proxy.asked().is_empty());
    assert_eq!(server.events().len(), 2);
}

#[test]
fn proxy_that_is_not_there_is_no_answer() {
    let program = Program::sending_to("http://klime.test:8080").variable("http_proxy", &Server::unused_port());
    let output = program.run();
    assert_eq!(output.line("report"), FAILED);
    assert!(output.line("error").contains(": the connection failed"), "{output:?}");
}

#[test]
fn proxy_that_refuses_is_no_answer_and_gets_no_event() {
    let proxy = Server::scripted([crate::support::Answer::status(407)]);
    let program = Program::sending_to("http://klime.test:8080").variable("http_proxy", &proxy.endpoint());
    assert_eq!(program.run().line("report"), FAILED);
    let [connect] = &proxy.requests()[..] else { panic!("{proxy:?}") };
    assert_eq!((connect.method.as_str(), connect.path.as_str()), ("CONNECT", "klime.test:8080"));
    assert_eq!(connect.header("authorization"), None);
}
