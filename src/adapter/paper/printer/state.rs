//! How a printer's states and reasons read (RFC 8011 §5.3.7, §5.3.8, §5.4.11, §5.4.12): what has become of a sheet, and what only a person
//! can mend. Never believes more than a state says.

use super::answer::Group;
use crate::domain::paper::Printing;
use crate::domain::paper::printer::Activity;

/// What a person has to do, in words that end the sentence "it waits for …". `None`: nothing that is known.
fn wanted(reason: &str) -> Option<&'static str> {
    Some(match bare(reason) {
        "media-empty" | "media-needed" => "paper",
        "media-jam" => "somebody to clear the paper jam",
        "toner-empty" | "marker-supply-empty" | "developer-empty" => "toner or ink",
        "cover-open" | "door-open" | "interlock-open" => "its cover to be closed",
        "input-tray-missing" => "its paper tray",
        "output-tray-missing" => "its output tray",
        "output-area-full" => "somebody to empty its output tray",
        "marker-waste-full" => "an empty waste toner box",
        "opc-life-over" => "a new drum",
        "paused" | "stopped" | "printer-stopped" | "stopped-partly" | "printer-stopped-partly" => {
            "somebody to start the printer again, which was stopped"
        }
        "offline" | "shutdown" | "timed-out" | "connecting-to-device" => {
            "the printer to be switched on and connected"
        }
        "spool-area-full" => "room in the printer's memory",
        "job-hold-until-specified" | "job-held-on-create" | "job-held-by-service" => {
            "somebody to release the job, which the print server holds"
        }
        "cups-held-for-authentication" | "job-held-for-authorization" => {
            "a user and a password for the printer"
        }
        "cups-missing-filter" => "a program that the print server lacks (`cups-filters`)",
        _ => return None,
    })
}

/// A reason without its weight.
fn bare(reason: &str) -> &str {
    ["-error", "-warning", "-report"]
        .into_iter()
        .find_map(|weight| reason.strip_suffix(weight))
        .unwrap_or(reason)
}

/// Whether the reason only informs.
fn is_report(reason: &str) -> bool {
    reason.ends_with("-report")
}

/// What keeps a printer, in words, from all of its reasons; the heavier first.
pub(super) fn waits_for(reasons: &[&str]) -> Option<String> {
    let mut words: Vec<&str> = Vec::new();
    let heavy = reasons.iter().filter(|reason| reason.ends_with("-error"));
    let light = reasons
        .iter()
        .filter(|reason| !reason.ends_with("-error") && !is_report(reason));
    for reason in heavy.chain(light) {
        if let Some(word) = wanted(reason)
            && !words.contains(&word)
        {
            words.push(word);
        }
    }
    (!words.is_empty()).then(|| words.join(", and for "))
}

/// Whether a printer with these reasons stands still only until somebody feeds or opens it: it takes a job and keeps it.
pub(super) fn is_only_hungry(reasons: &[&str]) -> bool {
    let stopped = |reason: &&str| {
        matches!(
            bare(reason),
            "paused" | "stopped" | "moving-to-paused" | "shutdown" | "offline" | "stopping"
        )
    };
    let feeds = |reason: &&str| {
        matches!(
            bare(reason),
            "media-empty"
                | "media-needed"
                | "media-jam"
                | "toner-empty"
                | "marker-supply-empty"
                | "developer-empty"
                | "cover-open"
                | "door-open"
                | "interlock-open"
                | "input-tray-missing"
                | "output-tray-missing"
                | "output-area-full"
                | "marker-waste-full"
        )
    };
    reasons.iter().any(feeds) && !reasons.iter().any(stopped)
}

/// `printer-state`.
pub(super) fn activity(printer: Group<'_>) -> Activity {
    match printer.number("printer-state") {
        Some(3) => Activity::Idle,
        Some(4) => Activity::Processing,
        Some(5) => Activity::Stopped,
        Some(_) | None => Activity::Unclear,
    }
}

