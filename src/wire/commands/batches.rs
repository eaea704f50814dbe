//! `keyline batches`: which there are, and the papers of one. Reads the ledger as it is at one moment, also while a station
//! works on it.

use std::io::Write;
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use sha2::{Digest, Sha256};

use crate::adapter::ledger::{Anchor, SqliteLedger};
use crate::adapter::paper::{Composer, spreadsheet};
use crate::adapter::system::SystemClock;
use crate::app::papers::{self, Batch};
use crate::domain::job::BatchName;
use crate::face::cli::{Batches, OfBatches};
use crate::face::report::papers::{About, Chain, Paper, Signed, make};
use crate::face::report::{self, Style};
use crate::face::say::{Complaint, ExitCode, news};
use crate::face::terminal::Progress;
use crate::port::Clock;
use crate::wire::commands::{Ended, admin, cannot_write, slips};
use crate::wire::outfile::Unnamed;
use crate::wire::{station, stationery};

/// Of a batch's name, as a part of its files' names: enough to tell apart what people call a batch.
const HASH_BYTES: usize = 4;

pub(super) fn batches(config: &Path, wish: &Batches, out: &mut dyn Write) -> Ended {
    match &wish.command {
        None => {
            let ledger = station::read_ledger(&admin::load(config)?)?;
            report::batches(&ledger, &Style::here(wish.json), out)?;
            Ok(ExitCode::Done)
        }
        Some(OfBatches::Papers { batch, folder }) => batch_papers(config, batch, folder, out),
        Some(OfBatches::Slips {
            batch,
            kind,
            folder,
        }) => {
            let wish = slips::Wish {
                batch,
                kind: *kind,
                folder,
            };
            slips::slips(config, &wish, out)
        }
    }
}

fn batch_papers(config: &Path, batch: &str, folder: &Path, out: &mut dyn Write) -> Ended {
    let config = admin::load(config)?;
    let composer = stationery::composer(&config, stationery::templates(&config)?)?;
    let ledger = station::read_ledger(&config)?;
    is_folder(folder)?;
    let (batch, anchor) = gather(&ledger, batch)?;
    let about = About {
        profile: config.paper.profile.clone(),
        fold: composer.fold()?.to_owned(),
        date: SystemClock.today(),
        zone: TimeZone::system(),
        chain: chain(anchor),
    };
    let written = write(&composer, &batch, &about, folder)?;
    let mut told = String::new();
    for path in written {
        told.push_str(&format!("{}\n", path.display()));
    }
    out.write_all(told.as_bytes())
        .map_err(|error| cannot_write(&error))?;
    Ok(ExitCode::Done)
}

/// Whether files can be put there.
pub(super) fn is_folder(folder: &Path) -> Result<(), Complaint> {
    if folder.is_dir() {
        return Ok(());
    }
    Err(Complaint::usage(
        format!("There is no folder {}.", folder.display()),
        "Make it first, or name another one with --folder.",
    ))
}

/// The batch and the audit chain of one and the same moment.
fn gather(ledger: &SqliteLedger, name: &str) -> Result<(Batch, Anchor), Complaint> {
    let asked = BatchName(name.to_owned());
    let (batch, anchor) =
        ledger.still(|| Ok((papers::gather(ledger, &asked)?, ledger.anchor()?)))?;
    match batch {
        Some(batch) => Ok((batch, anchor)),
        None => Err(report::no_such_batch(ledger, name)?),
    }
}

fn chain(anchor: Anchor) -> Chain {
    Chain {
        row: anchor.row,
        hash: anchor.hash,
        signed: anchor.checkpoint.map(|checkpoint| Signed {
            row: checkpoint.row,
            hash: checkpoint.hash,
            at: checkpoint.at,
            key: checkpoint.key,
        }),
    }
}

/// Writes every paper, and gives them their names when all of them are on the disk.
fn write(
    composer: &Composer,
    batch: &Batch,
    about: &About,
    folder: &Path,
) -> Result<Vec<PathBuf>, Complaint> {
    let stem = file_stem(&batch.name.0);
    let mut progress = Progress::begin("writing papers");
    let mut unnamed = Vec::new();
    let mut unshown = std::collections::BTreeSet::new();
    let steps = u64::try_from(Paper::ALL.len()).unwrap_or(u64::MAX);
    for (done, paper) in (0_u64..).zip(Paper::ALL) {
        progress.step(done, steps);
        let (document, sheet) = make(paper, batch, about);
        let table = spreadsheet(&sheet)?;
        drop(sheet);
        let typeset = composer.paper(&document, about.date)?;
        unshown.extend(typeset.unshown);
        for (ending, bytes) in [("pdf", typeset.pdf), ("csv", table)] {
            let path = folder.join(format!("{stem}-{}.{ending}", paper.file_stem()));
            let whole =
                Unnamed::write(&path, &bytes).map_err(|error| not_written(&path, &error))?;
            unnamed.push((path, whole));
        }
    }
    drop(progress);
    let mut written = Vec::new();
    for (path, whole) in unnamed {
        whole
            .name(true)
            .map_err(|error| not_written(&path, &error))?;
        written.push(path);
    }
    if !unshown.is_empty() {
        tell_unshown(&unshown)?;
    }
    Ok(written)
}

