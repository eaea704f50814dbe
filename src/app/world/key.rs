//! Keys: what CTAP lets one see and do, and what really is on them.

use crate::app::world::{Op, World};
use crate::domain::authenticator::{Aaguid, Attachment, Capabilities, Serial};
use crate::domain::credential::{Attestation, AttestationVerdict, CredentialId, RpId};
use crate::domain::fault::Fault;
use crate::domain::metadata::Certificate;
use crate::domain::pin::Pin;
use crate::port::{
    Attendant, AttestationCheck, Authenticator, Configuration, KeyEvent, Keys, MakeCredential,
    PinVerdict, Place, Repowered,
};

const RETRIES: u32 = 8;
const RETRIES_KEPT: u32 = 3;

/// A passkey on a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Resident {
    pub(crate) credential: CredentialId,
    pub(crate) rp: RpId,
    pub(crate) user: Vec<u8>,
}

/// One key as it really is.
#[derive(Clone, Debug)]
pub(crate) struct KeyState {
    pub(crate) serial: Option<&'static str>,
    pub(crate) model: u8,
    pub(crate) attachment: Attachment,
    pub(crate) pin: Option<String>,
    pub(crate) pin_is_ours: bool,
    /// Somebody else's, who has not agreed to anything.
    pub(crate) not_ours: bool,
    pub(crate) retries: u32,
    pub(crate) residents: Vec<Resident>,
    pub(crate) always_uv: bool,
    pub(crate) min_pin_length: usize,
    pub(crate) force_pin_change: bool,
    /// The reset window is open: shut by any command but getInfo, or by [`KeyState::shut`].
    window: bool,
    /// A reset is taken after other commands as well, as long as the key was plugged in just now.
    lenient: bool,
    /// Reader that can take the power away.
    pub(crate) repowers: bool,
    /// credProtect level 3: silent assertions prove nothing.
    pub(crate) silent: bool,
    pub(crate) bad_attestation: bool,
    generation: u32,
}

impl KeyState {
    pub(crate) fn blank(serial: Option<&'static str>) -> Self {
        Self {
            serial,
            model: 1,
            attachment: Attachment::Hid,
            pin: None,
            pin_is_ours: false,
            not_ours: false,
            retries: RETRIES,
            residents: Vec::new(),
            always_uv: false,
            min_pin_length: 4,
            force_pin_change: false,
            window: true,
            lenient: false,
            repowers: false,
            silent: false,
            bad_attestation: false,
            generation: 0,
        }
    }

    /// A key that somebody has set a PIN on.
    pub(crate) fn used(serial: Option<&'static str>, pin: &str) -> Self {
        Self {
            pin: Some(pin.to_owned()),
            ..Self::blank(serial)
        }
    }

    /// The same key with a passkey of `user` for Entra.
    pub(crate) fn holding(mut self, credential: u8, user: &str) -> Self {
        self.residents.push(Resident {
            credential: CredentialId(vec![credential; 16]),
            rp: RpId("login.microsoft.com".to_owned()),
            user: user.as_bytes().to_vec(),
        });
        self
    }

    /// The same key with firmware that takes a reset after other commands too.
    pub(crate) fn lenient(mut self) -> Self {
        self.lenient = true;
        self
    }

    pub(crate) fn power_up(&mut self) {
        self.window = true;
        self.generation += 1;
    }

    /// The reset window passes.
    pub(crate) fn shut(&mut self) {
        self.window = false;
    }

    /// Nobody has done anything to it, or to a key with its serial.
    pub(crate) fn is_untouched(&self) -> bool {
        let blank = self.pin.is_none() && self.residents.is_empty();
        blank && !self.always_uv && self.min_pin_length == 4 && self.serial.is_none()
    }

    /// A few tries more than ours, and a stranger's key would be blocked.
    pub(super) fn is_worn_out(&self) -> bool {
        self.not_ours && self.retries <= RETRIES_KEPT
    }

    pub(super) fn pin_by_us(&self) -> Option<&str> {
        self.pin.as_deref().filter(|_| self.pin_is_ours)
    }

    pub(crate) fn holds(&self, credential: &CredentialId) -> bool {
        self.residents
            .iter()
            .any(|resident| resident.credential == *credential)
    }

