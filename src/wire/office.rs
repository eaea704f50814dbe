//! Builds what the administrator's pages of the console ask for: the tenant, the queue, the metadata, the settings in force.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use toml::Value;
use url::Url;

use crate::adapter::folder::{self, NewFile, format};
use crate::adapter::ledger::SqliteLedger;
use crate::adapter::system::SystemClock;
use crate::app::{Policies, intake};
use crate::domain::authenticator::Aaguid;
use crate::domain::job::proposal::Proposal;
use crate::domain::job::row::{BadRow, Code, Rules};
use crate::domain::job::sheet::Unit;
use crate::domain::person::Group;
use crate::domain::policy::Policy;
use crate::face::console::office::{
    Calls, Inbox, Library, Note, Offered, Office, Setting, Sheet, TakenIn,
};
use crate::face::say::{Complaint, mds as words};
use crate::port::{Clock as _, Keeping, Ledger};
use crate::wire::commands::check;
use crate::wire::commands::mds::complaint;
use crate::wire::commands::people::{COLUMNS, minute, title};
use crate::wire::config::{Config, TEMPLATE};
use crate::wire::station::{Parts, station_keys};
use crate::wire::{WireFault, metadata, stationery};

/// The office of a station that is about to run.
///
/// # Errors
/// When its letters' templates cannot be used.
pub fn office(config: &Config, parts: &Parts) -> Result<Office, WireFault> {
    let templates = stationery::templates(config)?;
    let languages = templates.languages().map(str::to_owned).collect();
    let rules = intake::rules(&parts.policies, languages);
    Ok(Office {
        directory: parts.ports.directory.clone(),
        tenant: parts.ports.relying_party.clone(),
        models: parts.ports.models.clone(),
        policies: Arc::clone(&parts.policies),
        inbox: Arc::new(Queue {
            config: config.clone(),
            policies: Arc::clone(&parts.policies),
            rules: rules.clone(),
            ledger: parts.ports.ledger.clone(),
        }),
        library: Arc::new(Metadata {
            config: config.clone(),
            ledger: Arc::clone(&parts.ledger),
        }),
        rules,
        station: station(config),
        sheets: policies(config, &parts.policies),
        cancel: parts.cancel.clone(),
        calls: Calls::default(),
    })
}

/// The queue of this station.
struct Queue {
    config: Config,
    policies: Arc<Policies>,
    rules: Rules,
    ledger: Arc<dyn Ledger>,
}

impl Queue {
    fn folder(&self) -> PathBuf {
        self.config.path(&self.config.queue.folder)
    }

    /// Has it noted who puts this file into the queue, and only then puts it there.
    fn lay(
        &self,
        (name, bytes): (&str, &[u8]),
        rows: usize,
        note: Note<'_>,
    ) -> Result<String, Complaint> {
        let content = station_keys(&self.config)?.content_hash(bytes);
        note(Keeping::Queued { rows, content })?;
        Ok(folder::put(&self.folder(), name, bytes).map_err(WireFault::from)?)
    }

    fn composer(&self) -> Result<crate::adapter::paper::Composer, WireFault> {
        stationery::composer(&self.config, stationery::templates(&self.config)?)
    }
}

impl Inbox for Queue {
    fn offer(&self, name: &str, bytes: &[u8], note: Note<'_>) -> Result<Offered, Complaint> {
        let bad = |unit, rows| Ok(Offered::Bad { unit, rows });
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if length >= format::FILE_BYTES_MAX {
            let reason = BadRow::whole(
                Code::FileTooLarge,
                "The file is too large for a job file.",
                "Cut it into several files.",
            );
            return bad(Unit::Line, vec![reason]);
        }
        let parsed = match format::parse(name, bytes, &self.rules) {
            Ok(parsed) => parsed,
            Err(unusable) => return bad(unusable.unit, unusable.reasons),
        };
        let (unit, rows) = (parsed.unit, parsed.drafts.len());
        let composer = self.composer()?;
        let station = (&self.config, self.policies.as_ref(), &composer);
        // Nobody sits at a terminal for this.
        let mut silent = |_, _| ();
        let found = check::objections(station, parsed, self.ledger.as_ref(), &mut silent)?;
        if !found.is_empty() {
            return bad(unit, found);
        }
        let name = self.lay((name, bytes), rows, note)?;
        Ok(Offered::Put { name, rows })
    }

    fn put(
        &self,
        group: Option<&Group>,
        rows: &[Proposal],
        note: Note<'_>,
    ) -> Result<String, Complaint> {
        let mut file = NewFile::new(&COLUMNS).map_err(WireFault::from)?;
        for row in rows {
            file.push(row).map_err(WireFault::from)?;
        }
        let title = match group {
            Some(group) => {
                let language = &self.config.letters.language;
                title::of(group, &minute(), &self.composer()?, language)?
            }
            // Not a person's name: a batch's name outlives the person.
            None => format!("added {}", minute()),
        };
        let bytes = file.into_bytes().map_err(WireFault::from)?;
        self.lay((&format!("{title}.csv"), &bytes), rows.len(), note)
    }
}

