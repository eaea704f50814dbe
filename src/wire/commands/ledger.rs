//! `keyline ledger verify` and `keyline ledger backup`: both read a snapshot of their own, and never keep a station from its work.

use std::io::Write;
use std::path::Path;

use crate::adapter::ledger::{Counts, Sound, SqliteLedger, Verdict};
use crate::domain::fault::Fault;
use crate::face::cli::Ledger;
use crate::face::report::audit::{self, Audit, Copy, Damage};
use crate::face::say::{Complaint, ExitCode, news::sentence};
use crate::face::terminal::Progress;
use crate::wire::commands::Ended;
use crate::wire::config::Config;
use crate::wire::{WireFault, station};

pub(super) fn ledger(config: &Path, command: &Ledger, out: &mut dyn Write) -> Ended {
    match command {
        Ledger::Verify { file, keys, json } => verify(config, file.as_deref(), keys, *json, out),
        Ledger::Backup { file } => back_up(config, file, out),
    }
}

fn verify(
    config: &Path,
    file: Option<&Path>,
    keys: &[[u8; 32]],
    json: bool,
    out: &mut dyn Write,
) -> Ended {
    let (path, own) = match file {
        Some(file) if file.is_dir() => {
            return Err(Complaint::usage(
                format!("{} is a folder, and no ledger of keyline.", file.display()),
                "Give the copy of a ledger, or leave FILE out for the station's own.",
            ));
        }
        Some(file) if !file.exists() => {
            return Err(Complaint::usage(
                format!("{} is not there.", file.display()),
                "Give the copy of a ledger, or leave FILE out for the station's own.",
            ));
        }
        Some(file) => (file.to_owned(), None),
        None => {
            let config = Config::load(config).map_err(WireFault::from)?;
            (config.path(&config.ledger.file), own_key(&config))
        }
    };
    let name = path.display().to_string();
    let trusted: Vec<[u8; 32]> = own.into_iter().chain(keys.iter().copied()).collect();
    let mut progress = Progress::begin("verifying");
    let walked = walk(&path, &trusted, &mut |done, total| {
        progress.step(done, total);
    });
    drop(progress);
    let damage = match walked {
        // Whoever names a key wants to know that its owner signed; nothing says so here.
        Ok((Verdict::Sound(sound), _)) if sound.checkpoints == 0 && !keys.is_empty() => Damage {
            file: name,
            row: None,
            why: "none of its rows is signed, so no key that you name answers for it".to_owned(),
        },
        Ok(found) => match judged(name, own, found) {
            Ok(found) => {
                audit::verified(&found, json, out)?;
                return Ok(ExitCode::Done);
            }
            Err(damage) => damage,
        },
        Err(fault) => {
            let complaint = unreadable(&fault, file.is_some());
            if json {
                let damage = Damage {
                    file: name,
                    row: None,
                    why: complaint.message.clone(),
                };
                audit::broken(&damage, &complaint, out)?;
            }
            return Err(complaint);
        }
    };
    let complaint = audit::complaint(&damage);
    if json {
        audit::broken(&damage, &complaint, out)?;
    }
    Err(complaint)
}

/// What an auditor is told of a file that cannot be walked. The hints of a station that cannot start do not fit.
fn unreadable(fault: &Fault, is_copy: bool) -> Complaint {
    let mut complaint = Complaint::from(fault);
    if let Fault::LedgerUnfit { what } = fault
        && is_copy
    {
        complaint.message = sentence(what);
        complaint.hint = "Name the copy of a ledger that this keyline can read. If this was one, use another backup that `keyline ledger verify FILE` finds whole.".to_owned();
    } else if let Fault::Ledger { what } = fault {
        complaint.message = format!("The ledger cannot be verified: {}", sentence(what));
        complaint.hint = if is_copy {
            "Do not rely on this copy. Look for another one that `keyline ledger verify FILE` finds whole."
        } else {
            "Stop the station before anything is put right. A ledger goes back to the newest backup that `keyline ledger verify FILE` finds whole."
        }
        .to_owned();
    }
    complaint
}

fn walk(
    path: &Path,
    trusted: &[[u8; 32]],
    tell: &mut dyn FnMut(u64, u64),
) -> Result<(Verdict, Counts), Fault> {
    let ledger = SqliteLedger::open_reader(path)?;
    let verdict = ledger.audit(trusted, tell)?;
    Ok((verdict, ledger.counts()?))
}

