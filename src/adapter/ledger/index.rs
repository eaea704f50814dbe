//! What is computed from the journal and kept beside it, so that lists and questions are plain SELECTs: standing, attempts,
//! passkeys, sheets, obligations. Written in the transaction of the event; never read to decide what a job does next.

use rusqlite::{Connection, params};

use crate::domain::authenticator::Attachment;
use crate::domain::credential::{Attestation, CredentialId, CredentialProtection, MethodId};
use crate::domain::custody::Fate;
use crate::domain::enrollment::{Enrollment, Standing};
use crate::domain::event::{Evidence, Happening, Intent};
use crate::domain::job::JobId;
use crate::port::{Duty, Entry};

use super::journal::Pen;
use super::keys::hex;
use super::trouble::{Trouble, misuse};

/// The columns and tables that can be computed from the journal.
pub(super) fn index(pen: &Pen<'_>, entry: &Entry<'_>) -> Result<(), Trouble> {
    let state = entry.state;
    let held = state.held().map(serde_json::to_string).transpose()?;
    let custody = state.custody();
    let updated = pen
        .db
        .prepare_cached(
            "UPDATE job SET standing = ?2, attempt = ?3, serial = ?4, control = ?5, method = ?6, held = ?7, updated = ?8,
                            handed_over = ?9, retired = ?10, wiped = ?11, pending = ?12
             WHERE id = ?1",
        )?
        .execute(params![
            entry.job.0,
            standing_word(state.standing()),
            state.attempt().0,
            serial_of(state),
            state.delivered(),
            state.method().map(|method| &method.0),
            held,
            pen.at.0,
            custody.handed_over,
            custody.retired.map(Fate::word),
            custody.wiped,
            custody.pending
        ])?;
    if updated != 1 {
        return Err(misuse(format!("there is no job {}", entry.job)).into());
    }
    match &entry.event.happening {
        Happening::Began { .. } | Happening::Rebound { .. } => index_attempt(pen, entry),
        Happening::Started {
            intent: Intent::Deliver { control, .. },
            ..
        } => index_delivery(pen, entry, control),
        Happening::Done { evidence, .. } => index_evidence(pen, entry, evidence),
        Happening::Abandoned { credential, .. } | Happening::Cancelled { credential } => {
            void_letters(pen, entry)?;
            match credential {
                // I3: whoever writes this event, what it may leave at Entra is looked for from now on.
                Some(credential) => oblige(pen, entry.job, &Duty::Orphan(credential.clone())),
                None => Ok(()),
            }
        }
        Happening::Reissued { .. } => void_letters(pen, entry),
        Happening::Spoiled { control, .. } => void_letter(pen, entry, control),
        Happening::Retired { .. } => match state.delivered() {
            Some(control) => void_letter(pen, entry, control),
            None => Ok(()),
        },
        Happening::HandedOver
        | Happening::Wiped
        | Happening::Bagged
        | Happening::Printed { .. }
        | Happening::Left { .. }
        | Happening::Started { .. }
        | Happening::NotDone { .. }
        | Happening::Held { .. }
        | Happening::Released => Ok(()),
    }
}

/// A letter that was begun in this attempt, and whose end nobody knows, is not to be trusted.
fn void_letters(pen: &Pen<'_>, entry: &Entry<'_>) -> Result<(), Trouble> {
    pen.db
        .prepare_cached(
            "UPDATE delivery SET state = 'void' WHERE job = ?1 AND attempt = ?2 AND state = 'started'",
        )?
        .execute(params![entry.job.0, entry.event.attempt.0])?;
    Ok(())
}

/// This letter is void, whether it was confirmed or not.
fn void_letter(pen: &Pen<'_>, entry: &Entry<'_>, control: &str) -> Result<(), Trouble> {
    pen.db
        .prepare_cached("UPDATE delivery SET state = 'void' WHERE job = ?1 AND control = ?2")?
        .execute(params![entry.job.0, control])?;
    Ok(())
}

pub(super) fn serial_of(state: &Enrollment) -> Option<&str> {
    state
        .binding()
        .and_then(|binding| binding.serial.as_ref())
        .map(|serial| serial.as_str())
}

fn index_attempt(pen: &Pen<'_>, entry: &Entry<'_>) -> Result<(), Trouble> {
    let Some(binding) = entry.state.binding() else {
        return Ok(());
    };
    pen.db
        .prepare_cached(
            "INSERT INTO attempt (job, attempt, slot, attachment, serial, aaguid, began)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT (job, attempt) DO UPDATE SET slot = excluded.slot, attachment = excluded.attachment,
                serial = excluded.serial, aaguid = excluded.aaguid",
        )?
        .execute(params![
            entry.job.0,
            entry.event.attempt.0,
            binding.slot.0,
            attachment_word(binding.attachment),
            serial_of(entry.state),
            binding.fingerprint.aaguid.to_string(),
            pen.at.0
        ])?;
    Ok(())
}

fn index_delivery(pen: &Pen<'_>, entry: &Entry<'_>, control: &str) -> Result<(), Trouble> {
    let kept = pen
        .db
        .prepare_cached(
            "INSERT INTO delivery (control, job, attempt, state, at) VALUES (?1, ?2, ?3, 'started', ?4)
             ON CONFLICT (control) DO UPDATE SET at = excluded.at
             WHERE job = excluded.job AND attempt = excluded.attempt AND state = 'started'",
        )?
        .execute(params![
            control,
            entry.job.0,
            entry.event.attempt.0,
            pen.at.0
        ])?;
    if kept == 0 {
        return Err(misuse(format!(
            "control number {control} belongs to another sheet already"
        ))
        .into());
    }
    Ok(())
}

