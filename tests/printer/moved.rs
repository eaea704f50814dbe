//! The station is given another printer while letters wait in the old one.

use std::path::PathBuf;

use keyline::app::board::News;
use keyline::app::station::Request;
use keyline::domain::fault::Fault;
use keyline::domain::paper::{Astray, Outlet};

use crate::batch::{
    assert_doubts, assert_sound_pages, control_of, keyline, moved, run, said, station,
};
use crate::line::{Knows, Line};
use crate::printing::{Device, Mood, Printer, unavailable, wait};
use crate::tap::{Tap, Trick};

/// One letter waits for paper in a printer that is not the station's any more, and other jobs have no letter yet.
fn in_the_old_one(people: usize) -> (Printer, Printer, Line) {
    let (old, new) = (Printer::start().unwrap(), Printer::start().unwrap());
    old.device.set(Mood::OutOfPaper).unwrap();
    let line = station(&old.uri(), people);
    let device = old.device.clone();
    let supply = (1..=2).map(|key| line.maker.make(key).expect("a key"));
    line.run_attended(Knows::nothing(), supply.collect(), |_, handle| {
        let handle = handle.clone();
        std::thread::spawn(move || {
            device.wait_until_begun(1);
            handle.ask(Request::Stop);
        });
    });
    let line = moved(line, &old.uri(), &new.uri());
    (old, new, line)
}

/// The job whose letter is in doubt.
fn held(line: &Line) -> String {
    let jobs: serde_json::Value =
        serde_json::from_str(&keyline(line, &["jobs", "list", "--json"])).unwrap();
    let mut jobs = jobs.as_array().unwrap().iter();
    let held = jobs.find(|job| job["standing"] == "held").expect("one");
    held["job"].to_string()
}

fn all_pages(devices: [&Device; 2]) -> Vec<String> {
    devices.into_iter().flat_map(Device::pages).collect()
}

#[test]
fn a_letter_that_waits_in_the_old_printer_is_a_doubt_until_it_is_found_there() {
    if unavailable().is_some() {
        return;
    }
    let (old, new, line) = in_the_old_one(3);
    let supply = (3..=4).map(|key| line.maker.make(key).expect("a key"));
    let (summary, parts) = line.run(Knows::nothing(), supply.collect());
    assert_doubts(&line, &summary, 2, 1);
    let news = parts.board.take_news();
    // One at a time works on the ledger.
    drop(parts);
    let told: Vec<_> = news
        .iter()
        .filter_map(|one| match one {
            News::Held {
                fault: Fault::DeliveryUncertain,
                why: Some(why),
                ..
            } => Some(why),
            _ => None,
        })
        .collect();
    let [why] = told.as_slice() else {
        panic!("{news:?}");
    };
    let job = held(&line);
    let control = control_of(&line, &job).replace(' ', "");
    let cancel = "cancel it there if it still waits";
    for part in [old.uri(), format!("PM-{control}"), cancel.into()] {
        assert!(why.contains(&part), "{part}: {why}");
    }
    assert_eq!(
        (old.device.sheets().len(), new.device.sheets().len()),
        (0, 2)
    );
    // Somebody fills in paper, and finds it.
    old.device.feed().unwrap();
    old.device.wait_for_sheets(1);
    keyline(&line, &["mailer", "confirm", &control]);
    assert_eq!(run(&line, 0).held, []);
    assert_sound_pages(&line, &all_pages([&old.device, &new.device]));
}

#[test]
fn a_reissue_says_that_the_old_letter_may_still_come_out_there() {
    if unavailable().is_some() {
        return;
    }
    for spoiled in [false, true] {
        let (old, _new, line) = in_the_old_one(1);
        let (what, job) = (if spoiled { "spoil" } else { "reissue" }, "1");
        let (told, note) = said(&line, &["mailer", what, job, "--reason", "it stays there"]);
        let control = control_of(&line, job).replace(' ', "");
        let told = format!("{told}{note}");
        let where_it_is = format!("was sent to {}", old.uri());
        let name = format!("cancel PM-{control} (job 1) there");
        for part in [where_it_is, name] {
            assert!(told.contains(&part), "{part}: {told}");
        }
    }
}

