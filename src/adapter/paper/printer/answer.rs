//! What a printer answered: attributes by name, and what its status comes to. Believes nothing: whatever has another shape than
//! the standard gives it is as if it were not there.

use std::io::Cursor;

use ipp::attribute::{IppAttributeGroup, IppAttributes};
use ipp::model::DelimiterTag;
use ipp::parser::IppParser;
use ipp::reader::IppReader;
use ipp::value::IppValue;

use crate::domain::fault::Fault;

/// Major versions of an answer: ours is asked in 1.1, and some printers answer in their own 2.x all the same.
const VERSIONS_MAJOR: [u16; 2] = [1, 2];
/// The id of every request: each is alone on its connection.
const REQUEST_ID: i32 = 1;

/// A printer's answer.
pub(super) struct Answer {
    /// RFC 8011 §B.1.
    pub(super) status: u16,
    attributes: IppAttributes,
}

/// One group of attributes: a printer, or a job.
#[derive(Clone, Copy)]
pub(super) struct Group<'a>(&'a IppAttributeGroup);

impl Answer {
    /// Reads an answer. What follows the attributes is of no interest.
    ///
    /// # Errors
    /// In words, when it is none.
    pub(super) fn read(bytes: Vec<u8>) -> Result<Self, String> {
        let mut parts = IppParser::new(IppReader::new(Cursor::new(sound(bytes)?)));
        let header = parts
            .get_or_parse_header()
            .map_err(|error| error.to_string())?;
        let status = header.operation_or_status.cast_unsigned();
        // Printers should answer in the version in which they were asked (RFC 8011 §4.1.8), and with the number of the request.
        if !VERSIONS_MAJOR.contains(&(header.version.0 >> 8)) {
            return Err(format!("it is in IPP {}", header.version.0 >> 8));
        }
        if header.request_id != REQUEST_ID {
            return Err("it answers another request".to_owned());
        }
        let message = parts.parse().map_err(|error| error.to_string())?;
        Ok(Self {
            status,
            attributes: message.attributes().clone(),
        })
    }

    pub(super) fn printers(&self) -> impl Iterator<Item = Group<'_>> {
        self.attributes
            .groups_of(DelimiterTag::PrinterAttributes)
            .map(Group)
    }

    pub(super) fn jobs(&self) -> impl Iterator<Item = Group<'_>> {
        self.attributes
            .groups_of(DelimiterTag::JobAttributes)
            .map(Group)
    }

    /// Whether it says that this attribute was ignored.
    pub(super) fn ignores(&self, name: &str) -> bool {
        self.attributes
            .groups_of(DelimiterTag::UnsupportedAttributes)
            .any(|group| group.get(name).is_some())
    }

    /// Whether this refusal of a Print-Job proves that no job was made: the short list of statuses that a printer comes to before
    /// it takes the document, in an answer that names no job.
    pub(super) fn made_no_job(&self) -> bool {
        is_before_any_job(self.status) && self.jobs().next().is_none()
    }

    pub(super) const fn verdict(&self) -> Verdict {
        Verdict::of(self.status)
    }
}

impl<'a> Group<'a> {
    /// As they came, one or many.
    pub(super) fn values(self, name: &str) -> &'a [IppValue] {
        match self.0.get(name).map(|attribute| attribute.value()) {
            None => &[],
            Some(IppValue::Array(values)) => values,
            Some(value) => std::slice::from_ref(value),
        }
    }

    pub(super) fn has(self, name: &str) -> bool {
        self.0.get(name).is_some()
    }

    /// All texts, names, keywords and URIs under this name.
    pub(super) fn texts(self, name: &str) -> Vec<&'a str> {
        self.values(name).iter().filter_map(text).collect()
    }

    pub(super) fn text(self, name: &str) -> Option<&'a str> {
        self.values(name).first().and_then(text)
    }

    /// An integer or an enum.
    pub(super) fn number(self, name: &str) -> Option<i32> {
        self.numbers(name).first().copied()
    }

    pub(super) fn numbers(self, name: &str) -> Vec<i32> {
        self.values(name)
            .iter()
            .filter_map(|value| value.as_integer().or_else(|| value.as_enum()).copied())
            .collect()
    }

    pub(super) fn flag(self, name: &str) -> Option<bool> {
        match self.values(name) {
            [IppValue::Boolean(flag)] => Some(*flag),
            _ => None,
        }
    }
}

fn text(value: &IppValue) -> Option<&str> {
    let keyword = value.as_keyword().map(|text| text.as_str());
    let with_language = || {
        let name = value.as_name_with_language().map(|(_, name)| name.as_str());
        name.or_else(|| value.as_text_with_language().map(|(_, text)| text.as_ref()))
    };
    keyword
        .or_else(|| value.as_name_without_language().map(|text| text.as_str()))
        .or_else(|| value.as_text_without_language().map(AsRef::as_ref))
        .or_else(|| value.as_uri().map(|text| text.as_str()))
        .or_else(|| value.as_mime_media_type().map(|text| text.as_str()))
        .or_else(with_language)
}