fn index_evidence(pen: &Pen<'_>, entry: &Entry<'_>, evidence: &Evidence) -> Result<(), Trouble> {
    match evidence {
        Evidence::Plain => {}
        Evidence::Made {
            credential, aaguid, ..
        } => {
            pen.db
                .prepare_cached(
                    "INSERT INTO passkey (credential, job, attempt, aaguid, state, made) VALUES (?1, ?2, ?3, ?4, 'made', ?5)
                     ON CONFLICT (credential) DO UPDATE SET job = excluded.job, attempt = excluded.attempt,
                        state = 'made', made = excluded.made",
                )?
                .execute(params![
                    credential.0,
                    entry.job.0,
                    entry.event.attempt.0,
                    aaguid.to_string(),
                    pen.at.0
                ])?;
        }
        Evidence::Registered { method, .. } => {
            if let Some(made) = entry.state.made() {
                pen.db
                    .prepare_cached(
                        "UPDATE passkey SET state = 'registered', method = ?2, registered = ?3 WHERE credential = ?1",
                    )?
                    .execute(params![made.credential.0, method.0, pen.at.0])?;
            }
        }
        Evidence::Delivered {
            control, target, ..
        } => {
            pen.db
                .prepare_cached(
                    "INSERT INTO delivery (control, job, attempt, state, target, at) VALUES (?1, ?2, ?3, 'delivered', ?4, ?5)
                     ON CONFLICT (control) DO UPDATE SET state = 'delivered', target = excluded.target, at = excluded.at
                     WHERE job = excluded.job",
                )?
                .execute(params![
                    control,
                    entry.job.0,
                    entry.event.attempt.0,
                    target,
                    pen.at.0
                ])?;
        }
    }
    Ok(())
}

pub(super) fn passkey_becomes(
    db: &Connection,
    credential: &CredentialId,
    state: &str,
) -> Result<(), Trouble> {
    db.prepare_cached("UPDATE passkey SET state = ?2 WHERE credential = ?1")?
        .execute(params![credential.0, state])?;
    Ok(())
}

pub(super) fn keep_attestation(
    db: &Connection,
    entry: &Entry<'_>,
    attestation: &Attestation,
) -> Result<(), Trouble> {
    db.prepare_cached(
        "INSERT INTO attestation (job, attempt, credential, aaguid, client_data_json, attestation_object, format,
                                  credential_protection, hmac_secret, algorithm)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?
    .execute(params![
        entry.job.0,
        entry.event.attempt.0,
        attestation.credential_id.0,
        attestation.aaguid.to_string(),
        attestation.client_data_json,
        attestation.attestation_object,
        attestation.format,
        attestation
            .credential_protection
            .map(CredentialProtection::level),
        attestation.hmac_secret,
        attestation.algorithm
    ])?;
    Ok(())
}

pub(super) fn oblige(pen: &Pen<'_>, job: JobId, duty: &Duty) -> Result<(), Trouble> {
    let (kind, target) = match duty {
        Duty::Replaced(method) => {
            passkey_goes(pen.db, method)?;
            ("replaced", method.0.clone())
        }
        Duty::Retired(method) => {
            passkey_goes(pen.db, method)?;
            ("retired", method.0.clone())
        }
        Duty::Orphan(credential) => {
            passkey_becomes(pen.db, credential, "abandoned")?;
            ("orphan", hex(&credential.0).to_string())
        }
    };
    // The same duty twice, after another attempt at the job, is one duty.
    pen.db
        .prepare_cached(
            "INSERT INTO obligation (job, kind, target, state, due) VALUES (?1, ?2, ?3, 'open', ?4)
             ON CONFLICT (job, kind, target) DO NOTHING",
        )?
        .execute(params![job.0, kind, target, pen.at.0])?;
    Ok(())
}

/// It is live no more, and is to be deleted.
fn passkey_goes(db: &Connection, method: &MethodId) -> Result<(), Trouble> {
    db.prepare_cached(
        "UPDATE passkey SET state = 'replaced' WHERE method = ?1 AND state = 'registered'",
    )?
    .execute([&method.0])?;
    Ok(())
}

/// The word in the column `attachment`.
pub(super) const fn attachment_word(attachment: Attachment) -> &'static str {
    match attachment {
        Attachment::Hid => "hid",
        Attachment::Pcsc => "pcsc",
        Attachment::Practice => "practice",
    }
}

/// The word in the column `standing`.
pub(super) const fn standing_word(standing: Standing) -> &'static str {
    match standing {
        Standing::Waiting => "waiting",
        Standing::UnderWay => "under_way",
        Standing::Held => "held",
        Standing::Done => "done",
        Standing::Cancelled => "cancelled",
    }
}

/// The standing of a column's word.
pub(super) fn standing_of(word: &str) -> Option<Standing> {
    [
        Standing::Waiting,
        Standing::UnderWay,
        Standing::Held,
        Standing::Done,
        Standing::Cancelled,
    ]
    .into_iter()
    .find(|standing| standing_word(*standing) == word)
}
