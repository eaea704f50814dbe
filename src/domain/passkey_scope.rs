//! Whom the tenant's passkey policy is for, whatever key they get. What it means for one model is
//! [`PasskeyPolicy::verdict`](crate::domain::passkey_policy::PasskeyPolicy::verdict).
//!
//! # Why
//! A person whom the policy leaves out needs no other key but another place in the tenant: their job is held. A model that it
//! does not take needs another key: the job goes on. One verdict for both would have an operator lay key after key aside.

use std::collections::BTreeSet;

use crate::domain::passkey_policy::{Audience, PasskeyPolicy};
use crate::domain::person::ObjectId;

impl PasskeyPolicy {
    /// Whether anybody can be given a key under it at all. Where not, Graph hands out no creation options and says why.
    pub const fn is_open(&self) -> bool {
        self.enabled && self.self_service
    }

    /// What is closed, and where an administrator opens it; `None` where nothing is.
    pub const fn closed(&self) -> Option<&'static str> {
        match (self.enabled, self.self_service) {
            (false, _) => Some(
                "passkeys (FIDO2) are disabled in this tenant; enable them in the Entra admin center: Authentication methods, Policies, Passkey (FIDO2), Enable and target",
            ),
            (true, false) => Some(
                "the tenant's passkey (FIDO2) policy does not allow self-service set-up; allow it in the Entra admin center: Authentication methods, Policies, Passkey (FIDO2), Configure",
            ),
            (true, true) => None,
        }
    }

    /// Whether it speaks of groups, so that a user's own may decide.
    pub fn speaks_of_groups(&self) -> bool {
        let is_group = |audience: &Audience| match audience {
            Audience::Group(_) => true,
            Audience::AllUsers => false,
        };
        !self.exclude.is_empty() || self.include.iter().any(|target| is_group(&target.audience))
    }

    /// Why a user with these groups (`None`: not known) can be given no key of whatever model; `None`: they can, or it cannot be
    /// told.
    pub fn leaves_out(&self, groups: Option<&BTreeSet<ObjectId>>) -> Option<&'static str> {
        let groups = match groups {
            Some(groups) => groups,
            None if self.speaks_of_groups() => return None,
            None => &BTreeSet::new(),
        };
        if self.exclude.iter().any(|id| groups.contains(id)) {
            return Some("they are in a group that the tenant's passkey policy excludes");
        }
        let includes = |audience: &Audience| match audience {
            Audience::AllUsers => true,
            Audience::Group(id) => groups.contains(id),
        };
        let included = self.include.iter().any(|target| includes(&target.audience));
        (!included).then_some("no target of the tenant's passkey policy includes them")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::passkey_policy::Target;

    fn target(group: Option<&str>) -> Target {
        Target {
            audience: group.map_or(Audience::AllUsers, |id| {
                Audience::Group(ObjectId(id.to_owned()))
            }),
            profiles: Vec::new(),
        }
    }

    fn policy(include: &[Option<&str>], exclude: &[&str]) -> PasskeyPolicy {
        PasskeyPolicy {
            enabled: true,
            self_service: true,
            include: include.iter().copied().map(target).collect(),
            exclude: exclude
                .iter()
                .map(|id| ObjectId((*id).to_owned()))
                .collect(),
            ..PasskeyPolicy::default()
        }
    }

    fn check(policy: &PasskeyPolicy, groups: Option<&[&str]>, expected: Option<&str>) {
        let groups: Option<BTreeSet<ObjectId>> =
            groups.map(|ids| ids.iter().map(|id| ObjectId((*id).to_owned())).collect());
        let said = policy.leaves_out(groups.as_ref());
        let fits = match (said, expected) {
            (Some(said), Some(expected)) => said.contains(expected),
            (None, None) => true,
            _ => false,
        };
        assert!(fits, "{policy:?} {groups:?}: {said:?}");
    }

    #[test]
    fn whoever_is_included_and_not_excluded_may_have_a_key() {
        let everybody = policy(&[None], &[]);
        assert!(!everybody.speaks_of_groups());
        for groups in [None, Some(&["sales"][..]), Some(&[][..])] {
            check(&everybody, groups, None);
        }
        let sales = policy(&[Some("sales")], &[]);
        check(&sales, Some(&["sales", "all"]), None);
        check(&sales, Some(&["all"]), Some("no target"));
        // Nobody knows whether they are in it.
        check(&sales, None, None);
    }

    #[test]
    fn an_excluded_group_beats_everything() {
        let but_guests = policy(&[None, Some("sales")], &["guests"]);
        check(&but_guests, Some(&["sales", "guests"]), Some("excludes"));
        check(&but_guests, Some(&["sales"]), None);
        check(&but_guests, None, None);
    }

    #[test]
    fn a_policy_for_nobody_leaves_everybody_out() {
        check(&policy(&[], &[]), None, Some("no target"));
        check(&policy(&[], &[]), Some(&["sales"]), Some("no target"));
        check(&policy(&[], &["guests"]), None, None);
    }
}
