//! A bench with readers: blank cards are laid down when the station watches, several at once or one after another.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use keyline::practice::authenticator::{Manufacturer, Model, SimulatedKey, Touch};

use crate::home::{Home, job_file};
use crate::program::{Ended, LOOK_EVERY, PATIENCE, Program};
use crate::support::pcscd::{Pcscd, SOCKET_VARIABLE, reader_name, unavailable};
use crate::support::vpcd::VirtualCard;

/// From the key's asking for a touch to the touch, as though a hand lay on the reader.
const TOUCH: Duration = Duration::from_millis(100);

/// One bench at a time: what is measured on one must not suffer from another.
static HALL: Mutex<()> = Mutex::new(());

/// People of the sample, two of each language; every other one is an administrator with a stricter policy.
pub(crate) const EIGHT: [(usize, &str); 8] = [
    (0, "standard"),
    (1, "strict"),
    (6, "standard"),
    (7, "strict"),
    (12, "standard"),
    (13, "strict"),
    (18, "standard"),
    (19, "strict"),
];

/// Readers, the cards on them, a station, and its tenant. Everything goes with the value.
pub(crate) struct Bench {
    pub(crate) home: Home,
    // Cards are lifted before their reader goes.
    pub(crate) cards: BTreeMap<u16, (SimulatedKey, VirtualCard)>,
    pub(crate) pcscd: Pcscd,
    maker: Manufacturer,
    made: u32,
    _hall: MutexGuard<'static, ()>,
}

impl Bench {
    /// `None`, with a word about it, where there can be no readers.
    pub(crate) fn new(readers: u16, confirm_cards: &str) -> Option<Self> {
        Self::with(readers, &[("slots", "confirm_cards", confirm_cards.into())])
    }

    /// With these settings.
    pub(crate) fn with(readers: u16, more: &[(&str, &str, toml::Value)]) -> Option<Self> {
        if unavailable().is_some() {
            return None;
        }
        let hall = HALL.lock().unwrap_or_else(PoisonError::into_inner);
        let places: Vec<toml::Value> = (0..readers)
            .map(|reader| format!("reader:{}", reader_name(reader)).into())
            .collect();
        let mut settings = vec![("slots", "places", places.into())];
        settings.extend_from_slice(more);
        Some(Self {
            home: Home::new(&settings),
            cards: BTreeMap::new(),
            // vpcd makes readers in pairs.
            pcscd: Pcscd::start(readers.next_multiple_of(2)).unwrap(),
            maker: Manufacturer::new(Model::practice()).unwrap(),
            made: 0,
            _hall: hall,
        })
    }

    /// A key fresh from the factory, laid on this reader.
    pub(crate) fn lay(&mut self, reader: u16) -> SimulatedKey {
        self.made += 1;
        let key = self.maker.make(self.made).unwrap();
        key.set_touch(Touch::After(TOUCH));
        let card = self.pcscd.lay(reader, key.clone()).unwrap();
        let there = self.cards.insert(reader, (key.clone(), card));
        // The service would not see that it is another one.
        assert!(there.is_none(), "a card lies on reader {reader}");
        key
    }

    /// Lays a key on the first reader and waits until the service has seen it: then it gives it power. Nothing else tells.
    fn lay_and_be_seen(&mut self) -> SimulatedKey {
        let key = self.lay(0);
        let until = Instant::now() + PATIENCE;
        while !key.is_plugged() {
            assert!(Instant::now() < until, "pcscd does not see the card");
            std::thread::sleep(LOOK_EVERY);
        }
        key
    }

    /// Starts the station with these arguments and waits until it watches the readers.
    ///
    /// A key lies on the first reader already: one that was forgotten there, or a blank one. That is how one sees that the
    /// station watches; and since the key came too early, the station must ask to have it lifted, and do nothing to it.
    pub(crate) fn start(&mut self, arguments: &[&str]) -> Program {
        self.start_as(arguments, |_| {})
    }

    /// As [`Bench::start`], by a command that was changed.
    pub(crate) fn start_as(
        &mut self,
        arguments: &[&str],
        change: impl FnOnce(&mut std::process::Command),
    ) -> Program {
        let early = match self.cards.get(&0) {
            Some((key, _)) => key.clone(),
            None => self.lay_and_be_seen(),
        };
        let mut command = self
            .home
            .command(&[&["run", "--until-empty"], arguments].concat());
        command.env(SOCKET_VARIABLE, self.pcscd.socket());
        change(&mut command);
        let mut program = Program::start(command);
        let asks = |line: &String| line.contains("slot 1: ") && line.contains("lift this key");
        program.wait_for("slot 1: lift this key", |lines| lines.iter().position(asks));
        let before = early.photograph();
        self.cards.remove(&0);
        program.wait_for("slot 1: insert a key, after that", |lines| {
            let asked = lines.iter().position(asks)?;
            let mut rest = lines[asked..].iter();
            // A job that was begun wants its own key.
            let lifted =
                |line: &&String| is_free(line, 1) || line.contains("slot 1: put the key back");
            rest.find(lifted).cloned()
        });
        assert!(before == early.photograph(), "the early key was changed");
        program
    }
}

