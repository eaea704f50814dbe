//! What must hold, asked of the real things: the ledger's file, the keys' memory, the tenant's list. Nothing here asks the
//! program, and looking changes nothing: the ledger is looked at in a copy, a key as another one made from its memory.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use keyline::adapter::ctap::Key;
use keyline::adapter::ledger::{Identities, SqliteLedger, Verdict, open_pins, sealed_pins};
use keyline::app::journal::replay;
use keyline::domain::credential::{CredentialId, RpId};
use keyline::domain::enrollment::{Enrollment, Standing};
use keyline::domain::event::{Attempt, Evidence, Happening};
use keyline::domain::fault::Fault;
use keyline::domain::job::JobId;
use keyline::domain::pin::Pin;
use keyline::port::{Attendant, Authenticator, CancelFlag, JobRecord, Ledger, PinVerdict};
use keyline::practice::authenticator::{Manufacturer, PracticeTransport};
use keyline::practice::tenant::TenantCredential;
use rusqlite::Connection;

use crate::hands::Known;
use crate::home::{Home, SPECIFIED_PIN, SPOOL, Template};
use crate::letters;
use crate::many::Hall;
use crate::tray::Sheet;

/// The relying party of every passkey here.
const RP_ID: &str = "login.microsoft.com";

/// Whoever looks.
pub(crate) struct Judge<'a> {
    template: &'a Template,
    identities: &'a Identities,
    maker: &'a Manufacturer,
}

/// The ledger as the disk has it now.
struct Book {
    ledger: SqliteLedger,
    jobs: Vec<JobRecord>,
}

/// A PIN that the ledger keeps.
struct Kept {
    job: JobId,
    attempt: Attempt,
    pin: Pin,
}

impl<'a> Judge<'a> {
    pub(crate) fn of(hall: &'a Hall) -> Self {
        Self {
            template: &hall.template,
            identities: &hall.identities,
            maker: &hall.maker,
        }
    }

    /// What must hold whenever the program is down (I1, I2, and of I3 that nothing is at the tenant which the ledger does not
    /// know). `rows`: how many entries of journals the program was told to be on the disk.
    pub(crate) fn at_any_moment(&self, home: &Home, keys: &[Known], rows: usize) -> Vec<String> {
        let book = match open(home) {
            Ok(book) => book,
            Err(why) => return vec![format!("the ledger cannot be read: {why}")],
        };
        let mut wrong = Vec::new();
        let kept = self.kept(&book, &mut wrong);
        for known in keys {
            if self.open(known).capabilities().unwrap().has_pin()
                && !kept.iter().rev().any(|one| self.fits(known, &one.pin))
            {
                wrong.push(format!(
                    "I1: key {} has a PIN that the ledger lacks",
                    known.number
                ));
            }
        }
        let journalled = made(&book);
        for (user, held) in listed(home) {
            if held.is_empty() && home.had_a_key(&user) {
                wrong.push(format!("I2: {user} has no passkey left"));
            }
            for one in held.iter().filter(|one| one.public_key.is_some()) {
                if !journalled.contains(&one.id) {
                    wrong.push(format!(
                        "I3: {user} has a passkey of ours that no journal knows"
                    ));
                }
            }
        }
        let there: usize = book
            .jobs
            .iter()
            .map(|job| book.ledger.journal(job.job.id).unwrap().len())
            .sum();
        if there < rows {
            wrong.push(format!(
                "{} of {rows} entries that were told to be on the disk are not",
                rows - there
            ));
        }
        wrong
    }

    /// What must hold when no job is in flight (I3 to I5, the letters, the chain).
    /// `sheets`: what came out of the printer, where there is one.
    pub(crate) fn at_the_end(
        &self,
        home: &Home,
        keys: &[Known],
        sheets: &[Arc<Sheet>],
    ) -> Vec<String> {
        let book = match open(home) {
            Ok(book) => book,
            Err(why) => return vec![format!("the ledger cannot be read: {why}")],
        };
        let mut wrong = Vec::new();
        let kept = self.kept(&book, &mut wrong);
        if book.jobs.len() != home.people.len() {
            wrong.push(format!(
                "{} jobs for {} people",
                book.jobs.len(),
                home.people.len()
            ));
        }
        for record in &book.jobs {
            let state = replay(&book.ledger, record.job.id).unwrap();
            if record.standing != Standing::Done {
                let held = record.held.as_ref();
                wrong.push(format!(
                    "job {}: {} {held:?}",
                    record.job.id, record.standing
                ));
                continue;
            }
            wrong.extend(self.one_job(home, keys, record, &state, &kept));
            wrong.extend(letter(home, sheets, record, &state, &kept));
        }
        wrong.extend(left_over(home));
        match book.ledger.verify(Some(self.template.signer)) {
            Ok(Verdict::Sound(_)) => {}
            other => wrong.push(format!("the chain does not verify: {other:?}")),
        }
        wrong
    }

