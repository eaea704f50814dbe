//! Points at which a test may end the program, as a power cut would: before and after every effect that goes through a port.
//! In builds with the feature `crash-points` alone, which nobody ships; it decides nothing and changes no answer.
//!
//! `KEYLINE_CRASH_AT=n` aborts the process at the n-th point that it passes, counted over all threads from 1; with a name,
//! such as `after key.set_pin`, at the first point of that name, whatever the other threads do first.
//! `KEYLINE_CRASH_COUNT=file` appends a line for each point that is passed: its number, `before` or `after`, and the effect.
//!
//! # Why
//! A process that is aborted runs no destructor, no handler and no other thread, so what a test finds afterwards is what a cut
//! leaves. The points lie around the ports and not in the runner, so the runner that is tested is the runner that works.

mod key;
mod ledger;

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use crate::app::Ports;
use crate::domain::credential::{Attestation, CreationOptions, MethodId, RegisteredCredential};
use crate::domain::fault::Fault;
use crate::domain::job::Envelope;
use crate::domain::job::row::Rules;
use crate::domain::mailbox::{Archived, Claim, Delivery, MailboxFault, Outcome};
use crate::domain::mailer::{ControlNumber, Mailer};
use crate::domain::paper::{Outlet, Printing, Ticket};
use crate::port::{Deleted, Delivered, Mailbox, Press, RelyingParty};
use crate::wire::WireFault;

/// The point at which the program ends.
pub const AT: &str = "KEYLINE_CRASH_AT";
/// The file that tells which points were passed.
pub const COUNT: &str = "KEYLINE_CRASH_COUNT";

/// Every effect, by the name under which its points are known.
const EFFECTS: [&str; 20] = [
    "key.reset",
    "key.repower",
    "key.set_pin",
    "key.change_pin",
    "key.try_pin",
    "key.make_credential",
    "key.always_uv",
    "key.set_min_pin_length",
    "entra.register",
    "entra.delete",
    "ledger.admit",
    "ledger.append",
    "ledger.settle",
    "ledger.note",
    "ledger.reopen",
    "press.deliver",
    "press.take_back",
    "press.forget",
    "mailbox.collect",
    "mailbox.finish",
];

/// These ports and this mailbox, with a point before and after every effect.
///
/// # Errors
/// When one of the variables makes no sense.
pub fn around(
    ports: Ports,
    mailbox: Arc<dyn Mailbox>,
) -> Result<(Ports, Arc<dyn Mailbox>), WireFault> {
    arm()?;
    let ports = Ports {
        keys: Arc::new(key::Watched(ports.keys)),
        relying_party: Arc::new(Watched(ports.relying_party)),
        ledger: Arc::new(ledger::Watched(ports.ledger)),
        press: Arc::new(Watched(ports.press)),
        ..ports
    };
    Ok((ports, Arc::new(Watched(mailbox))))
}

/// Has every point counted, and the program ended at the one that was asked for.
fn arm() -> Result<(), WireFault> {
    let last = match std::env::var(AT) {
        Ok(text) => Some(Last::parse(text)?),
        Err(_) => None,
    };
    let notes = match std::env::var_os(COUNT) {
        Some(path) => Some(
            OpenOptions::new()
                .append(true)
                .create(true)
                .open(&path)
                .map_err(|error| WireFault::files(path.as_ref(), &error))?,
        ),
        None => None,
    };
    let watch = WATCH.get_or_init(|| Watch {
        passed: AtomicU64::new(0),
        last,
        notes,
    });
    for name in EFFECTS.iter().flat_map(|effect| names(effect)) {
        let told = name.clone();
        fail::cfg_callback(name, move || watch.pass(&told))
            .map_err(|why| WireFault::Fault(Fault::Internal { what: why }))?;
    }
    Ok(())
}

static WATCH: OnceLock<Watch> = OnceLock::new();

/// Counts what is passed.
struct Watch {
    passed: AtomicU64,
    last: Option<Last>,
    notes: Option<File>,
}

/// The point at which the program ends.
#[derive(PartialEq, Eq)]
enum Last {
    Number(u64),
    Name(String),
}

impl Last {
    fn parse(text: String) -> Result<Self, WireFault> {
        if let Ok(number) = text.parse() {
            return Ok(Self::Number(number));
        }
        let is_known = EFFECTS.iter().any(|effect| names(effect).contains(&text));
        if is_known {
            Ok(Self::Name(text))
        } else {
            Err(WireFault::Usage {
                what: format!("{AT} is neither a number nor the name of a point"),
                hint: "give the number of a point, from 1, or a name such as `after ledger.append`"
                    .to_owned(),
            })
        }
    }
}

