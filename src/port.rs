//! What keyline needs from outside, on one page. Everything else is either pure or behind one of these.
//!
//! All ports block and are object-safe: a slot's job runs on a thread of its own, and the runner that is tested is the
//! runner that works. Implementations live in `adapter/` (real) and `practice/` (simulated).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::domain::authenticator::{Attachment, Capabilities, Serial, Slot};
use crate::domain::credential::{
    Attestation, AttestationVerdict, CreationOptions, CredentialId, MethodId, RegisteredCredential,
    RpId,
};
use crate::domain::enrollment::{Enrollment, Standing};
use crate::domain::event::{Attempt, Event};
use crate::domain::fault::Fault;
use crate::domain::job::row::Rules;
use crate::domain::job::{BatchName, Draft, Envelope, Job, JobId};
use crate::domain::mailbox::{Archived, Claim, Delivery, MailboxFault, Outcome};
use crate::domain::mailer::{ControlNumber, Mailer};
use crate::domain::pin::Pin;
pub use crate::domain::policy::Configuration;
use crate::domain::time::Timestamp;

// ---------------------------------------------------------------------------------------------------------------
// Transport: how CTAP messages reach one key. Implemented over HID, over PC/SC, and in process.

/// Asks a running exchange to end. Cloned to whoever may want to cancel.
#[derive(Clone, Debug, Default)]
pub struct CancelFlag(Arc<AtomicBool>);

impl CancelFlag {
    /// From now on every exchange under this flag ends as soon as the key lets it.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// Whether somebody has cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// Why a key keeps us waiting (CTAP 2.1 §11.2.9.1.8, CTAPHID_KEEPALIVE; the same values over NFC).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keepalive {
    Processing,
    /// The key waits for a touch.
    UserPresenceNeeded,
}

/// The terms of one exchange.
pub struct Conduct<'a> {
    /// When to give up. The transport then sends CANCEL, so that the key does not go on waiting for a touch.
    pub deadline: Instant,
    pub cancel: &'a CancelFlag,
    pub on_keepalive: &'a mut dyn FnMut(Keepalive),
}

/// What came of taking the power from a key and giving it back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repowered {
    /// The key has started anew: its reset window is open again.
    Yes,
    /// This transport cannot do that; a person has to take the key out and put it back.
    NotHere,
}

/// One key's message pipe (CTAP 2.1 §8, §11). Exclusive: nobody else talks to the key while it lives.
pub trait Transport: Send {
    /// Sends `request` (command byte, then canonical CBOR) and returns the answer (status byte, then CBOR), whatever the
    /// status says.
    ///
    /// # Errors
    /// [`Fault::KeyGone`], [`Fault::KeyMute`] after the deadline, [`Fault::Cancelled`], [`Fault::KeyGarbled`],
    /// [`Fault::Transport`]. None of them tells whether the key acted.
    fn exchange(&mut self, request: &[u8], conduct: &mut Conduct<'_>) -> Result<Vec<u8>, Fault>;

    /// The way the key is attached.
    fn attachment(&self) -> Attachment;

    /// The product string or reader name, for people only.
    fn product(&self) -> String;

    /// The vendor's serial number, where this vendor gives one over this transport. Never costs a touch or a PIN try, and
    /// may be asked before a reset without closing the reset window.
    ///
    /// # Errors
    /// As [`Transport::exchange`]; a key that merely has no serial is `Ok(None)`.
    fn serial(&mut self) -> Result<Option<Serial>, Fault>;

    /// Takes the power away and gives it back, where that can be done in software.
    ///
    /// # Errors
    /// As [`Transport::exchange`].
    fn repower(&mut self) -> Result<Repowered, Fault>;
}

// ---------------------------------------------------------------------------------------------------------------
// Keys: arrivals and departures.

/// A physical position, stable over replugging: the USB port chain (`usb:1-2.3`), the reader's name (`reader:ACME 00 00`),
/// or a practice slot (`practice:1`). The configuration maps places to slots.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place(pub String);

/// Something that happened at a place. A hint is enough for the source to look; what it reports is what it then saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyEvent {
    /// A key is there. `at_start` when it lay there before we began to watch: it does not count until it was lifted.
    Arrived {
        place: Place,
        attachment: Attachment,
        at_start: bool,
    },
    /// The key at this place is gone.
    Left { place: Place },
}

