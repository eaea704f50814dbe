//! The bench as plain lines, one for each change: for files, pipes and services. Never a PIN.

use std::collections::BTreeMap;
use std::io::{self, Write as _};

use jiff::tz::TimeZone;

use crate::app::board::{Board, Counts, Finished, News, View};
use crate::domain::authenticator::Slot;
use crate::face::say::slot::{self, Tone};
use crate::face::say::{clean::clean, news};

/// Turns changes of the board into lines.
pub(super) struct Lines {
    zone: TimeZone,
    version: Option<u64>,
    said: BTreeMap<Slot, String>,
    finished: usize,
}

impl Lines {
    pub(super) fn new(zone: TimeZone) -> Self {
        Self {
            zone,
            version: None,
            said: BTreeMap::new(),
            finished: 0,
        }
    }

    /// News, one line each.
    pub(super) fn news(&self, all: &[News]) -> Vec<String> {
        all.iter().map(|one| self.stamp(&news::line(one))).collect()
    }

    /// A line with the local time before it.
    pub(super) fn stamp(&self, line: &str) -> String {
        let now = jiff::Timestamp::now().to_zoned(self.zone.clone());
        format!("{}  {line}", now.strftime("%H:%M:%S"))
    }

    /// What is different since the last call.
    pub(super) fn changes(&mut self, board: &Board) -> Vec<String> {
        let view = board.view();
        if self.version.replace(view.version) == Some(view.version) {
            return Vec::new();
        }
        let mut lines = self.finished(board, view.counts);
        let slots = self.slots(&view);
        lines.extend(slots.into_iter().map(|(_, line)| line));
        lines
    }

    /// Of what is different, only what has gone wrong: it is worth a line that stays, where bars show all the rest.
    pub(super) fn stops(&mut self, board: &Board) -> Vec<String> {
        let slots = self.slots(&board.view());
        slots
            .into_iter()
            .filter(|(tone, _)| *tone == Tone::Stop)
            .map(|(_, line)| line)
            .collect()
    }

    fn finished(&mut self, board: &Board, counts: Counts) -> Vec<String> {
        let to_go = counts.waiting.saturating_add(counts.under_way);
        let mut lines = Vec::new();
        let news = board.finished(self.finished);
        // The counts are those after the last of them.
        let mut to_go = to_go.saturating_add(news.len());
        for one in news {
            self.finished = self.finished.saturating_add(1);
            to_go = to_go.saturating_sub(1);
            lines.push(self.stamp(&format!(
                "{}; {} done, {to_go} to go.",
                finished_line(&one),
                self.finished
            )));
        }
        lines
    }

    fn slots(&mut self, view: &View) -> Vec<(Tone, String)> {
        let mut lines = Vec::new();
        for (number, view) in &view.slots {
            let words = slot::words(*number, view);
            let who = match &view.case {
                Some(case) => format!(" ({}, {})", slot::person(Some(case)), slot::number(case)),
                None => String::new(),
            };
            let line = format!("{number}: {}{who}. {}", words.big, words.small);
            let line = line.trim_end().to_owned();
            // That a key is done was told from the list of finished keys, which misses none.
            let told = words.tone == Tone::Done;
            if self.said.insert(*number, line.clone()).as_ref() != Some(&line) && !told {
                lines.push((words.tone, self.stamp(&line)));
            }
        }
        lines
    }
}

fn finished_line(one: &Finished) -> String {
    let place = one
        .slot
        .map_or_else(|| "without a key".to_owned(), |slot| slot.to_string());
    let serial = one
        .serial
        .as_deref()
        .map_or_else(String::new, |serial| format!(", serial {}", clean(serial)));
    format!(
        "{place}: done: envelope {} ({}, {}{serial}, {:.1} s)",
        clean(&one.case.envelope),
        clean(&one.case.person),
        clean(&one.model),
        one.total.as_secs_f64()
    )
}

/// Writes the lines to stderr. A reader that has gone stops no station.
pub(super) fn print(lines: &[String]) {
    let mut stderr = io::stderr().lock();
    for line in lines {
        drop(writeln!(stderr, "{line}"));
    }
}
