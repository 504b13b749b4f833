//! A Klime behind TLS whose certificate is right, or wrong in one way.

use std::io::BufReader;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use tempfile::NamedTempFile;

use super::server::{Asked, Reply, listen};

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Certificate {
    /// For 127.0.0.1 and localhost, signed by the server's own authority.
    Right,
    /// Signed by that authority, for another host.
    WrongHost,
    /// Signed by that authority, right until 2021.
    Expired,
    /// Signed by that authority, right from 2199 on.
    Future,
}

#[derive(Debug)]
pub(crate) struct TlsServer {
    address: SocketAddr,
    authority: NamedTempFile,
}

impl TlsServer {
    pub(crate) fn start(certificate: Certificate) -> Self {
        let (config, authority_pem) = configure(certificate);
        let authority = NamedTempFile::new().unwrap();
        std::fs::write(authority.path(), authority_pem).unwrap();
        let address = listen(move |stream| {
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = BufReader::new(StreamOwned::new(connection, stream));
            while let Some(asked) = Asked::read(&mut stream) {
                if !Reply::of_klime(&asked).give(stream.get_mut()) {
                    return;
                }
            }
        });
        Self { address, authority }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("https://{}", self.address)
    }

    /// A PEM file with the authority that a client must trust.
    pub(crate) fn authority(&self) -> &Path {
        self.authority.path()
    }
}

fn configure(certificate: Certificate) -> (Arc<ServerConfig>, String) {
    let mut authority = CertificateParams::default();
    authority.distinguished_name.push(DnType::CommonName, "klime test authority");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();

    let names: &[&str] = match certificate {
        Certificate::WrongHost => &["elsewhere.example"],
        _ => &["127.0.0.1", "localhost"],
    };
    let mut params = CertificateParams::new(names.iter().copied().map(String::from).collect::<Vec<_>>()).unwrap();
    match certificate {
        Certificate::Expired => {
            (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2021, 1, 1));
        }
        Certificate::Future => {
            (params.not_before, params.not_after) = (date_time_ymd(2199, 1, 1), date_time_ymd(2200, 1, 1));
        }
        Certificate::Right | Certificate::WrongHost => {}
    }
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, &authority).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    (Arc::new(config), authority.pem())
}
