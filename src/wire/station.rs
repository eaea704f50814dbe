//! A station as its configuration describes it: every port with its adapter behind it.

use std::path::PathBuf;
use std::sync::Arc;

use crate::adapter::ctap::keys::ReaderChoice;
use crate::adapter::ctap::{Hardware, Verifier, Watched};
use crate::adapter::entra::Entra;
use crate::adapter::folder::Folder;
use crate::adapter::ledger::{Opening, Recipients, SqliteLedger, StationKeys};
use crate::adapter::system::{SystemClock, SystemEntropy};
use crate::app::board::Board;
use crate::app::intake::Intake;
use crate::app::station::slots::SlotMap;
use crate::app::{Policies, Ports};
use crate::port::{CancelFlag, Keys, Mailbox, Operator, Place, Press};
use crate::wire::config::{Config, ConfigFault};
use crate::wire::init::refuse_as_root_for_another;
use crate::wire::{WireFault, metadata, policies, printer, stationery};

/// The parts of a station, before it runs.
pub struct Parts {
    pub ports: Ports,
    pub policies: Arc<Policies>,
    pub intake: Arc<Intake>,
    pub board: Arc<Board>,
    /// The ledger, for what only its adapter can do.
    pub ledger: Arc<SqliteLedger>,
    /// The queue, for what only its adapter can do.
    pub folder: Arc<Folder>,
    /// Ends waits for the tenant.
    pub cancel: CancelFlag,
}

/// Puts a station together over these keys.
///
/// # Errors
/// The first part that cannot be had, in words.
pub fn assemble(
    config: &Config,
    keys: Arc<dyn Keys>,
    operator: Arc<dyn Operator>,
) -> Result<Parts, WireFault> {
    let objections = config.check();
    if !objections.is_empty() {
        return Err(ConfigFault::objections(&config.file, &objections).into());
    }
    refuse_as_root_for_another(&config.path(&config.ledger.file))?;
    let policies = policies::load(config)?;
    let clock = Arc::new(SystemClock);
    let cancel = CancelFlag::default();
    let entra = Entra::new(
        config.entra(),
        config.sign_in_way(),
        clock.clone(),
        cancel.clone(),
    )?;
    // Before everything that a station in work has open: a second one must not tidy up its letters.
    let ledger = Arc::new(open_ledger(config)?);
    ledger.sign_lock("a station");
    let models = metadata::catalogue(config, &ledger)?;
    let board: Arc<Board> = Arc::default();
    metadata::begin(config, &ledger, &models, &policies, &board)?;
    metadata::note(&models, &ledger)?;
    let (press, languages) = open_press(config)?;
    let policies = Arc::new(policies.at_a_station_that_prints(press.prints()));
    let content_key = station_keys(config)?.content_key();
    let folder = Arc::new(Folder::open(
        &config.path(&config.queue.folder),
        content_key,
        config.folder_options(),
    )?);
    let entra = Arc::new(entra);
    let ports = Ports {
        keys,
        relying_party: entra.clone(),
        directory: entra,
        ledger: ledger.clone(),
        press,
        attestation_check: Arc::new(Verifier),
        models: Arc::new(models),
        operator,
        clock: clock.clone(),
        entropy: Arc::new(SystemEntropy),
    };
    let mailbox: Arc<dyn Mailbox> = folder.clone();
    #[cfg(feature = "crash-points")]
    let (ports, mailbox) = crate::wire::crash_points::around(ports, mailbox)?;
    let intake = Intake::new(
        mailbox,
        ports.ledger.clone(),
        clock,
        policies.clone(),
        languages,
        config.habits(),
    );
    Ok(Parts {
        ports,
        policies,
        intake: Arc::new(intake),
        board,
        ledger,
        folder,
        cancel,
    })
}

/// The tenant that the configuration names, for a command that asks it a few things and ends.
///
/// # Errors
/// What of the configuration cannot be used.
pub fn tenant(config: &Config) -> Result<Entra, WireFault> {
    let objections = config.check();
    if !objections.is_empty() {
        return Err(ConfigFault::objections(&config.file, &objections).into());
    }
    Ok(Entra::new(
        config.entra(),
        config.sign_in_way(),
        Arc::new(SystemClock),
        CancelFlag::default(),
    )?)
}

/// Where letters go, and the languages that they can be written in. Whoever opens it holds the ledger: nobody else tidies up
/// there meanwhile.
///
/// # Errors
/// What of the templates, or of the printer or folder that is configured, cannot be used.
pub fn open_press(config: &Config) -> Result<(Arc<dyn Press>, Vec<String>), WireFault> {
    let templates = stationery::templates(config)?;
    let languages = templates.languages().map(str::to_owned).collect();
    let composer = stationery::composer(config, templates)?;
    Ok((printer::open_press(config, composer)?, languages))
}

/// The ledger, for the one process that works on it.
///
/// # Errors
/// When another keyline holds it, or it or the keys cannot be used.
pub fn open_ledger(config: &Config) -> Result<SqliteLedger, WireFault> {
    let opening = Opening {
        tenant: config.entra.tenant.clone(),
        recipients: Recipients::parse(&config.ledger.recipients)?,
        keys: station_keys(config)?,
    };
    Ok(SqliteLedger::open(
        &config.path(&config.ledger.file),
        opening,
    )?)
}

/// The ledger for looking only.
///
/// # Errors
/// When it cannot be read.
pub fn read_ledger(config: &Config) -> Result<SqliteLedger, WireFault> {
    Ok(SqliteLedger::open_reader(
        &config.path(&config.ledger.file),
    )?)
}

/// The station's own keys.
///
/// # Errors
/// When one of them is missing, open to others, or damaged.
pub(super) fn station_keys(config: &Config) -> Result<StationKeys, WireFault> {
    Ok(StationKeys::load(
        &config.path(&config.ledger.keys),
        credentials().as_deref(),
    )?)
}

/// Where systemd hands credentials over.
pub(super) fn credentials() -> Option<PathBuf> {
    std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from)
}

/// The real keys that the configuration watches.
pub fn hardware(config: &Config) -> Hardware {
    Hardware::new(Watched {
        hid: config.slots.hid,
        readers: reader_choice(config),
    })
}

/// The readers that count.
pub(super) fn reader_choice(config: &Config) -> ReaderChoice {
    match (config.slots.readers, config.slots.reader_names.is_empty()) {
        (false, _) => ReaderChoice::None,
        (true, true) => ReaderChoice::All,
        (true, false) => ReaderChoice::Named(config.slots.reader_names.clone()),
    }
}

/// The slots that `keyline slots learn` wrote down.
pub fn slots(config: &Config) -> SlotMap {
    SlotMap::new(config.slots.places.iter().cloned().map(Place))
}
