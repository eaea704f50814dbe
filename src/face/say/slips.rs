//! Words about the sheets that go with the keys of a batch: what was left out, and why. Bags by their numbers, never a name.

use std::path::Path;

use crate::domain::job::Envelope;
use crate::face::say::clean::clean;
use crate::face::say::news::{count, sentence};

/// More would only fill the screen.
const TOLD_MAX: usize = 12;

/// Keys that nobody gets.
pub fn cancelled(jobs: &[Envelope]) -> Option<String> {
    let are = if jobs.len() == 1 { "is" } else { "are" };
    let told = bags(jobs)?;
    Some(format!(
        "{} {are} cancelled and left out: {told}.\n",
        count(jobs.len(), "job")
    ))
}

/// Jobs that have no key to be named. `sheets` is the name of their kind.
pub fn without_key(jobs: &[Envelope], sheets: &str) -> Option<String> {
    let have = if jobs.len() == 1 { "has" } else { "have" };
    let told = bags(jobs)?;
    Some(format!(
        "{} {have} no key yet and no place in the {sheets}: {told}. Write them again when the keys are made.\n",
        count(jobs.len(), "job")
    ))
}

/// A sheet that cannot be set. `sheet` is the name of its kind.
pub fn unfit(envelope: Envelope, sheet: &str, why: &str) -> String {
    format!(
        "warning: No {sheet} for B-{envelope}: {}\n",
        clean(&sentence(why))
    )
}

/// A file of an earlier time, when there were more sheets.
pub fn out_of_date(path: &Path) -> String {
    format!(
        "{} was of an earlier time and is removed.\n",
        clean(&path.display().to_string())
    )
}

/// A file that is in the place of one, and of somebody else's making.
pub fn not_ours(path: &Path) -> String {
    format!(
        "warning: {} stays, because keyline did not write it. It is none of the sheets that are written now.\n",
        clean(&path.display().to_string())
    )
}

fn bags(jobs: &[Envelope]) -> Option<String> {
    let told: Vec<String> = jobs
        .iter()
        .take(TOLD_MAX)
        .map(|envelope| format!("B-{envelope}"))
        .collect();
    let more = if jobs.len() > TOLD_MAX { " …" } else { "" };
    (!told.is_empty()).then(|| format!("{}{more}", told.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_told_by_its_bag() {
        assert_eq!(cancelled(&[]), None);
        assert_eq!(
            cancelled(&[Envelope(3)]).expect("words"),
            "1 job is cancelled and left out: B-0003.\n"
        );
        let many: Vec<Envelope> = (1..=13).map(Envelope).collect();
        let told = without_key(&many, "receipts").expect("words");
        assert!(told.starts_with("13 jobs have no key yet and no place in the receipts: B-0001, "));
        assert!(
            told.contains("B-0012 …. Write") && !told.contains("B-0013"),
            "{told}"
        );
        assert_eq!(
            unfit(Envelope(7), "bag label", "a line\u{1b} is too long"),
            "warning: No bag label for B-0007: a line\u{FFFD} is too long.\n"
        );
    }
}
