//! Who may get a key, and which, over a directory in memory.

mod models;

use super::*;
use crate::app::world::{DirectoryState, Op, When, World, denied, policy_for};
use crate::domain::credential::CredentialKind;
use crate::domain::passkey_policy::Audience;

const ANNA: &str = "anna@contoso.com";
const ALLOWED: u8 = 1;
const OTHER: u8 = 2;

fn applicant(job: i64, disabled_users: DisabledUsers) -> Applicant<'static> {
    Applicant {
        job: JobId(job),
        user: ANNA,
        person: "Anna Lang",
        disabled_users,
    }
}

fn anna() -> Applicant<'static> {
    applicant(1, DisabledUsers::Hold)
}

/// A world with this directory, and what a station makes of it.
fn over(directory: DirectoryState) -> (World, Eligibility) {
    let world = World::new();
    world.state().directory = directory;
    let eligibility = Eligibility::new(&world.ports());
    (world, eligibility)
}

fn group(name: &str) -> ObjectId {
    ObjectId(name.to_owned())
}

fn with_policy(policy: PasskeyPolicy) -> DirectoryState {
    DirectoryState {
        policy: Some(policy),
        ..DirectoryState::default()
    }
}

fn asked(world: &World, op: Op) -> usize {
    world.state().directory.asked.get(&op).copied().unwrap_or(0)
}

fn model(number: u8) -> Aaguid {
    Aaguid([number; 16])
}

fn lost() -> Fault {
    Fault::Unreachable {
        what: "lost".to_owned(),
    }
}

#[test]
fn an_enabled_member_may_have_a_key_and_costs_one_call_in_ten_minutes() {
    let (world, eligibility) = over(with_policy(policy_for(Audience::AllUsers, &[ALLOWED])));
    for seconds in [0, 120, 479] {
        world.pass_seconds(seconds);
        assert_eq!(eligibility.person_may(&anna()), Ok(()));
        assert_eq!(eligibility.key_may(ANNA, model(ALLOWED)), Ok(()));
    }
    assert_eq!(
        (asked(&world, Op::Person), asked(&world, Op::Policy)),
        (1, 1)
    );
    world.pass_seconds(1);
    assert_eq!(eligibility.person_may(&anna()), Ok(()));
    assert_eq!(
        (asked(&world, Op::Person), asked(&world, Op::Policy)),
        (2, 2)
    );
    // Nothing in this policy speaks of groups.
    assert_eq!(asked(&world, Op::Groups), 0);
    assert_eq!(eligibility.take_notices(), []);
}

#[test]
fn a_disabled_account_holds_the_job_or_is_told_of_once() {
    let disabled = DirectoryState {
        disabled: [ANNA.to_owned()].into(),
        ..with_policy(policy_for(Audience::AllUsers, &[]))
    };
    let (world, eligibility) = over(disabled);
    for _ in 0..2 {
        assert_eq!(eligibility.person_may(&anna()), Err(Fault::UserDisabled));
    }
    // A refusal is never held against anybody: it is asked for each time.
    assert_eq!(asked(&world, Op::Person), 2);
    world.state().directory.disabled.clear();
    assert_eq!(eligibility.is_enabled_again(ANNA), Ok(true));
    assert_eq!(eligibility.person_may(&anna()), Ok(()));

    world.state().directory.disabled.insert(ANNA.to_owned());
    world.pass_seconds(FRESH_SECONDS);
    assert_eq!(eligibility.is_enabled_again(ANNA), Ok(false));
    let lenient = applicant(2, DisabledUsers::Warn);
    for _ in 0..2 {
        assert_eq!(eligibility.person_may(&lenient), Ok(()));
        world.pass_seconds(FRESH_SECONDS);
    }
    let person = "Anna Lang".to_owned();
    assert_eq!(eligibility.take_notices(), [Notice::Disabled { person }]);
}

