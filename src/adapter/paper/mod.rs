//! PIN mailers as PDF, and the folder that takes them: one A4 letter per key, laid out and worded by the data in
//! `templates/mailer`. Never prints twice, never names a person in a file's name, and never makes half a letter: what cannot
//! be set is an error in words before a byte is written.
//!
//! # Why
//! The words and boxes are data ([`Templates`]), the rules that keep a PIN out of sight are code: a profile that would show
//! it is refused when it is read, and each sheet is looked over once more before it becomes a file.

mod batch;
mod copies;
mod desk;
mod folder;
mod fonts;
mod layout;
mod letter;
mod letters;
mod logo;
mod pdf;
pub mod printer;
mod profile;
mod qr;
mod shape;
mod sheet;
mod spelling;
mod stock;
mod template;
#[cfg(test)]
mod tests;
mod values;
mod words;

use std::collections::BTreeMap;
use std::path::PathBuf;

use std::sync::Arc;

use zeroize::Zeroizing;

pub use self::batch::{Slips, Typeset, UnfitSlip, spreadsheet};
pub use self::folder::FolderPress;
pub use self::logo::Logo;
pub use self::printer::{PrinterOptions, PrinterPress};
pub use self::template::Templates;

use self::layout::Desktop;
use self::letter::{Page, PageDirection};
use self::logo::Picture;
use self::pdf::PdfFonts;
use self::profile::Profile;
use self::shape::{Faces, Style};
use self::sheet::Sheet;
use self::words::Words;
use crate::domain::fault::Fault;
use crate::domain::mailer::{Companion, CompanionKind, Mailer, MailerUnfit, SheetKind};

/// What every letter says of the sender.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letterhead {
    /// Stands at the top.
    pub organisation: String,
    /// The sender in one line above the address, seen through the window.
    pub return_line: Option<String>,
    /// Whom to ask: a name, a number, an address. Without it the letter says "your IT service desk" in its language.
    pub help: Option<String>,
    /// Where the first sign-in is tried.
    pub sign_in: String,
}

impl Letterhead {
    /// Where anyone with a work account can sign in and see the new key listed.
    pub const SIGN_IN: &str = "https://aka.ms/mysecurityinfo";

    /// A letterhead with nothing but the organisation's name.
    pub fn of(organisation: &str) -> Self {
        Self {
            organisation: organisation.to_owned(),
            return_line: None,
            help: None,
            sign_in: Self::SIGN_IN.to_owned(),
        }
    }
}

/// What the sheets of a station look like.
#[derive(Clone, Debug)]
pub struct Stationery {
    /// The name of a profile.
    pub profile: String,
    pub logo: Option<Logo>,
    /// Font files for what the shipped fonts lack: `.ttf`, `.otf`, or the first face of a `.ttc`.
    pub fonts: Vec<PathBuf>,
}

impl Default for Stationery {
    fn default() -> Self {
        Self {
            profile: Templates::PROFILE.to_owned(),
            logo: None,
            fonts: Vec::new(),
        }
    }
}

/// Makes sheets. Templates are checked, fonts parsed and the logo decoded once; it may be used from several threads.
pub struct Composer {
    templates: Templates,
    head: Letterhead,
    profile: String,
    /// The profiles for words from right to left.
    mirrored: BTreeMap<String, Profile>,
    /// By profile.
    logos: BTreeMap<String, Picture>,
    faces: Faces,
    fonts: PdfFonts,
}

impl Composer {
    /// # Errors
    /// [`Fault::Mailer`] when there is no such profile, or an embedded font cannot be read.
    pub fn new(
        templates: Templates,
        head: Letterhead,
        stationery: Stationery,
    ) -> Result<Self, Fault> {
        let profile = templates.profile(&stationery.profile)?;
        let logos = logos(&templates, &stationery)?;
        let fonts = font_files(&templates, profile, &stationery.fonts)?;
        let mirrored = templates.profiles.iter();
        let mirrored = mirrored.map(|(name, profile)| (name.clone(), profile.mirrored()));
        Ok(Self {
            mirrored: mirrored.collect(),
            templates,
            head,
            profile: stationery.profile,
            logos,
            faces: Faces::load(&fonts).map_err(|name| Fault::Mailer {
                what: format!("the font {name} cannot be read"),
            })?,
            fonts: PdfFonts::load(&fonts)?,
        })
    }

    /// Letters say this of the sender from now on.
    pub fn set_letterhead(&mut self, head: Letterhead) {
        self.head = head;
    }

    /// Whether `mailer` can be set: everything but the PDF. Cheap; meant for before a key is touched.
    ///
    /// # Errors
    /// As [`Composer::render`].
    pub fn check(&self, mailer: &Mailer) -> Result<(), Fault> {
        self.sheet(mailer, false).map(|_| ())
    }

    /// Whether `companion` can be set, as [`Composer::check`].
    ///
    /// # Errors
    /// As [`Composer::companion`].
    pub fn check_companion(&self, companion: &Companion) -> Result<(), Fault> {
        self.companion_sheet(companion, false).map(|_| ())
    }

