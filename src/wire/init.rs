//! `keyline init`: a new station in a folder. Never overwrites; the configuration is written last, so that a folder without
//! one was never finished.

use std::fs::{DirBuilder, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, chown};
use std::path::{Path, PathBuf};

use crate::adapter::folder::{self, Folder};
use crate::adapter::ledger::{
    Opening, Recipients, SqliteLedger, StationKeys, generate_practice_identity,
};
use crate::wire::config::{Config, TEMPLATE};
use crate::wire::{WireFault, policies};

/// What a new station is made from.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The folder of the station.
    pub folder: PathBuf,
    /// Where the configuration goes; `config/station.toml` in the folder when absent.
    pub config: Option<PathBuf>,
    /// age recipients that can open the sealed PINs.
    pub recipients: Vec<String>,
    /// Generate a recovery pair here: for practice.
    pub practice_identity: Option<PathBuf>,
    /// Changes to the shipped configuration, by section and setting: for the demo.
    pub settings: Vec<(&'static str, &'static str, toml::Value)>,
}

/// What was made, for the person who asked.
#[derive(Clone, Debug)]
pub struct Made {
    pub config: PathBuf,
    pub queue: PathBuf,
    pub ledger: PathBuf,
    /// The identity that can open every PIN, when it was generated here.
    pub identity: Option<PathBuf>,
}

/// Makes a station.
///
/// # Errors
/// When something is there already, a recipient is none, or nobody could open the PINs.
pub fn init(request: &Request) -> Result<Made, WireFault> {
    let root = &request.folder;
    let file = request
        .config
        .clone()
        .unwrap_or_else(|| root.join("config/station.toml"));
    refuse_existing(&file)?;
    if request.recipients.is_empty() && request.practice_identity.is_none() {
        return Err(WireFault::Usage {
            what: "nobody could open the PINs of this station".to_owned(),
            hint: "give --recipient age1… (made with age-keygen on the administrator's machine), or --practice-identity FILE to practise"
                .to_owned(),
        });
    }
    // Before anything is made: a mistyped recipient would lose every PIN.
    if !request.recipients.is_empty() {
        Recipients::parse(&request.recipients)?;
    }
    let mut config = Config::parse(TEMPLATE).map_err(|what| WireFault::Files {
        place: "the shipped configuration".to_owned(),
        what,
    })?;
    config.root.clone_from(root);
    let ledger = config.path(&config.ledger.file);
    refuse_existing(&ledger)?;

    make_folder(root)?;
    make_folder(file.parent().unwrap_or(root))?;
    let mut recipients = request.recipients.clone();
    if let Some(identity) = &request.practice_identity {
        recipients.push(generate_practice_identity(identity)?);
    }
    config.ledger.recipients.clone_from(&recipients);
    let queue = furnish(&config)?;
    let policy_folder = config.path(&config.queue.policies);
    make_folder(&policy_folder)?;
    for (name, text) in policies::SHIPPED {
        write_new(&policy_folder.join(name), text)?;
    }
    write_new(&file, &configuration(&recipients, &request.settings)?)?;
    Ok(Made {
        config: file,
        queue,
        ledger,
        identity: request.practice_identity.clone(),
    })
}

/// Makes the station that a configuration describes which is there already, as the one that a package brought: keys, ledger and
/// queue, sealed to the recipients that it names. Neither the configuration nor its policies are touched.
///
/// # Errors
/// When the ledger is there already, a recipient is none or nobody could open the PINs, or the folders are another user's.
pub fn init_configured(file: &Path) -> Result<Made, WireFault> {
    let config = Config::load(file)?;
    let ledger = config.path(&config.ledger.file);
    refuse_existing(&ledger)?;
    if config.ledger.recipients.is_empty() {
        return Err(WireFault::Usage {
            what: format!(
                "nobody could open the PINs of this station: {} names no recipient",
                file.display()
            ),
            hint: "write `recipients = [\"age1…\"]` into its section [ledger]; the pair is made with age-keygen on the administrator's machine"
                .to_owned(),
        });
    }
    // Before anything is made.
    Recipients::parse(&config.ledger.recipients)?;
    refuse_as_root_for_another(&ledger)?;
    let queue = furnish(&config)?;
    Ok(Made {
        config: file.to_owned(),
        queue,
        ledger,
        identity: None,
    })
}

