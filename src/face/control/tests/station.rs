//! A real station loop with nothing around it: a job that needs no key is in work exactly while its press thinks.

use std::sync::Mutex;
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};

use super::*;
use crate::app::Ports;
use crate::app::board::Standstill;
use crate::app::station::{Desk, Options, Request};
use crate::app::world::{self, started};
use crate::domain::enrollment::Standing;
use crate::domain::fault::Fault;
use crate::domain::job::Envelope;
use crate::domain::mailer::{ControlNumber, Mailer};
use crate::domain::paper::Outlet;
use crate::domain::policy::Policy;
use crate::port::{Delivered, Press};

/// Says that it was asked, and answers when it may.
struct Thinking {
    asked: SyncSender<()>,
    may: Mutex<Receiver<()>>,
}

impl Press for Thinking {
    fn outlet(&self) -> Outlet {
        Outlet::Folder {
            path: "letters".to_owned(),
        }
    }
    fn reaches(&self, outlet: &Outlet) -> bool {
        *outlet == self.outlet()
    }
    fn check(&self, _: &Mailer) -> Result<(), Fault> {
        Ok(())
    }
    fn deliver(&self, _: &Mailer) -> Result<Delivered, Fault> {
        Err(Fault::DeliveryUncertain)
    }
    fn forget(&self, _: &ControlNumber, _: &str) -> Result<(), Fault> {
        Ok(())
    }
    fn kept(&self, _: &str) -> Result<Vec<ControlNumber>, Fault> {
        Ok(Vec::new())
    }
    fn whereabouts(&self, _: &ControlNumber, _: Envelope) -> Result<Option<Delivered>, Fault> {
        self.asked.send(()).unwrap();
        self.may.lock().unwrap().recv().unwrap();
        Err(Fault::DeliveryUncertain)
    }
}

fn desk(world: &World, press: Thinking) -> Desk {
    let ports = Ports {
        press: Arc::new(press),
        ..world.ports()
    };
    let options = Options {
        until_empty: false,
        ..world::options()
    };
    world::desk(ports, Arc::default(), Policy::default(), options)
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
    let board = Arc::new(Board::default());
    let answer = over_station(
        Arc::new(ledger.clone()),
        station.clone(),
        Arc::new(ledger.clone()),
        board.clone(),
        erase,
    );
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
    assert_eq!(ledger.enrollment(JobId(2)).standing(), Standing::Held);
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

#[test]
fn whoever_asks_is_told_why_the_printer_stands_still() {
    let (_folder, path) = run_folder();
    assert_eq!(look(&path, &Ask::Printer), None);
    let desk = world::desk(
        ledger().ports(),
        Arc::default(),
        Policy::default(),
        world::options(),
    );
    let board = Arc::new(Board::default());
    let erase: Erase = Arc::new(|_, _| unreachable!());
    let answer = over_station(
        Arc::new(ledger()),
        desk.handle(),
        Arc::new(ledger()),
        board.clone(),
        erase,
    );
    let _server = serve(&path, answer).unwrap();
    assert_eq!(look(&path, &Ask::Printer), None);
    let waits = Standstill::WaitsFor("paper in tray 2".to_owned());
    world::stage::standstill(&board, waits);
    let told = look(&path, &Ask::Printer).unwrap();
    assert!(
        told.starts_with("The printer waits for paper in tray 2."),
        "{told}"
    );
}
