//! Reading a key without changing it: what it is, whether somebody holds it, whether it carries an Entra passkey.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::app::Ports;
use crate::app::board::Board;
use crate::app::runner::Hand;
use crate::domain::authenticator::{Identity, Serial, Slot};
use crate::domain::credential::RpId;
use crate::domain::enrollment::Standing;
use crate::domain::fault::Fault;
use crate::domain::station::signal::{EnrolledFor, Reading};
use crate::port::{Attendant, Authenticator, CancelFlag, Holder, Ledger, Place};

/// Entra's relying party, for the question whether a key is somebody's: the captures and all known clients agree on it.
const ENTRA_RP_ID: &str = "login.microsoft.com";

/// Opens and reads the key at `place`. Commands beyond getInfo are sent only to keys with a PIN: on a blank key some
/// firmware takes a reset only as the first of them.
pub(super) fn read(
    ports: &Ports,
    board: &Arc<Board>,
    slot: Slot,
    place: &Place,
    cancel: CancelFlag,
) -> Result<(Hand, Reading), Fault> {
    let arrived = Instant::now();
    let on_board = Arc::clone(board);
    let attendant = Attendant {
        cancel,
        on_touch: Box::new(move |touch| on_board.set_touch(slot, touch)),
    };
    let mut key = ports.keys.open(place, attendant)?;
    let reading = examine(ports.ledger.as_ref(), key.as_mut())?;
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
    if identity.capabilities.has_pin() {
        passkey = key.assert_silently(&RpId(ENTRA_RP_ID.to_owned()), &[])?;
        if let (Some(credential), None) = (&passkey, &enrolled_for) {
            enrolled_for = ledger.holder_of_credential(credential)?.and_then(brief);
        }
    }
    Ok(Reading {
        identity,
        enrolled_for,
        passkey,
    })
}

fn holder_of(ledger: &dyn Ledger, serial: &Serial) -> Result<Option<EnrolledFor>, Fault> {
    Ok(ledger
        .holders_of_serial(serial)?
        .into_iter()
        .find_map(brief))
}

/// Only a finished job makes a holder: a job under way recognises its key by itself.
fn brief(holder: Holder) -> Option<EnrolledFor> {
    (holder.standing == Standing::Done).then(|| EnrolledFor {
        job: holder.job,
        user: holder.user,
        person: holder.person,
        envelope: holder.envelope.to_string(),
    })
}
