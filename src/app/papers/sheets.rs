//! The sheets of one job, told from its journal: every control number that was drawn, and where its sheet is.

use crate::domain::custody;
use crate::domain::event::{Evidence, Happening, Intent, Step};
use crate::domain::fault::Fault;
use crate::domain::paper::{Confirm, Sheet};
use crate::domain::time::Timestamp;
use crate::port::Stamped;

/// A control number that was drawn for one sheet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drawn {
    pub control: String,
    /// The place in the ledger where it was drawn: sheets come out in this order.
    pub order: i64,
    pub at: Timestamp,
    pub fate: Fate,
}

/// Where a sheet is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Somebody has it, or the device is believed to have printed it.
    Confirmed { how: Option<Confirm> },
    /// It may exist and counts for nothing.
    Void { why: Void },
    /// Nobody can tell whether it came out.
    Unknown { why: Option<String> },
    /// It is on its way to paper, or waits for somebody to confirm it.
    Waiting,
    /// It is certain that no sheet came out.
    NeverPrinted,
}

/// Why a sheet is void.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Void {
    /// Somebody said so.
    Spoiled { reason: String, confirmed: bool },
    /// Its key got another PIN.
    Reissued { reason: String },
    /// The key was given up with it.
    GivenUp { reason: Fault },
    /// The job was cancelled.
    Cancelled,
}

/// Every sheet that a number was drawn for, and what became of it.
pub(super) fn of(rows: &[Stamped]) -> Vec<Drawn> {
    let mut sheets: Vec<Drawn> = Vec::new();
    for row in rows {
        match &row.event.happening {
            Happening::Started {
                intent: Intent::Deliver { control, .. },
                ..
            } => {
                // After a probe that found nothing the same number is tried again.
                let again = sheets.last_mut().filter(|sheet| sheet.control == *control);
                match again {
                    Some(sheet) => sheet.fate = Fate::Waiting,
                    None => sheets.push(drawn(control, row, Fate::Waiting)),
                }
            }
            Happening::Done {
                evidence:
                    Evidence::Delivered {
                        control, confirmed, ..
                    },
                ..
            } => {
                let fate = Fate::Confirmed { how: *confirmed };
                match named(&mut sheets, control) {
                    Some(sheet) => sheet.fate = fate,
                    None => sheets.push(drawn(control, row, fate)),
                }
            }
            Happening::Spoiled { control, reason } => spoil(&mut sheets, control, reason),
            Happening::Retired { fate, reason } => retire(&mut sheets, *fate, reason),
            Happening::Printed { control, sheet } => print(&mut sheets, control, sheet),
            Happening::NotDone {
                step: Step::Deliver,
                ..
            } => settle(&mut sheets, &Fate::NeverPrinted),
            Happening::Held {
                fault: Fault::DeliveryUncertain,
            } => doubt(&mut sheets),
            Happening::Abandoned { reason, .. } => {
                let reason = reason.clone();
                settle(&mut sheets, &void(Void::GivenUp { reason }));
            }
            Happening::Reissued { reason, .. } => {
                let reason = reason.clone();
                settle(&mut sheets, &void(Void::Reissued { reason }));
            }
            Happening::Cancelled { .. } => settle(&mut sheets, &void(Void::Cancelled)),
            Happening::Began { .. }
            | Happening::Rebound { .. }
            | Happening::Started { .. }
            | Happening::Done { .. }
            | Happening::NotDone { .. }
            | Happening::Bagged
            | Happening::Left { .. }
            | Happening::HandedOver
            | Happening::Wiped
            | Happening::Held { .. }
            | Happening::Released => {}
        }
    }
    sheets
}

fn drawn(control: &str, row: &Stamped, fate: Fate) -> Drawn {
    Drawn {
        control: control.to_owned(),
        order: row.sequence,
        at: row.at,
        fate,
    }
}

const fn void(why: Void) -> Fate {
    Fate::Void { why }
}

fn named<'a>(sheets: &'a mut [Drawn], control: &str) -> Option<&'a mut Drawn> {
    sheets
        .iter_mut()
        .rev()
        .find(|sheet| sheet.control == control)
}

fn print(sheets: &mut [Drawn], control: &str, sheet: &Sheet) {
    if let Some(drawn) = named(sheets, control) {
        drawn.fate = match sheet {
            Sheet::Unknown { why } => Fate::Unknown {
                why: Some(why.clone()),
            },
            Sheet::Accepted { .. } | Sheet::OnPaper => Fate::Waiting,
        };
    }
}

/// Nobody has the key that a good sheet is for.
fn retire(sheets: &mut [Drawn], fate: custody::Fate, reason: &str) {
    let last = sheets.last();
    let good = last.filter(|last| matches!(last.fate, Fate::Confirmed { .. }));
    if let Some(control) = good.map(|good| good.control.clone()) {
        let why = format!("its key is {}: {reason}", fate.word());
        spoil(sheets, &control, &why);
    }
}

/// The last sheet, unless its fate is known already.
fn settle(sheets: &mut [Drawn], fate: &Fate) {
    if let Some(sheet) = sheets.last_mut()
        && matches!(sheet.fate, Fate::Waiting | Fate::Unknown { .. })
    {
        sheet.fate = fate.clone();
    }
}

/// The job waits because nobody can tell; a printer may have said why.
fn doubt(sheets: &mut [Drawn]) {
    if let Some(sheet) = sheets.last_mut()
        && sheet.fate == Fate::Waiting
    {
        sheet.fate = Fate::Unknown { why: None };
    }
}

fn spoil(sheets: &mut [Drawn], control: &str, reason: &str) {
    if let Some(sheet) = named(sheets, control) {
        let confirmed = matches!(sheet.fate, Fate::Confirmed { .. });
        let reason = reason.to_owned();
        sheet.fate = void(Void::Spoiled { reason, confirmed });
    }
}
