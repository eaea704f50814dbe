//! The administrator's own computer: a copy of a ledger with three people in it, and the console over it.

use std::net::SocketAddr;
use std::path::PathBuf;

use keyline::adapter::ledger::SqliteLedger;
use keyline::domain::custody::Fate;
use keyline::domain::event::Happening;
use keyline::port::{Duty, Ledger};
use keyline::wire::console::copy::{self, Copy, Wish};
use serde_json::Value;

use crate::bench_of_ledgers::{self as ledgers, Hand, With, admit, method, pin};
use crate::house::{Browser, PASSPHRASE, Page};

/// The PIN of the first key: on no page, in no answer.
pub(super) const PIN: &str = "48261739";
/// That of the one that was lost.
pub(super) const LOST_PIN: &str = "61739482";

pub(super) struct Evening {
    bench: ledgers::Bench,
    pub(super) served: Copy,
    /// In which `ada` is signed in.
    pub(super) browser: Browser,
}

/// Anna has a key, Bert waits for one, Chloe lost hers.
pub(super) fn people(ledger: &dyn Ledger) {
    let users = ["anna@contoso.com", "bert@contoso.com", "chloe@contoso.com"];
    let jobs = admit(ledger, "first", &users);
    Hand::new(ledger, jobs[0]).enroll("10000044", &pin(PIN));
    let lost = Happening::Retired {
        fate: Fate::Lost,
        reason: "on a train".to_owned(),
    };
    let with = With {
        obligations: vec![Duty::Retired(method(jobs[2], 1))],
        ..With::default()
    };
    Hand::new(ledger, jobs[2])
        .enroll("10000046", &pin(LOST_PIN))
        .write_with(lost, with);
}

impl Evening {
    pub(super) fn new() -> Self {
        Self::with(60, |_| {})
    }

    /// With PINs shown for so long, over a copy to which something was done.
    pub(super) fn with(shown_seconds: u32, spoil: impl FnOnce(&rusqlite::Connection)) -> Self {
        let bench = ledgers::Bench::new();
        let ledger = bench.create();
        people(&ledger);
        drop(ledger);
        let file = bench.folder.path().join("copy.db");
        let reader = SqliteLedger::open_reader(&bench.path()).expect("a ledger");
        let made = reader.back_up_telling(&file, &mut |_, _| {});
        made.expect("a copy");
        spoil(&ledgers::sql(&file));
        let wish = Wish {
            shown_seconds,
            ..Wish::at(SocketAddr::from(([127, 0, 0, 1], 0)), None)
        };
        let served = copy::serve(&file, &wish);
        let served = served.map_err(|why| why.message).expect("a console");
        let (base, token) = parts(&served.link);
        Self {
            bench,
            browser: first(base, token),
            served,
        }
    }

    pub(super) fn base(&self) -> &str {
        parts(&self.served.link).0
    }

    pub(super) fn copy(&self) -> PathBuf {
        self.bench.folder.path().join("copy.db")
    }

    pub(super) fn identity_file(&self) -> PathBuf {
        self.bench.identity()
    }

    pub(super) fn identity(&self) -> String {
        std::fs::read_to_string(self.identity_file()).expect("an identity")
    }

    pub(super) fn openings_file(&self) -> PathBuf {
        self.bench.folder.path().join("copy.db.openings.jsonl")
    }

    /// What is written down beside the copy.
    pub(super) fn openings(&self) -> Vec<Value> {
        assert_eq!(self.served.openings, self.openings_file());
        let text = std::fs::read_to_string(self.openings_file()).expect("a file");
        let lines = text.lines().map(serde_json::from_str);
        lines.collect::<Result<_, _>>().expect("JSON lines")
    }

    /// A page, which is there and has no PIN.
    pub(super) fn page(&self, path: &str) -> Page {
        let page = self.browser.get(path);
        assert_eq!(page.status, 200, "{path}: {}", page.text);
        for pin in [PIN, LOST_PIN] {
            assert!(!page.text.contains(pin), "{path} has a PIN");
        }
        page
    }
}

/// The address of a console and the token of its first link.
pub(super) fn parts(link: &str) -> (&str, &str) {
    link.split_once("/first?token=").expect("a first link")
}

/// A browser in which `ada` made the first account.
pub(super) fn first(base: &str, token: &str) -> Browser {
    let browser = Browser::at(base);
    let made = browser.post(
        "/first",
        &[
            ("token", token),
            ("name", "ada"),
            ("passphrase", PASSPHRASE),
            ("again", PASSPHRASE),
        ],
    );
    assert_eq!(made.status, 303, "{}", made.text);
    browser.learn_csrf();
    browser
}