    fn one_job(
        &self,
        home: &Home,
        keys: &[Known],
        record: &JobRecord,
        state: &Enrollment,
        kept: &[Kept],
    ) -> Vec<String> {
        let (job, user) = (record.job.id, record.job.request.user.as_str());
        let mut wrong = Vec::new();
        let held = home.tenant.credentials(user).unwrap();
        let [credential] = held.as_slice() else {
            return vec![format!("I3: {user} has {} passkeys", held.len())];
        };
        if state.made().map(|made| &made.credential) != Some(&credential.id)
            || state.method() != Some(&credential.method)
        {
            wrong.push(format!(
                "I3: job {job} registered another passkey than {user} has"
            ));
        }
        let pin = kept
            .iter()
            .find(|one| one.job == job && Some(one.attempt) == state.pin_of());
        match (self.holders(keys, &credential.id).as_slice(), pin) {
            ([key], Some(kept)) if !self.fits(key, &kept.pin) => wrong.push(format!(
                "I5: the PIN of job {job} does not open key {}",
                key.number
            )),
            ([_], Some(_)) => {}
            ([_], None) => wrong.push(format!("I5: the ledger has no PIN of job {job}")),
            (found, _) => wrong.push(format!(
                "I4: the passkey of {user} is on {} keys",
                found.len()
            )),
        }
        wrong
    }

    /// The keys that hold this passkey.
    pub(crate) fn holders<'k>(
        &self,
        keys: &'k [Known],
        credential: &CredentialId,
    ) -> Vec<&'k Known> {
        let rp = RpId(RP_ID.to_owned());
        keys.iter()
            .filter(|known| {
                let shown = self
                    .open(known)
                    .assert_silently(&rp, std::slice::from_ref(credential));
                shown.unwrap().as_ref() == Some(credential)
            })
            .collect()
    }

    /// Every PIN that the recovery identity opens, the first sealed first.
    fn kept(&self, book: &Book, wrong: &mut Vec<String>) -> Vec<Kept> {
        let mut kept = Vec::new();
        for record in &book.jobs {
            let job = record.job.id;
            if sealed_pins(&book.ledger, job).unwrap() == 0 {
                continue;
            }
            match open_pins(&book.ledger, job, self.identities) {
                Ok(pins) => kept.extend(pins.into_iter().map(|one| Kept {
                    job,
                    attempt: one.attempt,
                    pin: one.pin,
                })),
                Err(fault) => wrong.push(format!("a sealed PIN does not open: {fault}")),
            }
        }
        kept
    }

    fn fits(&self, known: &Known, pin: &Pin) -> bool {
        self.open(known).try_pin(pin).unwrap() == PinVerdict::Right
    }

    /// A key like this one: the same PIN and passkeys, and nobody minds what is tried on it.
    fn open(&self, known: &Known) -> Key {
        let double = self.maker.rebuild(known.number, known.key.photograph());
        double.plug().unwrap();
        let attendant = Attendant {
            cancel: CancelFlag::default(),
            on_touch: Box::new(|_| {}),
        };
        Key::new(
            Box::new(PracticeTransport::open(&double).unwrap()),
            attendant,
        )
    }
}

/// There is one letter with the job's last number, and on it the PIN that the ledger keeps.
fn letter(
    home: &Home,
    sheets: &[Arc<Sheet>],
    record: &JobRecord,
    state: &Enrollment,
    kept: &[Kept],
) -> Option<String> {
    let job = record.job.id;
    let is_current = |control: &str| state.delivered() == Some(control);
    let letters = letters::all(&home.root().join("mailers"));
    let (current, count) = if home.prints {
        let right = |sheet: &&Arc<Sheet>| {
            is_current(&sheet.control.to_string())
                && kept.iter().any(|one| {
                    one.job == job
                        && Some(one.attempt) == state.pin_of()
                        && Pin::new(&sheet.letter.pin).is_ok_and(|pin| pin == one.pin)
                })
        };
        (sheets.iter().filter(right).count(), sheets.len())
    } else {
        let files = letters.iter().map(|file| letters::control_of(file));
        (
            files.filter(|control| is_current(control)).count(),
            letters.len(),
        )
    };
    let wrong = || format!("job {job}: {current} letters of {count} have its number and its PIN");
    (current != 1).then(wrong)
}

fn open(home: &Home) -> Result<Book, String> {
    let ledger =
        SqliteLedger::open_reader(&home.copy_ledger()).map_err(|fault| fault.to_string())?;
    let jobs = ledger.jobs(None).map_err(|fault| fault.to_string())?;
    Ok(Book { ledger, jobs })
}

/// Every passkey that a journal says was made.
fn made(book: &Book) -> BTreeSet<CredentialId> {
    let mut made = BTreeSet::new();
    for record in &book.jobs {
        for row in book.ledger.journal(record.job.id).unwrap() {
            if let Happening::Done {
                evidence: Evidence::Made { credential, .. },
                ..
            } = row.event.happening
            {
                made.insert(credential);
            }
        }
    }
    made
}

