//! `keyline keys identify` and `keyline slots learn`: a key is put somewhere and looked at. Nothing on it is changed.

mod facts;
mod person;

use std::io::Write;
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use toml_edit::{Array, DocumentMut, Item, Table, value};

use crate::adapter::ledger::SqliteLedger;
use crate::adapter::system::SystemClock;
use crate::app::station::reading;
use crate::domain::enrollment::Standing;
use crate::domain::fault::Fault;
use crate::domain::station::signal::Reading;
use crate::face::ask::say;
use crate::face::report;
use crate::face::say::news::{count, sentence};
use crate::face::say::{Complaint, ExitCode, clean, mds};
use crate::port::{
    Attendant, Authenticator, CancelFlag, Clock as _, KeyEvent, Keys, Ledger, Models, Place,
};
use crate::wire::WireFault;
use crate::wire::commands::{Ended, cannot_write};
use crate::wire::config::Config;
use crate::wire::{metadata, station};

pub(super) use person::{list, remove};

/// How long a key is waited for.
const PATIENCE: Duration = Duration::from_secs(120);

/// `keyline keys identify`, at the hardware that the configuration watches.
pub(super) fn identify(path: &Path, json: bool, out: &mut dyn Write) -> Ended {
    let config = Config::load(path).map_err(WireFault::from)?;
    refuse_beside_a_station(&config)?;
    let ledger = station::read_ledger(&config)?;
    let models = metadata::catalogue(&config, &ledger)?;
    for warning in metadata::warnings(&config, &ledger, &models)? {
        say(&format!("warning: {warning}"));
    }
    let keys = station::hardware(&config);
    identify_next(&keys, &ledger, &models, PATIENCE, json, out)
}

/// `keyline slots learn`, at the hardware that the configuration watches.
pub(super) fn learn(path: &Path, out: &mut dyn Write) -> Ended {
    let config = Config::load(path).map_err(WireFault::from)?;
    refuse_beside_a_station(&config)?;
    learn_order(&station::hardware(&config), path, PATIENCE, out)
}

/// A running station would take the key, and might wipe it.
fn refuse_beside_a_station(config: &Config) -> Result<(), Complaint> {
    if SqliteLedger::is_in_use(&config.path(&config.ledger.file))? {
        return Err(Complaint::usage(
            "A station runs here, and would take the key for itself.",
            "Look at its slots instead, or stop it first.",
        ));
    }
    Ok(())
}

/// Says whose key the next one is that arrives at `keys`. Changes nothing on it.
///
/// # Errors
/// When none comes within `patience`, or it cannot be read.
pub fn identify_next(
    keys: &dyn Keys,
    ledger: &dyn Ledger,
    models: &dyn Models,
    patience: Duration,
    json: bool,
    out: &mut dyn Write,
) -> Ended {
    let events = watch(keys)?;
    say(
        "Insert a key, or lay it on a reader. A key that is there already: lift it and put it back.",
    );
    let place = next_key(&events, patience)?;
    let attendant = Attendant {
        cancel: CancelFlag::default(),
        on_touch: Box::new(|_| {}),
    };
    let mut key = keys.open(&place, attendant)?;
    let reading = reading::examine(ledger, key.as_mut())?;
    let useless = useless(ledger, key.as_mut(), &reading)?;
    if json {
        let facts = facts::facts(&reading, &place, useless.as_deref(), ledger, models)?;
        writeln!(out, "{facts:#}").map_err(|error| cannot_write(&error))?;
        return Ok(ExitCode::Done);
    }
    let mut lines = about(&reading, place, ledger)?;
    // Behind the model's number: its name and standing, where anything is known of it.
    let at = lines.len().min(2);
    lines.splice(at..at, about_model(&reading, models));
    if let Some(words) = useless {
        lines.retain(|(title, _)| *title != "passkey");
        lines.push(("passkey", words));
    }
    for (name, value) in lines {
        writeln!(out, "{name:<16}{}", clean(&value)).map_err(|error| cannot_write(&error))?;
    }
    Ok(ExitCode::Done)
}

