//! Every fault in words: what happened, and what to do. One sentence each, to be read aloud at a bench.

mod command;
mod entra;
mod parts;

use crate::domain::custody::Fate;
use crate::domain::fault::Fault;
use crate::face::say::clean::clean;
use crate::face::say::fault::parts::{count_u64, status_words};
use crate::face::say::mds;
use crate::face::say::news::sentence;

pub use self::command::hint_to_command;

/// Why a job is held, and what the printer said of its sheet where nobody can tell.
pub fn held(fault: &Fault, doubt: Option<&str>) -> String {
    match doubt {
        Some(doubt) if *fault == Fault::DeliveryUncertain => {
            format!("{} The reason: {}", message(fault), sentence(doubt))
        }
        Some(_) | None => message(fault),
    }
}

/// What happened.
#[expect(
    clippy::too_many_lines,
    reason = "one arm for each fault, and no other logic"
)]
pub fn message(fault: &Fault) -> String {
    match fault {
        Fault::KeyGone => "The key was taken out too early.".to_owned(),
        Fault::KeyMute => "The key does not answer.".to_owned(),
        Fault::KeyHeldElsewhere => "Another program is using this key.".to_owned(),
        Fault::KeyGarbled { what } => {
            format!(
                "The key answers in a way that no FIDO2 key should: {}",
                sentence(what)
            )
        }
        Fault::Transport { what } => {
            format!("The line to the key failed: {}", sentence(what))
        }
        Fault::Ctap { command, status } => format!(
            "The key refused {} with {}.",
            clean(command),
            status_words(*status)
        ),
        Fault::TouchMissing => "Nobody touched the key in time.".to_owned(),
        Fault::TouchDeclined => "The key reports that the touch was declined.".to_owned(),
        Fault::ResetTooLate => {
            "This key can only be wiped in the first seconds after it is plugged in.".to_owned()
        }
        Fault::ResetRefused => "This key does not let itself be wiped here.".to_owned(),
        Fault::PinWrong {
            retries_left: Some(left),
        } => format!(
            "The PIN is wrong, and the key allows {}.",
            match left {
                0 => "no more tries".to_owned(),
                1 => "1 more try".to_owned(),
                left => format!("{left} more tries"),
            }
        ),
        Fault::PinWrong { retries_left: None } => "The PIN is wrong.".to_owned(),
        Fault::PinSpared { retries_left } => format!(
            "The key allows {} of its PIN, so the station does not try it.",
            match retries_left {
                0 => "no more tries".to_owned(),
                1 => "only 1 more try".to_owned(),
                left => format!("only {left} more tries"),
            }
        ),
        Fault::PinAuthBlocked => {
            "The key takes no PIN until it has been taken out and put back.".to_owned()
        }
        Fault::PinBlocked => {
            "The PIN of this key is blocked after too many wrong tries.".to_owned()
        }
        Fault::PinChangeForced => {
            "The key demands a new PIN before it does anything else.".to_owned()
        }
        Fault::PinTooShort { needed, drawn } => format!(
            "This key takes PINs of {needed} characters or more, but this job's PIN has {drawn}."
        ),
        Fault::PinRefused => "The key refuses this PIN by a rule of its own.".to_owned(),
        Fault::StorageFull => "The key has no room for another passkey.".to_owned(),
        Fault::CredentialExcluded => "The key already holds a passkey of this user.".to_owned(),
        Fault::Unsupported { what } => {
            format!(
                "The key lacks something that the policy needs: {}",
                sentence(what)
            )
        }
        Fault::AttestationWrong { why } => format!(
            "The key's proof of the new passkey is wrong: {}",
            sentence(why)
        ),
        Fault::ModelNotAllowed { aaguid } => {
            format!("The policy does not allow this model of key ({aaguid}).")
        }
        Fault::ModelRevoked { model, status } => format!(
            "This model of key ({}) is not to be trusted: {}.",
            clean(model),
            mds::status(status)
        ),
        Fault::AttestationForeign { why } => format!(
            "This key does not prove that it is of the model that it calls itself: {}",
            sentence(why)
        ),
        Fault::KeyUsed => "Somebody has used this key before: it has a PIN.".to_owned(),
        Fault::KeyHoldsPasskey => {
            "There is a passkey for Entra on this key: it may be somebody's working key.".to_owned()
        }
        Fault::KeyEnrolledFor { holder, envelope } => format!(
            "This key already belongs to {}, envelope {}.",
            clean(holder),
            clean(envelope)
        ),
        Fault::KeyRetired {
            fate,
            holder,
            envelope,
        } => format!(
            "This key {}; it was enrolled for {}, envelope {}.",
            match fate {
                Fate::Returned => "came back",
                Fate::Lost => "was reported lost",
                Fate::Scrapped => "was scrapped",
            },
            clean(holder),
            clean(envelope)
        ),
        Fault::WrongKey => "This is not the key that the job began with.".to_owned(),
        Fault::WrongSerial { wanted } => format!(
            "This job is for the key with serial number {}, and this is another one.",
            clean(wanted)
        ),
        Fault::KeyUnlisted { serial } => format!(
            "The key with serial number {} is not in the stock list.",
            clean(serial)
        ),
        Fault::CurrentPinMissing => {
            "This key keeps its PIN, and nobody has said what that PIN is.".to_owned()
        }
        Fault::SpecifiedPinMissing => {
            "The policy sets the PIN that the job file gives, and the job file gave none."
                .to_owned()
        }
        Fault::Unreachable { what } => {
            format!(
                "Entra, or the network on the way to it, does not answer: {}",
                sentence(what)
            )
        }
        Fault::Throttled { seconds } => {
            format!(
                "Entra asks the station to wait {}.",
                count_u64(*seconds, "second")
            )
        }
        Fault::SignIn { what } => {
            format!(
                "The station cannot sign in to the tenant: {}",
                sentence(what)
            )
        }
        Fault::NotPermitted { why, .. } => {
            format!("Entra lets this station enroll nobody: {}", sentence(why))
        }
        Fault::Clock { seconds } => format!(
            "The clock of this computer is {} off.",
            count_u64(seconds.unsigned_abs(), "second")
        ),
        Fault::Refused {
            status,
            code,
            message,
            request_id,
        } => entra::refused(*status, code, message, request_id),
        Fault::UserUnknown {
            request_id,
            code,
            message,
        } => entra::unknown(code, message, request_id),
        Fault::UserDisabled => "The account of this person is disabled in the tenant.".to_owned(),
        Fault::UserUnfit { why } => {
            format!("Entra registers no key for this person: {}", sentence(why))
        }
        Fault::TenantRefuses { why } => format!(
            "The tenant's passkey policy will refuse this key: {}",
            sentence(why)
        ),
        Fault::AnswerUnusable { what, request_id } => entra::unusable(what, request_id),
        Fault::RegistrationUncertain => {
            "It cannot be told whether Entra has registered the passkey.".to_owned()
        }
        Fault::PasskeyRefused { why } => format!(
            "The new passkey on this key is useless, because Entra does not take it. {}",
            message(why)
        ),
        Fault::PasskeyAmbiguous { methods } => {
            let methods: Vec<String> = methods.iter().map(|method| clean(&method.0)).collect();
            format!(
                "It cannot be told which of these passkeys at Entra is the new one: {}.",
                methods.join(", ")
            )
        }
        Fault::Mailer { what } => format!("The letter could not be made: {}", sentence(what)),
        Fault::DeliveryUncertain => "It is not known whether the letter came out.".to_owned(),
        Fault::PrinterAway { what } => format!("The printer is away: {}", sentence(what)),
        Fault::LetterSpoiled { reason } => format!("The letter is spoiled: {}", sentence(reason)),
        Fault::Interrupted => "The station was interrupted before that.".to_owned(),
        Fault::Folder { what } => format!("The queue folder fails: {}", sentence(what)),
        Fault::Ledger { what } => format!("The ledger failed: {}", sentence(what)),
        Fault::LedgerHeld { ledger, holder } => format!(
            "Another keyline ({}) works on {}.",
            clean(holder),
            clean(ledger)
        ),
        Fault::LedgerUnfit { what } => {
            format!(
                "There is no ledger that this station could use: {}",
                sentence(what)
            )
        }
        Fault::StationKeys { what } => {
            format!("The station's own keys cannot be used: {}", sentence(what))
        }
        Fault::Recipients { what } => {
            format!("Nobody could open the PINs: {}", sentence(what))
        }
        Fault::Unsealable { what } => {
            format!("The sealed PIN cannot be opened: {}", sentence(what))
        }
        Fault::PolicyMissing { policy } => {
            format!("There is no policy named `{}`.", clean(policy))
        }
        Fault::OnHold { why } => format!("The job is on hold: {}", sentence(why)),
        Fault::Cancelled => "The work was stopped before it was finished.".to_owned(),
        Fault::Internal { what } => {
            format!(
                "keyline met something that should not happen: {}",
                sentence(what)
            )
        }
    }
}

