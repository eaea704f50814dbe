//! Keys: how CTAP messages reach one, where they come from, and what one does, in the words of CTAP 2.1.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use crate::domain::authenticator::{Attachment, Capabilities, Serial};
use crate::domain::credential::{
    Attestation, AttestationVerdict, CreationOptions, CredentialId, RpId,
};
use crate::domain::fault::Fault;
use crate::domain::metadata::Certificate;
use crate::domain::pin::Pin;
use crate::domain::policy::Configuration;

/// Asks a running exchange to end. Cloned to whoever may want to cancel.
#[derive(Clone, Debug, Default)]
pub struct CancelFlag(Arc<AtomicBool>);

impl CancelFlag {
    /// From now on every exchange under this flag ends as soon as the key lets it.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// Whether somebody has cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// Why a key keeps us waiting (CTAP 2.1 §11.2.9.1.8, CTAPHID_KEEPALIVE; the same values over NFC).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keepalive {
    Processing,
    /// The key waits for a touch.
    UserPresenceNeeded,
}

/// The terms of one exchange.
pub struct Conduct<'a> {
    /// When to give up. The transport then sends CANCEL, so that the key does not go on waiting for a touch.
    pub deadline: Instant,
    pub cancel: &'a CancelFlag,
    pub on_keepalive: &'a mut dyn FnMut(Keepalive),
}

/// What came of taking the power from a key and giving it back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repowered {
    /// The key has started anew: its reset window is open again.
    Yes,
    /// This transport cannot do that; a person has to take the key out and put it back.
    NotHere,
}

/// One key's message pipe (CTAP 2.1 §8, §11). Exclusive: nobody else talks to the key while it lives.
pub trait Transport: Send {
    /// Sends `request` (command byte, then canonical CBOR) and returns the answer (status byte, then CBOR), whatever the
    /// status says.
    ///
    /// # Errors
    /// [`Fault::KeyGone`], [`Fault::KeyMute`] after the deadline, [`Fault::Cancelled`], [`Fault::KeyGarbled`],
    /// [`Fault::Transport`]. None of them tells whether the key acted.
    fn exchange(&mut self, request: &[u8], conduct: &mut Conduct<'_>) -> Result<Vec<u8>, Fault>;

    /// The way the key is attached.
    fn attachment(&self) -> Attachment;

    /// The product string or reader name, for people only.
    fn product(&self) -> String;

    /// The vendor's serial number, where this vendor gives one over this transport. Never costs a touch or a PIN try, and
    /// may be asked before a reset without closing the reset window.
    ///
    /// # Errors
    /// As [`Transport::exchange`]; a key that merely has no serial is `Ok(None)`.
    fn serial(&mut self) -> Result<Option<Serial>, Fault>;

    /// Takes the power away and gives it back, where that can be done in software.
    ///
    /// # Errors
    /// As [`Transport::exchange`].
    fn repower(&mut self) -> Result<Repowered, Fault>;
}

/// A physical position, stable over replugging: the USB port chain (`usb:1-2.3`), the reader's name (`reader:ACME 00 00`),
/// or a practice slot (`practice:1`). The configuration maps places to slots.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place(pub String);

/// Something that happened at a place. A hint is enough for the source to look; what it reports is what it then saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyEvent {
    /// A key is there. `at_start` when it lay there before we began to watch: it does not count until it was lifted.
    Arrived {
        place: Place,
        attachment: Attachment,
        at_start: bool,
    },
    /// The key at this place is gone.
    Left { place: Place },
    /// Some keys cannot be seen just now, in words for the operator.
    Blind { why: String },
}

/// Where keys come from.
pub trait Keys: Send + Sync {
    /// Starts watching and reports to `sink`, from a thread of its own, until `sink` returns `false` or the value is dropped.
    /// Keys that are there already come first, with `at_start`; then [`Keys::watch`] returns. One key seen over two
    /// transports is reported once.
    ///
    /// # Errors
    /// When nothing can be watched at all, in words for the administrator.
    fn watch(&self, sink: Box<dyn FnMut(KeyEvent) -> bool + Send>) -> Result<(), Fault>;