/// The metadata of this station.
struct Metadata {
    config: Config,
    /// It knows which numbers were here before.
    ledger: Arc<SqliteLedger>,
}

impl Library for Metadata {
    fn import(&self, file: &[u8]) -> Result<TakenIn, Complaint> {
        let trust = metadata::trust(&self.config)?;
        let now = SystemClock.now();
        let floors = metadata::floors(&self.ledger)?;
        let kept = metadata::kept(&self.config).not_below(floors);
        let import = kept
            .import(file, &trust, now)
            .map_err(|fault| complaint(&fault))?;
        let mut lines = vec![words::edition(&import.edition)];
        lines.extend(words::left_out(&import.edition));
        lines.extend(import.complaints);
        lines.extend(words::stale(&import.edition, now.utc_day()));
        Ok(TakenIn {
            lines,
            keeping: Keeping::Metadata {
                signer: import.edition.signer,
                number: import.edition.number,
            },
        })
    }

    fn logo(&self, model: Aaguid) -> Result<Option<String>, Complaint> {
        let logo = metadata::kept(&self.config).logo(model);
        logo.map_err(|fault| complaint(&fault))
    }
}

/// The station's settings: the defaults, and over them what the file says.
fn station(config: &Config) -> Sheet {
    let own = table(&config.file);
    let defaults: toml::Table = TEMPLATE.parse().unwrap_or_default();
    let mut settings = Vec::new();
    let sections = |table: &toml::Table| table.keys().cloned().collect::<Vec<_>>();
    let mut names = sections(&defaults);
    names.extend(
        sections(&own)
            .into_iter()
            .filter(|name| !defaults.contains_key(name)),
    );
    for section in names {
        let of = |table: &toml::Table| {
            let section = table.get(&section).and_then(Value::as_table);
            section.cloned().unwrap_or_default()
        };
        let (mut whole, written) = (of(&defaults), of(&own));
        whole.extend(written.clone());
        settings.extend(whole.into_iter().map(|(name, value)| Setting {
            section: section.clone(),
            of_file: written.contains_key(&name),
            value: shown(&value),
            name,
        }));
    }
    Sheet {
        file: config.file.display().to_string(),
        settings,
    }
}

/// What is in force of every policy.
fn policies(config: &Config, policies: &Policies) -> BTreeMap<String, Sheet> {
    let folder = config.path(&config.queue.policies);
    let sheet = |(name, policy): (&String, &Policy)| {
        let file = folder.join(format!("{name}.toml"));
        let written = table(&file);
        let whole = Value::try_from(policy).ok();
        let whole = whole
            .and_then(|value| value.as_table().cloned())
            .unwrap_or_default();
        // In the order of the manual.
        let settings = Policy::settings().into_iter().map(|name| Setting {
            section: String::new(),
            name: name.to_owned(),
            value: whole.get(name).map_or_else(|| "-".to_owned(), shown),
            of_file: written.contains_key(name),
        });
        let settings = settings.collect();
        let file = file.display().to_string();
        (name.clone(), Sheet { file, settings })
    };
    policies.by_name.iter().map(sheet).collect()
}

/// What a file of settings says now; nothing where it cannot be read any more.
fn table(file: &Path) -> toml::Table {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    text.parse().unwrap_or_default()
}

/// A value as its file has it, but for what stands before the host of an address: it may be a password.
fn shown(value: &Value) -> String {
    if let Some(list) = value.as_array() {
        let list: Vec<String> = list.iter().map(shown).collect();
        return format!("[{}]", list.join(", "));
    }
    if let Some(table) = value.as_table() {
        let pairs = table
            .iter()
            .map(|(name, value)| format!("{name} = {}", shown(value)));
        return format!("{{ {} }}", pairs.collect::<Vec<_>>().join(", "));
    }
    let Some(text) = value.as_str() else {
        return value.to_string();
    };
    let url = Url::parse(text).ok().filter(Url::has_authority);
    let secret = url.filter(|url| !url.username().is_empty() || url.password().is_some());
    match secret {
        Some(url) => {
            let host = url.host_str().unwrap_or_default();
            format!("\"{}://…@{host}…\"", url.scheme())
        }
        None => format!("\"{text}\""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_password_of_an_address_is_shown() {
        let value: Value = "ipp://anna:geheim@printer.contoso.com/x".into();
        assert_eq!(shown(&value), "\"ipp://…@printer.contoso.com…\"");
        let list = Value::Array(vec![value, "https://contoso.com/".into()]);
        let list = shown(&list);
        assert!(
            !list.contains("geheim") && list.contains("https://contoso.com/"),
            "{list}"
        );
    }
}
