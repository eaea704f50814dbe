//! What the tenant's answers mean: sign-in, clock, permissions, the passkey policy, and the models of this station's policies
//! against it.

use std::collections::BTreeMap;

use super::{
    CLOCK_NOTABLE_SECONDS, CLOCK_WRONG_SECONDS, Finding, Grade, Models, Need, PERMISSIONS, Row,
    TenantFacts, Topic, row,
};
use crate::domain::authenticator::Aaguid;
use crate::domain::fault::Fault;
use crate::domain::metadata::Proof;
use crate::domain::passkey_policy::{Audience, PasskeyPolicy, PasskeyProfile, PolicyVerdict};
use crate::domain::person::{Grants, ObjectId};

/// How a profile restricts models.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restriction {
    None,
    /// Only so many models.
    Allows(usize),
    /// All but so many models.
    Blocks(usize),
}

/// A profile and whom it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileInUse {
    /// Empty: a policy of the older shape, which is its own profile.
    pub name: String,
    /// "all users", or names of groups; empty: nobody.
    pub audiences: Vec<String>,
    pub device_bound: bool,
    pub attestation_enforced: bool,
    pub restriction: Restriction,
}

/// What the metadata says of a model where attestation is enforced.
type Proofs<'a> = &'a dyn Fn(Aaguid) -> Proof;

pub(super) fn rows(facts: &TenantFacts, models: &Models, proof: Proofs<'_>) -> Vec<Row> {
    let grants = match (&facts.reached, &facts.grants) {
        (Err(fault), _) | (Ok(_), Err(fault)) => {
            let finding = Finding::NotSignedIn(fault.clone());
            return vec![row(Topic::SignIn, Grade::Stop, finding)];
        }
        (Ok(_), Ok(grants)) => grants,
    };
    let signed_in = Finding::SignedIn {
        grants: grants.clone(),
    };
    let mut rows = vec![row(Topic::SignIn, Grade::Ok, signed_in)];
    rows.extend(facts.reached.as_ref().ok().map(|ahead| clock(*ahead)));
    rows.extend(permissions(grants.as_ref(), facts.policy.is_ok()));
    match &facts.policy {
        Ok(policy) => rows.extend(policy_rows(policy, &facts.groups, models, proof)),
        Err(fault) => rows.push(unread(fault)),
    }
    rows
}

fn clock(ahead_seconds: Option<i64>) -> Row {
    let grade = match ahead_seconds.map(i64::unsigned_abs) {
        None | Some(..=CLOCK_NOTABLE_SECONDS) => Grade::Ok,
        Some(off) if off <= CLOCK_WRONG_SECONDS => Grade::Warning,
        Some(_) => Grade::Stop,
    };
    row(Topic::Clock, grade, Finding::Clock { ahead_seconds })
}

fn permissions(grants: Option<&Grants>, policy_was_read: bool) -> Vec<Row> {
    let about = |grade, finding| row(Topic::Permission, grade, finding);
    let Some(grants) = grants else {
        return vec![about(Grade::Warning, Finding::GrantsUnknown)];
    };
    let each = PERMISSIONS.into_iter().map(|permission| {
        let given = permission.given_by(&grants.permissions);
        // What was read may be read, whatever the name of the permission behind it.
        let proved = permission.name == "Policy.Read.All" && policy_was_read;
        if let Some(by) = given.or(proved.then_some(permission.name)) {
            let by = by.to_owned();
            return about(Grade::Ok, Finding::Granted { permission, by });
        }
        let grade = match permission.need {
            Need::Required => Grade::Stop,
            Need::Useful => Grade::Warning,
            Need::ForSome => Grade::Ok,
        };
        let delegated = grants.delegated;
        about(
            grade,
            Finding::NotGranted {
                permission,
                delegated,
            },
        )
    });
    each.collect()
}

/// A policy that may not be read is no reason to stop: Entra judges each key by it all the same.
fn unread(fault: &Fault) -> Row {
    let finding = Finding::PolicyUnread(fault.clone());
    row(Topic::TenantPolicy, Grade::Warning, finding)
}

