//! What came of a scan, a spoiled letter and a dispatch. Short, because it is read between two scans; a void letter is said in
//! capitals. A control number is said only where it is known already: whoever reads one could type it without the sheet.

use jiff::tz::TimeZone;

use crate::app::board::{Awaited, Unconfirmed};
use crate::app::trail::{Acted, Fate, Gone, Line, Refusal, Stay, Thing, What};
use crate::domain::authenticator::Slot;
use crate::domain::event::Step;
use crate::domain::fault::Fault;
use crate::domain::job::Envelope;
use crate::domain::scan::Slip;
use crate::face::report::name;
use crate::face::say::admin::not_offered;
use crate::face::say::admin::{job_at_printer, waits_elsewhere};
use crate::face::say::news::{count, sentence};
use crate::face::say::{Complaint, ExitCode, clean::clean, fault, moment};
use crate::port::JobRecord;

/// Items that are named when several are waited for.
const EXPECTED_MAX: usize = 5;

/// Nobody is there any more who could write it down.
pub const ENDED: &str = "The station has ended: nothing was written.";

/// A bag as it is labelled.
pub fn bag(envelope: Envelope) -> String {
    format!("B-{envelope}")
}

/// A letter as lists call it.
pub fn letter(envelope: Envelope) -> String {
    format!("L-{envelope}")
}

/// What was written down, or stood there already.
pub fn done(acted: &Acted) -> String {
    let mut told = match &acted.what {
        What::Confirmed(envelope) => format!(
            "{} is confirmed. Put it into its envelope, and scan it once more when it lies there.",
            letter(*envelope)
        ),
        What::Enveloped(envelope) => format!("{} lies in its envelope.", letter(*envelope)),
        What::EnvelopedAlready {
            envelope,
            gone: None,
        } => format!(
            "{} lies in its envelope already; nothing more is needed.",
            letter(*envelope)
        ),
        What::EnvelopedAlready {
            envelope,
            gone: Some(Gone::Dispatched),
        } => format!(
            "{} was dispatched already: find out why it is here.",
            letter(*envelope)
        ),
        What::EnvelopedAlready {
            envelope,
            gone: Some(Gone::HandedOver),
        } => format!(
            "{} was handed over with its key already: find out why it is here.",
            letter(*envelope)
        ),
        What::Bagged(envelope) => format!("{}: the key lies in its bag.", bag(*envelope)),
        What::BaggedAlready(envelope) => format!(
            "{}: the key lies in its bag already; nothing more is needed.",
            bag(*envelope)
        ),
        What::Spoiled {
            envelope,
            control,
            late,
        } => spoiled(*envelope, control, *late),
        What::Dispatched(lines) => count(lines.len(), "line"),
    };
    if let Some(doubt) = &acted.doubt {
        told.push_str(&format!(
            " It was in doubt ({}): if a second sheet with this PIN is about, destroy it.",
            clean(doubt).trim_end_matches('.')
        ));
    }
    if let Some(left) = acted.left.as_ref().filter(|_| unasked(acted).is_none()) {
        told.push_str(&self::left(left));
    }
    told
}

/// Said behind what was done: something of the letter could not be removed.
pub fn left(why: &Fault) -> String {
    format!(
        " Something of it is still there, though. {} {}",
        fault::message(why),
        fault::hint_to_command(why)
    )
}

/// What is still to be looked after, for whoever is not to take it for a part of what was done. `no_press`: why nobody could be
/// told of it.
pub fn note(acted: &Acted, no_press: Option<&Complaint>) -> Option<String> {
    let What::Spoiled { control, .. } = &acted.what else {
        return None;
    };
    if let Some(astray) = &acted.elsewhere {
        return Some(waits_elsewhere("The void letter", astray));
    }
    let why = match (no_press, unasked(acted)) {
        (Some(complaint), _) => complaint.message.clone(),
        (None, Some(away)) => fault::message(away),
        (None, None) => return None,
    };
    Some(format!(
        "Nobody could ask the printer for the void letter: {} Where it was not printed yet, it may still come out: cancel {} at the printer, or destroy it when it comes. The next start of the station tries to cancel it.",
        sentence(&why),
        job_at_printer(control)
    ))
}

/// The printer that could not be asked for a void letter.
fn unasked(acted: &Acted) -> Option<&Fault> {
    let is_void = matches!(acted.what, What::Spoiled { .. });
    let left = acted.left.as_ref().filter(|_| is_void);
    left.filter(|left| matches!(left, Fault::PrinterAway { .. }))
}

fn spoiled(envelope: Envelope, control: &str, late: bool) -> String {
    let next = if late {
        "Its job was done, so its key gets no other PIN here: the person needs a replacement. Drop a job file with `replace` = yes for them; the same key will do.".to_owned()
    } else {
        format!(
            "For a new PIN and a new letter: keyline mailer reissue {envelope} --reason \"spoiled\""
        )
    };
    format!(
        "Letter {}, control number {}, is void: destroy it. {next}",
        letter(envelope),
        clean(control)
    )
}

