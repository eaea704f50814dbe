//! What `config/station.toml` says, checked. The shipped file is default, template and manual in one; it holds no secrets.

mod check;
mod console;
mod entra;
mod paper;
mod text;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use url::Url;

use crate::adapter::entra::{Api, SecretSource};
use crate::adapter::folder;
use crate::adapter::paper::Letterhead;
use crate::app::intake::{AlreadyEnrolled, BadRows, Habits};
use crate::domain::sign_in::SignInMethod;
use crate::domain::station::signal::ConfirmCards;
use crate::domain::stock::Unlisted;
use crate::wire::metadata::MetadataSection;

pub use self::console::{BenchSection, ConsoleSection};
pub use self::paper::{PaperSection, Printer, Spool};

/// The shipped file, which `keyline init` writes.
pub const TEMPLATE: &str = include_str!("../../config/station.toml");
/// Bytes. A configuration is a few kilobytes; something larger is another file.
pub(super) const CONFIG_BYTES_MAX: u64 = 1 << 20;

/// Why there is no configuration, in words that name the file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}: {what}")]
pub struct ConfigFault {
    pub file: String,
    pub what: String,
    pub remedy: Remedy,
}

/// What is to be done about a [`ConfigFault`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// The file says something that cannot be used.
    Mend,
    /// As [`Remedy::Mend`], in a policy.
    MendPolicy,
    /// As [`Remedy::Mend`], in a profile or a letter of the station's own.
    MendTemplate,
    /// There is no station here.
    Init,
    /// The file is another user's.
    Access,
    /// A folder cannot be used.
    Folder,
    /// An environment variable holds something unusable.
    Variable,
}

impl ConfigFault {
    /// A file that could not be read.
    fn unreadable(file: &Path, error: &std::io::Error) -> Self {
        let (what, remedy) = if error.kind() == std::io::ErrorKind::NotFound {
            ("there is no such file".to_owned(), Remedy::Init)
        } else if error.kind() == std::io::ErrorKind::PermissionDenied {
            let what = "this user may not read it (permission denied)".to_owned();
            (what, Remedy::Access)
        } else {
            (error.to_string(), Remedy::Mend)
        };
        Self {
            file: file.display().to_string(),
            what,
            remedy,
        }
    }

    /// A file with these objections, of which there is one at least.
    pub(super) fn objections(file: &Path, list: &[String]) -> Self {
        Self {
            file: file.display().to_string(),
            what: listed(list),
            remedy: Remedy::Mend,
        }
    }
}

/// One objection as it is; several below each other.
pub(super) fn listed(objections: &[String]) -> String {
    match objections {
        [one] => one.clone(),
        many => {
            let lines: String = many.iter().map(|one| format!("\n  {one}")).collect();
            format!("{} things to mend:{lines}", many.len())
        }
    }
}

