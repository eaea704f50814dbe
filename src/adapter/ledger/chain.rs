//! The audit chain. Each row of the journal hashes its predecessor, its content and its actor; a station key signs
//! checkpoints. Personal data never enters a row: it carries a hash under the person's random salt, and once the salt is
//! erased nothing leads back to the person while the chain still verifies.
//!
//! # Why
//! Free text of faults (a holder's name, a message from Entra, a path) may name a person. So the row in the chain leaves it
//! out ([`withhold`]); the whole event lies in `detail`, outside, and can be erased.

use ed25519_dalek::{Signer, SigningKey};
use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest, Sha256};

use crate::domain::event::{Event, Evidence, Happening};
use crate::domain::fault::Fault;
use crate::domain::paper::Sheet;
use crate::domain::time::Timestamp;

use super::trouble::Trouble;

/// Rows between two checkpoints at most.
pub(super) const CHECKPOINT_EVERY_ROWS: i64 = 256;
const WITHHELD: &str = "(not in the audit chain)";

/// What a row of the journal says.
pub(super) struct Row<'a> {
    pub(super) job: Option<i64>,
    pub(super) attempt: Option<u32>,
    pub(super) kind: &'a str,
    pub(super) event: &'a str,
    /// HMAC under the person's salt of what stays outside the chain.
    pub(super) person_hash: Option<[u8; 32]>,
    /// SHA-256 over the sealed PINs that were written with this row.
    pub(super) sealed_hash: Option<[u8; 32]>,
    pub(super) at: i64,
    pub(super) actor: &'a str,
}

impl Row<'_> {
    /// SHA-256 over an encoding in which no two different rows look alike: every part stands behind its length.
    pub(super) fn hash(&self, seq: i64, prev: &[u8]) -> [u8; 32] {
        let mut sum = Sha256::new();
        part(&mut sum, b"keyline journal 1");
        part(&mut sum, prev);
        part(&mut sum, &seq.to_be_bytes());
        optional(&mut sum, self.job.map(i64::to_be_bytes));
        optional(&mut sum, self.attempt.map(u32::to_be_bytes));
        part(&mut sum, self.kind.as_bytes());
        part(&mut sum, self.event.as_bytes());
        optional(&mut sum, self.person_hash);
        optional(&mut sum, self.sealed_hash);
        part(&mut sum, &self.at.to_be_bytes());
        part(&mut sum, self.actor.as_bytes());
        sum.finalize().into()
    }
}

fn part(sum: &mut Sha256, bytes: &[u8]) {
    // A length never needs more than 64 bits.
    sum.update(u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
    sum.update(bytes);
}

fn optional<const N: usize>(sum: &mut Sha256, bytes: Option<[u8; N]>) {
    match bytes {
        Some(bytes) => {
            part(sum, &[1]);
            part(sum, &bytes);
        }
        None => part(sum, &[0]),
    }
}

/// The hash over sealed rows, in the order of their kinds.
pub(super) fn sealed_hash<'a>(rows: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> [u8; 32] {
    let mut sum = Sha256::new();
    part(&mut sum, b"keyline sealed 1");
    for (kind, sealed) in rows {
        part(&mut sum, kind.as_bytes());
        part(&mut sum, sealed);
    }
    sum.finalize().into()
}

/// What the first row of a ledger follows.
pub(super) fn genesis(ledger_id: &str) -> [u8; 32] {
    let mut sum = Sha256::new();
    part(&mut sum, b"keyline ledger 1");
    part(&mut sum, ledger_id.as_bytes());
    sum.finalize().into()
}

/// The last row's number and hash; zero and the genesis hash while there is none.
pub(super) fn head(db: &Connection) -> Result<(i64, [u8; 32]), Trouble> {
    let last = db
        .prepare_cached("SELECT seq, hash FROM journal ORDER BY seq DESC LIMIT 1")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    match last {
        Some(last) => Ok(last),
        None => Ok((0, genesis(&ledger_id(db)?))),
    }
}

pub(super) fn ledger_id(db: &Connection) -> Result<String, Trouble> {
    Ok(
        db.query_row("SELECT value FROM meta WHERE key = 'ledger'", [], |row| {
            row.get(0)
        })?,
    )
}

