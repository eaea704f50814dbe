//! What the bench promises, signal by signal.

mod answers;
mod asks;
mod begun;
mod chance;
mod keys;
mod paper;
mod whose;

use super::ahead::PREPARED_MIN;
use super::*;
use crate::domain::authenticator::{Aaguid, Attachment, Binding, Capabilities, Identity, Serial};
use crate::domain::job::{BatchName, Role};
use crate::domain::policy::{ResetMode, UsedKeys};
use crate::domain::station::signal::{CameBack, EnrolledFor, Prints, Question};

/// A waiting job for a person of its own.
fn candidate(number: i64) -> Candidate {
    Candidate {
        job: JobId(number),
        batch: BatchName("onboarding".to_owned()),
        user: format!("user{number}@contoso.com"),
        role: Role::Primary,
        serial: None,
        replace: false,
        reset: ResetMode::Random,
        used_keys: UsedKeys::Ask,
        wants: None,
        made: None,
        keyless: false,
        prints: Prints::No,
        bag: None,
    }
}

fn capabilities(pin: bool) -> Capabilities {
    Capabilities {
        versions: vec!["FIDO_2_1".to_owned()],
        extensions: Vec::new(),
        aaguid: Aaguid([1; 16]),
        client_pin: Some(pin),
        resident_keys: true,
        always_uv: None,
        set_min_pin_length: true,
        authenticator_config: true,
        credential_management: true,
        pin_uv_auth_token: true,
        max_message_size: 1200,
        pin_protocols: vec![2],
        max_credentials_in_list: None,
        min_pin_length: 4,
        force_pin_change: false,
        remaining_credentials: None,
        firmware_version: None,
        long_touch_for_reset: false,
        algorithms: Vec::new(),
    }
}

/// A blank key with this serial.
fn blank(serial: &str) -> Reading {
    Reading {
        identity: Identity {
            attachment: Attachment::Hid,
            serial: Serial::new(serial),
            capabilities: capabilities(false),
            product: "Practice Key".to_owned(),
        },
        enrolled_for: None,
        passkey: None,
        came_back: None,
    }
}

fn used(serial: &str) -> Reading {
    let mut reading = blank(serial);
    reading.identity.capabilities.client_pin = Some(true);
    reading
}

fn card(serial: &str) -> Reading {
    let mut reading = blank(serial);
    reading.identity.attachment = Attachment::Pcsc;
    reading
}

/// A station with these jobs, all of them prepared.
struct Hall {
    station: Station,
}

impl Hall {
    fn new(jobs: Vec<Candidate>) -> Self {
        Self::limited(jobs, None)
    }

    fn limited(jobs: Vec<Candidate>, limit: Option<usize>) -> Self {
        let mut hall = Self {
            station: Station::new(ConfirmCards::Batch, limit),
        };
        let numbers: Vec<JobId> = jobs.iter().map(|job| job.job).collect();
        hall.tell(Signal::Jobs(jobs));
        for job in numbers {
            hall.tell(Signal::Prepared { job });
        }
        hall
    }

    fn tell(&mut self, signal: Signal) -> Vec<Order> {
        self.station.handle(signal)
    }

    /// A key is put into the slot and read; what is ordered then.
    fn put(&mut self, slot: u16, reading: Reading) -> Vec<Order> {
        let slot = Slot(slot);
        let orders = self.tell(Signal::Arrived {
            slot,
            at_start: false,
        });
        assert!(orders.contains(&Order::Read { slot }), "{orders:?}");
        self.read(slot.0, reading)
    }

    fn read(&mut self, slot: u16, reading: Reading) -> Vec<Order> {
        self.tell(Signal::Read {
            slot: Slot(slot),
            reading: Box::new(reading),
        })
    }

    fn lift(&mut self, slot: u16) -> Vec<Order> {
        self.tell(Signal::Left { slot: Slot(slot) })
    }