#[test]
fn a_guest_gets_no_key_whatever_becomes_of_the_account() {
    let guest = DirectoryState {
        guests: [ANNA.to_owned()].into(),
        disabled: [ANNA.to_owned()].into(),
        ..DirectoryState::default()
    };
    let (_, eligibility) = over(guest);
    let refused = eligibility.person_may(&anna());
    assert!(
        matches!(&refused, Err(Fault::UserUnfit { why }) if why.contains("guest")),
        "{refused:?}"
    );
}

#[test]
fn a_directory_that_may_not_be_read_is_told_of_once_and_not_asked_for_each_job() {
    let closed = DirectoryState {
        hides_people: true,
        disabled: [ANNA.to_owned()].into(),
        ..with_policy(policy_for(Audience::Group(group("sales")), &[ALLOWED]))
    };
    let (world, eligibility) = over(closed);
    for job in 1..=500 {
        let applicant = applicant(job, DisabledUsers::Hold);
        assert_eq!(eligibility.person_may(&applicant), Ok(()));
        // Nobody knows whether they are in the group, so nothing is refused.
        assert_eq!(eligibility.key_may(ANNA, model(ALLOWED)), Ok(()));
    }
    assert_eq!(eligibility.is_enabled_again(ANNA), Ok(false));
    let calls = [Op::Person, Op::Groups, Op::Policy].map(|op| asked(&world, op));
    assert_eq!(calls, [1, 1, 1]);
    let unreadable = |subject| Notice::Unreadable {
        subject,
        fault: denied(),
    };
    let told = [Subject::People, Subject::Groups].map(unreadable);
    assert_eq!(eligibility.take_notices(), told);

    // The right was given meanwhile.
    world.state().directory.hides_people = false;
    world.pass_seconds(FRESH_SECONDS);
    assert_eq!(eligibility.person_may(&anna()), Err(Fault::UserDisabled));
    assert_eq!(eligibility.take_notices(), []);
}

#[test]
fn a_policy_that_may_not_be_read_is_a_warning_and_no_stop() {
    let (world, eligibility) = over(DirectoryState::default());
    for _ in 0..100 {
        assert_eq!(eligibility.person_may(&anna()), Ok(()));
        assert_eq!(eligibility.key_may(ANNA, model(OTHER)), Ok(()));
    }
    assert_eq!(asked(&world, Op::Policy), 1);
    let (subject, fault) = (Subject::PasskeyPolicy, denied());
    let told = [Notice::Unreadable { subject, fault }];
    assert_eq!(eligibility.take_notices(), told);
}

#[test]
fn accounts_of_which_nobody_tells_whether_they_are_enabled_are_told_of_once() {
    let silent = DirectoryState {
        hides_enabled: true,
        disabled: [ANNA.to_owned()].into(),
        ..with_policy(policy_for(Audience::AllUsers, &[]))
    };
    let (_, eligibility) = over(silent);
    for job in 1..=3 {
        let applicant = Applicant {
            user: ["anna", "bo", "chloé"][usize::try_from(job - 1).unwrap()],
            ..applicant(job, DisabledUsers::Hold)
        };
        assert_eq!(eligibility.person_may(&applicant), Ok(()));
    }
    assert_eq!(eligibility.take_notices(), [Notice::EnabledUntold]);
    // Nobody is let go on who was seen to be disabled before.
    assert_eq!(eligibility.is_enabled_again(ANNA), Ok(false));
}

#[test]
fn a_directory_that_does_not_answer_is_waited_for() {
    let (world, eligibility) = over(with_policy(policy_for(Audience::AllUsers, &[])));
    let throttled = Fault::Throttled { seconds: 7 };
    for fault in [lost(), throttled, Fault::Cancelled] {
        world.trick(Op::Person, When::Before, fault.clone());
        assert_eq!(eligibility.person_may(&anna()), Err(fault.clone()));
        world.trick(Op::Person, When::Before, fault.clone());
        assert_eq!(eligibility.is_enabled_again(ANNA), Err(fault));
    }
    // What nobody can make sense of says nothing about the person.
    let what = "no JSON".to_owned();
    world.trick(
        Op::Person,
        When::Before,
        Fault::AnswerUnusable {
            what,
            request_id: String::new(),
        },
    );
    assert_eq!(eligibility.person_may(&anna()), Ok(()));
    let unknown = Fault::UserUnknown {
        request_id: "r-1".to_owned(),
        code: String::new(),
        message: String::new(),
    };
    world.trick(Op::Person, When::Before, unknown.clone());
    assert_eq!(eligibility.person_may(&anna()), Err(unknown));
    assert_eq!(eligibility.take_notices(), []);
}