/// Writes the next row and returns its number.
pub(super) fn add(db: &Connection, row: &Row<'_>) -> Result<i64, Trouble> {
    let (last, prev) = head(db)?;
    let seq = last.saturating_add(1);
    db.prepare_cached(
        "INSERT INTO journal (seq, job, attempt, kind, event, person_hash, sealed_hash, at, actor, prev_hash, hash)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    )?
    .execute(params![
        seq,
        row.job,
        row.attempt,
        row.kind,
        row.event,
        row.person_hash,
        row.sealed_hash,
        row.at,
        row.actor,
        prev,
        row.hash(seq, &prev),
    ])?;
    Ok(seq)
}

/// The bytes that a checkpoint signs.
pub(super) fn checkpoint_bytes(ledger_id: &str, seq: i64, hash: &[u8], at: i64) -> Vec<u8> {
    let mut sum = Sha256::new();
    part(&mut sum, ledger_id.as_bytes());
    part(&mut sum, &seq.to_be_bytes());
    part(&mut sum, hash);
    part(&mut sum, &at.to_be_bytes());
    [b"keyline checkpoint 1 ", sum.finalize().as_slice()].concat()
}

/// Rows since the last checkpoint.
pub(super) fn unsigned_rows(db: &Connection) -> Result<i64, Trouble> {
    Ok(db
        .prepare_cached(
            "SELECT coalesce((SELECT max(seq) FROM journal), 0) - coalesce((SELECT max(seq) FROM checkpoint), 0)",
        )?
        .query_row([], |row| row.get(0))?)
}

/// Signs the last row, unless it is signed already.
pub(super) fn sign_head(db: &Connection, key: &SigningKey, at: Timestamp) -> Result<(), Trouble> {
    if unsigned_rows(db)? <= 0 {
        return Ok(());
    }
    let (seq, hash) = head(db)?;
    let signature = key.sign(&checkpoint_bytes(&ledger_id(db)?, seq, &hash, at.0));
    db.prepare_cached(
        "INSERT INTO checkpoint (seq, hash, at, key, signature) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![
        seq,
        hash,
        at.0,
        key.verifying_key().to_bytes(),
        signature.to_bytes()
    ])?;
    Ok(())
}

/// The time of the last row.
pub(super) fn last_stamp(db: &Connection) -> Result<Option<Timestamp>, Trouble> {
    let at: Option<i64> = db
        .query_row(
            "SELECT at FROM journal ORDER BY seq DESC LIMIT 1",
            [],
            |row| row.get(0),
        )
        .optional()?;
    Ok(at.map(Timestamp))
}

/// Signs the last row with its own time: for moments without a clock at hand.
pub(super) fn sign_last(db: &Connection, key: &SigningKey) -> Result<(), Trouble> {
    last_stamp(db)?.map_or(Ok(()), |at| sign_head(db, key, at))
}

/// The event without free text that might name a person, as it stands in the chain.
pub(super) fn withhold(event: &Event) -> Event {
    let happening = match event.happening.clone() {
        Happening::NotDone { step, fault } => Happening::NotDone {
            step,
            fault: withhold_fault(fault),
        },
        Happening::Abandoned {
            reason,
            credential,
            restart,
        } => Happening::Abandoned {
            reason: withhold_fault(reason),
            credential,
            restart,
        },
        Happening::Reissued { void, .. } => Happening::Reissued {
            reason: WITHHELD.to_owned(),
            void,
        },
        Happening::Held { fault } => Happening::Held {
            fault: withhold_fault(fault),
        },
        Happening::Done {
            step,
            evidence: Evidence::Delivered {
                control, confirmed, ..
            },
        } => Happening::Done {
            step,
            // A mail address, or a path with somebody's name.
            evidence: Evidence::Delivered {
                control,
                target: WITHHELD.to_owned(),
                confirmed,
            },
        },
        Happening::Printed {
            control,
            sheet: Sheet::Unknown { .. },
        } => Happening::Printed {
            control,
            sheet: Sheet::Unknown {
                why: WITHHELD.to_owned(),
            },
        },
        Happening::Spoiled { control, .. } => Happening::Spoiled {
            control,
            reason: WITHHELD.to_owned(),
        },
        Happening::Retired { fate, .. } => Happening::Retired {
            fate,
            reason: WITHHELD.to_owned(),
        },
        same @ (Happening::Began { .. }
        | Happening::HandedOver
        | Happening::Wiped
        | Happening::Rebound { .. }
        | Happening::Started { .. }
        | Happening::Done { .. }
        | Happening::Bagged
        | Happening::Printed { .. }
        | Happening::Left { .. }
        | Happening::Released
        | Happening::Cancelled { .. }) => same,
    };
    Event {
        attempt: event.attempt,
        happening,
    }
}