/// Where keys come from.
pub trait Keys: Send + Sync {
    /// Starts watching and reports to `sink`, from a thread of its own, until `sink` returns `false` or the value is dropped.
    /// Keys that are there already come first, with `at_start`; then [`Keys::watch`] returns. One key seen over two
    /// transports is reported once.
    ///
    /// # Errors
    /// When nothing can be watched at all, in words for the administrator.
    fn watch(&self, sink: Box<dyn FnMut(KeyEvent) -> bool + Send>) -> Result<(), Fault>;

    /// Opens the key at `place`, exclusively.
    ///
    /// # Errors
    /// [`Fault::KeyGone`], [`Fault::KeyHeldElsewhere`], [`Fault::Transport`].
    fn open(&self, place: &Place, attendant: Attendant) -> Result<Box<dyn Authenticator>, Fault>;
}

/// Who stands by while a key works: can cancel, and is told when it waits for a touch.
pub struct Attendant {
    pub cancel: CancelFlag,
    /// Called with `true` when the key begins to wait for a touch and with `false` when it no longer does.
    pub on_touch: Box<dyn FnMut(bool) + Send>,
}

// ---------------------------------------------------------------------------------------------------------------
// Authenticator: one key, in the words of CTAP 2.1. Built by `adapter/ctap` over any Transport.

/// A makeCredential request (CTAP 2.1 §6.1) as far as we vary it. `rk` is always true, user verification always by PIN.
pub struct MakeCredential<'a> {
    pub options: &'a CreationOptions,
    /// The exact bytes whose SHA-256 the key signs.
    pub client_data_json: &'a [u8],
}

/// The answer to one try of a PIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a wrong PIN costs a retry"]
pub enum PinVerdict {
    Right,
    /// Wrong, or (when a change is forced and the retry counter is not full afterwards) not provably right.
    Wrong {
        retries_left: Option<u32>,
    },
}

/// One authenticator, in exclusive use.
pub trait Authenticator: Send {
    /// authenticatorGetInfo, read anew.
    fn capabilities(&mut self) -> Result<Capabilities, Fault>;
    /// See [`Transport::serial`].
    fn serial(&mut self) -> Result<Option<Serial>, Fault>;
    fn attachment(&self) -> Attachment;
    fn product(&self) -> String;
    /// authenticatorReset (§6.6). [`Fault::ResetTooLate`] when the window has closed.
    fn reset(&mut self) -> Result<(), Fault>;
    /// See [`Transport::repower`].
    fn repower(&mut self) -> Result<Repowered, Fault>;
    /// clientPIN setPIN (§6.5.5.5).
    fn set_pin(&mut self, pin: &Pin) -> Result<(), Fault>;
    /// clientPIN changePIN (§6.5.5.6).
    fn change_pin(&mut self, current: &Pin, new: &Pin) -> Result<(), Fault>;
    /// clientPIN getPINRetries (§6.5.5.2).
    fn pin_retries(&mut self) -> Result<u32, Fault>;
    /// Exactly one try of `pin`. A full retry counter after a forced-change refusal proves the PIN right.
    fn try_pin(&mut self, pin: &Pin) -> Result<PinVerdict, Fault>;
    /// authenticatorMakeCredential (§6.1) with a token of the permission `mc` bound to the relying party.
    fn make_credential(
        &mut self,
        request: &MakeCredential<'_>,
        pin: &Pin,
    ) -> Result<Attestation, Fault>;
    /// A getAssertion without touch or PIN (`up` false): which of `allow` the key holds for `rp`, or with an empty list any
    /// discoverable one that it shows unverified. `None` proves nothing for credProtect level 3.
    fn assert_silently(
        &mut self,
        rp: &RpId,
        allow: &[CredentialId],
    ) -> Result<Option<CredentialId>, Fault>;
    /// authenticatorConfig (§6.11): toggleAlwaysUv first, then one setMinPINLength that carries length and forced change.
    fn configure(&mut self, pin: &Pin, wanted: Configuration) -> Result<(), Fault>;
}