/// `printer-state-reasons`, without `none`.
pub(super) fn reasons(printer: Group<'_>) -> Vec<&str> {
    let mut reasons = printer.texts("printer-state-reasons");
    reasons.retain(|reason| *reason != "none");
    reasons
}

/// `job-state`, sorted by what it tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Waits,
    Held,
    Prints,
    Cancelled,
    Aborted,
    Completed,
}

impl Standing {
    pub(super) fn of(job: Group<'_>) -> Option<Self> {
        Some(match job.number("job-state")? {
            3 => Self::Waits,
            4 => Self::Held,
            5 | 6 => Self::Prints,
            7 => Self::Cancelled,
            8 => Self::Aborted,
            9 => Self::Completed,
            _ => return None,
        })
    }

    /// Whether nothing more happens to it.
    pub(super) const fn is_final(self) -> bool {
        matches!(self, Self::Cancelled | Self::Aborted | Self::Completed)
    }
}

/// What a job's end says of its sheet. `twice`: it was begun more than once. `None` where it has not ended.
pub(super) fn end(standing: Standing, reasons: &[&str], twice: bool) -> Option<Printing> {
    let unknown = |why: &str| Printing::Unknown {
        why: why.to_owned(),
    };
    Some(match standing {
        Standing::Waits | Standing::Held | Standing::Prints => return None,
        Standing::Cancelled => {
            unknown("the job was cancelled, and the sheet may have come out before")
        }
        Standing::Aborted => {
            unknown("the printer gave the job up, and the sheet may have come out before")
        }
        Standing::Completed if reasons.contains(&"job-completed-with-errors") => {
            unknown("the printer finished the job with errors")
        }
        Standing::Completed if twice => unknown(
            "the print server began the job more than once, so two sheets with this PIN may have come out: look for both",
        ),
        Standing::Completed => Printing::OnPaper,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_a_person_can_mend_is_named_once_and_heavier_things_first() {
        for (reasons, words) in [
            (&["none"][..], None),
            (&["media-low-report", "toner-low-warning"], None),
            (&["media-empty-report"], None),
            (
                &["media-empty-warning", "media-needed-warning"],
                Some("paper"),
            ),
            (
                &["media-needed", "cover-open-error"],
                Some("its cover to be closed, and for paper"),
            ),
            (
                &["paused"],
                Some("somebody to start the printer again, which was stopped"),
            ),
            (&["com.contoso-strange"], None),
        ] {
            assert_eq!(waits_for(reasons).as_deref(), words, "{reasons:?}");
        }
    }

    #[test]
    fn a_hungry_printer_takes_a_job_and_a_stopped_one_does_not() {
        assert!(is_only_hungry(&["media-empty-error"]));
        assert!(is_only_hungry(&["media-needed", "toner-low"]));
        assert!(!is_only_hungry(&["media-empty-error", "paused"]));
        assert!(!is_only_hungry(&["stopped"]));
        assert!(!is_only_hungry(&[]));
    }

    #[test]
    fn only_a_completed_job_that_was_begun_once_is_on_paper() {
        for standing in [Standing::Waits, Standing::Held, Standing::Prints] {
            assert_eq!(end(standing, &[], false), None);
        }
        // What CUPS says of every job, however it ended.
        let stop = ["processing-to-stop-point"];
        assert_eq!(
            end(Standing::Completed, &stop, false),
            Some(Printing::OnPaper)
        );
        for (standing, reasons, twice) in [
            (Standing::Cancelled, &stop[..], false),
            (Standing::Aborted, &stop, false),
            (Standing::Completed, &["job-completed-with-errors"], false),
            (Standing::Completed, &[], true),
        ] {
            let end = end(standing, reasons, twice);
            assert!(
                matches!(end, Some(Printing::Unknown { .. })),
                "{standing:?} {twice}"
            );
        }
    }
}
