//! What can go wrong, in the words of the domain: what happened, whether it leaves a doubt, and whose move it is.
//!
//! A fault is plain data and goes into the journal. The sentences that people read about it live in `face/say.rs`.
//! No fault ever carries a PIN.

mod brief;
mod veil;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::authenticator::Aaguid;
use crate::domain::credential::MethodId;
use crate::domain::custody::Fate;

pub use brief::{kind, plain_code};
pub use veil::veil;

/// A CTAP2 status byte (CTAP 2.1 §8.2) other than success.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CtapStatus(pub u8);

impl fmt::Debug for CtapStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CtapStatus({self})")
    }
}

impl fmt::Display for CtapStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{:02X} {}", self.0, self.name())
    }
}

/// One row per status of CTAP 2.1 §8.2: constant, wire value, the standard's name.
macro_rules! statuses {
    ($($constant:ident = $value:literal),+ $(,)?) => {
        impl CtapStatus {
            $(pub const $constant: Self = Self($value);)+

            /// The name that CTAP 2.1 §8.2 gives to this status, without its `CTAP1_ERR_` or `CTAP2_ERR_` prefix.
            pub const fn name(self) -> &'static str {
                match self.0 {
                    $($value => stringify!($constant),)+
                    0xE0..=0xEF => "EXTENSION_SPECIFIC",
                    0xF0..=0xFF => "VENDOR_SPECIFIC",
                    _ => "UNKNOWN",
                }
            }
        }
    };
}

statuses! {
    INVALID_COMMAND = 0x01,
    INVALID_PARAMETER = 0x02,
    INVALID_LENGTH = 0x03,
    INVALID_SEQ = 0x04,
    TIMEOUT = 0x05,
    CHANNEL_BUSY = 0x06,
    LOCK_REQUIRED = 0x0A,
    INVALID_CHANNEL = 0x0B,
    CBOR_UNEXPECTED_TYPE = 0x11,
    INVALID_CBOR = 0x12,
    MISSING_PARAMETER = 0x14,
    LIMIT_EXCEEDED = 0x15,
    FP_DATABASE_FULL = 0x17,
    LARGE_BLOB_STORAGE_FULL = 0x18,
    CREDENTIAL_EXCLUDED = 0x19,
    PROCESSING = 0x21,
    INVALID_CREDENTIAL = 0x22,
    USER_ACTION_PENDING = 0x23,
    OPERATION_PENDING = 0x24,
    NO_OPERATIONS = 0x25,
    UNSUPPORTED_ALGORITHM = 0x26,
    OPERATION_DENIED = 0x27,
    KEY_STORE_FULL = 0x28,
    UNSUPPORTED_OPTION = 0x2B,
    INVALID_OPTION = 0x2C,
    KEEPALIVE_CANCEL = 0x2D,
    NO_CREDENTIALS = 0x2E,
    USER_ACTION_TIMEOUT = 0x2F,
    NOT_ALLOWED = 0x30,
    PIN_INVALID = 0x31,
    PIN_BLOCKED = 0x32,
    PIN_AUTH_INVALID = 0x33,
    PIN_AUTH_BLOCKED = 0x34,
    PIN_NOT_SET = 0x35,
    PUAT_REQUIRED = 0x36,
    PIN_POLICY_VIOLATION = 0x37,
    REQUEST_TOO_LARGE = 0x39,
    ACTION_TIMEOUT = 0x3A,
    UP_REQUIRED = 0x3B,
    UV_BLOCKED = 0x3C,
    INTEGRITY_FAILURE = 0x3D,
    INVALID_SUBCOMMAND = 0x3E,
    UV_INVALID = 0x3F,
    UNAUTHORIZED_PERMISSION = 0x40,
    OTHER = 0x7F,
}

/// What went wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case", tag = "fault")]
pub enum Fault {
    // The key and its transport.
    #[error("the key was taken out")]
    KeyGone,
    #[error("the key did not answer")]
    KeyMute,
    #[error("another program holds the key")]
    KeyHeldElsewhere,
    #[error("the key answered something that is not CTAP: {what}")]
    KeyGarbled { what: String },
    #[error("the transport failed: {what}")]
    Transport { what: String },
    #[error("{command} was answered with {status}")]
    Ctap { command: String, status: CtapStatus },
    #[error("nobody touched the key in time")]
    TouchMissing,
    #[error("the touch was declined")]
    TouchDeclined,
    #[error("the key takes a reset only shortly after it is plugged in")]
    ResetTooLate,
    #[error("the key does not take a reset on this transport")]
    ResetRefused,
    #[error("the PIN is wrong; {retries_left:?} tries are left")]
    PinWrong { retries_left: Option<u32> },
    #[error("only {retries_left} tries of the PIN are left, so it is not tried")]
    PinSpared { retries_left: u32 },
    #[error("the key takes no PIN until it is taken out and put back")]
    PinAuthBlocked,
    #[error("the PIN of this key is blocked")]
    PinBlocked,
    #[error("the key demands a new PIN before anything else")]
    PinChangeForced,
    #[error("this key takes PINs of {needed} characters and more, the policy draws {drawn}")]
    PinTooShort { needed: usize, drawn: usize },
    #[error("the key refuses this PIN under its own rules")]
    PinRefused,
    #[error("the key has no room for another passkey")]
    StorageFull,
    #[error("this key already holds a passkey of this user")]
    CredentialExcluded,
    #[error("the key cannot do what the policy asks: {what}")]
    Unsupported { what: String },
    #[error("the attestation of the new passkey is wrong: {why}")]
    AttestationWrong { why: String },

