//! The payload of the metadata BLOB (Metadata Service 3.0 §3.1.1 and §3.1.6): models, what is reported of them, their roots and
//! logos. Tolerant: what cannot be read is left out and counted, member by member, and the rest of the file counts.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::MdsFault;
use super::blob::Payload;
use crate::domain::authenticator::Aaguid;
use crate::domain::metadata::{Certificate, Edition, Entry, Report, Shelf, Signer, Vouching};
use crate::domain::time::Timestamp;

/// Entries of one file; the service's has some hundreds.
const ENTRIES_MAX: usize = 50_000;
/// Unicode characters of a model's name.
const NAME_LENGTH_MAX: usize = 200;
/// Of one entry.
const REPORTS_MAX: usize = 500;
/// Of one entry.
const ROOTS_MAX: usize = 200;
/// Bytes of one certificate, encoded.
const CERTIFICATE_LENGTH_MAX: usize = 32 << 10;
/// Bytes of a logo, as a data URL. What is larger is left out.
pub const LOGO_LENGTH_MAX: usize = 256 << 10;
/// Entries that could not be read and are told by number.
const TOLD_MAX: usize = 10;

/// What the file came to.
#[derive(Clone, Debug)]
pub struct Read {
    pub shelf: Shelf,
    /// The vendors' logos, as data URLs that nobody has looked into.
    pub logos: BTreeMap<Aaguid, String>,
    /// The first entries that could not be read, and why.
    pub complaints: Vec<String>,
}

#[derive(Deserialize)]
struct Document<'a> {
    no: u64,
    #[serde(rename = "nextUpdate", borrow)]
    next_update: Cow<'a, str>,
    // Each is read by itself, and none is nested deeper than a reader takes.
    #[serde(borrow)]
    entries: Vec<&'a RawValue>,
}

/// Reads what was proved to be `signer`'s.
///
/// # Errors
/// [`MdsFault::NotMetadata`] when there are no number, no date or no entries.
pub fn read(payload: &Payload, signer: Signer, now: Timestamp) -> Result<Read, MdsFault> {
    let wrong = |what: String| MdsFault::NotMetadata { what };
    let document: Document<'_> = serde_json::from_slice(&payload.json)
        .map_err(|error| wrong(format!("its payload cannot be read: {error}")))?;
    let next_update: Date = document
        .next_update
        .parse()
        .map_err(|_| wrong("its nextUpdate is no date".to_owned()))?;
    if document.entries.len() > ENTRIES_MAX {
        return Err(wrong(format!("it has more than {ENTRIES_MAX} entries")));
    }
    let mut edition = Edition {
        number: document.no,
        next_update,
        signer,
        sha256: payload.sha256.clone(),
        imported: now,
        models: 0,
        others: 0,
        broken: 0,
        repeated: 0,
    };
    let mut models: BTreeMap<Aaguid, Entry> = BTreeMap::new();
    let mut logos = BTreeMap::new();
    let mut complaints = Vec::new();
    for (index, raw) in document.entries.iter().enumerate() {
        match entry(raw.get()) {
            Ok(None) => edition.others = edition.others.saturating_add(1),
            Ok(Some((entry, logo))) => match models.get_mut(&entry.aaguid) {
                Some(first) => {
                    // Whichever of the two is right, an alarm must not get lost.
                    first.reports.extend(entry.reports);
                    edition.repeated = edition.repeated.saturating_add(1);
                }
                None => {
                    if let Some(logo) = logo {
                        logos.insert(entry.aaguid, logo);
                    }
                    models.insert(entry.aaguid, entry);
                }
            },
            Err(why) => {
                edition.broken = edition.broken.saturating_add(1);
                if complaints.len() < TOLD_MAX {
                    complaints.push(format!("entry {}: {why}", index.saturating_add(1)));
                }
            }
        }
    }
    edition.models = models.len();
    let models = models
        .into_iter()
        .map(|(aaguid, entry)| (aaguid, Arc::new(entry)))
        .collect();
    Ok(Read {
        shelf: Shelf { edition, models },
        logos,
        complaints,
    })
}

