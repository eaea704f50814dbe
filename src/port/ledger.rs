//! The ledger: journal, sealed PINs, who holds which key. Every method that writes returns once it is on the disk.

use std::collections::BTreeMap;

use crate::domain::authenticator::Serial;
use crate::domain::credential::{Attestation, CredentialId, MethodId};
use crate::domain::custody::Custody;
use crate::domain::enrollment::{Enrollment, Standing};
use crate::domain::event::{Attempt, Event};
use crate::domain::fault::Fault;
use crate::domain::job::{BatchName, Draft, Envelope, Job, JobId};
use crate::domain::keeping::{Keeping, Kept, OpenRemoval};
use crate::domain::mailer::ControlNumber;
use crate::domain::pin::Pin;
use crate::domain::stock::{Listing, ModelStock};
use crate::domain::time::Timestamp;

/// A batch as the folder delivered it.
#[derive(Debug)]
pub struct Admission {
    pub batch: BatchName,
    /// Names this claim of the file, so that admission can be repeated after a crash.
    pub claim: String,
    /// HMAC-SHA256 of the file's bytes under a station key.
    pub content: [u8; 32],
    pub file_name: String,
    pub drafts: Vec<Draft>,
    /// Rows that wait for the administrator from the start, with the reason (`already_enrolled = "hold"` and the like).
    pub held: Vec<(usize, Fault)>,
}

/// What became of an admission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Admitted {
    /// In the ledger now, or already by the same claim.
    Jobs(Vec<JobId>),
    /// The very same content came before, under this name.
    KnownContent { batch: BatchName, at: Timestamp },
}

/// A job and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobRecord {
    pub job: Job,
    pub standing: Standing,
    /// The serial of the key that is bound to it, or was enrolled.
    pub serial: Option<Serial>,
    /// The control number of the delivered sheet.
    pub control: Option<String>,
    /// Why it is held.
    pub held: Option<Fault>,
    /// Who has its key.
    pub custody: Custody,
    pub updated: Timestamp,
}

/// An event and when and by whom it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamped {
    pub sequence: i64,
    pub at: Timestamp,
    pub actor: String,
    pub event: Event,
}

/// One append to a job's journal with everything that must be durable in the same transaction.
#[derive(Debug)]
pub struct Entry<'a> {
    pub job: JobId,
    pub event: &'a Event,
    /// The state that the event leads to; the ledger keeps its standing, serial and control number as an index.
    pub state: &'a Enrollment,
    /// A PIN that goes onto the key next: sealed for recovery and for this station under (job, attempt).
    pub pin: Option<&'a Pin>,
    /// The attestation that is to be registered, kept until the job is done.
    pub attestation: Option<&'a Attestation>,
    /// What Entra has to be rid of, from this moment on.
    pub obligations: &'a [Duty],
    /// The PIN has reached its recipient, or nobody else will: the station's own copies of this job's PINs go.
    pub forget_in_flight: bool,
}

/// A credential that has to go from a user's methods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Duty {
    /// A method that the user had before, due once the new key is in the list.
    Replaced(MethodId),
    /// The method of a key that its person does not have any more.
    Retired(MethodId),
    /// A credential that an abandoned attempt may have left behind: looked for, and deleted if it appears.
    Orphan(CredentialId),
}

/// A duty in the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obligation {
    pub id: i64,
    pub job: JobId,
    pub user: String,
    pub duty: Duty,
    /// The method of the new key, which must be in the list before anything of the user's is deleted.
    pub keeps: Option<MethodId>,
    /// Not before this moment.
    pub due: Timestamp,
    /// How often it was looked for.
    pub looks: u32,
}

/// What came of one look at an obligation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DutyOutcome {
    /// A DELETE is about to be sent.
    Deleting,
    /// Deleted, or it was not there after the last look.
    Settled { deleted: bool },
    /// Look again at this moment.
    Again { due: Timestamp },
    /// Not to be touched after all, with the reason in words.
    Spared { why: String },
}

/// What became of a passkey that this ledger made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasskeyState {
    /// It is on a key, and perhaps at Entra: its job is under way.
    Made,
    Registered,
    /// Given up before anybody had it: it must not be at Entra.
    Abandoned,
    /// A newer key takes its place, and it goes as soon as that one is in the list; or its key was taken back, and it goes at once.
    Replaced,
    /// It was deleted at Entra, or never appeared there.
    Gone,
}

/// A passkey that this ledger made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passkey {
    pub credential: CredentialId,
    pub job: JobId,
    /// Entra's id, where an answer or a list has told it.
    pub method: Option<MethodId>,
    pub state: PasskeyState,
    /// The journal calls it abandoned, whatever was found out about it since.
    pub given_up: bool,
}

/// Who holds a key, according to this ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    pub job: JobId,
    /// Name, or UPN where there is no name; "a person who was erased" after an erasure.
    pub person: String,
    pub user: String,
    pub envelope: Envelope,
    pub standing: Standing,
    pub custody: Custody,
}

/// How many letters and bags of a batch stand where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PaperCounts {
    /// Letters that are there and not void.
    pub confirmed: usize,
    /// Numbers of letters that nobody may use any more, whyever.
    pub void: usize,
    /// Letters that somebody declared void.
    pub spoiled: usize,
    pub bagged: usize,
    pub enveloped: usize,
    pub bags_dispatched: usize,
    pub letters_dispatched: usize,
}

