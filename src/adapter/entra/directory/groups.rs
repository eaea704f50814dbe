//! `groups` and who is in them.

use std::collections::BTreeSet;

use crate::domain::fault::Fault;
use crate::domain::person::{Group, ObjectId};
use crate::port::Page;

use super::super::Entra;

pub(super) fn find(_: &Entra, _: &str, _: usize) -> Result<Vec<Group>, Fault> {
    Err(Fault::Internal {
        what: "not built yet".to_owned(),
    })
}

pub(super) fn group(_: &Entra, _: &ObjectId) -> Result<Group, Fault> {
    Err(Fault::Internal {
        what: "not built yet".to_owned(),
    })
}

pub(super) fn members(
    _: &Entra,
    _: &ObjectId,
    _: &mut dyn FnMut(Page) -> bool,
) -> Result<(), Fault> {
    Err(Fault::Internal {
        what: "not built yet".to_owned(),
    })
}

pub(super) fn of(_: &Entra, _: &str) -> Result<BTreeSet<ObjectId>, Fault> {
    Err(Fault::Internal {
        what: "not built yet".to_owned(),
    })
}
