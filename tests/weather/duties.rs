//! Older credentials go after the new key is in the list, and only those that the policy names. At no instant is a person
//! without a credential.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use keyline::domain::enrollment::Standing;
use keyline::domain::event::Happening;
use keyline::practice::tenant::{Faults, Operation, Trick};

use crate::line::{Layout, Line};

const REPLACES: &str = "delete_existing = \"after_enrollment\"\n";
const REPLACES_ALL: &str =
    "delete_existing = \"after_enrollment\"\ndelete_scope = \"all_passkeys\"\n";

/// Looks at the tenant all the time while `act` runs, and says whether somebody was ever without a credential.
fn never_without<T>(line: &Line, users: &[String], act: impl FnOnce() -> T) -> T {
    let over = Arc::new(AtomicBool::new(false));
    std::thread::scope(|scope| {
        let watcher = scope.spawn({
            let over = over.clone();
            move || {
                let mut looks = 0_u64;
                while !over.load(Ordering::SeqCst) {
                    for user in users {
                        let listed = line.tenant(|tenant| tenant.credentials(user)).unwrap();
                        assert!(!listed.is_empty(), "{user} had no credential at all");
                    }
                    looks += 1;
                    std::thread::sleep(Duration::from_millis(1));
                }
                looks
            }
        });
        let result = act();
        over.store(true, Ordering::SeqCst);
        assert!(watcher.join().expect("nobody without a credential") > 10);
        result
    })
}

#[test]
fn security_keys_go_and_phones_stay() {
    let line = Line::set(&Layout {
        policy: REPLACES,
        ..Layout::default()
    });
    let users = line.users(0..3);
    for user in &users {
        line.give_old_key(user);
        line.give_old_key(user);
        line.give_phone(user);
    }
    line.add_keys(3);
    line.drop_people("three.csv", 0..3);
    let (summary, ledger) = never_without(&line, &users, || line.start(true).finish());
    assert_eq!(summary.done, 3, "{summary:?}");
    line.assert_sound(ledger.as_ref(), 1);
}

#[test]
fn with_the_wider_scope_phones_go_as_well() {
    let line = Line::set(&Layout {
        policy: REPLACES_ALL,
        ..Layout::default()
    });
    let users = line.users(0..3);
    for user in &users {
        line.give_old_key(user);
        line.give_phone(user);
    }
    line.add_keys(3);
    line.drop_people("three.csv", 0..3);
    let (summary, ledger) = never_without(&line, &users, || line.start(true).finish());
    assert_eq!(summary.done, 3, "{summary:?}");
    line.assert_sound(ledger.as_ref(), 0);
}

#[test]
fn a_lagging_list_and_failing_deletes_only_make_it_later() {
    let line = Line::set(&Layout {
        policy: REPLACES,
        ..Layout::default()
    });
    let users = line.users(0..2);
    for user in &users {
        line.give_old_key(user);
    }
    line.tenant(|tenant| {
        tenant.set_faults(Faults {
            list_lag_seconds: 2,
            ..Faults::default()
        });
        tenant.misbehave(Operation::Delete, 6, Trick::Fail { status: 503 });
    });
    line.add_keys(2);
    line.drop_people("two.csv", 0..2);
    let (summary, ledger) = never_without(&line, &users, || {
        let running = line.start(true);
        running.wait_for("both done", |view| view.counts.done == 2);
        // A moment later the list is read again.
        line.pass(15);
        running.finish()
    });
    assert_eq!(summary.done, 2, "{summary:?}");
    line.assert_sound(ledger.as_ref(), 0);
}

#[test]
fn a_backup_key_spares_the_primary_and_comes_after_it() {
    let line = Line::set(&Layout {
        policy: REPLACES_ALL,
        ..Layout::default()
    });
    let users = line.users(0..2);
    let mut text = "user,role\n".to_owned();
    for role in ["primary", "backup"] {
        for user in &users {
            text.push_str(&format!("{user},{role}\n"));
        }
    }
    for user in &users {
        line.give_old_key(user);
    }
    line.add_keys(4);
    line.drop_file("pairs.csv", &text);
    let (summary, ledger) = never_without(&line, &users, || line.start(true).finish());
    assert_eq!(summary.done, 4, "{summary:?}");
    line.assert_sound(ledger.as_ref(), 0);
    for user in &users {
        let jobs = ledger.jobs_of_user(user).expect("jobs");
        let rows = |at: usize| ledger.journal(jobs[at].job.id).expect("a journal");
        let (first, second) = (rows(0), rows(1));
        let ended = first.last().expect("rows").sequence;
        let began = second
            .iter()
            .find(|row| matches!(row.event.happening, Happening::Began { .. }))
            .expect("a beginning")
            .sequence;
        assert!(ended < began, "{user}: both keys at the same time");
    }
}

/// One person enrolled, and then named again in another file.
fn named_again(habit: &'static str) -> (Line, String) {
    let line = Line::set(&Layout {
        already_enrolled: habit,
        policy: REPLACES,
        ..Layout::default()
    });
    line.add_keys(1);
    let user = line.drop_people("first.csv", 0..1).remove(0);
    let (summary, ledger) = line.start(true).finish();
    assert_eq!(summary.done, 1, "{summary:?}");
    line.assert_sound(ledger.as_ref(), 0);
    line.add_keys(1);
    line.drop_file("second.csv", &format!("user,note\n{user},again\n"));
    (line, user)
}

#[test]
fn a_person_who_has_a_key_waits_for_the_administrator() {
    let (line, user) = named_again("hold");
    let (summary, ledger) = line.start(true).finish();
    assert_eq!(summary.done, 0, "{summary:?}");
    let jobs = ledger.jobs_of_user(&user).expect("jobs");
    assert_eq!(
        jobs.iter().map(|job| job.standing).collect::<Vec<_>>(),
        [Standing::Done, Standing::Held]
    );
    let all = line.tenant(|tenant| tenant.credentials(&user));
    assert_eq!(all.map(|all| all.len()), Ok(1));
}

#[test]
fn a_person_who_has_a_key_is_skipped() {
    let (line, user) = named_again("skip");
    let (summary, ledger) = line.start(true).finish();
    assert_eq!(summary.done, 0, "{summary:?}");
    assert_eq!(ledger.jobs_of_user(&user).expect("jobs").len(), 1);
}

#[test]
fn a_person_who_has_a_key_gets_another_in_its_place() {
    let (line, user) = named_again("replace");
    let before = line.tenant(|tenant| tenant.credentials(&user)).unwrap();
    let (summary, ledger) = never_without(&line, std::slice::from_ref(&user), || {
        line.start(true).finish()
    });
    assert_eq!(summary.done, 1, "{summary:?}");
    let after = line.tenant(|tenant| tenant.credentials(&user)).unwrap();
    assert_eq!(after.len(), 1, "{after:?}");
    assert_ne!(before[0].id, after[0].id);
    assert_eq!(
        ledger.live_methods(&user).expect("methods"),
        [after[0].method.clone()]
    );
}
