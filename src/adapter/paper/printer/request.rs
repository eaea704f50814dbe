//! What a printer is asked, as IPP messages (RFC 8010, RFC 8011, PWG 5100.3, PWG 5100.7). Names no person, and of a document
//! nothing but its control number.

use std::collections::BTreeMap;

use ipp::attribute::IppAttribute;
use ipp::model::{DelimiterTag, IppVersion, Operation};
use ipp::parser::IppParseError;
use ipp::request::IppRequestResponse;
use ipp::value::{IppName, IppValue};
use zeroize::Zeroizing;

use super::channel::Channel;

/// How a letter is to be printed.
#[derive(Clone, Debug)]
pub(super) struct Wish<'a> {
    /// The same for job and document: opaque, and the same again after a crash.
    pub(super) name: &'a str,
    /// A self-describing size (PWG 5101.1), such as `iso_a4_210x297mm`.
    pub(super) media: &'a str,
    /// `media-source`.
    pub(super) tray: Option<&'a str>,
    pub(super) sides: &'a str,
    /// The printer knows `job-sheets`: no page of its own before a letter.
    pub(super) no_banner: bool,
    /// The printer knows `number-up`.
    pub(super) one_up: bool,
    /// The print server would cancel a job that waits for paper too long.
    pub(super) no_deadline: bool,
}

/// Seconds. As good as without a deadline: paper comes when it comes.
const CANCEL_AFTER_SECONDS: i32 = 365 * 24 * 3600;

/// What is asked of a job.
const JOB_ATTRIBUTES: [&str; 6] = [
    "job-id",
    "job-uuid",
    "job-name",
    "job-state",
    "job-state-reasons",
    "time-at-processing",
];

/// Which jobs of a printer (RFC 8011 §4.2.6.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Which {
    NotCompleted,
    Completed,
}

/// One question, ready to be asked.
pub(super) struct Request {
    /// The operation, for the log.
    pub(super) name: &'static str,
    message: Result<IppRequestResponse, IppParseError>,
    document: Option<Zeroizing<Vec<u8>>>,
}

impl Request {
    /// What the printer says of itself, as far as `names` go.
    pub(super) fn printer(channel: &Channel, names: &[&str]) -> Self {
        Self::to(
            channel,
            Operation::GetPrinterAttributes,
            "Get-Printer-Attributes",
        )
        .asking_for(names)
    }

    /// What a print server says of all its queues (CUPS).
    pub(super) fn queues(channel: &Channel, names: &[&str]) -> Self {
        Self::bare(Operation::CupsGetPrinters, "CUPS-Get-Printers")
            .by_user(channel)
            .asking_for(names)
    }

    /// Whether a letter would be taken.
    pub(super) fn validate(channel: &Channel, wish: &Wish<'_>) -> Self {
        Self::to(channel, Operation::ValidateJob, "Validate-Job").wishing(wish)
    }

    /// Prints a letter.
    pub(super) fn print(channel: &Channel, wish: &Wish<'_>, letter: Zeroizing<Vec<u8>>) -> Self {
        let mut request = Self::to(channel, Operation::PrintJob, "Print-Job").wishing(wish);
        request.document = Some(letter);
        request
    }

    /// How a job stands.
    pub(super) fn job(channel: &Channel, id: i32) -> Self {
        Self::to(channel, Operation::GetJobAttributes, "Get-Job-Attributes")
            .of_job(id)
            .asking_for(&JOB_ATTRIBUTES)
    }

    /// Which jobs there are, everybody's.
    pub(super) fn jobs(channel: &Channel, which: Which) -> Self {
        let which = match which {
            Which::NotCompleted => "not-completed",
            Which::Completed => "completed",
        };
        Self::to(channel, Operation::GetJobs, "Get-Jobs")
            .about("which-jobs", IppValue::new_keyword(which))
            .about("my-jobs", Ok(IppValue::new_boolean(false)))
            .asking_for(&JOB_ATTRIBUTES)
    }

    /// Takes a job back.
    pub(super) fn cancel(channel: &Channel, id: i32) -> Self {
        Self::to(channel, Operation::CancelJob, "Cancel-Job").of_job(id)
    }

    fn bare(operation: Operation, name: &'static str) -> Self {
        Self {
            name,
            // Version 1.1 is what every printer has to take (RFC 8011 §4.1.8).
            message: IppRequestResponse::new(IppVersion::v1_1(), operation, None),
            document: None,
        }
    }

    /// To the printer of `channel`. The URI comes third, after charset and language (RFC 8011 §4.1.5).
    fn to(channel: &Channel, operation: Operation, name: &'static str) -> Self {
        Self::bare(operation, name)
            .about("printer-uri", IppValue::new_uri(channel.target.as_str()))
            .by_user(channel)
    }

