//! The lost reply on a whole line: every way in which the answer to the registration can fail, with the station stopped and
//! started in between; what a refused passkey means for its key; and what appears at Entra only after it was given up.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keyline::app::admin::Change;
use keyline::app::board::SlotView;
use keyline::domain::authenticator::Slot;
use keyline::domain::credential::{CredentialId, MethodId};
use keyline::domain::enrollment::Standing;
use keyline::domain::event::{Evidence, Happening, Step};
use keyline::domain::fault::Fault;
use keyline::domain::job::JobId;
use keyline::domain::station::signal::SlotState;
use keyline::domain::time::Timestamp;
use keyline::face::say::slot::words;
use keyline::port::Ledger;
use keyline::practice::authenticator::PRACTICE_AAGUID;
use keyline::practice::tenant::{Existing, Faults, MethodIds, Operation, Trick};

use crate::line::{Layout, Line, Running, begun};

const FAIL: Trick = Trick::Fail { status: 400 };
const STORM: Trick = Trick::Fail { status: 503 };

fn one_slot() -> Layout {
    Layout {
        slots: 1,
        ..Layout::default()
    }
}

fn lags(seconds: u32, exclude_lags: bool) -> Faults {
    Faults {
        list_lag_seconds: seconds,
        exclude_lags,
        ..Faults::default()
    }
}

/// Waits until the slot stands so.
fn stands(running: &Running, what: &str, is: impl Fn(&SlotState) -> bool) {
    running.wait_for(what, |view| view.slots.values().any(|slot| is(&slot.state)));
}

/// Waits until as many registrations have reached the tenant.
fn posts(line: &Line, running: &Running, count: u64) {
    running.wait_for("the registrations", |_| {
        line.tenant(|tenant| tenant.requests(Operation::Register)) >= count
    });
}

fn change(running: &Running, job: i64, change: Change) {
    let changed = running
        .handle
        .change(JobId(job), change, "admin".to_owned());
    drop(changed.expect("a station").expect("a change"));
}

/// Waits until a job is held and its key is in the tray.
fn laid_aside(running: &Running) {
    running.wait_for("the key in the tray", |view| {
        let empty = |slot: &SlotView| slot.state == SlotState::Empty;
        view.counts.held == 1 && view.slots.values().all(empty)
    });
}

/// What a slot says whose job is held for this reason.
fn said_of(fault: Fault) -> String {
    let job = JobId(1);
    let view = SlotView {
        state: SlotState::Held { job, fault },
        case: None,
        step: None,
        touch_since: None,
        touch: false,
        long_touch: false,
        since: std::time::Instant::now(),
    };
    words(Slot(1), &view).small
}

/// The passkey that a job made last.
fn made(ledger: &dyn Ledger, job: i64) -> CredentialId {
    let journal = ledger.journal(JobId(job)).expect("a journal");
    let made = journal
        .into_iter()
        .rev()
        .find_map(|row| match row.event.happening {
            Happening::Done {
                evidence: Evidence::Made { credential, .. },
                ..
            } => Some(credential),
            _ => None,
        });
    made.expect("a passkey")
}

#[test]
fn every_loss_with_a_stop_in_between_still_gives_one_passkey_made_once() {
    let unreadable = [(
        2,
        Trick::Garble {
            body: "<html>".to_owned(),
        },
    )];
    let losses: [&[(u32, Trick)]; 6] = [
        &unreadable,
        &[(1, Trick::CommitThenDrop)],
        &[(1, Trick::DropBeforeCommit)],
        &[(1, Trick::DropBeforeCommit), (1, Trick::CommitThenDrop)],
        &[(6, STORM), (1, Trick::CommitThenDrop)],
        &[(2, Trick::CommitThenDrop), (3, STORM)],
    ];
    // Three ways in which Entra has written ids, one after another.
    let ids = [
        MethodIds::PaddingCount,
        MethodIds::Plain,
        MethodIds::Standard,
    ];
    for ((number, loss), method_ids) in losses.into_iter().enumerate().zip(ids.into_iter().cycle())
    {
        let line = Line::set(&Layout {
            method_ids,
            ..one_slot()
        });
        line.tenant(|tenant| {
            tenant.set_faults(lags(2, false));
            for (times, trick) in loss {
                tenant.misbehave(Operation::Register, *times, trick.clone());
            }
        });
        line.add_keys(1);
        let users = line.drop_people("one.csv", 0..1);
        let running = line.start(true);
        posts(&line, &running, 1);
        drop(running.stop_now());
        let (summary, ledger) = line.start(true).finish();
        let context = format!("loss {number}, {method_ids:?}: {summary:?}");
        assert!(summary.held.is_empty(), "{context}");
        line.pass(10);
        line.assert_sound(ledger.as_ref(), 0);
        assert_eq!(begun(ledger.as_ref(), Step::MakeCredential), 1, "{context}");
        let all = line.tenant(|tenant| tenant.credentials(&users[0])).unwrap();
        assert_eq!(all.len(), 1, "{context}");
    }
}

