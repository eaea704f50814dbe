//! Lost replies, step by step: what is asked, what is repeated, and what is never done twice.

use super::*;
use crate::app::admin::{self, Change};
use crate::app::world::When;
use crate::domain::credential::CredentialKind;
use crate::domain::policy::DeleteExisting;

fn lost() -> Fault {
    Fault::Unreachable {
        what: "the reply was lost".to_owned(),
    }
}

fn posted(lag: i64, when: When) -> Line {
    let line = Line::new(Policy::default(), key());
    line.world.state().tenant.lag = lag;
    line.world.trick(Op::Post, when, lost());
    line
}

#[test]
fn a_post_that_never_arrived_is_sent_again() {
    let line = posted(0, When::Before);
    assert_eq!(line.run(), Ending::Finished);
    line.assert_sound("lost before it was accepted");
    assert_eq!(line.world.count(Op::MakeCredential), 1);
}

#[test]
fn a_post_whose_reply_was_lost_is_found_in_the_list() {
    for lag in [0, 30] {
        let line = posted(lag, When::After);
        assert_eq!(line.run(), Ending::Finished);
        line.assert_sound("accepted, and the reply lost");
        assert_eq!(line.world.state().tenant.of("anna@contoso.com").len(), 1);
        assert_eq!(line.world.count(Op::MakeCredential), 1);
    }
}

#[test]
fn a_credential_that_shows_only_after_we_gave_up_is_cleared_away() {
    let line = posted(200, When::After);
    line.carry_on().expect("it ends");
    line.clear_up();
    line.assert_sound("late");
    assert_eq!(line.world.state().tenant.of("anna@contoso.com").len(), 1);
}

#[test]
fn what_an_abandoned_attempt_left_at_entra_is_deleted_when_it_appears() {
    let line = posted(5000, When::After);
    line.world.state().tenant.exclude_lags = true;
    line.world.trick(Op::Post, When::Before, lost());
    line.world.trick(Op::Post, When::Before, lost());
    assert_eq!(line.run(), Ending::Stopped(lost()));
    // The challenge runs out, and the list does not show it yet: a fresh ceremony is all that is left.
    line.world.pass_seconds(3600);
    assert_eq!(line.run(), Ending::Finished);
    assert!(line.story().contains("abandoned to make passkey, began 2"));
    line.assert_sound("the first passkey is remembered");
    assert_eq!(line.world.state().tenant.of("anna@contoso.com").len(), 2);
    line.clear_up();
    line.assert_sound("the first passkey is gone");
    assert_eq!(line.world.state().tenant.of("anna@contoso.com").len(), 1);
    assert_eq!(line.world.count(Op::Delete), 1);
}

#[test]
fn the_exclude_list_tells_that_a_passkey_is_registered_before_the_list_does() {
    let line = posted(5000, When::After);
    line.world.trick(Op::Post, When::Before, lost());
    line.world.trick(Op::Post, When::Before, lost());
    assert_eq!(line.run(), Ending::Stopped(lost()));
    line.world.pass_seconds(3600);
    let ending = line.run();
    assert!(matches!(ending, Ending::Stopped(Fault::Unreachable { .. })));
    line.world.pass_seconds(3600);
    assert_eq!(line.run(), Ending::Finished);
    assert_eq!(line.world.count(Op::MakeCredential), 1);
    line.assert_sound("found in the list at last");
}

#[test]
fn a_challenge_that_ran_out_means_a_fresh_ceremony_on_the_same_key() {
    let line = Line::new(Policy::default(), key());
    line.world.trick(Op::Post, When::Before, sign_in());
    assert_eq!(line.run(), Ending::Stopped(sign_in()));
    line.world.pass_seconds(3600);
    assert_eq!(line.run(), Ending::Finished);
    assert!(line.story().contains("abandoned to make passkey, began 2"));
    assert_eq!(line.world.count(Op::Reset), 1);
    assert_eq!(line.world.count(Op::SetPin), 1);
    line.assert_sound("a fresh ceremony");
}

#[test]
fn after_a_doubt_of_hours_the_list_decides() {
    let line = posted(0, When::After);
    line.world.trick(Op::Post, When::Before, lost());
    line.world.trick(Op::Post, When::Before, lost());
    assert_eq!(line.run(), Ending::Stopped(lost()));
    line.world.pass_seconds(3600);
    let posts = line.world.count(Op::Post);
    assert_eq!(line.run(), Ending::Finished);
    assert_eq!(line.world.count(Op::Post), posts, "the challenge is dead");
    line.assert_sound("found in the list");
}