    /// The letter as a PDF of one page. The same mailer gives the same bytes.
    ///
    /// # Errors
    /// [`Fault::Mailer`], naming the field and what is wrong with it: no letter in this language, a character that no font
    /// has, a text that does not fit.
    pub fn render(&self, mailer: &Mailer) -> Result<Zeroizing<Vec<u8>>, Fault> {
        self.letter(mailer, false)
    }

    /// A sheet without a PIN, as a PDF of one page. It is laid out by this composer's profile, or where that has no room for
    /// such a sheet, by the profile that is named after its kind (`label`).
    ///
    /// # Errors
    /// As [`Composer::render`]; also when no profile serves its kind.
    pub fn companion(&self, companion: &Companion) -> Result<Zeroizing<Vec<u8>>, Fault> {
        self.beside_key(companion, false)
    }

    /// What `mailer`, whose PIN should be made up, looks like on a sheet of `kind`, with SPECIMEN stamped across.
    ///
    /// # Errors
    /// As [`Composer::render`] and [`Composer::companion`].
    pub fn specimen(&self, kind: SheetKind, mailer: &Mailer) -> Result<Zeroizing<Vec<u8>>, Fault> {
        let kind = match kind {
            SheetKind::Pin => return self.letter(mailer, true),
            SheetKind::Key => CompanionKind::Key,
            SheetKind::Receipt => CompanionKind::Receipt,
            SheetKind::Label => CompanionKind::Label,
        };
        self.beside_key(&Companion::of(kind, mailer), true)
    }

    /// A page without any content to measure the profile with: rulers, window and all that it can show, folds, boxes.
    ///
    /// # Errors
    /// [`Fault::Mailer`] when the PDF cannot be made.
    pub fn calibration(&self, date: jiff::civil::Date) -> Result<Zeroizing<Vec<u8>>, Fault> {
        let profile = self.templates.profile(&self.profile)?;
        let sheet = layout::calibration(self.desktop(profile, false))?;
        self.written("Calibration page", None, &sheet, date)
    }

    /// Width and height of the sheet that letters are made for, mm.
    ///
    /// # Errors
    /// [`Fault::Mailer`] when there is no such profile.
    pub fn paper_mm(&self) -> Result<(f32, f32), Fault> {
        let paper = self.templates.profile(&self.profile)?.paper;
        Ok((paper.width, paper.height))
    }

