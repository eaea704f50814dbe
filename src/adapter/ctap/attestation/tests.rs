//! Verdicts on attestations made here, each wrong in one place.

use p256::ecdsa::signature::Signer;
use p256::ecdsa::{DerSignature, SigningKey};
use p256::pkcs8::DecodePrivateKey;
use rcgen::{CertificateParams, CustomExtension, KeyPair};

use crate::adapter::mds::chain;
use crate::domain::credential::CredentialId;
use crate::domain::metadata::{Entry, Provenance, Vouching};
use crate::domain::time::Timestamp;

use super::*;

const CLIENT_DATA: &str = r#"{"type":"webauthn.create","challenge":"AQ","origin":"https://login.microsoft.com","crossOrigin":false}"#;
const AAGUID: [u8; 16] = [0x2F; 16];
const ID: [u8; 16] = [5; 16];

/// What goes into one attestation; a test changes one thing.
struct Making {
    rp: &'static str,
    flags: u8,
    aaguid: [u8; 16],
    certified: Option<[u8; 16]>,
    algorithm: i64,
    format: &'static str,
    client_data: &'static str,
    spoil: bool,
}

fn good() -> Making {
    Making {
        rp: "login.microsoft.com",
        flags: 0xC5,
        aaguid: AAGUID,
        certified: Some(AAGUID),
        algorithm: ES256,
        format: "packed",
        client_data: CLIENT_DATA,
        spoil: false,
    }
}

fn coordinates(key: &SigningKey) -> (Vec<u8>, Vec<u8>) {
    let point = key.verifying_key().to_sec1_point(false);
    let (x, y) = point.as_bytes()[1..].split_at(32);
    (x.to_vec(), y.to_vec())
}

/// A certificate for `pair`, for the model `aaguid`.
fn certify(pair: &KeyPair, aaguid: Option<[u8; 16]>) -> Vec<u8> {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    if let Some(aaguid) = aaguid {
        let value = [&[0x04, 0x10][..], &aaguid].concat();
        let oid = [1, 3, 6, 1, 4, 1, 45724, 1, 1, 4];
        params
            .custom_extensions
            .push(CustomExtension::from_oid_content(&oid, value));
    }
    params.self_signed(pair).unwrap().der().to_vec()
}

impl Making {
    /// With a certificate where there is one to be `certified`, else a self attestation.
    fn make(&self, with_certificate: bool) -> Attestation {
        let pair = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
        let signer = SigningKey::from_pkcs8_der(&pair.serialize_der()).unwrap();
        let credential = if with_certificate {
            SigningKey::from_slice(&[3; 32]).unwrap()
        } else {
            signer.clone()
        };
        let (x, y) = coordinates(&credential);
        let cose = Builder::new()
            .with(1, 2)
            .with(3, ES256)
            .with(-1, 1)
            .with(-2, x.clone())
            .with(-3, y.clone());
        let extensions = Builder::new()
            .with("hmac-secret", true)
            .with("credProtect", 2);
        let rp_id_hash: [u8; 32] = Sha256::digest(self.rp.as_bytes()).into();
        let mut auth_data = rp_id_hash.to_vec();
        auth_data.push(self.flags);
        auth_data.extend([0, 0, 0, 1]);
        auth_data.extend(self.aaguid);
        auth_data.extend([0, 16]);
        auth_data.extend(ID);
        auth_data.extend(cbor::encode(&cose.into()).unwrap());
        auth_data.extend(cbor::encode(&extensions.into()).unwrap());
        let hash: [u8; 32] = Sha256::digest(self.client_data).into();
        let message = if self.format == "fido-u2f" {
            [&[0][..], &rp_id_hash, &hash, &ID, &[4], &x, &y].concat()
        } else {
            [auth_data.as_slice(), &hash].concat()
        };
        let signature: DerSignature = signer.sign(&message);
        let mut signature = signature.as_bytes().to_vec();
        if self.spoil {
            *signature.last_mut().unwrap() ^= 1;
        }
        let mut statement = Builder::new();
        if self.format != "none" {
            statement = statement.with("alg", self.algorithm).with("sig", signature);
        }
        if with_certificate {
            let leaf = certify(&pair, self.certified);
            statement = statement.with("x5c", Value::Array(vec![leaf.into()]));
        }
        let object = Builder::new()
            .with("fmt", self.format)
            .with("attStmt", statement)
            .with("authData", auth_data);
        Attestation {
            credential_id: CredentialId(ID.to_vec()),
            aaguid: Aaguid(self.aaguid),
            client_data_json: self.client_data.as_bytes().to_vec(),
            attestation_object: cbor::encode(&object.into()).unwrap(),
            format: self.format.to_owned(),
            credential_protection: None,
            hmac_secret: true,
            algorithm: ES256,
        }
    }
}

#[track_caller]
fn disagrees(making: &Making, why: &str) {
    for with_certificate in [true, false] {
        let verdict = Verifier.judge(&making.make(with_certificate));
        assert_eq!(verdict, AttestationVerdict::Disagrees(why.to_owned()));
    }
}

