//! The certificate that the station signs in with, and the assertion that it signs: a JWT that proves, for some minutes and for
//! one token endpoint alone, that the station has the private key. The key never leaves the station.
//!
//! What cannot work is told before anything is sent: no key, a key of another certificate, a certificate whose days are over.

use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{KeyPair, RSA_PSS_SHA256, RsaKeyPair};
use serde_json::json;
use uuid::Uuid;
use x509_parser::prelude::{FromDer, X509Certificate};
use zeroize::Zeroizing;

use crate::domain::fault::Fault;
use crate::domain::time::Timestamp;

use super::bundle::{self, Bundle, PrivateKey};
use super::encoding::base64url;
use super::secret::SecretSource;

/// Bytes. A certificate with its chain and key has some ten thousand.
const CERTIFICATE_BYTES_MAX: u64 = 64 * 1024;
/// How long an assertion counts, in seconds. Microsoft takes ten minutes at the most.
const ASSERTION_SECONDS: i64 = 600;
/// Entra registers RSA keys of this size and more, in bits; `ring` signs with up to 4096.
const RSA_BITS_MIN: usize = 2048;

/// Where certificate and private key are: one file, PEM or PKCS#12.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateSource {
    pub place: SecretSource,
    /// Of a PKCS#12 file.
    pub password: Option<SecretSource>,
}

/// What is public of a certificate that can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateFacts {
    pub subject: String,
    /// SHA-256 of the certificate, upper-case hexadecimal: Entra's portal shows it so.
    pub thumbprint: String,
    pub valid_from: Timestamp,
    pub valid_until: Timestamp,
}

/// A certificate with its private key. No `Debug`.
pub(super) struct StationCertificate {
    key: RsaKeyPair,
    /// SHA-256 of the certificate.
    thumbprint: Vec<u8>,
    der: Vec<u8>,
    facts: CertificateFacts,
}

impl CertificateSource {
    /// Whether certificate and key can be read here and now, by this user, and belong together.
    ///
    /// # Errors
    /// [`Fault::SignIn`], naming the place and never the content.
    pub fn check(&self, now: Timestamp) -> Result<CertificateFacts, Fault> {
        self.read(now).map(|certificate| certificate.facts)
    }

    /// What is uploaded of it, DER.
    ///
    /// # Errors
    /// As [`CertificateSource::check`].
    pub fn public(&self, now: Timestamp) -> Result<Vec<u8>, Fault> {
        self.read(now).map(|certificate| certificate.der)
    }

    /// Reads certificate and key, for one use.
    ///
    /// # Errors
    /// As [`CertificateSource::check`].
    pub(super) fn read(&self, now: Timestamp) -> Result<StationCertificate, Fault> {
        let refused = |what| Fault::SignIn { what };
        let secrets = [Some(&self.place), self.password.as_ref()];
        let open = secrets.into_iter().flatten();
        if let Some(why) = open.filter_map(SecretSource::open_to_others).next() {
            return Err(refused(why));
        }
        let bytes = self
            .place
            .bytes_as("certificate", CERTIFICATE_BYTES_MAX)
            .map_err(refused)?;
        let password = self
            .password
            .as_ref()
            .map(|source| source.reveal_as("certificate's password"))
            .transpose()
            .map_err(refused)?;
        bundle::open(&bytes, password.as_ref().map(|text| text.as_str()))
            .and_then(|bundle| StationCertificate::of(&bundle, now))
            .map_err(|why| refused(format!("{}: {why}", self.place.place())))
    }
}

impl StationCertificate {
    /// What is public of it.
    pub(super) fn into_facts(self) -> CertificateFacts {
        self.facts
    }

