//! The section `[paper]`: the printer of the letters, what it is told about its paper, and the administrator's own profiles,
//! letters, fonts and logo. Never quotes a value in which a password may stand.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use url::{Host, Url};

use super::Config;
use crate::adapter::entra::SecretSource;

/// Bytes of a keyword or name that a printer is told (RFC 8011 §5.1.3 and §5.1.4).
const KEYWORD_LENGTH_MAX: usize = 255;
/// mm. Sheets beyond these are a slip of the keyboard.
const SHEET_MM: std::ops::RangeInclusive<f64> = 50.0..=1000.0;
/// The classes of self-describing media names (PWG 5101.1 §5).
const MEDIA_CLASSES: [&str; 13] = [
    "asme", "custom", "disc", "iec", "iso", "jis", "jpn", "na", "oe", "om", "prc", "roc", "roll",
];

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PaperSection {
    /// Where letters are printed; none: they become files in `[letters] folder`.
    pub printer: Printer,
    /// Who keyline is to the printer; empty: nobody.
    pub user: String,
    #[serde(default)]
    pub password: Option<SecretSource>,
    /// Certificates in PEM that an `ipps://` printer's own is proved by; empty: the system's.
    pub ca_file: PathBuf,
    pub media: Media,
    /// What the printer calls the tray (`media-source`); empty: its own choice.
    pub tray: Tray,
    pub sides: Sides,
    pub spool: Spool,
    /// The layout, by name.
    pub profile: String,
    /// A folder of profiles and letters that come before the shipped ones; empty: none.
    pub templates: PathBuf,
    /// Font files for scripts that the shipped fonts lack.
    pub fonts: Vec<PathBuf>,
    /// A PNG; empty: none.
    pub logo: PathBuf,
}

/// Where letters are printed, or nowhere.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Printer(Option<Url>);

impl Printer {
    /// The printer's URI, `ipp://` or `ipps://`, without user and password.
    pub const fn uri(&self) -> Option<&Url> {
        self.0.as_ref()
    }

    /// Whether what is sent there passes a network, and in clear.
    fn overheard(&self) -> bool {
        let Some(uri) = &self.0 else {
            return false;
        };
        let here = match uri.host() {
            // The host of a scheme that is none of the web's stays as it was written.
            Some(Host::Domain(name)) => {
                name.eq_ignore_ascii_case("localhost")
                    || name
                        .parse::<std::net::Ipv4Addr>()
                        .is_ok_and(|address| address.is_loopback())
            }
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        uri.scheme() == "ipp" && !here
    }
}

impl TryFrom<String> for Printer {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(Self(None));
        }
        // Behind an @ stands the host, before it perhaps a password.
        if text.contains('@') {
            return Err(
                "no user and no password stand in the URI (what stands there is not repeated here); write them as `user` \
                 and `password`"
                    .to_owned(),
            );
        }
        // Some printers want a secret behind a question mark, so that is not repeated either.
        let shown = text.split(['?', '#']).next().unwrap_or_default();
        let wrong = |why: &str| {
            format!(
                "{why}: `{}`; write ipp://HOST/PATH or ipps://HOST/PATH, such as \"ipp://localhost/printers/mailers\"",
                shown.escape_debug()
            )
        };
        let uri = Url::parse(text).map_err(|error| wrong(&error.to_string()))?;
        if !matches!(uri.scheme(), "ipp" | "ipps") {
            return Err(wrong("a printer is reached by ipp or ipps only"));
        }
        if uri.host_str().is_none_or(str::is_empty) {
            return Err(wrong("the URI names no host"));
        }
        if uri.fragment().is_some() {
            return Err(wrong("a printer's URI has no `#`"));
        }
        Ok(Self(Some(uri)))
    }
}

/// A sheet as printers name it, such as `iso_a4_210x297mm` (PWG 5101.1 §5).
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "String")]
pub struct Media {
    keyword: String,
    size_mm: (f64, f64),
}

