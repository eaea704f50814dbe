//! A key in software for tests: makes packed attestations (by itself or under a certificate) and assertions with `p256`, so
//! that the practice tenant, which verifies with `ring`, is given something that other code has signed.

use ciborium::Value as Cbor;
use keyline::domain::authenticator::Aaguid;
use keyline::domain::credential::{Attestation, CreationOptions, CredentialId};
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use sha2::{Digest, Sha256};

/// id-fido-gen-ce-aaguid.
const AAGUID_EXTENSION: [u64; 10] = [1, 3, 6, 1, 4, 1, 45724, 1, 1, 4];
pub(crate) const UP: u8 = 0x01;
pub(crate) const UV: u8 = 0x04;
pub(crate) const AT: u8 = 0x40;

/// One credential on one key. The fields are open, so that a test can spoil exactly one thing.
pub(crate) struct SoftwareKey {
    pub(crate) id: Vec<u8>,
    pub(crate) aaguid: Aaguid,
    pub(crate) key: SigningKey,
    pub(crate) flags: u8,
    pub(crate) rp_id: String,
    pub(crate) origin: String,
    pub(crate) counter: u32,
    /// The attestation certificate and its key, in DER.
    pub(crate) batch: Option<(Vec<u8>, SigningKey)>,
}

impl SoftwareKey {
    /// A key that does everything right; `number` makes it another one.
    pub(crate) fn new(number: u8) -> Self {
        let secret: [u8; 32] = Sha256::digest([number, 0xA5]).into();
        Self {
            id: Sha256::digest([number, 0x1D])[..16].to_vec(),
            aaguid: Aaguid([0x4B; 16]),
            key: SigningKey::from_slice(&secret).unwrap(),
            flags: UP | UV | AT,
            rp_id: "login.microsoft.com".to_owned(),
            origin: "https://login.microsoft.com".to_owned(),
            counter: 1,
            batch: None,
        }
    }

    /// The same with an attestation certificate for `named`.
    pub(crate) fn with_certificate(number: u8, named: Aaguid) -> Self {
        use p256::pkcs8::DecodePrivateKey;
        let pair = rcgen::KeyPair::generate().unwrap();
        let mut parameters = rcgen::CertificateParams::new(Vec::new()).unwrap();
        let mut content = vec![0x04, 0x10];
        content.extend(named.0);
        parameters.custom_extensions = vec![rcgen::CustomExtension::from_oid_content(
            &AAGUID_EXTENSION,
            content,
        )];
        let certificate = parameters.self_signed(&pair).unwrap();
        let signer = SigningKey::from_pkcs8_der(&pair.serialize_der()).unwrap();
        Self {
            batch: Some((certificate.der().to_vec(), signer)),
            ..Self::new(number)
        }
    }

    /// clientDataJSON for `challenge` bytes.
    pub(crate) fn client_data(&self, kind: &str, challenge: &[u8]) -> Vec<u8> {
        use base64::Engine;
        let challenge = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(challenge);
        format!(
            r#"{{"type":"{kind}","challenge":"{challenge}","origin":"{}","crossOrigin":false}}"#,
            self.origin
        )
        .into_bytes()
    }

    /// Answers `options` as authenticatorMakeCredential would.
    pub(crate) fn attest(&self, options: &CreationOptions) -> Attestation {
        let client_data_json = self.client_data("webauthn.create", &options.challenge);
        let auth_data = self.auth_data();
        let mut message = auth_data.clone();
        message.extend(Sha256::digest(&client_data_json));
        let signer = self.batch.as_ref().map_or(&self.key, |(_, key)| key);
        let signature: Signature = signer.sign(&message);
        let mut statement = vec![
            (text("alg"), Cbor::from(-7)),
            (
                text("sig"),
                Cbor::Bytes(signature.to_der().as_bytes().to_vec()),
            ),
        ];
        if let Some((certificate, _)) = &self.batch {
            let chain = Cbor::Array(vec![Cbor::Bytes(certificate.clone())]);
            statement.push((text("x5c"), chain));
        }
        let object = Cbor::Map(vec![
            (text("fmt"), text("packed")),
            (text("attStmt"), Cbor::Map(statement)),
            (text("authData"), Cbor::Bytes(auth_data)),
        ]);
        Attestation {
            credential_id: CredentialId(self.id.clone()),
            aaguid: self.aaguid,
            client_data_json,
            attestation_object: cbor(&object),
            format: "packed".to_owned(),
            credential_protection: None,
            hmac_secret: true,
            algorithm: -7,
        }
    }

    /// authenticatorData, clientDataJSON and signature of a sign-in.
    pub(crate) fn assert(&self, challenge: &[u8], counter: u32) -> (Vec<u8>, Vec<u8>, Vec<u8>) {
        let client_data_json = self.client_data("webauthn.get", challenge);
        let mut auth_data = Sha256::digest(self.rp_id.as_bytes()).to_vec();
        auth_data.push(self.flags & !AT);
        auth_data.extend(counter.to_be_bytes());
        let mut message = auth_data.clone();
        message.extend(Sha256::digest(&client_data_json));
        let signature: Signature = self.key.sign(&message);
        (
            auth_data,
            client_data_json,
            signature.to_der().as_bytes().to_vec(),
        )
    }

    fn auth_data(&self) -> Vec<u8> {
        let point = self.key.verifying_key().to_sec1_point(false);
        let (x, y) = (&point.as_bytes()[1..33], &point.as_bytes()[33..]);
        let cose = Cbor::Map(vec![
            (Cbor::from(1), Cbor::from(2)),
            (Cbor::from(3), Cbor::from(-7)),
            (Cbor::from(-1), Cbor::from(1)),
            (Cbor::from(-2), Cbor::Bytes(x.to_vec())),
            (Cbor::from(-3), Cbor::Bytes(y.to_vec())),
        ]);
        let mut data = Sha256::digest(self.rp_id.as_bytes()).to_vec();
        data.push(self.flags);
        data.extend(self.counter.to_be_bytes());
        data.extend(self.aaguid.0);
        data.extend(u16::try_from(self.id.len()).unwrap().to_be_bytes());
        data.extend(&self.id);
        data.extend(cbor(&cose));
        data
    }
}

fn text(text: &str) -> Cbor {
    Cbor::Text(text.to_owned())
}

fn cbor(value: &Cbor) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).unwrap();
    bytes
}