    /// Opens the key at `place`, exclusively.
    ///
    /// # Errors
    /// [`Fault::KeyGone`], [`Fault::KeyHeldElsewhere`], [`Fault::Transport`].
    fn open(&self, place: &Place, attendant: Attendant) -> Result<Box<dyn Authenticator>, Fault>;
}

/// Who stands by while a key works: can cancel, and is told when it waits for a touch.
pub struct Attendant {
    pub cancel: CancelFlag,
    /// Called with `true` when the key begins to wait for a touch and with `false` when it no longer does.
    pub on_touch: Box<dyn FnMut(bool) + Send>,
}

/// A makeCredential request (CTAP 2.1 §6.1) as far as we vary it. `rk` is always true, user verification always by PIN.
pub struct MakeCredential<'a> {
    pub options: &'a CreationOptions,
    /// The exact bytes whose SHA-256 the key signs.
    pub client_data_json: &'a [u8],
}

/// The answer to one try of a PIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a wrong PIN costs a retry"]
pub enum PinVerdict {
    Right,
    /// Wrong, or (when a change is forced and the retry counter is not full afterwards) not provably right.
    Wrong {
        retries_left: Option<u32>,
    },
}

/// One authenticator, in exclusive use.
pub trait Authenticator: Send {
    /// authenticatorGetInfo, read anew.
    fn capabilities(&mut self) -> Result<Capabilities, Fault>;
    /// See [`Transport::serial`].
    fn serial(&mut self) -> Result<Option<Serial>, Fault>;
    fn attachment(&self) -> Attachment;
    fn product(&self) -> String;
    /// authenticatorReset (§6.6). [`Fault::ResetTooLate`] when the window has closed.
    fn reset(&mut self) -> Result<(), Fault>;
    /// See [`Transport::repower`].
    fn repower(&mut self) -> Result<Repowered, Fault>;
    /// clientPIN setPIN (§6.5.5.5).
    fn set_pin(&mut self, pin: &Pin) -> Result<(), Fault>;
    /// clientPIN changePIN (§6.5.5.6).
    fn change_pin(&mut self, current: &Pin, new: &Pin) -> Result<(), Fault>;
    /// clientPIN getPINRetries (§6.5.5.2).
    fn pin_retries(&mut self) -> Result<u32, Fault>;
    /// Exactly one try of `pin`. A full retry counter after a forced-change refusal proves the PIN right.
    fn try_pin(&mut self, pin: &Pin) -> Result<PinVerdict, Fault>;
    /// authenticatorMakeCredential (§6.1) with a token of the permission `mc` bound to the relying party.
    fn make_credential(
        &mut self,
        request: &MakeCredential<'_>,
        pin: &Pin,
    ) -> Result<Attestation, Fault>;
    /// A getAssertion without touch or PIN (`up` false): which of `allow` the key holds for `rp`, or with an empty list any
    /// discoverable one that it shows unverified. `None` proves nothing for credProtect level 3.
    fn assert_silently(
        &mut self,
        rp: &RpId,
        allow: &[CredentialId],
    ) -> Result<Option<CredentialId>, Fault>;
    /// authenticatorConfig (§6.11): toggleAlwaysUv first, then one setMinPINLength that carries length and forced change.
    fn configure(&mut self, pin: &Pin, wanted: Configuration) -> Result<(), Fault>;
}

/// Judges attestation statements before they are sent.
pub trait AttestationCheck: Send + Sync {
    /// Our own verifier's verdict: it decides, and only [`AttestationVerdict::Disagrees`] stops a job.
    fn judge(&self, attestation: &Attestation) -> AttestationVerdict;
    /// The certificates that the statement carries (`x5c`), the key's own first; none when the key vouches for itself.
    ///
    /// # Errors
    /// [`Fault::KeyGarbled`] when it cannot be read.
    fn certificates(&self, attestation: &Attestation) -> Result<Vec<Certificate>, Fault>;
    /// What another implementation thinks: advisory, journalled.
    fn second_opinion(&self, attestation: &Attestation) -> AttestationVerdict;
}
