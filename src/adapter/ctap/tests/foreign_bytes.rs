//! No parser panics, whatever a key sends.

use proptest::prelude::*;

use crate::adapter::ctap::{Verifier, auth_data, cbor, info, serial};
use crate::domain::authenticator::Aaguid;
use crate::domain::credential::{Attestation, AttestationVerdict, CredentialId};
use crate::port::AttestationCheck;

use super::client_data;

fn foreign() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..300)
}

fn attestation(object: Vec<u8>) -> Attestation {
    Attestation {
        credential_id: CredentialId(vec![1; 16]),
        aaguid: Aaguid([0; 16]),
        client_data_json: client_data(),
        attestation_object: object,
        format: "packed".to_owned(),
        credential_protection: None,
        hmac_secret: false,
        algorithm: -7,
    }
}

proptest! {
    #[test]
    fn readers_of_foreign_bytes_never_panic(bytes in foreign()) {
        let _ = cbor::decode(&bytes);
        let _ = info::parse(&bytes);
        let _ = auth_data::parse(&bytes);
        let _ = serial::from_configuration(&bytes);
        prop_assert_ne!(Verifier.judge(&attestation(bytes.clone())), AttestationVerdict::Agrees);
        prop_assert_ne!(Verifier.second_opinion(&attestation(bytes)), AttestationVerdict::Agrees);
    }

    #[test]
    fn what_is_decoded_is_encoded_and_decoded_alike(bytes in foreign()) {
        if let Ok(value) = cbor::decode(&bytes) {
            let written = cbor::encode(&value).unwrap();
            let read = cbor::decode(&written).unwrap();
            prop_assert_eq!(cbor::encode(&read).unwrap(), written);
        }
    }

    #[test]
    fn authenticator_data_of_any_kind_never_panics(tail in foreign(), flags in any::<u8>()) {
        let mut bytes = vec![0; 32];
        bytes.push(flags);
        bytes.extend([0; 20]);
        bytes.extend(tail);
        let _ = auth_data::parse(&bytes);
    }
}