    pub(super) fn capabilities(&self) -> Capabilities {
        Capabilities {
            versions: vec!["FIDO_2_0".to_owned(), "FIDO_2_1".to_owned()],
            extensions: vec!["hmac-secret".to_owned()],
            aaguid: Aaguid([self.model; 16]),
            client_pin: Some(self.pin.is_some()),
            resident_keys: true,
            always_uv: Some(self.always_uv),
            set_min_pin_length: true,
            authenticator_config: true,
            credential_management: true,
            pin_uv_auth_token: true,
            max_message_size: 1200,
            pin_protocols: vec![2, 1],
            max_credentials_in_list: Some(8),
            min_pin_length: self.min_pin_length,
            force_pin_change: self.force_pin_change,
            remaining_credentials: Some(25),
            firmware_version: Some(5),
            long_touch_for_reset: false,
            algorithms: vec![-7],
        }
    }

    fn check_pin(&mut self, pin: &Pin) -> Result<(), Fault> {
        if self.retries == 0 {
            return Err(Fault::PinBlocked);
        }
        if self.pin.as_deref() != Some(pin.reveal()) {
            self.retries -= 1;
            assert!(self.retries >= 3, "three tries always stay");
            return Err(Fault::PinWrong {
                retries_left: Some(self.retries),
            });
        }
        self.retries = RETRIES;
        if self.force_pin_change {
            return Err(Fault::PinChangeForced);
        }
        Ok(())
    }
}

/// The key in a slot, opened. It goes mute when the key is taken out.
pub(crate) struct Keyhole {
    world: World,
    slot: u16,
    key: usize,
    generation: u32,
}

impl World {
    /// Opens what lies in `slot`.
    pub(crate) fn open_slot(&self, slot: u16) -> Option<Keyhole> {
        let state = self.state();
        let key = *state.slots.get(&slot)?;
        Some(Keyhole {
            world: self.clone(),
            slot,
            key,
            generation: state.keys[key].generation,
        })
    }
}

impl Keyhole {
    fn act<T>(
        &self,
        op: Op,
        effect: impl FnOnce(&mut KeyState) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let (slot, key, generation) = (self.slot, self.key, self.generation);
        self.world.call(op, |state| {
            if state.slots.get(&slot) != Some(&key) || state.keys[key].generation != generation {
                return Err(Fault::KeyGone);
            }
            if !matches!(
                op,
                Op::Capabilities | Op::Serial | Op::TryPin | Op::AssertSilently | Op::Repower
            ) {
                state.must_be_bound(op, key);
            }
            let harmless = matches!(op, Op::Reset | Op::Capabilities | Op::Serial);
            if !harmless && !state.keys[key].lenient {
                state.keys[key].shut();
            }
            effect(&mut state.keys[key])
        })
    }
}

impl Authenticator for Keyhole {
    fn capabilities(&mut self) -> Result<Capabilities, Fault> {
        self.act(Op::Capabilities, |key| Ok(key.capabilities()))
    }

    fn serial(&mut self) -> Result<Option<Serial>, Fault> {
        self.act(Op::Serial, |key| Ok(key.serial.and_then(Serial::new)))
    }

    fn attachment(&self) -> Attachment {
        self.world.state().keys[self.key].attachment
    }

    fn product(&self) -> String {
        "Practice Key".to_owned()
    }

    fn reset(&mut self) -> Result<(), Fault> {
        self.act(Op::Reset, |key| {
            if !key.window {
                return Err(Fault::ResetTooLate);
            }
            let fresh = KeyState::blank(key.serial);
            *key = KeyState {
                model: key.model,
                attachment: key.attachment,
                lenient: key.lenient,
                repowers: key.repowers,
                silent: key.silent,
                bad_attestation: key.bad_attestation,
                generation: key.generation,
                window: false,
                ..fresh
            };
            Ok(())
        })
    }

    fn repower(&mut self) -> Result<Repowered, Fault> {
        self.act(Op::Repower, |key| {
            if !key.repowers {
                return Ok(Repowered::NotHere);
            }
            key.window = true;
            Ok(Repowered::Yes)
        })
    }

    fn set_pin(&mut self, pin: &Pin) -> Result<(), Fault> {
        self.act(Op::SetPin, |key| {
            if key.pin.is_some() {
                return Err(Fault::PinWrong { retries_left: None });
            }
            key.pin = Some(pin.reveal().to_owned());
            key.pin_is_ours = true;
            Ok(())
        })
    }

    fn change_pin(&mut self, current: &Pin, new: &Pin) -> Result<(), Fault> {
        self.act(Op::ChangePin, |key| {
            match key.check_pin(current) {
                Ok(()) | Err(Fault::PinChangeForced) => {}
                Err(fault) => return Err(fault),
            }
            key.pin = Some(new.reveal().to_owned());
            key.pin_is_ours = true;
            key.force_pin_change = false;
            Ok(())
        })
    }