fn tell_unshown(unshown: &std::collections::BTreeSet<char>) -> Result<(), Complaint> {
    /// More would only fill the screen.
    const TOLD_MAX: usize = 12;
    let told: Vec<String> = unshown
        .iter()
        .take(TOLD_MAX)
        .map(|character| format!("U+{:04X}", u32::from(*character)))
        .collect();
    let more = if unshown.len() > TOLD_MAX { " …" } else { "" };
    let warning = format!(
        "warning: No font has {} ({}{more}); a question mark stands in the PDFs, the CSVs are whole. Name a font that has them in `[paper] fonts`.\n",
        news::count(unshown.len(), "character"),
        told.join(", ")
    );
    std::io::stderr()
        .write_all(warning.as_bytes())
        .map_err(|error| cannot_write(&error))
}

pub(super) fn not_written(path: &Path, error: &std::io::Error) -> Complaint {
    Complaint::new(
        ExitCode::Journal,
        format!("{} was not written: {error}.", path.display()),
        "Look at the folder's owner, its mode and the room on its disk. No half-written paper was left behind; what was written earlier is as it was.",
    )
}

/// The batch's name as a part of a file's name. Two batches never have the same: whatever is not the name itself ends with eight
/// digits of its hash, and so does a name that looks as though it did.
pub(super) fn file_stem(batch: &str) -> String {
    let stem = readable(batch);
    if stem == batch && !ends_as_a_hash(&stem) {
        return stem;
    }
    let hash = Sha256::digest(batch.as_bytes());
    let digits: String = hash
        .iter()
        .take(HASH_BYTES)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("{stem}-{digits}")
}

/// Whether the text ends like what [`file_stem`] puts behind one.
fn ends_as_a_hash(text: &str) -> bool {
    text.rsplit_once('-').is_some_and(|(_, end)| {
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        end.len() == 2 * HASH_BYTES && end.bytes().all(is_digit)
    })
}

/// As much of the batch's name as any file system takes and a person reads.
fn readable(batch: &str) -> String {
    /// Bytes; file systems take 255, and more comes behind it.
    const LENGTH_MAX: usize = 120;
    let mut stem = String::new();
    for character in batch.chars() {
        let fits = character.is_alphanumeric() || matches!(character, '-' | '_' | '.' | ' ');
        let character = if fits { character } else { '_' };
        if stem.len() + character.len_utf8() > LENGTH_MAX {
            break;
        }
        stem.push(character);
    }
    let stem = stem.trim();
    if stem.is_empty() || stem.starts_with('.') {
        return format!("batch{stem}");
    }
    stem.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_of_any_name_names_files_in_the_folder() {
        for (batch, stem) in [
            ("onboarding", "onboarding"),
            ("../../etc/passwd", "batch.._.._etc_passwd-"),
            ("a\u{202e}b\n", "a_b_-"),
            ("Mai 2026 (Büro)", "Mai 2026 _Büro_-"),
            ("Mai 2026 Büro", "Mai 2026 Büro"),
            (".hidden", "batch.hidden-"),
            ("", "batch-"),
        ] {
            let named = file_stem(batch);
            let rest = named
                .strip_prefix(stem)
                .unwrap_or_else(|| panic!("{named}"));
            let hashed = stem.ends_with('-');
            assert_eq!(
                rest.len(),
                if hashed { 2 * HASH_BYTES } else { 0 },
                "{named}"
            );
        }
        assert!(file_stem(&"ü".repeat(300)).len() <= 130);
    }

    #[test]
    fn no_two_batches_name_the_same_file() {
        let long = "x".repeat(120);
        let mut batches: Vec<String> = [
            "a/b", "a:b", "a_b", "a b", " a b", "a b ", "a?b", ".a", "batch.a", "", "batch", "_",
            "?", "\u{202e}", &long,
        ]
        .map(str::to_owned)
        .into();
        batches.extend([format!("{long}y"), format!("{long}z")]);
        // Somebody names a batch as another one's files are named.
        let named: Vec<String> = batches.iter().map(|batch| file_stem(batch)).collect();
        batches.extend(named);
        batches.sort();
        batches.dedup();
        let mut stems: Vec<String> = batches.iter().map(|batch| file_stem(batch)).collect();
        assert!(stems.len() > 25, "{stems:?}");
        stems.sort();
        stems.dedup();
        assert_eq!(stems.len(), batches.len(), "{stems:?}");
    }
}
