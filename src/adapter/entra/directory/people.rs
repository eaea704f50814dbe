//! `users`.

use crate::domain::fault::Fault;
use crate::domain::person::Person;

use super::super::Entra;

pub(super) fn person(_: &Entra, _: &str) -> Result<Person, Fault> {
    Err(Fault::Internal {
        what: "not built yet".to_owned(),
    })
}

pub(super) fn find(_: &Entra, _: &str, _: usize) -> Result<Vec<Person>, Fault> {
    Err(Fault::Internal {
        what: "not built yet".to_owned(),
    })
}
