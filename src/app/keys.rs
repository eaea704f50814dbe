//! A person's passkeys at Entra, beside what the ledger knows of them, and deleting some by an administrator's word. Each DELETE is
//! written down before it is sent and after it was answered; what lies between is a doubt that the next run tells of.
//!
//! # Why
//! Whoever is cut down between the row and the answer cannot know what came of it. So the row stays open until somebody looks at
//! the person's list again: a passkey that is not in it is gone, whoever deleted it.

use crate::domain::credential::{CredentialKind, RegisteredCredential};
use crate::domain::enrollment::Standing;
use crate::domain::fault::{Fault, Move};
use crate::domain::job::{BatchName, Envelope, JobId};
use crate::port::{
    Deleted, Keeping, Kept, Ledger, OpenRemoval, Passkey, RelyingParty, Removal, RemovalEnd,
};

/// Characters of an id that may stand for the whole.
const ID_CHARS_MIN: usize = 8;

/// What the ledger knows of a passkey that it made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enrolled {
    pub job: JobId,
    pub batch: BatchName,
    pub envelope: Envelope,
    pub serial: Option<String>,
    pub standing: Standing,
    /// The journal has given the passkey up: nobody was to have it.
    pub given_up: bool,
}

/// One passkey of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonsKey {
    pub credential: RegisteredCredential,
    /// `None`: it was not made here.
    pub enrolled: Option<Enrolled>,
}

impl PersonsKey {
    /// Whether a job is not done that made this passkey, and counts on it.
    pub fn is_of_open_job(&self) -> bool {
        self.enrolled.as_ref().is_some_and(|enrolled| {
            !enrolled.given_up
                && match enrolled.standing {
                    Standing::Waiting | Standing::UnderWay | Standing::Held => true,
                    Standing::Done | Standing::Cancelled => false,
                }
        })
    }

    fn goes_by(&self, text: &str) -> bool {
        let same = |other: &str| other.eq_ignore_ascii_case(text);
        let credential = &self.credential;
        let id = &credential.method.0;
        let begins = text.chars().count() >= ID_CHARS_MIN && id.starts_with(text);
        let ours = self.enrolled.as_ref().is_some_and(|enrolled| {
            same(&enrolled.envelope.to_string()) || enrolled.serial.as_deref().is_some_and(same)
        });
        id == text
            || begins
            || ours
            || credential.display_name.trim().to_lowercase() == text.to_lowercase()
    }
}

/// Which passkeys are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// By name, id (or its beginning), serial or envelope.
    Named(Vec<String>),
    SecurityKeys,
    /// Those in phones and computers as well.
    AllPasskeys,
}

/// A text that names no passkey, or several of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unclear {
    pub text: String,
    /// The ids of those that it fits.
    pub fits: Vec<String>,
}

/// What came of a passkey that was to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gone {
    Deleted,
    /// It was not there: done as well.
    WasGone,
    Failed(Fault),
    /// The way to Entra was closed before its turn came.
    Untried,
}

/// A removal of an earlier time that was cut off, and whether the passkey is still in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CutOff {
    pub open: OpenRemoval,
    pub still_there: bool,
}

/// The passkeys of `user` as Entra lists them. Changes nothing.
///
/// # Errors
/// Those of the tenant, and of the ledger.
pub fn list(
    ledger: &dyn Ledger,
    tenant: &dyn RelyingParty,
    user: &str,
) -> Result<Vec<PersonsKey>, Fault> {
    let listed = tenant.credentials(user)?;
    let known = |credential| {
        Ok(PersonsKey {
            enrolled: enrolled(ledger, &credential)?,
            credential,
        })
    };
    listed.into_iter().map(known).collect()
}

/// Entra's id counts where an answer has told it; otherwise the credential id in any of its encodings.
fn enrolled(ledger: &dyn Ledger, listed: &RegisteredCredential) -> Result<Option<Enrolled>, Fault> {
    let mut passkey: Option<Passkey> = ledger.passkey_of_method(&listed.method)?;
    for id in &listed.may_be {
        if passkey.is_none() {
            passkey = ledger.passkey(id)?;
        }
    }
    let Some(passkey) = passkey else {
        return Ok(None);
    };
    Ok(ledger.job(passkey.job)?.map(|record| Enrolled {
        job: record.job.id,
        batch: record.job.batch,
        envelope: record.job.envelope,
        serial: record.serial.map(|serial| serial.to_string()),
        standing: record.standing,
        given_up: passkey.given_up,
    }))
}

