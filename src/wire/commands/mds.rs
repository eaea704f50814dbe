//! `keyline mds`: the FIDO Metadata Service's file is taken in, fetched, and looked at. None of it needs the ledger, and all of it
//! works beside a running station.

use std::io::{Read as _, Write};
use std::path::Path;

use crate::adapter::mds::blob::BLOB_BYTES_MAX;
use crate::adapter::mds::{Import, MdsFault};
use crate::adapter::system::SystemClock;
use crate::domain::authenticator::Aaguid;
use crate::face::ask::say;
use crate::face::cli::Mds;
use crate::face::report::{self, Style};
use crate::face::say::news::sentence;
use crate::face::say::{Complaint, ExitCode, clean, mds as words};
use crate::port::Clock as _;
use crate::wire::commands::{Ended, cannot_write};
use crate::wire::config::Config;
use crate::wire::init::refuse_as_root_for_another;
use crate::wire::{WireFault, metadata};

pub(super) fn mds(path: &Path, command: &Mds, out: &mut dyn Write) -> Ended {
    let config = Config::load(path).map_err(WireFault::from)?;
    match command {
        Mds::Import { file } => take_in(&config, &read(file)?, out),
        Mds::Update => {
            if let Some(objection) = metadata::objection(&config) {
                return Err(Complaint::usage(
                    sentence(&objection),
                    "Mend the configuration.",
                ));
            }
            let source = metadata::source(&config);
            say(&format!(
                "Fetching the metadata from {}.",
                source.url.host_str().unwrap_or_default()
            ));
            take_in(
                &config,
                &source.fetch().map_err(|fault| complaint(&fault))?,
                out,
            )
        }
        Mds::Show { aaguid, json } => show(&config, *aaguid, *json, out),
    }
}

/// The file that somebody named. A pipe would be waited for, and a disk is no file.
fn read(file: &Path) -> Result<Vec<u8>, Complaint> {
    let wrong = |what: &str| {
        Complaint::usage(
            format!("{} cannot be read: {what}.", file.display()),
            "Give the file as the FIDO Metadata Service hands it out.",
        )
    };
    let about = std::fs::metadata(file).map_err(|error| wrong(&error.to_string()))?;
    if !about.is_file() {
        return Err(wrong("it is no file"));
    }
    let mut blob = Vec::new();
    std::fs::File::open(file)
        .and_then(|open| {
            open.take(BLOB_BYTES_MAX.saturating_add(1))
                .read_to_end(&mut blob)
        })
        .map_err(|error| wrong(&error.to_string()))?;
    Ok(blob)
}

fn take_in(config: &Config, blob: &[u8], out: &mut dyn Write) -> Ended {
    let kept = metadata::kept(config);
    refuse_as_root_for_another(kept.file())?;
    let trust = metadata::trust(config)?;
    let now = SystemClock.now();
    let import = kept
        .import(blob, &trust, now)
        .map_err(|fault| complaint(&fault))?;
    tell(&import, out).map_err(|error| cannot_write(&error))?;
    if let Some(stale) = words::stale(&import.edition, now.utc_day()) {
        say(&format!("warning: {stale}"));
    }
    Ok(ExitCode::Done)
}

fn tell(import: &Import, out: &mut dyn Write) -> std::io::Result<()> {
    writeln!(out, "{}", words::edition(&import.edition))?;
    if let Some(left_out) = words::left_out(&import.edition) {
        writeln!(out, "{left_out}")?;
    }
    for complaint in &import.complaints {
        writeln!(out, "  {}", clean(complaint))?;
    }
    match import.before {
        Some(before) if before == import.edition.number => {
            writeln!(out, "It was here already.")
        }
        Some(before) => writeln!(out, "Number {before} was here before."),
        None => Ok(()),
    }
}

fn show(config: &Config, aaguid: Option<Aaguid>, json: bool, out: &mut dyn Write) -> Ended {
    let kept = metadata::kept(config);
    let Some(shelf) = kept.load().map_err(|fault| complaint(&fault))? else {
        return Err(Complaint::usage(
            "There is no metadata of models here yet.",
            "`keyline mds update` fetches it, `keyline mds import FILE` takes it from a file.",
        ));
    };
    let (style, today) = (Style::here(json), SystemClock.now().utc_day());
    match aaguid {
        None => report::mds::edition(&shelf.edition, today, &style, out)?,
        Some(aaguid) => {
            let Some(entry) = shelf.models.get(&aaguid) else {
                return Err(Complaint::usage(
                    format!(
                        "The metadata (number {}) says nothing of a model {aaguid}.",
                        shelf.edition.number
                    ),
                    "Nothing is claimed of such keys: their attestation is checked, but not whose it is. A newer edition may have it: `keyline mds update`.",
                ));
            };
            let logo = kept.logo(aaguid).map_err(|fault| complaint(&fault))?;
            report::mds::model(&shelf, entry, logo.is_some(), today, &style, out)?;
        }
    }
    if let Some(stale) = words::stale(&shelf.edition, today) {
        say(&format!("warning: {stale}"));
    }
    Ok(ExitCode::Done)
}

/// What went wrong with metadata, and what to do.
pub(in crate::wire) fn complaint(fault: &MdsFault) -> Complaint {
    let (exit, hint) = match fault {
        MdsFault::NotMetadata { .. } => (
            ExitCode::Refused,
            "Nothing was changed. Fetch the file anew, whole, from https://mds3.fidoalliance.org/.",
        ),
        MdsFault::NotTrusted { .. } => (
            ExitCode::Refused,
            "Nothing was changed. Fetch the file anew from https://mds3.fidoalliance.org/, and look at the clock of this computer.",
        ),
        MdsFault::Older { .. } => (
            ExitCode::Refused,
            "Nothing was changed. An older file could hide what was found out since; fetch the newest one.",
        ),
        MdsFault::Unreachable { .. } => (
            ExitCode::RelyingParty,
            "What was here before counts on. Look at the network and the proxy, or take the file in with `keyline mds import FILE`.",
        ),
        MdsFault::Damaged { .. } => (
            ExitCode::Journal,
            "Import it anew: `keyline mds update`, or `keyline mds import FILE`.",
        ),
        MdsFault::Files { .. } => (
            ExitCode::Journal,
            "Look at the file, its folder's owner and mode, and the room on its disk.",
        ),
    };
    Complaint::new(exit, sentence(&fault.to_string()), hint)
}