/// Verifies the station's own ledger, for whoever shows it elsewhere.
///
/// # Errors
/// When it cannot be walked.
pub(in crate::wire) fn verify_own(
    config: &Config,
    tell: &mut dyn FnMut(u64, u64),
) -> Result<Result<Audit, Damage>, Complaint> {
    let path = config.path(&config.ledger.file);
    let own = own_key(config);
    let trusted: Vec<[u8; 32]> = own.into_iter().collect();
    let found = walk(&path, &trusted, tell).map_err(|fault| unreadable(&fault, false))?;
    Ok(judged(path.display().to_string(), own, found))
}

/// Verifies a copy, for whoever shows it elsewhere.
///
/// # Errors
/// When it cannot be walked.
pub(in crate::wire) fn verify_copy(
    path: &Path,
    tell: &mut dyn FnMut(u64, u64),
) -> Result<Result<Audit, Damage>, Complaint> {
    let found = walk(path, &[], tell).map_err(|fault| unreadable(&fault, true))?;
    Ok(judged(path.display().to_string(), None, found))
}

/// Without its keys every key counts, as for a copy.
fn own_key(config: &Config) -> Option<[u8; 32]> {
    let keys = station::station_keys(config).ok()?;
    Some(keys.verifying_key().to_bytes())
}

fn judged(
    file: String,
    own: Option<[u8; 32]>,
    (verdict, counts): (Verdict, Counts),
) -> Result<Audit, Damage> {
    match verdict {
        Verdict::Sound(sound) => Ok(Audit {
            own_key: own.map(|key| hexadecimal(&key)),
            ..describe(file, sound, counts)
        }),
        Verdict::Broken(broken) => Err(Damage {
            file,
            row: Some(broken.row),
            why: broken.why,
        }),
    }
}

fn back_up(config: &Path, file: &Path, out: &mut dyn Write) -> Ended {
    let config = Config::load(config).map_err(WireFault::from)?;
    if file.symlink_metadata().is_ok() {
        return Err(Complaint::usage(
            format!(
                "{} is there already, and a backup never overwrites anything.",
                file.display()
            ),
            "Give another name, such as one with today's date.",
        ));
    }
    if let Some(folder) = file.parent()
        && !folder.as_os_str().is_empty()
        && !folder.is_dir()
    {
        return Err(Complaint::usage(
            format!("The folder {} is not there.", folder.display()),
            "Give a name in a folder that is there, or make the folder first.",
        ));
    }
    if let Some(ending) = SqliteLedger::reserved_ending(file) {
        return Err(Complaint::usage(
            format!(
                "{} cannot be a backup: a name that ends in {ending} belongs to a file beside a ledger.",
                file.display()
            ),
            "Give another name, such as one with today's date and .db at its end.",
        ));
    }
    let ledger = station::read_ledger(&config)?;
    let mut progress = Progress::begin("copying");
    let made = ledger.back_up_telling(file, &mut |done, total| progress.step(done, total));
    drop(progress);
    let made = made.map_err(|fault| {
        let mut complaint = Complaint::from(&fault);
        if let Fault::Ledger { what } = &fault {
            complaint.message = format!("There is no backup: {}", sentence(what));
            complaint.hint = "Nothing was left behind, and the ledger is as it was. Mend what is named, then try again; `keyline ledger verify` tells whether the ledger is whole.".to_owned();
        }
        complaint
    })?;
    let copy = Copy {
        audit: describe(file.display().to_string(), made.sound, made.counts),
        bytes: made.bytes,
        keys: config.path(&config.ledger.keys).display().to_string(),
    };
    audit::copied(&copy, out)?;
    Ok(ExitCode::Done)
}

fn describe(file: String, sound: Sound, counts: Counts) -> Audit {
    Audit {
        file,
        schema: counts.schema,
        jobs: counts.jobs,
        people: counts.people,
        sealed_pins: counts.sealed_pins,
        in_flight: counts.in_flight,
        rows: sound.rows,
        checkpoints: sound.checkpoints,
        unsigned_rows: sound.unsigned_rows,
        head: sound.head.1,
        signed_by: sound.signed_by,
        own_key: None,
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
