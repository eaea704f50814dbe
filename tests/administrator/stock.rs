//! `keyline stock`, as typed, and what a stock list does at the bench.

use keyline::adapter::ledger::{SqliteLedger, Verdict};
use keyline::app::board::News;
use keyline::domain::authenticator::Slot;
use keyline::domain::fault::Fault;
use keyline::domain::station::signal::SlotState;
use keyline::domain::stock::Unlisted;
use keyline::practice::authenticator::{Manufacturer, Model};
use keyline::wire::config::Config;
use serde_json::Value;

use crate::line::{Knows, Line, write};
use crate::{err, keyline, out};

const PEOPLE: [&str; 3] = [
    "anna.lang@contoso.com",
    "emily.carter@contoso.com",
    "juergen.mueller@contoso.com",
];

/// Writes a list beside the station and hands it to `keyline stock`.
fn stock(line: &Line, command: &str, text: &str) -> std::process::Output {
    let file = line.home.path().join("list.csv");
    write(&file, text);
    let file = file.to_string_lossy().into_owned();
    keyline(line, &["stock", command, &file])
}

fn counts(line: &Line) -> Value {
    let told = keyline(line, &["stock", "--json"]);
    assert!(told.status.success(), "{}", err(&told));
    serde_json::from_slice(&told.stdout).expect("JSON")
}

/// What is told where no list was ever imported: every key is taken.
fn no_list() -> Value {
    serde_json::json!({ "listed": 0, "used": 0, "spare": null, "models": [] })
}

fn is_sound(line: &Line) {
    let path = line.config.path(&line.config.ledger.file);
    let ledger = SqliteLedger::open_reader(&path).expect("a ledger");
    let verdict = ledger.verify(None).expect("a verdict");
    assert!(matches!(verdict, Verdict::Sound(_)), "{verdict:?}");
}

fn drop_jobs(line: &Line, name: &str, people: &[&str]) {
    line.drop_file(name, &format!("user\r\n{}\r\n", people.join("\r\n")));
}

#[test]
fn a_list_is_taken_counted_and_taken_back() {
    let line = Line::new(1);
    assert!(out(&keyline(&line, &["stock"])).contains("every key is taken"));
    assert_eq!(counts(&line), no_list());
    let taken = stock(
        &line,
        "import",
        "sep=;\r\nSerial Number;Product\r\nPRACTICE-000001;Key A\r\nPRACTICE-000002;Key A\r\nPRACTICE-000003;\r\n",
    );
    assert!(taken.status.success(), "{}", err(&taken));
    assert!(
        out(&taken).starts_with("3 keys came to the stock list. It has 3 keys, 3 spare."),
        "{}",
        out(&taken)
    );
    let again = stock(&line, "import", "practice-000001\nPRACTICE-000004\n");
    assert!(
        out(&again).starts_with("1 key came to the stock list; 1 were listed already."),
        "{}",
        out(&again)
    );
    drop_jobs(&line, "a.csv", &PEOPLE[..1]);
    let (summary, parts) = line.run(Knows::nothing(), vec![line.maker.make(1).expect("a key")]);
    assert_eq!(summary.done, 1, "{summary:?}");
    drop(parts);
    let now = counts(&line);
    assert_eq!(
        (&now["listed"], &now["used"], &now["spare"]),
        (&4.into(), &1.into(), &3.into())
    );
    assert_eq!(now["models"][0]["model"], "Key A");
    let table = out(&keyline(&line, &["stock"]));
    assert!(table.contains("Key A            2     1      1"), "{table}");
    assert!(table.contains("all              4     1      3"), "{table}");
    let status = out(&keyline(&line, &["status"]));
    assert!(status.contains("stock: 3 spare"), "{status}");
    let gone = stock(&line, "remove", "PRACTICE-000004\nPRACTICE-000009\n");
    assert!(
        out(&gone).starts_with("1 key went from the stock list; 1 were not in it. It has 3 keys."),
        "{}",
        out(&gone)
    );
    is_sound(&line);
}

#[test]
fn a_list_with_anything_wrong_changes_nothing_and_tells_every_line() {
    let line = Line::new(1);
    let refused = stock(&line, "import", "serial\n17\n1.23E+07\nx y\n");
    assert_eq!(refused.status.code(), Some(3), "{}", err(&refused));
    let told = err(&refused);
    assert!(told.contains("2 things to mend"), "{told}");
    assert!(
        told.contains("line 3: ") && told.contains("line 4: "),
        "{told}"
    );
    assert_eq!(counts(&line), no_list());
    let missing = keyline(&line, &["stock", "import", "nowhere.csv"]);
    assert_eq!(missing.status.code(), Some(2), "{}", err(&missing));
}

