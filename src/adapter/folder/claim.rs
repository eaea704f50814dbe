//! Claiming: a file is ours once it lies in `work/` under a claim id. A rename is the one act that two stations cannot both
//! succeed in, and that works on whatever lies there, without opening it.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;

use uuid::Uuid;

use super::room::{Room, Rooms};
use crate::domain::mailbox::{Claim, ClaimId, MailboxFault};

/// Names are limited so that the claim id, a number and `.report.json` still fit into the 255 bytes of a Linux file name.
pub(super) const NAME_BYTES_MAX: usize = 180;
const ID_CHARS: usize = 32;

/// Between claim id and name: whether the name is the one that the file was dropped under.
const NAME_KEPT: char = '-';
const NAME_CHANGED: char = '!';

/// Moves a file from `new/` to `work/`. `None` when somebody has taken it away meanwhile.
pub(super) fn take(rooms: &Rooms, name: &OsStr) -> Result<Option<Claim>, MailboxFault> {
    let id = ClaimId(Uuid::new_v4().simple().to_string());
    let (shown, mark) = printable(name);
    let target = OsString::from(format!("{id}{mark}{shown}"));
    let moved = rooms.rename((Room::New, name), (Room::Work, &target))?;
    Ok(moved.then_some(Claim { id, name: shown }))
}

/// The claims in `work/`, by name.
pub(super) fn left_over(rooms: &Rooms) -> Result<Vec<Claim>, MailboxFault> {
    let mut claims: Vec<Claim> = rooms
        .entries(Room::Work)?
        .iter()
        .filter_map(|(name, _)| read_name(name.to_str()?))
        .map(|(claim, _)| claim)
        .collect();
    claims.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
    Ok(claims)
}

/// Where a claim lies.
pub(super) struct Place {
    pub(super) name: OsString,
    /// Whether it was dropped under another name than the claim says.
    pub(super) renamed: bool,
}

/// Finds a claim in `work/`.
pub(super) fn find(rooms: &Rooms, claim: &Claim) -> Result<Option<Place>, MailboxFault> {
    for (mark, renamed) in [(NAME_KEPT, false), (NAME_CHANGED, true)] {
        let name = OsString::from(format!("{}{mark}{}", claim.id, claim.name));
        if rooms.stat(Room::Work, &name)?.is_some() {
            return Ok(Some(Place { name, renamed }));
        }
    }
    Ok(None)
}

fn read_name(name: &str) -> Option<(Claim, bool)> {
    let (id, rest) = name.split_at_checked(ID_CHARS)?;
    let renamed = match rest.chars().next()? {
        NAME_KEPT => false,
        NAME_CHANGED => true,
        _ => return None,
    };
    let claim = Claim {
        id: ClaimId(id.to_owned()),
        name: rest.get(1..)?.to_owned(),
    };
    let hexadecimal = id.bytes().all(|byte| byte.is_ascii_hexdigit());
    (hexadecimal && !claim.name.is_empty()).then_some((claim, renamed))
}

/// A name that can be shown, written into a report and has room for what is added to it; and whether it is still the same.
fn printable(name: &OsStr) -> (String, char) {
    let lossy = String::from_utf8_lossy(name.as_bytes());
    let mut shown: String = lossy
        .chars()
        .map(|c| match c {
            char::REPLACEMENT_CHARACTER => '_',
            c if c.is_control() => '_',
            c => c,
        })
        .collect();
    if shown.len() > NAME_BYTES_MAX {
        // The ending stays, because it names the format.
        let ending = match shown.rsplit_once('.') {
            Some((_, ending)) if ending.len() < 8 => format!("~.{ending}"),
            _ => "~".to_owned(),
        };
        let mut end = NAME_BYTES_MAX.saturating_sub(ending.len());
        while !shown.is_char_boundary(end) {
            end = end.saturating_sub(1);
        }
        shown.truncate(end);
        shown.push_str(&ending);
    }
    let mark = if OsStr::new(&shown) == name {
        NAME_KEPT
    } else {
        NAME_CHANGED
    };
    (shown, mark)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &[u8], shown: &str, mark: char) {
        assert_eq!(printable(OsStr::from_bytes(name)), (shown.to_owned(), mark));
    }

    #[test]
    fn names_are_made_printable_and_short() {
        check(b"onboarding.csv", "onboarding.csv", '-');
        check("Müller.csv".as_bytes(), "Müller.csv", '-');
        check(b"M\xFCller.csv", "M_ller.csv", '!');
        check(b"line\nbreak.csv", "line_break.csv", '!');
        let long = "ä".repeat(120) + ".csv";
        let (shown, mark) = printable(OsStr::new(&long));
        assert!(
            shown.len() <= NAME_BYTES_MAX && shown.ends_with("ä~.csv"),
            "{shown}"
        );
        assert_eq!(mark, '!');
    }

    #[test]
    fn only_names_of_claims_are_claims() {
        let id = "0123456789abcdef0123456789abcdef";
        assert!(read_name(&format!("{id}-a.csv")).is_some());
        assert!(read_name(&format!("{id}!a.csv")).is_some_and(|(_, renamed)| renamed));
        for other in [
            "a.csv",
            "",
            &format!("{id}-"),
            &format!("{id}a.csv"),
            &id.replace('0', "é"),
        ] {
            assert!(read_name(other).is_none(), "{other}");
        }
    }
}
