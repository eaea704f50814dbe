//! A look at SQLite's write-ahead log before SQLite sees it. Changes nothing; keyline never writes that file itself.
//!
//! # Why
//! After a cut, SQLite takes the log up to the first frame that is not right and forgets the rest: it cannot know that a frame
//! in the middle was right once. So a single flipped bit would silently take back transactions whose commits had reached the disk, and with them the
//! only copy of a PIN. Whoever knows that every commit is synced before the next frame is written (`synchronous=FULL`) can tell the two apart: behind
//! a write that a cut broke off there is never a frame that follows a commit. Damage within the very last transaction cannot be told from a
//! cut; it is taken back as a cut would, and the journal then says that this step never began.
//!
//! The format is described in <https://www.sqlite.org/fileformat2.html#walformat>.

use std::fs::File;
use std::io::{BufReader, ErrorKind, Read};
use std::path::Path;

use crate::domain::fault::Fault;

use super::holder;
use super::store::wal_path;
use super::trouble::{damaged, file_fault};

const HEADER_BYTES: usize = 32;
const FRAME_HEADER_BYTES: usize = 24;
/// Of the header, and of the header of a frame, so many bytes are summed.
const HEADER_SUMMED_BYTES: usize = 24;
const FRAME_HEADER_SUMMED_BYTES: usize = 8;
/// The last bit says that the words are summed as big-endian ones.
const MAGIC: u32 = 0x377F_0682;
const VERSION: u32 = 3_007_000;
const PAGE_BYTES_MIN: u32 = 512;
const PAGE_BYTES_MAX: u32 = 65_536;
/// So often a log is looked at that seems damaged: a command may have begun, written and ended during one look.
const LOOKS_MAX: usize = 3;

/// The two running sums of SQLite.
type Sum = (u32, u32);

/// The header of the file.
struct Header {
    big_endian: bool,
    page_bytes: usize,
    salts: [u8; 8],
    sum: Sum,
}

/// As [`check`], for whoever only reads. While somebody works on the ledger the log is in motion, and says nothing: whoever
/// works on it has looked.
///
/// # Errors
/// As [`check`].
pub(super) fn check_at_rest(ledger: &Path) -> Result<(), Fault> {
    let mut looks = 1;
    loop {
        let Err(fault) = check(ledger) else {
            return Ok(());
        };
        if holder::is_locked(ledger)? {
            return Ok(());
        }
        if looks >= LOOKS_MAX {
            return Err(fault);
        }
        looks += 1;
    }
}

/// Refuses a log in which a frame that was on the disk is no longer right. To be called while nobody else writes to the ledger.
///
/// # Errors
/// [`Fault::Ledger`] when it is damaged, or cannot be read.
pub(super) fn check(ledger: &Path) -> Result<(), Fault> {
    let path = wal_path(ledger);
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(file_fault("open", &path, &error)),
    };
    let mut from = BufReader::new(file);
    let read = |error| file_fault("read", &path, &error);
    let mut header = [0; HEADER_BYTES];
    if !fill(&mut from, &mut header).map_err(read)? {
        // No frame was ever in it.
        return Ok(());
    }
    let Some(header) = Header::parse(&header) else {
        // Frames are written only when the header is on the disk.
        return match from.read(&mut [0]).map_err(read)? {
            0 => Ok(()),
            _ => Err(damaged(
                ledger,
                "the header of its write-ahead log is wrong",
            )),
        };
    };
    match first_lost(&mut from, &header).map_err(read)? {
        None => Ok(()),
        Some(frame) => Err(damaged(
            ledger,
            &format!(
                "frame {frame} of its write-ahead log is wrong, and committed entries stand behind it"
            ),
        )),
    }
}

impl Header {
    fn parse(bytes: &[u8; HEADER_BYTES]) -> Option<Self> {
        let magic = word(bytes, 0)?;
        let page_bytes = word(bytes, 8)?;
        let right_size =
            (PAGE_BYTES_MIN..=PAGE_BYTES_MAX).contains(&page_bytes) && page_bytes.is_power_of_two();
        if magic & !1 != MAGIC || word(bytes, 4)? != VERSION || !right_size {
            return None;
        }
        let big_endian = magic & 1 == 1;
        let sum = (word(bytes, 24)?, word(bytes, 28)?);
        let found = add((0, 0), bytes.get(..HEADER_SUMMED_BYTES)?, big_endian);
        (found == sum).then_some(Self {
            big_endian,
            page_bytes: usize::try_from(page_bytes).ok()?,
            salts: bytes.get(16..24)?.try_into().ok()?,
            sum,
        })
    }
}

/// The number of the first wrong frame (from 1), when a frame behind it follows a commit.
fn first_lost(from: &mut impl Read, header: &Header) -> std::io::Result<Option<u64>> {
    let mut frame = vec![0; FRAME_HEADER_BYTES + header.page_bytes];
    let mut before = Sums {
        stored: header.sum,
        found: header.sum,
    };
    let mut first_wrong = None;
    // Behind the first wrong frame: whether the frame before is a commit, or follows one without a gap.
    let mut behind_commit = false;
    let mut number = 0_u64;
    while fill(from, &mut frame)? {
        number += 1;
        let Some(seen) = Frame::parse(&frame, header, &before) else {
            break;
        };
        if first_wrong.is_none() && !seen.follows {
            first_wrong = Some(number);
        }
        if let Some(wrong) = first_wrong {
            if seen.follows && behind_commit {
                return Ok(Some(wrong));
            }
            behind_commit = seen.may_be_commit || (seen.follows && behind_commit);
        }
        before = seen.sums;
    }
    Ok(None)
}

/// The sum of everything up to a frame: as it stands in the frame, and as it comes out. In a wrong frame either may be the
/// right one, and the next frame tells.
struct Sums {
    stored: Sum,
    found: Sum,
}

struct Frame {
    /// It was written behind the frame before, in the same life of the log.
    follows: bool,
    may_be_commit: bool,
    sums: Sums,
}

impl Frame {
    fn parse(bytes: &[u8], header: &Header, before: &Sums) -> Option<Self> {
        let (head, page) = bytes.split_at_checked(FRAME_HEADER_BYTES)?;
        let summed = head.get(..FRAME_HEADER_SUMMED_BYTES)?;
        let behind = |start| {
            let sum = add(start, summed, header.big_endian);
            add(sum, page, header.big_endian)
        };
        let stored = (word(head, 16)?, word(head, 20)?);
        let found = behind(before.stored);
        let right =
            found == stored || (before.found != before.stored && behind(before.found) == stored);
        Some(Self {
            follows: right && head.get(8..16)? == header.salts,
            may_be_commit: word(head, 4)? != 0,
            sums: Sums { stored, found },
        })
    }
}

/// Sums a whole number of pairs of words.
fn add(start: Sum, bytes: &[u8], big_endian: bool) -> Sum {
    let (words, _) = bytes.as_chunks::<4>();
    let (pairs, _) = words.as_chunks::<2>();
    pairs.iter().fold(start, |(first, second), [left, right]| {
        let read = |word: &[u8; 4]| match big_endian {
            true => u32::from_be_bytes(*word),
            false => u32::from_le_bytes(*word),
        };
        let first = first.wrapping_add(read(left)).wrapping_add(second);
        (first, second.wrapping_add(read(right)).wrapping_add(first))
    })
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_be_bytes(four.try_into().ok()?))
}

/// Fills the buffer; `false` when the file ends before.
fn fill(from: &mut impl Read, buffer: &mut [u8]) -> std::io::Result<bool> {
    match from.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}
