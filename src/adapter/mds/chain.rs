//! From the certificates in a key's attestation to the roots that the metadata has for its model (WebAuthn Level 3 §7.1, steps
//! 22 to 24; Metadata Statement 3.0, `attestationRootCertificates`). Whether the key holds the certificate's private half is
//! the signature's to prove, elsewhere.
//!
//! # Why
//! - A root in the metadata may be a root, an intermediate, or the key's own certificate. What is byte for byte the same is the
//!   same; a listed certificate that is no authority vouches for itself alone.
//! - The key's certificates may have ended or not begun. Path validation by the book would then refuse genuine keys that lay in
//!   a drawer: a batch is certified once, when it is made, and neither WebAuthn nor the metadata has a way to renew it. So the
//!   dates are not held against the key: the path is validated at a moment at which all of them were valid, and it is told.
//!   A compromised batch is named in the metadata, which is how such a certificate is called back.
//! - Extended key usage is not looked at: no standard gives attestation certificates one.

use rustls::pki_types::{CertificateDer, UnixTime};
use std::time::Duration;
use webpki::{
    ALL_VERIFICATION_ALGS, EndEntityCert, ExtendedKeyUsageValidator, KeyPurposeIdIter,
    anchor_from_trusted_cert,
};
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer as _;
use x509_parser::public_key::PublicKey;

use super::blob::{day, unix_time};
use crate::domain::metadata::{Certificate, Entry, Provenance, Vouching};
use crate::domain::time::Timestamp;

/// Bits of the curves that signatures can be checked on.
const CURVE_BITS: [usize; 2] = [256, 384];

/// Judges what a key has shown, its own certificate first; empty when it vouches for itself.
pub fn provenance(entry: &Entry, shown: &[Certificate], now: Timestamp) -> Provenance {
    if let Some(report) = entry.batch_alarm(shown, now.utc_day()) {
        return Provenance::Compromised(report.status.clone());
    }
    if entry.roots.is_empty() {
        return Provenance::Unclaimed(if entry.unreadable > 0 {
            "the roots of the model cannot be read in the metadata".to_owned()
        } else {
            "the metadata has no roots for the model".to_owned()
        });
    }
    let Some((own, above)) = shown.split_first() else {
        // An attestation by the credential's own key, or none, can be made by anybody (WebAuthn Level 3 §7.1, step 24, leaves it
        // to the policy; one that asks for proof gets none here).
        return Provenance::Foreign(match entry.vouching {
            Vouching::BySelf => {
                "it shows no certificate; keys of this model may vouch for themselves, which proves no model".to_owned()
            }
            Vouching::ByVendor => {
                "it shows no certificate, and every genuine key of this model shows its vendor's"
                    .to_owned()
            }
        });
    };
    if entry.roots.contains(own) {
        return Provenance::Genuine(remark(own, now));
    }
    path(entry, own, above, now)
}

/// Validates the path from the key's certificate to a root.
fn path(entry: &Entry, own: &Certificate, above: &[Certificate], now: Timestamp) -> Provenance {
    let foreign = |why: String| Provenance::Foreign(why);
    let mut roots = Vec::new();
    let mut uncheckable = false;
    for root in entry.roots.iter().filter(|root| may_certify(root)) {
        uncheckable |= !is_checkable(root);
        roots.push(CertificateDer::from(root.0.as_slice()));
    }
    let anchors: Vec<_> = roots
        .iter()
        .filter_map(|root| anchor_from_trusted_cert(root).ok())
        .collect();
    let above_der: Vec<_> = above
        .iter()
        .map(|one| CertificateDer::from(one.0.as_slice()))
        .collect();
    let own_der = CertificateDer::from(own.0.as_slice());
    let leaf = match EndEntityCert::try_from(&own_der) {
        Ok(leaf) => leaf,
        Err(error) => return foreign(format!("its certificate cannot be read ({error})")),
    };
    let validate = |at: UnixTime| {
        leaf.verify_for_usage(
            ALL_VERIFICATION_ALGS,
            &anchors,
            &above_der,
            at,
            AnyUsage,
            None,
            None,
        )
        .map(drop)
    };
    let mut verdict = validate(unix_time(now));
    if matches!(
        verdict,
        Err(webpki::Error::CertExpired { .. } | webpki::Error::CertNotValidYet { .. })
    ) && let Some(then) = common_moment(own, above)
    {
        verdict = validate(then);
    }
    match verdict {
        Ok(()) => Provenance::Genuine(remark(own, now)),
        // Its vendor's doing, not the key's: nothing can be said then.
        Err(_) if uncheckable => Provenance::Unclaimed(
            "a root of the model has a kind of key that cannot be checked here".to_owned(),
        ),
        Err(error) => foreign(words(&error)),
    }
}

