//! `keyline keys identify` and `keyline slots learn`: a key is put somewhere and looked at. Nothing on it is changed.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use toml_edit::{Array, DocumentMut, Item, Table, value};

use crate::app::station::reading;
use crate::domain::fault::Fault;
use crate::face::say::{Complaint, ExitCode, clean};
use crate::port::{Attendant, CancelFlag, KeyEvent, Keys, Ledger, Place};
use crate::wire::WireFault;
use crate::wire::commands::{Ended, cannot_write};
use crate::wire::config::Config;
use crate::wire::station;

/// How long a key is waited for.
const PATIENCE: Duration = Duration::from_secs(120);

/// Says whose key the next one is.
pub(super) fn identify(path: &Path, out: &mut dyn Write) -> Ended {
    let config = Config::load(path).map_err(WireFault::from)?;
    let ledger: Arc<dyn Ledger> = Arc::new(station::read_ledger(&config)?);
    let hardware = station::hardware(&config);
    let events = watch(&hardware)?;
    talk(
        "Insert a key, or lay it on a reader. A key that is there already: lift it and put it back.\n",
    );
    let place = next_key(&events)?;
    let attendant = Attendant {
        cancel: CancelFlag::default(),
        on_touch: Box::new(|_| {}),
    };
    let mut key = hardware.open(&place, attendant)?;
    let reading = reading::examine(ledger.as_ref(), key.as_mut())?;
    let identity = &reading.identity;
    let mut lines = vec![
        ("key", identity.product.clone()),
        ("model (AAGUID)", identity.capabilities.aaguid.to_string()),
        (
            "serial",
            identity
                .serial
                .as_ref()
                .map_or_else(|| "the key tells none".to_owned(), ToString::to_string),
        ),
        ("place", place.0),
        (
            "PIN",
            if identity.capabilities.has_pin() {
                "set"
            } else {
                "none: the key is blank"
            }
            .to_owned(),
        ),
    ];
    if let Some(serial) = &identity.serial {
        for holder in ledger.holders_of_serial(serial)? {
            lines.push(("person", format!("{} ({})", holder.person, holder.user)));
            lines.push((
                "envelope",
                format!("{}, {}", holder.envelope, holder.standing),
            ));
        }
    }
    match (&reading.enrolled_for, &reading.passkey) {
        (Some(holder), _) if identity.serial.is_none() => {
            lines.push(("person", format!("{} ({})", holder.person, holder.user)));
            lines.push(("envelope", holder.envelope.clone()));
        }
        (None, Some(_)) => lines.push((
            "passkey",
            "an Entra passkey that this ledger does not know".to_owned(),
        )),
        (Some(_) | None, _) => {}
    }
    for (name, value) in lines {
        writeln!(out, "{name:<16}{}", clean(&value)).map_err(|error| cannot_write(&error))?;
    }
    Ok(ExitCode::Done)
}

/// Writes down the order in which keys are put into places.
pub(super) fn learn(path: &Path, out: &mut dyn Write) -> Ended {
    let config = Config::load(path).map_err(WireFault::from)?;
    let hardware = station::hardware(&config);
    let events = watch(&hardware)?;
    let mut places: Vec<String> = Vec::new();
    talk(
        "Put a key where slot 1 shall be. Lift it, and put it where slot 2 shall be, and so on.\nA place that is used twice ends the lesson.\n",
    );
    loop {
        let place = next_key(&events)?.0;
        if places.contains(&place) {
            break;
        }
        places.push(place.clone());
        writeln!(out, "slot {}: {}", places.len(), clean(&place))
            .map_err(|error| cannot_write(&error))?;
    }
    let text = std::fs::read_to_string(path).map_err(|error| WireFault::files(path, &error))?;
    let mut document: DocumentMut = text
        .parse()
        .map_err(|error| WireFault::files(path, &error))?;
    let slots = document.entry("slots").or_insert(Item::Table(Table::new()));
    if let Some(slots) = slots.as_table_mut() {
        slots.insert("places", value(places.iter().collect::<Array>()));
    }
    crate::wire::init::replace(path, &document.to_string())?;
    talk(&format!(
        "{} slots are written into {}.\n",
        places.len(),
        path.display()
    ));
    Ok(ExitCode::Done)
}

fn watch(keys: &dyn Keys) -> Result<Receiver<KeyEvent>, Complaint> {
    let (sender, events) = channel();
    keys.watch(Box::new(move |event| sender.send(event).is_ok()))?;
    Ok(events)
}

/// The place of the next key that arrives; what lay there before does not count.
fn next_key(events: &Receiver<KeyEvent>) -> Result<Place, Fault> {
    loop {
        match events.recv_timeout(PATIENCE) {
            Ok(KeyEvent::Arrived {
                place,
                at_start: false,
                ..
            }) => return Ok(place),
            Ok(KeyEvent::Arrived { at_start: true, .. } | KeyEvent::Left { .. }) => {}
            Err(_) => return Err(Fault::KeyMute),
        }
    }
}

fn talk(text: &str) {
    // Nobody is left to be told when stderr is gone.
    let _ = std::io::stderr().write_all(text.as_bytes());
}