/// The power goes when the printer has the letter and the station has not heard so yet, and the letter waits there for paper.
fn cut_on_its_way() -> (Printer, Tap, Line) {
    let old = Printer::start().unwrap();
    old.device.set(Mood::OutOfPaper).unwrap();
    let tap = Tap::to(&old.uri()).unwrap();
    tap.set(Trick::LoseAnswerAndGo);
    let line = station(&tap.uri(), 1);
    let device = old.device.clone();
    let supply = vec![line.maker.make(1).expect("a key")];
    line.run_attended(Knows::nothing(), supply, |parts, handle| {
        let (handle, board) = (handle.clone(), parts.board.clone());
        std::thread::spawn(move || {
            device.wait_until_begun(1);
            wait("the station to miss its printer", || {
                board.view().standstill.is_some()
            });
            handle.ask(Request::Stop);
        });
    });
    assert_eq!(tap.letters(), 1);
    (old, tap, line)
}

fn letters_in_folder(line: &Line) -> usize {
    let folder = line.config.path(&line.config.letters.folder);
    let Ok(entries) = std::fs::read_dir(folder) else {
        return 0;
    };
    let names = entries.map(|entry| entry.expect("a name").file_name());
    names
        .filter(|name| name.to_string_lossy().ends_with(".pdf"))
        .count()
}

#[test]
fn a_letter_that_was_cut_off_on_its_way_there_is_made_nowhere_else() {
    if unavailable().is_some() {
        return;
    }
    for prints in [true, false] {
        let new = Printer::start().unwrap();
        let (old, tap, line) = cut_on_its_way();
        let to = if prints { new.uri() } else { String::new() };
        let line = moved(line, &tap.uri(), &to);
        assert_doubts(&line, &run(&line, 0), 0, 1);
        let control = control_of(&line, "1");
        let status = keyline(&line, &["status"]);
        for part in [tap.uri(), format!("PM-{control}")] {
            assert!(status.contains(&part), "{part}: {status}");
        }
        // Whoever releases it without a look at the old printer gets no second sheet.
        keyline(&line, &["jobs", "release", "1"]);
        assert_doubts(&line, &run(&line, 0), 0, 1);
        assert_eq!(
            (new.device.sheets().len(), letters_in_folder(&line)),
            (0, 0)
        );
        old.device.feed().unwrap();
        old.device.wait_for_sheets(1);
        keyline(&line, &["mailer", "confirm", &control]);
        assert_eq!(run(&line, 0).held, []);
        assert_sound_pages(&line, &old.device.pages());
    }
}

#[test]
fn a_reissue_of_a_letter_that_was_cut_off_says_that_it_may_still_come_out_there() {
    if unavailable().is_some() {
        return;
    }
    for prints in [true, false] {
        let new = Printer::start().unwrap();
        let (_old, tap, line) = cut_on_its_way();
        let to = if prints { new.uri() } else { String::new() };
        let line = moved(line, &tap.uri(), &to);
        let control = control_of(&line, "1");
        let reissue = ["mailer", "reissue", "1", "--reason", "lost", "--json"];
        let told: serde_json::Value = serde_json::from_str(&keyline(&line, &reissue)).unwrap();
        assert_eq!(told["may_still_print"], true, "{told}");
        // Otherwise the station waits for its key.
        keyline(&line, &["jobs", "cancel", "1"]);
        let (_, parts) = line.run(Knows::nothing(), Vec::new());
        let news = parts.board.take_news();
        drop(parts);
        let told = news.iter().find_map(|one| match one {
            News::VoidElsewhere {
                astray: Astray::Perhaps { control, outlet },
                ..
            } => Some((control.to_string(), outlet.clone())),
            _ => None,
        });
        let outlet = Outlet::Printer {
            uri: tap.uri(),
            spool: None,
        };
        assert_eq!(told, Some((control, outlet)), "{news:?}");
    }
}