#[test]
fn a_policy_or_groups_that_do_not_come_through_stop_nobody() {
    // Each group has a model of its own.
    let mut policy = policy_for(Audience::Group(group("sales")), &[ALLOWED]);
    let mut others = policy_for(Audience::Group(group("finance")), &[OTHER]);
    for profile in &mut others.profiles {
        "p-2".clone_into(&mut profile.id);
    }
    others.include[0].profiles.push("p-2".to_owned());
    policy.profiles.append(&mut others.profiles);
    policy.include.append(&mut others.include);
    let (world, eligibility) = over(DirectoryState {
        groups: [(ANNA.to_owned(), [group("sales")].into())].into(),
        ..with_policy(policy)
    });
    world.trick(Op::Policy, When::Before, lost());
    assert_eq!(eligibility.key_may(ANNA, model(OTHER)), Ok(()));
    world.pass_seconds(60);
    world.trick(Op::Groups, When::Before, lost());
    assert_eq!(eligibility.key_may(ANNA, model(OTHER)), Ok(()));
    let refused = eligibility.key_may(ANNA, model(OTHER));
    assert!(
        matches!(refused, Err(Fault::TenantRefuses { .. })),
        "{refused:?}"
    );
    assert_eq!(eligibility.take_notices(), []);
}

#[test]
fn a_model_that_the_policy_refuses_is_refused_and_another_one_is_not() {
    let (_, eligibility) = over(with_policy(policy_for(Audience::AllUsers, &[ALLOWED])));
    assert_eq!(eligibility.person_may(&anna()), Ok(()));
    assert_eq!(eligibility.key_may(ANNA, model(ALLOWED)), Ok(()));
    let why = "the passkey profile Security keys does not list the model 02020202-0202-0202-0202-020202020202";
    assert_eq!(
        eligibility.key_may(ANNA, model(OTHER)),
        Err(Fault::TenantRefuses {
            why: why.to_owned()
        })
    );
}

#[test]
fn a_person_whom_the_policy_leaves_out_is_held_and_no_key_is_laid_aside() {
    let mut policy = policy_for(Audience::Group(group("sales")), &[ALLOWED]);
    policy.exclude.push(group("leavers"));
    let with_groups = |names: &[&str]| DirectoryState {
        groups: [(
            ANNA.to_owned(),
            names.iter().map(|name| group(name)).collect(),
        )]
        .into(),
        ..with_policy(policy.clone())
    };
    for (groups, expected) in [
        (&["sales"][..], None),
        (&["sales", "leavers"][..], Some("excludes")),
        (&["finance"][..], Some("no target")),
    ] {
        let (world, eligibility) = over(with_groups(groups));
        for refused in [
            eligibility.person_may(&anna()),
            eligibility.key_may(ANNA, model(ALLOWED)),
        ] {
            match (expected, refused) {
                (None, Ok(())) => {}
                (Some(expected), Err(Fault::UserUnfit { why })) if why.contains(expected) => {}
                (_, other) => panic!("{groups:?}: {other:?}"),
            }
        }
        assert_eq!(asked(&world, Op::Groups), 1, "they are known by then");
    }
}