/// Writes the order in which keys are put into places into the configuration at `path`; its comments stay.
///
/// # Errors
/// When no key comes within `patience`, or the configuration cannot be written. Then nothing was changed.
pub fn learn_order(keys: &dyn Keys, path: &Path, patience: Duration, out: &mut dyn Write) -> Ended {
    let events = watch(keys)?;
    let mut places: Vec<String> = Vec::new();
    say(
        "Put a key where slot 1 shall be. Lift it, and put it where slot 2 shall be, and so on.\nA place that is used twice ends the lesson.",
    );
    loop {
        let place = next_key(&events, patience)?.0;
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
        let order = value(places.iter().collect::<Array>());
        // In place: what is inserted anew would lose the comment above it.
        match slots.get_mut("places") {
            Some(before) => *before = order,
            None => {
                slots.insert("places", order);
            }
        }
    }
    crate::wire::init::replace(path, &document.to_string())?;
    say(&format!(
        "{} written into {}.",
        count(places.len(), "slot"),
        path.display()
    ));
    Ok(ExitCode::Done)
}

/// What to say of a key that was enrolled in vain: its passkey was given up before anybody had it.
fn useless(
    ledger: &dyn Ledger,
    key: &mut dyn Authenticator,
    reading: &Reading,
) -> Result<Option<String>, Fault> {
    if !reading.identity.capabilities.has_pin() {
        return Ok(None);
    }
    let Some(credential) = reading::passkey_on(key)? else {
        return Ok(None);
    };
    let given_up = ledger.passkey(&credential)?.filter(|one| one.given_up);
    let Some(passkey) = given_up else {
        return Ok(None);
    };
    let record = ledger.job(passkey.job)?;
    let waits = record
        .as_ref()
        .is_some_and(|record| matches!(record.standing, Standing::Held | Standing::UnderWay));
    let name = record.map_or_else(
        || format!("job {}", passkey.job),
        |record| format!("job {}, envelope {}", record.job.id, record.job.envelope),
    );
    Ok(Some(if waits {
        format!("useless: made for {name}, and given up; put the key in when that job asks for it")
    } else {
        format!("useless: made for {name}, and given up; the key may be wiped for somebody else")
    }))
}

/// What there is to say of a key, title by title.
fn about(
    reading: &Reading,
    place: Place,
    ledger: &dyn Ledger,
) -> Result<Vec<(&'static str, String)>, Fault> {
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
    Ok(lines)
}

/// What the metadata says of the key's model; nothing where it does not know it.
fn about_model(reading: &Reading, models: &dyn Models) -> Vec<(&'static str, String)> {
    let Some(shelf) = models.shelf() else {
        return Vec::new();
    };
    let capabilities = &reading.identity.capabilities;
    let Some(entry) = shelf.models.get(&capabilities.aaguid) else {
        return Vec::new();
    };
    let today = SystemClock.now().utc_day();
    let mut lines = vec![
        ("model", entry.name.clone()),
        ("certification", report::mds::certification(entry, today)),
    ];
    if let Some(alarm) = entry.alarm(capabilities.firmware_version, today) {
        lines.push((
            "alarm",
            format!("{} ({})", mds::status(&alarm.status), alarm.status),
        ));
    }
    lines
}

pub(super) fn watch(keys: &dyn Keys) -> Result<Receiver<KeyEvent>, Complaint> {
    let (sender, events) = channel();
    keys.watch(Box::new(move |event| sender.send(event).is_ok()))?;
    Ok(events)
}

/// The place of the next key that arrives; what lay there before does not count.
pub(super) fn next_key(
    events: &Receiver<KeyEvent>,
    patience: Duration,
) -> Result<Place, Complaint> {
    let until = Instant::now() + patience;
    loop {
        match events.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(KeyEvent::Arrived {
                place,
                at_start: false,
                ..
            }) => return Ok(place),
            Ok(KeyEvent::Blind { why }) => say(&sentence(&why)),
            Ok(KeyEvent::Arrived { at_start: true, .. } | KeyEvent::Left { .. }) => {}
            Err(_) => {
                return Err(Complaint::new(
                    ExitCode::Waiting,
                    format!(
                        "No key came within {}.",
                        count(usize::try_from(patience.as_secs()).unwrap_or(0), "second")
                    ),
                    "No key was changed. Is the key in all the way? `[slots]` in the configuration says what is watched.",
                ));
            }
        }
    }
}