    fn by_user(self, channel: &Channel) -> Self {
        let user = IppValue::new_name_without_language(channel.asks_as());
        self.about("requesting-user-name", user)
    }

    /// The job's id comes fourth, where there is one: the message puts it there.
    fn of_job(self, id: i32) -> Self {
        self.about("job-id", Ok(IppValue::new_integer(id)))
    }

    fn asking_for(self, names: &[&str]) -> Self {
        let keywords = names.iter().map(|name| IppValue::new_keyword(*name));
        let keywords: Result<Vec<IppValue>, _> = keywords.collect();
        self.about("requested-attributes", keywords.map(IppValue::Array))
    }

    fn wishing(self, wish: &Wish<'_>) -> Self {
        let mut request = self
            .about("job-name", IppValue::new_name_without_language(wish.name))
            .about(
                "document-name",
                IppValue::new_name_without_language(wish.name),
            )
            .about(
                "document-format",
                IppValue::new_mime_media_type("application/pdf"),
            )
            // A queue's own defaults may be two copies, a banner, or four pages on one.
            .template("copies", Ok(IppValue::new_integer(1)))
            .template("sides", IppValue::new_keyword(wish.sides))
            .template("print-scaling", IppValue::new_keyword("none"));
        request = match wish.tray {
            // Size and tray in one: a request has either `media` or `media-col` (PWG 5100.3 §3.13).
            Some(tray) => request.template("media-col", media_col(wish.media, tray)),
            None => request.template("media", IppValue::new_keyword(wish.media)),
        };
        if wish.no_banner {
            request = request.template("job-sheets", IppValue::new_keyword("none"));
        }
        if wish.one_up {
            request = request.template("number-up", Ok(IppValue::new_integer(1)));
        }
        if wish.no_deadline {
            let long = IppValue::new_integer(CANCEL_AFTER_SECONDS);
            request = request.template("job-cancel-after", Ok(long));
        }
        request
    }

    fn about(self, name: &str, value: Result<IppValue, IppParseError>) -> Self {
        self.put(DelimiterTag::OperationAttributes, name, value)
    }

    fn template(self, name: &str, value: Result<IppValue, IppParseError>) -> Self {
        self.put(DelimiterTag::JobAttributes, name, value)
    }

    fn put(
        mut self,
        group: DelimiterTag,
        name: &str,
        value: Result<IppValue, IppParseError>,
    ) -> Self {
        let attribute = value.and_then(|value| IppAttribute::with_name(name, value));
        self.message = self.message.and_then(|mut message| {
            message.attributes_mut().add(group, attribute?);
            Ok(message)
        });
        self
    }

    /// Whether it carries a letter.
    pub(super) fn has_letter(&self) -> bool {
        self.document.is_some()
    }

    /// The whole message.
    ///
    /// # Errors
    /// In words, when a value does not fit into IPP.
    pub(super) fn into_bytes(self) -> Result<Zeroizing<Vec<u8>>, String> {
        let message = self
            .message
            .map_err(|error| format!("this cannot be said in IPP: {error}"))?;
        let head = message.to_bytes();
        let document = self.document.unwrap_or_default();
        // Room for all from the start: a growing buffer would leave copies of the letter behind.
        let mut bytes = Zeroizing::new(Vec::with_capacity(head.len() + document.len()));
        bytes.extend_from_slice(&head);
        bytes.extend_from_slice(&document);
        Ok(bytes)
    }
}

/// `media-col` (PWG 5100.7 §6.3) of this size in this tray.
fn media_col(media: &str, tray: &str) -> Result<IppValue, IppParseError> {
    let (width, height) = dimensions(media).ok_or(IppParseError::InvalidCollection)?;
    let size = BTreeMap::from([
        (IppName::new("x-dimension")?, IppValue::new_integer(width)),
        (IppName::new("y-dimension")?, IppValue::new_integer(height)),
    ]);
    Ok(IppValue::Collection(BTreeMap::from([
        (IppName::new("media-size")?, IppValue::Collection(size)),
        (IppName::new("media-source")?, IppValue::new_keyword(tray)?),
    ])))
}

/// Width and height in hundredths of a millimetre, from the last part of a self-describing name: `210x297mm`, `8.5x11in`.
pub(super) fn dimensions(media: &str) -> Option<(i32, i32)> {
    let size = media.rsplit('_').next()?;
    let (size, unit) = match size.strip_suffix("mm") {
        // Cut off and not rounded, as printers do it.
        Some(size) => (size, 100),
        None => (size.strip_suffix("in")?, 2540),
    };
    let (width, height) = size.split_once('x')?;
    let hundredths = |text: &str| {
        let thousandths = thousandths(text)?;
        i32::try_from(thousandths * unit / 1000).ok()
    };
    Some((hundredths(width)?, hundredths(height)?))
}