fn policy_rows(
    policy: &PasskeyPolicy,
    groups: &BTreeMap<ObjectId, String>,
    models: &Models,
    proof: Proofs<'_>,
) -> Vec<Row> {
    let about = |grade, finding| row(Topic::TenantPolicy, grade, finding);
    let mut rows = Vec::new();
    if !policy.enabled {
        rows.push(about(Grade::Stop, Finding::PolicyDisabled));
    }
    if !policy.self_service {
        rows.push(about(Grade::Stop, Finding::SelfServiceOff));
    }
    if rows.is_empty() {
        rows.push(about(Grade::Ok, Finding::PolicyOpen));
    }
    let name = |id: &ObjectId| match groups.get(id) {
        Some(name) => format!("group {name}"),
        None => format!("group {}", id.0),
    };
    let audience = |audience: &Audience| match audience {
        Audience::AllUsers => "all users".to_owned(),
        Audience::Group(id) => name(id),
    };
    let mut used: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for target in &policy.include {
        let named = policy.profiles_of(target).unwrap_or_default();
        let mut found = false;
        for id in named {
            found = found || policy.profile(id).is_some();
            used.entry(id).or_default().push(audience(&target.audience));
        }
        if !found {
            let audience = audience(&target.audience);
            rows.push(about(Grade::Warning, Finding::ProfileMissing { audience }));
        }
    }
    if policy.include.is_empty() {
        rows.push(about(Grade::Stop, Finding::NoTarget));
    }
    for profile in &policy.profiles {
        let audiences = used.remove(profile.id.as_str()).unwrap_or_default();
        rows.push(profile_row(profile, audiences));
    }
    let takes_some = |row: &Row| {
        matches!(&row.finding, Finding::Profile(profile)
            if !profile.audiences.is_empty()
                && profile.device_bound
                && profile.restriction != Restriction::Allows(0))
    };
    if !policy.include.is_empty() && !rows.iter().any(takes_some) {
        rows.push(about(Grade::Stop, Finding::NoSecurityKeys));
    }
    if !policy.exclude.is_empty() {
        let groups = policy.exclude.iter().map(name).collect();
        rows.push(about(Grade::Ok, Finding::Excluded { groups }));
    }
    // A policy that is closed refuses every model, which was said.
    if policy.enabled && policy.self_service {
        let listing = models.iter().filter(|(_, models)| !models.is_empty());
        rows.extend(listing.map(|(name, models)| models_row(policy, name, models, proof)));
    }
    rows
}

fn profile_row(profile: &PasskeyProfile, audiences: Vec<String>) -> Row {
    let restrictions = &profile.restrictions;
    let restriction = match (restrictions.enforced, restrictions.allow) {
        (false, _) => Restriction::None,
        (true, true) => Restriction::Allows(restrictions.aaguids.len()),
        (true, false) => Restriction::Blocks(restrictions.aaguids.len()),
    };
    // Not every key that works at the bench is known to Entra.
    let strict = profile.attestation_enforced && !audiences.is_empty();
    let grade = if strict { Grade::Warning } else { Grade::Ok };
    let finding = Finding::Profile(ProfileInUse {
        name: profile.name.clone(),
        audiences,
        device_bound: profile.device_bound,
        attestation_enforced: profile.attestation_enforced,
        restriction,
    });
    row(Topic::TenantPolicy, grade, finding)
}

/// Whether the keys that a policy of this station is for can be registered at all.
fn models_row(policy: &PasskeyPolicy, name: &str, models: &[Aaguid], proof: Proofs<'_>) -> Row {
    let (mut taken, mut refused, mut unclear) = (0, Vec::new(), Vec::new());
    for aaguid in models {
        match proof(*aaguid).verdict(policy, *aaguid, None) {
            PolicyVerdict::Allowed => taken += 1,
            PolicyVerdict::Refused(why) => refused.push(format!("{aaguid}: {why}")),
            PolicyVerdict::Unclear(why) => unclear.push(format!("{aaguid}: {why}")),
        }
    }
    let grade = match (refused.len(), models.len()) {
        (0, _) => Grade::Ok,
        (refused, all) if refused == all => Grade::Stop,
        (_, _) => Grade::Warning,
    };
    let finding = Finding::Models {
        policy: name.to_owned(),
        taken,
        refused,
        unclear,
    };
    row(Topic::Models, grade, finding)
}
