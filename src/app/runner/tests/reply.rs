//! The lost reply to the POST, and the refused one: what is asked, what is never done twice, and what becomes of the key.

use super::*;
use crate::app::world::When;
use crate::domain::credential::MethodId;
use crate::domain::policy::ResetMode;

const USER: &str = "anna@contoso.com";

fn lost() -> Fault {
    Fault::Unreachable {
        what: "the reply was lost".to_owned(),
    }
}

fn refused() -> Fault {
    Fault::Refused {
        status: 400,
        code: "badRequest".to_owned(),
        message: "the model is not allowed".to_owned(),
        request_id: "r-2".to_owned(),
    }
}

fn in_vain() -> Fault {
    Fault::PasskeyRefused {
        why: Box::new(refused()),
    }
}

/// What becomes of the POSTs of a job, one after another.
type Replies = &'static [(When, fn() -> Fault)];

const BEFORE: (When, fn() -> Fault) = (When::Before, lost);
const AFTER: (When, fn() -> Fault) = (When::After, lost);
const NO: (When, fn() -> Fault) = (When::Before, refused);

/// A line on which the replies are such, with a list that lags by so many seconds.
fn line(replies: Replies, lag: i64, exclude_lags: bool) -> Line {
    let line = Line::new(Policy::default(), key());
    line.world.state().tenant.lag = lag;
    line.world.state().tenant.exclude_lags = exclude_lags;
    for (when, fault) in replies {
        line.world.trick(Op::Post, *when, fault());
    }
    line
}

/// How many passkeys of ours the tenant has.
fn at_entra(line: &Line) -> usize {
    line.world.state().tenant.of(USER).len()
}

#[test]
fn every_way_a_reply_is_lost_ends_with_one_passkey_wherever_the_power_goes() {
    let ways: [Replies; 9] = [
        &[BEFORE],
        &[AFTER],
        &[BEFORE, AFTER],
        &[AFTER, BEFORE],
        &[BEFORE, BEFORE, BEFORE, BEFORE],
        &[AFTER, BEFORE, BEFORE, BEFORE],
        &[NO],
        &[BEFORE, NO],
        &[BEFORE, NO, BEFORE, AFTER, NO],
    ];
    let mut cuts = 0;
    for replies in ways {
        for (lag, exclude_lags) in [
            (0, false),
            (40, false),
            (40, true),
            (300, false),
            (300, true),
        ] {
            for tick in 1.. {
                let line = line(replies, lag, exclude_lags);
                line.world.cut_at(tick);
                let _ = line.run();
                let burnt = line.world.mend();
                let context = format!(
                    "{} replies, lag {lag} {exclude_lags}, {tick}",
                    replies.len()
                );
                line.put(0);
                line.carry_on()
                    .unwrap_or_else(|stuck| panic!("{context}: {stuck}"));
                line.assert_sound(&context);
                line.clear_up();
                line.assert_sound(&context);
                assert_eq!(at_entra(&line), 1, "{context}: {}", line.story());
                assert_eq!(line.world.count(Op::SetPin), 1, "{context}");
                if !burnt {
                    break;
                }
                cuts += 1;
            }
        }
    }
    assert!(cuts > 2000, "{cuts}");
}

#[test]
fn a_refused_passkey_holds_the_job_and_is_made_anew_when_its_key_is_put_back() {
    let line = line(&[NO], 0, false);
    assert_eq!(line.run(), Ending::Held(in_vain()));
    assert!(
        line.story()
            .ends_with("register, not done, abandoned to make passkey, held"),
        "{}",
        line.story()
    );
    // The administrator mends it and lets the job go on; the key lies in the tray.
    line.world.take_out(1);
    let line = line.copy();
    line.world.tell(line.job.id, [Happening::Released]);
    assert_eq!(line.run(), Ending::Stopped(Fault::KeyGone));
    assert!(line.state().wants_its_key());
    line.put(0);
    assert_eq!(line.run(), Ending::Finished);
    assert_eq!(line.world.count(Op::MakeCredential), 2);
    assert_eq!(line.world.count(Op::Reset), 1);
    assert_eq!(line.world.count(Op::SetPin), 1, "the PIN stays");
    assert_eq!(
        line.world.state().keys[0].residents.len(),
        1,
        "in its place"
    );
    line.assert_sound("made anew");
}

