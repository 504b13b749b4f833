//! Whom to trust on TLS.

use std::fmt;

use ureq::tls::{Certificate, PemItem, RootCerts, parse_pem};

use crate::error::ConfigError;

/// The certificate authorities that Klime's certificate is checked against.
///
/// # Examples
///
/// ```no_run
/// use klime::{Client, Roots};
///
/// let roots = Roots::from_pem(&std::fs::read("/etc/acme/ca.pem")?)?;
/// let klime = Client::builder("key").roots(roots).build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Roots(Kind);

#[derive(Clone)]
enum Kind {
    System,
    #[cfg(feature = "bundled-roots")]
    Bundled,
    Own(Vec<Certificate<'static>>),
}

impl Roots {
    /// Those of the operating system; the default. A system that has none makes each request fail, with an error that says so.
    #[must_use]
    pub fn system() -> Self {
        Self(Kind::System)
    }

    /// Mozilla's, inside the binary: for images that have none. (Feature `bundled-roots`.) They age with the binary.
    #[cfg(feature = "bundled-roots")]
    #[must_use]
    pub fn bundled() -> Self {
        Self(Kind::Bundled)
    }

    /// Your own, and no others: one or more certificates in PEM.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] when there is no certificate in it, or it is no PEM.
    ///
    /// # Examples
    ///
    /// ```
    /// let error = klime::Roots::from_pem(b"not a certificate").unwrap_err();
    /// assert_eq!(error.to_string(), "roots must be certificates in PEM, there is none in it");
    /// ```
    pub fn from_pem(pem: &[u8]) -> Result<Self, ConfigError> {
        let mut certificates = Vec::new();
        for item in parse_pem(pem) {
            match item {
                Ok(PemItem::Certificate(certificate)) => certificates.push(certificate),
                Ok(_) => {}
                Err(error) => return Err(ConfigError::new("roots", "must be certificates in PEM").caused_by(error)),
            }
        }
        if certificates.is_empty() {
            return Err(ConfigError::new("roots", "must be certificates in PEM, there is none in it"));
        }
        Ok(Self(Kind::Own(certificates)))
    }

    pub(super) fn into_root_certs(self) -> RootCerts {
        match self.0 {
            Kind::System => RootCerts::PlatformVerifier,
            #[cfg(feature = "bundled-roots")]
            Kind::Bundled => RootCerts::WebPki,
            Kind::Own(certificates) => certificates.into(),
        }
    }
}

impl Default for Roots {
    fn default() -> Self {
        Self::system()
    }
}

impl fmt::Debug for Roots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::System => f.write_str("Roots::system()"),
            #[cfg(feature = "bundled-roots")]
            Kind::Bundled => f.write_str("Roots::bundled()"),
            Kind::Own(certificates) => write!(f, "Roots::from_pem(… {} certificates …)", certificates.len()),
        }
    }
}
