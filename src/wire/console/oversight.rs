//! What the administrator's pages need from outside: the ledger by a way of its own, the folder, the log, the walk, the preflight.

use std::sync::Arc;

use crate::adapter::{folder, logs};
use crate::face::console::admin::log::Tail;
use crate::face::console::admin::task::Progress;
use crate::face::console::admin::{Means, Oversight, Walked};
use crate::face::say::{Complaint, ExitCode};
use crate::wire::commands::{ledger, online};
use crate::wire::config::Config;
use crate::wire::{WireFault, station};

/// What the administrator's pages need of the station of this configuration.
///
/// # Errors
/// When its ledger cannot be read.
pub fn oversight(config: &Config) -> Result<Oversight, WireFault> {
    let queue = config.path(&config.queue.folder);
    let log = config.path(&config.log.folder);
    let (of_walk, of_preflight) = (config.clone(), config.clone());
    Ok(Oversight::new(Means {
        browse: Arc::new(station::read_ledger(config)?),
        set_aside: Arc::new(move || {
            folder::set_aside(&queue).map_err(|fault| {
                Complaint::new(
                    ExitCode::Journal,
                    format!("The queue cannot be looked at: {fault}."),
                    "Look at the folder.",
                )
            })
        }),
        log: Arc::new(move || {
            let read = logs::tail(&log).map_err(|error| {
                Complaint::new(
                    ExitCode::Journal,
                    format!("The log in {} cannot be read: {error}.", log.display()),
                    "Look at the folder's owner and mode.",
                )
            })?;
            let (file, text) = read.unwrap_or_default();
            let file = file.display().to_string();
            Ok(Tail { file, text })
        }),
        walk: Arc::new(move |tell: &Progress| {
            let found = ledger::verify_own(&of_walk, &mut |done, total| tell(done, total))?;
            Ok(match found {
                Ok(audit) => Walked::Sound(audit),
                Err(damage) => Walked::Broken(damage),
            })
        }),
        examine: Arc::new(move |tell: &Progress| {
            let (rows, _) = online::look(&of_preflight, &mut |done, total| tell(done, total));
            Ok(rows)
        }),
    }))
}
