//! The metadata BLOB as it is signed (Metadata Service 3.0 §3.1.7): a JWT in compact form. Nothing of its payload is looked at
//! before the signature, the chain of its certificates and the name in them are proved, at a time that is handed in.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use p256::ecdsa::Signature;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{
    CertificateDer, ServerName, SignatureVerificationAlgorithm, TrustAnchor, UnixTime,
};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use webpki::{ALL_VERIFICATION_ALGS, EndEntityCert, KeyUsage, anchor_from_trusted_cert};

use super::MdsFault;
use crate::adapter::RegularFile;
use crate::domain::metadata::Signer;
use crate::domain::time::Timestamp;

/// Bytes. The service's file has about ten million.
pub const BLOB_BYTES_MAX: u64 = 64 << 20;
/// Characters of the encoded header, which holds a few certificates.
const HEADER_LENGTH_MAX: usize = 128 << 10;
/// Certificates in a header; the service's has two or three.
const CHAIN_LENGTH_MAX: usize = 10;
/// The name in the certificate of whoever signs.
const HOST: &str = "mds.fidoalliance.org";
/// GlobalSign R3 and R46; `roots/README.md` says where they come from.
const FIDO_ROOTS: [&str; 2] = [
    include_str!("roots/globalsign-r3.pem"),
    include_str!("roots/globalsign-r46.pem"),
];

/// Whose signature is taken.
#[derive(Clone, Debug)]
pub struct Trust {
    roots: Vec<CertificateDer<'static>>,
    signer: Signer,
}

impl Trust {
    /// The FIDO Alliance's.
    ///
    /// # Errors
    /// [`MdsFault::NotTrusted`] when the roots that came with the program cannot be read.
    pub fn fido() -> Result<Self, MdsFault> {
        Ok(Self {
            roots: certificates(&FIDO_ROOTS.concat())?,
            signer: Signer::Fido,
        })
    }

    /// A practice root's, PEM. What it signs is marked as practice for ever.
    ///
    /// # Errors
    /// [`MdsFault::NotTrusted`] when it is no certificate.
    pub fn practice(pem: &str) -> Result<Self, MdsFault> {
        Ok(Self {
            roots: certificates(pem)?,
            signer: Signer::Practice,
        })
    }

    /// Whose signature it is that is taken.
    pub const fn signer(&self) -> Signer {
        self.signer
    }

    /// The one algorithm that the signer uses (RFC 7518 §3.1): a choice would be the forger's.
    const fn algorithm(&self) -> &'static str {
        match self.signer {
            Signer::Fido => "RS256",
            Signer::Practice => "ES256",
        }
    }
}

/// What was signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payload {
    pub json: Vec<u8>,
    /// SHA-256 of the whole file, lower-case hexadecimal.
    pub sha256: String,
}

/// The header (RFC 7515 §4.1), as far as it is looked at.
#[derive(Deserialize)]
struct Header {
    alg: String,
    #[serde(default)]
    x5c: Vec<String>,
}

/// Proves that `blob` is what `trust`'s signer has signed, at `now`, and takes the payload out of it.
///
/// # Errors
/// [`MdsFault::NotMetadata`] for what has not the form, [`MdsFault::NotTrusted`] for what is not proved.
pub fn open(blob: &[u8], trust: &Trust, now: Timestamp) -> Result<Payload, MdsFault> {
    if u64::try_from(blob.len()).is_ok_and(|length| length > BLOB_BYTES_MAX) {
        return Err(not_metadata(format!(
            "it has more than {} MB",
            BLOB_BYTES_MAX >> 20
        )));
    }
    let text = std::str::from_utf8(blob)
        .map_err(|_| not_metadata("it is not text"))?
        .trim_ascii();
    let Some((signed, signature)) = text.rsplit_once('.') else {
        return Err(not_metadata("it has no signature"));
    };
    let Some((header, payload)) = signed.split_once('.') else {
        return Err(not_metadata("it has no header"));
    };
    if payload.contains('.') {
        return Err(not_metadata("it has more than three parts"));
    }
    let header = self::header(header)?;
    if header.alg != trust.algorithm() {
        return Err(not_trusted(format!(
            "it is signed with `{}`, and the signer uses {} alone",
            header.alg.escape_debug(),
            trust.algorithm()
        )));
    }
    let chain = chain(&header.x5c)?;
    let signature = decode(signature, "its signature")?;
    verify(&chain, signed.as_bytes(), &signature, trust, now)?;
    let digest = Sha256::digest(text.as_bytes());
    Ok(Payload {
        json: decode(payload, "its payload")?,
        sha256: digest.iter().map(|byte| format!("{byte:02x}")).collect(),
    })
}

fn header(encoded: &str) -> Result<Header, MdsFault> {
    if encoded.len() > HEADER_LENGTH_MAX {
        return Err(not_metadata("its header is far too long"));
    }
    serde_json::from_slice(&decode(encoded, "its header")?)
        .map_err(|error| not_metadata(format!("its header cannot be read: {error}")))
}

