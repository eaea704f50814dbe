//! What is said when a sealed PIN is opened, or is not. Never the PIN.

use jiff::tz::TimeZone;

use crate::app::admin::{Certainty, NoPin, VoidPin, WhyVoid};
use crate::face::report::name;
use crate::face::say::{Complaint, ExitCode, moment};
use crate::port::JobRecord;

/// Beside a PIN that is opened although it is void.
pub fn void(pin: &VoidPin) -> String {
    format!("VOID: {}; nobody is to be given this PIN", why(pin.why))
}

/// A PIN is not opened, because it is void.
pub fn refused(pin: &VoidPin, who: &str, zone: &TimeZone) -> Complaint {
    Complaint::new(
        ExitCode::Refused,
        format!(
            "{who}: its PIN is void since {}: {}. It was not opened.",
            moment::local(pin.since, zone),
            why(pin.why)
        ),
        "Where it is needed all the same, such as for a lost key that was found, say why: --void \"found in a drawer\"",
    )
}

/// There is no PIN to be opened. What was there once is told apart from what never was.
pub fn none(why: NoPin, record: &JobRecord) -> Complaint {
    let who = name(record);
    match why {
        NoPin::Erased => Complaint::new(
            ExitCode::Refused,
            format!(
                "The person of job {} (envelope {}) was erased, and their sealed PINs with them.",
                record.job.id, record.job.envelope
            ),
            "Nothing in this ledger brings them back.",
        ),
        NoPin::Wiped => Complaint::new(
            ExitCode::Refused,
            format!(
                "{who}: the key came back and was wiped. Its PIN is void, and on no key any more."
            ),
            "Whoever has the key now is found by its serial number: keyline keys identify",
        ),
        NoPin::Over => Complaint::new(
            ExitCode::Refused,
            format!("{who}: the sealed PIN is no longer kept; its days are over."),
            "`[retention] sealed_pins_days` says how long sealed PINs are kept. An older copy of the ledger may still hold it.",
        ),
        NoPin::NotSet => Complaint::new(
            ExitCode::Waiting,
            format!("{who}: there is no PIN of ours on a key."),
            "`keyline jobs show` tells how far the job is.",
        ),
    }
}

/// What is not certain about a PIN, or does not last.
pub const fn uncertain(certainty: Certainty) -> Option<&'static str> {
    match certainty {
        Certainty::Certain => None,
        Certainty::ChangeInDoubt => Some(
            "It is not certain that the key took the new PIN: its change was cut off just then. If it did not, it has the old one.",
        ),
        Certainty::SetInDoubt => {
            Some("It is not certain that the key took this PIN: the job was cut off just then.")
        }
        Certainty::Kept => Some("The key kept its PIN: this is the one that the job file gave."),
        Certainty::UntilFirstUse => {
            Some("The key demands a new PIN at its first use; after that this one is of no use.")
        }
    }
}

/// Why a PIN is void.
pub fn why(why: WhyVoid) -> String {
    match why {
        WhyVoid::Retired(fate) => format!("its key is {}", fate.word()),
        WhyVoid::Taken(job) => {
            format!("its key was taken for job {job}, and may have been wiped for it")
        }
    }
}

/// A PIN is not opened, because that could not be written down first.
pub fn not_noted(complaint: Complaint) -> Complaint {
    let Complaint {
        exit,
        message,
        hint,
    } = complaint;
    Complaint::new(
        exit,
        format!(
            "The PIN was not opened, because that could not be noted in the ledger first. {message}"
        ),
        hint,
    )
}

/// No PIN is opened by a station.
pub fn not_here() -> Complaint {
    Complaint::new(
        ExitCode::Refused,
        "This station opens no PIN.",
        "Take a copy of the ledger to your own computer and open the page there: keyline console --ledger COPY",
    )
}

/// Nobody said why a PIN is to be opened.
pub fn no_reason() -> Complaint {
    Complaint::usage(
        "The PIN was not opened: nobody said why.",
        "A reason has at least one letter or digit, and 300 characters at most.",
    )
}

/// A PIN out of a bare copy: nobody can write it down where it counts.
pub const COPY: &str = "note: As far as the configuration here tells, this is a copy of a ledger, so no audit trail has a note of this opening. Note it down where your house keeps such things. If it is the ledger of a station, name that station's configuration with --config, and the opening is noted there.";