    // Which key it is.
    #[error("the policy does not allow this model ({aaguid})")]
    ModelNotAllowed { aaguid: Aaguid },
    #[error("the FIDO Alliance reports {status} of this model ({model})")]
    ModelRevoked { model: String, status: String },
    #[error("the attestation leads to none of the model's roots: {why}")]
    AttestationForeign { why: String },
    #[error("this key has a PIN: somebody used it")]
    KeyUsed,
    #[error("this key holds a passkey for Entra")]
    KeyHoldsPasskey,
    #[error("this key was enrolled for {holder}, envelope {envelope}")]
    KeyEnrolledFor { holder: String, envelope: String },
    #[error("this key is {}; it was enrolled for {holder}, envelope {envelope}", fate.word())]
    KeyRetired {
        /// Lost or scrapped; what came back may be used.
        fate: Fate,
        holder: String,
        envelope: String,
    },
    #[error("this is not the key that the job began with")]
    WrongKey,
    #[error("the job asks for the key with serial {wanted}")]
    WrongSerial { wanted: String },
    #[error("the stock list does not have the key with serial {serial}")]
    KeyUnlisted { serial: String },
    #[error("no current PIN is known for this key")]
    CurrentPinMissing,
    #[error("the job file gave no PIN, and the policy sets the PIN that it gives")]
    SpecifiedPinMissing,

    // The relying party.
    #[error("the network or the service does not answer: {}", veil(what))]
    Unreachable { what: String },
    #[error("the service asks us to wait {seconds} s")]
    Throttled { seconds: u64 },
    #[error("the station cannot sign in to the tenant: {}", veil(what))]
    SignIn { what: String },
    /// Not one person's matter, as far as can be told: `refused` were asked for and refused by name, whoever was refused last comes
    /// last. Without anybody there the token itself bears no permission, or the tenant's passkey policy is closed, and no other job
    /// would fare better.
    #[error("Entra lets this station enroll nobody: {}", veil(why))]
    NotPermitted {
        why: String,
        #[serde(default)]
        refused: Vec<String>,
    },
    #[error("the clock of this station is {seconds} s off")]
    Clock { seconds: i64 },
    #[error(
        "Entra refused with {status} {code}: {} (request {request_id})",
        veil(message)
    )]
    Refused {
        status: u16,
        code: String,
        message: String,
        request_id: String,
    },
    #[error(
        "the tenant does not know this user ({code}: {}, request {request_id})",
        veil(message)
    )]
    UserUnknown {
        request_id: String,
        #[serde(default, skip_serializing_if = "String::is_empty")]
        code: String,
        /// As Graph worded it. Journals of an older keyline have none.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        message: String,
    },
    #[error("the user's account is disabled")]
    UserDisabled,
    #[error("Entra registers no key for this user: {why}")]
    UserUnfit { why: String },
    #[error("the tenant's passkey policy will refuse this key: {why}")]
    TenantRefuses { why: String },
    #[error("Entra's answer cannot be used: {what}{}", of_request(request_id))]
    AnswerUnusable {
        what: String,
        /// Empty where no single answer is to blame, and in journals of an older keyline.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        request_id: String,
    },
    #[error("it cannot be told whether the passkey was registered")]
    RegistrationUncertain,
    /// It has answered so, or its list has shown it: the passkey that lies on the key signs nobody in.
    #[error("the passkey on the key is of no use: {why}")]
    PasskeyRefused { why: Box<Self> },
    #[error("{} entries of the user's list could be the new passkey", methods.len())]
    PasskeyAmbiguous { methods: Vec<MethodId> },

    // Paper, ledger, ourselves.
    #[error("the mailer could not be made: {what}")]
    Mailer { what: String },
    #[error("it is not known whether the mailer was delivered")]
    DeliveryUncertain,
    #[error("the printer is away: {what}")]
    PrinterAway { what: String },
    #[error("the letter is spoiled: {reason}")]
    LetterSpoiled { reason: String },
    #[error("the queue folder fails: {what}")]
    Folder { what: String },
    #[error("the ledger failed: {what}")]
    Ledger { what: String },
    #[error("another keyline ({holder}) works on {ledger}")]
    LedgerHeld { ledger: String, holder: String },
    #[error("there is no ledger that this station could use: {what}")]
    LedgerUnfit { what: String },
    #[error("the station's own keys cannot be used: {what}")]
    StationKeys { what: String },
    #[error("nobody could open the PINs: {what}")]
    Recipients { what: String },
    #[error("the sealed PIN cannot be opened: {what}")]
    Unsealable { what: String },
    #[error("there is no policy `{policy}`")]
    PolicyMissing { policy: String },
    #[error("{why}")]
    OnHold { why: String },
    #[error("the station was interrupted before the step had an effect")]
    Interrupted,
    #[error("stopped by the operator")]
    Cancelled,
    #[error("this should not happen: {what}")]
    Internal { what: String },
}