#[test]
fn a_key_that_no_list_has_stops_before_anything_is_done_to_it() {
    let line = Line::new(1);
    assert!(
        stock(&line, "import", "serial\nPRACTICE-000002\n")
            .status
            .success()
    );
    drop_jobs(&line, "a.csv", &PEOPLE[..1]);
    let (stranger, ours) = (
        line.maker.make(1).expect("a key"),
        line.maker.make(2).expect("a key"),
    );
    let (seen, refused) = std::sync::mpsc::channel();
    let (summary, parts) = line.run_attended(
        Knows::nothing(),
        vec![stranger.clone(), ours],
        |parts, _| {
            let board = parts.board.clone();
            // Ends when nobody wants to hear of it any more.
            std::thread::spawn(move || {
                while seen
                    .send(
                        board
                            .view()
                            .slots
                            .into_values()
                            .map(|slot| slot.state)
                            .collect::<Vec<_>>(),
                    )
                    .is_ok()
                {
                    std::thread::sleep(std::time::Duration::from_millis(5));
                }
            });
        },
    );
    assert_eq!(summary.done, 1, "{summary:?}");
    let fault = Fault::KeyUnlisted {
        serial: "PRACTICE-000001".to_owned(),
    };
    let stops = SlotState::Refused { fault };
    assert!(
        refused.try_iter().flatten().any(|state| state == stops),
        "the slot says why"
    );
    drop(refused);
    assert_eq!(
        parts.board.finished(0)[0].serial.as_deref(),
        Some("PRACTICE-000002")
    );
    drop(parts);
    let shown = out(&keyline(&line, &["jobs", "show", "1"]));
    assert!(!shown.contains("PRACTICE-000001"), "{shown}");
    // It is as blank as it was.
    assert!(
        !line
            .open(&stranger)
            .capabilities()
            .expect("a key")
            .has_pin()
    );
    is_sound(&line);
}

#[test]
fn a_configuration_may_have_it_told_and_taken_and_few_spares_are_told() {
    let mut line = Line::new(1);
    let file = line.config.file.clone();
    let text = std::fs::read_to_string(&file).expect("a configuration");
    write(
        &file,
        &text.replace("unlisted = \"stop\"", "unlisted = \"warn\""),
    );
    line.config = Config::load(&file).expect("a configuration");
    assert_eq!(line.config.stock.unlisted, Unlisted::Warn);
    let list = stock(&line, "import", "serial\nPRACTICE-000002\n");
    assert!(list.status.success(), "{}", err(&list));
    drop_jobs(&line, "a.csv", &PEOPLE[..2]);
    let keys = (1..=2).map(|number| line.maker.make(number).expect("a key"));
    let (summary, parts) = line.run(Knows::nothing(), keys.collect());
    assert_eq!(summary.done, 2, "{summary:?}");
    let news = parts.board.take_news();
    let few = News::FewSpares {
        spare: 1,
        waiting: 2,
    };
    assert_eq!(
        news.iter().filter(|one| **one == few).count(),
        1,
        "{news:?}"
    );
    let unlisted = News::KeyUnlisted {
        slot: Slot(1),
        serial: "PRACTICE-000001".to_owned(),
    };
    assert!(news.contains(&unlisted), "{news:?}");
}

#[test]
fn a_key_that_tells_no_serial_is_told_and_taken() {
    let line = Line::new(1);
    let list = stock(&line, "import", "serial\nPRACTICE-000002\n");
    assert!(list.status.success(), "{}", err(&list));
    drop_jobs(&line, "a.csv", &PEOPLE[..1]);
    let silent = Manufacturer::new(Model::training()).expect("a manufacturer");
    let (summary, parts) = line.run(Knows::nothing(), vec![silent.make(1).expect("a key")]);
    assert_eq!(summary.done, 1, "{summary:?}");
    let news = parts.board.take_news();
    let told = News::KeyWithoutSerial { slot: Slot(1) };
    assert!(news.contains(&told), "{news:?}");
}

#[test]
fn a_key_that_a_list_names_twice_is_told_with_both_lines() {
    let line = Line::new(1);
    let taken = stock(
        &line,
        "import",
        "serial,model\r\n17,Key A\r\n18,Key A\r\n17,Key A\r\n18,Key B\r\n",
    );
    assert!(taken.status.success(), "{}", err(&taken));
    assert!(
        out(&taken).starts_with("2 keys came to the stock list."),
        "{}",
        out(&taken)
    );
    assert_eq!(
        err(&taken),
        "warning: line 5: the key 18 is `Key B` here and `Key A` in line 3, which counts. Look which it is.\n\
         note: line 4: the key 17 is in line 2 already, and counts once.\n"
    );
}