#[test]
fn an_id_that_is_no_encoding_is_known_by_its_name_once_the_exclude_list_has_it() {
    let line = Line::set(&Layout {
        method_ids: MethodIds::Opaque,
        ..one_slot()
    });
    // The person has another key of the same model, under a name of its own.
    let user = line.users(0..1).remove(0);
    line.give_old_key(&user);
    line.tenant(|tenant| tenant.misbehave(Operation::Register, 2, Trick::CommitThenDrop));
    line.add_keys(1);
    line.drop_people("one.csv", 0..1);
    let (summary, ledger) = line.start(true).finish();
    assert_eq!(summary.done, 1, "{summary:?}");
    assert_eq!(begun(ledger.as_ref(), Step::MakeCredential), 1);
    line.assert_sound(ledger.as_ref(), 1);
}

#[test]
fn what_only_the_exclude_list_shows_is_waited_for_over_a_stop() {
    let line = Line::set(&one_slot());
    line.tenant(|tenant| {
        tenant.set_faults(lags(600, false));
        tenant.misbehave(Operation::Register, 1, Trick::CommitThenDrop);
    });
    line.add_keys(1);
    line.drop_people("one.csv", 0..1);
    let running = line.start(false);
    posts(&line, &running, 1);
    drop(running.stop_now());
    let running = line.start(false);
    let before = line.tenant(|tenant| tenant.requests(Operation::CreationOptions));
    running.wait_for("the cross-check", |_| {
        line.tenant(|tenant| tenant.requests(Operation::CreationOptions)) > before
    });
    assert_eq!(begun(running.ledger.as_ref(), Step::MakeCredential), 1);
    line.pass(700);
    running.wait_for("done", |view| view.counts.done == 1);
    let ledger = running.ledger.clone();
    drop(running.stop_now());
    line.assert_sound(ledger.as_ref(), 0);
    assert_eq!(begun(ledger.as_ref(), Step::MakeCredential), 1);
}

#[test]
fn two_entries_that_could_be_it_wait_for_a_person() {
    let line = Line::set(&one_slot());
    line.tenant(|tenant| tenant.misbehave(Operation::Register, 1_000, Trick::CommitThenDrop));
    line.add_keys(1);
    let user = line.drop_people("one.csv", 0..1).remove(0);
    let running = line.start(true);
    posts(&line, &running, 1);
    let ledger = running.ledger.clone();
    drop(running.stop_now());
    let credential = made(ledger.as_ref(), 1);
    drop(ledger);
    // Somebody else's key whose id at Entra reads as ours in one of the three ways.
    let twin = MethodId(STANDARD.encode(&credential.0));
    let existing = Existing {
        display_name: "another key".to_owned(),
        aaguid: PRACTICE_AAGUID,
        credential_id: None,
        id_bytes: None,
        method: Some(twin.clone()),
        created: None,
        synced: false,
    };
    line.tenant(|tenant| {
        tenant.set_faults(Faults::default());
        tenant.add_existing(&user, existing).expect("another key");
    });
    let (summary, ledger) = line.start(true).finish();
    let held = &summary.held[..];
    assert!(
        matches!(held, [Fault::PasskeyAmbiguous { methods }] if methods.contains(&twin)),
        "{held:?}"
    );
    assert_eq!(begun(ledger.as_ref(), Step::MakeCredential), 1);
    assert_eq!(line.tenant(|tenant| tenant.requests(Operation::Delete)), 0);
}

#[test]
fn a_refused_passkey_is_told_and_made_anew_on_the_next_insertion() {
    for stopped in [false, true] {
        let line = Line::set(&one_slot());
        line.tenant(|tenant| tenant.misbehave(Operation::Register, 1, FAIL));
        let keys = line.add_keys(1);
        line.drop_people("one.csv", 0..1);
        let mut running = line.start(false);
        laid_aside(&running);
        let record = running.ledger.job(JobId(1)).expect("a ledger");
        let said = said_of(record.expect("a job").held.expect("a reason"));
        assert!(said.contains("passkey on this key is useless"), "{said}");
        assert!(
            said.contains("put this very key back: it is enrolled anew"),
            "{said}"
        );
        if stopped {
            drop(running.stop_now());
            running = line.start(false);
        }
        change(&running, 1, Change::Release);
        if stopped {
            // Hands that have come new do not know which key it was.
            stands(&running, "the key wanted back", |state| {
                matches!(state, SlotState::WantsBack { .. })
            });
            line.insert(1, &keys[0]);
        }
        running.wait_for("done", |view| view.counts.done == 1);
        let ledger = running.ledger.clone();
        drop(running.stop_now());
        line.assert_enrolled(ledger.as_ref(), 0);
        assert_eq!(begun(ledger.as_ref(), Step::Reset), 1, "wiped once");
        assert_eq!(begun(ledger.as_ref(), Step::SetPin), 1, "its PIN stays");
        assert_eq!(begun(ledger.as_ref(), Step::MakeCredential), 2);
    }
}

