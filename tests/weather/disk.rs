//! A disk that is full in the middle of the work: the step stops in words, nothing is half done, and once there is room again the
//! next run, or the same one, goes on from where it was.

use std::path::PathBuf;
use std::time::Duration;

use keyline::app::admin::Change;
use keyline::app::board::News;
use keyline::app::station::Request;
use keyline::domain::authenticator::Slot;
use keyline::domain::enrollment::Standing;
use keyline::domain::event::{Happening, Step};
use keyline::domain::fault::Fault;
use keyline::domain::job::JobId;
use keyline::domain::station::signal::SlotState;
use keyline::port::Ledger;
use keyline::practice::authenticator::Touch;
use keyline::wire::config::{Config, TEMPLATE};

use crate::line::{Layout, Line, PATIENCE, begun};
use crate::small_disk::SmallDisk;

const MEGABYTES: u32 = 8;

fn path(folder: PathBuf) -> toml::Value {
    toml::Value::String(folder.display().to_string())
}

/// A line with one of its folders elsewhere: what `keyline init` made moves there.
fn line(slots: u16, section: &'static str, name: &'static str, there: PathBuf) -> Line {
    let line = Line::set(&Layout {
        slots,
        settings: vec![(section, name, path(there.clone()))],
        ..Layout::default()
    });
    let shipped = Config::parse(TEMPLATE).expect("the shipped configuration");
    let here = line.base.root().join(match section {
        "ledger" => shipped.ledger.file,
        _ => shipped.queue.folder,
    });
    if here.is_file() {
        std::fs::copy(&here, there).expect("room for a ledger");
        std::fs::remove_file(here).expect("a ledger");
    } else {
        for room in ["new", "work", "done", "rejected", "hold", "tmp"] {
            if section == "queue" && here.join(room).is_dir() {
                std::fs::create_dir(there.join(room)).expect("room for a folder");
            }
        }
    }
    line
}

/// How many steps came to an end.
fn done(ledger: &dyn Ledger, job: JobId) -> Vec<Step> {
    let journal = ledger.journal(job).expect("a journal");
    let steps = journal.iter().filter_map(|row| match row.event.happening {
        Happening::Done { step, .. } => Some(step),
        _ => None,
    });
    steps.collect()
}

#[test]
fn the_disk_of_the_ledger_is_full_while_a_key_waits_for_its_touch() {
    SmallDisk::with(
        "disk::the_disk_of_the_ledger_is_full_while_a_key_waits_for_its_touch",
        MEGABYTES,
        |disk| {
            for step in [Step::Reset, Step::MakeCredential] {
                let file = disk.folder(&format!("{step}")).join("ledger.db");
                let line = line(1, "ledger", "file", file);
                let keys = line.add_keys(2);
                keys[0].set_touch(Touch::ByHand);
                line.drop_people("two.csv", 0..2);
                let running = line.start(true);
                assert!(keys[0].wait_for_blink(PATIENCE));
                if step == Step::MakeCredential {
                    keys[0].press();
                    running.wait_for("the passkey begun", |_| {
                        begun(running.ledger.as_ref(), Step::MakeCredential) == 1
                    });
                    assert!(keys[0].wait_for_blink(PATIENCE));
                }
                let before = done(running.ledger.as_ref(), JobId(1));
                let ballast = disk.fill();
                keys[0].press();
                let (summary, ledger) = running.finish();
                assert_eq!(summary.done, 0);
                let told = summary.broken.expect("a fault").to_string();
                assert!(
                    told.contains("full") && told.contains("make room"),
                    "{told}"
                );
                // What the key did is not in the journal: the step is in doubt, and nothing came after it.
                assert_eq!(done(ledger.as_ref(), JobId(1)), before);
                assert_eq!(begun(ledger.as_ref(), step), 1);
                drop(ledger);
                drop(ballast);
                keys[0].set_touch(Touch::After(Duration::ZERO));
                line.put_into_crate(&keys[0]);
                let (summary, ledger) = line.start(true).finish();
                assert_eq!((summary.done, summary.broken), (2, None));
                line.assert_sound(ledger.as_ref(), 0);
            }
        },
    );
}

/// Once the ledger has failed, the steps in hand end and no other key is taken, also when there is room again meanwhile.
#[test]
fn a_station_whose_ledger_failed_takes_no_other_key() {
    SmallDisk::with(
        "disk::a_station_whose_ledger_failed_takes_no_other_key",
        MEGABYTES,
        |disk| {
            let line = line(3, "ledger", "file", disk.folder("l").join("ledger.db"));
            let keys = line.add_keys(2);
            for key in &keys {
                key.set_touch(Touch::ByHand);
            }
            line.drop_people("four.csv", 0..4);
            let running = line.start(false);
            assert!(keys[0].wait_for_blink(PATIENCE) && keys[1].wait_for_blink(PATIENCE));
            let ballast = disk.fill();
            keys[0].press();
            running.wait_for("the trouble told", |_| {
                let full =
                    |news: &News| matches!(news, News::Trouble { what } if what.contains("full"));
                running.news().iter().any(full)
            });
            drop(ballast);
            let more = line.add_keys(2);
            running.wait_for("the third key seen", |view| {
                let slot = view.slots.get(&Slot(3));
                slot.is_some_and(|slot| {
                    !matches!(slot.state, SlotState::Empty | SlotState::Reading)
                })
            });
            assert!(!running.ledger.jobs(None).expect("jobs").is_empty());
            for job in [3, 4] {
                assert_eq!(
                    running.ledger.journal(JobId(job)),
                    Ok(Vec::new()),
                    "it began"
                );
            }
            keys[1].press();
            let (summary, ledger) = running.finish();
            assert!(
                matches!(summary.broken, Some(Fault::Ledger { .. })),
                "{summary:?}"
            );
            drop(ledger);
            for key in &keys {
                key.set_touch(Touch::After(Duration::ZERO));
                line.put_into_crate(key);
            }
            line.put_into_crate(&more[0]);
            let (summary, ledger) = line.start(true).finish();
            assert_eq!(summary.done, 4, "{summary:?}");
            line.assert_sound(ledger.as_ref(), 0);
        },
    );
}