/// What to do about it, for a job that it keeps from going on. For a command: [`hint_to_command`].
#[expect(
    clippy::too_many_lines,
    reason = "one arm for each fault, and no other logic"
)]
pub fn hint(fault: &Fault) -> String {
    match fault {
        Fault::KeyGone => "Put the same key back into the same slot; the job goes on where it was.",
        Fault::KeyMute | Fault::Transport { .. } => {
            "Take the key out and put it back. If it fails again, try another slot; then lay the key aside."
        }
        Fault::KeyHeldElsewhere => {
            "Close browsers and key managers on this computer, then take the key out and put it back."
        }
        Fault::KeyGarbled { .. } => {
            "Take the key out and put it back. If it happens again, lay the key aside as faulty."
        }
        Fault::Ctap { .. } => {
            "Lay this key aside and take another. The journal of the job (`keyline jobs show`) has the details."
        }
        Fault::TouchMissing => "Lift the key, put it back, and touch it when the slot says so.",
        Fault::TouchDeclined => "Lift the key, put it back, and touch it once more.",
        Fault::ResetTooLate => "Lift the key, put it back, and touch it as soon as the slot says so.",
        Fault::ResetRefused => {
            "Lay this key aside, or wipe it over USB or with its maker's own program; some keys refuse over NFC, in a card reader, or after any other command."
        }
        Fault::PinWrong {
            retries_left: Some(0),
        }
        | Fault::PinSpared { retries_left: 0 } => {
            "Only wiping this key makes it usable again, and that deletes every passkey on it. `keyline jobs retry JOB` begins anew, best with another key."
        }
        Fault::PinWrong { .. } => {
            "Find out the PIN before anyone tries again: each wrong try costs one. Then `keyline jobs release JOB`, or `keyline jobs retry JOB` with another key. If the station had set this PIN, somebody has changed it: `retry` begins anew."
        }
        Fault::PinSpared { .. } => {
            "Have the key's owner enter the right PIN on another computer: that gives the key all its tries back. Then `keyline jobs release JOB`, or `keyline jobs retry JOB` with another key. If the station had set this PIN, somebody has been at the key: `retry` begins anew."
        }
        Fault::PinAuthBlocked => "Take the key out and put it back.",
        Fault::PinBlocked => {
            "Lay this key aside. Only wiping it makes it usable again, and that deletes every passkey on it."
        }
        Fault::PinChangeForced => {
            "Change the PIN on another computer. Then cancel this job and drop a job file with the new PIN as `current_pin`, or use a policy that wipes the key."
        }
        Fault::PinTooShort { .. } => {
            "Lay this key aside, or raise `length` under `[pin]` in the policy."
        }
        Fault::PinRefused => {
            "Lay this key aside, or change the PIN rule of the policy to what this model accepts."
        }
        Fault::StorageFull => {
            "Take another key, or delete old passkeys on this one; a policy that wipes the key makes room too."
        }
        Fault::CredentialExcluded => {
            "If the person shall keep this key, cancel the job. If it shall be enrolled anew, set `replace` in the job file."
        }
        Fault::Unsupported { .. } => {
            "Lay this key aside and take a model that can do it, or turn the setting off in the policy."
        }
        Fault::AttestationWrong { .. } => {
            "Lay this key aside and do not hand it out: it may be faulty or not genuine."
        }
        Fault::ModelNotAllowed { .. } => {
            "Take a key of an allowed model, or add this one to `models` in the policy."
        }
        Fault::ModelRevoked { .. } => {
            "Take a key of another model. `keyline mds show` tells what the FIDO Alliance says of this one; `revoked_models` in the policy decides."
        }
        Fault::AttestationForeign { .. } => {
            "Lay this key aside and do not hand it out: it may be a counterfeit. Or its batch is newer than the metadata: `keyline mds update`, then try it again. `attestation` in the policy decides."
        }
        Fault::KeyUsed => {
            "Lay it aside, or let the policy wipe used keys (`used_keys = \"ask\"` or \"reset\")."
        }
        Fault::KeyHoldsPasskey => {
            "Find out whose key it is (`keyline keys identify`). To enroll it anew all the same, set `replace` in the job file."
        }
        Fault::KeyEnrolledFor { .. } => {
            "Bring it to its owner, or put it back into its envelope. To enroll it anew, set `replace` in the job file."
        }
        Fault::KeyRetired { fate, .. } => match fate {
            Fate::Scrapped => "Destroy it. Nobody shall sign in with it.",
            Fate::Returned | Fate::Lost => {
                "Lay it aside and tell the administrator: `keyline keys return ENVELOPE --reason …` takes it back into stock."
            }
        },
        Fault::WrongKey => {
            "Lift it and put back the key that lay in this slot before. If that key is lost, `keyline jobs retry JOB` starts anew with another."
        }
        Fault::WrongSerial { .. } => {
            "Take the key with that serial number; it is printed on the key or on its package."
        }
        Fault::KeyUnlisted { .. } => {
            "Lay this key aside and ask where it comes from. If it is ours: `keyline stock import FILE` with the vendor's list that names it."
        }
        Fault::CurrentPinMissing => {
            "Give it as `current_pin` in the job file, or release the job and type it when the slot asks."
        }
        Fault::SpecifiedPinMissing => {
            "Cancel the job, and drop a job file that has a `pin` for this person; or use a policy with `reset = \"random\"`."
        }
        Fault::Unreachable { .. } => {
            "Check the network, the proxy and Microsoft's service status. A running station goes on by itself once the way is open; a command is to be given again."
        }
        Fault::Throttled { .. } => "Nothing needs to be done: the station waits and goes on by itself.",
        Fault::SignIn { .. } => {
            "Look at tenant, client id and client secret or certificate in the configuration, and whether that has expired. Where a command is named above, run it; where a file is, look at its owner, its mode and the room on its disk."
        }
        Fault::NotPermitted { refused, .. } if !refused.is_empty() => {
            "Look at the role of whoever signed in (may it manage these people?), at administrative units, at Conditional Access and at the permission (`keyline check --online`). A running station asks again every minute, each time for somebody else, and goes on by itself; jobs that are held for it are released with `keyline jobs release JOB`."
        }
        Fault::NotPermitted { .. } => {
            "`keyline check --online` names what is missing. A permission is given to the application (Entra admin center: App registrations, API permissions, then Grant admin consent); a passkey policy that is closed is opened under Authentication methods, Policies, Passkey (FIDO2). Where an administrator has signed in, look at their role and at Conditional Access as well. A running station asks again every minute and goes on by itself."
        }
        Fault::Clock { .. } => "Set the clock of this computer, best by NTP; work then goes on by itself.",
        Fault::Refused { .. } => {
            "Mend what Entra names (permissions, authentication method policy, the user's account), then `keyline jobs release JOB`."
        }
        Fault::UserUnknown { .. } => {
            "Check the spelling of the user. Cancel the job and drop a corrected job file, or create the user and release the job."
        }
        Fault::UserDisabled => {
            "Nothing needs to be done if the account is enabled later: the station looks again by itself. A person who has left: `keyline jobs cancel JOB`."
        }
        Fault::UserUnfit { .. } => {
            "Mend what is named at Entra, then `keyline jobs release JOB`; or `keyline jobs cancel JOB`."
        }
        Fault::TenantRefuses { .. } => {
            "Nothing was done to this key. Take one of a model that the policy allows, or have the policy changed in the Entra admin center (Authentication methods, Passkey (FIDO2))."
        }
        Fault::AnswerUnusable { .. } => {
            "Look for a newer keyline, then `keyline jobs release JOB`. The log has the answer's shape, without its secrets."
        }
        Fault::RegistrationUncertain => {
            "Look at the user's passkeys in the Entra portal. `keyline jobs release JOB` looks again; `keyline jobs retry JOB` starts anew."
        }
        Fault::PasskeyRefused { .. } => {
            "Mend what Entra names, then `keyline jobs release JOB` and put the same key back: its passkey is made anew. With another key: `keyline jobs retry JOB`; this one may then be wiped for somebody else."
        }
        Fault::PasskeyAmbiguous { .. } => {
            "Look at the user's passkeys in the Entra portal and delete what is not this key's. `keyline jobs release JOB` then looks again; `keyline jobs retry JOB` starts anew with another key."
        }
        Fault::Mailer { .. } => {
            "What the job file said (name, address, language) stays as it is in this job: `keyline jobs cancel JOB`, then drop the row again, mended. If it is the folder for letters or the configuration: mend it, then `keyline jobs release JOB`."
        }
        Fault::Interrupted => "Nothing needs to be done: the station goes on by itself.",
        Fault::DeliveryUncertain => {
            "Find the sheet and scan it, or type its control number: `keyline mailer confirm CODE`; then nothing is in doubt any more. Only if it cannot be found, or is bad: destroy what there is of it, then `keyline mailer reissue JOB --reason TEXT`: no letter is ever made twice, so the same key gets a new PIN."
        }
        Fault::PrinterAway { .. } => {
            "Look whether it is switched on, connected, and free; `keyline printers` tells how it is. Letters wait, keys go on; what waits is printed as soon as the printer is back."
        }
        Fault::LetterSpoiled { .. } => {
            "Destroy the sheet. Then `keyline mailer reissue JOB --reason TEXT` and put the key back into a slot: no letter is ever made twice, so the key gets a new PIN."
        }
        Fault::Folder { .. } => {
            "Check that the queue folder exists, is writable for the station, and that its disk is not full. Files in it stay where they are."
        }
        Fault::Ledger { .. } => {
            "Mend what is named: the room on the disk, its health, the file's permissions, or who else has it open; a damaged ledger comes back from its last backup. Then start again; what was in doubt is settled at the start."
        }
        Fault::LedgerHeld { .. } => {
            "Stop that one first. While it runs, `keyline status` and `keyline jobs` work all the same: they ask it."
        }
        Fault::LedgerUnfit { .. } => {
            "Look at `file` under `[ledger]` and `tenant` under `[entra]`: each tenant has a station and a ledger of its own. A lost ledger comes back from its last backup; `keyline init` makes a new station."
        }
        Fault::StationKeys { .. } => {
            "Look at the folder that `[ledger] keys` names: its files belong to the station's user alone (mode 600). Restore what is missing or damaged from a backup; new keys cannot open PINs in flight, and without the old ones each job in flight needs `keyline jobs retry JOB`."
        }
        Fault::Recipients { .. } => {
            "Give the public half (age1…) of a pair that age-keygen made on the administrator's machine, as `recipients` under `[ledger]` or with `keyline init --recipient`. For practice, `--practice-identity` takes a file that is not there yet."
        }
        Fault::Unsealable { .. } => {
            "Use the identity file that belongs to the ledger's recovery recipient, and the ledger that the job is in."
        }
        Fault::PolicyMissing { .. } => {
            "Put its file back into the policies folder and release the job, or cancel the job."
        }
        Fault::OnHold { .. } => "When it is settled: `keyline jobs release JOB`, or `keyline jobs cancel JOB`.",
        Fault::Cancelled => {
            "Put the same key back into the same slot; the job goes on where it was."
        }
        Fault::Internal { .. } => {
            "This is a defect. Keep the log and the ledger, and report it with the journal of the job (`keyline jobs show JOB --json`)."
        }
    }
    .to_owned()
}

#[cfg(test)]
pub(in crate::face) mod tests;
