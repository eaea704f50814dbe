//! Which files in `new/` are complete. Pure but for the names: it is handed what was seen and when.
//!
//! # Why
//! "Created" and "modified" come long before a file is whole, and a rename from a sibling folder comes without either. So a
//! file is taken when it arrived by rename, when its writer has closed it and stays away for a moment (scripts open and close
//! a file once per line), or when it has not changed for `settle`.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::time::{Duration, Instant};

use rustix::fs::{FileType, Stat};

/// A closed file is left alone so long: its writer may open it again for the next line.
const CLOSED_QUIET: Duration = Duration::from_millis(200);
/// A file that we saw being written and not closed is waited for so many times longer.
const WRITING_PATIENCE: u32 = 10;
/// Hints about files that no look has shown are kept so long.
const HINT_AGE_MAX: Duration = Duration::from_secs(60);

/// Names that say themselves that the file is not for us, or not yet.
pub(super) fn is_ignored(name: &OsStr) -> bool {
    const ENDINGS: [&[u8]; 5] = [b"~", b".tmp", b".part", b".partial", b".crdownload"];
    let name = name.as_bytes().to_ascii_lowercase();
    name.starts_with(b".")
        || name.starts_with(b"~")
        || ENDINGS.iter().any(|ending| name.ends_with(ending))
}

/// What tells that a file has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    inode: u64,
    size: u64,
    modified: (i64, i64),
    links: u64,
    is_file: bool,
}

impl Stamp {
    pub(super) fn of(stat: &Stat) -> Self {
        Self {
            inode: stat.st_ino,
            size: u64::try_from(stat.st_size).unwrap_or(0),
            modified: (
                stat.st_mtime,
                i64::try_from(stat.st_mtime_nsec).unwrap_or(0),
            ),
            links: stat.st_nlink,
            is_file: FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile,
        }
    }
}

/// What an event said of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hint {
    /// Renamed into the folder.
    Arrived,
    /// Closed by a writer.
    Closed,
    /// Written to, and not closed since.
    Writing,
}

/// All that is known of the files in `new/`.
#[derive(Debug, Default)]
pub(super) struct Sights {
    hints: HashMap<OsString, (Hint, Instant)>,
    seen: HashMap<OsString, (Stamp, Instant)>,
}

/// What a look at the folder came to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Look {
    /// Complete, in name order.
    pub(super) ready: Vec<OsString>,
    /// When the next file may be, if none changes.
    pub(super) next: Option<Duration>,
}

impl Sights {
    pub(super) fn hint(&mut self, name: OsString, hint: Hint, now: Instant) {
        self.hints.insert(name, (hint, now));
    }

    /// After lost events a "written to" may have lost its "closed", so no hint is believed any more.
    pub(super) fn forget_hints(&mut self) {
        self.hints.clear();
    }

    /// Compares what is there now with what was there.
    pub(super) fn look(
        &mut self,
        entries: Vec<(OsString, Stamp)>,
        now: Instant,
        settle: Duration,
    ) -> Look {
        let mut look = Look::default();
        let mut seen = HashMap::with_capacity(entries.len());
        for (name, stamp) in entries {
            let since = match self.seen.get(&name) {
                Some((before, since)) if *before == stamp => *since,
                _ => now,
            };
            let hint = self.hints.get(&name).map(|(hint, _)| *hint);
            let quiet = now.saturating_duration_since(since);
            match quiet_needed(stamp, hint, settle).checked_sub(quiet) {
                None | Some(Duration::ZERO) => look.ready.push(name.clone()),
                Some(wait) => {
                    look.next = Some(look.next.map_or(wait, |next| next.min(wait)));
                }
            }
            seen.insert(name, (stamp, since));
        }
        self.seen = seen;
        let (seen, hints) = (&self.seen, &mut self.hints);
        hints.retain(|name, (_, at)| {
            seen.contains_key(name) || now.saturating_duration_since(*at) < HINT_AGE_MAX
        });
        look
    }
}

fn quiet_needed(stamp: Stamp, hint: Option<Hint>, settle: Duration) -> Duration {
    // An empty file is mostly one that will be filled, and a second name one that is about to be taken away (link, unlink).
    let plain = stamp.is_file && stamp.size > 0 && stamp.links == 1;
    match hint {
        Some(Hint::Arrived) if plain => Duration::ZERO,
        Some(Hint::Closed) if plain => CLOSED_QUIET.min(settle),
        Some(Hint::Writing) => settle.saturating_mul(WRITING_PATIENCE),
        Some(Hint::Arrived | Hint::Closed) | None => settle,
    }
}

#[cfg(test)]
mod tests;
