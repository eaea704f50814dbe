//! Signals in any order, also in orders that no honest shell would send.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

const SLOTS: u16 = 3;
const JOBS: i64 = 5;

fn slots() -> impl Strategy<Value = Slot> {
    (1..=SLOTS).prop_map(Slot)
}

fn jobs() -> impl Strategy<Value = JobId> {
    (1..=JOBS).prop_map(JobId)
}

fn readings() -> impl Strategy<Value = Reading> {
    (prop::sample::select(vec!["", "a", "b", "c"]), 0..4_u8).prop_map(|(serial, kind)| match kind {
        0 => used(serial),
        1 => card(serial),
        _ => blank(serial),
    })
}

fn candidates(job: JobId) -> impl Strategy<Value = Candidate> {
    (0..6_u8, 1..=SLOTS, 1..=JOBS).prop_map(move |(kind, slot, person)| Candidate {
        user: format!("user{person}@contoso.com"),
        ..match kind {
            0 => begun(job.0, slot, "a"),
            1 => begun(job.0, slot, ""),
            2 => keyless(job.0),
            3 => Candidate {
                serial: Serial::new("b"),
                ..candidate(job.0)
            },
            _ => candidate(job.0),
        }
    })
}

fn faults() -> impl Strategy<Value = Fault> {
    prop::sample::select(vec![
        Fault::KeyGone,
        Fault::WrongKey,
        Fault::PinRefused,
        Fault::DeliveryUncertain,
        Fault::KeyUsed,
        Fault::Unreachable {
            what: String::new(),
        },
    ])
}

fn endings() -> impl Strategy<Value = Ending> {
    prop_oneof![
        Just(Ending::Finished),
        faults().prop_map(Ending::Stopped),
        faults().prop_map(Ending::AnotherKey),
        faults().prop_map(Ending::Held),
    ]
}

fn signals() -> impl Strategy<Value = Signal> {
    let changed = jobs().prop_flat_map(|job| {
        prop::option::of(candidates(job)).prop_map(move |now| Signal::Changed {
            job,
            now: now.map(Box::new),
        })
    });
    prop_oneof![
        4 => (slots(), any::<bool>())
            .prop_map(|(slot, at_start)| Signal::Arrived { slot, at_start }),
        3 => slots().prop_map(|slot| Signal::Left { slot }),
        6 => (slots(), readings())
            .prop_map(|(slot, reading)| Signal::Read { slot, reading: Box::new(reading) }),
        1 => (slots(), faults()).prop_map(|(slot, fault)| Signal::Unreadable { slot, fault }),
        5 => (slots(), jobs(), endings())
            .prop_map(|(slot, job, ending)| Signal::Ended { slot, job, ending }),
        3 => changed,
        4 => jobs().prop_map(|job| Signal::Prepared { job }),
        2 => (jobs(), faults()).prop_map(|(job, fault)| Signal::Unprepared { job, fault }),
        1 => jobs().prop_map(|job| Signal::Expired { job }),
        2 => (jobs(), endings()).prop_map(|(job, ending)| Signal::EndedAside { job, ending }),
        2 => Just(Signal::Tick),
        2 => slots().prop_map(|slot| Signal::Confirmed { slot }),
    ]
}

/// What the shell knows of what it was told to do.
#[derive(Default)]
struct Shell {
    in_slots: BTreeMap<Slot, JobId>,
    aside: BTreeSet<JobId>,
    begun: BTreeSet<JobId>,
    prepared: BTreeSet<JobId>,
}

impl Shell {
    fn hear(&mut self, signal: &Signal) {
        match signal {
            Signal::Ended { slot, job, .. } if self.in_slots.get(slot) == Some(job) => {
                self.in_slots.remove(slot);
            }
            Signal::EndedAside { job, .. } => {
                self.aside.remove(job);
            }
            Signal::Prepared { job } => {
                self.prepared.insert(*job);
            }
            _ => {}
        }
    }

    fn obey(&mut self, order: &Order, wanted: &BTreeSet<JobId>) -> Result<(), TestCaseError> {
        match order {
            Order::Run { slot, job } => {
                prop_assert!(
                    !self.in_slots.values().any(|other| other == job),
                    "two slots work on {job:?}"
                );
                prop_assert!(!self.aside.contains(job), "{job:?} runs aside already");
                prop_assert!(!self.in_slots.contains_key(slot), "{slot} works already");
                if !wanted.contains(job) {
                    prop_assert!(self.prepared.contains(job), "{job:?} was not prepared");
                }
                self.in_slots.insert(*slot, *job);
                self.begun.insert(*job);
            }
            Order::RunAside { job } => {
                prop_assert!(
                    !self.in_slots.values().any(|other| other == job),
                    "{job:?} runs in a slot already"
                );
                prop_assert!(self.aside.insert(*job), "{job:?} runs aside already");
            }
            Order::Read { .. } | Order::Prepare { .. } | Order::Hold { .. } => {}
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 1500,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn whatever_comes_no_job_runs_twice_or_unprepared_or_beyond_the_limit(
        script in prop::collection::vec(signals(), 1..60),
        limit in prop::option::of(0_usize..3),
    ) {
        let mut station = Station::new(ConfirmCards::Batch, limit);
        let mut shell = Shell::default();
        // Jobs that have begun before need no options of ours.
        let mut resumed: BTreeSet<JobId> = BTreeSet::new();
        let mut orders = station.handle(Signal::Jobs((1..=JOBS).map(candidate).collect()));
        for signal in script {
            // A run ends once, and only a run that was ordered.
            let honest = match &signal {
                Signal::Ended { slot, job, .. } => shell.in_slots.get(slot) == Some(job),
                Signal::EndedAside { job, .. } => shell.aside.contains(job),
                Signal::Changed { job, now } => {
                    if now.as_ref().is_some_and(|now| now.wants.is_some() || now.keyless) {
                        resumed.insert(*job);
                    }
                    true
                }
                _ => true,
            };
            if !honest {
                continue;
            }
            shell.hear(&signal);
            orders.extend(station.handle(signal));
            for order in orders.drain(..) {
                shell.obey(&order, &resumed)?;
            }
        }
        if let Some(limit) = limit {
            let fresh = shell.begun.difference(&resumed).count();
            prop_assert!(fresh <= limit, "{fresh} started, {limit} were allowed");
        }
    }
}
