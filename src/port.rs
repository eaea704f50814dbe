//! What keyline needs from outside. Everything else is either pure or behind one of these traits.
//!
//! All ports block and are object-safe: a slot's job runs on a thread of its own, and the runner that is tested is the
//! runner that works. Implementations live in `adapter/` (real) and `practice/` (simulated).

mod accounts;
pub mod browse;
mod directory;
mod key;
mod ledger;
mod models;
mod tenant_setup;
mod trial;

use std::time::Duration;

use crate::domain::authenticator::Slot;
use crate::domain::credential::{Attestation, CreationOptions, MethodId, RegisteredCredential};
use crate::domain::fault::Fault;
use crate::domain::job::Envelope;
use crate::domain::job::row::Rules;
pub use crate::domain::keeping::{Keeping, Kept, OpenRemoval, Removal, RemovalEnd};
use crate::domain::mailbox::{Archived, Claim, Delivery, MailboxFault, Outcome};
use crate::domain::mailer::{ControlNumber, Mailer};
use crate::domain::paper::{Outlet, Printing, Ticket};
use crate::domain::pin::Pin;
pub use crate::domain::policy::Configuration;
use crate::domain::time::Timestamp;

pub use self::accounts::Accounts;
pub use self::directory::{Bookmark, Directory, Page};
pub use self::key::{
    Attendant, AttestationCheck, Authenticator, CancelFlag, Conduct, Keepalive, KeyEvent, Keys,
    MakeCredential, PinVerdict, Place, Repowered, Transport,
};
pub use self::ledger::{
    Admission, Admitted, Duty, DutyOutcome, Entry, Holder, JobRecord, Ledger, Obligation,
    PaperCounts, Passkey, PasskeyState, Stamped,
};
pub use self::models::{Models, NoMetadata};
pub use self::tenant_setup::{OwnCertificate, TenantSetup};
pub use self::trial::{Trial, TrialBook, TrialEnd};

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
    /// What the service has asked for and is not over, where that is longer than one call waits. Asks nobody.
    fn asked_to_wait(&self) -> Option<Fault> {
        None
    }
    /// GET fido2Methods/creationOptions.
    fn creation_options(&self, user: &str) -> Result<CreationOptions, Fault>;
    /// POST fido2Methods. [`Fault::Unreachable`] leaves it open whether the service has committed; every other fault means
    /// that it has not.
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

    /// Whether a file lies in the folder that was not complete yet when it was collected from last. [`Mailbox::watch`] wakes when
    /// it may be.
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
    /// A file's path or a printer's name, for people.
    pub place: String,
    /// What a printer knows the sheet by; `None` where the sheet is there, whole, as soon as it was handed over.
    pub ticket: Option<Ticket>,
}

/// Puts mailers on paper, or into a folder from which they are printed.
pub trait Press: Send + Sync {
    /// Makes everything of `mailer` except the sheet: so an unknown language, a missing glyph or an address too long is known
    /// before a key is touched. Any PIN of the right length serves.
    ///
    /// # Errors
    /// [`Fault::Mailer`], in words that name field and character.
    fn check(&self, mailer: &Mailer) -> Result<(), Fault>;

    /// Whether sheets come out of a printer, one at a time: it takes time, may stop for want of paper, and what came out has to
    /// be looked at. A press that does not print has its sheet as soon as it is handed over.
    fn prints(&self) -> bool {
        false
    }

    /// Whether a sheet could be handed over now. Asked before anything is written down for it, so that a printer that is away
    /// for an hour leaves no trace in the journal.
    ///
    /// # Errors
    /// As [`Press::deliver`], without the doubt.
    fn can_take(&self) -> Result<(), Fault> {
        Ok(())
    }

    /// Hands over one mailer, at most once: a second sheet with this control number is refused. A printer has accepted it then,
    /// no more; see [`Press::follow`].
    ///
    /// # Errors
    /// [`Fault::Mailer`]: there is no sheet, and somebody has to mend what is named. [`Fault::PrinterAway`]: there is none, and
    /// it can be tried again later. [`Fault::DeliveryUncertain`]: there may be one.
    fn deliver(&self, mailer: &Mailer) -> Result<Delivered, Fault>;

    /// Where its sheets go: written down before one is handed over, for whoever looks for it after a cut.
    fn outlet(&self) -> Outlet;

    /// Whether what went there can be asked for, and taken back, here. Elsewhere nobody can, and whoever takes another printer's
    /// or folder's word about a sheet believes a stranger.
    fn reaches(&self, outlet: &Outlet) -> bool;

    /// Whether this press prints where the ticket is from.
    fn serves(&self, ticket: &Ticket) -> bool {
        self.reaches(&ticket.outlet())
    }

    /// What became of a sheet that a printer accepted. Asks once; changes nothing.
    ///
    /// # Errors
    /// [`Fault::PrinterAway`] when the printer does not answer now: ask again.
    fn follow(&self, ticket: &Ticket) -> Result<Printing, Fault> {
        let _ = ticket;
        Err(Fault::Internal {
            what: "this press prints nothing".to_owned(),
        })
    }

    /// Takes back the sheet with this number, which is void, where it still lies. Its number stays used.
    ///
    /// # Errors
    /// [`Fault::Mailer`]: it lies there still.
    fn take_back(&self, control: &ControlNumber, envelope: Envelope) -> Result<(), Fault> {
        // What is on paper nobody takes back but a person.
        let _ = (control, envelope);
        Ok(())
    }

    /// Removes the copy of the letter with this number from `folder`, into which this press or any earlier one has spooled it. May be
    /// repeated.
    ///
    /// # Errors
    /// [`Fault::Mailer`]: it lies there still, or that cannot be seen.
    fn forget(&self, control: &ControlNumber, folder: &str) -> Result<(), Fault>;

    /// The numbers of the letters of which a copy lies in `folder`, into which this press or any earlier one has spooled: also those
    /// of other stations.
    ///
    /// # Errors
    /// [`Fault::Mailer`] when that cannot be seen.
    fn kept(&self, folder: &str) -> Result<Vec<ControlNumber>, Fault>;

    /// The numbers of the letters that a printer has taken and that may still come out of it, as it tells them: also those of
    /// other stations. Asks once; changes nothing.
    ///
    /// # Errors
    /// [`Fault::PrinterAway`] when the printer does not answer now, [`Fault::Mailer`] when it does not say.
    fn waiting(&self) -> Result<Vec<ControlNumber>, Fault> {
        Ok(Vec::new())
    }

    /// Where the sheet with this number went, as far as the press can tell: for the doubt after a crash. `None`: it was
    /// certainly not handed over.
    ///
    /// # Errors
    /// [`Fault::DeliveryUncertain`] when it cannot tell; [`Fault::PrinterAway`] when the printer does not answer now: ask again.
    fn whereabouts(
        &self,
        control: &ControlNumber,
        envelope: Envelope,
    ) -> Result<Option<Delivered>, Fault>;
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