    fn pin_retries(&mut self) -> Result<u32, Fault> {
        self.act(Op::Capabilities, |key| Ok(key.retries))
    }

    fn try_pin(&mut self, pin: &Pin) -> Result<PinVerdict, Fault> {
        self.act(Op::TryPin, |key| match key.check_pin(pin) {
            Ok(()) | Err(Fault::PinChangeForced) => Ok(PinVerdict::Right),
            Err(Fault::PinWrong { retries_left }) => Ok(PinVerdict::Wrong { retries_left }),
            Err(fault) => Err(fault),
        })
    }

    fn make_credential(
        &mut self,
        request: &MakeCredential<'_>,
        pin: &Pin,
    ) -> Result<Attestation, Fault> {
        let options = request.options;
        self.act(Op::MakeCredential, |key| {
            key.check_pin(pin)?;
            if options.exclude.iter().any(|known| key.holds(known)) {
                return Err(Fault::CredentialExcluded);
            }
            let user = options.user_handle.0.clone();
            let rp = options.rp_id.clone();
            key.residents
                .retain(|known| known.rp != rp || known.user != user);
            let mut id = options.challenge.clone();
            id.push(key.model);
            let credential = CredentialId(id);
            key.residents.push(Resident {
                credential: credential.clone(),
                rp,
                user,
            });
            Ok(Attestation {
                aaguid: Aaguid([key.model; 16]),
                client_data_json: request.client_data_json.to_vec(),
                attestation_object: options.challenge.clone(),
                format: "packed".to_owned(),
                credential_protection: options.credential_protection,
                hmac_secret: true,
                algorithm: if key.bad_attestation { 0 } else { -7 },
                credential_id: credential,
            })
        })
    }

    fn assert_silently(
        &mut self,
        rp: &RpId,
        allow: &[CredentialId],
    ) -> Result<Option<CredentialId>, Fault> {
        self.act(Op::AssertSilently, |key| {
            Ok(key
                .residents
                .iter()
                .filter(|_| !key.silent)
                .find(|known| {
                    known.rp == *rp && (allow.is_empty() || allow.contains(&known.credential))
                })
                .map(|known| known.credential.clone()))
        })
    }

    fn configure(&mut self, pin: &Pin, wanted: Configuration) -> Result<(), Fault> {
        self.act(Op::Configure, |key| {
            key.check_pin(pin)?;
            if wanted.always_uv {
                // A toggle, as on a real key.
                key.always_uv = !key.always_uv;
            }
            key.min_pin_length = wanted.min_pin_length.unwrap_or(key.min_pin_length);
            key.force_pin_change |= wanted.force_pin_change;
            Ok(())
        })
    }
}

impl AttestationCheck for World {
    fn judge(&self, attestation: &Attestation) -> AttestationVerdict {
        if attestation.algorithm == 0 {
            AttestationVerdict::Disagrees("the signature is wrong".to_owned())
        } else {
            AttestationVerdict::Agrees
        }
    }

    fn certificates(&self, _: &Attestation) -> Result<Vec<Certificate>, Fault> {
        Ok(Vec::new())
    }

    fn second_opinion(&self, _: &Attestation) -> AttestationVerdict {
        AttestationVerdict::CannotJudge("no second opinion here".to_owned())
    }
}

impl Keys for World {
    /// What lies in the slots is put in just now: it arrives, and nothing else does.
    fn watch(&self, mut sink: Box<dyn FnMut(KeyEvent) -> bool + Send>) -> Result<(), Fault> {
        let there: Vec<(u16, Attachment)> = {
            let state = self.state();
            let slots = state.slots.iter();
            slots
                .map(|(slot, key)| (*slot, state.keys[*key].attachment))
                .collect()
        };
        for (slot, attachment) in there {
            sink(KeyEvent::Arrived {
                place: Place(format!("practice:{slot}")),
                attachment,
                at_start: false,
            });
        }
        Ok(())
    }

    fn open(&self, place: &Place, _: Attendant) -> Result<Box<dyn Authenticator>, Fault> {
        self.call(Op::Open, |_| Ok(()))?;
        let slot = place
            .0
            .rsplit(':')
            .next()
            .and_then(|text| text.parse().ok());
        match slot.and_then(|slot| self.open_slot(slot)) {
            Some(key) => Ok(Box::new(key)),
            None => Err(Fault::KeyGone),
        }
    }
}