#[test]
fn good_attestations_are_agreed_with() {
    let certified = good().make(true);
    assert_eq!(Verifier.judge(&certified), AttestationVerdict::Agrees);
    assert_eq!(
        Verifier.second_opinion(&certified),
        AttestationVerdict::Agrees
    );
    let unnamed = Making {
        certified: None,
        ..good()
    };
    assert_eq!(
        Verifier.judge(&unnamed.make(true)),
        AttestationVerdict::Agrees
    );
    assert_eq!(
        Verifier.judge(&good().make(false)),
        AttestationVerdict::Agrees
    );
    let none = Making {
        format: "none",
        ..good()
    };
    assert_eq!(
        Verifier.judge(&none.make(false)),
        AttestationVerdict::Agrees
    );
    let u2f = Making {
        format: "fido-u2f",
        aaguid: [0; 16],
        ..good()
    };
    assert_eq!(Verifier.judge(&u2f.make(true)), AttestationVerdict::Agrees);
}

#[test]
fn each_contradiction_is_found() {
    disagrees(
        &Making {
            spoil: true,
            ..good()
        },
        "the signature is wrong",
    );
    disagrees(
        &Making {
            rp: "login.contoso.com",
            ..good()
        },
        "the authenticator data is not for login.microsoft.com",
    );
    disagrees(
        &Making {
            flags: 0xC4,
            ..good()
        },
        "the flag UP is not set",
    );
    disagrees(
        &Making {
            flags: 0xC1,
            ..good()
        },
        "the flag UV is not set",
    );
    let other = Making {
        certified: Some([1; 16]),
        ..good()
    };
    let verdict = Verifier.judge(&other.make(true));
    let why = "the attestation certificate is for the model 01010101-0101-0101-0101-010101010101";
    assert_eq!(verdict, AttestationVerdict::Disagrees(why.to_owned()));
    disagrees(
        &Making {
            client_data: "{}",
            ..good()
        },
        "the client data names no https origin",
    );
    let spoilt = Verifier.second_opinion(
        &Making {
            spoil: true,
            ..good()
        }
        .make(true),
    );
    assert!(
        matches!(spoilt, AttestationVerdict::Disagrees(_)),
        "{spoilt:?}"
    );
}

#[test]
fn an_attestation_of_another_credential_or_model_is_found() {
    let mut other = good().make(true);
    other.credential_id.0[0] ^= 1;
    assert!(matches!(
        Verifier.judge(&other),
        AttestationVerdict::Disagrees(_)
    ));
    let mut other = good().make(true);
    other.aaguid.0[0] ^= 1;
    assert!(matches!(
        Verifier.judge(&other),
        AttestationVerdict::Disagrees(_)
    ));
    let mut other = good().make(true);
    other.client_data_json = CLIENT_DATA.replace("AQ", "AA").into_bytes();
    assert_eq!(
        Verifier.judge(&other),
        AttestationVerdict::Disagrees("the signature is wrong".to_owned())
    );
}

#[test]
fn what_is_not_known_is_no_objection() {
    let cannot = |verdict| matches!(verdict, AttestationVerdict::CannotJudge(_));
    assert!(cannot(
        Verifier.judge(
            &Making {
                format: "tpm",
                ..good()
            }
            .make(true)
        )
    ));
    // The other implementation is shown only what it does not stumble over.
    assert!(cannot(Verifier.second_opinion(&good().make(false))));
    assert!(cannot(
        Verifier.second_opinion(
            &Making {
                format: "none",
                ..good()
            }
            .make(false)
        )
    ));
}

#[test]
fn a_certificate_is_not_shown_with_an_algorithm_of_another_key() {
    for algorithm in [-8, -35, -257] {
        let making = Making {
            algorithm,
            spoil: true,
            ..good()
        };
        assert_eq!(
            Verifier.judge(&making.make(true)),
            AttestationVerdict::Disagrees(format!(
                "COSE algorithm {algorithm} with a certificate for another one"
            ))
        );
    }
    let renamed = |spoil| Making {
        algorithm: ESP256,
        spoil,
        ..good()
    };
    let verdict = Verifier.judge(&renamed(false).make(true));
    assert_eq!(verdict, AttestationVerdict::Agrees);
    let verdict = Verifier.judge(&renamed(true).make(true));
    assert!(matches!(verdict, AttestationVerdict::Disagrees(_)));
}

#[test]
fn the_certificates_are_those_of_the_statement() {
    let shown = Verifier.certificates(&good().make(true)).unwrap();
    assert_eq!(shown.len(), 1);
    assert!(certificate(&shown[0].0).is_ok());
    assert_eq!(Verifier.certificates(&good().make(false)), Ok(Vec::new()));
}

#[test]
fn a_copied_certificate_under_a_format_that_nobody_knows_does_not_prove_the_model() {
    for (format, proves) in [("packed", true), ("tpm", false), ("acme", false)] {
        let making = Making { format, ..good() };
        let attestation = making.make(true);
        let shown = Verifier.certificates(&attestation).unwrap();
        let model = Entry {
            aaguid: attestation.aaguid,
            name: "Acme Key".to_owned(),
            version: None,
            reports: Vec::new(),
            vouching: Vouching::ByVendor,
            roots: shown.clone(),
            unreadable: 0,
        };
        let led = chain::provenance(&model, &shown, Timestamp(0));
        assert!(matches!(led, Provenance::Genuine(_)), "{format}: {led:?}");
        let told = led.signed(&Verifier.judge(&attestation));
        assert_eq!(matches!(told, Provenance::Genuine(_)), proves, "{told:?}");
        assert_eq!(matches!(told, Provenance::Foreign(_)), !proves, "{told:?}");
    }
}