/// Root may write everywhere, and would leave files behind that the station's own user cannot open.
///
/// # Errors
/// When root asks for what belongs, or would belong, to somebody else.
pub(super) fn refuse_as_root_for_another(path: &Path) -> Result<(), WireFault> {
    if !rustix::process::geteuid().is_root() {
        return Ok(());
    }
    let owner = path
        .ancestors()
        .find_map(|place| place.metadata().ok())
        .map_or(0, |there| there.uid());
    if owner == 0 {
        return Ok(());
    }
    Err(WireFault::Usage {
        what: format!(
            "{} belongs to user {owner}, and what root makes there the station could not open",
            path.display()
        ),
        hint: format!("run it as that user: sudo -u '#{owner}' keyline …"),
    })
}

/// Keys, ledger and queue, where the configuration says; the queue's folder.
fn furnish(config: &Config) -> Result<PathBuf, WireFault> {
    let keys = config.path(&config.ledger.keys);
    let ledger = config.path(&config.ledger.file);
    for folder in [Some(keys.as_path()), ledger.parent()]
        .into_iter()
        .flatten()
    {
        make_folder(folder)?;
    }
    let opening = Opening {
        tenant: String::new(),
        recipients: Recipients::parse(&config.ledger.recipients)?,
        keys: StationKeys::create(&keys)?,
    };
    drop(SqliteLedger::create(&ledger, opening)?);
    let queue = config.path(&config.queue.folder);
    make_folder(&queue)?;
    drop(Folder::open(&queue, [0; 32], folder::Options::default())?);
    Ok(queue)
}

/// The shipped file with its comments, and these settings in place of the defaults.
fn configuration(
    recipients: &[String],
    settings: &[(&'static str, &'static str, toml::Value)],
) -> Result<String, WireFault> {
    let listed = recipients
        .iter()
        .map(|one| toml::Value::String(one.clone()))
        .collect();
    let mut changes = vec![("ledger", "recipients", toml::Value::Array(listed))];
    changes.extend(settings.iter().cloned());
    let mut section = String::new();
    let mut lines = Vec::new();
    for line in TEMPLATE.lines() {
        if let Some(name) = line
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
        {
            section = name.to_owned();
        }
        let setting = line.split('=').next().unwrap_or("").trim();
        let change = changes
            .iter()
            .position(|(wanted, name, _)| *wanted == section && *name == setting);
        match change {
            Some(at) => {
                let (_, name, value) = changes.remove(at);
                lines.push(format!("{name} = {value}"));
            }
            None => lines.push(line.to_owned()),
        }
    }
    match changes.first() {
        None => Ok(lines.join("\n") + "\n"),
        Some((section, name, _)) => Err(WireFault::Files {
            place: "the shipped configuration".to_owned(),
            what: format!("it has no setting {section}.{name}"),
        }),
    }
}

fn refuse_existing(path: &Path) -> Result<(), WireFault> {
    if path.symlink_metadata().is_ok() {
        return Err(WireFault::Usage {
            what: format!("{} is there already", path.display()),
            hint:
                "keyline init never overwrites: choose another folder, or move the old station away"
                    .to_owned(),
        });
    }
    Ok(())
}

fn make_folder(path: &Path) -> Result<(), WireFault> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|error| WireFault::files(path, &error))
}

pub(super) fn write_new(path: &Path, text: &str) -> Result<(), WireFault> {
    let wrong = |error: std::io::Error| WireFault::files(path, &error);
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(wrong)?;
    file.write_all(text.as_bytes()).map_err(wrong)?;
    file.sync_all().map_err(wrong)
}

/// Writes `text` in place of a file, whole or not at all. Owner and mode stay: an administrator's change must not lock the
/// station out.
pub(super) fn replace(path: &Path, text: &str) -> Result<(), WireFault> {
    let wrong = |error: std::io::Error| WireFault::files(path, &error);
    let fresh = path.with_extension("toml.new");
    match std::fs::remove_file(&fresh) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(wrong(error)),
        Ok(()) | Err(_) => {}
    }
    let before = std::fs::metadata(path).map_err(wrong)?;
    write_new(&fresh, text)?;
    if before.uid() != rustix::process::geteuid().as_raw()
        || before.gid() != rustix::process::getegid().as_raw()
    {
        chown(&fresh, Some(before.uid()), Some(before.gid())).map_err(wrong)?;
    }
    std::fs::set_permissions(&fresh, before.permissions()).map_err(wrong)?;
    std::fs::rename(&fresh, path).map_err(wrong)
}

#[cfg(test)]
mod tests;