/// Judges attestation statements before they are sent.
pub trait AttestationCheck: Send + Sync {
    /// Our own verifier's verdict: it decides, and only [`AttestationVerdict::Disagrees`] stops a job.
    fn judge(&self, attestation: &Attestation) -> AttestationVerdict;
    /// What another implementation thinks: advisory, journalled.
    fn second_opinion(&self, attestation: &Attestation) -> AttestationVerdict;
}

// ---------------------------------------------------------------------------------------------------------------
// The relying party: Microsoft Entra ID.

/// What came of a DELETE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deleted {
    Now,
    /// It was not there: done as well.
    WasGone,
}

/// Microsoft Graph, as far as we need it. `user` is a UPN or an object id.
pub trait RelyingParty: Send + Sync {
    /// Whether a token can be had and our clock agrees with the service's.
    fn ready(&self) -> Result<(), Fault>;
    /// GET fido2Methods/creationOptions.
    fn creation_options(&self, user: &str) -> Result<CreationOptions, Fault>;
    /// POST fido2Methods. [`Fault::Unreachable`] and [`Fault::Throttled`] leave it open whether the service has committed.
    fn register(
        &self,
        user: &str,
        display_name: &str,
        attestation: &Attestation,
    ) -> Result<MethodId, Fault>;
    /// GET fido2Methods. Lags behind the POST by seconds.
    fn credentials(&self, user: &str) -> Result<Vec<RegisteredCredential>, Fault>;
    /// DELETE fido2Methods/{id}.
    fn delete(&self, user: &str, method: &MethodId) -> Result<Deleted, Fault>;
}

// ---------------------------------------------------------------------------------------------------------------
// The ledger: journal, sealed PINs, who holds which key. Every method that writes returns once it is on the disk.

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

/// Who holds a key, according to this ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    pub job: JobId,
    /// Name, or UPN where there is no name; "a person who was erased" after an erasure.
    pub person: String,
    pub user: String,
    pub envelope: Envelope,
    pub standing: Standing,
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
    /// Jobs of this ledger whose key has this serial, newest first.
    fn holders_of_serial(&self, serial: &Serial) -> Result<Vec<Holder>, Fault>;
    /// The job whose registered, or merely made, passkey this is.
    fn holder_of_credential(&self, credential: &CredentialId) -> Result<Option<Holder>, Fault>;
    /// Done or open jobs of this user that are not cancelled.
    fn jobs_of_user(&self, user: &str) -> Result<Vec<JobRecord>, Fault>;
    /// Methods that this ledger registered for the user and did not replace: never to be deleted for another key's sake.
    fn live_methods(&self, user: &str) -> Result<Vec<MethodId>, Fault>;
    /// Obligations that are due, oldest first. A replaced method is due only when its job is done.
    fn obligations(&self, now: Timestamp) -> Result<Vec<Obligation>, Fault>;
    fn settle(
        &self,
        obligation: i64,
        outcome: &DutyOutcome,
        actor: &str,
        at: Timestamp,
    ) -> Result<(), Fault>;
    /// Something that belongs to no job, for the audit chain: shift change, start, erasure.
    fn note(&self, what: &str, actor: &str, at: Timestamp) -> Result<(), Fault>;
}

// ---------------------------------------------------------------------------------------------------------------
// The operator, where a secret has to be typed.

/// The person at the bench.
pub trait Operator: Send + Sync {
    /// Asks for the PIN that the key in `slot` has now. `None` when nobody answers, or nobody can be asked.
    fn current_pin(&self, slot: Slot, person: &str) -> Option<Pin>;
}

// ---------------------------------------------------------------------------------------------------------------
// The drop folder.