/// As [`in_the_old_one`], where a copy of the letter lies in a spool; and what the station has by now: another printer with another
/// spool, or with `prints` = false neither.
fn spooled(prints: bool) -> (Printer, Printer, Line) {
    let (old, new) = (Printer::start().unwrap(), Printer::start().unwrap());
    old.device.set(Mood::OutOfPaper).unwrap();
    let line = station(&old.uri(), 1);
    let line = moved(line, "spool = \"none\"", "spool = \"old spool\"");
    let device = old.device.clone();
    let supply = vec![line.maker.make(1).expect("a key")];
    line.run_attended(Knows::nothing(), supply, |_, handle| {
        let handle = handle.clone();
        std::thread::spawn(move || {
            device.wait_until_begun(1);
            handle.ask(Request::Stop);
        });
    });
    let (printer, spool) = if prints {
        (new.uri(), "new spool")
    } else {
        (String::new(), "none")
    };
    let line = moved(
        line,
        "spool = \"old spool\"",
        &format!("spool = \"{spool}\""),
    );
    let line = moved(line, &old.uri(), &printer);
    assert_eq!(copies(&line), 1);
    (old, new, line)
}

fn old_spool(line: &Line) -> PathBuf {
    line.root().join("old spool")
}

fn copies(line: &Line) -> usize {
    let names = std::fs::read_dir(old_spool(line)).expect("a folder");
    names.count()
}

/// What a start of the station says of folders that it cannot look into.
fn told_of_folders(line: &Line) -> Vec<String> {
    let (_, parts) = line.run(Knows::nothing(), Vec::new());
    let news = parts.board.take_news();
    let troubles = news.into_iter().filter_map(|one| match one {
        News::Trouble { what } if what.contains("old spool") => Some(what),
        _ => None,
    });
    troubles.collect()
}

#[test]
fn the_copy_of_a_letter_is_gone_once_it_is_confirmed_or_void_wherever_it_was_spooled() {
    if unavailable().is_some() {
        return;
    }
    for (prints, what) in [
        (true, "confirm"),
        (false, "confirm"),
        (true, "reissue"),
        (false, "reissue"),
        (false, "spoil"),
    ] {
        let (_old, _new, line) = spooled(prints);
        // While its letter is in doubt it stays.
        assert_doubts(&line, &run(&line, 0), 0, 1);
        assert_eq!(copies(&line), 1, "{what}");
        let control = control_of(&line, "1");
        let told = match what {
            "confirm" => keyline(&line, &["mailer", "confirm", &control]),
            _ => keyline(&line, &["mailer", what, "1", "--reason", "lost"]),
        };
        assert!(!told.contains("still there"), "{told}");
        assert_eq!(copies(&line), 0, "{what}");
    }
}

#[test]
fn a_spool_that_is_gone_is_told_once_and_cleared_when_it_is_back() {
    if unavailable().is_some() {
        return;
    }
    for prints in [true, false] {
        let (_old, _new, line) = spooled(prints);
        let (spool, aside) = (old_spool(&line), line.root().join("aside"));
        let control = control_of(&line, "1");
        std::fs::rename(&spool, &aside).unwrap();
        let told = keyline(&line, &["mailer", "confirm", &control]);
        for words in [
            "is confirmed",
            "still there",
            "holds a PIN",
            "the folder is gone",
        ] {
            assert!(told.contains(words), "{words}: {told}");
        }
        let told = told_of_folders(&line);
        assert!(
            matches!(told.as_slice(), [one] if one.contains("the folder is gone")),
            "{told:?}"
        );
        assert_eq!(told_of_folders(&line), Vec::<String>::new());
        std::fs::rename(&aside, &spool).unwrap();
        assert_eq!(copies(&line), 1);
        // A start does what the cut before the removal left undone.
        assert_eq!(told_of_folders(&line), Vec::<String>::new());
        assert_eq!(copies(&line), 0);
        std::fs::remove_dir(&spool).unwrap();
        assert_eq!(told_of_folders(&line), Vec::<String>::new());
    }
}
