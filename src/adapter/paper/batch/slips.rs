//! Sheets without a PIN, many in one file: what goes with the keys of a batch. A page is laid out as when it is made alone.
//!
//! # Why
//! A sheet that cannot be set names a person whom somebody has to help; the others go to the printer meanwhile.

use jiff::civil::Date;

use super::super::letter::PageDirection;
use super::super::pdf::{PRODUCER, glyphs_of, page_of_many};
use super::super::sheet::Ink;
use super::super::{Composer, title};
use super::pdf::{self, Pages};
use crate::domain::fault::Fault;
use crate::domain::job::Envelope;
use crate::domain::mailer::{Companion, CompanionKind, SheetKind};

/// Sheets of one kind as a PDF.
pub struct Slips {
    /// `None`: no sheet could be set.
    pub pdf: Option<Vec<u8>>,
    pub pages: usize,
    pub unfit: Vec<UnfitSlip>,
}

/// A sheet that could not be set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnfitSlip {
    pub envelope: Envelope,
    /// What is wrong with it, in words.
    pub why: String,
}

impl Composer {
    /// Most pages of one file. It is in memory while it is made.
    pub const SLIPS_MAX: usize = 500;

    /// Sheets of one `kind`, each on a page of its own, in their order. At most [`Composer::SLIPS_MAX`] are taken; the same sheets
    /// and date give the same bytes.
    ///
    /// # Errors
    /// [`Fault::Mailer`] when no profile lays out that kind, these are too many, or the PDF cannot be made.
    pub fn slips(
        &self,
        kind: CompanionKind,
        slips: &[Companion],
        date: Date,
    ) -> Result<Slips, Fault> {
        if slips.len() > Self::SLIPS_MAX {
            return Err(Fault::Mailer {
                what: format!("a file takes at most {} sheets", Self::SLIPS_MAX),
            });
        }
        self.lays_out(kind.into())?;
        let mut pages = Pages::default();
        let mut unfit = Vec::new();
        for slip in slips {
            match self.companion_sheet(slip, false) {
                Ok(sheet) => {
                    pages.used.extend(glyphs_of(&sheet).into_keys());
                    if sheet.marks.iter().any(|mark| matches!(mark.ink, Ink::Logo)) {
                        pages.logo = self.logo_on(kind.into());
                    }
                    pages.pages.push(page_of_many(&self.fonts, &sheet));
                }
                Err(Fault::Mailer { what: why }) => unfit.push(UnfitSlip {
                    envelope: slip.envelope,
                    why,
                }),
                Err(fault) => return Err(fault),
            }
        }
        let count = pages.pages.len();
        let pdf = match count {
            0 => None,
            _ => Some(pdf::write(&self.fonts, title(kind), pages, date)?),
        };
        Ok(Slips {
            pdf,
            pages: count,
            unfit,
        })
    }

    /// Whether `file` is a PDF of sheets of `kind` that [`Composer::slips`] made, in whatever version: so say its title and its
    /// producer.
    pub fn made(kind: CompanionKind, file: &[u8]) -> bool {
        let says = |entry: &str, text: &str| {
            let units = text.encode_utf16().map(|unit| format!("{unit:04X}"));
            let entry = format!("/{entry}<FEFF{}>", units.collect::<String>());
            file.windows(entry.len())
                .any(|bytes| bytes == entry.as_bytes())
        };
        file.starts_with(b"%PDF-") && says("Producer", PRODUCER) && says("Title", title(kind))
    }

