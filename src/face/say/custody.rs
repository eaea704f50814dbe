//! What is said of keys that were handed over, came back, are lost or scrapped, and of the older passkeys that wait for it.

use crate::app::admin::Unchanged;
use crate::domain::custody::{Custody, Fate, NotHandedOver};
use crate::domain::enrollment::Standing;
use crate::face::say::clean::clean;
use crate::face::say::news::count;
use crate::face::say::{Complaint, ExitCode};
use crate::port::JobRecord;

/// A key was handed over, and so many older passkeys go.
pub fn handed_over(who: &str, older: usize) -> String {
    let more = if older == 0 {
        String::new()
    } else {
        format!(
            " {} of the person {} from Entra as soon as the new one is in the list there.",
            count(older, "older passkey"),
            if older == 1 { "goes" } else { "go" }
        )
    };
    format!("{who} is handed over: the person has the key and its PIN.{more}")
}

/// So many older passkeys are still at Entra although the key was handed over, because the list does not show the new one yet.
pub fn still_there(older: usize) -> Complaint {
    let (is, goes) = if older == 1 {
        ("is", "It goes")
    } else {
        ("are", "They go")
    };
    Complaint::new(
        ExitCode::RelyingParty,
        format!(
            "It is noted down, but {} {is} still at Entra: the new key is not in the person's list there yet.",
            count(older, "older passkey")
        ),
        format!(
            "{goes} when the station runs and the new key is listed; or type the same again later. Where somebody deleted the new key, enroll the person anew."
        ),
    )
}

/// An older passkey stays for good.
pub fn spared(why: &str) -> String {
    format!("An older passkey stays at Entra: {}.", clean(why))
}

/// A key is not its person's any more.
pub fn retired(who: &str, fate: Fate, void: Option<&str>, kept: u32) -> String {
    let letter = void.map_or_else(String::new, |control| {
        format!(
            " The letter with control number {} is void: if it is still in the house, destroy it.",
            clean(control)
        )
    });
    let kept = usize::try_from(kept).unwrap_or(usize::MAX);
    let kept = if kept == 0 {
        String::new()
    } else {
        format!(
            " {} that waited for the hand-over {}.",
            count(kept, "older passkey"),
            if kept == 1 { "stays" } else { "stay" }
        )
    };
    format!(
        "The key of {who} is {}. Its PIN is of no use any more.{letter}{kept}",
        fate.word()
    )
}

/// Why a key was not called handed over, in few words.
pub const fn not_yet(why: NotHandedOver) -> &'static str {
    match why {
        NotHandedOver::NotDone => "the job is not done",
        NotHandedOver::LetterVoid => "its letter is void",
        NotHandedOver::BagHere => "its bag has not left the house",
        NotHandedOver::LetterHere => "its letter has not left the house",
        NotHandedOver::Replaced => "another key took its place",
        NotHandedOver::Retired(Fate::Returned) => "its key came back",
        NotHandedOver::Retired(Fate::Lost) => "its key is lost",
        NotHandedOver::Retired(Fate::Scrapped) => "its key is scrapped",
        NotHandedOver::Already => "it is handed over already",
    }
}

/// The same as a complaint, with what to do.
pub fn not_handed_over(why: NotHandedOver, who: &str) -> Complaint {
    let hint = match why {
        NotHandedOver::NotDone => {
            "Only a key that is enrolled, and whose letter is confirmed, can be handed over. `keyline jobs show JOB` tells what is missing."
        }
        NotHandedOver::LetterVoid => {
            "Without a letter nobody can use the key. Drop a job file with `replace` = yes for this person; the same key will do."
        }
        NotHandedOver::BagHere | NotHandedOver::LetterHere => {
            "Note down first what left the house: keyline mailer dispatch BATCH"
        }
        NotHandedOver::Replaced => {
            "Say it of the job of that key: `keyline jobs list` shows all jobs of the person."
        }
        NotHandedOver::Retired(_) => "Drop a job file for this person: they need another key.",
        NotHandedOver::Already => "Nothing more is needed.",
    };
    Complaint::new(
        ExitCode::Refused,
        format!("{who} cannot be called handed over: {}.", not_yet(why)),
        hint,
    )
}