/// Whether the line says that the slot waits for a key.
pub(crate) fn is_free(line: &str, slot: u16) -> bool {
    line.contains(&format!("slot {slot}: ")) && line.contains("insert a key")
}

/// Slot and envelope, when the line says to the operator that a key is done.
pub(crate) fn done(line: &str) -> Option<(u16, String)> {
    let (before, after) = line.split_once("done: envelope ")?;
    let (_, slot) = before.split_once("slot ")?;
    let digits = |text: &str| -> String { text.chars().take_while(char::is_ascii_digit).collect() };
    Some((digits(slot).parse().ok()?, digits(after)))
}

/// All that [`done`] finds, in order.
pub(crate) fn all_done(lines: &[String]) -> Vec<(u16, String)> {
    lines.iter().filter_map(|line| done(line)).collect()
}

/// What the station tells at its end: a line for each key, and the figures of the whole.
fn closing_table(lines: &[String]) -> &[String] {
    let head = lines.iter().rposition(|line| line.starts_with("person "));
    &lines[head.expect("a closing table")..]
}

/// Says something that is to be read although the test passes.
pub(crate) fn report(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// What came of a batch.
pub(crate) struct Batch {
    pub(crate) ended: Ended,
    /// From the first key laid down to the last key done.
    pub(crate) took: Duration,
}

/// Everybody's key at once, one on each reader.
pub(crate) fn enroll_at_once(bench: &mut Bench, people: &[(usize, &str)]) -> Batch {
    bench.home.drop_file("onboarding.csv", &job_file(people));
    let mut program = bench.start(&[]);
    program.wait_for_line(&format!("onboarding.csv was taken: {} jobs", people.len()));
    let since = Instant::now();
    for reader in 0..u16::try_from(people.len()).unwrap() {
        bench.lay(reader);
    }
    program.wait_for("every key done", |lines| {
        (all_done(lines).len() == people.len()).then_some(())
    });
    Batch {
        took: since.elapsed(),
        ended: program.wait_for_end(),
    }
}

/// One key after another on the first reader.
fn enroll_in_turn(bench: &mut Bench, people: &[(usize, &str)]) -> Batch {
    bench.home.drop_file("onboarding.csv", &job_file(people));
    let mut program = bench.start(&[]);
    program.wait_for_line(&format!("onboarding.csv was taken: {} jobs", people.len()));
    let since = Instant::now();
    for number in 1..=people.len() {
        bench.lay(0);
        let said = program.wait_for("the key done", |lines| {
            let last = lines.iter().rposition(|line| done(line).is_some())?;
            (all_done(lines).len() == number).then_some(last)
        });
        if number < people.len() {
            bench.cards.remove(&0);
            program.wait_for("the slot free", |lines| {
                lines[said..].iter().find(|line| is_free(line, 1)).cloned()
            });
        }
    }
    Batch {
        took: since.elapsed(),
        ended: program.wait_for_end(),
    }
}

#[test]
fn eight_readers_save_time_over_one() {
    let Some(mut bench) = Bench::new(8, "never") else {
        return;
    };
    let at_once = enroll_at_once(&mut bench, &EIGHT);
    drop(bench);
    let Some(mut bench) = Bench::new(1, "never") else {
        return;
    };
    let in_turn = enroll_in_turn(&mut bench, &EIGHT);
    assert_eq!((at_once.ended.code, in_turn.ended.code), (Some(0), Some(0)));
    let (few, many) = (at_once.took.as_secs_f64(), in_turn.took.as_secs_f64());
    report(&format!(
        "eight cards at once: {few:.2} s; one after another: {many:.2} s; ratio {:.2}",
        many / few
    ));
    for (how, batch) in [("at once", &at_once), ("one after another", &in_turn)] {
        let table = closing_table(&batch.ended.stdout);
        report(&format!("{how}:\n{}", table.join("\n")));
    }
    assert!(few < many, "eight readers are slower than one");
}

#[test]
fn cards_wait_for_the_operators_word() {
    let Some(mut bench) = Bench::new(2, "batch") else {
        return;
    };
    let people = [(0, "standard"), (6, "strict")];
    bench.home.drop_file("onboarding.csv", &job_file(&people));
    let mut program = bench.start(&[]);
    program.wait_for_line("onboarding.csv was taken: 2 jobs");
    let keys = [bench.lay(0), bench.lay(1)];
    for slot in [1, 2] {
        program.wait_for_line(&format!("type: take {slot}"));
    }
    let before = keys.each_ref().map(SimulatedKey::photograph);
    // Enter alone, and what a touched YubiKey types; the shift change that comes after tells that they were read.
    program.type_line("");
    program.type_line("cccccctlkjifrvttkkhldlejlgbbjkgkdffrdnvjfhlh");
    program.type_line("");
    program.type_line("badge 4711");
    program.wait_for_line("4711");
    assert_eq!(bench.home.letters().len(), 0);
    assert!(before == keys.each_ref().map(SimulatedKey::photograph));

    program.type_line("cards");
    program.wait_for("both keys done", |lines| {
        (all_done(lines).len() == people.len()).then_some(())
    });
    let ended = program.wait_for_end();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr.join("\n"));
    assert_eq!(bench.home.letters().len(), 2);
}
