//! What became of a change that the administrator asked for.

use crate::app::admin::{Changed, Unchanged};
use crate::domain::mailer::ControlNumber;
use crate::domain::paper::{Astray, Outlet, job_name};
use crate::face::say::{Complaint, ExitCode, clean::clean, custody, fault};

/// What was done, about the job called `who`.
pub fn done(changed: &Changed, who: &str) -> String {
    let who = clean(who);
    match changed {
        Changed::Held => {
            format!("{who} is held. `keyline jobs release` lets it go on.")
        }
        Changed::Released => format!("{who} goes on where it was."),
        Changed::Cancelled { begun: false, .. } => {
            format!("{who} is cancelled. No key was begun for it.")
        }
        Changed::Cancelled { begun: true, void } => format!(
            "{who} is cancelled. {}A key was begun for it: wipe that key before it is used again. If its passkey is at Entra, it will be deleted there.",
            void_letter(void.as_deref())
        ),
        Changed::Retried { begun: false, .. } => format!("{who} waits for a key."),
        Changed::Retried {
            begun: true,
            reissue,
            void,
        } => format!(
            "{who} waits for another key. {}{}Lay the old one aside: it may hold what was put on it. If its passkey is at Entra, it will be deleted there.",
            if *reissue {
                "Its reissue is dropped: the old key gets no new PIN. "
            } else {
                ""
            },
            void_letter(void.as_deref())
        ),
        Changed::HandedOver { older } => custody::handed_over(&who, *older),
        Changed::Retired { fate, void, kept } => {
            custody::retired(&who, *fate, void.as_deref(), *kept)
        }
        Changed::Reissued { void } => format!(
            "{who} gets a new PIN and a new letter. {}Put its key back into a slot; its passkey stays.",
            void_letter(void.as_deref())
        ),
    }
}

fn void_letter(control: Option<&str>) -> String {
    control.map_or_else(String::new, |control| {
        format!(
            "The letter with control number {} is void: if there is one, destroy it. ",
            clean(control)
        )
    })
}

/// Said behind what was done: the letter with this number could not be taken out of the printer.
pub fn may_still_print(control: &str) -> String {
    let job = job_at_printer(control);
    format!(" The printer may still print it: cancel {job} there.")
}

/// The void letter went where nobody here asks any more. `letter`: what it is called in the sentence.
pub fn waits_elsewhere(letter: &str, astray: &Astray) -> String {
    match astray {
        Astray::Taken { ticket } => format!(
            "{letter} was sent to {}, where the station does not print any more, and may still come out there: cancel {} (job {}) there, and destroy it if it comes out.",
            clean(&ticket.printer),
            clean(&ticket.name),
            ticket.job
        ),
        Astray::Perhaps {
            control,
            outlet: Outlet::Printer { uri, .. },
        } => format!(
            "{letter} may have been sent to {}, where the station does not print any more, and may still come out there: cancel {} there, and destroy it if it comes out.",
            clean(uri),
            job_name(control)
        ),
        Astray::Perhaps {
            control,
            outlet: Outlet::Folder { path },
        } => format!(
            "{letter} may lie in {}, where the station puts no letters any more: delete the file with {control} in its name, if there is one.",
            clean(path)
        ),
    }
}

/// What the letter with this number is called at the printer.
pub fn job_at_printer(control: &str) -> String {
    // Older journals have numbers in groups; the printer has none so.
    let name = ControlNumber::parse(control)
        .map_or_else(|_| clean(control), |control| control.to_string());
    format!("PM-{name}")
}

/// Once the letter is confirmed.
const REPLACE: &str = "For a new PIN the person needs a new enrollment: drop a job file with `replace` = yes for them. The same key will do.";

/// Why nothing was done about the job called `who`.
pub fn refused(why: &Unchanged, who: &str) -> Complaint {
    let who = clean(who);
    if *why == Unchanged::NotOffered {
        return not_offered();
    }
    custody::refused(why, &who).unwrap_or_else(|| refused_by_its_work(why, &who))
}

fn refused_by_its_work(why: &Unchanged, who: &str) -> Complaint {
    match why {
        Unchanged::NoSuchJob(_) => Complaint::usage(
            format!("{who} is not in this ledger."),
            "`keyline jobs list` shows all jobs.",
        ),
        Unchanged::Done => refuse(
            format!("{who} is done: its key is enrolled and its letter is made."),
            "To give the person another key, drop a job file with `replace` for them.",
        ),
        Unchanged::Cancelled => refuse(
            format!("{who} was cancelled, and that is for good."),
            "Drop a new job file for this person.",
        ),
        Unchanged::HeldAlready(fault) => refuse(
            format!("{who} is held already. {}", fault::message(fault)),
            &fault::hint(fault),
        ),
        Unchanged::NotHeld => refuse(
            format!("{who} is not held: it goes on as soon as its turn comes."),
            "`keyline jobs show JOB` tells where it stands.",
        ),
        Unchanged::NotBegun => refuse(
            format!("{who} has not begun yet, so there is no key to give up."),
            "It starts with the next key. `keyline jobs show JOB` tells where it stands.",
        ),
        Unchanged::InWork => Complaint::new(
            ExitCode::Waiting,
            format!("The station is working on {who} just now, so nothing was changed."),
            "Try again in a moment, or lift its key first.",
        ),
        Unchanged::HandedOver => refuse(
            format!(
                "{who} is done: its letter was confirmed, and with that the station has forgotten its PIN."
            ),
            REPLACE,
        ),
        Unchanged::ReissuedTooOften { most } => refuse(
            format!(
                "{who}: its letter was made anew {} already, and its policy allows no more.",
                times(*most)
            ),
            "Find out where the letters go wrong. Then raise `reissues_max` in the policy, or start anew with another key: keyline jobs retry JOB",
        ),
        Unchanged::LetterVoid => refuse(
            format!("{who} waits because its letter is void, and a release makes it no better."),
            "keyline mailer reissue JOB --reason '…' gives the key a new PIN and the person a new letter.",
        ),
        Unchanged::PinForgotten => refuse(
            format!(
                "{who}: the station no longer has the PIN of this key, so it cannot change it."
            ),
            "`keyline jobs retry JOB` starts anew with another key, or with this one once it is wiped.",
        ),
        Unchanged::NoLetter => refuse(
            format!("{who} has no letter yet that could be made anew."),
            "`keyline jobs show JOB` tells where it stands.",
        ),
        Unchanged::ReissuedAlready => refuse(
            format!("{who} gets a new PIN and a new letter already; nothing more is needed."),
            "Put its key back into a slot of the running station.",
        ),
        Unchanged::NotHandedOver(_)
        | Unchanged::KeyElsewhere(_)
        | Unchanged::NoKeyYet
        | Unchanged::RetiredAlready(_)
        | Unchanged::KeyRetired(_)
        | Unchanged::Erased
        | Unchanged::NotOffered => refuse(format!("{who}: {why}."), "Nothing was changed."),
        Unchanged::Fault(fault) => Complaint::from(fault),
    }
}

fn refuse(message: String, hint: &str) -> Complaint {
    Complaint::new(ExitCode::Refused, message, hint)
}

/// Somebody at the bench wanted what no card and no letter of the bench offers.
pub fn not_offered() -> Complaint {
    refuse(
        "That is not offered at the bench, or not any more, so nothing was changed.".to_owned(),
        "Look at the card once more.",
    )
}

fn times(number: u32) -> String {
    match number {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        many => format!("{many} times"),
    }
}