/// The fault without its free text.
#[expect(
    clippy::too_many_lines,
    reason = "one arm for each fault, and no other logic"
)]
pub(super) fn withhold_fault(fault: Fault) -> Fault {
    let what = || WITHHELD.to_owned();
    match fault {
        Fault::KeyGarbled { .. } => Fault::KeyGarbled { what: what() },
        Fault::Transport { .. } => Fault::Transport { what: what() },
        Fault::PrinterAway { .. } => Fault::PrinterAway { what: what() },
        Fault::LetterSpoiled { .. } => Fault::LetterSpoiled { reason: what() },
        Fault::Unsupported { .. } => Fault::Unsupported { what: what() },
        Fault::AttestationWrong { .. } => Fault::AttestationWrong { why: what() },
        Fault::AttestationForeign { .. } => Fault::AttestationForeign { why: what() },
        Fault::KeyEnrolledFor { envelope, .. } => Fault::KeyEnrolledFor {
            holder: what(),
            envelope,
        },
        Fault::KeyRetired { fate, envelope, .. } => Fault::KeyRetired {
            fate,
            holder: what(),
            envelope,
        },
        Fault::Unreachable { .. } => Fault::Unreachable { what: what() },
        Fault::SignIn { .. } => Fault::SignIn { what: what() },
        Fault::NotPermitted { .. } => Fault::NotPermitted {
            why: what(),
            refused: Vec::new(),
        },
        Fault::Refused {
            status,
            code,
            request_id,
            ..
        } => Fault::Refused {
            status,
            code,
            message: what(),
            request_id,
        },
        Fault::AnswerUnusable { request_id, .. } => Fault::AnswerUnusable {
            what: what(),
            request_id,
        },
        Fault::UserUnknown {
            request_id,
            code,
            message,
        } => Fault::UserUnknown {
            request_id,
            code,
            // It names the user. Where there was none, a chain of an older keyline says so still.
            message: if message.is_empty() { message } else { what() },
        },
        Fault::Mailer { .. } => Fault::Mailer { what: what() },
        Fault::Folder { .. } => Fault::Folder { what: what() },
        Fault::OnHold { .. } => Fault::OnHold { why: what() },
        Fault::Ledger { .. } => Fault::Ledger { what: what() },
        Fault::LedgerHeld { .. } => Fault::LedgerHeld {
            ledger: what(),
            holder: what(),
        },
        Fault::LedgerUnfit { .. } => Fault::LedgerUnfit { what: what() },
        Fault::StationKeys { .. } => Fault::StationKeys { what: what() },
        Fault::Recipients { .. } => Fault::Recipients { what: what() },
        Fault::Unsealable { .. } => Fault::Unsealable { what: what() },
        Fault::UserUnfit { .. } => Fault::UserUnfit { why: what() },
        Fault::TenantRefuses { .. } => Fault::TenantRefuses { why: what() },
        Fault::Internal { .. } => Fault::Internal { what: what() },
        Fault::PasskeyRefused { why } => Fault::PasskeyRefused {
            why: Box::new(withhold_fault(*why)),
        },
        // Numbers, models, serials of keys, and names of commands: nothing of a person.
        same @ (Fault::KeyGone
        | Fault::KeyMute
        | Fault::KeyHeldElsewhere
        | Fault::Ctap { .. }
        | Fault::TouchMissing
        | Fault::TouchDeclined
        | Fault::ResetTooLate
        | Fault::ResetRefused
        | Fault::PinWrong { .. }
        | Fault::PinSpared { .. }
        | Fault::PinAuthBlocked
        | Fault::PinBlocked
        | Fault::PinChangeForced
        | Fault::PinTooShort { .. }
        | Fault::PinRefused
        | Fault::StorageFull
        | Fault::CredentialExcluded
        | Fault::ModelNotAllowed { .. }
        | Fault::ModelRevoked { .. }
        | Fault::KeyUsed
        | Fault::KeyHoldsPasskey
        | Fault::WrongKey
        | Fault::WrongSerial { .. }
        | Fault::CurrentPinMissing
        | Fault::SpecifiedPinMissing
        | Fault::PolicyMissing { .. }
        | Fault::Throttled { .. }
        | Fault::Clock { .. }
        | Fault::UserDisabled
        | Fault::KeyUnlisted { .. }
        | Fault::RegistrationUncertain
        | Fault::PasskeyAmbiguous { .. }
        | Fault::DeliveryUncertain
        | Fault::Interrupted
        | Fault::Cancelled) => same,
    }
}