/// The same for scripts, in one word.
pub const fn word(what: &What) -> &'static str {
    match what {
        What::Confirmed(_) => "confirmed",
        What::Enveloped(_) => "enveloped",
        What::EnvelopedAlready { gone, .. } => match gone {
            None => "enveloped_already",
            Some(Gone::Dispatched) => "dispatched_already",
            Some(Gone::HandedOver) => "handed_over_already",
        },
        What::Bagged(_) => "bagged",
        What::BaggedAlready(_) => "bagged_already",
        What::Spoiled { .. } => "spoiled",
        What::Dispatched(_) => "dispatched",
    }
}

/// What it is about, as it is labelled.
pub fn item(what: &What) -> String {
    match what {
        What::Confirmed(envelope)
        | What::Enveloped(envelope)
        | What::EnvelopedAlready { envelope, .. }
        | What::Spoiled { envelope, .. } => letter(*envelope),
        What::Bagged(envelope) | What::BaggedAlready(envelope) => bag(*envelope),
        What::Dispatched(_) => String::new(),
    }
}

/// A line that is no code.
pub fn no_code(slip: Option<Slip>) -> Complaint {
    let message = match slip {
        Some(Slip::CheckDigits) => {
            "The check digits of this control number do not agree: it was misread or mistyped."
        }
        Some(Slip::Half) => "The square code of the letter was not read to its end.",
        None => "This is no code of a letter or a bag.",
    };
    Complaint::usage(
        message,
        "Scan it once more, or type the twelve digits of a letter's control number, or a bag's number such as B-0042.",
    )
}

fn refuse(message: String, hint: &str) -> Complaint {
    Complaint::new(ExitCode::Refused, message, hint)
}

/// Why nothing was written; `record` is the job that was asked for by name.
pub fn refused(why: &Refusal, record: Option<&JobRecord>) -> Complaint {
    match why {
        Refusal::UnknownLetter(control) => refuse(
            format!(
                "No letter of this ledger has the control number {}.",
                control.grouped()
            ),
            "Lay it aside: it belongs to another station, or is no letter of ours. Send it to nobody.",
        ),
        Refusal::NotTogether(_) => refuse(
            "This code does not belong together: its control number is of another batch or another place than it says."
                .to_owned(),
            "Lay the sheet aside and tell the administrator. It confirms nothing.",
        ),
        Refusal::Void { envelope, reason } => void(*envelope, reason.as_deref()),
        Refusal::UnknownBag(envelope) => refuse(
            format!("No job of this ledger has the bag {}.", bag(*envelope)),
            "Is it a bag of another station? `keyline jobs list` shows all envelopes.",
        ),
        Refusal::BagNotAwaited { envelope, expected } => refuse(
            format!(
                "Wrong bag: the key of {} does not wait for its bag now. {}",
                bag(*envelope),
                awaited("bag", expected, bag)
            ),
            &format!("`keyline jobs show {envelope}` tells where that job stands."),
        ),
        Refusal::NumberWanted { envelope, expected } => refuse(
            format!(
                "{} alone confirms nothing, because it can be typed without the sheet. {}",
                letter(*envelope),
                awaited("letter", expected, letter)
            ),
            "Scan the square code on the letter, or type its control number.",
        ),
        Refusal::NoSuchJob(_)
        | Refusal::NoLetter
        | Refusal::SpoiledAlready
        | Refusal::LetterGone
        | Refusal::Cancelled => unspoiled(why, record),
        Refusal::ScanWanted(step) => refuse(
            format!("The policy of this job wants {} scanned.", thing(*step)),
            "Scan its code, or type the number.",
        ),
        Refusal::NotAwaited(step) => refuse(
            format!("Nobody waits for {} now.", thing(*step)),
            "`keyline status` shows what is waited for.",
        ),
        Refusal::NotOffered => not_offered(),
        Refusal::InWork(envelope) => Complaint::new(
            ExitCode::Waiting,
            format!("The station is working on envelope {envelope} just now, so nothing was written."),
            "Scan it once more in a moment.",
        ),
        Refusal::Fault(fault) => Complaint::from(fault),
    }
}

/// Why a letter was not declared void.
fn unspoiled(why: &Refusal, record: Option<&JobRecord>) -> Complaint {
    let who = record.map_or_else(|| "The job".to_owned(), |record| clean(&name(record)));
    let (message, hint) = match why {
        Refusal::NoLetter => (
            format!("{who} has no letter that could be spoiled."),
            "`keyline jobs show JOB` tells where it stands.",
        ),
        Refusal::SpoiledAlready => (
            format!("The letter of {who} is void already."),
            "If a sheet is left, destroy it. `keyline jobs show JOB` tells what comes next.",
        ),
        Refusal::LetterGone => (
            format!(
                "The letter of {who} was dispatched, or handed over with its key: it is out of our hands."
            ),
            "If it is lost or was opened, the person needs a replacement: drop a job file with `replace` = yes for them.",
        ),
        Refusal::Cancelled => (
            format!("{who} was cancelled, and that is for good."),
            "Its letters are void already. If a sheet is left, destroy it.",
        ),
        Refusal::UnknownLetter(_)
        | Refusal::NotTogether(_)
        | Refusal::Void { .. }
        | Refusal::UnknownBag(_)
        | Refusal::BagNotAwaited { .. }
        | Refusal::NumberWanted { .. }
        | Refusal::NoSuchJob(_)
        | Refusal::ScanWanted(_)
        | Refusal::NotAwaited(_)
        | Refusal::NotOffered
        | Refusal::InWork(_)
        | Refusal::Fault(_) => (
            format!("{who} is not in this ledger."),
            "`keyline jobs list` shows all jobs.",
        ),
    };
    refuse(message, hint)
}