/// Length of version, status and request id (RFC 8010 §3.1.1).
const HEADER_BYTES: usize = 8;
/// `textWithLanguage` and `nameWithLanguage` (RFC 8010 §3.5.2).
const WITH_LANGUAGE: [u8; 2] = [0x35, 0x36];

/// More groups than the longest list of jobs has. Each is an allocation for the reader below, and opens with one byte.
const GROUPS_MAX: usize = 20_000;

/// Refuses values whose inner lengths lead out of them, which the reader below would take at their word and panic, and more
/// groups than anybody needs, which would keep it busy for minutes.
fn sound(bytes: Vec<u8>) -> Result<Vec<u8>, String> {
    let mut rest = bytes.get(HEADER_BYTES..).ok_or("it is too short")?;
    let mut groups: usize = 0;
    // The end of the attributes is the tag 3; smaller than 16 are all that open a group.
    while let Some((&tag, after)) = rest.split_first() {
        if tag == 3 {
            break;
        }
        rest = after;
        if tag >= 0x10 {
            let (_, after) = counted(rest).ok_or("a name leads out of it")?;
            let (value, after) = counted(after).ok_or("a value leads out of it")?;
            rest = after;
            if WITH_LANGUAGE.contains(&tag) {
                let whole = counted(value).and_then(|(_, text)| counted(text));
                whole.ok_or("a text leads out of its value")?;
            }
        } else {
            groups = groups.saturating_add(1);
            if groups > GROUPS_MAX {
                return Err("it has groups without end".to_owned());
            }
        }
    }
    Ok(bytes)
}

/// A length of two bytes, and what it counts; then the rest.
fn counted(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<2>()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))
}

/// What a status comes to (RFC 8011 §B.1), for whoever has to act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Done,
    /// Refused for now; nothing was done.
    Later,
    /// Refused for good; nothing was done.
    Never,
    /// The printer or the job is not there, any more.
    Gone,
    /// It failed half-way: something may have been done.
    Unclear,
}

impl Verdict {
    const fn of(status: u16) -> Self {
        match status {
            0x0000..=0x00FF => Self::Done,
            0x0406 | 0x0407 => Self::Gone,
            // "Not possible" is what CUPS says when too many jobs wait; the others say themselves that they pass.
            0x0404 | 0x0502 | 0x0505 | 0x0506 | 0x0507 => Self::Later,
            0x0400..=0x04FF | 0x0501 | 0x0503 | 0x0509 => Self::Never,
            _ => Self::Unclear,
        }
    }
}

/// Whether a printer that says this to a Print-Job has not begun with it (RFC 8011 §B.1). What is missing here may come when the
/// document was read in part or whole: a timeout, too large, wrong in itself, a full memory, a device's error, a job canceled;
/// "service unavailable" says nothing of when.
const fn is_before_any_job(status: u16) -> bool {
    matches!(
        status,
        // The request itself cannot be read, or its sender may not print.
        0x0400..=0x0403
            // CUPS: too many jobs wait.
            | 0x0404
            // There is no such printer.
            | 0x0406 | 0x0407
            // The attributes, which come before the document, are wrong or not supported.
            | 0x0409..=0x040B | 0x040D | 0x040E
            // The operation or its version is not known.
            | 0x0501 | 0x0503
            // The printer takes no jobs, or has another in hand.
            | 0x0506 | 0x0507
    )
}

/// The fault of a question that the printer at `uri` did not answer with success.
pub(super) fn refusal(uri: &str, answer: &Answer) -> Fault {
    let status = name(answer.status);
    match answer.verdict() {
        Verdict::Later | Verdict::Unclear | Verdict::Done => Fault::PrinterAway {
            what: format!("{uri} takes nothing just now ({status})"),
        },
        Verdict::Gone => Fault::Mailer {
            what: format!("there is no printer at {uri} ({status})"),
        },
        Verdict::Never => Fault::Mailer {
            what: match answer.status {
                0x0401..=0x0403 => format!(
                    "{uri} lets this station print nothing ({status}): see `user` and `password` in [paper]"
                ),
                0x0408 => format!("the letter is too large for {uri} ({status})"),
                0x040A => format!(
                    "{uri} does not take PDF ({status}): print through a print server that turns it into what the printer takes"
                ),
                0x040B | 0x040E => format!(
                    "{uri} cannot print as [paper] asks ({status}): compare `media`, `tray` and `sides` with what `keyline printers` shows"
                ),
                _ => format!("{uri} refuses the letter ({status})"),
            },
        },
    }
}

