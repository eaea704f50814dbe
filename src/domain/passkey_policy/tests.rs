//! One policy that lets everybody register everything, and one change in each test.

use super::*;

const OURS: Aaguid = Aaguid([7; 16]);
const OTHER: Aaguid = Aaguid([8; 16]);

fn group(name: &str) -> ObjectId {
    ObjectId(name.to_owned())
}

fn groups(names: &[&str]) -> BTreeSet<ObjectId> {
    names.iter().map(|name| group(name)).collect()
}

fn profile(id: &str) -> PasskeyProfile {
    PasskeyProfile {
        id: id.to_owned(),
        name: id.to_owned(),
        device_bound: true,
        attestation_enforced: false,
        restrictions: KeyRestrictions::default(),
    }
}

fn target(audience: Audience, profiles: &[&str]) -> Target {
    Target {
        audience,
        profiles: profiles.iter().map(|&id| id.to_owned()).collect(),
    }
}

fn open() -> PasskeyPolicy {
    PasskeyPolicy {
        enabled: true,
        self_service: true,
        profiles: vec![profile("open")],
        default_profile: Some("open".to_owned()),
        include: vec![target(Audience::AllUsers, &[])],
        exclude: Vec::new(),
    }
}

fn listing(id: &str, allow: bool) -> PasskeyProfile {
    PasskeyProfile {
        restrictions: KeyRestrictions {
            enforced: true,
            allow,
            aaguids: vec![OURS],
        },
        ..profile(id)
    }
}

/// One word for the verdict, and the reason.
fn verdict(
    policy: &PasskeyPolicy,
    aaguid: Aaguid,
    attested: Option<bool>,
    groups: Option<&BTreeSet<ObjectId>>,
) -> String {
    match policy.verdict(Candidate { aaguid, attested }, groups) {
        PolicyVerdict::Allowed => "allowed".to_owned(),
        PolicyVerdict::Refused(why) => format!("refused: {why}"),
        PolicyVerdict::Unclear(why) => format!("unclear: {why}"),
    }
}

fn check(policy: &PasskeyPolicy, expected: &str) {
    let said = verdict(policy, OURS, None, None);
    assert!(said.starts_with(expected), "{said}\n{policy:?}");
}

fn check_in(policy: &PasskeyPolicy, names: &[&str], expected: &str) {
    let said = verdict(policy, OURS, None, Some(&groups(names)));
    assert!(said.starts_with(expected), "{names:?}: {said}\n{policy:?}");
}

#[test]
fn a_policy_that_is_off_or_closed_to_us_refuses_everybody() {
    check(&open(), "allowed");
    let off = PasskeyPolicy {
        enabled: false,
        ..open()
    };
    check(&off, "refused: the tenant's passkey policy is disabled");
    let closed = PasskeyPolicy {
        self_service: false,
        ..open()
    };
    check(
        &closed,
        "refused: the tenant's passkey policy does not allow self-service set-up",
    );
}

#[test]
fn a_list_of_models_allows_or_blocks_what_is_in_it() {
    for (allow, aaguid, expected) in [
        (true, OURS, "allowed"),
        (
            true,
            OTHER,
            "refused: the passkey profile list does not list",
        ),
        (false, OURS, "refused: the passkey profile list blocks"),
        (false, OTHER, "allowed"),
    ] {
        let policy = PasskeyPolicy {
            profiles: vec![listing("list", allow)],
            default_profile: Some("list".to_owned()),
            ..open()
        };
        let said = verdict(&policy, aaguid, None, None);
        assert!(said.starts_with(expected), "{allow} {aaguid}: {said}");
    }
}

#[test]
fn a_list_that_is_not_enforced_says_nothing() {
    let mut policy = open();
    policy.profiles = vec![listing("open", false)];
    policy.profiles[0].restrictions.enforced = false;
    check(&policy, "allowed");
}

#[test]
fn enforced_attestation_depends_on_what_is_known_of_the_model() {
    let mut policy = open();
    policy.profiles[0].attestation_enforced = true;
    for (attested, expected) in [
        (Some(true), "allowed"),
        (
            Some(false),
            "refused: the passkey profile open enforces attestation",
        ),
        (
            None,
            "unclear: the passkey profile open enforces attestation",
        ),
    ] {
        let said = verdict(&policy, OURS, attested, None);
        assert!(said.starts_with(expected), "{attested:?}: {said}");
    }
}

#[test]
fn a_profile_for_synced_passkeys_alone_takes_no_security_key() {
    let mut policy = open();
    policy.profiles[0].device_bound = false;
    check(
        &policy,
        "refused: the passkey profile open takes no device-bound",
    );
}

#[test]
fn one_profile_in_scope_that_allows_is_enough() {
    let policy = PasskeyPolicy {
        profiles: vec![listing("strict", false), profile("pilot")],
        default_profile: Some("strict".to_owned()),
        include: vec![
            target(Audience::AllUsers, &[]),
            target(Audience::Group(group("pilots")), &["pilot"]),
        ],
        ..open()
    };
    check_in(&policy, &["pilots"], "allowed");
    check_in(&policy, &["others"], "refused: the passkey profile strict");
    check(&policy, "unclear: it depends on the user's groups");
}

#[test]
fn an_excluded_group_beats_everything() {
    let policy = PasskeyPolicy {
        exclude: vec![group("leavers")],
        ..open()
    };
    check_in(
        &policy,
        &["leavers"],
        "refused: the user is in a group that",
    );
    check_in(&policy, &[], "allowed");
    check(&policy, "unclear: it depends on the user's groups");
}

#[test]
fn what_is_refused_in_every_group_is_refused_whatever_the_groups_are() {
    let policy = PasskeyPolicy {
        profiles: vec![listing("strict", false)],
        include: vec![target(Audience::Group(group("staff")), &["strict"])],
        exclude: vec![group("leavers")],
        ..open()
    };
    check(&policy, "refused: the passkey profile strict blocks");
}

#[test]
fn whoever_is_in_no_target_is_refused() {
    let mut policy = open();
    policy.include = vec![target(Audience::Group(group("staff")), &[])];
    check_in(
        &policy,
        &["others"],
        "refused: no target of the passkey policy",
    );
    check_in(&policy, &["staff"], "allowed");
    policy.include.clear();
    check(&policy, "refused: no target of the passkey policy");
}

#[test]
fn a_profile_that_cannot_be_found_is_never_guessed() {
    let mut policy = open();
    policy.include = vec![target(Audience::AllUsers, &["gone"])];
    check(
        &policy,
        "unclear: a target of the passkey policy names a profile",
    );
    policy.default_profile = None;
    policy.include = vec![target(Audience::AllUsers, &[])];
    check(
        &policy,
        "unclear: a target of the passkey policy names no profile",
    );
    // Another target that allows is still enough.
    policy.include.push(target(Audience::AllUsers, &["open"]));
    check(&policy, "allowed");
}

#[test]
fn a_policy_of_the_older_shape_is_called_by_no_name() {
    let mut policy = open();
    policy.profiles[0].name.clear();
    policy.profiles[0].device_bound = false;
    check(&policy, "refused: the passkey policy takes no device-bound");
}
