//! The stock list and the passkeys that an administrator deletes: what is written, what an auditor sees, what an erasure takes.

use keyline::adapter::ledger::{SqliteLedger, Verdict};
use keyline::domain::account::{AccountChange, AccountName, Role};
use keyline::domain::authenticator::Serial;
use keyline::domain::credential::MethodId;
use keyline::domain::stock::{Listing, StockKey};
use keyline::port::{Keeping, Kept, Ledger, PasskeyState, Removal, RemovalEnd};

use super::audit::{sound, tamper};
use super::bench::*;

fn stock(serials: &[&str]) -> Keeping {
    let key = |serial: &&str| StockKey {
        serial: Serial::new(serial).unwrap(),
        model: None,
        aaguid: None,
    };
    Keeping::Stock {
        keys: serials.iter().map(key).collect(),
    }
}

fn keep(ledger: &SqliteLedger, keeping: &Keeping) -> Kept {
    let kept = ledger.keep(keeping, ACTOR, NOON).unwrap();
    sound(ledger);
    kept
}

fn removing(user: &str, method: &MethodId) -> Keeping {
    Keeping::Removing(Removal {
        user: user.to_owned(),
        method: method.clone(),
        name: "Adele's key".to_owned(),
        reason: Some("Adele has lost it".to_owned()),
    })
}

fn removed(kept: Kept, end: RemovalEnd) -> Keeping {
    match kept {
        Kept::Removing { removal } => Keeping::Removed { removal, end },
        Kept::Stock { .. } | Kept::Noted => panic!("{kept:?}"),
    }
}

/// A ledger with stock, with a passkey of its own that was deleted, and with a removal that was cut off.
fn full(bench: &Bench) -> SqliteLedger {
    let ledger = bench.create();
    let job = admit(&ledger, "a", &["adele@contoso.com"])[0];
    Hand::new(&ledger, job).enroll("1001", &pin("48261739"));
    keep(&ledger, &stock(&["1001", "1002", "ab-7"]));
    let ours = method(job, 1);
    let begun = keep(&ledger, &removing("Adele@contoso.com", &ours));
    keep(&ledger, &removed(begun, RemovalEnd::Deleted));
    let other = MethodId("of another".to_owned());
    keep(&ledger, &removing("adele@contoso.com", &other));
    ledger
}

#[test]
fn who_is_let_into_the_console_stands_in_the_chain() {
    let bench = Bench::new();
    let ledger = bench.create();
    let name: AccountName = "olga".parse().unwrap();
    let role = Role::Operator;
    for change in [
        AccountChange::Added { role },
        AccountChange::Passphrase,
        AccountChange::Removed,
    ] {
        let name = name.clone();
        assert_eq!(
            keep(&ledger, &Keeping::Account { name, change }),
            Kept::Noted
        );
    }
    let notes = ledger.notes("the account olga of the console ").unwrap();
    assert_eq!(notes.len(), 3, "{notes:?}");
}

#[test]
fn stock_is_listed_once_and_counted_by_the_jobs_that_have_it() {
    let bench = Bench::new();
    let ledger = bench.create();
    let listing = |serial: &str| ledger.listing(&Serial::new(serial).unwrap()).unwrap();
    assert_eq!(listing("1001"), Listing::NoList);
    assert_eq!(
        keep(&ledger, &stock(&["1001", "ab-7"])),
        Kept::Stock { changed: 2 }
    );
    assert_eq!(
        keep(&ledger, &stock(&["AB-7", "9"])),
        Kept::Stock { changed: 1 }
    );
    assert_eq!(
        (listing("Ab-7"), listing("1002")),
        (Listing::Listed, Listing::Unlisted)
    );
    let job = admit(&ledger, "a", &["adele@contoso.com"])[0];
    Hand::new(&ledger, job).enroll("1001", &pin("48261739"));
    let counted = ledger.stock().unwrap();
    assert_eq!(
        (counted[0].listed, counted[0].used, counted[0].spare()),
        (3, 1, 2)
    );
    let serials = ["1001", "ab-7", "9", "never"].map(|serial| Serial::new(serial).unwrap());
    let gone = Keeping::Unstock {
        serials: serials.to_vec(),
    };
    assert_eq!(keep(&ledger, &gone), Kept::Stock { changed: 3 });
    assert_eq!(listing("1001"), Listing::NoList);
    assert_eq!(ledger.stock().unwrap(), []);
}

#[test]
fn a_passkey_that_was_removed_is_gone_and_a_removal_without_an_end_stays_open() {
    let bench = Bench::new();
    let ledger = full(&bench);
    let passkeys = ledger.passkeys_of_user("adele@contoso.com").unwrap();
    assert_eq!(passkeys[0].state, PasskeyState::Gone);
    assert_eq!(ledger.live_methods("adele@contoso.com").unwrap(), []);
    let open = ledger.open_removals().unwrap();
    assert_eq!(open.len(), 1);
    assert_eq!(open[0].removal.method.0, "of another");
    let refused = Keeping::Removed {
        removal: open[0].id,
        end: RemovalEnd::Refused,
    };
    keep(&ledger, &refused);
    assert_eq!(ledger.open_removals().unwrap(), []);
    // It has ended.
    assert!(ledger.keep(&refused, ACTOR, NOON).is_err());
    drop(ledger);
    sound(&bench.open().unwrap());
}

#[test]
fn whoever_changes_either_table_by_hand_is_found_out() {
    for statement in [
        "INSERT INTO stock (serial, imported) VALUES ('6666', 0)",
        "DELETE FROM stock WHERE serial = '1002'",
        "UPDATE removal SET state = 'refused' WHERE id = 1",
        "UPDATE removal SET reason = 'Alex has lost it' WHERE id = 2",
        "UPDATE removal SET user = NULL WHERE id = 2",
        "DELETE FROM removal WHERE id = 2",
        "UPDATE passkey SET state = 'registered'",
    ] {
        let bench = Bench::new();
        drop(full(&bench));
        assert_eq!(tamper(&bench, statement), 1, "{statement}");
        let reader = SqliteLedger::open_reader(&bench.path()).unwrap();
        let verdict = reader.verify(None).unwrap();
        assert!(
            matches!(verdict, Verdict::Broken(_)),
            "{statement}: {verdict:?}"
        );
    }
}

#[test]
fn an_erasure_takes_what_names_the_person_and_nothing_else() {
    let bench = Bench::new();
    let ledger = full(&bench);
    ledger
        .erase_person("adele@contoso.com", ACTOR, NOON)
        .unwrap();
    sound(&ledger);
    assert_eq!(ledger.open_removals().unwrap(), []);
    drop(ledger);
    let bytes = std::fs::read(bench.path()).unwrap();
    let text = String::from_utf8_lossy(&bytes).to_lowercase();
    assert!(!text.contains("adele"));
}
