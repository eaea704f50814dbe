//! Reading a key without changing it: what it is, whether somebody holds it, whether it carries an Entra passkey.
//!
//! # Why
//! Some firmware takes a reset only as the first command after the key is plugged in. A key that comes back for the reset of
//! its own job was looked at when the job began, so it is not asked again: otherwise it could never be reset.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::app::board::Board;
use crate::app::restock::{Looked, Met, Wiping};
use crate::app::runner::Hand;
use crate::app::{Ports, journal};
use crate::domain::authenticator::{Identity, Serial, Slot};
use crate::domain::credential::{CredentialId, RpId};
use crate::domain::custody::Fate;
use crate::domain::enrollment::Standing;
use crate::domain::event::{Evidence, Happening, Intent, Step};
use crate::domain::fault::Fault;
use crate::domain::station::signal::{Cards, EnrolledFor, Reading};
use crate::port::{Attendant, Authenticator, CancelFlag, Holder, Ledger, Place, Stamped};

/// Entra's relying party, for the question whether a key is somebody's: the captures and all known clients agree on it.
const ENTRA_RP_ID: &str = "login.microsoft.com";

/// What a station knows that decides about keys which came back.
#[derive(Clone)]
pub(in crate::app) struct Returns {
    pub(in crate::app) looked: Arc<Looked>,
    pub(in crate::app) cards: Cards,
}

/// Opens and reads the key at `place`. Commands beyond getInfo are sent only to keys with a PIN: on a blank key some
/// firmware takes a reset only as the first of them.
pub(in crate::app) fn read(
    ports: &Ports,
    board: &Arc<Board>,
    slot: Slot,
    place: &Place,
    cancel: CancelFlag,
    actor: &str,
    returns: &Returns,
) -> Result<(Hand, Reading), Fault> {
    let arrived = Instant::now();
    let on_board = Arc::clone(board);
    let attendant = Attendant {
        cancel,
        on_touch: Box::new(move |touch| on_board.set_touch(slot, touch)),
    };
    let mut key = ports.keys.open(place, attendant)?;
    let (ledger, clock) = (ports.ledger.as_ref(), ports.clock.as_ref());
    let wiping = Wiping {
        ledger,
        clock,
        place,
        looked: &returns.looked,
        cards: &returns.cards,
        actor,
    };
    let met = wiping.wipe_what_came_back(key.as_mut())?;
    let mut reading = examine(ledger, key.as_mut())?;
    reading.came_back = match met {
        Some(Met::Left(why)) => Some(why),
        Some(Met::Wiped(_)) | None => None,
    };
    let key_time = arrived.elapsed();
    Ok((
        Hand {
            slot,
            key,
            arrived,
            key_time: key_time.max(Duration::ZERO),
        },
        reading,
    ))
}

/// What a key says of itself, and what the ledger says of it. Changes nothing.
///
/// # Errors
/// Those of the transport, and of the ledger.
pub fn examine(ledger: &dyn Ledger, key: &mut dyn Authenticator) -> Result<Reading, Fault> {
    let identity = Identity {
        attachment: key.attachment(),
        serial: key.serial()?,
        capabilities: key.capabilities()?,
        product: key.product(),
    };
    let mut enrolled_for = match &identity.serial {
        Some(serial) => holder_of(ledger, serial)?,
        None => None,
    };
    let mut passkey = None;
    if identity.capabilities.has_pin() && !comes_for_its_reset(ledger, enrolled_for.as_ref())? {
        passkey = passkey_on(key)?;
        if let Some(credential) = passkey.clone() {
            if is_spent(ledger, &credential)? {
                passkey = None;
            } else if enrolled_for.is_none() {
                enrolled_for = ledger.holder_of_credential(&credential)?.and_then(brief);
            }
        }
    }
    Ok(Reading {
        identity,
        // What came back is in stock, whoever had it before.
        enrolled_for: enrolled_for.filter(|holder| holder.fate != Some(Fate::Returned)),
        passkey,
        came_back: None,
    })
}

/// A passkey for Entra that the key shows unasked. To be asked of a key with a PIN alone.
///
/// # Errors
/// Those of the transport.
pub fn passkey_on(key: &mut dyn Authenticator) -> Result<Option<CredentialId>, Fault> {
    key.assert_silently(&RpId(ENTRA_RP_ID.to_owned()), &[])
}

/// Whether this passkey is what a job of ours left behind when it was given up for good, on a key that has had nothing but
/// what that job put there: it signs nobody in, and nobody ever had the key. A key that kept what was on it may hold other
/// passkeys as well, and shows only one.
fn is_spent(ledger: &dyn Ledger, credential: &CredentialId) -> Result<bool, Fault> {
    let Some(passkey) = ledger.passkey(credential)? else {
        return Ok(false);
    };
    // As long as the job may want its key back, the key is the job's.
    let ended = ledger
        .job(passkey.job)?
        .is_some_and(|record| matches!(record.standing, Standing::Done | Standing::Cancelled));
    Ok(passkey.given_up && ended && was_ours_alone(&ledger.journal(passkey.job)?, credential))
}

fn was_ours_alone(journal: &[Stamped], credential: &CredentialId) -> bool {
    let mut ours = false;
    for row in journal {
        let happening = &row.event.happening;
        if let Happening::Done { step, evidence } = happening {
            // Only a key without a PIN takes one: it is blank then.
            ours |= *step == Step::SetPin;
            if matches!(evidence, Evidence::Made { credential: made, .. } if made == credential) {
                return ours;
            }
        }
        let another_key = matches!(
            happening,
            Happening::Abandoned {
                restart: Step::Reset,
                ..
            }
        );
        ours &= !another_key;
    }
    false
}

/// Whether the job whose key this is waits for it, to reset it.
fn comes_for_its_reset(
    ledger: &dyn Ledger,
    enrolled_for: Option<&EnrolledFor>,
) -> Result<bool, Fault> {
    let Some(holder) = enrolled_for else {
        return Ok(false);
    };
    let job = journal::replay(ledger, holder.job)?;
    Ok(job.wants_its_key() && job.current() == Some(Step::Reset))
}

/// For whom the key with this serial is: the job that was bound to it last, if it is done or under way, or has made a passkey
/// on it that may be at Entra. A job that is held before that has laid its key aside, and what a job was bound to
/// before another one does not count, whatever has become of it since.
///
/// # Errors
/// Those of the ledger.
pub(in crate::app) fn holder_of(
    ledger: &dyn Ledger,
    serial: &Serial,
) -> Result<Option<EnrolledFor>, Fault> {
    for holder in ledger.holders_of_serial(serial)? {
        let holds = match holder.standing {
            Standing::Done | Standing::UnderWay => true,
            Standing::Held => {
                let job = journal::replay(ledger, holder.job)?;
                job.method().is_some() || matches!(job.intent(), Some(Intent::Register { .. }))
            }
            Standing::Waiting | Standing::Cancelled => false,
        };
        if holds {
            return Ok(Some(named(holder)));
        }
    }
    Ok(None)
}

/// The holder of a passkey that is not given up.
fn brief(holder: Holder) -> Option<EnrolledFor> {
    matches!(
        holder.standing,
        Standing::Done | Standing::UnderWay | Standing::Held
    )
    .then(|| named(holder))
}

fn named(holder: Holder) -> EnrolledFor {
    EnrolledFor {
        fate: holder.custody.retired,
        job: holder.job,
        user: holder.user,
        person: holder.person,
        envelope: holder.envelope.to_string(),
    }
}

#[cfg(test)]
mod tests;
