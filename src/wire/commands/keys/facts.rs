//! A key that was looked at, for scripts: what it is, whose it is, and what its passkey is worth. Reads only.

use serde_json::{Value, json};

use crate::adapter::system::SystemClock;
use crate::domain::fault::Fault;
use crate::domain::job::JobId;
use crate::domain::station::signal::Reading;
use crate::face::report::job_facts;
use crate::port::{Clock as _, Ledger, Models, Place};

/// What there is to say of the key at `place`. `useless`: what to say of a passkey that was given up before anybody had it.
pub(super) fn facts(
    reading: &Reading,
    place: &Place,
    useless: Option<&str>,
    ledger: &dyn Ledger,
    models: &dyn Models,
) -> Result<Value, Fault> {
    let identity = &reading.identity;
    let passkey = match (useless, &reading.enrolled_for, &reading.passkey) {
        (Some(_), _, _) => Some("given_up"),
        (None, Some(_), Some(_)) => Some("enrolled_here"),
        (None, None, Some(_)) => Some("unknown"),
        (None, _, None) => None,
    };
    Ok(json!({
        "product": identity.product,
        "aaguid": identity.capabilities.aaguid,
        "serial": identity.serial,
        "place": place.0,
        "pin_set": identity.capabilities.has_pin(),
        "model": model(reading, models),
        "holders": holders(reading, ledger)?,
        "passkey": passkey,
        "message": useless,
    }))
}

/// The jobs of the people who have the key, as far as this ledger knows.
fn holders(reading: &Reading, ledger: &dyn Ledger) -> Result<Vec<Value>, Fault> {
    let jobs: Vec<JobId> = match (&reading.identity.serial, &reading.enrolled_for) {
        (Some(serial), _) => {
            let holders = ledger.holders_of_serial(serial)?;
            holders.into_iter().map(|holder| holder.job).collect()
        }
        (None, Some(holder)) => vec![holder.job],
        (None, None) => Vec::new(),
    };
    let mut told = Vec::with_capacity(jobs.len());
    for job in jobs {
        told.extend(ledger.job(job)?.as_ref().map(job_facts));
    }
    Ok(told)
}

/// What the metadata says of the key's model; nothing where it does not know it.
fn model(reading: &Reading, models: &dyn Models) -> Option<Value> {
    let shelf = models.shelf()?;
    let capabilities = &reading.identity.capabilities;
    let entry = shelf.models.get(&capabilities.aaguid)?;
    let today = SystemClock.now().utc_day();
    let certification = entry.certification(today).map(|report| &report.status);
    let alarm = entry.alarm(capabilities.firmware_version, today);
    Some(json!({
        "name": entry.name,
        "certification": certification,
        "alarm": alarm.map(|report| &report.status),
    }))
}
