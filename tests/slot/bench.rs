//! A line whose keys are moved by the test itself, and what its slots say meanwhile.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use keyline::adapter::ctap::Key;
use keyline::app::admin::{Change, Unchanged};
use keyline::app::board::View;
use keyline::domain::authenticator::Slot;
use keyline::domain::credential::{CredentialId, RpId};
use keyline::domain::event::{Happening, Step};
use keyline::domain::fault::Fault;
use keyline::domain::job::JobId;
use keyline::domain::pin::Pin;
use keyline::domain::station::signal::SlotState;
use keyline::port::{Attendant, Authenticator, CancelFlag, Ledger};
use keyline::practice::authenticator::{
    Bench, Past, PracticeKeys, PracticeTransport, SimulatedKey, Touch,
};

use crate::line::{Layout, Line, Running};
use crate::manner::{Manner, Manners};

/// A line with keys on USB, where nobody can take their power in software, and idle hands.
pub(crate) struct Table {
    pub(crate) line: Line,
    pub(crate) manners: Manners,
}

impl Table {
    pub(crate) fn set(layout: &Layout) -> Self {
        let mut line = Line::set(layout);
        let manners = Manners::default();
        let over = manners.clone();
        line.base.keys = Arc::new(PracticeKeys::new(
            line.base.bench.clone(),
            Box::new(move |transport, attendant| {
                Box::new(Key::new(over.over(transport), attendant))
            }),
        ));
        line.idle_hands = true;
        Self { line, manners }
    }

    /// A table with so many slots, under this policy.
    pub(crate) fn under(slots: u16, policy: &'static str) -> Self {
        Self::set(&Layout {
            slots,
            policy,
            ..Layout::default()
        })
    }

    /// So many keys that tell their serials, touched as soon as they blink; with `pin` on them, or blank.
    pub(crate) fn keys(&self, count: u32, pin: Option<&Pin>) -> Vec<SimulatedKey> {
        let past = Past { pin, passkey: None };
        let made = (1..=count).map(|number| {
            let key = self
                .line
                .base
                .maker
                .make_used(number, &past)
                .expect("a key");
            key.set_touch(Touch::After(Duration::ZERO));
            key
        });
        made.collect()
    }

    /// The same, but they tell no serial.
    pub(crate) fn nameless(&self, count: u32, pin: Option<&Pin>) -> Vec<SimulatedKey> {
        let keys = self.keys(count, pin);
        for key in &keys {
            let manner = Manner {
                tells_serial: false,
                ..Manner::CORE
            };
            self.manners.teach(key, manner);
        }
        keys
    }

    /// Starts the station, and waits until it watches: a key that was there before would have to be lifted.
    pub(crate) fn start(&self, until_empty: bool) -> Running {
        let running = self.line.start(until_empty);
        // Answered by its loop, which begins after it watches.
        let nothing = running
            .handle
            .change(JobId(0), Change::Release, "4711".to_owned());
        assert_eq!(nothing, Some(Err(Unchanged::NoSuchJob(JobId(0)))));
        running
    }

    pub(crate) fn put(&self, slot: u16, key: &SimulatedKey) {
        let place = Bench::place(slot);
        self.line
            .base
            .bench
            .insert(&place, key)
            .expect("a free place");
    }

    pub(crate) fn take(&self, slot: u16) -> SimulatedKey {
        let key = self.line.base.bench.pull(&Bench::place(slot));
        key.expect("a key lies there")
    }

    pub(crate) fn take_all(&self, slots: &[u16]) {
        for slot in slots {
            self.take(*slot);
        }
    }

    pub(crate) fn replug(&self, slot: u16) {
        let key = self.take(slot);
        self.put(slot, &key);
    }
}

/// Looks at a key that lies in nobody's slot.
pub(crate) fn look<T>(key: &SimulatedKey, see: impl FnOnce(&mut dyn Authenticator) -> T) -> T {
    key.plug().expect("power");
    let transport = PracticeTransport::open(key).expect("a transport");
    let attendant = Attendant {
        cancel: CancelFlag::default(),
        on_touch: Box::new(|_| ()),
    };
    let mut authenticator = Key::new(Box::new(transport), attendant);
    let seen = see(&mut authenticator);
    drop(authenticator);
    key.unplug();
    seen
}

/// Whether the key answers for this credential of Entra's, asked silently.
pub(crate) fn holds(key: &SimulatedKey, credential: &CredentialId) -> bool {
    let rp = RpId("login.microsoft.com".to_owned());
    let asked = look(key, |authenticator| {
        authenticator.assert_silently(&rp, std::slice::from_ref(credential))
    });
    asked.expect("an answer").as_ref() == Some(credential)
}

/// Each person has one credential, and each lies on a key of its own.
pub(crate) fn assert_one_each(line: &Line, users: &[String], keys: &[SimulatedKey]) {
    let mut used = BTreeSet::new();
    for user in users {
        let registered = line.tenant(|tenant| tenant.credentials(user)).expect(user);
        assert_eq!(registered.len(), 1, "{user}: {registered:?}");
        let on: Vec<usize> = (0..keys.len())
            .filter(|at| holds(&keys[*at], &registered[0].id))
            .collect();
        assert_eq!(on.len(), 1, "{user}: on keys {on:?}");
        assert!(used.insert(on[0]), "{user}: key {} is somebody's", on[0]);
    }
}

pub(crate) fn pin(text: &str) -> Pin {
    Pin::new(text).expect("a PIN")
}

/// Where this slot stands.
pub(crate) fn state(view: &View, slot: u16) -> SlotState {
    let slot = view.slots.get(&Slot(slot));
    slot.map_or(SlotState::Empty, |slot| slot.state.clone())
}

/// Whether this slot has a key in it that is not the one, for this reason.
pub(crate) fn wants_another(view: &View, slot: u16, why: impl Fn(&Fault) -> bool) -> bool {
    matches!(state(view, slot), SlotState::WantsBack { fault, key_in: true, .. } if why(&fault))
}

/// Whether this slot waits for its key to come back.
pub(crate) fn is_missed(view: &View, slot: u16) -> bool {
    matches!(
        state(view, slot),
        SlotState::WantsBack { key_in: false, .. }
    )
}

pub(crate) fn is_done(view: &View, slot: u16) -> bool {
    matches!(state(view, slot), SlotState::Done { .. })
}

/// How often one job began this step.
pub(crate) fn begun_by(ledger: &dyn Ledger, job: i64, step: Step) -> usize {
    let journal = ledger.journal(JobId(job)).expect("a journal");
    let rows = journal.iter().filter(
        |row| matches!(&row.event.happening, Happening::Started { step: begun, .. } if *begun == step),
    );
    rows.count()
}
