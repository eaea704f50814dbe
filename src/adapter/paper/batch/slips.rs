//! Sheets without a PIN, many in one file: what goes with the keys of a batch. A page is laid out as when it is made alone.
//!
//! # Why
//! A sheet that cannot be set names a person whom somebody has to help; the others go to the printer meanwhile.

use jiff::civil::Date;

use super::super::letter::PageDirection;
use super::super::pdf::{glyphs_of, page_of_many};
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
                        pages.logo = self.logo.as_ref();
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

    /// Whether there is a profile for sheets of `kind`.
    ///
    /// # Errors
    /// [`Fault::Mailer`] when there is none.
    pub fn lays_out(&self, kind: SheetKind) -> Result<(), Fault> {
        self.profile_for(kind, PageDirection::LeftToRight)
            .map(|_| ())
    }
}