/// A key that tells no serial and keeps its own PIN: nothing of ours could tell it from another.
fn kept() -> Line {
    let keep = Policy {
        reset: ResetMode::Keep,
        ..Policy::default()
    };
    let line = Line::new(keep, KeyState::used(None, "739154"));
    line.world.give_current_pin(line.job.id, "739154");
    line
}

fn taken_anew(line: &Line) {
    assert!(!line.state().wants_its_key());
    line.put(0);
    assert_eq!(line.run(), Ending::Finished);
    let state = line.world.state();
    assert_eq!(state.keys[0].residents.len(), 1, "in its place");
    assert_eq!(state.keys[0].retries, 8);
    drop(state);
    assert_eq!(line.world.count(Op::Reset), 0, "nothing is wiped");
    line.assert_sound("kept");
}

#[test]
fn a_key_that_could_never_prove_itself_is_taken_anew_after_a_refusal() {
    let line = kept();
    line.world.trick(Op::Post, When::Before, refused());
    assert_eq!(line.run(), Ending::Held(in_vain()));
    line.world.take_out(1);
    line.world.tell(line.job.id, [Happening::Released]);
    taken_anew(&line);
}

#[test]
fn a_key_that_could_never_prove_itself_is_taken_anew_after_its_challenge_ran_out() {
    let line = kept();
    let away = Fault::SignIn {
        what: "the secret has expired".to_owned(),
    };
    line.world.trick(Op::Post, When::Before, away.clone());
    assert_eq!(line.run(), Ending::Stopped(away));
    line.world.pass_seconds(3600);
    line.world.take_out(1);
    assert_eq!(line.run(), Ending::Stopped(Fault::KeyGone));
    taken_anew(&line);
}

#[test]
fn a_refusal_that_the_list_confirms_is_told_like_a_first_one() {
    let line = line(&[BEFORE, NO], 0, false);
    assert_eq!(line.run(), Ending::Held(in_vain()));
    assert_eq!(line.world.count(Op::List), 13, "a minute long");
    assert!(
        line.story()
            .ends_with("register, abandoned to make passkey, held")
    );
    line.world.tell(line.job.id, [Happening::Released]);
    line.put(0);
    assert_eq!(line.run(), Ending::Finished);
    line.assert_sound("made anew");
}

#[test]
fn what_only_the_exclude_list_shows_is_waited_for_and_not_made_again() {
    // The second POST is refused because the first one came through; the list lags for hours.
    let line = line(&[AFTER], 7200, false);
    for _ in 0..3 {
        let ending = line.run();
        assert!(matches!(ending, Ending::Stopped(Fault::Unreachable { .. })));
        line.world.pass_seconds(600);
        let copy = line.copy();
        assert_eq!(copy.state().current(), Some(Step::Register));
    }
    line.world.pass_seconds(7200);
    line.world.take_out(1);
    assert_eq!(line.run(), Ending::Finished, "no key is needed for that");
    assert_eq!(line.world.count(Op::MakeCredential), 1);
    line.assert_sound("found at last");
}

#[test]
fn several_entries_that_could_be_it_go_to_a_person() {
    let line = line(&[AFTER, BEFORE, BEFORE], 0, false);
    assert_eq!(line.run(), Ending::Stopped(lost()));
    let mut twin = line.world.state().tenant.methods[0].clone();
    twin.id = MethodId("twin".to_owned());
    line.world.state().tenant.methods.push(twin);
    let methods = ["method-1", "twin"].map(|id| MethodId(id.to_owned()));
    let fault = Fault::PasskeyAmbiguous {
        methods: methods.to_vec(),
    };
    assert_eq!(line.run(), Ending::Held(fault.clone()));
    // A release alone tells nothing.
    line.world.tell(line.job.id, [Happening::Released]);
    assert_eq!(line.run(), Ending::Held(fault));
    line.world
        .state()
        .tenant
        .methods
        .retain(|method| method.id.0 != "twin");
    line.world.tell(line.job.id, [Happening::Released]);
    assert_eq!(line.run(), Ending::Finished);
    assert_eq!(line.world.count(Op::MakeCredential), 1);
    line.assert_sound("one is left");
}

