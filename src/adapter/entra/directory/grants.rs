//! What the access token allows, as it says itself. For people, who want to know beforehand which consent is missing; only Graph
//! decides.

use crate::domain::fault::Fault;
use crate::domain::person::Grants;

use super::super::{Entra, claims};

pub(super) fn read(entra: &Entra) -> Result<Option<Grants>, Fault> {
    let token = entra.token()?;
    Ok(claims::read(token.reveal()).map(|claims| claims.grants))
}
