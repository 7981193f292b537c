//! The certificates and keys of one control plane: a certificate authority that lives as long as
//! the plane, and what it signs. Nothing here is written anywhere; the plane keeps it in its own
//! folder.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, PublicKeyData, SigningKey,
};

use crate::der;
use crate::error::Error;

const AUTHORITY: &str = "control-plane";

/// A certificate with its key, both in PEM form.
pub(crate) struct Pair {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

/// The certificate authority of one control plane.
#[derive(Debug)]
pub(crate) struct Authority {
    certificate: Certificate,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    pub(crate) fn new() -> Result<Self, Error> {
        let key = KeyPair::generate().map_err(invalid)?;
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, AUTHORITY);
        let certificate = params.self_signed(&key).map_err(invalid)?;
        Ok(Authority { certificate, issuer: Issuer::new(params, key) })
    }

    pub(crate) fn pem(&self) -> String {
        self.certificate.pem()
    }

    pub(crate) fn der(&self) -> Vec<u8> {
        self.certificate.der().to_vec()
    }

    pub(crate) fn key_pem(&self) -> String {
        self.issuer.key().serialize_pem()
    }

    /// A certificate for a server on this host, which it may also show as a client (etcd's does).
    pub(crate) fn server(&self, names: &[&str]) -> Result<Pair, Error> {
        let key = KeyPair::generate().map_err(invalid)?;
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).map_err(invalid)?;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        let certificate = params.signed_by(&key, &self.issuer).map_err(invalid)?;
        Ok(Pair { certificate: certificate.pem(), key: key.serialize_pem() })
    }

    /// A client certificate: Kubernetes reads the user from its CN and the groups from its Os.
    pub(crate) fn client(&self, user: &str, groups: &[&str]) -> Result<Pair, Error> {
        let key = KeyPair::generate().map_err(invalid)?;
        let body = der::ClientCertificate {
            serial: &serial(&key),
            issuer: AUTHORITY,
            user,
            groups,
            public_key: &key.subject_public_key_info(),
        }
        .to_be_signed();
        let signature = self.issuer.key().sign(&body).map_err(invalid)?;
        let certificate = pem("CERTIFICATE", &der::signed(&body, &signature));
        Ok(Pair { certificate, key: key.serialize_pem() })
    }
}

/// A key pair with which the API server signs the tokens of service accounts: private, public.
pub(crate) fn token_key() -> Result<(String, String), Error> {
    let key = KeyPair::generate().map_err(invalid)?;
    Ok((key.serialize_pem(), key.public_key_pem()))
}

/// Distinct for distinct keys, which is all a serial number is for. The point's x coordinate
/// follows one byte for its form; the first bit stays clear to keep the number positive.
fn serial(key: &KeyPair) -> Vec<u8> {
    let mut serial = key.public_key_raw()[1..17].to_vec();
    serial[0] = serial[0] & 0x3f | 0x40;
    serial
}

fn pem(label: &str, content: &[u8]) -> String {
    let text = STANDARD.encode(content);
    let mut lines = format!("-----BEGIN {label}-----\n");
    for chunk in text.as_bytes().chunks(64) {
        lines.push_str(&String::from_utf8_lossy(chunk));
        lines.push('\n');
    }
    lines.push_str(&format!("-----END {label}-----\n"));
    lines
}

fn invalid(error: rcgen::Error) -> Error {
    Error::Invalid(format!("making a certificate: {error}"))
}
