//! Nobody knows whether a letter came out. The same key, a real firmware, gets a new PIN, whatever tears at it just then; the
//! old PIN opens nothing any more, and the passkey stays.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use keyline::adapter::ctap::Key;
use keyline::adapter::ledger::{Identities, PinKind, Prompt, open_pins};
use keyline::app::admin::{Change, Changed};
use keyline::app::station::Request;
use keyline::domain::enrollment::Standing;
use keyline::domain::event::{Attempt, Step};
use keyline::domain::fault::Fault;
use keyline::domain::job::{Envelope, JobId};
use keyline::domain::mailer::{ControlNumber, Mailer};
use keyline::domain::paper::Outlet;
use keyline::domain::pin::Pin;
use keyline::port::{Attendant, Authenticator, CancelFlag, Delivered, PinVerdict, Press};
use keyline::practice::authenticator::{Mishap, PracticeTransport, SimulatedKey};

use crate::line::{Layout, Line, begun};

/// authenticatorClientPIN (CTAP 2.1 §6.5).
const CLIENT_PIN: u8 = 0x06;
const JOB: JobId = JobId(1);
const FORCED: &str = "force_pin_change = true\nmin_pin_length = 8\n";
const STRICT: &str = "force_pin_change = true\nmin_pin_length = 8\nalways_uv = true\n";

/// Of the first letter that it makes nobody ever learns whether it came out.
struct Unsure {
    press: Arc<dyn Press>,
    doubtful: Mutex<Option<ControlNumber>>,
}

impl Press for Unsure {
    fn outlet(&self) -> Outlet {
        self.press.outlet()
    }

    fn reaches(&self, outlet: &Outlet) -> bool {
        self.press.reaches(outlet)
    }

    fn check(&self, mailer: &Mailer) -> Result<(), Fault> {
        self.press.check(mailer)
    }

    fn deliver(&self, mailer: &Mailer) -> Result<Delivered, Fault> {
        let delivered = self.press.deliver(mailer)?;
        let mut doubtful = self.doubtful.lock().unwrap();
        if doubtful.is_none() {
            *doubtful = Some(mailer.control);
            return Err(Fault::DeliveryUncertain);
        }
        Ok(delivered)
    }

    fn take_back(&self, control: &ControlNumber, envelope: Envelope) -> Result<(), Fault> {
        self.press.take_back(control, envelope)
    }

    fn forget(&self, control: &ControlNumber, folder: &str) -> Result<(), Fault> {
        self.press.forget(control, folder)
    }

    fn kept(&self, folder: &str) -> Result<Vec<ControlNumber>, Fault> {
        self.press.kept(folder)
    }

    fn whereabouts(
        &self,
        control: &ControlNumber,
        envelope: Envelope,
    ) -> Result<Option<Delivered>, Fault> {
        if self.doubtful.lock().unwrap().as_ref() == Some(control) {
            return Err(Fault::DeliveryUncertain);
        }
        self.press.whereabouts(control, envelope)
    }
}

struct Nobody;

impl Prompt for Nobody {
    fn say(&self, _: &str) {}
    fn confirm(&self, _: &str, _: &str, _: Option<&str>) -> Option<bool> {
        None
    }
    fn ask(&self, _: &str) -> Option<String> {
        None
    }
    fn ask_secret(&self, _: &str) -> Option<zeroize::Zeroizing<String>> {
        None
    }
}

fn letters(line: &Line) -> Vec<PathBuf> {
    let config = &line.base.config;
    let folder = std::fs::read_dir(config.path(&config.letters.folder)).expect("a folder");
    let mut letters: Vec<PathBuf> = folder
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "pdf"))
        .collect();
    letters.sort();
    letters
}

fn open(key: &SimulatedKey) -> Key {
    key.plug().expect("power");
    let transport = PracticeTransport::open(key).expect("a transport");
    let attendant = Attendant {
        cancel: CancelFlag::default(),
        on_touch: Box::new(|_| ()),
    };
    Key::new(Box::new(transport), attendant)
}