/// The passkeys that are meant, in the order of the list, each once.
///
/// # Errors
/// [`Unclear`]: the first text that fits none or several. Then nothing is to be touched.
pub fn choose(keys: &[PersonsKey], choice: &Choice) -> Result<Vec<PersonsKey>, Unclear> {
    let wanted = |test: &dyn Fn(&PersonsKey) -> bool| -> Vec<PersonsKey> {
        keys.iter().filter(|key| test(key)).cloned().collect()
    };
    let names = match choice {
        Choice::AllPasskeys => return Ok(keys.to_vec()),
        Choice::SecurityKeys => {
            return Ok(wanted(&|key| match key.credential.kind {
                CredentialKind::SecurityKey => true,
                CredentialKind::OtherPasskey => false,
            }));
        }
        Choice::Named(names) => names,
    };
    let mut methods = Vec::new();
    for name in names {
        let text = name.trim();
        let exact = wanted(&|key| key.credential.method.0 == text);
        let fits = if exact.is_empty() {
            wanted(&|key| key.goes_by(text))
        } else {
            exact
        };
        match fits.as_slice() {
            [one] => methods.push(one.credential.method.clone()),
            several => {
                return Err(Unclear {
                    text: text.to_owned(),
                    fits: several
                        .iter()
                        .map(|key| key.credential.method.0.clone())
                        .collect(),
                });
            }
        }
    }
    Ok(wanted(&|key| methods.contains(&key.credential.method)))
}

/// Removals of this user that were cut off, as the list shows them now. Changes nothing.
///
/// # Errors
/// Those of the ledger.
pub fn cut_off(ledger: &dyn Ledger, user: &str, keys: &[PersonsKey]) -> Result<Vec<CutOff>, Fault> {
    let open = ledger.open_removals()?.into_iter();
    Ok(open
        .filter(|open| open.removal.user.trim().to_lowercase() == user.trim().to_lowercase())
        .map(|open| CutOff {
            still_there: keys
                .iter()
                .any(|key| key.credential.method == open.removal.method),
            open,
        })
        .collect())
}

/// Whose passkeys go, and why.
pub struct Order<'a> {
    pub user: &'a str,
    pub reason: Option<&'a str>,
    /// What was cut off before: settled along with it, where the list tells what came of it.
    pub cut_off: &'a [CutOff],
}

/// Deletes `keys` at Entra, one after another. `book` writes down, durably; where it fails nothing more is deleted. `tell` hears of
/// each passkey at once.
///
/// # Errors
/// Those of `book`. What the tenant says is in the answer.
pub fn remove<E>(
    tenant: &dyn RelyingParty,
    order: &Order<'_>,
    keys: &[PersonsKey],
    book: &mut dyn FnMut(Keeping) -> Result<Kept, E>,
    tell: &mut dyn FnMut(&PersonsKey, &Gone),
) -> Result<Vec<Gone>, E> {
    for earlier in order.cut_off.iter().filter(|earlier| !earlier.still_there) {
        book(Keeping::Removed {
            removal: earlier.open.id,
            end: RemovalEnd::WasGone,
        })?;
    }
    let mut came = Vec::with_capacity(keys.len());
    let mut closed = false;
    for key in keys {
        let gone = if closed {
            Gone::Untried
        } else {
            one(tenant, order, key, book)?
        };
        // What one answer says of the way to Entra holds for the next as well.
        closed |= matches!(&gone, Gone::Failed(fault) if fault.whose_move() == Move::Wait);
        tell(key, &gone);
        came.push(gone);
    }
    Ok(came)
}

fn one<E>(
    tenant: &dyn RelyingParty,
    order: &Order<'_>,
    key: &PersonsKey,
    book: &mut dyn FnMut(Keeping) -> Result<Kept, E>,
) -> Result<Gone, E> {
    let method = &key.credential.method;
    let begun = book(Keeping::Removing(Removal {
        user: order.user.to_owned(),
        method: method.clone(),
        name: key.credential.display_name.clone(),
        reason: order.reason.map(str::to_owned),
    }))?;
    let answer = tenant.delete(order.user, method);
    let end = match &answer {
        Ok(Deleted::Now) => Some(RemovalEnd::Deleted),
        Ok(Deleted::WasGone) => Some(RemovalEnd::WasGone),
        // It may have happened: the row stays open.
        Err(fault) if fault.leaves_doubt() => None,
        Err(_) => Some(RemovalEnd::Refused),
    };
    let earlier = order.cut_off.iter().filter(|earlier| {
        answer.is_ok() && earlier.still_there && earlier.open.removal.method == *method
    });
    let this = match begun {
        Kept::Removing { removal } => Some(removal),
        Kept::Stock { .. } | Kept::Noted => None,
    };
    for removal in this
        .into_iter()
        .chain(earlier.map(|earlier| earlier.open.id))
    {
        if let Some(end) = end {
            book(Keeping::Removed { removal, end })?;
        }
    }
    Ok(match answer {
        Ok(Deleted::Now) => Gone::Deleted,
        Ok(Deleted::WasGone) => Gone::WasGone,
        Err(fault) => Gone::Failed(fault),
    })
}