fn of_request(request_id: &str) -> String {
    match request_id {
        "" => String::new(),
        id => format!(" (request {id})"),
    }
}

/// Whose move it is after a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[must_use = "somebody has to be told that it is their move"]
pub enum Move {
    /// The operator takes the same key out and puts it back.
    PutBack,
    /// The operator lays this key aside (the red tray) and takes another.
    AnotherKey,
    /// Nobody's: the station waits and goes on by itself.
    Wait,
    /// The administrator's: the job is held until it is released.
    Administrator,
}

impl Fault {
    /// Whether the step may have happened all the same: nobody saw an answer. A lost reply is the same doubt as a power cut.
    pub const fn leaves_doubt(&self) -> bool {
        matches!(
            self,
            Self::KeyGone
                | Self::KeyMute
                | Self::KeyGarbled { .. }
                | Self::Transport { .. }
                | Self::Unreachable { .. }
                | Self::Cancelled
                | Self::Ledger { .. }
                | Self::DeliveryUncertain
        )
    }

    /// Who can act on it.
    pub const fn whose_move(&self) -> Move {
        match self {
            Self::KeyGone
            | Self::KeyMute
            | Self::KeyHeldElsewhere
            | Self::KeyGarbled { .. }
            | Self::Transport { .. }
            | Self::TouchMissing
            | Self::TouchDeclined
            | Self::ResetTooLate
            | Self::PinAuthBlocked
            | Self::Cancelled => Move::PutBack,
            Self::ResetRefused
            | Self::PinBlocked
            | Self::PinTooShort { .. }
            | Self::PinRefused
            | Self::StorageFull
            | Self::Unsupported { .. }
            | Self::AttestationWrong { .. }
            | Self::Ctap { .. }
            | Self::ModelNotAllowed { .. }
            | Self::ModelRevoked { .. }
            | Self::AttestationForeign { .. }
            | Self::KeyUsed
            | Self::KeyHoldsPasskey
            | Self::KeyEnrolledFor { .. }
            | Self::KeyRetired { .. }
            | Self::WrongKey
            | Self::WrongSerial { .. }
            | Self::KeyUnlisted { .. }
            | Self::TenantRefuses { .. } => Move::AnotherKey,
            Self::Interrupted
            | Self::Unreachable { .. }
            | Self::Throttled { .. }
            | Self::PrinterAway { .. }
            | Self::SignIn { .. }
            | Self::NotPermitted { .. }
            | Self::Clock { .. } => Move::Wait,
            Self::PinWrong { .. }
            | Self::PinSpared { .. }
            | Self::PinChangeForced
            | Self::CredentialExcluded
            | Self::CurrentPinMissing
            | Self::SpecifiedPinMissing
            | Self::Refused { .. }
            | Self::UserUnknown { .. }
            | Self::UserDisabled
            | Self::UserUnfit { .. }
            | Self::AnswerUnusable { .. }
            | Self::RegistrationUncertain
            | Self::PasskeyRefused { .. }
            | Self::PasskeyAmbiguous { .. }
            | Self::Mailer { .. }
            | Self::DeliveryUncertain
            | Self::LetterSpoiled { .. }
            | Self::Ledger { .. }
            | Self::LedgerHeld { .. }
            | Self::LedgerUnfit { .. }
            | Self::StationKeys { .. }
            | Self::Recipients { .. }
            | Self::Folder { .. }
            | Self::Unsealable { .. }
            | Self::PolicyMissing { .. }
            | Self::OnHold { .. }
            | Self::Internal { .. } => Move::Administrator,
        }
    }
}

#[cfg(test)]
mod tests;
