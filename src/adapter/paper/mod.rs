//! PIN mailers as PDF, and the folder that takes them: one A4 letter per key, laid out and worded by the data in
//! `templates/mailer`. Never prints twice, never names a person in a file's name, and never makes half a letter: what cannot
//! be set is an error in words before a byte is written.
//!
//! # Why
//! The words and boxes are data ([`Templates`]), the rules that keep a PIN out of sight are code: a profile that would show
//! it is refused when it is read, and each sheet is looked over once more before it becomes a file.

mod desk;
mod folder;
mod layout;
mod letter;
mod pdf;
mod profile;
mod shape;
mod sheet;
mod spelling;
mod template;
#[cfg(test)]
mod tests;
mod values;
mod words;

use zeroize::Zeroizing;

pub use self::folder::FolderPress;
pub use self::template::Templates;

use self::pdf::PdfFonts;
use self::shape::Faces;
use crate::domain::fault::Fault;
use crate::domain::mailer::Mailer;

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

/// Makes letters. Templates are checked and fonts parsed once; it may be used from several threads.
pub struct Composer {
    templates: Templates,
    head: Letterhead,
    faces: Faces,
    fonts: PdfFonts,
}

impl Composer {
    /// # Errors
    /// [`Fault::Mailer`] when an embedded font cannot be read.
    pub fn new(templates: Templates, head: Letterhead) -> Result<Self, Fault> {
        Ok(Self {
            templates,
            head,
            faces: Faces::load().ok_or_else(|| Fault::Mailer {
                what: "an embedded font cannot be read".to_owned(),
            })?,
            fonts: PdfFonts::load()?,
        })
    }

    /// Whether `mailer` can be set: everything but the PDF. Cheap; meant for before a key is touched.
    ///
    /// # Errors
    /// As [`Composer::render`].
    pub fn check(&self, mailer: &Mailer) -> Result<(), Fault> {
        self.sheet(mailer).map(|_| ())
    }

    /// The letter as a PDF of one page. The same mailer gives the same bytes.
    ///
    /// # Errors
    /// [`Fault::Mailer`], naming the field and what is wrong with it: no letter in this language, a character that no font
    /// has, a text that does not fit.
    pub fn render(&self, mailer: &Mailer) -> Result<Zeroizing<Vec<u8>>, Fault> {
        pdf::write(&self.fonts, &self.sheet(mailer)?, mailer.date)
    }

    fn sheet(&self, mailer: &Mailer) -> Result<sheet::Sheet, Fault> {
        mailer.check().map_err(|unfit| Fault::Mailer {
            what: unfit.to_string(),
        })?;
        let letter = self
            .templates
            .letters
            .get(&mailer.language)
            .ok_or_else(|| {
                let known: Vec<&str> = self.templates.languages().collect();
                Fault::Mailer {
                    what: format!(
                        "there is no letter in the language `{}`; there are {}",
                        mailer.language.escape_default(),
                        known.join(", ")
                    ),
                }
            })?;
        let profile = &self.templates.profile;
        layout::compose(&self.faces, profile, letter, &self.head, mailer)
    }
}
