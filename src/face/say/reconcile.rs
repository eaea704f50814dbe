//! What a comparison of ledger and tenant came to, in words: what differs, what to do about it, what was counted.

use std::collections::BTreeSet;

use crate::app::reconcile::{Difference, Kind, Removal, Report};
use crate::domain::credential::CredentialId;
use crate::domain::fault::Fault;
use crate::face::say::news::count;
use crate::face::say::{Complaint, ExitCode, clean};
use crate::port::Trial;

/// The word for scripts.
pub const fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Missing => "missing",
        Kind::Abandoned => "abandoned",
        Kind::Returned => "returned",
        Kind::Unclaimed => "unclaimed",
        Kind::Ambiguous => "ambiguous",
    }
}

/// The word for scripts.
pub const fn removal(removal: Removal) -> &'static str {
    match removal {
        Removal::Deleted => "deleted",
        Removal::HandedOver => "handed_over",
        Removal::Left => "left",
    }
}

/// What is wrong with one passkey.
pub fn what(difference: &Difference) -> String {
    let what = match difference.kind {
        Kind::Missing => "registered in the ledger, but not at Entra",
        Kind::Abandoned => "given up in the journal, but at Entra",
        Kind::Returned => "deleted in the ledger, but at Entra",
        Kind::Unclaimed => "named like a key of this station, but not in the ledger",
        Kind::Ambiguous => "one of several that could be the same passkey of the ledger",
    };
    let became = match difference.removal {
        None => "",
        Some(Removal::Deleted) => ": deleted now",
        Some(Removal::HandedOver) => ": the running station deletes it",
        Some(Removal::Left) => ": left alone, it is no longer there or may be in use",
    };
    format!("{what}{became}")
}

/// What was counted, in sentences.
pub fn totals(report: &Report) -> Vec<String> {
    let mut first = format!(
        "{} compared: {}",
        people(report.people),
        agree(report.agreeing)
    );
    if report.in_flight > 0 {
        first.push_str(&format!(", {} being enrolled", report.in_flight));
    }
    if report.replaced > 0 {
        first.push_str(&format!(
            ", {} about to be deleted by the station because a newer key takes its place",
            report.replaced
        ));
    }
    first.push('.');
    let foreign = format!(
        "Not of this station, and not judged: {}, {} in phones or computers.",
        count(report.foreign_keys, "security key"),
        count(report.foreign_passkeys, "passkey")
    );
    vec![first, foreign]
}

/// The sentence above all others. `test`: a test passkey that may be at Entra.
pub fn verdict(report: &Report, test: Option<&Trial>) -> String {
    let (compared, but) = match (open(report).count(), report.failed.len()) {
        (0, 0) => ("The ledger and the tenant agree".to_owned(), "but for"),
        (0, _) => (
            "As far as they could be compared, the ledger and the tenant agree".to_owned(),
            "but for",
        ),
        (differences, _) => (
            format!(
                "{} between the ledger and the tenant",
                count(differences, "difference")
            ),
            "and",
        ),
    };
    match test {
        None => format!("{compared}."),
        Some(test) => format!(
            "{compared}, {but} a test passkey that may be at Entra: {}, of {}.",
            clean(&test.display_name),
            clean(&test.user)
        ),
    }
}

/// What to do, one sentence for each kind of difference.
pub fn hints(report: &Report) -> Vec<&'static str> {
    let kinds: BTreeSet<Kind> = open(report).map(|difference| difference.kind).collect();
    kinds
        .into_iter()
        .map(|kind| match kind {
            Kind::Missing => {
                "Somebody deleted a registered passkey at Entra, so that key signs nobody in. A job file with `replace` for the person enrolls it anew."
            }
            Kind::Abandoned => {
                "What the journal gave up is nobody's working key. `keyline reconcile --delete` deletes it at Entra, and nothing else."
            }
            Kind::Returned => {
                "The ledger has it as deleted. If it is still there in an hour, delete it in the Entra portal."
            }
            Kind::Unclaimed => {
                "It may be another station's, or from before a lost ledger. keyline never deletes it; look at it in the Entra portal."
            }
            Kind::Ambiguous => {
                "Which entry is which only a person can tell: compare them in the Entra portal. keyline deletes none of them."
            }
        })
        .collect()
}

/// How the comparison ends: something that differs waits for somebody.
pub fn exit(report: &Report) -> ExitCode {
    let differs = if open(report).next().is_some() {
        ExitCode::Waiting
    } else {
        ExitCode::Done
    };
    let failed = report.failed.iter().map(|(_, fault)| {
        // The tenant has answered: the person is gone, and their passkeys with them.
        if matches!(fault, Fault::UserUnknown { .. }) {
            ExitCode::Waiting
        } else {
            ExitCode::of(fault)
        }
    });
    ExitCode::worst_of(failed.chain([differs]))
}

/// What a running station answers that was asked to look for a passkey again.
pub fn reopened(credential: &CredentialId) -> String {
    format!("The passkey {credential} is looked for at Entra again, and deleted if it is there.")
}

/// What is answered about any other passkey.
pub fn never_given_up(credential: &CredentialId) -> Complaint {
    Complaint::usage(
        format!("The passkey {credential} is none that this ledger gave up, so it is left alone."),
        "`keyline reconcile` lists the passkeys that were given up and are still at Entra.",
    )
}

/// What still differs.
fn open(report: &Report) -> impl Iterator<Item = &Difference> {
    report
        .differences
        .iter()
        .filter(|difference| difference.removal != Some(Removal::Deleted))
}

fn people(number: usize) -> String {
    match number {
        1 => "1 person".to_owned(),
        many => format!("{many} people"),
    }
}

fn agree(number: usize) -> String {
    match number {
        1 => "1 passkey agrees".to_owned(),
        many => format!("{many} passkeys agree"),
    }
}