#[test]
fn nobody_is_refused_by_what_may_have_been_mended_a_minute_ago() {
    let sales = policy_for(Audience::Group(group("sales")), &[ALLOWED]);
    let (world, eligibility) = over(DirectoryState {
        groups: [(ANNA.to_owned(), [group("finance")].into())].into(),
        ..with_policy(sales)
    });
    let asked = || [Op::Policy, Op::Groups].map(|op| asked(&world, op));
    let left_out = |seconds| {
        world.pass_seconds(seconds);
        let refused = eligibility.person_may(&anna());
        assert!(
            matches!(refused, Err(Fault::UserUnfit { .. })),
            "{refused:?}"
        );
    };
    left_out(0);
    // A whole queue of people whom it leaves out costs no further call for the policy.
    left_out(59);
    assert_eq!(asked(), [1, 1]);
    left_out(1);
    assert_eq!(asked(), [2, 2]);

    let mut state = world.state();
    let groups = &mut state.directory.groups;
    groups.insert(ANNA.to_owned(), [group("sales")].into());
    drop(state);
    world.pass_seconds(60);
    assert_eq!(eligibility.person_may(&anna()), Ok(()));
    let refused = eligibility.key_may(ANNA, model(OTHER));
    assert!(
        matches!(refused, Err(Fault::TenantRefuses { .. })),
        "{refused:?}"
    );
    assert_eq!(asked(), [3, 3], "both were heard just now");
    world.state().directory.policy = Some(policy_for(Audience::AllUsers, &[OTHER]));
    world.pass_seconds(60);
    assert_eq!(eligibility.key_may(ANNA, model(OTHER)), Ok(()));
}

#[test]
fn a_refusal_by_a_policy_that_cannot_be_read_anew_says_how_old_it_is() {
    let (world, eligibility) = over(with_policy(policy_for(Audience::AllUsers, &[ALLOWED])));
    let refused = || match eligibility.key_may(ANNA, model(OTHER)) {
        Err(Fault::TenantRefuses { why }) => why,
        other => panic!("{other:?}"),
    };
    assert!(refused().ends_with("020202"), "{}", refused());
    for (seconds, age) in [
        (60, "1 minute ago"),
        (60, "2 minutes ago"),
        (600, "12 minutes ago"),
    ] {
        world.pass_seconds(seconds);
        world.trick(Op::Policy, When::Before, lost());
        let why = refused();
        assert!(why.contains(age), "{why}");
    }
    world.pass_seconds(60);
    assert!(refused().ends_with("020202"), "it was read anew");
}

#[test]
fn a_policy_that_is_closed_to_everybody_is_left_to_entra() {
    for (enabled, self_service) in [(false, true), (true, false)] {
        let (_, eligibility) = over(with_policy(PasskeyPolicy {
            enabled,
            self_service,
            ..policy_for(Audience::AllUsers, &[ALLOWED])
        }));
        assert_eq!(eligibility.person_may(&anna()), Ok(()));
        assert_eq!(eligibility.key_may(ANNA, model(OTHER)), Ok(()));
    }
}

#[test]
fn a_person_with_many_passkeys_is_told_of_once_and_goes_on() {
    let (world, eligibility) = over(DirectoryState::default());
    for number in 1..PASSKEYS_BELIEVED_MAX {
        let number = u8::try_from(number).unwrap();
        world.add_foreign(ANNA, number, CredentialKind::SecurityKey);
    }
    let look = |job| {
        let options = world.creation_options(ANNA).unwrap();
        eligibility.count_passkeys(&world, &applicant(job, DisabledUsers::Hold), &options);
    };
    look(1);
    assert_eq!(eligibility.take_notices(), []);
    assert_eq!(world.count(Op::List), 0, "few keys cost no call");
    world.add_foreign(ANNA, 100, CredentialKind::SecurityKey);
    look(1);
    look(1);
    assert_eq!(world.count(Op::List), 1);
    let person = "Anna Lang".to_owned();
    let passkeys = PASSKEYS_BELIEVED_MAX;
    let told = [Notice::ManyPasskeys { person, passkeys }];
    assert_eq!(eligibility.take_notices(), told);
}

#[test]
fn an_id_in_two_readings_is_one_passkey() {
    let (world, eligibility) = over(DirectoryState::default());
    for number in 1..=6 {
        world.add_foreign(ANNA, number, CredentialKind::SecurityKey);
    }
    let mut options = world.creation_options(ANNA).unwrap();
    options.exclude.extend(options.exclude.clone());
    eligibility.count_passkeys(&world, &anna(), &options);
    assert_eq!(
        (world.count(Op::List), eligibility.take_notices()),
        (1, vec![])
    );
}