fn words(error: &webpki::Error) -> String {
    if *error == webpki::Error::UnknownIssuer {
        "its certificate was signed by nobody whom the metadata names for this model".to_owned()
    } else if *error == webpki::Error::InvalidSignatureForPublicKey {
        "a certificate that it shows is forged: the signature on it is wrong".to_owned()
    } else if *error == webpki::Error::CaUsedAsEndEntity {
        "it shows an authority's certificate as its own".to_owned()
    } else {
        format!("its certificates do not hold ({error})")
    }
}

/// What is to be told of a certificate that is genuine.
fn remark(own: &Certificate, now: Timestamp) -> Option<String> {
    let (_, certificate) = X509Certificate::from_der(&own.0).ok()?;
    let validity = certificate.validity();
    let (begins, ends) = (
        moment(validity.not_before.timestamp()),
        moment(validity.not_after.timestamp()),
    );
    let now = unix_time(now);
    if now > ends {
        Some(format!("its certificate ended on {}", day(ends)))
    } else if now < begins {
        Some(format!("its certificate begins on {}", day(begins)))
    } else {
        None
    }
}

/// A moment at which every certificate that the key shows was valid; `None` when there was none.
fn common_moment(own: &Certificate, above: &[Certificate]) -> Option<UnixTime> {
    let mut begins = i64::MIN;
    let mut ends = i64::MAX;
    for one in std::iter::once(own).chain(above) {
        let (_, certificate) = X509Certificate::from_der(&one.0).ok()?;
        let validity = certificate.validity();
        begins = begins.max(validity.not_before.timestamp());
        ends = ends.min(validity.not_after.timestamp());
    }
    (begins <= ends && ends >= 0).then(|| moment(ends))
}

fn moment(seconds: i64) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)))
}

/// Whether a listed certificate may stand above others. One of version 1 has no way to say so, and many roots have it (RFC 5280
/// §6.1.4 leaves them to whoever trusts them).
fn may_certify(root: &Certificate) -> bool {
    match X509Certificate::from_der(&root.0) {
        Ok((_, certificate)) => match certificate.basic_constraints() {
            Ok(Some(constraints)) => constraints.value.ca,
            Ok(None) => true,
            Err(_) => false,
        },
        Err(_) => false,
    }
}

/// Whether signatures of this certificate's key can be checked.
fn is_checkable(root: &Certificate) -> bool {
    let Ok((_, certificate)) = X509Certificate::from_der(&root.0) else {
        return false;
    };
    match certificate.public_key().parsed() {
        Ok(PublicKey::RSA(_)) => true,
        Ok(PublicKey::EC(point)) => CURVE_BITS.contains(&point.key_size()),
        // Ed25519 is not among those that this parser names.
        Ok(_) | Err(_) => certificate.public_key().algorithm.algorithm.as_bytes() == ED25519_OID,
    }
}

/// id-Ed25519, 1.3.101.112.
const ED25519_OID: [u8; 3] = [0x2B, 0x65, 0x70];

struct AnyUsage;

impl ExtendedKeyUsageValidator for AnyUsage {
    fn validate(&self, _: KeyPurposeIdIter<'_, '_>) -> Result<(), webpki::Error> {
        Ok(())
    }
}
