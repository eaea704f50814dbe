//! People and models that Entra would refuse: said before anything is done to the key.

use super::*;
use crate::app::world::{When, policy_for};
use crate::domain::passkey_policy::Audience;
use crate::domain::policy::ResetMode;

const ALLOWED: u8 = 1;
const OTHER: u8 = 2;

fn of_model(model: u8, serial: Option<&'static str>) -> KeyState {
    let mut key = KeyState::blank(serial);
    key.model = model;
    key
}

fn allow(world: &World, models: &[u8]) {
    let policy = policy_for(Audience::AllUsers, models);
    world.state().directory.policy = Some(policy);
}

/// Another life of the program: what was known of the tenant is asked for anew.
fn restarted(line: &Line) -> Line {
    Line::on(line.world.clone(), line.job.clone(), line.policy.clone())
}

#[test]
fn a_model_that_the_tenant_refuses_is_laid_aside_untouched_and_the_job_takes_another_key() {
    for used in [None, Some("739154")] {
        let mut key = of_model(OTHER, Some("32070001"));
        key.pin = used.map(str::to_owned);
        let line = Line::new(Policy::default(), key);
        allow(&line.world, &[ALLOWED]);
        let Ending::AnotherKey(Fault::TenantRefuses { why }) = line.run() else {
            panic!("{}", line.story());
        };
        assert!(why.contains("does not list the model"), "{why}");
        assert_eq!(line.story(), "", "nothing was begun with it");
        let untouched = line.world.state().keys[0].pin.as_deref() == used;
        assert!(untouched && line.world.count(Op::Reset) == 0);
        let other = line.world.add_key(of_model(ALLOWED, Some("32070002")));
        line.put(other);
        assert_eq!(line.run(), Ending::Finished);
        // The options that were at hand serve the other key as well.
        assert_eq!(line.world.count(Op::Options), 1);
        line.assert_sound("another model");
    }
}

#[test]
fn a_key_that_keeps_its_pin_is_refused_as_well() {
    let policy = Policy {
        reset: ResetMode::Keep,
        ..Policy::default()
    };
    let mut key = of_model(OTHER, Some("32070001"));
    key.pin = Some("591826".to_owned());
    let line = Line::new(policy, key);
    line.world.give_current_pin(line.job.id, "591826");
    allow(&line.world, &[ALLOWED]);
    let ending = line.run();
    assert!(
        matches!(ending, Ending::AnotherKey(Fault::TenantRefuses { .. })),
        "{ending:?}"
    );
    assert_eq!(line.world.count(Op::MakeCredential), 0);
}

#[test]
fn a_key_that_was_bound_before_the_policy_changed_is_not_wiped_after_it() {
    for serial in [Some("32070001"), None] {
        let line = Line::new(Policy::default(), of_model(OTHER, serial));
        line.world.trick(Op::Reset, When::Before, Fault::KeyGone);
        assert_eq!(line.run(), Ending::Stopped(Fault::KeyGone));
        allow(&line.world, &[ALLOWED]);
        let line = restarted(&line);
        line.put(0);
        let ending = line.run();
        assert!(
            matches!(ending, Ending::AnotherKey(Fault::TenantRefuses { .. })),
            "{serial:?}: {ending:?}"
        );
        assert_eq!(line.world.count(Op::Reset), 0);
        let other = line.world.add_key(of_model(ALLOWED, None));
        line.put(other);
        assert_eq!(line.run(), Ending::Finished);
        line.assert_sound("the policy changed");
    }
}

#[test]
fn a_key_that_is_registered_gets_its_new_pin_whatever_the_policy_says_by_now() {
    let line = Line::new(Policy::default(), of_model(OTHER, Some("32070001")));
    line.world.state().press.blind = true;
    line.world
        .trick(Op::PressDeliver, When::After, Fault::DeliveryUncertain);
    assert_eq!(line.run(), Ending::Held(Fault::DeliveryUncertain));
    line.world.state().press.blind = false;
    let reissued = Happening::Reissued {
        reason: "nobody has seen the letter".to_owned(),
        void: None,
    };
    line.world
        .tell(line.job.id, [Happening::Released, reissued]);
    allow(&line.world, &[ALLOWED]);
    let line = restarted(&line);
    line.put(0);
    assert_eq!(line.run(), Ending::Finished);
}

#[test]
fn an_account_that_was_disabled_meanwhile_holds_the_job_before_the_reset() {
    let line = Line::new(Policy::default(), key());
    let user = line.job.request.user.clone();
    line.world.state().directory.disabled.insert(user);
    assert_eq!(line.run(), Ending::Held(Fault::UserDisabled));
    assert_eq!(line.story(), "held");
    let calls = [Op::Reset, Op::Options].map(|op| line.world.count(op));
    assert_eq!(calls, [0, 0]);
    line.world.state().directory.disabled.clear();
    line.world.tell(line.job.id, [Happening::Released]);
    assert_eq!(line.run(), Ending::Finished);
    line.assert_sound("enabled again");
}

#[test]
fn a_person_whom_the_policy_leaves_out_is_held_and_the_key_is_free() {
    let line = Line::new(Policy::default(), key());
    let mut policy = policy_for(Audience::AllUsers, &[]);
    policy.include.clear();
    line.world.state().directory.policy = Some(policy);
    let ending = line.run();
    assert!(
        matches!(&ending, Ending::Held(Fault::UserUnfit { why }) if why.contains("no target")),
        "{ending:?}"
    );
    assert_eq!(line.story(), "held");
}
