//! What lies in `rejected/`, `hold/` and `done/` with reasons beside it, for whoever looks. Follows no link, changes nothing,
//! needs no lock.

use std::ffi::{OsStr, OsString};
use std::io::Read as _;
use std::path::Path;

use super::room::{Room, Rooms};
use crate::domain::mailbox::{MailboxFault, SetAside, SetAsideFate};
use crate::domain::time::Timestamp;

/// The newest so many; who has more tidies up.
const FILES_MAX: usize = 200;
/// Of the reasons of one file.
const REASONS_BYTES_MAX: u64 = 16 * 1024;
const ENDING: &str = ".reason.txt";

/// The files that were not taken as they were, the newest first.
///
/// # Errors
/// When the queue at `root` cannot be looked at.
pub fn set_aside(root: &Path) -> Result<Vec<SetAside>, MailboxFault> {
    let rooms = Rooms::open(root)?;
    let mut found: Vec<(i64, Room, OsString)> = Vec::new();
    for room in [Room::Rejected, Room::Hold, Room::Done] {
        for (name, _) in rooms.entries(room)? {
            if !name.to_string_lossy().ends_with(ENDING) {
                continue;
            }
            if let Some(stat) = rooms.stat(room, &name)? {
                let milliseconds = stat.st_mtime.saturating_mul(1000);
                found.push((milliseconds, room, name));
            }
        }
    }
    found.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.2.cmp(&b.2)));
    found.truncate(FILES_MAX);
    Ok(found
        .into_iter()
        .filter_map(|(at, room, name)| read(&rooms, Timestamp(at), room, &name))
        .collect())
}

/// `None`: it vanished meanwhile, or is no file.
fn read(rooms: &Rooms, at: Timestamp, room: Room, name: &OsStr) -> Option<SetAside> {
    let fate = match room {
        Room::Rejected => SetAsideFate::Rejected,
        Room::Hold => SetAsideFate::Held,
        Room::Done => SetAsideFate::InPart,
        Room::New | Room::Work => return None,
    };
    let file = std::fs::File::from(rooms.open_file(room, name).ok()?);
    let mut bytes = Vec::new();
    file.take(REASONS_BYTES_MAX).read_to_end(&mut bytes).ok()?;
    let of = name.to_string_lossy();
    let of = of.strip_suffix(ENDING).unwrap_or(&of);
    Some(SetAside {
        place: format!("{}/{of}", room.name()),
        fate,
        at,
        reasons: String::from_utf8_lossy(&bytes).into_owned(),
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn what_was_set_aside_is_found_with_its_reasons_and_no_link_is_followed() {
        let home = tempfile::tempdir().expect("a folder");
        let queue = home.path().join("queue");
        Rooms::create(&queue).expect("a queue");
        let put = |place: &str, text: &str| fs::write(queue.join(place), text).expect("a file");
        put("rejected/a.csv", "user\n");
        put("rejected/a.csv.reason.txt", "a.csv was not taken\n");
        put("hold/b.csv.reason.txt", &"x".repeat(20_000));
        put("done/c.csv.reason.txt", "taken in part\n");
        put("done/d.csv.report.json", "{}");
        let secret = home.path().join("secret");
        fs::write(&secret, "a secret").expect("a file");
        std::os::unix::fs::symlink(&secret, queue.join("hold/e.csv.reason.txt")).expect("a link");
        let mut found = set_aside(&queue).expect("a look");
        found.sort_by(|a, b| a.place.cmp(&b.place));
        let told: Vec<_> = found
            .iter()
            .map(|file| (file.place.as_str(), file.fate, file.reasons.len()))
            .collect();
        assert_eq!(
            told,
            [
                ("done/c.csv", SetAsideFate::InPart, 14),
                ("hold/b.csv", SetAsideFate::Held, 16 * 1024),
                ("rejected/a.csv", SetAsideFate::Rejected, 20),
            ]
        );
        assert!(set_aside(&home.path().join("nowhere")).is_err());
    }
}
