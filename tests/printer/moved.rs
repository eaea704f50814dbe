//! The station is given another printer while letters wait in the old one.

use keyline::app::board::News;
use keyline::app::station::Request;
use keyline::domain::fault::Fault;

use crate::batch::{
    assert_doubts, assert_sound_pages, control_of, keyline, moved, run, said, station,
};
use crate::line::{Knows, Line};
use crate::printing::{Device, Mood, Printer, unavailable};

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
    for part in [old.uri(), format!("PM-{control}"), "cancel it there".into()] {
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
