//! What the access token allows.

use crate::domain::fault::Fault;
use crate::domain::person::Grants;

use super::super::Entra;

pub(super) fn read(_: &Entra) -> Result<Option<Grants>, Fault> {
    Err(Fault::Internal {
        what: "not built yet".to_owned(),
    })
}
