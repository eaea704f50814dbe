//! Ledger and tenant compared in memory, with everything planted that can differ.

use super::*;
use crate::app::world::{Op, START, When, World, course, credential, done, request, started};
use crate::domain::event::{Evidence, Step};
use crate::port::{Clock as _, DutyOutcome, Ledger as _};

const ANNA: &str = "anna@contoso.com";

fn sides(world: &World) -> Sides<'_> {
    Sides {
        ledger: world,
        relying_party: world,
        clock: world,
    }
}

fn compared(world: &World, users: &[&str]) -> Report {
    let users: Vec<String> = users.iter().map(|user| (*user).to_owned()).collect();
    let report = compare(&sides(world), &users, &CancelFlag::default(), &mut |_| {});
    report.expect("a report")
}

fn kinds(report: &Report) -> Vec<Kind> {
    report.differences.iter().map(|one| one.kind).collect()
}

/// Anna's job up to `last`, with the passkey of the story at the tenant if `there`.
fn world(last: Step, there: bool) -> World {
    let world = World::with_jobs(&[ANNA]);
    world.tell(JobId(1), course("32070001", last));
    if there {
        plant(&world, "method-1", credential());
    }
    world
}

fn plant(world: &World, id: &str, credential: CredentialId) {
    world.add_foreign(ANNA, 99, CredentialKind::SecurityKey);
    let mut state = world.state();
    let method = state.tenant.methods.last_mut().expect("just added");
    method.id = MethodId(id.to_owned());
    method.credential = credential;
}

/// The attempt is given up: its passkey is to be gone from Entra.
fn abandoned() -> Happening {
    Happening::Abandoned {
        reason: Fault::RegistrationUncertain,
        credential: Some(credential()),
        restart: Step::Reset,
    }
}

#[test]
fn both_sides_agree_and_what_is_not_ours_is_counted_and_left_alone() {
    let world = world(Step::Deliver, true);
    world.add_foreign(ANNA, 17, CredentialKind::SecurityKey);
    world.add_foreign(ANNA, 18, CredentialKind::OtherPasskey);
    let report = compared(&world, &[ANNA]);
    let expected = Report {
        people: 1,
        agreeing: 1,
        foreign_keys: 1,
        foreign_passkeys: 1,
        ..Report::default()
    };
    assert_eq!(report, expected);
    assert_eq!(world.count(Op::Options), 0, "nothing was missing");
    assert_eq!((world.count(Op::Delete), world.count(Op::Settle)), (0, 0));
}

#[test]
fn what_the_tenant_lost_is_missing_and_a_lagging_list_is_not_believed() {
    let world = world(Step::Deliver, false);
    let report = compared(&world, &[ANNA]);
    assert_eq!(kinds(&report), [Kind::Missing]);
    let missing = &report.differences[0];
    assert_eq!(
        (missing.job, &missing.credential),
        (Some(JobId(1)), &Some(credential()))
    );
    assert_eq!(missing.method, Some(MethodId("method-1".to_owned())));

    // The list does not show it yet, the exclude list does.
    let world = world_with_lag();
    let report = compared(&world, &[ANNA]);
    assert_eq!((kinds(&report), report.agreeing), (Vec::new(), 1));
    assert_eq!(world.count(Op::Options), 1);
}

fn world_with_lag() -> World {
    let world = world(Step::Deliver, true);
    world.state().tenant.methods[0].hide_until(START.plus_seconds(60));
    world
}

#[test]
fn a_passkey_that_is_being_registered_is_no_difference() {
    let world = world(Step::MakeCredential, true);
    world.tell(JobId(1), [started(Step::Register)]);
    let report = compared(&world, &[ANNA]);
    assert_eq!((kinds(&report), report.in_flight), (Vec::new(), 1));
}

