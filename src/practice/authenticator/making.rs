//! Where simulated keys come from: a manufacturer with a root certificate, models, and serial numbers.
//!
//! Certificates are drawn anew for each [`Manufacturer`]; no private key lies in the source or on a disk.

use opensk::api::customization::{CustomizationImpl, DEFAULT_CUSTOMIZATION};
use opensk::api::persist::{Attestation, AttestationId, Persist};
use p256::pkcs8::DecodePrivateKey;
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType, IsCa, Issuer,
    KeyPair, KeyUsagePurpose,
};

use super::key::{Passport, SimulatedKey};
use super::memory::Memory;
use crate::domain::authenticator::{Aaguid, Serial};
use crate::domain::fault::Fault;

/// The model of ordinary practice keys: the ASCII letters of `keyline practice`. Registered nowhere, so no tenant that
/// enforces attestation against the FIDO Metadata Service takes it for a product.
pub const PRACTICE_AAGUID: Aaguid = Aaguid(*b"keyline practice");

/// A second model, for policies that tell models apart: the ASCII letters of `keyline training`.
pub const TRAINING_AAGUID: Aaguid = Aaguid(*b"keyline training");

/// id-fido-gen-ce-aaguid (WebAuthn §8.2.1).
const AAGUID_EXTENSION: [u64; 10] = [1, 3, 6, 1, 4, 1, 45724, 1, 1, 4];

/// How a model attests its credentials (WebAuthn §6.5.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttestationKind {
    /// Packed with the certificate of the batch (WebAuthn §8.2.1).
    Batch,
    /// Packed, signed by the credential itself, without a certificate.
    SelfSigned,
}

/// What all keys of one model have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    pub aaguid: Aaguid,
    pub attestation: AttestationKind,
    /// How many discoverable credentials fit, at most 300.
    pub resident_keys: usize,
    /// Whether its keys tell their serial number over the wire.
    pub tells_serial: bool,
}

impl Model {
    /// The ordinary practice key.
    pub const fn practice() -> Self {
        Self {
            aaguid: PRACTICE_AAGUID,
            attestation: AttestationKind::Batch,
            resident_keys: 150,
            tells_serial: true,
        }
    }

    /// Another model of the same manufacturer, which tells no serial number.
    pub const fn training() -> Self {
        Self {
            aaguid: TRAINING_AAGUID,
            attestation: AttestationKind::Batch,
            resident_keys: 150,
            tells_serial: false,
        }
    }

    pub(super) fn customization(&self) -> CustomizationImpl {
        CustomizationImpl {
            use_batch_attestation: self.attestation == AttestationKind::Batch,
            max_supported_resident_keys: self.resident_keys,
            ..DEFAULT_CUSTOMIZATION
        }
    }
}

/// Makes simulated keys and vouches for them.
pub struct Manufacturer {
    root: Vec<u8>,
    issuer: Issuer<'static, KeyPair>,
    model: Model,
    batch: Attestation,
}

impl Manufacturer {
    /// Founds a manufacturer of `model`: draws a root and the certificate of the batch.
    ///
    /// # Errors
    /// [`Fault::Internal`] when the certificates cannot be made.
    pub fn new(model: Model) -> Result<Self, Fault> {
        let root_key = KeyPair::generate().map_err(internal)?;
        let params = root_params();
        let root = params.self_signed(&root_key).map_err(internal)?;
        let issuer = Issuer::new(params, root_key);
        let batch = batch(&issuer, model.aaguid)?;
        Ok(Self {
            root: root.der().to_vec(),
            issuer,
            model,
            batch,
        })
    }

    /// The same manufacturer's line of another model, under the same root.
    ///
    /// # Errors
    /// [`Fault::Internal`] when the certificate of the batch cannot be made.
    pub fn retool(self, model: Model) -> Result<Self, Fault> {
        let batch = batch(&self.issuer, model.aaguid)?;
        Ok(Self {
            model,
            batch,
            ..self
        })
    }

    /// The root certificate (DER) that a practice tenant may trust.
    pub fn root(&self) -> &[u8] {
        &self.root
    }

    /// The certificate (DER) that stands in the attestation of every key of this batch.
    pub fn batch_certificate(&self) -> &[u8] {
        &self.batch.certificate
    }

    /// A key fresh from the line, without power. `number` becomes its serial, such as `PRACTICE-000123`.
    ///
    /// # Errors
    /// [`Fault::Internal`] when its memory cannot be written.
    pub fn make(&self, number: u32) -> Result<SimulatedKey, Fault> {
        let mut memory = Memory::default();
        memory
            .set_aaguid(&self.model.aaguid.0)
            .and_then(|()| match self.model.attestation {
                AttestationKind::Batch => {
                    memory.set_attestation(AttestationId::Batch, Some(&self.batch))
                }
                AttestationKind::SelfSigned => Ok(()),
            })
            .map_err(|status| Fault::Internal {
                what: format!("a simulated key could not be made: {status:?}"),
            })?;
        Ok(self.rebuild(number, memory))
    }

    /// A key from a photograph of another one's memory: the same credentials and PIN under the serial `number`.
    pub fn rebuild(&self, number: u32, memory: Memory) -> SimulatedKey {
        SimulatedKey::new(
            Passport {
                serial: Serial::new(&format!("PRACTICE-{number:06}")),
                model: self.model.clone(),
            },
            memory,
        )
    }
}

fn root_params() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = name("Keyline Practice Attestation Root");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params
}

/// Draws the key of a batch and has it certified as WebAuthn §8.2.1 demands: version 3, the four subject fields, the
/// AAGUID extension (not critical), and basic constraints that say "no CA".
fn batch(issuer: &Issuer<'static, KeyPair>, aaguid: Aaguid) -> Result<Attestation, Fault> {
    let key = KeyPair::generate().map_err(internal)?;
    let mut params = CertificateParams::default();
    params.distinguished_name = name("Keyline Practice Batch");
    params.is_ca = IsCa::ExplicitNoCa;
    params.use_authority_key_identifier_extension = true;
    // The value is an OCTET STRING of 16 bytes inside the extension's own OCTET STRING.
    let mut octets = vec![0x04, 0x10];
    octets.extend_from_slice(&aaguid.0);
    params
        .custom_extensions
        .push(CustomExtension::from_oid_content(&AAGUID_EXTENSION, octets));
    let certificate = params.signed_by(&key, issuer).map_err(internal)?;
    // OpenSK wants the bare scalar, rcgen gives PKCS #8.
    let scalar = p256::SecretKey::from_pkcs8_der(&key.serialize_der()).map_err(internal)?;
    Ok(Attestation {
        wrapped_private_key: scalar.to_bytes().to_vec(),
        certificate: certificate.der().to_vec(),
    })
}

fn name(common: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    // `ZZ` is one of the codes that ISO 3166 leaves to its users: a practice key comes from no country.
    name.push(DnType::CountryName, "ZZ");
    name.push(
        DnType::OrganizationName,
        "Keyline Practice (simulated keys)",
    );
    name.push(DnType::OrganizationalUnitName, "Authenticator Attestation");
    name.push(DnType::CommonName, common);
    name
}

fn internal(error: impl std::fmt::Display) -> Fault {
    Fault::Internal {
        what: format!("the practice certificates could not be made: {error}"),
    }
}
