//! `keyline batches slips`: labels, key letters and receipts of a batch as files. Reads the ledger as it is at one moment, also
//! while a station works on it. Holds the pages of one file at a time, and never a secret.

use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use jiff::civil::Date;

use crate::adapter::paper::Composer;
use crate::adapter::system::SystemClock;
use crate::app::papers::{self, Slips};
use crate::domain::fault::Fault;
use crate::domain::job::{BatchName, Envelope};
use crate::domain::mailer::{Companion, CompanionKind};
use crate::face::cli::Slip;
use crate::face::report;
use crate::face::say::{Complaint, ExitCode, news, slips as words};
use crate::face::terminal::Progress;
use crate::port::Clock;
use crate::wire::commands::batches::{file_stem, is_folder, not_written};
use crate::wire::commands::{Ended, admin, cannot_write};
use crate::wire::outfile::{Unnamed, folder_of};
use crate::wire::{station, stationery};

/// As they are written when none is named.
const ALL: [CompanionKind; 3] = [
    CompanionKind::Label,
    CompanionKind::Key,
    CompanionKind::Receipt,
];

/// A full file has less than half of it. What is larger was not written here.
const FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// What `keyline batches slips` was asked for.
pub(super) struct Wish<'a> {
    pub(super) batch: &'a str,
    pub(super) kind: Option<Slip>,
    pub(super) folder: &'a Path,
}

/// What has become of the sheets.
#[derive(Default)]
struct Made {
    files: Vec<(PathBuf, Unnamed)>,
    told: String,
    unfit: bool,
    /// For each kind the first number of a file that is not written now.
    behind: Vec<(CompanionKind, usize)>,
}

pub(super) fn slips(config: &Path, wish: &Wish<'_>, out: &mut dyn Write) -> Ended {
    let config = admin::load(config)?;
    let composer = stationery::composer(&config, stationery::templates(&config)?)?;
    let ledger = station::read_ledger(&config)?;
    is_folder(wish.folder)?;
    let kinds: Vec<CompanionKind> = match wish.kind {
        Some(kind) => vec![meant(kind)],
        None => ALL.to_vec(),
    };
    for kind in &kinds {
        composer
            .lays_out((*kind).into())
            .map_err(|fault| no_layout(&fault))?;
    }
    let name = BatchName(wish.batch.to_owned());
    let Some(slips) = ledger.still(|| papers::slips(&ledger, &name))? else {
        return Err(report::no_such_batch(&ledger, wish.batch)?);
    };
    let desk = Desk {
        composer: &composer,
        language: &config.letters.language,
        date: SystemClock.today(),
        stem: wish.folder.join(file_stem(wish.batch)),
    };
    let mut made = Made::default();
    made.told.extend(words::cancelled(&slips.cancelled));
    for kind in kinds {
        desk.make(kind, &slips, &mut made)?;
    }
    let mut named = String::new();
    for (path, whole) in made.files {
        whole
            .name(true)
            .map_err(|error| not_written(&path, &error))?;
        named.push_str(&format!("{}\n", path.display()));
    }
    std::io::stderr()
        .write_all(made.told.as_bytes())
        .and_then(|()| out.write_all(named.as_bytes()))
        .map_err(|error| cannot_write(&error))?;
    // Only now: cut before, the old files are as they were.
    let mut told = String::new();
    for (kind, first) in made.behind {
        desk.remove_from(kind, first, &mut told)?;
    }
    std::io::stderr()
        .write_all(told.as_bytes())
        .map_err(|error| cannot_write(&error))?;
    Ok(if made.unfit {
        ExitCode::Refused
    } else {
        ExitCode::Done
    })
}

struct Desk<'a> {
    composer: &'a Composer,
    /// For people whose language no job file gives.
    language: &'a str,
    date: Date,
    /// The folder, and how each file's name begins.
    stem: PathBuf,
}

