//! The command layer against a firmware core of another make, and against scripted transports for what that core never does.

mod enrolment;
mod firmware;
mod foreign_bytes;
mod scripted;
mod vectors;

use crate::domain::credential::{CreationOptions, CredentialProtection, RpId, UserHandle};
use crate::domain::pin::Pin;
use crate::domain::time::Timestamp;
use crate::port::{Attendant, CancelFlag};

pub(super) fn pin(text: &str) -> Pin {
    Pin::new(text).unwrap()
}

pub(super) fn options() -> CreationOptions {
    CreationOptions {
        rp_id: RpId("login.microsoft.com".to_owned()),
        rp_name: "Microsoft".to_owned(),
        user_handle: UserHandle(vec![7; 48]),
        user_name: "zoe@contoso.com".to_owned(),
        user_display_name: "Zoë Example".to_owned(),
        challenge: vec![1; 32],
        algorithms: vec![-7, -257],
        exclude: Vec::new(),
        hmac_secret: true,
        credential_protection: Some(CredentialProtection::UserVerificationOptional),
        enforce_credential_protection: false,
        expires: Timestamp(0),
    }
}

pub(super) fn client_data() -> Vec<u8> {
    options().client_data_json()
}

pub(super) fn attendant() -> Attendant {
    Attendant {
        cancel: CancelFlag::default(),
        on_touch: Box::new(|_| {}),
    }
}