/// The whole file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub entra: EntraSection,
    pub ledger: LedgerSection,
    pub metadata: MetadataSection,
    pub queue: QueueSection,
    pub slots: SlotsSection,
    pub stock: StockSection,
    pub letters: LettersSection,
    pub paper: PaperSection,
    pub console: ConsoleSection,
    pub bench: BTreeMap<String, BenchSection>,
    pub log: LogSection,
    pub retention: RetentionSection,
    /// The folder that paths are relative to.
    #[serde(skip)]
    pub root: PathBuf,
    /// Where it was read from.
    #[serde(skip)]
    pub file: PathBuf,
    /// The lines of the settings that the file has, by section and setting.
    #[serde(skip)]
    lines: BTreeMap<(String, String), usize>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EntraSection {
    pub tenant: String,
    pub client_id: String,
    pub method: SignInMethod,
    pub client_secret: SecretSource,
    #[serde(default)]
    pub certificate: Option<SecretSource>,
    #[serde(default)]
    pub certificate_password: Option<SecretSource>,
    pub authority: Url,
    pub graph: Url,
    #[serde(default)]
    pub api: Api,
    #[serde(default)]
    pub challenge_timeout_minutes: Option<u32>,
    pub timeout_seconds: u64,
    pub ca_file: PathBuf,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LedgerSection {
    pub file: PathBuf,
    pub keys: PathBuf,
    pub recipients: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QueueSection {
    pub folder: PathBuf,
    #[serde(default)]
    pub bad_rows: BadRows,
    #[serde(default)]
    pub already_enrolled: AlreadyEnrolled,
    pub policy: String,
    pub policies: PathBuf,
    pub settle_milliseconds: u64,
    pub rescan_seconds: u64,
    pub poll_seconds: u64,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SlotsSection {
    pub hid: bool,
    pub readers: bool,
    pub reader_names: Vec<String>,
    #[serde(default)]
    pub confirm_cards: ConfirmCards,
    pub places: Vec<String>,
}

/// What a stock list is for, once one was imported.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StockSection {
    #[serde(default)]
    pub unlisted: Unlisted,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LettersSection {
    pub folder: PathBuf,
    pub language: String,
    pub organisation: String,
    pub return_line: String,
    pub help: String,
    pub sign_in: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogSection {
    pub folder: PathBuf,
    pub level: Level,
    pub days: usize,
}

/// How much the log says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetentionSection {
    pub sealed_pins_days: u32,
    pub archived_files_days: u32,
    pub personal_data_days: u32,
}

impl Config {
    /// Reads and checks the file at `path`.
    ///
    /// # Errors
    /// [`ConfigFault`] with file, line and setting. A setting that is left out has the default of [`TEMPLATE`].
    pub fn load(path: &Path) -> Result<Self, ConfigFault> {
        let fault = |what: String| ConfigFault::objections(path, &[what]);
        let unreadable = |error| ConfigFault::unreadable(path, &error);
        // Looked at before it is opened: a pipe would wait for its writer.
        let metadata = std::fs::metadata(path).map_err(unreadable)?;
        if !metadata.is_file() {
            return Err(fault("this is no file".to_owned()));
        }
        if metadata.len() > CONFIG_BYTES_MAX {
            return Err(fault(format!(
                "{} bytes are too many for a configuration",
                metadata.len()
            )));
        }
        let text = std::fs::read_to_string(path).map_err(unreadable)?;
        let mut config = Self::parse(&text).map_err(fault)?;
        config.file = path.to_owned();
        // The folder above the one that holds the file; a bare file name lies in the current folder.
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        config.root = match folder.map(|folder| folder.join("..")) {
            Some(above) => above
                .canonicalize()
                .map_err(|error| fault(error.to_string()))?,
            None => PathBuf::from(".."),
        };
        let root = config.root.clone();
        config.entra.root(&root);
        config.paper.root(&root);
        config.console.root(&root);
        Ok(config)
    }

    /// Reads the text of a configuration over the defaults.
    ///
    /// # Errors
    /// Every objection with its line and column, one below the other. No value is quoted where a secret may stand.
    pub fn parse(text: &str) -> Result<Self, String> {
        text::read(text).map_err(|objections| listed(&objections))
    }

    /// A path of the configuration, from the root.
    pub fn path(&self, path: &Path) -> PathBuf {
        self.root.join(path)
    }

    /// How the folder is watched.
    pub fn folder_options(&self) -> folder::Options {
        folder::Options {
            settle: Duration::from_millis(self.queue.settle_milliseconds),
            rescan: Duration::from_secs(self.queue.rescan_seconds.max(1)),
            poll: (self.queue.poll_seconds > 0)
                .then(|| Duration::from_secs(self.queue.poll_seconds)),
        }
    }

    /// How job files are taken in.
    pub fn habits(&self) -> Habits {
        Habits {
            bad_rows: self.queue.bad_rows,
            already_enrolled: self.queue.already_enrolled,
        }
    }

    /// What letters say of the sender.
    pub fn letterhead(&self) -> Letterhead {
        let some = |text: &str| (!text.trim().is_empty()).then(|| text.to_owned());
        Letterhead {
            organisation: self.letters.organisation.clone(),
            return_line: some(&self.letters.return_line),
            help: some(&self.letters.help),
            sign_in: self.letters.sign_in.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_file_is_a_configuration() {
        let config = Config::parse(TEMPLATE).expect("the template parses");
        assert_eq!(config.queue.policy, "standard");
        assert_eq!(config.log.days, 30);
    }

    #[test]
    fn a_file_that_says_little_has_the_other_defaults() {
        let config = Config::parse("[entra]\ntenant = \"contoso.com\"\n").expect("it parses");
        assert_eq!(config.entra.tenant, "contoso.com");
        assert_eq!(config.entra.graph.as_str(), "https://graph.microsoft.com/");
    }

    #[test]
    fn an_unknown_setting_is_refused_by_name() {
        let fault = Config::parse("[queue]\nfoldr = \"x\"\n").expect_err("a typo must not run");
        assert!(
            fault.contains("foldr") && fault.contains("folder"),
            "{fault}"
        );
    }
}
