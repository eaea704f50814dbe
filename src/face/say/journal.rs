//! A job's journal in sentences. Ids and verdicts are told as they are; of a PIN only that it is sealed.

use crate::app::admin::STARTED_ANEW;
use crate::domain::authenticator::Binding;
use crate::domain::credential::AttestationVerdict;
use crate::domain::event::{Attempt, Event, Evidence, Happening, Intent, Step, Witness};
use crate::domain::fault::Fault;
use crate::domain::paper::{Confirm, Leaving, Sheet};
use crate::face::say::clean::clean;
use crate::face::say::news::{count, sentence};
use crate::face::say::{fault, mds, steps};

/// One event.
pub fn line(event: &Event) -> String {
    match &event.happening {
        Happening::Began { binding, plan } => {
            let steps: Vec<&str> = plan.steps.iter().map(|step| steps::to_do(*step)).collect();
            format!(
                "Attempt {} began in {} with {}. The plan: {}.",
                event.attempt.0,
                binding.slot,
                key(binding),
                steps.join(", ")
            )
        }
        Happening::Rebound { binding } => format!(
            "Another blank key took its place in {}: {}.",
            binding.slot,
            key(binding)
        ),
        Happening::Started { step, intent } => started(*step, intent),
        Happening::Done { step, evidence } => {
            format!("Done: {}{}.", steps::did(*step), evidence_words(evidence))
        }
        Happening::NotDone { step, fault } => format!(
            "Did not {}, and that is certain. {}",
            steps::to_do(*step),
            fault::message(fault)
        ),
        Happening::Abandoned {
            reason,
            credential,
            restart,
        } => abandoned(event.attempt, reason, credential.is_some(), *restart),
        Happening::Reissued { reason, void } => format!(
            "Reissued: the same key gets a new PIN and a new letter. {}Reason: {}.",
            void.as_ref().map_or_else(String::new, |control| format!(
                "The letter with control number {} is void. ",
                clean(control)
            )),
            clean(reason).trim_end_matches('.')
        ),
        Happening::Bagged => "The key lies in its bag.".to_owned(),
        Happening::Printed { control, sheet } => printed(control, sheet),
        Happening::Spoiled { control, reason } => spoiled(control, reason),
        Happening::Left { what } => left(*what).to_owned(),
        Happening::HandedOver => "Handed over: the person has the key and its PIN.".to_owned(),
        Happening::Retired { fate, reason } => format!(
            "The key is {}: its passkey goes from Entra, and its PIN and letter are void. Reason: {}.",
            fate.word(),
            clean(reason).trim_end_matches('.')
        ),
        Happening::Wiped => "The key that came back was wiped.".to_owned(),
        Happening::Held { fault } => format!("Held. {}", fault::message(fault)),
        Happening::Released => "Released.".to_owned(),
        Happening::Cancelled { credential } => {
            format!("Cancelled for good.{}", orphan(credential.is_some()))
        }
    }
}

fn abandoned(attempt: Attempt, reason: &Fault, leaves: bool, restart: Step) -> String {
    let next = match restart {
        Step::Reset => "waits for another key".to_owned(),
        Step::SetPin
        | Step::MakeCredential
        | Step::Register
        | Step::Configure
        | Step::ChangePin
        | Step::Bag
        | Step::Deliver => {
            format!(
                "starts again with the same key, from here: {}",
                steps::to_do(restart)
            )
        }
    };
    format!(
        "Attempt {} was given up; the job {next}. {}{}",
        attempt.0,
        given_up_for(reason),
        orphan(leaves)
    )
}

/// Why an attempt was given up. A retry of a job that was not held says so, and not that it was.
fn given_up_for(reason: &Fault) -> String {
    if let Fault::OnHold { why } = reason
        && let Some(more) = why.strip_prefix(STARTED_ANEW)
    {
        return sentence(&format!("It was {STARTED_ANEW}{more}"));
    }
    fault::message(reason)
}

fn key(binding: &Binding) -> String {
    let model = clean(&binding.model);
    let aaguid = binding.fingerprint.aaguid;
    match &binding.serial {
        Some(serial) => format!("key {} ({model}, {aaguid})", clean(serial.as_str())),
        None => format!("a key without a serial number ({model}, {aaguid})"),
    }
}