/// Where job files arrive. The folder is a mailbox; the ledger is the truth.
///
/// The order that survives a cut anywhere: [`Mailbox::collect`], [`Mailbox::read`], one transaction of the ledger that notes the
/// claim id, [`Mailbox::finish`]. After a cut the claim is among [`Mailbox::left_over`]: when the ledger knows its id, only
/// `finish` is missing; otherwise it is read like any other. `finish` may be repeated.
pub trait Mailbox: Send + Sync {
    /// Calls `wake` from a thread of its own whenever a file may be ready to be collected, until it returns `false` or the
    /// mailbox is dropped. A call is a hint: it may come early, and twice.
    ///
    /// # Errors
    /// When the folder cannot even be looked at. Hints that fail later are made up for by looking every few seconds.
    fn watch(&self, wake: Box<dyn FnMut() -> bool + Send>) -> Result<(), MailboxFault>;

    /// Claims whatever is complete, by name order. Files still being written stay for a later call.
    ///
    /// # Errors
    /// As the folder fails. Claims made before the fault are among [`Mailbox::left_over`] then.
    fn collect(&self) -> Result<Vec<Claim>, MailboxFault>;

    /// Whether a file lies in the folder that is not complete yet. [`Mailbox::watch`] wakes when it may be.
    ///
    /// # Errors
    /// As the folder fails.
    fn is_settling(&self) -> Result<bool, MailboxFault>;

    /// Claims from earlier that were never finished, in name order.
    ///
    /// # Errors
    /// As the folder fails.
    fn left_over(&self) -> Result<Vec<Claim>, MailboxFault>;

    /// Reads and checks a claimed file. Whatever is wrong with the file is in the answer.
    ///
    /// # Errors
    /// As the folder fails; never for what the file holds or is.
    fn read(&self, claim: &Claim, rules: &Rules) -> Result<Delivery, MailboxFault>;

    /// Moves a claimed file to where its outcome belongs, without its PINs, and writes the report or the reason beside it.
    /// Never overwrites a file of another claim.
    ///
    /// # Errors
    /// As the folder fails; the claim then stays.
    fn finish(&self, claim: &Claim, outcome: &Outcome) -> Result<Archived, MailboxFault>;
}

// ---------------------------------------------------------------------------------------------------------------
// Paper.

/// Where a mailer went. Evidence for the journal: never a PIN, never a person's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivered {
    /// A file's path or a printer's job, for people.
    pub place: String,
}

/// Puts mailers on paper, or into a folder from which they are printed.
pub trait Press: Send + Sync {
    /// Makes everything of `mailer` except the sheet: so an unknown language, a missing glyph or an address too long is known
    /// before a key is touched. Any PIN of the right length serves.
    ///
    /// # Errors
    /// [`Fault::Mailer`], in words that name field and character.
    fn check(&self, mailer: &Mailer) -> Result<(), Fault>;

    /// Hands over one mailer, at most once: a second sheet with this control number is refused.
    ///
    /// # Errors
    /// [`Fault::Mailer`]: there is no sheet. [`Fault::DeliveryUncertain`]: there may be one.
    fn deliver(&self, mailer: &Mailer) -> Result<Delivered, Fault>;

    /// Whether the sheet with this number was handed over, as far as the press can tell: for the doubt after a crash.
    ///
    /// # Errors
    /// [`Fault::DeliveryUncertain`] when it cannot tell.
    fn was_delivered(&self, control: &ControlNumber, envelope: Envelope) -> Result<bool, Fault>;
}

// ---------------------------------------------------------------------------------------------------------------
// Chance and time.

/// The clock on the wall, for stamps and expiry only, and waiting.
pub trait Clock: Send + Sync {
    fn now(&self) -> Timestamp;
    /// The day in the station's time zone, for letters.
    fn today(&self) -> jiff::civil::Date;
    /// Sleeps, unless cancelled first. Returns `false` when cancelled.
    fn wait(&self, duration: Duration, cancel: &CancelFlag) -> bool;
}

/// Unpredictable bytes from the operating system.
pub trait Entropy: Send + Sync {
    /// Fills `bytes`.
    ///
    /// # Errors
    /// [`Fault::Internal`] when the system has none: then nothing is drawn.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), Fault>;
}
