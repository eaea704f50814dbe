//! `$batch`: many lists in one call.

use crate::domain::credential::RegisteredCredential;
use crate::domain::fault::Fault;

use super::super::Entra;

pub(super) fn credentials(
    _: &Entra,
    _: &[&str],
) -> Result<Vec<Result<Vec<RegisteredCredential>, Fault>>, Fault> {
    Err(Fault::Internal {
        what: "not built yet".to_owned(),
    })
}