fn listed(home: &Home) -> Vec<(String, Vec<TenantCredential>)> {
    home.people
        .iter()
        .map(|user| (user.clone(), home.tenant.credentials(user).unwrap()))
        .collect()
}

/// What has to be gone when nothing is left to do: the station's own copies of PINs, unfinished letters, job files on their way.
fn left_over(home: &Home) -> Vec<String> {
    let mut left = Vec::new();
    let copies: i64 = Connection::open(home.copy_ledger())
        .and_then(|db| db.query_row("SELECT count(*) FROM in_flight", [], |row| row.get(0)))
        .unwrap();
    if copies != 0 {
        left.push(format!("the station has kept {copies} copies of PINs"));
    }
    for folder in ["queue/new", "queue/work", "queue/rejected"] {
        left.extend(names(home, folder).map(|name| format!("{folder}/{name} is left")));
    }
    // A cut in the middle of a move between two folders may leave the file in both. It is taken in once, and the other is held
    // as known.
    let strange = names(home, "queue/hold").filter(|name| !name.starts_with("onboarding.csv"));
    left.extend(strange.map(|name| format!("queue/hold/{name} is left")));
    // A letter that is printed lies in no folder at any time.
    let strange =
        names(home, "mailers").filter(|name| home.prints || name.starts_with(".unfinished"));
    left.extend(strange.map(|name| format!("mailers/{name} is left")));
    // Every letter is confirmed or void by now.
    left.extend(names(home, SPOOL).map(|name| format!("{SPOOL}/{name} is left")));
    let mut done: Vec<_> = names(home, "queue/done").collect();
    done.sort();
    if done != ["onboarding.csv", "onboarding.csv.report.json"] {
        left.push(format!("queue/done holds {done:?}"));
    }
    left.extend(in_clear(&home.root()));
    left
}

/// Where in the station, letters aside, the administrator's PIN stands in clear.
pub(crate) fn in_clear(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if !path.ends_with("mailers") {
                found.extend(in_clear(&path));
            }
        } else if path.is_file() {
            let pin = SPECIFIED_PIN.as_bytes();
            let bytes = std::fs::read(&path).unwrap();
            if bytes.windows(pin.len()).any(|text| text == pin) {
                found.push(format!("I7: a PIN stands in {}", path.display()));
            }
        }
    }
    found
}

fn names(home: &Home, folder: &str) -> impl Iterator<Item = String> {
    let entries = std::fs::read_dir(home.root().join(folder));
    let entries = entries.into_iter().flatten();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap())
}

/// A job that waits for somebody's decision.
pub(crate) struct HeldJob {
    pub(crate) id: JobId,
    pub(crate) why: Fault,
    /// The sheet that may be there.
    pub(crate) control: Option<String>,
}

/// The jobs that wait for somebody's decision, and why.
pub(crate) fn held(home: &Home) -> Vec<HeldJob> {
    let book = open(home).unwrap();
    let held = book
        .jobs
        .iter()
        .filter(|record| record.standing == Standing::Held);
    held.map(|record| HeldJob {
        id: record.job.id,
        why: record.held.clone().expect("a reason"),
        control: replay(&book.ledger, record.job.id)
            .unwrap()
            .unconfirmed()
            .map(str::to_owned),
    })
    .collect()
}

/// What happened to a job so far.
pub(crate) struct Journal {
    pub(crate) id: JobId,
    pub(crate) happenings: Vec<Happening>,
    pub(crate) state: Enrollment,
}

/// What happened to each job, in their order.
pub(crate) fn journals(home: &Home) -> Result<Vec<Journal>, String> {
    let book = open(home)?;
    let journals = book.jobs.iter().map(|record| {
        let id = record.job.id;
        let rows = book.ledger.journal(id).unwrap();
        Journal {
            id,
            happenings: rows.into_iter().map(|row| row.event.happening).collect(),
            state: replay(&book.ledger, id).unwrap(),
        }
    });
    Ok(journals.collect())
}

/// How many entries the journals of all jobs have.
pub(crate) fn entries(home: &Home) -> usize {
    let book = open(home).unwrap();
    book.jobs
        .iter()
        .map(|job| book.ledger.journal(job.job.id).unwrap().len())
        .sum()
}

/// What a person was given.
pub(crate) struct Given {
    pub(crate) user: String,
    pub(crate) envelope: String,
    /// The number of the letter.
    pub(crate) control: String,
    /// How often the job began; each beginning has a PIN of its own, and one letter for it at most.
    pub(crate) attempts: usize,
}

/// What everybody was given.
pub(crate) fn given(home: &Home) -> Vec<Given> {
    let book = open(home).unwrap();
    book.jobs
        .iter()
        .map(|record| {
            let state = replay(&book.ledger, record.job.id).unwrap();
            Given {
                user: record.job.request.user.clone(),
                envelope: record.job.envelope.to_string(),
                // Whoever has none is told of elsewhere.
                control: state.delivered().unwrap_or_default().to_owned(),
                attempts: usize::try_from(state.attempt().0).unwrap(),
            }
        })
        .collect()
}
