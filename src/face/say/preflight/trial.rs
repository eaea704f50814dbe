//! The trial with a test passkey in words. It is a passkey in software without attestation: what it proves, and what only a real
//! key can.

use crate::app::enrol_test::{LAG_SECONDS_MAX, NEVER_AFTER_SECONDS, Outcome, Stage};
use crate::app::preflight::TrialResult;
use crate::domain::fault::Fault;
use crate::face::say::news::{count, sentence};
use crate::face::say::{ExitCode, clean::clean, fault};
use crate::port::Trial;

pub(super) fn open(left: &Trial) -> String {
    format!(
        "A test passkey of {} (\"{}\") may be at Entra still. It signs nobody in: its private half was never kept.",
        clean(&left.user),
        clean(&left.display_name)
    )
}

pub(in crate::face::say) fn settled(user: &str, deleted: bool) -> String {
    let what = if deleted {
        "was at Entra still, and is deleted now"
    } else {
        "never appeared at Entra"
    };
    format!("What an earlier test left for {} {what}.", clean(user))
}

/// It may be there, and nobody can see it yet.
pub fn left_open(left: &Trial) -> String {
    format!("{} The station looks again by itself.", open(left))
}

/// Whether it is there cannot be seen now.
pub fn left_unseen(why: &Fault) -> String {
    format!(
        "An earlier test may have left a passkey at Entra. {} The station looks again by itself; keys go on.",
        fault::message(why)
    )
}

pub(super) fn what(result: &TrialResult) -> String {
    let user = clean(&result.user);
    match &result.outcome {
        Outcome::Passed {
            listed_after,
            reply_lost,
        } => {
            let seen = match listed_after {
                Some(0) => "seen in the list at once".to_owned(),
                Some(seconds) => format!("seen in the list after {}", seconds_of(*seconds)),
                None => format!(
                    "not seen in the list within {}",
                    seconds_of(LAG_SECONDS_MAX)
                ),
            };
            let lost = if *reply_lost {
                " The reply to the registration was lost; the list told."
            } else {
                ""
            };
            format!(
                "A passkey in software was registered for {user}, {seen}, and deleted again ({} in all).{lost}",
                count(
                    usize::try_from(result.seconds).unwrap_or(usize::MAX),
                    "second"
                )
            )
        }
        Outcome::Refused { stage, fault } => {
            let stage = match stage {
                Stage::Options => "hands out no creation options for",
                Stage::Registration => "does not take a passkey in software for",
            };
            let why = result.foretold.as_ref().map_or_else(String::new, |why| {
                format!(" The policy says so: {}", sentence(why))
            });
            format!("Entra {stage} {user}. {}{why}", fault::message(fault))
        }
        Outcome::Open { fault } => {
            let why = fault.as_ref().map_or_else(
                || "the list does not show what became of it".to_owned(),
                fault::message,
            );
            format!(
                "Whether the test passkey for {user} is still at Entra is not known: {}",
                sentence(&why)
            )
        }
    }
}

pub(super) const OWN_USER: &str = "Nothing has to be done: the test touches no other passkey. An account that only tests are made with keeps lists and audits clear.";

pub(super) fn todo(result: &TrialResult) -> String {
    match &result.outcome {
        Outcome::Passed { .. } => {
            "Entra's lists lag more than usual just now. keyline bears it; the deletion of older keys waits for the list.".to_owned()
        }
        Outcome::Refused { .. } if result.foretold.is_some() => {
            "A software key cannot pass this policy, and need not: sign-in, permissions and the way to Entra are proved up to its refusal. Prove the rest with one real key: `keyline run --limit 1`.".to_owned()
        }
        Outcome::Refused { fault: Fault::UserUnknown { .. }, .. } => {
            "Give the user name or object id of a test user in this tenant.".to_owned()
        }
        Outcome::Refused { .. } => {
            "Mend what Entra names: the permissions, the passkey policy and its targets, the user's account, or an administrative unit that the application may not see. Then check again.".to_owned()
        }
        Outcome::Open { .. } => again(),
    }
}

pub(super) fn again() -> String {
    format!(
        "`keyline reconcile --delete`, or the next `--enrol-test`, looks again and deletes it; {} after the test it is certain either way.",
        count(
            usize::try_from(NEVER_AFTER_SECONDS / 60).unwrap_or(0),
            "minute"
        )
    )
}

pub(super) fn exit(result: &TrialResult) -> ExitCode {
    match &result.outcome {
        Outcome::Refused { fault, .. } => ExitCode::of(fault),
        Outcome::Passed { .. } | Outcome::Open { .. } => ExitCode::RelyingParty,
    }
}

fn seconds_of(seconds: u32) -> String {
    count(usize::try_from(seconds).unwrap_or(usize::MAX), "second")
}
