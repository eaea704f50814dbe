//! Sealing of PINs with `age`. What is sealed says which job, attempt, tenant, user and key it is for, and the opener
//! checks it: a row moved to another job or user does not open. Nothing in here stores anything.
//!
//! # Why
//! The plaintext has one fixed length, so that the length of a sealed row never tells the length of its PIN. age has no
//! associated data; so what binds a row to its place is inside the seal. Our own buffers are wiped; the chunk buffer inside
//! age is not, so the memory of a station is kept out of core dumps and swap.

use std::collections::BTreeMap;
use std::io::{Read, Write};

use age::{plugin, tag, tagpq, x25519};
use zeroize::Zeroizing;

use crate::domain::event::Attempt;
use crate::domain::fault::Fault;
use crate::domain::job::JobId;
use crate::domain::pin::Pin;

use super::trouble::ledger_fault;

/// The length of every sealed plaintext.
pub const PLAINTEXT_BYTES: usize = 512;
const VERSION: u8 = 1;

/// Which PIN of a job it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PinKind {
    /// It was, or may have been, set on the key by an attempt.
    Set,
    /// The job file gave it, to be set.
    Specified,
    /// The job file gave it: the key has it already.
    Current,
}

impl PinKind {
    /// The word in the ledger's columns.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Set => "set",
            Self::Specified => "specified",
            Self::Current => "current",
        }
    }

    /// The kind of a column's word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Set, Self::Specified, Self::Current]
            .into_iter()
            .find(|kind| kind.as_str() == word)
    }

    /// The byte inside the seal.
    pub const fn code(self) -> u8 {
        match self {
            Self::Set => 1,
            Self::Specified => 2,
            Self::Current => 3,
        }
    }
}

/// Where a sealed PIN belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Label {
    pub(super) kind: PinKind,
    pub(super) job: JobId,
    /// Zero for PINs out of the job file.
    pub(super) attempt: Attempt,
    pub(super) tenant: String,
    pub(super) user: String,
    /// The vendor's serial of the key, or empty.
    pub(super) serial: String,
}

/// The public halves that PINs are sealed to: the administrator's, never the station's.
pub struct Recipients {
    natives: Vec<Box<dyn age::Recipient + Send + Sync>>,
    plugins: BTreeMap<String, Vec<plugin::Recipient>>,
}

impl Recipients {
    /// Recipients from what the configuration or `--recipient` says: `age1…` (X25519), `age1tag1…`, `age1tagpq1…`, or one of
    /// a plugin, such as `age1yubikey1…`, whose program must be in the search path.
    ///
    /// # Errors
    /// [`Fault::Recipients`] names the first text that is no recipient, and refuses an empty list and private keys.
    pub fn parse<S: AsRef<str>>(texts: &[S]) -> Result<Self, Fault> {
        let mut found = Self {
            natives: Vec::new(),
            plugins: BTreeMap::new(),
        };
        for text in texts {
            found.add(text.as_ref().trim())?;
        }
        if texts.is_empty() {
            return Err(unfit("no recovery recipient is configured"));
        }
        // A seal at the door shows recipients that do not go together, or a plugin that is missing, before any key is touched.
        found
            .with_all(|all| seal_bytes(&[0; PLAINTEXT_BYTES], all).map(drop))
            .map_err(|fault| {
                if let Fault::Ledger { what } = fault {
                    unfit(what)
                } else {
                    fault
                }
            })?;
        Ok(found)
    }

    fn add(&mut self, text: &str) -> Result<(), Fault> {
        if text.to_ascii_uppercase().starts_with("AGE-SECRET-KEY-")
            || text.to_ascii_uppercase().starts_with("AGE-PLUGIN-")
        {
            // The text is not quoted: it is the very secret that must not be here.
            return Err(unfit(
                "a private key is given where a recipient (age1…) is needed; keep the private key away from the station",
            ));
        }
        if let Ok(recipient) = text.parse::<x25519::Recipient>() {
            self.natives.push(Box::new(recipient));
        } else if let Ok(recipient) = text.parse::<tag::Recipient>() {
            self.natives.push(Box::new(recipient));
        } else if let Ok(recipient) = text.parse::<tagpq::Recipient>() {
            self.natives.push(Box::new(recipient));
        } else if let Ok(recipient) = text.parse::<plugin::Recipient>() {
            self.plugins
                .entry(recipient.plugin().to_owned())
                .or_default()
                .push(recipient);
        } else {
            return Err(unfit(format!(
                "`{text}` is not an age recipient; one begins with age1 and was printed by age-keygen or a plugin"
            )));
        }
        Ok(())
    }

    fn with_all<T>(
        &self,
        act: impl FnOnce(&[&dyn age::Recipient]) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let plugins = self
            .plugins
            .iter()
            .map(|(name, recipients)| {
                plugin::RecipientPluginV1::new(name, recipients, &[], age::NoCallbacks).map_err(
                    |error| {
                        ledger_fault(format!("the age plugin `{name}` cannot be used: {error}"))
                    },
                )
            })
            .collect::<Result<Vec<_>, _>>()?;
        let mut all: Vec<&dyn age::Recipient> = Vec::new();
        for native in &self.natives {
            let native: &dyn age::Recipient = native.as_ref();
            all.push(native);
        }
        for plugin in &plugins {
            all.push(plugin);
        }
        act(&all)
    }

    /// Seals `pin` for everyone here.
    pub(super) fn seal(&self, label: &Label, pin: &Pin) -> Result<Vec<u8>, Fault> {
        let plain = encode(label, pin)?;
        self.with_all(|all| seal_bytes(&plain, all))
    }
}