    /// The run of `job` ends, after the ledger has told how the job stands now.
    fn end(&mut self, slot: u16, job: i64, ending: Ending, now: Option<Candidate>) -> Vec<Order> {
        let job = JobId(job);
        let mut orders = self.tell(Signal::Changed {
            job,
            now: now.map(Box::new),
        });
        orders.extend(self.tell(Signal::Ended {
            slot: Slot(slot),
            job,
            ending,
        }));
        orders
    }

    fn state(&self, slot: u16) -> SlotState {
        let found = self.station.slots().find(|(known, _)| known.0 == slot);
        found.map_or(SlotState::Empty, |(_, state)| state.clone())
    }
}

fn runs(orders: &[Order]) -> Vec<(u16, i64)> {
    orders
        .iter()
        .filter_map(|order| match order {
            Order::Run { slot, job } => Some((slot.0, job.0)),
            _ => None,
        })
        .collect()
}

fn unreachable() -> Fault {
    Fault::Unreachable {
        what: "no route".to_owned(),
    }
}

/// The job as it stands after its key with this serial was bound in this slot.
fn begun(number: i64, slot: u16, serial: &str) -> Candidate {
    Candidate {
        wants: Some(Binding::new(Slot(slot), &blank(serial).identity)),
        ..candidate(number)
    }
}

fn keyless(number: i64) -> Candidate {
    Candidate {
        keyless: true,
        ..candidate(number)
    }
}

#[test]
fn jobs_start_in_row_order_whatever_slot_comes_first() {
    let mut hall = Hall::new(vec![candidate(1), candidate(2)]);
    assert_eq!(runs(&hall.put(3, blank("a"))), [(3, 1)]);
    assert_eq!(runs(&hall.put(1, blank("b"))), [(1, 2)]);
    hall.put(2, blank("c"));
    assert_eq!(hall.state(2), SlotState::NoJob);
}

#[test]
fn two_keys_at_the_same_instant_get_two_jobs() {
    let mut hall = Hall::new(vec![candidate(1), candidate(2)]);
    for slot in [1, 2] {
        hall.tell(Signal::Arrived {
            slot: Slot(slot),
            at_start: false,
        });
    }
    assert_eq!(runs(&hall.read(2, blank("b"))), [(2, 1)]);
    assert_eq!(runs(&hall.read(1, blank("a"))), [(1, 2)]);
}

#[test]
fn a_key_that_was_there_at_the_start_does_not_count_until_it_was_lifted() {
    let mut hall = Hall::new(vec![candidate(1)]);
    let orders = hall.tell(Signal::Arrived {
        slot: Slot(1),
        at_start: true,
    });
    assert_eq!((orders, hall.state(1)), (vec![], SlotState::LiftFirst));
    hall.lift(1);
    assert_eq!(runs(&hall.put(1, blank("a"))), [(1, 1)]);
}

#[test]
fn a_named_serial_takes_its_job_in_any_slot() {
    let mut named = candidate(3);
    named.serial = Serial::new("777");
    let mut hall = Hall::new(vec![candidate(1), candidate(2), named]);
    assert_eq!(runs(&hall.put(9, blank("777"))), [(9, 3)]);
    assert_eq!(runs(&hall.put(1, blank("1"))), [(1, 1)]);
}

#[test]
fn a_job_that_names_a_serial_takes_no_other_key() {
    let mut named = candidate(1);
    named.serial = Serial::new("777");
    let mut hall = Hall::new(vec![named]);
    assert_eq!(runs(&hall.put(1, blank("1"))), []);
    let wanted = "777".to_owned();
    let fault = Fault::WrongSerial { wanted };
    assert_eq!(hall.state(1), SlotState::Refused { fault });
}

#[test]
fn one_persons_two_jobs_run_one_after_another() {
    let mut backup = candidate(2);
    backup.user = "USER1@contoso.com".to_owned();
    backup.role = Role::Backup;
    let mut hall = Hall::new(vec![candidate(1), backup, candidate(3)]);
    assert_eq!(runs(&hall.put(1, blank("a"))), [(1, 1)]);
    assert_eq!(runs(&hall.put(2, blank("b"))), [(2, 3)]);
    assert_eq!(runs(&hall.put(3, blank("c"))), []);
    let orders = hall.end(1, 1, Ending::Finished, None);
    assert_eq!(runs(&orders), [(3, 2)], "the key that waits takes it");
}

