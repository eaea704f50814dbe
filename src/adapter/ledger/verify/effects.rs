//! What the journal comes to: passkeys, duties, attempts and letters, computed anew from its rows and compared with the tables
//! beside it. They decide which credentials at Entra are spared and which are deleted, so a wrong entry could cost a person
//! their working key. Changes nothing.

use std::collections::{BTreeMap, HashMap};

use rusqlite::{Connection, Row};
use serde::Deserialize;

use crate::domain::credential::{CredentialId, MethodId};
use crate::domain::enrollment::Enrollment;
use crate::domain::event::{Event, Evidence, Happening, Intent};

use super::super::index::{attachment_word, serial_of};
use super::super::keys::{hex, unhex};
use super::super::trouble::Trouble;
use super::keeping::Kept;

#[derive(PartialEq)]
struct Passkey {
    job: i64,
    attempt: u32,
    aaguid: String,
    method: Option<String>,
    state: String,
    made: i64,
    registered: Option<i64>,
}

#[derive(PartialEq)]
struct Obligation {
    job: i64,
    kind: String,
    target: String,
    state: String,
    due: i64,
}

#[derive(PartialEq)]
struct Bound {
    slot: u16,
    attachment: String,
    serial: Option<String>,
    aaguid: String,
    began: i64,
}

#[derive(PartialEq)]
struct Letter {
    job: i64,
    attempt: u32,
    state: String,
    at: i64,
}

/// What a `duty` row says.
#[derive(Deserialize)]
struct Said {
    obligation: i64,
    kind: String,
    target: String,
    outcome: String,
    due: Option<i64>,
}

/// Told of every row in its order, and asked at the end.
#[derive(Default)]
pub(super) struct Effects {
    states: HashMap<i64, Enrollment>,
    passkeys: BTreeMap<Vec<u8>, Passkey>,
    /// The passkeys that ever went by a method's id.
    by_method: HashMap<String, Vec<Vec<u8>>>,
    /// By their numbers, which have no gaps.
    obligations: BTreeMap<i64, Obligation>,
    numbers: HashMap<(i64, &'static str, String), i64>,
    attempts: BTreeMap<(i64, u32), Bound>,
    letters: BTreeMap<String, Letter>,
    letters_of: HashMap<i64, Vec<String>>,
    kept: Kept,
}

impl Effects {
    /// What the events of a job led to; `None` while there were none.
    pub(super) fn state(&self, job: i64) -> Option<&Enrollment> {
        self.states.get(&job)
    }

    /// The next event of a job. `false`: it cannot have happened.
    #[must_use]
    pub(super) fn event(&mut self, job: i64, at: i64, event: &Event) -> bool {
        let before = self.states.remove(&job).unwrap_or_default();
        let Ok(state) = before.apply(event) else {
            return false;
        };
        self.follow(job, at, event, &state);
        self.states.insert(job, state);
        true
    }

    fn follow(&mut self, job: i64, at: i64, event: &Event, state: &Enrollment) {
        let attempt = event.attempt.0;
        match &event.happening {
            Happening::Began { .. } | Happening::Rebound { .. } => {
                self.bind(job, attempt, at, state);
            }
            Happening::Started {
                intent: Intent::Deliver { control, .. },
                ..
            } => self.begin_letter(job, attempt, at, control),
            Happening::Done { evidence, .. } => self.done(job, attempt, at, evidence, state),
            Happening::Abandoned { credential, .. } | Happening::Cancelled { credential } => {
                self.void_letters(job, attempt);
                if let Some(credential) = credential {
                    self.give_up(job, at, credential);
                }
            }
            Happening::Reissued { .. } => self.void_letters(job, attempt),
            Happening::Spoiled { control, .. } => self.void_letter(control),
            Happening::HandedOver => self.replace(job, at, state.after_handover()),
            Happening::Retired { .. } => self.retire(job, at, state),
            Happening::Wiped
            | Happening::Bagged
            | Happening::Printed { .. }
            | Happening::Left { .. }
            | Happening::Started { .. }
            | Happening::NotDone { .. }
            | Happening::Held { .. }
            | Happening::Released => {}
        }
    }

    fn bind(&mut self, job: i64, attempt: u32, at: i64, state: &Enrollment) {
        let Some(binding) = state.binding() else {
            return;
        };
        let known = self.attempts.get(&(job, attempt));
        let bound = Bound {
            slot: binding.slot.0,
            attachment: attachment_word(binding.attachment).to_owned(),
            serial: serial_of(state).map(str::to_owned),
            aaguid: binding.fingerprint.aaguid.to_string(),
            began: known.map_or(at, |known| known.began),
        };
        self.attempts.insert((job, attempt), bound);
    }

