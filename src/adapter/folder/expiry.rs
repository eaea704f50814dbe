//! The end of an archived job file: the file, its text and its report go together, in this order, so that a cut leaves the
//! report, by which the next day finds the rest. Never removes what no report of ours stands beside.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::io::Read as _;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;

use super::Folder;
use super::archive::REPORT_BYTES_MAX;
use super::room::{Room, Rooms};
use crate::domain::mailbox::MailboxFault;
use crate::domain::time::Timestamp;

impl Folder {
    /// Removes archived job files and what was written beside them: those of `done/` whose claims are in `claims`, and those
    /// of `rejected/` and `hold/` that were laid there before `before`. Returns how many files it removed. May be repeated.
    ///
    /// # Errors
    /// As the folder fails; what was removed by then stays removed.
    pub fn expire(
        &self,
        claims: &BTreeSet<String>,
        before: Timestamp,
    ) -> Result<usize, MailboxFault> {
        let rooms = Rooms::open(&self.shared.root)?;
        let admitted = remove(&rooms, Room::Done, ".report.json", &|report| {
            claims.contains(&report.claim)
        })?;
        let old = |report: &Report| report.written < before;
        let rejected = remove(&rooms, Room::Rejected, ".reason.json", &old)?;
        let held = remove(&rooms, Room::Hold, ".reason.json", &old)?;
        Ok(admitted.saturating_add(rejected).saturating_add(held))
    }
}

/// What a report says of the file that it stands beside.
struct Report {
    claim: String,
    written: Timestamp,
}

fn remove(
    rooms: &Rooms,
    room: Room,
    ending: &str,
    due: &dyn Fn(&Report) -> bool,
) -> Result<usize, MailboxFault> {
    let mut removed: usize = 0;
    for (name, _) in rooms.entries(room)? {
        let Some(file) = name.to_str().and_then(|name| name.strip_suffix(ending)) else {
            continue;
        };
        if !read(rooms, room, &name).is_some_and(|report| due(&report)) {
            continue;
        }
        rooms.remove(room, OsStr::new(file))?;
        rooms.remove(room, &OsString::from(format!("{file}.reason.txt")))?;
        rooms.remove(room, &name)?;
        removed = removed.saturating_add(1);
    }
    Ok(removed)
}

/// A report of ours; whatever else has such a name is somebody's own.
fn read(rooms: &Rooms, room: Room, name: &OsStr) -> Option<Report> {
    let file = std::fs::File::from(rooms.open_file(room, name).ok()?);
    let written = since_1970(file.metadata().ok()?.modified().ok()?)?;
    let mut text = String::new();
    file.take(REPORT_BYTES_MAX).read_to_string(&mut text).ok()?;
    let report: Value = serde_json::from_str(&text).ok()?;
    Some(Report {
        claim: report.get("claim")?.as_str()?.to_owned(),
        written,
    })
}

fn since_1970(moment: SystemTime) -> Option<Timestamp> {
    let millis = moment.duration_since(UNIX_EPOCH).ok()?.as_millis();
    i64::try_from(millis).ok().map(Timestamp)
}
