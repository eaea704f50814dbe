//! What the administrator's pages need from outside: the ledger by a way of its own, the folder, the log, the walk, the preflight.

use std::sync::Arc;

use crate::adapter::entra::is_loopback;
use crate::adapter::ledger::{SealedPin, SqliteLedger, sealed_rows};
use crate::adapter::{folder, logs};
use crate::face::console::admin::log::Tail;
use crate::face::console::admin::task::Progress;
use crate::face::console::admin::{Means, Oversight, Walked};
use crate::face::console::pins::{Desk, Place, SHOWN_SECONDS, Sealed};
use crate::face::say::{Complaint, ExitCode};
use crate::wire::commands::{ledger, online, pins::origin};
use crate::wire::config::Config;
use crate::wire::{WireFault, metadata, station};

/// What the administrator's pages need of the station of this configuration.
///
/// # Errors
/// When its ledger cannot be read.
pub fn oversight(config: &Config) -> Result<Oversight, WireFault> {
    let queue = config.path(&config.queue.folder);
    let log = config.path(&config.log.folder);
    let (of_walk, of_preflight) = (config.clone(), config.clone());
    let ledger = Arc::new(station::read_ledger(config)?);
    // A practice root that was left behind makes no practice of a station whose tenant is real.
    let practice = metadata::names_practice_root(config) && is_loopback(&config.entra.authority);
    let place = if practice {
        Place::Practice
    } else {
        Place::Station
    };
    Ok(Oversight::new(Means {
        browse: ledger.clone(),
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
        pins: desk(Arc::clone(&ledger), place),
    }))
}

/// The sealed PINs of this ledger, for the pages.
pub(super) fn desk(ledger: Arc<SqliteLedger>, place: Place) -> Desk {
    Desk {
        sealed: Arc::new(move |job| {
            let rows = sealed_rows(&ledger, job)?;
            Ok(rows.into_iter().filter_map(of_row).collect())
        }),
        place,
        shown_seconds: SHOWN_SECONDS,
    }
}

fn of_row(row: SealedPin) -> Option<Sealed> {
    Some(Sealed {
        origin: origin(row.kind(), row.attempt())?,
        code: row.kind().code(),
        tenant: row.tenant().to_owned(),
        user: row.user().to_owned(),
        serial: row.serial().to_owned(),
        bytes: row.sealed,
    })
}
