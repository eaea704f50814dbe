//! `keyline mds`: the FIDO Metadata Service's file is taken in, fetched, and looked at. All of it works beside a running station; the
//! ledger is asked which numbers were here before, and told the new one.

use std::io::{Read as _, Write};
use std::path::Path;

use crate::adapter::mds::blob::BLOB_BYTES_MAX;
use crate::adapter::mds::{Floors, Import, MdsFault};
use crate::adapter::system::SystemClock;
use crate::domain::authenticator::Aaguid;
use crate::face::ask::say;
use crate::face::cli::Mds;
use crate::face::control::{Answer, Ask};
use crate::face::report::{self, Style};
use crate::face::say::news::sentence;
use crate::face::say::{Complaint, ExitCode, clean, mds as words};
use crate::port::{Clock as _, Keeping};
use crate::wire::commands::reply::reply;
use crate::wire::commands::{Ended, admin};
use crate::wire::config::Config;
use crate::wire::init::refuse_as_root_for_another;
use crate::wire::{WireFault, metadata, station};

pub(super) fn mds(path: &Path, command: &Mds, out: &mut dyn Write) -> Ended {
    let config = Config::load(path).map_err(WireFault::from)?;
    match command {
        Mds::Import { file, json } => take_in(&config, &read(file)?, *json, out),
        Mds::Update { json } => {
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
                *json,
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

fn take_in(config: &Config, blob: &[u8], json: bool, out: &mut dyn Write) -> Ended {
    let kept = metadata::kept(config).not_below(floors(config)?);
    refuse_as_root_for_another(kept.file())?;
    let trust = metadata::trust(config)?;
    let now = SystemClock.now();
    let import = kept
        .import(blob, &trust, now)
        .map_err(|fault| complaint(&fault))?;
    note(config, &import);
    let today = now.utc_day();
    let ended = reply(json, out, |reply| {
        reply.fact(
            "metadata",
            report::mds::edition_value(&import.edition, today),
        );
        reply.fact("before", import.before);
        reply.fact("complaints", import.complaints.clone());
        for line in lines(&import) {
            reply.line(&line);
        }
        Ok(ExitCode::Done)
    });
    if let Some(stale) = words::stale(&import.edition, today) {
        say(&format!("warning: {stale}"));
    }
    ended
}

/// What was here before; nothing, where no ledger was made yet.
fn floors(config: &Config) -> Result<Floors, Complaint> {
    if !config.path(&config.ledger.file).exists() {
        return Ok(Floors::default());
    }
    Ok(metadata::floors(&station::read_ledger(config)?)?)
}

/// The number stands in the ledger from now on. Where that fails the file counts all the same, and the next start makes up for it.
fn note(config: &Config, import: &Import) {
    if !config.path(&config.ledger.file).exists() {
        return;
    }
    let asked = Ask::Keep {
        keeping: Keeping::Metadata {
            signer: import.edition.signer,
            number: import.edition.number,
        },
        actor: admin::actor(),
    };
    if let Err(complaint) = admin::put(config, &asked).and_then(Answer::into_result) {
        say(&format!(
            "warning: {}",
            words::not_noted(&complaint.message)
        ));
    }
}

fn lines(import: &Import) -> Vec<String> {
    let mut lines = vec![words::edition(&import.edition)];
    lines.extend(words::left_out(&import.edition));
    let complaints = import.complaints.iter();
    lines.extend(complaints.map(|complaint| format!("  {}", clean(complaint))));
    lines.extend(import.before.map(|before| {
        if before == import.edition.number {
            "It was here already.".to_owned()
        } else {
            format!("Number {before} was here before.")
        }
    }));
    lines
}

fn show(config: &Config, aaguid: Option<Aaguid>, json: bool, out: &mut dyn Write) -> Ended {
    let kept = metadata::kept(config).not_below(floors(config)?);
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
            report::mds::model(&shelf, entry, logo.as_deref(), today, &style, out)?;
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
        MdsFault::GoneBack { .. } => (
            ExitCode::Journal,
            "An older file could hide what was found out since. Import the newest: `keyline mds update`, or `keyline mds import FILE`.",
        ),
        MdsFault::Lost { .. } => (
            ExitCode::Journal,
            "The station starts once it is imported. To go on without it, which lets keys of revoked models through, say `revoked_models = \"warn\"` in every policy.",
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
