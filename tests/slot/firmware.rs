//! Both manners of every firmware difference, in every pairing: the same outcome.

use keyline::domain::event::Step;
use keyline::practice::authenticator::Mishap;

use crate::bench::{Table, assert_one_each, begun_by, look, pin};
use crate::line::Layout;
use crate::manner::{Declined, Manner};

/// authenticatorConfig (CTAP 2.1 §6.11).
const CONFIG: u8 = 0x0D;

/// Every pairing of the differences.
fn pairings(tells_serial: bool, hides_passkeys: bool) -> Vec<Manner> {
    let declined = [
        Declined::Says,
        Declined::TimesOut,
        Declined::Blinks,
        Declined::Mute,
    ];
    let mut all = Vec::new();
    for forced_is_policy in [false, true] {
        for resets_after_others in [false, true] {
            for declined in declined {
                all.push(Manner {
                    forced_is_policy,
                    resets_after_others,
                    declined,
                    declines_first: true,
                    tells_serial,
                    hides_passkeys,
                    long_touch: false,
                });
            }
        }
    }
    all
}

/// One line with a key of each manner: the first touch of each kind is declined, and the answer to the forced change is lost.
fn enrolls_alike(manners: &[Manner], used: bool) {
    let count = manners.len();
    let mut table = Table::set(&Layout {
        slots: u16::try_from(count).expect("few"),
        policy: "used_keys = \"reset\"\nforce_pin_change = true\n",
        ..Layout::default()
    });
    table.line.idle_hands = false;
    let past = used.then(|| pin("739154"));
    let keys = table.keys(u32::try_from(count).expect("few"), past.as_ref());
    for (key, manner) in keys.iter().zip(manners) {
        table.manners.teach(key, *manner);
        key.arrange(Mishap::AfterCommand(CONFIG));
        table.line.put_into_crate(key);
    }
    let users = table.line.drop_people("people.csv", 0..count);
    let (summary, ledger) = table.line.start(true).finish();
    assert_eq!(summary.done, count, "{summary:?}");
    for job in (1..).take(count) {
        assert_eq!(begun_by(ledger.as_ref(), job, Step::Register), 1);
        assert_eq!(begun_by(ledger.as_ref(), job, Step::Deliver), 1);
    }
    assert_one_each(&table.line, &users, &keys);
    for (key, manner) in keys.iter().zip(manners) {
        let (retries, forced) = look(key, |authenticator| {
            let info = authenticator.capabilities().expect("getInfo");
            (authenticator.pin_retries(), info.force_pin_change)
        });
        assert_eq!((retries, forced), (Ok(8), true), "{manner:?}");
    }
}

#[test]
fn used_keys_with_a_serial_come_to_the_same_end_in_every_manner() {
    enrolls_alike(&pairings(true, false), true);
}

#[test]
fn keys_without_a_serial_come_to_the_same_end_in_every_manner() {
    enrolls_alike(&pairings(false, false), false);
}

#[test]
fn keys_that_show_nothing_of_themselves_prove_themselves_by_our_pin_in_every_manner() {
    enrolls_alike(&pairings(false, true), false);
}