/// A decimal number with at most three digits behind the point, in thousandths.
fn thousandths(text: &str) -> Option<i64> {
    let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || whole.len() > 5 || rest.len() > 3 || !digits(whole) || !digits(rest) {
        return None;
    }
    format!("{whole}{rest:0<3}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::super::PrinterOptions;
    use super::*;

    /// The attributes of a group of a Print-Job, as `name=value`, and the whole message.
    fn print_job(wish: &Wish<'_>, group: DelimiterTag) -> (Vec<String>, Vec<u8>) {
        let options = PrinterOptions::of("ipp://localhost/printers/letters");
        let channel = Channel::open(&options).unwrap();
        let letter = Zeroizing::new(b"%PDF-".to_vec());
        let request = Request::print(&channel, wish, letter);
        let message = request.message.as_ref().unwrap();
        let mut said: Vec<String> = message
            .attributes()
            .groups_of(group)
            .flat_map(|group| group.attributes())
            .map(|attribute| format!("{}={}", attribute.name(), attribute.value()))
            .collect();
        said.sort();
        (said, request.into_bytes().unwrap().to_vec())
    }

    const PLAIN: Wish<'_> = Wish {
        name: "PM-1",
        media: "iso_a4_210x297mm",
        tray: None,
        sides: "one-sided",
        no_banner: false,
        one_up: false,
        no_deadline: false,
    };

    #[test]
    fn a_letter_is_asked_for_with_everything_that_decides_how_it_looks() {
        let (said, bytes) = print_job(&PLAIN, DelimiterTag::OperationAttributes);
        assert_eq!(
            said,
            [
                "attributes-charset=utf-8",
                "attributes-natural-language=en",
                "document-format=application/pdf",
                "document-name=PM-1",
                "job-name=PM-1",
                "printer-uri=ipp://localhost/printers/letters",
                "requesting-user-name=keyline",
            ]
        );
        // Print-Job of version 1.1, and the letter behind the end of the attributes.
        assert!(bytes.starts_with(b"\x01\x01\x00\x02\x00\x00\x00\x01"));
        assert!(bytes.ends_with(b"\x03%PDF-"));
        let (said, _) = print_job(&PLAIN, DelimiterTag::JobAttributes);
        let plain = [
            "copies=1",
            "media=iso_a4_210x297mm",
            "print-scaling=none",
            "sides=one-sided",
        ];
        assert_eq!(said, plain);
        let full = Wish {
            sides: "two-sided-long-edge",
            no_banner: true,
            one_up: true,
            no_deadline: true,
            ..PLAIN
        };
        let (said, _) = print_job(&full, DelimiterTag::JobAttributes);
        let all = [
            "copies=1",
            "job-cancel-after=31536000",
            "job-sheets=none",
            "media=iso_a4_210x297mm",
            "number-up=1",
            "print-scaling=none",
            "sides=two-sided-long-edge",
        ];
        assert_eq!(said, all);
    }

    #[test]
    fn size_and_tray_are_asked_for_together() {
        let wish = Wish {
            tray: Some("tray-2"),
            ..PLAIN
        };
        let (said, _) = print_job(&wish, DelimiterTag::JobAttributes);
        let [_, media, scaling, sides] = said.as_slice() else {
            panic!("{said:?}");
        };
        for part in [
            "media-col=",
            "x-dimension",
            "21000",
            "y-dimension",
            "29700",
            "tray-2",
        ] {
            assert!(media.contains(part), "{part}: {media}");
        }
        assert_eq!([scaling, sides], ["print-scaling=none", "sides=one-sided"]);
    }

    #[test]
    fn the_size_of_a_sheet_is_read_from_its_name() {
        for (name, size) in [
            ("iso_a4_210x297mm", Some((21_000, 29_700))),
            ("na_letter_8.5x11in", Some((21_590, 27_940))),
            ("na_number-10_4.125x9.5in", Some((10_477, 24_130))),
            ("custom_slip_80.5x200mm", Some((8_050, 20_000))),
            ("A4", None),
            ("iso_a4_210x297", None),
            ("iso_a4_-1x297mm", None),
            ("iso_a4_x297mm", None),
            ("iso_a4_999999999999x297mm", None),
        ] {
            assert_eq!(dimensions(name), size, "{name}");
        }
    }
}