impl Media {
    /// The keyword, for the printer.
    pub fn keyword(&self) -> &str {
        &self.keyword
    }

    /// Width and height in mm, as the keyword says them.
    pub const fn size_mm(&self) -> (f64, f64) {
        self.size_mm
    }
}

impl TryFrom<String> for Media {
    type Error = String;

    fn try_from(keyword: String) -> Result<Self, String> {
        match sheet(&keyword) {
            Some(size_mm) if keyword.len() <= KEYWORD_LENGTH_MAX => Ok(Self { keyword, size_mm }),
            Some(_) | None => Err(format!(
                "`{}` is no name of a sheet; write class, name and size, such as \"iso_a4_210x297mm\", \
                 \"na_letter_8.5x11in\" or \"custom_form_210x305mm\" (`keyline printers` shows what a printer takes)",
                keyword.escape_debug()
            )),
        }
    }
}

/// The size that a media name describes, in mm.
fn sheet(keyword: &str) -> Option<(f64, f64)> {
    const MM_PER_INCH: f64 = 25.4;
    let mut parts = keyword.split('_');
    let (class, name, size) = (parts.next()?, parts.next()?, parts.next()?);
    let worded = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.');
    if parts.next().is_some()
        || !MEDIA_CLASSES.contains(&class)
        || name.is_empty()
        || !name.chars().all(worded)
    {
        return None;
    }
    let (size, unit) = match (size.strip_suffix("mm"), size.strip_suffix("in")) {
        (Some(size), _) => (size, 1.0),
        (None, Some(size)) => (size, MM_PER_INCH),
        (None, None) => return None,
    };
    let (width, height) = size.split_once('x')?;
    let length = |text: &str| {
        let digits = text.chars().all(|c| c.is_ascii_digit() || c == '.');
        let length = digits.then(|| text.parse::<f64>().ok()).flatten()? * unit;
        SHEET_MM.contains(&length).then_some(length)
    };
    Some((length(width)?, length(height)?))
}

/// What the printer calls a tray, or nothing.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Tray(Option<String>);

impl Tray {
    pub fn name(&self) -> Option<&str> {
        self.0.as_deref()
    }
}

impl TryFrom<String> for Tray {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let name = text.trim();
        if name.len() > KEYWORD_LENGTH_MAX || name.chars().any(char::is_control) {
            return Err(format!(
                "a tray's name has at most {KEYWORD_LENGTH_MAX} bytes and no control characters; write it as the printer \
                 does, such as \"tray-2\" or \"manual\" (`keyline printers` shows them)"
            ));
        }
        Ok(Self((!name.is_empty()).then(|| name.to_owned())))
    }
}

/// Which sides are printed on (RFC 8011 §5.2.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sides {
    OneSided,
    TwoSidedLongEdge,
    TwoSidedShortEdge,
}

impl Sides {
    /// The standard's word.
    pub const fn keyword(self) -> &'static str {
        match self {
            Self::OneSided => "one-sided",
            Self::TwoSidedLongEdge => "two-sided-long-edge",
            Self::TwoSidedShortEdge => "two-sided-short-edge",
        }
    }
}

/// Whether a letter is kept beside the wire until it is confirmed.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Spool {
    /// Its PDF lives in memory alone.
    None,
    /// In this folder, for its owner alone.
    Folder(PathBuf),
}

impl TryFrom<String> for Spool {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.trim() {
            "" => Err("is empty; write \"none\", or a folder".to_owned()),
            "none" => Ok(Self::None),
            folder => Ok(Self::Folder(PathBuf::from(folder))),
        }
    }
}

impl PaperSection {
    /// Makes the file of the password one that can be opened from anywhere.
    pub(super) fn root(&mut self, root: &Path) {
        if let Some(SecretSource::File(file)) = &mut self.password {
            *file = root.join(&*file);
        }
    }

