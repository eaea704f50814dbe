//! A real station loop with nothing around it: a job that needs no key is in work exactly while its press thinks.

use std::sync::Mutex;
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::time::Duration;

use super::*;
use crate::app::board::Board;
use crate::app::intake::{Habits, Intake};
use crate::app::station::slots::SlotMap;
use crate::app::station::{Desk, Options, Request};
use crate::app::testing::started;
use crate::app::{Policies, Ports};
use crate::domain::authenticator::Slot;
use crate::domain::credential::{
    Attestation, AttestationVerdict, CreationOptions, MethodId, RegisteredCredential,
};
use crate::domain::enrollment::Standing;
use crate::domain::fault::Fault;
use crate::domain::job::Envelope;
use crate::domain::job::row::Rules;
use crate::domain::mailbox::{Archived, Claim, Delivery, MailboxFault, Outcome};
use crate::domain::mailer::{ControlNumber, Mailer};
use crate::domain::pin::Pin;
use crate::domain::policy::Policy;
use crate::domain::station::signal::ConfirmCards;
use crate::port::{
    Attendant, AttestationCheck, Authenticator, CancelFlag, Clock, Deleted, Delivered, Entropy,
    KeyEvent, Keys, Mailbox, Operator, Place, Press, RelyingParty,
};

fn away<T>() -> Result<T, Fault> {
    Err(Fault::Unreachable {
        what: "there is nothing around this station".to_owned(),
    })
}

/// Everything that this station does not have.
struct Nothing;

impl Keys for Nothing {
    fn watch(&self, _: Box<dyn FnMut(KeyEvent) -> bool + Send>) -> Result<(), Fault> {
        Ok(())
    }
    fn open(&self, _: &Place, _: Attendant) -> Result<Box<dyn Authenticator>, Fault> {
        Err(Fault::KeyGone)
    }
}

impl RelyingParty for Nothing {
    fn ready(&self) -> Result<(), Fault> {
        away()
    }
    fn creation_options(&self, _: &str) -> Result<CreationOptions, Fault> {
        away()
    }
    fn register(&self, _: &str, _: &str, _: &Attestation) -> Result<MethodId, Fault> {
        away()
    }
    fn credentials(&self, _: &str) -> Result<Vec<RegisteredCredential>, Fault> {
        away()
    }
    fn delete(&self, _: &str, _: &MethodId) -> Result<Deleted, Fault> {
        away()
    }
}

impl AttestationCheck for Nothing {
    fn judge(&self, _: &Attestation) -> AttestationVerdict {
        AttestationVerdict::Agrees
    }
    fn second_opinion(&self, _: &Attestation) -> AttestationVerdict {
        AttestationVerdict::Agrees
    }
}

impl Operator for Nothing {
    fn current_pin(&self, _: Slot, _: &str) -> Option<Pin> {
        None
    }
}

impl Clock for Nothing {
    fn now(&self) -> Timestamp {
        NOON
    }
    fn today(&self) -> jiff::civil::Date {
        jiff::civil::date(2026, 3, 2)
    }
    fn wait(&self, _: Duration, cancel: &CancelFlag) -> bool {
        !cancel.is_cancelled()
    }
}

impl Entropy for Nothing {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), Fault> {
        bytes.fill(7);
        Ok(())
    }
}

impl Mailbox for Nothing {
    fn watch(&self, _: Box<dyn FnMut() -> bool + Send>) -> Result<(), MailboxFault> {
        Ok(())
    }
    fn collect(&self) -> Result<Vec<Claim>, MailboxFault> {
        Ok(Vec::new())
    }
    fn left_over(&self) -> Result<Vec<Claim>, MailboxFault> {
        Ok(Vec::new())
    }
    fn is_settling(&self) -> Result<bool, MailboxFault> {
        Ok(false)
    }
    fn read(&self, _: &Claim, _: &Rules) -> Result<Delivery, MailboxFault> {
        unreachable!("no file comes")
    }
    fn finish(&self, _: &Claim, _: &Outcome) -> Result<Archived, MailboxFault> {
        unreachable!("no file comes")
    }
}

/// Says that it was asked, and answers when it may.
struct Thinking {
    asked: SyncSender<()>,
    may: Mutex<Receiver<()>>,
}

impl Press for Thinking {
    fn check(&self, _: &Mailer) -> Result<(), Fault> {
        Ok(())
    }
    fn deliver(&self, _: &Mailer) -> Result<Delivered, Fault> {
        Err(Fault::DeliveryUncertain)
    }
    fn was_delivered(&self, _: &ControlNumber, _: Envelope) -> Result<bool, Fault> {
        self.asked.send(()).unwrap();
        self.may.lock().unwrap().recv().unwrap();
        Err(Fault::DeliveryUncertain)
    }
}

fn desk(ledger: &Arc<MemoryLedger>, press: Thinking) -> Desk {
    let nothing = Arc::new(Nothing);
    let mut policies = Policies {
        default_name: "standard".to_owned(),
        ..Policies::default()
    };
    policies
        .by_name
        .insert("standard".to_owned(), Policy::default());
    let policies = Arc::new(policies);
    let ports = Ports {
        keys: nothing.clone(),
        relying_party: nothing.clone(),
        ledger: ledger.clone(),
        press: Arc::new(press),
        attestation_check: nothing.clone(),
        operator: nothing.clone(),
        clock: nothing.clone(),
        entropy: nothing.clone(),
    };
    let intake = Intake::new(
        nothing.clone(),
        ledger.clone(),
        nothing,
        Arc::clone(&policies),
        vec!["en".to_owned()],
        Habits::default(),
    );
    let options = Options {
        limit: None,
        until_empty: false,
        tick: Duration::from_secs(5),
        waits: CancelFlag::default(),
        confirm_cards: ConfirmCards::default(),
        slots: SlotMap::default(),
        actor: "4711".to_owned(),
    };
    Desk::new(
        ports,
        policies,
        Arc::new(intake),
        Arc::new(Board::default()),
        options,
    )
}

#[test]
fn a_job_in_work_is_left_alone_and_every_other_is_changed() {
    let ledger = ledger();
    let mut story = course("123", Step::Register);
    story.push(started(Step::Deliver));
    ledger.tell(JobId(1), story);
    let before = ledger.happenings(JobId(1));
    let (asked, was_asked) = sync_channel(1);
    let (may, press_may) = channel();
    let press = Thinking {
        asked,
        may: Mutex::new(press_may),
    };
    let desk = desk(&ledger, press);
    let station = desk.handle();
    let erase: Erase = Arc::new(|_, _| unreachable!());
    let answer = over_station(ledger.clone(), station.clone(), erase);
    let running = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_time()
            .build()
            .unwrap();
        runtime.block_on(desk.run())
    });
    was_asked.recv().unwrap();
    let refused = answer(&change("1", Change::Cancel))
        .into_result()
        .unwrap_err();
    assert_eq!(refused.exit, ExitCode::Waiting);
    assert!(refused.message.contains("just now"), "{}", refused.message);
    assert_eq!(ledger.happenings(JobId(1)), before);
    answer(&change("2", hold())).into_result().unwrap();
    assert_eq!(ledger.state_of(JobId(2)).standing(), Standing::Held);
    // Stopped first, so that nothing is asked a second time once the press has answered.
    station.ask(Request::Stop);
    may.send(()).unwrap();
    let summary = running.join().unwrap().unwrap();
    assert!(summary.interrupted);
    let late = answer(&change("2", Change::Release))
        .into_result()
        .unwrap_err();
    assert_eq!(late.exit, ExitCode::Waiting);
}
