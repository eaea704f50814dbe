//! Copies of letters that still lie on a disk although nobody needs them: the power went between a confirmation and the removal, the
//! letter was confirmed or voided while no station ran, or its folder could not be reached. Never touches a letter that still
//! waits for its confirmation.
//!
//! # Why
//! The configuration names one folder at most, and an earlier one may have named another. So each folder is noted in the ledger before
//! the first letter is spooled into it, and looked into at every start from then on: one that is gone may be on a disk that comes
//! back. Whoever took it away on purpose is told once, and not at all where none of its letters was left.

use std::collections::BTreeSet;

use crate::app::board::News;
use crate::app::journal::replay;
use crate::app::spooled;
use crate::app::station::Desk;
use crate::domain::enrollment::Standing;
use crate::domain::fault::Fault;
use crate::domain::paper::Outlet;

/// How every note about such a folder begins; its path comes next.
const NOTE: &str = "spool folder ";

/// What was noted last of a folder, and stands behind its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Noted {
    /// Letters are spooled into it.
    InUse,
    /// No copy of a letter was left in it, and no more are spooled there.
    Empty,
    /// People were told that nobody can look into it.
    Told,
}

impl Noted {
    const ALL: [Self; 3] = [Self::InUse, Self::Empty, Self::Told];

    const fn words(self) -> &'static str {
        match self {
            Self::InUse => ": letters are spooled into it",
            Self::Empty => ": no copy of a letter is left in it",
            Self::Told => ": nobody can look into it, and that was told",
        }
    }

    fn note(self, folder: &str) -> String {
        format!("{NOTE}{folder}{}", self.words())
    }

    /// The folder that a note is about, and what it says.
    fn read(note: &str) -> Option<(&str, Self)> {
        let rest = note.strip_prefix(NOTE)?;
        Self::ALL
            .into_iter()
            .find_map(|noted| Some((rest.strip_suffix(noted.words())?, noted)))
    }
}

impl Desk {
    /// Removes the copies of all letters that are confirmed or void, from every folder that letters were ever spooled into. What
    /// cannot be removed is told, and stops nothing.
    ///
    /// # Errors
    /// Those of the ledger: a folder that it cannot name must get no letters.
    pub(super) fn clear_spools(&self) -> Result<(), Fault> {
        let mut folders = self.spools()?;
        let outlet = self.ports.press.outlet();
        let today = outlet.spool();
        if let Some(today) = today {
            let last = last_of(&folders, today);
            if last != Some(Noted::InUse) {
                self.note_spool(today, Noted::InUse)?;
            }
            folders.retain(|(folder, _)| folder != today);
            folders.push((today.to_owned(), Noted::InUse));
        }
        if folders.is_empty() {
            return Ok(());
        }
        let awaited = self.awaited_spools()?;
        for (folder, last) in &folders {
            let is_former = today != Some(folder);
            match self.clear_spool(folder) {
                Ok(is_clear) => {
                    let is_empty = is_clear && is_former && !awaited.contains(folder);
                    if is_empty && *last != Noted::Empty {
                        self.note_spool(folder, Noted::Empty)?;
                    }
                }
                Err(fault) => {
                    tracing::warn!(%folder, fault = %fault.brief(), "nobody can look into a folder of spooled letters");
                    if *last == Noted::InUse {
                        let what = fault.to_string();
                        self.board.announce(News::Trouble { what });
                        if is_former {
                            self.note_spool(folder, Noted::Told)?;
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// Every folder that was noted, and what was noted of it last.
    fn spools(&self) -> Result<Vec<(String, Noted)>, Fault> {
        let mut folders: Vec<(String, Noted)> = Vec::new();
        for note in self.ports.ledger.notes(NOTE)? {
            let Some((folder, noted)) = Noted::read(&note) else {
                continue;
            };
            match folders.iter_mut().find(|(known, _)| known == folder) {
                Some((_, last)) => *last = noted,
                None => folders.push((folder.to_owned(), noted)),
            }
        }
        Ok(folders)
    }

    fn note_spool(&self, folder: &str, noted: Noted) -> Result<(), Fault> {
        let note = noted.note(folder);
        let now = self.ports.clock.now();
        self.ports.ledger.note(&note, &self.options.actor, now)
    }

    /// Whether every copy of a confirmed or void letter of this ledger is gone from the folder.
    ///
    /// # Errors
    /// When nobody can look into it.
    fn clear_spool(&self, folder: &str) -> Result<bool, Fault> {
        let (ledger, press) = (self.ports.ledger.as_ref(), self.ports.press.as_ref());
        let mut is_clear = true;
        let mut unknown = 0_usize;
        for control in press.kept(folder)? {
            if ledger.job_of_letter(&control)?.is_none() {
                unknown = unknown.saturating_add(1);
                continue;
            }
            if let Err(fault) = spooled::clear_one(ledger, press, folder, &control) {
                // Told at every start: it is there, and somebody can mend that.
                is_clear = false;
                let what = fault.to_string();
                tracing::warn!(%folder, "the copy of a letter cannot be removed");
                self.board.announce(News::Trouble { what });
            }
        }
        if unknown > 0 {
            // Such as after an older backup was put back. They may be another station's, so they stay.
            is_clear = false;
            tracing::warn!(%folder, unknown, "copies of letters that the ledger does not know");
            let what = format!(
                "copies of letters that this ledger does not know lie in {folder} ({unknown}): they hold PINs; look whose they are, and remove them"
            );
            self.board.announce(News::Trouble { what });
        }
        Ok(is_clear)
    }

    /// The folders with the copy of a letter that somebody may still confirm.
    fn awaited_spools(&self) -> Result<BTreeSet<String>, Fault> {
        let ledger = self.ports.ledger.as_ref();
        let mut awaited = BTreeSet::new();
        for record in ledger.open_jobs()? {
            if record.standing == Standing::Waiting {
                continue;
            }
            let state = replay(ledger, record.job.id)?;
            let may = |number: &str| state.may_confirm(number);
            if state.unconfirmed().is_some_and(may) {
                let spool = state.outlet().and_then(Outlet::spool);
                awaited.extend(spool.map(str::to_owned));
            }
        }
        Ok(awaited)
    }
}

fn last_of(folders: &[(String, Noted)], folder: &str) -> Option<Noted> {
    let mut known = folders.iter();
    known
        .find(|(known, _)| known == folder)
        .map(|(_, noted)| *noted)
}