#[test]
fn a_given_up_passkey_that_appears_late_is_told_and_deleted_only_on_request() {
    let world = world(Step::MakeCredential, true);
    world.tell(JobId(1), [abandoned()]);
    // Nobody has settled the duty yet, or everybody has given up looking for it.
    for looks in [false, true] {
        let world = world.copy();
        if looks {
            let hidden = std::mem::take(&mut world.state().tenant.methods);
            for _ in 0..3 {
                duties::work(&world.ports(), "4711").expect("a look");
                world.pass_seconds(4000);
            }
            assert_eq!(world.state().ledger.open_duties(), []);
            world.state().tenant.methods = hidden;
        }
        let report = compared(&world, &[ANNA]);
        assert_eq!(kinds(&report), [Kind::Abandoned], "{looks}");
        assert_eq!(world.count(Op::Delete), 0);
        let removed = delete(&sides(&world), &credential(), "administrator");
        assert_eq!(removed, Ok(Removal::Deleted));
        assert_eq!(compared(&world, &[ANNA]).differences, []);
        assert_eq!(world.state().ledger.open_duties(), []);
    }
}

#[test]
fn where_entra_has_told_its_id_that_id_counts() {
    // Given up although it was registered; the list's ids are encodings of nothing.
    let world = world(Step::Register, true);
    world.tell(JobId(1), [abandoned()]);
    world.state().tenant.opaque = true;
    let report = compared(&world, &[ANNA]);
    assert_eq!(kinds(&report), [Kind::Abandoned]);
    let removed = delete(&sides(&world), &credential(), "administrator");
    assert_eq!(removed, Ok(Removal::Deleted));
}

#[test]
fn nothing_is_deleted_that_the_journal_does_not_call_abandoned() {
    let world = world(Step::Deliver, true);
    let stranger = CredentialId(vec![9; 16]);
    plant(&world, "stranger", stranger.clone());
    for credential in [credential(), stranger] {
        let refused = delete(&sides(&world), &credential, "administrator");
        assert!(matches!(refused, Err(Fault::Ledger { .. })), "{refused:?}");
    }
    assert_eq!(world.count(Op::Delete), 0);
}

#[test]
fn two_entries_for_one_passkey_are_told_and_not_deleted() {
    let world = world(Step::MakeCredential, true);
    world.tell(JobId(1), [abandoned()]);
    plant(&world, "twin", credential());
    let report = compared(&world, &[ANNA]);
    assert_eq!(kinds(&report), [Kind::Ambiguous, Kind::Ambiguous]);
    let removed = delete(&sides(&world), &credential(), "administrator");
    assert_eq!(removed, Ok(Removal::Left));
    assert_eq!(world.count(Op::Delete), 0);
}

#[test]
fn a_delete_whose_reply_is_lost_is_finished_by_the_next() {
    for when in [When::Before, When::After] {
        let world = world(Step::MakeCredential, true);
        world.tell(JobId(1), [abandoned()]);
        let lost = Fault::Unreachable {
            what: "no answer".to_owned(),
        };
        world.trick(Op::Delete, when, lost.clone());
        let result = delete(&sides(&world), &credential(), "administrator");
        assert_eq!(result, Err(lost));
        assert_eq!(world.state().ledger.open_duties().len(), 1);
        let again = delete(&sides(&world), &credential(), "administrator").expect("an end");
        assert_eq!(again == Removal::Deleted, when == When::Before, "{when:?}");
        assert_eq!(compared(&world, &[ANNA]).differences, []);
    }
}

#[test]
fn an_older_passkey_that_waits_for_its_deletion_is_no_difference() {
    let world = world(Step::Deliver, true);
    let second = world.add_job(request(ANNA));
    let mut story = course("32070002", Step::Deliver);
    for happening in &mut story {
        if let Happening::Done {
            evidence: Evidence::Made { credential, .. },
            ..
        } = happening
        {
            *credential = CredentialId(vec![8; 16]);
        }
        if let Happening::Done {
            evidence: Evidence::Registered { method, .. },
            ..
        } = happening
        {
            *method = MethodId("method-2".to_owned());
        }
    }
    world.tell(second.id, story);
    plant(&world, "method-2", CredentialId(vec![8; 16]));
    let older = MethodId("method-1".to_owned());
    world.oblige(second.id, &Duty::Replaced(older));
    let report = compared(&world, &[ANNA]);
    assert_eq!(
        (kinds(&report), report.agreeing, report.replaced),
        (Vec::new(), 1, 1)
    );
}

