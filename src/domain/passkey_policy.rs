//! The tenant's own passkey (FIDO2) policy, `fido2AuthenticationMethodConfiguration`, and what it means for one model of key.
//!
//! A passkey may be registered when at least one profile in scope of the user allows it; a group that is excluded beats
//! everything. What cannot be told is said to be unclear, never guessed.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::domain::authenticator::Aaguid;
use crate::domain::person::ObjectId;

/// `keyRestrictions`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct KeyRestrictions {
    pub enforced: bool,
    /// `allow` these alone, or `block` these.
    pub allow: bool,
    pub aaguids: Vec<Aaguid>,
}

/// A passkey profile. An older policy without profiles reads as one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PasskeyProfile {
    pub id: String,
    pub name: String,
    /// Whether `passkeyTypes` names device-bound ones, as security keys are.
    pub device_bound: bool,
    pub attestation_enforced: bool,
    pub restrictions: KeyRestrictions,
}

/// Whom a part of the policy is for: `id` of an include target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// `all_users`.
    AllUsers,
    Group(ObjectId),
}

/// An include target and the profiles that it brings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Target {
    pub audience: Audience,
    /// Ids of profiles; empty: the default profile.
    pub profiles: Vec<String>,
}

/// The whole policy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PasskeyPolicy {
    /// `state`.
    pub enabled: bool,
    /// `isSelfServiceRegistrationAllowed`: without it Graph hands out no creation options.
    pub self_service: bool,
    pub profiles: Vec<PasskeyProfile>,
    /// The id of the profile that a target without profiles means.
    pub default_profile: Option<String>,
    pub include: Vec<Target>,
    pub exclude: Vec<ObjectId>,
}

/// What is known of a key model beforehand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    pub aaguid: Aaguid,
    /// Whether the key proves its model (attestation that leads to the metadata's roots); `None`: not known.
    pub attested: Option<bool>,
}

/// What the policy says beforehand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "verdict", content = "why")]
pub enum PolicyVerdict {
    Allowed,
    /// Entra will refuse, with the reason in words.
    Refused(String),
    /// It depends on something that is not known here.
    Unclear(String),
}

impl PasskeyPolicy {
    /// Whether this policy lets a user with these groups (`None`: not known) register that key.
    pub fn verdict(
        &self,
        candidate: Candidate,
        groups: Option<&BTreeSet<ObjectId>>,
    ) -> PolicyVerdict {
        if !self.enabled {
            return PolicyVerdict::Refused("the tenant's passkey policy is disabled".to_owned());
        }
        if !self.self_service {
            return PolicyVerdict::Refused(
                "the tenant's passkey policy does not allow self-service set-up, without which no key can be registered for others"
                    .to_owned(),
            );
        }
        let in_group = |id: &ObjectId| groups.map(|groups| groups.contains(id));
        if self.exclude.iter().any(|id| in_group(id) == Some(true)) {
            return PolicyVerdict::Refused(
                "the user is in a group that the passkey policy excludes".to_owned(),
            );
        }
        let sure = self.verdicts(candidate, |audience| match audience {
            Audience::AllUsers => true,
            Audience::Group(id) => in_group(id) == Some(true),
        });
        let unknown_exclusion = groups.is_none() && !self.exclude.is_empty();
        let allowed = sure.contains(&PolicyVerdict::Allowed);
        if allowed && !unknown_exclusion {
            return PolicyVerdict::Allowed;
        }
        let perhaps = self.verdicts(
            candidate,
            |audience| matches!(audience, Audience::Group(id) if in_group(id).is_none()),
        );
        let may_be = perhaps
            .iter()
            .any(|verdict| !matches!(verdict, PolicyVerdict::Refused(_)));
        if may_be || allowed {
            return PolicyVerdict::Unclear(
                "it depends on the user's groups, which are not known here".to_owned(),
            );
        }
        let unclear = sure
            .iter()
            .find(|verdict| matches!(verdict, PolicyVerdict::Unclear(_)));
        let refused = sure.first().or(perhaps.first());
        unclear.or(refused).cloned().unwrap_or_else(|| {
            PolicyVerdict::Refused("no target of the passkey policy includes the user".to_owned())
        })
    }

    /// The ids of the profiles that a target brings: those that it names, otherwise the default one; `None` where neither is
    /// said.
    pub fn profiles_of<'a>(&'a self, target: &'a Target) -> Option<Vec<&'a str>> {
        if target.profiles.is_empty() {
            return self.default_profile.as_deref().map(|id| vec![id]);
        }
        Some(target.profiles.iter().map(String::as_str).collect())
    }

    /// The profile with this id.
    pub fn profile(&self, id: &str) -> Option<&PasskeyProfile> {
        self.profiles.iter().find(|profile| profile.id == id)
    }

    /// What each profile says that a target of such audiences brings.
    fn verdicts(
        &self,
        candidate: Candidate,
        chosen: impl Fn(&Audience) -> bool,
    ) -> Vec<PolicyVerdict> {
        let mut verdicts = Vec::new();
        for target in self.include.iter().filter(|one| chosen(&one.audience)) {
            let Some(ids) = self.profiles_of(target) else {
                verdicts.push(PolicyVerdict::Unclear(
                    "a target of the passkey policy names no profile, and there is no default one"
                        .to_owned(),
                ));
                continue;
            };
            verdicts.extend(ids.into_iter().map(|id| {
                self.profile(id).map_or_else(
                    || {
                        PolicyVerdict::Unclear(
                            "a target of the passkey policy names a profile that the policy does not have"
                                .to_owned(),
                        )
                    },
                    |profile| profile.verdict(candidate),
                )
            }));
        }
        verdicts
    }
}

impl PasskeyProfile {
    /// What people call it. A policy of the older shape is its own and only profile.
    pub fn label(&self) -> String {
        if self.name.is_empty() {
            "the passkey policy".to_owned()
        } else {
            format!("the passkey profile {}", self.name)
        }
    }

    /// Whether this profile alone lets the key be registered.
    pub fn verdict(&self, candidate: Candidate) -> PolicyVerdict {
        let label = self.label();
        if !self.device_bound {
            return PolicyVerdict::Refused(format!("{label} takes no device-bound passkeys"));
        }
        let listed = self.restrictions.aaguids.contains(&candidate.aaguid);
        if self.restrictions.enforced && listed != self.restrictions.allow {
            let how = if self.restrictions.allow {
                "does not list"
            } else {
                "blocks"
            };
            return PolicyVerdict::Refused(format!("{label} {how} the model {}", candidate.aaguid));
        }
        if self.attestation_enforced {
            return match candidate.attested {
                Some(true) => PolicyVerdict::Allowed,
                Some(false) => PolicyVerdict::Refused(format!(
                    "{label} enforces attestation, and this model has none that Entra knows"
                )),
                None => PolicyVerdict::Unclear(format!(
                    "{label} enforces attestation, and it is not known here whether Entra knows this model"
                )),
            };
        }
        PolicyVerdict::Allowed
    }
}

#[cfg(test)]
mod tests;
