//! Client certificates with several groups, in DER (X.690) as RFC 5280 lays them out.
//!
//! Written out here because rcgen keeps one value per attribute of a name, and Kubernetes reads
//! every `O` of a subject as one group of the user. Only what these certificates need; this
//! module never signs and never parses.

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const OID: u8 = 0x06;
const UTF8_STRING: u8 = 0x0c;
const GENERALIZED_TIME: u8 = 0x18;
const UTC_TIME: u8 = 0x17;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const VERSION: u8 = 0xa0;
const EXTENSIONS: u8 = 0xa3;

const ECDSA_WITH_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
const ORGANIZATION: &[u8] = &[0x55, 0x04, 0x0a];
const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x25];
const CLIENT_AUTH: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x02];

/// What a client certificate says. The authority's key must be ECDSA on P-256.
pub(crate) struct ClientCertificate<'a> {
    /// Big-endian, its first bit clear, its first byte not zero.
    pub(crate) serial: &'a [u8],
    /// The common name of the authority.
    pub(crate) issuer: &'a str,
    /// The common name of the subject.
    pub(crate) user: &'a str,
    /// The organizations of the subject.
    pub(crate) groups: &'a [&'a str],
    /// The SubjectPublicKeyInfo, in DER.
    pub(crate) public_key: &'a [u8],
}

impl ClientCertificate<'_> {
    /// The part that the authority signs.
    pub(crate) fn to_be_signed(&self) -> Vec<u8> {
        let mut subject: Vec<_> = self.groups.iter().map(|group| attribute(ORGANIZATION, group)).collect();
        subject.push(attribute(COMMON_NAME, self.user));
        // The plane and its authority live for hours; the dates only have to enclose that.
        let validity = [value(UTC_TIME, b"200101000000Z"), value(GENERALIZED_TIME, b"21000101000000Z")];
        let usage = sequence(&[value(OID, CLIENT_AUTH)]);
        let extension = sequence(&[value(OID, EXTENDED_KEY_USAGE), value(OCTET_STRING, &usage)]);
        sequence(&[
            value(VERSION, &value(INTEGER, &[2])),
            value(INTEGER, self.serial),
            algorithm(),
            sequence(&[attribute(COMMON_NAME, self.issuer)]),
            sequence(&validity),
            sequence(&subject),
            self.public_key.to_vec(),
            value(EXTENSIONS, &sequence(&[extension])),
        ])
    }
}

/// The whole certificate, of the signed part and its signature.
pub(crate) fn signed(body: &[u8], signature: &[u8]) -> Vec<u8> {
    // A bit string begins with the number of unused bits of its last byte.
    let bits = [&[0], signature].concat();
    sequence(&[body.to_vec(), algorithm(), value(BIT_STRING, &bits)])
}

fn algorithm() -> Vec<u8> {
    sequence(&[value(OID, ECDSA_WITH_SHA256)])
}

fn attribute(kind: &[u8], text: &str) -> Vec<u8> {
    let pair = sequence(&[value(OID, kind), value(UTF8_STRING, text.as_bytes())]);
    value(SET, &pair)
}

fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    value(SEQUENCE, &parts.concat())
}

fn value(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![tag];
    let length = content.len().to_be_bytes();
    let length = &length[length.iter().take_while(|byte| **byte == 0).count()..];
    match content.len() {
        0..=127 => bytes.push(content.len() as u8),
        _ => {
            bytes.push(0x80 | length.len() as u8);
            bytes.extend_from_slice(length);
        }
    }
    bytes.extend_from_slice(content);
    bytes
}
