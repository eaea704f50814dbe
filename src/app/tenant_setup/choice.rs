//! Which permissions a station is to have: what it needs, what it can do without, and what somebody named. Asks nobody.

use crate::app::preflight::{Need, PERMISSIONS, Permission};
use crate::domain::tenant_setup::app_role_id;
use crate::domain::tenant_setup::course::Wanted;

/// What somebody said of the permissions beforehand. Names, in any case of letters.
#[derive(Clone, Copy, Debug, Default)]
pub struct Choice<'a> {
    pub also: &'a [String],
    pub without: &'a [String],
    /// Only those without which no key can be enrolled, and those of `also`.
    pub least: bool,
}

/// Why a choice is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoChoice<'a> {
    /// The station makes no use of it.
    Unknown(&'a str),
    /// No key can be enrolled without it.
    Needed(&'a str),
    /// It is both wanted and not wanted.
    Both(&'a str),
}

/// The permissions that the station shall have: those without which no key can be enrolled, those without which something is told
/// later or not at all, and those that were named; less what another one of them gives as well.
///
/// # Errors
/// [`NoChoice`], with the name.
pub fn wanted<'a>(choice: &Choice<'a>) -> Result<Vec<Wanted>, NoChoice<'a>> {
    let is = |permission: &Permission, name: &str| permission.name.eq_ignore_ascii_case(name);
    let used = || {
        let all = PERMISSIONS.into_iter();
        all.filter(|permission| app_role_id(permission.name).is_some())
    };
    let named = |list: &[String], one: &Permission| list.iter().any(|name| is(one, name));
    for name in choice.also.iter().chain(choice.without) {
        let Some(one) = used().find(|one| is(one, name)) else {
            return Err(NoChoice::Unknown(name));
        };
        let without = named(choice.without, &one);
        if without && one.need == Need::Required {
            return Err(NoChoice::Needed(name));
        }
        if without && named(choice.also, &one) {
            return Err(NoChoice::Both(name));
        }
    }
    let unnamed = |one: &Permission| match one.need {
        Need::Required => true,
        Need::Useful => !choice.least && !named(choice.without, one),
        Need::ForSome => false,
    };
    let chosen: Vec<Permission> = used()
        .filter(|one| unnamed(one) || named(choice.also, one))
        .collect();
    let covered = |one: &Permission| chosen.iter().any(|other| one.or.contains(&other.name));
    let least = chosen.iter().filter(|one| !covered(one));
    let wanted = least.map(|one| Wanted {
        name: one.name,
        or: one.or,
        optional: one.need != Need::Required && !named(choice.also, one),
    });
    Ok(wanted.collect())
}

#[cfg(test)]
mod tests;