    /// Whether there is a profile for sheets of `kind`.
    ///
    /// # Errors
    /// [`Fault::Mailer`] when there is none.
    pub fn lays_out(&self, kind: SheetKind) -> Result<(), Fault> {
        self.profile_for(kind, PageDirection::LeftToRight)
            .map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapter::paper::{Letterhead, Stationery, Templates};
    use crate::domain::job::BatchName;
    use crate::domain::mailer::Destination;

    const DAY: Date = jiff::civil::date(2026, 5, 4);

    fn composer() -> Composer {
        let templates = Templates::shipped().expect("the shipped templates");
        let head = Letterhead::of("Contoso");
        Composer::new(templates, head, Stationery::default()).expect("a composer")
    }

    fn slip(kind: CompanionKind, number: u32) -> Companion {
        const LANGUAGES: [&str; 4] = ["en", "de", "ar", "pl"];
        const NAMES: [&str; 4] = ["Anna Lang", "Łukasz Żółć", "نورة القحطاني", "Θεόδωρος"];
        let place = usize::try_from(number).expect("small") % 4;
        Companion {
            kind,
            language: LANGUAGES[place].to_owned(),
            recipient: Some(format!("{} {number}", NAMES[place])),
            department: Some("Research".to_owned()),
            destination: Destination::Internal(Some("Room 7".to_owned())),
            key_model: Some("YubiKey 5C NFC".to_owned()),
            serial_ending: Some("0042".to_owned()),
            envelope: Envelope(number),
            batch: BatchName("onboarding".to_owned()),
            sequence: number,
            date: DAY,
        }
    }

    #[test]
    fn a_full_file_embeds_its_fonts_once_and_one_more_sheet_is_refused() {
        let composer = composer();
        let most = u32::try_from(Composer::SLIPS_MAX).expect("small");
        for kind in [CompanionKind::Label, CompanionKind::Key] {
            let mut slips: Vec<Companion> = (1..=most).map(|number| slip(kind, number)).collect();
            let all = composer.slips(kind, &slips, DAY).expect("a file");
            assert_eq!((all.pages, all.unfit.len()), (Composer::SLIPS_MAX, 0));
            let pdf = all.pdf.expect("a file");
            let one = composer.slips(kind, &slips[..4], DAY).expect("a file");
            let few = one.pdf.expect("a file");
            let fonts = |pdf: &[u8]| String::from_utf8_lossy(pdf).matches("/FontFile2").count();
            assert_eq!(fonts(&pdf), fonts(&few), "{kind:?}");
            // So that a station's disk and a printer's memory have room for it.
            assert!(pdf.len() < 8 * 1024 * 1024, "{kind:?}: {} bytes", pdf.len());
            slips.push(slip(kind, most + 1));
            assert!(composer.slips(kind, &slips, DAY).is_err());
        }
    }

    #[test]
    fn a_file_tells_by_whom_it_was_made_and_for_what() {
        let made = composer().slips(CompanionKind::Label, &[slip(CompanionKind::Label, 1)], DAY);
        let pdf = made.expect("a file").pdf.expect("a file");
        assert!(Composer::made(CompanionKind::Label, &pdf));
        assert!(!Composer::made(CompanionKind::Receipt, &pdf));
        assert!(!Composer::made(CompanionKind::Label, &pdf[1..]));
        let others = String::from_utf8_lossy(&pdf).replace("/Producer", "/Creator");
        assert!(!Composer::made(CompanionKind::Label, others.as_bytes()));
        assert!(!Composer::made(CompanionKind::Label, b""));
    }

    #[test]
    fn a_sheet_that_cannot_be_set_stops_no_other() {
        let composer = composer();
        let mut slips: Vec<Companion> = (1..=3)
            .map(|number| slip(CompanionKind::Receipt, number))
            .collect();
        slips[1].recipient = Some("王芳".to_owned());
        let made = composer
            .slips(CompanionKind::Receipt, &slips, DAY)
            .expect("a file");
        assert_eq!(made.pages, 2);
        let told: Vec<Envelope> = made.unfit.iter().map(|unfit| unfit.envelope).collect();
        assert_eq!(told, [Envelope(2)]);
        let none = composer.slips(CompanionKind::Receipt, &slips[1..2], DAY);
        assert!(none.expect("an answer").pdf.is_none());
    }
}
