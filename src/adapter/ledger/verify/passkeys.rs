//! The table of passkeys, compared with the journals that it is computed from. What it says decides which credentials at Entra
//! count as live and are spared, so a wrong entry could cost a person their working key.

use std::collections::{BTreeMap, HashMap};

use rusqlite::Connection;

use crate::domain::event::{Event, Evidence, Happening};

use super::super::trouble::Trouble;

/// What a journal says of one passkey.
#[derive(PartialEq)]
struct Known {
    job: i64,
    attempt: u32,
    aaguid: String,
    method: Option<String>,
}

/// The first job whose passkeys are not what its journal says; `events` are those of every job.
pub(super) fn first_wrong(
    db: &Connection,
    events: &HashMap<i64, Vec<Event>>,
) -> Result<Option<i64>, Trouble> {
    let mut expected = expected(events);
    let mut statement =
        db.prepare("SELECT credential, job, attempt, aaguid, method FROM passkey ORDER BY job")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let credential: Vec<u8> = row.get(0)?;
        let found = Known {
            job: row.get(1)?,
            attempt: row.get(2)?,
            aaguid: row.get(3)?,
            method: row.get(4)?,
        };
        if expected.remove(&credential).as_ref() != Some(&found) {
            return Ok(Some(found.job));
        }
    }
    Ok(expected.into_values().map(|missing| missing.job).next())
}

fn expected(events: &HashMap<i64, Vec<Event>>) -> BTreeMap<Vec<u8>, Known> {
    let mut known = BTreeMap::new();
    for (job, events) in events {
        let mut made = None;
        for event in events {
            let Happening::Done { evidence, .. } = &event.happening else {
                continue;
            };
            match evidence {
                Evidence::Made {
                    credential, aaguid, ..
                } => {
                    let one = Known {
                        job: *job,
                        attempt: event.attempt.0,
                        aaguid: aaguid.to_string(),
                        method: None,
                    };
                    known.insert(credential.0.clone(), one);
                    made = Some(credential.0.clone());
                }
                Evidence::Registered { method, .. } => {
                    if let Some(one) = made.as_ref().and_then(|made| known.get_mut(made)) {
                        one.method = Some(method.0.clone());
                    }
                }
                Evidence::Plain | Evidence::Delivered { .. } => {}
            }
        }
    }
    known
}
