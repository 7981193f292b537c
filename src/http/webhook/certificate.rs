//! The webhook's certificate: issued by the process for itself, or read from mounted files. The key of an own one
//! never leaves the process, so there is no Secret to read or to steal, and each replica has its own.

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use chrono::{DateTime, Datelike, TimeDelta, Utc};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

/// How long an own certificate is valid.
const LIFETIME: TimeDelta = TimeDelta::days(14);
/// When it is replaced.
const RENEWAL: TimeDelta = TimeDelta::days(7);

/// "There is no certificate", and why.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    #[error("no certificate can be issued: {0}")]
    Issue(#[from] rcgen::Error),
    #[error("the key cannot be used: {0}")]
    Key(#[from] rustls::Error),
    #[error("{file}: {why}")]
    File { file: String, why: String },
}

/// A certificate with its key.
#[derive(Clone, Debug)]
pub struct Issued {
    key: Arc<CertifiedKey>,
    /// What callers must trust, in PEM. Empty if that is somebody else's to say.
    pub authority: String,
    /// When it is to be replaced, and when it ends; absent for files, which whoever wrote them replaces.
    pub renewal: Option<DateTime<Utc>>,
    pub until: Option<DateTime<Utc>>,
}

/// Issues a certificate for these host names or addresses, its own authority.
///
/// # Errors
///
/// When a name is none, or the machine has no randomness.
pub fn issue(names: &[String], now: DateTime<Utc>) -> Result<Issued, CertificateError> {
    let mut parameters = rcgen::CertificateParams::new(names.to_vec())?;
    parameters.distinguished_name.push(rcgen::DnType::CommonName, "rollcall webhook");
    parameters.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
    let part = |value: u32| u8::try_from(value).unwrap_or(1);
    let day = |at: DateTime<Utc>| rcgen::date_time_ymd(at.year(), part(at.month()), part(at.day()));
    // A day of grace for clocks that differ.
    parameters.not_before = day(now - TimeDelta::days(1));
    let until = now + LIFETIME;
    parameters.not_after = day(until);
    let key = rcgen::KeyPair::generate()?;
    let certificate = parameters.self_signed(&key)?;
    let private = PrivateKeyDer::Pkcs8(key.serialize_der().into());
    Ok(Issued {
        key: Arc::new(certified(vec![certificate.der().clone()], &private)?),
        authority: certificate.pem(),
        renewal: Some(now + RENEWAL),
        until: Some(until),
    })
}

/// Reads `tls.crt`, `tls.key` and, if it is there, `ca.crt` from a folder, as cert-manager writes them.
///
/// # Errors
///
/// Which file is missing or malformed.
pub fn read(folder: &Path) -> Result<Issued, CertificateError> {
    let path = |name: &str| folder.join(name);
    let failed = |name: &str, why: &dyn std::fmt::Display| CertificateError::File {
        file: path(name).display().to_string(),
        why: why.to_string(),
    };
    let chain = CertificateDer::pem_file_iter(path("tls.crt"))
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|e| failed("tls.crt", &e))?;
    if chain.is_empty() {
        return Err(failed("tls.crt", &"there is no certificate in it"));
    }
    let key = PrivateKeyDer::from_pem_file(path("tls.key")).map_err(|e| failed("tls.key", &e))?;
    let authority = match std::fs::read_to_string(path("ca.crt")) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(failed("ca.crt", &error)),
    };
    let key = certified(chain, &key)?;
    key.keys_match().map_err(|e| failed("tls.key", &e))?;
    Ok(Issued { key: Arc::new(key), authority, renewal: None, until: None })
}

fn certified(chain: Vec<CertificateDer<'static>>, key: &PrivateKeyDer<'_>) -> Result<CertifiedKey, rustls::Error> {
    Ok(CertifiedKey::new(chain, rustls::crypto::ring::sign::any_supported_type(key)?))
}

impl Issued {
    /// Whether this is the same certificate.
    pub fn is(&self, other: &Self) -> bool {
        self.key.cert == other.key.cert
    }
}

/// The certificate that is served, which can be replaced at any time.
#[derive(Debug)]
pub struct Serving(RwLock<Issued>);

impl Serving {
    #[must_use]
    pub fn new(first: Issued) -> Arc<Self> {
        Arc::new(Self(RwLock::new(first)))
    }

    /// What is served now.
    #[must_use]
    pub fn current(&self) -> Issued {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Serves another from the next connection on.
    pub fn replace(&self, next: Issued) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = next;
    }
}

impl ResolvesServerCert for Serving {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current().key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000, 0).expect("an instant")
    }

    #[test]
    fn an_own_certificate_is_replaced_well_before_it_ends() {
        let issued = issue(&["rollcall.ns.svc".to_owned(), "127.0.0.1".to_owned()], now()).expect("a certificate");
        assert!(issued.authority.starts_with("-----BEGIN CERTIFICATE-----"));
        assert!(issued.renewal < issued.until);
        let other = issue(&["rollcall.ns.svc".to_owned()], now()).expect("a certificate");
        assert!(issued.is(&issued.clone()) && !issued.is(&other));
        assert!(issue(&["not a näme".to_owned()], now()).is_err());
    }

    #[test]
    fn mounted_files_are_read_and_what_is_wrong_with_them_is_named() {
        let folder = std::env::temp_dir().join(format!("rollcall-certificate-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).expect("written");
        let says = |part: &str| assert!(read(&folder).expect_err("refused").to_string().contains(part));
        says("tls.crt");
        let key = rcgen::KeyPair::generate().expect("a key");
        let pem = rcgen::CertificateParams::new(vec!["h".to_owned()])
            .and_then(|parameters| parameters.self_signed(&key))
            .expect("a certificate")
            .pem();
        write("tls.crt", &pem);
        says("tls.key");
        write("tls.key", "nonsense");
        says("tls.key");
        write("tls.key", &rcgen::KeyPair::generate().expect("a key").serialize_pem());
        says("tls.key");
        write("tls.key", &key.serialize_pem());
        assert_eq!(read(&folder).expect("they belong together").authority, "");
        write("ca.crt", &pem);
        assert_eq!(read(&folder).expect("they belong together").authority, pem);
        std::fs::remove_dir_all(&folder).expect("removed");
    }
}
