//! Reading a claimed file: first what it is, then its bytes, then its rows. Whatever is wrong becomes a reason.

use std::io::Read as _;
use std::path::Path;
use std::time::Duration;

use hmac::{Hmac, KeyInit as _, Mac as _};
use rustix::fs::{self, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::claim::{self, NAME_BYTES_MAX, Place};
use super::format::{self, FILE_BYTES_MAX};
use super::room::{Room, Rooms, fault};
use super::sight::Stamp;
use crate::domain::job::row::{BadRow, Code, Rules};
use crate::domain::job::sheet::{JobFile, Unusable};
use crate::domain::mailbox::{Claim, ContentHash, Delivery, MailboxFault};

/// A file that changes under our eyes is read again so often, and then left for later.
const READS_MAX: u32 = 5;
const READ_AGAIN_AFTER: Duration = Duration::from_millis(100);

/// Reads and checks a claimed file.
pub(super) fn read(
    rooms: &Rooms,
    claim: &Claim,
    rules: &Rules,
    key: &[u8; 32],
) -> Result<Delivery, MailboxFault> {
    let place = claim::find(rooms, claim)?.ok_or_else(|| gone(rooms))?;
    let bytes = match bytes(rooms, &place)? {
        Ok(bytes) => bytes,
        Err(reason) => {
            return Ok(Delivery {
                content: None,
                parsed: Err(Unusable::because(reason)),
            });
        }
    };
    let content = Some(hash(key, &bytes)?);
    let parsed = if place.renamed {
        Err(Unusable::because(BadRow::whole(
            Code::FileName,
            "The file's name is too long, or has characters that cannot be printed.",
            format!("Give it a plain name of at most {NAME_BYTES_MAX} bytes."),
        )))
    } else {
        format::parse(&claim.name, &bytes, rules)
    };
    Ok(Delivery { content, parsed })
}

/// The bytes of a claimed file, or why nobody should read them.
pub(super) fn bytes(
    rooms: &Rooms,
    place: &Place,
) -> Result<Result<Zeroizing<Vec<u8>>, BadRow>, MailboxFault> {
    let failed = |errno| fault(errno, "read a file", &rooms.path(Room::Work));
    // Before it is opened: to open a device may already do something.
    let stat = rooms
        .stat(Room::Work, &place.name)?
        .ok_or_else(|| gone(rooms))?;
    if let Some(reason) = unfit(&stat) {
        return Ok(Err(reason));
    }
    for _ in 0..READS_MAX {
        let file = match rooms.open_file(Room::Work, &place.name) {
            Ok(file) => file,
            Err(Errno::ACCESS | Errno::PERM) => return Ok(Err(unreadable())),
            Err(errno) => return Err(failed(errno)),
        };
        let before = fs::fstat(&file).map_err(failed)?;
        if let Some(reason) = unfit(&before) {
            return Ok(Err(reason));
        }
        let mut file = std::fs::File::from(file);
        // Reserved at once, because a buffer that grows leaves copies of PINs behind.
        let size = usize::try_from(before.st_size).unwrap_or(0);
        let mut bytes = Zeroizing::new(Vec::with_capacity(size.saturating_add(1)));
        let limit = FILE_BYTES_MAX.saturating_add(1);
        if let Err(error) = (&mut file).take(limit).read_to_end(&mut bytes) {
            return Err(failed(Errno::from_io_error(&error).unwrap_or(Errno::IO)));
        }
        let after = fs::fstat(&file).map_err(failed)?;
        if Stamp::of(&before) == Stamp::of(&after) && bytes.len() == size {
            return Ok(Ok(bytes));
        }
        std::thread::sleep(READ_AGAIN_AFTER);
    }
    Err(MailboxFault::Failed {
        act: "read a file".to_owned(),
        place: rooms.path(Room::Work).display().to_string(),
        what: "it is still being written".to_owned(),
    })
}

/// Checks a file that is not in the queue.
pub(super) fn check_elsewhere(path: &Path, rules: &Rules) -> Result<JobFile, Unusable> {
    let unusable = |errno| {
        Unusable::because(match errno {
            Errno::NOENT => BadRow::whole(
                Code::Unreadable,
                "There is no such file.",
                "Check the path; it is read from the folder you are in.",
            ),
            Errno::ACCESS | Errno::PERM => unreadable(),
            other => BadRow::whole(
                Code::Unreadable,
                format!("The file cannot be read: {other}."),
                "Copy it to this machine and try again.",
            ),
        })
    };
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = fs::open(path, flags, Mode::empty()).map_err(unusable)?;
    let stat = fs::fstat(&file).map_err(unusable)?;
    // A second name keeps a file out of the queue, but not a copy of it.
    if let Some(reason) = unfit(&stat).filter(|reason| reason.code != Code::TwoNames) {
        return Err(Unusable::because(reason));
    }
    let size = usize::try_from(stat.st_size).unwrap_or(0);
    let mut bytes = Zeroizing::new(Vec::with_capacity(size.saturating_add(1)));
    std::fs::File::from(file)
        .take(FILE_BYTES_MAX)
        .read_to_end(&mut bytes)
        .map_err(|error| unusable(Errno::from_io_error(&error).unwrap_or(Errno::IO)))?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    format::parse(&name, &bytes, rules)
}

fn unfit(stat: &Stat) -> Option<BadRow> {
    let not_a_file = |what: &str, hint: &str| {
        Some(BadRow::whole(
            Code::NotAFile,
            format!("This is {what}, not a file."),
            hint,
        ))
    };
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => {}
        FileType::Symlink => {
            return not_a_file("a symbolic link", "Copy the file itself into new/.");
        }
        FileType::Directory => {
            return not_a_file(
                "a folder",
                "Put the job files from it into new/, one by one.",
            );
        }
        FileType::Fifo => return not_a_file("a pipe", "Put a job file into new/."),
        FileType::Socket => return not_a_file("a socket", "Put a job file into new/."),
        FileType::BlockDevice | FileType::CharacterDevice => {
            return not_a_file("a device", "Put a job file into new/.");
        }
        FileType::Unknown => {
            return not_a_file("something of an unknown kind", "Put a job file into new/.");
        }
    }
    if stat.st_nlink > 1 {
        // Whoever has the other name can change the rows after they were checked, and keeps the PINs after they were wiped.
        return Some(BadRow::whole(
            Code::TwoNames,
            "This file has a second name elsewhere (a hard link).",
            "Copy it into new/, or move it there.",
        ));
    }
    let size = u64::try_from(stat.st_size).unwrap_or(0);
    if size > FILE_BYTES_MAX {
        const MIB: u64 = 1024 * 1024;
        return Some(BadRow::whole(
            Code::FileTooLarge,
            format!(
                "The file has {} MiB; {} MiB are the most.",
                size.div_ceil(MIB),
                FILE_BYTES_MAX / MIB
            ),
            "Is it a job file at all? If so, split it into several files.",
        ));
    }
    None
}

