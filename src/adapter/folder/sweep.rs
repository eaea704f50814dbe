//! What a command that was killed left in `new/`: a job file in the making, which no station takes and nobody misses. Removes
//! nothing that another hand could have made, and nothing that may still be written.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::time::{SystemTime, UNIX_EPOCH};

use rustix::fs::FileType;
use uuid::Uuid;

use super::room::{DRAFT, Room, Rooms};

/// A job file is in the making for a moment; after an hour nobody writes it any more.
const DRAFT_AGE_SECONDS: i64 = 3600;
/// Digits of an id.
const ID_LENGTH: usize = 32;

/// A name for a job file in the making: no station takes it, and [`sweep`] knows it.
pub(super) fn draft_name() -> OsString {
    OsString::from(format!("{DRAFT}{}", Uuid::new_v4().simple()))
}

/// Removes what was left in `new/` more than an hour ago. What cannot be removed is in nobody's way.
pub(super) fn sweep(rooms: &Rooms) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.map_or(0, |since| {
        i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
    });
    let entries = match rooms.entries(Room::New) {
        Ok(entries) => entries,
        Err(fault) => {
            tracing::debug!(%fault, "nobody could look for job files in the making");
            return;
        }
    };
    for (name, _) in entries {
        if !is_draft(&name) || !is_left_over(rooms, &name, now) {
            continue;
        }
        let file = name.to_string_lossy();
        match rooms.remove(Room::New, &name) {
            Ok(()) => tracing::info!(%file, "a job file that was never finished is removed"),
            Err(fault) => tracing::warn!(%file, %fault, "a job file that was never finished stays"),
        }
    }
}

/// `.writing-` before an id, or before the name of such a file; older versions wrote a dot and the id.
fn is_draft(name: &OsStr) -> bool {
    let Some(rest) = name.as_bytes().strip_prefix(DRAFT.as_bytes()) else {
        return false;
    };
    let id = rest
        .strip_prefix(DRAFT.as_bytes())
        .or_else(|| rest.strip_prefix(b"."))
        .unwrap_or(rest);
    let is_hex = |digit: &u8| matches!(digit, b'0'..=b'9' | b'a'..=b'f');
    id.len() == ID_LENGTH && id.iter().all(is_hex)
}

fn is_left_over(rooms: &Rooms, name: &OsStr, now: i64) -> bool {
    let Ok(Some(stat)) = rooms.stat(Room::New, name) else {
        return false;
    };
    FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile
        && stat.st_mtime < now.saturating_sub(DRAFT_AGE_SECONDS)
}

#[cfg(test)]
mod tests {
    use std::fs::{File, FileTimes};
    use std::path::Path;
    use std::time::Duration;

    use super::*;

    const ID: &str = "0123456789abcdef0123456789abcdef";

    fn plant(file: &Path, seconds_ago: u64) {
        let then = SystemTime::now() - Duration::from_secs(seconds_ago);
        File::create(file)
            .and_then(|file| file.set_times(FileTimes::new().set_modified(then)))
            .expect("a file");
    }

    #[test]
    fn what_a_kill_left_goes_after_an_hour_and_nothing_else() {
        let home = tempfile::tempdir().expect("a folder");
        let rooms = Rooms::create(home.path()).expect("a queue");
        let new = home.path().join("new");
        let hours = 2 * 3600;
        let ours = [
            format!(".writing-{ID}"),
            format!(".writing-.{ID}"),
            format!(".writing-.writing-{ID}"),
            draft_name().into_string().expect("text"),
        ];
        let others = [
            ID.to_owned(),
            format!(".{ID}"),
            format!("writing-{ID}"),
            format!(".writing-{}", ID.to_uppercase()),
            format!(".writing-{ID}.csv"),
            ".writing-".to_owned(),
            ".writing-onboarding.csv".to_owned(),
        ];
        for name in ours.iter().chain(&others) {
            plant(&new.join(name), hours);
        }
        let fresh = new.join(format!(".writing-{}", ID.replace('0', "1")));
        plant(&fresh, 3000);
        let folder = new.join(format!(".writing-{}", ID.replace('0', "2")));
        std::fs::create_dir(&folder).expect("a folder");
        let link = new.join(format!(".writing-{}", ID.replace('0', "3")));
        std::os::unix::fs::symlink(new.join(ID), &link).expect("a link");
        sweep(&rooms);
        for name in &ours {
            assert!(!new.join(name).exists(), "{name} is there still");
        }
        for name in &others {
            assert!(new.join(name).exists(), "{name} is gone");
        }
        assert!(fresh.exists() && folder.exists() && link.is_symlink());
    }
}