#[test]
fn a_refusal_after_a_loss_is_confirmed_by_the_list_before_it_is_told() {
    for stopped in [false, true] {
        let line = Line::set(&one_slot());
        line.tenant(|tenant| {
            tenant.misbehave(Operation::Register, 1, Trick::DropBeforeCommit);
            tenant.misbehave(Operation::Register, 1_000, FAIL);
        });
        line.add_keys(1);
        line.drop_people("one.csv", 0..1);
        let running = line.start(true);
        if stopped {
            posts(&line, &running, 1);
            drop(running.stop_now());
        } else {
            let (summary, _) = running.finish();
            assert!(
                matches!(summary.held[..], [Fault::PasskeyRefused { .. }]),
                "{summary:?}"
            );
        }
        let lists = line.tenant(|tenant| tenant.requests(Operation::List));
        let (summary, ledger) = line.start(true).finish();
        let asked = line.tenant(|tenant| tenant.requests(Operation::List));
        assert!(
            matches!(summary.held[..], [Fault::PasskeyRefused { .. }]),
            "{summary:?}"
        );
        assert!(if stopped { asked } else { lists } >= 13, "{lists} {asked}");
        let jobs = ledger.jobs(None).expect("jobs");
        assert_eq!(jobs[0].standing, Standing::Held);
    }
}

/// A key that was enrolled in vain, and then its job ends otherwise: it serves the next person, wiped.
#[test]
fn a_key_with_a_useless_passkey_is_wiped_for_the_next_job_when_its_own_is_given_up() {
    for how in [Change::Cancel, Change::Retry] {
        let line = Line::set(&Layout {
            policy: "used_keys = \"reset\"\n",
            ..one_slot()
        });
        line.tenant(|tenant| tenant.misbehave(Operation::Register, 1, FAIL));
        let keys = line.add_keys(1);
        line.drop_people("one.csv", 0..1);
        let running = line.start(false);
        laid_aside(&running);
        change(&running, 1, how.clone());
        let retried = how == Change::Retry;
        if retried {
            line.add_keys(1);
            running.wait_for("done with another key", |view| view.counts.done == 1);
        }
        // As long as its own job may want it, nobody else gets it; now it is free.
        line.drop_people("two.csv", 1..2);
        running.wait_for("the second job", |view| view.counts.waiting == 1);
        line.put_into_crate(&keys[0]);
        running.wait_for("done", |view| view.counts.done == 1 + usize::from(retried));
        let ledger = running.ledger.clone();
        drop(running.stop_now());
        let users = line.users(0..2);
        let counts: Vec<usize> = users
            .iter()
            .map(|user| {
                line.tenant(|tenant| tenant.credentials(user))
                    .unwrap()
                    .len()
            })
            .collect();
        assert_eq!(counts, [usize::from(retried), 1], "{how:?}");
        assert_eq!(ledger.live_methods(&users[1]).expect("methods").len(), 1);
    }
}

#[test]
fn a_passkey_that_appears_after_it_was_given_up_is_deleted_at_the_end_of_its_batch() {
    let line = Line::set(&one_slot());
    line.tenant(|tenant| {
        tenant.set_faults(lags(9_000, true));
        tenant.misbehave(Operation::Register, 1_000, Trick::CommitThenDrop);
    });
    line.add_keys(1);
    let users = line.drop_people("two.csv", 0..2);
    let running = line.start(false);
    posts(&line, &running, 2);
    drop(running.stop_now());
    line.tenant(|tenant| tenant.set_faults(lags(9_000, true)));
    // The challenge runs out, nothing shows it: given up, and made anew on the same key.
    line.pass(1_000);
    let running = line.start(false);
    running.wait_for("the first is done", |view| view.counts.done == 1);
    let all = line.tenant(|tenant| tenant.credentials(&users[0])).unwrap();
    assert_eq!(all.len(), 2, "the first one came through after all");
    // Two looks in vain; the third is due in an hour.
    let lists = || line.tenant(|tenant| tenant.requests(Operation::List));
    let looked = |looks: u32| {
        let ledger = running.ledger.clone();
        running.wait_for("a look", |_| {
            let open = ledger.obligations(Timestamp(i64::MAX));
            open.expect("obligations")
                .iter()
                .any(|one| one.looks == looks)
        });
    };
    looked(1);
    line.pass(301);
    looked(2);
    line.tenant(|tenant| tenant.set_faults(Faults::default()));
    let before = lists();
    line.add_keys(1);
    running.wait_for("the second is done", |view| view.counts.done == 2);
    running.wait_for("the orphan is gone", |_| {
        line.tenant(|tenant| tenant.credentials(&users[0]))
            .unwrap()
            .len()
            == 1
    });
    assert!(lists() > before);
    let ledger = running.ledger.clone();
    drop(running.stop_now());
    line.assert_sound(ledger.as_ref(), 0);
}