/// A job whose letter is in doubt is reissued while `mishap` happens to its key; how many PINs the ledger then has.
fn reissue(policy: &'static str, mishap: Option<Mishap>) {
    let context = format!("{policy:?} {mishap:?}");
    let line = Line::set(&Layout {
        slots: 1,
        policy,
        ..Layout::default()
    });
    let key = line.add_keys(1).remove(0);
    line.drop_people("one.csv", 0..1);
    let running = line.start_with(false, |press| {
        Arc::new(Unsure {
            press,
            doubtful: Mutex::default(),
        })
    });
    running.wait_for("a job that is held", |view| {
        view.counts.held == 1 && !key.is_plugged()
    });
    let first = letters(&line);
    assert_eq!(first.len(), 1, "{context}");
    if let Some(mishap) = mishap {
        key.arrange(mishap);
    }
    let change = Change::Reissue {
        reason: "nobody knows whether it came out".to_owned(),
    };
    let changed = running.handle.change(JOB, change, "admin".to_owned());
    let Some(Ok(Changed::Reissued { void: Some(void) })) = changed else {
        panic!("{changed:?}");
    };
    running.wait_for("the new letter", |view| {
        let record = running.ledger.job(JOB).expect("a job").expect("a job");
        assert_eq!(record.held, None, "{context}");
        view.finished == 1
    });
    running.handle.ask(Request::Stop);
    let (summary, ledger) = running.finish();
    assert_eq!(summary.done, 1, "{context}: {summary:?}");
    line.assert_sound(ledger.as_ref(), 0);
    for (step, times) in [(Step::Reset, 1), (Step::SetPin, 1), (Step::Register, 1)] {
        assert_eq!(begun(ledger.as_ref(), step), times, "{context}");
    }

    let record = ledger.job(JOB).expect("a job").expect("a job");
    assert_eq!(record.standing, Standing::Done);
    let control = record.control.expect("a letter");
    assert_ne!(control, void, "{context}");
    let left = letters(&line);
    assert_eq!(left.len(), 1, "the void letter is gone: {left:?}");
    let name = left[0].to_string_lossy().into_owned();
    assert!(name.contains(&control) && left != first, "{name}");
    drop(ledger);
    assert_opens(&line, &key, policy, &context);
}

/// The new PIN opens the key, and the old one does not. Both are in the ledger.
fn assert_opens(line: &Line, key: &SimulatedKey, policy: &str, context: &str) {
    let config = &line.base.config;
    let ledger = keyline::wire::station::read_ledger(config).expect("a ledger");
    let identities = Identities::read(&line.base.identity, Arc::new(Nobody)).expect("it");
    let pins = open_pins(&ledger, JOB, &identities).expect("PINs");
    let of = |attempt: u32| -> &Pin {
        let mut set = pins.iter().filter(|pin| pin.kind == PinKind::Set);
        let found = set.find(|pin| pin.attempt == Attempt(attempt));
        &found.expect("a PIN of this attempt").pin
    };
    let mut opened = open(key);
    let forced = opened.capabilities().expect("getInfo").force_pin_change;
    assert_eq!(forced, policy.contains("force_pin_change"), "{context}");
    assert_eq!(opened.pin_retries(), Ok(8), "{context}");
    assert_eq!(opened.try_pin(of(2)), Ok(PinVerdict::Right), "{context}");
    let old = opened.try_pin(of(1));
    assert!(matches!(old, Ok(PinVerdict::Wrong { .. })), "{context}");
    drop(opened);
    key.unplug();
}

#[test]
fn a_doubtful_letter_means_a_new_pin_on_the_same_key() {
    for policy in ["", FORCED, STRICT] {
        reissue(policy, None);
    }
}

#[test]
fn a_key_that_is_torn_out_while_its_pin_changes_has_one_of_the_two_and_gets_the_new_one() {
    for policy in ["", STRICT] {
        reissue(policy, Some(Mishap::BeforeCommand(CLIENT_PIN)));
        reissue(policy, Some(Mishap::AfterCommand(CLIENT_PIN)));
        for writes in 0..6 {
            reissue(policy, Some(Mishap::AfterWrites(writes)));
        }
    }
}
