//! Keys that change under our hands, and people who are named in two ways.

use keyline::practice::authenticator::Mishap;

use crate::line::{Layout, Line};

/// authenticatorConfig (CTAP 2.1 §6.11).
const CONFIG: u8 = 0x0D;

#[test]
fn a_key_stays_itself_when_always_uv_changes_what_it_lists() {
    let line = Line::set(&Layout {
        slots: 1,
        policy: "always_uv = true\nforce_pin_change = true\n",
        ..Layout::default()
    });
    let keys = line.add_keys(1);
    keys[0].arrange(Mishap::AfterCommand(CONFIG));
    line.drop_people("one.csv", 0..1);
    let (summary, ledger) = line.start(true).finish();
    assert_eq!(summary.done, 1, "{summary:?}");
    line.assert_sound(ledger.as_ref(), 0);
}

#[test]
fn a_live_key_is_spared_although_its_person_is_named_in_another_way() {
    let line = Line::set(&Layout {
        slots: 1,
        policy: "delete_existing = \"after_enrollment\"\n",
        ..Layout::default()
    });
    let person = line.tenant(|tenant| tenant.people()[0].clone());
    line.add_keys(2);
    line.drop_file(
        "two.csv",
        &format!("user,role\n{},primary\n{},backup\n", person.upn, person.id),
    );
    let (summary, _) = line.start(true).finish();
    assert_eq!(summary.done, 2, "{summary:?}");
    let left = line.tenant(|tenant| tenant.credentials(&person.upn));
    assert_eq!(left.map(|all| all.len()), Ok(2));
}

#[test]
fn a_longer_minimum_does_not_outlive_the_reset_that_takes_it_away() {
    let line = Line::set(&Layout {
        slots: 1,
        policy: "min_pin_length = 10\n[pin]\nlength = 10\n",
        ..Layout::default()
    });
    let keys = line.add_keys(1);
    let users = line.drop_people("one.csv", 0..1);
    let (summary, _) = line.start(true).finish();
    assert_eq!(summary.done, 1, "{summary:?}");
    line.set_policy("[pin]\nlength = 8\n");
    line.drop_file("again.csv", &format!("user,replace\n{},yes\n", users[0]));
    line.put_into_crate(&keys[0]);
    let (summary, _) = line.start(true).finish();
    assert_eq!(summary.done, 1, "{summary:?}");
}