#[test]
fn a_key_that_a_waiting_job_names_goes_to_nobody_else_meanwhile() {
    let mut backup = candidate(2);
    backup.user = candidate(1).user;
    backup.serial = Serial::new("777");
    let mut hall = Hall::new(vec![candidate(1), backup, candidate(3)]);
    assert_eq!(runs(&hall.put(1, blank("a"))), [(1, 1)]);
    assert_eq!(runs(&hall.put(2, blank("777"))), []);
    assert_eq!(hall.state(2), SlotState::NoJob);
    assert_eq!(runs(&hall.end(1, 1, Ending::Finished, None)), [(2, 2)]);
}

#[test]
fn without_options_no_key_starts_and_with_them_it_does() {
    let mut hall = Hall::new(Vec::new());
    let orders = hall.tell(Signal::Jobs(vec![candidate(1)]));
    assert_eq!(orders, [Order::Prepare { job: JobId(1) }]);
    assert_eq!(runs(&hall.put(1, blank("a"))), []);
    assert_eq!(hall.state(1), SlotState::AwaitingOptions { job: JobId(1) });
    let orders = hall.tell(Signal::Prepared { job: JobId(1) });
    assert_eq!(runs(&orders), [(1, 1)]);
}

#[test]
fn when_the_network_is_down_nothing_starts_and_each_tick_tries_once() {
    let mut hall = Hall::new(Vec::new());
    let jobs = vec![candidate(1)];
    assert_eq!(hall.tell(Signal::Jobs(jobs)).len(), 1);
    for _ in 0..3 {
        let job = JobId(1);
        let fault = unreachable();
        // No hot loop: what failed rests until the next tick.
        assert_eq!(hall.tell(Signal::Unprepared { job, fault }), []);
        assert_eq!(hall.tell(Signal::Left { slot: Slot(5) }), []);
        assert_eq!(hall.tell(Signal::Tick), [Order::Prepare { job }]);
    }
    hall.put(1, blank("a"));
    assert_eq!(
        runs(&hall.tell(Signal::Prepared { job: JobId(1) })),
        [(1, 1)]
    );
}

#[test]
fn a_job_that_cannot_be_prepared_is_held_and_its_key_takes_the_next_one() {
    let mut hall = Hall::new(Vec::new());
    hall.tell(Signal::Jobs(vec![candidate(1), candidate(2)]));
    hall.put(1, blank("a"));
    hall.tell(Signal::Prepared { job: JobId(2) });
    let fault = Fault::UserUnknown {
        request_id: "r".to_owned(),
        code: String::new(),
        message: String::new(),
    };
    let orders = hall.tell(Signal::Unprepared {
        job: JobId(1),
        fault: fault.clone(),
    });
    let job = JobId(1);
    assert!(orders.contains(&Order::Hold { job, fault }));
    assert_eq!(runs(&orders), [(1, 2)]);
}

#[test]
fn a_job_whose_preparation_was_broken_off_is_not_held_for_that() {
    let mut hall = Hall::new(Vec::new());
    hall.tell(Signal::Jobs(vec![candidate(1)]));
    let (job, fault) = (JobId(1), Fault::Cancelled);
    assert_eq!(hall.tell(Signal::Unprepared { job, fault }), []);
    assert_eq!(hall.tell(Signal::Tick), [Order::Prepare { job }]);
}

#[test]
fn a_job_that_is_cancelled_while_its_key_waits_lets_go_of_the_key() {
    let mut hall = Hall::new(Vec::new());
    hall.tell(Signal::Jobs(vec![candidate(1), candidate(2)]));
    hall.put(1, blank("a"));
    hall.tell(Signal::Prepared { job: JobId(2) });
    let orders = hall.tell(Signal::Changed {
        job: JobId(1),
        now: None,
    });
    assert_eq!(runs(&orders), [(1, 2)]);
}