/// The ledger.
pub trait Ledger: Send + Sync {
    /// Admits a whole file in one transaction. Repeating it with the same claim gives the same jobs.
    fn admit(&self, admission: &Admission, actor: &str, at: Timestamp) -> Result<Admitted, Fault>;
    /// Jobs that are neither done nor cancelled, in the order of their ids.
    fn open_jobs(&self) -> Result<Vec<JobRecord>, Fault>;
    fn job(&self, id: JobId) -> Result<Option<JobRecord>, Fault>;
    /// Jobs that `text` may mean: number, UPN, envelope, control number or serial.
    fn find(&self, text: &str) -> Result<Vec<JobRecord>, Fault>;
    /// The job that has, or had, the letter with this number.
    fn job_of_letter(&self, control: &ControlNumber) -> Result<Option<JobId>, Fault>;
    /// The letters that are void, and whose they are, in the order of their jobs.
    fn void_letters(&self) -> Result<Vec<(JobId, ControlNumber)>, Fault>;
    /// The job of this envelope.
    fn job_of_envelope(&self, envelope: Envelope) -> Result<Option<JobId>, Fault>;
    /// How many letters and bags stand where, per batch; batches without any are left out.
    fn paper(&self) -> Result<BTreeMap<BatchName, PaperCounts>, Fault>;
    /// All jobs of a batch, or of all batches, in the order of their ids.
    fn jobs(&self, batch: Option<&BatchName>) -> Result<Vec<JobRecord>, Fault>;
    /// A job's journal in order.
    fn journal(&self, job: JobId) -> Result<Vec<Stamped>, Fault>;
    /// One transaction, durable when it returns.
    fn append(&self, entry: &Entry<'_>, actor: &str, at: Timestamp) -> Result<(), Fault>;
    /// The PIN of this attempt from the station's own sealed copy.
    fn pin_in_flight(&self, job: JobId, attempt: Attempt) -> Result<Pin, Fault>;
    /// The PIN that the job file specified (`pin`), or says the key has now (`current_pin`), from the station's copy.
    fn specified_pin(&self, job: JobId) -> Result<Option<Pin>, Fault>;
    fn current_pin(&self, job: JobId) -> Result<Option<Pin>, Fault>;
    /// The attestation that this attempt made, while the job is open.
    fn attestation(&self, job: JobId, attempt: Attempt) -> Result<Option<Attestation>, Fault>;
    /// Jobs of this ledger whose key has this serial; the one that was bound to it last comes first.
    fn holders_of_serial(&self, serial: &Serial) -> Result<Vec<Holder>, Fault>;
    /// The job whose registered, or merely made, passkey this is. One that was given up is nobody's.
    fn holder_of_credential(&self, credential: &CredentialId) -> Result<Option<Holder>, Fault>;
    /// The passkey of this ledger with this id, whatever became of it.
    fn passkey(&self, credential: &CredentialId) -> Result<Option<Passkey>, Fault>;
    /// All passkeys that this ledger made for the user, job by job.
    fn passkeys_of_user(&self, user: &str) -> Result<Vec<Passkey>, Fault>;
    /// Done or open jobs of this user that are not cancelled.
    fn jobs_of_user(&self, user: &str) -> Result<Vec<JobRecord>, Fault>;
    /// Methods that this ledger registered for the user and did not replace: never to be deleted for another key's sake.
    fn live_methods(&self, user: &str) -> Result<Vec<MethodId>, Fault>;
    /// Those of these methods that this ledger registered and did not replace, for whomever: one person may be named in two
    /// ways. They are never deleted for another key's sake.
    fn live_among(&self, listed: &[MethodId]) -> Result<Vec<MethodId>, Fault>;
    /// Obligations that are due, oldest first. A replaced method is due only when its job is done, or given up.
    fn obligations(&self, now: Timestamp) -> Result<Vec<Obligation>, Fault>;
    fn settle(
        &self,
        obligation: i64,
        outcome: &DutyOutcome,
        actor: &str,
        at: Timestamp,
    ) -> Result<(), Fault>;
    /// Takes up the duty to be rid of an abandoned credential once more, due at once, whatever came of it before.
    ///
    /// # Errors
    /// [`Fault::Ledger`] when the journal does not call the credential abandoned.
    fn reopen(&self, credential: &CredentialId, actor: &str, at: Timestamp) -> Result<(), Fault>;
    /// Something that belongs to no job, for the audit chain: shift change, start, erasure.
    fn note(&self, what: &str, actor: &str, at: Timestamp) -> Result<(), Fault>;
    /// The notes that begin so, in their order.
    fn notes(&self, beginning: &str) -> Result<Vec<String>, Fault>;
    /// Writes down what belongs to no job and is more than a note: stock, and passkeys that an administrator deletes.
    fn keep(&self, keeping: &Keeping, actor: &str, at: Timestamp) -> Result<Kept, Fault> {
        let _ = (keeping, actor, at);
        Err(Fault::Internal {
            what: "this ledger keeps jobs alone".to_owned(),
        })
    }
    /// What the stock list says of this serial.
    fn listing(&self, serial: &Serial) -> Result<Listing, Fault> {
        let _ = serial;
        Ok(Listing::NoList)
    }
    /// The stock per model; empty where no list was imported.
    fn stock(&self) -> Result<Vec<ModelStock>, Fault> {
        Ok(Vec::new())
    }
    /// The passkey of this ledger that Entra knows by this id.
    fn passkey_of_method(&self, method: &MethodId) -> Result<Option<Passkey>, Fault> {
        let _ = method;
        Ok(None)
    }
    /// Removals of which nobody knows what came of them, oldest first.
    fn open_removals(&self) -> Result<Vec<OpenRemoval>, Fault> {
        Ok(Vec::new())
    }
}