#[test]
fn a_pin_in_doubt_costs_at_most_one_try() {
    for key in [key(), plain_key()] {
        let line = Line::new(Policy::default(), key);
        line.world.trick(Op::SetPin, When::After, Fault::KeyMute);
        assert_eq!(line.run(), Ending::Stopped(Fault::KeyMute));
        line.put(0);
        assert_eq!(line.run(), Ending::Finished);
        assert_eq!(line.world.count(Op::SetPin), 1);
        assert_eq!(line.world.count(Op::TryPin), 1);
        line.assert_sound("the PIN was on the key");
    }
}

#[test]
fn a_pin_that_surely_is_not_on_the_key_is_set_without_lifting_it() {
    let line = Line::new(Policy::default(), key());
    line.world.trick(Op::SetPin, When::Before, Fault::KeyMute);
    assert_eq!(line.run(), Ending::Stopped(Fault::KeyMute));
    assert_eq!(line.run(), Ending::Finished);
    assert_eq!(line.world.count(Op::TryPin), 0);
    assert_eq!(line.world.state().ledger.sealed.len(), 1, "the same PIN");
}

#[test]
fn another_blank_key_in_doubt_gets_a_pin_of_its_own() {
    let line = Line::new(Policy::default(), plain_key());
    line.world.trick(Op::SetPin, When::After, Fault::KeyGone);
    assert_eq!(line.run(), Ending::Stopped(Fault::KeyGone));
    let other = line.world.add_key(plain_key());
    line.put(other);
    assert_eq!(line.run(), Ending::Finished);
    let state = line.world.state();
    assert_ne!(state.keys[0].pin, state.keys[other].pin);
    assert_eq!(state.ledger.sealed.len(), 2, "both PINs are recoverable");
    drop(state);
    line.assert_sound("another blank key");
}

#[test]
fn always_uv_is_a_toggle_and_never_repeated() {
    for when in [When::Before, When::After] {
        let policy = Policy {
            always_uv: true,
            ..Policy::default()
        };
        let line = Line::new(policy, key());
        line.world.trick(Op::Configure, when, Fault::KeyMute);
        assert_eq!(line.run(), Ending::Stopped(Fault::KeyMute));
        line.put(0);
        assert_eq!(line.run(), Ending::Finished);
        assert!(line.world.state().keys[0].always_uv, "{when:?}");
        assert_eq!(line.world.count(Op::Configure), 1);
    }
}

#[test]
fn a_forced_change_in_doubt_is_settled_without_a_token() {
    let policy = Policy {
        force_pin_change: true,
        ..Policy::default()
    };
    let mut silent = plain_key();
    silent.silent = true;
    let line = Line::new(policy, silent);
    line.world.trick(Op::Configure, When::After, Fault::KeyGone);
    assert_eq!(line.run(), Ending::Stopped(Fault::KeyGone));
    line.put(0);
    assert_eq!(line.run(), Ending::Finished);
    assert!(line.world.state().keys[0].force_pin_change);
    line.assert_sound("forced");
}

#[test]
fn a_sheet_in_doubt_is_never_printed_twice_by_itself() {
    let line = Line::new(Policy::default(), key());
    line.world.state().press.blind = true;
    line.world
        .trick(Op::PressDeliver, When::After, Fault::DeliveryUncertain);
    assert_eq!(line.run(), Ending::Held(Fault::DeliveryUncertain));
    // A release alone tells nothing: the doubt is still there.
    line.world.tell(line.job.id, [Happening::Released]);
    assert_eq!(line.run(), Ending::Held(Fault::DeliveryUncertain));
    assert_eq!(line.world.count(Op::PressDeliver), 1);
    line.world.state().press.blind = false;
    line.world.tell(line.job.id, [Happening::Released]);
    assert_eq!(line.run(), Ending::Finished);
    assert_eq!(line.world.state().press.sheets.len(), 1);
    line.assert_sound("found in the tray");
}

#[test]
fn a_new_key_that_does_not_turn_up_is_looked_for_ever_more_seldom_and_never_given_up() {
    let policy = Policy {
        delete_existing: DeleteExisting::AfterEnrollment,
        ..Policy::default()
    };
    let line = Line::new(policy, key());
    line.world.state().tenant.lag = 100_000;
    let user = "anna@contoso.com";
    line.world.add_foreign(user, 7, CredentialKind::SecurityKey);
    let ports = line.world.ports();
    assert_eq!(line.run(), Ending::Finished);
    let looks_within = |seconds: i64| {
        let before = line.world.count(Op::List);
        for _ in 0..seconds / 10 {
            assert_eq!(duties::work(&ports, "B-7"), Ok(0));
            line.world.pass_seconds(10);
        }
        line.world.count(Op::List) - before
    };
    assert_eq!(looks_within(180), 18, "every ten seconds");
    assert_eq!(looks_within(3600), 12, "every five minutes");
    assert_eq!(looks_within(24 * 3600), 24, "every hour");
    line.world.pass_seconds(5 * 3600);
    assert_eq!(duties::work(&ports, "B-7"), Ok(1), "it was late, but there");
}

