//! What lies in the queue and is nobody's job yet, for people: files in `new/`, and those in `hold/` with the reason. Reads names and
//! reasons, never a job file.

use std::ffi::{OsStr, OsString};
use std::io::Read as _;
use std::path::Path;

use serde_json::Value;

use super::archive::REPORT_BYTES_MAX;
use super::room::{Room, Rooms};
use super::sight;
use crate::domain::mailbox::{HeldFile, Lying, MailboxFault};

/// What is written beside a file that is held.
const BESIDE: [&str; 2] = [".reason.json", ".reason.txt"];

/// Looks into the queue at `root`, beside a running station and without one. Changes nothing and takes no lock.
///
/// # Errors
/// As the folder fails.
pub fn lying(root: &Path) -> Result<Lying, MailboxFault> {
    let rooms = Rooms::open(root)?;
    let new = names(&rooms, Room::New)?;
    let hold = names(&rooms, Room::Hold)?
        .into_iter()
        .filter(|name| !BESIDE.iter().any(|ending| name.ends_with(ending)))
        .map(|name| HeldFile {
            reason: reason(&rooms, &name),
            name,
        })
        .collect();
    Ok(Lying { new, hold })
}

/// In the order of the names; what the station would never take is left out.
fn names(rooms: &Rooms, room: Room) -> Result<Vec<String>, MailboxFault> {
    let entries = rooms.entries(room)?.into_iter();
    let names = entries.filter(|(name, _)| !sight::is_ignored(name));
    Ok(names
        .map(|(name, _)| name.to_string_lossy().into_owned())
        .collect())
}

/// As it was written when the file was laid there; `None` where somebody else laid it there.
fn reason(rooms: &Rooms, name: &str) -> Option<String> {
    let beside = OsString::from(format!("{name}.reason.json"));
    let file = rooms.open_file(Room::Hold, OsStr::new(&beside)).ok()?;
    let mut text = String::new();
    let mut file = std::fs::File::from(file).take(REPORT_BYTES_MAX);
    file.read_to_string(&mut text).ok()?;
    let report: Value = serde_json::from_str(&text).ok()?;
    Some(report.get("reason")?.as_str()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_named_and_held_ones_with_their_reason() {
        let home = tempfile::tempdir().expect("a folder");
        drop(Rooms::create(home.path()).expect("a queue"));
        assert_eq!(lying(home.path()), Ok(Lying::default()));
        for (name, text) in [
            ("new/b.csv", "user\n"),
            ("new/a.csv", "user\n"),
            ("new/.hidden", ""),
            ("new/c.csv.part", ""),
            ("hold/may.csv", "user\n"),
            (
                "hold/may.csv.reason.json",
                "{\"reason\": \"its content is known\"}",
            ),
            ("hold/may.csv.reason.txt", "words"),
            ("hold/stray.csv", "user\n"),
        ] {
            std::fs::write(home.path().join(name), text).expect("written");
        }
        let held = |name: &str, reason: Option<&str>| HeldFile {
            name: name.to_owned(),
            reason: reason.map(str::to_owned),
        };
        assert_eq!(
            lying(home.path()),
            Ok(Lying {
                new: vec!["a.csv".to_owned(), "b.csv".to_owned()],
                hold: vec![
                    held("may.csv", Some("its content is known")),
                    held("stray.csv", None),
                ],
            })
        );
        assert!(lying(&home.path().join("nowhere")).is_err());
    }
}