#[test]
fn a_job_file_that_the_ledger_has_no_room_for_waits() {
    SmallDisk::with(
        "disk::a_job_file_that_the_ledger_has_no_room_for_waits",
        MEGABYTES,
        |disk| {
            let file = disk.folder("l").join("ledger.db");
            let line = line(1, "ledger", "file", file);
            line.add_keys(2);
            let running = line.start(false);
            running.wait_for("the station at work", |_| !running.news().is_empty());
            let ballast = disk.fill();
            line.drop_people("two.csv", 0..2);
            running.wait_for("the trouble told", |_| {
                let full =
                    |news: &News| matches!(news, News::Trouble { what } if what.contains("full"));
                running.news().iter().any(full)
            });
            assert_eq!(running.ledger.jobs(None), Ok(Vec::new()));
            drop(ballast);
            // Nobody has to do anything: the folder is looked at again.
            running.wait_for("both done", |view| view.counts.done == 2);
            running.handle.ask(Request::Stop);
            let (_, ledger) = running.finish();
            assert_eq!(ledger.jobs(None).expect("jobs").len(), 2);
            line.assert_sound(ledger.as_ref(), 0);
        },
    );
}

#[test]
fn the_disk_of_the_letters_is_full() {
    SmallDisk::with("disk::the_disk_of_the_letters_is_full", MEGABYTES, |disk| {
        let letters = disk.folder("letters");
        let line = line(1, "letters", "folder", letters.clone());
        line.add_keys(1);
        line.drop_people("one.csv", 0..1);
        let ballast = disk.fill();
        let (summary, ledger) = line.start(true).finish();
        let told = format!("{:?}", summary.held);
        assert!(told.contains("No space left"), "{summary:?}");
        let job = ledger.jobs(None).expect("jobs").remove(0);
        assert_eq!(job.standing, Standing::Held);
        // Not even a piece of a letter: it would hold a PIN.
        let left: Vec<_> = std::fs::read_dir(&letters)
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .filter(|name| name != ".control-numbers")
            .collect();
        assert!(left.is_empty(), "{left:?}");
        drop((ledger, ballast));
        let running = line.start(true);
        let changed =
            running
                .handle
                .change(job.job.id, Change::Release, "administrator".to_owned());
        assert!(matches!(changed, Some(Ok(_))), "{changed:?}");
        let (summary, ledger) = running.finish();
        assert_eq!(summary.done, 1, "{summary:?}");
        line.assert_sound(ledger.as_ref(), 0);
        let letters = std::fs::read_dir(&letters).unwrap();
        let pdfs = letters.filter(|entry| {
            let name = entry.as_ref().unwrap().file_name();
            name.to_string_lossy().ends_with(".pdf")
        });
        assert_eq!(pdfs.count(), 1);
    });
}

#[test]
fn the_disk_of_the_queue_is_full() {
    SmallDisk::with("disk::the_disk_of_the_queue_is_full", MEGABYTES, |disk| {
        let queue = disk.folder("queue");
        let line = line(1, "queue", "folder", queue.clone());
        line.add_keys(2);
        let mut text = "user\n".to_owned();
        for user in line.users(0..2) {
            text.push_str(&format!("{user}\n"));
        }
        std::fs::write(queue.join("draft"), text).unwrap();
        let ballast = disk.fill();
        std::fs::rename(queue.join("draft"), queue.join("new/two.csv")).unwrap();
        let (summary, ledger) = line.start(true).finish();
        // The people get their keys; only the report could not be written.
        assert_eq!(summary.done, 2, "{summary:?}");
        let told = summary.folder.expect("a fault").to_string();
        assert!(told.contains("is full: make room"), "{told}");
        let names = |room: &str| -> Vec<String> {
            let entries = std::fs::read_dir(queue.join(room)).unwrap();
            entries
                .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
                .collect()
        };
        assert_eq!(names("work").len(), 1, "the file waits");
        drop((ledger, ballast));
        let (summary, ledger) = line.start(true).finish();
        assert_eq!((summary.done, summary.folder), (0, None));
        assert_eq!(ledger.jobs(None).expect("jobs").len(), 2, "admitted once");
        assert_eq!(names("work"), Vec::<String>::new());
        let mut archived = names("done");
        archived.sort();
        assert_eq!(archived, ["two.csv", "two.csv.report.json"]);
        line.assert_sound(ledger.as_ref(), 0);
    });
}
