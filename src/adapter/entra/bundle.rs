//! Certificates and private keys out of a file: PEM, or PKCS#12 with its password. Takes apart, judges nothing. Our own buffers
//! with keys are wiped; those inside the PKCS#12 crate are not, so the memory of a station is kept out of core dumps and swap.

use p12_keystore::Pkcs12Archive;
use p12_keystore::error::Error as Pkcs12Error;
use rustls::pki_types::pem::{PemObject, SectionKind};
use zeroize::Zeroizing;

/// What a file holds.
#[derive(Default)]
pub(super) struct Bundle {
    /// DER, in the order of the file.
    pub(super) certificates: Vec<Vec<u8>>,
    pub(super) keys: Vec<PrivateKey>,
    /// A private key is there, but behind a passphrase.
    locked: bool,
}

/// A private key, DER. Wiped on drop; no `Debug`.
pub(super) enum PrivateKey {
    /// RFC 5958.
    Pkcs8(Zeroizing<Vec<u8>>),
    /// RFC 8017 §A.1.2.
    Pkcs1(Zeroizing<Vec<u8>>),
    /// RFC 5915, which nobody here can use.
    Elliptic,
}

impl Bundle {
    /// That there is no private key, and what to do.
    pub(super) fn no_key(&self) -> String {
        if self.locked {
            "its private key is behind a passphrase; make a PKCS#12 file of it (`openssl pkcs12 -export`) and name its password in `certificate_password`, or write the key without one (`openssl pkey`)"
        } else {
            "there is no private key in it; put the key's PEM (-----BEGIN PRIVATE KEY-----) into the same file"
        }
        .to_owned()
    }
}

/// Takes `bytes` apart.
///
/// # Errors
/// In words that never quote the content.
pub(super) fn open(bytes: &[u8], password: Option<&str>) -> Result<Bundle, String> {
    let text = std::str::from_utf8(bytes).unwrap_or_default();
    if text.contains("-----BEGIN") {
        if password.is_some() {
            return Err(
                "it is PEM, and `certificate_password` is for PKCS#12 files; take one of them away"
                    .to_owned(),
            );
        }
        return pem(text);
    }
    // A PFX is one SEQUENCE (RFC 7292 §4).
    if bytes.first() == Some(&0x30) {
        return pkcs12(bytes, password);
    }
    Err("it is neither PEM (-----BEGIN …) nor PKCS#12 (.p12, .pfx)".to_owned())
}

fn pem(text: &str) -> Result<Bundle, String> {
    let mut bundle = Bundle {
        locked: text.contains("-----BEGIN ENCRYPTED PRIVATE KEY-----")
            || text.contains("Proc-Type: 4,ENCRYPTED"),
        ..Bundle::default()
    };
    // A byte order mark before a line hides it. Two such files may have become one.
    let pieces = text.split('\u{FEFF}').map(str::as_bytes);
    for section in pieces.flat_map(<(SectionKind, Vec<u8>)>::pem_slice_iter) {
        // What tells of a passphrase in an old key is no PEM to everybody.
        let (kind, der) = section.map_err(|_| {
            if bundle.locked {
                bundle.no_key()
            } else {
                "its PEM is damaged".to_owned()
            }
        })?;
        // Parameters, requests and the like, which some tools write along, are passed over.
        if kind == SectionKind::Certificate {
            bundle.certificates.push(der);
        } else if kind == SectionKind::PrivateKey {
            bundle.keys.push(PrivateKey::Pkcs8(Zeroizing::new(der)));
        } else if kind == SectionKind::RsaPrivateKey && !bundle.locked {
            bundle.keys.push(PrivateKey::Pkcs1(Zeroizing::new(der)));
        } else if kind == SectionKind::EcPrivateKey {
            bundle.keys.push(PrivateKey::Elliptic);
        }
    }
    Ok(bundle)
}

fn pkcs12(bytes: &[u8], password: Option<&str>) -> Result<Bundle, String> {
    let archive = Pkcs12Archive::from_pkcs12(bytes, password.unwrap_or("")).map_err(|error| {
        match (error, password) {
            (Pkcs12Error::MacError(_), None) => {
                "it has a password; say in `certificate_password` where that is"
            }
            (Pkcs12Error::MacError(_), Some(_)) => "the password does not open it",
            (
                Pkcs12Error::UnsupportedEncryptionScheme | Pkcs12Error::UnsupportedMacAlgorithm,
                _,
            ) => "it is encrypted in a way that is not known here; export it anew with AES-256",
            _ => "it is no PKCS#12 file, or a damaged one",
        }
        .to_owned()
    })?;
    let certificates = archive.certs.iter();
    Ok(Bundle {
        certificates: certificates.map(|bag| bag.cert.as_der().to_vec()).collect(),
        keys: archive
            .keys
            .iter()
            .map(|bag| PrivateKey::Pkcs8(Zeroizing::new(bag.key.as_der().to_vec())))
            .collect(),
        locked: false,
    })
}