/// The standard's name of a status, or its number.
pub(super) fn name(status: u16) -> String {
    let known = match status {
        0x0400 => "client-error-bad-request",
        0x0401 => "client-error-forbidden",
        0x0402 => "client-error-not-authenticated",
        0x0403 => "client-error-not-authorized",
        0x0404 => "client-error-not-possible",
        0x0405 => "client-error-timeout",
        0x0406 => "client-error-not-found",
        0x0407 => "client-error-gone",
        0x0408 => "client-error-request-entity-too-large",
        0x0409 => "client-error-request-value-too-long",
        0x040A => "client-error-document-format-not-supported",
        0x040B => "client-error-attributes-or-values-not-supported",
        0x040E => "client-error-conflicting-attributes",
        0x0500 => "server-error-internal-error",
        0x0501 => "server-error-operation-not-supported",
        0x0502 => "server-error-service-unavailable",
        0x0503 => "server-error-version-not-supported",
        0x0504 => "server-error-device-error",
        0x0505 => "server-error-temporary-error",
        0x0506 => "server-error-not-accepting-jobs",
        0x0507 => "server-error-busy",
        0x0508 => "server-error-job-canceled",
        _ => return format!("status 0x{status:04x}"),
    };
    known.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_have_been_done_leaves_a_doubt() {
        for status in 0..=0x0600 {
            let verdict = Verdict::of(status);
            let unclear = matches!(
                status,
                0x0100..=0x03FF | 0x0500 | 0x0504 | 0x0508 | 0x050A..=0x0600
            );
            assert_eq!(verdict == Verdict::Unclear, unclear, "0x{status:04x}");
            assert_eq!(verdict == Verdict::Done, status < 0x0100, "0x{status:04x}");
        }
    }

    #[test]
    fn what_a_printer_says_with_the_letter_in_hand_is_no_certain_refusal() {
        let certain: Vec<u16> = (0..=u16::MAX).filter(|&at| is_before_any_job(at)).collect();
        let listed = [
            0x0400, 0x0401, 0x0402, 0x0403, 0x0404, 0x0406, 0x0407, 0x0409, 0x040A, 0x040B, 0x040D,
            0x040E, 0x0501, 0x0503, 0x0506, 0x0507,
        ];
        assert_eq!(certain, listed);
        for status in listed {
            let verdict = Verdict::of(status);
            assert!(!matches!(verdict, Verdict::Done | Verdict::Unclear));
        }
        let read = |bytes: &[u8]| Answer::read(bytes.to_vec());
        let busy = |id: u8| [&b"\x01\x01\x05\x07\x00\x00\x00"[..], &[id], b"\x01"].concat();
        let job = b"\x02\x21\x00\x06job-id\x00\x04\x00\x00\x00\x07";
        let says_no = |bytes: Vec<u8>| read(&bytes).is_ok_and(|answer| answer.made_no_job());
        assert!(says_no([busy(1), b"\x03".to_vec()].concat()));
        assert!(!says_no([busy(1), job.to_vec(), b"\x03".to_vec()].concat()));
        // Another request's answer is none, and neither is another version's.
        assert!(read(&[busy(2), b"\x03".to_vec()].concat()).is_err());
        let mut other = [busy(1), b"\x03".to_vec()].concat();
        for (version, taken) in [(0, false), (1, true), (2, true), (3, false)] {
            other[0] = version;
            assert_eq!(read(&other).is_ok(), taken, "{version}");
        }
    }

    #[test]
    fn groups_without_end_are_refused_before_they_are_read() {
        let answer = |groups: usize| {
            let header = b"\x01\x01\x00\x00\x00\x00\x00\x01".to_vec();
            Answer::read([header, vec![0x04; groups], b"\x03".to_vec()].concat())
        };
        assert!(answer(GROUPS_MAX).is_ok());
        assert!(answer(GROUPS_MAX + 1).is_err());
    }

    #[test]
    fn answers_whose_lengths_lie_are_refused_without_a_panic() {
        // One attribute of the name `a`: a text with language whose language claims 200 bytes.
        let lying = b"\x01\x01\x00\x00\x00\x00\x00\x01\x04\x35\x00\x01a\x00\x04\x00\xC8en\x03";
        assert!(Answer::read(lying.to_vec()).is_err());
        let right =
            b"\x01\x01\x00\x00\x00\x00\x00\x01\x04\x35\x00\x01a\x00\x08\x00\x02en\x00\x02hi\x03";
        assert!(Answer::read(right.to_vec()).is_ok_and(|answer| answer.status == 0));
        for length in 0..right.len() {
            assert!(
                Answer::read(right[..length].to_vec()).is_err(),
                "{length} bytes"
            );
        }
        assert!(Answer::read(b"<html>no printer</html>".to_vec()).is_err());
    }
}