    fn begin_letter(&mut self, job: i64, attempt: u32, at: i64, control: &str) {
        self.letters_of
            .entry(job)
            .or_default()
            .push(control.to_owned());
        self.letters.insert(
            control.to_owned(),
            Letter {
                job,
                attempt,
                state: "started".to_owned(),
                at,
            },
        );
    }

    fn void_letter(&mut self, control: &str) {
        if let Some(letter) = self.letters.get_mut(control) {
            "void".clone_into(&mut letter.state);
        }
    }

    fn void_letters(&mut self, job: i64, attempt: u32) {
        for control in self.letters_of.get(&job).into_iter().flatten() {
            if let Some(letter) = self.letters.get_mut(control)
                && letter.attempt == attempt
                && letter.state == "started"
            {
                "void".clone_into(&mut letter.state);
            }
        }
    }

    fn done(&mut self, job: i64, attempt: u32, at: i64, evidence: &Evidence, state: &Enrollment) {
        match evidence {
            Evidence::Plain => {}
            Evidence::Made {
                credential, aaguid, ..
            } => {
                let known = self.passkeys.remove(&credential.0);
                // The table keeps what was known of a credential that is made once more.
                let (method, registered) =
                    known.map_or((None, None), |known| (known.method, known.registered));
                let made = Passkey {
                    job,
                    attempt,
                    aaguid: aaguid.to_string(),
                    method,
                    state: "made".to_owned(),
                    made: at,
                    registered,
                };
                self.passkeys.insert(credential.0.clone(), made);
            }
            Evidence::Registered { method, .. } => {
                if let Some(made) = state.made() {
                    self.register(&made.credential, method, at);
                }
                self.replace(job, at, state.replaces());
            }
            Evidence::Delivered { control, .. } => {
                let letter = self.letters.entry(control.clone()).or_insert(Letter {
                    job,
                    attempt,
                    state: String::new(),
                    at,
                });
                "delivered".clone_into(&mut letter.state);
                letter.at = at;
            }
        }
    }

    fn replace(&mut self, job: i64, at: i64, methods: &[MethodId]) {
        for replaced in methods {
            self.become_by_method(&replaced.0, "registered", "replaced");
            self.oblige(job, "replaced", replaced.0.clone(), at);
        }
    }

    fn retire(&mut self, job: i64, at: i64, state: &Enrollment) {
        if let Some(control) = state.delivered() {
            self.void_letter(control);
        }
        if let Some(method) = state.method() {
            self.become_by_method(&method.0, "registered", "replaced");
            self.oblige(job, "retired", method.0.clone(), at);
        }
    }

    fn register(&mut self, credential: &CredentialId, method: &MethodId, at: i64) {
        if let Some(passkey) = self.passkeys.get_mut(&credential.0) {
            "registered".clone_into(&mut passkey.state);
            passkey.method = Some(method.0.clone());
            passkey.registered = Some(at);
            self.by_method
                .entry(method.0.clone())
                .or_default()
                .push(credential.0.clone());
        }
    }

    fn give_up(&mut self, job: i64, at: i64, credential: &CredentialId) {
        self.becomes(&credential.0, "abandoned");
        self.oblige(job, "orphan", hex(&credential.0).to_string(), at);
    }

    fn oblige(&mut self, job: i64, kind: &'static str, target: String, at: i64) {
        let next = i64::try_from(self.numbers.len())
            .unwrap_or(i64::MAX)
            .saturating_add(1);
        let number = *self
            .numbers
            .entry((job, kind, target.clone()))
            .or_insert(next);
        // The same duty twice is one duty, and stays what it is.
        self.obligations.entry(number).or_insert(Obligation {
            job,
            kind: kind.to_owned(),
            target,
            state: "open".to_owned(),
            due: at,
        });
    }

    fn becomes(&mut self, credential: &[u8], state: &str) {
        if let Some(passkey) = self.passkeys.get_mut(credential) {
            state.clone_into(&mut passkey.state);
        }
    }

    fn become_by_method(&mut self, method: &str, from: &str, to: &str) {
        for credential in self.by_method.get(method).into_iter().flatten() {
            if let Some(passkey) = self.passkeys.get_mut(credential)
                && passkey.method.as_deref() == Some(method)
                && passkey.state == from
            {
                to.clone_into(&mut passkey.state);
            }
        }
    }