#[test]
fn old_keys_go_after_the_new_one_is_seen_and_phones_stay() {
    let policy = Policy {
        delete_existing: DeleteExisting::AfterEnrollment,
        ..Policy::default()
    };
    let line = Line::new(policy, key());
    line.world.state().tenant.lag = 45;
    let user = "anna@contoso.com";
    line.world.add_foreign(user, 7, CredentialKind::SecurityKey);
    let phone = line
        .world
        .add_foreign(user, 8, CredentialKind::OtherPasskey);
    let ports = line.world.ports();
    assert_eq!(line.run(), Ending::Finished);
    assert_eq!(duties::work(&ports, "B-7"), Ok(0), "not in the list yet");
    assert_eq!(line.world.count(Op::Delete), 0);
    line.world.pass_seconds(60);
    assert_eq!(duties::work(&ports, "B-7"), Ok(1));
    assert_eq!(duties::work(&ports, "B-7"), Ok(0));
    let state = line.world.state();
    let left: Vec<_> = state.tenant.of(user).iter().map(|m| m.id.clone()).collect();
    assert_eq!(left.len(), 2);
    assert!(left.contains(&phone));
}

#[test]
fn a_backup_key_never_takes_the_primary_away() {
    let policy = Policy {
        delete_existing: DeleteExisting::AfterEnrollment,
        ..Policy::default()
    };
    let line = Line::new(policy.clone(), key());
    assert_eq!(line.run(), Ending::Finished);
    let backup = line.world.add_job(request("anna@contoso.com"));
    let second = line.world.add_key(KeyState::blank(Some("32070002")));
    let line = Line::on(line.world, backup, policy);
    line.put(second);
    assert_eq!(line.run(), Ending::Finished);
    line.clear_up();
    assert_eq!(line.world.state().tenant.of("anna@contoso.com").len(), 2);
    assert_eq!(line.world.count(Op::Delete), 0);
}

#[test]
fn one_user_who_is_gone_does_not_keep_the_others_old_keys() {
    let policy = Policy {
        delete_existing: DeleteExisting::AfterEnrollment,
        ..Policy::default()
    };
    let line = Line::new(policy.clone(), key());
    line.world
        .add_foreign("anna@contoso.com", 7, CredentialKind::SecurityKey);
    line.world
        .add_foreign("bo@contoso.com", 8, CredentialKind::SecurityKey);
    assert_eq!(line.run(), Ending::Finished);
    let second = line.world.add_job(request("bo@contoso.com"));
    let other = line.world.add_key(KeyState::blank(Some("32070002")));
    let line = Line::on(line.world, second, policy);
    line.put(other);
    assert_eq!(line.run(), Ending::Finished);
    let unknown = Fault::UserUnknown {
        request_id: "r-9".to_owned(),
        code: String::new(),
        message: String::new(),
    };
    line.world.trick(Op::List, When::Before, unknown.clone());
    assert_eq!(duties::work(&line.world.ports(), "B-7"), Err(unknown));
    assert_eq!(
        line.world.count(Op::Delete),
        1,
        "Bo's old key went all the same"
    );
}

fn sign_in() -> Fault {
    Fault::SignIn {
        what: "the secret has expired".to_owned(),
    }
}

#[test]
fn what_a_cancelled_job_was_to_replace_is_spared_and_counts_again() {
    let policy = Policy {
        delete_existing: DeleteExisting::AfterEnrollment,
        ..Policy::default()
    };
    let first = Line::new(policy.clone(), key());
    assert_eq!(first.run(), Ending::Finished);
    let mut again = first.job.request.clone();
    again.replace = true;
    let second = Line::on(first.world.clone(), first.world.add_job(again), policy);
    let other = second.world.add_key(plain_key());
    second.put(other);
    let jam = Fault::Mailer {
        what: "no paper".to_owned(),
    };
    second.world.trick(Op::PressDeliver, When::Before, jam);
    assert!(matches!(second.run(), Ending::Held(_)));
    let (ports, now) = (second.world.ports(), second.world.ports().clock.now());
    let ledger = ports.ledger.as_ref();
    let cancelled = admin::change(
        ledger,
        &second.policies(),
        second.job.id,
        &Change::Cancel,
        "admin",
        now,
    );
    assert!(cancelled.is_ok());
    second.clear_up();
    assert_eq!(second.world.state().ledger.open_duties(), []);
    let user = second.job.request.user.as_str();
    let left: Vec<_> = second
        .world
        .state()
        .tenant
        .of(user)
        .into_iter()
        .map(|method| method.id.clone())
        .collect();
    assert_eq!(
        Some(&left[..]),
        first.state().method().map(std::slice::from_ref)
    );
    assert_eq!(ports.ledger.live_among(&left), Ok(left));
    first.assert_sound("the first key is Anna's");
}
