//! The whole line in one process: a job file, four slots with simulated keys, the practice tenant, the real ledger, the
//! real folder, real letters. What `keyline demo` shows, with assertions instead of a screen.

use std::sync::Arc;

use keyline::app::station::Handle;
use keyline::domain::authenticator::Slot;
use keyline::domain::enrollment::Standing;
use keyline::domain::pin::Pin;
use keyline::port::{Ledger, Operator};
use keyline::wire::demo::{Stage, Wish};
use keyline::wire::run;

struct Nobody;

impl Operator for Nobody {
    fn current_pin(&self, _slot: Slot, _person: &str) -> Option<Pin> {
        None
    }
}

#[test]
fn every_person_of_a_dropped_file_gets_a_key_and_a_letter() {
    let home = tempfile::tempdir().expect("a folder");
    let wish = Wish {
        keys: 6,
        slots: 3,
        seed: 1,
        keep: Some(home.path().join("demo")),
        printer: None,
        console: false,
    };
    let stage = Stage::set(wish).expect("a stage");
    let parts = stage.assemble(Arc::new(Nobody)).expect("a station");
    stage.drop_job_file().expect("a job file");
    let attend =
        |parts: &keyline::wire::station::Parts, _: Handle| stage.hands(parts.board.clone());
    let summary = run::run(&stage.config, &parts, &stage.run_wish(), attend).expect("a run");

    assert_eq!(summary.done, 6, "{summary:?} {:?}", parts.board.take_news());
    let jobs = parts.ledger.jobs(None).expect("jobs");
    assert!(jobs.iter().all(|job| job.standing == Standing::Done));
    for job in &jobs {
        let registered = stage.tenant.credentials(&job.job.request.user);
        assert_eq!(
            registered.map(|all| all.len()),
            Ok(1),
            "{}",
            job.job.request.user
        );
    }
    let letters =
        std::fs::read_dir(stage.config.path(&stage.config.letters.folder)).expect("letters");
    let pdf = |entry: &std::fs::DirEntry| {
        entry
            .path()
            .extension()
            .is_some_and(|ending| ending == "pdf")
    };
    assert_eq!(letters.flatten().filter(pdf).count(), 6);
}