fn unfit(what: impl Into<String>) -> Fault {
    Fault::Recipients { what: what.into() }
}

/// Seals `pin` for one recipient: the station's own key.
pub(super) fn seal_to(
    recipient: &x25519::Recipient,
    label: &Label,
    pin: &Pin,
) -> Result<Vec<u8>, Fault> {
    seal_bytes(&encode(label, pin)?, &[recipient])
}

fn seal_bytes(plain: &[u8], recipients: &[&dyn age::Recipient]) -> Result<Vec<u8>, Fault> {
    let refused = |why: String| ledger_fault(format!("a PIN cannot be sealed: {why}"));
    let encryptor = age::Encryptor::with_recipients(recipients.iter().copied())
        .map_err(|error| refused(error.to_string()))?;
    let mut sealed = Vec::with_capacity(PLAINTEXT_BYTES * 2);
    let mut writer = encryptor
        .wrap_output(&mut sealed)
        .map_err(|error| refused(error.to_string()))?;
    writer
        .write_all(plain)
        .and_then(|()| writer.finish().map(drop))
        .map_err(|error| refused(error.to_string()))?;
    Ok(sealed)
}

/// Opens `sealed` and checks that it belongs where it was found.
///
/// # Errors
/// [`Fault::Unsealable`] when none of the identities fits, the seal is damaged, or it belongs elsewhere.
pub(super) fn open<'i>(
    sealed: &[u8],
    expected: &Label,
    identities: impl Iterator<Item = &'i dyn age::Identity>,
) -> Result<Pin, Fault> {
    let unsealable = |what: &str| Fault::Unsealable {
        what: format!(
            "job {}, attempt {}, {} PIN: {what}",
            expected.job,
            expected.attempt.0,
            expected.kind.as_str()
        ),
    };
    let decryptor =
        age::Decryptor::new(sealed).map_err(|_| unsealable("the sealed row is damaged"))?;
    let mut reader = decryptor.decrypt(identities).map_err(|error| {
        unsealable(if matches!(error, age::DecryptError::NoMatchingKeys) {
            "it was sealed to another key"
        } else {
            "the key or its plugin did not open it"
        })
    })?;
    let mut plain = Zeroizing::new(vec![0; PLAINTEXT_BYTES]);
    reader
        .read_exact(&mut plain)
        .map_err(|_| unsealable("the sealed row is damaged"))?;
    // One byte more than expected is as wrong as one less; reading to the end also proves that nothing was cut off.
    if !matches!(reader.read(&mut [0; 1]), Ok(0)) {
        return Err(unsealable("the sealed row is damaged"));
    }
    let (label, pin) = decode(&plain).ok_or_else(|| unsealable("the sealed row is damaged"))?;
    if label != *expected {
        return Err(unsealable(
            "what is sealed belongs to another job, person or key: the row was moved",
        ));
    }
    Ok(pin)
}

/// `version, kind, job, attempt`, then tenant, user, serial and PIN each behind its length of two bytes, then zeros.
fn encode(label: &Label, pin: &Pin) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let mut plain = Zeroizing::new(Vec::with_capacity(PLAINTEXT_BYTES));
    plain.push(VERSION);
    plain.push(label.kind.code());
    plain.extend_from_slice(&label.job.0.to_be_bytes());
    plain.extend_from_slice(&label.attempt.0.to_be_bytes());
    for text in [&label.tenant, &label.user, &label.serial] {
        put(&mut plain, text.as_bytes()).ok_or_else(|| too_long(label))?;
    }
    put(&mut plain, pin.reveal().as_bytes()).ok_or_else(|| too_long(label))?;
    plain.resize(PLAINTEXT_BYTES, 0);
    Ok(plain)
}

fn too_long(label: &Label) -> Fault {
    ledger_fault(format!(
        "the tenant, user and serial of job {} are too long to be sealed with a PIN",
        label.job
    ))
}

fn put(plain: &mut Vec<u8>, bytes: &[u8]) -> Option<()> {
    let length = u16::try_from(bytes.len()).ok()?;
    // Never beyond the reserved room: a buffer that moves leaves a copy behind that nobody wipes.
    let end = plain.len().checked_add(bytes.len())?.checked_add(2)?;
    (end <= PLAINTEXT_BYTES).then_some(())?;
    plain.extend_from_slice(&length.to_be_bytes());
    plain.extend_from_slice(bytes);
    Some(())
}

fn decode(plain: &[u8]) -> Option<(Label, Pin)> {
    let (head, mut rest) = plain.split_at_checked(14)?;
    let (version, head) = head.split_first()?;
    let (code, head) = head.split_first()?;
    let (job, attempt) = head.split_at_checked(8)?;
    (*version == VERSION).then_some(())?;
    let label = Label {
        kind: [PinKind::Set, PinKind::Specified, PinKind::Current]
            .into_iter()
            .find(|kind| kind.code() == *code)?,
        job: JobId(i64::from_be_bytes(job.try_into().ok()?)),
        attempt: Attempt(u32::from_be_bytes(attempt.try_into().ok()?)),
        tenant: take(&mut rest)?.to_owned(),
        user: take(&mut rest)?.to_owned(),
        serial: take(&mut rest)?.to_owned(),
    };
    let pin = Pin::new(take(&mut rest)?).ok()?;
    Some((label, pin))
}

fn take<'a>(rest: &mut &'a [u8]) -> Option<&'a str> {
    let (length, after) = rest.split_at_checked(2)?;
    let length = usize::from(u16::from_be_bytes(length.try_into().ok()?));
    let (text, after) = after.split_at_checked(length)?;
    *rest = after;
    std::str::from_utf8(text).ok()
}
