//! The end of a job file: its outcome is written, its PINs are wiped, and it leaves `work/`.
//!
//! # Why
//! The order is: report, file, then out of `work/`. The report carries the claim id, so that a repeat after a cut finds its own
//! names again instead of taking the next free number; nothing of another claim is ever overwritten.

use std::ffi::{OsStr, OsString};
use std::io::Read as _;

use serde_json::{Map, Value, json};

use super::claim::{self, Place};
use super::format;
use super::intake;
use super::room::{Room, Rooms};
use crate::domain::job::reason::{self, Fate};
use crate::domain::job::row::BadRow;
use crate::domain::job::sheet::Unit;
use crate::domain::mailbox::{Archived, Claim, MailboxFault, Outcome, PinsLeft};

/// So many files of one name in one folder; then somebody has to tidy up.
const NUMBERS_MAX: u32 = 10_000;
/// A report of our own is not larger when it is read for its claim id.
pub(super) const REPORT_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Finishes a claim.
pub(super) fn finish(
    rooms: &Rooms,
    claim: &Claim,
    outcome: &Outcome,
) -> Result<Archived, MailboxFault> {
    let room = room_of(outcome);
    let slot = Slot::find(rooms, room, claim, outcome)?;
    let place = format!("{}/{}", room.name(), slot.name);
    let Some(at) = claim::find(rooms, claim)? else {
        // Finished before, and the cut came just then.
        return match slot.ours {
            Some(pins) => Ok(Archived { place, pins }),
            None => Err(intake::gone(rooms)),
        };
    };
    let content = intake::bytes(rooms, &at)?.ok();
    let cleaned = content.map(|bytes| format::without_pins(&claim.name, &bytes));
    let pins = cleaned
        .as_ref()
        .map_or(PinsLeft::Unknown, |(_, pins)| *pins);
    write_report(rooms, room, &slot, claim, outcome, pins)?;
    match cleaned {
        Some((bytes, _)) => {
            rooms.write(room, OsStr::new(&slot.name), &bytes, slot.ours.is_some())?;
            rooms.remove(Room::Work, &at.name)?;
        }
        // What cannot be read can still be moved.
        None => move_whole(rooms, room, &slot, &at)?,
    }
    Ok(Archived { place, pins })
}

fn move_whole(rooms: &Rooms, room: Room, slot: &Slot, at: &Place) -> Result<(), MailboxFault> {
    let target = OsStr::new(&slot.name);
    if intake::is_file_of_ours(rooms, at)? {
        rooms.close_to_others(Room::Work, &at.name);
    }
    rooms.rename((Room::Work, &at.name), (room, target))?;
    Ok(())
}

const fn room_of(outcome: &Outcome) -> Room {
    match outcome {
        Outcome::Done { .. } => Room::Done,
        Outcome::Rejected { .. } => Room::Rejected,
        Outcome::Held { .. } => Room::Hold,
    }
}

const fn report_ending(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Done { .. } => "report.json",
        Outcome::Rejected { .. } | Outcome::Held { .. } => "reason.json",
    }
}

/// The name that a file gets in its last folder.
struct Slot {
    name: String,
    /// When an earlier try of this claim has taken the name already: what it noted of PINs.
    ours: Option<PinsLeft>,
}

impl Slot {
    fn find(
        rooms: &Rooms,
        room: Room,
        claim: &Claim,
        outcome: &Outcome,
    ) -> Result<Self, MailboxFault> {
        let mut free = None;
        for number in 1..=NUMBERS_MAX {
            let name = numbered(&claim.name, number);
            let report = OsString::from(format!("{name}.{}", report_ending(outcome)));
            let report_there = rooms.stat(room, &report)?.is_some();
            let file_there = rooms.stat(room, OsStr::new(&name))?.is_some();
            if report_there {
                if let Some(ours) = read_claim(rooms, room, &report, claim) {
                    let ours = Some(ours);
                    return Ok(Self { name, ours });
                }
            } else if !file_there {
                free = Some(name);
                break;
            }
        }
        free.map_or_else(
            || {
                Err(MailboxFault::Failed {
                    act: format!("find a free name for {}", claim.name),
                    place: rooms.path(room).display().to_string(),
                    what: "there are too many of that name; move some away".to_owned(),
                })
            },
            |name| Ok(Self { name, ours: None }),
        )
    }
}

