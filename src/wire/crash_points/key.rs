//! Keys with a point before and after every command that changes something on the key.

use std::sync::Arc;

use super::effect;
use crate::domain::authenticator::{Attachment, Capabilities, Serial};
use crate::domain::credential::{Attestation, CredentialId, RpId};
use crate::domain::fault::Fault;
use crate::domain::pin::Pin;
use crate::domain::policy::Configuration;
use crate::port::{
    Attendant, Authenticator, KeyEvent, Keys, MakeCredential, PinVerdict, Place, Repowered,
};

/// Where the keys come from.
pub(super) struct Watched(pub(super) Arc<dyn Keys>);

impl Keys for Watched {
    fn watch(&self, sink: Box<dyn FnMut(KeyEvent) -> bool + Send>) -> Result<(), Fault> {
        self.0.watch(sink)
    }

    fn open(&self, place: &Place, attendant: Attendant) -> Result<Box<dyn Authenticator>, Fault> {
        Ok(Box::new(Key(self.0.open(place, attendant)?)))
    }
}

struct Key(Box<dyn Authenticator>);

impl Authenticator for Key {
    fn capabilities(&mut self) -> Result<Capabilities, Fault> {
        self.0.capabilities()
    }

    fn serial(&mut self) -> Result<Option<Serial>, Fault> {
        self.0.serial()
    }

    fn attachment(&self) -> Attachment {
        self.0.attachment()
    }

    fn product(&self) -> String {
        self.0.product()
    }

    fn reset(&mut self) -> Result<(), Fault> {
        effect("key.reset", || self.0.reset())
    }

    fn repower(&mut self) -> Result<Repowered, Fault> {
        effect("key.repower", || self.0.repower())
    }

    fn set_pin(&mut self, pin: &Pin) -> Result<(), Fault> {
        effect("key.set_pin", || self.0.set_pin(pin))
    }

    fn change_pin(&mut self, current: &Pin, new: &Pin) -> Result<(), Fault> {
        effect("key.change_pin", || self.0.change_pin(current, new))
    }

    fn pin_retries(&mut self) -> Result<u32, Fault> {
        self.0.pin_retries()
    }

    fn try_pin(&mut self, pin: &Pin) -> Result<PinVerdict, Fault> {
        effect("key.try_pin", || self.0.try_pin(pin))
    }

    fn make_credential(
        &mut self,
        request: &MakeCredential<'_>,
        pin: &Pin,
    ) -> Result<Attestation, Fault> {
        effect("key.make_credential", || {
            self.0.make_credential(request, pin)
        })
    }

    fn assert_silently(
        &mut self,
        rp: &RpId,
        allow: &[CredentialId],
    ) -> Result<Option<CredentialId>, Fault> {
        self.0.assert_silently(rp, allow)
    }

    /// Two commands, toggleAlwaysUv and then setMinPINLength: between them is a point as well, so they are asked for one after
    /// the other.
    fn configure(&mut self, pin: &Pin, wanted: Configuration) -> Result<(), Fault> {
        let toggle = Configuration {
            always_uv: wanted.always_uv,
            ..Configuration::default()
        };
        let lengths = Configuration {
            always_uv: false,
            ..wanted
        };
        for (name, part) in [
            ("key.always_uv", toggle),
            ("key.set_min_pin_length", lengths),
        ] {
            if !part.is_empty() {
                effect(name, || self.0.configure(pin, part))?;
            }
        }
        Ok(())
    }
}