#[test]
fn what_was_deleted_and_is_there_again_is_told_and_left_alone() {
    let world = world(Step::Deliver, true);
    let older = MethodId("method-1".to_owned());
    world.oblige(JobId(1), &Duty::Replaced(older));
    let due = world.obligations(world.now()).expect("a ledger");
    let deleted = DutyOutcome::Settled { deleted: true };
    let settled = world.settle(due[0].id, &deleted, "4711", world.now());
    assert_eq!(settled, Ok(()));
    assert_eq!(kinds(&compared(&world, &[ANNA])), [Kind::Returned]);
    let refused = delete(&sides(&world), &credential(), "administrator");
    assert!(matches!(refused, Err(Fault::Ledger { .. })), "{refused:?}");
}

#[test]
fn a_name_that_begins_with_our_serial_is_told_when_no_row_fits() {
    let world = world(Step::Deliver, true);
    world.add_foreign(ANNA, 17, CredentialKind::SecurityKey);
    world.state().tenant.methods[1].name = "32070001 Practice Key".to_owned();
    let report = compared(&world, &[ANNA]);
    assert_eq!(kinds(&report), [Kind::Unclaimed]);
    assert_eq!(report.differences[0].display_name, "32070001 Practice Key");
    world.state().tenant.methods[1].name = "32070009 Practice Key".to_owned();
    assert_eq!(compared(&world, &[ANNA]).foreign_keys, 1);
}

#[test]
fn a_service_that_asks_for_patience_gets_it() {
    let world = world(Step::Deliver, true);
    for seconds in [7, 300] {
        let throttled = Fault::Throttled { seconds };
        world.trick(Op::List, When::Before, throttled);
    }
    let mut waits = Vec::new();
    let users = [ANNA.to_owned()];
    let before = world.now();
    let report = compare(
        &sides(&world),
        &users,
        &CancelFlag::default(),
        &mut |progress| {
            if let Progress::Waiting { seconds } = progress {
                waits.push(seconds);
            }
        },
    );
    assert_eq!(report.map(|report| report.agreeing), Ok(1));
    assert_eq!(waits, [7, 300]);
    assert_eq!(before.seconds_until(world.now()), 307);
}

#[test]
fn one_person_who_cannot_be_compared_does_not_keep_the_others_from_it() {
    let world = world(Step::Deliver, true);
    world.add_job(request("bo@contoso.com"));
    let unknown = Fault::UserUnknown {
        request_id: "r-9".to_owned(),
        code: String::new(),
        message: String::new(),
    };
    // Of Bo nothing is expected, of Anna a passkey.
    world.trick(Op::List, When::Before, unknown.clone());
    let report = compared(&world, &["bo@contoso.com", ANNA]);
    assert_eq!(
        (report.people, report.failed, report.agreeing),
        (1, Vec::new(), 1)
    );
    world.trick(Op::List, When::Before, unknown.clone());
    let report = compared(&world, &[ANNA, "bo@contoso.com"]);
    assert_eq!(
        (report.people, report.failed),
        (1, vec![(ANNA.to_owned(), unknown)])
    );
    let away = Fault::SignIn {
        what: "the secret has expired".to_owned(),
    };
    world.trick(Op::List, When::Before, away.clone());
    let users = [ANNA.to_owned()];
    let result = compare(&sides(&world), &users, &CancelFlag::default(), &mut |_| {});
    assert_eq!(result, Err(away));
}

#[test]
fn the_ledger_tells_what_became_of_each_passkey() {
    let world = world(Step::MakeCredential, false);
    let passkey = || {
        world
            .passkey(&credential())
            .expect("a ledger")
            .expect("a passkey")
    };
    assert_eq!(
        (passkey().state, passkey().given_up),
        (PasskeyState::Made, false)
    );
    world.tell(JobId(1), [started(Step::Register), done(Step::Register)]);
    assert_eq!(passkey().state, PasskeyState::Registered);
    world.tell(JobId(1), [abandoned()]);
    assert_eq!(
        (passkey().state, passkey().given_up),
        (PasskeyState::Abandoned, true)
    );
    assert_eq!(world.passkeys_of_user(ANNA).map(|all| all.len()), Ok(1));
}