impl Watch {
    fn pass(&self, name: &str) {
        let number = self.passed.fetch_add(1, Ordering::SeqCst).saturating_add(1);
        if let Some(mut notes) = self.notes.as_ref() {
            // One write: lines of several threads do not mix. A count that cannot be kept is worth nothing.
            if notes
                .write_all(format!("{number} {name}\n").as_bytes())
                .is_err()
            {
                std::process::abort();
            }
        }
        let is_last = match &self.last {
            Some(Last::Number(last)) => *last == number,
            Some(Last::Name(last)) => last == name,
            None => false,
        };
        if is_last {
            std::process::abort();
        }
    }
}

fn names(effect: &str) -> [String; 2] {
    ["before", "after"].map(|when| format!("{when} {effect}"))
}

/// Does it, between its two points.
fn effect<T>(name: &str, act: impl FnOnce() -> T) -> T {
    let [before, after] = names(name);
    fail::fail_point!(&before);
    let done = act();
    fail::fail_point!(&after);
    done
}

/// A port with points around its effects.
struct Watched<T: ?Sized>(Arc<T>);

impl RelyingParty for Watched<dyn RelyingParty> {
    fn ready(&self) -> Result<(), Fault> {
        self.0.ready()
    }

    fn creation_options(&self, user: &str) -> Result<CreationOptions, Fault> {
        self.0.creation_options(user)
    }

    fn register(
        &self,
        user: &str,
        display_name: &str,
        attestation: &Attestation,
    ) -> Result<MethodId, Fault> {
        effect("entra.register", || {
            self.0.register(user, display_name, attestation)
        })
    }

    fn credentials(&self, user: &str) -> Result<Vec<RegisteredCredential>, Fault> {
        self.0.credentials(user)
    }

    fn delete(&self, user: &str, method: &MethodId) -> Result<Deleted, Fault> {
        effect("entra.delete", || self.0.delete(user, method))
    }
}

impl Press for Watched<dyn Press> {
    fn check(&self, mailer: &Mailer) -> Result<(), Fault> {
        self.0.check(mailer)
    }

    fn prints(&self) -> bool {
        self.0.prints()
    }

    fn can_take(&self) -> Result<(), Fault> {
        self.0.can_take()
    }

    fn outlet(&self) -> Outlet {
        self.0.outlet()
    }

    fn reaches(&self, outlet: &Outlet) -> bool {
        self.0.reaches(outlet)
    }

    fn serves(&self, ticket: &Ticket) -> bool {
        self.0.serves(ticket)
    }

    fn follow(&self, ticket: &Ticket) -> Result<Printing, Fault> {
        self.0.follow(ticket)
    }

    fn take_back(&self, control: &ControlNumber, envelope: Envelope) -> Result<(), Fault> {
        effect("press.take_back", || self.0.take_back(control, envelope))
    }

    fn forget(&self, control: &ControlNumber, folder: &str) -> Result<(), Fault> {
        effect("press.forget", || self.0.forget(control, folder))
    }

    fn deliver(&self, mailer: &Mailer) -> Result<Delivered, Fault> {
        effect("press.deliver", || self.0.deliver(mailer))
    }

    fn kept(&self, folder: &str) -> Result<Vec<ControlNumber>, Fault> {
        self.0.kept(folder)
    }

    fn waiting(&self) -> Result<Vec<ControlNumber>, Fault> {
        self.0.waiting()
    }

    fn whereabouts(
        &self,
        control: &ControlNumber,
        envelope: Envelope,
    ) -> Result<Option<Delivered>, Fault> {
        self.0.whereabouts(control, envelope)
    }
}

impl Mailbox for Watched<dyn Mailbox> {
    fn watch(&self, wake: Box<dyn FnMut() -> bool + Send>) -> Result<(), MailboxFault> {
        self.0.watch(wake)
    }

    fn collect(&self) -> Result<Vec<Claim>, MailboxFault> {
        effect("mailbox.collect", || self.0.collect())
    }

    fn is_settling(&self) -> Result<bool, MailboxFault> {
        self.0.is_settling()
    }

    fn left_over(&self) -> Result<Vec<Claim>, MailboxFault> {
        self.0.left_over()
    }

    fn read(&self, claim: &Claim, rules: &Rules) -> Result<Delivery, MailboxFault> {
        self.0.read(claim, rules)
    }

    fn finish(&self, claim: &Claim, outcome: &Outcome) -> Result<Archived, MailboxFault> {
        effect("mailbox.finish", || self.0.finish(claim, outcome))
    }
}