#[test]
fn a_given_up_passkey_that_came_through_does_not_keep_its_key_from_a_new_one() {
    let line = line(&[AFTER, BEFORE, BEFORE], 5000, true);
    assert_eq!(line.run(), Ending::Stopped(lost()));
    line.world.pass_seconds(3600);
    line.world.take_out(1);
    assert_eq!(line.run(), Ending::Stopped(Fault::KeyGone));
    assert!(line.story().ends_with("abandoned to make passkey"));
    // Now the exclude list names it, and the key holds it.
    line.world.state().tenant.exclude_lags = false;
    line.put(0);
    assert_eq!(line.run(), Ending::Finished);
    assert_eq!(at_entra(&line), 2);
    line.clear_up();
    assert_eq!(at_entra(&line), 1);
    line.assert_sound("the second one counts");
}

#[test]
fn at_the_end_of_its_batch_an_abandoned_passkey_is_looked_for_before_its_time() {
    let line = line(&[AFTER, BEFORE, BEFORE], 5000, true);
    let other = line.world.add_job(request("bo@contoso.com"));
    let ports = line.world.ports();
    assert_eq!(line.run(), Ending::Stopped(lost()));
    line.world.pass_seconds(3600);
    assert_eq!(line.run(), Ending::Finished);
    // Two looks in vain; the next one is due in an hour.
    assert_eq!(duties::work(&ports, "B-7"), Ok(0));
    line.world.pass_seconds(300);
    assert_eq!(duties::work(&ports, "B-7"), Ok(0));
    line.world.pass_seconds(1200);
    assert_eq!(duties::work(&ports, "B-7"), Ok(0));
    assert_eq!(at_entra(&line), 2);
    let ended = [line.job.id].into();
    let looks = line.world.count(Op::List);
    assert_eq!(duties::at_batch_end(&ports, &ended, "B-7"), Ok(0));
    assert_eq!(line.world.count(Op::List), looks, "another job is open");
    let cancelled = Happening::Cancelled { credential: None };
    line.world.tell(other.id, [cancelled]);
    assert_eq!(duties::at_batch_end(&ports, &ended, "B-7"), Ok(1));
    assert_eq!(at_entra(&line), 1);
    assert_eq!(line.world.state().ledger.open_duties(), []);
    line.assert_sound("cleared away");
}

#[test]
fn a_look_at_the_end_of_a_batch_in_vain_leaves_the_looks_that_are_due() {
    let line = line(&[AFTER, BEFORE, BEFORE], 50_000, true);
    let ports = line.world.ports();
    assert_eq!(line.run(), Ending::Stopped(lost()));
    line.world.pass_seconds(3600);
    assert_eq!(line.run(), Ending::Finished);
    assert_eq!(duties::work(&ports, "B-7"), Ok(0));
    let ended = [line.job.id].into();
    let before = duties::open_orphans(ports.ledger.as_ref(), ports.clock.now());
    assert_eq!(duties::at_batch_end(&ports, &ended, "B-7"), Ok(0));
    let after = duties::open_orphans(ports.ledger.as_ref(), ports.clock.now());
    assert_eq!(before.as_ref().map(Vec::len), Ok(1));
    assert_eq!(before, after);
}

#[test]
fn two_entries_that_could_be_an_orphan_are_both_spared() {
    let line = line(&[AFTER, BEFORE, BEFORE], 5000, true);
    let ports = line.world.ports();
    assert_eq!(line.run(), Ending::Stopped(lost()));
    line.world.pass_seconds(3600);
    assert_eq!(line.run(), Ending::Finished);
    line.world.pass_seconds(3600);
    let mut twin = line.world.state().tenant.methods[0].clone();
    twin.id = MethodId("twin".to_owned());
    line.world.state().tenant.methods.push(twin);
    assert_eq!(duties::work(&ports, "B-7"), Ok(0));
    assert_eq!(line.world.count(Op::Delete), 0);
    assert_eq!(at_entra(&line), 3);
}