/// Why nothing was said of the key of the job called `who`, where that concerns keys that were given out.
pub fn refused(why: &Unchanged, who: &str) -> Option<Complaint> {
    let refuse = |message: String, hint: &str| Complaint::new(ExitCode::Refused, message, hint);
    Some(match why {
        Unchanged::NotHandedOver(why) => not_handed_over(*why, who),
        Unchanged::KeyElsewhere(other) => refuse(
            format!("The key of {who} serves job {other} by now."),
            &format!("Say it of that job: `keyline jobs show {other}` tells where it stands."),
        ),
        Unchanged::NoKeyYet => refuse(
            format!("{who} is not done, so nobody has its key yet."),
            "`keyline jobs retry JOB` starts anew with another key, `keyline jobs cancel JOB` gives it up. Either has its passkey deleted at Entra.",
        ),
        Unchanged::RetiredAlready(fate) => refuse(
            format!("The key of {who} is {} already.", fate.word()),
            "A key that was scrapped stays scrapped; one that was lost may still come back.",
        ),
        Unchanged::KeyRetired(fate) => refuse(
            format!(
                "The key of {who} is {}: its PIN and its letter are void, and it gets no new ones.",
                fate.word()
            ),
            "Drop a job file for this person: they need another key.",
        ),
        Unchanged::Erased => refuse(
            format!(
                "The person of {who} was erased, so nobody can tell at Entra whose passkeys are older."
            ),
            "Look for them in the Entra admin center, and delete them there.",
        ),
        Unchanged::NoSuchJob(_)
        | Unchanged::Done
        | Unchanged::Cancelled
        | Unchanged::HeldAlready(_)
        | Unchanged::NotHeld
        | Unchanged::NotBegun
        | Unchanged::InWork
        | Unchanged::HandedOver
        | Unchanged::NoLetter
        | Unchanged::ReissuedAlready
        | Unchanged::ReissuedTooOften { .. }
        | Unchanged::LetterVoid
        | Unchanged::PinForgotten
        | Unchanged::NotOffered
        | Unchanged::Fault(_) => return None,
    })
}

/// What is known of the way of a key that a job enrolled, once there is something to say of it.
pub fn place(record: &JobRecord) -> Option<String> {
    let Custody {
        handed_over,
        retired,
        wiped,
        pending,
    } = record.custody;
    if record.standing != Standing::Done {
        return None;
    }
    let pending = usize::try_from(pending).unwrap_or(usize::MAX);
    Some(match (retired, handed_over) {
        (Some(Fate::Returned), _) if wiped => "returned, and wiped".to_owned(),
        (Some(Fate::Returned), _) => "returned; it is wiped in any slot".to_owned(),
        (Some(fate), _) => fate.word().to_owned(),
        (None, true) => "handed over".to_owned(),
        (None, false) if pending > 0 => {
            format!("not handed over yet; {} until then", stay(pending))
        }
        // Where nothing waits for it, many a house never says it.
        (None, false) => return None,
    })
}

fn stay(pending: usize) -> String {
    let verb = if pending == 1 { "stays" } else { "stay" };
    format!("{} {verb}", count(pending, "older passkey"))
}

/// How many keys wait for their hand-over with older passkeys behind them; nothing where there are none.
pub fn waiting(keys: usize, older: usize) -> Option<String> {
    (older > 0).then(|| {
        format!(
            "{} at Entra until {} handed over: keyline handover --batch BATCH",
            stay(older),
            if keys == 1 {
                "1 key is".to_owned()
            } else {
                format!("{keys} keys are")
            }
        )
    })
}

/// Asked before the older passkeys of people go.
pub fn may_go(keys: usize, older: usize) -> String {
    let whose = if keys == 1 {
        "this person"
    } else {
        "these people"
    };
    format!(
        "{} of {whose} {} deleted at Entra then, and that cannot be undone.",
        count(older, "older passkey"),
        if older == 1 { "is" } else { "are" }
    )
}

/// What is lost with the key, before somebody agrees. `others`: the person's other passkeys at Entra, `None` when it could not
/// be asked.
pub fn last_method(who: &str, others: Option<usize>) -> String {
    match others {
        None => format!(
            "Entra could not be asked which other passkeys the person of {who} has: this one may be the last."
        ),
        Some(0) => format!(
            "This is the last passkey that the person of {who} has at Entra: without it they sign in with no key until they get another one. Other ways to sign in, such as an app or a telephone, were not looked at."
        ),
        Some(others) => format!(
            "The person of {who} has {} besides this one.",
            count(others, "passkey")
        ),
    }
}