fn chain(encoded: &[String]) -> Result<Vec<CertificateDer<'static>>, MdsFault> {
    if encoded.is_empty() {
        return Err(not_trusted("it carries no certificate of its signer"));
    }
    if encoded.len() > CHAIN_LENGTH_MAX {
        return Err(not_trusted(format!(
            "it carries more than {CHAIN_LENGTH_MAX} certificates"
        )));
    }
    encoded
        .iter()
        .map(|one| match STANDARD.decode(one) {
            Ok(der) => Ok(CertificateDer::from(der)),
            Err(_) => Err(not_metadata("a certificate in its header is not base64")),
        })
        .collect()
}

fn decode(part: &str, name: &str) -> Result<Vec<u8>, MdsFault> {
    URL_SAFE_NO_PAD
        .decode(part)
        .map_err(|_| not_metadata(format!("{name} is damaged, or cut off")))
}

fn verify(
    chain: &[CertificateDer<'_>],
    message: &[u8],
    signature: &[u8],
    trust: &Trust,
    now: Timestamp,
) -> Result<(), MdsFault> {
    let doubt = |error: webpki::Error| not_trusted(words(&error));
    let Some((leaf, above)) = chain.split_first() else {
        return Err(not_trusted("it carries no certificate of its signer"));
    };
    let leaf = EndEntityCert::try_from(leaf).map_err(doubt)?;
    leaf.verify_for_usage(
        ALL_VERIFICATION_ALGS,
        &anchors(&trust.roots)?,
        above,
        unix_time(now),
        KeyUsage::server_auth(),
        None,
        None,
    )
    .map_err(doubt)?;
    let host = ServerName::try_from(HOST).map_err(|error| not_trusted(error.to_string()))?;
    leaf.verify_is_valid_for_subject_name(&host)
        .map_err(|_| not_trusted(format!("its certificate is not for {HOST}")))?;
    let (algorithm, signature): (&dyn SignatureVerificationAlgorithm, _) = match trust.signer {
        Signer::Fido => (webpki::ring::RSA_PKCS1_2048_8192_SHA256, signature.to_vec()),
        // A JWT has the two numbers side by side (RFC 7518 §3.4), a certificate's signature has them in ASN.1.
        Signer::Practice => match Signature::from_slice(signature) {
            Ok(signature) => (
                webpki::ring::ECDSA_P256_SHA256,
                signature.to_der().as_bytes().to_vec(),
            ),
            Err(_) => return Err(not_trusted("its signature is none")),
        },
    };
    leaf.verify_signature(algorithm, message, &signature)
        .map_err(|_| {
            not_trusted(
                "its signature is wrong: it was changed after it was signed, or is not whole",
            )
        })
}

/// What path validation starts from. The certificates themselves are not judged: they are trusted.
pub(super) fn anchors<'a>(
    roots: &'a [CertificateDer<'a>],
) -> Result<Vec<TrustAnchor<'a>>, MdsFault> {
    roots
        .iter()
        .map(|root| anchor_from_trusted_cert(root).map_err(|error| not_trusted(words(&error))))
        .collect()
}

pub(super) fn unix_time(at: Timestamp) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_millis(u64::try_from(at.0).unwrap_or(0)))
}

fn certificates(pem: &str) -> Result<Vec<CertificateDer<'static>>, MdsFault> {
    let found: Result<Vec<_>, _> =
        CertificateDer::pem_slice_iter(RegularFile::without_mark(pem.as_bytes())).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) => Err(not_trusted("there is no certificate in the root's file")),
        Err(error) => Err(not_trusted(format!(
            "the root's file cannot be read: {error:?}"
        ))),
    }
}

/// What is wrong with a signer's certificates.
fn words(error: &webpki::Error) -> String {
    if let webpki::Error::CertExpired { not_after, .. } = error {
        return format!(
            "its signer's certificate ended on {}; the file is too old, or the clock of this computer is wrong",
            day(*not_after)
        );
    }
    if let webpki::Error::CertNotValidYet { not_before, .. } = error {
        return format!(
            "its signer's certificate begins on {}; the clock of this computer may be wrong",
            day(*not_before)
        );
    }
    if *error == webpki::Error::UnknownIssuer {
        "its signer's certificate leads to no root that is trusted for it".to_owned()
    } else if *error == webpki::Error::InvalidSignatureForPublicKey {
        "a certificate of its signer is forged, or damaged".to_owned()
    } else {
        format!("its signer's certificates do not hold ({error})")
    }
}

pub(super) fn day(at: UnixTime) -> jiff::civil::Date {
    let seconds = i64::try_from(at.as_secs()).unwrap_or(i64::MAX);
    Timestamp(seconds.saturating_mul(1000)).utc_day()
}

fn not_metadata(what: impl Into<String>) -> MdsFault {
    MdsFault::NotMetadata { what: what.into() }
}

fn not_trusted(what: impl Into<String>) -> MdsFault {
    MdsFault::NotTrusted { what: what.into() }
}