/// `onboarding.csv`, `onboarding-2.csv`, …
fn numbered(name: &str, number: u32) -> String {
    match (number, name.rsplit_once('.')) {
        (1, _) => name.to_owned(),
        (number, Some((stem, ending))) if !stem.is_empty() => format!("{stem}-{number}.{ending}"),
        (number, _) => format!("{name}-{number}"),
    }
}

/// What a report says of PINs, if it is this claim's.
fn read_claim(rooms: &Rooms, room: Room, report: &OsStr, claim: &Claim) -> Option<PinsLeft> {
    let file = std::fs::File::from(rooms.open_file(room, report).ok()?);
    let mut text = String::new();
    file.take(REPORT_BYTES_MAX).read_to_string(&mut text).ok()?;
    let report: Value = serde_json::from_str(&text).ok()?;
    if report.get("claim")?.as_str()? != claim.id.0 {
        return None;
    }
    serde_json::from_value(report.get("pins")?.clone()).ok()
}

fn write_report(
    rooms: &Rooms,
    room: Room,
    slot: &Slot,
    claim: &Claim,
    outcome: &Outcome,
    pins: PinsLeft,
) -> Result<(), MailboxFault> {
    let (fields, mut text) = match outcome {
        Outcome::Done {
            report,
            unit,
            bad_rows,
        } => {
            let fields = report.as_object().cloned();
            let fields =
                fields.unwrap_or_else(|| Map::from_iter([("report".to_owned(), report.clone())]));
            let told = (!bad_rows.is_empty())
                .then(|| reason::tell(&claim.name, *unit, Fate::RowsHeld, bad_rows));
            (with_rows(fields, *unit, bad_rows), told)
        }
        Outcome::Rejected { unit, reasons } => (
            with_rows(Map::new(), *unit, reasons),
            Some(reason::tell(
                &claim.name,
                *unit,
                Fate::FileRejected,
                reasons,
            )),
        ),
        Outcome::Held { reason, hint } => (
            Map::from_iter([
                ("reason".to_owned(), json!(reason)),
                ("hint".to_owned(), json!(hint)),
            ]),
            Some(format!(
                "{} waits for a decision.\n\n  {reason}\n  -> {hint}\n",
                claim.name
            )),
        ),
    };
    let mut fields = fields;
    fields.insert("claim".to_owned(), json!(claim.id));
    fields.insert("file".to_owned(), json!(claim.name));
    fields.insert("outcome".to_owned(), json!(room.name()));
    fields.insert("pins".to_owned(), json!(pins));
    if let Some(text) = &mut text {
        text.push_str(pins_note(pins));
    }
    if let Some(text) = text {
        let name = OsString::from(format!("{}.reason.txt", slot.name));
        // Without its JSON beside it a text is a left-over of a cut, and of no claim.
        rooms.write(room, &name, text.as_bytes(), true)?;
    }
    let name = OsString::from(format!("{}.{}", slot.name, report_ending(outcome)));
    let mut json = format!("{:#}", Value::Object(fields));
    json.push('\n');
    rooms.write(room, &name, json.as_bytes(), slot.ours.is_some())
}

fn with_rows(mut fields: Map<String, Value>, unit: Unit, rows: &[BadRow]) -> Map<String, Value> {
    fields.insert("lines_are".to_owned(), json!(unit.word()));
    fields.insert("bad_rows".to_owned(), json!(rows));
    fields
}

const fn pins_note(pins: PinsLeft) -> &'static str {
    match pins {
        PinsLeft::NoneThere => "",
        PinsLeft::Wiped => {
            "\nThe PINs in the file beside this text were overwritten with ***. Use your own copy.\n"
        }
        PinsLeft::Unknown => {
            "\nThe file beside this text is kept as it came, because we could not tell where PINs are in it.\n\
             If it holds any, delete it.\n"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_goes_before_the_ending() {
        for (name, number, wanted) in [
            ("a.csv", 1, "a.csv"),
            ("a.csv", 2, "a-2.csv"),
            ("a.b.csv", 12, "a.b-12.csv"),
            ("README", 2, "README-2"),
            (".csv", 2, ".csv-2"),
        ] {
            assert_eq!(numbered(name, number), wanted);
        }
    }
}
