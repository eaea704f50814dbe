//! What must hold of the sheets that came out of a printer, asked of the sheets themselves and of the journals.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use keyline::domain::enrollment::Enrollment;
use keyline::domain::event::{Evidence, Happening, Intent, Step};
use keyline::domain::fault::Fault;
use keyline::domain::paper::{Confirm, Leaving, Sheet as Printed};

use crate::check::{self, Journal};
use crate::clerk;
use crate::home::Home;
use crate::support::pcscd::Pcscd;
use crate::tray::{Sheet, Tray};

/// So long somebody folds a sheet: a code that comes sooner again is the same scan.
const FOLDS: Duration = Duration::from_millis(5_100);

/// What must hold whenever the station is down: nothing came out twice, and nothing that no journal announced.
pub(crate) fn at_any_moment(home: &Home, tray: &Tray) -> Vec<String> {
    let sheets = tray.sheets();
    let mut wrong = Vec::new();
    let controls: BTreeSet<_> = sheets.iter().map(|sheet| sheet.control).collect();
    if controls.len() != sheets.len() {
        wrong.push("paper: a letter came out twice".to_owned());
    }
    let pins: BTreeSet<&str> = sheets
        .iter()
        .map(|sheet| sheet.letter.pin.as_str())
        .collect();
    if pins.len() != sheets.len() {
        wrong.push("paper: a PIN stands on two sheets".to_owned());
    }
    let journals = match check::journals(home) {
        Ok(journals) => journals,
        Err(why) => return vec![why],
    };
    let out: BTreeSet<String> = controls.iter().map(ToString::to_string).collect();
    let announced: BTreeSet<&str> = journals
        .iter()
        .flat_map(|journal| journal.happenings.iter().filter_map(handed_over))
        .collect();
    for control in &out {
        if !announced.contains(control.as_str()) {
            wrong.push(format!("paper: no journal knows the sheet {control}"));
        }
    }
    for journal in &journals {
        let job = journal.id;
        let told = one_journal(journal, &out);
        wrong.extend(
            told.into_iter()
                .map(|what| format!("paper: job {job}: {what}")),
        );
    }
    wrong
}

/// The control number of a sheet that is about to be handed over.
fn handed_over(happening: &Happening) -> Option<&str> {
    match happening {
        Happening::Started {
            intent: Intent::Deliver { control, .. },
            ..
        } => Some(control),
        _ => None,
    }
}

/// The way of a job's sheets, one after another: none is handed over while another one may be there, what nobody can tell is asked, and
/// only what was scanned is confirmed.
fn one_journal(journal: &Journal, out: &BTreeSet<String>) -> Vec<&'static str> {
    let mut wrong = Vec::new();
    let mut open: Option<&str> = None;
    let mut doubt = false;
    for happening in &journal.happenings {
        match happening {
            Happening::Started {
                intent: Intent::Deliver { control, .. },
                ..
            } => {
                let before = open.replace(control);
                let second = "a second sheet was handed over while the first may be there";
                wrong.extend(before.map(|_| second));
            }
            Happening::NotDone {
                step: Step::Deliver,
                ..
            } => {
                let gone = open.take().filter(|control| out.contains(*control));
                wrong.extend(gone.map(|_| "a sheet came out that was certain not to exist"));
            }
            Happening::Printed {
                sheet: Printed::Unknown { .. },
                ..
            } => doubt = true,
            Happening::Held {
                fault: Fault::DeliveryUncertain,
            }
            | Happening::Spoiled { .. } => doubt = false,
            Happening::Reissued { .. } => {
                if doubt {
                    wrong.push("nobody was asked about a doubt");
                }
                open = None;
            }
            Happening::Done {
                evidence:
                    Evidence::Delivered {
                        control, confirmed, ..
                    },
                ..
            } => {
                if *confirmed != Some(Confirm::Scan) {
                    wrong.push("a letter counts as delivered that nobody scanned");
                }
                if !out.contains(control) {
                    wrong.push("a letter was confirmed that did not come out");
                }
                doubt = false;
            }
            _ => {}
        }
    }
    wrong
}

/// What must hold when everything is over, and every sheet out of the device: one good sheet for each person, all others void.
pub(crate) fn at_the_end(home: &Home, pcscd: &Pcscd, tray: &Tray) -> Vec<String> {
    tray.empty();
    let mut wrong = at_any_moment(home, tray);
    let sheets = tray.sheets();
    let journals = check::journals(home).unwrap();
    for journal in &journals {
        if is_good(&journal.state, &sheets) != 1 {
            wrong.push(format!("paper: job {} has no good sheet", journal.id));
        }
    }
    let good: BTreeSet<&str> = journals
        .iter()
        .filter_map(|journal| journal.state.delivered())
        .collect();
    for sheet in &sheets {
        let mut told = clerk::scan(home, pcscd, sheet);
        if told.as_deref() == Some("confirmed") {
            // It was confirmed a moment ago: that is one scan, read twice.
            std::thread::sleep(FOLDS);
            told = clerk::scan(home, pcscd, sheet);
        }
        let right = if good.contains(sheet.control.to_string().as_str()) {
            matches!(told.as_deref(), Some("enveloped" | "enveloped_already"))
        } else {
            told.is_none()
        };
        if !right {
            wrong.push(format!(
                "paper: the scan of {} says {told:?}",
                sheet.control
            ));
        }
    }
    for journal in check::journals(home).unwrap() {
        if !journal.state.has_left(Leaving::LetterEnveloped) {
            wrong.push(format!(
                "paper: the letter of job {} is in no envelope",
                journal.id
            ));
        }
    }
    wrong
}

fn is_good(state: &Enrollment, sheets: &[Arc<Sheet>]) -> usize {
    let delivered = state.delivered().filter(|_| state.spoiled().is_none());
    sheets
        .iter()
        .filter(|sheet| delivered == Some(sheet.control.to_string().as_str()))
        .count()
}

/// The sheet with this number.
pub(crate) fn find(tray: &Tray, control: &str) -> Option<Arc<Sheet>> {
    let mut sheets = tray.sheets().into_iter();
    sheets.find(|sheet| sheet.control.to_string() == control)
}
