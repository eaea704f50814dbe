//! What to do about a fault that a command met, where no job is concerned: nobody is told to release or to cancel one that there is
//! not.

use crate::domain::fault::Fault;

/// What to do about it before the command is given again.
#[expect(
    clippy::too_many_lines,
    reason = "one arm for each fault, and no other logic"
)]
pub fn hint_to_command(fault: &Fault) -> String {
    let hint = match fault {
        Fault::Refused { .. } => {
            "Mend what Entra names (permissions, authentication method policy, the person's account), then give the command again."
        }
        Fault::UserUnknown { .. } => {
            "Check the spelling of the user; `keyline users find TEXT` looks for people. Somebody new may not be known everywhere at Entra yet: then give the command again in a few minutes."
        }
        Fault::UserDisabled => {
            "Have the account enabled at Entra, or name somebody else; then give the command again."
        }
        Fault::UserUnfit { .. } => "Mend what is named at Entra, then give the command again.",
        Fault::TenantRefuses { .. } => {
            "Have the policy changed in the Entra admin center (Authentication methods, Passkey (FIDO2)), then give the command again."
        }
        Fault::NotPermitted { .. } => {
            "`keyline check --online` names what is missing. A permission is given to the application (Entra admin center: App registrations, API permissions, then Grant admin consent); a passkey policy that is closed is opened under Authentication methods, Policies, Passkey (FIDO2). Then give the command again. Where an administrator has signed in, look at their role and at Conditional Access as well."
        }
        Fault::AnswerUnusable { .. } => {
            "Look whether a proxy answers in Entra's place, and for a newer keyline; then give the command again."
        }
        Fault::Unreachable { .. } => {
            "Check the network, the proxy and Microsoft's service status, then give the command again."
        }
        Fault::Throttled { .. } => "Give the command again after that time.",
        Fault::Clock { .. } => {
            "Set the clock of this computer, best by NTP, then give the command again."
        }
        Fault::Cancelled | Fault::Interrupted => "Give the command again to have it done.",
        Fault::PolicyMissing { .. } => {
            "Name a policy of the policies folder, or put its file there; `policies` under `[queue]` says where that is."
        }
        Fault::Mailer { .. } => {
            "Mend what is named: the text that was given, `[letters]` or `[paper]` in the configuration, or your own layout."
        }
        Fault::Internal { .. } => {
            "This is a defect. Keep the log and the ledger, and report it with the command that was given."
        }
        // The others name what lies here: a file, the ledger, or the key in somebody's hand and its own job.
        Fault::KeyGone
        | Fault::KeyMute
        | Fault::KeyHeldElsewhere
        | Fault::KeyGarbled { .. }
        | Fault::Transport { .. }
        | Fault::Ctap { .. }
        | Fault::TouchMissing
        | Fault::TouchDeclined
        | Fault::ResetTooLate
        | Fault::ResetRefused
        | Fault::PinWrong { .. }
        | Fault::PinSpared { .. }
        | Fault::PinAuthBlocked
        | Fault::PinBlocked
        | Fault::PinChangeForced
        | Fault::PinTooShort { .. }
        | Fault::PinRefused
        | Fault::StorageFull
        | Fault::CredentialExcluded
        | Fault::Unsupported { .. }
        | Fault::AttestationWrong { .. }
        | Fault::ModelNotAllowed { .. }
        | Fault::ModelRevoked { .. }
        | Fault::AttestationForeign { .. }
        | Fault::KeyUsed
        | Fault::KeyHoldsPasskey
        | Fault::KeyEnrolledFor { .. }
        | Fault::KeyRetired { .. }
        | Fault::WrongKey
        | Fault::WrongSerial { .. }
        | Fault::KeyUnlisted { .. }
        | Fault::CurrentPinMissing
        | Fault::SpecifiedPinMissing
        | Fault::SignIn { .. }
        | Fault::RegistrationUncertain
        | Fault::PasskeyRefused { .. }
        | Fault::PasskeyAmbiguous { .. }
        | Fault::DeliveryUncertain
        | Fault::PrinterAway { .. }
        | Fault::LetterSpoiled { .. }
        | Fault::Folder { .. }
        | Fault::Ledger { .. }
        | Fault::LedgerHeld { .. }
        | Fault::LedgerUnfit { .. }
        | Fault::StationKeys { .. }
        | Fault::Recipients { .. }
        | Fault::Unsealable { .. }
        | Fault::OnHold { .. } => return super::hint(fault),
    };
    hint.to_owned()
}