fn unreadable() -> BadRow {
    BadRow::whole(
        Code::Unreadable,
        "The station may not read this file.",
        "Give it to the user that the station runs as, or let that user read it, and drop it again.",
    )
}

fn hash(key: &[u8; 32], bytes: &[u8]) -> Result<ContentHash, MailboxFault> {
    // HMAC takes keys of every length, so this never happens; it is said all the same.
    let mut mac = Hmac::<Sha256>::new_from_slice(key).map_err(|error| MailboxFault::Failed {
        act: "hash a file".to_owned(),
        place: Room::Work.name().to_owned(),
        what: error.to_string(),
    })?;
    mac.update(bytes);
    Ok(ContentHash(mac.finalize().into_bytes().into()))
}

pub(super) fn gone(rooms: &Rooms) -> MailboxFault {
    MailboxFault::Failed {
        act: "find a claimed file".to_owned(),
        place: rooms.path(Room::Work).display().to_string(),
        what: "somebody has taken it away".to_owned(),
    }
}

/// Whether a claim is a regular file without a second name: only then does its mode concern nobody else.
pub(super) fn is_file_of_ours(rooms: &Rooms, place: &Place) -> Result<bool, MailboxFault> {
    let stat = rooms.stat(Room::Work, &place.name)?;
    Ok(stat.is_some_and(|stat| {
        FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile && stat.st_nlink == 1
    }))
}