impl Desk<'_> {
    /// The files of one kind, on the disk but without their names.
    fn make(&self, kind: CompanionKind, slips: &Slips, made: &mut Made) -> Result<(), Complaint> {
        let (sheet, sheets, ending) = names(kind);
        let mut keyless: Vec<Envelope> = Vec::new();
        let mut ready = slips.slips.iter().filter_map(|slip| {
            let companion = slip.companion(kind, self.language, self.date);
            if companion.is_none() {
                keyless.push(slip.envelope());
            }
            companion
        });
        let mut progress = Progress::begin("writing slips");
        let (mut done, mut number, mut any_unfit) = (0_usize, 1_usize, false);
        loop {
            let part: Vec<Companion> = ready.by_ref().take(Composer::SLIPS_MAX).collect();
            if part.is_empty() {
                break;
            }
            let set = self.composer.slips(kind, &part, self.date)?;
            done = done.saturating_add(part.len());
            progress.step(long(done), long(slips.slips.len()));
            for unfit in set.unfit {
                any_unfit = true;
                made.told
                    .push_str(&words::unfit(unfit.envelope, sheet, &unfit.why));
            }
            let Some(pdf) = set.pdf else { continue };
            let path = self.path(ending, number);
            number = number.saturating_add(1);
            let whole = Unnamed::write(&path, &pdf).map_err(|error| not_written(&path, &error))?;
            made.files.push((path, whole));
        }
        drop(progress);
        made.told.extend(words::without_key(&keyless, sheets));
        made.unfit |= any_unfit;
        // Where no sheet at all could be set, those of an earlier time are the best there are.
        if number > 1 || !any_unfit {
            made.behind.push((kind, number));
        }
        Ok(())
    }

    /// Removes the files of `kind` from number `first` on: they are of an earlier time, when there were more sheets.
    fn remove_from(
        &self,
        kind: CompanionKind,
        first: usize,
        told: &mut String,
    ) -> Result<(), Complaint> {
        let (_, _, ending) = names(kind);
        let folder = folder_of(&self.stem);
        let unseen = |error: std::io::Error| not_removed(folder, &error);
        let mut old: Vec<(usize, PathBuf)> = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(unseen)? {
            let path = folder.join(entry.map_err(unseen)?.file_name());
            let number = self.number_of(ending, &path);
            old.extend(
                number
                    .filter(|number| *number >= first)
                    .map(|it| (it, path)),
            );
        }
        old.sort();
        for (_, path) in old {
            if !is_ours(kind, &path) {
                told.push_str(&words::not_ours(&path));
                continue;
            }
            match std::fs::remove_file(&path) {
                Ok(()) => told.push_str(&words::out_of_date(&path)),
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(not_removed(&path, &error)),
            }
        }
        Ok(())
    }

    /// Which of the files with this ending a path is.
    fn number_of(&self, ending: &str, path: &Path) -> Option<usize> {
        let name = path.file_name()?.to_str()?;
        let stem = self.stem.file_name()?.to_str()?;
        let rest = name.strip_prefix(stem)?.strip_prefix('-')?;
        let rest = rest.strip_prefix(ending)?.strip_suffix(".pdf")?;
        let number = match rest.strip_prefix('-') {
            Some(digits) => digits.parse().ok()?,
            None => 1,
        };
        (self.path(ending, number).file_name() == path.file_name()).then_some(number)
    }

    fn path(&self, ending: &str, number: usize) -> PathBuf {
        let mut path = self.stem.clone().into_os_string();
        path.push(format!("-{ending}"));
        if number > 1 {
            path.push(format!("-{number}"));
        }
        path.push(".pdf");
        path.into()
    }
}

/// Whether keyline wrote that file, and for that. What cannot be read is nobody's.
fn is_ours(kind: CompanionKind, path: &Path) -> bool {
    let about = std::fs::symlink_metadata(path);
    let fits = about.is_ok_and(|about| about.is_file() && about.len() <= FILE_BYTES_MAX);
    fits && std::fs::read(path).is_ok_and(|bytes| Composer::made(kind, &bytes))
}

fn not_removed(path: &Path, error: &std::io::Error) -> Complaint {
    Complaint::new(
        ExitCode::Journal,
        format!(
            "{} may hold sheets of an earlier time, and they cannot be removed: {error}.",
            path.display()
        ),
        "The new files are written and whole. Remove by hand what has a higher number than they have.",
    )
}

/// One of them, all of them, and what their file is called behind the batch.
const fn names(kind: CompanionKind) -> (&'static str, &'static str, &'static str) {
    match kind {
        CompanionKind::Label => ("label", "labels", "labels"),
        CompanionKind::Key => ("key letter", "key letters", "key-letters"),
        CompanionKind::Receipt => ("receipt", "receipts", "receipts"),
    }
}

const fn meant(kind: Slip) -> CompanionKind {
    match kind {
        Slip::Label => CompanionKind::Label,
        Slip::Key => CompanionKind::Key,
        Slip::Receipt => CompanionKind::Receipt,
    }
}

fn no_layout(fault: &Fault) -> Complaint {
    let Fault::Mailer { what } = fault else {
        return Complaint::from(fault);
    };
    Complaint::usage(
        news::sentence(what),
        "Name another `[paper] profile`, or with --kind a sheet that it has. Nothing was written.",
    )
}

fn long(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