    /// What came of a look at a duty. `false`: the row makes no sense.
    #[must_use]
    pub(super) fn duty(&mut self, said: &str) -> bool {
        let Ok(said) = serde_json::from_str::<Said>(said) else {
            return false;
        };
        let Some(known) = self.obligations.get_mut(&said.obligation) else {
            return false;
        };
        if (&known.kind, &known.target) != (&said.kind, &said.target) {
            return false;
        }
        known.state.clone_from(&said.outcome);
        known.due = said.due.unwrap_or(known.due);
        match (said.kind.as_str(), said.outcome.as_str()) {
            ("replaced" | "retired", "settled") => {
                self.become_by_method(&said.target, "replaced", "gone")
            }
            ("replaced", "spared") => {
                self.become_by_method(&said.target, "replaced", "registered");
            }
            ("orphan", "settled") => self.orphan_becomes(&said.target, "gone"),
            // Put off, or taken up again.
            ("orphan", "open") => self.orphan_becomes(&said.target, "abandoned"),
            _ => {}
        }
        true
    }

    /// The next note: a passkey that an administrator had deleted is gone.
    pub(super) fn note(&mut self, event: &str) {
        if let Some(method) = self.kept.note(event) {
            self.become_by_method(&method, "registered", "gone");
        }
    }

    fn orphan_becomes(&mut self, target: &str, state: &str) {
        if let Some(credential) = unhex(target) {
            self.becomes(&credential, state);
        }
    }

    /// The first entry beside the journal that is not what the journal comes to, in words.
    pub(super) fn first_wrong(self, db: &Connection) -> Result<Option<String>, Trouble> {
        let passkey = differ(
            db,
            "SELECT credential, job, attempt, aaguid, method, state, made, registered FROM passkey",
            self.passkeys,
            |row| Ok((row.get(0)?, Passkey::read(row)?)),
            |_, passkey| format!("a passkey of job {}", passkey.job),
        )?;
        let obligation = differ(
            db,
            "SELECT id, job, kind, target, state, due FROM obligation ORDER BY id",
            self.obligations,
            |row| Ok((row.get(0)?, Obligation::read(row)?)),
            |_, obligation| format!("a credential that job {} is to be rid of", obligation.job),
        )?;
        let attempt = differ(
            db,
            "SELECT job, attempt, slot, attachment, serial, aaguid, began FROM attempt",
            self.attempts,
            |row| Ok(((row.get(0)?, row.get(1)?), Bound::read(row)?)),
            |(job, attempt), _| format!("attempt {attempt} of job {job}"),
        )?;
        let letter = differ(
            db,
            "SELECT control, job, attempt, state, at FROM delivery",
            self.letters,
            |row| Ok((row.get(0)?, Letter::read(row)?)),
            |_, letter| format!("a letter of job {}", letter.job),
        )?;
        let kept = self.kept.first_wrong(db)?;
        Ok(passkey.or(obligation).or(attempt).or(letter).or(kept))
    }
}

impl Passkey {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            job: row.get(1)?,
            attempt: row.get(2)?,
            aaguid: row.get(3)?,
            method: row.get(4)?,
            state: row.get(5)?,
            made: row.get(6)?,
            registered: row.get(7)?,
        })
    }
}

impl Obligation {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            job: row.get(1)?,
            kind: row.get(2)?,
            target: row.get(3)?,
            state: row.get(4)?,
            due: row.get(5)?,
        })
    }
}

impl Bound {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            slot: row.get(2)?,
            attachment: row.get(3)?,
            serial: row.get(4)?,
            aaguid: row.get(5)?,
            began: row.get(6)?,
        })
    }
}

impl Letter {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            job: row.get(1)?,
            attempt: row.get(2)?,
            state: row.get(3)?,
            at: row.get(4)?,
        })
    }
}

/// Names the first entry of a table that is changed, added or missing.
fn differ<K: Ord, V: PartialEq>(
    db: &Connection,
    question: &str,
    mut expected: BTreeMap<K, V>,
    read: impl Fn(&Row<'_>) -> rusqlite::Result<(K, V)>,
    name: impl Fn(&K, &V) -> String,
) -> Result<Option<String>, Trouble> {
    let mut statement = db.prepare(question)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (key, found) = read(row)?;
        if expected.remove(&key).as_ref() != Some(&found) {
            return Ok(Some(format!(
                "the entry of {} says something else than the journal",
                name(&key, &found)
            )));
        }
    }
    Ok(expected
        .first_key_value()
        .map(|(key, missing)| format!("the entry of {} is gone", name(key, missing))))
}
