//! Whoever stands between bench and printer: puts keys into bags and scans them, takes sheets out of the tray and scans them, in
//! the words of `keyline mailer`, over the socket of the running station. Each scan goes on by itself, as a hand scanner's does.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::home::Home;
use crate::support::pcscd::Pcscd;
use crate::tray::{Sheet, Tray};

/// What was refused is scanned once more after so long.
const AGAIN: Duration = Duration::from_secs(1);

/// How somebody works.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Manner {
    /// Scans a sheet as soon as it lies there, whatever the station says of it.
    pub(crate) eager: bool,
    /// The first sheet is torn.
    pub(crate) tears_first: bool,
}

/// What there is to tell the station.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Word {
    Bag(String),
    Sheet(String),
    Torn(String),
}

impl Word {
    fn arguments(&self) -> Vec<&str> {
        match self {
            Self::Bag(code) | Self::Sheet(code) => vec!["mailer", "confirm", code, "--json"],
            Self::Torn(control) => vec!["mailer", "spoil", control, "--reason", "torn"],
        }
    }
}

enum Case {
    Underway(JoinHandle<bool>),
    Refused(Instant),
    Taken,
}

/// The person, during one run of the station.
pub(crate) struct Clerk<'a> {
    tray: &'a Tray,
    manner: Manner,
    /// The station asked for what lies in the tray.
    asked: bool,
    bags: Vec<String>,
    cases: BTreeMap<Word, Case>,
}

impl<'a> Clerk<'a> {
    pub(crate) fn new(tray: &'a Tray, manner: Manner) -> Self {
        Self {
            tray,
            manner,
            asked: manner.eager,
            bags: Vec::new(),
            cases: BTreeMap::new(),
        }
    }

    /// Hears a line of the station.
    pub(crate) fn hear(&mut self, line: &str) {
        // The second where a job is held besides.
        let only_words = ["Everything else is done", "Nothing else goes on"]
            .iter()
            .any(|words| line.contains(words))
            && line.contains("letter");
        if only_words || line.contains(" is on paper: scan its code") {
            self.asked = true;
        }
        for before in ["key into bag ", "first bag "] {
            if let Some((_, rest)) = line.split_once(before) {
                let bag: String = rest
                    .chars()
                    .take_while(|c| c.is_ascii_alphanumeric() || *c == '-')
                    .collect();
                if !self.bags.contains(&bag) {
                    self.bags.push(bag);
                }
            }
        }
    }

    /// Says what is to be said, unless it is being said already.
    pub(crate) fn work(&mut self, home: &Home, pcscd: &Pcscd) {
        self.listen();
        for word in self.words() {
            let due = match self.cases.get(&word) {
                None => true,
                Some(Case::Refused(since)) => since.elapsed() > AGAIN,
                Some(Case::Underway(_) | Case::Taken) => false,
            };
            if due {
                let first = home.command(pcscd, &word.arguments());
                // Scanned once more at once it is the same scan, read twice: nothing may come of it.
                let second =
                    matches!(word, Word::Sheet(_)).then(|| home.command(pcscd, &word.arguments()));
                let case = std::thread::spawn(move || {
                    tell(first).is_some() && second.is_none_or(|again| tell(again).is_some())
                });
                self.cases.insert(word, Case::Underway(case));
            }
        }
    }

    /// The station is down: nothing is on its way any more.
    pub(crate) fn rest(self) {
        for case in self.cases.into_values() {
            if let Case::Underway(case) = case {
                case.join().unwrap();
            }
        }
    }

    fn words(&self) -> Vec<Word> {
        let mut words: Vec<Word> = self.bags.iter().cloned().map(Word::Bag).collect();
        if self.asked {
            let sheets = self.tray.sheets();
            for (at, sheet) in sheets.iter().enumerate() {
                let control = sheet.control.to_string();
                let torn = Word::Torn(control.clone());
                // Where there are two, the first was torn before, or nobody came to tear it.
                let tears = at == 0 && self.manner.tears_first && sheets.len() == 1;
                words.push(if tears || self.cases.contains_key(&torn) {
                    torn
                } else {
                    Word::Sheet(control)
                });
            }
        }
        words
    }

    fn listen(&mut self) {
        for case in self.cases.values_mut() {
            if matches!(case, Case::Underway(thread) if thread.is_finished()) {
                let ended = std::mem::replace(case, Case::Taken);
                if let Case::Underway(thread) = ended
                    && !thread.join().unwrap()
                {
                    *case = Case::Refused(Instant::now());
                }
            }
        }
    }
}

/// The one word that came of it; `None`: it was refused, or nobody answered.
fn tell(mut command: Command) -> Option<String> {
    let told = command.output().unwrap();
    let answer: Option<Value> = serde_json::from_slice(&told.stdout).ok();
    let result = answer.and_then(|answer| answer["result"].as_str().map(str::to_owned));
    told.status.success().then(|| result.unwrap_or_default())
}

/// Scans a sheet while no station runs, as whoever finds it later does.
pub(crate) fn scan(home: &Home, pcscd: &Pcscd, sheet: &Arc<Sheet>) -> Option<String> {
    let word = Word::Sheet(sheet.control.to_string());
    tell(home.command(pcscd, &word.arguments()))
}
