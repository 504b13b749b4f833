//! TLS: a handshake with the rules and the authorities that the SDK has, and what is wrong with a certificate.

use std::env;
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::{AlertDescription, CertificateError, ClientConfig, ClientConnection, Error, ProtocolVersion};
use rustls_platform_verifier::BuilderVerifierExt as _;

use super::step::{Name, Step};
use crate::clock;
use crate::exit::Exit;

/// Shakes hands with the server at `address`, and closes the connection.
pub(super) fn handshake(host: &str, address: SocketAddr, timeout: Duration) -> Step {
    let began = clock::now();
    let result = connect(host, address, timeout);
    let took = clock::now().saturating_duration_since(began);
    let step = match result {
        Ok(connection) => Step::ok(Name::Tls, describe(&connection)),
        Err(error) => failed(&error, host),
    };
    step.in_time(took)
}

fn connect(host: &str, address: SocketAddr, timeout: Duration) -> io::Result<ClientConnection> {
    let began = clock::now();
    let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
    let mut connection =
        ClientConnection::new(Arc::new(configuration().map_err(io::Error::other)?), name).map_err(io::Error::other)?;
    let mut stream = TcpStream::connect_timeout(&address, timeout)?;
    while connection.is_handshaking() {
        let left = timeout.saturating_sub(clock::now().saturating_duration_since(began));
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        stream.set_read_timeout(Some(left))?;
        stream.set_write_timeout(Some(left))?;
        step(&mut connection, &mut stream)?;
    }
    connection.send_close_notify();
    let _ = connection.write_tls(&mut stream);
    Ok(connection)
}

/// One write and one read of the handshake, so that the deadline is looked at between them.
fn step(connection: &mut ClientConnection, stream: &mut TcpStream) -> io::Result<()> {
    while connection.wants_write() {
        connection.write_tls(stream)?;
    }
    if connection.is_handshaking() && connection.wants_read() {
        if connection.read_tls(stream)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if let Err(error) = connection.process_new_packets() {
            // Tells the server why, as far as it still listens.
            let _ = connection.write_tls(stream);
            return Err(io::Error::other(error));
        }
    }
    Ok(())
}

/// As `ureq` makes it for the SDK: this provider, and the system's authorities and rules.
fn configuration() -> Result<ClientConfig, Error> {
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_platform_verifier()?
        .with_no_client_auth();
    Ok(config)
}

fn describe(connection: &ClientConnection) -> String {
    let version = match connection.protocol_version() {
        Some(ProtocolVersion::TLSv1_3) => "TLS 1.3",
        Some(ProtocolVersion::TLSv1_2) => "TLS 1.2",
        _ => "TLS",
    };
    format!("{version}, the certificate is trusted")
}

fn failed(error: &io::Error, host: &str) -> Step {
    let (found, fix) = match error.get_ref().and_then(|cause| cause.downcast_ref::<Error>()) {
        Some(error) => explain(error, host),
        None => (
            match error.kind() {
                io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => {
                    "the server does not answer the handshake".to_owned()
                }
                io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset => {
                    "the server closed the connection during the handshake".to_owned()
                }
                _ => format!("the handshake failed: {error}"),
            },
            NO_TLS_THERE.to_owned(),
        ),
    };
    Step::failed(Name::Tls, Exit::Unreachable, found, fix)
}

const NO_TLS_THERE: &str = "check that this port speaks TLS: an endpoint of plain http begins with http://; a firewall may also \
                            break connections that it does not know";

/// What is wrong, and what to do, for people who do not live with certificates.
pub(super) fn explain(error: &Error, host: &str) -> (String, String) {
    match error {
        Error::InvalidCertificate(problem) => explain_certificate(problem, host),
        Error::InvalidMessage(_) => ("what answers there does not speak TLS".to_owned(), NO_TLS_THERE.to_owned()),
        Error::AlertReceived(AlertDescription::UnrecognisedName) => {
            (format!("the server knows no host {host}"), "check the host in the endpoint".to_owned())
        }
        Error::AlertReceived(alert) => (
            format!("the server refused the handshake: {alert:?}"),
            "it may speak only old versions of TLS, or want a client's certificate".to_owned(),
        ),
        other => (format!("the handshake failed: {other}"), NO_TLS_THERE.to_owned()),
    }
}

fn explain_certificate(problem: &CertificateError, host: &str) -> (String, String) {
    let now = clock::wall().strftime("%Y-%m-%d %H:%M").to_string();
    match problem {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => (
            "the server's certificate has expired".to_owned(),
            format!("renew it, if the server is yours; or this machine's clock is wrong: it says {now} UTC"),
        ),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => (
            "the server's certificate is not valid yet".to_owned(),
            format!("this machine's clock is most likely wrong: it says {now} UTC"),
        ),
        CertificateError::NotValidForName => (format!("the certificate is not for {host}"), WRONG_NAME.to_owned()),
        CertificateError::NotValidForNameContext { presented, .. } => {
            let names =
                presented.iter().take(4).map(|name| crate::print::printable(name)).collect::<Vec<_>>().join(", ");
            (format!("the certificate is not for {host} but for {names}"), WRONG_NAME.to_owned())
        }
        CertificateError::UnknownIssuer => {
            ("the certificate is from an authority that this machine does not trust".to_owned(), unknown_issuer_fix())
        }
        CertificateError::Revoked => ("the certificate was revoked".to_owned(), "ask who runs the server".to_owned()),
        other => (format!("the certificate is not accepted: {other}"), unknown_issuer_fix()),
    }
}

const WRONG_NAME: &str = "check the host in the endpoint; or something between here and Klime answers in its place";

fn unknown_issuer_fix() -> String {
    let own = match (env::var_os("SSL_CERT_FILE"), env::var_os("SSL_CERT_DIR")) {
        (None, None) => String::new(),
        (file, dir) => {
            let place = file.or(dir).unwrap_or_default();
            format!("; here they are read from {} (SSL_CERT_FILE or SSL_CERT_DIR)", place.display())
        }
    };
    format!(
        "in a small image, install the package ca-certificates; where a company's proxy looks into TLS, add its authority to the \
         system's, or name its PEM file by SSL_CERT_FILE (Linux){own}"
    )
}