    /// The key of a bundle that belongs to a certificate in it.
    ///
    /// # Errors
    /// In words that never quote the content.
    pub(super) fn of(bundle: &Bundle, now: Timestamp) -> Result<Self, String> {
        let mut keys = Vec::new();
        for key in &bundle.keys {
            keys.push(rsa(key)?);
        }
        if bundle.certificates.is_empty() {
            return Err("there is no certificate in it".to_owned());
        }
        if keys.is_empty() {
            return Err(bundle.no_key());
        }
        for der in &bundle.certificates {
            let (_, certificate) = X509Certificate::from_der(der)
                .map_err(|_| "a certificate in it is damaged".to_owned())?;
            let public = &certificate.public_key().subject_public_key.data;
            let fits = |key: &RsaKeyPair| key.public_key().as_ref() == public.as_ref();
            if let Some(at) = keys.iter().position(fits) {
                let facts = facts(der, &certificate);
                check_days(&facts, now)?;
                return Ok(Self {
                    key: keys.swap_remove(at),
                    thumbprint: digest(&SHA256, der).as_ref().to_vec(),
                    der: der.to_vec(),
                    facts,
                });
            }
        }
        Err("the private key in it does not belong to the certificate".to_owned())
    }

    /// An assertion of `client_id` for the token endpoint `audience` (RFC 7523 §3, Microsoft identity platform "certificate
    /// credentials").
    ///
    /// # Errors
    /// [`Fault::Internal`] when it cannot be signed.
    pub(super) fn assertion(
        &self,
        client_id: &str,
        audience: &str,
        now: Timestamp,
    ) -> Result<Zeroizing<String>, Fault> {
        let seconds = now.0.div_euclid(1000);
        let header = json!({
            "alg": "PS256",
            "typ": "JWT",
            "x5t#S256": base64url(&self.thumbprint),
        });
        let claims = json!({
            "aud": audience,
            "iss": client_id,
            "sub": client_id,
            "jti": Uuid::new_v4().to_string(),
            "nbf": seconds,
            "iat": seconds,
            "exp": seconds.saturating_add(ASSERTION_SECONDS),
        });
        let mut text = Zeroizing::new(format!(
            "{}.{}",
            base64url(header.to_string().as_bytes()),
            base64url(claims.to_string().as_bytes())
        ));
        let mut signature = vec![0; self.key.public().modulus_len()];
        self.key
            .sign(
                &RSA_PSS_SHA256,
                &SystemRandom::new(),
                text.as_bytes(),
                &mut signature,
            )
            .map_err(|_| Fault::Internal {
                what: "the private key of the certificate signs nothing".to_owned(),
            })?;
        text = Zeroizing::new(format!("{}.{}", *text, base64url(&signature)));
        Ok(text)
    }
}

fn rsa(key: &PrivateKey) -> Result<RsaKeyPair, String> {
    let pair = match key {
        PrivateKey::Pkcs8(der) => RsaKeyPair::from_pkcs8(der),
        PrivateKey::Pkcs1(der) => RsaKeyPair::from_der(der),
        PrivateKey::Elliptic => {
            return Err(format!(
                "its private key is one of elliptic curves; Entra takes RSA keys of {RSA_BITS_MIN} bits and more"
            ));
        }
    };
    pair.map_err(|why| {
        format!(
            "its private key cannot be used ({why}); it has to be an RSA key of {RSA_BITS_MIN} to 4096 bits"
        )
    })
}

fn facts(der: &[u8], certificate: &X509Certificate<'_>) -> CertificateFacts {
    let moment = |seconds: i64| Timestamp(seconds.saturating_mul(1000));
    let validity = certificate.validity();
    CertificateFacts {
        subject: certificate.subject().to_string(),
        thumbprint: digest(&SHA256, der)
            .as_ref()
            .iter()
            .map(|byte| format!("{byte:02X}"))
            .collect(),
        valid_from: moment(validity.not_before.timestamp()),
        valid_until: moment(validity.not_after.timestamp()),
    }
}

fn check_days(facts: &CertificateFacts, now: Timestamp) -> Result<(), String> {
    let day = |moment: Timestamp| {
        jiff::Timestamp::from_millisecond(moment.0)
            .map(|moment| moment.strftime("%Y-%m-%d").to_string())
            .unwrap_or_default()
    };
    if now > facts.valid_until {
        return Err(format!(
            "the certificate ended on {}; make a new one and upload it to the app registration",
            day(facts.valid_until)
        ));
    }
    if now < facts.valid_from {
        return Err(format!(
            "the certificate begins on {}; is the clock of this computer right?",
            day(facts.valid_from)
        ));
    }
    Ok(())
}
