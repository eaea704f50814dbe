//! What this computer has: printer, USB keys, readers, disks, ledger.

use super::{
    DiskFacts, Finding, Grade, LITTLE_ROOM_BYTES, LedgerHealth, NO_ROOM_BYTES, ReaderFacts, Row,
    StationFacts, Topic, UsbFacts, row,
};
use crate::domain::fault::Fault;
use crate::domain::time::Timestamp;

/// A signature that is from later than this is from a clock that was ahead, in seconds.
const CLOCK_PLAY_SECONDS: i64 = 60;

pub(super) fn printer(station: &StationFacts) -> Option<Row> {
    let finding = match &station.printer {
        Some(about) => Finding::Told(about.clone()),
        None if station.prints => return None,
        None => Finding::NoPrinter,
    };
    Some(row(Topic::Printer, Grade::Ok, finding))
}

pub(super) fn usb(usb: &UsbFacts) -> Vec<Row> {
    let about = |grade, finding| row(Topic::UsbKeys, grade, finding);
    if !usb.watched {
        return vec![about(Grade::Ok, Finding::UsbOff)];
    }
    let nodes = match &usb.nodes {
        Ok(nodes) => nodes,
        Err(fault) => return vec![about(Grade::Stop, Finding::UsbUnseen(fault.clone()))],
    };
    let mut rows: Vec<Row> = nodes
        .iter()
        .filter(|(_, reachable)| !reachable)
        .map(|(node, _)| {
            let node = node.clone();
            about(Grade::Stop, Finding::UsbKeyClosed { node })
        })
        .collect();
    let reachable = nodes.iter().filter(|(_, reachable)| *reachable).count();
    if reachable > 0 {
        rows.push(about(Grade::Ok, Finding::UsbKeys { reachable }));
    }
    rows.extend(match &usb.rule {
        Some(path) => Some(about(Grade::Ok, Finding::UsbRule { path: path.clone() })),
        // What can be opened without the rule needs none.
        None if reachable > 0 => None,
        None if usb.all_powerful => Some(about(Grade::Ok, Finding::UsbKeys { reachable: 0 })),
        None => Some(about(Grade::Warning, Finding::UsbRuleMissing)),
    });
    rows
}

pub(super) fn readers(readers: &ReaderFacts) -> Row {
    let (grade, finding) = match &readers.found {
        _ if !readers.watched => (Grade::Ok, Finding::ReadersOff),
        Err(why) => {
            let grade = if readers.alone {
                Grade::Stop
            } else {
                Grade::Warning
            };
            (grade, Finding::ReadersAway { why: why.clone() })
        }
        Ok((used, others)) => {
            let missing = used.is_empty() && (readers.alone || *others > 0);
            let grade = if missing { Grade::Warning } else { Grade::Ok };
            let (used, others) = (used.clone(), *others);
            (grade, Finding::Readers { used, others })
        }
    };
    row(Topic::Readers, grade, finding)
}

pub(super) fn disk(disk: &DiskFacts) -> Row {
    let (grade, finding) = match &disk.free_bytes {
        Ok(free_bytes) => {
            let grade = match *free_bytes {
                ..NO_ROOM_BYTES => Grade::Stop,
                NO_ROOM_BYTES..LITTLE_ROOM_BYTES => Grade::Warning,
                LITTLE_ROOM_BYTES.. => Grade::Ok,
            };
            let (places, free_bytes) = (disk.places.clone(), *free_bytes);
            (grade, Finding::Disk { places, free_bytes })
        }
        Err(why) => {
            let (place, why) = (disk.places.join(", "), why.clone());
            (Grade::Warning, Finding::DiskUnread { place, why })
        }
    };
    row(Topic::Disk, grade, finding)
}

pub(super) fn ledger(health: &Result<LedgerHealth, Fault>, now: Timestamp) -> Row {
    let (grade, finding) = match health {
        Ok(health) => {
            let signed = health.signed.map_or(0, |(row, _)| row);
            let from_the_future = health
                .signed
                .is_some_and(|(_, at)| at > now.plus_seconds(CLOCK_PLAY_SECONDS));
            let unsigned = health.rows > signed && !health.in_use;
            let notable = unsigned || from_the_future;
            let grade = if notable { Grade::Warning } else { Grade::Ok };
            (grade, Finding::Ledger(health.clone()))
        }
        Err(fault) => (Grade::Stop, Finding::LedgerFailed(fault.clone())),
    };
    row(Topic::Ledger, grade, finding)
}
