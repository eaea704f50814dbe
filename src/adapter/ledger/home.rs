//! To which tenant a ledger belongs, and by which id it goes: written once, compared at every opening.

use std::path::Path;

use rusqlite::Connection;

use crate::domain::fault::Fault;

use super::store;
use super::trouble::{Trouble, unfit};

/// Checks that a ledger belongs to this tenant, and writes what a new one does not know yet. Returns its id and its tenant.
pub(super) fn introduce(
    db: &Connection,
    path: &Path,
    tenant: &str,
) -> Result<(String, String), Fault> {
    let told = |trouble: Trouble| trouble.into_fault(path);
    let id = match store::meta(db, "ledger").map_err(told)? {
        Some(id) => id,
        None => {
            let id = uuid::Uuid::new_v4().to_string();
            store::put_meta(db, "ledger", &id).map_err(told)?;
            id
        }
    };
    match store::meta(db, "tenant").map_err(told)? {
        Some(known) if known.eq_ignore_ascii_case(tenant) => Ok((id, known)),
        Some(known) => Err(other_tenant(path, &known, tenant)),
        None => {
            if !tenant.is_empty() {
                store::put_meta(db, "tenant", tenant).map_err(told)?;
            }
            Ok((id, tenant.to_owned()))
        }
    }
}

pub(super) fn other_tenant(path: &Path, known: &str, tenant: &str) -> Fault {
    unfit(format!(
        "{} belongs to the tenant {known}, the configuration names {tenant}: another tenant needs another ledger",
        path.display()
    ))
}
