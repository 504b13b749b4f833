//! A TLS server whose certificate is right, or wrong in one way.

use std::io;
use std::net::TcpStream;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, Stream};

use super::answer::{After, Answer};
use super::listener::Listener;
use super::received::Received;
use super::watched::Watched;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Certificate {
    /// For 127.0.0.1 and localhost, signed by the server's own authority.
    Right,
    /// Signed by that authority, for another host.
    WrongHost,
    /// Signed by that authority, right until 2021.
    Expired,
    /// For the right names, signed by itself.
    SelfSigned,
}

#[derive(Debug)]
pub(crate) struct TlsServer {
    authority_pem: String,
    state: Arc<Watched<State>>,
    listener: Listener,
}

#[derive(Debug, Default)]
struct State {
    handshakes: usize,
    failed_handshakes: usize,
    bytes_after_failure: usize,
    requests: Vec<Received>,
}

impl TlsServer {
    pub(crate) fn start(certificate: Certificate) -> Self {
        let (config, authority_pem) = configure(certificate);
        let state = Arc::<Watched<State>>::default();
        let seen = Arc::clone(&state);
        let listener = Listener::start(move |stream, connection| {
            // An error here is a client that went away.
            let _ = serve(stream, connection, &config, &seen);
        });
        Self { authority_pem, state, listener }
    }

    /// By address, so that no resolver decides what is tested.
    pub(crate) fn endpoint(&self) -> String {
        format!("https://{}", self.listener.address())
    }

    /// The authority that a client must trust to find `Certificate::Right` right.
    pub(crate) fn authority_pem(&self) -> &str {
        &self.authority_pem
    }

    pub(crate) fn requests(&self) -> Vec<Received> {
        self.state.read(|state| state.requests.clone())
    }

    /// Handshakes that both sides completed.
    pub(crate) fn handshakes(&self) -> usize {
        self.state.read(|state| state.handshakes)
    }

    /// What a client sent after the handshake had failed, alerts apart. Must be 0. Ask after `wait_for_refusals`.
    pub(crate) fn bytes_after_failure(&self) -> usize {
        self.state.read(|state| state.bytes_after_failure)
    }

    /// Waits until clients have refused `count` handshakes and closed their connections.
    #[track_caller]
    pub(crate) fn wait_for_refusals(&self, count: usize) {
        self.state.wait_until(
            &format!("{count} failed handshakes"),
            |state| state.failed_handshakes,
            |seen| *seen >= count,
        );
    }
}

fn serve(
    mut stream: &TcpStream,
    connection: usize,
    config: &Arc<ServerConfig>,
    seen: &Watched<State>,
) -> io::Result<()> {
    let mut tls = ServerConnection::new(Arc::clone(config)).expect("a connection");
    while tls.is_handshaking() {
        if tls.complete_io(&mut stream).is_err() {
            // Whatever still comes is not part of a handshake that has failed.
            let bytes = io::copy(&mut stream, &mut io::sink()).unwrap_or_default();
            seen.change(|state| {
                state.bytes_after_failure += usize::try_from(bytes).unwrap();
                state.failed_handshakes += 1;
            });
            return Ok(());
        }
    }
    seen.change(|state| state.handshakes += 1);
    let mut stream = Stream::new(&mut tls, &mut stream);
    while let Some(received) = Received::read(&mut stream, connection)? {
        let events = received.events().len();
        seen.change(|state| state.requests.push(received));
        if Answer::ok().give(&mut stream, events, ())? == After::Close {
            break;
        }
    }
    Ok(())
}

fn configure(certificate: Certificate) -> (Arc<ServerConfig>, String) {
    let mut authority = CertificateParams::default();
    // A name of its own, or a self-signed leaf would look like one of its making with a bad signature.
    authority.distinguished_name.push(DnType::CommonName, "klime test authority");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();

    let names: &[&str] = match certificate {
        Certificate::WrongHost => &["elsewhere.example"],
        _ => &["127.0.0.1", "localhost"],
    };
    let names: Vec<String> = names.iter().copied().map(String::from).collect();
    let mut params = CertificateParams::new(names).unwrap();
    if certificate == Certificate::Expired {
        (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2021, 1, 1));
    }
    let key = KeyPair::generate().unwrap();
    let certificate = match certificate {
        Certificate::SelfSigned => params.self_signed(&key).unwrap(),
        _ => params.signed_by(&key, &authority).unwrap(),
    };
    (server_config(certificate.der().clone(), &key), authority.pem())
}

fn server_config(certificate: CertificateDer<'static>, key: &KeyPair) -> Arc<ServerConfig> {
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    // Named, so that the tests do not touch the process-wide provider either.
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    Arc::new(config)
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use rustls::pki_types::ServerName;
    use rustls::pki_types::pem::PemObject;
    use rustls::{ClientConfig, ClientConnection, RootCertStore};

    use super::*;

    /// Posts a batch over TLS, as a client that verifies everything.
    fn post(server: &TlsServer) -> io::Result<String> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(server.authority_pem().as_bytes()).unwrap()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from("127.0.0.1").unwrap();
        let mut tls = ClientConnection::new(Arc::new(config), name).unwrap();
        let mut socket = TcpStream::connect(server.listener.address())?;
        let mut stream = Stream::new(&mut tls, &mut socket);
        let body = r#"{"batch":[{},{}]}"#;
        write!(stream, "POST /v1/batch HTTP/1.1\r\nContent-Length: {}\r\n\r\n{body}", body.len())?;
        let mut answer = vec![0; 1024];
        let length = stream.read(&mut answer)?;
        answer.truncate(length);
        Ok(String::from_utf8(answer).unwrap())
    }

    #[test]
    fn right_certificate_lets_a_request_through() {
        let server = TlsServer::start(Certificate::Right);
        let answer = post(&server).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains(r#""accepted":2"#), "{answer}");
        assert_eq!(server.handshakes(), 1);
        assert_eq!(server.requests()[0].events().len(), 2);
        assert!(server.endpoint().starts_with("https://127.0.0.1:"));
    }

    #[test]
    fn each_wrong_certificate_is_wrong_in_its_own_way() {
        let expected = [
            (Certificate::WrongHost, "not valid for name"),
            (Certificate::Expired, "expired"),
            (Certificate::SelfSigned, "UnknownIssuer"),
        ];
        for (certificate, reason) in expected {
            let server = TlsServer::start(certificate);
            let error = post(&server).unwrap_err().to_string();
            assert!(error.contains(reason), "{certificate:?}: {error}");
            server.wait_for_refusals(1);
            assert_eq!((server.handshakes(), server.bytes_after_failure()), (0, 0), "{certificate:?}");
        }
    }
}
