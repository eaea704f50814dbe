//! CTAP2 commands by name, and what a status byte (CTAP 2.1 §8.2) means in the context of the command that it answers.
//! Never talks to a key.

use crate::domain::fault::{CtapStatus, Fault};

/// A command as we send it: the command byte, and which part of it, for the fault's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Command {
    MakeCredential,
    GetAssertion,
    GetInfo,
    GetPinRetries,
    GetKeyAgreement,
    SetPin,
    ChangePin,
    GetToken,
    Reset,
    Selection,
    ToggleAlwaysUv,
    SetMinPinLength,
    CredentialManagement,
    /// The vendor-neutral preview of credentialManagement, 0x41.
    CredentialManagementPreview,
}

impl Command {
    /// The command byte, CTAP 2.1 §6.
    pub(super) const fn byte(self) -> u8 {
        match self {
            Self::MakeCredential => 0x01,
            Self::GetAssertion => 0x02,
            Self::GetInfo => 0x04,
            Self::GetPinRetries
            | Self::GetKeyAgreement
            | Self::SetPin
            | Self::ChangePin
            | Self::GetToken => 0x06,
            Self::Reset => 0x07,
            Self::CredentialManagement => 0x0A,
            Self::Selection => 0x0B,
            Self::ToggleAlwaysUv | Self::SetMinPinLength => 0x0D,
            Self::CredentialManagementPreview => 0x41,
        }
    }

    /// The standard's name.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::MakeCredential => "authenticatorMakeCredential",
            Self::GetAssertion => "authenticatorGetAssertion",
            Self::GetInfo => "authenticatorGetInfo",
            Self::GetPinRetries => "authenticatorClientPIN getPINRetries",
            Self::GetKeyAgreement => "authenticatorClientPIN getKeyAgreement",
            Self::SetPin => "authenticatorClientPIN setPIN",
            Self::ChangePin => "authenticatorClientPIN changePIN",
            Self::GetToken => "authenticatorClientPIN getPinToken",
            Self::Reset => "authenticatorReset",
            Self::Selection => "authenticatorSelection",
            Self::ToggleAlwaysUv => "authenticatorConfig toggleAlwaysUv",
            Self::SetMinPinLength => "authenticatorConfig setMinPINLength",
            Self::CredentialManagement | Self::CredentialManagementPreview => {
                "authenticatorCredentialManagement"
            }
        }
    }

    /// Whether the key asks for a touch before it acts.
    const fn wants_touch(self) -> bool {
        matches!(self, Self::MakeCredential | Self::Reset | Self::Selection)
    }
}

/// What a status other than success means as the answer to `command`. PIN_INVALID is the caller's: only it can ask how many
/// tries are left.
pub(super) fn fault(command: Command, status: CtapStatus) -> Fault {
    match (command, status) {
        (_, CtapStatus::USER_ACTION_TIMEOUT | CtapStatus::ACTION_TIMEOUT) => Fault::TouchMissing,
        (_, CtapStatus::OPERATION_DENIED) if command.wants_touch() => Fault::TouchDeclined,
        (_, CtapStatus::PIN_BLOCKED) => Fault::PinBlocked,
        (_, CtapStatus::PIN_AUTH_BLOCKED) => Fault::PinAuthBlocked,
        // §6.6: after the window, and with some firmware after any other command.
        (Command::Reset, CtapStatus::NOT_ALLOWED) => Fault::ResetTooLate,
        (Command::Reset, CtapStatus::INVALID_COMMAND) => Fault::ResetRefused,
        (Command::SetPin | Command::ChangePin, CtapStatus::PIN_POLICY_VIOLATION) => {
            Fault::PinRefused
        }
        (Command::GetToken, CtapStatus::PIN_POLICY_VIOLATION) => Fault::PinChangeForced,
        (Command::MakeCredential, CtapStatus::KEY_STORE_FULL) => Fault::StorageFull,
        (Command::MakeCredential, CtapStatus::CREDENTIAL_EXCLUDED) => Fault::CredentialExcluded,
        (Command::MakeCredential, CtapStatus::UNSUPPORTED_ALGORITHM) => {
            unsupported("none of the relying party's algorithms")
        }
        (Command::MakeCredential, CtapStatus::UNSUPPORTED_OPTION) => {
            unsupported("discoverable credentials")
        }
        (Command::GetInfo, CtapStatus::INVALID_COMMAND) => unsupported("FIDO2"),
        (Command::SetMinPinLength, CtapStatus::PIN_POLICY_VIOLATION) => {
            unsupported("a minimum PIN length below the one that it has")
        }
        (Command::ToggleAlwaysUv, CtapStatus::INVALID_COMMAND | CtapStatus::INVALID_SUBCOMMAND) => {
            unsupported("alwaysUv")
        }
        (
            Command::SetMinPinLength,
            CtapStatus::INVALID_COMMAND | CtapStatus::INVALID_SUBCOMMAND,
        ) => unsupported("setMinPINLength"),
        (_, status) => Fault::Ctap {
            command: command.name().to_owned(),
            status,
        },
    }
}

/// Something that the key cannot do.
pub(super) fn unsupported(what: &str) -> Fault {
    Fault::Unsupported {
        what: what.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(command: Command, status: u8, expected: Fault) {
        assert_eq!(fault(command, CtapStatus(status)), expected);
    }

    #[test]
    fn a_status_means_what_its_command_makes_of_it() {
        use Command as C;
        check(C::Reset, 0x30, Fault::ResetTooLate);
        check(C::Reset, 0x01, Fault::ResetRefused);
        check(C::Reset, 0x2F, Fault::TouchMissing);
        check(C::Reset, 0x3A, Fault::TouchMissing);
        check(C::Reset, 0x27, Fault::TouchDeclined);
        check(C::MakeCredential, 0x27, Fault::TouchDeclined);
        check(C::MakeCredential, 0x28, Fault::StorageFull);
        check(C::MakeCredential, 0x19, Fault::CredentialExcluded);
        check(C::GetToken, 0x37, Fault::PinChangeForced);
        check(C::SetPin, 0x37, Fault::PinRefused);
        check(C::ChangePin, 0x37, Fault::PinRefused);
        check(C::ChangePin, 0x32, Fault::PinBlocked);
        check(C::GetToken, 0x34, Fault::PinAuthBlocked);
        for (command, status) in [
            (C::MakeCredential, 0x30),
            (C::GetToken, 0x27),
            (C::SetPin, 0x33),
            (C::Reset, 0xF1),
        ] {
            let expected = Fault::Ctap {
                command: command.name().to_owned(),
                status: CtapStatus(status),
            };
            check(command, status, expected);
        }
    }
}
