//! A practice metadata service: files of the shape of the FIDO Metadata Service's, in which simulated models stand, signed by a
//! practice root. They say nothing of keys that can be bought, and no station takes them that does not name that root.
//!
//! The root and its key are drawn anew for each [`Publisher`]; no private key lies in the source or on a disk.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::civil::Date;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use serde_json::{Value, json};

use crate::domain::authenticator::Aaguid;
use crate::domain::fault::Fault;

/// The name that the signer's certificate has to carry.
const HOST: &str = "mds.fidoalliance.org";

/// Signs practice metadata.
pub struct Publisher {
    root: String,
    chain: Vec<String>,
    key: EcdsaKeyPair,
    chance: SystemRandom,
}

impl Publisher {
    /// With a root and a signing certificate of its own.
    ///
    /// # Errors
    /// [`Fault::Internal`] when they cannot be made.
    pub fn new() -> Result<Self, Fault> {
        Self::for_host(HOST)
    }

    /// As [`Publisher::new`], with a signing certificate for another host, which nobody should take.
    ///
    /// # Errors
    /// As [`Publisher::new`].
    pub fn for_host(host: &str) -> Result<Self, Fault> {
        let root_key = KeyPair::generate().map_err(internal)?;
        let mut params = CertificateParams::default();
        params
            .distinguished_name
            .push(DnType::CommonName, "Keyline Practice Metadata Root");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let root = params.self_signed(&root_key).map_err(internal)?;
        let issuer = Issuer::new(params, root_key);
        let key = KeyPair::generate().map_err(internal)?;
        let mut params = CertificateParams::new(vec![host.to_owned()]).map_err(internal)?;
        params
            .distinguished_name
            .push(DnType::CommonName, "Keyline Practice Metadata");
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let leaf = params.signed_by(&key, &issuer).map_err(internal)?;
        let chance = SystemRandom::new();
        let key = EcdsaKeyPair::from_pkcs8(
            &ECDSA_P256_SHA256_FIXED_SIGNING,
            &key.serialize_der(),
            &chance,
        )
        .map_err(internal)?;
        Ok(Self {
            root: root.pem(),
            chain: vec![STANDARD.encode(leaf.der())],
            key,
            chance,
        })
    }

    /// The practice root, PEM.
    pub fn root(&self) -> &str {
        &self.root
    }

    /// The header of a file that is right (RFC 7515 §4.1).
    pub fn header(&self) -> Value {
        json!({ "typ": "JWT", "alg": "ES256", "x5c": self.chain })
    }

    /// A file with this payload, signed.
    ///
    /// # Errors
    /// [`Fault::Internal`] when it cannot be signed.
    pub fn publish(&self, edition: &Value) -> Result<String, Fault> {
        self.sign(&self.header(), edition.to_string().as_bytes())
    }

    /// A file with this header and this payload, whatever they say.
    ///
    /// # Errors
    /// As [`Publisher::publish`].
    pub fn sign(&self, header: &Value, payload: &[u8]) -> Result<String, Fault> {
        let mut file = URL_SAFE_NO_PAD.encode(header.to_string());
        file.push('.');
        URL_SAFE_NO_PAD.encode_string(payload, &mut file);
        let signature = self
            .key
            .sign(&self.chance, file.as_bytes())
            .map_err(internal)?;
        file.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut file);
        Ok(file)
    }
}

/// The payload of an edition (Metadata Service 3.0 §3.1.6).
pub fn edition(number: u64, next_update: Date, entries: &[Value]) -> Value {
    json!({
        "legalHeader": "Practice metadata of keyline: it says nothing of keys that can be bought.",
        "no": number,
        "nextUpdate": next_update.to_string(),
        "entries": entries,
    })
}

/// The entry of a simulated model (§3.1.1): its name, the roots of its makers (DER), and what is reported of it.
pub fn entry(aaguid: Aaguid, name: &str, roots: &[&[u8]], reports: &[(&str, Date)]) -> Value {
    let roots: Vec<String> = roots.iter().map(|root| STANDARD.encode(root)).collect();
    let reports: Vec<Value> = reports
        .iter()
        .map(|(status, since)| json!({ "status": status, "effectiveDate": since.to_string() }))
        .collect();
    json!({
        "aaguid": aaguid.to_string(),
        "metadataStatement": {
            "aaguid": aaguid.to_string(),
            "description": name,
            "authenticatorVersion": 1,
            "protocolFamily": "fido2",
            "schema": 3,
            "attestationTypes": ["basic_full"],
            "attestationRootCertificates": roots,
        },
        "statusReports": reports,
        "timeOfLastStatusChange": "2026-01-01",
    })
}

fn internal(error: impl std::fmt::Display) -> Fault {
    Fault::Internal {
        what: format!("the practice metadata could not be made: {error}"),
    }
}
