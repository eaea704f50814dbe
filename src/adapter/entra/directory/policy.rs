//! The tenant's passkey policy.

use crate::domain::fault::Fault;
use crate::domain::passkey_policy::PasskeyPolicy;

use super::super::Entra;

pub(super) fn fetch(_: &Entra) -> Result<PasskeyPolicy, Fault> {
    Err(Fault::Internal {
        what: "not built yet".to_owned(),
    })
}