    /// How a letter is folded, for whoever folds it: `none`, `half`, `z` or `wrap`.
    ///
    /// # Errors
    /// [`Fault::Mailer`] when there is no such profile.
    pub fn fold(&self) -> Result<&'static str, Fault> {
        Ok(self.templates.profile(&self.profile)?.fold.word())
    }

    fn letter(&self, mailer: &Mailer, specimen: bool) -> Result<Zeroizing<Vec<u8>>, Fault> {
        let sheet = self.sheet(mailer, specimen)?;
        let of = (SheetKind::Pin, mailer.language.as_str());
        self.written("PIN letter", Some(of), &sheet, mailer.date)
    }

    fn beside_key(
        &self,
        companion: &Companion,
        specimen: bool,
    ) -> Result<Zeroizing<Vec<u8>>, Fault> {
        let sheet = self.companion_sheet(companion, specimen)?;
        let of = (companion.kind.into(), companion.language.as_str());
        self.written(title(companion.kind), Some(of), &sheet, companion.date)
    }

    fn sheet(&self, mailer: &Mailer, specimen: bool) -> Result<Sheet, Fault> {
        mailer.check().map_err(|unfit| unfit_said(&unfit))?;
        let letter = self.templates.letters.pin(&mailer.language)?;
        self.has_fonts_for(&letter.subject, &mailer.language)?;
        let profile = self.profile_for(SheetKind::Pin, letter.page.direction)?;
        layout::letter(self.desktop(profile, specimen), letter, mailer)
    }

    fn companion_sheet(&self, companion: &Companion, specimen: bool) -> Result<Sheet, Fault> {
        companion.check().map_err(|unfit| unfit_said(&unfit))?;
        let letters = &self.templates.letters;
        let language = companion.language.as_str();
        let kind = SheetKind::from(companion.kind);
        let desktop = |page: &Page| {
            let profile = self.profile_for(kind, page.direction)?;
            Ok(self.desktop(profile, specimen))
        };
        match companion.kind {
            CompanionKind::Label => {
                let letter = letters.key(language)?;
                layout::label(desktop(&letter.page)?, letter, companion)
            }
            CompanionKind::Key => {
                let letter = letters.key(language)?;
                self.has_fonts_for(&letter.subject, language)?;
                layout::key_letter(desktop(&letter.page)?, letter, companion)
            }
            CompanionKind::Receipt => {
                let letter = letters.receipt(language)?;
                self.has_fonts_for(&letter.subject, language)?;
                layout::receipt(desktop(&letter.page)?, letter, companion)
            }
        }
    }

    /// Tells a letter whose script no font has before anything else is looked at.
    fn has_fonts_for(&self, subject: &Words, language: &str) -> Result<(), Fault> {
        let subject = subject.fill(|_| "");
        match self.faces.missing(Style::Bold, &subject) {
            None => Ok(()),
            Some(missing) => Err(Fault::Mailer {
                what: format!(
                    "the letter in the language `{language}` holds {}",
                    missing.told()
                ),
            }),
        }
    }

    /// Which characters of the letter's words no font has, and what helps; `None` when the words of that language can be set.
    pub fn lacks_font(&self, kind: SheetKind, language: &str) -> Option<String> {
        let letters = &self.templates.letters;
        let subject = match kind {
            SheetKind::Pin => &letters.pin(language).ok()?.subject,
            SheetKind::Key | SheetKind::Label => &letters.key(language).ok()?.subject,
            SheetKind::Receipt => &letters.receipt(language).ok()?.subject,
        };
        match self.has_fonts_for(subject, language) {
            Err(Fault::Mailer { what }) => Some(what),
            Ok(()) | Err(_) => None,
        }
    }

    /// The station's profile where it lays out such sheets, or the one that is named after them.
    fn serving(&self, kind: SheetKind) -> Option<&Profile> {
        let profiles = &self.templates.profiles;
        let mut may = [self.profile.as_str(), kind.word()].into_iter();
        may.find_map(|name| profiles.get(name).filter(|profile| profile.serves(kind)))
    }

    /// The logo of sheets of `kind`, where they have one.
    fn logo_on(&self, kind: SheetKind) -> Option<&Picture> {
        self.logos.get(&self.serving(kind)?.name)
    }

    fn profile_for(&self, kind: SheetKind, direction: PageDirection) -> Result<&Profile, Fault> {
        let serving = self.serving(kind);
        let mirrored = |profile: &Profile| self.mirrored.get(&profile.name);
        match direction {
            PageDirection::LeftToRight => serving,
            PageDirection::RightToLeft => serving.and_then(mirrored),
        }
        .ok_or_else(|| Fault::Mailer {
                what: format!(
                    "profile `{}` lays out no {} sheet (see its `kinds`), and there is no profile `{}` that does",
                    self.profile,
                    kind.word(),
                    kind.word()
                ),
            })
    }

    fn desktop<'a>(&'a self, profile: &'a Profile, specimen: bool) -> Desktop<'a> {
        Desktop {
            faces: &self.faces,
            profile,
            head: &self.head,
            logo: self.logos.get(&profile.name),
            specimen,
        }
    }

    /// With the stock of its kind and language, where there is one.
    fn written(
        &self,
        title: &str,
        of: Option<(SheetKind, &str)>,
        sheet: &Sheet,
        date: jiff::civil::Date,
    ) -> Result<Zeroizing<Vec<u8>>, Fault> {
        let stock = match of {
            Some((kind, language)) => {
                let name = format!("{}/{language}", kind.word());
                self.fonts.stock(&name, || self.common(kind, language))?
            }
            None => Arc::default(),
        };
        let logo = of.and_then(|(kind, _)| self.logo_on(kind));
        pdf::write(&self.fonts, &stock, logo, title, sheet, date)
    }
}

/// The profile's fonts or else the station's, and behind them those of the profiles that lay out what it does not.
fn font_files(
    templates: &Templates,
    profile: &Profile,
    of_station: &[PathBuf],
) -> Result<Vec<fonts::Font>, Fault> {
    let whose = |profile: &Profile| format!("the profile `{}`", profile.name);
    let mut fonts = match &profile.own.fonts {
        Some(own) => fonts::with_files(own, &whose(profile))?,
        None => fonts::with_files(of_station, "`paper.fonts`")?,
    };
    let others = SheetKind::ALL.iter().filter(|kind| !profile.serves(**kind));
    for other in others.filter_map(|kind| templates.profiles.get(kind.word())) {
        if let Some(own) = &other.own.fonts {
            fonts::add(&mut fonts, own, &whose(other))?;
        }
    }
    Ok(fonts)
}

/// The logos of the station's profile and of those that may lay out sheets which it does not, as large as their boxes.
fn logos(
    templates: &Templates,
    stationery: &Stationery,
) -> Result<BTreeMap<String, Picture>, Fault> {
    let mut logos = BTreeMap::new();
    for (name, profile) in &templates.profiles {
        let may_serve =
            *name == stationery.profile || SheetKind::ALL.iter().any(|kind| kind.word() == name);
        let logo = profile.own.logo.as_deref().or(stationery.logo.as_ref());
        if let (true, Some(logo), Some(area)) = (may_serve, logo, profile.boxes.logo) {
            logos.insert(name.clone(), logo.embedded(area)?);
        }
    }
    Ok(logos)
}

/// What the PDF calls itself: its kind, never its person.
const fn title(kind: CompanionKind) -> &'static str {
    match kind {
        CompanionKind::Key => "Key letter",
        CompanionKind::Receipt => "Receipt",
        CompanionKind::Label => "Bag label",
    }
}

fn unfit_said(unfit: &MailerUnfit) -> Fault {
    Fault::Mailer {
        what: unfit.to_string(),
    }
}
