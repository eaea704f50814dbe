//! Which printer prints letters, and how: the configuration as this adapter wants it.

use std::path::PathBuf;

use zeroize::Zeroizing;

/// The print server of this computer, where there is one.
pub const LOCAL_SERVER: &str = "ipp://localhost:631/";

/// A printer's password. No `Debug`, `Display` or `Serialize`; wiped on drop.
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

impl Password {
    pub fn new(text: Zeroizing<String>) -> Self {
        Self(text)
    }

    /// In clear, for the request alone.
    pub(super) fn reveal(&self) -> &str {
        &self.0
    }
}

/// Which printer, and how it prints letters.
#[derive(Clone)]
pub struct PrinterOptions {
    /// `ipp://` or `ipps://`, without user and password.
    pub uri: String,
    pub user: Option<String>,
    pub password: Option<Password>,
    /// A PEM file with certificates that are trusted besides the system's.
    pub ca_file: Option<PathBuf>,
    /// A self-describing size (PWG 5101.1).
    pub media: String,
    /// `media-source`; the printer's choice where there is none.
    pub tray: Option<String>,
    /// `sides` (RFC 8011 §5.2.8).
    pub sides: String,
    /// A folder for copies of letters until they are confirmed; none is kept without it.
    pub spool: Option<PathBuf>,
}

impl PrinterOptions {
    /// Whether the URI ends behind the host: a print server, not a printer.
    pub fn is_server(&self) -> bool {
        url::Url::parse(&self.uri).is_ok_and(|uri| matches!(uri.path(), "" | "/"))
    }

    /// A4, one-sided, from whatever tray, without user and copies.
    pub fn of(uri: &str) -> Self {
        Self {
            uri: uri.to_owned(),
            user: None,
            password: None,
            ca_file: None,
            media: "iso_a4_210x297mm".to_owned(),
            tray: None,
            sides: "one-sided".to_owned(),
            spool: None,
        }
    }
}