fn started(step: Step, intent: &Intent) -> String {
    let pin = match step {
        Step::SetPin | Step::ChangePin => " Its PIN is in the ledger, sealed.",
        Step::Reset
        | Step::MakeCredential
        | Step::Register
        | Step::Configure
        | Step::Bag
        | Step::Deliver => "",
    };
    let more = match intent {
        Intent::Plain => String::new(),
        Intent::Register {
            replaces,
            after_handover,
        } => {
            let mut told = String::new();
            if !replaces.is_empty() {
                let many = count(replaces.len(), "older passkey");
                told.push_str(&format!(" It will replace {many}."));
            }
            if !after_handover.is_empty() {
                let many = count(after_handover.len(), "older passkey");
                told.push_str(&format!(" Once it is handed over, it will replace {many}."));
            }
            told
        }
        Intent::Deliver { control, .. } => format!(" Control number {}.", clean(control)),
    };
    format!("About to {}.{pin}{more}", steps::to_do(step))
}

fn spoiled(control: &str, reason: &str) -> String {
    format!(
        "The letter with control number {} is void. Reason: {}.",
        clean(control),
        clean(reason).trim_end_matches('.')
    )
}

const fn left(what: Leaving) -> &'static str {
    match what {
        Leaving::LetterEnveloped => "The letter lies in its envelope.",
        Leaving::BagDispatched => "The bag with the key was dispatched.",
        Leaving::LetterDispatched => "The letter was dispatched.",
    }
}

fn printed(control: &str, sheet: &Sheet) -> String {
    let control = clean(control);
    match sheet {
        Sheet::Accepted { ticket } => format!(
            "The printer {} took the letter with control number {control}, as its job {}.",
            clean(&ticket.printer),
            ticket.job
        ),
        Sheet::OnPaper => {
            format!("The printer says that the letter with control number {control} is on paper.")
        }
        Sheet::Unknown { why } => format!(
            "Nobody can tell whether the letter with control number {control} came out: {}.",
            clean(why).trim_end_matches('.')
        ),
    }
}

fn evidence_words(evidence: &Evidence) -> String {
    match evidence {
        Evidence::Plain => String::new(),
        Evidence::Made {
            credential,
            aaguid,
            format,
            algorithm,
            credential_protection,
            hmac_secret,
            own_check,
            second_opinion,
            vetting,
            ..
        } => format!(
            " {credential} (model {aaguid}, {} attestation, algorithm {algorithm}, credProtect {}, hmac-secret {}; our check {}, the second opinion {}{})",
            clean(format),
            credential_protection
                .map_or_else(|| "none".to_owned(), |level| level.level().to_string()),
            if *hmac_secret { "yes" } else { "no" },
            verdict(own_check),
            verdict(second_opinion),
            vetting.as_deref().map_or_else(String::new, mds::vetted)
        ),
        Evidence::Registered { method, witness } => format!(
            " as method {}, known from {}",
            clean(&method.0),
            match witness {
                Witness::Reply => "Entra's answer",
                Witness::List => "the list of the user's methods",
            }
        ),
        Evidence::Delivered {
            control,
            target,
            confirmed,
        } => format!(
            " with control number {} to {}{}",
            clean(control),
            clean(target),
            match confirmed {
                Some(Confirm::Scan) => "; its code was scanned",
                Some(Confirm::Key) => "; confirmed by hand",
                Some(Confirm::Device) | None => "",
            }
        ),
    }
}

fn orphan(left: bool) -> &'static str {
    if left {
        " The passkey that it may have left at Entra is looked for and deleted."
    } else {
        ""
    }
}

fn verdict(verdict: &AttestationVerdict) -> String {
    match verdict {
        AttestationVerdict::Agrees => "agrees".to_owned(),
        AttestationVerdict::Disagrees(why) => format!("disagrees: {}", clean(why)),
        AttestationVerdict::CannotJudge(why) => format!("cannot judge: {}", clean(why)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::event::Attempt;

    fn given_up(why: &str) -> String {
        line(&Event {
            attempt: Attempt(2),
            happening: Happening::Abandoned {
                reason: Fault::OnHold {
                    why: why.to_owned(),
                },
                credential: None,
                restart: Step::Reset,
            },
        })
    }

    #[test]
    fn a_retry_is_not_called_a_hold() {
        assert_eq!(
            given_up("started anew by the administrator; the reissue is dropped with the key"),
            "Attempt 2 was given up; the job waits for another key. It was started anew by the administrator; the reissue is dropped with the key."
        );
        assert_eq!(
            given_up("on leave"),
            "Attempt 2 was given up; the job waits for another key. The job is on hold: on leave."
        );
    }
}