/// One entry; `None` when it is of another protocol.
fn entry(raw: &str) -> Result<Option<(Entry, Option<String>)>, String> {
    let entry: Value = serde_json::from_str(raw).map_err(|error| error.to_string())?;
    if !entry.is_object() {
        return Err("it is no object".to_owned());
    }
    let Some(aaguid) = entry.get("aaguid") else {
        return Ok(None);
    };
    let aaguid = aaguid
        .as_str()
        .and_then(|text| Aaguid::try_from(text).ok())
        .ok_or("its aaguid is none")?;
    let statement = entry.get("metadataStatement").unwrap_or(&Value::Null);
    let mut unreadable = 0_usize;
    let reports = members(
        &entry,
        "statusReports",
        REPORTS_MAX,
        &mut unreadable,
        report,
    );
    let roots = members(
        statement,
        "attestationRootCertificates",
        ROOTS_MAX,
        &mut unreadable,
        certificate,
    );
    let logo = statement
        .get("icon")
        .and_then(Value::as_str)
        .filter(|logo| logo.starts_with("data:image/") && logo.len() <= LOGO_LENGTH_MAX)
        .map(str::to_owned);
    let entry = Entry {
        aaguid,
        name: name(statement).unwrap_or_else(|| aaguid.to_string()),
        version: statement
            .get("authenticatorVersion")
            .and_then(Value::as_u64),
        reports,
        vouching: vouching(statement),
        roots,
        unreadable,
    };
    Ok(Some((entry, logo)))
}

/// The members of an array that can be read; the others are counted.
fn members<T>(
    of: &Value,
    name: &str,
    max: usize,
    unreadable: &mut usize,
    read: impl Fn(&Value) -> Option<T>,
) -> Vec<T> {
    let Some(there) = of.get(name) else {
        return Vec::new();
    };
    let Some(array) = there.as_array() else {
        *unreadable = unreadable.saturating_add(1);
        return Vec::new();
    };
    let found: Vec<T> = array.iter().take(max).filter_map(read).collect();
    *unreadable = unreadable.saturating_add(array.len().saturating_sub(found.len()));
    found
}

fn report(value: &Value) -> Option<Report> {
    let text = |name| value.get(name).and_then(Value::as_str);
    Some(Report {
        status: text("status")?.trim().chars().take(80).collect(),
        // A date that cannot be read must not keep an alarm from counting: without one it counts at once.
        since: text("effectiveDate").and_then(|day| day.parse().ok()),
        version: value.get("authenticatorVersion").and_then(Value::as_u64),
        batch: value.get("certificate").and_then(certificate),
    })
}

fn certificate(value: &Value) -> Option<Certificate> {
    let text = value.as_str()?;
    (text.len() <= CERTIFICATE_LENGTH_MAX)
        .then(|| Certificate::try_from(text).ok())
        .flatten()
        .filter(|certificate| !certificate.0.is_empty())
}

/// `description`, or one of the friendly names that later editions have beside it.
fn name(statement: &Value) -> Option<String> {
    let friendly = || {
        let names = statement.get("friendlyNames")?.as_object()?;
        names.get("en-US").or_else(|| names.values().next())
    };
    let text = statement
        .get("description")
        .filter(|text| text.is_string())
        .or_else(friendly)?
        .as_str()?;
    let name: String = text
        .trim()
        .chars()
        .filter(|letter| !letter.is_control())
        .take(NAME_LENGTH_MAX)
        .collect();
    (!name.is_empty()).then_some(name)
}

fn vouching(statement: &Value) -> Vouching {
    let by_self = statement
        .get("attestationTypes")
        .and_then(Value::as_array)
        .is_some_and(|types| types.iter().any(|one| one == "basic_surrogate"));
    if by_self {
        Vouching::BySelf
    } else {
        Vouching::ByVendor
    }
}
