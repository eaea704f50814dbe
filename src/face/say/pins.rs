//! What is said when a sealed PIN is opened, or is not. Never the PIN.

use jiff::tz::TimeZone;

use crate::app::admin::{VoidPin, WhyVoid};
use crate::face::say::{Complaint, ExitCode, moment};

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

fn why(why: WhyVoid) -> String {
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

/// A PIN out of a bare copy: nobody can write it down where it counts.
pub const COPY: &str = "note: As far as the configuration here tells, this is a copy of a ledger, so no audit trail has a note of this opening. Note it down where your house keeps such things. If it is the ledger of a station, name that station's configuration with --config, and the opening is noted there.";
