//! `[retention]` of the configuration, with a handed-in clock: what goes when, and what stays.

use std::path::PathBuf;

use keyline::adapter::ledger::sealed_pins;
use keyline::domain::job::JobId;
use keyline::port::Ledger as _;
use keyline::wire::retention::{GivenUp, Retention};
use keyline::wire::station::{Parts, assemble};

use crate::files;
use crate::line::{Knows, Line};

const SECONDS_PER_DAY: i64 = 86_400;

/// A station with a job that is done, one that is held, a rejected file and a held one.
fn busy() -> Line {
    let line = Line::new(1);
    line.drop_file(
        "a.csv",
        "user,name,policy\r\nanna.lang@contoso.com,Anna Lang,standard\r\n",
    );
    line.drop_file(
        "bad.csv",
        "user,policy\r\nsophie.weiss@contoso.com,none such\r\n",
    );
    let key = line.maker.make(1).expect("a key");
    let (summary, _) = line.run(Knows::nothing(), vec![key]);
    assert_eq!(
        (summary.done, summary.rejected_files),
        (1, 1),
        "{summary:?}"
    );
    // The very same content again is held, and a job whose PIN nobody knows.
    line.drop_file(
        "again.csv",
        "user,name,policy\r\nanna.lang@contoso.com,Anna Lang,standard\r\n",
    );
    line.drop_file(
        "open.csv",
        "user,policy\r\njuergen.mueller@contoso.com,keep\r\n",
    );
    let key = line.maker.make(2).expect("a key");
    let (summary, _) = line.run(Knows::nothing(), vec![key]);
    assert_eq!(summary.held.len(), 1, "{summary:?}");
    // Somebody's own, with a name like one of ours.
    crate::line::write(&queue(&line).join("rejected/notes.reason.json"), "{}");
    line
}

fn queue(line: &Line) -> PathBuf {
    line.config.path(&line.config.queue.folder)
}

fn archived(line: &Line) -> Vec<String> {
    let mut names: Vec<String> = ["done", "rejected", "hold"]
        .iter()
        .flat_map(|room| files::below(&queue(line).join(room)))
        .filter(|path| path.is_file())
        .map(|path| {
            let below = path.strip_prefix(queue(line)).expect("below the queue");
            below.display().to_string()
        })
        .collect();
    names.sort();
    names
}

fn apply(line: &Line, parts: &Parts, days: i64) -> GivenUp {
    let now = parts.ports.clock.now().plus_seconds(days * SECONDS_PER_DAY);
    Retention::new(&line.config, parts, "4711")
        .apply(now)
        .expect("retention")
}

fn set(line: &mut Line, pins: u32, files: u32, people: u32) -> Parts {
    line.config.retention.sealed_pins_days = pins;
    line.config.retention.archived_files_days = files;
    line.config.retention.personal_data_days = people;
    assemble(&line.config, line.keys.clone(), Knows::nothing()).expect("a station")
}

const ALL: [&str; 11] = [
    "done/a.csv",
    "done/a.csv.report.json",
    "done/open.csv",
    "done/open.csv.report.json",
    "hold/again.csv",
    "hold/again.csv.reason.json",
    "hold/again.csv.reason.txt",
    "rejected/bad.csv",
    "rejected/bad.csv.reason.json",
    "rejected/bad.csv.reason.txt",
    "rejected/notes.reason.json",
];

#[test]
fn each_thing_goes_on_its_day_and_open_jobs_keep_theirs() {
    let mut line = busy();
    let parts = set(&mut line, 10, 20, 30);
    assert_eq!(apply(&line, &parts, 9), GivenUp::default());
    assert_eq!(archived(&line), ALL);

    let given_up = apply(&line, &parts, 11);
    assert_eq!(
        (given_up.sealed_pins, given_up.files, given_up.people),
        (1, 0, 0)
    );
    assert_eq!(sealed_pins(&parts.ledger, JobId(1)), Ok(0));

    let given_up = apply(&line, &parts, 21);
    assert_eq!(
        (given_up.sealed_pins, given_up.files, given_up.people),
        (0, 3, 0)
    );
    let left = [
        "done/open.csv",
        "done/open.csv.report.json",
        "rejected/notes.reason.json",
    ];
    assert_eq!(archived(&line), left);

    let given_up = apply(&line, &parts, 31);
    assert_eq!(
        (given_up.sealed_pins, given_up.files, given_up.people),
        (0, 0, 1)
    );
    let users: Vec<String> = parts
        .ledger
        .jobs(None)
        .expect("jobs")
        .into_iter()
        .map(|record| record.job.request.user)
        .collect();
    assert_eq!(
        users,
        ["a person who was erased", "juergen.mueller@contoso.com"]
    );
    assert_eq!(apply(&line, &parts, 32), GivenUp::default());
}

#[test]
fn zero_days_keep_for_ever() {
    let mut line = busy();
    let parts = set(&mut line, 0, 0, 0);
    assert_eq!(apply(&line, &parts, 36_500), GivenUp::default());
    assert_eq!(archived(&line), ALL);
    assert_eq!(sealed_pins(&parts.ledger, JobId(1)), Ok(1));
}

#[test]
fn a_station_gives_up_at_its_start_what_is_due() {
    let mut line = busy();
    // Nothing can be older than a day in a test, so the rules of the ledger stay out of it: the files are made old instead.
    drop(set(&mut line, 0, 1, 0));
    let report = queue(&line).join("rejected/bad.csv.reason.json");
    let old = std::time::SystemTime::now() - std::time::Duration::from_secs(2 * 86_400);
    std::fs::File::options()
        .write(true)
        .open(&report)
        .and_then(|file| file.set_modified(old))
        .expect("an old report");
    let (_, parts) = line.run(Knows::nothing(), Vec::new());
    drop(parts);
    assert!(!report.exists() && !queue(&line).join("rejected/bad.csv").exists());
    assert!(queue(&line).join("hold/again.csv").exists());
}
