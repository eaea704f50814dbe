//! Hands around the printer: keys go into their bags, whatever lies in the tray is scanned, what is torn or never came out is
//! told. Through the same code as in the house, so that the power may go between any two of its rows.

use crate::app::enumerator::shift::{ACTOR, Shift};
use crate::app::trail::{self, Acted, Deed, Refusal};
use crate::app::{Policies, Ports};
use crate::domain::enrollment::Command;
use crate::domain::event::Step;
use crate::domain::job::{Envelope, JobId};
use crate::domain::mailer::ControlNumber;
use crate::domain::paper::{Bagging, Confirm};
use crate::domain::scan::Code;

/// What a person does, written down by whoever owns the ledger.
fn act(ports: &Ports, policies: &Policies, deed: &Deed) -> Result<Acted, Refusal> {
    let record = trail::subject(ports.ledger.as_ref(), deed)?;
    let desk = trail::Desk {
        ledger: ports.ledger.as_ref(),
        press: Some(ports.press.as_ref()),
        policies,
        actor: ACTOR,
        now: ports.clock.now(),
    };
    trail::act(&desk, &record, deed)
}

/// The letter of this job is torn, whether or not it came out. `false`: the job has none that could be.
pub(super) fn tear(shift: &Shift<'_>, job: JobId) -> bool {
    let Some(control) = shift.world.enrollment(job).unconfirmed().map(str::to_owned) else {
        return false;
    };
    let deed = Deed::Spoiled {
        job,
        reason: "torn".to_owned(),
        sheet: None,
    };
    let done = act(&shift.ports, &shift.policies, &deed).is_ok();
    if done && shift.world.has_power() {
        let mut state = shift.world.state();
        let mut sheets = state.press.sheets.iter_mut();
        if let Some(sheet) = sheets.find(|sheet| sheet.control == control) {
            sheet.is_void = true;
        }
        drop(sheets);
        state.version += 1;
    }
    done
}

impl Shift<'_> {
    /// Everything that there is to do by hand just now.
    pub(super) fn lend_hands(&mut self) {
        let policy = self.policies.get("standard").expect("the only policy");
        if policy.confirmation() == Confirm::Device && policy.bagging() == Bagging::None {
            return;
        }
        for (job, envelope) in self.awaited(Step::Bag) {
            self.do_by_hand(job, &Deed::Scanned(Code::Bag(envelope)));
        }
        self.scan_the_tray();
        for (job, _) in self.awaited(Step::Deliver) {
            let control = self.world.enrollment(job).unconfirmed().map(str::to_owned);
            let lies_there = {
                let state = self.world.state();
                let mut sheets = state.press.sheets.iter();
                sheets.any(|sheet| Some(&sheet.control) == control.as_ref())
            };
            if !lies_there {
                let reason = "nothing came out".to_owned();
                self.do_by_hand(
                    job,
                    &Deed::Spoiled {
                        job,
                        reason,
                        sheet: None,
                    },
                );
            }
        }
    }

    /// Each sheet once, also those that are void: whoever has one in hand need not know it.
    fn scan_the_tray(&mut self) {
        let tray: Vec<(usize, String)> = {
            let state = self.world.state();
            let sheets = state.press.sheets.iter().enumerate();
            sheets
                .filter(|(_, sheet)| !sheet.is_scanned)
                .map(|(at, sheet)| (at, sheet.control.clone()))
                .collect()
        };
        for (at, control) in tray {
            let control = ControlNumber::parse(&control).expect("a number of ours");
            let deed = Deed::Scanned(Code::Sheet {
                control,
                printed: None,
            });
            let job = trail::subject(self.ports.ledger.as_ref(), &deed).map(|one| one.job.id);
            let answered = match job {
                Ok(job) => self.do_by_hand(job, &deed),
                Err(_) => false,
            };
            if answered && self.world.has_power() {
                let mut state = self.world.state();
                state.press.sheets[at].is_scanned = true;
                state.version += 1;
            }
        }
    }

    /// Whether there was an answer, and not a fault of the ledger.
    fn do_by_hand(&mut self, job: JobId, deed: &Deed) -> bool {
        let done = act(&self.ports, &self.policies, deed);
        let answered = !matches!(done, Err(Refusal::Fault(_)));
        self.changed(job);
        answered
    }

    fn awaited(&self, step: Step) -> Vec<(JobId, Envelope)> {
        let state = self.world.state();
        let jobs = state.ledger.all_jobs();
        jobs.filter(|job| state.ledger.enrollment(job.id).next() == Command::Await(step))
            .map(|job| (job.id, job.envelope))
            .collect()
    }
}