    /// Where the administrator's own templates are.
    pub fn templates_folder(&self) -> Option<&Path> {
        named(&self.templates)
    }

    /// The picture at the top of the letters.
    pub fn logo_file(&self) -> Option<&Path> {
        named(&self.logo)
    }

    /// What the settings say against each other, each with the setting that it is about.
    fn objections(&self) -> Vec<(&'static str, &'static str)> {
        let mut objections = Vec::new();
        let printer = self.printer.uri();
        if printer.is_none() {
            let idle = [
                ("user", !self.user.is_empty()),
                ("password", self.password.is_some()),
                ("ca_file", !self.ca_file.as_os_str().is_empty()),
                ("tray", self.tray.name().is_some()),
                ("spool", self.spool != Spool::None),
            ];
            let why = "is meant for a printer, and `printer` is empty; name one, or leave this out";
            let set = idle.into_iter().filter(|(_, set)| *set);
            objections.extend(set.map(|(setting, _)| (setting, why)));
            return objections;
        }
        match (self.user.is_empty(), &self.password) {
            (false, None) => objections.push((
                "user",
                "has no password beside it; write `password = { file = \"PATH\" }`, or leave the user out",
            )),
            (true, Some(_)) => objections.push((
                "password",
                "has no user beside it; write `user = \"NAME\"`, or leave the password out",
            )),
            (true, None) | (false, Some(_)) => {}
        }
        if self.user.contains([':', '\n', '\r']) || self.user.chars().any(char::is_control) {
            objections.push((
                "user",
                "holds a colon or a control character, which no user of a printer has",
            ));
        }
        if !self.ca_file.as_os_str().is_empty() && printer.is_some_and(|uri| uri.scheme() == "ipp")
        {
            objections.push((
                "ca_file",
                "proves nothing over ipp://; write the printer as ipps://, or leave this out",
            ));
        }
        objections
    }
}

impl Config {
    /// Everything in `[paper]` that could not work, with the line where it stands.
    pub(super) fn check_paper(&self) -> Vec<String> {
        let said = |(setting, why)| self.about_paper(setting, why);
        self.paper.objections().into_iter().map(said).collect()
    }

    /// What is no mistake but should be known.
    pub fn paper_warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.paper.printer.overheard() {
            warnings.push(self.about_paper(
                "printer",
                "sends each PIN over the network in clear; write ipps:// if the printer can, or connect it to this computer",
            ));
        }
        if let Spool::Folder(folder) = &self.paper.spool {
            let why = format!(
                "is a folder: in {} lies each letter with its PIN until the sheet is confirmed; \"none\" keeps it in memory alone",
                self.path(folder).display()
            );
            warnings.push(self.about_paper("spool", &why));
        }
        warnings
    }

    /// Files that `[paper]` names, each with its setting.
    pub fn paper_files(&self) -> Vec<(&'static str, PathBuf)> {
        let named = |path| named(path).map(|path| self.path(path));
        let single = [
            ("ca_file", named(&self.paper.ca_file)),
            ("logo", named(&self.paper.logo)),
        ];
        let fonts = self
            .paper
            .fonts
            .iter()
            .map(|font| ("fonts", Some(self.path(font))));
        single
            .into_iter()
            .chain(fonts)
            .filter_map(|(setting, path)| Some((setting, path?)))
            .collect()
    }

    /// A sentence about a setting of `[paper]`, with its line where the file says it.
    pub fn about_paper(&self, setting: &str, why: &str) -> String {
        let line = self.lines.get(&("paper".to_owned(), setting.to_owned()));
        let at = line.map_or_else(String::new, |line| format!("line {line}: "));
        format!("{at}[paper] {setting} {why}")
    }
}

/// A path that is filled in.
fn named(path: &Path) -> Option<&Path> {
    (!path.as_os_str().is_empty()).then_some(path)
}

#[cfg(test)]
mod tests;
