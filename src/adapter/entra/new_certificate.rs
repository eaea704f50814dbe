//! A new certificate for the station's own sign-in, signed by itself: Entra trusts what an administrator uploaded, whoever signed
//! it. Makes, and writes nothing; the private key is in what it hands out alone.

use jiff::ToSpan as _;
use jiff::tz::TimeZone;
use rand::SeedableRng as _;
use rand::rngs::{StdRng, SysRng};
use rcgen::{
    CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose,
    PKCS_RSA_SHA256, date_time_ymd,
};
use rsa::RsaPrivateKey;
use rsa::pkcs8::{EncodePrivateKey as _, LineEnding};
use rustls::pki_types::PrivatePkcs8KeyDer;
use zeroize::Zeroizing;

use crate::domain::fault::Fault;
use crate::domain::time::Timestamp;

use super::bundle;
use super::certificate::{CertificateFacts, StationCertificate};

/// How long a new certificate counts, in days.
pub const CERTIFICATE_DAYS: i32 = 365;
/// Entra takes 2048 and more; so many do until long after the certificate's end (NIST SP 800-57 part 1, table 2).
const RSA_BITS: usize = 2048;

/// A certificate that nobody has uploaded yet. No `Debug`: it holds the private key.
pub struct NewCertificate {
    /// Private key and certificate, PEM: what `certificate` of the configuration names.
    pub private: Zeroizing<String>,
    /// The certificate alone, DER: what is uploaded.
    pub public: Vec<u8>,
    pub facts: CertificateFacts,
}

impl NewCertificate {
    /// Draws a key and makes its certificate, good from the beginning of this day (UTC) on.
    ///
    /// # Errors
    /// [`Fault::Internal`] when there is no randomness, or the certificate cannot be signed or read back.
    pub fn make(name: &str, now: Timestamp) -> Result<Self, Fault> {
        let mut chance = StdRng::try_from_rng(&mut SysRng).map_err(internal)?;
        let key = RsaPrivateKey::new(&mut chance, RSA_BITS).map_err(internal)?;
        let der = key.to_pkcs8_der().map_err(internal)?;
        let pair = KeyPair::from_pkcs8_der_and_sign_algo(
            &PrivatePkcs8KeyDer::from(der.as_bytes()),
            &PKCS_RSA_SHA256,
        )
        .map_err(internal)?;
        let certificate = params(name, now)?.self_signed(&pair).map_err(internal)?;
        let key = key.to_pkcs8_pem(LineEnding::LF).map_err(internal)?;
        let mut private = Zeroizing::new(String::with_capacity(
            key.len() + certificate.der().len() * 2,
        ));
        private.push_str(&key);
        private.push_str(&certificate.pem().replace("\r\n", "\n"));
        // As a station reads it, so that nobody uploads what would not sign in.
        let facts = bundle::open(private.as_bytes(), None)
            .and_then(|bundle| StationCertificate::of(&bundle, now))
            .map_err(internal)?
            .into_facts();
        Ok(Self {
            private,
            public: certificate.der().to_vec(),
            facts,
        })
    }
}

fn params(name: &str, now: Timestamp) -> Result<CertificateParams, Fault> {
    let today = jiff::Timestamp::from_millisecond(now.0)
        .map_err(internal)?
        .to_zoned(TimeZone::UTC)
        .date();
    let end = today
        .checked_add(CERTIFICATE_DAYS.days())
        .map_err(internal)?;
    let mut params = CertificateParams::default();
    params.distinguished_name.remove(DnType::CommonName);
    params.distinguished_name.push(DnType::CommonName, name);
    let part = |number: i8| u8::try_from(number).map_err(internal);
    let (first, last) = (
        (part(today.month())?, part(today.day())?),
        (part(end.month())?, part(end.day())?),
    );
    params.not_before = date_time_ymd(i32::from(today.year()), first.0, first.1);
    params.not_after = date_time_ymd(i32::from(end.year()), last.0, last.1);
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    Ok(params)
}

fn internal(error: impl std::fmt::Display) -> Fault {
    Fault::Internal {
        what: format!("no certificate could be made: {error}"),
    }
}