fn void(envelope: Envelope, reason: Option<&str>) -> Complaint {
    let why = reason.map_or_else(
        || "another one took its place, or nobody wants it any more".to_owned(),
        |reason| format!("it was spoiled ({})", clean(reason).trim_end_matches('.')),
    );
    Complaint::new(
        ExitCode::Refused,
        format!(
            "VOID: this sheet of {} is void; {why}. Destroy it.",
            letter(envelope)
        ),
        format!("It must reach nobody. `keyline jobs show {envelope}` tells what became of it."),
    )
}

const fn thing(step: Step) -> &'static str {
    match step {
        Step::Bag => "a bag",
        Step::Deliver => "a letter",
        Step::Reset
        | Step::SetPin
        | Step::MakeCredential
        | Step::Register
        | Step::Configure
        | Step::ChangePin => "this",
    }
}

fn awaited(what: &str, expected: &[Envelope], item: fn(Envelope) -> String) -> String {
    if expected.is_empty() {
        return format!("No {what} is waited for.");
    }
    let named: Vec<String> = expected
        .iter()
        .take(EXPECTED_MAX)
        .map(|envelope| item(*envelope))
        .collect();
    let rest = expected.len().saturating_sub(named.len());
    let more = if rest == 0 {
        String::new()
    } else {
        format!(" and {rest} more")
    };
    format!("Waited for: {}{more}.", named.join(", "))
}

/// A letter was scanned where a bag is due.
pub fn wrong_item(envelope: Envelope, slot: Slot, awaited: &str) -> String {
    format!(
        "This is letter {}; {slot} waits for bag B-{}.",
        letter(envelope),
        clean(awaited)
    )
}

/// One key was pressed, and nothing waits for it.
pub const fn nothing_waits(step: Step) -> &'static str {
    match step {
        Step::Bag => {
            "No bag waits to be confirmed by a key. Where codes are scanned, scan the bag's label."
        }
        Step::Deliver
        | Step::Reset
        | Step::SetPin
        | Step::MakeCredential
        | Step::Register
        | Step::Configure
        | Step::ChangePin => {
            "No letter waits to be confirmed by a key. Where codes are scanned, scan the letter's."
        }
    }
}

/// What the one key would confirm next.
pub fn oldest(one: &Unconfirmed) -> String {
    let (number, person) = (clean(&one.case.envelope), clean(&one.case.person));
    match &one.awaited {
        Awaited::Bag { slot, .. } => format!(
            "B-{number} ({person}, {slot}) waits longest. When its key lies in that bag, type: b"
        ),
        Awaited::Letter { .. } => format!(
            "L-{number} ({person}) waits longest. When its sheet is in your hand, and good, type: p"
        ),
    }
}

/// What one line of a dispatch is about.
pub fn things(line: &Line) -> String {
    match line.thing {
        Thing::Bag => bag(line.envelope),
        Thing::Letter => letter(line.envelope),
        Thing::Job => format!("{}, {}", bag(line.envelope), letter(line.envelope)),
    }
}

/// Why it stays, with moments as they are in `zone`.
pub fn stays(stay: &Stay, zone: &TimeZone) -> String {
    match stay {
        Stay::NotDone => "the key is not done".to_owned(),
        Stay::Cancelled => "the job was cancelled".to_owned(),
        Stay::Held => "the job is held".to_owned(),
        Stay::NotBagged => "the key is not confirmed to lie in its bag".to_owned(),
        Stay::NotConfirmed => "the letter is not confirmed".to_owned(),
        Stay::NotEnveloped => {
            "the letter is not in its envelope yet: scan it into its envelope".to_owned()
        }
        Stay::Void { reason } => format!(
            "the letter is void ({})",
            clean(reason).trim_end_matches('.')
        ),
        Stay::TooEarly { from } => format!("may leave from {}", moment::minute(*from, zone)),
    }
}

/// How a dispatch ends: with 3 where a void letter is among the batch, with 4 where there was nothing that could leave and
/// something stays.
pub fn exit(lines: &[Line]) -> ExitCode {
    let any = |fits: fn(&Fate) -> bool| lines.iter().any(|line| fits(&line.fate));
    if any(|fate| matches!(fate, Fate::Stays(Stay::Void { .. }))) {
        return ExitCode::Refused;
    }
    let stays = any(|fate| {
        !matches!(
            fate,
            Fate::Leaves | Fate::Left | Fate::HandedOver | Fate::Stays(Stay::Cancelled)
        )
    });
    if stays && !any(|fate| *fate == Fate::Leaves) {
        return ExitCode::Waiting;
    }
    ExitCode::Done
}