#[test]
fn options_that_expire_are_fetched_again_before_the_key_starts() {
    let mut hall = Hall::new(vec![candidate(1)]);
    let orders = hall.tell(Signal::Expired { job: JobId(1) });
    assert_eq!(orders, [Order::Prepare { job: JobId(1) }]);
    assert_eq!(runs(&hall.put(1, blank("a"))), []);
    assert_eq!(
        runs(&hall.tell(Signal::Prepared { job: JobId(1) })),
        [(1, 1)]
    );
}

#[test]
fn no_more_jobs_start_than_the_limit_allows() {
    let mut hall = Hall::limited(vec![candidate(1), candidate(2)], Some(1));
    assert_eq!(runs(&hall.put(1, blank("a"))), [(1, 1)]);
    assert_eq!(runs(&hall.put(2, blank("b"))), []);
    assert_eq!(hall.state(2), SlotState::NoJob);
    hall.end(1, 1, Ending::Finished, None);
    assert!(hall.station.is_idle());
}

#[test]
fn two_keys_that_wait_for_options_do_not_slip_past_the_limit() {
    let mut hall = Hall::limited(Vec::new(), Some(1));
    hall.tell(Signal::Jobs(vec![candidate(1), candidate(2)]));
    hall.put(1, blank("a"));
    hall.put(2, blank("b"));
    let mut started = runs(&hall.tell(Signal::Prepared { job: JobId(1) }));
    started.extend(runs(&hall.tell(Signal::Prepared { job: JobId(2) })));
    assert_eq!(started.len(), 1);
}

#[test]
fn after_drain_nothing_new_starts_not_even_what_waits_for_options() {
    let mut hall = Hall::new(Vec::new());
    hall.tell(Signal::Jobs(vec![candidate(1)]));
    hall.put(1, blank("a"));
    hall.tell(Signal::Drain);
    assert_eq!(runs(&hall.tell(Signal::Prepared { job: JobId(1) })), []);
}

#[test]
fn a_job_whose_first_key_failed_may_have_another_within_the_limit() {
    let mut hall = Hall::limited(vec![candidate(1), candidate(2)], Some(1));
    assert_eq!(runs(&hall.put(1, blank("a"))), [(1, 1)]);
    let failed = Ending::AnotherKey(Fault::PinRefused);
    hall.end(1, 1, failed, Some(candidate(1)));
    assert!(!hall.station.is_idle(), "the pilot is not finished");
    hall.lift(1);
    assert_eq!(
        runs(&hall.put(1, blank("b"))),
        [(1, 1)],
        "its job comes next"
    );
}

#[test]
fn the_bench_is_idle_when_the_queue_is_empty_and_no_slot_works() {
    let mut hall = Hall::new(vec![candidate(1)]);
    assert!(!hall.station.is_idle());
    hall.put(1, blank("a"));
    assert!(hall.station.is_working() && !hall.station.is_idle());
    hall.end(1, 1, Ending::Finished, None);
    assert!(hall.station.is_idle() && !hall.station.is_working());
    assert_eq!(hall.state(1), SlotState::Done { job: JobId(1) });
    hall.lift(1);
    assert_eq!(hall.state(1), SlotState::Empty);
}

#[test]
fn options_are_fetched_ahead_but_not_for_the_whole_queue() {
    let mut hall = Hall::new(Vec::new());
    let orders = hall.tell(Signal::Jobs((1..=100).map(candidate).collect()));
    assert_eq!(orders.len(), PREPARED_MIN);
}

#[test]
fn a_job_at_work_is_neither_prepared_again_nor_held_from_outside() {
    let mut hall = Hall::new(vec![candidate(1)]);
    hall.put(1, blank("a"));
    let job = JobId(1);
    assert_eq!(hall.tell(Signal::Expired { job }), []);
    let fault = Fault::UserUnknown {
        request_id: "r".to_owned(),
        code: String::new(),
        message: String::new(),
    };
    assert_eq!(hall.tell(Signal::Unprepared { job, fault }), []);
    assert_eq!(hall.state(1), SlotState::Working { job });
}
